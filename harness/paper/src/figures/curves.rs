//! Curves over time, a frame a panel: the objective of one site's copy (paper Figure 12), or test accuracy.
//!
//! Where all sites agree, one site's copy shows what all of them show; where they drift apart it shows that.

use plotters::prelude::DrawingBackend;
use polars::prelude::{Column, DataFrame, PolarsResult};
use record::numbers::Spread;

use super::DrawError;
use super::axis::Axis;
use super::canvas::{Canvas, FAINT, Rect};
use super::cells::{BASELINE, Cell, by_panel, compared, ended_as_asked, group};
use super::convergence::{
    self, DASHED_TARGET, curve, curve_legend, curve_swatches, objective_axis, targets, time_axis,
};
use super::fig12::least_over_target;
use super::panel::{LEGEND_ROW, Panel, Swatch, legend_rows};
use super::text::{Anchor, fitted};
use super::timebar::{colour, pen, time_unit};
use record::results::{CellResult, Sample};

/// The page's room for frames, between two frames, and left of each for its axis.
const SIDES: (f64, f64) = (8.0, 890.0);
const BETWEEN: f64 = 22.0;
const AXIS_ROOM: f64 = 54.0;
const FRAME_HEIGHT: f64 = 200.0;
const TOP: f64 = 72.0;
/// From the frame to the bottom of the page.
const BELOW: f64 = 48.0;
/// Points of a frame's title.
const TITLE: f64 = 13.0;
/// At most so many frames in a row.
const IN_A_ROW: usize = 3;

/// Where the axis of test accuracy ends, in percent: what is 100 is not taken for leaving through the top.
const ALL_RIGHT: f64 = 104.0;

/// The metric that the figures of image classification show.
pub(super) const TEST_ACCURACY: &str = "test_accuracy";

/// What curves show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The objective of one site's copy, and the target.
    OneCopy,
    /// The share of test images that are told right, up to where the target is reached.
    Accuracy,
}

impl Shown {
    fn of(self) -> fn(&Sample) -> f64 {
        match self {
            Shown::OneCopy => |sample| sample.objective_one_copy,
            Shown::Accuracy => |sample| sample.metrics.get(TEST_ACCURACY).map_or(f64::NAN, |share| 100.0 * share),
        }
    }

    /// Of a frame whose panel has no name.
    fn title(self) -> &'static str {
        match self {
            Shown::OneCopy => "Objective of one site's copy",
            Shown::Accuracy => "Test accuracy",
        }
    }

    fn axis_title(self) -> &'static str {
        match self {
            Shown::OneCopy => "objective, one site's copy",
            Shown::Accuracy => "test accuracy in %",
        }
    }

    /// Time and value.
    fn axes(self, cells: &[&Cell<'_>]) -> (Axis, Axis) {
        let runs = || cells.iter().flat_map(|cell| &cell.runs);
        match self {
            Shown::OneCopy => {
                let slowest = runs().map(|run| run.summary.seconds).filter(|seconds| seconds.is_finite());
                (Axis::linear(0.0, slowest.fold(0.0, f64::max) * 1.03, 5), objective_axis(cells, self.of()))
            }
            Shown::Accuracy => {
                let shares = runs().flat_map(|run| &run.samples).map(self.of()).filter(|share| share.is_finite());
                (time_axis(cells), Axis::linear(0.0, (shares.fold(10.0, f64::max) * 1.08).min(ALL_RIGHT), 5))
            }
        }
    }

    fn legend<'a>(self, cells: &[&'a Cell<'_>]) -> Vec<(Swatch<'static>, &'a str)> {
        let legend = if self == Shown::Accuracy { curve_swatches } else { curve_legend };
        legend(cells, first_pen(cells))
    }
}

/// Where everything is.
#[derive(Debug)]
pub(super) struct Layout {
    shown: Shown,
    /// Where the first row begins on the page.
    begins: f64,
    top: f64,
    frames: usize,
    /// Where the last row ends, in whole points.
    pub(super) height: f64,
}

impl Layout {
    /// For these results, on a page's part from `begins` on.
    pub(super) fn of(results: &[CellResult], shown: Shown, begins: f64) -> Self {
        let cells = group(results);
        let cells = compared(&cells);
        let panels = by_panel(&cells);
        let rows = panels.iter().map(|(_, cells)| legend_rows(width(panels.len()), &shown.legend(cells))).max();
        let top = TOP + rows.unwrap_or(1).saturating_sub(1) as f64 * LEGEND_ROW;
        let lines = panels.len().div_ceil(IN_A_ROW).max(1) as f64;
        let height = (begins + lines * (top + FRAME_HEIGHT + BELOW)).ceil();
        Layout { shown, begins, top, frames: panels.len(), height }
    }

    fn frame(&self, number: usize) -> Rect {
        let (row, column) = (number / IN_A_ROW, number % IN_A_ROW);
        let left = SIDES.0 + column as f64 * (width(self.frames) + AXIS_ROOM + BETWEEN) + AXIS_ROOM;
        let top = self.begins + self.top + row as f64 * (self.top + FRAME_HEIGHT + BELOW);
        Rect { left, top, right: left + width(self.frames), bottom: top + FRAME_HEIGHT }
    }
}

/// The pen of the first curve: where there is no Baseline its pen is left out, so that Gaia looks as in the other figures.
fn first_pen(cells: &[&Cell<'_>]) -> usize {
    usize::from(cells.iter().all(|cell| cell.name != BASELINE))
}

/// Points of one of so many frames.
fn width(frames: usize) -> f64 {
    let columns = frames.clamp(1, IN_A_ROW) as f64;
    ((SIDES.1 - SIDES.0 - BETWEEN * (columns - 1.0)) / columns - AXIS_ROOM).min(520.0)
}

/// The numbers of [`convergence::table`], and how near one site's copy came to the target.
///
/// # Errors
/// As there.
pub(super) fn table(results: &[CellResult]) -> PolarsResult<DataFrame> {
    let mut table = convergence::table(results)?;
    let cells = group(results);
    let least = cells.iter().map(|cell| least_over_target(cell).ok().map(|least| least.mean)).collect::<Vec<_>>();
    table.with_column(Column::new("least_one_copy_over_target".into(), least))?;
    Ok(table)
}

/// The figure.
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
    if cells.is_empty() {
        return draw_panel(canvas, layout, 0, ("", &[]));
    }
    for (number, (name, cells)) in by_panel(&cells).into_iter().enumerate() {
        draw_panel(canvas, layout, number, (name, &cells))?;
    }
    Ok(())
}

fn draw_panel<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    layout: &Layout,
    number: usize,
    (name, cells): (&str, &[&Cell<'_>]),
) -> Result<(), DrawError> {
    let (shown, of) = (layout.shown, layout.shown.of());
    let panel = Panel { frame: layout.frame(number), title: "" };
    let row_top = panel.frame.top - layout.top;
    let title = if name.is_empty() { shown.title().to_owned() } else { name.to_owned() };
    let title = fitted(TITLE, panel.frame.width() + AXIS_ROOM, &title);
    canvas.text((panel.frame.left - 40.0, row_top + 14.0), Anchor::Left, TITLE, super::canvas::INK, &title)?;
    panel.draw_legend_at(canvas, row_top, &shown.legend(cells))?;
    let (x, y) = shown.axes(cells);
    panel.draw_y(canvas, &y, shown.axis_title())?;
    panel.draw_x(canvas, &x, time_unit(cells))?;
    if shown == Shown::OneCopy
        && let Some(at) = Spread::of(&targets(cells)).and_then(|target| panel.y(&y, target.mean))
    {
        canvas.line(&[(panel.frame.left, at), (panel.frame.right, at)], DASHED_TARGET)?;
    }
    for (i, cell) in cells.iter().enumerate() {
        for run in &cell.runs {
            let curves = curve(&panel, &x, &y, &run.samples, of);
            for points in &curves {
                canvas.line(points, pen(first_pen(cells) + i))?;
            }
            let arrives = shown == Shown::Accuracy && cell.unsound.is_none() && ended_as_asked(&run.summary);
            if let Some(end) = curves.last().and_then(|points| points.last()).filter(|_| arrives) {
                canvas.dot(*end, 3.4, colour(first_pen(cells) + i))?;
            }
        }
    }
    if cells.is_empty() {
        canvas.text(
            (panel.frame.left + 10.0, panel.frame.top + 20.0),
            Anchor::Left,
            TITLE,
            FAINT,
            "nothing has run",
        )?;
    }
    Ok(())
}
