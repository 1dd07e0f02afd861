//! The view of a shard from outside: for checks, and for checkpoints.

use std::collections::BTreeMap;

use emulator::id::{MachineId, SiteId};

use super::Shard;
use super::state::{ShardState, Working};
use crate::layout::RowSet;
use crate::message::Announced;
use crate::server::store::Store;
use crate::sync::Hold;

/// A read that is being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answering<'a> {
    /// The machine of the worker that reads.
    pub reader: MachineId,
    /// The rows of this shard that it has declared.
    pub declared: &'a [u32],
    /// The clock that it asked for.
    pub clock: u32,
}

impl Shard {
    /// The smallest clock among this shard's workers.
    pub fn data_clock(&self) -> u32 {
        self.state.worker_clocks.iter().copied().min().expect("a group has workers")
    }

    /// The smallest clock among the other sites, as far as is known here.
    pub fn mirror_clock(&self) -> Option<u32> {
        self.state.mirrors.slowest()
    }

    /// The clock of every other site, all of whose updates before it are here but for what filters on the way held back.
    pub fn mirror_clocks(&self) -> BTreeMap<SiteId, u32> {
        self.state.mirrors.clocks().collect()
    }

    /// The rows, unless a task has them at the moment.
    pub fn store(&self) -> Option<&Store> {
        self.state.store.as_ref()
    }

    /// The rows' numbers and places.
    pub fn rows(&self) -> &RowSet {
        &self.rows
    }

    /// The machines that updates of low significance are being chosen for, whose links were idle when that began.
    pub fn best_effort_to(&self) -> Option<&[MachineId]> {
        match &self.state.working {
            Some(Working::BestEffort { sending, .. }) => Some(self.mirrors.receivers(sending.side)),
            _ => None,
        }
    }

    /// Updates that are announced and not here yet, and the rows that they are of.
    pub fn barriers(&self) -> impl Iterator<Item = (&[Announced], Vec<u32>)> {
        let row = |&position: &u32| self.rows.rows()[position as usize];
        self.state.mirrors.barriers().iter().map(move |it| (&it.announced[..], it.rows.iter().map(row).collect()))
    }

    /// Reads that wait: the reader's declared rows here, the clock that it asked for, and why.
    pub fn held_reads(&self) -> impl Iterator<Item = (&[u32], u32, Hold)> {
        let readers = &self.state.readers;
        readers.waiting().filter_map(|(worker, read)| Some((readers.declared(worker), read.clock, read.hold?)))
    }

    /// The reader that is being answered.
    pub fn answering(&self) -> Option<Answering<'_>> {
        match &self.state.working {
            Some(Working::Answer { worker, rows }) => {
                let declared = self.state.readers.declared(*worker);
                Some(Answering { reader: self.workers[*worker], declared, clock: rows.asked_for })
            }
            _ => None,
        }
    }

    /// Everything that changes in a run.
    pub fn snapshot(&self) -> ShardState {
        self.state.clone()
    }

    /// Takes up a snapshot.
    pub fn restore(&mut self, state: ShardState) {
        self.state = state;
        self.readers.restore(&mut self.state.readers, &self.setting.parts.layout, &self.rows);
    }
}
