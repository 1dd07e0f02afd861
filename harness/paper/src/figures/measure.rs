//! The terms of claims on convergence: ratios between two cells by name, and the cells that reached the target.

use super::cells::{Cell, by_panel, compared, group, named};
use crate::claims::{Claim, Context, Expected, RestsOn, Statement, Unmeasured};
use record::numbers::Spread;
use record::results::CellResult;

/// Every figure of convergence claims it, under its own name, of results that have a target.
const SAME_TARGET: Statement<'static> = Statement {
    id: "convergence.same-target",
    says: "all cells reach the same target (share of runs that do, 1)",
    source: "Section 5",
    paper: None,
    expected: Expected::AtLeast(1.0),
    rests_on: RestsOn::Runs,
};

/// Results, ready to be measured.
#[derive(Clone)]
pub(super) struct Measures<'a> {
    cells: Vec<Cell<'a>>,
}

impl<'a> Measures<'a> {
    /// Of a figure's results.
    pub(super) fn of(results: &'a [CellResult]) -> Self {
        Measures { cells: group(results) }
    }

    /// Of one of its panels.
    pub(super) fn panel(&self, name: &str) -> Measures<'a> {
        Measures { cells: self.cells.iter().filter(|cell| cell.panel == name).cloned().collect() }
    }

    /// Whether there is a panel of this name.
    pub(super) fn has(&self, panel: &str) -> bool {
        self.cells.iter().any(|cell| cell.panel == panel)
    }

    /// The inputs of its cells.
    pub(super) fn context(&self) -> Context {
        Context::of(self.cells.iter().flat_map(|cell| cell.runs.iter().copied()))
    }

    /// Time to the target of `over` over that of `under`.
    pub(super) fn time_ratio(&self, over: &str, under: &str) -> Result<Spread, Unmeasured> {
        let (over, under) = (self.cell(over)?, self.cell(under)?);
        over.sound_target().and(under.sound_target())?;
        if let Some(cell) = [over, under].into_iter().find(|cell| !cell.all_reached()) {
            return Err(Unmeasured::NotReached(format!("{}: {}", cell.name, cell.outcome())));
        }
        over.time_over(under).ok_or_else(nothing_pairs)
    }

    /// Bytes a clock between sites of `over` over those of `under`.
    pub(super) fn wan_byte_ratio(&self, over: &str, under: &str) -> Result<Spread, Unmeasured> {
        let (over, under) = (self.cell(over)?, self.cell(under)?);
        over.ratio(under, |summary| Some(summary.wan_bytes_per_clock)).ok_or_else(nothing_pairs)
    }

    /// That all cells reach the same target, as a claim of this name; `None` where nothing was to reach one.
    pub(super) fn same_target(&self, id: &str, context: &Context) -> Option<Claim> {
        let has_target = self.cells.is_empty() || self.cells.iter().any(Cell::has_target);
        has_target.then(|| Statement { id, ..SAME_TARGET }.judge(self.share_at_target(), context))
    }

    /// The share of runs that reached the target of their panel and seed, which must be one for all cells of the panel.
    fn share_at_target(&self) -> Result<Spread, Unmeasured> {
        let cells = compared(&self.cells);
        if let Some((cell, fault)) = cells.iter().find_map(|cell| Some((cell, cell.fault()?))) {
            return Err(Unmeasured::NotRun(format!("{} is {fault}", cell.name)));
        }
        cells.iter().try_for_each(|cell| cell.sound_target())?;
        let panels = by_panel(&cells);
        let mut seeds: Vec<u64> = cells.iter().flat_map(|cell| &cell.runs).map(|run| run.summary.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        let share = |seed: &u64| {
            let (mut reached, mut all) = (0.0, 0.0);
            for of in &panels {
                let runs = of.cells.iter().flat_map(|cell| &cell.runs).map(|run| &run.summary);
                let mut runs = runs.filter(|run| run.seed == *seed).peekable();
                let target = runs.peek().and_then(|run| run.target);
                for run in runs {
                    all += 1.0;
                    reached += f64::from(u8::from(
                        target.is_some() && run.seconds_to_target.is_some() && run.target == target,
                    ));
                }
            }
            reached / all
        };
        let shares: Vec<f64> = seeds.iter().map(share).collect();
        Spread::of(&shares).ok_or_else(|| Unmeasured::NotRun("no cell has run".into()))
    }

    /// The cell of this name.
    pub(super) fn cell(&self, name: &str) -> Result<&Cell<'a>, Unmeasured> {
        let cell = named(&self.cells, name);
        let cell = cell.ok_or_else(|| Unmeasured::NotRun(format!("{name} has not run")))?;
        // What a run must not be believed in shows nothing.
        if let Some(fault) = cell.fault() {
            return Err(Unmeasured::NotRun(format!("{name} is {fault}")));
        }
        // Nor does one that stopped where a target was that must not be believed.
        if cell.has_target() { cell.sound_target().map(|()| cell) } else { Ok(cell) }
    }
}

fn nothing_pairs() -> Unmeasured {
    Unmeasured::NotRun("no seed was run in both cells".into())
}

/// The one claim that any cells allow, under this name.
pub(super) fn same_target(id: &'static str, results: &[CellResult]) -> Vec<Claim> {
    Measures::of(results).same_target(id, &Context::of(results)).into_iter().collect()
}
