//! Curves: the objective of one site's copy over time, a frame a panel (paper Figure 12).
//!
//! Where all sites agree, one site's copy shows what all of them show; where they drift apart it shows that.

use plotters::prelude::DrawingBackend;
use polars::prelude::{Column, DataFrame, PolarsResult};

use super::DrawError;
use super::axis::Axis;
use super::canvas::{Canvas, FAINT, Rect};
use super::cells::{BASELINE, Cell, Spread, by_panel, compared, group};
use super::convergence::{self, DASHED_TARGET, curve, curve_legend, objective_axis};
use super::fig12::least_over_target;
use super::panel::{LEGEND_ROW, Panel, legend_rows};
use super::text::{Anchor, fitted};
use super::timebar::{pen, time_unit};
use crate::results::{CellResult, Sample};

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

/// Where everything is.
#[derive(Debug)]
pub(super) struct Layout {
    top: f64,
    frames: usize,
    /// The page's, in whole points.
    pub(super) height: f64,
}

impl Layout {
    /// For these results.
    pub(super) fn of(results: &[CellResult]) -> Self {
        let cells = group(results);
        let cells = compared(&cells);
        let panels = by_panel(&cells);
        let rows = panels
            .iter()
            .map(|(_, cells)| legend_rows(width(panels.len()), &curve_legend(cells, first_pen(cells))))
            .max();
        let top = TOP + rows.unwrap_or(1).saturating_sub(1) as f64 * LEGEND_ROW;
        let lines = panels.len().div_ceil(IN_A_ROW).max(1) as f64;
        Layout { top, frames: panels.len(), height: (lines * (top + FRAME_HEIGHT + BELOW)).ceil() }
    }

    fn frame(&self, number: usize) -> Rect {
        let (row, column) = (number / IN_A_ROW, number % IN_A_ROW);
        let left = SIDES.0 + column as f64 * (width(self.frames) + AXIS_ROOM + BETWEEN) + AXIS_ROOM;
        let top = self.top + row as f64 * (self.top + FRAME_HEIGHT + BELOW);
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
    let of = |sample: &Sample| sample.objective_one_copy;
    let panel = Panel { frame: layout.frame(number), title: "" };
    let row_top = panel.frame.top - layout.top;
    let title = if name.is_empty() { "Objective of one site's copy".to_owned() } else { name.to_owned() };
    let title = fitted(TITLE, panel.frame.width() + AXIS_ROOM, &title);
    canvas.text((panel.frame.left - 40.0, row_top + 14.0), Anchor::Left, TITLE, super::canvas::INK, &title)?;
    panel.draw_legend_at(canvas, row_top, &curve_legend(cells, first_pen(cells)))?;
    let slowest = cells.iter().flat_map(|cell| &cell.runs).map(|run| run.summary.seconds);
    let x = Axis::linear(0.0, slowest.filter(|seconds| seconds.is_finite()).fold(0.0, f64::max) * 1.03, 5);
    let y = objective_axis(cells, of);
    panel.draw_y(canvas, &y, "objective, one site's copy")?;
    panel.draw_x(canvas, &x, time_unit(cells))?;
    let targets: Vec<f64> = cells.iter().flat_map(|cell| &cell.runs).filter_map(|run| run.summary.target).collect();
    if let Some(at) = Spread::of(&targets).and_then(|target| panel.y(&y, target.mean)) {
        canvas.line(&[(panel.frame.left, at), (panel.frame.right, at)], DASHED_TARGET)?;
    }
    for (i, cell) in cells.iter().enumerate() {
        for run in &cell.runs {
            for points in curve(&panel, &x, &y, &run.samples, of) {
                canvas.line(&points, pen(first_pen(cells) + i))?;
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
