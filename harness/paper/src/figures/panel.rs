//! A panel: its title, its legend, its frame with axes, and what is shared by the marks inside.
//!
//! The legend lies between the title and the frame, never over the data.

use plotters::prelude::{DrawingBackend, RGBColor};

use super::DrawError;
use super::axis::Axis;
use super::canvas::{Canvas, FAINT, GRID, Hatch, INK, Pen, Rect};
use super::text::{Anchor, fitted, text_width};

/// Titles of panels, in points.
const TITLE: f64 = 15.0;
/// Titles of axes and legends.
const WORDS: f64 = 13.0;
/// Labels of ticks and values.
const LABEL: f64 = 12.5;
/// Sizes of legends, best first.
const LEGEND_SIZES: [f64; 5] = [WORDS, 12.0, 11.0, 10.0, 9.0];
/// Where the title and the legend's first row are.
const TITLE_Y: f64 = 14.0;
const LEGEND_Y: f64 = 37.0;
/// From row to row of a legend.
pub(super) const LEGEND_ROW: f64 = 16.5;
/// A legend's mark with the gap behind it, and the gap between columns.
const SWATCH: f64 = 20.0;
const LEGEND_GAP: f64 = 9.0;
/// Legends try sizes until they have so few rows.
const LEGEND_ROWS: usize = 2;
/// How far the title and the legend reach to the left of the frame.
const OVERHANG: f64 = 40.0;
const AXIS_WIDTH: f64 = 1.0;

/// A part of the page with a frame in it.
pub(super) struct Panel {
    /// The area inside the axes.
    pub(super) frame: Rect,
    /// `(a) Time to convergence`.
    pub(super) title: &'static str,
}

/// What stands beside a name in a legend.
#[derive(Clone, Copy)]
pub(super) enum Swatch<'a> {
    /// A line.
    Line(Pen<'a>),
    /// An area.
    Area(RGBColor, Hatch),
}

impl Panel {
    /// The title.
    pub(super) fn draw_title<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), DrawError> {
        canvas.text((self.frame.left - OVERHANG, TITLE_Y), Anchor::Left, TITLE, INK, self.title)
    }

    /// A remark where the legend would be.
    pub(super) fn draw_remark<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        lines: &[String],
    ) -> Result<(), DrawError> {
        let left = self.frame.left - OVERHANG;
        for (row, line) in lines.iter().enumerate() {
            let line = fitted(LABEL, self.frame.right - left, line);
            canvas.text((left, LEGEND_Y + row as f64 * LEGEND_ROW), Anchor::Left, LABEL, FAINT, &line)?;
        }
        Ok(())
    }

    /// The legend: as many entries in a row as fit, in columns.
    pub(super) fn draw_legend<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        entries: &[(Swatch<'_>, &str)],
    ) -> Result<(), DrawError> {
        self.draw_legend_at(canvas, 0.0, entries)
    }

    /// The same on a row of panels that begins at `top`.
    pub(super) fn draw_legend_at<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        top: f64,
        entries: &[(Swatch<'_>, &str)],
    ) -> Result<(), DrawError> {
        let left = self.frame.left - OVERHANG;
        let (size, columns) = legend_form(self.frame.right - left, entries);
        for (i, (swatch, name)) in entries.iter().enumerate() {
            let (offset, width) = columns[i % columns.len()];
            let x = left + offset;
            let y = top + LEGEND_Y + (i / columns.len()) as f64 * LEGEND_ROW;
            match swatch {
                Swatch::Line(pen) => canvas.line(&[(x, y), (x + SWATCH - 6.0, y)], *pen)?,
                Swatch::Area(colour, hatch) => {
                    let area = Rect { left: x, top: y - 6.0, right: x + SWATCH - 7.0, bottom: y + 6.0 };
                    draw_area(canvas, area, *colour, *hatch)?;
                }
            }
            // A column is as wide as its widest entry, which rounding must not cut.
            let name = fitted(size, width - SWATCH + 0.01, name);
            canvas.text((x + SWATCH, y), Anchor::Left, size, INK, &name)?;
        }
        Ok(())
    }

    /// The y axis with its grid.
    pub(super) fn draw_y<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        axis: &Axis,
        title: &str,
    ) -> Result<(), DrawError> {
        let Rect { left, top, right, bottom } = self.frame;
        let mut widest: f64 = 0.0;
        for (value, label) in &axis.ticks {
            let y = self.y(axis, *value).unwrap_or(bottom);
            if y < bottom - 0.5 {
                canvas.line(&[(left, y), (right, y)], Pen::solid(GRID, 0.7))?;
            }
            canvas.line(&[(left - 4.0, y), (left, y)], Pen::solid(INK, AXIS_WIDTH))?;
            canvas.text((left - 7.0, y), Anchor::Right, LABEL, INK, label)?;
            widest = widest.max(text_width(LABEL, label));
        }
        canvas.line(&[(left, top), (left, bottom)], Pen::solid(INK, AXIS_WIDTH))?;
        let title = fitted(WORDS, bottom - top + 50.0, &format!("{title}{}", axis.factor()));
        canvas.text_upwards((left - 7.0 - widest - 11.0, (top + bottom) / 2.0), Anchor::Middle, WORDS, INK, &title)
    }

    /// The x axis with its ticks.
    pub(super) fn draw_x<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        axis: &Axis,
        title: &str,
    ) -> Result<(), DrawError> {
        let Rect { left, right, bottom, .. } = self.frame;
        let mut free_from = f64::MIN;
        for (value, label) in &axis.ticks {
            let x = self.x(axis, *value).unwrap_or(left);
            canvas.line(&[(x, bottom), (x, bottom + 4.0)], Pen::solid(INK, AXIS_WIDTH))?;
            let half = text_width(LABEL, label) / 2.0;
            if x - half >= free_from {
                canvas.text((x, bottom + 14.0), Anchor::Middle, LABEL, INK, label)?;
                free_from = x + half + 4.0;
            }
        }
        self.draw_base(canvas)?;
        let title = fitted(WORDS, right - left + OVERHANG, &format!("{title}{}", axis.factor()));
        canvas.text(((left + right) / 2.0, bottom + 34.0), Anchor::Middle, WORDS, INK, &title)
    }

    /// The line that bars stand on.
    pub(super) fn draw_base<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), DrawError> {
        let Rect { left, right, bottom, .. } = self.frame;
        canvas.line(&[(left, bottom), (right, bottom)], Pen::solid(INK, AXIS_WIDTH))
    }

    /// The middle and half the width of bar `i` of `count`.
    pub(super) fn bar(&self, i: usize, count: usize) -> (f64, f64) {
        let slot = self.frame.width() / count.max(1) as f64;
        (self.frame.left + slot * (i as f64 + 0.5), (slot * 0.32).min(26.0))
    }

    /// Where `value` lies across.
    pub(super) fn x(&self, axis: &Axis, value: f64) -> Option<f64> {
        axis.place(value).map(|place| self.frame.left + place * self.frame.width())
    }

    /// Where `value` lies upwards.
    pub(super) fn y(&self, axis: &Axis, value: f64) -> Option<f64> {
        axis.place(value).map(|place| self.frame.bottom - place * self.frame.height())
    }
}

/// How many rows a legend has over a frame `width` points wide.
pub(super) fn legend_rows(width: f64, entries: &[(Swatch<'_>, &str)]) -> usize {
    entries.len().div_ceil(legend_form(width + OVERHANG, entries).1.len())
}

/// A legend's size and columns: the best size that has few rows, or else the best that cuts no name.
fn legend_form(room: f64, entries: &[(Swatch<'_>, &str)]) -> (f64, Vec<(f64, f64)>) {
    let columns = |size: f64| legend_columns(room, size, entries);
    let short = |size: &f64| entries.len().div_ceil(columns(*size).len()) <= LEGEND_ROWS;
    let uncut = |size: &f64| {
        let columns = columns(*size);
        let widths = columns.iter().map(|(_, width)| *width).cycle();
        entries.iter().zip(widths).all(|((_, name), width)| SWATCH + text_width(*size, name) <= width)
    };
    let sizes = || LEGEND_SIZES.into_iter();
    let size = sizes().take(3).find(short).or_else(|| sizes().find(uncut)).unwrap_or(LEGEND_SIZES[1]);
    (size, columns(size))
}

/// Offset and width of each column of a legend: as many columns as fit in `room`, each as wide as its widest entry.
fn legend_columns(room: f64, size: f64, entries: &[(Swatch<'_>, &str)]) -> Vec<(f64, f64)> {
    let widths: Vec<f64> = entries.iter().map(|(_, name)| SWATCH + text_width(size, name)).collect();
    let widest = |columns: usize| -> Vec<f64> {
        let column = |column: usize| widths.iter().skip(column).step_by(columns).copied().fold(0.0, f64::max);
        (0..columns).map(column).collect()
    };
    let fits = |columns: &usize| widest(*columns).iter().sum::<f64>() + LEGEND_GAP * (*columns as f64 - 1.0) <= room;
    // Names that are too long for two columns are cut to fit in two.
    let half = (room - LEGEND_GAP) / 2.0;
    let columns = (2..=entries.len()).rev().find(fits).map_or(vec![half; 2], widest);
    let mut offset = 0.0;
    let mut placed = Vec::new();
    for width in columns {
        placed.push((offset, width));
        offset += width + LEGEND_GAP;
    }
    placed
}

/// A filled, hatched and outlined rectangle.
pub(super) fn draw_area<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    area: Rect,
    colour: RGBColor,
    hatch: Hatch,
) -> Result<(), DrawError> {
    canvas.fill(area, colour)?;
    canvas.hatch(area, hatch, INK)?;
    canvas.outline(area, Pen::solid(INK, 0.8))
}
