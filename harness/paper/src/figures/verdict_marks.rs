//! The marks of verdicts in drawings of claims: each has a shape of its own, for readers without colours.

use plotters::style::RGBColor;

use super::canvas::{Anchor, CELL_COLOURS, Canvas, FAINT, INK, PAPER, Pen, Point, Rect, WRONG, at};
use super::text::text_width;
use crate::claims::{Claim, Verdict};

/// Half the size of a mark in points.
pub(super) const HALF: f64 = 3.4;
/// The radius of the ring around what was predicted.
const RING: f64 = 6.2;
/// The size of names in a key.
const KEY: f64 = 11.0;

/// The mark of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VerdictMark {
    pub(super) verdict: Verdict,
    /// Whether a ring is around it.
    pub(super) predicted: bool,
}

impl VerdictMark {
    pub(super) fn of(claim: &Claim) -> Self {
        VerdictMark { verdict: claim.verdict, predicted: claim.predicted }
    }

    /// A disc for what holds, a cross for what fails, an open square for calibration, a short line for what is not comparable.
    pub(super) fn draw(self, canvas: &mut Canvas, Point { x, y }: Point) {
        let colour = colour(self.verdict);
        if self.predicted {
            canvas.dot(at(x, y), RING, colour);
            canvas.dot(at(x, y), RING - 2.2, PAPER);
        }
        match self.verdict {
            Verdict::Holds => canvas.dot(at(x, y), HALF, colour),
            Verdict::Fails => {
                for pen in [Pen::solid(PAPER, 4.2), Pen::solid(colour, 2.2)] {
                    canvas.line(&[at(x - HALF, y - HALF), at(x + HALF, y + HALF)], pen);
                    canvas.line(&[at(x - HALF, y + HALF), at(x + HALF, y - HALF)], pen);
                }
            }
            Verdict::Calibration => {
                let rect = Rect { left: x - HALF, top: y - HALF, right: x + HALF, bottom: y + HALF };
                canvas.fill(rect, PAPER);
                canvas.outline(rect, Pen::solid(colour, 1.6));
            }
            Verdict::NotComparable => canvas.line(&[at(x - HALF, y), at(x + HALF, y)], Pen::solid(colour, 2.2)),
        }
    }
}

/// The colour of a verdict's mark.
pub(super) fn colour(verdict: Verdict) -> RGBColor {
    match verdict {
        Verdict::Holds => CELL_COLOURS[1],
        Verdict::Fails => WRONG,
        Verdict::Calibration => INK,
        Verdict::NotComparable => FAINT,
    }
}

/// The marks with their names in one line from `from` on, as far as the verdicts occur; returns where the line ends.
pub(super) fn draw_key(canvas: &mut Canvas, from: Point, shown: &[VerdictMark]) -> f64 {
    let plain = |verdict| VerdictMark { verdict, predicted: false };
    let known = [
        (plain(Verdict::Holds), "holds"),
        (plain(Verdict::Fails), "fails"),
        (plain(Verdict::Calibration), "calibration: a fit used the number"),
        (VerdictMark { verdict: Verdict::Holds, predicted: true }, "predicted, holds"),
        (VerdictMark { verdict: Verdict::Fails, predicted: true }, "predicted, fails"),
        (plain(Verdict::NotComparable), "not comparable"),
    ];
    let mut x = from.x;
    for (mark, name) in known.into_iter().filter(|(mark, _)| shown.contains(mark)) {
        mark.draw(canvas, at(x + RING, from.y));
        canvas.text(at(x + 2.0 * RING + 4.0, from.y), Anchor::Left, KEY, INK, name);
        x += 2.0 * RING + 4.0 + text_width(KEY, name) + 16.0;
    }
    x
}
