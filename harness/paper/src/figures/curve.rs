//! Curves over virtual time: axes, lines and legends.

use super::axis::{Axis, round_below};
use super::canvas::{Canvas, FAINT, Pen, Point, at};
use super::cells::Cell;
use super::frame::Frame;
use super::legend::{Entry, Swatch};
use super::timebar::pen;
use record::numbers::Spread;
use record::results::Sample;

/// Ranges wider than this ratio are drawn on a logarithmic axis.
const WIDE_OBJECTIVES: f64 = 20.0;
const WIDE_TIMES: f64 = 10.0;
/// The line of a target.
const DASHED_TARGET: Pen<'static> = Pen { colour: FAINT, width: 1.2, dash: &[4.0, 3.0] };

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

/// Curves in a frame: their axes, and which number of a sample they show.
pub(super) struct Curves<'a> {
    pub(super) frame: &'a Frame,
    pub(super) x: &'a Axis,
    pub(super) y: &'a Axis,
    pub(super) of: fn(&Sample) -> f64,
}

impl Curves<'_> {
    /// A run's curve in points, in pieces where its number is NaN.
    pub(super) fn of_run(&self, samples: &[Sample]) -> Vec<Vec<Point>> {
        let Curves { frame, x, y, of } = self;
        let point = |sample: &Sample| Some(at(frame.x(x, sample.seconds)?, frame.y(y, of(sample))?));
        let mut places: Vec<Option<Point>> = samples.iter().map(point).collect();
        // A run that diverges leaves through the top, once.
        let outside = |place: &Option<Point>| place.is_some_and(|place| place.y <= frame.area.top);
        for i in (1..places.len()).rev() {
            if outside(&places[i]) && outside(&places[i - 1]) {
                places[i] = None;
            }
        }
        places.split(Option::is_none).map(|piece| piece.iter().flatten().copied().collect()).collect()
    }
}

/// Curves by name, drawn with the pens from `first` on, and the target.
pub(super) fn legend_with_target<'a>(cells: &[&'a Cell<'_>], first: usize) -> Vec<Entry<'a>> {
    let target = Entry { swatch: Swatch::Line(DASHED_TARGET), name: "target" };
    let is_drawn = cells.is_empty() || !targets(cells).is_empty();
    legend(cells, first).into_iter().chain(is_drawn.then_some(target)).collect()
}

/// Curves by name, drawn with the pens from `first` on.
pub(super) fn legend<'a>(cells: &[&'a Cell<'_>], first: usize) -> Vec<Entry<'a>> {
    let entry = |(i, cell): (usize, &&'a Cell<'_>)| Entry { swatch: Swatch::Line(pen(first + i)), name: &cell.shown };
    cells.iter().enumerate().map(entry).collect()
}

/// The line of the targets' mean, if there is one.
pub(super) fn draw_target(canvas: &mut Canvas, frame: &Frame, y: &Axis, cells: &[&Cell<'_>]) {
    if let Some(y) = Spread::of(&targets(cells)).and_then(|target| frame.y(y, target.mean)) {
        frame.draw_across(canvas, y, DASHED_TARGET);
    }
}

/// The targets of the runs, those that may be believed.
fn targets(cells: &[&Cell<'_>]) -> Vec<f64> {
    let sound = cells.iter().filter(|cell| cell.unsound.is_none());
    sound.flat_map(|cell| &cell.runs).filter_map(|run| run.summary.target).collect()
}
