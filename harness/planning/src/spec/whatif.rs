//! `whatif`: a question instead of an experiment. What would learning a model of this size, between these regions, take and cost?
//!
//! The question is answered by simulation: it is expanded into a spec that learns a small generated problem, charged so that its
//! model has the user's bytes and a machine's clock the user's time. What share of updates is significant, and how many clocks
//! it takes to converge, are those of that problem: see experiments/README.md.

use emulator::units::ByteSize;
use serde::Deserialize;

/// The question.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WhatIf {
    /// A built-in profile, or a file relative to the spec: YAML, or a matrix of bandwidths.
    pub network: String,
    /// Those of its sites that take part, by name, region or alias; none: all.
    #[serde(default)]
    pub sites: Vec<String>,
    /// In each site.
    #[serde(default = "machines_per_site")]
    pub machines_per_site: u32,
    /// The model's parameters, 4 bytes each.
    pub model: ByteSize,
    /// Model updates (clocks) a second that one machine computes when it never waits.
    #[serde(default)]
    pub updates_per_second: Option<f64>,
    /// Instead: the work of a model update, in rating updates at rank 500, timed by the spec's kind of machine.
    #[serde(default)]
    pub work: Option<f64>,
    /// The data in all sites together, for Centralized; none: it is not asked for.
    #[serde(default)]
    pub raw_data: Option<ByteSize>,
    /// How well all that is known.
    #[serde(default)]
    pub uncertainty: Uncertainty,
}

/// Shares either way.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Uncertainty {
    /// Of the bandwidth between sites and of sites' uplinks.
    pub bandwidth: f64,
    /// Of all prices.
    pub prices: f64,
}

impl Default for Uncertainty {
    fn default() -> Self {
        Uncertainty { bandwidth: 0.25, prices: 0.1 }
    }
}

fn machines_per_site() -> u32 {
    2
}
