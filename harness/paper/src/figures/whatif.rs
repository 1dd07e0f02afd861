//! The figure for users' own regions: time and dollars of each system between them, with their spread.
//!
//! The first panel of the spec has the network as it was given; the others have it slower and faster. Ranges run over all
//! panels and seeds; those of costs also over the prices' own spread.

use polars::prelude::{DataFrame, PolarsResult, df};
use record::numbers::{Spread, significant};

use super::canvas::Canvas;
use super::cells::{self, BASELINE, Cell, baseline, compared};
use super::charts::{self, Bar, BarGroup, Chart, Range, dollars};
use super::form::FigureForm;
use super::measure;
use super::panels::{self, COST_PARTS, PanelCells};
use crate::claims::Claim;
use record::results::{CellResult, Cost, Summary};

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

    fn seconds(&self) -> Option<Spread> {
        self.spread(&|cell| cell.least_seconds())
    }

    /// In USD, with the spread of prices on top of the network's.
    fn total(&self) -> Option<Spread> {
        let at = |side: f64| {
            move |summary: &Summary| summary.cost.as_ref().map(|cost| cost.total * (1.0 + side * cost.spread))
        };
        let low = self.spread(&|cell| cell.spread(at(-1.0)))?.low;
        let high = self.spread(&|cell| cell.spread(at(1.0)))?.high;
        self.spread(&|cell| cell.spread(at(0.0))).map(|spread| Spread { low, high, ..spread })
    }

    /// In USD, with the network as it was given.
    fn part(&self, usd: fn(&Cost) -> f64) -> Option<f64> {
        panels::part(self.given, usd).map(|spread| spread.mean)
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

/// That the answers compare like with like; nothing else can be claimed of a user's own question.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    measure::same_target(SAME_TARGET, results)
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
        "usd_machine_compute" => column(&|row| row.part(|cost| cost.machine_compute)),
        "usd_machine_network" => column(&|row| row.part(|cost| cost.machine_network)),
        "usd_communication" => column(&|row| row.part(|cost| cost.communication)),
        "usd_total" => column(&|row| row.total().map(|s| s.mean)),
        "usd_total_low" => column(&|row| row.total().map(|s| s.low)),
        "usd_total_high" => column(&|row| row.total().map(|s| s.high)),
        "times_cheaper" => over(&|row| row.total()),
        "wan_gb" => column(&|row| row.given.spread(|s| Some(s.wan_bytes as f64 / 1e9)).map(|s| s.mean)),
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
            parts: COST_PARTS.map(|part| row.part(part.usd).unwrap_or(0.0)).into(),
            range: spread.map(|spread| Range { low: spread.low, high: spread.high }),
            is_bound: !row.all_reached(),
            ..Bar::default()
        }
    };
    let group = |bars: Vec<Bar>| vec![BarGroup { name: String::new(), bars }];
    vec![
        Chart {
            title: "(a) Time to converge".into(),
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
