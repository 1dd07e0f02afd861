//! Local steps: BSP in rounds of `every` clocks. Inside a round a worker learns on its own copy; at its end the sum of its
//! changes goes out, and it reads the rows with those of all others.
//!
//! The servers apply the changes by a [`Rule`]. With `add`, the default, `every: 1` is BSP to the bit; with `average` it is local
//! SGD as in FedAvg (McMahan et al. 2017); with `outer` and Nesterov's momentum it is DiLoCo (Douillard et al. 2023).
//!
//! A worker reads after a round only what contains its own changes of that round, so that nothing of its own is added to the servers'
//! values: under `average` all workers begin a round with the same mean.
//!
//! Between two exchanges no model is shared by all. Workers report the objective of the last one.

use serde::{Deserialize, Serialize};

use crate::sync::inside::{Barred, InvalidSetting, MAX_CLOCKS, SyncModelInside};
use crate::sync::rule::Rule;
use crate::sync::{Apply, CacheState, Hold, ReadState, SyncModel};

/// Every worker learns for `every` clocks on its own copy, then all exchange their changes as under BSP. `every: 1` is
/// BSP. For a global parameter server, and for sites that keep together by [`Rounds`](crate::sync::between::Rounds).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalSteps {
    /// Clocks, at least 1.
    pub every: u32,
    /// The rule by which servers apply the changes of a round.
    #[serde(default, skip_serializing_if = "Rule::is_default")]
    pub rule: Rule,
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

    fn rule(&self) -> Rule {
        self.rule
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

    fn is_synchronous(&self) -> bool {
        self.every == 1
    }
}

impl SyncModelInside for LocalSteps {
    const ABOUT: &'static str = "every worker learns for `every` clocks on its own copy, then all exchange";
    const EXAMPLE: Self = LocalSteps { every: 4, rule: Rule::Add {} };

    fn in_words(&self) -> String {
        let rule = self.rule.in_words().map(|rule| format!(", {rule}")).unwrap_or_default();
        format!("BSP every {} clocks{rule}", self.every)
    }

    fn bars_from_sites(&self) -> Option<Barred> {
        Some(Barred::Model("for `global`, and `rounds` between sites, only"))
    }

    fn check(&self) -> Vec<InvalidSetting> {
        let every = InvalidSetting::outside("every", self.every, 1..=MAX_CLOCKS);
        every.into_iter().chain(self.rule.check("rule")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::rule::Outer;

    #[test]
    fn rounds_begin_with_all_updates_of_those_before() {
        let model = LocalSteps { every: 4, rule: Rule::Add {} };
        let serves = |clock, data_clock| model.cache_serves(&CacheState { clock, data_clock, asked_for: 0 });
        assert!(serves(7, 4) && serves(4, 4) && !serves(8, 4) && !serves(4, 0));
        let exchanges: Vec<u32> = (0..9).filter(|&clock| model.exchanges_after(clock)).collect();
        assert_eq!(exchanges, [3, 7]);
    }

    #[test]
    fn each_setting_out_of_bounds_is_named() {
        let outer = |learning_rate, momentum| Rule::Outer(Outer { learning_rate, momentum, nesterov: false });
        let settings = |every, rule| -> Vec<String> {
            LocalSteps { every, rule }.check().into_iter().map(|problem| problem.setting).collect()
        };
        assert_eq!(settings(0, Rule::Average {}), ["every"]);
        assert_eq!(settings(0, outer(0.0, 1.0)), ["every", "rule.outer.learning-rate", "rule.outer.momentum"]);
        assert_eq!(settings(1, outer(0.7, 0.9)), [""; 0]);
    }

    #[test]
    fn words_name_the_rule_where_it_is_not_the_default() {
        let words = |rule| LocalSteps { every: 8, rule }.in_words();
        assert_eq!(words(Rule::Add {}), "BSP every 8 clocks");
        assert_eq!(words(Rule::Average {}), "BSP every 8 clocks, averaged");
        let outer = Outer { learning_rate: 0.7, momentum: 0.9, nesterov: true };
        let expected = "BSP every 8 clocks, outer SGD (learning rate 0.7, Nesterov momentum 0.9)";
        assert_eq!(words(Rule::Outer(outer)), expected);
    }
}
