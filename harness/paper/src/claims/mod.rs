//! Claims: the paper's (or our) statement of the result that a figure must show, the measurement, and the verdict.
//!
//! A [`Statement`] is fixed in a figure's file; [`Statement::judge`] compares a measurement with it. A claim that does
//! not hold is shown as such everywhere. Verdicts that a run cannot give are not given: a claim whose number an input was fitted
//! to is a calibration, and a user's own data cannot be compared with the paper's numbers. Other claims on times that rest on a
//! fitted input are judged, and marked as predicted.
//!
//! `measured` is over seeds: the ratio of mean times for ratios (`figures::cells`); `low` and `high` are the least and
//! the greatest of single seeds. The verdict goes by `measured`; a range that crosses a bound of the tolerance is marked.

mod claim;
mod expected;
mod file;
mod repeats;
mod statement;
mod table;

pub use claim::{Claim, Verdict};
pub use expected::Expected;
pub use file::{FILE, below, read, to_json};
pub use statement::{Context, RestsOn, Statement, Unmeasured};
pub use table::{claims_table, to_text};

/// The source of claims that are not the paper's.
pub const OURS: &str = "ours";

#[cfg(test)]
mod testing {
    //! A made-up claim, and measurements of it.

    use super::{Context, Expected, RestsOn, Statement, Unmeasured};
    use record::numbers::Spread;

    /// Holds from 2 to 3; the paper has 2.5.
    pub(super) const STATEMENT: Statement<'static> = Statement {
        id: "figure.claim",
        says: "this is so (within 2 to 3)",
        source: "Figure 1",
        paper: Some(2.5),
        expected: Expected::Within(2.0, 3.0),
        rests_on: RestsOn::PaperTimes,
    };

    /// Of inputs that were not fitted, and data of the paper's shape.
    pub(super) fn plain() -> Context {
        Context::of(&[])
    }

    /// A mean of three seeds, half below to half above it.
    pub(super) fn measured(mean: f64) -> Result<Spread, Unmeasured> {
        Ok(Spread { n: 3, mean, low: mean - 0.5, high: mean + 0.5 })
    }
}
