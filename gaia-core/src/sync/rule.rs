//! Update rules: what a server shard does with the updates of a round once those of all its workers are there.
//!
//! A worker's update is the change that it made to the rows since it last exchanged. `add` adds all of them to the values. `average`
//! adds their mean, so that the values become the mean of the workers' copies (FedAvg, McMahan et al. 2017, with workers that count
//! alike). `outer` gives the mean to a second optimiser on the server, whose velocity lives in the shard's store (SlowMo, Wang et al.
//! 2020; DiLoCo, Douillard et al. 2023).
//!
//! Every worker of the server counts in the mean. One that has not declared a row has not changed it.
//!
//! A rule is applied to whole rounds, in the workers' order: it has no meaning where updates are applied on arrival.

use serde::{Deserialize, Serialize};

use super::problem::InvalidSetting;
use crate::kernel::OuterStep;

/// The rule by which a server shard applies the updates of a round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// Adds their sum to the values.
    Add {},
    /// Adds their mean to the values.
    Average {},
    /// Takes a step of gradient descent along their mean.
    Outer(Outer),
}

/// Stochastic gradient descent on the server. With `d` the mean of the workers' updates, `v` the velocity, `m` the momentum and `r` the
/// learning rate, a round sets `v = m v + d` and adds `r v` to the values; with `nesterov` it adds `r (d + m v)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Outer {
    /// More than 0, at most [`MAX_LEARNING_RATE`]; 1 without momentum is [`Rule::Average`].
    pub learning_rate: f64,
    /// The share of the velocity that outlives a round: from 0 to less than 1.
    #[serde(default)]
    pub momentum: f64,
    /// Whether the step looks ahead along the velocity (Nesterov's momentum).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nesterov: bool,
}

/// The largest learning rate of an outer optimiser.
pub const MAX_LEARNING_RATE: f64 = 1000.0;

impl Rule {
    /// Whether it is the default, which plans leave out.
    pub fn is_default(&self) -> bool {
        *self == Rule::default()
    }

    /// Its name in specs.
    pub fn name(&self) -> &'static str {
        match self {
            Rule::Add {} => "add",
            Rule::Average {} => "average",
            Rule::Outer(_) => "outer",
        }
    }

    /// The rule and its settings, in a few words; `None` for the default.
    pub fn in_words(&self) -> Option<String> {
        match *self {
            Rule::Add {} => None,
            Rule::Average {} => Some("averaged".to_owned()),
            Rule::Outer(Outer { learning_rate, momentum, nesterov }) => {
                let kind = if nesterov { "Nesterov momentum" } else { "momentum" };
                Some(format!("outer SGD (learning rate {learning_rate}, {kind} {momentum})"))
            }
        }
    }

    /// The step for the updates of `workers` workers; `None`: their sum is added as it is.
    pub fn step(&self, workers: usize) -> Option<OuterStep> {
        let share = (1.0 / workers as f64) as f32;
        match *self {
            Rule::Add {} => None,
            Rule::Average {} => Some(OuterStep { share, learning_rate: 1.0, momentum: 0.0, nesterov: false }),
            Rule::Outer(Outer { learning_rate, momentum, nesterov }) => {
                Some(OuterStep { share, learning_rate: learning_rate as f32, momentum: momentum as f32, nesterov })
            }
        }
    }

    /// Its settings that are out of bounds; `path`: that of the rule below the sync model.
    ///
    /// Settings are checked as the server computes with them, in `f32`: 0.999999999 is 1 there.
    pub fn check(&self, path: &str) -> Vec<InvalidSetting> {
        let Rule::Outer(Outer { learning_rate, momentum, .. }) = *self else { return Vec::new() };
        let problem = |setting: &str, found: f64, expected: String| InvalidSetting {
            setting: format!("{path}.outer.{setting}"),
            found: found.to_string(),
            expected,
        };
        let mut problems = Vec::new();
        if !(learning_rate as f32 > 0.0 && learning_rate <= MAX_LEARNING_RATE) {
            let expected = format!("more than 0, at most {MAX_LEARNING_RATE}");
            problems.push(problem("learning-rate", learning_rate, expected));
        }
        if !(momentum >= 0.0 && (momentum as f32) < 1.0) {
            problems.push(problem("momentum", momentum, "0 to less than 1".to_owned()));
        }
        problems
    }
}

impl Default for Rule {
    fn default() -> Self {
        Rule::Add {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outer(learning_rate: f64, momentum: f64) -> Rule {
        Rule::Outer(Outer { learning_rate, momentum, nesterov: false })
    }

    #[test]
    fn settings_out_of_bounds_are_named_with_their_path() {
        let path = |setting: &str| format!("rule.outer.{setting}");
        for rate in [0.0, -0.5, 1e-60, 1e4, f64::INFINITY, f64::NAN] {
            let [problem] = &outer(rate, 0.9).check("rule")[..] else { panic!("one problem at {rate}") };
            assert_eq!((&problem.setting, &problem.found), (&path("learning-rate"), &rate.to_string()));
            assert_eq!(problem.expected, "more than 0, at most 1000");
        }
        for momentum in [-0.1, 1.0, 0.999_999_999, 2.0, f64::INFINITY, f64::NAN] {
            let [problem] = &outer(1.0, momentum).check("rule")[..] else { panic!("one problem at {momentum}") };
            assert_eq!((&problem.setting, &problem.found), (&path("momentum"), &momentum.to_string()));
            assert_eq!(problem.expected, "0 to less than 1");
        }
        assert_eq!(outer(0.0, 1.0).check("rule").len(), 2, "all at once");
        for rule in [Rule::Add {}, Rule::Average {}, outer(1000.0, 0.0), outer(1e-9, 0.999)] {
            assert_eq!(rule.check("rule"), []);
        }
    }
}
