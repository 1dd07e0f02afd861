//! The outputs of the two halves of a machine, gathered until the machine passes them on.

use std::collections::VecDeque;
use std::sync::Arc;

use emulator::digest::Digest;
use emulator::id::MachineId;
use emulator::node::Record;
use emulator::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

use crate::breakdown::{Blocked, PARTS, Parts};
use crate::message::Message;
use crate::server::store::Pending;
use crate::workload::traits::Evaluation;

/// An entry of a machine in the results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Sample<S> {
    /// A worker has ended a clock.
    Clock {
        /// The clock, from 0.
        clock: u32,
        /// The end of the clock before.
        started: Instant,
        /// The time at which this clock's updates went out.
        ended: Instant,
        /// The parts of the time.
        parts: Parts,
        /// Of it, waiting for rows.
        read_wait: Duration,
        /// Of that, for barred rows or the mirror clock.
        barrier_wait: Duration,
        /// The longest phase of the wait for rows. `None`: there was no wait.
        blocked: Option<Blocked>,
    },
    /// A worker's part of the objective after `clock` clocks, on the rows that it read then.
    Evaluation {
        /// Clocks that the worker, or the slowest of a group, has done.
        clock: u32,
        /// The time at which it had read them.
        at: Instant,
        /// The part that the other workers' parts are added to.
        evaluation: Evaluation,
    },
    /// A worker's state after `clock` clocks.
    State {
        /// Clocks that the worker, or the slowest of a group, has done.
        clock: u32,
        /// The state that stays with the worker.
        state: Arc<S>,
    },
    /// The first group's rows when its slowest worker had done `clock` clocks.
    Copy {
        /// Clocks that the worker, or the slowest of a group, has done.
        clock: u32,
        /// The moment at which the shard had these values.
        at: Instant,
        /// The shard's rows one after another.
        #[serde(with = "emulator::binary::shared")]
        values: Arc<[f32]>,
    },
    /// A significance filter has run.
    Filter {
        /// Clocks done in the site.
        clock: u32,
        /// The accumulated updates that it found.
        pending: Pending,
        /// Of them the significant ones.
        significant: Pending,
    },
}

impl<S> Record for Sample<S> {
    fn write_digest(&self, digest: &mut Digest) {
        match self {
            Sample::Clock { clock, started, ended, parts, .. } => {
                digest.write_u64(u64::from(*clock));
                digest.write_u64(started.as_nanos());
                digest.write_u64(ended.as_nanos());
                PARTS.iter().for_each(|&part| digest.write_u64(parts.part(part).as_nanos()));
            }
            Sample::Evaluation { clock, at, evaluation } => {
                digest.write_u64(u64::from(*clock));
                digest.write_u64(at.as_nanos());
                digest.write_f64(evaluation.objective);
                let [first, others @ ..] = &evaluation.metrics;
                digest.write_f64(first.sum);
                others.iter().filter(|part| part.count > 0).for_each(|part| digest.write_f64(part.sum));
            }
            // Evaluations depend on every bit of these.
            Sample::State { clock, .. } | Sample::Copy { clock, .. } => digest.write_u64(u64::from(*clock)),
            Sample::Filter { pending, significant, .. } => {
                digest.write_u64(pending.touched);
                digest.write_u64(significant.touched);
            }
        }
    }
}

/// Messages, tasks and samples of one half of a machine, in order.
#[derive(Debug)]
pub(crate) struct Outbox<T, S> {
    pub(crate) messages: VecDeque<(MachineId, Message)>,
    pub(crate) tasks: VecDeque<(T, Duration)>,
    pub(crate) samples: VecDeque<Sample<S>>,
}

impl<T, S> Default for Outbox<T, S> {
    fn default() -> Self {
        Outbox { messages: VecDeque::new(), tasks: VecDeque::new(), samples: VecDeque::new() }
    }
}
