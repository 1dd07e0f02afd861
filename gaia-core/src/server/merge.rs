//! The changes of every site's copy in a round between sites, which a shard keeps until all are there (see [`crate::sync::between`]).
//!
//! A site that has merged a round goes on at once, so its change of the next round may be here before the last one of this round. It is
//! never merged first: that takes this site's own change, which is made after the merge of the round before.

use std::collections::BTreeMap;

use emulator::id::SiteId;
use serde::{Deserialize, Serialize};

use crate::message::SiteClock;
use crate::wire::Payload;

/// The rounds of a shard: what changes in a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rounds {
    /// The clock of the last round that was merged; 0 before the first.
    merged: u32,
    /// The changes that are here, by the clock that ends their round.
    coming: BTreeMap<u32, BTreeMap<SiteId, Payload>>,
}

impl Rounds {
    /// The clock of the last round that was merged; 0 before the first.
    pub(super) fn merged_clock(&self) -> u32 {
        self.merged
    }

    /// Takes in the change of a site's copy in the round that ends with the clock of `of`. Returns all sites' changes, in their
    /// order, once those of all `sites` are here.
    pub(super) fn take_in(&mut self, of: SiteClock, change: Payload, sites: usize) -> Option<Vec<Payload>> {
        let (site, clock) = of;
        let round = self.coming.entry(clock).or_default();
        let before = round.insert(site, change);
        debug_assert!(before.is_none() && clock > self.merged, "a site sends its change of a round once");
        if round.len() < sites {
            return None;
        }
        self.coming.remove(&clock).map(|round| round.into_values().collect())
    }

    /// The round that ends with `clock` is merged.
    pub(super) fn advance(&mut self, clock: u32) {
        self.merged = clock;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_a_round_are_there_together_in_the_order_of_sites() {
        let change = |value: f32| Payload::Dense([value].into());
        let mut rounds = Rounds::default();
        assert_eq!(rounds.take_in((SiteId(2), 4), change(2.0), 3), None);
        assert_eq!(rounds.take_in((SiteId(2), 8), change(20.0), 3), None, "a site that is ahead");
        assert_eq!(rounds.take_in((SiteId(0), 4), change(0.0), 3), None);
        let all = vec![change(0.0), change(1.0), change(2.0)];
        assert_eq!(rounds.take_in((SiteId(1), 4), change(1.0), 3), Some(all));
        assert_eq!(rounds.merged_clock(), 0, "until they are applied");
        rounds.advance(4);
        assert_eq!(rounds.merged_clock(), 4);
        assert_eq!(rounds.take_in((SiteId(0), 8), change(0.0), 3), None);
        assert!(rounds.take_in((SiteId(1), 8), change(0.0), 3).is_some());
        assert_eq!(rounds.take_in((SiteId(0), 12), change(0.0), 1), Some(vec![change(0.0)]), "a site alone");
    }
}
