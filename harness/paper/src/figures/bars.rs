//! Grouped bars: in each panel, the time to convergence of its cells over that of one of them (paper Figures 3 and 8-10).
//!
//! One group per panel, one colour per cell. A cell that never reached its target is hatched and has an arrow: its time is a lower
//! bound. One that must not be believed is crossed out. Bars are means over seeds, whiskers run from the least to the greatest.

use record::numbers::Spread;

use polars::prelude::{DataFrame, PolarsResult};

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, FAINT, Hatch, INK, Rect, Span, at};
use super::cells::{self, Cell, OfPanel, by_panel, compared, group, named, named_or_first};
use super::form::FigureForm;
use super::frame::{Frame, LEGEND_ROW, Slot};
use super::labels::ValueLabels;
use super::legend::{self, Entry, Swatch};
use super::text::{text_width, wrapped};
use super::timebar::{self, TimeBar, arrow, colour};
use super::times;
use record::results::CellResult;

/// The sides of the frame, and its height.
const SIDES: Span = Span::new(58.0, 888.0);
const FRAME_HEIGHT: f64 = 190.0;
/// The top of the frame below a legend of one row.
const TOP: f64 = 72.0;
/// The most points of a bar.
const WIDEST_SLOT: f64 = 66.0;
/// Between two groups, in slots.
const GAP: f64 = 0.8;
/// From the frame to the seconds below bars, and from line to line.
const BELOW: f64 = 12.0;
const ROW: f64 = 15.0;
const SECONDS: [f64; 3] = [11.0, 10.0, 9.0];
const NAMES: f64 = 13.0;

/// The form: times over those of a cell, grouped by panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bars {
    /// The cell whose time is 1 in its panel.
    pub(super) reference: &'static str,
    /// The quantity of the labels on the bars.
    pub(super) labels: Labels,
}

/// Over Baseline, with speedups.
pub(super) const SPEEDUPS: Bars = Bars { reference: cells::BASELINE, labels: Labels::Speedup };
/// Over LAN, with slowdowns.
pub(super) const SLOWDOWNS: Bars = Bars { reference: "LAN", labels: Labels::Slowdown };

/// The label on a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    /// One over the bar: how many times faster than the reference.
    Speedup,
    /// The bar: how many times slower than the reference.
    Slowdown,
}

/// A panel's cells, and the one that they are compared with.
struct PanelBars<'a, 'b> {
    name: &'a str,
    cells: Vec<&'b Cell<'a>>,
    reference: Option<&'b Cell<'a>>,
    /// The left edge of its bars, in points.
    left: f64,
}

/// The place of the frame on the page.
#[derive(Debug)]
pub(super) struct Placement {
    top: f64,
    /// The end of the last line below the bars, in whole points.
    pub(super) bottom: f64,
}

impl Placement {
    /// The frame and the page that the names and the legend of these results need.
    pub(super) fn of(results: &[CellResult]) -> Self {
        let cells = group(results);
        let cells = compared(&cells);
        let rows = legend::rows(SIDES.width(), &entries(&names(&cells)));
        let top = TOP + rows.saturating_sub(1) as f64 * LEGEND_ROW;
        let slot = slot(&cells);
        let rows = |of: &OfPanel<'_, '_>| group_name(of.panel, of.cells.len() as f64 * slot).len();
        let name_rows = by_panel(&cells).iter().map(rows).max().unwrap_or(1);
        Placement { top, bottom: (top + FRAME_HEIGHT + BELOW + ROW * (name_rows as f64 + 0.6)).ceil() }
    }

    fn area(&self) -> Rect {
        Rect { left: SIDES.left, top: self.top, right: SIDES.right, bottom: self.top + FRAME_HEIGHT }
    }
}

impl FigureForm for Bars {
    fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        times::table_over(results, self.reference)
    }

    fn draw(&self, results: &[CellResult]) -> Canvas {
        let placement = Placement::of(results);
        let mut canvas = Canvas::new(placement.bottom);
        self.draw_at(&mut canvas, &placement, results);
        canvas
    }

    fn references(&self, results: &[CellResult]) -> Vec<String> {
        cells::references(results, self.reference)
    }
}

impl Bars {
    /// The bars on a page that may have more below them.
    pub(super) fn draw_at(self, canvas: &mut Canvas, placement: &Placement, results: &[CellResult]) {
        let cells = group(results);
        let cells = compared(&cells);
        let (slot, names) = (slot(&cells), names(&cells));
        let groups = groups(&cells, self.reference, slot);
        let title = if timebar::is_of_clocks(&cells) { "Time for all clocks" } else { "Time to convergence" };
        let frame = Frame { area: placement.area(), title };
        frame.draw_title(canvas);
        let remark = self.remark(&cells, seconds_size(&groups, slot).is_some());
        canvas.text(at(frame.area.right, 14.0), Anchor::Right, 12.5, FAINT, &remark);
        legend::draw(canvas, &frame, &entries(&names));

        let times: Vec<Vec<Option<Spread>>> = groups.iter().map(PanelBars::times).collect();
        let values: Vec<Vec<Vec<String>>> =
            groups.iter().zip(&times).map(|(group, times)| group.values(self.labels, times)).collect();
        let labels = ValueLabels::of(slot, &values.concat());
        let axis = Axis::linear(0.0, axis_end(&groups, &times, &values, labels), 5);
        frame.draw_y(canvas, &axis, "normalised time");
        for ((group, times), values) in groups.iter().zip(&times).zip(&values) {
            for (i, (cell, time)) in group.cells.iter().zip(times).enumerate() {
                let slot = Slot { middle: group.left + slot * (i as f64 + 0.5), half: (slot * 0.4).min(24.0) };
                let mut top = frame.area.bottom;
                if let Some(time) = time {
                    let colour = colour(names.iter().position(|name| *name == cell.name).unwrap_or(0));
                    top = TimeBar { cell, time, colour }.draw(canvas, &frame, &axis, slot);
                }
                labels.draw(canvas, at(slot.middle, top), &values[i]);
            }
        }
        frame.draw_base(canvas);
        draw_below(canvas, &frame, &groups, slot);
    }

    fn remark(self, cells: &[&Cell<'_>], has_seconds: bool) -> String {
        let labels = match self.labels {
            Labels::Speedup => "labels: speedup",
            Labels::Slowdown => "labels: slowdown",
        };
        let seeds = timebar::seeds_remark(cells);
        let seeds = if seeds.is_empty() { seeds } else { format!("; {seeds}") };
        let below = if has_seconds { format!("; below: {}", timebar::time_unit(cells)) } else { String::new() };
        let reference = named(cells.iter().copied(), self.reference).map_or("first bar", |cell| cell.name);
        format!("{reference} = 1 in each group; {labels}{seeds}{below}")
    }
}

/// The size at which every bar's seconds fit below it, if there is one.
fn seconds_size(groups: &[PanelBars<'_, '_>], slot: f64) -> Option<f64> {
    let labels = groups.iter().flat_map(|group| &group.cells).map(|cell| timebar::seconds_label(cell));
    let labels: Vec<String> = labels.collect();
    let widest = |size: f64| labels.iter().map(|text| text_width(size, text)).fold(0.0, f64::max);
    SECONDS.into_iter().find(|size| widest(*size) <= slot * 0.96)
}

/// The seconds of each bar, and the name of each group.
fn draw_below(canvas: &mut Canvas, frame: &Frame, groups: &[PanelBars<'_, '_>], slot: f64) {
    let seconds = |group: &PanelBars<'_, '_>| group.cells.iter().map(|cell| timebar::seconds_label(cell)).collect();
    let seconds: Vec<Vec<String>> = groups.iter().map(seconds).collect();
    let size = seconds_size(groups, slot);
    let y = frame.area.bottom + BELOW;
    for (group, seconds) in groups.iter().zip(&seconds) {
        for (i, text) in seconds.iter().enumerate() {
            if let Some(size) = size {
                canvas.text(at(group.left + slot * (i as f64 + 0.5), y), Anchor::Middle, size, FAINT, text);
            }
        }
        let width = slot * group.cells.len() as f64;
        for (row, line) in group_name(group.name, width).iter().enumerate() {
            let y = y + ROW * (row as f64 + 1.1);
            canvas.text(at(group.left + width / 2.0, y), Anchor::Middle, NAMES, INK, line);
        }
    }
}

impl PanelBars<'_, '_> {
    fn times(&self) -> Vec<Option<Spread>> {
        let over = |cell: &&Cell<'_>| self.reference.and_then(|reference| cell.least_time_over(reference));
        self.cells.iter().map(over).collect()
    }

    fn values(&self, labels: Labels, times: &[Option<Spread>]) -> Vec<Vec<String>> {
        let value = |(cell, time): (&&Cell<'_>, &Option<Spread>)| match labels {
            Labels::Speedup => timebar::speedup_value(cell, self.reference, time),
            Labels::Slowdown => timebar::slowdown_value(cell, self.reference, time),
        };
        self.cells.iter().zip(times).map(value).collect()
    }
}

/// Points that a bar has with the space around it, the same for all.
fn slot(cells: &[&Cell<'_>]) -> f64 {
    let groups = by_panel(cells).len() as f64;
    let slots = cells.len() as f64 + GAP * groups;
    ((SIDES.width()) / slots.max(1.0)).min(WIDEST_SLOT)
}

/// The groups, spread over the frame.
fn groups<'a, 'b>(cells: &[&'b Cell<'a>], reference: &str, slot: f64) -> Vec<PanelBars<'a, 'b>> {
    let panels = by_panel(cells);
    let room = SIDES.width() - slot * cells.len() as f64;
    let gap = room / panels.len().max(1) as f64;
    let mut left = SIDES.left + gap / 2.0;
    let mut groups = Vec::new();
    for OfPanel { panel: name, cells } in panels {
        let reference = named_or_first(&cells, reference);
        let width = slot * cells.len() as f64;
        groups.push(PanelBars { name, cells, reference, left });
        left += width + gap;
    }
    groups
}

/// The end of the axis: there is room for the label of every bar.
fn axis_end(
    groups: &[PanelBars<'_, '_>],
    times: &[Vec<Option<Spread>>],
    values: &[Vec<Vec<String>>],
    labels: ValueLabels,
) -> f64 {
    let cells = groups.iter().flat_map(|group| &group.cells);
    let times = times.iter().flatten();
    let values = values.iter().flatten();
    let ends = cells.zip(times).zip(values).filter_map(|((cell, time), lines)| {
        let high = time.as_ref()?.high;
        Some(labels.end(FRAME_HEIGHT, high, arrow(cell), lines))
    });
    ends.fold(1.1, f64::max)
}

/// The cells' names, each once.
fn names<'a>(cells: &[&Cell<'a>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for cell in cells {
        if !names.contains(&cell.name) {
            names.push(cell.name);
        }
    }
    names
}

fn entries<'a>(names: &[&'a str]) -> Vec<Entry<'a>> {
    let entry = |(i, name): (usize, &&'a str)| Entry { swatch: Swatch::Area(colour(i), Hatch::None), name };
    names.iter().enumerate().map(entry).collect()
}

/// In at most two lines below its bars.
fn group_name(name: &str, width: f64) -> Vec<String> {
    wrapped(NAMES, width.max(90.0), name)
}
