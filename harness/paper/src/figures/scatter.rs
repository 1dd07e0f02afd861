//! Our numbers against the paper's, one frame per column of claims: on the line they agree, in the band they do to a quarter.
//!
//! The worst outliers have their names, as far as these fit without covering another name or a mark.

use plotters::style::RGBColor;

use super::axis::{Axis, Tick};
use super::canvas::{Anchor, Canvas, FAINT, GRID, INK, Pen, Point, Rect, WIDTH, at};
use super::text::{fitted, text_width};
use super::verdict_marks::{HALF, VerdictMark, draw_key};
use crate::claims::{Column, Residual, residuals};

/// The sides of a frame: of the only one, and of one of several.
const LARGE: f64 = 600.0;
const SMALL: f64 = 366.0;
/// From the page's left edge to the first frame, and between two.
const LEFT: f64 = 66.0;
const GAP: f64 = 76.0;
/// Above the first row of frames, and from a frame to the next row.
const HEAD: f64 = 96.0;
const BELOW: f64 = 84.0;
const PER_ROW: usize = 2;
/// Sizes of text.
const TITLE: f64 = 15.0;
const WORDS: f64 = 13.0;
const TEXT: f64 = 11.0;
const NAME: f64 = 10.0;
/// The band around the line: a quarter either way, as the tolerance of most claims.
const TOLERANCE: f64 = 0.25;
const BAND: RGBColor = RGBColor(0xDC, 0xE8, 0xF2);
/// The width of the strips that the band is made of, in points.
const STRIP: f64 = 1.0;
const HEADING: &str = "Claims with a number of the paper: ours against the paper's";
/// The most names of a frame.
const NAMES: usize = 14;

/// A frame with what it shows.
struct Panel<'a> {
    title: String,
    area: Rect,
    axis: &'a Axis,
    residuals: Vec<Residual<'a>>,
}

/// The page: a square per column.
pub fn scatter(columns: &[Column]) -> Canvas {
    let of: Vec<Vec<Residual<'_>>> = columns.iter().map(residuals).collect();
    let side = if columns.len() > 1 { SMALL } else { LARGE };
    let rows = columns.len().div_ceil(PER_ROW).max(1);
    if of.iter().all(Vec::is_empty) {
        let mut canvas = Canvas::new(HEAD);
        canvas.text(at(14.0, 16.0), Anchor::Left, TITLE, INK, HEADING);
        canvas.text(at(14.0, 48.0), Anchor::Left, TEXT, FAINT, "no claim has a number of the paper and one of ours");
        return canvas;
    }
    let mut canvas = Canvas::new((HEAD + rows as f64 * (side + BELOW) - 30.0).ceil());
    canvas.text(at(14.0, 16.0), Anchor::Left, TITLE, INK, HEADING);
    let axis = axis(&of.concat());
    draw_head(&mut canvas, &of.concat());
    for (i, (column, residuals)) in columns.iter().zip(of).enumerate() {
        let left = if columns.len() > 1 { LEFT + (i % PER_ROW) as f64 * (side + GAP) } else { (WIDTH - side) / 2.0 };
        let top = HEAD + (i / PER_ROW) as f64 * (side + BELOW);
        let area = Rect { left, top, right: left + side, bottom: top + side };
        let title = if columns.len() > 1 { column.name.clone() } else { String::new() };
        Panel { title, area, axis: &axis, residuals }.draw(&mut canvas);
    }
    canvas
}

fn draw_head(canvas: &mut Canvas, residuals: &[Residual<'_>]) {
    let mut shown: Vec<VerdictMark> = Vec::new();
    for mark in residuals.iter().map(|of| VerdictMark::of(of.claim)) {
        if !shown.contains(&mark) {
            shown.push(mark);
        }
    }
    draw_key(canvas, at(14.0, 38.0), &shown);
    canvas.fill(Rect { left: 14.0, top: 52.0, right: 34.0, bottom: 62.0 }, BAND);
    canvas.line(&[at(14.0, 62.0), at(34.0, 52.0)], Pen::solid(INK, 1.0));
    let key = "line: equal; band: within 25 % of the paper's number; names: the claims that are farthest off";
    canvas.text(at(40.0, 57.0), Anchor::Left, TEXT, INK, &fitted(TEXT, WIDTH - 50.0, key));
}

/// One axis for both directions and all frames.
fn axis(residuals: &[Residual<'_>]) -> Axis {
    let numbers = || residuals.iter().flat_map(|of| [of.paper, of.ours]);
    let (low, high) = (numbers().fold(f64::INFINITY, f64::min), numbers().fold(0.0, f64::max));
    Axis::logarithmic(low / 1.4, high * 1.4)
}

impl Panel<'_> {
    fn x(&self, value: f64) -> f64 {
        self.area.left + self.axis.place(value).unwrap_or(0.0) * self.area.width()
    }

    fn y(&self, value: f64) -> f64 {
        self.area.bottom - self.axis.place(value).unwrap_or(0.0) * self.area.height()
    }

    fn draw(&self, canvas: &mut Canvas) {
        self.draw_band(canvas);
        self.draw_axes(canvas);
        let mut taken: Vec<Rect> = Vec::new();
        // Those of a fit last: an open square leaves what is below it to be seen.
        let mut ordered: Vec<&Residual<'_>> = self.residuals.iter().collect();
        ordered.sort_by_key(|of| of.is_of_fit());
        for of in &ordered {
            let place = at(self.x(of.paper), self.y(of.ours));
            VerdictMark::of(of.claim).draw(canvas, place);
            taken.push(around(place, HALF + 1.0));
        }
        ordered.sort_by(|a, b| b.log_ratio().abs().total_cmp(&a.log_ratio().abs()));
        let worst = ordered.iter().filter(|of| of.ratio() > 1.0 + TOLERANCE || of.ratio() < 1.0 - TOLERANCE);
        for of in worst.take(NAMES) {
            self.draw_name(canvas, &mut taken, of);
        }
    }

    /// As strips, because marks of pages have no slopes but lines.
    fn draw_band(&self, canvas: &mut Canvas) {
        let Rect { left, right, .. } = self.area;
        let strips = ((right - left) / STRIP).round() as usize;
        let (first, last) = (self.axis.ticks.first(), self.axis.ticks.last());
        let (Some(first), Some(last)) = (first.map(|tick| tick.value), last.map(|tick| tick.value)) else { return };
        // Values per point, from two ticks: the axis has no inverse.
        let (from, to) = (self.x(first), self.x(last));
        if first == last || from == to {
            return;
        }
        let slope = (last / first).ln() / (to - from);
        for i in 0..strips {
            let x = left + i as f64 * STRIP;
            let value = first * ((x + STRIP / 2.0 - from) * slope).exp();
            let (top, bottom) = (self.y(value * (1.0 + TOLERANCE)), self.y(value * (1.0 - TOLERANCE)));
            canvas.fill(Rect { left: x, top, right: x + STRIP, bottom }, BAND);
        }
    }

    fn draw_axes(&self, canvas: &mut Canvas) {
        let Rect { left, top, right, bottom } = self.area;
        for Tick { value, label } in &self.axis.ticks {
            let (x, y) = (self.x(*value), self.y(*value));
            canvas.line(&[at(x, top), at(x, bottom)], Pen::solid(GRID, 0.7));
            canvas.line(&[at(left, y), at(right, y)], Pen::solid(GRID, 0.7));
            canvas.text(at(x, bottom + 13.0), Anchor::Middle, TEXT, INK, label);
            canvas.text(at(left - 6.0, y), Anchor::Right, TEXT, INK, label);
        }
        canvas.line(&[at(left, bottom), at(right, top)], Pen::solid(INK, 1.0));
        canvas.outline(self.area, Pen::solid(INK, 1.0));
        let middle = (left + right) / 2.0;
        let factor = self.axis.factor();
        canvas.text(at(middle, bottom + 32.0), Anchor::Middle, WORDS, INK, &format!("the paper's number{factor}"));
        let y = (top + bottom) / 2.0;
        canvas.text_upwards(at(left - 46.0, y), Anchor::Middle, WORDS, INK, &format!("ours{factor}"));
        canvas.text(at(left, top - 11.0), Anchor::Left, WORDS, INK, &fitted(WORDS, self.area.width(), &self.title));
    }

    /// The name next to its mark, or a little farther off with a line to it; none where there is no room.
    fn draw_name(&self, canvas: &mut Canvas, taken: &mut Vec<Rect>, of: &Residual<'_>) {
        let place = at(self.x(of.paper), self.y(of.ours));
        let (width, half) = (text_width(NAME, &of.claim.id), NAME / 2.0 + 0.5);
        let candidates = [9.0, 22.0, 38.0].into_iter().flat_map(|away| {
            let slanted = away * 0.7;
            [
                (away, 0.0),
                (-away, 0.0),
                (slanted, -slanted),
                (-slanted, -slanted),
                (slanted, slanted),
                (-slanted, slanted),
            ]
        });
        for (across, down) in candidates {
            let anchor = at(place.x + across, place.y + down);
            let left = if across > 0.0 { anchor.x } else { anchor.x - width };
            let rect = Rect { left, top: anchor.y - half, right: left + width, bottom: anchor.y + half };
            if !inside(rect, self.area) || taken.iter().any(|other| overlap(rect, *other)) {
                continue;
            }
            if across.abs().max(down.abs()) > 12.0 {
                let end = at(anchor.x - across.signum() * 2.0, anchor.y);
                canvas.line(&[place, end], Pen::solid(FAINT, 0.9));
                VerdictMark::of(of.claim).draw(canvas, place);
            }
            let side = if across > 0.0 { Anchor::Left } else { Anchor::Right };
            canvas.text(anchor, side, NAME, INK, &of.claim.id);
            taken.push(rect);
            return;
        }
    }
}

fn around(Point { x, y }: Point, half: f64) -> Rect {
    Rect { left: x - half, top: y - half, right: x + half, bottom: y + half }
}

fn inside(rect: Rect, area: Rect) -> bool {
    rect.left >= area.left + 2.0 && rect.right <= area.right - 2.0 && rect.top >= area.top && rect.bottom <= area.bottom
}

fn overlap(a: Rect, b: Rect) -> bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

#[cfg(test)]
mod tests {
    use super::super::claims_testing::{check_page, keep, situations};
    use super::*;
    use crate::figures::canvas::Mark;

    #[test]
    fn every_situation_has_a_page() {
        for (name, columns) in situations() {
            let canvas = scatter(&columns);
            check_page(name, &canvas);
            keep(&format!("residuals-{name}"), &canvas);
        }
    }

    #[test]
    fn names_cover_no_other_and_the_worst_has_one() {
        for (name, columns) in situations() {
            let canvas = scatter(&columns);
            let names: Vec<(Rect, &str)> = canvas.marks().iter().filter_map(name_of).collect();
            for (i, (rect, one)) in names.iter().enumerate() {
                for (other_rect, other) in &names[..i] {
                    assert!(!overlap(*rect, *other_rect), "{name}: {one} and {other}");
                }
            }
            let worst =
                columns.iter().flat_map(residuals).max_by(|a, b| a.log_ratio().abs().total_cmp(&b.log_ratio().abs()));
            if let Some(worst) = worst {
                assert!(names.iter().any(|(_, name)| *name == worst.claim.id), "{name}: {}", worst.claim.id);
            }
        }
    }

    /// The place of a claim's name.
    fn name_of(mark: &Mark) -> Option<(Rect, &str)> {
        match mark {
            Mark::Text { at, anchor, size, text, .. } if text.starts_with("fig") && *size == NAME => {
                let width = text_width(*size, text);
                let left = if *anchor == Anchor::Left { at.x } else { at.x - width };
                let rect = Rect { left, top: at.y - 5.0, right: left + width, bottom: at.y + 5.0 };
                Some((rect, text))
            }
            _ => None,
        }
    }
}
