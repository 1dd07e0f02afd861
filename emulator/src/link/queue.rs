//! Messages that wait between two machines, and when they arrive: the same in both models.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Departure, jitter};
use crate::id::MachineId;
use crate::network::Route;
use crate::node::Class;
use crate::time::{Duration, Instant};

/// An ordered pair of machines, and how long a message that has left is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) from: MachineId,
    pub(super) to: MachineId,
    /// Propagation delay, without jitter.
    delay: Duration,
    /// The largest extra delay.
    jitter: Duration,
}

/// The messages of one class from one machine to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Queue {
    /// Caller's handle and size of each message that has not left, oldest first.
    messages: VecDeque<(u64, u64)>,
    /// Messages that have left.
    departed: u64,
    /// Bytes accepted since the start.
    accepted: u64,
    /// The latest arrival so far.
    last_arrival: Instant,
}

impl Pair {
    /// The pair whose messages take `route`.
    pub(super) fn new(from: MachineId, to: MachineId, route: &Route) -> Pair {
        Pair { from, to, delay: route.delay, jitter: route.jitter }
    }
}

impl Queue {
    /// Takes a message, behind those that wait.
    #[inline]
    pub(super) fn push(&mut self, message: u64, bytes: u64) {
        self.accepted = self.accepted.checked_add(bytes).expect("a stream carries less than 2^64 bytes");
        self.messages.push_back((message, bytes));
    }

    /// Bytes of the oldest message, those that have left included.
    #[inline]
    pub(super) fn oldest(&self) -> Option<u64> {
        self.messages.front().map(|&(_, bytes)| bytes)
    }

    /// Messages that have not left.
    pub(super) fn waiting(&self) -> usize {
        self.messages.len()
    }

    /// Messages that have left.
    pub(super) fn departed(&self) -> u64 {
        self.departed
    }

    /// Bytes accepted since the start.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// The oldest message has left at `now`, on a network of `machines` machines. `seed` keys its extra delay, with the stream and the
    /// message's number in it.
    ///
    /// # Panics
    /// If there is none.
    pub(super) fn depart(&mut self, pair: Pair, class: Class, now: u64, machines: usize, seed: u64) -> Departure {
        let Pair { from, to, delay, jitter } = pair;
        let (message, _) = self.messages.pop_front().expect("what leaves is of a message");
        let stream = (from.index() * machines + to.index()) as u64 * 2 + class as u64;
        let extra = Duration::from_nanos(jitter::draw(seed, stream, self.departed, jitter.as_nanos()));
        let departed_at = Instant::from_nanos(now);
        // A smaller jitter must not let a message arrive before an earlier one of its stream.
        let arrives_at = self.last_arrival.max(departed_at + delay + extra);
        self.last_arrival = arrives_at;
        self.departed += 1;
        Departure { from, to, class, message, departed_at, arrives_at }
    }
}
