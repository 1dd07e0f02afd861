//! The figure for users' own regions: time and dollars of each system between them, with their spread.
//!
//! The first panel of the spec has the network as it was given; the others have it slower and faster. Ranges run over all
//! panels and seeds; those of costs also over the prices' own spread. A question about a training of a given length has the time and
//! the cost of the whole, of which runs are the beginning: see [`training`](super::training).

use polars::prelude::{DataFrame, PolarsResult, df};
use record::numbers::{Spread, significant};

use super::canvas::Canvas;
use super::cells::{self, BASELINE, Cell, baseline, compared};
use super::charts::{self, Bar, BarGroup, Chart, Range, dollars};
use super::form::FigureForm;
use super::measure;
use super::panels::{self, COST_PARTS, PanelCells};
use super::training::{HOURS_A_MONTH, Parts, Training};
use crate::claims::Claim;
use record::results::CellResult;

/// The parts of a cost, in the order of [`COST_PARTS`].
const PARTS: [fn(&Parts) -> f64; 3] =
    [|cost| cost.machine_compute, |cost| cost.machine_network, |cost| cost.communication];

/// The name of the one claim.
pub(super) const SAME_TARGET: &str = "whatif.same-target";
/// The question that the figure answers.
pub(super) const QUESTION: &str = "how long would it take, and what would it cost?";

/// A system in all panels.
struct Row<'a> {
    /// With the network as it was given.
    given: &'a Cell<'a>,
    /// In every panel, the given one included.
    all: Vec<&'a Cell<'a>>,
}

impl Row<'_> {
    /// Its mean as given, its range over all panels.
    fn spread(&self, of: &dyn Fn(&Cell<'_>) -> Option<Spread>) -> Option<Spread> {
        let given = of(self.given)?;
        let all: Vec<Spread> = self.all.iter().filter_map(|cell| of(cell)).collect();
        let low = all.iter().map(|spread| spread.low).fold(given.low, f64::min);
        let high = all.iter().map(|spread| spread.high).fold(given.high, f64::max);
        Some(Spread { low, high, ..given })
    }

    /// A number of the training that each run begins.
    fn of_training(&self, of: fn(&Training) -> Option<f64>) -> Option<Spread> {
        self.spread(&|cell| over_runs(cell, &|run| of(&Training::of(run)?)))
    }

    fn seconds(&self) -> Option<Spread> {
        self.of_training(|training| Some(training.seconds))
    }

    /// In USD, with the spread of prices on top of the network's.
    fn usd(&self, of: fn(&Training) -> Option<f64>) -> Option<Spread> {
        let at = |side: f64| {
            self.spread(&|cell| {
                over_runs(cell, &|run| {
                    let spread = run.summary.cost.as_ref()?.spread;
                    Some(of(&Training::of(run)?)? * (1.0 + side * spread))
                })
            })
        };
        let (low, high) = (at(-1.0)?.low, at(1.0)?.high);
        at(0.0).map(|spread| Spread { low, high, ..spread })
    }

    fn total(&self) -> Option<Spread> {
        self.usd(|training| Some(training.cost?.total()))
    }

    /// In USD, with the network as it was given.
    fn part(&self, usd: fn(&Parts) -> f64) -> Option<f64> {
        let of = |run: &CellResult| Training::of(run)?.cost.as_ref().map(usd);
        over_runs(self.given, &of).map(|spread| spread.mean)
    }

    fn all_reached(&self) -> bool {
        self.all.iter().all(|cell| cell.all_reached())
    }
}

fn rows<'a>(panels: &'a [PanelCells<'a>]) -> Vec<Row<'a>> {
    let Some(first) = panels.first() else { return Vec::new() };
    let same = |panel: &'a PanelCells<'a>, name: &str| panel.cells.iter().find(|cell| cell.name == name);
    let row =
        |given: &'a Cell<'a>| Row { given, all: panels.iter().filter_map(|panel| same(panel, given.name)).collect() };
    compared(&first.cells).into_iter().map(row).collect()
}

/// A number of each run of a cell, over seeds; `None` when a run has none.
fn over_runs(cell: &Cell<'_>, of: &dyn Fn(&CellResult) -> Option<f64>) -> Option<Spread> {
    let values: Option<Vec<f64>> = cell.runs.iter().map(|run| of(run)).collect();
    Spread::of(&values?)
}

/// That the answers compare like with like; nothing else can be claimed of a user's own question.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    measure::same_target(SAME_TARGET, results)
}

fn per_1000_steps(training: &Training) -> Option<f64> {
    Some(training.steady.usd_per_step?.total() * 1000.0)
}

fn per_hour(training: &Training) -> Option<f64> {
    training.steady.usd_per_hour()
}

fn per_month(training: &Training) -> Option<f64> {
    Some(per_hour(training)? * HOURS_A_MONTH)
}

/// The form: time and cost with ranges over panels, a bar per system.
#[derive(Debug)]
pub(super) struct WhatIf;

impl FigureForm for WhatIf {
    fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        table(results)
    }

    fn draw(&self, results: &[CellResult]) -> Canvas {
        charts::page(&charts(results))
    }

    fn references(&self, results: &[CellResult]) -> Vec<String> {
        cells::references(results, BASELINE)
    }
}

/// One row per system.
fn table(results: &[CellResult]) -> PolarsResult<DataFrame> {
    let panels = panels::panels(results);
    let rows = rows(&panels);
    let base = panels.first().and_then(|panel| baseline(&compared(&panel.cells)).map(|base| base.name));
    let base = base.and_then(|name| rows.iter().find(|row| row.given.name == name));
    let column = |of: &dyn Fn(&Row<'_>) -> Option<f64>| rows.iter().map(of).collect::<Vec<_>>();
    let over = |of: &dyn Fn(&Row<'_>) -> Option<Spread>| {
        let base = base.and_then(of).map(|spread| spread.mean);
        rows.iter().map(|row| Some(base? / of(row)?.mean)).collect::<Vec<Option<f64>>>()
    };
    df![
        "cell" => rows.iter().map(|row| row.given.name).collect::<Vec<_>>(),
        "system" => rows.iter().map(|row| row.given.runs[0].manifest.system.as_str()).collect::<Vec<_>>(),
        "outcome" => rows.iter().map(|row| row.given.outcome()).collect::<Vec<_>>(),
        "reached_in_all_panels" => rows.iter().map(Row::all_reached).collect::<Vec<_>>(),
        "seconds" => column(&|row| row.seconds().map(|s| s.mean)),
        "seconds_low" => column(&|row| row.seconds().map(|s| s.low)),
        "seconds_high" => column(&|row| row.seconds().map(|s| s.high)),
        "speedup" => over(&|row| row.seconds()),
        "steps" => column(&|row| row.of_training(|training| Some(training.steps)).map(|s| s.mean)),
        "seconds_per_step" => column(&|row| row.of_training(|training| Some(training.steady.seconds_per_step)).map(|s| s.mean)),
        "usd_machine_compute" => column(&|row| row.part(|cost| cost.machine_compute)),
        "usd_machine_network" => column(&|row| row.part(|cost| cost.machine_network)),
        "usd_communication" => column(&|row| row.part(|cost| cost.communication)),
        "usd_total" => column(&|row| row.total().map(|s| s.mean)),
        "usd_total_low" => column(&|row| row.total().map(|s| s.low)),
        "usd_total_high" => column(&|row| row.total().map(|s| s.high)),
        "times_cheaper" => over(&|row| row.total()),
        "usd_per_1000_steps" => column(&|row| row.usd(per_1000_steps).map(|s| s.mean)),
        "usd_per_hour" => column(&|row| row.usd(per_hour).map(|s| s.mean)),
        "usd_per_month" => column(&|row| row.usd(per_month).map(|s| s.mean)),
        "usd_per_month_low" => column(&|row| row.usd(per_month).map(|s| s.low)),
        "usd_per_month_high" => column(&|row| row.usd(per_month).map(|s| s.high)),
        "wan_gb" => column(&|row| row.of_training(|training| Some(training.wan_bytes / 1e9)).map(|s| s.mean)),
    ]
}

fn charts(results: &[CellResult]) -> Vec<Chart> {
    let panels = panels::panels(results);
    let rows = rows(&panels);
    let longest = rows.iter().filter_map(Row::seconds).map(|spread| spread.high).fold(0.0, f64::max);
    let (unit, scale) = if longest > 3.0 * 3600.0 { ("hours", 3600.0) } else { ("seconds", 1.0) };
    let time = |row: &Row<'_>| {
        let spread = row.seconds();
        Bar {
            name: row.given.name.to_owned(),
            label: vec![spread.map_or_else(String::new, |spread| significant(spread.mean / scale, 3))],
            parts: vec![spread.map_or(0.0, |spread| spread.mean / scale)],
            range: spread.map(|spread| Range { low: spread.low / scale, high: spread.high / scale }),
            is_bound: !row.all_reached(),
            ..Bar::default()
        }
    };
    let cost = |row: &Row<'_>| {
        let spread = row.total();
        Bar {
            name: row.given.name.to_owned(),
            label: vec![spread.map_or_else(|| "no price".into(), |spread| dollars(spread.mean))],
            parts: PARTS.map(|usd| row.part(usd).unwrap_or(0.0)).into(),
            range: spread.map(|spread| Range { low: spread.low, high: spread.high }),
            is_bound: !row.all_reached(),
            ..Bar::default()
        }
    };
    let group = |bars: Vec<Bar>| vec![BarGroup { name: String::new(), bars }];
    vec![
        Chart {
            title: if is_of_length(results) { "(a) Time of the training" } else { "(a) Time to converge" }.into(),
            axis: unit.into(),
            parts: vec!["time"],
            line: None,
            groups: group(rows.iter().map(time).collect()),
        },
        Chart {
            title: "(b) What it costs".into(),
            axis: "USD".into(),
            parts: COST_PARTS.map(|part| part.name).into(),
            line: None,
            groups: group(rows.iter().map(cost).collect()),
        },
    ]
}

/// Whether the question is about a training of a given length.
fn is_of_length(results: &[CellResult]) -> bool {
    results.iter().any(|run| run.training_steps.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::results::testing::cell;

    #[test]
    fn ranges_run_over_networks_and_prices() {
        let made = |panel, seconds, usd| {
            let mut made = cell("Gaia").panel(panel).seconds(seconds).cost([usd, 0.0, 0.0]).done();
            made.summary.cost.as_mut().unwrap().spread = 0.1;
            made
        };
        let results = [made("as given", 100.0, 10.0), made("slower", 150.0, 12.0), made("faster", 80.0, 9.0)];
        let panels = panels::panels(&results);
        let rows = rows(&panels);
        let seconds = rows[0].seconds().unwrap();
        assert_eq!((seconds.mean, seconds.low, seconds.high), (100.0, 80.0, 150.0));
        let total = rows[0].total().unwrap();
        assert!((total.mean - 10.0).abs() < 1e-12 && (total.low - 8.1).abs() < 1e-12);
        assert!((total.high - 13.2).abs() < 1e-12);
        assert_eq!(table(&results).unwrap().height(), 1);
        assert_eq!(charts(&results).len(), 2);
    }
}
