//! Stale Synchronous Parallel: clock `c` reads at least all updates of the clocks before `c - slack`.
//!
//! A worker computes from its cache while that is fresh enough; fresher rows are fetched in the background, or pushed: IterStore's
//! server sends its clients all rows that they have declared whenever its clock has moved, whether they need them or not, so that slack
//! saves no bytes. With slack 0 it is BSP, to the bit.

use serde::{Deserialize, Serialize};

use crate::sync::inside::{Barred, InvalidSetting, MAX_CLOCKS, SyncModelInside};
use crate::sync::{Apply, CacheState, Hold, ReadState, SyncModel};

/// Stale Synchronous Parallel: a worker may be `slack` clocks ahead of the slowest. `slack: 0` is BSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ssp {
    /// Clocks, 0 to 1000; 0 is BSP.
    pub slack: u32,
    /// Whether servers send rows unasked whenever their clock has moved; else workers ask when their rows are too old.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub push: bool,
}

impl SyncModel for Ssp {
    fn apply(&self) -> Apply {
        if self.slack == 0 { Apply::InWorkerOrder } else { Apply::OnArrival }
    }

    fn may_read(&self, read: &ReadState) -> Result<(), Hold> {
        if read.data_clock.saturating_add(self.slack) >= read.clock { Ok(()) } else { Err(Hold::Staleness) }
    }

    fn cache_serves(&self, cache: &CacheState) -> bool {
        cache.data_clock.saturating_add(self.slack) >= cache.clock
    }

    fn pushes(&self) -> bool {
        self.push
    }

    fn is_synchronous(&self) -> bool {
        self.slack == 0
    }
}

impl SyncModelInside for Ssp {
    const ABOUT: &'static str = "a worker may be `slack` clocks ahead of the slowest";
    const EXAMPLE: Self = Ssp { slack: 1, push: false };

    fn in_words(&self) -> String {
        format!("SSP (slack {}{})", self.slack, if self.push { ", pushed" } else { "" })
    }

    fn bars_from_sites(&self) -> Option<Barred> {
        let expected = "`push: false`, as reads in a site of Gaia are answered for their very clock";
        self.push.then_some(Barred::Setting("`push: true`", expected))
    }

    fn check(&self) -> Vec<InvalidSetting> {
        InvalidSetting::outside("slack", self.slack, 0..=MAX_CLOCKS).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_caches_may_lack_slack_clocks_and_no_more() {
        let ssp = Ssp { slack: 2, push: false };
        let read = |data_clock| {
            ssp.may_read(&ReadState { clock: 7, data_clock, mirror_clock: None, merged_clock: 0, barred: false })
        };
        assert_eq!((read(4), read(5)), (Err(Hold::Staleness), Ok(())));
        let serves = |data_clock| ssp.cache_serves(&CacheState { clock: 7, data_clock, asked_for: 0 });
        assert!(!serves(4) && serves(5));
    }
}
