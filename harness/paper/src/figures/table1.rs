//! Table 1: Gaia against moving all data to one site first (Centralized): speedup, and what Gaia costs over it.
//!
//! A panel of the spec is a workload on a network, named so: `MF EC2-ALL`.

use polars::prelude::{DataFrame, PolarsResult, df};
use record::numbers::{Spread, significant};

use super::cells::{Cell, named};
use super::fig11::{panels, total, two, workload_and_network};
use super::stack::{Bar, Chart, Group};
use crate::claims::{Claim, Context, Expected, RestsOn, Statement, Unmeasured};
use record::results::CellResult;

/// What the figure asks.
pub(super) const QUESTION: &str = "is it faster, or cheaper, to move all data to one place first?";

const GAIA: &str = "Gaia";
const CENTRALIZED: &str = "Centralized";

/// A quarter either way, rounded outwards.
macro_rules! row {
    ($id:literal, $panel:literal, $speedup:literal ($sl:literal, $sh:literal), $cost:literal ($cl:literal, $ch:literal)) => {
        (
            $panel,
            Statement {
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
            Statement {
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
        )
    };
}

/// A panel, what it says of speedup and of cost.
type Row = (&'static str, Statement<'static>, Statement<'static>);

const ROWS: [Row; 9] = [
    row!("mf-ec2-all", "MF EC2-ALL", 1.11(0.83, 1.39), 3.54(2.65, 4.43)),
    row!("mf-vc", "MF V/C", 1.22(0.91, 1.53), 1.00(0.75, 1.25)),
    row!("mf-ss", "MF S/S", 2.13(1.59, 2.67), 1.17(0.87, 1.47)),
    row!("tm-ec2-all", "TM EC2-ALL", 0.80(0.60, 1.00), 6.14(4.60, 7.68)),
    row!("tm-vc", "TM V/C", 1.02(0.76, 1.28), 1.26(0.94, 1.58)),
    row!("tm-ss", "TM S/S", 1.25(0.93, 1.57), 1.92(1.44, 2.40)),
    row!("ic-ec2-all", "IC EC2-ALL", 0.76(0.57, 0.95), 3.33(2.49, 4.17)),
    row!("ic-vc", "IC V/C", 1.12(0.84, 1.40), 1.07(0.80, 1.34)),
    row!("ic-ss", "IC S/S", 1.86(1.39, 2.33), 1.08(0.81, 1.35)),
];

/// Speedup of Gaia over Centralized, and its cost over Centralized's.
struct Measured {
    speedup: Result<Spread, Unmeasured>,
    cost: Result<Spread, Unmeasured>,
}

fn measure(panels: &[(&str, Vec<Cell<'_>>)], panel: &str) -> Measured {
    let pair = || two(panels, panel, GAIA, CENTRALIZED);
    let nothing = || Unmeasured::NotRun(format!("{panel}: no seed was run in both cells, or something has no price"));
    let speedup = pair().and_then(|(gaia, central)| central.time_over(gaia).ok_or_else(nothing));
    let cost = pair().and_then(|(gaia, central)| gaia.ratio(central, total).ok_or_else(nothing));
    Measured { speedup, cost }
}

/// The figure's claims.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let context = Context::of(results);
    let panels = panels(results);
    let asked = |panel: &str| {
        let workload = workload_and_network(panel).0;
        workload != "IC" || panels.iter().any(|(name, _)| workload_and_network(name).0 == workload)
    };
    let rows = ROWS.iter().filter(|(panel, _, _)| asked(panel));
    rows.flat_map(|(panel, speedup, cost)| {
        let measured = measure(&panels, panel);
        [speedup.judge(measured.speedup, &context), cost.judge(measured.cost, &context)]
    })
    .collect()
}

/// One row a panel.
///
/// # Errors
/// None with columns of equal length, which these are.
pub(super) fn table(results: &[CellResult]) -> PolarsResult<DataFrame> {
    let panels = panels(results);
    let measured: Vec<Measured> = panels.iter().map(|(panel, _)| measure(&panels, panel)).collect();
    let column = |of: &dyn Fn(&Measured) -> Option<f64>| measured.iter().map(of).collect::<Vec<_>>();
    let cell = |cells: &[Cell<'_>], name: &str, of: &dyn Fn(&Cell<'_>) -> Option<Spread>| {
        named(cells, name).and_then(of).map(|spread| spread.mean)
    };
    let of = |name: &str, of: &dyn Fn(&Cell<'_>) -> Option<Spread>| {
        panels.iter().map(|(_, cells)| cell(cells, name, of)).collect::<Vec<_>>()
    };
    let systems = |cells: &[Cell<'_>]| {
        let central = named(cells, CENTRALIZED);
        central.map(|central| central.runs[0].manifest.system.clone())
    };
    df![
        "panel" => panels.iter().map(|(panel, _)| *panel).collect::<Vec<_>>(),
        "centralized" => panels.iter().map(|(_, cells)| systems(cells)).collect::<Vec<_>>(),
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

/// Two charts: speedups and cost ratios, a group a workload, a bar a network.
pub(super) fn charts(results: &[CellResult]) -> Vec<Chart> {
    let panels = panels(results);
    let paper = |panel: &str, of: &dyn Fn(&Row) -> Option<f64>| {
        let value = ROWS.iter().find(|(name, _, _)| *name == panel).and_then(of);
        value.map_or_else(String::new, |value| format!("({value:.2})"))
    };
    let chart = |title: &str,
                 axis: &str,
                 of: &dyn Fn(&Measured) -> Option<Spread>,
                 said: &dyn Fn(&Row) -> Option<f64>| {
        let mut groups: Vec<Group> = Vec::new();
        for (panel, _) in &panels {
            let (workload, network) = workload_and_network(panel);
            let spread = of(&measure(&panels, panel));
            let bar = Bar {
                name: network.to_owned(),
                remark: paper(panel, said),
                label: vec![spread.map_or_else(|| "none".into(), |spread| format!("{}x", significant(spread.mean, 2)))],
                parts: vec![spread.map_or(0.0, |spread| spread.mean)],
                range: spread.filter(|spread| spread.n > 1).map(|spread| (spread.low, spread.high)),
                ..Bar::default()
            };
            match groups.iter_mut().find(|group| group.name == workload) {
                Some(group) => group.bars.push(bar),
                None => groups.push(Group { name: workload.to_owned(), bars: vec![bar] }),
            }
        }
        Chart { title: title.into(), axis: axis.into(), parts: vec!["ratio"], line: Some(1.0), groups }
    };
    vec![
        chart(
            "(a) Gaia's speedup over Centralized (the paper's)",
            "speedup",
            &|m| m.speedup.as_ref().ok().copied(),
            &|(_, speedup, _)| speedup.paper,
        ),
        chart(
            "(b) Gaia's cost over Centralized's (the paper's)",
            "cost over Centralized's",
            &|m| m.cost.as_ref().ok().copied(),
            &|(_, _, cost)| cost.paper,
        ),
    ]
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
