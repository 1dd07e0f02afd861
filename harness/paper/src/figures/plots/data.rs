//! The points of a plot: rows of the table by series, with their ranges over seeds.
//!
//! A name is that of an axis, else of a column. Cells that have not the axis across are levels: lines over the whole frame. Series are told apart by
//! what the plot names, then by every other axis that differs, so that no line goes through two points of one value.

use std::collections::BTreeMap;

use polars::prelude::{AnyValue, DataFrame};
use record::numbers::Spread;
use record::results::metrics::in_words;
use record::results::sweep::column;
use record::results::{Better, CellResult, Measured, Plot, PlotAxis, PlotForm, sound};

use super::super::axes::{Key, Runs, is_of, keys, swept_of};

/// A plot, ready to be drawn.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) title: String,
    pub(super) form: PlotForm,
    pub(super) x: Side,
    pub(super) y: Side,
    /// In the order in which they come in the table.
    pub(super) series: Vec<Series>,
    /// The cells without a number in one of the columns.
    pub(super) without: Vec<String>,
    /// Why there is nothing to draw, such as a name that the table has not.
    pub(super) problem: Option<String>,
}

/// An axis of the plot.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) title: String,
    pub(super) is_log: bool,
    /// The names along the axis; empty: it has numbers.
    pub(super) names: Vec<String>,
    /// Whether greater values are better.
    pub(super) is_better_above: bool,
}

/// Points of one colour.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) name: String,
    /// By x.
    pub(super) points: Vec<Point>,
    /// Cells without the axis across.
    pub(super) levels: Vec<Value>,
}

/// A cell.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) x: Value,
    pub(super) y: Value,
    /// The values of the axes that its series does not say.
    pub(super) label: String,
}

/// A number with its range over seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// A cell's row in the table.
struct Row {
    number: usize,
    key: Key,
    /// The names in the spec as written.
    panel: String,
    cell: String,
    axes: BTreeMap<String, AnyValue<'static>>,
    /// The names of its axes in the spec's order.
    order: Vec<String>,
}

/// What a plot is made of.
struct Source<'a> {
    table: &'a DataFrame,
    runs: &'a Runs,
    rows: Vec<Row>,
}

/// The points of `plot`.
pub(super) fn of(plot: &Plot, table: &DataFrame, runs: &Runs, results: &[CellResult]) -> Data {
    let source = Source { table, runs, rows: rows(table, results) };
    let (mut x, y) = (source.side(&plot.x, results), source.side(&plot.y, results));
    let title = if plot.title.is_empty() { format!("{} by {}", y.title, x.title) } else { plot.title.clone() };
    let names = [&plot.x, &plot.y].into_iter().chain(&plot.series);
    let problem = names
        .filter(|name| !source.rows.is_empty() && !source.has(name))
        .map(|name| format!("no axis or column `{name}`"))
        .next();
    let by = source.series_by(plot);
    if source.rows.iter().any(|row| source.number(row, &plot.x).is_none() && source.text(row, &plot.x).is_some()) {
        for row in &source.rows {
            let text = source.text(row, &plot.x).filter(|text| !x.names.contains(text));
            x.names.extend(text);
        }
    }
    let (mut series, mut without): (Vec<Series>, Vec<String>) = (Vec::new(), Vec::new());
    for row in &source.rows {
        let name = source.series_name(row, &by);
        let at = series.iter().position(|known| known.name == name).unwrap_or_else(|| {
            series.push(Series { name, points: Vec::new(), levels: Vec::new() });
            series.len() - 1
        });
        let own = &mut series[at];
        let across = match x.names.is_empty() {
            true => source.value(row, &plot.x),
            false => source.text(row, &plot.x).and_then(|text| {
                let place = x.names.iter().position(|name| *name == text)? as f64;
                Some(Value { mean: place, low: place, high: place })
            }),
        };
        let has_axis = source.text(row, &plot.x).is_some() || !source.is_axis(&plot.x);
        match (across, source.value(row, &plot.y)) {
            (Some(x), Some(y)) => own.points.push(Point { x, y, label: source.label(row, &by, plot) }),
            (None, Some(y)) if !has_axis && plot.form == PlotForm::Lines => own.levels.push(y),
            _ => without.push(row.key.name()),
        }
    }
    for series in &mut series {
        series.points.sort_by(|a, b| a.x.mean.total_cmp(&b.x.mean));
    }
    series.retain(|series| !series.points.is_empty() || !series.levels.is_empty());
    let is_log = |axis| plot.log.contains(&axis);
    (x.is_log, without) = (is_log(PlotAxis::X) && x.names.is_empty(), without);
    Data { title, form: plot.form, x, y: Side { is_log: is_log(PlotAxis::Y), ..y }, series, without, problem }
}

impl Key {
    fn name(&self) -> String {
        record::results::name_in_spec(&self.panel, &self.cell)
    }
}

/// The rows of cells that are compared: not those that set a target.
fn rows(table: &DataFrame, results: &[CellResult]) -> Vec<Row> {
    let row = |(number, key): (usize, Key)| {
        let mut of_row = results.iter().filter(|result| is_of(result, &key)).peekable();
        of_row.peek()?;
        if of_row.all(|result| sound::sets_target(&result.summary)) {
            return None;
        }
        let swept = swept_of(results, &key);
        let (panel, cell) = match &swept {
            Some(swept) => (swept.panel.clone(), swept.cell.clone()),
            None => (key.panel.clone(), key.cell.clone()),
        };
        let mut axes = BTreeMap::new();
        let mut order = Vec::new();
        for axis in swept.iter().flat_map(|swept| &swept.axes) {
            let value = match axis.number() {
                Some(number) => AnyValue::Float64(number),
                None => AnyValue::StringOwned(axis.text().into()),
            };
            order.push(axis.axis.clone());
            axes.insert(axis.axis.clone(), value);
        }
        Some(Row { number, key, panel, cell, axes, order })
    };
    keys(table).into_iter().enumerate().filter_map(row).collect()
}

impl Source<'_> {
    /// The axis of this name, also where it is written as a column.
    fn axis(&self, name: &str) -> Option<&str> {
        let mut all = self.rows.iter().flat_map(|row| &row.order).map(String::as_str);
        all.find(|axis| *axis == name || column(axis) == name)
    }

    fn is_axis(&self, name: &str) -> bool {
        self.axis(name).is_some()
    }

    fn has(&self, name: &str) -> bool {
        self.is_axis(name) || self.table.column(name).is_ok()
    }

    /// The value of an axis or a column.
    fn any(&self, row: &Row, name: &str) -> Option<AnyValue<'static>> {
        if let Some(axis) = self.axis(name) {
            return row.axes.get(axis).cloned();
        }
        let value = self.table.column(name).ok()?.get(row.number).ok()?.into_static();
        (!value.is_null()).then_some(value)
    }

    fn text(&self, row: &Row, name: &str) -> Option<String> {
        let value = self.any(row, name)?;
        let written = || number(&value).map_or_else(|| value.to_string(), |number| number.to_string());
        Some(value.get_str().map_or_else(written, str::to_owned))
    }

    fn number(&self, row: &Row, name: &str) -> Option<f64> {
        self.any(row, name).and_then(|value| number(&value))
    }

    /// The number in the table, with the range of those of single seeds.
    fn value(&self, row: &Row, name: &str) -> Option<Value> {
        let mean = self.number(row, name).filter(|mean| mean.is_finite())?;
        if self.is_axis(name) {
            return Some(Value { mean, low: mean, high: mean });
        }
        let of_row = self.runs.rows.iter().filter(|run| run.key == row.key);
        let seeds: Vec<f64> =
            of_row.filter_map(|run| number(&run.value(name))).filter(|value| value.is_finite()).collect();
        let Spread { low, high, .. } = Spread::of(&seeds).unwrap_or(Spread { n: 1, mean, low: mean, high: mean });
        Some(Value { mean, low: low.min(mean), high: high.max(mean) })
    }

    fn side(&self, name: &str, results: &[CellResult]) -> Side {
        let metrics = results.iter().flat_map(|result| &result.summary.metrics);
        let metric: Option<&Measured> = metrics.into_iter().find(|metric| metric.column() == name);
        Side {
            title: metric.map_or_else(|| in_words(&column(name)), Measured::title),
            is_better_above: metric.is_some_and(|metric| metric.better == Better::Higher) || name == "speedup",
            ..Side::default()
        }
    }

    /// The axes and columns by which series are told apart.
    fn series_by(&self, plot: &Plot) -> Vec<String> {
        let mut by: Vec<String> = plot.series.iter().map(|name| self.axis(name).unwrap_or(name).to_owned()).collect();
        if plot.form == PlotForm::Scatter {
            return by;
        }
        for row in &self.rows {
            for axis in &row.order {
                let is_across = self.axis(&plot.x) == Some(axis);
                if !is_across && !by.contains(axis) && self.differs(axis) {
                    by.push(axis.clone());
                }
            }
        }
        by
    }

    /// Whether an axis has two values in the table.
    fn differs(&self, axis: &str) -> bool {
        let mut texts = self.rows.iter().filter_map(|row| self.text(row, axis));
        let first = texts.next();
        texts.any(|text| Some(&text) != first.as_ref())
    }

    /// Panel and cell as written where they differ or nothing else names the series, then the values.
    fn series_name(&self, row: &Row, by: &[String]) -> String {
        let mut words: Vec<&str> = Vec::new();
        if self.rows.iter().any(|other| other.panel != row.panel) {
            words.push(&row.panel);
        }
        let values: Vec<String> = by.iter().filter_map(|name| self.in_words(row, name)).collect();
        if values.is_empty() || self.rows.iter().any(|other| other.cell != row.cell) {
            words.push(&row.cell);
        }
        words.extend(values.iter().map(String::as_str));
        words.retain(|word| !word.is_empty());
        if words.is_empty() { row.key.name() } else { words.join(" ") }
    }

    /// The axes of a cell that neither its series nor the axis across says.
    fn label(&self, row: &Row, by: &[String], plot: &Plot) -> String {
        let is_said = |axis: &String| {
            by.contains(axis) || [&plot.x, &plot.y].into_iter().any(|name| self.axis(name) == Some(axis))
        };
        let own: Vec<String> = row
            .order
            .iter()
            .filter(|axis| !is_said(axis) && self.differs(axis))
            .filter_map(|axis| self.text(row, axis))
            .collect();
        own.join(" ")
    }

    /// A text as it is, a number behind its name.
    fn in_words(&self, row: &Row, name: &str) -> Option<String> {
        let text = self.text(row, name)?;
        let is_number = self.number(row, name).is_some();
        Some(if is_number { format!("{} {text}", in_words(&column(name))) } else { text })
    }
}

fn number(value: &AnyValue<'_>) -> Option<f64> {
    match value {
        AnyValue::Float64(number) => Some(*number),
        AnyValue::UInt32(number) => Some(f64::from(*number)),
        AnyValue::UInt64(number) => Some(*number as f64),
        _ => None,
    }
}
