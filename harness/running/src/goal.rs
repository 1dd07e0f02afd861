//! The end of a cell: it has converged, it has reached the target, or it is given up.

use serde::{Deserialize, Serialize};

use planning::spec::Convergence;
use record::results::Outcome;

/// The condition that ends a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    /// Until its objective stops changing.
    Converge {
        /// The rule of convergence.
        rule: Convergence,
        /// Clocks in a pass over the data.
        clocks_per_pass: u32,
        /// The objective of which the guard against the first plateau takes a share. `None` means the first objective.
        winnable: Option<f64>,
    },
    /// Until its objective is at most this.
    Reach(f64),
    /// Until all machines have done their clocks and nothing is under way any more.
    DoClocks,
}

/// An objective below the improvement that the guard requires must have been flat for this many times the rule's passes.
const PATIENCE: u32 = 5;

/// The outcome of a cell, and its last clock.
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
            Goal::Converge { rule, clocks_per_pass, winnable }
                if has_converged(objectives, &rule, clocks_per_pass, winnable) =>
            {
                Some(Outcome::Converged)
            }
            Goal::DoClocks => (clock >= max_clocks).then_some(Outcome::ClocksDone),
            _ => (clock >= max_clocks).then_some(Outcome::ClockCap),
        };
        outcome.map(|outcome| End { outcome, clock })
    }
}

/// Over the last passes the objective changed by less than the rule's share of its improvement since the start, and that
/// is no first plateau: either enough has been won, or it has been as flat for [`PATIENCE`] times as long.
fn has_converged(objectives: &[f64], rule: &Convergence, clocks_per_pass: u32, winnable: Option<f64>) -> bool {
    let (first, now) = (objectives[0], objectives[objectives.len() - 1]);
    let improvement = first - now;
    let is_flat_for = |windows: u32| {
        let window = (windows * rule.passes * clocks_per_pass) as usize;
        let before = objectives.len().checked_sub(window + 1);
        before.is_some_and(|before| (objectives[before] - now).abs() < rule.change * improvement)
    };
    let has_won = improvement >= rule.min_improvement * winnable.unwrap_or(first.abs());
    is_flat_for(1) && (has_won || is_flat_for(PATIENCE))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datasets::bow::config::Generated;
    use datasets::bow::generate::generate;
    use datasets::bow::partition::{Split, partition};
    use gaia_core::simd::Isa;
    use gaia_core::workload::lda::config::Lda;
    use gaia_core::workload::lda::likelihood::winnable;
    use gaia_core::workload::lda::worker::{LdaWorker, WholeCorpus};
    use gaia_core::workload::traits::Workload;

    use super::*;

    const RULE: Convergence = Convergence { change: 0.02, passes: 3, min_improvement: 0.1 };

    fn ends(objectives: &[f64]) -> Option<u32> {
        let goal = Goal::Converge { rule: RULE, clocks_per_pass: 1, winnable: None };
        (1..=objectives.len()).find_map(|count| goal.end(&objectives[..count], 100)).map(|end| end.clock)
    }

    #[test]
    fn a_plateau_at_the_start_is_not_convergence() {
        let plateau = [100.0, 99.9, 99.9, 99.9, 99.9, 80.0, 60.0, 50.0, 49.9, 49.8, 49.7];
        assert_eq!(ends(&plateau), Some(10));
        assert_eq!(ends(&plateau[..10]), None);
    }

    #[test]
    fn what_wins_little_has_converged_once_it_is_flat_for_long() {
        let little = |passes| (0..passes).map(|pass| if pass < 5 { 100.0 - f64::from(pass) } else { 95.0 });
        assert_eq!(ends(&little(200).collect::<Vec<_>>()), Some(5 + 3 * PATIENCE));
        assert_eq!(ends(&little(5 + 3 * PATIENCE).collect::<Vec<_>>()), None);
    }

    /// The objective after each pass of one worker, and the tokens.
    fn learn_topics(config: Lda, passes: u32) -> (Vec<f64>, u64) {
        // Short documents of two topics that are hard to distinguish.
        let shape =
            Generated { documents: Some(4_000), words: Some(300), tokens: Some(40_000), ..Generated::default() };
        let corpus = generate(&Generated { topics: 2, concentration: 1.0, ..shape }, 1);
        let parts = partition(&corpus, &[1], Split::Even);
        let whole = Arc::new(WholeCorpus::of(&corpus, &parts, &config, 1).expect("a corpus that can be counted"));
        let worker = LdaWorker::new(&corpus, &parts[0], whole, config, 1, Isa::detect());
        let mut state = worker.initial_state();
        let mut view = vec![0.0; corpus.words as usize * config.topics as usize];
        worker.add_counts(&state, &mut view);
        let after = |pass| {
            let objective = worker.evaluate(&state, &view).objective;
            worker.compute(pass, &mut state, &mut view);
            objective
        };
        ((0..=passes).map(after).collect(), corpus.tokens)
    }

    #[test]
    fn the_first_plateau_of_topic_modelling_is_not_convergence() {
        let config = Lda { topics: 2, alpha: 50.0, beta: 5.0, ..Lda::default() };
        let (objectives, tokens) = learn_topics(config, 250);
        let rule = |min_improvement| Convergence { min_improvement, ..Convergence::default() };
        let ends = |rule, winnable| {
            let goal = Goal::Converge { rule, clocks_per_pass: 1, winnable };
            (1..objectives.len()).find(|&count| goal.end(&objectives[..count], 3000).is_some()).map(|count| count - 1)
        };
        let last = objectives[200..].iter().sum::<f64>() / 51.0;
        let won = |pass: usize| (objectives[0] - objectives[pass]) / (objectives[0] - last);
        let unguarded = ends(rule(0.0), None).expect("a plateau");
        assert!(unguarded < 30 && won(unguarded) < 0.4, "{unguarded}: {}", won(unguarded));
        // A tenth of the first objective is more than these topics can win: patience alone ends it.
        assert!(won(250) * (objectives[0] - last) < 0.1 * objectives[0] && ends(rule(0.1), None) > Some(200));
        let guarded = ends(rule(0.1), Some(winnable(tokens, 2))).expect("it converges");
        assert!(guarded > 60 && won(guarded) > 0.9, "{guarded}: {}", won(guarded));
    }

    #[test]
    fn the_window_counts_passes() {
        let falling: Vec<f64> = (0..40).map(|clock| 50.0 + 50.0 * 0.9f64.powi(clock)).collect();
        let converged = |clocks_per_pass| {
            let goal = Goal::Converge { rule: RULE, clocks_per_pass, winnable: None };
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
