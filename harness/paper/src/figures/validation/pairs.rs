//! Which runs belong together, and how far apart they are.
//!
//! A run in real time belongs to the simulated run whose plan, seed and all, is the same in everything but how its
//! machines are run. So nothing depends on how cells are called, and two cells that differ in anything else are never
//! held against each other.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::figures::cells::{Cell, fault};
use record::results::CellResult;

/// A cell that was run both ways.
pub(super) struct Pair<'a> {
    /// The simulated cell's name, which stands for both.
    pub(super) name: String,
    /// The name of the cell in real time.
    pub(super) real: String,
    /// One a seed; at least one.
    pub(super) runs: Vec<Run<'a>>,
}

/// A simulated run and the same in real time.
pub(super) struct Run<'a> {
    pub(super) simulated: &'a CellResult,
    pub(super) real: &'a CellResult,
}

/// All pairs, in the order of the cells in real time.
pub(super) fn pairs(results: &[CellResult]) -> Vec<Pair<'_>> {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for real in results.iter().filter(|result| dilation(result).is_some()) {
        let same = |other: &&CellResult| {
            dilation(other).is_none() && other.summary.seed == real.summary.seed && what(other) == what(real)
        };
        let Some(simulated) = results.iter().find(same) else { continue };
        let run = Run { simulated, real };
        match pairs.iter_mut().find(|pair| pair.real == real.name()) {
            Some(pair) => pair.runs.push(run),
            None => pairs.push(Pair { name: simulated.name(), real: real.name(), runs: vec![run] }),
        }
    }
    pairs
}

/// The runs of each cell by its name and its panel's, in the spec's order.
pub(super) fn cells(results: &[CellResult]) -> Vec<(String, Cell<'_>)> {
    let mut cells: Vec<(String, Cell<'_>)> = Vec::new();
    for result in results {
        let name = result.name();
        match cells.iter_mut().find(|(other, _)| *other == name) {
            Some((_, cell)) => cell.runs.push(result),
            None => {
                let cell = Cell {
                    panel: &result.panel,
                    name: &result.cell,
                    shown: name.clone(),
                    runs: vec![result],
                    unsound: None,
                };
                cells.push((name, cell));
            }
        }
    }
    cells
}

/// The plan without how its machines are run.
fn what(result: &CellResult) -> Value {
    let mut plan = result.manifest.resolved.clone();
    if let Some(fields) = plan.as_object_mut() {
        fields.remove("launch");
    }
    plan
}

/// Wall seconds a second of a run in real time; none for a simulated one.
pub(super) fn dilation(result: &CellResult) -> Option<f64> {
    result.manifest.resolved.pointer("/launch/local/dilation").and_then(Value::as_f64)
}

/// How many machines took part.
pub(super) fn machines(result: &CellResult) -> u64 {
    let sites = result.manifest.resolved.get("machines-per-site").and_then(Value::as_array);
    sites.into_iter().flatten().filter_map(Value::as_u64).sum()
}

impl Pair<'_> {
    pub(super) fn machines(&self) -> u64 {
        machines(self.runs[0].real)
    }

    /// One parameter server under BSP: learning does not depend on times.
    pub(super) fn is_bsp(&self) -> bool {
        self.runs[0].real.manifest.resolved.pointer("/system/global/bsp").is_some()
    }

    pub(super) fn is_gaia(&self) -> bool {
        self.runs[0].real.manifest.resolved.pointer("/system/gaia").is_some()
    }

    /// What is wrong with a run in real time that must not be believed; none when all may be.
    pub(super) fn fault(&self) -> Option<&'static str> {
        fault(self.runs.iter().map(|run| run.real))
    }
}

impl Run<'_> {
    /// How much longer a clock takes in real time: 0.01 is 1 %. None without clocks.
    pub(super) fn time_error(&self) -> Option<f64> {
        let clock =
            |run: &CellResult| (run.summary.clocks > 0).then(|| run.summary.seconds / f64::from(run.summary.clocks));
        Some(clock(self.real)? / clock(self.simulated)? - 1.0)
    }

    /// How much more bytes each link carries in real time, with the simulated bytes; by sender and receiver.
    pub(super) fn links(&self) -> BTreeMap<(u32, u32), (u64, f64)> {
        let (simulated, real) = (bytes(self.simulated), bytes(self.real));
        let error = |link| {
            let bytes = |of: &BTreeMap<_, _>| of.get(link).copied().unwrap_or(0);
            let (simulated, real) = (bytes(&simulated), bytes(&real));
            // One that carries nothing in both would be no link.
            (*link, (simulated, real as f64 / simulated as f64 - 1.0))
        };
        simulated.keys().chain(real.keys()).map(error).collect()
    }

    /// The error of the link that is farthest off; none without links.
    pub(super) fn worst_link(&self) -> Option<f64> {
        let errors = self.links().into_values().map(|(_, error)| error);
        errors.max_by(|a, b| a.abs().total_cmp(&b.abs()))
    }

    /// Whether the objectives after all clocks have the same bits.
    pub(super) fn equal_objectives(&self) -> bool {
        let bits =
            |run: &CellResult| -> Vec<u64> { run.samples.iter().map(|sample| sample.objective.to_bits()).collect() };
        bits(self.simulated) == bits(self.real)
    }

    /// How much larger the last objective is in real time, as a share of the simulated one.
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
    use serde_json::json;

    use super::*;
    use record::results::testing::cell;

    #[test]
    fn pairs_are_found_by_plan_and_seed() {
        let rank = |rank: u32| json!({ "rank": rank });
        let results = [
            cell("a").plan(rank(8)).done(),
            cell("a").plan(rank(8)).seed(2).done(),
            cell("a real").plan(rank(16)).real(1.0).done(),
            cell("b").plan(rank(16)).done(),
            cell("anything").plan(rank(8)).real(0.5).seed(2).done(),
            cell("anything").plan(rank(8)).real(0.5).done(),
            cell("alone").plan(rank(9)).real(0.5).done(),
        ];
        let found: Vec<_> = pairs(&results).into_iter().map(|pair| (pair.name, pair.real, pair.runs.len())).collect();
        assert_eq!(found, [("b".into(), "a real".into(), 1), ("a".into(), "anything".to_owned(), 2)]);
        for pair in pairs(&results) {
            assert!(pair.runs.iter().all(|run| run.simulated.summary.seed == run.real.summary.seed));
        }
    }

    #[test]
    fn cells_of_equal_names_in_two_panels_are_two_pairs() {
        let of = |panel: &str, rank: u32| {
            let made = || cell("a").panel(panel).plan(json!({ "rank": rank }));
            [made().done(), cell("a real").panel(panel).plan(json!({ "rank": rank })).real(1.0).done()]
        };
        let results = [of("MF", 8), of("TM", 9)].concat();
        let found: Vec<_> = pairs(&results).into_iter().map(|pair| (pair.name, pair.real)).collect();
        let names = |panel: &str| (format!("{panel} a"), format!("{panel} a real"));
        assert_eq!(found, [names("MF"), names("TM")]);
        assert_eq!(cells(&results).len(), 4);
    }
}
