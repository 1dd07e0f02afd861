//! Curves over time, one frame per panel: the objective of one site's copy (paper Figure 12), or test accuracy.
//!
//! If all sites agree, one site's copy shows the curve of all of them; if they drift apart, it shows that.

use polars::prelude::{Column, DataFrame, PolarsResult};

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, FAINT, INK, Rect, Span, at};
use super::cells::{self, BASELINE, Cell, OfPanel, by_panel, compared, ended_as_asked, group};
use super::curve::{self, Curves, objective_axis, time_axis};
use super::form::FigureForm;
use super::frame::{Frame, LEGEND_ROW};
use super::legend::{self, Entry};
use super::text::fitted;
use super::timebar::{colour, pen, time_unit};
use super::times;
use record::results::{CellResult, Sample};

/// The page's room for frames, between two frames, and left of each for its axis.
const SIDES: Span = Span::new(8.0, 890.0);
const BETWEEN: f64 = 22.0;
const AXIS_ROOM: f64 = 54.0;
const FRAME_HEIGHT: f64 = 200.0;
const TOP: f64 = 72.0;
/// From the frame to the bottom of the page.
const BELOW: f64 = 48.0;
/// Points of a frame's title.
const TITLE: f64 = 13.0;
/// The most frames in a row.
const IN_A_ROW: usize = 3;

/// The end of the axis of test accuracy, in percent: a curve at 100 does not seem to leave through the top.
const ALL_RIGHT: f64 = 104.0;

/// The metric that the figures of image classification show.
pub(super) const TEST_ACCURACY: &str = "test_accuracy";

/// The form: curves of one number of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CurvesOverTime {
    /// The objective of one site's copy, and the target.
    OneCopy,
    /// The share of test images that are classified right, up to where the target is reached.
    Accuracy,
}

/// The axes of a frame.
struct Axes {
    time: Axis,
    value: Axis,
}

impl FigureForm for CurvesOverTime {
    /// The table of times; for one site's copy also how near it came to the target.
    fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        let mut table = times::table_over(results, BASELINE)?;
        if *self == CurvesOverTime::OneCopy {
            let least = |cell: &Cell<'_>| cell.least_one_copy_over_target().ok().map(|least| least.mean);
            let least: Vec<Option<f64>> = group(results).iter().map(least).collect();
            table.with_column(Column::new("least_one_copy_over_target".into(), least))?;
        }
        Ok(table)
    }

    fn draw(&self, results: &[CellResult]) -> Canvas {
        let placement = self.place(results, 0.0);
        let mut canvas = Canvas::new(placement.bottom);
        self.draw_at(&mut canvas, &placement, results);
        canvas
    }

    fn references(&self, results: &[CellResult]) -> Vec<String> {
        cells::references(results, BASELINE)
    }
}

impl CurvesOverTime {
    /// The places of the frames, on the part of a page that begins at `begins` points.
    pub(super) fn place(self, results: &[CellResult], begins: f64) -> Placement {
        let cells = group(results);
        let cells = compared(&cells);
        let panels = by_panel(&cells);
        let rows = panels.iter().map(|of| legend::rows(width(panels.len()), &self.legend(&of.cells))).max();
        let top = TOP + rows.unwrap_or(1).saturating_sub(1) as f64 * LEGEND_ROW;
        let lines = panels.len().div_ceil(IN_A_ROW).max(1) as f64;
        let bottom = (begins + lines * (top + FRAME_HEIGHT + BELOW)).ceil();
        Placement { begins, top, frames: panels.len(), bottom }
    }

    /// The frames on a page that may have more above them.
    pub(super) fn draw_at(self, canvas: &mut Canvas, placement: &Placement, results: &[CellResult]) {
        let cells = group(results);
        let cells = compared(&cells);
        if cells.is_empty() {
            self.draw_frame(canvas, placement, 0, "", &[]);
        }
        for (number, OfPanel { panel, cells }) in by_panel(&cells).into_iter().enumerate() {
            self.draw_frame(canvas, placement, number, panel, &cells);
        }
    }

    fn draw_frame(self, canvas: &mut Canvas, placement: &Placement, number: usize, panel: &str, cells: &[&Cell<'_>]) {
        let frame = Frame { area: placement.area(number), title: "" };
        let row_top = frame.area.top - placement.top;
        let title = if panel.is_empty() { self.title() } else { panel };
        let title = fitted(TITLE, frame.area.width() + AXIS_ROOM, title);
        canvas.text(at(frame.area.left - 40.0, row_top + 14.0), Anchor::Left, TITLE, INK, &title);
        legend::draw_at(canvas, &frame, row_top, &self.legend(cells));
        let Axes { time, value } = self.axes(cells);
        frame.draw_y(canvas, &value, self.axis_title());
        frame.draw_x(canvas, &time, time_unit(cells));
        if self == CurvesOverTime::OneCopy {
            curve::draw_target(canvas, &frame, &value, cells);
        }
        let curves = Curves { frame: &frame, x: &time, y: &value, of: self.of() };
        for (i, cell) in cells.iter().enumerate() {
            for run in &cell.runs {
                let pieces = curves.of_run(&run.samples);
                pieces.iter().for_each(|points| canvas.line(points, pen(first_pen(cells) + i)));
                let has_dot =
                    self == CurvesOverTime::Accuracy && cell.unsound.is_none() && ended_as_asked(&run.summary);
                if let Some(end) = pieces.last().and_then(|points| points.last()).filter(|_| has_dot) {
                    canvas.dot(*end, 3.4, colour(first_pen(cells) + i));
                }
            }
        }
        if cells.is_empty() {
            let place = at(frame.area.left + 10.0, frame.area.top + 20.0);
            canvas.text(place, Anchor::Left, TITLE, FAINT, "nothing has run");
        }
    }

    fn of(self) -> fn(&Sample) -> f64 {
        match self {
            CurvesOverTime::OneCopy => |sample| sample.objective_one_copy,
            CurvesOverTime::Accuracy => {
                |sample| sample.metrics.get(TEST_ACCURACY).map_or(f64::NAN, |share| 100.0 * share)
            }
        }
    }

    /// Of a frame whose panel has no name.
    fn title(self) -> &'static str {
        match self {
            CurvesOverTime::OneCopy => "Objective of one site's copy",
            CurvesOverTime::Accuracy => "Test accuracy",
        }
    }

    fn axis_title(self) -> &'static str {
        match self {
            CurvesOverTime::OneCopy => "objective, one site's copy",
            CurvesOverTime::Accuracy => "test accuracy in %",
        }
    }

    fn axes(self, cells: &[&Cell<'_>]) -> Axes {
        let runs = || cells.iter().flat_map(|cell| &cell.runs);
        match self {
            CurvesOverTime::OneCopy => {
                let slowest = runs().map(|run| run.summary.seconds).filter(|seconds| seconds.is_finite());
                let time = Axis::linear(0.0, slowest.fold(0.0, f64::max) * 1.03, 5);
                Axes { time, value: objective_axis(cells, self.of()) }
            }
            CurvesOverTime::Accuracy => {
                let shares = runs().flat_map(|run| &run.samples).map(self.of()).filter(|share| share.is_finite());
                let value = Axis::linear(0.0, (shares.fold(10.0, f64::max) * 1.08).min(ALL_RIGHT), 5);
                Axes { time: time_axis(cells), value }
            }
        }
    }

    fn legend<'a>(self, cells: &[&'a Cell<'_>]) -> Vec<Entry<'a>> {
        match self {
            CurvesOverTime::OneCopy => curve::legend_with_target(cells, first_pen(cells)),
            CurvesOverTime::Accuracy => curve::legend(cells, first_pen(cells)),
        }
    }
}

/// The places of the frames on the page.
#[derive(Debug)]
pub(super) struct Placement {
    /// The start of the first row.
    begins: f64,
    /// From the beginning of a row to its frames.
    top: f64,
    frames: usize,
    /// The end of the last row, in whole points.
    pub(super) bottom: f64,
}

impl Placement {
    fn area(&self, number: usize) -> Rect {
        let (row, column) = (number / IN_A_ROW, number % IN_A_ROW);
        let left = SIDES.left + column as f64 * (width(self.frames) + AXIS_ROOM + BETWEEN) + AXIS_ROOM;
        let top = self.begins + self.top + row as f64 * (self.top + FRAME_HEIGHT + BELOW);
        Rect { left, top, right: left + width(self.frames), bottom: top + FRAME_HEIGHT }
    }
}

/// The pen of the first curve: where there is no Baseline its pen is left out, so that Gaia looks as in the other figures.
fn first_pen(cells: &[&Cell<'_>]) -> usize {
    usize::from(cells.iter().all(|cell| cell.name != BASELINE))
}

/// Points of each of `frames` frames.
fn width(frames: usize) -> f64 {
    let columns = frames.clamp(1, IN_A_ROW) as f64;
    ((SIDES.width() - BETWEEN * (columns - 1.0)) / columns - AXIS_ROOM).min(520.0)
}
