//! Plans and experiments as types; what makes them is in [`super::panels`].

use emulator::link::{LinkConfig, LinkModel};
use emulator::profile::Profile;
use emulator::units::ByteSize;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::sync::config::{Encodings, System};
use record::cost::Pricing;
use record::results::expectations::Expectations;
use record::results::folders::Variant;
use record::results::whatif::Asked;
use record::results::{CellEntry, Plot, Swept};
use serde::{Deserialize, Serialize};

use super::data::Loader;
use crate::spec::{Cap, Convergence, Launch};
use crate::workload::list::{Data, Terms, Workload};
use crate::workload::problem::LearningProblem;
use crate::workload::split::Split;

/// Version of the plan's form. Part of the hash.
pub const SCHEMA: u32 = 3;

/// The cell that sets the objective, in every spec.
pub const TARGET: &str = "Target";

/// One cell with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Plan {
    /// The schema of the plan: [`SCHEMA`].
    pub schema: u32,
    /// The purpose of the cell.
    pub role: Role,
    /// The seed of the run.
    pub seed: u64,
    /// The workload and its settings.
    pub workload: Workload,
    /// The data to learn from.
    pub data: Data,
    /// The distribution of users' ratings, documents or images over machines.
    pub split: Split,
    /// The problem that the data stand for: `netflix`, `nytimes`, `ilsvrc12`. `None` means the data's own size, or factors given by hand.
    pub stands_for: Option<String>,
    /// The factors by which bytes and work are charged.
    pub similitude: Similitude,
    /// The network, with all its sites.
    pub profile: Profile,
    /// Machines in each site, in the order of the sites of [`Plan::profile`].
    pub machines_per_site: Vec<u32>,
    /// The cost model of every machine.
    pub machines: MachineKind,
    /// The training system and its settings.
    pub system: System,
    /// The encoding of updates and rows in messages.
    pub encoding: Encodings,
    /// The model of links. A plan in chunks leaves it out.
    #[serde(default, skip_serializing_if = "Links::is_chunks")]
    pub links: Links,
    /// The most charged bytes of a chunk: messages cross links in chunks. The default size where the links have none.
    pub chunk: ByteSize,
    /// The condition for the convergence of the target cell.
    pub convergence: Convergence,
    /// The limits at which a cell is given up.
    pub cap: Cap,
    /// The launcher of its machines. A simulated plan leaves it out.
    #[serde(default, skip_serializing_if = "Launch::is_simulated")]
    pub launch: Launch,
    /// The hash of the sources: [`SOURCES`](crate::sources::SOURCES).
    pub sources: String,
}

/// The model of links in a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Links {
    /// One event per chunk.
    #[default]
    Chunks,
    /// Exact max-min fair flows, one event per message.
    Fluid,
}

impl Links {
    fn is_chunks(&self) -> bool {
        *self == Links::Chunks
    }
}

/// The purpose of a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Role {
    /// Runs until it converges: its last objective is what the cells of this seed must reach.
    SetsTarget,
    /// Runs until it reaches the objective of the target cell.
    ReachesTarget {
        /// The hash of the plan of the target cell.
        target: String,
    },
    /// Runs for a number of clocks.
    RunsClocks {
        /// The number of clocks.
        clocks: u32,
    },
}

/// A plan, and what its spec calls it. Names are no part of plans: equal cells of different specs are one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The panel's name; empty when the spec has no panels.
    pub panel: String,
    /// The cell's name in the panel, or [`TARGET`].
    pub cell: String,
    /// Its place in the sweeps of the spec. `None` means that no sweep made it.
    pub swept: Option<Swept>,
    /// The index of the entry of [`Experiment::loaders`] that gives its data.
    pub loader: usize,
    /// The plan to run.
    pub plan: Plan,
}

/// The plans of a spec, and where their data come from.
#[derive(Debug)]
pub struct Experiment {
    /// The spec's name, and its folder's in the results; in a variant `VARIANT/SPEC`.
    pub name: String,
    /// The variant of the spec. `None` means the spec as it is.
    pub variant: Option<Variant>,
    /// The absolute path of the spec, or of its variant. `None` means that it came from no file. Not part of a plan.
    pub origin: Option<String>,
    /// One line for people.
    pub title: String,
    /// The figure that the report draws.
    pub figure: Option<String>,
    /// The plots in place of the figure's own drawing. Not part of a plan.
    pub plots: Vec<Plot>,
    /// Panel by panel, and seed by seed: the target cell, then the cells in the spec's order.
    pub plans: Vec<Planned>,
    /// The pricing of its runs. Not part of a plan.
    pub pricing: Pricing,
    /// What the spec expects of the results. Not part of a plan.
    pub expectations: Expectations,
    /// The what-if question that it answers. `None` means that it is none. Not part of a plan.
    pub whatif: Option<Asked>,
    /// Give the data of plans.
    pub loaders: Vec<Loader>,
}

impl Planned {
    /// `MF Gaia`, or `Gaia` in a spec without panels.
    pub fn name(&self) -> String {
        record::results::name_in_spec(&self.panel, &self.cell)
    }

    /// The entry of the cell in the index of a spec's folder.
    pub fn entry(&self) -> CellEntry {
        let Planned { panel, cell, swept, .. } = self.clone();
        CellEntry { panel, cell, seed: self.plan.seed, plan: self.plan.hash(), swept }
    }
}

impl Plan {
    /// The plan that a manifest or an assignment holds as JSON. The readers of all types in a plan are a lot of code, which every crate
    /// that reads one by serde would compile again.
    ///
    /// # Errors
    /// A field that is missing or unknown, or has another form.
    pub fn from_json(plan: &serde_json::Value) -> Result<Plan, serde_json::Error> {
        Plan::deserialize(plan)
    }

    /// 16 hexadecimal digits: BLAKE3 over the plan as JSON with sorted keys.
    pub fn hash(&self) -> String {
        let value = serde_json::to_value(self).expect("plans have text keys and finite numbers");
        let mut text = String::new();
        write_canonical(&value, &mut text);
        blake3::hash(text.as_bytes()).to_hex()[..16].to_string()
    }

    /// Machines in all sites.
    pub fn machine_count(&self) -> u32 {
        self.machines_per_site.iter().sum()
    }

    /// The workload with its data.
    pub fn problem(&self) -> Box<dyn LearningProblem + '_> {
        let clocks = match self.role {
            Role::RunsClocks { clocks } => Some(clocks),
            Role::SetsTarget | Role::ReachesTarget { .. } => None,
        };
        let (machines, similitude) = (self.machine_count().max(1), self.similitude);
        self.workload.problem(&self.data, Terms { seed: self.seed, machines, split: self.split, similitude, clocks })
    }

    /// The model of its links.
    pub fn link_model(&self) -> LinkModel {
        match self.links {
            Links::Chunks => LinkModel::Chunks(LinkConfig { chunk: self.chunk }),
            Links::Fluid => LinkModel::Fluid,
        }
    }

    /// The plan where learning takes place: for Centralized, one global server over as many machines in the one site; for
    /// other systems the plan itself.
    pub fn placed(&self) -> Plan {
        let System::Centralized(central) = &self.system else { return self.clone() };
        Plan {
            profile: self.profile.restrict(&[&central.site]).expect("a plan's site was found"),
            machines_per_site: vec![self.machine_count()],
            system: System::Global(central.inside),
            ..self.clone()
        }
    }
}

/// JSON without spaces, keys sorted whatever the order of the map.
fn write_canonical(value: &serde_json::Value, text: &mut String) {
    match value {
        serde_json::Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (position, (name, field)) in fields.into_iter().enumerate() {
                text.push_str(if position > 0 { "," } else { "" });
                text.push_str(&serde_json::Value::from(name.as_str()).to_string());
                text.push(':');
                write_canonical(field, text);
            }
            text.push('}');
        }
        serde_json::Value::Array(entries) => {
            text.push('[');
            for (position, entry) in entries.iter().enumerate() {
                text.push_str(if position > 0 { "," } else { "" });
                write_canonical(entry, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn canonical_json_is_sorted_and_tight() {
        let mut text = String::new();
        write_canonical(&json!({"b": [1, {"d": null, "c": "x\"y"}], "a": 0.1}), &mut text);
        assert_eq!(text, r#"{"a":0.1,"b":[1,{"c":"x\"y","d":null}]}"#);
    }
}
