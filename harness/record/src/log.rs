//! The log of a command: what happens, as events with fields, one per line on the standard error.
//!
//! Events are made where things happen, by the macros of `tracing`; [`Log::start`] has them written, and without it they cost one
//! comparison. An event's message is its name, which stays the same; what differs is in its fields. Lines go through [`say::err`], so that a
//! closed stream takes everything. No result depends on the log. Processes of a run in real time inherit it ([`environment`]).

use std::io::{self, Write};
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::say;

/// The environment variable that has the level where `--log` is not given.
pub const LEVEL_VARIABLE: &str = "EXPERIMENTS_LOG";
/// The environment variable that has the format where `--log-format` is not given.
pub const FORMAT_VARIABLE: &str = "EXPERIMENTS_LOG_FORMAT";

/// The log that this process writes.
static STARTED: OnceLock<Log> = OnceLock::new();

/// The least important events that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// No events are written.
    #[default]
    Off,
    /// Cells and commands that have failed.
    Error,
    /// Faults after which the command goes on.
    Warn,
    /// The parts of a run: cells, checkpoints, data, processes.
    Info,
    /// Single files, connections and late pieces.
    Debug,
    /// All events: those above and finer ones.
    Trace,
}

impl Level {
    /// From none to all.
    pub const ALL: [Level; 6] = [Level::Off, Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace];

    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
            Level::Trace => "trace",
        }
    }

    fn filter(self) -> LevelFilter {
        match self {
            Level::Off => LevelFilter::OFF,
            Level::Error => LevelFilter::ERROR,
            Level::Warn => LevelFilter::WARN,
            Level::Info => LevelFilter::INFO,
            Level::Debug => LevelFilter::DEBUG,
            Level::Trace => LevelFilter::TRACE,
        }
    }
}

/// The form of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A line of text for people.
    #[default]
    Text,
    /// An object of JSON: `timestamp` (UTC), `level`, `target` (the module), `message` (the event's name), and the event's fields.
    Json,
}

impl Format {
    /// Both forms, in the order in which help lists them.
    pub const ALL: [Format; 2] = [Format::Text, Format::Json];

    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
        }
    }
}

/// The events that are logged, and their form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The least important level that is written.
    pub level: Level,
    /// The form of lines.
    pub format: Format,
}

impl Log {
    /// Has the events of this process written from now on. The first log that is started stays; one at [`Level::Off`] is none.
    pub fn start(self) {
        if self.level == Level::Off || STARTED.set(self).is_err() {
            return;
        }
        let lines = tracing_subscriber::fmt().with_max_level(self.level.filter()).with_ansi(false).with_writer(Lines);
        let started = match self.format {
            Format::Text => tracing::subscriber::set_global_default(lines.finish()),
            Format::Json => {
                let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(false);
                tracing::subscriber::set_global_default(lines.finish())
            }
        };
        started.expect("nothing else in this program sets a subscriber");
    }
}

/// Whether a log is written.
pub fn is_on() -> bool {
    STARTED.get().is_some()
}

/// The variables with which a process of this program logs as this one does: both, so that none of the user's is inherited instead.
pub fn environment() -> [(&'static str, &'static str); 2] {
    let Log { level, format } = STARTED.get().copied().unwrap_or_default();
    [(LEVEL_VARIABLE, level.name()), (FORMAT_VARIABLE, format.name())]
}

/// Writes events by [`say::err`].
struct Lines;

impl MakeWriter<'_> for Lines {
    type Writer = Lines;

    fn make_writer(&self) -> Lines {
        Lines
    }
}

impl Write for Lines {
    /// The subscriber hands over an event with its end of line in one call.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        say::err(String::from_utf8_lossy(bytes).trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_events() {
        for level in Level::ALL {
            assert_eq!(level.name().parse::<LevelFilter>().expect("a level of tracing's"), level.filter());
        }
    }

    #[test]
    fn a_process_without_a_log_has_its_processes_be_silent() {
        assert!(!is_on());
        Log::default().start();
        assert!(!is_on());
        assert_eq!(environment(), [("EXPERIMENTS_LOG", "off"), ("EXPERIMENTS_LOG_FORMAT", "text")]);
    }
}
