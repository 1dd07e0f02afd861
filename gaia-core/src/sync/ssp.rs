//! Stale Synchronous Parallel: clock `c` reads at least all updates of the clocks before `c - slack`.
//!
//! A worker computes from its cache while that is fresh enough; fresher rows are fetched in the background.

use super::{Apply, CacheState, Hold, Outgoing, Progress, ReadState, SyncModel};

pub(super) struct Ssp {
    /// Clocks, at least 1: with 0 this would be BSP.
    pub(super) slack: u32,
}

impl SyncModel for Ssp {
    fn apply(&self) -> Apply {
        Apply::OnArrival
    }

    fn may_read(&self, read: &ReadState) -> Result<(), Hold> {
        if read.data_clock.saturating_add(self.slack) >= read.clock { Ok(()) } else { Err(Hold::Staleness) }
    }

    fn cache_serves(&self, cache: &CacheState) -> bool {
        cache.data_clock.saturating_add(self.slack) >= cache.clock
    }

    fn outgoing(&self, _: &Progress) -> Outgoing {
        Outgoing::Nothing
    }

    fn barrier_backlog_seconds(&self) -> Option<f64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_caches_may_lack_slack_clocks_and_no_more() {
        let ssp = Ssp { slack: 2 };
        let read = |data_clock| ssp.may_read(&ReadState { clock: 7, data_clock, mirror_clock: None, barred: false });
        assert_eq!((read(4), read(5)), (Err(Hold::Staleness), Ok(())));
        let serves = |data_clock| ssp.cache_serves(&CacheState { clock: 7, data_clock, asked_for: 0 });
        assert!(!serves(4) && serves(5));
    }
}
