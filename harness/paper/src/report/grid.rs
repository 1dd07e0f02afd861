//! A figure's table as text, for terminals and for the page: one line per column, so that its width is that of the cells.

use polars::prelude::{AnyValue, DataFrame};
use record::aligned::{Side, aligned};
use record::numbers::significant;

/// Longer values are cut in terminals: the page has them whole.
const WIDEST: usize = 34;

/// A column of a table, as a line of text.
pub(super) struct Line {
    pub(super) heading: String,
    /// One per row of the table.
    pub(super) values: Vec<String>,
}

/// A figure's table for terminals. Long words are cut.
pub fn table_text(table: &DataFrame) -> String {
    let cut = |value: String| {
        if value.chars().count() > WIDEST { value.chars().take(WIDEST - 1).chain(['…']).collect() } else { value }
    };
    let row = |line: Line| [line.heading].into_iter().chain(line.values.into_iter().map(cut)).collect();
    let rows: Vec<Vec<String>> = grid(table).into_iter().map(row).collect();
    aligned(&[Side::Left, Side::Right], &rows)
}

/// The columns of a table with their values as text: `x_low` and `x_high` go into `x` where they differ.
pub(super) fn grid(table: &DataFrame) -> Vec<Line> {
    let names: Vec<&str> = table.get_column_names().into_iter().map(|name| name.as_str()).collect();
    let is_range =
        |name: &str| ["_low", "_high"].iter().any(|end| name.strip_suffix(end).is_some_and(|of| names.contains(&of)));
    let shown = names.iter().filter(|name| !is_range(name));
    shown
        .map(|name| {
            let values = (0..table.height()).map(|row| value_text(table, name, row)).collect();
            Line { heading: heading(name), values }
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
            let significant = |value: f64, digits| without_zeros(significant(value, digits));
            match range.filter(|(low, high)| low < high) {
                Some((low, high)) => {
                    format!("{} ({} - {})", significant(mean, 4), significant(low, 4), significant(high, 4))
                }
                None => significant(mean, 4),
            }
        }
        Some(other) => other.to_string(),
    }
}

/// `text` of a number without zeros at the end of its fraction.
fn without_zeros(text: String) -> String {
    if !text.contains('.') || text.contains('e') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `wan_gb_per_clock` as a reader's words.
fn heading(name: &str) -> String {
    let words = name.replace('_', " ").replace("per clock", "a clock");
    let words = words.replace("usd", "USD");
    words.replace("wan", "WAN").replace(" gb", " GB").replace(" mb", " MB").replace("held out rmse", "held-out RMSE")
}
