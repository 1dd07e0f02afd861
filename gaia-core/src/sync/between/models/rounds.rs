//! Rounds: each site learns on its own copy, and every H clocks the sites merge their copies by a rule. With averages inside the sites
//! and between them it is hierarchical averaging (hierarchical local SGD, Lin et al. 2020; hierarchical FedAvg, Liu et al. 2020).
//!
//! A round begins with the same values in all sites. When a site has ended the round's last clock, each of its servers sends the others
//! the sum of the updates that it applied in the round: the change of its copy. When a server has the changes of all sites it applies the
//! [`Rule`] to them, in the sites' order, at the values that the round began with: `add` adds their sum, `average` their mean, `outer`
//! takes a step along their mean. All sites compute the same, to the bit, so that nothing comes back. Every site counts alike, however many
//! workers it has.
//!
//! Nothing else goes between sites. Reads for clocks of the next round wait until the copies are one, whatever the model inside: a round is
//! a barrier for all workers.

use serde::{Deserialize, Serialize};

use crate::sync::Inside;
use crate::sync::between::model::{BetweenSites, Outgoing};
use crate::sync::between::settings::SyncModelBetween;
use crate::sync::inside::Barred;
use crate::sync::problem::{InvalidSetting, MAX_CLOCKS};
use crate::sync::rule::Rule;
use crate::sync::state::{CacheState, Hold, Progress, ReadState};

/// Every `every` clocks the sites make one of their copies of the model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rounds {
    /// Clocks, at least 1; workers exchange with their servers after the last of them.
    pub every: u32,
    /// The rule by which the sites apply their changes.
    pub rule: Rule,
}

impl Rounds {
    /// The first clock of the round of `clock`.
    fn round(&self, clock: u32) -> u32 {
        clock - clock % self.every
    }

    /// The number of clocks closest to `every` after which workers of `inside` exchange; `None`: they do after `every`.
    fn closest(&self, inside: &Inside) -> Option<u32> {
        let model = inside.model();
        let ends = |clocks: &u32| model.exchanges_after(clocks - 1);
        (1..=MAX_CLOCKS).filter(ends).min_by_key(|clocks| clocks.abs_diff(self.every)).filter(|it| *it != self.every)
    }
}

impl BetweenSites for Rounds {
    fn may_read(&self, read: &ReadState) -> Result<(), Hold> {
        if read.merged_clock >= self.round(read.clock) { Ok(()) } else { Err(Hold::MirrorClock) }
    }

    fn cache_serves(&self, cache: &CacheState) -> bool {
        // Rows that were asked for a clock of the round were read from the copy that it began with.
        cache.asked_for >= self.round(cache.clock)
    }

    fn outgoing(&self, progress: &Progress) -> Outgoing {
        if progress.clock.is_multiple_of(self.every) {
            Outgoing::Significant { threshold: 0.0 }
        } else {
            Outgoing::Nothing
        }
    }

    fn merges(&self) -> Option<Rule> {
        Some(self.rule)
    }
}

impl SyncModelBetween for Rounds {
    const ABOUT: &'static str = "every `every` clocks the sites make one of their copies";

    fn example() -> Self {
        Rounds { every: 4, rule: Rule::Average {} }
    }

    fn in_words(&self) -> String {
        let rule = self.rule.in_words().unwrap_or_else(|| "added up".to_owned());
        format!("every {} clocks between sites, {rule}", self.every)
    }

    fn check(&self, inside: &Inside) -> Vec<InvalidSetting> {
        let mut problems = Vec::new();
        if let Some(Barred::Setting(found, expected)) = inside.bars_from_sites() {
            problems.push(InvalidSetting::new(&format!("inside.{}", inside.name()), found, expected));
        }
        problems.extend(InvalidSetting::outside("every", self.every, 1..=MAX_CLOCKS));
        // A mistake inside is reported there.
        if problems.is_empty()
            && inside.check().is_empty()
            && let Some(closest) = self.closest(inside)
        {
            let expected = format!("a number of clocks after which the workers of a site exchange, such as {closest}");
            problems.push(InvalidSetting::new("every", self.every, expected));
        }
        problems.extend(self.rule.check("rule"));
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::config::{LocalSteps, Outer, Ssp};

    const ROUNDS: Rounds = Rounds { every: 6, rule: Rule::Average {} };

    #[test]
    fn reads_and_caches_of_a_round_need_the_copy_that_it_began_with() {
        let read = |clock, merged_clock| {
            ROUNDS.may_read(&ReadState { clock, data_clock: 99, mirror_clock: Some(99), merged_clock, barred: false })
        };
        assert_eq!((read(5, 0), read(6, 0), read(6, 6), read(11, 6)), (Ok(()), Err(Hold::MirrorClock), Ok(()), Ok(())));
        let serves = |clock, asked_for| ROUNDS.cache_serves(&CacheState { clock, data_clock: 99, asked_for });
        assert!(serves(5, 0) && !serves(6, 5) && serves(6, 6) && serves(11, 6) && !serves(12, 11));
    }

    #[test]
    fn changes_leave_at_the_end_of_rounds_alone_and_all_of_them() {
        let sends = |clock: &u32| {
            let progress = Progress { clock: *clock, clocks_per_pass: 1, learning_rate_factor: 1.0 };
            ROUNDS.outgoing(&progress) == Outgoing::Significant { threshold: 0.0 }
        };
        assert_eq!((1..20).filter(sends).collect::<Vec<u32>>(), [6, 12, 18]);
    }

    #[test]
    fn each_mistake_is_named_with_its_path() {
        let messages = |every, rule, inside: Inside| -> Vec<String> {
            let problems = Rounds { every, rule }.check(&inside).into_iter();
            problems.map(|it| format!("{}: {}: expected {}", it.setting, it.found, it.expected)).collect()
        };
        let average = Rule::Average {};
        for inside in [Inside::BSP, Inside::ssp(2), Inside::local_steps(4)] {
            assert_eq!(messages(12, average, inside), [""; 0]);
        }
        assert_eq!(messages(0, average, Inside::BSP), ["every: 0: expected 1 to 1000"]);
        assert_eq!(messages(1001, average, Inside::local_steps(7)), ["every: 1001: expected 1 to 1000"]);
        let such_as = "a number of clocks after which the workers of a site exchange, such as";
        assert_eq!(messages(10, average, Inside::local_steps(4)), [format!("every: 10: expected {such_as} 8")]);
        assert_eq!(messages(3, average, Inside::local_steps(5)), [format!("every: 3: expected {such_as} 5")]);
        assert_eq!(messages(1000, average, Inside::local_steps(600)), [format!("every: 1000: expected {such_as} 600")]);
        let broken = Inside::LocalSteps(LocalSteps { every: 0, rule: average });
        assert_eq!(messages(10, average, broken), [""; 0], "it is the model's inside");
        let pushed = messages(2, average, Inside::Ssp(Ssp { slack: 1, push: true }));
        assert_eq!(pushed.len(), 1);
        assert!(pushed[0].starts_with("inside.ssp: `push: true`: expected `push: false`"), "{pushed:?}");
        let outer = Rule::Outer(Outer { learning_rate: 0.0, momentum: 1.0, nesterov: false });
        let paths: Vec<String> = messages(0, outer, Inside::BSP).into_iter().collect();
        assert_eq!(paths.len(), 3, "{paths:?}");
        assert!(paths[1].starts_with("rule.outer.learning-rate: 0: "), "{paths:?}");
    }
}
