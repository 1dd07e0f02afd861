//! Assertions of a spec: comparisons of numbers of the figure's table, judged as claims are.
//!
//! `Gaia.seconds_to_target < 0.4 * Baseline.seconds_to_target` is measured as a quotient, with the factor as its bound: Gaia's time over
//! Baseline's, below 0.4. A side without numbers of cells is itself the bound; and where a divisor is not positive, the difference of both sides is
//! measured, with the bound 0. The mean is that of the table over the seeds that all cells in it have; least and greatest are of the
//! tables of single seeds.

use std::collections::BTreeSet;

use planning::expression::{Comparison, ExpressionError, Relation};
use polars::prelude::{AnyValue, DataFrame, PolarsError, PolarsResult};
use record::numbers::Spread;
use record::results::CellResult;
use record::results::expectations::Asserted;
use thiserror::Error;

use super::form::FigureForm;
use super::measure::Measures;
use crate::claims::{ASSERTED, Claim, Context, Expected, RestsOn, Statement, Unmeasured};

/// The columns of a table that name a row.
const PANEL: &str = "panel";
const CELL: &str = "cell";

/// The reasons for which assertions cannot be judged.
#[derive(Debug, Error)]
pub enum AssertError {
    /// An assertion that this program cannot read.
    #[error("read the assertion {id}")]
    Form {
        /// The name of the assertion.
        id: String,
        /// The error, with its place.
        source: ExpressionError,
    },
    /// The numbers have no table.
    #[error("make a table for assertions")]
    Table(#[from] PolarsError),
}

/// The claims that `asserted` are on `results`, in order, by the tables of `form`.
pub(super) fn claims(
    form: &dyn FigureForm,
    results: &[CellResult],
    asserted: &[Asserted],
) -> Result<Vec<Claim>, AssertError> {
    let judged = |one: &Asserted| {
        let that = Comparison::parse(&one.that).map_err(|source| AssertError::Form { id: one.id.clone(), source })?;
        let says = one.says.as_ref().map_or_else(|| that.text.clone(), |says| format!("{says} ({})", that.text));
        let (expected, measured) = match measure(form, results, &that)? {
            Ok((expected, spread)) => (expected, Ok(spread)),
            // There is no bound without a number; that of the difference says no more than the words do.
            Err(why) => (bound(that.relation, 0.0), Err(why)),
        };
        let (id, source) = (one.id.as_str(), ASSERTED);
        let statement = Statement { id, says: &says, source, paper: None, expected, rests_on: RestsOn::Runs };
        Ok(statement.judge(measured, &Context::of(results)))
    };
    asserted.iter().map(judged).collect()
}

fn bound(relation: Relation, bound: f64) -> Expected {
    match relation {
        Relation::Below => Expected::Below(bound),
        Relation::AtMost => Expected::AtMost(bound),
        Relation::Above => Expected::Above(bound),
        Relation::AtLeast => Expected::AtLeast(bound),
    }
}

type Measured = Result<(Expected, Spread), Unmeasured>;

/// The number of a comparison and its bound.
fn measure(form: &dyn FigureForm, results: &[CellResult], that: &Comparison) -> PolarsResult<Measured> {
    let names: Vec<Name<'_>> = that.paths().into_iter().map(Name::of).collect();
    for name in &names {
        if let Err(why) = name.has_run(results) {
            return Ok(Err(why));
        }
    }
    let seeds = common_seeds(results, &names);
    if seeds.is_empty() {
        return Ok(Err(Unmeasured::NotRun("no seed was run in all cells".into())));
    }
    let table_of = |seeds: &BTreeSet<u64>| {
        let of: Vec<CellResult> = results.iter().filter(|run| seeds.contains(&run.summary.seed)).cloned().collect();
        form.table(&of)
    };
    let mut tables = vec![table_of(&seeds)?];
    for seed in &seeds {
        tables.push(table_of(&BTreeSet::from([*seed]))?);
    }
    for name in &names {
        if tables.iter().any(|table| name.value(table).is_none()) {
            return Ok(Err(name.why_not(results)));
        }
    }
    let sides: Vec<(f64, f64)> = tables.iter().map(|table| sides(that, table)).collect();
    let (expected, numbers) = numbers(that, &sides);
    let (mean, seeds) = numbers.split_first().expect("the first table is over all seeds");
    let spread = Spread::of(seeds).map(|spread| Spread { mean: *mean, ..spread }).filter(Spread::is_finite);
    let no_number = || Unmeasured::NotReached("a side of it is no finite number".into());
    Ok(spread.map(|spread| (expected, spread)).ok_or_else(no_number))
}

/// Both sides of a comparison in a table that has all of its numbers.
fn sides(that: &Comparison, table: &DataFrame) -> (f64, f64) {
    let of = |words: &[String]| Name::of(words).value(table);
    let side = |term: &planning::expression::Term| term.value(&of).expect("every name was found before");
    (side(&that.left), side(&that.right))
}

/// The bound of a comparison, and its number by pairs of sides.
fn numbers(that: &Comparison, sides: &[(f64, f64)]) -> (Expected, Vec<f64>) {
    let (left, right) = (&that.left, &that.right);
    if right.paths().is_empty() {
        return (bound(that.relation, sides[0].1), sides.iter().map(|(left, _)| *left).collect());
    }
    if left.paths().is_empty() {
        return (bound(that.relation.reversed(), sides[0].0), sides.iter().map(|(_, right)| *right).collect());
    }
    let factor = right.factor();
    let divisors: Vec<f64> = sides.iter().map(|(_, right)| right / factor).collect();
    if divisors.iter().all(|divisor| *divisor > 0.0 && divisor.is_finite()) {
        let quotients = sides.iter().zip(&divisors).map(|((left, _), divisor)| left / divisor);
        return (bound(that.relation, factor), quotients.collect());
    }
    (bound(that.relation, 0.0), sides.iter().map(|(left, right)| left - right).collect())
}

/// The seeds that every cell in `names` has run with.
fn common_seeds(results: &[CellResult], names: &[Name<'_>]) -> BTreeSet<u64> {
    let mut seeds: BTreeSet<u64> = results.iter().map(|run| run.summary.seed).collect();
    for name in names {
        let own: BTreeSet<u64> = results.iter().filter(|run| name.is_of(run)).map(|run| run.summary.seed).collect();
        seeds.retain(|seed| own.contains(seed));
    }
    seeds
}

/// `panel.cell.column`, or `cell.column`.
#[derive(Clone, Copy)]
struct Name<'a> {
    panel: Option<&'a str>,
    cell: &'a str,
    column: &'a str,
}

impl<'a> Name<'a> {
    fn of(words: &'a [String]) -> Self {
        match words {
            [panel, cell, column] => Name { panel: Some(panel), cell, column },
            [cell, column] => Name { panel: None, cell, column },
            // Of no spec: a plan's check refuses it. It is a cell that has not run.
            _ => Name { panel: None, cell: "", column: "" },
        }
    }

    fn is_of(&self, run: &CellResult) -> bool {
        run.cell == self.cell && self.panel.is_none_or(|panel| panel == run.panel)
    }

    fn measures(&self, results: &'a [CellResult]) -> Measures<'a> {
        let all = Measures::of(results);
        self.panel.map_or(all.clone(), |panel| all.panel(panel))
    }

    /// Whether its cell has run, and may be believed.
    fn has_run(&self, results: &'a [CellResult]) -> Result<(), Unmeasured> {
        self.measures(results).cell(self.cell).map(drop)
    }

    /// The reason for which its column has no value.
    fn why_not(&self, results: &'a [CellResult]) -> Unmeasured {
        let measures = self.measures(results);
        match measures.cell(self.cell) {
            Err(why) => why,
            Ok(cell) if cell.has_target() && !cell.all_reached() => {
                Unmeasured::NotReached(format!("{}: {}", cell.name, cell.outcome()))
            }
            Ok(cell) => Unmeasured::NotRun(format!("{} has no number in the column {}", cell.name, self.column)),
        }
    }

    /// Its number in a table.
    fn value(&self, table: &DataFrame) -> Option<f64> {
        let is = |column: &str, row: usize, text: &str| match table.column(column).ok()?.get(row).ok()? {
            AnyValue::String(found) => Some(found == text),
            AnyValue::StringOwned(found) => Some(found.as_str() == text),
            _ => None,
        };
        let is_row = |row: &usize| {
            is(CELL, *row, self.cell) == Some(true)
                && self.panel.is_none_or(|panel| is(PANEL, *row, panel).unwrap_or(panel.is_empty()))
        };
        let row = (0..table.height()).find(is_row)?;
        match table.column(self.column).ok()?.get(row).ok()? {
            AnyValue::Float64(number) => Some(number),
            AnyValue::UInt32(number) => Some(f64::from(number)),
            AnyValue::UInt64(number) => Some(number as f64),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Verdict;
    use crate::figures::convergence::Convergence;
    use record::results::testing::{Made, cell};

    fn claim(that: &str, cells: &[Made]) -> Claim {
        let results: Vec<CellResult> = cells.iter().cloned().map(Made::done).collect();
        let asserted = Asserted { id: "spec.assert.1".into(), that: that.into(), says: None };
        claims(&Convergence, &results, &[asserted]).unwrap().remove(0)
    }

    fn verdict(that: &str, cells: &[Made]) -> (Verdict, bool) {
        let claim = claim(that, cells);
        (claim.verdict, claim.crosses)
    }

    fn two(baseline: f64, gaia: f64) -> [Made; 2] {
        [cell("Baseline").seconds(baseline), cell("Gaia").seconds(gaia)]
    }

    const FASTER: &str = "Gaia.seconds_to_target < 0.4 * Baseline.seconds_to_target";

    #[test]
    fn a_quotient_has_the_factor_as_its_bound() {
        let claim = claim(FASTER, &two(100.0, 30.0));
        assert_eq!((claim.verdict, claim.expected), (Verdict::Holds, Some(Expected::Below(0.4))));
        assert!((claim.measured.unwrap() - 0.3).abs() < 1e-12);
        assert_eq!((claim.says.as_str(), claim.source.as_str(), claim.paper), (FASTER, ASSERTED, None));
        assert_eq!(verdict(FASTER, &two(100.0, 41.0)), (Verdict::Fails, false));
        assert_eq!(verdict("Gaia.seconds_to_target <= Baseline.seconds_to_target", &two(7.0, 7.0)).0, Verdict::Holds);
        assert_eq!(verdict("Gaia.seconds_to_target < Baseline.seconds_to_target", &two(7.0, 7.0)).0, Verdict::Fails);
    }

    #[test]
    fn a_side_without_cells_is_the_bound() {
        let of = |that: &str| {
            let claim = claim(that, &two(100.0, 30.0));
            (claim.verdict, claim.expected.unwrap(), claim.measured.unwrap())
        };
        assert_eq!(of("Gaia.seconds_to_target < 60 / 2"), (Verdict::Fails, Expected::Below(30.0), 30.0));
        assert_eq!(of("31 > Gaia.seconds_to_target"), (Verdict::Holds, Expected::Below(31.0), 30.0));
        let sum = of("(Gaia.seconds_to_target + Baseline.seconds_to_target) / 2 >= 65");
        assert_eq!(sum, (Verdict::Holds, Expected::AtLeast(65.0), 65.0));
    }

    #[test]
    fn what_is_not_positive_is_compared_by_difference() {
        let cells = [cell("A").seconds(10.0), cell("B").seconds(20.0)];
        let claim = claim("A.seconds_to_target > B.seconds_to_target - 40", &cells);
        assert_eq!(
            (claim.verdict, claim.expected, claim.measured),
            (Verdict::Holds, Some(Expected::Above(0.0)), Some(30.0))
        );
    }

    #[test]
    fn ranges_over_seeds_cross_the_bound() {
        let seeds = |gaia: [f64; 2]| {
            let runs = [1, 2].into_iter().zip(gaia);
            runs.flat_map(|(seed, gaia)| two(100.0, gaia).map(|made| made.seed(seed))).collect::<Vec<Made>>()
        };
        let claim = claim(FASTER, &seeds([30.0, 44.0]));
        assert_eq!((claim.verdict, claim.crosses, claim.n), (Verdict::Holds, true, 2));
        assert!((claim.low.unwrap() - 0.30).abs() < 1e-12 && (claim.high.unwrap() - 0.44).abs() < 1e-12);
        assert_eq!(verdict(FASTER, &seeds([30.0, 34.0])), (Verdict::Holds, false));
        assert_eq!(verdict(FASTER, &seeds([50.0, 44.0])), (Verdict::Fails, false));
        // A seed that one of the cells has not run with does not count.
        let mut one_more = seeds([30.0, 34.0]);
        one_more.push(cell("Gaia").seed(3).seconds(9000.0));
        assert_eq!(verdict(FASTER, &one_more), (Verdict::Holds, false));
    }

    #[test]
    fn what_has_no_number_says_why() {
        let [baseline, gaia] = two(100.0, 30.0);
        let never = claim(FASTER, &[baseline.clone(), gaia.clone().never()]);
        assert_eq!((never.verdict, never.measured), (Verdict::Fails, None));
        assert!(never.says.contains("Gaia: target not reached"), "{}", never.says);
        let missing = claim(FASTER, std::slice::from_ref(&gaia));
        assert_eq!((missing.verdict, missing.measured), (Verdict::NotComparable, None));
        assert!(missing.says.contains("Baseline has not run"), "{}", missing.says);
        let invalid = claim(FASTER, &[baseline.clone().fault("late"), gaia.clone()]);
        assert_eq!(invalid.verdict, Verdict::NotComparable);
        let no_price = claim("Gaia.usd_total < 1", &[baseline, gaia]);
        assert!(no_price.says.contains("Gaia has no number in the column usd_total"), "{}", no_price.says);
        assert_eq!(no_price.verdict, Verdict::NotComparable);
    }

    #[test]
    fn cells_of_panels_are_told_apart() {
        let panel = |name: &str, gaia: f64| two(100.0, gaia).map(|made| made.panel(name));
        let cells: Vec<Made> = [panel("MF, full", 30.0), panel("TM", 90.0)].into_iter().flatten().collect();
        let of = |panel: &str| verdict(&format!("{panel}.Gaia.speedup > 2"), &cells).0;
        assert_eq!([of("\"MF, full\""), of("TM")], [Verdict::Holds, Verdict::Fails]);
        let between = verdict("TM.Gaia.seconds_to_target >= 3 * \"MF, full\".Gaia.seconds_to_target", &cells);
        assert_eq!(between.0, Verdict::Holds);
    }

    #[test]
    fn an_assertion_of_another_form_is_an_error() {
        let asserted = Asserted { id: "spec.assert.1".into(), that: "a ~ b".into(), says: None };
        let error = claims(&Convergence, &[], &[asserted]).unwrap_err();
        assert!(error.to_string().contains("spec.assert.1"));
    }
}
