//! The table of times to convergence: what the bars, the curves and the claims of most figures stand on.

use polars::prelude::{Column, DataFrame, PolarsResult, df};
use record::numbers::Spread;

use super::cells::{Cell, by_panel, compared, group, named_or_first};
use record::results::{CellResult, Measured, Summary};

/// One row per cell, with times over those of the cell called `reference` in each panel. `_low` and `_high` run over seeds.
///
/// # Errors
/// None with columns of equal length, which these are.
pub(super) fn table_over(results: &[CellResult], reference: &str) -> PolarsResult<DataFrame> {
    let cells = group(results);
    let compared = compared(&cells);
    let panels = by_panel(&compared);
    let base = |cell: &Cell<'_>| {
        let of = panels.iter().find(|of| of.panel == cell.panel)?;
        named_or_first(&of.cells, reference)
    };
    let text = |of: &dyn Fn(&Cell<'_>) -> String| cells.iter().map(of).collect::<Vec<String>>();
    let mean = |of: &dyn Fn(&Cell<'_>) -> Option<Spread>| {
        cells.iter().map(|cell| of(cell).map(|spread| spread.mean)).collect::<Vec<_>>()
    };
    let low = |of: &dyn Fn(&Cell<'_>) -> Option<Spread>| {
        cells.iter().map(|cell| of(cell).map(|spread| spread.low)).collect::<Vec<_>>()
    };
    let high = |of: &dyn Fn(&Cell<'_>) -> Option<Spread>| {
        cells.iter().map(|cell| of(cell).map(|spread| spread.high)).collect::<Vec<_>>()
    };
    let seconds = |cell: &Cell<'_>| cell.seconds_to_target();
    let normalised = |cell: &Cell<'_>| base(cell).and_then(|base| cell.time_over(base));
    let speedup = |cell: &Cell<'_>| normalised(cell).map(|spread| spread.inverse());
    let mut table = df![
        "cell" => text(&|cell| cell.name.to_owned()),
        "system" => text(&|cell| cell.runs[0].manifest.system.clone()),
        "network" => text(&|cell| cell.runs[0].manifest.profile.clone()),
        "seeds" => cells.iter().map(|cell| cell.runs.len() as u32).collect::<Vec<_>>(),
        "outcome" => text(&|cell| cell.outcome()),
        "seconds_to_target" => mean(&seconds),
        "seconds_to_target_low" => low(&seconds),
        "seconds_to_target_high" => high(&seconds),
        "normalised_time" => mean(&normalised),
        "normalised_time_low" => low(&normalised),
        "normalised_time_high" => high(&normalised),
        "speedup" => mean(&speedup),
        "speedup_low" => low(&speedup),
        "speedup_high" => high(&speedup),
        "clocks" => mean(&|cell| cell.spread(|s| Some(f64::from(s.clocks_to_target.unwrap_or(s.clocks))))),
        "seconds_per_clock" => mean(&|cell| cell.spread(|s| Some(s.seconds / f64::from(s.clocks.max(1))))),
        "wan_gb_per_clock" => mean(&|cell| cell.spread(|s| Some(s.wan_bytes_per_clock / 1e9))),
        "wan_mb_per_clock_actual" =>
            mean(&|cell| cell.spread(|s| Some(s.wan_bytes_actual as f64 / 1e6 / f64::from(s.clocks.max(1))))),
        "insignificant_percent" => mean(&|cell| cell.spread(|s| s.insignificant.map(|share| share * 100.0))),
        "touched_percent" => mean(&|cell| cell.spread(|s| s.held.map(|held| held.touched * 100.0))),
        "final_objective" => mean(&|cell| cell.spread(|s| Some(s.last_objective))),
    ]?;
    if panels.iter().any(|of| !of.panel.is_empty()) {
        table.insert_column(0, Column::new("panel".into(), text(&|cell| cell.panel.to_owned())))?;
    }
    let mut add = |name: &str, of: &dyn Fn(&Summary) -> Option<f64>| {
        table.with_column(Column::new(name.into(), mean(&|cell| cell.spread(of)))).map(drop)
    };
    // The metrics of the results' workloads, in the order in which they come.
    let mut metrics: Vec<&Measured> = Vec::new();
    for metric in results.iter().flat_map(|result| &result.summary.metrics) {
        if metrics.iter().all(|known| known.name != metric.name) {
            metrics.push(metric);
        }
    }
    for metric in metrics {
        add(&metric.column(), &|s| s.metrics.iter().find(|own| own.name == metric.name)?.in_column())?;
    }
    if results.iter().any(|result| result.summary.held.is_some()) {
        add("held_amount_percent", &|s| s.held.map(|held| held.of_amount * 100.0))?;
    }
    if results.iter().any(|result| result.summary.cost.is_some()) {
        add("usd_machine_compute", &|s| s.cost.as_ref().map(|cost| cost.machine_compute))?;
        add("usd_machine_network", &|s| s.cost.as_ref().map(|cost| cost.machine_network))?;
        add("usd_communication", &|s| s.cost.as_ref().map(|cost| cost.communication))?;
        add("usd_total", &|s| s.cost.as_ref().map(|cost| cost.total))?;
    }
    Ok(table)
}
