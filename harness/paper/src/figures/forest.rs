//! A forest plot of claims: each claim's number over the paper's, with its range over seeds and its tolerance, one row per claim.
//!
//! Numbers of different units share an axis as ratios: over the paper's number, or over the bound of the tolerance where the paper
//! has none. A claim without a ratio (its number or its reference is zero, or nothing was measured) has its row with numbers only.
//! Where there are several columns of claims, a row has one line per column, with the column's name.

use record::numbers::significant;

use super::axis::{Axis, Tick};
use super::canvas::{Anchor, Canvas, FAINT, GRID, INK, Pen, Rect, WIDTH, at};
use super::text::{fitted, text_width};
use super::verdict_marks::{VerdictMark, colour, draw_key};
use crate::claims::{Claim, Column, Row, Verdict, rows};
use plotters::style::RGBColor;

/// The left and right edge of the axis, and where columns of text begin or end.
const LEFT: f64 = 262.0;
const RIGHT: f64 = 622.0;
const MEASURED: f64 = 752.0;
const PAPERS: f64 = 800.0;
const VERDICT: f64 = 808.0;
/// The room left of the axis: for a claim's name, and below it for the names of columns.
const NAMES: f64 = LEFT - 14.0 - ARROW;
/// Room for an arrow on either side of the axis.
const ARROW: f64 = 16.0;
/// Sizes of text.
const TITLE: f64 = 15.0;
const SPEC: f64 = 12.0;
const TEXT: f64 = 10.0;
const SMALL: f64 = 9.0;
/// Heights: of what is above the rows, of a spec's name, of a line, and between rows of several lines.
const HEAD: f64 = 96.0;
const OF_SPEC: f64 = 24.0;
const LINE: f64 = 13.5;
const BETWEEN: f64 = 4.0;
const FOOT: f64 = 40.0;
/// The range of ratios that the axis has at least, and at most: marks beyond are at its ends, with an arrow.
const LEAST_RANGE: (f64, f64) = (0.5, 2.0);
const WIDEST_RANGE: (f64, f64) = (0.1, 10.0);
/// The colour of the band that a claim's tolerance is drawn as.
const BAND: RGBColor = RGBColor(0xDC, 0xE8, 0xF2);

/// The number that a claim's is over.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reference {
    Paper(f64),
    Bound(f64),
}

impl Reference {
    /// `None` where a ratio would mean nothing.
    fn of(claim: &Claim) -> Option<Reference> {
        let bound = || claim.expected.and_then(|expected| expected.low().or(expected.high()));
        let reference = claim.paper.map(Reference::Paper).or_else(|| bound().map(Reference::Bound))?;
        (reference.value() > 0.0 && reference.value().is_finite()).then_some(reference)
    }

    fn value(self) -> f64 {
        match self {
            Reference::Paper(value) | Reference::Bound(value) => value,
        }
    }
}

/// The ratios of a claim; each is `None` where it would be no positive number.
struct Ratios {
    measured: f64,
    low: f64,
    high: f64,
}

impl Ratios {
    fn of(claim: &Claim) -> Option<Ratios> {
        let over = Reference::of(claim)?.value();
        let ratio = |value: Option<f64>| value.map(|value| value / over).filter(|ratio| ratio.is_finite());
        let measured = ratio(claim.measured).filter(|ratio| *ratio > 0.0)?;
        let end = |value| ratio(value).unwrap_or(measured);
        Some(Ratios { measured, low: end(claim.low), high: end(claim.high) })
    }
}

/// The page: as high as its rows need.
pub fn forest(columns: &[Column]) -> Canvas {
    let rows = rows(columns);
    let height = rows.len() as f64 * pitch(columns.len()) + specs(&rows) as f64 * OF_SPEC;
    let mut canvas = Canvas::new((HEAD + height + FOOT).ceil());
    canvas.text(at(14.0, 16.0), Anchor::Left, TITLE, INK, "Claims: measured over the paper's number");
    if rows.is_empty() {
        canvas.text(at(14.0, HEAD), Anchor::Left, TEXT, FAINT, "no claims");
        return canvas;
    }
    let page = Page { axis: axis(&rows), bottom: HEAD + height, columns };
    page.draw_head(&mut canvas, &rows);
    page.draw_rows(&mut canvas, &rows);
    canvas
}

/// From row to row.
fn pitch(columns: usize) -> f64 {
    columns as f64 * LINE + if columns > 1 { BETWEEN } else { 0.0 }
}

fn specs(rows: &[Row<'_>]) -> usize {
    rows.chunk_by(|a, b| a.spec == b.spec).count()
}

/// Wide enough for all ratios, within bounds.
fn axis(rows: &[Row<'_>]) -> Axis {
    let ratios: Vec<Ratios> =
        rows.iter().flat_map(|row| row.claims.iter().flatten()).filter_map(|claim| Ratios::of(claim)).collect();
    let low = ratios.iter().map(|ratio| ratio.low.min(ratio.measured)).fold(LEAST_RANGE.0, f64::min);
    let high = ratios.iter().map(|ratio| ratio.high.max(ratio.measured)).fold(LEAST_RANGE.1, f64::max);
    Axis::logarithmic((low / 1.1).max(WIDEST_RANGE.0), (high * 1.1).min(WIDEST_RANGE.1))
}

struct Page<'a> {
    axis: Axis,
    /// The end of the rows.
    bottom: f64,
    columns: &'a [Column],
}

impl Page<'_> {
    /// Where a ratio lies, and whether it is on the axis.
    fn x(&self, ratio: f64) -> f64 {
        LEFT + self.axis.place(ratio).unwrap_or(0.0) * (RIGHT - LEFT)
    }

    fn draw_head(&self, canvas: &mut Canvas, rows: &[Row<'_>]) {
        let mut shown: Vec<VerdictMark> = Vec::new();
        for mark in rows.iter().flat_map(|row| row.claims.iter().flatten()).map(|claim| VerdictMark::of(claim)) {
            if !shown.contains(&mark) {
                shown.push(mark);
            }
        }
        draw_key(canvas, at(14.0, 38.0), &shown);
        let band = Rect { left: 14.0, top: 52.0, right: 34.0, bottom: 62.0 };
        canvas.fill(band, BAND);
        canvas.line(&[at(24.0, 50.0), at(24.0, 64.0)], Pen::solid(INK, 1.0));
        let key = "band: the tolerance; line at 1: the paper's number, or the bound where it has none; whisker: range over seeds; arrow: beyond the axis";
        canvas.text(at(40.0, 57.0), Anchor::Left, TEXT, INK, &fitted(TEXT, WIDTH - 50.0, key));
        for (x, anchor, text) in [
            (MEASURED, Anchor::Right, "measured"),
            (PAPERS, Anchor::Right, "paper"),
            (VERDICT, Anchor::Left, "verdict"),
        ] {
            canvas.text(at(x, HEAD - 12.0), anchor, TEXT, FAINT, text);
        }
        self.draw_ticks(canvas, HEAD - 12.0);
        self.draw_ticks(canvas, self.bottom + 14.0);
        let title = "measured over the paper's number (logarithmic)";
        canvas.text(at((LEFT + RIGHT) / 2.0, self.bottom + 30.0), Anchor::Middle, TEXT, INK, title);
    }

    fn draw_ticks(&self, canvas: &mut Canvas, y: f64) {
        for Tick { value, label } in &self.axis.ticks {
            canvas.text(at(self.x(*value), y), Anchor::Middle, TEXT, INK, label);
        }
    }

    fn draw_rows(&self, canvas: &mut Canvas, rows: &[Row<'_>]) {
        let mut y = HEAD;
        for of_spec in rows.chunk_by(|a, b| a.spec == b.spec) {
            let name = fitted(SPEC, WIDTH - 28.0, of_spec[0].spec);
            canvas.text(at(14.0, y + OF_SPEC * 0.6), Anchor::Left, SPEC, INK, &name);
            canvas.line(&[at(14.0, y + OF_SPEC), at(WIDTH - 10.0, y + OF_SPEC)], Pen::solid(GRID, 0.8));
            y += OF_SPEC;
            let height = of_spec.len() as f64 * pitch(self.columns.len());
            for row in of_spec {
                self.draw_bands(canvas, row, y);
                y += pitch(self.columns.len());
            }
            self.draw_grid(canvas, y - height, y);
            y -= height;
            for row in of_spec {
                self.draw_row(canvas, row, y);
                y += pitch(self.columns.len());
            }
        }
    }

    /// The tolerance, below everything else.
    fn draw_bands(&self, canvas: &mut Canvas, row: &Row<'_>, top: f64) {
        for (i, claim) in row.claims.iter().enumerate() {
            let Some((claim, over)) = claim.and_then(|claim| Some((claim, Reference::of(claim)?.value()))) else {
                continue;
            };
            let Some(expected) = claim.expected else { continue };
            let left = expected.low().map_or(LEFT, |low| self.x(low / over));
            let right = expected.high().map_or(RIGHT, |high| self.x(high / over));
            let top = top + i as f64 * LINE;
            canvas.fill(Rect { left, top: top + 1.0, right, bottom: top + LINE - 1.0 }, BAND);
        }
    }

    fn draw_grid(&self, canvas: &mut Canvas, top: f64, bottom: f64) {
        for Tick { value, .. } in &self.axis.ticks {
            let x = self.x(*value);
            canvas.line(&[at(x, top), at(x, bottom)], Pen::solid(GRID, 0.7));
        }
        let one = self.x(1.0);
        canvas.line(&[at(one, top), at(one, bottom)], Pen::solid(INK, 1.0));
    }

    fn draw_row(&self, canvas: &mut Canvas, row: &Row<'_>, top: f64) {
        let several = self.columns.len() > 1;
        let y = top + LINE / 2.0;
        canvas.text(at(14.0, y), Anchor::Left, TEXT, INK, &shown_id(row.id, self.columns));
        canvas.text(at(PAPERS, y), Anchor::Right, TEXT, INK, &row.any().paper_text());
        for (i, (claim, column)) in row.claims.iter().zip(self.columns).enumerate() {
            let y = y + i as f64 * LINE;
            if several {
                // Only the first line has the claim's name, too.
                let room = if i == 0 { beside_id(self.columns) } else { NAMES };
                let name = fitted(SMALL, room, &column.name);
                canvas.text(at(LEFT - ARROW, y), Anchor::Right, SMALL, FAINT, &name);
            }
            match claim {
                Some(claim) => self.draw_claim(canvas, claim, y),
                None => canvas.text(at(VERDICT, y), Anchor::Left, SMALL, FAINT, "not run"),
            }
        }
    }

    fn draw_claim(&self, canvas: &mut Canvas, claim: &Claim, y: f64) {
        let ink = if claim.verdict == Verdict::Fails { colour(Verdict::Fails) } else { INK };
        let (size, room) = (SMALL, WIDTH - VERDICT - 4.0);
        canvas.text(at(VERDICT, y), Anchor::Left, size, ink, &fitted(size, room, verdict(claim)));
        let measured = if text_width(TEXT, &claim.measured_text()) <= MEASURED - RIGHT - ARROW {
            claim.measured_text()
        } else {
            claim.measured.map_or_else(|| "-".into(), |measured| significant(measured, 3))
        };
        canvas.text(at(MEASURED, y), Anchor::Right, TEXT, ink, &measured);
        let Some(Ratios { measured, low, high }) = Ratios::of(claim) else {
            let why = if claim.measured.is_none() { "not measured" } else { "no ratio" };
            canvas.text(at(self.x(1.0) + 8.0, y), Anchor::Left, SMALL, FAINT, why);
            return;
        };
        if claim.n > 1 {
            let (left, right) = (self.x(low), self.x(high));
            canvas.line(&[at(left, y), at(right, y)], Pen::solid(INK, 1.2));
            for end in [left, right] {
                canvas.line(&[at(end, y - 3.0), at(end, y + 3.0)], Pen::solid(INK, 1.2));
            }
        }
        let x = self.x(measured);
        VerdictMark::of(claim).draw(canvas, at(x, y));
        let beyond = match x {
            _ if self.axis.place(measured).is_none() => Some(-1.0),
            x if x >= RIGHT - 1e-6 => Some(1.0),
            _ => None,
        };
        if let Some(side) = beyond {
            let tip = x + side * 12.0;
            let pen = Pen::solid(colour(claim.verdict), 1.4);
            canvas.line(&[at(x + side * 6.0, y), at(tip, y)], pen);
            canvas.line(&[at(tip - side * 3.0, y - 3.0), at(tip, y), at(tip - side * 3.0, y + 3.0)], pen);
        }
    }
}

/// The width of the first column's name, which is on the line of the claim's name: at most half of the room.
fn beside_id(columns: &[Column]) -> f64 {
    let first = columns.first().map_or(0.0, |column| text_width(SMALL, &column.name));
    first.min(NAMES / 2.0)
}

/// A claim's name, as long as there is room for it left of the axis and of the first column's name.
fn shown_id(id: &str, columns: &[Column]) -> String {
    let taken = if columns.len() > 1 { beside_id(columns) + 6.0 } else { 0.0 };
    fitted(TEXT, NAMES - taken, id)
}

/// The verdict as the row has it: its marks are in the drawing.
fn verdict(claim: &Claim) -> &'static str {
    match (claim.verdict, claim.crosses) {
        (Verdict::Holds, true) => "holds, crosses",
        (Verdict::Fails, true) => "fails, crosses",
        (verdict, _) => verdict.word(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::claims_testing::{check_page, keep, situations};
    use super::*;
    use crate::figures::canvas::Mark;

    #[test]
    fn every_situation_has_a_page() {
        for (name, columns) in situations() {
            let canvas = forest(&columns);
            check_page(name, &canvas);
            keep(&format!("forest-{name}"), &canvas);
        }
    }

    #[test]
    fn every_claim_has_a_row_and_lines_do_not_meet() {
        for (name, columns) in situations() {
            let canvas = forest(&columns);
            let texts: Vec<(f64, &str)> = canvas.marks().iter().filter_map(text).collect();
            let ids: Vec<f64> = rows(&columns)
                .iter()
                .map(|row| {
                    let shown = shown_id(row.id, &columns);
                    texts.iter().find(|(_, text)| *text == shown).expect("its name is there").0
                })
                .collect();
            for pair in ids.windows(2) {
                assert!(pair[1] - pair[0] >= columns.len() as f64 * 11.0, "{name}: {pair:?}");
            }
        }
    }

    #[test]
    fn columns_whose_names_begin_alike_can_be_told_apart() {
        for (name, columns) in situations().into_iter().filter(|(_, columns)| columns.len() > 1) {
            let canvas = forest(&columns);
            let texts: Vec<&str> = canvas.marks().iter().filter_map(text).map(|(_, text)| text).collect();
            for column in &columns {
                assert!(texts.contains(&column.name.as_str()), "{name}: {} is cut", column.name);
            }
        }
    }

    fn text(mark: &Mark) -> Option<(f64, &str)> {
        match mark {
            Mark::Text { at, text, .. } => Some((at.y, text.as_str())),
            _ => None,
        }
    }

    #[test]
    fn ratios_are_over_the_papers_number_or_the_bound() {
        let (_, columns) = situations().remove(2);
        let find = |id: &str| columns[0].claims().find(|claim| claim.id == id).expect("it is made up");
        assert_eq!(Reference::of(find("fig9.holds")), Some(Reference::Paper(3.5)));
        assert_eq!(Reference::of(find("fig9.far-below")), Some(Reference::Bound(1.0)));
        assert_eq!(Reference::of(find("fig9.zero")), None);
        assert!(Ratios::of(find("fig9.not-measured")).is_none());
        let ratios = Ratios::of(find("fig9.holds")).expect("it was measured");
        assert!(ratios.low < ratios.measured && ratios.measured < ratios.high);
        assert!((ratios.high - 3.4 * 1.12 / 3.5).abs() < 1e-12);
    }
}
