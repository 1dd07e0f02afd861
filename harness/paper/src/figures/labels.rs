//! Labels of bars: names below them and values above them, laid out for a whole panel at once.
//!
//! Names and values lie level while they fit in their bar's slot at a size that can be read, and stand upright, reading
//! upwards, where they do not. Either way all of a panel's names have one size, and all of its values have one.

use super::canvas::{Anchor, Canvas, Direction, FAINT, INK, PAPER, Point, Rect, at};
use super::frame::Frame;
use super::text::{fitted, text_width, wrapped};

/// Sizes of level names, of level remarks and of level values, best first.
const LEVEL_NAMES: [f64; 3] = [13.0, 12.0, 11.0];
const LEVEL_REMARKS: [f64; 3] = [12.0, 11.0, 10.0];
const LEVEL_VALUES: [f64; 4] = [13.0, 12.0, 11.0, 10.0];
/// Sizes of upright names, best first; remarks next to them are smaller by this factor.
const UPRIGHT_NAMES: [f64; 5] = [13.0, 12.0, 11.0, 10.0, 9.0];
const UPRIGHT_REMARK: f64 = 0.85;
/// Upright values are as large as fit in their slots between these.
const UPRIGHT_VALUES: (f64, f64) = (8.0, 12.0);
/// From line to line of upright text, in sizes.
const UPRIGHT_PITCH: f64 = 1.1;
/// The share of a slot that upright lines fill: what is left sets a bar's lines apart from its neighbours'.
const UPRIGHT_SHARE: f64 = 0.88;
/// Upright names that are longer are broken in two lines, or cut.
const LONGEST: f64 = 130.0;
/// From the frame to level names' middle, and from line to line.
const LEVEL_GAP: f64 = 14.0;
const LEVEL_ROW: f64 = 15.0;
/// From the frame to upright names, and from a bar to an upright value.
const UPRIGHT_GAP: f64 = 7.0;
const VALUE_GAP: f64 = 4.0;
/// An upright value never takes more of the frame's height than this.
const HIGHEST_VALUE: f64 = 0.7;

/// Names below bars with remarks below the names, laid out for every panel that shows the same bars.
#[derive(Debug)]
pub(super) struct BarNames {
    direction: Direction,
    size: f64,
    remark_size: f64,
    /// The lines of each name: one or two.
    names: Vec<Vec<String>>,
    /// The number of points that they reach below the frame.
    depth: f64,
}

impl BarNames {
    /// For bars that have `slot` points each.
    pub(super) fn of(slot: f64, names: &[&str], remarks: &[String]) -> Self {
        Self::level(slot, names, remarks).unwrap_or_else(|| Self::upright(slot, names, remarks))
    }

    /// Names in one line, or in two, then the remarks, if they fit uncut.
    fn level(slot: f64, names: &[&str], remarks: &[String]) -> Option<Self> {
        let room = slot - 3.0;
        let fits = |size| uncut(size, room, names).map(|lines| (size, lines));
        let in_one =
            LEVEL_NAMES.into_iter().filter_map(fits).find(|(_, names)| names.iter().all(|name| name.len() < 2));
        let (size, names) = in_one.or_else(|| LEVEL_NAMES.into_iter().find_map(fits))?;
        let remark_size = LEVEL_REMARKS.into_iter().find(|size| widest(*size, remarks) <= room)?;
        let rows = names.iter().map(Vec::len).max().unwrap_or(1);
        let depth = LEVEL_GAP + rows as f64 * LEVEL_ROW + remark_size / 2.0;
        Some(BarNames { direction: Direction::Rightwards, size, remark_size, names, depth })
    }

    /// Lines side by side, a name's end at its bar; cut only where no size fits.
    fn upright(slot: f64, names: &[&str], remarks: &[String]) -> Self {
        let longest_remark = remarks.iter().max_by_key(|remark| remark.len()).map_or("", String::as_str);
        let beside = |size: &f64, rows: usize| thickness(*size, rows, longest_remark) <= slot * UPRIGHT_SHARE;
        let fits = |size: f64| {
            let names = uncut(size, LONGEST, names)?;
            let rows = names.iter().map(Vec::len).max().unwrap_or(1);
            beside(&size, rows).then_some((size, names))
        };
        let (size, names) = UPRIGHT_NAMES.into_iter().find_map(fits).unwrap_or_else(|| {
            let two_rows = UPRIGHT_NAMES.into_iter().take(3).find(|size| beside(size, 2));
            if let Some(size) = two_rows {
                return (size, names.iter().map(|name| wrapped(size, LONGEST, name)).collect());
            }
            let size = UPRIGHT_NAMES.into_iter().find(|size| beside(size, 1)).unwrap_or(UPRIGHT_VALUES.0);
            (size, names.iter().map(|name| vec![fitted(size, LONGEST, name)]).collect())
        });
        let remark_size = size * UPRIGHT_REMARK;
        let longest = names.iter().map(|lines| widest(size, lines)).fold(widest(remark_size, remarks), f64::max);
        BarNames { direction: Direction::Upwards, size, remark_size, names, depth: UPRIGHT_GAP + longest }
    }

    /// The number of points that the names and remarks reach below the frame.
    pub(super) fn depth(&self) -> f64 {
        self.depth
    }

    /// The names below a panel's bars, with a remark each if there are any.
    pub(super) fn draw(&self, canvas: &mut Canvas, frame: &Frame, remarks: &[String]) {
        for (i, lines) in self.names.iter().enumerate() {
            let (x, bottom) = (frame.bar(i, self.names.len()).middle, frame.area.bottom);
            let remark = remarks.get(i).map_or("", String::as_str);
            match self.direction {
                Direction::Rightwards => self.draw_level(canvas, at(x, bottom + LEVEL_GAP), lines, remark),
                Direction::Upwards => self.draw_upright(canvas, at(x, bottom + UPRIGHT_GAP), lines, remark),
            }
        }
    }

    fn draw_level(&self, canvas: &mut Canvas, Point { x, y }: Point, lines: &[String], remark: &str) {
        for (row, line) in lines.iter().enumerate() {
            canvas.text(at(x, y + row as f64 * LEVEL_ROW), Anchor::Middle, self.size, INK, line);
        }
        // In one row across the panel.
        let rows = self.names.iter().map(Vec::len).max().unwrap_or(1);
        canvas.text(at(x, y + rows as f64 * LEVEL_ROW), Anchor::Middle, self.remark_size, FAINT, remark);
    }

    fn draw_upright(&self, canvas: &mut Canvas, Point { x, y }: Point, lines: &[String], remark: &str) {
        let pitch = self.size * UPRIGHT_PITCH;
        let mut left = x - thickness(self.size, lines.len(), remark) / 2.0;
        for line in lines {
            canvas.text_upwards(at(left + pitch / 2.0, y), Anchor::Right, self.size, INK, line);
            left += pitch;
        }
        let middle = left + self.remark_size * UPRIGHT_PITCH / 2.0;
        canvas.text_upwards(at(middle, y), Anchor::Right, self.remark_size, FAINT, remark);
    }
}

/// The layout of values above a panel's bars.
#[derive(Clone, Copy, Debug)]
pub(super) struct ValueLabels {
    direction: Direction,
    size: f64,
}

impl ValueLabels {
    /// For values of one or more lines each, above bars that have `slot` points each.
    pub(super) fn of(slot: f64, values: &[Vec<String>]) -> Self {
        let room = slot * 0.93;
        match LEVEL_VALUES.into_iter().find(|size| values.iter().all(|lines| widest(*size, lines) <= room)) {
            Some(size) => ValueLabels { direction: Direction::Rightwards, size },
            None => {
                let (least, greatest) = UPRIGHT_VALUES;
                ValueLabels { direction: Direction::Upwards, size: (slot / UPRIGHT_PITCH).clamp(least, greatest) }
            }
        }
    }

    /// The direction in which they read.
    pub(super) fn direction(&self) -> Direction {
        self.direction
    }

    /// The least end of an axis at which an upright value of `lines` fits above a bar of `bar` and `arrow` points, in a
    /// frame of `height` points.
    pub(super) fn axis_end(&self, height: f64, bar: f64, arrow: f64, lines: &[String]) -> f64 {
        let share = (arrow + VALUE_GAP + text_width(self.size, &lines.join(" "))) / height;
        bar / (1.0 - share.min(HIGHEST_VALUE))
    }

    /// The least end of an axis at which a value of `lines`, level or upright, fits above a bar that ends at `bar` with an arrow
    /// of `arrow` points, in a frame of `height` points.
    pub(super) fn end(&self, height: f64, bar: f64, arrow: f64, lines: &[String]) -> f64 {
        if self.direction == Direction::Upwards {
            return self.axis_end(height, bar, arrow, lines);
        }
        let share = (arrow + VALUE_GAP + 6.0 + (self.size + 1.0) * lines.len() as f64) / height;
        bar / (1.0 - share.min(HIGHEST_VALUE))
    }

    /// A value above a bar, just above `y`: level lines one over the other, upright ones in one.
    pub(super) fn draw(&self, canvas: &mut Canvas, Point { x, y }: Point, lines: &[String]) {
        let size = self.size;
        if self.direction == Direction::Upwards {
            let line = lines.join(" ");
            let (bottom, half) = (y - VALUE_GAP, size / 2.0);
            // Over the grid.
            let top = bottom - text_width(size, &line);
            canvas.fill(Rect { left: x - half, top, right: x + half, bottom }, PAPER);
            canvas.text_upwards(at(x, bottom), Anchor::Left, size, INK, &line);
            return;
        }
        for (row, line) in lines.iter().rev().enumerate() {
            let y = y - 9.0 - row as f64 * (size + 1.0);
            let half = text_width(size, line) / 2.0;
            canvas.fill(Rect { left: x - half, top: y - size / 2.0, right: x + half, bottom: y + size / 2.0 }, PAPER);
            canvas.text(at(x, y), Anchor::Middle, size, INK, line);
        }
    }
}

/// Every name in one or two lines of `room` points, if none must be cut.
fn uncut(size: f64, room: f64, names: &[&str]) -> Option<Vec<Vec<String>>> {
    names
        .iter()
        .map(|name| {
            let lines = wrapped(size, room, name);
            let cut = lines.last().is_some_and(|line| line.ends_with('…') && !name.ends_with('…'));
            (!cut).then_some(lines)
        })
        .collect()
}

fn widest(size: f64, lines: &[String]) -> f64 {
    lines.iter().map(|line| text_width(size, line)).fold(0.0, f64::max)
}

/// The width of upright lines and a remark side by side, in points.
fn thickness(size: f64, rows: usize, remark: &str) -> f64 {
    let remark = if remark.is_empty() { 0.0 } else { UPRIGHT_REMARK };
    size * UPRIGHT_PITCH * (rows as f64 + remark)
}
