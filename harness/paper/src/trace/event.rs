//! Events of Chrome's JSON trace event format, written one by one: a trace need not fit into memory.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

/// What an event is, by its letter in the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Phase {
    /// A span with its duration.
    #[serde(rename = "X")]
    Span,
    /// The value of a counter from now on.
    #[serde(rename = "C")]
    Counter,
    /// The name of a process or a thread.
    #[serde(rename = "M")]
    Name,
    /// The start of an arrow, in the span that is open then.
    #[serde(rename = "s")]
    ArrowBegins,
    /// The end of an arrow.
    #[serde(rename = "f")]
    ArrowEnds,
}

/// An event. Fields have the names of the format.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Event<'a> {
    pub(super) name: &'a str,
    pub(super) cat: &'static str,
    pub(super) ph: Phase,
    /// Microseconds from the start of the run.
    pub(super) ts: u64,
    /// The duration of a span in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dur: Option<u64>,
    pub(super) pid: u32,
    pub(super) tid: u32,
    /// The same for both ends of an arrow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<u64>,
    /// `e`: an arrow ends in the span that is open then, not at the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) args: Option<Value>,
}

impl<'a> Event<'a> {
    /// An event without arguments.
    pub(super) fn of(name: &'a str, cat: &'static str, ph: Phase, ts: u64, pid: u32, tid: u32) -> Self {
        Event { name, cat, ph, ts, dur: None, pid, tid, id: None, bp: None, args: None }
    }

    /// A name, or another fact on a process or a thread.
    pub(super) fn name(what: &'a str, pid: u32, tid: u32, args: Value) -> Self {
        Event { args: Some(args), ..Event::of(what, "__metadata", Phase::Name, 0, pid, tid) }
    }
}

/// A trace that is being written.
pub(super) struct Events<'a> {
    out: &'a mut dyn Write,
    is_first: bool,
}

impl<'a> Events<'a> {
    /// Begins a trace that states `about` itself.
    pub(super) fn begin(out: &'a mut dyn Write, about: &Value) -> io::Result<Self> {
        write!(out, "{{\"displayTimeUnit\":\"ms\",\"otherData\":{about},\"traceEvents\":[")?;
        Ok(Events { out, is_first: true })
    }

    pub(super) fn write(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.out.write_all(if self.is_first { b"\n" } else { b",\n" })?;
        self.is_first = false;
        serde_json::to_writer(&mut *self.out, event).map_err(io::Error::from)
    }

    pub(super) fn end(self) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")
    }
}
