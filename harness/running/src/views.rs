//! The places of rows: in the first site's copy, put together from its shards, and in each worker's reads of it. Worked out
//! once per run.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use emulator::id::MachineId;
use gaia_core::layout::Segment;
use gaia_core::setting::Setting;
use gaia_core::workload::traits::Workload;
use serde::{Deserialize, Serialize};

/// Places of rows in a table of all rows.
pub(super) struct Views {
    floats: usize,
    /// The rows of each shard of the first site: `first` in the table, `second` in its copy.
    shards: BTreeMap<MachineId, Arc<[Segment]>>,
    /// The rows of each worker: `first` in its view, `second` in the table.
    workers: Vec<Arc<[Segment]>>,
}

/// The rows of a shard of the first site.
#[derive(Serialize, Deserialize)]
pub(super) struct Copied(#[serde(with = "emulator::binary::shared")] pub(super) Arc<[f32]>);

impl Views {
    pub(super) fn new<W: Workload>(setting: &Setting, workloads: &[Arc<W>]) -> Self {
        let layout = &setting.parts.layout;
        let all = layout.row_set(0..layout.rows());
        let shard = |&machine: &MachineId| (machine, all.common(&setting.rows_of(machine)));
        // Most workers declare what the one before did.
        let mut workers: Vec<Arc<[Segment]>> = Vec::new();
        let mut last: Option<(&[u32], Arc<[Segment]>)> = None;
        for workload in workloads {
            let declared = workload.declared_rows();
            let places = match &last {
                Some((rows, places)) if *rows == declared => places.clone(),
                _ => layout.row_set(declared.iter().copied()).common(&all),
            };
            last = Some((declared, places.clone()));
            workers.push(places);
        }
        Views { floats: layout.floats(), shards: setting.groups()[0].machines.iter().map(shard).collect(), workers }
    }

    /// The table of all rows, from the copies of the first site's shards.
    pub(super) fn table(&self, copies: &BTreeMap<MachineId, Copied>) -> Vec<f32> {
        let mut table = vec![0.0; self.floats];
        for (machine, Copied(copy)) in copies {
            for &Segment { first, second, len } in self.shards[machine].iter() {
                table[first..first + len].copy_from_slice(&copy[second..second + len]);
            }
        }
        table
    }

    /// The rows of a table that worker `worker` reads.
    pub(super) fn view<'a>(&self, worker: usize, table: &'a [f32]) -> Cow<'a, [f32]> {
        let segments = &self.workers[worker];
        if let [Segment { first: 0, second: 0, len }] = segments[..]
            && len == table.len()
        {
            return Cow::Borrowed(table);
        }
        let mut view = Vec::with_capacity(segments.iter().map(|segment| segment.len).sum());
        for &Segment { first, second, len } in segments.iter() {
            debug_assert_eq!(first, view.len(), "the table has every row that a worker declares");
            view.extend_from_slice(&table[second..second + len]);
        }
        Cow::Owned(view)
    }
}
