//! Where the time of a clock goes.
//!
//! A worker's clock is the time from the end of its last computation to the end of this one: first it may wait for rows,
//! then it computes and writes its updates. The wait is attributed along the critical path: the answer that arrived last
//! carries the [`Phases`] of its way (request on the wire, held by the server and what for, server work, answer written),
//! and what a hold waited for is looked up in the message that ended it (its sender still computing, then that message on
//! the wire, then the server applying it). The parts add up to the clock, exactly, in nanoseconds.

use emulator::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

use crate::sync::Hold;

/// What a machine's time goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// The worker computes.
    Compute,
    /// A shard works, or work waits for it.
    Server,
    /// A message is written.
    Encode,
    /// Bytes wait for, or travel over, a link.
    Wire,
    /// Barred rows, or another site's clock.
    Barrier,
    /// Another worker has not computed yet.
    Staleness,
}

/// Every part, in the order of reports.
pub const PARTS: [Part; 6] = [Part::Compute, Part::Server, Part::Encode, Part::Wire, Part::Barrier, Part::Staleness];

/// Time by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    nanos: [u64; PARTS.len()],
}

impl Parts {
    /// The time of one part.
    pub fn part(&self, part: Part) -> Duration {
        Duration::from_nanos(self.nanos[part as usize])
    }

    /// More of one part.
    pub fn add(&mut self, part: Part, span: Duration) {
        self.nanos[part as usize] += span.as_nanos();
    }

    /// All parts together.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.nanos.iter().sum())
    }
}

/// A stretch of time cut into consecutive phases: each lasts from the end of the one before to its own `until`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    cuts: Vec<(Part, Instant)>,
}

impl Phases {
    /// The next phase lasts until `until`; nothing happens when that has passed already.
    pub fn push(&mut self, part: Part, until: Instant) {
        if self.cuts.last().is_none_or(|&(_, last)| last < until) {
            self.cuts.push((part, until));
        }
    }

    /// A hold for `hold` that ended at `until`, because of what came with `cause`.
    pub fn push_hold(&mut self, hold: Hold, cause: Option<Cause>, until: Instant) {
        let waiting = match hold {
            Hold::Staleness => Part::Staleness,
            Hold::MirrorClock | Hold::BarredRow => Part::Barrier,
        };
        match (hold, cause) {
            (Hold::Staleness, Some(cause)) => {
                self.push(Part::Staleness, cause.sent_at.min(until));
                self.push(Part::Wire, cause.arrived_at.min(until));
                self.push(Part::Server, until);
            }
            _ => self.push(waiting, until),
        }
    }

    /// The phases one after another, each with its end: for the codec.
    pub(crate) fn cuts(&self) -> &[(Part, Instant)] {
        &self.cuts
    }

    /// The time between `from` and `to` by part; what the phases do not reach counts as `rest`.
    pub fn between(&self, from: Instant, to: Instant, rest: Part) -> Parts {
        let mut parts = Parts::default();
        let mut at = from;
        for &(part, until) in &self.cuts {
            let until = until.min(to);
            parts.add(part, until.saturating_since(at));
            at = at.max(until);
        }
        parts.add(rest, to.saturating_since(at));
        parts
    }

    /// The time between `from` and `to` that was a barrier's.
    pub fn barrier(&self, from: Instant, to: Instant) -> Duration {
        self.between(from, to, Part::Wire).part(Part::Barrier)
    }
}

/// The message that ended a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// When its sender had it.
    pub sent_at: Instant,
    /// When it was here.
    pub arrived_at: Instant,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    #[test]
    fn parts_add_up_to_the_stretch() {
        let mut phases = Phases::default();
        phases.push(Part::Wire, at(10));
        phases.push_hold(Hold::Staleness, Some(Cause { sent_at: at(25), arrived_at: at(40) }), at(45));
        phases.push(Part::Encode, at(50));
        let parts = phases.between(at(5), at(60), Part::Wire);
        assert_eq!(parts.total(), Duration::from_nanos(55));
        assert_eq!(parts.part(Part::Wire), Duration::from_nanos(5 + 15 + 10));
        assert_eq!(parts.part(Part::Staleness), Duration::from_nanos(15));
        assert_eq!(parts.part(Part::Server), Duration::from_nanos(5));
        assert_eq!(parts.part(Part::Encode), Duration::from_nanos(5));
    }

    #[test]
    fn a_cause_from_before_the_hold_takes_no_time() {
        let mut phases = Phases::default();
        phases.push(Part::Wire, at(30));
        phases.push_hold(Hold::Staleness, Some(Cause { sent_at: at(5), arrived_at: at(20) }), at(33));
        assert_eq!(phases.between(at(30), at(33), Part::Wire).part(Part::Server), Duration::from_nanos(3));
    }
}
