//! The state of a shard that changes in a run, and the work in progress and in the queue.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use emulator::id::MachineId;
use serde::{Deserialize, Serialize};

use crate::breakdown::Cause;
use crate::message::{Rows, SiteClock};
use crate::server::merge::Rounds;
use crate::server::mirrors::{MirrorState, Sending};
use crate::server::readers::ReadersState;
use crate::server::store::Store;
use crate::wire::{Payload, Sparse};

/// The state that changes in a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShardState {
    pub(super) store: Option<Store>,
    pub(super) working: Option<Working>,
    pub(super) queue: VecDeque<Work>,
    pub(super) readers: ReadersState,
    pub(super) worker_clocks: Vec<u32>,
    /// The stages of each worker's update that is coming in, the last stage first.
    pub(super) coming: Vec<Vec<Payload>>,
    /// By clock, updates that wait for those of the other workers.
    pub(super) early: BTreeMap<u32, Vec<Whole>>,
    /// The changes received so far of each worker's running clock, where changes are sent all the time and applied in order.
    pub(super) gathering: Vec<Vec<f32>>,
    /// Messages that have come from each worker, where changes are sent all the time.
    pub(super) arrived: Vec<u32>,
    /// The clocks or messages of each worker that an answer to it includes.
    pub(super) included: Vec<u32>,
    pub(super) mirrors: MirrorState,
    pub(super) rounds: Rounds,
    /// The message that last changed what reads wait for; at the start, one of the shard itself.
    pub(super) last_cause: Cause,
    /// The first clock of which no copy is recorded.
    pub(super) next_copy: u32,
}

/// A worker's update, the first stage first.
pub(super) type Stages = Vec<Payload>;

/// A worker's update of a whole clock, and what answers include with it.
pub(super) type Whole = (Stages, Credit);

/// The counts of a worker once an update is applied.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Credit {
    pub(super) worker: usize,
    /// Its clocks that are complete.
    pub(super) complete: u32,
    /// The clocks or messages that answers to it include (see [`Rows::includes`]).
    pub(super) included: u32,
}

/// Work that waits for the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Work {
    Apply {
        updates: Vec<Whole>,
        cause: Cause,
    },
    ApplyRows {
        credit: Credit,
        rows: Arc<[u32]>,
        payload: Payload,
        cause: Cause,
    },
    ApplyMirror {
        from: MachineId,
        clocks: Arc<[SiteClock]>,
        payload: Payload,
        cause: Cause,
    },
    Encode {
        sending: Sending,
        #[serde(with = "emulator::binary::shared")]
        sparse: Arc<Sparse>,
    },
    Merge {
        clock: u32,
        changes: Vec<Payload>,
        cause: Cause,
    },
}

/// Work that the store is away for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Working {
    Apply {
        credits: Vec<Credit>,
        cause: Cause,
    },
    ApplyMirror {
        onward: Arc<[usize]>,
        clocks: Arc<[SiteClock]>,
        cause: Cause,
    },
    Answer {
        worker: usize,
        rows: Rows,
    },
    Filter {
        clock: u32,
        sending: Sending,
    },
    /// While links are idle, with how many updates at most.
    BestEffort {
        sending: Sending,
        most: usize,
    },
    Encode {
        sending: Sending,
        #[serde(with = "emulator::binary::shared")]
        sparse: Arc<Sparse>,
    },
    Merge {
        clock: u32,
        cause: Cause,
    },
}
