//! The form of a variant's file.

use std::collections::BTreeMap;

use gaia_core::sync::config::{
    Encoding, Inside, MirrorClock, Relay, SelectiveBarrier, ThresholdSchedule, UserGoal, Ways,
};
use serde::{Deserialize, Serialize};

/// The specs of a variant, and what it sets in them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Form {
    /// One line for people.
    #[serde(default)]
    pub(super) title: String,
    /// Names or paths of specs; `all`: the paper's figures.
    pub(super) variant_of: Vec<String>,
    /// Machine kinds by the names of those that they replace.
    #[serde(default)]
    pub(super) machines: BTreeMap<String, String>,
    /// The legs of the encodings of specs and panels.
    #[serde(default)]
    pub(super) encoding: Legs,
    /// Settings of the systems `gaia`.
    #[serde(default)]
    pub(super) gaia: GaiaSettings,
    /// Settings of the systems `gaia-async`.
    #[serde(default)]
    pub(super) gaia_async: AsyncSettings,
    /// Settings of the systems of cells that run on the profile of this name, in place of those for all.
    #[serde(default)]
    pub(super) profiles: BTreeMap<String, OnProfile>,
    /// In place of the seeds of all specs.
    #[serde(default)]
    pub(super) seeds: Option<Vec<u64>>,
    /// Names of cells that are not run.
    #[serde(default)]
    pub(super) cells_left_out: Vec<String>,
    /// Names of panels that are not run.
    #[serde(default)]
    pub(super) panels_left_out: Vec<String>,
}

/// Settings of systems on one profile.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct OnProfile {
    pub(super) gaia: GaiaSettings,
    pub(super) gaia_async: AsyncSettings,
}

/// The encoding of each leg that is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Legs {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inside: Option<Encoding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) between: Option<Encoding>,
}

/// The settings of `gaia` that are set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct GaiaSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inside: Option<Inside>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) significance: Option<Significance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) selective_barrier: Option<SelectiveBarrier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mirror_clock: Option<MirrorClock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) overlay: Option<Ways>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) relay: Option<Relay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) goal: Option<UserGoal>,
}

/// The settings of `gaia-async` that are set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct AsyncSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inside: Option<Inside>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) significance: Option<Significance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) overlay: Option<Ways>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) relay: Option<Relay>,
}

/// The threshold and its schedule, each of which may be set alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Significance {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) schedule: Option<ThresholdSchedule>,
}
