//! Bulk Synchronous Parallel: clock `c` reads all updates of the clocks before it, and none of its own or later ones.
//!
//! Updates are summed in the workers' order, so the result is the same to the bit on any network.

use super::{Apply, CacheState, Hold, Outgoing, Progress, ReadState, SyncModel};

pub(super) struct Bsp;

impl SyncModel for Bsp {
    fn apply(&self) -> Apply {
        Apply::InWorkerOrder
    }

    fn may_read(&self, read: &ReadState) -> Result<(), Hold> {
        if read.data_clock >= read.clock { Ok(()) } else { Err(Hold::Staleness) }
    }

    fn cache_serves(&self, cache: &CacheState) -> bool {
        cache.data_clock >= cache.clock
    }

    fn outgoing(&self, _: &Progress) -> Outgoing {
        Outgoing::Nothing
    }

    fn barrier_backlog_seconds(&self) -> Option<f64> {
        None
    }
}
