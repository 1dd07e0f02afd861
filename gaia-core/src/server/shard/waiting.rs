//! The reason why a shard waits, in words: for the error of a run in which nothing moves any more.

use super::Shard;
use crate::message::Announced;
use crate::sync::Hold;

impl Shard {
    /// The reason why it waits, in words; `None` means that it has nothing to do.
    pub(crate) fn waiting_for(&self) -> Option<String> {
        let reads = self.state.readers.waiting();
        let held: Vec<String> = reads
            .filter_map(|(worker, read)| {
                let reason = match read.hold? {
                    Hold::Staleness => format!("its workers are at clocks {:?}", self.state.worker_clocks),
                    Hold::MirrorClock => {
                        let clocks: Vec<u32> = self.mirror_clocks().into_values().collect();
                        format!("its clock is {} and its mirrors' {clocks:?}", self.data_clock())
                    }
                    Hold::BarredRow => {
                        let barriers = self.state.mirrors.barring(read.clock, self.readers.declares(worker));
                        let updates = barriers.flat_map(|it| it.announced.iter());
                        let updates: Vec<String> = updates.map(Announced::to_string).collect();
                        format!("announced updates are not here: {}", updates.join(", "))
                    }
                };
                Some(format!("the read of {} for clock {} ({reason})", self.workers[worker], read.clock))
            })
            .collect();
        (!held.is_empty()).then(|| format!("its shard holds {}", held.join(", ")))
    }
}
