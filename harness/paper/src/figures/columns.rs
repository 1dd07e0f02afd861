//! The columns of figures' tables, known without results.

use planning::plan::Kind;
use polars::prelude::{Column, DataType};
use record::results::testing;

use super::figure::Figure;

/// The column of a cell's name in tables.
const CELL: &str = "cell";

impl Figure {
    /// The names of the columns of numbers in the table of this figure, by that of two made-up cells, and the metrics of all workloads; and
    /// `cell` where a row is of a cell. An empty name: of the figure that is drawn where a spec names none. An unknown figure has no columns.
    pub fn columns(name: &str) -> Vec<String> {
        let Ok(figure) = Figure::named(if name.is_empty() { Figure::ALL[0].name } else { name }) else {
            return Vec::new();
        };
        let made = [("Baseline", 812.0), ("Gaia", 300.0)]
            .map(|(cell, seconds)| testing::cell(cell).seconds(seconds).cost([seconds, 2.0, 3.0]).done());
        let table = figure.table(&made).expect("a table can be made of any results");
        let is_number = |column: &&Column| !matches!(column.dtype(), DataType::String | DataType::Boolean);
        let columns = table.columns().iter().filter(|column| column.name() == CELL || is_number(column));
        let mut names: Vec<String> = columns.map(|column| column.name().to_string()).collect();
        let metrics =
            Kind::ALL.iter().flat_map(|kind| kind.about().metrics).map(|metric| metric.measured(0.0).column());
        for name in metrics {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_columns() {
        for figure in Figure::ALL {
            let columns = Figure::columns(figure.name);
            assert_eq!(columns.iter().any(|column| column == CELL), figure.name != "table1", "{}", figure.name);
            for text in ["panel", "system", "network", "outcome", "centralized"] {
                assert!(!columns.iter().any(|column| column == text), "{}: {text}", figure.name);
            }
        }
        for column in ["cell", "seconds_to_target", "usd_total", "held_out_rmse", "test_accuracy_percent"] {
            assert!(Figure::columns("").iter().any(|known| known == column), "{column}");
        }
        assert!(Figure::columns("fig99").is_empty());
    }
}
