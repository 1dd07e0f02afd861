//! Figure 11: what convergence costs, over Baseline's cost, in three parts: machines computing, machines waiting for the
//! network, traffic that leaves regions.
//!
//! A panel of the spec is a workload on a network, named so: `MF EC2-ALL`. Its cells `Baseline` and `Gaia` are held against each
//! other.

use polars::prelude::{DataFrame, PolarsResult, df};
use record::numbers::{Spread, significant};

use super::cells::{BASELINE, Cell, compared, group, named, named_or_first};
use super::stack::{Bar, Chart, Group, dollars};
use crate::claims::{Claim, Context, Expected, RestsOn, Statement, Unmeasured};
use record::results::{CellResult, Cost, Summary};

/// What the figure asks.
pub(super) const QUESTION: &str = "what does it cost to converge, and what is paid for?";

const GAIA: &str = "Gaia";
/// The least that the paper's costs differ by, over all workloads and networks.
const LEAST: f64 = 2.6;

macro_rules! cheaper {
    ($id:literal, $panel:literal, $paper:literal) => {
        (
            $panel,
            Statement {
                id: concat!("fig11.", $id),
                says: concat!("Gaia costs at least 2.6 times less than Baseline to converge: ", $panel),
                source: "Figure 11",
                paper: Some($paper),
                expected: Expected::AtLeast(LEAST),
                rests_on: RestsOn::PaperTimes,
            },
        )
    };
}

/// By panel; those of a workload that the spec has not are left out.
const CHEAPER: [(&str, Statement); 9] = [
    cheaper!("mf-ec2-all", "MF EC2-ALL", 4.2),
    cheaper!("mf-vc", "MF V/C", 6.0),
    cheaper!("mf-ss", "MF S/S", 28.5),
    cheaper!("tm-ec2-all", "TM EC2-ALL", 2.6),
    cheaper!("tm-vc", "TM V/C", 5.7),
    cheaper!("tm-ss", "TM S/S", 18.7),
    cheaper!("ic-ec2-all", "IC EC2-ALL", 8.5),
    cheaper!("ic-vc", "IC V/C", 10.7),
    cheaper!("ic-ss", "IC S/S", 59.0),
];

macro_rules! communication {
    ($id:literal, $panel:literal, $paper:literal, $low:literal, $high:literal) => {
        (
            $panel,
            Statement {
                id: concat!("fig11.", $id),
                says: concat!(
                    "traffic is ",
                    $paper,
                    " of what Baseline costs (within ",
                    $low,
                    " to ",
                    $high,
                    "): ",
                    $panel
                ),
                source: "Figure 11",
                paper: Some($paper),
                expected: Expected::Within($low, $high),
                rests_on: RestsOn::PaperTimes,
            },
        )
    };
}

/// Ten points either way.
const COMMUNICATION: [(&str, Statement); 3] = [
    communication!("mf-communication", "MF EC2-ALL", 0.76, 0.66, 0.86),
    communication!("tm-communication", "TM EC2-ALL", 0.72, 0.62, 0.82),
    communication!("ic-communication", "IC EC2-ALL", 0.62, 0.52, 0.72),
];

/// The results of a panel, by its name.
pub(super) fn panels(results: &[CellResult]) -> Vec<(&str, Vec<Cell<'_>>)> {
    let same = |a: &CellResult, b: &CellResult| a.panel == b.panel;
    results.chunk_by(same).map(|panel| (panel[0].panel.as_str(), group(panel))).collect()
}

/// `("MF", "EC2-ALL")` of `MF EC2-ALL`.
pub(super) fn workload_and_network(panel: &str) -> (&str, &str) {
    panel.split_once(' ').unwrap_or(("", panel))
}

/// The figure's claims.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let context = Context::of(results);
    let panels = panels(results);
    let is_asked = |panel: &str| {
        let workload = workload_and_network(panel).0;
        workload != "IC" || panels.iter().any(|(name, _)| workload_and_network(name).0 == workload)
    };
    let cheaper = CHEAPER.iter().filter(|(panel, _)| is_asked(panel)).map(|(panel, statement)| {
        let measured = two(&panels, panel, BASELINE, GAIA).and_then(|(baseline, gaia)| {
            baseline.ratio(gaia, total).ok_or_else(|| Unmeasured::NotRun(format!("{panel}: something has no price")))
        });
        statement.judge(measured, &context)
    });
    let shares = COMMUNICATION.iter().filter(|(panel, _)| is_asked(panel)).map(|(panel, statement)| {
        let measured = two(&panels, panel, BASELINE, BASELINE).and_then(|(baseline, _)| {
            let share = |summary: &Summary| summary.cost.as_ref().map(|cost| cost.communication / cost.total);
            baseline.spread(share).ok_or_else(|| Unmeasured::NotRun(format!("{panel}: something has no price")))
        });
        statement.judge(measured, &context)
    });
    cheaper.chain(shares).collect()
}

/// Two cells of a panel that have both reached their target.
pub(super) fn two<'a, 'b>(
    panels: &'b [(&str, Vec<Cell<'a>>)],
    panel: &str,
    first: &str,
    second: &str,
) -> Result<(&'b Cell<'a>, &'b Cell<'a>), Unmeasured> {
    let cells = panels.iter().find(|(name, _)| *name == panel).map(|(_, cells)| cells);
    let cells = cells.ok_or_else(|| Unmeasured::NotRun(format!("{panel} has not run")))?;
    let find = |name: &str| {
        let cell = named(cells, name);
        let cell = cell.ok_or_else(|| Unmeasured::NotRun(format!("{name} of {panel} has not run")))?;
        cell.sound_target()?;
        if cell.all_reached() { Ok(cell) } else { Err(Unmeasured::NotReached(format!("{name}: {}", cell.outcome()))) }
    };
    Ok((find(first)?, find(second)?))
}

/// USD of a run.
pub(super) fn total(summary: &Summary) -> Option<f64> {
    summary.cost.as_ref().map(|cost| cost.total)
}

/// One row a cell of a panel.
///
/// # Errors
/// None with columns of equal length, which these are.
pub(super) fn table(results: &[CellResult]) -> PolarsResult<DataFrame> {
    let panels = panels(results);
    let rows: Vec<(&str, &Cell<'_>, Option<Spread>)> = panels
        .iter()
        .flat_map(|(panel, cells)| {
            let base = named(cells, BASELINE);
            compared(cells).into_iter().map(move |cell| (*panel, cell, base.and_then(|base| base.ratio(cell, total))))
        })
        .collect();
    let mean = |of: &dyn Fn(&Cost) -> f64| {
        let spread = |cell: &Cell<'_>| cell.spread(|summary| summary.cost.as_ref().map(of));
        rows.iter().map(|(_, cell, _)| spread(cell).map(|spread| spread.mean)).collect::<Vec<_>>()
    };
    let cheaper =
        |of: &dyn Fn(&Spread) -> f64| rows.iter().map(|(_, _, ratio)| ratio.as_ref().map(of)).collect::<Vec<_>>();
    df![
        "panel" => rows.iter().map(|(panel, _, _)| *panel).collect::<Vec<_>>(),
        "cell" => rows.iter().map(|(_, cell, _)| cell.name).collect::<Vec<_>>(),
        "system" => rows.iter().map(|(_, cell, _)| cell.runs[0].manifest.system.as_str()).collect::<Vec<_>>(),
        "seeds" => rows.iter().map(|(_, cell, _)| cell.runs.len() as u32).collect::<Vec<_>>(),
        "outcome" => rows.iter().map(|(_, cell, _)| cell.outcome()).collect::<Vec<_>>(),
        "seconds" => rows.iter().map(|(_, cell, _)| cell.least_seconds().map(|s| s.mean)).collect::<Vec<_>>(),
        "usd_machine_compute" => mean(&|cost| cost.machine_compute),
        "usd_machine_network" => mean(&|cost| cost.machine_network),
        "usd_communication" => mean(&|cost| cost.communication),
        "usd_total" => mean(&|cost| cost.total),
        "times_cheaper_than_baseline" => cheaper(&|ratio| ratio.mean),
        "times_cheaper_than_baseline_low" => cheaper(&|ratio| ratio.low),
        "times_cheaper_than_baseline_high" => cheaper(&|ratio| ratio.high),
    ]
}

/// A chart a workload, a group a network.
pub(super) fn charts(results: &[CellResult]) -> Vec<Chart> {
    let mut charts: Vec<Chart> = Vec::new();
    for (panel, cells) in panels(results) {
        let (workload, network) = workload_and_network(panel);
        let empty = chart(workload);
        let group = Group { name: network.to_owned(), bars: bars(&compared(&cells)) };
        match charts.iter_mut().find(|chart| chart.title == empty.title) {
            Some(chart) => chart.groups.push(group),
            None => charts.push(Chart { groups: vec![group], ..empty }),
        }
    }
    if charts.is_empty() { vec![chart("")] } else { charts }
}

fn chart(workload: &str) -> Chart {
    let title = if workload.is_empty() { "Cost to converge".into() } else { format!("{workload}: cost to converge") };
    let parts = vec!["machines, computing", "machines, network", "communication"];
    Chart { title, axis: "cost over Baseline's".into(), parts, line: None, groups: Vec::new() }
}

fn bars(cells: &[&Cell<'_>]) -> Vec<Bar> {
    let base = named_or_first(cells, BASELINE);
    let base_total = base.and_then(|base| base.spread(total)).map_or(f64::NAN, |spread| spread.mean);
    let part = |cell: &Cell<'_>, of: fn(&Cost) -> f64| {
        cell.spread(|summary| summary.cost.as_ref().map(of)).map_or(0.0, |spread| spread.mean / base_total)
    };
    let bar = |cell: &&Cell<'_>| {
        let usd = cell.spread(total);
        let ratio = base.filter(|base| base.name != cell.name).and_then(|base| base.ratio(cell, total));
        let label = match (&usd, ratio) {
            (None, _) => vec!["no price".to_owned()],
            (Some(_), Some(ratio)) if cell.all_reached() => vec![format!("{}x", significant(ratio.mean, 2))],
            (Some(_), _) if !cell.all_reached() => vec!["not".into(), "reached".into()],
            (Some(_), _) => vec![String::new()],
        };
        Bar {
            name: cell.name.to_owned(),
            remark: usd.map(|usd| dollars(usd.mean)).unwrap_or_default(),
            label,
            parts: vec![
                part(cell, |cost| cost.machine_compute),
                part(cell, |cost| cost.machine_network),
                part(cell, |cost| cost.communication),
            ],
            range: usd.filter(|usd| usd.n > 1).map(|usd| (usd.low / base_total, usd.high / base_total)),
            is_bound: !cell.all_reached(),
        }
    };
    cells.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Verdict;
    use record::results::testing::{Made, cell};

    fn panel(name: &str, baseline: [f64; 3], gaia: [f64; 3]) -> Vec<CellResult> {
        let made = |made: Made, cost| made.panel(name).cost(cost).done();
        vec![made(cell("Baseline"), baseline), made(cell("Gaia"), gaia)]
    }

    fn verdict(results: &[CellResult], id: &str) -> Verdict {
        claims(results).into_iter().find(|claim| claim.id == id).unwrap().verdict
    }

    #[test]
    fn costs_are_held_against_baselines_of_their_panel() {
        use Verdict::{Fails, Holds, NotComparable};
        let mut results = panel("MF EC2-ALL", [0.5, 1.9, 7.6], [0.5, 0.5, 2.0]);
        results.extend(panel("MF V/C", [1.0, 1.0, 3.0], [1.0, 0.5, 0.5]));
        assert_eq!(verdict(&results, "fig11.mf-ec2-all"), Holds);
        assert_eq!(verdict(&results, "fig11.mf-vc"), Fails, "5 over 2 is 2.5");
        assert_eq!(verdict(&results, "fig11.mf-ss"), NotComparable);
        assert_eq!(verdict(&results, "fig11.mf-communication"), Holds, "0.76");
        assert!(claims(&results).iter().all(|claim| !claim.id.contains("ic-")), "no IC without its panel");
        let measured = claims(&results)[0].measured.unwrap();
        assert!((measured - 10.0 / 3.0).abs() < 1e-12);
        results[1].summary.cost = None;
        assert_eq!(verdict(&results, "fig11.mf-ec2-all"), NotComparable);
    }

    #[test]
    fn charts_are_workloads_and_groups_are_networks() {
        let mut results = panel("MF EC2-ALL", [0.5, 1.9, 7.6], [0.5, 0.5, 1.5]);
        results.extend(panel("MF S/S", [1.0, 1.0, 3.0], [1.0, 0.5, 0.5]));
        results.extend(panel("TM S/S", [1.0, 1.0, 2.0], [1.0, 0.5, 0.5]));
        let charts = charts(&results);
        let shape: Vec<(usize, &str)> = charts.iter().map(|chart| (chart.groups.len(), chart.title.as_str())).collect();
        assert_eq!(shape, [(2, "MF: cost to converge"), (1, "TM: cost to converge")]);
        let gaia = &charts[0].groups[0].bars[1];
        assert_eq!(gaia.label, ["4.0x"]);
        assert!((gaia.parts.iter().sum::<f64>() - 0.25).abs() < 1e-12);
        assert_eq!(table(&results).unwrap().height(), 6);
    }
}
