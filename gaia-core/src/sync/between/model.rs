//! The interface of a model between sites: what it is asked, and what it answers.
//!
//! It decides and holds no state. The mechanisms are those of the server shard: accumulated updates and a filter that takes out what is to
//! leave, mirrors that apply what comes at once, or contributions that are kept until those of all sites are there.

use super::ways::{Relay, Ways};
use crate::sync::rule::Rule;
use crate::sync::state::{CacheState, Hold, Progress, ReadState};

/// The updates that leave for the other sites when a server's clock has moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outgoing {
    /// Nothing, at this clock.
    Nothing,
    /// Updates whose magnitude exceeds `threshold` of the value; 0 means all.
    Significant {
        /// A share: 0.01 is 1 %.
        threshold: f32,
    },
}

/// The updates that are sent to the other sites while links are idle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestEffort {
    /// Updates above this share of the threshold of [`Outgoing::Significant`].
    pub of_threshold: f64,
    /// The longest that one message may occupy the slowest link, in seconds; the most significant updates go first.
    pub seconds: f64,
}

/// The decisions by which the parameter servers of several sites keep together.
pub trait BetweenSites: Send + Sync {
    /// May a server answer this read now, as far as the other sites are concerned; if not, why.
    fn may_read(&self, read: &ReadState) -> Result<(), Hold>;
    /// May a worker compute from its cache without hearing from the server again, as far as the other sites are concerned.
    fn cache_serves(&self, cache: &CacheState) -> bool;
    /// The updates that are sent to the other sites now that the site's clock is that of `progress`.
    fn outgoing(&self, progress: &Progress) -> Outgoing;
    /// The rule that merges the sites' copies in rounds: what was sent is kept until that of all sites with the same clock is there; then
    /// every site applies this rule to it. `None` means that updates of other sites are added as they come.
    fn merges(&self) -> Option<Rule> {
        None
    }
    /// Updates that are sent to the other sites while links are idle, in addition to those of [`BetweenSites::outgoing`].
    fn best_effort(&self) -> Option<BestEffort> {
        None
    }
    /// The backlog, in seconds of a link's rate, above which indexes go ahead of their values; none: never.
    fn barrier_backlog_seconds(&self) -> Option<f64> {
        None
    }
    /// The ways that updates take between sites. A model that merges needs direct ones: a hub would sum contributions.
    fn ways(&self) -> Ways {
        Ways::default()
    }
    /// The treatment of other sites' updates in hubs.
    fn relay(&self) -> Relay {
        Relay::default()
    }
}
