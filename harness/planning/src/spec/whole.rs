//! A spec and its panels: parts of it that share what they do not set themselves.
//!
//! `panels: [{ name: TM, workload: ..., data: ... }, ...]`: each panel is the spec with the fields that it sets in place of
//! the spec's. A spec without panels is one panel without a name.

use std::path::PathBuf;

use emulator::units::Bandwidth;
use gaia_core::sync::config::{Encodings, System};
use serde::Deserialize;

use super::expectations::{Assertion, Expected};
use super::fit::Fit;
use super::launch::{Goal, Launch};
use super::parts::{Cap, Cell, Convergence, Link, Machines, PerSite, Target};
use super::plot::Plots;
use super::prices::Prices;
use super::sweep::{Origins, Sweep};
use super::whatif::WhatIf;
use crate::workload::list::{Scale, SpecData, Workload};
use crate::workload::split::Split;

/// An experiment: cells that are run with every seed and compared with one target, and the figure that shows them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Spec {
    /// One line for people.
    #[serde(default)]
    pub title: String,
    /// The figure that the report draws. `None` means tables only.
    #[serde(default)]
    pub figure: Option<String>,
    /// The plots that are drawn in place of the figure's own drawing; none: the figure's.
    #[serde(default)]
    pub plot: Plots,
    /// Every cell is run once with each.
    #[serde(default = "default_seeds")]
    pub seeds: Vec<u64>,
    /// The workload and its settings.
    #[serde(default)]
    pub workload: Workload,
    /// The data to learn from. `None` means generated data of the workload's kind.
    #[serde(default)]
    pub data: Option<SpecData>,
    /// The distribution of users' ratings, documents or images over machines.
    #[serde(default)]
    pub split: Split,
    /// The size that the problem stands for.
    #[serde(default)]
    pub similitude: Scale,
    /// The kind of every machine.
    #[serde(default)]
    pub machines: Machines,
    /// The rate of every machine's network interface, instead of that of its kind and of the profile: the rate of a LAN.
    #[serde(default)]
    pub nic: Option<Bandwidth>,
    /// The encoding of updates and rows in messages.
    #[serde(default)]
    pub encoding: Encodings,
    /// The cell that sets the objective to reach.
    #[serde(default)]
    pub target: Target,
    /// The condition that ends cells.
    #[serde(default)]
    pub goal: Goal,
    /// The launcher of cells that set none themselves. The target cell is always simulated.
    #[serde(default)]
    pub launcher: Launch,
    /// The network of cells that name none.
    #[serde(default)]
    pub profile: Option<String>,
    /// The sites of that network that take part; empty: all.
    #[serde(default)]
    pub sites: Vec<String>,
    /// The factor of the bandwidths between sites and of the uplinks of sites.
    #[serde(default)]
    pub bandwidth_times: Option<f64>,
    /// The factor of the round trips between sites.
    #[serde(default)]
    pub rtt_times: Option<f64>,
    /// Machines per site, for cells of that network that set no number themselves.
    #[serde(default)]
    pub machines_per_site: Option<PerSite>,
    /// The training system of cells that name none.
    #[serde(default)]
    pub system: Option<System>,
    /// A question that the rest of the spec follows from.
    #[serde(default)]
    pub whatif: Option<WhatIf>,
    /// The constants to infer from measured numbers, by `experiments fit`. Not part of a plan.
    #[serde(default)]
    pub fit: Option<Fit>,
    /// Comparisons of numbers of the figure's table, judged as claims are. Not part of a plan.
    #[serde(default)]
    pub assert: Vec<Assertion>,
    /// The claims that are known to fail. Not part of a plan.
    #[serde(default)]
    pub expected: Vec<Expected>,
    /// The cells to compare.
    #[serde(default)]
    pub cells: Vec<Cell>,
    /// Parts of the spec that differ in some fields; empty: the spec is one part.
    #[serde(default)]
    pub panels: Vec<PanelFields>,
    /// The condition for the convergence of the target cell.
    #[serde(default)]
    pub convergence: Convergence,
    /// The limits at which a cell is given up.
    #[serde(default)]
    pub cap: Cap,
    /// The sizes of chunks and of the bursts of links.
    #[serde(default)]
    pub link: Link,
    /// Axes over which the whole spec is repeated, as panels. `None` in a spec whose sweeps are written out.
    #[serde(default)]
    pub sweep: Option<Sweep>,
    /// Where cells and panels come from that sweeps have made.
    #[serde(skip)]
    pub origins: Origins,
    /// `--data` of the command line. It replaces the data of panels that learn from its kind.
    #[serde(skip)]
    pub given_data: Option<PathBuf>,
    /// The prices of runs. Not part of a plan.
    #[serde(default)]
    pub prices: Prices,
}

fn default_seeds() -> Vec<u64> {
    vec![1]
}

/// A spec as it applies to one of its panels.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelSpec<'a> {
    /// The number and the panel. `None` means that the spec has no panels.
    pub panel: Option<(usize, &'a PanelFields)>,
    /// Without panels: those fields that the panel sets are the panel's, the others the spec's.
    pub spec: Spec,
}

/// A panel, with the fields of a spec that it may set: field, type, name in specs. One line each.
macro_rules! panel {
    ($($field:ident: $type:ty = $name:literal,)*) => {
        /// A part of a spec: the fields that it sets replace the spec's.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct PanelFields {
            /// The name in the figure; unique in the spec.
            pub name: String,
            $(
                #[doc = concat!("`", $name, "` in place of the spec's.")]
                #[serde(default)]
                pub $field: Option<$type>,
            )*
        }

        impl PanelFields {
            /// The fields that a panel may set.
            pub const FIELDS: &'static [&'static str] = &[$($name),*];

            /// `spec` with what this panel sets.
            fn over(&self, spec: &Spec) -> Spec {
                let mut spec = Spec { panels: Vec::new(), ..spec.clone() };
                $(if let Some(own) = &self.$field {
                    spec.$field = own.clone().into();
                })*
                spec
            }

            /// Whether this panel sets the field of this name.
            pub fn sets(&self, field: &str) -> bool {
                match field {
                    $($name => self.$field.is_some(),)*
                    _ => false,
                }
            }
        }
    };
}

panel! {
    workload: Workload = "workload",
    data: SpecData = "data",
    split: Split = "split",
    similitude: Scale = "similitude",
    machines: Machines = "machines",
    nic: Bandwidth = "nic",
    encoding: Encodings = "encoding",
    profile: String = "profile",
    sites: Vec<String> = "sites",
    bandwidth_times: f64 = "bandwidth-times",
    rtt_times: f64 = "rtt-times",
    machines_per_site: PerSite = "machines-per-site",
    system: System = "system",
    target: Target = "target",
    goal: Goal = "goal",
    launcher: Launch = "launcher",
    cells: Vec<Cell> = "cells",
    convergence: Convergence = "convergence",
    cap: Cap = "cap",
    link: Link = "link",
}

impl Spec {
    /// The spec panel by panel; the whole spec when it has none.
    pub fn by_panel(&self) -> Vec<PanelSpec<'_>> {
        if self.panels.is_empty() {
            return vec![PanelSpec { panel: None, spec: self.clone() }];
        }
        let panels = self.panels.iter().enumerate();
        panels.map(|(number, panel)| PanelSpec { panel: Some((number, panel)), spec: panel.over(self) }).collect()
    }
}

impl PanelSpec<'_> {
    /// The panel's name; empty when the spec has no panels.
    pub fn name(&self) -> &str {
        self.panel.map_or("", |(_, panel)| &panel.name)
    }

    /// Whether the panel itself sets the field that `path` begins with.
    pub fn sets(&self, path: &str) -> bool {
        let field = path.split(['.', '[']).next().unwrap_or_default();
        self.panel.is_some_and(|(_, panel)| panel.sets(field))
    }
}
