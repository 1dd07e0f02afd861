//! Bulk Synchronous Parallel: clock `c` reads all updates of the clocks before it, and none of its own or later ones.
//!
//! Updates are summed in the workers' order, so the result is the same to the bit on any network.

use serde::{Deserialize, Serialize};

use crate::sync::inside::SyncModelInside;
use crate::sync::{Apply, CacheState, Hold, ReadState, SyncModel};

/// Bulk Synchronous Parallel: every worker waits for all updates of the clock before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bsp {}

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

    fn is_synchronous(&self) -> bool {
        true
    }
}

impl SyncModelInside for Bsp {
    const ABOUT: &'static str = "every worker waits for all updates of the clock before";
    const EXAMPLE: Self = Bsp {};

    fn in_words(&self) -> String {
        "BSP".into()
    }
}
