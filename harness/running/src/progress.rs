//! The progress display: one line per cell, updated in place on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use record::results::Sample;
use record::results::metrics::in_words;
use record::{log, say};

/// Between two plain lines of one cell.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Whether progress is shown on the standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bars on a terminal, lines elsewhere.
    Shown,
    /// The number of cells that have ended, and no cell by name.
    Counted,
    /// No progress, only warnings.
    Hidden,
}

/// The display of all cells of a command.
#[derive(Debug)]
pub(super) struct Display {
    mode: Mode,
    /// Cells of the command, and those that are over.
    all: AtomicUsize,
    over: AtomicUsize,
}

#[derive(Debug)]
enum Mode {
    Quiet,
    Plain,
    Bars { bars: MultiProgress, all: ProgressBar },
    Counted(Count),
}

/// The number of cells that have ended: a bar on a terminal, a line every [`PLAIN_EVERY`] elsewhere.
#[derive(Debug)]
enum Count {
    Bar(ProgressBar),
    Plain { next: Mutex<Instant> },
}

/// The display of one cell.
#[derive(Debug)]
pub(super) struct CellProgress {
    name: String,
    expected_clocks: Option<u32>,
    target: Option<f64>,
    view: View,
}

#[derive(Debug)]
enum View {
    Quiet,
    Plain { next: Mutex<Instant>, started: Instant },
    Bar(ProgressBar),
}

impl Display {
    /// Bars on a terminal, lines elsewhere and together with a log, whose events would tear bars.
    pub(super) fn new(progress: Progress) -> Self {
        let mode = match (progress, std::io::stderr().is_terminal() && !log::is_on()) {
            (Progress::Hidden, _) => Mode::Quiet,
            (Progress::Counted, true) => {
                let bar = ProgressBar::new(0);
                bar.set_style(style("{prefix:>18} {bar:20} {elapsed_precise} {pos} of {len} cells"));
                bar.set_prefix("simulated");
                Mode::Counted(Count::Bar(bar))
            }
            (Progress::Counted, false) => {
                Mode::Counted(Count::Plain { next: Mutex::new(Instant::now() + PLAIN_EVERY) })
            }
            (Progress::Shown, true) => {
                let bars = MultiProgress::new();
                let all = bars.add(ProgressBar::new(0));
                all.set_style(style("{prefix:>18} {bar:20} {elapsed_precise} {pos} of {len} cells"));
                all.set_prefix("all");
                Mode::Bars { bars, all }
            }
            (Progress::Shown, false) => Mode::Plain,
        };
        Display { mode, all: AtomicUsize::new(0), over: AtomicUsize::new(0) }
    }

    /// So many cells are to come.
    pub(super) fn expect(&self, cells: usize) {
        self.all.store(cells, Ordering::Relaxed);
        self.over.store(0, Ordering::Relaxed);
        if let Mode::Bars { all, .. } | Mode::Counted(Count::Bar(all)) = &self.mode {
            all.set_length(cells as u64);
            all.set_position(0);
        }
    }

    /// One of them is over; how many are, for its last line: ` [3 of 80]`.
    pub(super) fn over(&self) -> String {
        self.skip(1);
        let all = self.all.load(Ordering::Relaxed);
        if all > 1 { format!(" [{} of {all}]", self.over.load(Ordering::Relaxed)) } else { String::new() }
    }

    /// So many of them will not come.
    pub(super) fn skip(&self, cells: usize) {
        let over = self.over.fetch_add(cells, Ordering::Relaxed) + cells;
        let expected = self.all.load(Ordering::Relaxed);
        match &self.mode {
            Mode::Bars { all, .. } => {
                all.set_position(over as u64);
                if over >= expected {
                    all.finish();
                }
            }
            Mode::Counted(Count::Bar(bar)) => {
                bar.set_position(over as u64);
                if over >= expected {
                    bar.reset();
                }
            }
            Mode::Counted(Count::Plain { next }) => {
                let mut next = next.lock().expect("no holder panics");
                if Instant::now() >= *next {
                    *next = Instant::now() + PLAIN_EVERY;
                    say::err(&format!("{over} of {expected} cells simulated"));
                }
            }
            Mode::Quiet | Mode::Plain => {}
        }
    }

    /// Says something between the cells' lines.
    pub(super) fn say(&self, line: &str) {
        match &self.mode {
            Mode::Quiet | Mode::Counted(_) => {}
            Mode::Plain => say::err(line),
            // A display that cannot be written to is no reason to stop a run.
            Mode::Bars { bars, .. } => drop(bars.println(line)),
        }
    }

    /// The line of a cell that begins. `expected_clocks`: what it may take, for the time left.
    pub(super) fn cell(&self, name: String, expected_clocks: Option<u32>, target: Option<f64>) -> CellProgress {
        let view = match &self.mode {
            Mode::Quiet | Mode::Counted(_) => View::Quiet,
            Mode::Plain => {
                say::err(&format!("{name}: begins"));
                let started = Instant::now();
                View::Plain { next: Mutex::new(started + PLAIN_EVERY), started }
            }
            Mode::Bars { bars, all } => View::Bar(bars.insert_before(all, bar(&name, expected_clocks))),
        };
        CellProgress { name, expected_clocks, target, view }
    }
}

impl CellProgress {
    /// A clock is complete.
    pub(super) fn clock(&self, sample: &Sample) {
        match &self.view {
            View::Quiet => {}
            View::Plain { next, started } => {
                let mut next = next.lock().expect("no holder panics");
                if Instant::now() >= *next {
                    *next = Instant::now() + PLAIN_EVERY;
                    let left = self.time_left(sample, started.elapsed());
                    say::err(&format!("{}: {}{left}", self.name, self.status(sample)));
                }
            }
            View::Bar(bar) => {
                if let Some(expected) = self.expected_clocks {
                    bar.set_length(u64::from(expected.max(sample.clock + 1)));
                }
                bar.set_position(u64::from(sample.clock));
                bar.set_message(self.status(sample));
            }
        }
    }

    fn status(&self, sample: &Sample) -> String {
        let target = self.target.map_or(String::new(), |target| format!(" (target {target:.4e})"));
        let measured = sample.metrics.iter().filter(|(_, value)| !value.is_nan());
        let metrics: String = measured.map(|(name, value)| format!(", {} {value:.4}", in_words(name))).collect();
        format!(
            "clock {}, {:.1} virtual s, objective {:.4e}{target}{metrics}",
            sample.clock, sample.seconds, sample.objective
        )
    }

    fn time_left(&self, sample: &Sample, elapsed: Duration) -> String {
        match self.expected_clocks {
            Some(expected) if sample.clock > 0 && expected > sample.clock => {
                let left = elapsed.as_secs_f64() / f64::from(sample.clock) * f64::from(expected - sample.clock);
                format!(", about {left:.0} s left")
            }
            _ => String::new(),
        }
    }

    /// Ends the line of the cell with `words`, its outcome.
    pub(super) fn finish(&self, words: &str) {
        match &self.view {
            View::Quiet => {}
            View::Plain { started, .. } => {
                say::err(&format!("{}: {words} ({:.1} s here)", self.name, started.elapsed().as_secs_f64()));
            }
            View::Bar(bar) => bar.finish_with_message(words.to_owned()),
        }
    }
}

fn bar(name: &str, expected_clocks: Option<u32>) -> ProgressBar {
    let template = match expected_clocks {
        Some(_) => "{prefix:>18} {bar:20} {elapsed_precise} (left {eta}) {msg}",
        None => "{prefix:>18} {spinner} {elapsed_precise} {msg}",
    };
    let style = style(template);
    let bar = expected_clocks.map_or_else(ProgressBar::new_spinner, |clocks| ProgressBar::new(u64::from(clocks)));
    bar.set_style(style);
    bar.set_prefix(name.to_owned());
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is sound")
}
