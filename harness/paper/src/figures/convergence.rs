//! Time to convergence: the figure of one workload under several systems and networks (paper Figures 8-10, 13-).
//!
//! Three frames: (a) time to the target over Baseline's, with speedups; (b) the objective over virtual time; (c) where
//! the time of a clock goes. A cell that never reached its target is drawn up to where it ended, hatched and with an
//! arrow: its time is a lower bound. With several seeds, bars are means and whiskers run from the least to the greatest.

use polars::prelude::{DataFrame, PolarsResult};
use record::numbers::Spread;

use super::axis::Axis;
use super::bars::SPEEDUPS;
use super::canvas::{Canvas, Direction, HEIGHT, Rect, Span, at};
use super::cells::{self, BASELINE, Cell, baseline, compared, group};
use super::curve::{self, Curves, objective_axis, time_axis};
use super::form::FigureForm;
use super::frame::{Frame, LEGEND_ROW};
use super::labels::{BarNames, ValueLabels};
use super::layers;
use super::legend;
use super::text::fitted;
use super::timebar::{
    TimeBar, arrow, colour, is_of_clocks, pen, seconds_label, seconds_text, seeds_remark, speedup_value, time_unit,
};
use super::times;
use record::results::{CellResult, Sample};

/// The top of every frame below a legend of at most [`TOP_ROWS`] rows, and its height.
const TOP: f64 = 84.0;
const TOP_ROWS: usize = 3;
const FRAME_HEIGHT: f64 = 161.0;
/// Below the deepest bar names.
const MARGIN: f64 = 6.0;
/// The sides of the frames.
const TIMES: Span = Span::new(52.0, 262.0);
const OBJECTIVES: Span = Span::new(342.0, 602.0);
const BREAKDOWNS: Span = Span::new(676.0, 890.0);
/// Room above the highest bar for its level label, as a share of the bar.
const HEADROOM: f64 = 0.16;
/// The same where an arrow and two lines stand on a bar.
const HEADROOM_OF_ARROWS: f64 = 0.42;

/// The question that the figure answers.
pub(super) const QUESTION: &str = "how long does each system take to converge, and where does the time go?";

/// The form: three frames for the cells of a spec without panels; of several panels, the times as bars.
#[derive(Debug)]
pub(super) struct Convergence;

impl FigureForm for Convergence {
    fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        times::table_over(results, BASELINE)
    }

    fn draw(&self, results: &[CellResult]) -> Canvas {
        if results.iter().any(|result| !result.panel.is_empty()) {
            return SPEEDUPS.draw(results);
        }
        let cells = group(results);
        let cells = compared(&cells);
        let placement = Placement::of(&cells);
        let mut canvas = Canvas::new(placement.bottom);
        draw_times(&mut canvas, &placement, &cells);
        draw_objectives(&mut canvas, &placement, &cells);
        draw_breakdowns(&mut canvas, &placement, &cells);
        canvas
    }

    fn references(&self, results: &[CellResult]) -> Vec<String> {
        cells::references(results, BASELINE)
    }
}

/// The places of the frames, by the labels that they need: the same top and bottom for all.
#[derive(Debug)]
struct Placement {
    top: f64,
    names: BarNames,
    /// Of the page, in whole points.
    bottom: f64,
}

impl Placement {
    fn of(cells: &[&Cell<'_>]) -> Self {
        let rows = legend::rows(OBJECTIVES.width(), &curve::legend_with_target(cells, 0));
        let top = TOP + rows.saturating_sub(TOP_ROWS) as f64 * LEGEND_ROW;
        let names: Vec<&str> = cells.iter().map(|cell| cell.shown.as_str()).collect();
        let names = BarNames::of(slot(TIMES, cells.len()), &names, &seconds_labels(cells));
        let bottom = (top + FRAME_HEIGHT + names.depth() + MARGIN).max(HEIGHT + top - TOP).ceil();
        Placement { top, names, bottom }
    }

    fn area(&self, Span { left, right }: Span) -> Rect {
        Rect { left, top: self.top, right, bottom: self.top + FRAME_HEIGHT }
    }
}

fn draw_times(canvas: &mut Canvas, placement: &Placement, cells: &[&Cell<'_>]) {
    let title = if is_of_clocks(cells) { "(a) Time for all clocks" } else { "(a) Time to convergence" };
    let frame = Frame { area: placement.area(TIMES), title };
    frame.draw_title(canvas);
    let base = baseline(cells);
    let name = fitted(12.5, 110.0, base.map_or(BASELINE, |base| base.name));
    let scale = if cells.len() > 1 { format!("{name} = 1; labels: speedup") } else { format!("{name} = 1") };
    frame.draw_remark(canvas, &[scale, seeds_remark(cells)]);
    let times: Vec<Option<Spread>> =
        cells.iter().map(|cell| base.and_then(|base| cell.least_time_over(base))).collect();
    let values: Vec<Vec<String>> =
        cells.iter().zip(&times).map(|(cell, time)| speedup_value(cell, base, time)).collect();
    let labels = ValueLabels::of(slot(TIMES, cells.len()), &values);
    let axis = Axis::linear(0.0, times_end(cells, &times, &values, labels), 5);
    frame.draw_y(canvas, &axis, "normalised time");
    for (i, (cell, time)) in cells.iter().zip(&times).enumerate() {
        let slot = frame.bar(i, cells.len());
        let mut top = frame.area.bottom;
        if let Some(time) = time {
            top = TimeBar { cell, time, colour: colour(i) }.draw(canvas, &frame, &axis, slot);
        }
        labels.draw(canvas, at(slot.middle, top), &values[i]);
    }
    frame.draw_base(canvas);
    placement.names.draw(canvas, &frame, &seconds_labels(cells));
}

/// The end of the axis of frame (a): there is room for the label of every bar.
fn times_end(cells: &[&Cell<'_>], times: &[Option<Spread>], values: &[Vec<String>], labels: ValueLabels) -> f64 {
    let highest = times.iter().flatten().map(|time| time.high).fold(1.0, f64::max);
    match labels.direction() {
        Direction::Rightwards if cells.iter().any(|cell| !cell.all_reached()) => highest * (1.0 + HEADROOM_OF_ARROWS),
        Direction::Rightwards => highest * (1.0 + HEADROOM),
        Direction::Upwards => {
            let ends = cells.iter().zip(times).zip(values).filter_map(|((cell, time), lines)| {
                Some(labels.axis_end(FRAME_HEIGHT, time.as_ref()?.high, arrow(cell), lines))
            });
            ends.fold(highest, f64::max)
        }
    }
}

fn draw_objectives(canvas: &mut Canvas, placement: &Placement, cells: &[&Cell<'_>]) {
    let frame = Frame { area: placement.area(OBJECTIVES), title: "(b) Convergence" };
    frame.draw_title(canvas);
    legend::draw(canvas, &frame, &curve::legend_with_target(cells, 0));
    let of = |sample: &Sample| sample.objective;
    let (x, y) = (time_axis(cells), objective_axis(cells, of));
    frame.draw_y(canvas, &y, "objective");
    frame.draw_x(canvas, &x, time_unit(cells));
    curve::draw_target(canvas, &frame, &y, cells);
    let curves = Curves { frame: &frame, x: &x, y: &y, of };
    for (i, cell) in cells.iter().enumerate() {
        for run in &cell.runs {
            curves.of_run(&run.samples).iter().for_each(|points| canvas.line(points, pen(i)));
        }
    }
    for (i, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.unsound.is_none()) {
        for summary in cell.runs.iter().map(|run| &run.summary) {
            let (Some(seconds), Some(target)) = (summary.seconds_to_target, summary.target) else {
                continue;
            };
            if let (Some(x), Some(y)) = (frame.x(&x, seconds), frame.y(&y, target)) {
                canvas.dot(at(x, y), 3.4, colour(i));
            }
        }
    }
}

fn draw_breakdowns(canvas: &mut Canvas, placement: &Placement, cells: &[&Cell<'_>]) {
    let frame = Frame { area: placement.area(BREAKDOWNS), title: "(c) Where a clock's time goes" };
    frame.draw_title(canvas);
    legend::draw(canvas, &frame, &layers::clock_legend());
    let sums: Vec<f64> = cells.iter().map(|cell| cell.breakdown().sum()).collect();
    let highest = sums.iter().copied().filter(|sum| sum.is_finite()).fold(0.0, f64::max);
    let values: Vec<Vec<String>> = sums.iter().map(|sum| vec![seconds_text(*sum)]).collect();
    let labels = ValueLabels::of(slot(BREAKDOWNS, cells.len()), &values);
    let ends = sums.iter().zip(&values).filter(|(sum, _)| sum.is_finite());
    let end = match labels.direction() {
        Direction::Rightwards => highest * (1.0 + HEADROOM),
        Direction::Upwards => {
            ends.map(|(sum, lines)| labels.axis_end(FRAME_HEIGHT, *sum, 0.0, lines)).fold(0.0, f64::max)
        }
    };
    let axis = Axis::linear(0.0, end, 5);
    frame.draw_y(canvas, &axis, "seconds a clock");
    for (i, cell) in cells.iter().enumerate() {
        let slot = frame.bar(i, cells.len());
        let top = layers::draw(canvas, &frame, &axis, slot, layers::of_clock(&cell.breakdown(), 1.0));
        if cell.fault().is_some() {
            let (left, right) = (slot.middle - slot.half, slot.middle + slot.half);
            canvas.cross(Rect { left, top, right, bottom: frame.area.bottom });
        }
        labels.draw(canvas, at(slot.middle, top), &values[i]);
    }
    frame.draw_base(canvas);
    placement.names.draw(canvas, &frame, &[]);
}

fn seconds_labels(cells: &[&Cell<'_>]) -> Vec<String> {
    cells.iter().map(|cell| seconds_label(cell)).collect()
}

/// Points per bar in a frame.
fn slot(sides: Span, bars: usize) -> f64 {
    sides.width() / bars.max(1) as f64
}
