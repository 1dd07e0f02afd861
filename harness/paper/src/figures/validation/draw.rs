//! The page: clocks side by side, the bytes of every link, and a small panel of objectives for each pair.

use plotters::prelude::{DrawingBackend, RGBColor};
use record::numbers::{Spread, significant};

use super::pairs::{Pair, pairs};
use crate::figures::DrawError;
use crate::figures::axis::Axis;
use crate::figures::canvas::{CELL_COLOURS, Canvas, FAINT, Hatch, INK, PART_COLOURS, PART_HATCHES, Pen, Rect, WRONG};
use crate::figures::labels::BarNames;
use crate::figures::panel::{Panel, Swatch, draw_area};
use crate::figures::text::{Anchor, fitted};
use record::results::{Breakdown, CellResult, Sample};

/// The frames of panels (a) and (b).
const TOP: f64 = 98.0;
const FRAME_HEIGHT: f64 = 170.0;
const CLOCKS: (f64, f64) = (52.0, 500.0);
const LINKS: (f64, f64) = (580.0, 890.0);
/// Objectives: so many small panels in a row, with room around each.
const COLUMNS: usize = 4;
const SMALL_WIDTH: f64 = 140.0;
const SMALL_HEIGHT: f64 = 105.0;
const SMALL_LEFT: f64 = 74.0;
const SMALL_COLUMN: f64 = 226.0;
const SMALL_ROW: f64 = 174.0;
/// From the bar names to the title of panel (c), and from there to the first small title.
const BELOW_NAMES: f64 = 26.0;
const BELOW_TITLE: f64 = 22.0;
/// From a small title to its frame.
const SMALL_TITLE: f64 = 13.0;
/// Room above the highest bar for its label.
const HEADROOM: f64 = 0.16;
/// The share of the slot of a pair that its two bars take.
const BARS: f64 = 0.66;
/// Panel (b) shows errors at least up to so many percent, and marks the tolerance.
const LEAST_ERROR: f64 = 6.0;
const TOLERANCE: f64 = 5.0;
/// Of a small panel: the simulated curve is wide and light, the real one thin and dark on it.
const SIMULATED: Pen<'static> = Pen::solid(RGBColor(0x9B, 0xC9, 0xE6), 5.0);
const REAL: Pen<'static> = Pen::solid(RGBColor(0x10, 0x30, 0x50), 1.3);

/// Where the parts of the page are.
#[derive(Debug)]
pub(in crate::figures) struct Layout {
    names: BarNames,
    /// The title of panel (c).
    curves: f64,
    /// The page's, in whole points.
    pub(in crate::figures) height: f64,
}

impl Layout {
    /// For these results.
    pub(in crate::figures) fn of(results: &[CellResult]) -> Self {
        let pairs = pairs(results);
        let names: Vec<String> = pairs.iter().map(shown_name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let seconds: Vec<String> = pairs.iter().map(|pair| format!("{} s", short(clock(pair).0))).collect();
        let names = BarNames::of((CLOCKS.1 - CLOCKS.0) / pairs.len().max(1) as f64, &names, &seconds);
        // Panel (b) has a title below its frame, whatever the names are.
        let curves = TOP + FRAME_HEIGHT + names.depth().max(42.0) + BELOW_NAMES;
        let rows = pairs.len().div_ceil(COLUMNS).max(1) as f64;
        Layout { names, curves, height: (curves + BELOW_TITLE + rows * SMALL_ROW).ceil() }
    }
}

/// The whole page.
///
/// # Errors
/// [`DrawError`] when the backend fails.
pub(in crate::figures) fn draw<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    layout: &Layout,
    results: &[CellResult],
) -> Result<(), DrawError> {
    let pairs = pairs(results);
    draw_clocks(canvas, layout, &pairs)?;
    draw_links(canvas, &pairs)?;
    let title = "(c) Objective: simulated, and on it in real time";
    canvas.text((CLOCKS.0 - 40.0, layout.curves), Anchor::Left, 15.0, INK, title)?;
    for (i, (word, pen)) in [("simulated", SIMULATED), ("real", REAL)].into_iter().enumerate() {
        let x = CLOCKS.0 + 330.0 + i as f64 * 100.0;
        canvas.line(&[(x, layout.curves), (x + 18.0, layout.curves)], pen)?;
        canvas.text((x + 24.0, layout.curves), Anchor::Left, 13.0, INK, word)?;
    }
    for (i, pair) in pairs.iter().enumerate() {
        let (left, top) = (
            SMALL_LEFT + (i % COLUMNS) as f64 * SMALL_COLUMN,
            layout.curves + BELOW_TITLE + SMALL_TITLE + (i / COLUMNS) as f64 * SMALL_ROW,
        );
        draw_objectives(canvas, (left, top), pair)?;
    }
    Ok(())
}

fn draw_clocks<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    layout: &Layout,
    pairs: &[Pair<'_>],
) -> Result<(), DrawError> {
    let frame = Rect { left: CLOCKS.0, top: TOP, right: CLOCKS.1, bottom: TOP + FRAME_HEIGHT };
    let panel = Panel { frame, title: "(a) A clock's time: simulated (left bars) and real (right bars)" };
    panel.draw_title(canvas)?;
    let parts = Breakdown::default().parts();
    let swatch = |part: usize| Swatch::Area(PART_COLOURS[part], PART_HATCHES[part]);
    let legend: Vec<(Swatch<'_>, &str)> = parts.iter().enumerate().map(|(i, (name, _))| (swatch(i), *name)).collect();
    panel.draw_legend(canvas, &legend)?;
    let shares = |pair: &Pair<'_>| breakdowns(pair).1.sum() / breakdowns(pair).0.sum();
    let highest = pairs.iter().map(shares).filter(|share| share.is_finite()).fold(1.0, f64::max);
    let axis = Axis::linear(0.0, highest * (1.0 + HEADROOM), 5);
    panel.draw_y(canvas, &axis, "simulated clock = 1")?;
    for (i, pair) in pairs.iter().enumerate() {
        let (middle, _) = panel.bar(i, pairs.len());
        let half = (frame.width() / pairs.len() as f64 * BARS / 4.0).min(26.0);
        let (simulated, real) = breakdowns(pair);
        let unit = simulated.sum();
        draw_bar(canvas, (&panel, &axis), (middle - half, half * 0.94), (&simulated, unit))?;
        let top = draw_bar(canvas, (&panel, &axis), (middle + half, half * 0.94), (&real, unit))?;
        if pair.fault().is_some() {
            let area = Rect { left: middle, top, right: middle + 2.0 * half, bottom: frame.bottom };
            canvas.cross(area)?;
        }
        let top = top.min(panel.y(&axis, 1.0).unwrap_or(top));
        let (colour, label) =
            pair.fault().map_or_else(|| (INK, signed(clock(pair).1)), |fault| (WRONG, fault.to_owned()));
        canvas.text((middle, top - 9.0), Anchor::Middle, 12.0, colour, &label)?;
    }
    panel.draw_base(canvas)?;
    layout.names.draw(
        canvas,
        &panel,
        &pairs.iter().map(|pair| format!("{} s", short(clock(pair).0))).collect::<Vec<_>>(),
    )
}

/// One stacked bar, in multiples of `unit`; where its top is.
fn draw_bar<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    (panel, axis): (&Panel, &Axis),
    (x, half): (f64, f64),
    (parts, unit): (&Breakdown, f64),
) -> Result<f64, DrawError> {
    let mut below = 0.0;
    let shares = parts.parts().map(|(_, seconds)| seconds / unit);
    for (part, share) in shares.into_iter().enumerate().filter(|(_, share)| share.is_finite()) {
        let (bottom, top) = (panel.y(axis, below), panel.y(axis, below + share));
        below += share;
        let Some((bottom, top)) = bottom.zip(top) else { continue };
        // Thinner than its outline it would be a line of no colour.
        if bottom - top >= 0.5 {
            let area = Rect { left: x - half, top, right: x + half, bottom };
            draw_area(canvas, area, PART_COLOURS[part], PART_HATCHES[part])?;
        }
    }
    Ok(panel.y(axis, below).unwrap_or(panel.frame.bottom))
}

fn draw_links<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, pairs: &[Pair<'_>]) -> Result<(), DrawError> {
    let frame = Rect { left: LINKS.0, top: TOP, right: LINKS.1, bottom: TOP + FRAME_HEIGHT };
    let panel = Panel { frame, title: "(b) Bytes of every link" };
    panel.draw_title(canvas)?;
    let names: Vec<String> = pairs.iter().map(shown_name).collect();
    let swatch = |i: usize| Swatch::Area(colour(i), Hatch::None);
    let legend: Vec<_> = names.iter().enumerate().map(|(i, name)| (swatch(i), name.as_str())).collect();
    panel.draw_legend(canvas, &legend)?;
    // Bytes a clock and error in percent, by pair.
    let links: Vec<Vec<(f64, f64)>> = pairs.iter().map(links).collect();
    let all = || links.iter().flatten();
    let (low, high) = all().fold((f64::INFINITY, 0.0), |(low, high), (bytes, _)| (bytes.min(low), bytes.max(high)));
    let worst = all().map(|(_, error)| error.abs()).filter(|error| error.is_finite()).fold(LEAST_ERROR, f64::max);
    let (x, y) = (Axis::logarithmic(low / 1.5, high * 1.5), Axis::linear(-worst * 1.05, worst * 1.05, 6));
    panel.draw_y(canvas, &y, "real over simulated, %")?;
    panel.draw_x(canvas, &x, "simulated bytes a clock over the link")?;
    for tolerance in [-TOLERANCE, TOLERANCE] {
        if let Some(at) = panel.y(&y, tolerance) {
            canvas
                .line(&[(frame.left, at), (frame.right, at)], Pen { colour: FAINT, width: 1.2, dash: &[4.0, 3.0] })?;
        }
    }
    for (i, links) in links.iter().enumerate() {
        for (bytes, error) in links {
            if let (Some(x), Some(y)) = (panel.x(&x, *bytes), panel.y(&y, *error)) {
                canvas.dot((x, y), 2.2, colour(i))?;
            }
        }
    }
    Ok(())
}

fn draw_objectives<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    (left, top): (f64, f64),
    pair: &Pair<'_>,
) -> Result<(), DrawError> {
    let frame = Rect { left, top, right: left + SMALL_WIDTH, bottom: top + SMALL_HEIGHT };
    let panel = Panel { frame, title: "" };
    let name = fitted(13.0, SMALL_COLUMN - 20.0, &shown_name(pair));
    let ink = if pair.fault().is_some() { WRONG } else { INK };
    canvas.text(((frame.left + frame.right) / 2.0, top - SMALL_TITLE), Anchor::Middle, 13.0, ink, &name)?;
    let samples = || pair.runs.iter().flat_map(|run| [run.simulated, run.real]).flat_map(|run| &run.samples);
    let finite = |of: fn(&Sample) -> f64| samples().map(of).filter(|value| value.is_finite());
    let seconds = finite(|sample| sample.seconds).fold(0.0, f64::max);
    let (low, high) = finite(|sample| sample.objective)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (value.min(low), value.max(high)));
    let margin = (high - low) * 0.06;
    let (x, y) = (Axis::linear(0.0, seconds * 1.03, 3), Axis::linear(low - margin, high + margin, 3));
    panel.draw_y(canvas, &y, "objective")?;
    panel.draw_x(canvas, &x, "seconds")?;
    for (pen, real) in [(SIMULATED, false), (REAL, true)] {
        for run in &pair.runs {
            let samples = &if real { run.real } else { run.simulated }.samples;
            let point = |sample: &Sample| Some((panel.x(&x, sample.seconds)?, panel.y(&y, sample.objective)?));
            canvas.line(&samples.iter().filter_map(point).collect::<Vec<_>>(), pen)?;
        }
    }
    Ok(())
}

/// Bytes a clock of each link, and how many percent more it carries in real time.
fn links(pair: &Pair<'_>) -> Vec<(f64, f64)> {
    let of_run = |run: &super::Run<'_>| {
        let clocks = f64::from(run.simulated.summary.clocks.max(1));
        let links = run.links().into_values();
        links.map(move |(bytes, error)| (bytes as f64 / clocks, error * 100.0)).collect::<Vec<_>>()
    };
    pair.runs.iter().flat_map(of_run).filter(|(bytes, _)| *bytes > 0.0).collect()
}

/// Seconds of a simulated clock, and how much more a real one takes; means over seeds.
fn clock(pair: &Pair<'_>) -> (f64, f64) {
    let mean = |values: Vec<f64>| Spread::of(&values).map_or(f64::NAN, |spread| spread.mean);
    let seconds = |run: &super::Run<'_>| run.simulated.summary.seconds / f64::from(run.simulated.summary.clocks.max(1));
    let error = |run: &super::Run<'_>| run.time_error().unwrap_or(f64::NAN);
    (mean(pair.runs.iter().map(seconds).collect()), mean(pair.runs.iter().map(error).collect()))
}

/// Where a clock's time goes: simulated and real, of the first seed.
fn breakdowns(pair: &Pair<'_>) -> (Breakdown, Breakdown) {
    (pair.runs[0].simulated.summary.breakdown, pair.runs[0].real.summary.breakdown)
}

fn shown_name(pair: &Pair<'_>) -> String {
    pair.fault().map_or_else(|| pair.name.clone(), |fault| format!("{} ({fault})", pair.name))
}

fn colour(i: usize) -> RGBColor {
    CELL_COLOURS[i % CELL_COLOURS.len()]
}

/// `0.64`, `17.3`, `1,210`.
fn short(seconds: f64) -> String {
    significant(seconds, 3)
}

/// A share as percent with its sign: `+0.05 %`.
fn signed(share: f64) -> String {
    if share.is_finite() { format!("{:+.2} %", share * 100.0) } else { "n/a".into() }
}
