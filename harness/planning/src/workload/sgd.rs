//! The settings that workloads by stochastic gradient descent share.

use serde::Deserialize;

/// The settings that a cell may change. `None` means the spec's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Change {
    /// In the unit of the workload's `rate-unit`.
    pub learning_rate: Option<f64>,
    /// The decay of the learning rate, per pass.
    pub decay: Option<f64>,
    /// Clocks in which a worker goes through its data once.
    pub clocks_per_pass: Option<u32>,
}

impl Change {
    /// Puts the settings that it has in place of a workload's.
    pub(super) fn apply(self, learning_rate: &mut f64, decay: &mut f64, clocks_per_pass: &mut u32) {
        *learning_rate = self.learning_rate.unwrap_or(*learning_rate);
        *decay = self.decay.unwrap_or(*decay);
        *clocks_per_pass = self.clocks_per_pass.unwrap_or(*clocks_per_pass);
    }
}
