//! Bösen-style: Stale Synchronous Parallel whose updates are sent all the time (Wei et al., SoCC 2015, section 3).
//!
//! What may be read, and when, is BSP's for slack 0 and else SSP's: clock `c` reads at least all updates of the clocks before
//! `c - slack`. Between clocks nothing waits for an end: a clock is computed in parts, and after each of them what has changed may
//! go, rows that changed most for their size first, as fast as the machine's budget and the links allow (see [`crate::log`]
//! and [`crate::pace`]).

use super::config::{Bosen, Inside};
use super::rule::Rule;
use super::{Apply, CacheState, Communication, Hold, ReadState, SyncModel};

pub(super) struct BosenModel {
    settings: Bosen,
    inside: Box<dyn SyncModel>,
}

impl BosenModel {
    pub(super) fn new(settings: Bosen) -> Self {
        BosenModel { inside: Inside::ssp(settings.slack).model(), settings }
    }
}

impl SyncModel for BosenModel {
    fn apply(&self) -> Apply {
        self.inside.apply()
    }

    fn rule(&self) -> Rule {
        self.inside.rule()
    }

    fn may_read(&self, read: &ReadState) -> Result<(), Hold> {
        self.inside.may_read(read)
    }

    fn cache_serves(&self, cache: &CacheState) -> bool {
        self.inside.cache_serves(cache)
    }

    fn communication(&self) -> Communication {
        let Bosen { budget, parts, message, .. } = self.settings;
        Communication::Continuous { parts, budget, message }
    }
}
