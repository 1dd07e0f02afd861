//! Time to convergence: the figure of one workload under several systems and networks (paper Figures 8-10, 13-).
//!
//! Three panels: (a) time to the target over Baseline's, with speedups; (b) the objective over virtual time; (c) where
//! the time of a clock goes. A cell that never reached its target is drawn up to where it ended, hatched and with an
//! arrow: it takes at least so long. With several seeds, bars are means and whiskers run from the least to the greatest.

use plotters::prelude::DrawingBackend;
use polars::prelude::{Column, DataFrame, PolarsResult, df};
use record::numbers::Spread;

use super::DrawError;
use super::axis::{Axis, round_below};
use super::canvas::{Canvas, FAINT, HEIGHT, PART_COLOURS, PART_HATCHES, Pen, Rect};
use super::cells::{BASELINE, Cell, baseline, by_panel, compared, group, named_or_first};
use super::labels::{BarNames, Form, ValueLabels};
use super::measure::Measures;
use super::panel::{LEGEND_ROW, Panel, Swatch, draw_area, legend_rows};
use super::text::fitted;
use super::timebar::{
    arrow, colour, draw_time, is_of_clocks, pen, seconds_label, seconds_text, seeds_remark, speedup_value, time_unit,
};
use crate::claims::{Claim, Context};
use record::results::{Breakdown, CellResult, Measured, Sample, Summary};

/// The top of every frame below a legend of at most so many rows, and its height.
const TOP: f64 = 84.0;
const TOP_ROWS: usize = 3;
const FRAME_HEIGHT: f64 = 161.0;
/// Below the deepest bar names.
const MARGIN: f64 = 6.0;
/// Left and right of the frames of the panels.
const TIMES: (f64, f64) = (52.0, 262.0);
const OBJECTIVES: (f64, f64) = (342.0, 602.0);
const BREAKDOWNS: (f64, f64) = (676.0, 890.0);
/// Room above the highest bar for its level label, as a share of the bar.
const HEADROOM: f64 = 0.16;
/// The same where an arrow and two lines stand on a bar.
const HEADROOM_OF_ARROWS: f64 = 0.42;
/// Ranges wider than this ratio are drawn on a logarithmic axis.
const WIDE_OBJECTIVES: f64 = 20.0;
const WIDE_TIMES: f64 = 10.0;
pub(super) const DASHED_TARGET: Pen<'static> = Pen { colour: FAINT, width: 1.2, dash: &[4.0, 3.0] };

/// What the figure asks.
pub(super) const QUESTION: &str = "how long does each system take to converge, and where does the time go?";

/// The one thing that can be said of any cells, as a claim of this name.
pub(super) fn same_target(id: &'static str, results: &[CellResult]) -> Vec<Claim> {
    Measures::of(results).same_target(id, &Context::of(results)).into_iter().collect()
}

/// One row a cell: what the bars, the curves and the claims stand on. `_low` and `_high` run over seeds.
///
/// # Errors
/// None with columns of equal length, which these are.
pub(super) fn table(results: &[CellResult]) -> PolarsResult<DataFrame> {
    table_over(results, BASELINE)
}

/// The same, with times over those of the cell called `reference` in each panel.
///
/// # Errors
/// As [`table`].
pub(super) fn table_over(results: &[CellResult], reference: &str) -> PolarsResult<DataFrame> {
    let cells = group(results);
    let compared = compared(&cells);
    let panels = by_panel(&compared);
    let base = |cell: &Cell<'_>| {
        let (_, cells) = panels.iter().find(|(panel, _)| *panel == cell.panel)?;
        named_or_first(cells, reference)
    };
    let text = |of: &dyn Fn(&Cell<'_>) -> String| cells.iter().map(of).collect::<Vec<String>>();
    let mean = |of: &dyn Fn(&Cell<'_>) -> Option<Spread>| {
        cells.iter().map(|cell| of(cell).map(|spread| spread.mean)).collect::<Vec<_>>()
    };
    let low = |of: &dyn Fn(&Cell<'_>) -> Option<Spread>| {
        cells.iter().map(|cell| of(cell).map(|spread| spread.low)).collect::<Vec<_>>()
    };
    let high = |of: &dyn Fn(&Cell<'_>) -> Option<Spread>| {
        cells.iter().map(|cell| of(cell).map(|spread| spread.high)).collect::<Vec<_>>()
    };
    let seconds = |cell: &Cell<'_>| cell.seconds_to_target();
    let normalised = |cell: &Cell<'_>| base(cell).and_then(|base| cell.time_over(base));
    let speedup = |cell: &Cell<'_>| normalised(cell).map(|spread| spread.inverse());
    let mut table = df![
        "cell" => text(&|cell| cell.name.to_owned()),
        "system" => text(&|cell| cell.runs[0].manifest.system.clone()),
        "network" => text(&|cell| cell.runs[0].manifest.profile.clone()),
        "seeds" => cells.iter().map(|cell| cell.runs.len() as u32).collect::<Vec<_>>(),
        "outcome" => text(&|cell| cell.outcome()),
        "seconds_to_target" => mean(&seconds),
        "seconds_to_target_low" => low(&seconds),
        "seconds_to_target_high" => high(&seconds),
        "normalised_time" => mean(&normalised),
        "normalised_time_low" => low(&normalised),
        "normalised_time_high" => high(&normalised),
        "speedup" => mean(&speedup),
        "speedup_low" => low(&speedup),
        "speedup_high" => high(&speedup),
        "clocks" => mean(&|cell| cell.spread(|s| Some(f64::from(s.clocks_to_target.unwrap_or(s.clocks))))),
        "seconds_per_clock" => mean(&|cell| cell.spread(|s| Some(s.seconds / f64::from(s.clocks.max(1))))),
        "wan_gb_per_clock" => mean(&|cell| cell.spread(|s| Some(s.wan_bytes_per_clock / 1e9))),
        "wan_mb_per_clock_actual" =>
            mean(&|cell| cell.spread(|s| Some(s.wan_bytes_actual as f64 / 1e6 / f64::from(s.clocks.max(1))))),
        "insignificant_percent" => mean(&|cell| cell.spread(|s| s.insignificant.map(|share| share * 100.0))),
        "touched_percent" => mean(&|cell| cell.spread(|s| s.held.map(|held| held.touched * 100.0))),
        "final_objective" => mean(&|cell| cell.spread(|s| Some(s.last_objective))),
    ]?;
    if panels.iter().any(|(panel, _)| !panel.is_empty()) {
        table.insert_column(0, Column::new("panel".into(), text(&|cell| cell.panel.to_owned())))?;
    }
    let mut add = |name: &str, of: &dyn Fn(&Summary) -> Option<f64>| {
        table.with_column(Column::new(name.into(), mean(&|cell| cell.spread(of)))).map(drop)
    };
    // The metrics of the results' workloads, in the order in which they come.
    let mut metrics: Vec<&Measured> = Vec::new();
    for metric in results.iter().flat_map(|result| &result.summary.metrics) {
        if metrics.iter().all(|known| known.name != metric.name) {
            metrics.push(metric);
        }
    }
    for metric in metrics {
        add(&metric.column(), &|s| s.metrics.iter().find(|own| own.name == metric.name)?.in_column())?;
    }
    if results.iter().any(|result| result.summary.held.is_some()) {
        add("held_amount_percent", &|s| s.held.map(|held| held.of_amount * 100.0))?;
    }
    if results.iter().any(|result| result.summary.cost.is_some()) {
        add("usd_machine_compute", &|s| s.cost.as_ref().map(|cost| cost.machine_compute))?;
        add("usd_machine_network", &|s| s.cost.as_ref().map(|cost| cost.machine_network))?;
        add("usd_communication", &|s| s.cost.as_ref().map(|cost| cost.communication))?;
        add("usd_total", &|s| s.cost.as_ref().map(|cost| cost.total))?;
    }
    Ok(table)
}

/// Where the panels are, by the labels that they need: the same top and bottom for all.
#[derive(Debug)]
pub(super) struct Layout {
    top: f64,
    names: BarNames,
    /// The page's, in whole points.
    pub(super) height: f64,
}

impl Layout {
    /// For these results.
    pub(super) fn of(results: &[CellResult]) -> Self {
        let cells = group(results);
        let cells = compared(&cells);
        let rows = legend_rows(OBJECTIVES.1 - OBJECTIVES.0, &curve_legend(&cells, 0));
        let top = TOP + rows.saturating_sub(TOP_ROWS) as f64 * LEGEND_ROW;
        let names: Vec<&str> = cells.iter().map(|cell| cell.shown.as_str()).collect();
        let names = BarNames::of(slot(TIMES, cells.len()), &names, &seconds_labels(&cells));
        let height = (top + FRAME_HEIGHT + names.depth() + MARGIN).max(HEIGHT + top - TOP).ceil();
        Layout { top, names, height }
    }

    fn frame(&self, (left, right): (f64, f64)) -> Rect {
        Rect { left, top: self.top, right, bottom: self.top + FRAME_HEIGHT }
    }
}

/// The three panels.
///
/// # Errors
/// [`DrawError`] when the backend fails.
pub(super) fn draw<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    layout: &Layout,
    results: &[CellResult],
) -> Result<(), DrawError> {
    let cells = group(results);
    let cells = compared(&cells);
    draw_times(canvas, layout, &cells)?;
    draw_objectives(canvas, layout, &cells)?;
    draw_breakdowns(canvas, layout, &cells)
}

fn draw_times<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    layout: &Layout,
    cells: &[&Cell<'_>],
) -> Result<(), DrawError> {
    let title = if is_of_clocks(cells) { "(a) Time for all clocks" } else { "(a) Time to convergence" };
    let panel = Panel { frame: layout.frame(TIMES), title };
    panel.draw_title(canvas)?;
    let base = baseline(cells);
    let name = fitted(12.5, 110.0, base.map_or(BASELINE, |base| base.name));
    let scale = if cells.len() > 1 { format!("{name} = 1; labels: speedup") } else { format!("{name} = 1") };
    panel.draw_remark(canvas, &[scale, seeds_remark(cells)])?;
    let bars: Vec<Option<Spread>> = cells.iter().map(|cell| base.and_then(|base| cell.least_time_over(base))).collect();
    let values: Vec<Vec<String>> = cells.iter().zip(&bars).map(|(cell, bar)| speedup_value(cell, base, bar)).collect();
    let labels = ValueLabels::of(slot(TIMES, cells.len()), &values);
    let axis = Axis::linear(0.0, times_end(cells, &bars, &values, labels), 5);
    panel.draw_y(canvas, &axis, "normalised time")?;
    for (i, (cell, bar)) in cells.iter().zip(&bars).enumerate() {
        let (x, half) = panel.bar(i, cells.len());
        let mut top = panel.frame.bottom;
        if let Some(bar) = bar {
            draw_time(canvas, &panel, &axis, (cell, bar), (x, half), colour(i))?;
            top = panel.y(&axis, bar.high).unwrap_or(top) - arrow(cell);
        }
        labels.draw(canvas, (x, top), &values[i])?;
    }
    panel.draw_base(canvas)?;
    layout.names.draw(canvas, &panel, &seconds_labels(cells))
}

/// Where the axis of panel (a) ends: there is room for the label of every bar.
fn times_end(cells: &[&Cell<'_>], bars: &[Option<Spread>], values: &[Vec<String>], labels: ValueLabels) -> f64 {
    let highest = bars.iter().flatten().map(|bar| bar.high).fold(1.0, f64::max);
    match labels.form() {
        Form::Level if cells.iter().any(|cell| !cell.all_reached()) => highest * (1.0 + HEADROOM_OF_ARROWS),
        Form::Level => highest * (1.0 + HEADROOM),
        Form::Upright => {
            let ends = cells.iter().zip(bars).zip(values).filter_map(|((cell, bar), lines)| {
                Some(labels.axis_end(FRAME_HEIGHT, bar.as_ref()?.high, arrow(cell), lines))
            });
            ends.fold(highest, f64::max)
        }
    }
}

fn draw_objectives<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    layout: &Layout,
    cells: &[&Cell<'_>],
) -> Result<(), DrawError> {
    let panel = Panel { frame: layout.frame(OBJECTIVES), title: "(b) Convergence" };
    panel.draw_title(canvas)?;
    panel.draw_legend(canvas, &curve_legend(cells, 0))?;
    let of = |sample: &Sample| sample.objective;
    let (x, y) = (time_axis(cells), objective_axis(cells, of));
    panel.draw_y(canvas, &y, "objective")?;
    panel.draw_x(canvas, &x, time_unit(cells))?;
    if let Some(at) = Spread::of(&targets(cells)).and_then(|target| panel.y(&y, target.mean)) {
        canvas.line(&[(panel.frame.left, at), (panel.frame.right, at)], DASHED_TARGET)?;
    }
    for (i, cell) in cells.iter().enumerate() {
        for run in &cell.runs {
            for points in curve(&panel, &x, &y, &run.samples, of) {
                canvas.line(&points, pen(i))?;
            }
        }
    }
    for (i, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.unsound.is_none()) {
        for summary in cell.runs.iter().map(|run| &run.summary) {
            let (Some(seconds), Some(target)) = (summary.seconds_to_target, summary.target) else {
                continue;
            };
            if let (Some(x), Some(y)) = (panel.x(&x, seconds), panel.y(&y, target)) {
                canvas.dot((x, y), 3.4, colour(i))?;
            }
        }
    }
    Ok(())
}

fn draw_breakdowns<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    layout: &Layout,
    cells: &[&Cell<'_>],
) -> Result<(), DrawError> {
    let panel = Panel { frame: layout.frame(BREAKDOWNS), title: "(c) Where a clock's time goes" };
    panel.draw_title(canvas)?;
    let parts = Breakdown::default().parts();
    let legend: Vec<(Swatch<'_>, &str)> =
        parts.iter().enumerate().map(|(i, (name, _))| (part_swatch(i), *name)).collect();
    panel.draw_legend(canvas, &legend)?;
    let sums: Vec<f64> = cells.iter().map(|cell| cell.breakdown().sum()).collect();
    let highest = sums.iter().copied().filter(|sum| sum.is_finite()).fold(0.0, f64::max);
    let values: Vec<Vec<String>> = sums.iter().map(|sum| vec![seconds_text(*sum)]).collect();
    let labels = ValueLabels::of(slot(BREAKDOWNS, cells.len()), &values);
    let ends = sums.iter().zip(&values).filter(|(sum, _)| sum.is_finite());
    let end = match labels.form() {
        Form::Level => highest * (1.0 + HEADROOM),
        Form::Upright => ends.map(|(sum, lines)| labels.axis_end(FRAME_HEIGHT, *sum, 0.0, lines)).fold(0.0, f64::max),
    };
    let axis = Axis::linear(0.0, end, 5);
    panel.draw_y(canvas, &axis, "seconds a clock")?;
    for (i, cell) in cells.iter().enumerate() {
        let (x, half) = panel.bar(i, cells.len());
        let mut below = 0.0;
        let parts = cell.breakdown().parts().into_iter().enumerate();
        for (part, (_, seconds)) in parts.filter(|(_, (_, seconds))| seconds.is_finite()) {
            let (Some(bottom), Some(top)) = (panel.y(&axis, below), panel.y(&axis, below + seconds)) else {
                continue;
            };
            below += seconds;
            // Thinner than its outline it would be a line of no colour.
            if bottom - top >= 0.5 {
                let area = Rect { left: x - half, top, right: x + half, bottom };
                draw_area(canvas, area, PART_COLOURS[part], PART_HATCHES[part])?;
            }
        }
        let top = panel.y(&axis, below).unwrap_or(panel.frame.bottom);
        if cell.fault().is_some() {
            canvas.cross(Rect { left: x - half, top, right: x + half, bottom: panel.frame.bottom })?;
        }
        labels.draw(canvas, (x, top), &values[i])?;
    }
    panel.draw_base(canvas)?;
    layout.names.draw(canvas, &panel, &[])
}

/// From the first sample to the end of the slowest run.
pub(super) fn time_axis(cells: &[&Cell<'_>]) -> Axis {
    let ends = |cell: &&Cell<'_>| {
        cell.runs.iter().map(|run| run.summary.seconds).filter(|seconds| seconds.is_finite()).fold(0.0, f64::max)
    };
    let slowest = cells.iter().map(ends).fold(0.0, f64::max);
    let fastest = cells.iter().map(ends).fold(f64::INFINITY, f64::min);
    if fastest > 0.0 && slowest / fastest > WIDE_TIMES {
        // The fastest run's first thirtieth is left out: it would take most of the axis.
        return Axis::logarithmic(round_below(fastest / 30.0), slowest * 1.1);
    }
    Axis::linear(0.0, slowest * 1.03, 5)
}

/// From the lowest objective to the highest at a start: a run that diverges leaves through the top.
pub(super) fn objective_axis(cells: &[&Cell<'_>], of: fn(&Sample) -> f64) -> Axis {
    let runs = || cells.iter().flat_map(|cell| &cell.runs);
    let objectives = runs().flat_map(|run| &run.samples).map(of);
    let targets = runs().filter_map(|run| run.summary.target);
    let starts = runs().map(|run| run.summary.first_objective);
    let low = objectives.chain(targets.clone()).filter(|v| v.is_finite()).fold(f64::INFINITY, f64::min);
    let high = starts.chain(targets).filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
    if low > 0.0 && high / low > WIDE_OBJECTIVES {
        return Axis::logarithmic(low / 1.15, high * 1.15);
    }
    let margin = (high - low) * 0.04;
    // Near zero, zero itself is the better start.
    let start = if low >= 0.0 && low < (high - low) * 0.4 { 0.0 } else { low - margin };
    Axis::linear(start, high + margin, 5)
}

/// A run's curve in points, in pieces where the objective is no number.
pub(super) fn curve(
    panel: &Panel,
    x: &Axis,
    y: &Axis,
    samples: &[Sample],
    of: fn(&Sample) -> f64,
) -> Vec<Vec<(f64, f64)>> {
    let point = |sample: &Sample| Some((panel.x(x, sample.seconds)?, panel.y(y, of(sample))?));
    let mut places: Vec<Option<(f64, f64)>> = samples.iter().map(point).collect();
    // A run that diverges leaves through the top, once.
    let outside = |place: &Option<(f64, f64)>| place.is_some_and(|(_, y)| y <= panel.frame.top);
    for i in (1..places.len()).rev() {
        if outside(&places[i]) && outside(&places[i - 1]) {
            places[i] = None;
        }
    }
    places.split(Option::is_none).map(|piece| piece.iter().flatten().copied().collect()).collect()
}

fn seconds_labels(cells: &[&Cell<'_>]) -> Vec<String> {
    cells.iter().map(|cell| seconds_label(cell)).collect()
}

/// Curves by name, drawn with the pens from `first` on, and the target.
pub(super) fn curve_legend<'a>(cells: &[&'a Cell<'_>], first: usize) -> Vec<(Swatch<'static>, &'a str)> {
    let target = (Swatch::Line(DASHED_TARGET), "target");
    let is_drawn = cells.is_empty() || !targets(cells).is_empty();
    curve_swatches(cells, first).into_iter().chain(is_drawn.then_some(target)).collect()
}

/// Curves by name.
pub(super) fn curve_swatches<'a>(cells: &[&'a Cell<'_>], first: usize) -> Vec<(Swatch<'static>, &'a str)> {
    cells.iter().enumerate().map(|(i, cell)| (Swatch::Line(pen(first + i)), cell.shown.as_str())).collect()
}

/// The targets of the runs, those that may be believed.
pub(super) fn targets(cells: &[&Cell<'_>]) -> Vec<f64> {
    let sound = cells.iter().filter(|cell| cell.unsound.is_none());
    sound.flat_map(|cell| &cell.runs).filter_map(|run| run.summary.target).collect()
}

/// Points a bar in a frame from left to right.
fn slot((left, right): (f64, f64), bars: usize) -> f64 {
    (right - left) / bars.max(1) as f64
}

fn part_swatch(i: usize) -> Swatch<'static> {
    Swatch::Area(PART_COLOURS[i], PART_HATCHES[i])
}
