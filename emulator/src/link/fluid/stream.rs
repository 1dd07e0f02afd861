//! What waits between two machines, and how far the fluid has come since its rate last changed.

use serde::{Deserialize, Serialize};

use crate::id::MachineId;
use crate::link::queue::{Pair, Queue};
use crate::node::Class;

/// The instant of a stream that is not due.
pub(super) const NEVER: u64 = u64::MAX;
/// The instant of a stream whose oldest message takes longer than a run can last.
pub(super) const BEYOND: u64 = u64::MAX - 1;

/// An ordered pair of machines that has sent something.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    pub(super) pair: Pair,
    pub(super) state: PairState,
}

/// The part of a pair that changes in a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct PairState {
    /// One per class.
    pub(super) streams: [Stream; 2],
    /// Whether a backlog event is already queued.
    pub(super) is_reported: bool,
}

/// A queue of messages of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stream {
    pub(super) queue: Queue,
    /// Bytes of the oldest message that had not left at `since`.
    pub(super) head_left: f64,
    /// Bytes of the other messages.
    pub(super) behind: u64,
    /// The instant of the last change: of the rate, or of the oldest message.
    pub(super) since: u64,
    /// The instant at which the oldest message will have left.
    pub(super) due: u64,
}

impl Default for Stream {
    fn default() -> Stream {
        Stream { queue: Queue::default(), head_left: 0.0, behind: 0, since: 0, due: NEVER }
    }
}

impl Stream {
    /// Bytes of the oldest message that will not have left at `now`, at a rate of `rate` bytes per nanosecond since the last
    /// change; less than 0 by what is above the whole message.
    fn left_at(&self, now: u64, rate: f64) -> f64 {
        // At the instant itself nothing has left, at an infinite rate too.
        if now == self.since { self.head_left } else { self.head_left - rate * (now - self.since) as f64 }
    }

    /// Whole bytes that have not left at `now`: of a byte under way, all.
    pub(super) fn waiting(&self, now: u64, rate: f64) -> u64 {
        let Some(size) = self.queue.oldest() else { return 0 };
        self.behind + (self.left_at(now, rate).ceil() as u64).clamp(1, size)
    }

    /// The rate changes at `now`.
    pub(super) fn change_rate(&mut self, now: u64, old: f64, new: f64) {
        self.head_left = self.left_at(now, old);
        self.since = now;
        self.set_due(new);
    }

    /// Takes a message, behind those that wait. Whether it is the first.
    pub(super) fn push(&mut self, now: u64, message: u64, bytes: u64) -> bool {
        self.queue.push(message, bytes);
        let is_first = self.queue.waiting() == 1;
        if is_first {
            (self.head_left, self.since) = (bytes as f64, now);
        } else {
            self.behind += bytes;
        }
        is_first
    }

    /// The oldest message has left its queue, at the instant at which it was due, at `rate`. What has gone beyond it, less than the
    /// bytes of a nanosecond, belongs to the next one.
    pub(super) fn next(&mut self, rate: f64) {
        let now = self.due;
        let beyond = if rate.is_finite() { -self.left_at(now, rate) } else { 0.0 };
        self.since = now;
        if let Some(size) = self.queue.oldest() {
            self.behind -= size;
            self.head_left = size as f64 - beyond.max(0.0);
            self.set_due(rate);
        } else {
            (self.head_left, self.due) = (0.0, NEVER);
        }
    }

    fn set_due(&mut self, rate: f64) {
        self.due = match (self.head_left, rate) {
            (_, 0.0) => NEVER,
            (left, _) if left <= 0.0 => self.since,
            (left, rate) => {
                let nanos = (left / rate).ceil();
                if nanos < (BEYOND - self.since) as f64 { (self.since + nanos as u64).min(BEYOND) } else { BEYOND }
            }
        };
    }
}

/// The order of what is due at the same instant: control first, then by pair.
pub(super) fn order(class: Class, from: MachineId, to: MachineId) -> u64 {
    (class as u64) << 48 | u64::from(from.0) << 24 | u64::from(to.0)
}
