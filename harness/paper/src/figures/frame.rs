//! A frame: a part of the page with axes, its title, and where values lie in it.
//!
//! The legend ([`super::legend`]) lies between the title and the frame, never over the data.

use plotters::style::RGBColor;

use super::axis::{Axis, Tick};
use super::canvas::{Anchor, Canvas, FAINT, GRID, Hatch, INK, Pen, Rect, at};
use super::text::{fitted, text_width};

/// Titles of frames, in points.
const TITLE: f64 = 15.0;
/// Titles of axes and legends.
pub(super) const WORDS: f64 = 13.0;
/// Labels of ticks and values.
const LABEL: f64 = 12.5;
/// The heights of the title and of the legend's first row.
const TITLE_Y: f64 = 14.0;
pub(super) const LEGEND_Y: f64 = 37.0;
/// From row to row of a legend.
pub(super) const LEGEND_ROW: f64 = 16.5;
/// The distance that the title and the legend reach to the left of the frame.
pub(super) const OVERHANG: f64 = 40.0;
const AXIS_WIDTH: f64 = 1.0;
/// Half the width of a whisker's ends.
const WHISKER: f64 = 4.0;

/// A part of the page with axes.
pub(super) struct Frame {
    /// The area inside the axes.
    pub(super) area: Rect,
    /// `(a) Time to convergence`.
    pub(super) title: &'static str,
}

/// The place of a bar.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    /// The bar's middle, in points from the left edge.
    pub(super) middle: f64,
    /// Half the bar's width in points.
    pub(super) half: f64,
}

impl Frame {
    /// Draws the title at the top of the page.
    pub(super) fn draw_title(&self, canvas: &mut Canvas) {
        canvas.text(at(self.area.left - OVERHANG, TITLE_Y), Anchor::Left, TITLE, INK, self.title);
    }

    /// A remark where the legend would be.
    pub(super) fn draw_remark(&self, canvas: &mut Canvas, lines: &[String]) {
        let left = self.area.left - OVERHANG;
        for (row, line) in lines.iter().enumerate() {
            let line = fitted(LABEL, self.area.right - left, line);
            canvas.text(at(left, LEGEND_Y + row as f64 * LEGEND_ROW), Anchor::Left, LABEL, FAINT, &line);
        }
    }

    /// The y axis with its grid.
    pub(super) fn draw_y(&self, canvas: &mut Canvas, axis: &Axis, title: &str) {
        let Rect { left, top, right, bottom } = self.area;
        let mut widest: f64 = 0.0;
        for Tick { value, label } in &axis.ticks {
            let y = self.y(axis, *value).unwrap_or(bottom);
            if y < bottom - 0.5 {
                canvas.line(&[at(left, y), at(right, y)], Pen::solid(GRID, 0.7));
            }
            canvas.line(&[at(left - 4.0, y), at(left, y)], Pen::solid(INK, AXIS_WIDTH));
            canvas.text(at(left - 7.0, y), Anchor::Right, LABEL, INK, label);
            widest = widest.max(text_width(LABEL, label));
        }
        canvas.line(&[at(left, top), at(left, bottom)], Pen::solid(INK, AXIS_WIDTH));
        let title = fitted(WORDS, bottom - top + 50.0, &format!("{title}{}", axis.factor()));
        canvas.text_upwards(at(left - 7.0 - widest - 11.0, (top + bottom) / 2.0), Anchor::Middle, WORDS, INK, &title);
    }

    /// The x axis with its ticks.
    pub(super) fn draw_x(&self, canvas: &mut Canvas, axis: &Axis, title: &str) {
        let Rect { left, right, bottom, .. } = self.area;
        let mut free_from = f64::MIN;
        for Tick { value, label } in &axis.ticks {
            let x = self.x(axis, *value).unwrap_or(left);
            canvas.line(&[at(x, bottom), at(x, bottom + 4.0)], Pen::solid(INK, AXIS_WIDTH));
            let half = text_width(LABEL, label) / 2.0;
            if x - half >= free_from {
                canvas.text(at(x, bottom + 14.0), Anchor::Middle, LABEL, INK, label);
                free_from = x + half + 4.0;
            }
        }
        self.draw_base(canvas);
        let title = fitted(WORDS, right - left + OVERHANG, &format!("{title}{}", axis.factor()));
        canvas.text(at((left + right) / 2.0, bottom + 34.0), Anchor::Middle, WORDS, INK, &title);
    }

    /// The line that bars stand on.
    pub(super) fn draw_base(&self, canvas: &mut Canvas) {
        self.draw_across(canvas, self.area.bottom, Pen::solid(INK, AXIS_WIDTH));
    }

    /// A line from the left to the right edge at `y` points.
    pub(super) fn draw_across(&self, canvas: &mut Canvas, y: f64, pen: Pen<'_>) {
        canvas.line(&[at(self.area.left, y), at(self.area.right, y)], pen);
    }

    /// A whisker at `x` points from the value `low` to the value `high`.
    pub(super) fn draw_whisker(&self, canvas: &mut Canvas, axis: &Axis, x: f64, low: f64, high: f64) {
        let pen = Pen::solid(INK, 1.3);
        let [low, high] = [low, high].map(|value| self.y_or_bottom(axis, value));
        canvas.line(&[at(x, low), at(x, high)], pen);
        for end in [low, high] {
            canvas.line(&[at(x - WHISKER, end), at(x + WHISKER, end)], pen);
        }
    }

    /// The place of bar `i` of `count`.
    pub(super) fn bar(&self, i: usize, count: usize) -> Slot {
        let slot = self.area.width() / count.max(1) as f64;
        Slot { middle: self.area.left + slot * (i as f64 + 0.5), half: (slot * 0.32).min(26.0) }
    }

    /// The place of `value` across; `None` if the axis has no place for it.
    pub(super) fn x(&self, axis: &Axis, value: f64) -> Option<f64> {
        axis.place(value).map(|place| self.area.left + place * self.area.width())
    }

    /// The place of `value` upwards; `None` if the axis has no place for it.
    pub(super) fn y(&self, axis: &Axis, value: f64) -> Option<f64> {
        axis.place(value).map(|place| self.area.bottom - place * self.area.height())
    }

    /// The same, at the bottom where the axis has no place for `value`.
    pub(super) fn y_or_bottom(&self, axis: &Axis, value: f64) -> f64 {
        self.y(axis, value).unwrap_or(self.area.bottom)
    }
}

/// A filled, hatched and outlined rectangle.
pub(super) fn draw_area(canvas: &mut Canvas, area: Rect, colour: RGBColor, hatch: Hatch) {
    canvas.fill(area, colour);
    canvas.hatch(area, hatch, INK);
    canvas.outline(area, Pen::solid(INK, 0.8));
}
