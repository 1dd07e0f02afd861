//! The simulation compared with runs in real time: the same plans in virtual time, and as processes that exchange real bytes.
//!
//! Cells are paired by what they run, not by name: [`pairs`]. Compared are the time of a clock and its
//! parts, the bytes of every link, and the objective after every clock. Under BSP the learning does not depend on times:
//! bytes and objectives must be equal. Elsewhere real times are a little different from virtual ones, so that other
//! updates meet; there they must be close.
//!
//! A run in real time that is invalid, or was interrupted, shows nothing about the simulation: what stands on it is not
//! measured, it is marked wherever it is drawn, and a claim of its own fails.

use polars::prelude::{DataFrame, PolarsResult, df};
use record::numbers::Spread;

use self::pairs::{Pair, Run, pairs};
use super::canvas::Canvas;
use super::cells::Cell;
use super::form::FigureForm;
use crate::claims::{Claim, Context, Expected, OURS, RestsOn, Statement, Unmeasured};
use record::results::{Breakdown, CellResult};

mod draw;
mod pairs;

/// The question that the figure answers.
pub(super) const QUESTION: &str = "do processes that exchange real bytes in real time behave as the simulation says?";

/// Up to this number, machines are few.
const FEW_MACHINES: u32 = 4;

const fn ours(id: &'static str, says: &'static str, expected: Expected) -> Statement<'static> {
    Statement { id, says, source: OURS, paper: None, expected, rests_on: RestsOn::Runs }
}

const VALID: Statement<'static> = ours(
    "validation.valid",
    "every run in real time kept the rates, delays and computing times that it promised (share of runs, 1)",
    Expected::AtLeast(1.0),
);
const TIME_OF_FEW: Statement = ours(
    "validation.time-of-few",
    "with at most 4 machines a clock takes the simulated time to within 5 % (the pair that is farthest off, in percent)",
    Expected::AtMost(5.0),
);
const TIME_OF_MANY: Statement = ours(
    "validation.time-of-many",
    "with more machines a clock takes the simulated time to within 10 % (the pair that is farthest off, in percent)",
    Expected::AtMost(10.0),
);
const OBJECTIVE: Statement = ours(
    "validation.bsp-objective",
    "under BSP the objective after every clock is the simulated one to the bit (share of pairs, 1)",
    Expected::AtLeast(1.0),
);
const BYTES_OF_BSP: Statement = ours(
    "validation.bsp-bytes",
    "under BSP every link carries the simulated bytes (the link that is farthest off, in percent; 0)",
    Expected::AtMost(0.0),
);
const BYTES_OF_GAIA: Statement = ours(
    "validation.gaia-bytes",
    "under Gaia every link carries the simulated bytes to within 5 % (the link that is farthest off, in percent)",
    Expected::AtMost(5.0),
);

/// The names of all its claims.
pub(super) fn claim_names() -> Vec<String> {
    let all = [VALID, TIME_OF_FEW, TIME_OF_MANY, OBJECTIVE, BYTES_OF_BSP, BYTES_OF_GAIA];
    all.map(|statement| statement.id.to_owned()).to_vec()
}

/// Six claims, on all pairs together: validity, times, objectives and bytes.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let context = Context::of(results);
    let pairs = pairs(results);
    let few = |pair: &Pair<'_>| pair.machines() <= FEW_MACHINES;
    let share = |good: bool| if good { 1.0 } else { 0.0 };
    let time_of_few = farthest(&pairs, few, |run| Some(run.time_error()?.abs() * 100.0));
    let time_of_many = farthest(&pairs, |pair| !few(pair), |run| Some(run.time_error()?.abs() * 100.0));
    let objective = over_runs(&pairs, |pair| pair.is_bsp(), Kept::Mean, |run| Some(share(run.equal_objectives())));
    let bytes_of_bsp = farthest(&pairs, |pair| pair.is_bsp(), |run| Some(run.worst_link()?.abs() * 100.0));
    let bytes_of_gaia = farthest(&pairs, |pair| pair.is_gaia(), |run| Some(run.worst_link()?.abs() * 100.0));
    vec![
        VALID.judge(share_valid(results), &context),
        TIME_OF_FEW.judge(time_of_few, &context),
        TIME_OF_MANY.judge(time_of_many, &context),
        OBJECTIVE.judge(objective, &context),
        BYTES_OF_BSP.judge(bytes_of_bsp, &context),
        BYTES_OF_GAIA.judge(bytes_of_gaia, &context),
    ]
}

/// The number that stands for many runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Mean,
    Largest,
}

fn farthest(
    pairs: &[Pair<'_>],
    which: impl Fn(&Pair<'_>) -> bool,
    of: impl Fn(&Run<'_>) -> Option<f64>,
) -> Result<Spread, Unmeasured> {
    over_runs(pairs, which, Kept::Largest, of)
}

/// A number over all runs of the pairs asked for, which must all be there and valid: what was left out could be the worst.
fn over_runs(
    pairs: &[Pair<'_>],
    which: impl Fn(&Pair<'_>) -> bool,
    kept: Kept,
    of: impl Fn(&Run<'_>) -> Option<f64>,
) -> Result<Spread, Unmeasured> {
    let mut values = Vec::new();
    for pair in pairs.iter().filter(|pair| which(pair)) {
        for run in &pair.runs {
            if let Some(fault) = run.real.summary.faults.first() {
                return Err(Unmeasured::NotRun(format!("{}: {fault}", pair.real)));
            }
            let value = of(run).ok_or_else(|| Unmeasured::NotRun(format!("{} has no clocks", pair.real)))?;
            values.push(value);
        }
    }
    let spread = Spread::of(&values);
    let spread = spread.ok_or_else(|| Unmeasured::NotRun("no such cell was run both ways".into()))?;
    Ok(if kept == Kept::Largest { Spread { mean: spread.high, ..spread } } else { spread })
}

fn share_valid(results: &[CellResult]) -> Result<Spread, Unmeasured> {
    let real = results.iter().filter(|result| pairs::dilation(result).is_some());
    let valid: Vec<f64> = real.map(|run| if run.summary.faults.is_empty() { 1.0 } else { 0.0 }).collect();
    Spread::of(&valid).ok_or_else(|| Unmeasured::NotRun("nothing was run in real time".into()))
}

/// The form: pairs of simulated and real cells.
#[derive(Debug)]
pub(super) struct Validation;

impl FigureForm for Validation {
    fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        table(results)
    }

    fn draw(&self, results: &[CellResult]) -> Canvas {
        draw::page(&pairs(results))
    }
}

/// One row per cell. `_low` and `_high` run over seeds; errors are of runs in real time, against their simulation.
fn table(results: &[CellResult]) -> PolarsResult<DataFrame> {
    let cells = pairs::cells(results);
    let pairs = pairs(results);
    let text = |of: &dyn Fn(&Cell<'_>) -> String| cells.iter().map(of).collect::<Vec<_>>();
    let number = |of: &dyn Fn(&Cell<'_>) -> Option<Spread>, part: fn(&Spread) -> f64| {
        cells.iter().map(|cell| of(cell).as_ref().map(part)).collect::<Vec<_>>()
    };
    let clock = |cell: &Cell<'_>| cell.spread(|s| Some(s.seconds / f64::from(s.clocks.max(1))));
    let part = |of: fn(&Breakdown) -> f64| cells.iter().map(|cell| of(&cell.breakdown())).collect::<Vec<_>>();
    let error = |of: &dyn Fn(&Run<'_>) -> Option<f64>| {
        let of_cell = |cell: &Cell<'_>| {
            let pair = pairs.iter().find(|pair| pair.real == cell.shown)?;
            let errors: Option<Vec<f64>> = pair.runs.iter().map(of).collect();
            let errors = errors?;
            errors.into_iter().max_by(|a, b| a.abs().total_cmp(&b.abs()))
        };
        cells.iter().map(of_cell).collect::<Vec<_>>()
    };
    df![
        "cell" => cells.iter().map(|cell| cell.shown.clone()).collect::<Vec<_>>(),
        "system" => text(&|cell| cell.runs[0].manifest.system.clone()),
        "network" => text(&|cell| cell.runs[0].manifest.profile.clone()),
        "machines" => cells.iter().map(|cell| pairs::machines(cell.runs[0])).collect::<Vec<_>>(),
        "dilation" => cells.iter().map(|cell| pairs::dilation(cell.runs[0])).collect::<Vec<_>>(),
        "seeds" => cells.iter().map(|cell| cell.runs.len() as u32).collect::<Vec<_>>(),
        "outcome" => text(&|cell| cell.outcome()),
        "clocks" => number(&|cell| cell.spread(|s| Some(f64::from(s.clocks))), |s| s.mean),
        "seconds_per_clock" => number(&clock, |s| s.mean),
        "seconds_per_clock_low" => number(&clock, |s| s.low),
        "seconds_per_clock_high" => number(&clock, |s| s.high),
        "seconds_per_clock_error_percent" => error(&|run| Some(run.time_error()? * 100.0)),
        "compute" => part(|b| b.compute),
        "server" => part(|b| b.server),
        "encode" => part(|b| b.encode),
        "wire" => part(|b| b.wire),
        "barrier" => part(|b| b.barrier),
        "staleness" => part(|b| b.staleness),
        "wan_gb_per_clock" => number(&|cell| cell.spread(|s| Some(s.wan_bytes_per_clock / 1e9)), |s| s.mean),
        "worst_link_bytes_error_percent" => error(&|run| Some(run.worst_link()? * 100.0)),
        "final_objective" => number(&|cell| cell.spread(|s| Some(s.last_objective)), |s| s.mean),
        "final_objective_error_percent" => error(&|run| Some(run.objective_error()? * 100.0)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Verdict::{self, Fails, Holds, NotComparable};
    use crate::plans::testing::{plan, planned, real};
    use planning::plan::Plan;
    use record::results::TrafficRow;
    use record::results::testing::{Made, cell, traffic_rows};

    fn bsp(machines: u32) -> Plan {
        plan("va-ca", machines / 2, "{global: {bsp: {}}}")
    }

    fn gaia() -> Plan {
        plan("va-ca", 2, "{gaia: {inside: {bsp: {}}}}")
    }

    /// All links the same, but for one that carries `factor` times as much.
    fn traffic(factor: f64) -> Vec<TrafficRow> {
        let mut rows = traffic_rows();
        rows.iter_mut().filter(|row| row.from == 6).for_each(|row| row.bytes = (row.bytes as f64 * factor) as u64);
        rows
    }

    fn results(few: f64, many: f64, bytes: f64, gaia_bytes: f64) -> Vec<CellResult> {
        let made = |made: Made, plan: Plan| planned(made.done(), &plan);
        vec![
            made(cell("BSP 4").seconds(100.0), bsp(4)),
            made(cell("BSP 4 real").seconds(few), real(bsp(4), "0.5")),
            made(cell("BSP 22").seconds(200.0), bsp(22)),
            made(cell("other name").seconds(many).traffic(traffic(bytes)), real(bsp(22), "3")),
            made(cell("Gaia 4").seconds(300.0), gaia()),
            made(cell("Gaia 4 real").seconds(301.0).traffic(traffic(gaia_bytes)), real(gaia(), "1")),
        ]
    }

    fn verdicts(results: &[CellResult]) -> Vec<Verdict> {
        claims(results).iter().map(|claim| claim.verdict).collect()
    }

    #[test]
    fn each_claim_at_its_bound() {
        // Of these made-up runs only the times differ, so that objectives are equal.
        assert_eq!(verdicts(&results(104.9, 219.9, 1.0, 1.049)), [Holds; 6]);
        assert_eq!(verdicts(&results(105.1, 219.9, 1.0, 1.0)), [Holds, Fails, Holds, Holds, Holds, Holds]);
        assert_eq!(verdicts(&results(94.9, 179.9, 1.0, 1.0)), [Holds, Fails, Fails, Holds, Holds, Holds]);
        assert_eq!(verdicts(&results(100.0, 200.0, 1.0001, 1.06)), [Holds, Holds, Holds, Holds, Fails, Fails]);
        let mut other = results(100.0, 200.0, 1.0, 1.0);
        other[3].samples[7].objective = other[3].samples[7].objective.next_up();
        assert_eq!(verdicts(&other), [Holds, Holds, Holds, Fails, Holds, Holds]);
        let mut missing = results(100.0, 200.0, 1.0, 1.0);
        missing[3].traffic.retain(|row| row.from != 6);
        assert_eq!(verdicts(&missing)[4], Fails, "a link that carries nothing in one of both");
    }

    #[test]
    fn nothing_stands_on_an_invalid_run() {
        let mut invalid = results(100.0, 200.0, 1.0, 1.0);
        let faulty = cell("other name").seconds(200.0).fault("departures are late").done();
        invalid[3] = planned(faulty, &real(bsp(22), "3"));
        let claims = claims(&invalid);
        let verdicts: Vec<_> = claims.iter().map(|claim| claim.verdict).collect();
        assert_eq!(verdicts, [Fails, Holds, NotComparable, NotComparable, NotComparable, Holds]);
        assert!(claims[2].says.contains("other name: departures are late"), "{}", claims[2].says);
        let table = table(&invalid).unwrap();
        assert_eq!(table.column("outcome").unwrap().str().unwrap().get(3), Some("invalid"));
    }

    #[test]
    fn the_table_compares_real_runs_with_their_simulation() {
        let table = table(&results(104.0, 180.0, 1.0, 1.02)).unwrap();
        let value = |column: &str, row: usize| table.column(column).unwrap().f64().unwrap().get(row);
        assert_eq!(value("seconds_per_clock_error_percent", 0), None);
        assert!((value("seconds_per_clock_error_percent", 1).unwrap() - 4.0).abs() < 1e-9);
        assert!((value("seconds_per_clock_error_percent", 3).unwrap() + 10.0).abs() < 1e-9);
        assert!((value("worst_link_bytes_error_percent", 5).unwrap() - 2.0).abs() < 0.01);
        assert_eq!((value("dilation", 2), value("dilation", 3)), (None, Some(3.0)));
        assert_eq!(value("final_objective_error_percent", 5), Some(0.0));
    }
}
