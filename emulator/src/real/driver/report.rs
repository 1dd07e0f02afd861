//! The end of a machine's run, and its measurements.

use std::io;
use std::net::SocketAddr;
use std::time::Duration as WallDuration;

use base::durations::Percentiles;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::MachineId;
use crate::real::clock::Dilation;
use crate::real::frame::{FrameError, ReassemblyError};
use crate::real::timer::Priority;
use crate::time::Duration;

/// A task may end this much of the run's time too late without counting as an overrun.
const ALLOWED_LATENESS: Duration = Duration::from_millis(2);

/// The end of a machine's run, and the measurements until then.
#[derive(Debug)]
pub struct NodeOutcome {
    /// `Ok` when the run ended as it should.
    pub ended: Result<(), NodeError>,
    /// The measurements until the end.
    pub report: NodeReport,
}

/// The measurements of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeReport {
    /// Tasks against their modelled durations.
    pub compute: ComputeReport,
    /// The lateness with which messages were handled, compared with the instant that the link model had given them.
    pub arrivals: Percentiles,
    /// The lateness with which results of tasks were delivered, after they were both due and there.
    pub wakes: Percentiles,
    /// Messages that the node has sent.
    pub sent: u64,
    /// Messages that the node has handled.
    pub received: u64,
    /// Nanoseconds that the loop was ready to run without a processor.
    pub starved: Option<u64>,
    /// The scheduling of the loop's thread.
    pub priority: Priority,
}

/// Tasks that have a modelled duration, compared with the time that they really took. Those of no duration do not count:
/// the model has them take place outside of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComputeReport {
    /// The number of tasks.
    pub tasks: u64,
    /// The sum of their modelled durations, in wall nanoseconds.
    pub modelled: u64,
    /// The sum of their real durations, in wall nanoseconds, waits for a processor included.
    pub real: u64,
    /// The number of tasks that ended more than 2 ms of the run's time too late.
    pub overruns: u64,
    /// The largest lateness of a task, in wall nanoseconds.
    pub worst: u64,
    /// The dilation with which none would have, in thousandths; 0 without overruns.
    pub needed_thousandths: u32,
}

impl Default for NodeReport {
    fn default() -> Self {
        NodeReport {
            compute: ComputeReport::default(),
            arrivals: Percentiles::default(),
            wakes: Percentiles::default(),
            sent: 0,
            received: 0,
            starved: None,
            priority: Priority::Ordinary,
        }
    }
}

impl ComputeReport {
    /// Counts a task that took `took` wall nanoseconds where `modelled` of the run's time was planned.
    pub(super) fn count(&mut self, dilation: Dilation, modelled: Duration, took: u64) {
        if modelled == Duration::ZERO {
            return;
        }
        let planned = dilation.wall(modelled);
        self.tasks += 1;
        self.modelled += planned;
        self.real += took;
        let late = took.saturating_sub(planned);
        if late <= dilation.wall(ALLOWED_LATENESS) {
            return;
        }
        self.overruns += 1;
        self.worst = self.worst.max(late);
        let needed = u128::from(took) * 1000 / u128::from((modelled + ALLOWED_LATENESS).as_nanos());
        let needed = u32::try_from(needed).unwrap_or(Dilation::MOST).clamp(1, Dilation::MOST);
        self.needed_thousandths = self.needed_thousandths.max(needed);
    }

    /// The reason why the run is not valid: the host is too small for its dilation. `None` means that every task was in time.
    pub fn fault(&self, machine: MachineId) -> Option<String> {
        if self.overruns == 0 {
            return None;
        }
        // A quarter to spare, as whole or half numbers.
        let enough = u64::from(self.needed_thousandths).max(1) * 5 / 4;
        let enough = enough.div_ceil(500).max(1) as f64 / 2.0;
        let (overruns, tasks, worst) = (self.overruns, self.tasks, self.worst as f64 / 1e6);
        Some(format!(
            "{machine}: {overruns} of {tasks} tasks took longer than modelled, by {worst:.1} ms at worst: \
             this host is too small for the dilation; try --dilation {enough}"
        ))
    }
}

/// The reason why a machine cannot go on.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum NodeError {
    /// Nothing answers at the relay's address.
    #[error("the relay at {relay} cannot be reached within {waited:?}")]
    Connect {
        /// The address at which it should be.
        relay: SocketAddr,
        /// The time for which it was tried.
        waited: WallDuration,
        /// The last attempt's error.
        source: io::Error,
    },
    /// The relay refuses this machine.
    #[error("the relay at {relay} refuses this machine: {reason}")]
    Refused { relay: SocketAddr, reason: String },
    /// The run does not begin.
    #[error("the relay at {relay} has not begun the run within {waited:?}")]
    NoStart {
        relay: SocketAddr,
        /// The time that was waited.
        waited: WallDuration,
    },
    /// The relay is dead or stuck.
    #[error("the relay at {relay} is lost: {reason}")]
    RelayLost {
        relay: SocketAddr,
        /// The reason that is known.
        reason: String,
    },
    /// Another machine is gone, or this one was given up by the relay.
    #[error("{machine} is lost: {reason}")]
    PeerLost {
        machine: MachineId,
        /// The reason that is known.
        reason: String,
    },
    /// Every machine waits and no message is under way.
    #[error("the run is stalled; this machine waits for {waiting}")]
    Stalled {
        /// A description of what it waits for.
        waiting: String,
    },
    /// The relay's bytes are no frames.
    #[error("the relay at {relay} sends no frames")]
    Frame {
        relay: SocketAddr,
        /// The error of the bytes.
        source: FrameError,
    },
    /// The relay's frames are no messages.
    #[error("the relay at {relay} sends frames that make no messages")]
    Reassembly {
        relay: SocketAddr,
        /// The error of the bytes.
        source: ReassemblyError,
    },
    /// The relay sends what it must not.
    #[error("the relay at {relay} sends an unexpected frame: {found}")]
    Unexpected {
        relay: SocketAddr,
        /// The frame that was found instead.
        found: String,
    },
    /// A message's bytes mean nothing.
    #[error("message {number} from {from} cannot be read")]
    Decode {
        from: MachineId,
        /// The message's number in its stream.
        number: u64,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A message is too long to be sent.
    #[error("a message of {found} bytes for {to}: the most is {most}")]
    Oversized { to: MachineId, found: u64, most: u64 },
    /// The node sends more than the links carry, for too long.
    #[error("{waiting} bytes wait to be sent: the most is {most}")]
    Overflow { waiting: u64, most: u64 },
    /// A task has panicked.
    #[error("a task panicked: {what}")]
    Panicked { what: String },
    /// The system refuses something else.
    #[error("{what}")]
    System {
        /// The action that failed, as a message.
        what: &'static str,
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overrun_is_counted_and_a_dilation_suggested() {
        let dilation = "2".parse().unwrap();
        let mut compute = ComputeReport::default();
        compute.count(dilation, Duration::from_millis(10), 23_000_000);
        compute.count(dilation, Duration::ZERO, 900_000_000);
        assert_eq!((compute.tasks, compute.fault(MachineId(3))), (1, None), "within 2 ms of the run's time");
        compute.count(dilation, Duration::from_millis(10), 60_000_000);
        let fault = compute.fault(MachineId(3)).unwrap();
        assert!(fault.contains("m3: 1 of 2 tasks") && fault.contains("by 40.0 ms"), "{fault}");
        assert!(fault.ends_with("--dilation 6.5"), "60 ms for 10 ms and the 2 allowed need 5: {fault}");
    }
}
