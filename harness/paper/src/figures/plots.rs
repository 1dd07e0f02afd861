//! Plots of any column over any axis of a sweep, or over another column: what the spec's `plot` asks for.
//!
//! [`data`] makes the points of a plot from the table, [`draw`] places the frames and draws them.

mod data;
mod draw;

use polars::prelude::PolarsResult;
use record::results::{CellResult, Plot, PlotAxis, PlotForm};

use super::axes::{self, WAN_GB};
use super::canvas::Canvas;
use super::form::FigureForm;

/// A plot of this ratio from the least to the greatest value of its axis has a logarithmic one, where the spec does not ask.
const WIDE: f64 = 20.0;

/// The page of plots of a form's numbers.
///
/// # Errors
/// None with a form's tables.
pub(super) fn page(form: &dyn FigureForm, plots: &[Plot], results: &[CellResult]) -> PolarsResult<Canvas> {
    let (table, runs) = (axes::for_plots(form, results)?, axes::runs(form, results)?);
    let data: Vec<data::Data> = plots.iter().map(|plot| data::of(plot, &table, &runs, results)).collect();
    Ok(draw::page(&data))
}

/// The plots of a spec that asks for none and names no figure: time and bytes over its first axis of numbers. Empty without such an axis.
pub(super) fn default_of(results: &[CellResult]) -> Vec<Plot> {
    let axes = || results.iter().filter_map(|result| result.swept.as_ref()).flat_map(|swept| &swept.axes);
    let values =
        |name: &str| axes().filter(|axis| axis.axis == name).map(|axis| axis.number()).collect::<Option<Vec<f64>>>();
    let Some((name, values)) = axes().find_map(|axis| Some((&axis.axis, values(&axis.axis)?))) else {
        return Vec::new();
    };
    let (least, most) =
        values.iter().fold((f64::INFINITY, 0.0), |(least, most), value| (value.min(least), value.max(most)));
    let log = if least > 0.0 && most / least >= WIDE { vec![PlotAxis::X] } else { Vec::new() };
    let has_target = results.iter().any(|result| result.summary.target.is_some());
    let time = if has_target { "seconds_to_target" } else { "seconds_per_clock" };
    let plot = |y: &str| Plot {
        title: String::new(),
        x: name.clone(),
        y: y.to_owned(),
        series: Vec::new(),
        log: log.clone(),
        form: PlotForm::Lines,
    };
    vec![plot(time), plot(WAN_GB)]
}

#[cfg(test)]
mod tests;
