//! Grouped bars: in each panel, the time to convergence of its cells over that of one of them (paper Figures 3 and 8-10).
//!
//! A group a panel, a colour a cell. A cell that never reached its target is hatched and has an arrow: it takes at least so
//! long; one that must not be believed is crossed out. Bars are means over seeds, whiskers run from the least to the greatest.

use plotters::prelude::DrawingBackend;
use record::numbers::Spread;

use super::DrawError;
use super::axis::Axis;
use super::canvas::{Canvas, FAINT, Hatch, INK, Rect};
use super::cells::{Cell, by_panel, compared, group, named, named_or_first};
use super::labels::ValueLabels;
use super::panel::{LEGEND_ROW, Panel, Swatch, legend_rows};
use super::text::{Anchor, text_width, wrapped};
use super::timebar::{self, arrow, colour, draw_time};
use record::results::CellResult;

/// Left and right of the frame, and its height.
const SIDES: (f64, f64) = (58.0, 888.0);
const FRAME_HEIGHT: f64 = 190.0;
/// The top of the frame below a legend of one row.
const TOP: f64 = 72.0;
/// Bars have at most so many points each.
const WIDEST_SLOT: f64 = 66.0;
/// Between two groups, in slots.
const GAP: f64 = 0.8;
/// From the frame to the seconds below bars, and from line to line.
const BELOW: f64 = 12.0;
const ROW: f64 = 15.0;
const SECONDS: [f64; 3] = [11.0, 10.0, 9.0];
const NAMES: f64 = 13.0;

/// What a bars figure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// The cell whose time is 1 in its panel.
    pub(super) reference: &'static str,
    /// What labels say.
    pub(super) labels: Labels,
}

/// What stands on a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    /// One over the bar: how many times faster than the reference.
    Speedup,
    /// The bar: how many times slower than the reference.
    Slowdown,
}

/// A panel's cells, and the one that they are held against.
struct Group<'a, 'b> {
    name: &'a str,
    cells: Vec<&'b Cell<'a>>,
    reference: Option<&'b Cell<'a>>,
    /// Where its bars begin, in points.
    left: f64,
}

/// Where everything is.
#[derive(Debug)]
pub(super) struct Layout {
    top: f64,
    /// The page's, in whole points.
    pub(super) height: f64,
}

impl Layout {
    /// For these results.
    pub(super) fn of(results: &[CellResult]) -> Self {
        let cells = group(results);
        let cells = compared(&cells);
        let rows = legend_rows(SIDES.1 - SIDES.0, &legend(&names(&cells)));
        let top = TOP + rows.saturating_sub(1) as f64 * LEGEND_ROW;
        let slot = slot(&cells);
        let rows = |(name, cells): &(&str, Vec<&Cell<'_>>)| group_name(name, cells.len() as f64 * slot).len();
        let name_rows = by_panel(&cells).iter().map(rows).max().unwrap_or(1);
        Layout { top, height: (top + FRAME_HEIGHT + BELOW + ROW * (name_rows as f64 + 0.6)).ceil() }
    }

    fn frame(&self) -> Rect {
        Rect { left: SIDES.0, top: self.top, right: SIDES.1, bottom: self.top + FRAME_HEIGHT }
    }
}

/// The figure.
///
/// # Errors
/// [`DrawError`] when the backend fails.
pub(super) fn draw<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    style: Style,
    layout: &Layout,
    results: &[CellResult],
) -> Result<(), DrawError> {
    let cells = group(results);
    let cells = compared(&cells);
    let (slot, names) = (slot(&cells), names(&cells));
    let groups = groups(&cells, style, slot);
    let title = if timebar::is_of_clocks(&cells) { "Time for all clocks" } else { "Time to convergence" };
    let panel = Panel { frame: layout.frame(), title };
    panel.draw_title(canvas)?;
    let remark = remark(style, &cells, seconds_size(&groups, slot).is_some());
    canvas.text((panel.frame.right, 14.0), Anchor::Right, 12.5, FAINT, &remark)?;
    panel.draw_legend(canvas, &legend(&names))?;

    let bars: Vec<Vec<Option<Spread>>> = groups.iter().map(Group::bars).collect();
    let values: Vec<Vec<Vec<String>>> =
        groups.iter().zip(&bars).map(|(group, bars)| group.values(style, bars)).collect();
    let labels = ValueLabels::of(slot, &values.concat());
    let axis = Axis::linear(0.0, axis_end(&groups, &bars, &values, labels), 5);
    panel.draw_y(canvas, &axis, "normalised time")?;
    for ((group, bars), values) in groups.iter().zip(&bars).zip(&values) {
        for (i, (cell, bar)) in group.cells.iter().zip(bars).enumerate() {
            let x = group.left + slot * (i as f64 + 0.5);
            let mut top = panel.frame.bottom;
            if let Some(bar) = bar {
                let colour = colour(names.iter().position(|name| *name == cell.name).unwrap_or(0));
                draw_time(canvas, &panel, &axis, (cell, bar), (x, (slot * 0.4).min(24.0)), colour)?;
                top = panel.y(&axis, bar.high).unwrap_or(top) - arrow(cell);
            }
            labels.draw(canvas, (x, top), &values[i])?;
        }
    }
    panel.draw_base(canvas)?;
    draw_below(canvas, &panel, &groups, slot)
}

/// The size at which every bar's seconds fit below it, if there is one.
fn seconds_size(groups: &[Group<'_, '_>], slot: f64) -> Option<f64> {
    let labels = groups.iter().flat_map(|group| &group.cells).map(|cell| timebar::seconds_label(cell));
    let labels: Vec<String> = labels.collect();
    let widest = |size: f64| labels.iter().map(|text| text_width(size, text)).fold(0.0, f64::max);
    SECONDS.into_iter().find(|size| widest(*size) <= slot * 0.96)
}

/// The seconds of each bar, and the name of each group.
fn draw_below<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    panel: &Panel,
    groups: &[Group<'_, '_>],
    slot: f64,
) -> Result<(), DrawError> {
    let seconds = |group: &Group<'_, '_>| group.cells.iter().map(|cell| timebar::seconds_label(cell)).collect();
    let seconds: Vec<Vec<String>> = groups.iter().map(seconds).collect();
    let size = seconds_size(groups, slot);
    let y = panel.frame.bottom + BELOW;
    for (group, seconds) in groups.iter().zip(&seconds) {
        for (i, text) in seconds.iter().enumerate() {
            if let Some(size) = size {
                canvas.text((group.left + slot * (i as f64 + 0.5), y), Anchor::Middle, size, FAINT, text)?;
            }
        }
        let width = slot * group.cells.len() as f64;
        for (row, line) in group_name(group.name, width).iter().enumerate() {
            let y = y + ROW * (row as f64 + 1.1);
            canvas.text((group.left + width / 2.0, y), Anchor::Middle, NAMES, INK, line)?;
        }
    }
    Ok(())
}

impl Group<'_, '_> {
    fn bars(&self) -> Vec<Option<Spread>> {
        let over = |cell: &&Cell<'_>| self.reference.and_then(|reference| cell.least_time_over(reference));
        self.cells.iter().map(over).collect()
    }

    fn values(&self, style: Style, bars: &[Option<Spread>]) -> Vec<Vec<String>> {
        let value = |(cell, bar): (&&Cell<'_>, &Option<Spread>)| match style.labels {
            Labels::Speedup => timebar::speedup_value(cell, self.reference, bar),
            Labels::Slowdown => timebar::slowdown_value(cell, self.reference, bar),
        };
        self.cells.iter().zip(bars).map(value).collect()
    }
}

/// Points a bar.
fn slot(cells: &[&Cell<'_>]) -> f64 {
    let groups = by_panel(cells).len() as f64;
    let slots = cells.len() as f64 + GAP * groups;
    ((SIDES.1 - SIDES.0) / slots.max(1.0)).min(WIDEST_SLOT)
}

/// The groups, spread over the frame.
fn groups<'a, 'b>(cells: &[&'b Cell<'a>], style: Style, slot: f64) -> Vec<Group<'a, 'b>> {
    let panels = by_panel(cells);
    let room = SIDES.1 - SIDES.0 - slot * cells.len() as f64;
    let gap = room / panels.len().max(1) as f64;
    let mut left = SIDES.0 + gap / 2.0;
    let mut groups = Vec::new();
    for (name, cells) in panels {
        let reference = named_or_first(&cells, style.reference);
        let width = slot * cells.len() as f64;
        groups.push(Group { name, cells, reference, left });
        left += width + gap;
    }
    groups
}

/// Where the axis ends: there is room for the label of every bar.
fn axis_end(
    groups: &[Group<'_, '_>],
    bars: &[Vec<Option<Spread>>],
    values: &[Vec<Vec<String>>],
    labels: ValueLabels,
) -> f64 {
    let cells = groups.iter().flat_map(|group| &group.cells);
    let bars = bars.iter().flatten();
    let values = values.iter().flatten();
    let ends = cells.zip(bars).zip(values).filter_map(|((cell, bar), lines)| {
        let high = bar.as_ref()?.high;
        Some(labels.end(FRAME_HEIGHT, high, arrow(cell), lines))
    });
    ends.fold(1.1, f64::max)
}

fn remark(style: Style, cells: &[&Cell<'_>], has_seconds: bool) -> String {
    let labels = match style.labels {
        Labels::Speedup => "labels: speedup",
        Labels::Slowdown => "labels: slowdown",
    };
    let seeds = timebar::seeds_remark(cells);
    let seeds = if seeds.is_empty() { seeds } else { format!("; {seeds}") };
    let below = if has_seconds { format!("; below: {}", timebar::time_unit(cells)) } else { String::new() };
    let reference = named(cells.iter().copied(), style.reference).map_or("first bar", |cell| cell.name);
    format!("{reference} = 1 in each group; {labels}{seeds}{below}")
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

fn legend<'a>(names: &[&'a str]) -> Vec<(Swatch<'static>, &'a str)> {
    names.iter().enumerate().map(|(i, name)| (Swatch::Area(colour(i), Hatch::None), *name)).collect()
}

/// In at most two lines below its bars.
fn group_name(name: &str, width: f64) -> Vec<String> {
    wrapped(NAMES, width.max(90.0), name)
}
