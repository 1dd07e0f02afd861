//! The page that figures are drawn on, and the few marks that they are made of.
//!
//! Coordinates are points of a page [`WIDTH`] by [`HEIGHT`] or higher, x to the right and y downwards; the backend's pixels are
//! [`DENSITY`] times finer. The same calls make the SVG and the bitmap ([`super::text`] has their text).
//! The palettes are told apart by colour-blind readers, and by lightness, dash or hatch in black-and-white print.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::DrawError;
use super::text::Glyphs;

/// The page's width in points.
pub(super) const WIDTH: f64 = 900.0;
/// The page's height in points, where labels need no more.
pub(super) const HEIGHT: f64 = 300.0;
/// Backend pixels a point.
pub(super) const DENSITY: f64 = 4.0;

/// The ground.
pub(super) const PAPER: RGBColor = WHITE;
/// Axes and text.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Remarks.
pub(super) const FAINT: RGBColor = RGBColor(0x66, 0x66, 0x66);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);

/// What must not be believed.
pub(super) const WRONG: RGBColor = RGBColor(0xC0, 0x1C, 0x1C);
/// Colours of cells: Okabe and Ito's, dark to light in the order of Baseline, Gaia, LAN.
pub(super) const CELL_COLOURS: [RGBColor; 8] = [
    RGBColor(0x4D, 0x4D, 0x4D),
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x99, 0x99, 0x33),
];

/// Dashes of cells' lines: lengths of marks and gaps in points; none is solid.
pub(super) const CELL_DASHES: [&[f64]; 4] = [&[], &[], &[7.0, 3.0], &[2.0, 2.5]];

/// Colours of the parts of a clock: Tol's light scheme.
pub(super) const PART_COLOURS: [RGBColor; 6] = [
    RGBColor(0x77, 0xAA, 0xDD),
    RGBColor(0x99, 0xDD, 0xFF),
    RGBColor(0x44, 0xBB, 0x99),
    RGBColor(0xEE, 0x88, 0x66),
    RGBColor(0xFF, 0xAA, 0xBB),
    RGBColor(0xEE, 0xEE, 0xEE),
];

/// Hatches of the parts of a clock.
pub(super) const PART_HATCHES: [Hatch; 6] =
    [Hatch::None, Hatch::Rising, Hatch::Level, Hatch::None, Hatch::Falling, Hatch::None];

/// Points between the lines of a hatch.
const HATCH_SPACING: f64 = 4.5;

/// Lines over a filled area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hatch {
    /// No lines.
    None,
    /// `/`
    Rising,
    /// `\`
    Falling,
    /// `-`
    Level,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen<'a> {
    /// Its colour.
    pub(super) colour: RGBColor,
    /// Its width in points.
    pub(super) width: f64,
    /// Lengths of marks and gaps in points; none is solid.
    pub(super) dash: &'a [f64],
}

/// A rectangle in points: left, top, right, bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    /// Smallest x.
    pub(super) left: f64,
    /// Smallest y.
    pub(super) top: f64,
    /// Largest x.
    pub(super) right: f64,
    /// Largest y.
    pub(super) bottom: f64,
}

/// The page.
pub(super) struct Canvas<'a, DB: DrawingBackend> {
    pub(super) area: &'a DrawingArea<DB, Shift>,
    pub(super) glyphs: Glyphs,
}

impl Rect {
    /// From left to right.
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    /// From top to bottom.
    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

impl Pen<'_> {
    /// A solid line.
    pub(super) const fn solid(colour: RGBColor, width: f64) -> Pen<'static> {
        Pen { colour, width, dash: &[] }
    }

    fn style(&self) -> ShapeStyle {
        ShapeStyle {
            color: self.colour.to_rgba(),
            filled: false,
            stroke_width: ((self.width * DENSITY).round() as u32).max(1),
        }
    }
}

impl<'a, DB: DrawingBackend> Canvas<'a, DB> {
    /// On a drawing area [`WIDTH`] points wide.
    pub(super) fn new(area: &'a DrawingArea<DB, Shift>, glyphs: Glyphs) -> Self {
        Canvas { area, glyphs }
    }

    /// White paper.
    pub(super) fn clear(&self) -> Result<(), DrawError> {
        self.area.fill(&PAPER).map_err(DrawError::backend)
    }

    /// A line through `points`.
    pub(super) fn line(&self, points: &[(f64, f64)], pen: Pen<'_>) -> Result<(), DrawError> {
        if pen.dash.is_empty() {
            return self.path(points, pen);
        }
        for mark in dashes(points, pen.dash) {
            self.path(&mark, pen)?;
        }
        Ok(())
    }

    /// A filled rectangle.
    pub(super) fn fill(&self, rect: Rect, colour: RGBColor) -> Result<(), DrawError> {
        let corners = [pixel((rect.left, rect.top)), pixel((rect.right, rect.bottom))];
        self.area.draw(&Rectangle::new(corners, colour.filled())).map_err(DrawError::backend)
    }

    /// A rectangle's outline.
    pub(super) fn outline(&self, rect: Rect, pen: Pen<'_>) -> Result<(), DrawError> {
        let Rect { left, top, right, bottom } = rect;
        let around = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        self.line(&around, pen)
    }

    /// Lines over a rectangle.
    pub(super) fn hatch(&self, rect: Rect, hatch: Hatch, colour: RGBColor) -> Result<(), DrawError> {
        let pen = Pen::solid(colour, 0.8);
        let slope = match hatch {
            Hatch::None => return Ok(()),
            Hatch::Level => {
                let mut y = rect.bottom - HATCH_SPACING * 0.6;
                while y > rect.top {
                    self.line(&[(rect.left, y), (rect.right, y)], pen)?;
                    y -= HATCH_SPACING * 0.8;
                }
                return Ok(());
            }
            Hatch::Rising => 1.0,
            Hatch::Falling => -1.0,
        };
        // Lines of slope 1 or -1 by where they cross the left edge, as heights above the bottom.
        let mut crossing = if slope > 0.0 { -rect.width() } else { 0.0 } + HATCH_SPACING / 2.0;
        let last = if slope > 0.0 { rect.height() } else { rect.height() + rect.width() };
        while crossing < last {
            let at = |height: f64| rect.left + (height - crossing) * slope;
            let (a, b) = (at(0.0), at(rect.height()));
            let from = a.min(b).max(rect.left);
            let to = a.max(b).min(rect.right);
            if from < to {
                let y = |x: f64| rect.bottom - (crossing + (x - rect.left) * slope);
                self.line(&[(from, y(from)), (to, y(to))], pen)?;
            }
            crossing += HATCH_SPACING;
        }
        Ok(())
    }

    /// Crossed out: what is there must not be believed.
    pub(super) fn cross(&self, rect: Rect) -> Result<(), DrawError> {
        let Rect { left, top, right, bottom } = rect;
        for pen in [Pen::solid(PAPER, 4.0), Pen::solid(WRONG, 2.0)] {
            self.line(&[(left, top), (right, bottom)], pen)?;
            self.line(&[(left, bottom), (right, top)], pen)?;
        }
        Ok(())
    }

    /// A filled disc with a white rim.
    pub(super) fn dot(&self, at: (f64, f64), radius: f64, colour: RGBColor) -> Result<(), DrawError> {
        let pixels = |radius: f64| (radius * DENSITY).round() as i32;
        for (radius, colour) in [(radius + 1.2, PAPER), (radius, colour)] {
            let disc = Circle::new(pixel(at), pixels(radius), colour.filled());
            self.area.draw(&disc).map_err(DrawError::backend)?;
        }
        Ok(())
    }

    fn path(&self, points: &[(f64, f64)], pen: Pen<'_>) -> Result<(), DrawError> {
        let mut pixels: Vec<(i32, i32)> = points.iter().map(|point| pixel(*point)).collect();
        pixels.dedup();
        if pixels.len() < 2 {
            return Ok(());
        }
        self.area.draw(&PathElement::new(pixels, pen.style())).map_err(DrawError::backend)
    }
}

pub(super) fn pixel((x, y): (f64, f64)) -> (i32, i32) {
    ((x * DENSITY).round() as i32, (y * DENSITY).round() as i32)
}

/// The marks of a dashed line through `points`.
fn dashes(points: &[(f64, f64)], pattern: &[f64]) -> Vec<Vec<(f64, f64)>> {
    let mut marks = Vec::new();
    let mut mark: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    let (mut step, mut left) = (0, pattern[0]);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = ((to.0 - from.0).powi(2) + (to.1 - from.1).powi(2)).sqrt();
            if length <= left {
                left -= length;
                break;
            }
            let part = left / length;
            from = (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
            if step % 2 == 0 {
                mark.push(from);
                marks.push(std::mem::take(&mut mark));
            } else {
                mark = vec![from];
            }
            step += 1;
            left = pattern[step % pattern.len()];
        }
        if step % 2 == 0 {
            mark.push(to);
        }
    }
    if step % 2 == 0 {
        marks.push(mark);
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_have_the_lengths_of_the_pattern() {
        let marks = dashes(&[(0.0, 0.0), (4.0, 0.0), (10.0, 0.0)], &[3.0, 2.0]);
        let ends: Vec<(f64, f64)> = marks.iter().map(|mark| (mark[0].0, mark[mark.len() - 1].0)).collect();
        assert_eq!(ends, [(0.0, 3.0), (5.0, 8.0)]);
    }

    #[test]
    fn dashes_go_around_corners() {
        let marks = dashes(&[(0.0, 0.0), (2.0, 0.0), (2.0, 2.0)], &[3.0, 2.0]);
        assert_eq!(marks, [vec![(0.0, 0.0), (2.0, 0.0), (2.0, 1.0)]]);
    }
}
