//! Insignificant updates by threshold (paper Figure 5): one line per panel, with the paper's own points alongside.
//!
//! The paper does not define what the share is of. The author's public code adds the number of all parameters of a table for every
//! update of it (`total_update += num_vals`), so that one without a change counts as insignificant: the claims and the solid lines
//! count so too. In addition, the figure shows the share of parameters that had an update at all; the table has the
//! insignificant share of those, and of the updates' sizes, as well.

use polars::prelude::{DataFrame, PolarsResult, df};
use record::numbers::{Spread, significant};

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, HEIGHT, INK, Pen, Point, Rect, WIDTH, at};
use super::cells::{Cell, OfPanel, by_panel, compared, group};
use super::form::FigureForm;
use super::frame::Frame;
use super::measure::Measures;
use super::text::{fitted, text_width};
use super::timebar::colour;
use crate::claims::{Claim, Context, Expected, RestsOn, Statement, Unmeasured};
use crate::plans;
use record::results::{CellResult, Summary};

/// The question that the figure answers.
pub(super) const QUESTION: &str = "how much of the updates is insignificant, by threshold?";

/// The paper's thresholds and shares in percent, by panel: Figure 5, read to one point; the 1 % column is printed.
const THRESHOLDS: [f64; 7] = [0.1, 0.05, 0.01, 0.005, 0.001, 0.0005, 0.0001];
const PAPER: [PaperShares; 3] = [
    PaperShares { panel: "MF", percent: [99.5, 99.0, 95.6, 93.0, 78.0, 68.0, 38.0] },
    PaperShares { panel: "TM", percent: [97.0, 96.0, 95.2, 95.0, 95.0, 95.0, 95.0] },
    PaperShares { panel: "IC", percent: [99.5, 99.0, 97.0, 94.5, 81.0, 70.0, 41.0] },
];

/// A line of the paper's figure.
struct PaperShares {
    panel: &'static str,
    /// At each of [`THRESHOLDS`].
    percent: [f64; 7],
}

const SAME_TARGET: &str = "fig5.same-target";
/// The greatest difference between our share and the paper's, in points.
const TOLERANCE: f64 = 5.0;

const FRAME: Rect = Rect { left: 62.0, top: 72.0, right: 640.0, bottom: 250.0 };

/// Sizes of the key's names, best first.
const KEY_SIZES: [f64; 4] = [12.0, 11.0, 10.0, 9.0];

/// The whole that the share is of.
type Share = fn(&Summary) -> Option<f64>;

/// Of all parameters, in percent.
fn of_all(summary: &Summary) -> Option<f64> {
    summary.insignificant.map(|share| share * 100.0)
}

/// Of the parameters that had an update pending, in percent.
fn of_touched(summary: &Summary) -> Option<f64> {
    summary.held.map(|held| held.of_touched * 100.0)
}

/// The parameters that had an update pending, of all.
fn touched(summary: &Summary) -> Option<f64> {
    summary.held.map(|held| held.touched * 100.0)
}

/// Of the sum of the updates' sizes, in percent.
fn of_amount(summary: &Summary) -> Option<f64> {
    summary.held.map(|held| held.of_amount * 100.0)
}

/// The threshold of a cell's filter, from its plan.
fn threshold(cell: &Cell<'_>) -> Option<f64> {
    plans::threshold(&plans::of(cell.runs.first()?)?)
}

/// The paper's share at a panel's threshold.
fn paper(panel: &str, threshold: f64) -> Option<f64> {
    let line = PAPER.iter().find(|line| line.panel == panel)?;
    let at = THRESHOLDS.iter().position(|known| (known / threshold - 1.0).abs() < 1e-9)?;
    Some(line.percent[at])
}

/// The form: shares by threshold, a line per panel.
#[derive(Debug)]
pub(super) struct Shares;

impl FigureForm for Shares {
    fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        table(results)
    }

    fn draw(&self, results: &[CellResult]) -> Canvas {
        draw(results)
    }
}

/// One row per panel and threshold.
fn table(results: &[CellResult]) -> PolarsResult<DataFrame> {
    let cells = group(results);
    let cells = compared(&cells);
    let column = |of: &dyn Fn(&Cell<'_>) -> Option<f64>| cells.iter().map(|cell| of(cell)).collect::<Vec<_>>();
    let mean = |share: Share| column(&|cell| cell.spread(share).map(|spread| spread.mean));
    df![
        "panel" => cells.iter().map(|cell| cell.panel).collect::<Vec<_>>(),
        "cell" => cells.iter().map(|cell| cell.name).collect::<Vec<_>>(),
        "threshold_percent" => column(&|cell| threshold(cell).map(|threshold| threshold * 100.0)),
        "seeds" => cells.iter().map(|cell| cell.runs.len() as u32).collect::<Vec<_>>(),
        "clocks" => column(&|cell| cell.spread(|s| Some(f64::from(s.clocks))).map(|spread| spread.mean)),
        "insignificant_percent" => mean(of_all),
        "insignificant_percent_low" => column(&|cell| cell.spread(of_all).map(|spread| spread.low)),
        "insignificant_percent_high" => column(&|cell| cell.spread(of_all).map(|spread| spread.high)),
        "touched_percent" => mean(touched),
        "insignificant_of_touched_percent" => mean(of_touched),
        "held_amount_percent" => mean(of_amount),
        "paper_percent" => column(&|cell| paper(cell.panel, threshold(cell)?)),
        "wan_gb_per_clock" => column(&|cell| cell.spread(|s| Some(s.wan_bytes_per_clock / 1e9)).map(|spread| spread.mean)),
    ]
}

/// The names of the claims at all thresholds of all panels.
pub(super) fn claim_names() -> Vec<String> {
    let of_panel = |line: &PaperShares| THRESHOLDS.map(|threshold| id(line.panel, threshold));
    PAPER.iter().flat_map(of_panel).chain([SAME_TARGET.to_owned()]).collect()
}

fn id(panel: &str, threshold: f64) -> String {
    format!("fig5.{}.{}", panel.to_lowercase(), significant(threshold * 100.0, 1))
}

/// At 1 %, where the paper prints its numbers, and at every other threshold of each panel.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let cells = group(results);
    let cells = compared(&cells);
    let mut claims: Vec<Claim> = cells.iter().filter_map(|cell| claim(cell)).collect();
    claims.extend(Measures::of(results).same_target(SAME_TARGET, &Context::of(results)));
    claims
}

fn claim(cell: &Cell<'_>) -> Option<Claim> {
    let threshold = threshold(cell)?;
    let paper = paper(cell.panel, threshold)?;
    let percent = significant(threshold * 100.0, 1);
    let id = id(cell.panel, threshold);
    let (low, high) = (paper - TOLERANCE, (paper + TOLERANCE).min(100.0));
    let says = format!(
        "{}: at {percent} %, {paper} % of the updates are insignificant (within {low} to {high}; of all parameters)",
        cell.panel
    );
    let expected = Expected::Within(low, high);
    let statement = Statement {
        id: &id,
        says: &says,
        source: "Figure 5",
        paper: Some(paper),
        expected,
        rests_on: RestsOn::PaperTimes,
    };
    // A share needs no target, but a run that was to stop at an unsound one stopped anywhere.
    let sound = if cell.has_target() { cell.sound_target() } else { Ok(()) };
    let nothing = || Unmeasured::NotRun(format!("{} filters nothing", cell.name));
    let measured = sound.and_then(|()| cell.spread(of_all).ok_or_else(nothing));
    Some(statement.judge(measured, &Context::of(cell.runs.iter().copied())))
}

/// An entry of the key.
struct KeyEntry {
    pen: Pen<'static>,
    name: String,
}

/// A cell's threshold, and a share in percent.
struct ShareAt {
    threshold: f64,
    percent: f64,
}

fn draw(results: &[CellResult]) -> Canvas {
    let mut canvas = Canvas::new(HEIGHT);
    let cells = group(results);
    let cells = compared(&cells);
    let panels = by_panel(&cells);
    let frame = Frame { area: FRAME, title: "Insignificant updates" };
    frame.draw_title(&mut canvas);
    let x = thresholds_axis(&cells);
    let y = Axis::linear(0.0, 100.0, 5);
    frame.draw_y(&mut canvas, &y, "% of parameters");
    frame.draw_x(&mut canvas, &x, "significance threshold in %");
    let mut key: Vec<KeyEntry> = Vec::new();
    let mut draw_line = |shares: &[ShareAt], pen: Pen<'static>, name: String| {
        let place = |share: &ShareAt| Some(at(frame.x(&x, share.threshold * 100.0)?, frame.y(&y, share.percent)?));
        let places: Vec<Point> = shares.iter().filter_map(place).collect();
        canvas.line(&places, pen);
        places.iter().for_each(|place| canvas.dot(*place, 2.8, pen.colour));
        key.push(KeyEntry { pen, name });
    };
    for (i, OfPanel { panel: name, cells }) in panels.iter().enumerate() {
        let solid = Pen::solid(colour(i), 2.0);
        draw_line(&shares(cells, of_all), solid, format!("{name} here, of all parameters"));
        let printed = cells.iter().filter_map(|cell| {
            let threshold = threshold(cell)?;
            Some(ShareAt { threshold, percent: paper(name, threshold)? })
        });
        let printed: Vec<ShareAt> = printed.collect();
        if !printed.is_empty() {
            draw_line(&printed, Pen { dash: &[2.0, 2.5], ..solid }, format!("{name} in the paper"));
        }
        let touched = shares(cells, touched);
        if !touched.is_empty() {
            let dashed = Pen { dash: &[7.0, 3.0], width: 1.2, ..solid };
            draw_line(&touched, dashed, format!("{name} here: with an update"));
        }
    }
    draw_key(&mut canvas, &key);
    canvas
}

/// The key at the frame's right, one below the other, as large as the longest name lets it be.
fn draw_key(canvas: &mut Canvas, key: &[KeyEntry]) {
    let room = WIDTH - (FRAME.right + 46.0) - 4.0;
    let widest = |size: f64| key.iter().map(|entry| text_width(size, &entry.name)).fold(0.0, f64::max);
    let size = KEY_SIZES.into_iter().find(|size| widest(*size) <= room).unwrap_or(KEY_SIZES[3]);
    for (row, KeyEntry { pen, name }) in key.iter().enumerate() {
        let (x, y) = (FRAME.right + 16.0, FRAME.top + 8.0 + 20.0 * row as f64);
        canvas.line(&[at(x, y), at(x + 24.0, y)], *pen);
        canvas.text(at(x + 30.0, y), Anchor::Left, size, INK, &fitted(size, room, name));
    }
}

/// The shares of cells, by threshold.
fn shares(cells: &[&Cell<'_>], share: Share) -> Vec<ShareAt> {
    let of = |cell: &&Cell<'_>| Some(ShareAt { threshold: threshold(cell)?, percent: cell.spread(share)?.mean });
    let mut shares: Vec<ShareAt> = cells.iter().filter_map(of).collect();
    shares.sort_by(|a, b| a.threshold.total_cmp(&b.threshold));
    shares
}

fn thresholds_axis(cells: &[&Cell<'_>]) -> Axis {
    let thresholds: Vec<f64> = cells.iter().filter_map(|cell| threshold(cell)).filter(|t| *t > 0.0).collect();
    match Spread::of(&thresholds) {
        Some(Spread { low, high, .. }) => Axis::logarithmic(low * 100.0 / 1.3, high * 100.0 * 1.3),
        None => Axis::logarithmic(0.01, 10.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Verdict::{Fails, Holds};
    use crate::figures::text::DENSITY;
    use crate::plans::testing::{plan, planned};
    use record::results::testing::cell;

    fn at(panel: &str, threshold: f64, share: f64) -> CellResult {
        let significance = format!("significance: {{threshold: {threshold}, schedule: constant}}");
        let plan = plan("va-ca", 1, &format!("{{gaia: {{inside: {{bsp: {{}}}}, {significance}}}}}"));
        let mut result = planned(cell("Gaia").panel(panel).done(), &plan);
        result.cell = format!("{threshold}");
        result.summary.insignificant = Some(share);
        result
    }

    #[test]
    fn each_threshold_is_compared_with_the_papers_point() {
        let results = [at("MF", 0.01, 0.946), at("MF", 0.001, 0.7), at("MF", 0.002, 0.7), at("TM", 0.1, 0.97)];
        let claims = claims(&results);
        let found: Vec<(&str, Option<f64>, crate::claims::Verdict)> =
            claims.iter().map(|claim| (claim.id.as_str(), claim.paper, claim.verdict)).collect();
        let expected = [
            ("fig5.mf.1", Some(95.6), Holds),
            ("fig5.mf.0.1", Some(78.0), Fails),
            ("fig5.tm.10", Some(97.0), Holds),
            ("fig5.same-target", None, Holds),
        ];
        assert_eq!(found, expected, "no claim where the paper has no point");
        let table = table(&results).unwrap();
        assert_eq!(table.column("threshold_percent").unwrap().f64().unwrap().get(0), Some(1.0));
    }

    #[test]
    fn the_key_lies_on_the_page() {
        for panel in
            ["MF", "2.1 M tokens", "a panel of a name that no page of this width can have room for beside its frame"]
        {
            let svg = crate::figures::Figure::named("fig5").unwrap().svg(&[at(panel, 0.01, 0.9)]).unwrap();
            let name = svg.split("<text ").find(|text| text.contains(&panel[..2])).unwrap();
            let attribute = |of: &str| -> f64 {
                name.split_once(&format!("{of}=\"")).unwrap().1.split('"').next().unwrap().parse().unwrap()
            };
            let text = name.split_once('>').unwrap().1.split("</text>").next().unwrap().trim();
            let size = attribute("font-size");
            let ends = attribute("x") + text_width(size, text);
            assert!(ends <= WIDTH * DENSITY, "{text}: {ends}");
            assert_eq!(text.contains('…'), panel.len() > 20, "{text}");
        }
    }
}
