//! Charts of bars that stand in groups and are made of parts: costs, ratios, and values with ranges.
//!
//! Charts stand side by side. A chart's bars are evenly spaced; a line parts its groups, whose names stand over them.

use plotters::prelude::{DrawingBackend, RGBColor};
use record::numbers::fixed;

use super::DrawError;
use super::axis::Axis;
use super::canvas::{CELL_COLOURS, Canvas, FAINT, GRID, HEIGHT, Hatch, INK, PART_COLOURS, PART_HATCHES, Pen, Rect};
use super::labels::{BarNames, Form, ValueLabels};
use super::panel::{Panel, Swatch, draw_area};
use super::text::{Anchor, fitted};

const TOP: f64 = 98.0;
const FRAME_HEIGHT: f64 = 161.0;
const MARGIN: f64 = 6.0;
/// The page's frames lie between these, with so much between two.
const LEFT: f64 = 72.0;
const RIGHT: f64 = 890.0;
const GAP: f64 = 90.0;
/// Titles, and names of groups, in points; how far above the frame the latter are.
const TITLE: f64 = 15.0;
const TITLE_Y: f64 = 14.0;
const GROUP: f64 = 12.0;
const GROUP_RISE: f64 = 9.0;
/// Room above the highest bar for its label, as a share of the bar.
const HEADROOM: f64 = 0.16;

/// A bar.
#[derive(Clone, Debug, Default)]
pub(super) struct Bar {
    /// Below it.
    pub(super) name: String,
    /// Below its name.
    pub(super) remark: String,
    /// Above it, in lines.
    pub(super) label: Vec<String>,
    /// From below; as many as the chart has parts.
    pub(super) parts: Vec<f64>,
    /// The whisker's ends.
    pub(super) range: Option<(f64, f64)>,
    /// It says "at least": drawn hatched.
    pub(super) is_bound: bool,
}

/// Bars that belong together.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// Over them; may be empty.
    pub(super) name: String,
    /// At least one.
    pub(super) bars: Vec<Bar>,
}

/// A frame with its bars.
#[derive(Clone, Debug, Default)]
pub(super) struct Chart {
    /// Over all.
    pub(super) title: String,
    /// Of the axis.
    pub(super) axis: String,
    /// What bars are made of, from below; with one part bars have colours of their own, by their place in the group.
    pub(super) parts: Vec<&'static str>,
    /// A line across at this value, if any.
    pub(super) line: Option<f64>,
    /// From left to right.
    pub(super) groups: Vec<Group>,
}

impl Chart {
    fn bars(&self) -> impl Iterator<Item = &Bar> {
        self.groups.iter().flat_map(|group| &group.bars)
    }

    fn names(&self, slot: f64) -> BarNames {
        let names: Vec<&str> = self.bars().map(|bar| bar.name.as_str()).collect();
        BarNames::of(slot, &names, &self.remarks())
    }

    fn remarks(&self) -> Vec<String> {
        self.bars().map(|bar| bar.remark.clone()).collect()
    }

    /// Bars, at least one.
    fn count(&self) -> usize {
        self.bars().count().max(1)
    }
}

impl Bar {
    fn sum(&self) -> f64 {
        self.parts.iter().filter(|part| part.is_finite()).sum()
    }

    fn top(&self) -> f64 {
        self.range.map_or(self.sum(), |(_, high)| high.max(self.sum()))
    }
}

/// Left and right of each of so many frames.
fn frames(count: usize) -> Vec<(f64, f64)> {
    let count = count.max(1);
    let width = (RIGHT - LEFT - GAP * (count - 1) as f64) / count as f64;
    (0..count).map(|i| LEFT + i as f64 * (width + GAP)).map(|left| (left, left + width)).collect()
}

/// The page's height in points.
pub(super) fn height(charts: &[Chart]) -> f64 {
    let depth =
        |(chart, (left, right)): (&Chart, (f64, f64))| chart.names((right - left) / chart.count() as f64).depth();
    let deepest = charts.iter().zip(frames(charts.len())).map(depth).fold(0.0, f64::max);
    (TOP + FRAME_HEIGHT + deepest + MARGIN).max(HEIGHT).ceil()
}

/// All charts.
///
/// # Errors
/// [`DrawError`] when the backend fails.
pub(super) fn draw<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, charts: &[Chart]) -> Result<(), DrawError> {
    let frame = |(left, right)| Rect { left, top: TOP, right, bottom: TOP + FRAME_HEIGHT };
    for (chart, sides) in charts.iter().zip(frames(charts.len())) {
        draw_chart(canvas, chart, &Panel { frame: frame(sides), title: "" })?;
    }
    // One legend over all charts that are made of the same parts.
    let same = charts.windows(2).all(|pair| pair[0].parts == pair[1].parts);
    let shown = if same { charts.len().min(1) } else { charts.len() };
    for (i, chart) in charts.iter().take(shown).enumerate() {
        let (left, right) = frames(charts.len())[i];
        let right = if same { RIGHT } else { right };
        draw_legend(canvas, chart, &Panel { frame: frame((left, right)), title: "" })?;
    }
    Ok(())
}

/// What bars are made of, where it is more than one thing.
fn draw_legend<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, chart: &Chart, panel: &Panel) -> Result<(), DrawError> {
    if chart.parts.len() < 2 {
        return Ok(());
    }
    let entry = |(i, name): (usize, &&'static str)| (Swatch::Area(PART_COLOURS[part(i)], PART_HATCHES[part(i)]), *name);
    let legend: Vec<(Swatch<'_>, &str)> = chart.parts.iter().enumerate().map(entry).collect();
    panel.draw_legend(canvas, &legend)
}

fn draw_chart<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, chart: &Chart, panel: &Panel) -> Result<(), DrawError> {
    let frame = panel.frame;
    let title = fitted(TITLE, frame.width() + 40.0, &chart.title);
    canvas.text((frame.left - 40.0, TITLE_Y), Anchor::Left, TITLE, INK, &title)?;
    let slot = frame.width() / chart.count() as f64;
    let values: Vec<Vec<String>> = chart.bars().map(|bar| bar.label.clone()).collect();
    let labels = ValueLabels::of(slot, &values);
    let axis = Axis::linear(0.0, end(chart, &values, labels), 5);
    panel.draw_y(canvas, &axis, &chart.axis)?;
    if let Some(y) = chart.line.and_then(|line| panel.y(&axis, line)) {
        canvas.line(&[(frame.left, y), (frame.right, y)], Pen { colour: FAINT, width: 1.2, dash: &[4.0, 3.0] })?;
    }
    draw_groups(canvas, chart, panel, slot)?;
    let places = chart.groups.iter().flat_map(|group| 0..group.bars.len());
    for (i, ((bar, place), lines)) in chart.bars().zip(places).zip(&values).enumerate() {
        let (x, half) = panel.bar(i, chart.count());
        let own = (chart.parts.len() == 1).then(|| CELL_COLOURS[place % CELL_COLOURS.len()]);
        draw_bar(canvas, panel, &axis, bar, (x, half), own)?;
        let top = panel.y(&axis, bar.top()).unwrap_or(frame.bottom);
        labels.draw(canvas, (x, top), lines)?;
    }
    panel.draw_base(canvas)?;
    chart.names(slot).draw(canvas, panel, &chart.remarks())
}

/// The palette's entry of part `i`: those that differ most.
fn part(i: usize) -> usize {
    [0, 2, 3, 4, 1, 5][i % 6]
}

/// Where the axis ends: there is room for the label of every bar.
fn end(chart: &Chart, values: &[Vec<String>], labels: ValueLabels) -> f64 {
    let tops = chart.bars().map(Bar::top).chain(chart.line);
    let highest = tops.filter(|top| top.is_finite()).fold(0.0, f64::max);
    let end = match labels.form() {
        Form::Level => highest * (1.0 + HEADROOM),
        Form::Upright => chart
            .bars()
            .zip(values)
            .map(|(bar, lines)| labels.axis_end(FRAME_HEIGHT, bar.top(), 0.0, lines))
            .fold(highest, f64::max),
    };
    if end > 0.0 { end } else { 1.0 }
}

/// Lines between groups, and their names.
fn draw_groups<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    chart: &Chart,
    panel: &Panel,
    slot: f64,
) -> Result<(), DrawError> {
    let frame = panel.frame;
    let mut left = frame.left;
    for (i, group) in chart.groups.iter().enumerate() {
        let right = left + slot * group.bars.len() as f64;
        if i > 0 {
            canvas.line(&[(left, frame.top - 14.0), (left, frame.bottom)], Pen::solid(GRID, 1.2))?;
        }
        let name = fitted(GROUP, right - left - 4.0, &group.name);
        canvas.text(((left + right) / 2.0, frame.top - GROUP_RISE), Anchor::Middle, GROUP, INK, &name)?;
        left = right;
    }
    Ok(())
}

fn draw_bar<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    panel: &Panel,
    axis: &Axis,
    bar: &Bar,
    (x, half): (f64, f64),
    own: Option<RGBColor>,
) -> Result<(), DrawError> {
    let y = |value: f64| panel.y(axis, value).unwrap_or(panel.frame.bottom);
    let mut below = 0.0;
    for (i, value) in bar.parts.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        let (bottom, top) = (y(below), y(below + value));
        below += value;
        // Thinner than its outline it would be a line of no colour.
        if bottom - top >= 0.5 {
            let area = Rect { left: x - half, top, right: x + half, bottom };
            let hatch = if bar.is_bound {
                Hatch::Rising
            } else if own.is_some() {
                Hatch::None
            } else {
                PART_HATCHES[part(i)]
            };
            draw_area(canvas, area, own.unwrap_or(PART_COLOURS[part(i)]), hatch)?;
        }
    }
    if let Some((low, high)) = bar.range.filter(|(low, high)| low < high) {
        let pen = Pen::solid(INK, 1.3);
        canvas.line(&[(x, y(low)), (x, y(high))], pen)?;
        for end in [low, high] {
            canvas.line(&[(x - 4.0, y(end)), (x + 4.0, y(end))], pen)?;
        }
    }
    Ok(())
}

/// `$0.64`, `$17.3`, `$1,210`.
pub(super) fn dollars(usd: f64) -> String {
    match usd.abs() {
        0.0..10.0 => format!("${usd:.2}"),
        10.0..100.0 => format!("${usd:.1}"),
        _ => format!("${}", fixed(usd, 0)),
    }
}
