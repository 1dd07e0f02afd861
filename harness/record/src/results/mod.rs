//! The results of a run, as types: read by figures, written by runs. The files' schemas are documented in results/README.md.
//!
//! * [`manifest`]: the facts before the first sample; [`usage`]: what is paid for; [`store`]: a cell's folder; [`tables`]: rows as Parquet.
//! * [`metrics`]: numbers that judge a model, by name. [`expectations`]: what a spec expects of them.
//! * [`hashes`]: the check that files are what was written.
//! * [`sound`]: whether a target may be believed. [`sweep`]: the values of a sweep's axes, and plots over them.
//! * [`whatif`]: a what-if question and its assumptions.
//! * [`atomic`]: files that are there whole or not at all; [`lock`]: one run at a time in a folder; [`share`]: cells that
//!   several specs have.

pub mod atomic;
pub mod conformance;
mod damaged;
pub mod expectations;
pub mod folders;
pub mod hashes;
pub mod lock;
pub mod manifest;
pub mod metrics;
mod number;
mod parquet;
mod schema;
pub mod share;
pub mod sound;
pub mod store;
pub mod sweep;
pub mod tables;
pub mod testing;
mod thrift;
pub mod usage;
pub mod whatif;
mod write;

pub use manifest::{CellEntry, CellIndex, Data, Host, Machines, Manifest, Scale, Shape};
pub use metrics::{Better, Measured, MetricValues};
pub use sweep::{AxisValue, Plot, PlotAxis, PlotForm, Swept};
pub use usage::{Cost, PairUsage, SiteCost, SiteUsage, Usage};

pub use manifest::name_in_spec;
pub use schema::SCHEMA;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The outcome of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The objective reached the target.
    TargetReached,
    /// The objective stopped changing (for the cell that sets the target).
    Converged,
    /// The cap on clocks came first.
    ClockCap,
    /// The objective is not a number any more.
    Diverged,
    /// The cell has done the number of clocks that its plan gives.
    ClocksDone,
    /// A run in real time that did not come to its end: what it had until then.
    BrokenOff,
}

/// The time of one machine's clock by part, in seconds. The parts add up to the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Breakdown {
    /// Seconds of the worker's computation.
    pub compute: f64,
    /// A server shard works, or its work waits for the shard.
    pub server: f64,
    /// A message is written.
    pub encode: f64,
    /// Bytes wait for, or travel over, a link.
    pub wire: f64,
    /// Barred rows, or the mirror clock.
    pub barrier: f64,
    /// Other workers have not yet computed what this one must read.
    pub staleness: f64,
}

impl Breakdown {
    /// A breakdown from the seconds of its parts, in the order of [`Breakdown::parts`].
    pub fn from_parts([compute, server, encode, wire, barrier, staleness]: [f64; 6]) -> Self {
        Breakdown { compute, server, encode, wire, barrier, staleness }
    }

    /// The mean, part by part; zeros without any clock.
    pub fn mean<'a>(clocks: impl IntoIterator<Item = &'a Breakdown>) -> Self {
        let (mut sums, mut count) = ([0.0; 6], 0.0f64);
        for clock in clocks {
            for (sum, (_, seconds)) in sums.iter_mut().zip(clock.parts()) {
                *sum += seconds;
            }
            count += 1.0;
        }
        Breakdown::from_parts(sums.map(|sum| sum / count.max(1.0)))
    }

    /// The parts by name, in the order in which they are drawn and tabled.
    pub fn parts(&self) -> [(&'static str, f64); 6] {
        [
            ("compute", self.compute),
            ("server", self.server),
            ("encode", self.encode),
            ("wire", self.wire),
            ("barrier", self.barrier),
            ("staleness", self.staleness),
        ]
    }

    /// The seconds of one part.
    pub fn part(&self, part: Part) -> f64 {
        self.parts()[usize::from(part.0)].1
    }

    /// The clock: all parts.
    pub fn sum(&self) -> f64 {
        self.parts().iter().map(|(_, seconds)| seconds).sum()
    }
}

/// A part of a [`Breakdown`], by its place in [`Breakdown::parts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part(u8);

impl Part {
    /// The part at a place in the order of [`Breakdown::parts`]. `None` means that there are fewer.
    pub fn at(place: usize) -> Option<Self> {
        (place < Breakdown::default().parts().len()).then_some(Part(place as u8))
    }

    /// The part of this name.
    pub fn named(name: &str) -> Option<Self> {
        Breakdown::default().parts().iter().position(|(known, _)| *known == name).and_then(Part::at)
    }

    /// The name in tables.
    pub fn name(self) -> &'static str {
        Breakdown::default().parts()[usize::from(self.0)].0
    }
}

/// Percentiles of a distribution of durations, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// The number of values.
    pub count: u64,
    /// The mean of the values.
    pub mean: f64,
    /// The median: half of the values are below.
    pub p50: f64,
    /// 90 % are below.
    pub p90: f64,
    /// 99 % are below.
    pub p99: f64,
    /// The greatest of the values.
    pub max: f64,
}

/// One cell in numbers: `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The schema of the file: [`SCHEMA`].
    pub schema: u32,
    /// The plan's hash, also the folder's name.
    pub plan: String,
    /// The seed of the run.
    pub seed: u64,
    /// The outcome of the run.
    pub outcome: Outcome,
    /// Virtual seconds at the end, at the paper's scale under similitude.
    pub seconds: f64,
    /// Clocks completed by the slowest worker.
    pub clocks: u32,
    /// The objective to reach. `None` means that this cell sets the target.
    #[serde(with = "number::optional")]
    pub target: Option<f64>,
    /// The time at which the target was reached (or, for the cell that sets it, at which it converged), in virtual seconds. `None`
    /// means that there is no target, or that it was not reached.
    pub seconds_to_target: Option<f64>,
    /// Clocks until the target was reached.
    pub clocks_to_target: Option<u32>,
    /// Objective before the first clock.
    #[serde(with = "number")]
    pub first_objective: f64,
    /// Objective at the end; not finite when learning diverged (written as text then: `NaN`, `inf`, `-inf`).
    #[serde(with = "number")]
    pub last_objective: f64,
    /// The workload's metrics at the end, and numbers that describe what was learned.
    pub metrics: Vec<Measured>,
    /// Charged bytes between sites (paper scale under similitude).
    pub wan_bytes: u64,
    /// Bytes between sites as encoded here.
    pub wan_bytes_actual: u64,
    /// `wan_bytes` divided by the number of clocks.
    pub wan_bytes_per_clock: f64,
    /// Charged bytes between machines of one site.
    pub lan_bytes: u64,
    /// The billable hours and bytes.
    pub usage: Usage,
    /// The cost by the default price list, so that it depends on the plan alone. `None` means that the list has no price for a site. Reports
    /// use the list of their spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Mean over machines and clocks.
    pub breakdown: Breakdown,
    /// The time from a request for rows to the last answer, per clock and worker.
    pub read_wait: Percentiles,
    /// Reads held by barred rows or the mirror clock.
    pub barrier_wait: Percentiles,
    /// The time from the sending of a message to its arrival, over links.
    pub transfer: Percentiles,
    /// Share of insignificant updates, 0 to 1, counted over all parameters as the author's code does for Figure 5: [`Held::of_all`];
    /// none without a filter.
    pub insignificant: Option<f64>,
    /// The updates that filters held back, counted in three ways. `None` means that there is no filter.
    #[serde(default)]
    pub held: Option<Held>,
    /// Hash over all events of the run: equal for equal runs. For a run in real time: over its samples.
    pub digest: String,
    /// The reasons that a run in real time is invalid, one line each: see `conformance.json`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// The model for people, where the workload has a way to show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelTable>,
}

/// Shares, 0 to 1, of what significance filters held back, over all servers and clocks. Figure 5 of the paper shows a "percentage
/// of insignificant updates" and does not state of what; the author's code counts every parameter of a table in every clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Of the parameters that had an update pending.
    pub of_touched: f64,
    /// Of all parameters, those without an update too: [`Summary::insignificant`].
    pub of_all: f64,
    /// The share of all parameters that had an update pending. Where it is 1, `of_touched` and `of_all` are the same.
    pub touched: f64,
    /// Of the updates' sizes, signs left out: what is held counts by how much it would change.
    pub of_amount: f64,
}

/// A model at the end of a run as a table for people, such as topics by their words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelTable {
    /// The name of rows, in the plural: `topics`.
    pub rows_are: String,
    /// One sentence below the table.
    pub note: String,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// Numbers and texts, one per column, in the order in which rows are shown.
    pub rows: Vec<Vec<serde_json::Value>>,
}

/// The state of learning when the slowest worker has ended a clock: a row of `samples.parquet`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Clocks completed by the slowest worker.
    pub clock: u32,
    /// Virtual seconds since the start.
    pub seconds: f64,
    /// Each worker's own data on its site's copy, summed.
    pub objective: f64,
    /// One site's copy on all data.
    pub objective_one_copy: f64,
    /// The metrics of the workload, by name.
    pub metrics: MetricValues,
    /// Charged bytes between sites so far.
    pub wan_bytes: u64,
    /// The same as encoded here.
    pub wan_bytes_actual: u64,
}

/// One clock of one machine: a row of `clocks.parquet`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockRow {
    /// The clock, counted from 0.
    pub clock: u32,
    /// The number of the machine.
    pub machine: u32,
    /// The number of its site.
    pub site: u32,
    /// Virtual seconds at which the clock's read was asked for.
    pub started: f64,
    /// Virtual seconds at which its updates went out.
    pub ended: f64,
    /// The breakdown of the clock's time.
    pub parts: Breakdown,
    /// The longest phase of its wait for rows. `None` means that it did not wait.
    pub blocked: Option<Blocked>,
}

/// The longest phase of a clock's wait for rows, and what it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// The part of the breakdown that the phase belongs to.
    pub part: Part,
    /// The number of the machine whose work or message was awaited.
    pub on: u32,
    /// The link that the message was on. `None` means that work was awaited.
    pub link: Option<LinkEnds>,
}

/// The two ends of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkEnds {
    /// The number of the sending machine.
    pub from: u32,
    /// The number of the receiving machine.
    pub to: u32,
}

/// The traffic from one machine to another: a row of `traffic.parquet`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficRow {
    /// The number of the sending machine.
    pub from: u32,
    /// The number of the receiving machine.
    pub to: u32,
    /// The sender's site by name.
    pub from_site: Arc<str>,
    /// The receiver's site by name.
    pub to_site: Arc<str>,
    /// The class of the messages: `control` or `data`.
    pub class: Arc<str>,
    /// The number of messages.
    pub messages: u64,
    /// Bytes as encoded here.
    pub bytes_actual: u64,
    /// Bytes as charged, at the paper's scale.
    pub bytes: u64,
}

/// A finished cell as read back from its folder, with the names that its spec gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct CellResult {
    /// The panel's name; empty when the spec has no panels.
    pub panel: String,
    /// The cell's name in its panel: `Baseline`, `Gaia`, `LAN`, `Target`.
    pub cell: String,
    /// Its place in the sweeps of its spec. `None` means that no sweep made it.
    pub swept: Option<Swept>,
    /// The content of `manifest.json`.
    pub manifest: Manifest,
    /// The content of `summary.json`.
    pub summary: Summary,
    /// The rows of `samples.parquet`, by clock.
    pub samples: Vec<Sample>,
    /// `traffic.parquet`, by sender, receiver and class.
    pub traffic: Vec<TrafficRow>,
    /// The steps of the training that the run begins, of a what-if question about a training of that length. `None` means that
    /// the run is all that is asked about.
    pub training_steps: Option<u64>,
}

impl Summary {
    /// A metric at the end. `None` means that the workload has no such metric, or that there was nothing to measure it on.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|metric| metric.name == name)?.value
    }
}

impl CellResult {
    /// `MF Gaia`, or `Gaia` in a spec without panels.
    pub fn name(&self) -> String {
        name_in_spec(&self.panel, &self.cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_clocks_is_that_of_each_part() {
        let (one, other) = (Breakdown::from_parts([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), Breakdown::from_parts([3.0; 6]));
        assert_eq!(Breakdown::mean([&one, &other]), Breakdown::from_parts([2.0, 2.5, 3.0, 3.5, 4.0, 4.5]));
        assert_eq!(Breakdown::mean([]), Breakdown::default());
        assert_eq!(one.parts().map(|(_, seconds)| seconds), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        for (name, seconds) in one.parts() {
            assert_eq!(one.part(Part::named(name).unwrap()), seconds, "{name}");
        }
    }
}
