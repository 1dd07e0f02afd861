//! The workers that read from a shard: the rows that each has declared, and the reads that wait.
//!
//! A read waits in one place, with the reason and since when; every change of the shard asks the sync model about each again.

use std::sync::Arc;

use emulator::time::Instant;
use serde::{Deserialize, Serialize};

use crate::breakdown::{Cause, Phases};
use crate::layout::{Layout, RowSet, Segment};
use crate::sync::Hold;

/// The tables derived from the rows that workers have declared; made anew from a snapshot.
#[derive(Debug)]
pub(super) struct Readers {
    /// For each worker and stage, its declared floats: `first` in the shard, `second` in the worker's messages.
    floats: Vec<Arc<[Arc<[Segment]>]>>,
    /// For each worker, whether it has declared the row at each position of the shard.
    declares: Vec<Vec<bool>>,
}

/// The state that changes in a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ReadersState {
    declared: Vec<Arc<[u32]>>,
    reads: Vec<Option<Read>>,
}

/// A read that has not been answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Read {
    /// The clock that the rows are for.
    pub(super) clock: u32,
    /// The reason why it waits; `None` means that it may be answered.
    pub(super) hold: Option<Hold>,
    /// The phases of its time so far.
    pub(super) phases: Phases,
}

impl Readers {
    /// The readers for this number of workers, which have declared nothing yet.
    pub(super) fn new(workers: usize, rows: &RowSet) -> (Self, ReadersState) {
        let declares = vec![vec![false; rows.rows().len()]; workers];
        let readers = Readers { floats: vec![Arc::from([]); workers], declares };
        (readers, ReadersState { declared: vec![Arc::from([]); workers], reads: vec![None; workers] })
    }

    /// Worker `worker` reads and updates the rows of these numbers, ascending.
    pub(super) fn declare(
        &mut self,
        state: &mut ReadersState,
        worker: usize,
        rows: Arc<[u32]>,
        layout: &Layout,
        here: &RowSet,
    ) {
        self.floats[worker] = layout.common_by_stage(here, &rows);
        let declares = |row: &u32| rows.binary_search(row).is_ok();
        self.declares[worker] = here.rows().iter().map(declares).collect();
        state.declared[worker] = rows;
    }

    /// Restores the tables that are derived from the declared rows in `state`.
    pub(super) fn restore(&mut self, state: &mut ReadersState, layout: &Layout, here: &RowSet) {
        for worker in 0..state.declared.len() {
            self.declare(state, worker, state.declared[worker].clone(), layout, here);
        }
    }

    /// Whether a worker has declared the row at each position of the shard.
    pub(super) fn declares(&self, worker: usize) -> &[bool] {
        &self.declares[worker]
    }

    /// A worker's declared floats, by stage.
    pub(super) fn floats(&self, worker: usize) -> &Arc<[Arc<[Segment]>]> {
        &self.floats[worker]
    }

    /// Asks about every waiting read again: `hold` returns why one for this clock, of rows at the positions that are marked, has to
    /// wait. Returns the first worker whose read may go ahead.
    pub(super) fn grant(
        &self,
        state: &mut ReadersState,
        hold: impl Fn(u32, &[bool]) -> Option<Hold>,
        cause: Cause,
        now: Instant,
    ) -> Option<usize> {
        let mut granted = None;
        for (worker, read) in state.reads.iter_mut().enumerate() {
            let Some(read) = read else { continue };
            let hold = hold(read.clock, &self.declares[worker]);
            if read.hold != hold {
                if let Some(before) = read.hold {
                    read.phases.push_hold(before, cause, now);
                }
                read.hold = hold;
            }
            if hold.is_none() && granted.is_none() {
                granted = Some(worker);
            }
        }
        granted
    }
}

impl ReadersState {
    /// A worker's read waits from now on.
    pub(super) fn ask(&mut self, worker: usize, clock: u32, phases: Phases) {
        debug_assert!(self.reads[worker].is_none(), "a worker asks once at a time, and what is pushed leaves at once");
        self.reads[worker] = Some(Read { clock, hold: None, phases });
    }

    /// The read of a worker that was granted: it waits no longer.
    pub(super) fn take(&mut self, worker: usize) -> Read {
        self.reads[worker].take().expect("it was granted")
    }

    /// The rows that a worker has declared.
    pub(super) fn declared(&self, worker: usize) -> &[u32] {
        &self.declared[worker]
    }

    /// Every read that waits, with its worker.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (usize, &Read)> {
        self.reads.iter().enumerate().filter_map(|(worker, read)| Some((worker, read.as_ref()?)))
    }
}
