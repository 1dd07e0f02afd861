//! The first clocks of every machine as a timeline: a panel per cell, machines as rows, the parts of a clock as colours.
//!
//! A clock has its parts with their lengths, not their order: inside a clock its waits come first, in the order of [`ORDER`], then the
//! computation. All panels have one scale of time, counted from the first clock of each, so that systems can be compared.

use record::numbers::{fixed, significant};
use record::results::{Breakdown, ClockRow, Part};

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, FAINT, GRID, Hatch, INK, PART_COLOURS, Pen, Rect, WIDTH, at};
use super::frame::Frame;
use super::hover::Drawing;
use super::legend::{self, Entry, Swatch};
use super::text::fitted;
use crate::waits::{Awaited, Places};

/// The most rows of a panel; of more machines, the first of each site are drawn.
pub(crate) const ROWS: usize = 24;
/// The window of time has at least this number of clocks of the slowest cell, unless the fastest would have more than [`MOST`] then.
const LEAST: usize = 5;
const MOST: usize = 24;

/// The parts of a clock from its start on.
const ORDER: [&str; 6] = ["wire", "staleness", "barrier", "server", "compute", "encode"];

/// The legend above all panels, the sides of the rows, and what is above and below them.
const LEGEND_HEIGHT: f64 = 34.0;
const LEFT: f64 = 128.0;
const RIGHT: f64 = WIDTH - 12.0;
const HEAD: f64 = 28.0;
const FOOT: f64 = 10.0;
/// The axis of time, below the last panel.
const AXIS_HEIGHT: f64 = 40.0;
/// The height of a row, where there are few and where there are many machines, and the gap between sites.
const HIGH_ROW: f64 = 15.0;
const LOW_ROW: f64 = 7.0;
const FEW: usize = 8;
const SITE_GAP: f64 = 2.0;
/// Thinner parts are not drawn, in points.
const THINNEST: f64 = 0.12;

/// A cell of the picture: the clocks of one run.
pub(crate) struct TimelinePanel<'a> {
    /// The cell's name.
    pub(crate) title: &'a str,
    /// Its machines and their sites.
    pub(crate) places: &'a Places,
    /// Its clocks, by clock, then machine.
    pub(crate) clocks: &'a [ClockRow],
}

/// The picture of `panels`, in their order. Panels without clocks have empty rows.
pub(crate) fn timeline(panels: &[TimelinePanel<'_>]) -> Drawing {
    let seconds = window(panels);
    let rows: Vec<Rows<'_>> = panels.iter().map(Rows::of).collect();
    let height = LEGEND_HEIGHT + rows.iter().map(Rows::height).sum::<f64>() + AXIS_HEIGHT;
    let mut drawing = Drawing::new(height.ceil());
    draw_legend(&mut drawing.canvas);
    let axis = Axis::linear(0.0, seconds, 8);
    let mut top = LEGEND_HEIGHT;
    for panel in rows {
        panel.draw(&mut drawing, top, &axis, seconds);
        top += panel.height();
    }
    let frame = Frame { area: Rect { left: LEFT, top: LEGEND_HEIGHT, right: RIGHT, bottom: top - FOOT }, title: "" };
    frame.draw_x(&mut drawing.canvas, &axis, "seconds since the first clock of each cell");
    drawing
}

/// The seconds that every panel shows.
fn window(panels: &[TimelinePanel<'_>]) -> f64 {
    let slowest = panels.iter().filter_map(|panel| panel.end_of(LEAST)).fold(0.0, f64::max);
    let fastest = panels.iter().filter_map(|panel| panel.end_of(MOST)).fold(f64::INFINITY, f64::min);
    let one = panels.iter().filter_map(|panel| panel.end_of(1)).fold(0.0, f64::max);
    let seconds = slowest.min(fastest).max(one);
    if seconds > 0.0 { seconds } else { 1.0 }
}

fn draw_legend(canvas: &mut Canvas) {
    let entry = |name: &'static str| {
        let place = Breakdown::default().parts().iter().position(|(known, _)| *known == name).unwrap_or_default();
        Entry { swatch: Swatch::Area(PART_COLOURS[place], Hatch::None), name }
    };
    let frame = Frame { area: Rect { left: 52.0, top: 0.0, right: RIGHT, bottom: LEGEND_HEIGHT }, title: "" };
    legend::draw_at(canvas, &frame, -22.0, &ORDER.map(entry));
}

impl TimelinePanel<'_> {
    /// The seconds from the first clock to the time at which all machines have done `clocks` of them, or all that there are.
    fn end_of(&self, clocks: usize) -> Option<f64> {
        let begins = self.begins()?;
        let first = self.clocks.iter().map(|row| row.clock).min()?;
        let rows = self.clocks.iter().filter(|row| ((row.clock - first) as usize) < clocks);
        rows.map(|row| row.ended - begins).reduce(f64::max)
    }

    fn begins(&self) -> Option<f64> {
        self.clocks.iter().map(|row| row.started).reduce(f64::min)
    }
}

/// The machines of a panel that are drawn, each with the top of its row below the panel's head.
struct Rows<'a> {
    panel: &'a TimelinePanel<'a>,
    machines: Vec<(u32, f64)>,
    row: f64,
    depth: f64,
}

impl<'a> Rows<'a> {
    fn of(panel: &'a TimelinePanel<'a>) -> Self {
        let drawn = drawn(panel.places, ROWS);
        let row = if drawn.len() <= FEW { HIGH_ROW } else { LOW_ROW };
        let (mut machines, mut depth, mut last) = (Vec::new(), 0.0, None);
        for machine in drawn {
            let (site, _) = panel.places.site(machine);
            depth += if last.is_some_and(|last| last != site) { SITE_GAP } else { 0.0 };
            machines.push((machine, depth));
            (depth, last) = (depth + row, Some(site));
        }
        Rows { panel, machines, row, depth }
    }

    fn height(&self) -> f64 {
        HEAD + self.depth + FOOT
    }

    fn draw(&self, drawing: &mut Drawing, top: f64, axis: &Axis, seconds: f64) {
        let area = Rect { left: LEFT, top: top + HEAD, right: RIGHT, bottom: top + HEAD + self.depth };
        let canvas = &mut drawing.canvas;
        canvas.text(at(12.0, top + 12.0), Anchor::Left, 14.0, INK, &fitted(14.0, 400.0, self.panel.title));
        canvas.text(at(RIGHT, top + 14.0), Anchor::Right, 11.0, FAINT, &self.remark());
        self.draw_names(canvas, area.top);
        let frame = Frame { area, title: "" };
        for tick in &axis.ticks {
            let x = frame.x(axis, tick.value).unwrap_or(area.left);
            canvas.line(&[at(x, area.top), at(x, area.bottom)], Pen::solid(GRID, 0.6));
        }
        let begins = self.panel.begins().unwrap_or_default();
        for clock in self.panel.clocks.iter().filter(|row| row.started - begins < seconds) {
            if let Some((_, depth)) = self.machines.iter().find(|(machine, _)| *machine == clock.machine) {
                let row = Row { area, top: area.top + depth, height: self.row, begins, seconds };
                self.draw_clock(drawing, row, clock);
            }
        }
    }

    /// How many machines are left out.
    fn remark(&self) -> String {
        let (drawn, all) = (self.machines.len(), self.panel.places.machines().len());
        if drawn < all { format!("{drawn} of {all} machines") } else { String::new() }
    }

    /// The name of each site beside its machines.
    fn draw_names(&self, canvas: &mut Canvas, top: f64) {
        let sites = self.machines.chunk_by(|a, b| self.panel.places.site(a.0).0 == self.panel.places.site(b.0).0);
        for machines in sites {
            let (first, last) = (machines[0], machines[machines.len() - 1]);
            let middle = top + (first.1 + last.1 + self.row) / 2.0;
            let name = fitted(10.0, LEFT - 18.0, &self.panel.places.site(first.0).1);
            canvas.text(at(LEFT - 6.0, middle), Anchor::Right, 10.0, INK, &name);
        }
    }

    fn draw_clock(&self, drawing: &mut Drawing, row: Row, clock: &ClockRow) {
        let mut since = clock.started;
        for (place, part) in ORDER.iter().filter_map(|name| Part::named(name)).map(|part| (place_of(part), part)) {
            let until = since + clock.parts.part(part);
            let rect = row.rect(since, until);
            if rect.width() >= THINNEST {
                drawing.canvas.fill(rect, PART_COLOURS[place]);
            }
            since = until;
        }
        let rect = row.rect(clock.started, clock.ended);
        if rect.right < row.area.right {
            drawing.canvas.line(&[at(rect.right, rect.top), at(rect.right, rect.bottom)], Pen::solid(INK, 0.5));
        }
        let title = self.panel.title;
        drawing.spot(rect, format!("{title}: {}", clock_text(self.panel.places, clock)));
    }
}

/// The row of a machine, and the window of time that it shows.
#[derive(Clone, Copy)]
struct Row {
    area: Rect,
    top: f64,
    height: f64,
    begins: f64,
    seconds: f64,
}

impl Row {
    /// From a second of the run to another, cut at the end of the window.
    fn rect(&self, from: f64, to: f64) -> Rect {
        let x = |second: f64| {
            let share = (second - self.begins) / self.seconds;
            self.area.left + self.area.width() * share.clamp(0.0, 1.0)
        };
        Rect { left: x(from), top: self.top + 0.6, right: x(to), bottom: self.top + self.height - 0.6 }
    }
}

/// The place of a part in the order of reports, and so in the list of colours.
fn place_of(part: Part) -> usize {
    Breakdown::default().parts().iter().position(|(name, _)| *name == part.name()).unwrap_or_default()
}

/// A clock in words: `Tokyo, machine 11, clock 3: 1.24 s (compute 0.59, wire 0.65); longest wait: wire, for messages on ...`.
fn clock_text(places: &Places, clock: &ClockRow) -> String {
    let seconds = |seconds: f64| significant(seconds, 3);
    let parts: Vec<String> = clock
        .parts
        .parts()
        .into_iter()
        .filter(|(_, part)| *part > 0.0)
        .map(|(name, part)| format!("{name} {}", seconds(part)))
        .collect();
    let waited = places.awaited(clock).zip(clock.blocked).map(|(on, blocked)| {
        let machine = if matches!(on, Awaited::Work(_)) { format!(", machine {}", blocked.on) } else { String::new() };
        format!("; longest wait: {}, for {}{machine}", blocked.part.name(), on.text(blocked.part))
    });
    let (site, machine, number) = (places.site(clock.machine).1, clock.machine, clock.clock);
    let (all, ended) = (seconds(clock.ended - clock.started), fixed(clock.ended, 2));
    let parts = parts.join(", ");
    format!(
        "{site}, machine {machine}, clock {number}, ended at {ended} s: {all} s ({parts}){}",
        waited.unwrap_or_default()
    )
}

/// At most `most` machines: all, or the first of each site, or the first of those.
fn drawn(places: &Places, most: usize) -> Vec<u32> {
    let all: Vec<u32> = places.machines().collect();
    if all.len() <= most {
        return all;
    }
    let mut last = None;
    let mut firsts = all;
    firsts.retain(|machine| last.replace(places.site(*machine).0) != Some(places.site(*machine).0));
    firsts.truncate(most);
    firsts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::canvas::Mark;
    use record::results::testing::{cell, clock_rows};

    fn drawn_of(clocks: &[ClockRow]) -> Drawing {
        let run = cell("Gaia").done();
        let places = Places::of(&run, clocks);
        timeline(&[TimelinePanel { title: "Gaia", places: &places, clocks }])
    }

    fn areas(drawing: &Drawing) -> Vec<Rect> {
        let areas = drawing.canvas.marks().iter().filter_map(|mark| match mark {
            Mark::Area { rect, .. } => Some(*rect),
            _ => None,
        });
        areas.collect()
    }

    #[test]
    fn every_clock_of_the_window_has_its_parts_and_a_title() {
        let clocks = clock_rows(22 * 3);
        let drawing = drawn_of(&clocks);
        let svg = drawing.svg().unwrap();
        assert_eq!(svg.matches("<title>").count(), 66);
        assert!(
            svg.contains(
                "machine 1, clock 0, ended at 0.71 s: 0.710 s (compute 0.400, wire 0.310); longest wait: wire"
            )
        );
        assert!(svg.contains("longest wait: staleness, for work in"));
        // Of the legend 6, and two parts of each clock.
        assert_eq!(areas(&drawing).len(), 6 + 2 * 66);
    }

    #[test]
    fn parts_of_a_clock_lie_side_by_side_and_fill_it() {
        let mut clock = clock_rows(1)[0];
        clock.parts = Breakdown::from_parts([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        (clock.started, clock.ended) = (10.0, 31.0);
        let drawing = drawn_of(&[clock]);
        let parts = &areas(&drawing)[6..];
        assert_eq!(parts.len(), 6);
        assert!(parts.windows(2).all(|pair| (pair[0].right - pair[1].left).abs() < 1e-9), "{parts:?}");
        assert!((parts[0].left - LEFT).abs() < 1e-9 && (parts[5].right - RIGHT).abs() < 1e-9, "{parts:?}");
        let share = (parts[2].right - parts[2].left) / (RIGHT - LEFT);
        assert!((share - 5.0 / 21.0).abs() < 1e-9, "the barrier is third: {share}");
    }

    #[test]
    fn the_window_has_clocks_of_the_slowest_and_not_too_many_of_the_fastest() {
        let run = cell("A").done();
        let scaled = |factor: f64| {
            let mut clocks = clock_rows(22 * 30);
            for row in &mut clocks {
                (row.started, row.ended) = (row.started * factor, row.ended * factor);
            }
            clocks
        };
        let seconds = |factors: [f64; 2]| {
            let all = factors.map(scaled);
            let places = all.each_ref().map(|clocks| Places::of(&run, clocks));
            let panel = |i: usize| TimelinePanel { title: "", places: &places[i], clocks: &all[i] };
            window(&[panel(0), panel(1)])
        };
        // The longest of a clock's rows.
        let clock = 0.76;
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(seconds([1.0, 2.0]), 2.0 * (3.6 + clock)), "five clocks of the slower");
        assert!(near(seconds([1.0, 20.0]), 23.0 * 0.9 + clock), "24 clocks of the faster: {}", seconds([1.0, 20.0]));
        assert!(near(seconds([1.0, 100.0]), 100.0 * clock), "one clock of the slower at least");
    }

    #[test]
    fn of_many_machines_the_first_of_each_site_are_drawn() {
        let mut clocks = clock_rows(22);
        for row in &mut clocks {
            row.machine *= 3;
        }
        let more: Vec<ClockRow> = clocks.iter().map(|row| ClockRow { machine: row.machine + 1, ..*row }).collect();
        clocks.extend(more);
        let places = Places::of(&cell("Gaia").done(), &clocks);
        assert_eq!(places.machines().len(), 44);
        assert_eq!(drawn(&places, ROWS), (0..11).map(|site| site * 6).collect::<Vec<u32>>());
        assert_eq!(drawn(&places, 3), [0, 6, 12]);
        assert_eq!(drawn(&places, 100).len(), 44);
    }

    #[test]
    fn no_clocks_and_odd_ones_are_drawn() {
        drawn_of(&[]).svg().unwrap();
        let mut clock = clock_rows(1)[0];
        (clock.started, clock.ended) = (0.0, 0.0);
        clock.parts = Breakdown::default();
        drawn_of(&[clock]).svg().unwrap();
    }
}
