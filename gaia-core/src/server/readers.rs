//! The workers that read from a shard: the rows that each has declared, and the reads that wait.
//!
//! A read waits in one place, with the reason and since when.
//! The sync model is asked about it again where a clock that it decides by has changed, or a barrier is up.

use std::collections::BTreeSet;
use std::sync::Arc;

use emulator::time::Instant;
use serde::{Deserialize, Serialize};

use crate::breakdown::{Cause, Phases};
use crate::layout::{Layout, RowSet, Segment};
use crate::sync::Hold;

/// Tables derived from the state, and made anew from a snapshot: those of the rows that workers have declared, and what the sync model
/// has said about the reads that wait.
#[derive(Debug)]
pub(super) struct Readers {
    /// For each worker and stage, its declared floats: `first` in the shard, `second` in the worker's messages.
    floats: Vec<Arc<[Arc<[Segment]>]>>,
    /// For each worker, whether it has declared the row at each position of the shard.
    declares: Vec<Vec<bool>>,
    answers: Answers,
}

/// What the sync model has said about the reads that wait. With hundreds of workers, most of which wait most of the time, it counts that
/// it is not asked about all of them at every message.
#[derive(Debug, Default)]
struct Answers {
    /// What it decided by; `None` where it has to be asked about all reads.
    by: Option<Clocks>,
    /// The workers with reads that it has not been asked about.
    unasked: Vec<usize>,
    /// The workers whose reads may go ahead.
    granted: BTreeSet<usize>,
}

/// The clocks of a shard that a sync model decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clocks {
    /// The smallest clock among the shard's workers.
    pub(super) data: u32,
    /// The smallest clock among the other sites.
    pub(super) mirror: Option<u32>,
    /// The clock of the last round of all sites.
    pub(super) merged: u32,
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
        let readers = Readers { floats: vec![Arc::from([]); workers], declares, answers: Answers::default() };
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
        self.answers = Answers::default();
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

    /// A worker's read waits from now on.
    pub(super) fn ask(&mut self, state: &mut ReadersState, worker: usize, clock: u32, phases: Phases) {
        debug_assert!(state.reads[worker].is_none(), "a worker asks once at a time, and what is pushed leaves at once");
        state.reads[worker] = Some(Read { clock, hold: None, phases });
        self.answers.unasked.push(worker);
    }

    /// Asks about the waiting reads whose answer may be another one now: all, if `by` is `None` or is not what it was at the
    /// last call. `hold` returns why one for this clock, of rows at the positions that are marked, has to wait, and decides by the clocks
    /// of `by` alone. Returns the first worker whose read may go ahead.
    pub(super) fn grant(
        &mut self,
        state: &mut ReadersState,
        by: Option<Clocks>,
        hold: impl Fn(u32, &[bool]) -> Option<Hold>,
        cause: Cause,
        now: Instant,
    ) -> Option<usize> {
        let Answers { by: before, unasked, granted } = &mut self.answers;
        if by.is_none() || *before != by {
            *before = by;
            granted.clear();
            unasked.clear();
            unasked.extend(state.waiting().map(|(worker, _)| worker));
        }
        for worker in unasked.drain(..) {
            let read = state.reads[worker].as_mut().expect("it waits until it is granted");
            let hold = hold(read.clock, &self.declares[worker]);
            if read.hold != hold {
                if let Some(before) = read.hold {
                    read.phases.push_hold(before, cause, now);
                }
                read.hold = hold;
            }
            if hold.is_none() {
                granted.insert(worker);
            }
        }
        granted.first().copied()
    }

    /// The read of a worker that was granted: it waits no longer.
    pub(super) fn take(&mut self, state: &mut ReadersState, worker: usize) -> Read {
        self.answers.granted.remove(&worker);
        state.reads[worker].take().expect("it was granted")
    }
}

impl ReadersState {
    /// The rows that a worker has declared.
    pub(super) fn declared(&self, worker: usize) -> &[u32] {
        &self.declared[worker]
    }

    /// Every read that waits, with its worker.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (usize, &Read)> {
        self.reads.iter().enumerate().filter_map(|(worker, read)| Some((worker, read.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use emulator::id::MachineId;

    use super::*;
    use crate::layout::Table;

    #[test]
    fn the_model_is_asked_again_about_what_may_have_another_answer_now() {
        let layout = Layout::new(vec![Table { name: "table".into(), rows: 1, width: 1 }]);
        let here = layout.row_set(std::iter::once(0));
        let (mut readers, mut state) = Readers::new(3, &here);
        (0..3).for_each(|worker| readers.declare(&mut state, worker, Arc::from([0]), &layout, &here));
        let at = Instant::START;
        let cause = Cause { from: MachineId(0), to: MachineId(0), sent_at: at, arrived_at: at };
        let asked = Cell::new(0);
        let grant = |readers: &mut Readers, state: &mut ReadersState, data: Option<u32>| {
            asked.set(0);
            let by = data.map(|data| Clocks { data, mirror: None, merged: 0 });
            let hold = |clock: u32, _: &[bool]| {
                asked.set(asked.get() + 1);
                (clock > data.unwrap_or(9)).then_some(Hold::Staleness)
            };
            (readers.grant(state, by, hold, cause, at), asked.get())
        };
        let ask = |readers: &mut Readers, state: &mut ReadersState, worker, clock| {
            readers.ask(state, worker, clock, Phases::default());
        };

        ask(&mut readers, &mut state, 2, 1);
        ask(&mut readers, &mut state, 1, 1);
        assert_eq!(grant(&mut readers, &mut state, Some(0)), (None, 2));
        assert_eq!(grant(&mut readers, &mut state, Some(0)), (None, 0), "nothing has changed");
        ask(&mut readers, &mut state, 0, 2);
        assert_eq!(grant(&mut readers, &mut state, Some(0)), (None, 1), "only the new one");
        assert_eq!(grant(&mut readers, &mut state, Some(1)), (Some(1), 3), "the clock has moved");
        readers.take(&mut state, 1);
        assert_eq!(grant(&mut readers, &mut state, Some(1)), (Some(2), 0), "the other one was granted, too");
        readers.take(&mut state, 2);
        assert_eq!(grant(&mut readers, &mut state, Some(1)), (None, 0));
        assert_eq!(grant(&mut readers, &mut state, None), (Some(0), 1), "barriers: all, every time");
        readers.restore(&mut state, &layout, &here);
        assert_eq!(grant(&mut readers, &mut state, Some(1)), (None, 1), "a snapshot has the reads alone");
    }
}
