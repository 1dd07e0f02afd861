//! The page that figures are drawn on: a list of marks, and the few kinds of marks that figures are made of.
//!
//! Coordinates are points of a page [`WIDTH`] by [`Canvas::height`], x to the right and y downwards. Drawing only records; it has no
//! errors and needs no backend. [`super::render`] makes the SVG and the PNG of the same marks.
//! The palettes differ in lightness, dash or hatch, for readers with colour-blindness and readers of black-and-white print.

use plotters::style::{RGBColor, WHITE};

/// The page's width in points.
pub const WIDTH: f64 = 900.0;
/// The page's height in points, where labels need no more.
pub(super) const HEIGHT: f64 = 300.0;
/// The colour of the page itself.
pub const PAPER: RGBColor = WHITE;
/// The colour of axes and text.
pub const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// The colour of remarks, lighter than text.
pub const FAINT: RGBColor = RGBColor(0x66, 0x66, 0x66);
/// The colour of grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);

/// The colour of what must not be believed.
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

/// Dashes of cells' lines: lengths of marks and gaps in points; an empty slice means a solid line.
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
    /// No lines: the plain area.
    None,
    /// Lines that rise to the right: `/`.
    Rising,
    /// Lines that fall to the right: `\`.
    Falling,
    /// Lines from left to right: `-`.
    Level,
}

/// The style of a line.
#[derive(Clone, Copy, Debug)]
pub struct Pen<'a> {
    /// The colour of the line.
    pub colour: RGBColor,
    /// Its width in points.
    pub width: f64,
    /// Lengths of marks and gaps in points; an empty slice means a solid line.
    pub dash: &'a [f64],
}

/// A place on the page, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// From the left edge.
    pub x: f64,
    /// From the top edge.
    pub y: f64,
}

/// From left to right, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) left: f64,
    pub(super) right: f64,
}

/// A rectangle in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// The left edge, the smallest x.
    pub left: f64,
    /// The upper edge, the smallest y.
    pub top: f64,
    /// The right edge, the largest x.
    pub right: f64,
    /// The lower edge, the largest y.
    pub bottom: f64,
}

/// The side of a text that its point marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins there.
    Left,
    /// The text's middle is there.
    Middle,
    /// The text ends there.
    Right,
}

/// The direction in which a text reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Rightwards,
    Upwards,
}

/// A mark, in the order in which it was drawn: later ones cover earlier ones.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// A solid line through points; dashes are lines of their own.
    Line { points: Vec<Point>, colour: RGBColor, width: f64 },
    /// A filled rectangle without an outline.
    Area { rect: Rect, colour: RGBColor },
    /// A filled polygon that what was drawn before shines through.
    Band { points: Vec<Point>, colour: RGBColor },
    /// A filled disc; the radius is in points.
    Disc { centre: Point, radius: f64, colour: RGBColor },
    /// One line of text, centred vertically on its point.
    Text { at: Point, anchor: Anchor, direction: Direction, size: f64, colour: RGBColor, text: String },
}

/// A page: its height and its marks.
#[derive(Clone, Debug)]
pub struct Canvas {
    height: f64,
    marks: Vec<Mark>,
}

/// The point at `x` and `y`.
pub const fn at(x: f64, y: f64) -> Point {
    Point { x, y }
}

impl Span {
    pub(super) const fn new(left: f64, right: f64) -> Self {
        Span { left, right }
    }

    pub(super) fn width(self) -> f64 {
        self.right - self.left
    }
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
    /// The pen of a solid line of `width` points.
    pub const fn solid(colour: RGBColor, width: f64) -> Pen<'static> {
        Pen { colour, width, dash: &[] }
    }
}

impl Canvas {
    /// A white page, [`WIDTH`] points wide and `height` points high.
    pub fn new(height: f64) -> Self {
        Canvas { height, marks: Vec::new() }
    }

    /// The height of the page in points.
    pub fn height(&self) -> f64 {
        self.height
    }

    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// One line of text of `size` points.
    pub fn text(&mut self, at: Point, anchor: Anchor, size: f64, colour: RGBColor, text: &str) {
        let (direction, text) = (Direction::Rightwards, text.to_owned());
        self.marks.push(Mark::Text { at, anchor, direction, size, colour, text });
    }

    /// Text that reads upwards: it begins, has its middle, or ends at the point.
    pub fn text_upwards(&mut self, at: Point, anchor: Anchor, size: f64, colour: RGBColor, text: &str) {
        let (direction, text) = (Direction::Upwards, text.to_owned());
        self.marks.push(Mark::Text { at, anchor, direction, size, colour, text });
    }

    /// A line through `points`.
    pub fn line(&mut self, points: &[Point], pen: Pen<'_>) {
        let Pen { colour, width, dash } = pen;
        let lines = if dash.is_empty() { vec![points.to_vec()] } else { dashes(points, dash) };
        self.marks.extend(lines.into_iter().map(|points| Mark::Line { points, colour, width }));
    }

    /// Fills a rectangle, over what was drawn before.
    pub fn fill(&mut self, rect: Rect, colour: RGBColor) {
        self.marks.push(Mark::Area { rect, colour });
    }

    /// Fills a polygon so that what was drawn before shines through.
    pub(super) fn band(&mut self, points: Vec<Point>, colour: RGBColor) {
        self.marks.push(Mark::Band { points, colour });
    }

    /// Draws the outline of a rectangle.
    pub(super) fn outline(&mut self, rect: Rect, pen: Pen<'_>) {
        let Rect { left, top, right, bottom } = rect;
        self.line(&[at(left, top), at(right, top), at(right, bottom), at(left, bottom), at(left, top)], pen);
    }

    /// Lines over a rectangle.
    pub(super) fn hatch(&mut self, rect: Rect, hatch: Hatch, colour: RGBColor) {
        let pen = Pen::solid(colour, 0.8);
        let slope = match hatch {
            Hatch::None => return,
            Hatch::Level => {
                let mut y = rect.bottom - HATCH_SPACING * 0.6;
                while y > rect.top {
                    self.line(&[at(rect.left, y), at(rect.right, y)], pen);
                    y -= HATCH_SPACING * 0.8;
                }
                return;
            }
            Hatch::Rising => 1.0,
            Hatch::Falling => -1.0,
        };
        // Lines of slope 1 or -1 by where they cross the left edge, as heights above the bottom.
        let mut crossing = if slope > 0.0 { -rect.width() } else { 0.0 } + HATCH_SPACING / 2.0;
        let last = if slope > 0.0 { rect.height() } else { rect.height() + rect.width() };
        while crossing < last {
            let crosses = |height: f64| rect.left + (height - crossing) * slope;
            let (a, b) = (crosses(0.0), crosses(rect.height()));
            let from = a.min(b).max(rect.left);
            let to = a.max(b).min(rect.right);
            if from < to {
                let y = |x: f64| rect.bottom - (crossing + (x - rect.left) * slope);
                self.line(&[at(from, y(from)), at(to, y(to))], pen);
            }
            crossing += HATCH_SPACING;
        }
    }

    /// Crossed out: what is there must not be believed.
    pub(super) fn cross(&mut self, rect: Rect) {
        let Rect { left, top, right, bottom } = rect;
        for pen in [Pen::solid(PAPER, 4.0), Pen::solid(WRONG, 2.0)] {
            self.line(&[at(left, top), at(right, bottom)], pen);
            self.line(&[at(left, bottom), at(right, top)], pen);
        }
    }

    /// A filled disc with a white rim.
    pub fn dot(&mut self, centre: Point, radius: f64, colour: RGBColor) {
        self.marks.push(Mark::Disc { centre, radius: radius + 1.2, colour: PAPER });
        self.marks.push(Mark::Disc { centre, radius, colour });
    }
}

/// The marks of a dashed line through `points`.
fn dashes(points: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
    let mut marks = Vec::new();
    let mut mark: Vec<Point> = points.first().copied().into_iter().collect();
    let (mut step, mut left) = (0, pattern[0]);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = ((to.x - from.x).powi(2) + (to.y - from.y).powi(2)).sqrt();
            if length <= left {
                left -= length;
                break;
            }
            let part = left / length;
            from = at(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part);
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
        let marks = dashes(&[at(0.0, 0.0), at(4.0, 0.0), at(10.0, 0.0)], &[3.0, 2.0]);
        let ends: Vec<(f64, f64)> = marks.iter().map(|mark| (mark[0].x, mark[mark.len() - 1].x)).collect();
        assert_eq!(ends, [(0.0, 3.0), (5.0, 8.0)]);
    }

    #[test]
    fn dashes_go_around_corners() {
        let marks = dashes(&[at(0.0, 0.0), at(2.0, 0.0), at(2.0, 2.0)], &[3.0, 2.0]);
        assert_eq!(marks, [vec![at(0.0, 0.0), at(2.0, 0.0), at(2.0, 1.0)]]);
    }
}
