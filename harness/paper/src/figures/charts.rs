//! Charts of bars that stand in groups and are made of parts: costs, ratios, and values with ranges.
//!
//! Charts stand side by side. A chart's bars are evenly spaced; a line parts its groups, whose names stand over them.

use record::numbers::fixed;

use super::axis::Axis;
use super::canvas::{
    Anchor, CELL_COLOURS, Canvas, Direction, FAINT, GRID, HEIGHT, Hatch, INK, PART_COLOURS, PART_HATCHES, Pen, Rect,
    Span, at,
};
use super::frame::Frame;
use super::labels::{BarNames, ValueLabels};
use super::layers::{self, Layer};
use super::legend::{self, Entry, Swatch};
use super::text::fitted;

const TOP: f64 = 98.0;
const FRAME_HEIGHT: f64 = 161.0;
const MARGIN: f64 = 6.0;
/// The page's room for frames, and what is between two of them.
const SIDES: Span = Span::new(72.0, 890.0);
const GAP: f64 = 90.0;
/// Titles, and names of groups, in points; how far above the frame the latter are.
const TITLE: f64 = 15.0;
const TITLE_Y: f64 = 14.0;
const GROUP: f64 = 12.0;
const GROUP_RISE: f64 = 9.0;
/// Room above the highest bar for its label, as a share of the bar.
const HEADROOM: f64 = 0.16;

/// A bar of a chart.
#[derive(Clone, Debug, Default)]
pub(super) struct Bar {
    /// The name below the bar.
    pub(super) name: String,
    /// A remark below the name; may be empty.
    pub(super) remark: String,
    /// The label above the bar, line by line.
    pub(super) label: Vec<String>,
    /// From below; as many as the chart has parts.
    pub(super) parts: Vec<f64>,
    /// The range that the whisker shows, if any.
    pub(super) range: Option<Range>,
    /// Whether it is a lower bound ("at least"): drawn hatched.
    pub(super) is_bound: bool,
}

/// From the least to the greatest value of a bar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Bars that belong together.
#[derive(Clone, Debug, Default)]
pub(super) struct BarGroup {
    /// Over them; may be empty.
    pub(super) name: String,
    /// From left to right; at least one.
    pub(super) bars: Vec<Bar>,
}

/// A frame with its bars.
#[derive(Clone, Debug, Default)]
pub(super) struct Chart {
    /// The title over the frame.
    pub(super) title: String,
    /// The title of the axis, with the unit.
    pub(super) axis: String,
    /// The parts of bars, from below; with one part bars have colours of their own, by their place in the group.
    pub(super) parts: Vec<&'static str>,
    /// A line across at this value, if any.
    pub(super) line: Option<f64>,
    /// From left to right.
    pub(super) groups: Vec<BarGroup>,
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
        self.range.map_or(self.sum(), |range| range.high.max(self.sum()))
    }
}

/// The sides of each of `count` frames, at least one.
fn frames(count: usize) -> Vec<Span> {
    let count = count.max(1);
    let width = (SIDES.right - SIDES.left - GAP * (count - 1) as f64) / count as f64;
    (0..count).map(|i| SIDES.left + i as f64 * (width + GAP)).map(|left| Span::new(left, left + width)).collect()
}

/// A page of charts side by side.
pub(super) fn page(charts: &[Chart]) -> Canvas {
    let depth = |(chart, sides): (&Chart, Span)| chart.names(sides.width() / chart.count() as f64).depth();
    let deepest = charts.iter().zip(frames(charts.len())).map(depth).fold(0.0, f64::max);
    let mut canvas = Canvas::new((TOP + FRAME_HEIGHT + deepest + MARGIN).max(HEIGHT).ceil());
    let frame = |Span { left, right }| {
        let area = Rect { left, top: TOP, right, bottom: TOP + FRAME_HEIGHT };
        Frame { area, title: "" }
    };
    for (chart, sides) in charts.iter().zip(frames(charts.len())) {
        draw_chart(&mut canvas, chart, &frame(sides));
    }
    // One legend over all charts that are made of the same parts.
    let same = charts.windows(2).all(|pair| pair[0].parts == pair[1].parts);
    let shown = if same { charts.len().min(1) } else { charts.len() };
    for (i, chart) in charts.iter().take(shown).enumerate() {
        let Span { left, right } = frames(charts.len())[i];
        let right = if same { SIDES.right } else { right };
        draw_legend(&mut canvas, chart, &frame(Span { left, right }));
    }
    canvas
}

/// Draws the parts of bars, where there are several.
fn draw_legend(canvas: &mut Canvas, chart: &Chart, frame: &Frame) {
    if chart.parts.len() < 2 {
        return;
    }
    let swatch = |i| Swatch::Area(PART_COLOURS[part(i)], PART_HATCHES[part(i)]);
    let entries = chart.parts.iter().enumerate().map(|(i, name)| Entry { swatch: swatch(i), name });
    legend::draw(canvas, frame, &entries.collect::<Vec<_>>());
}

fn draw_chart(canvas: &mut Canvas, chart: &Chart, frame: &Frame) {
    let area = frame.area;
    let title = fitted(TITLE, area.width() + 40.0, &chart.title);
    canvas.text(at(area.left - 40.0, TITLE_Y), Anchor::Left, TITLE, INK, &title);
    let slot = area.width() / chart.count() as f64;
    let values: Vec<Vec<String>> = chart.bars().map(|bar| bar.label.clone()).collect();
    let labels = ValueLabels::of(slot, &values);
    let axis = Axis::linear(0.0, end(chart, &values, labels), 5);
    frame.draw_y(canvas, &axis, &chart.axis);
    if let Some(y) = chart.line.and_then(|line| frame.y(&axis, line)) {
        frame.draw_across(canvas, y, Pen { colour: FAINT, width: 1.2, dash: &[4.0, 3.0] });
    }
    draw_groups(canvas, chart, area, slot);
    let places = chart.groups.iter().flat_map(|group| 0..group.bars.len());
    for (i, ((bar, place), lines)) in chart.bars().zip(places).zip(&values).enumerate() {
        let slot = frame.bar(i, chart.count());
        let own = (chart.parts.len() == 1).then(|| CELL_COLOURS[place % CELL_COLOURS.len()]);
        let layer = |(i, value): (usize, &f64)| {
            let hatch = if bar.is_bound {
                Hatch::Rising
            } else if own.is_some() {
                Hatch::None
            } else {
                PART_HATCHES[part(i)]
            };
            Layer { value: *value, colour: own.unwrap_or(PART_COLOURS[part(i)]), hatch }
        };
        layers::draw(canvas, frame, &axis, slot, bar.parts.iter().enumerate().map(layer));
        if let Some(Range { low, high }) = bar.range.filter(|range| range.low < range.high) {
            frame.draw_whisker(canvas, &axis, slot.middle, low, high);
        }
        labels.draw(canvas, at(slot.middle, frame.y_or_bottom(&axis, bar.top())), lines);
    }
    frame.draw_base(canvas);
    chart.names(slot).draw(canvas, frame, &chart.remarks());
}

/// The palette's entry of part `i`: those that differ most.
fn part(i: usize) -> usize {
    [0, 2, 3, 4, 1, 5][i % 6]
}

/// The end of the axis: there is room for the label of every bar.
fn end(chart: &Chart, values: &[Vec<String>], labels: ValueLabels) -> f64 {
    let tops = chart.bars().map(Bar::top).chain(chart.line);
    let highest = tops.filter(|top| top.is_finite()).fold(0.0, f64::max);
    let end = match labels.direction() {
        Direction::Rightwards => highest * (1.0 + HEADROOM),
        Direction::Upwards => chart
            .bars()
            .zip(values)
            .map(|(bar, lines)| labels.axis_end(FRAME_HEIGHT, bar.top(), 0.0, lines))
            .fold(highest, f64::max),
    };
    if end > 0.0 { end } else { 1.0 }
}

/// Lines between groups, and their names.
fn draw_groups(canvas: &mut Canvas, chart: &Chart, area: Rect, slot: f64) {
    let mut left = area.left;
    for (i, group) in chart.groups.iter().enumerate() {
        let right = left + slot * group.bars.len() as f64;
        if i > 0 {
            canvas.line(&[at(left, area.top - 14.0), at(left, area.bottom)], Pen::solid(GRID, 1.2));
        }
        let name = fitted(GROUP, right - left - 4.0, &group.name);
        canvas.text(at((left + right) / 2.0, area.top - GROUP_RISE), Anchor::Middle, GROUP, INK, &name);
        left = right;
    }
}

/// An amount of USD to three digits: `$0.64`, `$17.3`, `$1,210`.
pub(super) fn dollars(usd: f64) -> String {
    match usd.abs() {
        0.0..10.0 => format!("${usd:.2}"),
        10.0..100.0 => format!("${usd:.1}"),
        _ => format!("${}", fixed(usd, 0)),
    }
}
