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
mod columns;
mod expected;
mod expected_failures;
mod file;
mod repeats;
mod residuals;
mod statement;
mod table;
mod totals;

pub use claim::{Claim, Verdict};
pub use columns::{Column, ColumnsError, DEFAULT, OfSpec, Row, columns, rows};
pub use expected::Expected;
pub use expected_failures::expect;
pub use file::{FILE, below, read, to_json};
pub use residuals::{Residual, residuals};
pub use statement::{Context, RestsOn, Statement, Unmeasured};
pub use table::{claims_table, to_text};
pub use totals::{Count, Totals};

/// The source of claims that are not the paper's.
pub const OURS: &str = "ours";
/// The source of claims that are assertions of a spec.
pub const ASSERTED: &str = "assert";

#[cfg(test)]
pub(crate) mod testing {
    //! A made-up claim, measurements of it, and folders of results.

    use std::fs;
    use std::path::Path;

    use super::{Claim, Column, Context, Expected, FILE, OfSpec, RestsOn, Statement, Unmeasured, to_json};
    use record::numbers::Spread;
    use record::results::folders::{VARIANT, Variant};

    /// Holds from 2 to 3; the paper has 2.5.
    pub(crate) const STATEMENT: Statement<'static> = Statement {
        id: "figure.claim",
        says: "this is so (within 2 to 3)",
        source: "Figure 1",
        paper: Some(2.5),
        expected: Expected::Within(2.0, 3.0),
        rests_on: RestsOn::PaperTimes,
    };

    /// Of inputs that were not fitted, and data of the paper's shape.
    pub(crate) fn plain() -> Context {
        Context::of(&[])
    }

    /// A mean of three seeds, half below to half above it.
    pub(crate) fn measured(mean: f64) -> Result<Spread, Unmeasured> {
        Ok(Spread { n: 3, mean, low: mean - 0.5, high: mean + 0.5 })
    }
    /// A column of one spec, `made`.
    pub(crate) fn column(name: &str, claims: Vec<Claim>) -> Column {
        Column { name: name.into(), title: String::new(), specs: vec![OfSpec { spec: "made".into(), claims }] }
    }

    /// A folder of results with these folders of specs.
    pub(crate) fn place(specs: &[(&str, &[Claim])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        for (spec, claims) in specs {
            let spec = folder.path().join(spec);
            fs::create_dir_all(&spec)
                .and_then(|()| fs::write(spec.join(FILE), to_json(claims)))
                .expect("there is room");
        }
        folder
    }

    /// Makes `folder` one of a variant.
    pub(crate) fn variant(folder: &Path, name: &str, title: &str) {
        let text = serde_json::to_string(&Variant::new(name, title)).expect("plain data");
        fs::write(folder.join(VARIANT), text).expect("there is room");
    }
}
