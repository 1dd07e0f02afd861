//! A spec: what was written, as typed YAML. Form only; what it means is checked when a [`crate::plan`] is made of it.
//!
//! The format is documented in experiments/README.md. Unknown fields are refused, names are kebab-case, choices are
//! externally tagged (`system: { gaia: { ... } }`). The first error of form is reported with file, line and column.

mod launch;
mod panel;
mod prices;
mod set;
mod short_form;
mod source;
pub mod split;
mod whatif;

use std::path::PathBuf;

use datasets::bow::config::Generated as GeneratedCorpus;
use datasets::images::config::Generated as GeneratedImages;
use datasets::ratings::config::Generated;
use emulator::units::{Bandwidth, ByteSize};
use gaia_core::cost::MachineKind;
use gaia_core::sync::config::{Encodings, Inside, System};
use gaia_core::workload::ic::architecture::WIDTH;
use gaia_core::workload::ic::config::{Ic, Measure};
use gaia_core::workload::lda::config::Lda;
use gaia_core::workload::mf::config::Mf;
use serde::{Deserialize, Serialize};

pub use launch::{Goal, Launch, Local};
pub use panel::{Panel, PanelSpec};
pub use prices::Prices;
pub use record::form::FormError;
pub use record::form::parse as parse_form;
pub use set::{SetError, Setting};
pub use source::{ALL, Changes, PAPER, Source, SourceError, embedded};
pub use split::{SkewBy, Split};
pub use whatif::{Uncertainty, WhatIf};

/// An experiment: cells that are run with every seed and held against one target, and the figure that shows them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Spec {
    /// One line for people.
    #[serde(default)]
    pub title: String,
    /// The figure that the report draws; none for tables only.
    #[serde(default)]
    pub figure: Option<String>,
    /// Every cell is run once with each.
    #[serde(default = "default_seeds")]
    pub seeds: Vec<u64>,
    /// What is learnt.
    #[serde(default)]
    pub workload: Workload,
    /// What it is learnt from; none: what the workload needs, generated.
    #[serde(default)]
    pub data: Option<Data>,
    /// How users' ratings, documents or images are spread over machines.
    #[serde(default)]
    pub split: Split,
    /// What size the problem stands for.
    #[serde(default)]
    pub similitude: Scale,
    /// The kind of every machine.
    #[serde(default)]
    pub machines: Machines,
    /// The rate of every machine's network interface, in place of what its kind and the profile say: what a LAN gives.
    #[serde(default)]
    pub nic: Option<Bandwidth>,
    /// How updates and rows are written on the wire.
    #[serde(default)]
    pub encoding: Encodings,
    /// The cell that sets the objective to reach.
    #[serde(default)]
    pub target: Target,
    /// What the cells run for.
    #[serde(default)]
    pub goal: Goal,
    /// How machines of cells that do not say are run. The target cell is always simulated.
    #[serde(default)]
    pub launcher: Launch,
    /// The network of cells that name none.
    #[serde(default)]
    pub profile: Option<String>,
    /// The sites of that network that take part; none: all.
    #[serde(default)]
    pub sites: Vec<String>,
    /// Its bandwidths between sites and the uplinks of its sites, times this.
    #[serde(default)]
    pub bandwidth_times: Option<f64>,
    /// Machines in each site, for cells of that network that do not say.
    #[serde(default)]
    pub machines_per_site: Option<PerSite>,
    /// The training system of cells that name none.
    #[serde(default)]
    pub system: Option<System>,
    /// A question that the rest of the spec follows from.
    #[serde(default)]
    pub whatif: Option<WhatIf>,
    /// What is compared.
    #[serde(default)]
    pub cells: Vec<Cell>,
    /// Parts of the spec that differ in some fields; none: the spec is one part.
    #[serde(default)]
    pub panels: Vec<Panel>,
    /// When the target cell has converged.
    #[serde(default)]
    pub convergence: Convergence,
    /// When a cell is given up.
    #[serde(default)]
    pub cap: Cap,
    /// How messages are cut and links filled.
    #[serde(default)]
    pub link: Link,
    /// Of the command line: in place of the data of what learns from this kind.
    #[serde(skip)]
    pub given_data: Option<PathBuf>,
    /// What runs cost. No part of a plan.
    #[serde(default)]
    pub prices: Prices,
}

/// What is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Workload {
    /// Matrix factorisation.
    Mf(Mf),
    /// Topic modelling by Latent Dirichlet Allocation.
    Lda(Lda),
    /// Image classification by a convolutional network.
    Ic(Ic),
}

/// Where the data come from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Data {
    /// Ratings, made here.
    Generated(Generated),
    /// Documents, made here.
    GeneratedCorpus(GeneratedCorpus),
    /// Images, made here.
    GeneratedImages(GeneratedImages),
    /// Read from a file or folder, whose format is recognised by content; relative to the spec.
    File(PathBuf),
    /// To be given with `--data`.
    None,
}

/// What size the problem stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Scale {
    /// Its own.
    #[default]
    None,
    /// Netflix at rank 500, as in the paper.
    Netflix,
    /// NYTimes with 500 topics, as in the paper.
    Nytimes,
    /// ILSVRC12 with GoogLeNet and 128 images a step and machine, as in the paper.
    Ilsvrc12,
    /// Given by hand.
    Factors {
        /// Bytes charged for a byte of data.
        sigma_bytes: f64,
        /// Units of work charged for one.
        sigma_work: f64,
    },
}

/// A machine kind by name, by path, or in place.
#[derive(Clone, Debug, PartialEq)]
pub enum Machines {
    /// A built-in kind, or a file relative to the spec.
    Named(String),
    /// Written in the spec.
    Inline(Box<MachineKind>),
}

/// How many machines stand in each site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PerSite {
    /// The same number in every site.
    Each(u32),
    /// One number per site, in the order of the `sites` that take part, else in the profile's.
    List(Vec<u32>),
}

/// The cell that sets the objective to reach: BSP on LAN unless the spec says otherwise.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Target {
    /// A built-in profile, or a file relative to the spec.
    pub profile: String,
    /// None: as the profile says.
    pub machines_per_site: Option<PerSite>,
    /// The training system.
    pub system: System,
}

/// One bar or curve of the figure.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cell {
    /// As the figure calls it; unique in its panel.
    pub name: String,
    /// A built-in profile, or a file relative to the spec; none: the spec's.
    #[serde(default)]
    pub profile: Option<String>,
    /// None: as the spec says with the spec's profile, else as the profile says.
    #[serde(default)]
    pub machines_per_site: Option<PerSite>,
    /// The training system; none: the spec's.
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
    /// What differs from the spec's.
    #[serde(default)]
    pub workload: Option<WorkloadChange>,
    /// In place of the spec's, and of the command line's.
    #[serde(default)]
    pub launcher: Option<Launch>,
}

/// What a cell may change in the workload: nothing that the objective, and so the target, is made of.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum WorkloadChange {
    /// Matrix factorisation.
    Mf(MfChange),
    /// Topic modelling.
    Lda(LdaChange),
    /// Image classification.
    Ic(IcChange),
}

/// What a cell may change in matrix factorisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MfChange {
    /// In place of the spec's.
    pub learning_rate: Option<f64>,
    /// In place of the spec's.
    pub decay: Option<f64>,
    /// In place of the spec's.
    pub clocks_per_pass: Option<u32>,
}

/// What a cell may change in topic modelling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LdaChange {
    /// In place of the spec's.
    pub clocks_per_pass: Option<u32>,
}

/// What a cell may change in image classification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct IcChange {
    /// In place of the spec's.
    pub learning_rate: Option<f64>,
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
    /// likelihood, of ln(topics) nats a token), the objective must have been as flat for five times as long.
    pub min_improvement: f64,
}

/// When a cell is given up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Cap {
    /// Clocks.
    pub clocks: u32,
    /// Also after this many times the clocks that the target cell took.
    pub times_target: f64,
}

/// How messages are cut and links filled, in charged bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Link {
    /// Messages cross links in pieces of at most this size.
    pub chunk: ByteSize,
    /// How much may pass a limit at once after a silence, in place of what the profile says.
    pub depth: Option<ByteSize>,
}

fn default_seeds() -> Vec<u64> {
    vec![1]
}

impl Default for Workload {
    fn default() -> Self {
        Workload::Mf(Mf::default())
    }
}

impl Workload {
    /// As specs name it.
    pub fn name(&self) -> &'static str {
        match self {
            Workload::Mf(_) => "mf",
            Workload::Lda(_) => "lda",
            Workload::Ic(_) => "ic",
        }
    }

    /// Clocks in a pass over the data.
    pub fn clocks_per_pass(&self) -> u32 {
        match self {
            Workload::Mf(mf) => mf.clocks_per_pass,
            Workload::Lda(lda) => lda.clocks_per_pass,
            Workload::Ic(ic) => ic.clocks_per_pass,
        }
    }

    /// The same learning with every clock cut into so many.
    pub fn in_parts(self, parts: u32) -> Self {
        match self {
            Workload::Mf(mf) => Workload::Mf(Mf { clocks_per_pass: mf.clocks_per_pass * parts, ..mf }),
            Workload::Lda(lda) => Workload::Lda(Lda { clocks_per_pass: lda.clocks_per_pass * parts, ..lda }),
            Workload::Ic(ic) => {
                let every_clocks = ic.evaluation.every_clocks * parts;
                let evaluation = Measure { every_clocks, ..ic.evaluation };
                Workload::Ic(Ic { clocks_per_pass: ic.clocks_per_pass * parts, evaluation, ..ic })
            }
        }
    }

    /// The parameters of a row of its table.
    pub fn width(&self) -> u32 {
        match self {
            Workload::Mf(mf) => mf.rank,
            Workload::Lda(lda) => lda.topics,
            Workload::Ic(_) => WIDTH as u32,
        }
    }

    /// What it learns from when a spec does not say.
    pub fn default_data(&self) -> Data {
        match self {
            Workload::Mf(_) => Data::Generated(Generated::default()),
            Workload::Lda(_) => Data::GeneratedCorpus(GeneratedCorpus::default()),
            Workload::Ic(_) => Data::GeneratedImages(GeneratedImages::default()),
        }
    }
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

impl Default for Link {
    fn default() -> Self {
        Link { chunk: ByteSize::from_bytes(16 << 10), depth: None }
    }
}

impl Default for Cap {
    fn default() -> Self {
        Cap { clocks: 3000, times_target: 10.0 }
    }
}
