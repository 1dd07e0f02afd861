//! Bösen-style: Stale Synchronous Parallel whose updates are sent all the time (Wei et al., SoCC 2015, section 3).
//!
//! The condition for reads is BSP's for slack 0 and else SSP's: clock `c` reads at least all updates of the clocks before
//! `c - slack`. Between clocks nothing waits for an end: a clock is computed in parts, and after each of them what has changed may
//! go, rows that changed most for their size first, as fast as the machine's budget and the links allow (see [`crate::log`]
//! and [`crate::pace`]).

use emulator::units::ByteSize;
use serde::{Deserialize, Serialize};

use super::budget::Budget;
use super::rule::Rule;
use super::{Apply, CacheState, Communication, Hold, Inside, ReadState, Ssp, SyncModel};

/// The settings of a Bösen-style parameter server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Bosen {
    /// The number of clocks that a worker may be ahead of the slowest; 0 is BSP.
    pub slack: u32,
    /// The most that a machine may send to others per second, updates and rows together.
    pub budget: Budget,
    /// The number of parts in which a clock is computed, after each of which its changes may go.
    #[serde(default = "four")]
    pub parts: u32,
    /// The most that a message of updates takes.
    #[serde(default = "message_size")]
    pub message: ByteSize,
}

fn four() -> u32 {
    4
}

fn message_size() -> ByteSize {
    ByteSize::from_bytes(256 * 1024)
}

pub(super) struct BosenModel {
    settings: Bosen,
    inside: Box<dyn SyncModel>,
}

impl BosenModel {
    pub(super) fn new(settings: Bosen) -> Self {
        BosenModel { inside: Inside::Ssp(Ssp { slack: settings.slack, push: false }).model(), settings }
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

    fn is_synchronous(&self) -> bool {
        self.inside.is_synchronous()
    }

    fn communication(&self) -> Communication {
        let Bosen { budget, parts, message, .. } = self.settings;
        Communication::Continuous { parts, budget, message }
    }
}
