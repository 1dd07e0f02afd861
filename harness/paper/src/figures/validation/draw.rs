//! The page: clocks side by side, the bytes of every link, and a small panel of objectives for each pair.

use plotters::style::RGBColor;
use record::numbers::{Spread, significant};

use super::pairs::{LinkLoad, Pair, Run};
use crate::figures::axis::Axis;
use crate::figures::canvas::{Anchor, CELL_COLOURS, Canvas, FAINT, Hatch, INK, Pen, Point, Rect, Span, WRONG, at};
use crate::figures::frame::{Frame, Slot};
use crate::figures::labels::BarNames;
use crate::figures::layers;
use crate::figures::legend::{self, Entry, Swatch};
use crate::figures::text::fitted;
use record::results::{Breakdown, Sample};

/// The frames (a) and (b).
const TOP: f64 = 98.0;
const FRAME_HEIGHT: f64 = 170.0;
const CLOCKS: Span = Span::new(52.0, 500.0);
const LINKS: Span = Span::new(580.0, 890.0);
/// Objectives: the small frames in a row, with room around each.
const COLUMNS: usize = 4;
const SMALL_WIDTH: f64 = 140.0;
const SMALL_HEIGHT: f64 = 105.0;
const SMALL_LEFT: f64 = 74.0;
const SMALL_COLUMN: f64 = 226.0;
const SMALL_ROW: f64 = 174.0;
/// From the bar names to the title of (c), and from there to the first small title.
const BELOW_NAMES: f64 = 26.0;
const BELOW_TITLE: f64 = 22.0;
/// From a small title to its frame.
const SMALL_TITLE: f64 = 13.0;
/// Room above the highest bar for its label.
const HEADROOM: f64 = 0.16;
/// The share of the slot of a pair that its two bars take.
const BARS: f64 = 0.66;
/// The axis of frame (b) reaches at least up to this error in percent; lines mark the tolerance.
const LEAST_ERROR: f64 = 6.0;
const TOLERANCE: f64 = 5.0;
/// Of a small panel: the simulated curve is wide and light, the real one thin and dark on it.
const SIMULATED: Pen<'static> = Pen::solid(RGBColor(0x9B, 0xC9, 0xE6), 5.0);
const REAL: Pen<'static> = Pen::solid(RGBColor(0x10, 0x30, 0x50), 1.3);

/// The places of the parts of the page.
#[derive(Debug)]
struct Placement {
    names: BarNames,
    /// The title of (c).
    curves: f64,
    /// Of the page, in whole points.
    bottom: f64,
}

impl Placement {
    fn of(pairs: &[Pair<'_>]) -> Self {
        let names: Vec<String> = pairs.iter().map(shown_name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let names = BarNames::of(CLOCKS.width() / pairs.len().max(1) as f64, &names, &seconds_labels(pairs));
        // Frame (b) has a title below it, whatever the names are.
        let curves = TOP + FRAME_HEIGHT + names.depth().max(42.0) + BELOW_NAMES;
        let rows = pairs.len().div_ceil(COLUMNS).max(1) as f64;
        Placement { names, curves, bottom: (curves + BELOW_TITLE + rows * SMALL_ROW).ceil() }
    }
}

/// The page of three parts; parts (a) and (b) are empty frames without pairs.
pub(super) fn page(pairs: &[Pair<'_>]) -> Canvas {
    let placement = Placement::of(pairs);
    let mut canvas = Canvas::new(placement.bottom);
    draw_clocks(&mut canvas, &placement, pairs);
    draw_links(&mut canvas, pairs);
    let title = "(c) Objective: simulated, and on it in real time";
    canvas.text(at(CLOCKS.left - 40.0, placement.curves), Anchor::Left, 15.0, INK, title);
    for (i, (word, pen)) in [("simulated", SIMULATED), ("real", REAL)].into_iter().enumerate() {
        let x = CLOCKS.left + 330.0 + i as f64 * 100.0;
        canvas.line(&[at(x, placement.curves), at(x + 18.0, placement.curves)], pen);
        canvas.text(at(x + 24.0, placement.curves), Anchor::Left, 13.0, INK, word);
    }
    for (i, pair) in pairs.iter().enumerate() {
        let left = SMALL_LEFT + (i % COLUMNS) as f64 * SMALL_COLUMN;
        let top = placement.curves + BELOW_TITLE + SMALL_TITLE + (i / COLUMNS) as f64 * SMALL_ROW;
        draw_objectives(&mut canvas, at(left, top), pair);
    }
    canvas
}

fn draw_clocks(canvas: &mut Canvas, placement: &Placement, pairs: &[Pair<'_>]) {
    let area = Rect { left: CLOCKS.left, top: TOP, right: CLOCKS.right, bottom: TOP + FRAME_HEIGHT };
    let frame = Frame { area, title: "(a) A clock's time: simulated (left bars) and real (right bars)" };
    frame.draw_title(canvas);
    legend::draw(canvas, &frame, &layers::clock_legend());
    let shares = |pair: &Pair<'_>| real_clock(pair).sum() / simulated_clock(pair).sum();
    let highest = pairs.iter().map(shares).filter(|share| share.is_finite()).fold(1.0, f64::max);
    let axis = Axis::linear(0.0, highest * (1.0 + HEADROOM), 5);
    frame.draw_y(canvas, &axis, "simulated clock = 1");
    for (i, pair) in pairs.iter().enumerate() {
        let middle = frame.bar(i, pairs.len()).middle;
        let half = (area.width() / pairs.len() as f64 * BARS / 4.0).min(26.0);
        let (simulated, real) = (simulated_clock(pair), real_clock(pair));
        let unit = simulated.sum();
        let slot = |middle| Slot { middle, half: half * 0.94 };
        layers::draw(canvas, &frame, &axis, slot(middle - half), layers::of_clock(&simulated, unit));
        let top = layers::draw(canvas, &frame, &axis, slot(middle + half), layers::of_clock(&real, unit));
        if pair.fault().is_some() {
            canvas.cross(Rect { left: middle, top, right: middle + 2.0 * half, bottom: area.bottom });
        }
        let top = top.min(frame.y(&axis, 1.0).unwrap_or(top));
        let label = pair.fault().map_or_else(|| signed(time_error(pair)), str::to_owned);
        canvas.text(at(middle, top - 9.0), Anchor::Middle, 12.0, ink(pair), &label);
    }
    frame.draw_base(canvas);
    placement.names.draw(canvas, &frame, &seconds_labels(pairs));
}

fn draw_links(canvas: &mut Canvas, pairs: &[Pair<'_>]) {
    let area = Rect { left: LINKS.left, top: TOP, right: LINKS.right, bottom: TOP + FRAME_HEIGHT };
    let frame = Frame { area, title: "(b) Bytes of every link" };
    frame.draw_title(canvas);
    let names: Vec<String> = pairs.iter().map(shown_name).collect();
    let entry = |(i, name)| Entry { swatch: Swatch::Area(colour(i), Hatch::None), name };
    legend::draw(canvas, &frame, &names.iter().map(String::as_str).enumerate().map(entry).collect::<Vec<_>>());
    let links: Vec<Vec<LinkError>> = pairs.iter().map(links).collect();
    let all = || links.iter().flatten();
    let low = all().map(|link| link.bytes_per_clock).fold(f64::INFINITY, |low, bytes| bytes.min(low));
    let high = all().map(|link| link.bytes_per_clock).fold(0.0, |high, bytes| bytes.max(high));
    let errors = all().map(|link| link.percent.abs()).filter(|error| error.is_finite());
    let worst = errors.fold(LEAST_ERROR, f64::max);
    let (x, y) = (Axis::logarithmic(low / 1.5, high * 1.5), Axis::linear(-worst * 1.05, worst * 1.05, 6));
    frame.draw_y(canvas, &y, "real over simulated, %");
    frame.draw_x(canvas, &x, "simulated bytes a clock over the link");
    for tolerance in [-TOLERANCE, TOLERANCE] {
        if let Some(y) = frame.y(&y, tolerance) {
            frame.draw_across(canvas, y, Pen { colour: FAINT, width: 1.2, dash: &[4.0, 3.0] });
        }
    }
    for (i, links) in links.iter().enumerate() {
        for link in links {
            if let (Some(x), Some(y)) = (frame.x(&x, link.bytes_per_clock), frame.y(&y, link.percent)) {
                canvas.dot(at(x, y), 2.2, colour(i));
            }
        }
    }
}

fn draw_objectives(canvas: &mut Canvas, Point { x: left, y: top }: Point, pair: &Pair<'_>) {
    let area = Rect { left, top, right: left + SMALL_WIDTH, bottom: top + SMALL_HEIGHT };
    let frame = Frame { area, title: "" };
    let name = fitted(13.0, SMALL_COLUMN - 20.0, &shown_name(pair));
    canvas.text(at((area.left + area.right) / 2.0, top - SMALL_TITLE), Anchor::Middle, 13.0, ink(pair), &name);
    let samples = || pair.runs.iter().flat_map(|run| [run.simulated, run.real]).flat_map(|run| &run.samples);
    let finite = |of: fn(&Sample) -> f64| samples().map(of).filter(|value| value.is_finite());
    let seconds = finite(|sample| sample.seconds).fold(0.0, f64::max);
    let low = finite(|sample| sample.objective).fold(f64::INFINITY, |low, value| value.min(low));
    let high = finite(|sample| sample.objective).fold(f64::NEG_INFINITY, |high, value| value.max(high));
    let margin = (high - low) * 0.06;
    let (x, y) = (Axis::linear(0.0, seconds * 1.03, 3), Axis::linear(low - margin, high + margin, 3));
    frame.draw_y(canvas, &y, "objective");
    frame.draw_x(canvas, &x, "seconds");
    let point = |sample: &Sample| Some(at(frame.x(&x, sample.seconds)?, frame.y(&y, sample.objective)?));
    for run in &pair.runs {
        canvas.line(&run.simulated.samples.iter().filter_map(point).collect::<Vec<_>>(), SIMULATED);
    }
    for run in &pair.runs {
        canvas.line(&run.real.samples.iter().filter_map(point).collect::<Vec<_>>(), REAL);
    }
}

/// A link, and how many percent more it carries in real time.
struct LinkError {
    /// The bytes of the simulated run.
    bytes_per_clock: f64,
    percent: f64,
}

/// The links that carry anything when simulated.
fn links(pair: &Pair<'_>) -> Vec<LinkError> {
    let of_run = |run: &Run<'_>| {
        let clocks = f64::from(run.simulated.summary.clocks.max(1));
        let links = run.links().into_values();
        let error = |link: LinkLoad| LinkError {
            bytes_per_clock: link.simulated_bytes as f64 / clocks,
            percent: link.error * 100.0,
        };
        links.map(error).collect::<Vec<_>>()
    };
    pair.runs.iter().flat_map(of_run).filter(|link| link.bytes_per_clock > 0.0).collect()
}

/// The mean over seeds; NaN without any.
fn mean(pair: &Pair<'_>, of: impl Fn(&Run<'_>) -> f64) -> f64 {
    let values: Vec<f64> = pair.runs.iter().map(of).collect();
    Spread::of(&values).map_or(f64::NAN, |spread| spread.mean)
}

/// The excess of a clock's time in real time, as a share of the simulated one.
fn time_error(pair: &Pair<'_>) -> f64 {
    mean(pair, |run| run.time_error().unwrap_or(f64::NAN))
}

/// The seconds of a simulated clock of each pair: `17.3 s`.
fn seconds_labels(pairs: &[Pair<'_>]) -> Vec<String> {
    let seconds = |run: &Run<'_>| run.simulated.summary.seconds / f64::from(run.simulated.summary.clocks.max(1));
    pairs.iter().map(|pair| format!("{} s", significant(mean(pair, seconds), 3))).collect()
}

/// The parts of the time of a simulated clock, with the first seed.
fn simulated_clock(pair: &Pair<'_>) -> Breakdown {
    pair.runs[0].simulated.summary.breakdown
}

/// The same of a clock in real time.
fn real_clock(pair: &Pair<'_>) -> Breakdown {
    pair.runs[0].real.summary.breakdown
}

fn ink(pair: &Pair<'_>) -> RGBColor {
    if pair.fault().is_some() { WRONG } else { INK }
}

fn shown_name(pair: &Pair<'_>) -> String {
    pair.fault().map_or_else(|| pair.name.clone(), |fault| format!("{} ({fault})", pair.name))
}

fn colour(i: usize) -> RGBColor {
    CELL_COLOURS[i % CELL_COLOURS.len()]
}

/// A share as percent with its sign: `+0.05 %`.
fn signed(share: f64) -> String {
    if share.is_finite() { format!("{:+.2} %", share * 100.0) } else { "n/a".into() }
}
