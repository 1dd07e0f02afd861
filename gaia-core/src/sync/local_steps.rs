//! Local steps: BSP in rounds of `every` clocks. Inside a round a worker learns on its own copy; at its end the sum of its
//! changes goes out, and it reads those of all others (local SGD, the idea behind FedAvg and DiLoCo, without averaging:
//! a server adds up what workers send, as under BSP, so that `every: 1` is BSP to the bit).
//!
//! Between two exchanges no model is shared by all. Workers report the objective of the last one.

use serde::{Deserialize, Serialize};

use super::inside::{MAX_CLOCKS, Problem, SyncModelInside};
use super::{Apply, CacheState, Hold, ReadState, SyncModel};

/// Every worker learns for `every` clocks on its own copy, then all exchange their changes as under BSP. `every: 1` is
/// BSP. For one global parameter server only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalSteps {
    /// Clocks, at least 1.
    pub every: u32,
}

impl LocalSteps {
    /// The first clock of the round of `clock`.
    fn round(&self, clock: u32) -> u32 {
        clock - clock % self.every
    }
}

impl SyncModel for LocalSteps {
    fn apply(&self) -> Apply {
        Apply::InWorkerOrder
    }

    fn may_read(&self, read: &ReadState) -> Result<(), Hold> {
        if read.data_clock >= self.round(read.clock) { Ok(()) } else { Err(Hold::Staleness) }
    }

    fn cache_serves(&self, cache: &CacheState) -> bool {
        cache.data_clock >= self.round(cache.clock)
    }

    fn exchanges_after(&self, clock: u32) -> bool {
        (clock + 1).is_multiple_of(self.every)
    }
}

impl SyncModelInside for LocalSteps {
    const ABOUT: &'static str = "every worker learns for `every` clocks on its own copy, then all exchange";
    const EXAMPLE: Self = LocalSteps { every: 4 };

    fn in_words(&self) -> String {
        format!("BSP every {} clocks", self.every)
    }

    fn bars_from_sites(&self) -> Option<&'static str> {
        Some("for `global` only")
    }

    fn check(&self) -> Vec<Problem> {
        Problem::outside("every", self.every, 1..=MAX_CLOCKS).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_begin_with_all_updates_of_those_before() {
        let model = LocalSteps { every: 4 };
        let serves = |clock, data_clock| model.cache_serves(&CacheState { clock, data_clock, asked_for: 0 });
        assert!(serves(7, 4) && serves(4, 4) && !serves(8, 4) && !serves(4, 0));
        let exchanges: Vec<u32> = (0..9).filter(|&clock| model.exchanges_after(clock)).collect();
        assert_eq!(exchanges, [3, 7]);
    }
}
