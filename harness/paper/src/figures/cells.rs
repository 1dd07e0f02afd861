//! The runs of a figure by cell: seeds together, in the order of the spec.
//!
//! Ratios between cells pair the runs of equal seeds. Their mean is the ratio of the mean times, so that a speedup is
//! exactly one over the normalised time; low and high are those of the single seeds.

use record::numbers::Spread;
use std::collections::BTreeMap;

use crate::claims::Unmeasured;
use record::results::sound::{self, Unsound};
use record::results::{Breakdown, CellResult, Outcome, Summary};

/// The name of the cell that others are compared with.
pub(super) const BASELINE: &str = "Baseline";

/// All runs of one cell of the spec.
#[derive(Clone, Debug)]
pub(super) struct Cell<'a> {
    /// Its panel's name; empty in a spec without panels.
    pub(super) panel: &'a str,
    /// Its name in the panel.
    pub(super) name: &'a str,
    /// As drawings call it: its name, and that it must not be believed where that is so.
    pub(super) shown: String,
    /// One per seed, in the spec's order; at least one.
    pub(super) runs: Vec<&'a CellResult>,
    /// The fault of the target of one of its runs; `None` means that all may be believed.
    pub(super) unsound: Option<Unsound>,
}

/// `results` by cell, in the order in which cells first come.
pub(super) fn group(results: &[CellResult]) -> Vec<Cell<'_>> {
    let mut cells: Vec<Cell<'_>> = Vec::new();
    for result in results {
        let (panel, name) = (result.panel.as_str(), result.cell.as_str());
        match cells.iter_mut().find(|cell| cell.panel == panel && cell.name == name) {
            Some(cell) => cell.runs.push(result),
            None => cells.push(Cell { panel, name, shown: String::new(), runs: vec![result], unsound: None }),
        }
    }
    for cell in &mut cells {
        cell.unsound = cell.runs.iter().find_map(|run| sound::of_panel(results, &run.panel, run.summary.seed));
        let no_target = cell.unsound.filter(|_| cell.has_target()).map(|_| "no target");
        let mark = cell.fault().or(no_target);
        cell.shown = mark.map_or_else(|| cell.name.to_owned(), |mark| format!("{} ({mark})", cell.name));
    }
    cells
}

/// The cells that are compared: all but the one that sets the target.
pub(super) fn compared<'a, 'b>(cells: &'b [Cell<'a>]) -> Vec<&'b Cell<'a>> {
    cells.iter().filter(|cell| !cell.sets_target()).collect()
}

/// Cells of one panel, at least one.
pub(super) struct OfPanel<'a, 'b> {
    /// The panel's name; empty in a spec without panels.
    pub(super) panel: &'a str,
    /// In the spec's order.
    pub(super) cells: Vec<&'b Cell<'a>>,
}

/// `cells` panel by panel, in the spec's order.
pub(super) fn by_panel<'a, 'b>(cells: &[&'b Cell<'a>]) -> Vec<OfPanel<'a, 'b>> {
    let mut panels: Vec<OfPanel<'_, '_>> = Vec::new();
    for cell in cells {
        match panels.iter_mut().find(|known| known.panel == cell.panel) {
            Some(known) => known.cells.push(cell),
            None => panels.push(OfPanel { panel: cell.panel, cells: vec![cell] }),
        }
    }
    panels
}

/// The cell of this name, else one that is called so but for its case.
pub(super) fn named<'a, 'b>(cells: impl IntoIterator<Item = &'b Cell<'a>> + Clone, name: &str) -> Option<&'b Cell<'a>>
where
    'a: 'b,
{
    let exact = cells.clone().into_iter().find(|cell| cell.name == name);
    exact.or_else(|| cells.into_iter().find(|cell| cell.name.eq_ignore_ascii_case(name)))
}

/// The names of the cells that others are compared with, panel by panel, each once.
pub(super) fn references(results: &[CellResult], name: &str) -> Vec<String> {
    let cells = group(results);
    let compared = compared(&cells);
    let mut names: Vec<String> = Vec::new();
    for reference in by_panel(&compared).iter().filter_map(|of| named_or_first(&of.cells, name)) {
        if !names.iter().any(|name| name == reference.name) {
            names.push(reference.name.to_owned());
        }
    }
    names
}

/// The cell that others are compared with: the one called [`BASELINE`], else the first.
pub(super) fn baseline<'a, 'b>(cells: &[&'b Cell<'a>]) -> Option<&'b Cell<'a>> {
    named_or_first(cells, BASELINE)
}

/// The cell of this name, whatever its case, else the first.
pub(super) fn named_or_first<'a, 'b>(cells: &[&'b Cell<'a>], name: &str) -> Option<&'b Cell<'a>> {
    named(cells.iter().copied(), name).or(cells.first().copied())
}

impl Cell<'_> {
    /// Whether its own convergence is the target of the others.
    pub(super) fn sets_target(&self) -> bool {
        self.runs.iter().all(|run| sound::sets_target(&run.summary))
    }

    /// Whether a run of it was to reach a target, or to set one; not one that was to run for a number of clocks.
    pub(super) fn has_target(&self) -> bool {
        self.runs.iter().any(|run| run.summary.target.is_some() || sound::sets_target(&run.summary))
    }

    /// Checks that its time to the target may be used.
    pub(super) fn sound_target(&self) -> Result<(), Unmeasured> {
        match &self.unsound {
            _ if !self.has_target() => Err(Unmeasured::NoTarget(format!("{} was to reach no target", self.name))),
            Some(why) => Err(Unmeasured::NoTarget(format!("{} has no sound target: {why}", self.name))),
            None => Ok(()),
        }
    }

    /// The fault of a run that must not be believed: `broken off`, or `invalid`; `None` means that all may be.
    pub(super) fn fault(&self) -> Option<&'static str> {
        fault(self.runs.iter().copied())
    }

    /// The number of runs that reached the target (or converged, or did the clocks that they were to do); 0 with a target that must
    /// not be believed.
    pub(super) fn reached(&self) -> usize {
        if self.unsound.is_some() {
            return 0;
        }
        self.runs.iter().filter(|run| ended_as_asked(&run.summary)).count()
    }

    /// Whether all runs did what [`Cell::reached`] counts.
    pub(super) fn all_reached(&self) -> bool {
        self.reached() == self.runs.len()
    }

    /// In words: `target reached`, `converged`, `2 of 3 reached the target`, `target not reached`.
    pub(super) fn outcome(&self) -> String {
        if let Some(fault) = self.fault() {
            return fault.into();
        }
        if let Some(why) = self.unsound.filter(|_| self.has_target()) {
            return format!("no target ({})", why.word());
        }
        match self.reached() {
            all if all == self.runs.len() => match self.runs[0].summary.outcome {
                Outcome::Converged => "converged".into(),
                Outcome::ClocksDone => "clocks done".into(),
                Outcome::TargetReached | Outcome::ClockCap | Outcome::Diverged | Outcome::BrokenOff => {
                    "target reached".into()
                }
            },
            0 if self.runs.iter().any(|run| run.summary.outcome == Outcome::Diverged) => "diverged".into(),
            0 => "target not reached".into(),
            some => format!("{some} of {} reached the target", self.runs.len()),
        }
    }

    /// A number of each run, over seeds; `None` when a run has none.
    pub(super) fn spread(&self, of: impl Fn(&Summary) -> Option<f64>) -> Option<Spread> {
        self.spread_of(&of)
    }

    /// The same, compiled once and not for every caller.
    fn spread_of(&self, of: &dyn Fn(&Summary) -> Option<f64>) -> Option<Spread> {
        let values: Option<Vec<f64>> = self.runs.iter().map(|run| of(&run.summary)).collect();
        Spread::of(&values?)
    }

    /// Virtual seconds to the target; `None` unless every run reached one that may be believed.
    pub(super) fn seconds_to_target(&self) -> Option<Spread> {
        self.sound_target().ok()?;
        self.spread(seconds_to_target)
    }

    /// Virtual seconds to the target, or to the end of runs that did not reach it: a lower bound.
    pub(super) fn least_seconds(&self) -> Option<Spread> {
        self.spread(|summary| Some(least_seconds(summary)))
    }

    /// The least objective of one site's copy over the target, of each run.
    pub(super) fn least_one_copy_over_target(&self) -> Result<Spread, Unmeasured> {
        self.sound_target()?;
        let least = |run: &&CellResult| {
            let least = run.samples.iter().map(|sample| sample.objective_one_copy).fold(f64::INFINITY, f64::min);
            run.summary.target.map(|target| least / target)
        };
        let ratios: Option<Vec<f64>> = self.runs.iter().map(least).collect();
        ratios.as_deref().and_then(Spread::of).ok_or_else(|| Unmeasured::NotRun("no target was set".into()))
    }

    /// The mean breakdown over seeds.
    pub(super) fn breakdown(&self) -> Breakdown {
        Breakdown::mean(self.runs.iter().map(|run| &run.summary.breakdown))
    }

    /// This cell's number over `other`'s, seed by seed; `None` when a number is missing or nothing pairs.
    pub(super) fn ratio(&self, other: &Cell<'_>, of: impl Fn(&Summary) -> Option<f64>) -> Option<Spread> {
        self.ratio_of(other, &of)
    }

    /// The same, compiled once and not for every caller.
    fn ratio_of(&self, other: &Cell<'_>, of: &dyn Fn(&Summary) -> Option<f64>) -> Option<Spread> {
        let mine: BTreeMap<u64, Option<f64>> =
            self.runs.iter().map(|run| (run.summary.seed, of(&run.summary))).collect();
        let pairs: Option<Vec<(f64, f64)>> = other
            .runs
            .iter()
            .filter_map(|run| mine.get(&run.summary.seed).map(|mine| (*mine, of(&run.summary))))
            .map(|(mine, theirs)| Some((mine?, theirs?)))
            .collect();
        let pairs = pairs?;
        let ratios: Vec<f64> = pairs.iter().map(|(mine, theirs)| mine / theirs).collect();
        let sum = |part: fn(&(f64, f64)) -> f64| pairs.iter().map(part).sum::<f64>();
        let mean = sum(|pair| pair.0) / sum(|pair| pair.1);
        Spread::of(&ratios).map(|spread| Spread { mean, ..spread }).filter(|spread| spread.is_finite())
    }

    /// Time to the target over `other`'s; `None` unless all paired runs reached one that may be believed.
    pub(super) fn time_over(&self, other: &Cell<'_>) -> Option<Spread> {
        self.sound_target().and(other.sound_target()).ok()?;
        self.ratio(other, seconds_to_target)
    }

    /// The same with [`Cell::least_seconds`], for drawing.
    pub(super) fn least_time_over(&self, other: &Cell<'_>) -> Option<Spread> {
        self.ratio(other, |summary| Some(least_seconds(summary)))
    }
}

/// The fault of any of `runs`: `broken off`, or `invalid`; `None` means that all may be believed.
pub(super) fn fault<'a>(runs: impl Iterator<Item = &'a CellResult>) -> Option<&'static str> {
    let faulty = runs.map(|run| &run.summary).filter(|summary| !summary.faults.is_empty());
    // The worse of both.
    faulty
        .map(|summary| summary.outcome == Outcome::BrokenOff)
        .max()
        .map(|off| if off { "broken off" } else { "invalid" })
}

/// Whether a run reached its target, converged, or did the clocks that it was to do.
pub(super) fn ended_as_asked(summary: &Summary) -> bool {
    summary.seconds_to_target.is_some() || summary.outcome == Outcome::ClocksDone
}

/// `None` for a run without a target, whatever its summary has: those of earlier versions gave the time of all its clocks.
fn seconds_to_target(summary: &Summary) -> Option<f64> {
    summary.seconds_to_target.filter(|_| summary.outcome != Outcome::ClocksDone)
}

fn least_seconds(summary: &Summary) -> f64 {
    summary.seconds_to_target.unwrap_or(summary.seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::results::testing::cell;

    #[test]
    fn seeds_are_paired_and_speedup_is_one_over_normalised_time() {
        let results = [
            cell("Baseline").seed(1).seconds(100.0).done(),
            cell("Baseline").seed(2).seconds(200.0).done(),
            cell("Gaia").seed(2).seconds(100.0).done(),
            cell("Gaia").seed(1).seconds(25.0).done(),
        ];
        let cells = group(&results);
        let normalised = cells[1].time_over(&cells[0]).unwrap();
        assert_eq!(normalised, Spread { n: 2, mean: 125.0 / 300.0, low: 0.25, high: 0.5 });
        assert_eq!(cells[0].time_over(&cells[1]).unwrap(), normalised.inverse());
    }

    #[test]
    fn a_run_that_never_reached_leaves_no_ratio() {
        let results = [
            cell("Baseline").seed(1).done(),
            cell("Baseline").seed(2).done(),
            cell("Gaia").seed(1).done(),
            cell("Gaia").seed(2).seconds(900.0).never().done(),
        ];
        let cells = group(&results);
        assert_eq!(cells[1].time_over(&cells[0]), None);
        assert_eq!(cells[1].least_time_over(&cells[0]).unwrap().high, 3.0);
        assert_eq!(cells[1].outcome(), "1 of 2 reached the target");
    }

    #[test]
    fn a_run_that_must_not_be_believed_is_named_so() {
        let results = [
            cell("A").done(),
            cell("A").seed(2).fault("departures are late").done(),
            cell("B").broken_off("m2 was killed").done(),
            cell("C").done(),
        ];
        let cells = group(&results);
        assert_eq!(cells.iter().map(Cell::outcome).collect::<Vec<_>>(), ["invalid", "broken off", "target reached"]);
        let shown: Vec<&str> = cells.iter().map(|cell| cell.shown.as_str()).collect();
        assert_eq!(shown, ["A (invalid)", "B (broken off)", "C"]);
    }

    #[test]
    fn the_cell_that_sets_the_target_is_not_compared() {
        let results = [cell("Target").sets_target().done(), cell("A").done(), cell("B").done()];
        let cells = group(&results);
        let compared = compared(&cells);
        assert_eq!(compared.iter().map(|cell| cell.name).collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(baseline(&compared).unwrap().name, "A");
        assert!(baseline(&[]).is_none());
    }
}
