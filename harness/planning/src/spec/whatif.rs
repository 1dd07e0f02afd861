//! `whatif`: a question instead of an experiment. How long would it take to learn a model of this size between these regions, and what
//! would it cost?
//!
//! The question is answered by simulation: it is expanded into a spec that learns a small generated problem, charged so that its
//! model has the user's bytes and a machine's clock the user's time. What share of updates is significant, and how many clocks
//! it takes to converge, are those of that problem: see experiments/README.md.

use emulator::units::ByteSize;
use serde::Deserialize;

/// The fields of a question.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WhatIf {
    /// A built-in profile, or a file relative to the spec: YAML, or a matrix of bandwidths.
    pub network: String,
    /// Sites that take part, by name, region or alias; empty: all.
    #[serde(default)]
    pub sites: Vec<String>,
    /// The number of machines per site.
    #[serde(default = "machines_per_site")]
    pub machines_per_site: u32,
    /// The model's parameters, 4 bytes each.
    pub model: ByteSize,
    /// Model updates (clocks) per second that one machine computes when it never waits.
    #[serde(default)]
    pub updates_per_second: Option<f64>,
    /// Instead: the work of a model update, in rating updates at rank 500, timed by the spec's kind of machine.
    #[serde(default)]
    pub work: Option<f64>,
    /// The data of all sites together, for Centralized. `None` means no cell of Centralized.
    #[serde(default)]
    pub raw_data: Option<ByteSize>,
    /// The model updates (clocks) per machine of the training, instead of those until the stand-in problem has converged.
    #[serde(default)]
    pub steps: Option<u64>,
    /// Instead: the passes over the data of the training.
    #[serde(default)]
    pub epochs: Option<f64>,
    /// The model updates per machine of a pass, with `epochs`.
    #[serde(default)]
    pub steps_per_epoch: Option<u64>,
    /// The runs that show how much each input matters.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// The uncertainty of the inputs.
    #[serde(default)]
    pub uncertainty: Uncertainty,
}

/// The inputs whose halves and doubles are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// Those that follow from recorded hours and bytes: prices and raw data. No runs of their own.
    #[default]
    Recorded,
    /// Bandwidth, round trips, compute speed and model size as well, by a run per cell for the half and the double of each.
    Simulated,
}

/// Relative uncertainty of the inputs, as shares in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Uncertainty {
    /// The uncertainty of the bandwidth between sites and of sites' uplinks.
    pub bandwidth: f64,
    /// The uncertainty of all prices.
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
