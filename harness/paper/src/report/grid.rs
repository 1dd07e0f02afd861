//! A figure's table as text, for terminals and for the page: one line per column, so that its width is that of the cells.

use std::collections::BTreeMap;

use polars::prelude::{AnyValue, DataFrame};
use record::aligned::{Side, aligned};
use record::numbers::significant;
use record::results::CellResult;
use record::results::metrics::in_words;

/// Longer values are cut in terminals: the page has them whole.
const WIDEST: usize = 34;

/// A column of a table, as a line of text.
pub(super) struct Line {
    pub(super) heading: String,
    /// One per row of the table.
    pub(super) values: Vec<String>,
}

/// Titles of the columns that hold metrics, by the columns' names. Other columns are their names in words.
#[derive(Clone, Debug, Default)]
pub struct Titles(BTreeMap<String, String>);

impl Titles {
    /// Those of the metrics that any of `cells` has.
    pub(super) fn of(cells: &[CellResult]) -> Self {
        let metrics = cells.iter().flat_map(|cell| &cell.summary.metrics);
        Titles(metrics.map(|metric| (metric.column(), metric.title())).collect())
    }

    fn title(&self, column: &str) -> String {
        self.0.get(column).cloned().unwrap_or_else(|| in_words(column))
    }
}

/// A figure's table for terminals. Long values are cut.
pub(super) fn table_text(table: &DataFrame, titles: &Titles) -> String {
    let cut = |value: String| {
        if value.chars().count() > WIDEST { value.chars().take(WIDEST - 1).chain(['…']).collect() } else { value }
    };
    let row = |line: Line| [line.heading].into_iter().chain(line.values.into_iter().map(cut)).collect();
    let rows: Vec<Vec<String>> = grid(table, titles).into_iter().map(row).collect();
    aligned(&[Side::Left, Side::Right], &rows)
}

/// The columns of a table with their values as text: `x_low` and `x_high` go into `x` where they differ.
pub(super) fn grid(table: &DataFrame, titles: &Titles) -> Vec<Line> {
    let names: Vec<&str> = table.get_column_names().into_iter().map(|name| name.as_str()).collect();
    let is_range =
        |name: &str| ["_low", "_high"].iter().any(|end| name.strip_suffix(end).is_some_and(|of| names.contains(&of)));
    let shown = names.iter().filter(|name| !is_range(name));
    shown
        .map(|name| {
            let values = (0..table.height()).map(|row| value_text(table, name, row)).collect();
            Line { heading: titles.title(name), values }
        })
        .collect()
}

fn value_text(table: &DataFrame, name: &str, row: usize) -> String {
    let value = |name: &str| table.column(name).ok().and_then(|column| column.get(row).ok());
    let number = |name: &str| match value(name) {
        Some(AnyValue::Float64(number)) => Some(number),
        _ => None,
    };
    match value(name) {
        None | Some(AnyValue::Null) => "-".into(),
        Some(AnyValue::String(text)) => text.to_owned(),
        Some(AnyValue::StringOwned(text)) => text.to_string(),
        Some(AnyValue::Float64(mean)) => {
            let range = number(&format!("{name}_low")).zip(number(&format!("{name}_high")));
            number_text(mean, range)
        }
        Some(other) => other.to_string(),
    }
}

/// A number with four significant digits, and its range over seeds where that is not one value: `38.53 (35.42 - 41.65)`.
pub(crate) fn number_text(mean: f64, range: Option<(f64, f64)>) -> String {
    let text = |value: f64| without_zeros(significant(value, 4));
    match range.filter(|(low, high)| low < high) {
        Some((low, high)) => format!("{} ({} - {})", text(mean), text(low), text(high)),
        None => text(mean),
    }
}

/// `text` of a number without zeros at the end of its fraction.
fn without_zeros(text: String) -> String {
    if !text.contains('.') || text.contains('e') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use planning::workload::list::Kind;
    use record::results::testing::cell;
    use record::results::{Better, Measured};

    #[test]
    fn every_metric_of_every_workload_has_a_title_that_says_its_unit_and_direction() {
        let metrics = Kind::ALL.iter().flat_map(|kind| kind.about().metrics).map(|metric| metric.measured(1.0));
        let metrics: Vec<Measured> = metrics.collect();
        let result = |metric: &Measured| {
            let mut result = cell("Gaia").done();
            result.summary.metrics = vec![metric.clone()];
            result
        };
        let titles = Titles::of(&metrics.iter().map(result).collect::<Vec<_>>());
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        for metric in &metrics {
            let title = titles.title(&metric.column());
            assert!(!title.contains('_') && !title.contains("percent") && !title.contains("share"), "{title}");
            assert!(title.starts_with(&in_words(&metric.name)), "{title}");
            assert_eq!(title.contains("lower is better"), metric.better == Better::Lower, "{title}");
            assert_eq!(title.contains("higher is better"), metric.better == Better::Higher, "{title}");
            let other = known.insert(title.clone(), &metric.name);
            assert!(other.is_none_or(|other| other == metric.name), "{title} is that of {other:?}, too");
        }
        assert!(!known.is_empty());
    }

    #[test]
    fn a_column_that_is_no_metric_is_its_name_in_words() {
        let titles = Titles::of(&[cell("Gaia").done()]);
        assert_eq!(titles.title("held_out_rmse"), "held-out RMSE (stars, lower is better)");
        assert_eq!(titles.title("wan_mb_per_clock_actual"), "WAN MB per clock actual");
    }
}
