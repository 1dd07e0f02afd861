//! The runs that belong together, and the differences between them.
//!
//! A run in real time belongs to the simulated run whose plan, seed and all, is the same in everything but how its
//! machines are run. So nothing depends on how cells are called, and two cells that differ in anything else are never
//! compared.

use std::collections::BTreeMap;

use crate::figures::cells::{Cell, fault};
use crate::plans;
use planning::plan::Plan;
use record::results::CellResult;

/// A cell that was run both ways.
pub(super) struct Pair<'a> {
    /// The simulated cell's name, which stands for both.
    pub(super) name: String,
    /// The name of the cell in real time.
    pub(super) real: String,
    /// Of its first run in real time.
    plan: Plan,
    /// One per seed; at least one.
    pub(super) runs: Vec<Run<'a>>,
}

/// A simulated run and the same in real time.
pub(super) struct Run<'a> {
    pub(super) simulated: &'a CellResult,
    pub(super) real: &'a CellResult,
}

/// A link in both runs.
pub(super) struct LinkLoad {
    pub(super) simulated_bytes: u64,
    /// The relative excess of its bytes in real time: 0.01 is 1 %.
    pub(super) error: f64,
}

/// All pairs, in the order of the cells in real time. Runs whose plan cannot be read are in none.
pub(super) fn pairs(results: &[CellResult]) -> Vec<Pair<'_>> {
    let planned: Vec<(&CellResult, Plan)> =
        results.iter().filter_map(|result| Some((result, plans::of(result)?))).collect();
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for (real, plan) in planned.iter().filter(|(_, plan)| !plan.launch.is_simulated()) {
        let same = |(other, its_plan): &&(&CellResult, Plan)| {
            its_plan.launch.is_simulated()
                && other.summary.seed == real.summary.seed
                && plans::same_but_launch(its_plan, plan)
        };
        let Some((simulated, _)) = planned.iter().find(same) else { continue };
        let run = Run { simulated, real };
        match pairs.iter_mut().find(|pair| pair.real == real.name()) {
            Some(pair) => pair.runs.push(run),
            None => {
                let (name, real) = (simulated.name(), real.name());
                pairs.push(Pair { name, real, plan: plan.clone(), runs: vec![run] });
            }
        }
    }
    pairs
}

/// The runs of each cell, in the spec's order; `shown` is the panel's name and the cell's.
pub(super) fn cells(results: &[CellResult]) -> Vec<Cell<'_>> {
    let mut cells: Vec<Cell<'_>> = Vec::new();
    for result in results {
        let shown = result.name();
        match cells.iter_mut().find(|cell| cell.shown == shown) {
            Some(cell) => cell.runs.push(result),
            None => {
                let (panel, name) = (&result.panel, &result.cell);
                cells.push(Cell { panel, name, shown, runs: vec![result], unsound: None });
            }
        }
    }
    cells
}

/// Wall seconds per second of a run in real time; `None` for a simulated one.
pub(super) fn dilation(result: &CellResult) -> Option<f64> {
    plans::dilation(&plans::of(result)?)
}

/// The number of machines that took part; 0 if the plan cannot be read.
pub(super) fn machines(result: &CellResult) -> u32 {
    plans::of(result).map_or(0, |plan| plan.machine_count())
}

impl Pair<'_> {
    pub(super) fn machines(&self) -> u32 {
        self.plan.machine_count()
    }

    /// One parameter server under BSP: learning does not depend on times.
    pub(super) fn is_bsp(&self) -> bool {
        plans::is_global_bsp(&self.plan)
    }

    pub(super) fn is_gaia(&self) -> bool {
        plans::is_gaia(&self.plan)
    }

    /// The fault of a run in real time that must not be believed; `None` means that all may be.
    pub(super) fn fault(&self) -> Option<&'static str> {
        fault(self.runs.iter().map(|run| run.real))
    }
}

impl Run<'_> {
    /// The relative excess of a clock's time in real time: 0.01 is 1 %. `None` without clocks.
    pub(super) fn time_error(&self) -> Option<f64> {
        let clock =
            |run: &CellResult| (run.summary.clocks > 0).then(|| run.summary.seconds / f64::from(run.summary.clocks));
        Some(clock(self.real)? / clock(self.simulated)? - 1.0)
    }

    /// Every link, by sender and receiver.
    pub(super) fn links(&self) -> BTreeMap<(u32, u32), LinkLoad> {
        let (simulated, real) = (bytes(self.simulated), bytes(self.real));
        let error = |link| {
            let bytes = |of: &BTreeMap<_, _>| of.get(link).copied().unwrap_or(0);
            let (simulated, real) = (bytes(&simulated), bytes(&real));
            // One that carries nothing in both would be no link.
            (*link, LinkLoad { simulated_bytes: simulated, error: real as f64 / simulated as f64 - 1.0 })
        };
        simulated.keys().chain(real.keys()).map(error).collect()
    }

    /// The error of the link that is farthest off; `None` without links.
    pub(super) fn worst_link(&self) -> Option<f64> {
        let errors = self.links().into_values().map(|link| link.error);
        errors.max_by(|a, b| a.abs().total_cmp(&b.abs()))
    }

    /// Whether the objectives after all clocks have the same bits.
    pub(super) fn equal_objectives(&self) -> bool {
        let bits =
            |run: &CellResult| -> Vec<u64> { run.samples.iter().map(|sample| sample.objective.to_bits()).collect() };
        bits(self.simulated) == bits(self.real)
    }

    /// The excess of the last objective in real time, as a share of the simulated one.
    pub(super) fn objective_error(&self) -> Option<f64> {
        let (simulated, real) = (self.simulated.summary.last_objective, self.real.summary.last_objective);
        Some((real - simulated) / simulated.abs()).filter(|error| error.is_finite())
    }
}

/// Charged bytes by sender and receiver.
fn bytes(run: &CellResult) -> BTreeMap<(u32, u32), u64> {
    let mut links = BTreeMap::new();
    for row in run.traffic.iter().filter(|row| row.bytes > 0) {
        *links.entry((row.from, row.to)).or_default() += row.bytes;
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::testing::{plan, planned, real};
    use record::results::testing::{Made, cell};

    /// A plan that differs from those of other numbers.
    fn of(machines: u32) -> Plan {
        plan("va-ca", machines, "{global: {bsp: {}}}")
    }

    #[test]
    fn pairs_are_found_by_plan_and_seed() {
        let simulated = |made: Made, machines| planned(made.done(), &of(machines));
        let in_real_time = |made: Made, machines| planned(made.done(), &real(of(machines), "0.5"));
        let results = [
            simulated(cell("a"), 1),
            simulated(cell("a").seed(2), 1),
            in_real_time(cell("a real"), 2),
            simulated(cell("b"), 2),
            in_real_time(cell("anything").seed(2), 1),
            in_real_time(cell("anything"), 1),
            in_real_time(cell("alone"), 3),
            cell("of another version").done(),
        ];
        let found: Vec<_> = pairs(&results).into_iter().map(|pair| (pair.name, pair.real, pair.runs.len())).collect();
        assert_eq!(found, [("b".into(), "a real".into(), 1), ("a".into(), "anything".to_owned(), 2)]);
        for pair in pairs(&results) {
            assert!(pair.runs.iter().all(|run| run.simulated.summary.seed == run.real.summary.seed));
        }
    }

    #[test]
    fn cells_of_equal_names_in_two_panels_are_two_pairs() {
        let of_panel = |panel: &str, machines: u32| {
            let simulated = planned(cell("a").panel(panel).done(), &of(machines));
            [simulated, planned(cell("a real").panel(panel).done(), &real(of(machines), "1"))]
        };
        let results = [of_panel("MF", 1), of_panel("TM", 2)].concat();
        let found: Vec<_> = pairs(&results).into_iter().map(|pair| (pair.name, pair.real)).collect();
        let names = |panel: &str| (format!("{panel} a"), format!("{panel} a real"));
        assert_eq!(found, [names("MF"), names("TM")]);
        assert_eq!(cells(&results).len(), 4);
    }
}
