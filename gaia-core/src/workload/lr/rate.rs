//! How fast machines are at it: a section of machine kinds.

use serde::{Deserialize, Serialize};

/// Values of sparse examples (features that are not 0) that a whole machine (all its cores) makes a gradient step on.
///
/// The default holds for 16 cores of the paper's kind, from what one core of a Xeon with AVX-512 does with this project's own kernel,
/// 132 million values per second (`experiments calibrate`), times 16: that takes perfect scaling over cores and no memory wall. Nothing here was adjusted to a result
/// of the paper, which has no such workload.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LrRate {
    /// Values per second and machine, at most one gradient step each.
    pub values_per_second: f64,
}

impl Default for LrRate {
    fn default() -> Self {
        LrRate { values_per_second: 2.1e9 }
    }
}
