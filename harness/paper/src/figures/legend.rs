//! Legends: names next to the marks that they stand for, in as many columns as fit between a frame's title and the frame.

use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas, Hatch, INK, Pen, Rect, at};
use super::frame::{Frame, LEGEND_ROW, LEGEND_Y, OVERHANG, WORDS, draw_area};
use super::text::{fitted, text_width};

/// Sizes of names, best first.
const SIZES: [f64; 5] = [WORDS, 12.0, 11.0, 10.0, 9.0];
/// A mark with the gap behind it, and the gap between columns.
const SWATCH: f64 = 20.0;
const GAP: f64 = 9.0;
/// Sizes are tried until a legend has at most this number of rows.
const ROWS: usize = 2;

/// The mark in front of a name.
#[derive(Clone, Copy)]
pub(super) enum Swatch<'a> {
    /// A line, for curves.
    Line(Pen<'a>),
    /// A filled and hatched rectangle, for bars.
    Area(RGBColor, Hatch),
    /// A disc, for points.
    Dot(RGBColor),
}

/// A name with its mark.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) swatch: Swatch<'a>,
    pub(super) name: &'a str,
}

/// A column: where it begins, and its width, in points.
struct Column {
    offset: f64,
    width: f64,
}

/// The number of rows of a legend over a frame `width` points wide.
pub(super) fn rows(width: f64, entries: &[Entry<'_>]) -> usize {
    entries.len().div_ceil(fit(width + OVERHANG, entries).columns.len())
}

/// A legend above a frame.
pub(super) fn draw(canvas: &mut Canvas, frame: &Frame, entries: &[Entry<'_>]) {
    draw_at(canvas, frame, 0.0, entries);
}

/// The same on a row of frames that begins at `top` points.
pub(super) fn draw_at(canvas: &mut Canvas, frame: &Frame, top: f64, entries: &[Entry<'_>]) {
    let left = frame.area.left - OVERHANG;
    let Fit { size, columns } = fit(frame.area.right - left, entries);
    for (i, entry) in entries.iter().enumerate() {
        let column = &columns[i % columns.len()];
        let x = left + column.offset;
        let y = top + LEGEND_Y + (i / columns.len()) as f64 * LEGEND_ROW;
        match entry.swatch {
            Swatch::Line(pen) => canvas.line(&[at(x, y), at(x + SWATCH - 6.0, y)], pen),
            Swatch::Dot(colour) => canvas.dot(at(x + SWATCH / 2.0 - 3.0, y), 4.0, colour),
            Swatch::Area(colour, hatch) => {
                let area = Rect { left: x, top: y - 6.0, right: x + SWATCH - 7.0, bottom: y + 6.0 };
                draw_area(canvas, area, colour, hatch);
            }
        }
        // A column is as wide as its widest entry, which rounding must not cut.
        let name = fitted(size, column.width - SWATCH + 0.01, entry.name);
        canvas.text(at(x + SWATCH, y), Anchor::Left, size, INK, &name);
    }
}

/// The size of names, and the columns.
struct Fit {
    size: f64,
    columns: Vec<Column>,
}

/// The best size that has few rows, or else the best that cuts no name.
fn fit(room: f64, entries: &[Entry<'_>]) -> Fit {
    let columns = |size: f64| columns(room, size, entries);
    let short = |size: &f64| entries.len().div_ceil(columns(*size).len()) <= ROWS;
    let uncut = |size: &f64| {
        let columns = columns(*size);
        let widths = columns.iter().map(|column| column.width).cycle();
        entries.iter().zip(widths).all(|(entry, width)| SWATCH + text_width(*size, entry.name) <= width)
    };
    let sizes = || SIZES.into_iter();
    let size = sizes().take(3).find(short).or_else(|| sizes().find(uncut)).unwrap_or(SIZES[1]);
    Fit { size, columns: columns(size) }
}

/// As many columns as fit in `room`, each as wide as its widest entry.
fn columns(room: f64, size: f64, entries: &[Entry<'_>]) -> Vec<Column> {
    let widths: Vec<f64> = entries.iter().map(|entry| SWATCH + text_width(size, entry.name)).collect();
    let widest = |columns: usize| -> Vec<f64> {
        let column = |column: usize| widths.iter().skip(column).step_by(columns).copied().fold(0.0, f64::max);
        (0..columns).map(column).collect()
    };
    let fits = |columns: &usize| widest(*columns).iter().sum::<f64>() + GAP * (*columns as f64 - 1.0) <= room;
    // Names that are too long for two columns are cut to fit in two.
    let half = (room - GAP) / 2.0;
    let widths = (2..=entries.len()).rev().find(fits).map_or(vec![half; 2], widest);
    let mut offset = 0.0;
    let mut placed = Vec::new();
    for width in widths {
        placed.push(Column { offset, width });
        offset += width + GAP;
    }
    placed
}
