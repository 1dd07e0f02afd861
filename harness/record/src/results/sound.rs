//! Whether a target may be believed: what the cell that sets it has measured, from its summary and its samples.
//!
//! The other cells of its panel and seed run until they have its last objective, so everything about "time to the target" rests on
//! that number. A run uses [`unsound`] before it starts those cells; figures, pages and claims use it on what is on disk.

use thiserror::Error;

use super::{CellResult, Outcome, Sample, Summary};

/// The last objective of a target may be above its least by this share of what was won from the first objective to the least.
pub const FARTHEST: f64 = 0.1;

/// The reason that a cell's last objective is no target.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum Unsound {
    /// The cell itself is an invalid run in real time.
    #[error("its run in real time must not be believed")]
    Invalid,
    /// The cell diverged: its objective is not finite.
    #[error("it diverged: its objective is {objective}; a smaller learning rate helps")]
    Diverged {
        /// The last objective of the cell.
        objective: f64,
    },
    /// The cap on clocks came first.
    #[error(
        "it was given up at clock {clock}, before it converged (objective {last:.4e}, {first:.4e} before the first clock); more \
         `cap.clocks`, or a smaller learning rate, helps"
    )]
    GivenUp {
        /// The number of clocks done.
        clock: u32,
        /// The objective before the first clock.
        first: f64,
        /// The last objective of the cell.
        last: f64,
    },
    /// The objective did not improve.
    #[error("it ended no better than it began: objective {last:.4e}, {first:.4e} before the first clock")]
    Worse {
        /// The objective before the first clock.
        first: f64,
        /// The last objective of the cell.
        last: f64,
    },
    /// The cell ended too far above its least objective.
    #[error(
        "its last objective is {last:.4e}, far from its least, {least:.4e} at clock {clock}; a smaller learning rate helps"
    )]
    FarFromLeast {
        /// The last objective of the cell.
        last: f64,
        /// The least objective of the cell.
        least: f64,
        /// The clock of the least objective.
        clock: u32,
    },
    /// The objective rose above its start by more than it improved.
    #[error(
        "its objective rose from {first:.4e} to {most:.4e} on the way to {last:.4e}, further than it fell in the end; a smaller \
         learning rate helps"
    )]
    Unsteady {
        /// The objective before the first clock.
        first: f64,
        /// The greatest objective of the cell.
        most: f64,
        /// The last objective of the cell.
        last: f64,
    },
}

impl Unsound {
    /// In a word or two, for tables and drawings.
    pub fn word(&self) -> &'static str {
        match self {
            Unsound::Invalid => "invalid",
            Unsound::Diverged { .. } => "diverged",
            Unsound::GivenUp { .. } => "given up",
            Unsound::Worse { .. } => "no better than its start",
            Unsound::FarFromLeast { .. } => "far from its least",
            Unsound::Unsteady { .. } => "unsteady",
        }
    }
}

/// The problem with the target that a cell of this summary and these samples sets. `None` means a sound target.
pub fn unsound(summary: &Summary, samples: &[Sample]) -> Option<Unsound> {
    let (first, last) = (summary.first_objective, summary.last_objective);
    if !summary.faults.is_empty() || summary.outcome == Outcome::BrokenOff {
        return Some(Unsound::Invalid);
    }
    if summary.outcome == Outcome::Diverged || !last.is_finite() {
        return Some(Unsound::Diverged { objective: last });
    }
    if summary.outcome != Outcome::Converged {
        return Some(Unsound::GivenUp { clock: summary.clocks, first, last });
    }
    if last >= first {
        return Some(Unsound::Worse { first, last });
    }
    let finite = || samples.iter().filter(|sample| sample.objective.is_finite());
    let least = finite().min_by(|a, b| a.objective.total_cmp(&b.objective));
    if let Some(&Sample { objective: least, clock, .. }) = least
        && last - least > FARTHEST * (first - least)
    {
        return Some(Unsound::FarFromLeast { last, least, clock });
    }
    let most = finite().map(|sample| sample.objective).fold(first, f64::max);
    (most - first > first - last).then_some(Unsound::Unsteady { first, most, last })
}

/// Whether the last objective of this run is the target of others.
pub fn sets_target(summary: &Summary) -> bool {
    summary.target.is_none() && !matches!(summary.outcome, Outcome::ClocksDone | Outcome::BrokenOff)
}

/// The problem with the target of `panel` and `seed`. `None` means a sound target, or that its cell is not among `results`.
pub fn of_panel(results: &[CellResult], panel: &str, seed: u64) -> Option<Unsound> {
    let of_it = |result: &&CellResult| result.panel == panel && result.summary.seed == seed;
    let target = results.iter().filter(of_it).find(|result| sets_target(&result.summary))?;
    unsound(&target.summary, &target.samples)
}

/// The targets that must not be believed, a line each, in the order of `results`.
pub fn lines(results: &[CellResult]) -> Vec<String> {
    let line = |result: &CellResult| {
        let why = sets_target(&result.summary).then(|| unsound(&result.summary, &result.samples)).flatten()?;
        Some(format!("{} (seed {}) is no target: {why}", result.name(), result.summary.seed))
    };
    results.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::testing::cell;

    fn why(change: impl Fn(&mut CellResult)) -> Option<Unsound> {
        let mut target = cell("Target").sets_target().done();
        change(&mut target);
        unsound(&target.summary, &target.samples)
    }

    #[test]
    fn target_not_converged_is_told_by_what_it_did() {
        // From 8.4e8 to 1.4e8 in 380 clocks.
        assert_eq!(why(|_| {}), None);
        let word = |change: &dyn Fn(&mut CellResult)| why(change).map(|why| why.word());
        assert_eq!(word(&|target| target.summary.outcome = Outcome::ClockCap), Some("given up"));
        assert_eq!(word(&|target| target.summary.last_objective = 8.4e8), Some("no better than its start"));
        assert_eq!(word(&|target| target.summary.last_objective = f64::NAN), Some("diverged"));
        assert_eq!(word(&|target| target.summary.faults.push("late".into())), Some("invalid"));
        assert_eq!(word(&|target| target.samples[100].objective = 6.2e7), Some("far from its least"));
        assert_eq!(word(&|target| target.samples[100].objective = 6.3e7), None, "a tenth of what was won");
        assert_eq!(word(&|target| target.samples[3].objective = 1.55e9), Some("unsteady"));
        assert_eq!(word(&|target| target.samples[3].objective = 1.53e9), None, "up no further than down");
        assert_eq!(word(&|target| target.samples[3].objective = f64::NAN), None, "a clock without a number");
    }

    #[test]
    fn target_not_converged_is_found_by_panel_and_seed() {
        let given_up = cell("Target").panel("MF").seed(2).sets_target().never().done();
        let results = [cell("Target").panel("MF").sets_target().done(), given_up, cell("Gaia").panel("MF").done()];
        assert_eq!(of_panel(&results, "MF", 1), None);
        assert_eq!(of_panel(&results, "MF", 2).map(|why| why.word()), Some("given up"));
        assert_eq!(of_panel(&results, "TM", 2), None);
        let lines = lines(&results);
        assert!(
            lines.len() == 1 && lines[0].starts_with("MF Target (seed 2) is no target: it was given up at clock 380")
        );
    }
}
