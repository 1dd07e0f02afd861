//! The interface of a sync model among the workers of one parameter server towards specs and lists: its settings, their checks, and
//! where it cannot be used.

use super::model::{Apply, SyncModel};
pub use super::problem::{InvalidSetting, MAX_CLOCKS};

/// A sync model among the workers of one parameter server: its settings, as specs write them.
pub trait SyncModelInside: SyncModel + Sized {
    /// One line about it, for lists.
    const ABOUT: &'static str;
    /// Settings that stand for all, for lists and for tests that run every model.
    const EXAMPLE: Self;

    /// The model and its settings, in a few words.
    fn in_words(&self) -> String;

    /// Its settings that are out of bounds, or contradict each other; empty when the model can run.
    fn check(&self) -> Vec<InvalidSetting> {
        Vec::new()
    }

    /// The reason that bars it from the sites of a system with several; `None` means that nothing does. Where sites exchange significant
    /// updates a model must exchange after every clock.
    fn bars_from_sites(&self) -> Option<Barred> {
        None
    }
}

/// The reasons that bar a sync model from the sites of a system with several parameter servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// It does not exchange after every clock, which significant updates need: what it is for, in words.
    Model(&'static str),
    /// A setting as specs write it, and what is expected of it, in any such system.
    Setting(&'static str, &'static str),
}

/// The problems that a model's own check finds, and a rule that its server could not apply.
pub(super) fn problems(model: &impl SyncModelInside) -> Vec<InvalidSetting> {
    let mut problems = model.check();
    let rule = model.rule();
    if !rule.is_default() && model.apply() == Apply::OnArrival {
        problems.push(InvalidSetting {
            setting: "rule".to_owned(),
            found: format!("`{}`", rule.name()),
            expected: "`add`, as updates are applied on arrival and not in whole rounds".to_owned(),
        });
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::rule::Rule;
    use crate::sync::{CacheState, Hold, Inside, ReadState};

    /// A model of these two choices alone.
    struct Choices(Apply, Rule);

    impl SyncModel for Choices {
        fn apply(&self) -> Apply {
            self.0
        }

        fn rule(&self) -> Rule {
            self.1
        }

        fn may_read(&self, _: &ReadState) -> Result<(), Hold> {
            Ok(())
        }

        fn cache_serves(&self, _: &CacheState) -> bool {
            true
        }
    }

    impl SyncModelInside for Choices {
        const ABOUT: &'static str = "nothing";
        const EXAMPLE: Self = Choices(Apply::OnArrival, Rule::Add {});

        fn in_words(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn a_rule_of_whole_rounds_is_refused_where_updates_are_applied_on_arrival() {
        for (apply, rule, count) in [
            (Apply::OnArrival, Rule::Add {}, 0),
            (Apply::InWorkerOrder, Rule::Average {}, 0),
            (Apply::OnArrival, Rule::Average {}, 1),
        ] {
            assert_eq!(problems(&Choices(apply, rule)).len(), count, "{apply:?} {rule:?}");
        }
        let found = problems(&Choices(Apply::OnArrival, Rule::Average {})).remove(0);
        assert_eq!((&found.setting[..], &found.found[..]), ("rule", "`average`"));
    }

    #[test]
    fn settings_in_clocks_are_bounded() {
        let messages = |inside: Inside| -> Vec<String> {
            let problems = inside.check().into_iter();
            problems.map(|it| format!("{}: {}: expected {}", it.setting, it.found, it.expected)).collect()
        };
        assert_eq!(messages(Inside::ssp(4_000_000)), ["slack: 4000000: expected 0 to 1000"]);
        assert_eq!(messages(Inside::local_steps(0)), ["every: 0: expected 1 to 1000"]);
        assert!(Inside::all().into_iter().all(|model| model.example.check().is_empty()), "examples can run");
    }
}
