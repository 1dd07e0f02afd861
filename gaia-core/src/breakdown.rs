//! The parts of a clock's time.
//!
//! A worker's clock is the time from the end of its last computation to the end of this one: first it may wait for rows,
//! then it computes and writes its updates. The wait is attributed along the critical path: the answer that arrived last
//! carries the [`Phases`] of its way (request on the wire, held by the server and what for, server work, answer written),
//! and what a hold waited for is looked up in the message that ended it (its sender still computing, then that message on
//! the wire, then the server applying it). The parts add up to the clock, exactly, in nanoseconds.
//!
//! Every phase has its [`Blocker`]. That of the longest phase is what the clock was [`Blocked`] on: measurement for the results, which no
//! decision and no digest depends on.

use emulator::id::MachineId;
use emulator::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

use crate::sync::Hold;

/// The parts of a machine's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// The worker computes its clock.
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

/// The nanoseconds of a stretch of time, by part.
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

    /// The sum of all parts, which is the stretch.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.nanos.iter().sum())
    }
}

/// The two ends of a link: machines of different numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkEnds {
    /// The machine that sends.
    pub from: MachineId,
    /// The machine that receives.
    pub to: MachineId,
}

/// The machine and the link that a phase waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// The machine whose work or message it is.
    pub machine: MachineId,
    /// The link that the message is on. `None`: the wait is for work, or within the machine.
    pub link: Option<LinkEnds>,
}

impl Blocker {
    /// Work of `machine`, or the end of it.
    pub fn work(machine: MachineId) -> Self {
        Blocker { machine, link: None }
    }

    /// A message of `from` on its way to `to`.
    pub fn message(from: MachineId, to: MachineId) -> Self {
        Blocker { machine: from, link: (from != to).then_some(LinkEnds { from, to }) }
    }

    /// The same for a wait of `waiting`: on its own message, it waits for the receiver.
    fn as_seen_by(self, waiting: MachineId) -> Self {
        match self.link {
            Some(link) if self.machine == waiting => Blocker { machine: link.to, ..self },
            _ => self,
        }
    }
}

/// The longest phase of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// The part that the phase counts as.
    pub part: Part,
    /// The machine and the link that it waited for.
    pub on: Blocker,
    /// Its length, more than zero.
    pub span: Duration,
}

impl Blocked {
    /// The longer of two waits, the first of equals.
    pub fn longer(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        match (first, second) {
            (Some(first), Some(second)) => Some(if second.span > first.span { second } else { first }),
            (first, second) => first.or(second),
        }
    }
}

/// One phase of a stretch of time: from the end of the phase before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// The part that the time counts as.
    pub part: Part,
    /// The end of the phase.
    pub until: Instant,
    /// The machine and the link that it waits for.
    pub on: Blocker,
}

/// A stretch of time cut into consecutive phases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    cuts: Vec<Phase>,
}

/// The stretch of a wait, and the way of the answer that ended it.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// The machine that waits.
    pub waiting: MachineId,
    /// The machine whose answer came last.
    pub answered: MachineId,
    /// The start of the wait.
    pub since: Instant,
    /// Its end, when the answer was there.
    pub until: Instant,
}

impl Phases {
    /// The next phase lasts until `until`; nothing happens when that has passed already.
    pub fn push(&mut self, part: Part, until: Instant, on: Blocker) {
        if self.cuts.last().is_none_or(|last| last.until < until) {
            self.cuts.push(Phase { part, until, on });
        }
    }

    /// A hold for `hold` that ended at `until`, because of what came with `cause`.
    pub fn push_hold(&mut self, hold: Hold, cause: Cause, until: Instant) {
        let [missing, on_its_way, taken_in] = match hold {
            Hold::Staleness => [Part::Staleness, Part::Wire, Part::Server],
            Hold::MirrorClock | Hold::BarredRow => [Part::Barrier; 3],
        };
        self.push(missing, cause.sent_at.min(until), Blocker::work(cause.from));
        self.push(on_its_way, cause.arrived_at.min(until), Blocker::message(cause.from, cause.to));
        self.push(taken_in, until, Blocker::work(cause.to));
    }

    /// The phases one after another: for the codec.
    pub(crate) fn cuts(&self) -> &[Phase] {
        &self.cuts
    }

    /// The phases within a wait with the length of each; after the last of them the answer was on its way.
    fn spans(&self, wait: Wait) -> impl Iterator<Item = Blocked> {
        let answer = Blocker::message(wait.answered, wait.waiting);
        let rest = Phase { part: Part::Wire, until: wait.until, on: answer };
        let mut at = wait.since;
        self.cuts.iter().copied().chain([rest]).map(move |phase| {
            let until = phase.until.min(wait.until);
            let span = until.saturating_since(at);
            at = at.max(until);
            Blocked { part: phase.part, on: phase.on.as_seen_by(wait.waiting), span }
        })
    }

    /// The time of a wait by part.
    pub fn parts_of(&self, wait: Wait) -> Parts {
        let mut parts = Parts::default();
        self.spans(wait).for_each(|phase| parts.add(phase.part, phase.span));
        parts
    }

    /// The longest phase of a wait, the first of equals. `None`: it took no time.
    pub fn longest_of(&self, wait: Wait) -> Option<Blocked> {
        let some = self.spans(wait).filter(|phase| phase.span > Duration::ZERO).map(Some);
        some.fold(None, Blocked::longer)
    }
}

/// The message that ended a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The machine that sent it.
    pub from: MachineId,
    /// The machine whose shard held the read.
    pub to: MachineId,
    /// The moment at which its sender had it.
    pub sent_at: Instant,
    /// The moment at which the shard had it.
    pub arrived_at: Instant,
}

#[cfg(test)]
mod tests {
    use super::*;

    const READER: MachineId = MachineId(0);
    const SHARD: MachineId = MachineId(1);
    const OTHER: MachineId = MachineId(2);

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    fn wait(since: u64, until: u64) -> Wait {
        Wait { waiting: READER, answered: SHARD, since: at(since), until: at(until) }
    }

    fn cause(from: MachineId, sent_at: u64, arrived_at: u64) -> Cause {
        Cause { from, to: SHARD, sent_at: at(sent_at), arrived_at: at(arrived_at) }
    }

    /// A request that arrived at 10, held for `hold` until 45 by `cause`, written by 50.
    fn held(hold: Hold, cause: Cause) -> Phases {
        let mut phases = Phases::default();
        phases.push(Part::Wire, at(10), Blocker::message(READER, SHARD));
        phases.push_hold(hold, cause, at(45));
        phases.push(Part::Encode, at(50), Blocker::work(SHARD));
        phases
    }

    fn longest(hold: Hold, cause: Cause, since: u64, until: u64) -> (Part, Blocker) {
        let blocked = held(hold, cause).longest_of(wait(since, until)).expect("it took time");
        (blocked.part, blocked.on)
    }

    #[test]
    fn parts_add_up_to_the_stretch() {
        let parts = held(Hold::Staleness, cause(OTHER, 25, 40)).parts_of(wait(5, 60));
        assert_eq!(parts.total(), Duration::from_nanos(55));
        assert_eq!(parts.part(Part::Wire), Duration::from_nanos(5 + 15 + 10));
        assert_eq!(parts.part(Part::Staleness), Duration::from_nanos(15));
        assert_eq!(parts.part(Part::Server), Duration::from_nanos(5));
        assert_eq!(parts.part(Part::Encode), Duration::from_nanos(5));
        let parts = held(Hold::BarredRow, cause(OTHER, 25, 40)).parts_of(wait(5, 60));
        assert_eq!(parts.part(Part::Barrier), Duration::from_nanos(35), "undivided");
    }

    #[test]
    fn a_cause_from_before_the_hold_takes_no_time() {
        let mut phases = Phases::default();
        phases.push(Part::Wire, at(30), Blocker::message(READER, SHARD));
        phases.push_hold(Hold::Staleness, cause(OTHER, 5, 20), at(33));
        assert_eq!(phases.parts_of(wait(30, 33)).part(Part::Server), Duration::from_nanos(3));
    }

    #[test]
    fn a_slow_machine_is_what_a_wait_is_blocked_on() {
        let late = cause(OTHER, 38, 42);
        assert_eq!(longest(Hold::Staleness, late, 5, 60), (Part::Staleness, Blocker::work(OTHER)));
        assert_eq!(longest(Hold::MirrorClock, late, 5, 60), (Part::Barrier, Blocker::work(OTHER)));
        let slow_shard = cause(OTHER, 11, 12);
        assert_eq!(longest(Hold::Staleness, slow_shard, 5, 60), (Part::Server, Blocker::work(SHARD)));
    }

    #[test]
    fn a_slow_link_is_what_a_wait_is_blocked_on() {
        let slow = cause(OTHER, 12, 44);
        assert_eq!(longest(Hold::Staleness, slow, 5, 60), (Part::Wire, Blocker::message(OTHER, SHARD)));
        assert_eq!(longest(Hold::BarredRow, slow, 5, 60), (Part::Barrier, Blocker::message(OTHER, SHARD)));
        let answer = longest(Hold::Staleness, slow, 45, 99);
        assert_eq!(answer, (Part::Wire, Blocker::message(SHARD, READER)), "the way back");
    }

    #[test]
    fn on_its_own_message_a_machine_waits_for_the_receiver() {
        let own = cause(READER, 12, 44);
        let expected = Blocker { machine: SHARD, link: Some(LinkEnds { from: READER, to: SHARD }) };
        assert_eq!(longest(Hold::Staleness, own, 5, 60), (Part::Wire, expected));
        assert_eq!(Phases::default().longest_of(wait(7, 7)), None);
    }
}
