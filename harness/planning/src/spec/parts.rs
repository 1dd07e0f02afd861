//! The parts of a spec: machines, cells, the target, when a run is over, links.

use emulator::units::{Bandwidth, ByteSize};
use gaia_core::rates::MachineKind;
use gaia_core::sync::config::{Encodings, Inside, System};
use serde::{Deserialize, Serialize};

use super::launch::Launch;
use super::sweep::Sweep;
use crate::workload::list::WorkloadChange;

/// A machine kind by name, by path, or in place.
#[derive(Clone, Debug, PartialEq)]
pub enum Machines {
    /// A built-in kind, or a file relative to the spec.
    Named(String),
    /// Written in the spec.
    Inline(Box<MachineKind>),
}

/// The number of machines per site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PerSite {
    /// The same number in every site.
    Each(u32),
    /// One number per site, in the order of the `sites` that take part, else in the profile's.
    List(Vec<u32>),
}

/// The cell that sets the objective to reach: BSP on LAN by default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Target {
    /// A built-in profile, or a file relative to the spec.
    pub profile: String,
    /// `None` means the number in the profile.
    pub machines_per_site: Option<PerSite>,
    /// The training system of the target cell.
    pub system: System,
}

/// One bar or curve of the figure.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cell {
    /// The name in the figure; unique in its panel.
    pub name: String,
    /// A built-in profile, or a file relative to the spec. `None` means the spec's.
    #[serde(default)]
    pub profile: Option<String>,
    /// `None` means the spec's number if the profile is the spec's, else the profile's.
    #[serde(default)]
    pub machines_per_site: Option<PerSite>,
    /// The training system. `None` means the spec's.
    #[serde(default)]
    pub system: Option<System>,
    /// In place of the spec's.
    #[serde(default)]
    pub machines: Option<Machines>,
    /// In place of the spec's.
    #[serde(default)]
    pub nic: Option<Bandwidth>,
    /// In place of the spec's.
    #[serde(default)]
    pub encoding: Option<Encodings>,
    /// The settings of the workload that differ from the spec's.
    #[serde(default)]
    pub workload: Option<WorkloadChange>,
    /// In place of the spec's, and of the command line's.
    #[serde(default)]
    pub launcher: Option<Launch>,
    /// Axes over which the cell is repeated. `None` in a spec whose sweeps are written out.
    #[serde(default)]
    pub sweep: Option<Sweep>,
}

/// Converged: over the last `passes`, the objective changed by less than `change` of its improvement since the start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Convergence {
    /// A share of the improvement since the start: 0.02 in the paper (section 5.2).
    pub change: f64,
    /// Passes over the data: 10 in the paper.
    pub passes: u32,
    /// Guards against the first plateau: before this share of what can be won (of the first objective; of topic modelling's
    /// likelihood, of ln(topics) nats per token), the objective must have been as flat for five times as long.
    pub min_improvement: f64,
}

/// The limits at which a cell is given up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Cap {
    /// The most clocks of a cell.
    pub clocks: u32,
    /// Also after this many times the clocks that the target cell took.
    pub times_target: f64,
}

/// The model of links, and the sizes of their chunks and bursts, in charged bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Link {
    /// `None` means chunks, and in a `whatif` that sets no chunk the choice of each cell.
    pub model: Option<LinkModel>,
    /// Messages cross links in pieces of at most this size. `None` means 16 KiB, or where the model is chosen the size that is.
    pub chunk: Option<ByteSize>,
    /// The bucket depth of limits: the burst after an idle time. Replaces the profile's.
    pub depth: Option<ByteSize>,
}

/// The model of links in a spec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkModel {
    /// One of the others for each cell, by its rates and sizes.
    Auto,
    /// One event per chunk.
    #[default]
    Chunks,
    /// Exact max-min fair flows, one event per message.
    Fluid,
}

impl Default for Machines {
    fn default() -> Self {
        Machines::Named("e5-2698".into())
    }
}

impl Cell {
    /// A cell that takes everything else from its spec.
    pub fn of(name: &str, system: System) -> Self {
        Cell {
            name: name.into(),
            profile: None,
            machines_per_site: None,
            system: Some(system),
            machines: None,
            nic: None,
            encoding: None,
            workload: None,
            launcher: None,
            sweep: None,
        }
    }
}

impl Default for Target {
    fn default() -> Self {
        Target { profile: "lan".into(), machines_per_site: None, system: System::Global(Inside::BSP) }
    }
}

impl Default for Convergence {
    fn default() -> Self {
        Convergence { change: 0.02, passes: 10, min_improvement: 0.1 }
    }
}

impl Link {
    /// The model, where nothing chooses another.
    pub fn model(&self) -> LinkModel {
        self.model.unwrap_or_default()
    }
}

impl Default for Cap {
    fn default() -> Self {
        Cap { clocks: 3000, times_target: 10.0 }
    }
}
