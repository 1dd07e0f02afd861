//! A machine's budget: how fast it may send updates and rows to other machines.
//!
//! After a message of `b` bytes nothing is sent until `b / budget` has passed since it could have been sent. So in any
//! interval of `t` seconds a machine sends at most `budget * t` bytes and one message more. Bytes are charged ones: at the
//! scale that the run stands for. Requests are not counted; they are 48 bytes each.
//!
//! Messages are made when they are sent, not before: a link that has more than a message's worth of bytes waiting gets no
//! further one, and what changes meanwhile goes along with the next. Answers and updates take turns.

use std::collections::VecDeque;

use emulator::id::MachineId;
use emulator::time::{Duration, Instant};
use emulator::units::{Bandwidth, ByteSize};
use serde::{Deserialize, Serialize};

use crate::message::Message;

/// A budget and what waits for it.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    budget: Bandwidth,
    /// Bytes that may wait on a link when another message is sent.
    room: ByteSize,
    pub(crate) state: PaceState,
}

/// The state that changes in a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PaceState {
    /// The time from which the next message may be sent.
    free_at: Instant,
    answers: VecDeque<(MachineId, Message)>,
    answered_last: bool,
    /// The time of the next look.
    wake: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(budget: Bandwidth, room: ByteSize) -> Self {
        Pace { budget, room, state: PaceState::default() }
    }

    /// Keeps an answer until its turn.
    pub(crate) fn keep(&mut self, to: MachineId, answer: Message) {
        self.state.answers.push_back((to, answer));
    }

    /// The time at which to call [`Pace::next`] again, if not for other reasons.
    pub(crate) fn wake(&self) -> Option<Instant> {
        self.state.wake
    }

    /// The floats of a message of updates, each charged `sigma_bytes` times.
    pub(crate) fn most_floats(&self, sigma_bytes: f64) -> usize {
        (self.room.as_bytes() as f64 / (4.0 * sigma_bytes)) as usize
    }

    /// Whether no answers wait.
    pub(crate) fn is_idle(&self) -> bool {
        self.state.answers.is_empty()
    }

    /// The next message, if it is time for one and there is one for a link with room. `backlogs`: bytes that wait on each link;
    /// `update` makes an update for a machine whose link has room.
    pub(crate) fn next(
        &mut self,
        now: Instant,
        backlogs: &[u64],
        mut update: impl FnMut(&dyn Fn(MachineId) -> bool) -> Option<(MachineId, Message)>,
    ) -> Option<(MachineId, Message)> {
        self.state.wake = None;
        if self.state.free_at > now {
            self.state.wake = Some(self.state.free_at);
            return None;
        }
        let room = self.room.as_bytes();
        let has_room = move |peer: MachineId| backlogs[peer.index()] <= room;
        if self.state.answered_last
            && let Some(update) = update(&has_room)
        {
            self.state.answered_last = false;
            return Some(update);
        }
        if let Some(at) = self.state.answers.iter().position(|&(to, _)| has_room(to)) {
            self.state.answered_last = true;
            return self.state.answers.remove(at);
        }
        update(&has_room)
    }

    /// So much was sent.
    pub(crate) fn spend(&mut self, now: Instant, bytes: ByteSize) {
        let nanos = u128::from(bytes.as_bytes()) * 8 * 1_000_000_000;
        let span = nanos.div_ceil(u128::from(self.budget.as_bits_per_second()));
        let span = Duration::from_nanos(u64::try_from(span).unwrap_or(u64::MAX));
        self.state.free_at = self.state.free_at.max(now) + span;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Payload;

    fn message(clock: u32) -> Message {
        Message::Update { clock, payload: Payload::Dense([].into()), sent_at: Instant::START }
    }

    #[test]
    fn answers_and_updates_take_turns_in_the_budget() {
        let mut pace = Pace::new(Bandwidth::from_bits_per_second(8_000), ByteSize::from_bytes(10));
        let [one, two, three] = [1, 2, 3].map(MachineId);
        pace.keep(one, message(1));
        pace.keep(two, message(2));
        let mut backlogs = vec![0; 4];
        let next = |pace: &mut Pace, millis: u64, backlogs: &[u64]| {
            let update = |has_room: &dyn Fn(MachineId) -> bool| has_room(three).then(|| (three, message(3)));
            let next = pace.next(Instant::START + Duration::from_millis(millis), backlogs, update);
            next.map(|(to, _)| to)
        };
        assert_eq!(next(&mut pace, 0, &backlogs), Some(one));
        // 100 bytes at 1000 bytes per second.
        pace.spend(Instant::START, ByteSize::from_bytes(100));
        assert_eq!(next(&mut pace, 99, &backlogs), None);
        assert_eq!(pace.wake(), Some(Instant::START + Duration::from_millis(100)));
        assert_eq!(next(&mut pace, 100, &backlogs), Some(three));
        backlogs[2] = 11;
        assert_eq!(next(&mut pace, 100, &backlogs), Some(three), "the link of the second answer has no room");
        backlogs[2] = 10;
        assert_eq!(next(&mut pace, 100, &backlogs), Some(two));
        assert!(pace.is_idle());
    }
}
