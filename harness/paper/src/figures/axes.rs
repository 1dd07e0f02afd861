//! The axes of sweeps as columns of a table, and a table's numbers run by run.

use std::collections::BTreeMap;

use polars::prelude::{AnyValue, Column, DataFrame, PolarsResult};
use record::results::sweep::column;
use record::results::{CellResult, Swept};

use super::form::FigureForm;

/// The bytes between sites of a whole run, in GB as charged: sweeps and runs have it where the figure's table has none.
pub(super) const WAN_GB: &str = "wan_gb";
const PANEL: &str = "panel";
const CELL: &str = "cell";
const SEED: &str = "seed";
const SEEDS: &str = "seeds";

/// The panel and the cell of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    /// Empty in a spec without panels.
    pub(super) panel: String,
    /// Empty in a table of panels.
    pub(super) cell: String,
}

/// One run's numbers.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(super) key: Key,
    pub(super) seed: u64,
    values: BTreeMap<String, AnyValue<'static>>,
}

/// The numbers of a table for every run alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    /// The names of the columns, in the table's order.
    pub(crate) columns: Vec<String>,
    /// By cell, then by seed as the spec has them.
    pub(crate) rows: Vec<Run>,
}

impl Run {
    /// The value in a column; null where this run's table has no such column.
    pub(crate) fn value(&self, column: &str) -> AnyValue<'static> {
        self.values.get(column).cloned().unwrap_or(AnyValue::Null)
    }
}

/// `table` with a column per axis of the sweeps behind the cells' names; as it is where `results` are of no sweep. An axis with the name of a column
/// gets the prefix `sweep_`.
pub(super) fn with_axes(mut table: DataFrame, results: &[CellResult]) -> PolarsResult<DataFrame> {
    let keys = keys(&table);
    let of_row = |key: &Key| swept_of(results, key);
    let mut names: Vec<String> = Vec::new();
    for axis in results.iter().filter_map(|result| result.swept.as_ref()).flat_map(|swept| &swept.axes) {
        if !names.contains(&axis.axis) {
            names.push(axis.axis.clone());
        }
    }
    if names.is_empty() || keys.is_empty() {
        return Ok(table);
    }
    let columns: Vec<String> = table.get_column_names().iter().map(|name| name.to_string()).collect();
    let first = columns.iter().take_while(|name| [PANEL, CELL].contains(&name.as_str())).count();
    for (number, axis) in names.into_iter().enumerate() {
        let plain = column(&axis);
        let name = if columns.contains(&plain) { format!("sweep_{plain}") } else { plain };
        let values: Vec<_> =
            keys.iter().map(|key| of_row(key)?.axes.into_iter().find(|own| own.axis == axis)).collect();
        let are_numbers = values.iter().flatten().all(|value| value.number().is_some());
        let column = if are_numbers {
            let numbers: Vec<Option<f64>> = values.iter().map(|value| value.as_ref()?.number()).collect();
            Column::new(name.into(), numbers)
        } else {
            let texts: Vec<Option<String>> = values.iter().map(|value| Some(value.as_ref()?.text())).collect();
            Column::new(name.into(), texts)
        };
        table.insert_column(first + number, column)?;
    }
    with_wan(table, results)
}

/// `table` with the bytes between sites of whole runs, means over seeds; as it is where it has them, or a row is no cell.
fn with_wan(mut table: DataFrame, results: &[CellResult]) -> PolarsResult<DataFrame> {
    let keys = keys(&table);
    if table.column(WAN_GB).is_ok() || keys.iter().any(|key| key.cell.is_empty()) {
        return Ok(table);
    }
    let mean = |key: &Key| {
        let of_cell = results.iter().filter(|result| is_of(result, key));
        let gb: Vec<f64> = of_cell.map(|result| result.summary.wan_bytes as f64 / 1e9).collect();
        (!gb.is_empty()).then(|| gb.iter().sum::<f64>() / gb.len() as f64)
    };
    table.with_column(Column::new(WAN_GB.into(), keys.iter().map(mean).collect::<Vec<_>>()))?;
    Ok(table)
}

/// The table of plots: that of the form with axes and bytes.
pub(super) fn for_plots(form: &dyn FigureForm, results: &[CellResult]) -> PolarsResult<DataFrame> {
    with_wan(with_axes(form.table(results)?, results)?, results)
}

/// The numbers of a form's table for every run alone: without ranges over seeds, and with the seed in place of their number.
pub(super) fn runs(form: &dyn FigureForm, results: &[CellResult]) -> PolarsResult<Runs> {
    let mut seeds: Vec<u64> = Vec::new();
    for result in results {
        if !seeds.contains(&result.summary.seed) {
            seeds.push(result.summary.seed);
        }
    }
    let mut runs = Runs::default();
    for seed in seeds {
        let of_seed: Vec<CellResult> = results.iter().filter(|result| result.summary.seed == seed).cloned().collect();
        let table = for_plots(form, &of_seed)?;
        let names: Vec<String> = table.get_column_names().iter().map(|name| name.to_string()).collect();
        let is_range = |name: &str| {
            ["_low", "_high"]
                .iter()
                .any(|end| name.strip_suffix(end).is_some_and(|of| names.iter().any(|known| known == of)))
        };
        let kept: Vec<&String> = names.iter().filter(|name| !is_range(name) && *name != SEEDS).collect();
        add_columns(&mut runs.columns, &kept);
        for (row, key) in keys(&table).into_iter().enumerate() {
            let value = |name: &String| Ok((name.clone(), table.column(name)?.get(row)?.into_static()));
            let values = kept.iter().map(|name| value(name)).collect::<PolarsResult<_>>()?;
            runs.rows.push(Run { key, seed, values });
        }
    }
    let at = runs.columns.iter().take_while(|name| [PANEL, CELL].contains(&name.as_str())).count();
    runs.columns.insert(at, SEED.to_owned());
    for run in &mut runs.rows {
        run.values.insert(SEED.to_owned(), AnyValue::UInt64(run.seed));
    }
    let order = keys(&for_plots(form, results)?);
    // A stable sort: the seeds of a cell stay in the spec's order.
    runs.rows.sort_by_key(|run| order.iter().position(|key| *key == run.key));
    Ok(runs)
}

/// Adds the names that are new, each behind the one that it follows here.
fn add_columns(known: &mut Vec<String>, names: &[&String]) {
    let mut behind = 0;
    for name in names {
        match known.iter().position(|other| other == *name) {
            Some(at) => behind = at + 1,
            None => {
                known.insert(behind, (*name).clone());
                behind += 1;
            }
        }
    }
}

/// Panel and cell of every row; none in a table without both.
pub(super) fn keys(table: &DataFrame) -> Vec<Key> {
    let text = |name: &str, row: usize| {
        let value = table.column(name).ok()?.get(row).ok()?;
        value.get_str().map(str::to_owned)
    };
    if table.column(PANEL).is_err() && table.column(CELL).is_err() {
        return Vec::new();
    }
    let key = |row| Key { panel: text(PANEL, row).unwrap_or_default(), cell: text(CELL, row).unwrap_or_default() };
    (0..table.height()).map(key).collect()
}

/// Whether a result is of a row. A table without panels has one row for the cells of a name in all of them.
pub(super) fn is_of(result: &CellResult, key: &Key) -> bool {
    (key.panel.is_empty() || result.panel == key.panel) && (key.cell.is_empty() || result.cell == key.cell)
}

/// The place of a row in the sweeps: of a row of a panel, what all of its cells have.
pub(super) fn swept_of(results: &[CellResult], key: &Key) -> Option<Swept> {
    let mut of_row = results.iter().filter(|result| is_of(result, key)).map(|result| result.swept.clone());
    let mut swept = of_row.next()??;
    for other in of_row {
        let other = other.unwrap_or_default();
        swept.axes.retain(|axis| other.axes.contains(axis));
    }
    Some(swept)
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;
    use record::results::testing::cell;
    use serde_json::json;

    use super::super::convergence::Convergence;
    use super::*;
    use crate::report::table_csv;

    fn gaia(threshold: f64, profile: &str, seed: u64) -> CellResult {
        let axes = [("threshold", json!(threshold)), ("profile", json!(profile))];
        let made = cell(&format!("Gaia {threshold} {profile}")).swept("Gaia", &axes).seed(seed);
        made.seconds(100.0 * threshold + seed as f64).done()
    }

    fn results() -> Vec<CellResult> {
        let of_seed = |seed| {
            [
                cell("Target").sets_target().seed(seed).done(),
                cell("Baseline").seed(seed).done(),
                gaia(0.01, "ec2-all", seed),
                gaia(1.0, "va-ca", seed),
            ]
        };
        [2, 1].into_iter().flat_map(of_seed).collect()
    }

    #[test]
    fn axes_stand_behind_the_cell_and_are_empty_where_a_cell_has_none() {
        let table = with_axes(Convergence.table(&results()).unwrap(), &results()).unwrap();
        let names: Vec<String> = table.get_column_names().iter().take(4).map(|name| name.to_string()).collect();
        assert_eq!(names, ["cell", "threshold", "profile", "system"]);
        let text = String::from_utf8(table_csv(&table).unwrap()).unwrap();
        let begins: Vec<&str> = text.lines().skip(1).map(|line| &line[..line.find(",\"I").unwrap()]).collect();
        assert_eq!(begins, ["Target,,", "Baseline,,", "Gaia 0.01 ec2-all,0.01,ec2-all", "Gaia 1 va-ca,1.0,va-ca"]);
        assert!(text.lines().next().unwrap().ends_with(",wan_gb"));
    }

    #[test]
    fn a_table_without_sweeps_stays_as_it_is() {
        let plain = [cell("Baseline").done(), cell("Gaia").done()];
        let table = Convergence.table(&plain).unwrap();
        assert!(with_axes(table.clone(), &plain).unwrap().equals_missing(&table));
    }

    #[test]
    fn an_axis_with_the_name_of_a_column_has_a_prefix() {
        let result = cell("a").swept("a", &[("system", json!("gaia"))]).done();
        let table = with_axes(df!["cell" => ["a"], "system" => ["Gaia"]].unwrap(), &[result]).unwrap();
        assert_eq!(table.column("sweep_system").unwrap().get(0).unwrap().get_str(), Some("gaia"));
    }

    #[test]
    fn runs_have_a_row_per_cell_and_seed_with_the_numbers_of_that_seed() {
        let runs = runs(&Convergence, &results()).unwrap();
        let rows: Vec<(&str, u64)> = runs.rows.iter().map(|run| (run.key.cell.as_str(), run.seed)).collect();
        let cells = ["Target", "Baseline", "Gaia 0.01 ec2-all", "Gaia 1 va-ca"];
        let expected: Vec<(&str, u64)> = cells.iter().flat_map(|cell| [(*cell, 2), (*cell, 1)]).collect();
        assert_eq!(rows, expected);
        assert_eq!(runs.columns[..4], ["cell", "seed", "threshold", "profile"]);
        assert!(runs.columns.iter().all(|name| !name.ends_with("_low") && name != SEEDS));
        let seconds: Vec<AnyValue<'_>> = runs.rows[6..].iter().map(|run| run.value("seconds_to_target")).collect();
        assert_eq!(seconds, [AnyValue::Float64(102.0), AnyValue::Float64(101.0)]);
    }

    #[test]
    fn columns_of_some_seeds_stand_where_they_stand_there() {
        let mut known: Vec<String> = ["a", "c"].map(str::to_owned).into();
        let names = ["a", "b", "c", "d"].map(str::to_owned);
        add_columns(&mut known, &names.iter().collect::<Vec<_>>());
        assert_eq!(known, names);
    }
}
