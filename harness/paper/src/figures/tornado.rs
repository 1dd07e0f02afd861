//! A tornado per way to train: how far its cost and its time move when an input is halved or doubled, the largest effect on top.

use plotters::style::RGBColor;
use record::numbers::significant;

use super::canvas::{Anchor, CELL_COLOURS, FAINT, GRID, INK, Pen, Rect, WIDTH, at};
use super::hover::Drawing;
use super::text::fitted;
use crate::sensitivity::{By, Choice, Effect};

/// The half and the double of an input.
pub(crate) const HALF: f64 = 0.5;
pub(crate) const DOUBLE: f64 = 2.0;

const HEAD: f64 = 44.0;
const OF_CHOICE: f64 = 30.0;
const ROW: f64 = 19.0;
const FOOT: f64 = 26.0;
/// Left edges of the columns of bars, and their width; names stand left of the first.
const COLUMNS: [f64; 2] = [210.0, 580.0];
const BAR_WIDTH: f64 = 230.0;
const LESS: RGBColor = CELL_COLOURS[5];
const MORE: RGBColor = CELL_COLOURS[6];

/// An input with what its half and its double give.
struct Bar {
    name: &'static str,
    /// Cost and time at the half and the double, over those as given.
    ratios: [Option<[f64; 2]>; 2],
}

impl Bar {
    fn of(choice: &Choice, effect: Effect) -> Option<Bar> {
        let ratios = [By::Cost, By::Time].map(|by| {
            let given = choice.outcome.by(by).filter(|given| *given > 0.0)?;
            let at = |times| Some(choice.at(effect, times)?.by(by)? / given);
            Some([at(HALF)?, at(DOUBLE)?])
        });
        let is_any = ratios.iter().flatten().flatten().any(|ratio| (ratio - 1.0).abs() > 1e-6);
        is_any.then(|| Bar { name: effect.name(), ratios })
    }

    /// The greatest change of cost; of time without prices.
    fn size(&self) -> f64 {
        let ratios = self.ratios[0].or(self.ratios[1]).unwrap_or([1.0; 2]);
        ratios.iter().map(|ratio| (ratio - 1.0).abs()).fold(0.0, f64::max)
    }
}

/// The drawing; `None` where no input changes anything.
pub(crate) fn tornado(choices: &[&Choice]) -> Option<Drawing> {
    let of = |choice: &&Choice| -> Vec<Bar> {
        let mut bars: Vec<Bar> = Effect::ALL.iter().filter_map(|effect| Bar::of(choice, *effect)).collect();
        bars.sort_by(|a, b| b.size().total_cmp(&a.size()));
        bars
    };
    let all: Vec<Vec<Bar>> = choices.iter().map(of).collect();
    let most =
        all.iter().flatten().flat_map(|bar| bar.ratios.iter().flatten().flatten()).fold(1.0_f64, |a, b| a.max(*b));
    if all.iter().all(Vec::is_empty) {
        return None;
    }
    let rows: usize = all.iter().map(Vec::len).sum();
    let height = HEAD + rows as f64 * ROW + choices.len() as f64 * OF_CHOICE + FOOT;
    let mut drawing = Drawing::new(height);
    let canvas = &mut drawing.canvas;
    canvas.text(at(14.0, 16.0), Anchor::Left, 15.0, INK, "What moves the answer");
    for (position, (colour, text)) in [(LESS, "input halved"), (MORE, "input doubled")].into_iter().enumerate() {
        let left = COLUMNS[0] + 110.0 * position as f64;
        canvas.fill(Rect { left, top: 26.0, right: left + 10.0, bottom: 36.0 }, colour);
        canvas.text(at(left + 15.0, 31.0), Anchor::Left, 10.0, FAINT, text);
    }
    let mut top = HEAD;
    for (choice, bars) in choices.iter().zip(&all) {
        head(&mut drawing, choice, top);
        top += OF_CHOICE;
        for bar in bars {
            row(&mut drawing, bar, top, most);
            top += ROW;
        }
    }
    let canvas = &mut drawing.canvas;
    canvas.text(
        at(14.0, top + 14.0),
        Anchor::Left,
        10.0,
        FAINT,
        "Numbers are percent of the value as given, at the half and at the double of the input.",
    );
    Some(drawing)
}

fn head(drawing: &mut Drawing, choice: &Choice, top: f64) {
    let canvas = &mut drawing.canvas;
    canvas.text(at(14.0, top + 16.0), Anchor::Left, 12.0, INK, &fitted(12.0, COLUMNS[0] - 24.0, &choice.words));
    for (left, title) in COLUMNS.into_iter().zip(["cost", "time"]) {
        canvas.text(at(left, top + 16.0), Anchor::Left, 12.0, INK, title);
        canvas.line(&[at(left, top + 24.0), at(left + BAR_WIDTH, top + 24.0)], Pen::solid(GRID, 1.0));
    }
    canvas.line(&[at(14.0, top + 24.0), at(WIDTH - 14.0, top + 24.0)], Pen::solid(GRID, 0.5));
}

fn row(drawing: &mut Drawing, bar: &Bar, top: f64, most: f64) {
    let middle = top + ROW / 2.0;
    drawing.canvas.text(at(COLUMNS[0] - 14.0, middle), Anchor::Right, 11.0, INK, bar.name);
    for ((left, ratios), what) in COLUMNS.into_iter().zip(bar.ratios).zip(["cost", "time"]) {
        let Some(ratios) = ratios else { continue };
        let x = |ratio: f64| left + BAR_WIDTH * ratio / most;
        for (ratio, colour) in ratios.into_iter().zip([LESS, MORE]) {
            let (from, to) = (x(ratio.min(1.0)), x(ratio.max(1.0)));
            drawing.canvas.fill(Rect { left: from, top: top + 4.0, right: to, bottom: top + ROW - 4.0 }, colour);
        }
        drawing.canvas.line(&[at(x(1.0), top), at(x(1.0), top + ROW)], Pen::solid(INK, 1.0));
        let percent = ratios.map(|ratio| significant(ratio * 100.0, 3));
        let text = format!("{} / {} %", percent[0], percent[1]);
        drawing.canvas.text(at(left + BAR_WIDTH + 6.0, middle), Anchor::Left, 9.5, FAINT, &text);
        let place = Rect { left, top, right: left + BAR_WIDTH, bottom: top + ROW };
        drawing.spot(
            place,
            format!("{}: {what} at {} % when halved, {} % when doubled", bar.name, percent[0], percent[1]),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensitivity::testing::choice;

    #[test]
    fn the_largest_effect_is_on_top_and_what_changes_nothing_is_not_there() {
        let central = choice("Centralized", 1000.0, 10.0).moving(400.0, 4.0);
        let svg = tornado(&[&central]).unwrap().svg().unwrap();
        let place = |text: &str| svg.find(text);
        assert!(place("prices of traffic").unwrap() < place("raw data").unwrap());
        assert!(
            place("prices of machines").is_none() && svg.contains("cost at 50.0 % when halved, 200 % when doubled")
        );
    }
}
