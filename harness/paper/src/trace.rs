//! A run as a trace for Perfetto: Chrome's JSON trace event format, which <https://ui.perfetto.dev> and `chrome://tracing` open.
//!
//! * A site is a process, a machine a thread in it. A clock is a span, with its parts as spans inside. As in `clocks.parquet` the
//!   lengths of parts are recorded and their order is not: waits come first. The span's arguments have the parts in seconds, exactly.
//! * An arrow leads from the machine that a clock waited for the longest (`blocked_on`) to the end of that wait. Tables have no single
//!   messages: it begins in the last clock that the other machine had ended by then, whose updates it had sent.
//! * Objective and bytes between sites are counters.
//!
//! Times are whole microseconds, virtual seconds times a million, so that spans nest exactly in readers that count in floats.

mod error;
mod event;
mod find;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use record::results::atomic;
use record::results::store;
use record::results::{CellResult, ClockRow, Part};
use serde_json::json;

pub use self::error::TraceError;
use self::event::{Event, Events, Phase};
pub use self::find::{Found, find};
use crate::waits::Places;

/// The parts of a clock from its start on.
const ORDER: [&str; 6] = ["wire", "staleness", "barrier", "server", "compute", "encode"];
/// Microseconds per second.
const MICROS: f64 = 1e6;

/// What a trace has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Machines, each with a track of its own.
    pub machines: usize,
    /// Clocks, each a span.
    pub clocks: usize,
    /// Spans of parts inside clocks.
    pub parts: usize,
    /// Arrows from a machine to another that waited for it.
    pub arrows: usize,
}

/// Writes a run to the file `out`, whole or not at all.
///
/// # Errors
/// [`TraceError`] when the cell is not whole, or the file cannot be written.
pub fn write(Found { folder, entry, .. }: &Found, out: &Path) -> Result<Counts, TraceError> {
    let run = store::read_cell(folder, entry)?;
    let clocks = store::read_clocks(&store::cell_folder(folder, &entry.plan))?;
    let (trace, mut counts) = (Trace::of(&run, &clocks), Counts::default());
    atomic::write_with(out, |file| {
        let mut file = BufWriter::new(file);
        counts = trace.write(&mut file)?;
        file.flush()
    })?;
    Ok(counts)
}

/// A run, and the numbers that its tracks have.
struct Trace<'a> {
    run: &'a CellResult,
    clocks: &'a [ClockRow],
    places: Places,
    /// The site of each number, by name.
    sites: BTreeMap<u32, String>,
    /// The clocks of each machine: their starts and ends in microseconds, in order.
    spans: BTreeMap<u32, Vec<(u64, u64)>>,
}

impl<'a> Trace<'a> {
    fn of(run: &'a CellResult, clocks: &'a [ClockRow]) -> Self {
        let places = Places::of(run, clocks);
        let sites = places.machines().map(|machine| places.site(machine)).collect();
        let mut spans: BTreeMap<u32, Vec<(u64, u64)>> = BTreeMap::new();
        for row in clocks {
            spans.entry(row.machine).or_default().push((micros(row.started), micros(row.ended)));
        }
        Trace { run, clocks, places, sites, spans }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<Counts> {
        let mut events = Events::begin(out, &self.about())?;
        self.write_names(&mut events)?;
        self.write_counters(&mut events)?;
        let mut counts = Counts { machines: self.spans.len(), clocks: self.clocks.len(), ..Counts::default() };
        for row in self.clocks {
            counts.parts += self.write_clock(&mut events, row)?;
            if let Some(from) = self.arrow(row) {
                self.write_arrow(&mut events, counts.arrows, from, row)?;
                counts.arrows += 1;
            }
        }
        events.end()?;
        Ok(counts)
    }

    fn about(&self) -> serde_json::Value {
        let (manifest, summary) = (&self.run.manifest, &self.run.summary);
        json!({
            "cell": self.run.name(), "seed": summary.seed, "plan": summary.plan, "digest": summary.digest,
            "system": manifest.system, "profile": manifest.profile, "commit": manifest.commit,
            "time": "virtual microseconds",
        })
    }

    /// Numbers of processes and threads must differ: a thread with a process' number is that process' first one.
    fn process(&self, site: u32) -> u32 {
        self.sites.range(..site).count() as u32 + 1
    }

    /// The process of the counters.
    fn counters(&self) -> u32 {
        self.sites.len() as u32 + 1
    }

    fn thread(&self, machine: u32) -> u32 {
        self.counters() + 1 + machine
    }

    fn write_names(&self, events: &mut Events<'_>) -> io::Result<()> {
        let of_cell = format!("{} (seed {})", self.run.name(), self.run.summary.seed);
        let sites = self.sites.iter().map(|(site, name)| (self.process(*site), name.as_str()));
        for (place, (pid, name)) in [(self.counters(), of_cell.as_str())].into_iter().chain(sites).enumerate() {
            events.write(&Event::name("process_name", pid, pid, json!({ "name": name })))?;
            events.write(&Event::name("process_sort_index", pid, pid, json!({ "sort_index": place })))?;
        }
        for machine in self.places.machines() {
            let (pid, tid) = (self.process(self.places.site(machine).0), self.thread(machine));
            events.write(&Event::name("thread_name", pid, tid, json!({ "name": format!("machine {machine}") })))?;
            events.write(&Event::name("thread_sort_index", pid, tid, json!({ "sort_index": machine })))?;
        }
        Ok(())
    }

    fn write_counters(&self, events: &mut Events<'_>) -> io::Result<()> {
        let pid = self.counters();
        for sample in &self.run.samples {
            let mut args = serde_json::Map::new();
            // JSON has no number for an objective that is not finite.
            if sample.objective.is_finite() {
                args.insert("objective".into(), json!(sample.objective));
            }
            args.insert("bytes between sites".into(), json!(sample.wan_bytes));
            let counter = Event::of("run:", "samples", Phase::Counter, micros(sample.seconds), pid, pid);
            events.write(&Event { args: Some(args.into()), ..counter })?;
        }
        Ok(())
    }

    /// A span for the clock, and one for each of its parts. Returns the number of those.
    fn write_clock(&self, events: &mut Events<'_>, row: &ClockRow) -> io::Result<usize> {
        let (pid, tid) = (self.process(row.site), self.thread(row.machine));
        let (begin, end) = (micros(row.started), micros(row.ended));
        let mut args = serde_json::Map::new();
        for (name, seconds) in row.parts.parts() {
            args.insert(format!("{name} (s)"), json!(seconds));
        }
        if let Some((awaited, blocked)) = self.places.awaited(row).zip(row.blocked) {
            args.insert("blocked_for".into(), json!(blocked.part.name()));
            args.insert("blocked_on".into(), json!(format!("machine {}", blocked.on)));
            args.insert("waited for".into(), json!(awaited.text(blocked.part)));
        }
        let name = format!("clock {}", row.clock);
        let clock = Event::of(&name, "clock", Phase::Span, begin, pid, tid);
        events.write(&Event { dur: Some(end - begin), args: Some(args.into()), ..clock })?;
        let mut written = 0;
        for (part, from, to) in parts(row) {
            events.write(&Event { dur: Some(to - from), ..Event::of(part, "part", Phase::Span, from, pid, tid) })?;
            written += 1;
        }
        Ok(written)
    }

    /// The machine that a clock waited for, if it is another one that has clocks.
    fn arrow(&self, row: &ClockRow) -> Option<u32> {
        let on = row.blocked?.on;
        (on != row.machine && self.spans.contains_key(&on)).then_some(on)
    }

    fn write_arrow(&self, events: &mut Events<'_>, id: usize, from: u32, row: &ClockRow) -> io::Result<()> {
        let arrives = wait_ends(row);
        let leaves = self.leaves(from, arrives);
        let begin = (self.process(self.places.site(from).0), self.thread(from));
        let end = (self.process(row.site), self.thread(row.machine));
        for (phase, at, (pid, tid)) in [(Phase::ArrowBegins, leaves, begin), (Phase::ArrowEnds, arrives, end)] {
            let bp = (phase == Phase::ArrowEnds).then_some("e");
            events.write(&Event { id: Some(id as u64), bp, ..Event::of("waited for", "wait", phase, at, pid, tid) })?;
        }
        Ok(())
    }

    /// A moment in the last clock of `machine` that had ended at `arrives`, just before its end; of none had, in its first.
    fn leaves(&self, machine: u32, arrives: u64) -> u64 {
        let spans = &self.spans[&machine];
        let ended = spans.partition_point(|(_, end)| *end <= arrives);
        match ended.checked_sub(1).map(|last| spans[last]) {
            Some((begin, end)) => end.saturating_sub(1).max(begin),
            None => spans[0].0.min(arrives),
        }
    }
}

/// The parts of a clock that take time, one after another, within the clock.
fn parts(row: &ClockRow) -> impl Iterator<Item = (&'static str, u64, u64)> {
    let (mut since, end) = (row.started, micros(row.ended));
    let last = ORDER.iter().rfind(|name| seconds(row, name) > 0.0).copied();
    let parts = ORDER.into_iter().filter(|name| seconds(row, name) > 0.0).map(move |name| {
        let from = micros(since).min(end);
        since += seconds(row, name);
        // Sums of floats may end elsewhere by a microsecond.
        (name, from, if Some(name) == last { end } else { micros(since).min(end) })
    });
    parts.filter(|(_, from, to)| from < to).collect::<Vec<_>>().into_iter()
}

/// The end of a clock's waits, when its computation begins.
fn wait_ends(row: &ClockRow) -> u64 {
    let waited: f64 = ORDER[..4].iter().map(|name| seconds(row, name)).sum();
    micros(row.started + waited).min(micros(row.ended))
}

fn seconds(row: &ClockRow, part: &str) -> f64 {
    Part::named(part).map_or(0.0, |part| row.parts.part(part))
}

/// Whole microseconds; 0 for what is before the start.
fn micros(seconds: f64) -> u64 {
    (seconds * MICROS).round() as u64
}

#[cfg(test)]
mod tests;
