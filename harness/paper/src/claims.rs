//! Claims: the paper's (or our) statement of the result that a figure must show, the measurement, and the verdict.
//!
//! A [`Statement`] is fixed in a figure's file; [`Statement::judge`] compares a measurement with it. A claim that does
//! not hold is shown as such everywhere. Verdicts that a run cannot give are not given: an input that was fitted to the
//! paper makes a claim on times a calibration, and a user's own data cannot be compared with the paper's numbers.
//!
//! `measured` is over seeds: the ratio of mean times for ratios (`figures::cells`); `low` and `high` are the least and
//! the greatest of single seeds. The verdict goes by `measured`.

use record::aligned::{Side, aligned};
use record::numbers::{Spread, significant};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use record::results::hashes;
use record::results::store::ReadError;
use record::results::{CellResult, Shape};

/// The file's name in a spec's folder.
pub const FILE: &str = "claims.json";
/// The number of levels of folders below a folder that are searched for [`FILE`].
const DEEPEST: u32 = 3;

/// The result of comparing a claim with its measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The measured number is within the tolerance.
    Holds,
    /// The measured number is outside the tolerance, or a run did not reach its target.
    Fails,
    /// An input was fitted to the paper's results: agreement would show nothing.
    Calibration,
    /// Nothing to compare it with: a user's own data, cells that have not run, or a target that must not be believed.
    NotComparable,
}

/// A claim with its verdict: an entry of `claims.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Claim {
    /// Unique over all figures: `fig13.gaia-over-lan`.
    pub id: String,
    /// In words, with the tolerance, and why nothing was measured where nothing was.
    pub says: String,
    /// The source of the claim.
    pub source: String,
    /// The paper's number, in the unit that `says` names; `None` where it gives none.
    pub paper: Option<f64>,
    /// Our number, the mean over seeds, in the same unit.
    pub measured: Option<f64>,
    /// The number of seeds.
    pub n: usize,
    /// The least of a seed.
    pub low: Option<f64>,
    /// The greatest of a seed.
    pub high: Option<f64>,
    /// Whether it holds, as far as that can be known.
    pub verdict: Verdict,
}

/// A claim before it is measured.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// Unique over all figures.
    pub id: &'a str,
    /// In words, with the tolerance.
    pub says: &'a str,
    /// Its source: `Figure 3`.
    pub source: &'a str,
    /// The paper's number, where it gives one.
    pub paper: Option<f64>,
    /// The measurements for which it holds.
    pub expected: Expected,
    /// The conditions that it rests on in addition.
    pub rests_on: RestsOn,
}

/// The measurements for which a claim holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// From the first to the second, both included.
    Within(f64, f64),
    /// Any number greater than this one.
    Above(f64),
    /// Any number smaller than this one.
    Below(f64),
    /// As much or more.
    AtLeast(f64),
    /// As much or less.
    AtMost(f64),
}

/// The determinants of a claim's number, apart from the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestsOn {
    /// Modelled times, compared with the paper's: needs the paper's data shape and inputs that were not fitted.
    PaperTimes,
    /// The runs alone: holds for any data and any machine.
    Runs,
}

/// The reasons why there is no measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmeasured {
    /// A cell is missing.
    NotRun(String),
    /// A cell never reached its target.
    NotReached(String),
    /// There is no target, or none that may be believed.
    NoTarget(String),
}

/// The inputs that decide which claims the results allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Inputs of the cost model that were chosen to match a result of the paper.
    pub fitted: Vec<String>,
    /// Whether the data have the shape of the paper's.
    pub shape: Shape,
}

impl Context {
    /// Of all cells together: fitted when one is, the user's own when one is.
    pub fn of(results: &[CellResult]) -> Context {
        let mut fitted: Vec<String> =
            results.iter().flat_map(|result| result.manifest.machines.fitted.clone()).collect();
        fitted.sort();
        fitted.dedup();
        let own = results.iter().any(|result| result.manifest.data.shape == Shape::Own);
        Context { fitted, shape: if own { Shape::Own } else { Shape::Paper } }
    }
}

impl Statement<'_> {
    /// The claim with its verdict.
    pub fn judge(&self, measured: Result<Spread, Unmeasured>, context: &Context) -> Claim {
        let verdict = self.verdict(&measured, context);
        let says = match &measured {
            Ok(_) => self.says.to_owned(),
            Err(Unmeasured::NotRun(why) | Unmeasured::NotReached(why) | Unmeasured::NoTarget(why)) => {
                format!("{} [nothing measured: {why}]", self.says)
            }
        };
        let spread = measured.ok();
        Claim {
            id: self.id.to_owned(),
            says,
            source: self.source.to_owned(),
            paper: self.paper,
            measured: spread.map(|spread| spread.mean),
            n: spread.map_or(0, |spread| spread.n),
            low: spread.map(|spread| spread.low),
            high: spread.map(|spread| spread.high),
            verdict,
        }
    }

    fn verdict(&self, measured: &Result<Spread, Unmeasured>, context: &Context) -> Verdict {
        // A cell that ran and did not reach its target is a finding against the claim, not a gap.
        if matches!(measured, Err(Unmeasured::NotRun(_) | Unmeasured::NoTarget(_))) {
            return Verdict::NotComparable;
        }
        if self.rests_on == RestsOn::PaperTimes {
            if context.shape == Shape::Own {
                return Verdict::NotComparable;
            }
            // Whichever input was fitted: times of all cells pass through the same cost model.
            if !context.fitted.is_empty() {
                return Verdict::Calibration;
            }
        }
        match measured {
            Ok(spread) if self.expected.holds(spread.mean) => Verdict::Holds,
            _ => Verdict::Fails,
        }
    }
}

impl Expected {
    /// Whether `measured` is as expected; NaN never is.
    pub fn holds(self, measured: f64) -> bool {
        match self {
            Expected::Within(low, high) => (low..=high).contains(&measured),
            Expected::Above(bound) => measured > bound,
            Expected::Below(bound) => measured < bound,
            Expected::AtLeast(bound) => measured >= bound,
            Expected::AtMost(bound) => measured <= bound,
        }
    }
}

impl Verdict {
    /// Its word in `claims.json`, on pages and in terminals.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Fails => "fails",
            Verdict::Calibration => "calibration",
            Verdict::NotComparable => "not-comparable",
        }
    }
}

impl Claim {
    /// `2.9 (2.7 - 3.1)`, the range only over several seeds; `-` when nothing was measured.
    pub fn measured_text(&self) -> String {
        let Some(measured) = self.measured else {
            return "-".into();
        };
        let text = significant(measured, 3);
        match (self.low, self.high) {
            (Some(low), Some(high)) if self.n > 1 => {
                format!("{text} ({} - {})", significant(low, 3), significant(high, 3))
            }
            _ => text,
        }
    }

    /// The paper's number; `-` when it gives none.
    pub fn paper_text(&self) -> String {
        self.paper.map_or_else(|| "-".into(), |paper| significant(paper, 3))
    }
}

/// The text of `claims.json`, with a newline at its end.
pub fn to_json(claims: &[Claim]) -> String {
    let mut text = serde_json::to_string_pretty(claims).expect("claims have string keys and no failing fields");
    text.push('\n');
    text
}

/// An aligned table for terminals.
pub fn to_text(claims: &[Claim]) -> String {
    let row = |claim: &Claim| {
        let [paper, measured, n] = [claim.paper_text(), claim.measured_text(), claim.n.to_string()];
        let says = format!("{} ({})", claim.says, claim.source);
        [claim.verdict.word().to_owned(), paper, measured, n, claim.id.clone(), says]
    };
    let header = ["verdict", "paper", "measured", "n", "claim", "says"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(header).chain(claims.iter().map(row)).collect();
    let (words, number) = (Side::Left, Side::Right);
    aligned(&[words, number, number, number, words], &rows)
}

/// The claims of all figures in `folder` and below, by the folders that hold them, sorted.
///
/// # Errors
/// [`ReadError`] when a `claims.json` cannot be read.
pub fn below(folder: &Path) -> Result<Vec<(PathBuf, Vec<Claim>)>, ReadError> {
    let mut files = Vec::new();
    find(folder, DEEPEST, &mut files)?;
    let with_claims = |path: PathBuf| Ok((path.parent().unwrap_or(folder).to_owned(), read(&path)?));
    files.into_iter().map(with_claims).collect()
}

/// The same as a table for terminals, one block per figure: what `experiments claims` prints.
///
/// # Errors
/// [`ReadError`] when a `claims.json` cannot be read.
pub fn claims_table(folder: &Path) -> Result<String, ReadError> {
    let figures = below(folder)?;
    if figures.is_empty() {
        return Ok(format!("no {FILE} in {}: run a spec first\n", folder.display()));
    }
    let block = |(path, claims): &(PathBuf, Vec<Claim>)| {
        let name = path.strip_prefix(folder).ok().filter(|name| !name.as_os_str().is_empty()).unwrap_or(folder);
        format!("{}\n{}", name.display(), to_text(claims))
    };
    Ok(figures.iter().map(block).collect::<Vec<_>>().join("\n"))
}

/// The claims of one figure.
///
/// # Errors
/// [`ReadError`] when the file is missing, is not JSON of claims, or was changed after it was written.
pub fn read(path: &Path) -> Result<Vec<Claim>, ReadError> {
    let covered = hashes::check_if_covered(path.parent().unwrap_or(Path::new("")), FILE);
    covered.map_err(|source| ReadError::Hashes { path: path.to_owned(), source })?;
    let bytes = fs::read(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| ReadError::Json { path: path.to_owned(), source })
}

/// All [`FILE`]s in `folder` and below, by path.
fn find(folder: &Path, deepest: u32, found: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let failed = |source| ReadError::Io { path: folder.to_owned(), source };
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(failed)?.collect();
    let mut paths: Vec<PathBuf> = entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && deepest > 0 {
            find(&path, deepest - 1, found)?;
        } else if path.file_name().is_some_and(|name| name == FILE) {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::results::testing::{Made, cell};

    const STATEMENT: Statement<'static> = Statement {
        id: "figure.claim",
        says: "this is so (within 2 to 3)",
        source: "Figure 1",
        paper: Some(2.5),
        expected: Expected::Within(2.0, 3.0),
        rests_on: RestsOn::PaperTimes,
    };
    const PLAIN: Context = Context { fitted: Vec::new(), shape: Shape::Paper };

    fn spread(mean: f64) -> Result<Spread, Unmeasured> {
        Ok(Spread { n: 3, mean, low: mean - 0.5, high: mean + 0.5 })
    }

    #[test]
    fn verdicts_at_the_bounds() {
        for (mean, verdict) in [
            (1.999, Verdict::Fails),
            (2.0, Verdict::Holds),
            (3.0, Verdict::Holds),
            (3.001, Verdict::Fails),
            (f64::NAN, Verdict::Fails),
            (f64::INFINITY, Verdict::Fails),
        ] {
            assert_eq!(STATEMENT.judge(spread(mean), &PLAIN).verdict, verdict, "{mean}");
        }
        for (expected, below, at, above) in [
            (Expected::Above(1.0), false, false, true),
            (Expected::Below(1.0), true, false, false),
            (Expected::AtLeast(1.0), false, true, true),
            (Expected::AtMost(1.0), true, true, false),
        ] {
            assert_eq!([0.99, 1.0, 1.01].map(|value| expected.holds(value)), [below, at, above], "{expected:?}");
            assert!(!expected.holds(f64::NAN));
        }
    }

    #[test]
    fn fitted_inputs_and_own_data_take_the_verdict_away_from_times_only() {
        let fitted = Context { fitted: vec!["mf.updates-per-second".into()], shape: Shape::Paper };
        let own = Context { fitted: vec!["mf.updates-per-second".into()], shape: Shape::Own };
        assert_eq!(STATEMENT.judge(spread(2.5), &fitted).verdict, Verdict::Calibration);
        assert_eq!(STATEMENT.judge(spread(9.0), &fitted).verdict, Verdict::Calibration);
        assert_eq!(STATEMENT.judge(spread(2.5), &own).verdict, Verdict::NotComparable);
        let of_runs = Statement { rests_on: RestsOn::Runs, ..STATEMENT };
        assert_eq!(of_runs.judge(spread(9.0), &own).verdict, Verdict::Fails);
        assert_eq!(of_runs.judge(spread(2.5), &fitted).verdict, Verdict::Holds);
    }

    #[test]
    fn what_was_not_measured_says_why() {
        let never = STATEMENT.judge(Err(Unmeasured::NotReached("Gaia: target not reached".into())), &PLAIN);
        assert_eq!((never.verdict, never.measured, never.n), (Verdict::Fails, None, 0));
        assert!(never.says.contains("Gaia: target not reached"));
        let missing = STATEMENT.judge(Err(Unmeasured::NotRun("LAN has not run".into())), &PLAIN);
        assert_eq!(missing.verdict, Verdict::NotComparable);
    }

    #[test]
    fn the_file_has_the_documented_fields() {
        let json: serde_json::Value = serde_json::from_str(&to_json(&[STATEMENT.judge(spread(2.5), &PLAIN)])).unwrap();
        let expected = serde_json::json!([{
            "id": "figure.claim", "says": "this is so (within 2 to 3)", "source": "Figure 1", "paper": 2.5,
            "measured": 2.5, "n": 3, "low": 2.0, "high": 3.0, "verdict": "holds"
        }]);
        assert_eq!(json, expected);
    }

    #[test]
    fn numbers_that_json_lacks_become_null() {
        let json = to_json(&[STATEMENT.judge(spread(f64::NAN), &PLAIN)]);
        let back: Vec<Claim> = serde_json::from_str(&json).unwrap();
        assert_eq!((back[0].measured, back[0].verdict), (None, Verdict::Fails));
    }

    #[test]
    fn the_table_of_all_figures_is_aligned_and_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let none = claims_table(folder.path()).unwrap();
        assert!(none.contains("run a spec first"), "{none}");
        for (name, mean) in [("fig14", 9.0), ("fig13", 2.5)] {
            fs::create_dir(folder.path().join(name)).unwrap();
            let claims =
                [STATEMENT.judge(spread(mean), &PLAIN), STATEMENT.judge(Err(Unmeasured::NotRun("x".into())), &PLAIN)];
            fs::write(folder.path().join(name).join(FILE), to_json(&claims)).unwrap();
        }
        let table = claims_table(folder.path()).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines,
            [
                "fig13",
                "verdict         paper            measured  n  claim         says",
                "holds            2.50  2.50 (2.00 - 3.00)  3  figure.claim  this is so (within 2 to 3) (Figure 1)",
                "not-comparable   2.50                   -  0  figure.claim  this is so (within 2 to 3) [nothing measured: x] (Figure 1)",
                "",
                "fig14",
                "verdict         paper            measured  n  claim         says",
                "fails            2.50  9.00 (8.50 - 9.50)  3  figure.claim  this is so (within 2 to 3) (Figure 1)",
                "not-comparable   2.50                   -  0  figure.claim  this is so (within 2 to 3) [nothing measured: x] (Figure 1)",
            ]
        );
        let one = claims_table(&folder.path().join("fig13")).unwrap();
        assert!(one.contains("holds") && !one.contains("fails"), "{one}");
    }

    #[test]
    fn one_fitted_input_or_one_own_data_set_counts_for_all_cells() {
        let of = |made: &[Made]| Context::of(&made.iter().cloned().map(Made::done).collect::<Vec<_>>());
        let (plain, fitted, own) = (cell("Gaia"), cell("LAN").fitted(), cell("Baseline").own_data());
        assert_eq!(of(&[plain.clone(), plain.clone()]), PLAIN);
        let once = Context { fitted: vec!["mf.updates-per-second".into()], shape: Shape::Paper };
        assert_eq!(of(&[fitted.clone(), plain.clone(), fitted]), once);
        assert_eq!(of(&[plain, own]), Context { fitted: Vec::new(), shape: Shape::Own });
    }

    #[test]
    fn one_seed_has_no_range_and_an_unknown_number_is_a_dash() {
        let of_seeds = |n| STATEMENT.judge(Ok(Spread { n, mean: 2.5, low: 2.0, high: 3.0 }), &PLAIN).measured_text();
        assert_eq!([1, 2].map(of_seeds), ["2.50", "2.50 (2.00 - 3.00)"]);
        let unknown = Statement { paper: None, ..STATEMENT }.judge(spread(2.5), &PLAIN);
        assert_eq!(unknown.paper_text(), "-");
    }

    #[test]
    fn claims_three_folders_down_are_found_and_none_below() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        fs::create_dir_all(deep.join("d")).unwrap();
        for holds_it in [folder.path(), &deep, &deep.join("d")] {
            fs::write(holds_it.join(FILE), to_json(&[STATEMENT.judge(spread(2.5), &PLAIN)])).unwrap();
        }
        let found: Vec<PathBuf> = below(folder.path()).unwrap().into_iter().map(|(path, _)| path).collect();
        assert_eq!(found, [deep, folder.path().to_owned()]);
    }
}
