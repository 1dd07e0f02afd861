//! Figure 11: what convergence costs, over Baseline's cost, in three parts: machines computing, machines waiting for the
//! network, traffic that leaves regions.
//!
//! A panel of the spec is an application on a network; claims find it by its name, `MF EC2-ALL`. Its cells `Baseline` and `Gaia` are
//! compared.

use polars::prelude::{DataFrame, PolarsResult, df};
use record::numbers::{Spread, significant};

use super::canvas::Canvas;
use super::cells::{BASELINE, Cell, compared, named, named_or_first};
use super::charts::{self, Bar, BarGroup, Chart, Range, dollars};
use super::form::FigureForm;
use super::panels::{COST_PARTS, PanelCells, context, is_asked, pair, panels, part, total};
use crate::claims::{Claim, Expected, RestsOn, Statement, Unmeasured};
use crate::plans::Application::{self, Ic, Mf, Tm};
use record::results::{CellResult, Cost, Summary};

/// The question that the figure answers.
pub(super) const QUESTION: &str = "what does it cost to converge, and what is paid for?";

const GAIA: &str = "Gaia";
/// The least that the paper's costs differ by, over all workloads and networks.
const LEAST: f64 = 2.6;

/// The claim on a panel.
struct Said {
    application: Application,
    /// The name of the application's panel in the spec.
    panel: &'static str,
    statement: Statement<'static>,
}

macro_rules! cheaper {
    ($id:literal, $application:ident, $panel:literal, $paper:literal) => {
        Said {
            application: $application,
            panel: $panel,
            statement: Statement {
                id: concat!("fig11.", $id),
                says: concat!("Gaia costs at least 2.6 times less than Baseline to converge: ", $panel),
                source: "Figure 11",
                paper: Some($paper),
                expected: Expected::AtLeast(LEAST),
                rests_on: RestsOn::PaperTimes,
            },
        }
    };
}

/// By panel; those of a workload that the spec has not are left out.
const CHEAPER: [Said; 9] = [
    cheaper!("mf-ec2-all", Mf, "MF EC2-ALL", 4.2),
    cheaper!("mf-vc", Mf, "MF V/C", 6.0),
    cheaper!("mf-ss", Mf, "MF S/S", 28.5),
    cheaper!("tm-ec2-all", Tm, "TM EC2-ALL", 2.6),
    cheaper!("tm-vc", Tm, "TM V/C", 5.7),
    cheaper!("tm-ss", Tm, "TM S/S", 18.7),
    cheaper!("ic-ec2-all", Ic, "IC EC2-ALL", 8.5),
    cheaper!("ic-vc", Ic, "IC V/C", 10.7),
    cheaper!("ic-ss", Ic, "IC S/S", 59.0),
];

macro_rules! communication {
    ($id:literal, $application:ident, $panel:literal, $paper:literal, $low:literal, $high:literal) => {
        Said {
            application: $application,
            panel: $panel,
            statement: Statement {
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
        }
    };
}

/// Ten points either way.
const COMMUNICATION: [Said; 3] = [
    communication!("mf-communication", Mf, "MF EC2-ALL", 0.76, 0.66, 0.86),
    communication!("tm-communication", Tm, "TM EC2-ALL", 0.72, 0.62, 0.82),
    communication!("ic-communication", Ic, "IC EC2-ALL", 0.62, 0.52, 0.72),
];

/// The names of all its claims.
pub(super) fn claim_names() -> Vec<String> {
    CHEAPER.iter().chain(&COMMUNICATION).map(|said| said.statement.id.to_owned()).collect()
}

/// A claim per application and network on Gaia's cost, and one per application on the share of traffic in Baseline's.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let panels = panels(results);
    let unpriced = |panel: &str| Unmeasured::NotRun(format!("{panel}: something has no price"));
    let asked = |said: &&Said| is_asked(&panels, said.application);
    let cheaper = CHEAPER.iter().filter(asked).map(|Said { panel, statement, .. }| {
        let measured = pair(&panels, panel, BASELINE, GAIA)
            .and_then(|cells| cells.first.ratio(cells.second, total).ok_or_else(|| unpriced(panel)));
        statement.judge(measured, &context(&panels, panel))
    });
    let shares = COMMUNICATION.iter().filter(asked).map(|Said { panel, statement, .. }| {
        let share = |summary: &Summary| summary.cost.as_ref().map(|cost| cost.communication / cost.total);
        let measured = pair(&panels, panel, BASELINE, BASELINE)
            .and_then(|cells| cells.first.spread(share).ok_or_else(|| unpriced(panel)));
        statement.judge(measured, &context(&panels, panel))
    });
    cheaper.chain(shares).collect()
}

/// The form: a chart per application, a group per network.
#[derive(Debug)]
pub(super) struct CostBars;

impl FigureForm for CostBars {
    fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        table(results)
    }

    fn draw(&self, results: &[CellResult]) -> Canvas {
        charts::page(&charts(results))
    }
}

/// A cell of a panel, and how many times cheaper it is than Baseline.
struct Row<'a, 'b> {
    panel: &'a str,
    cell: &'b Cell<'a>,
    cheaper: Option<Spread>,
}

/// One row per cell of a panel.
fn table(results: &[CellResult]) -> PolarsResult<DataFrame> {
    let panels = panels(results);
    let rows: Vec<Row<'_, '_>> = panels.iter().flat_map(rows).collect();
    let mean = |usd: fn(&Cost) -> f64| {
        rows.iter().map(|row| part(row.cell, usd).map(|spread| spread.mean)).collect::<Vec<_>>()
    };
    let cheaper = |of: fn(&Spread) -> f64| rows.iter().map(|row| row.cheaper.as_ref().map(of)).collect::<Vec<_>>();
    df![
        "panel" => rows.iter().map(|row| row.panel).collect::<Vec<_>>(),
        "cell" => rows.iter().map(|row| row.cell.name).collect::<Vec<_>>(),
        "system" => rows.iter().map(|row| row.cell.runs[0].manifest.system.as_str()).collect::<Vec<_>>(),
        "seeds" => rows.iter().map(|row| row.cell.runs.len() as u32).collect::<Vec<_>>(),
        "outcome" => rows.iter().map(|row| row.cell.outcome()).collect::<Vec<_>>(),
        "seconds" => rows.iter().map(|row| row.cell.least_seconds().map(|s| s.mean)).collect::<Vec<_>>(),
        "usd_machine_compute" => mean(|cost| cost.machine_compute),
        "usd_machine_network" => mean(|cost| cost.machine_network),
        "usd_communication" => mean(|cost| cost.communication),
        "usd_total" => mean(|cost| cost.total),
        "times_cheaper_than_baseline" => cheaper(|ratio| ratio.mean),
        "times_cheaper_than_baseline_low" => cheaper(|ratio| ratio.low),
        "times_cheaper_than_baseline_high" => cheaper(|ratio| ratio.high),
    ]
}

fn rows<'a, 'b>(panel: &'b PanelCells<'a>) -> Vec<Row<'a, 'b>> {
    let base = named(&panel.cells, BASELINE);
    let row = |cell| Row { panel: panel.name, cell, cheaper: base.and_then(|base| base.ratio(cell, total)) };
    compared(&panel.cells).into_iter().map(row).collect()
}

fn charts(results: &[CellResult]) -> Vec<Chart> {
    let mut charts: Vec<Chart> = Vec::new();
    for panel in panels(results) {
        let empty = chart(panel.learns);
        let group = BarGroup { name: panel.network, bars: bars(&compared(&panel.cells)) };
        match charts.iter_mut().find(|chart| chart.title == empty.title) {
            Some(chart) => chart.groups.push(group),
            None => charts.push(Chart { groups: vec![group], ..empty }),
        }
    }
    if charts.is_empty() { vec![chart("")] } else { charts }
}

fn chart(learns: &str) -> Chart {
    let title = if learns.is_empty() { "Cost to converge".into() } else { format!("{learns}: cost to converge") };
    let parts = COST_PARTS.map(|part| part.name).into();
    Chart { title, axis: "cost over Baseline's".into(), parts, line: None, groups: Vec::new() }
}

fn bars(cells: &[&Cell<'_>]) -> Vec<Bar> {
    let base = named_or_first(cells, BASELINE);
    let base_total = base.and_then(|base| base.spread(total)).map_or(f64::NAN, |spread| spread.mean);
    let over_base =
        |cell: &Cell<'_>, usd: fn(&Cost) -> f64| part(cell, usd).map_or(0.0, |spread| spread.mean / base_total);
    let bar = |cell: &&Cell<'_>| {
        let usd = cell.spread(total);
        // The bar that is 1 has no label: it would be 1.0x in every group.
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
            parts: COST_PARTS.map(|part| over_base(cell, part.usd)).into(),
            range: usd
                .filter(|usd| usd.n > 1)
                .map(|usd| Range { low: usd.low / base_total, high: usd.high / base_total }),
            is_bound: !cell.all_reached(),
        }
    };
    cells.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Verdict;
    use crate::plans::testing::{plan, planned, topics};
    use record::results::testing::{Made, cell};

    /// Baseline and Gaia on the network of this profile; topics are learnt where the panel's name has them.
    fn panel(name: &str, profile: &str, baseline: [f64; 3], gaia: [f64; 3]) -> Vec<CellResult> {
        let plan = plan(profile, 1, "{global: {bsp: {}}}");
        let plan = if name.starts_with("TM") { topics(plan) } else { plan };
        let made = |made: Made, cost| planned(made.panel(name).cost(cost).done(), &plan);
        vec![made(cell("Baseline"), baseline), made(cell("Gaia"), gaia)]
    }

    fn verdict(results: &[CellResult], id: &str) -> Verdict {
        claims(results).into_iter().find(|claim| claim.id == id).unwrap().verdict
    }

    #[test]
    fn costs_are_compared_with_baselines_of_their_panel() {
        use Verdict::{Fails, Holds, NotComparable};
        let mut results = panel("MF EC2-ALL", "ec2-all", [0.5, 1.9, 7.6], [0.5, 0.5, 2.0]);
        results.extend(panel("MF V/C", "va-ca", [1.0, 1.0, 3.0], [1.0, 0.5, 0.5]));
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
    fn charts_are_applications_and_groups_are_networks() {
        let mut results = panel("MF EC2-ALL", "ec2-all", [0.5, 1.9, 7.6], [0.5, 0.5, 1.5]);
        results.extend(panel("MF S/S", "sg-sp", [1.0, 1.0, 3.0], [1.0, 0.5, 0.5]));
        results.extend(panel("TM S/S", "sg-sp", [1.0, 1.0, 2.0], [1.0, 0.5, 0.5]));
        let charts = charts(&results);
        let shape: Vec<(usize, &str)> = charts.iter().map(|chart| (chart.groups.len(), chart.title.as_str())).collect();
        assert_eq!(shape, [(2, "MF: cost to converge"), (1, "TM: cost to converge")]);
        let networks: Vec<&str> = charts[0].groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(networks, ["EC2-ALL", "S/S"]);
        let gaia = &charts[0].groups[0].bars[1];
        assert_eq!(gaia.label, ["4.0x"]);
        assert!((gaia.parts.iter().sum::<f64>() - 0.25).abs() < 1e-12);
        assert_eq!(table(&results).unwrap().height(), 6);
    }
}
