//! The files written before the first sample: the plan, and the version of the program.
//!
//! [`Manifest`] is a function of the plan and the program alone, so that equal plans leave equal bytes (but for the faults
//! of a run in real time, which are added when it is over). Values that
//! differ between equal runs (host, threads, dates, wall time) are in [`Host`]. [`CellIndex`] lists the current cells of a
//! spec's folder, which may also contain folders of earlier plans.

use std::fs;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::expectations::Expectations;
use super::schema::SCHEMA;
use super::sweep::{Plot, Swept};
use super::whatif::Asked;
use crate::cost::Pricing;

/// The plan and the version of the program: `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// The schema of the file: [`SCHEMA`].
    pub schema: u32,
    /// The plan's hash, also the folder's name.
    pub plan: String,
    /// The seed of the run.
    pub seed: u64,
    /// The network profile's name: `ec2-all`.
    pub profile: String,
    /// The training system in words: `IterStore-style, SSP (slack 1)`.
    pub system: String,
    /// The sources of the cost model.
    pub machines: Machines,
    /// The data of the run.
    pub data: Data,
    /// The scale of the run.
    pub similitude: Scale,
    /// Hash of the sources of emulator, datasets and gaia-core.
    pub sources: String,
    /// The program's git commit. `None` means that it was built outside a repository.
    pub commit: Option<String>,
    /// Whether the sources differed from that commit. `None` means that there is no commit.
    pub dirty: Option<bool>,
    /// The resolved plan, whole.
    pub resolved: Value,
    /// The reasons that a run in real time is invalid, as in its summary. Added at the end of the run, left out if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// The kind of machine that virtual seconds stand for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Machines {
    /// The name of the machine kind in plans.
    pub kind: String,
    /// The source of its rates.
    pub source: String,
    /// Inputs chosen to match results of the paper, by field path.
    pub fitted: Vec<String>,
    /// The results that they were chosen to match, by the names of claims. Empty while inputs are fitted means that it is not known which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fitted_to: Vec<String>,
}

/// A data set, by name and shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Data {
    /// In words: `generated, Netflix shape, scale 0.1`.
    pub name: String,
    /// Hash of its content.
    pub hash: String,
    /// Whether it can be compared with the paper.
    pub shape: Shape,
}

/// The comparisons that the shape of a data set supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// The paper's, perhaps scaled down with its proportions kept.
    Paper,
    /// A user's own data: results are no evidence on the paper's.
    Own,
}

/// Similitude as it was charged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Scale {
    /// The problem that the data stand for: `netflix`. `None` means the data's own size.
    pub of: Option<String>,
    /// Charged bytes over actual data bytes.
    pub sigma_bytes: f64,
    /// Charged work over actual work.
    pub sigma_work: f64,
}

/// The host and the time of a cell's run: `host.json`. The only file that differs between equal runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Host {
    /// The schema of the file: [`SCHEMA`].
    pub schema: u32,
    /// The name of the host, if it is known.
    pub name: Option<String>,
    /// The processor of the host, if it is known.
    pub processor: Option<String>,
    /// Threads that it can run at once.
    pub threads: usize,
    /// Threads that the run was given.
    pub jobs: usize,
    /// The device of networks; left out for workloads without networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The time at which the cell was begun (again), UTC: `2017-03-27T09:30:00Z`.
    pub started: String,
    /// Whether the cell's learning was that of a cell before, of the same command, so that its messages and times alone were simulated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// Wall seconds from when the workers were built until the cell was complete. `None` while it runs. After a resumption, those since.
    pub wall_seconds: Option<f64>,
    /// Processor seconds in the same interval; with cells running at the same time, of all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// Peak of the process' memory since the cell was started, the building of its workers included; with cells running at the same
    /// time, since the first of them was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
}

/// The cells that a spec's folder stands for, in the spec's order: `cells.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CellIndex {
    /// The schema of the file: [`SCHEMA`].
    pub schema: u32,
    /// The spec's name, also the folder's.
    pub spec: String,
    /// The title of the spec.
    pub title: String,
    /// The figure's name: `fig13`. Empty when the spec names none: time to convergence is drawn then.
    pub figure: String,
    /// The price list of its runs.
    #[serde(default)]
    pub pricing: Option<Pricing>,
    /// The plots that are drawn; left out without any: the figure draws its own form then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plots: Vec<Plot>,
    /// One entry per cell and seed.
    pub cells: Vec<CellEntry>,
    /// What the spec expects of them; left out if that is nothing.
    #[serde(default, skip_serializing_if = "Expectations::is_empty")]
    pub expectations: Expectations,
    /// The what-if question that it answers; left out for other specs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whatif: Option<Asked>,
}

/// One cell and seed of a [`CellIndex`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CellEntry {
    /// The panel's name; empty when the spec has no panels.
    pub panel: String,
    /// The cell's name in its panel.
    pub cell: String,
    /// The seed of the run.
    pub seed: u64,
    /// The plan's hash: the folder's name.
    pub plan: String,
    /// Its place in the sweeps of the spec; left out where no sweep made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swept: Option<Swept>,
}

/// The path of a spec: `host.json` in its folder. Like that of a cell it differs between equal runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// The schema of the file: [`SCHEMA`].
    pub schema: u32,
    /// The absolute path of the spec. `None` means that it came from no file.
    pub spec: Option<String>,
}

impl CellEntry {
    /// `MF Gaia`, or `Gaia` in a spec without panels.
    pub fn name(&self) -> String {
        name_in_spec(&self.panel, &self.cell)
    }
}

/// A cell's name with its panel's, if it has one.
pub fn name_in_spec(panel: &str, cell: &str) -> String {
    if panel.is_empty() { cell.to_owned() } else { format!("{panel} {cell}") }
}

impl Host {
    /// This host, now, for a run with `jobs` threads.
    pub fn this(jobs: usize) -> Host {
        Host {
            schema: SCHEMA,
            name: fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned()),
            processor: processor(),
            threads: thread::available_parallelism().map_or(1, usize::from),
            jobs,
            device: None,
            started: utc(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())),
            replayed: false,
            wall_seconds: None,
            cpu_seconds: None,
            peak_memory_bytes: None,
        }
    }
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

/// `seconds` since 1970 as a date and time of the Gregorian calendar.
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Counted from 0000-03-01, so that the leap day is the last of its year; 400 years are 146,097 days.
    let since_march_0 = days + 719_468;
    let (era, day_of_era) = (since_march_0 / 146_097, since_march_0 % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_at_the_edges_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_490_607_000, "2017-03-27T09:30:00Z"),
            (1_704_067_199, "2023-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), expected);
        }
    }

    #[test]
    fn this_host_can_run_a_thread() {
        let host = Host::this(2);
        assert!(host.threads >= 1 && host.jobs == 2 && host.started.starts_with("20"));
    }
}
