//! The numbers of a cell that measurements may name: columns of the figure's table, and the parts of a clock.
//!
//! A column belongs to one cell if it is the same when the cell is tabled alone. Normalised times and speedups are not: they depend on
//! another cell, and a ratio of two readings is in their place.

use std::collections::{BTreeMap, BTreeSet};

use paper::figures::Figure;
use planning::plan::Kind;
use polars::prelude::{AnyValue, DataFrame, PolarsResult};
use record::results::metrics::SHARE;
use record::results::{Breakdown, CellResult, testing};

/// Numbers of one cell by column, means over seeds. What was not measured is not there.
pub(crate) type Columns = BTreeMap<String, f64>;

/// Seconds per clock of a run without its first clock, which has no earlier one to overlap with: of a few clocks this is the mean of many.
const AFTER_FIRST: &str = "seconds_per_clock_after_first";
/// The column of a cell's name in tables.
const CELL: &str = "cell";

/// The names of a figure's columns: those of one cell, and those that depend on others.
#[derive(Debug)]
pub(crate) struct Known {
    /// The names that a measurement may give, in the table's order.
    pub(crate) own: Vec<String>,
    /// Columns of ratios to another cell.
    pub(crate) relative: BTreeSet<String>,
}

/// The columns of `figure`, by the table that it makes of two made-up cells.
pub(crate) fn known(figure: &Figure) -> Known {
    let two = [("Baseline", 812.0), ("Gaia", 300.0)]
        .map(|(name, seconds)| testing::cell(name).seconds(seconds).cost([seconds, 2.0, 3.0]).done());
    let columns = |results: &[CellResult]| {
        let table = figure.table(results).expect("tables can be made of any results");
        row(&table, "Gaia").expect("numbers and texts")
    };
    let (together, alone) = (columns(&two), columns(&two[1..]));
    let (own, relative): (Vec<_>, Vec<_>) =
        together.into_iter().partition(|(name, value)| alone.iter().any(|other| other == &(name.clone(), *value)));
    let metrics = Kind::ALL
        .iter()
        .flat_map(|kind| kind.about().metrics)
        .map(|metric| if metric.unit == SHARE { format!("{}_percent", metric.name) } else { metric.name.to_owned() });
    let mut names: Vec<String> = Vec::new();
    let parts = parts(&Breakdown::default()).into_keys();
    for name in own.into_iter().map(|(name, _)| name).chain(metrics).chain([AFTER_FIRST.to_owned()]).chain(parts) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Known { own: names, relative: relative.into_iter().map(|(name, _)| name).collect() }
}

/// The numbers of `cell`, whose runs are in `results`, if need be with those of the cell that sets its target.
///
/// # Errors
/// None with results as runs leave them.
pub(crate) fn of_cell(figure: &Figure, results: &[CellResult], cell: &str) -> PolarsResult<Columns> {
    let mut columns: Columns = row(&figure.table(results)?, cell)?.into_iter().collect();
    let clocks = results.iter().filter(|run| run.cell == cell).map(|run| &run.summary.breakdown);
    columns.extend(parts(&Breakdown::mean(clocks)));
    let after_first: Option<Vec<f64>> = results.iter().filter(|run| run.cell == cell).map(after_first).collect();
    if let Some(seconds) = after_first.filter(|seconds| !seconds.is_empty()) {
        columns.insert(AFTER_FIRST.into(), seconds.iter().sum::<f64>() / seconds.len() as f64);
    }
    columns.retain(|_, value| value.is_finite());
    Ok(columns)
}

/// [`AFTER_FIRST`] of a run. `None` means that it did fewer than two clocks.
fn after_first(run: &CellResult) -> Option<f64> {
    let first = run.samples.iter().find(|sample| sample.clock == 1)?;
    let last = run.samples.last().filter(|last| last.clock > 1)?;
    Some((last.seconds - first.seconds) / f64::from(last.clock - 1))
}

/// The mean parts of a clock: `compute_seconds_per_clock` and so on.
fn parts(breakdown: &Breakdown) -> Columns {
    breakdown.parts().into_iter().map(|(part, seconds)| (format!("{part}_seconds_per_clock"), seconds)).collect()
}

/// The numbers in the row of `cell`; none in a table without one.
fn row(table: &DataFrame, cell: &str) -> PolarsResult<Vec<(String, f64)>> {
    let Ok(names) = table.column(CELL) else { return Ok(Vec::new()) };
    let mut found = None;
    for position in 0..table.height() {
        let is_it = match names.get(position)? {
            AnyValue::String(name) => name == cell,
            AnyValue::StringOwned(name) => name.as_str() == cell,
            _ => false,
        };
        if is_it {
            found = Some(position);
            break;
        }
    }
    let Some(position) = found else { return Ok(Vec::new()) };
    let mut numbers = Vec::new();
    for column in table.columns() {
        let number = match column.get(position)? {
            AnyValue::Float64(number) => number,
            AnyValue::UInt32(number) => f64::from(number),
            AnyValue::UInt64(number) => number as f64,
            _ => continue,
        };
        numbers.push((column.name().to_string(), number));
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_a_cell_are_those_that_need_no_other() {
        for figure in ["convergence", "fig8", "slowdown"] {
            let known = known(&Figure::named(figure).unwrap());
            for name in [
                "seconds_per_clock",
                "seconds_to_target",
                "wire_seconds_per_clock",
                "held_out_rmse",
                "test_accuracy_percent",
            ] {
                assert!(known.own.iter().any(|own| own == name), "{figure}: {name}: {known:?}");
            }
            assert!(
                known.relative.contains("normalised_time") || known.relative.contains("slowdown"),
                "{figure}: {known:?}"
            );
        }
    }

    #[test]
    fn seeds_are_means() {
        let made = |seed, seconds| testing::cell("LAN").seed(seed).seconds(seconds).done();
        let columns = of_cell(&Figure::ALL[0], &[made(1, 380.0), made(2, 760.0)], "LAN").unwrap();
        assert_eq!(columns["seconds_per_clock"], 1.5);
        assert_eq!(columns["compute_seconds_per_clock"], 0.4);
        let samples = [made(1, 380.0), made(2, 760.0)].map(|run| run.samples);
        let after_first = samples.map(|samples| (samples[380].seconds - samples[1].seconds) / 379.0);
        assert!((columns["seconds_per_clock_after_first"] - (after_first[0] + after_first[1]) / 2.0).abs() < 1e-12);
    }
}
