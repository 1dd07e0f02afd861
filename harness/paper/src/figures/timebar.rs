//! The marks of time to convergence: bars with whiskers and arrows, what stands on and below them, the pens of cells.

use plotters::style::RGBColor;
use record::numbers::{Spread, fixed, significant};

use super::axis::Axis;
use super::canvas::{CELL_COLOURS, CELL_DASHES, Canvas, Hatch, INK, PAPER, Pen, Rect, at};
use super::cells::Cell;
use super::frame::{Frame, Slot, draw_area};

/// Points that an arrow takes.
const ARROW: f64 = 13.0;

/// The time of a cell, as a multiple of the reference's.
pub(super) struct TimeBar<'a> {
    pub(super) cell: &'a Cell<'a>,
    pub(super) time: &'a Spread,
    pub(super) colour: RGBColor,
}

impl TimeBar<'_> {
    /// The bar, with a whisker over seeds; hatched and with an arrow when the target was not reached; crossed out when a run
    /// must not be believed. Returns where it ends, arrow included.
    pub(super) fn draw(&self, canvas: &mut Canvas, frame: &Frame, axis: &Axis, slot: Slot) -> f64 {
        let TimeBar { cell, time, colour } = self;
        let y = |value: f64| frame.y_or_bottom(axis, value);
        let x = slot.middle;
        let area = Rect {
            left: x - slot.half,
            top: y(time.mean).min(frame.area.bottom - 0.8),
            right: x + slot.half,
            bottom: frame.area.bottom,
        };
        if cell.all_reached() {
            draw_area(canvas, area, *colour, Hatch::None);
        } else {
            draw_area(canvas, area, PAPER, Hatch::None);
            canvas.hatch(area, Hatch::Rising, *colour);
            let (tip, pen) = (y(time.high) - 11.0, Pen::solid(INK, 1.3));
            canvas.line(&[at(x, area.top), at(x, tip)], pen);
            canvas.line(&[at(x - 3.5, tip + 5.0), at(x, tip), at(x + 3.5, tip + 5.0)], pen);
        }
        if cell.fault().is_some() {
            canvas.cross(area);
        }
        if time.high > time.low {
            frame.draw_whisker(canvas, axis, x, time.low, time.high);
        }
        y(time.high) - arrow(cell)
    }
}

/// Points that the arrow on a cell's bar takes.
pub(super) fn arrow(cell: &Cell<'_>) -> f64 {
    if cell.all_reached() { 0.0 } else { ARROW }
}

/// The label on a bar over `reference`'s: the number of times that the cell is faster, or the reason why it has none.
pub(super) fn speedup_value(cell: &Cell<'_>, reference: Option<&Cell<'_>>, bar: &Option<Spread>) -> Vec<String> {
    value(cell, reference, bar, |bar| {
        // It is the reference that did not get there: the cell is faster by more.
        let at_least = if reference.is_some_and(|reference| !reference.all_reached()) { ">" } else { "" };
        format!("{at_least}{}x", significant(bar.inverse().mean, 2))
    })
}

/// The same for slowdowns: how many times slower the cell is.
pub(super) fn slowdown_value(cell: &Cell<'_>, reference: Option<&Cell<'_>>, bar: &Option<Spread>) -> Vec<String> {
    value(cell, reference, bar, |bar| {
        let at_most = if reference.is_some_and(|reference| !reference.all_reached()) { "<" } else { "" };
        format!("{at_most}{}", significant(bar.mean, 2))
    })
}

fn value(
    cell: &Cell<'_>,
    reference: Option<&Cell<'_>>,
    bar: &Option<Spread>,
    says: impl Fn(&Spread) -> String,
) -> Vec<String> {
    match (reference, bar) {
        _ if cell.fault().is_some() => cell.fault().into_iter().map(str::to_owned).collect(),
        _ if cell.unsound.is_some() && cell.has_target() => vec!["no".into(), "target".into()],
        (Some(reference), Some(_)) if cell.all_reached() && std::ptr::eq(cell, reference) => vec![String::new()],
        (Some(_), Some(bar)) if cell.all_reached() => vec![says(bar)],
        (Some(_), Some(_)) => missed(cell).to_vec(),
        _ => vec!["no time".into()],
    }
}

/// The reason why there is no number, in two lines.
fn missed(cell: &Cell<'_>) -> [String; 2] {
    match (cell.reached(), cell.outcome().as_str()) {
        (0, "diverged") => ["it".into(), "diverged".into()],
        (0, _) => ["not".into(), "reached".into()],
        (some, _) => [format!("{some} of {}", cell.runs.len()), "reached".into()],
    }
}

/// The cell's time below its bar: `128 s`, `> 573 s`.
pub(super) fn seconds_label(cell: &Cell<'_>) -> String {
    let at_least = if cell.all_reached() { "" } else { "> " };
    cell.least_seconds().map(|seconds| format!("{at_least}{}", seconds_text(seconds.mean))).unwrap_or_default()
}

/// `0.64 s`, `17.3 s`, `1,210 s`.
pub(super) fn seconds_text(seconds: f64) -> String {
    match seconds.abs() {
        0.0..10.0 => format!("{seconds:.2} s"),
        10.0..100.0 => format!("{seconds:.1} s"),
        100.0..1e12 => format!("{} s", fixed(seconds, 0)),
        _ => significant(seconds, 3),
    }
}

/// Whether times are of the clocks that were to be done, for want of a target.
pub(super) fn is_of_clocks(cells: &[&Cell<'_>]) -> bool {
    !cells.is_empty() && !cells.iter().any(|cell| cell.has_target())
}

/// The unit of times: virtual seconds, of the paper's scale where any cell has similitude.
pub(super) fn time_unit(cells: &[&Cell<'_>]) -> &'static str {
    let scaled = cells.iter().flat_map(|cell| &cell.runs).any(|run| run.manifest.similitude.of.is_some());
    if scaled { "virtual seconds at the paper's scale" } else { "virtual seconds" }
}

/// The number of seeds, if there are several.
pub(super) fn seeds_remark(cells: &[&Cell<'_>]) -> String {
    match cells.iter().map(|cell| cell.runs.len()).max() {
        Some(seeds) if seeds > 1 => format!("mean and range of {seeds} seeds"),
        _ => String::new(),
    }
}

/// The colour of the cell of this number.
pub(super) fn colour(i: usize) -> RGBColor {
    CELL_COLOURS[i % CELL_COLOURS.len()]
}

/// Its pen: where colours come again, dashes differ.
pub(super) fn pen(i: usize) -> Pen<'static> {
    let dash = CELL_DASHES[(i + i / CELL_COLOURS.len() * 2) % CELL_DASHES.len()];
    Pen { colour: colour(i), width: 1.9, dash }
}
