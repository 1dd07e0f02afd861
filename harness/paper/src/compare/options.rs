//! What is compared, and how.

use super::tolerance::{Pattern, Tolerance};

/// The choices of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The changes of numbers that do not count.
    pub tolerance: Tolerance,
    /// Whether only what both sides have is compared: figures, cells, rows, columns and claims. Tables are then compared only if they are
    /// over the same seeds.
    pub common: bool,
    /// The names of figures, panels and claims that are left out.
    pub leave_out: Vec<Pattern>,
}
