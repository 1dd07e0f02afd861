//! When a cell is over: it has converged, it has reached the target, or it is given up.

use serde::{Deserialize, Serialize};

use crate::results::Outcome;
use crate::spec::Convergence;

/// What a cell runs for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    /// Until its objective stops changing.
    Converge {
        /// The rule.
        rule: Convergence,
        /// Clocks in a pass over the data.
        clocks_per_pass: u32,
    },
    /// Until its objective is at most this.
    Reach(f64),
}

/// How a cell ended, and at which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) clock: u32,
}

impl Goal {
    /// Whether the run is over, given the objective after every clock so far (the first: before clock 0).
    pub(super) fn end(&self, objectives: &[f64], max_clocks: u32) -> Option<End> {
        let clock = (objectives.len() - 1) as u32;
        let now = *objectives.last().expect("the objective before the first clock is there");
        let outcome = match *self {
            _ if !now.is_finite() => Some(Outcome::Diverged),
            Goal::Reach(target) if now <= target => Some(Outcome::TargetReached),
            Goal::Converge { rule, clocks_per_pass } if has_converged(objectives, &rule, clocks_per_pass) => {
                Some(Outcome::Converged)
            }
            _ => (clock >= max_clocks).then_some(Outcome::ClockCap),
        };
        outcome.map(|outcome| End { outcome, clock })
    }
}

/// Over the last passes the objective changed by less than the rule's share of its improvement since the start, and that
/// is no first plateau.
fn has_converged(objectives: &[f64], rule: &Convergence, clocks_per_pass: u32) -> bool {
    let window = (rule.passes * clocks_per_pass) as usize;
    let Some(before) = objectives.len().checked_sub(window + 1) else { return false };
    let (first, then, now) = (objectives[0], objectives[before], objectives[objectives.len() - 1]);
    let improvement = first - now;
    improvement >= rule.min_improvement * first.abs() && (then - now).abs() < rule.change * improvement
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Convergence = Convergence { change: 0.02, passes: 3, min_improvement: 0.1 };

    fn ends(objectives: &[f64]) -> Option<u32> {
        let goal = Goal::Converge { rule: RULE, clocks_per_pass: 1 };
        (1..=objectives.len()).find_map(|count| goal.end(&objectives[..count], 100)).map(|end| end.clock)
    }

    #[test]
    fn a_plateau_at_the_start_is_not_convergence() {
        let plateau = [100.0, 99.9, 99.9, 99.9, 99.9, 80.0, 60.0, 50.0, 49.9, 49.8, 49.7];
        assert_eq!(ends(&plateau), Some(10));
        assert_eq!(ends(&plateau[..10]), None);
    }

    #[test]
    fn the_window_counts_passes() {
        let falling: Vec<f64> = (0..40).map(|clock| 50.0 + 50.0 * 0.9f64.powi(clock)).collect();
        let converged = |clocks_per_pass| {
            let goal = Goal::Converge { rule: RULE, clocks_per_pass };
            (1..=40).find(|&count| goal.end(&falling[..count], 100).is_some())
        };
        assert!(converged(1) < converged(2));
    }

    #[test]
    fn targets_caps_and_divergence() {
        let end = |goal: Goal, objectives: &[f64]| goal.end(objectives, 3).map(|end| end.outcome);
        assert_eq!(end(Goal::Reach(5.0), &[9.0, 5.0]), Some(Outcome::TargetReached));
        assert_eq!(end(Goal::Reach(5.0), &[9.0, 5.1]), None);
        assert_eq!(end(Goal::Reach(5.0), &[9.0, 8.0, 7.0, 6.0]), Some(Outcome::ClockCap));
        assert_eq!(end(Goal::Reach(5.0), &[9.0, f64::NAN]), Some(Outcome::Diverged));
    }
}
