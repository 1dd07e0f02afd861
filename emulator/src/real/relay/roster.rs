//! The machines of a run, and whether an event is still possible.
//!
//! A machine that waits for messages and nothing else reports it ([`Frame::Idle`](crate::real::frame::Frame)) with the
//! number of messages that it has announced and handled. When all do, those numbers are the relay's own, and no message
//! is in the relay, then no further event is possible: the run is over if every machine has halted, and stalled if not.
//! All channels pass through the relay and keep their order, so this is never true too early.

use super::fault::Refusal;
use crate::id::MachineId;
use crate::real::frame::Halted;

/// The state of every machine, as last reported.
#[derive(Debug)]
pub(super) struct Roster {
    machines: Vec<Member>,
}

#[derive(Clone, Debug, Default)]
struct Member {
    slot: Option<usize>,
    /// Messages that it has announced.
    opened: u64,
    /// Messages that were handed to its connection.
    delivered: u64,
    idle: Option<(u64, u64, Halted)>,
}

/// Whether a run can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Something may still happen.
    No,
    /// Every machine has halted.
    Ended,
    /// Some machine waits in vain.
    Stalled,
}

impl Roster {
    pub(super) fn new(machines: usize) -> Roster {
        Roster { machines: vec![Member::default(); machines] }
    }

    pub(super) fn len(&self) -> usize {
        self.machines.len()
    }

    /// Admits `machine` on connection `slot`, or returns the reason why not.
    pub(super) fn join(&mut self, machine: MachineId, machines: u32, slot: usize) -> Result<(), Refusal> {
        let expected = self.machines.len();
        if machines as usize != expected {
            return Err(Refusal::Machines { machine, found: machines, expected });
        }
        let Some(member) = self.machines.get_mut(machine.index()) else {
            return Err(Refusal::Number { machine, expected });
        };
        if member.slot.is_some() {
            return Err(Refusal::Repeated { machine });
        }
        member.slot = Some(slot);
        Ok(())
    }

    pub(super) fn slot(&self, machine: MachineId) -> Option<usize> {
        self.machines[machine.index()].slot
    }

    /// Machines that have not come.
    pub(super) fn missing(&self) -> Vec<MachineId> {
        let members = self.machines.iter().enumerate().filter(|(_, member)| member.slot.is_none());
        members.map(|(index, _)| MachineId(index as u32)).collect()
    }

    pub(super) fn count_opened(&mut self, machine: MachineId) {
        self.machines[machine.index()].opened += 1;
    }

    pub(super) fn count_delivered(&mut self, machine: MachineId) {
        self.machines[machine.index()].delivered += 1;
    }

    pub(super) fn note_idle(&mut self, machine: MachineId, sent: u64, received: u64, halted: Halted) {
        self.machines[machine.index()].idle = Some((sent, received, halted));
    }

    /// Whether all machines are at rest, given that no message is in the relay.
    pub(super) fn rest(&self) -> Rest {
        let at_rest = |member: &Member| {
            let (sent, received, _) = member.idle?;
            (sent == member.opened && received == member.delivered).then_some(())
        };
        if self.machines.iter().any(|member| at_rest(member).is_none()) {
            return Rest::No;
        }
        let halted = |member: &Member| member.idle.is_some_and(|(_, _, halted)| halted == Halted::Yes);
        if self.machines.iter().all(halted) { Rest::Ended } else { Rest::Stalled }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rest_is_noticed_only_when_no_message_can_be_anywhere() {
        let (a, b) = (MachineId(0), MachineId(1));
        let mut roster = Roster::new(2);
        assert_eq!(roster.rest(), Rest::No);
        roster.note_idle(a, 1, 0, Halted::Yes);
        roster.note_idle(b, 0, 0, Halted::Yes);
        assert_eq!(roster.rest(), Rest::No, "a has announced one that has not come");
        roster.count_opened(a);
        assert_eq!(roster.rest(), Rest::Ended);
        roster.count_delivered(b);
        assert_eq!(roster.rest(), Rest::No, "b has not said what it makes of it");
        roster.note_idle(b, 0, 1, Halted::NotYet);
        assert_eq!(roster.rest(), Rest::Stalled);
    }

    #[test]
    fn strangers_are_refused_with_the_reason() {
        let mut roster = Roster::new(3);
        let refused = |joined: Result<(), Refusal>| joined.unwrap_err().to_string();
        assert_eq!(roster.join(MachineId(1), 3, 0), Ok(()));
        assert!(refused(roster.join(MachineId(1), 3, 1)).contains("m1 is here already"));
        assert!(refused(roster.join(MachineId(3), 3, 1)).contains("m0 to m2"));
        assert!(refused(roster.join(MachineId(0), 4, 1)).contains("4 machines, this one has 3"));
        assert_eq!(roster.missing(), [MachineId(0), MachineId(2)]);
    }
}
