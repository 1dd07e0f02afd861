//! Whether a run in real time kept what its plan promises: `conformance.json`, in the summary's folder.
//!
//! Like `host.json` it differs from run to run by nature. A run with [`Conformance::faults`] is invalid: its summary
//! carries them too, the figure's table marks it, and the next `run` runs it again.

use std::path::Path;

use emulator::real::driver::NodeReport;
use emulator::real::relay::RelayReport;
use serde::Serialize;

use super::atomic::{self, WriteError};

/// The name of the file.
pub const FILE: &str = "conformance.json";

/// Measurements of a run in real time, in addition to its results.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Conformance {
    /// The schema of the file: [`super::SCHEMA`].
    pub schema: u32,
    /// The reasons that the run is invalid, one line each. Empty means valid.
    pub faults: Vec<String>,
    /// Wall seconds per second of the run.
    pub dilation: f64,
    /// Processes ready to run, mean over the last minute: before and after the run, where the host reports them.
    pub load_average: [Option<f64>; 2],
    /// Rates, lateness, and time without a processor of the relay.
    pub relay: RelayReport,
    /// Tasks against their modelled durations, lateness, and time without a processor of every machine.
    pub machines: Vec<NodeReport>,
}

impl Conformance {
    /// Writes it into a cell's folder.
    pub fn write(&self, folder: &Path) -> Result<(), WriteError> {
        let mut text = serde_json::to_string_pretty(self).expect("reports have text keys and finite numbers");
        text.push('\n');
        atomic::write(&folder.join(FILE), text.as_bytes())
    }
}

/// Processes ready to run, mean over the last minute.
pub fn load_average() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}
