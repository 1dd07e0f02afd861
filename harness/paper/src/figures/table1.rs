//! Table 1: Gaia against moving all data to one site first (Centralized): speedup, and what Gaia costs over it.
//!
//! A panel of the spec is an application on a network; claims find it by its name, `MF EC2-ALL`.

use polars::prelude::{DataFrame, PolarsResult, df};
use record::numbers::{Spread, significant};

use super::canvas::Canvas;
use super::cells::{Cell, named};
use super::charts::{self, Bar, BarGroup, Chart, Range};
use super::form::FigureForm;
use super::panels::{PanelCells, context, is_asked, pair, panels, total};
use crate::claims::{Claim, Expected, RestsOn, Statement, Unmeasured};
use crate::plans::Application::{self, Ic, Mf, Tm};
use record::results::CellResult;

/// The question that the figure answers.
pub(super) const QUESTION: &str = "is it faster, or cheaper, to move all data to one place first?";

const GAIA: &str = "Gaia";
const CENTRALIZED: &str = "Centralized";

/// A quarter either way, rounded outwards.
macro_rules! row {
    ($id:literal, $application:ident, $panel:literal, $speedup:literal ($sl:literal, $sh:literal), $cost:literal ($cl:literal, $ch:literal)) => {
        Said {
            application: $application,
            panel: $panel,
            speedup: Statement {
                id: concat!("table1.", $id, "-speedup"),
                says: concat!(
                    "Gaia's speedup over Centralized is ",
                    $speedup,
                    " (within ",
                    $sl,
                    " to ",
                    $sh,
                    "): ",
                    $panel
                ),
                source: "Table 1",
                paper: Some($speedup),
                expected: Expected::Within($sl, $sh),
                rests_on: RestsOn::PaperTimes,
            },
            cost: Statement {
                id: concat!("table1.", $id, "-cost"),
                says: concat!(
                    "Gaia costs ",
                    $cost,
                    " times as much as Centralized (within ",
                    $cl,
                    " to ",
                    $ch,
                    "): ",
                    $panel
                ),
                source: "Table 1",
                paper: Some($cost),
                expected: Expected::Within($cl, $ch),
                rests_on: RestsOn::PaperTimes,
            },
        }
    };
}

/// The claims on a panel.
struct Said {
    application: Application,
    /// The name of the application's panel in the spec.
    panel: &'static str,
    speedup: Statement<'static>,
    cost: Statement<'static>,
}

const ROWS: [Said; 9] = [
    row!("mf-ec2-all", Mf, "MF EC2-ALL", 1.11(0.83, 1.39), 3.54(2.65, 4.43)),
    row!("mf-vc", Mf, "MF V/C", 1.22(0.91, 1.53), 1.00(0.75, 1.25)),
    row!("mf-ss", Mf, "MF S/S", 2.13(1.59, 2.67), 1.17(0.87, 1.47)),
    row!("tm-ec2-all", Tm, "TM EC2-ALL", 0.80(0.60, 1.00), 6.14(4.60, 7.68)),
    row!("tm-vc", Tm, "TM V/C", 1.02(0.76, 1.28), 1.26(0.94, 1.58)),
    row!("tm-ss", Tm, "TM S/S", 1.25(0.93, 1.57), 1.92(1.44, 2.40)),
    row!("ic-ec2-all", Ic, "IC EC2-ALL", 0.76(0.57, 0.95), 3.33(2.49, 4.17)),
    row!("ic-vc", Ic, "IC V/C", 1.12(0.84, 1.40), 1.07(0.80, 1.34)),
    row!("ic-ss", Ic, "IC S/S", 1.86(1.39, 2.33), 1.08(0.81, 1.35)),
];

/// Speedup of Gaia over Centralized, and its cost over Centralized's.
struct Ratios {
    speedup: Result<Spread, Unmeasured>,
    cost: Result<Spread, Unmeasured>,
}

fn measure(panels: &[PanelCells<'_>], panel: &str) -> Ratios {
    let pair = || pair(panels, panel, GAIA, CENTRALIZED);
    let nothing = || Unmeasured::NotRun(format!("{panel}: no seed was run in both cells, or something has no price"));
    let speedup = pair().and_then(|cells| cells.second.time_over(cells.first).ok_or_else(nothing));
    let cost = pair().and_then(|cells| cells.first.ratio(cells.second, total).ok_or_else(nothing));
    Ratios { speedup, cost }
}

/// The names of all its claims.
pub(super) fn claim_names() -> Vec<String> {
    ROWS.iter().flat_map(|row| [row.speedup.id, row.cost.id]).map(str::to_owned).collect()
}

/// Two claims per application and network, its speedup and its cost; none of image classification where no panel learns images.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let panels = panels(results);
    let rows = ROWS.iter().filter(|row| is_asked(&panels, row.application));
    rows.flat_map(|row| {
        let (measured, context) = (measure(&panels, row.panel), context(&panels, row.panel));
        [row.speedup.judge(measured.speedup, &context), row.cost.judge(measured.cost, &context)]
    })
    .collect()
}

/// The form: two charts, of speedups and of cost ratios, with a group per application and a bar per network.
#[derive(Debug)]
pub(super) struct OverCentralized;

impl FigureForm for OverCentralized {
    fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        table(results)
    }

    fn draw(&self, results: &[CellResult]) -> Canvas {
        charts::page(&charts(results))
    }
}

fn table(results: &[CellResult]) -> PolarsResult<DataFrame> {
    let panels = panels(results);
    let measured: Vec<Ratios> = panels.iter().map(|panel| measure(&panels, panel.name)).collect();
    let column = |of: &dyn Fn(&Ratios) -> Option<f64>| measured.iter().map(of).collect::<Vec<_>>();
    let cell = |cells: &[Cell<'_>], name: &str, of: &dyn Fn(&Cell<'_>) -> Option<Spread>| {
        named(cells, name).and_then(of).map(|spread| spread.mean)
    };
    let of = |name: &str, of: &dyn Fn(&Cell<'_>) -> Option<Spread>| {
        panels.iter().map(|panel| cell(&panel.cells, name, of)).collect::<Vec<_>>()
    };
    let systems = |cells: &[Cell<'_>]| {
        let central = named(cells, CENTRALIZED);
        central.map(|central| central.runs[0].manifest.system.clone())
    };
    df![
        "panel" => panels.iter().map(|panel| panel.name).collect::<Vec<_>>(),
        "centralized" => panels.iter().map(|panel| systems(&panel.cells)).collect::<Vec<_>>(),
        "speedup" => column(&|m| m.speedup.as_ref().ok().map(|s| s.mean)),
        "speedup_low" => column(&|m| m.speedup.as_ref().ok().map(|s| s.low)),
        "speedup_high" => column(&|m| m.speedup.as_ref().ok().map(|s| s.high)),
        "cost_ratio" => column(&|m| m.cost.as_ref().ok().map(|s| s.mean)),
        "cost_ratio_low" => column(&|m| m.cost.as_ref().ok().map(|s| s.low)),
        "cost_ratio_high" => column(&|m| m.cost.as_ref().ok().map(|s| s.high)),
        "gaia_seconds" => of(GAIA, &|cell| cell.least_seconds()),
        "centralized_seconds" => of(CENTRALIZED, &|cell| cell.least_seconds()),
        "gaia_usd_total" => of(GAIA, &|cell| cell.spread(total)),
        "centralized_usd_total" => of(CENTRALIZED, &|cell| cell.spread(total)),
    ]
}

fn charts(results: &[CellResult]) -> Vec<Chart> {
    let panels = panels(results);
    let speedups = panels.iter().map(|panel| {
        let said = ROWS.iter().find(|row| row.panel == panel.name).and_then(|row| row.speedup.paper);
        (panel, bar(panel, measure(&panels, panel.name).speedup.ok(), said))
    });
    let costs = panels.iter().map(|panel| {
        let said = ROWS.iter().find(|row| row.panel == panel.name).and_then(|row| row.cost.paper);
        (panel, bar(panel, measure(&panels, panel.name).cost.ok(), said))
    });
    let chart = |title: &str, axis: &str, groups: Vec<BarGroup>| Chart {
        title: title.into(),
        axis: axis.into(),
        parts: vec!["ratio"],
        line: Some(1.0),
        groups,
    };
    vec![
        chart("(a) Gaia's speedup over Centralized (the paper's)", "speedup", by_application(speedups)),
        chart("(b) Gaia's cost over Centralized's (the paper's)", "cost over Centralized's", by_application(costs)),
    ]
}

/// The bar of a panel, with the paper's number below its name.
fn bar(panel: &PanelCells<'_>, ratio: Option<Spread>, paper: Option<f64>) -> Bar {
    Bar {
        name: panel.network.clone(),
        remark: paper.map_or_else(String::new, |paper| format!("({paper:.2})")),
        label: vec![ratio.map_or_else(|| "none".into(), |ratio| format!("{}x", significant(ratio.mean, 2)))],
        parts: vec![ratio.map_or(0.0, |ratio| ratio.mean)],
        range: ratio.filter(|ratio| ratio.n > 1).map(|ratio| Range { low: ratio.low, high: ratio.high }),
        ..Bar::default()
    }
}

/// The bars of panels that learn the same, together.
fn by_application<'a>(bars: impl Iterator<Item = (&'a PanelCells<'a>, Bar)>) -> Vec<BarGroup> {
    let mut groups: Vec<BarGroup> = Vec::new();
    for (panel, bar) in bars {
        match groups.iter_mut().find(|group| group.name == panel.learns) {
            Some(group) => group.bars.push(bar),
            None => groups.push(BarGroup { name: panel.learns.to_owned(), bars: vec![bar] }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Verdict;
    use record::results::testing::cell;

    #[test]
    fn ratios_are_of_centralized_and_missing_panels_are_not_comparable() {
        let made = |name, seconds, cost| cell(name).panel("MF V/C").seconds(seconds).cost(cost).done();
        let results = [made("Gaia", 100.0, [1.0, 1.0, 0.0]), made("Centralized", 122.0, [0.5, 0.5, 1.0])];
        let claims = claims(&results);
        let find = |id: &str| claims.iter().find(|claim| claim.id == id).unwrap();
        let speedup = find("table1.mf-vc-speedup");
        assert!((speedup.measured.unwrap() - 1.22).abs() < 1e-12 && speedup.verdict == Verdict::Holds);
        assert_eq!(
            (find("table1.mf-vc-cost").measured, find("table1.mf-vc-cost").verdict),
            (Some(1.0), Verdict::Holds)
        );
        assert_eq!(find("table1.tm-ss-cost").verdict, Verdict::NotComparable);
        assert_eq!(claims.len(), 12, "no IC without its panel");
        assert_eq!(table(&results).unwrap().height(), 1);
        assert_eq!(charts(&results).len(), 2);
    }
}
