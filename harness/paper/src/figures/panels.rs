//! The panels of a spec with their cells, by what they learn and on which network: for figures of costs.

use record::numbers::Spread;
use record::results::{CellResult, Cost, Summary};

use super::cells::{Cell, compared, group, named};
use crate::claims::{Context, Unmeasured};
use crate::plans::{self, Application};

/// A panel of a spec with the facts about it from its plans.
pub(super) struct PanelCells<'a> {
    /// As the spec names it: `MF EC2-ALL`.
    pub(super) name: &'a str,
    /// The application that its first compared cell learns; `None` without a plan that can be read, or if the paper does not have it.
    pub(super) application: Option<Application>,
    /// The same in a word, whether the paper has it or not; empty without a plan that can be read.
    pub(super) learns: &'static str,
    /// That cell's network, as the paper names it; the panel's name without a plan that can be read.
    pub(super) network: String,
    /// In the spec's order, the one that sets the target included.
    pub(super) cells: Vec<Cell<'a>>,
}

/// A part of what a run costs.
pub(super) struct CostPart {
    /// Its name in legends.
    pub(super) name: &'static str,
    /// Its USD among those of a whole cost.
    pub(super) usd: fn(&Cost) -> f64,
}

/// The parts of a cost, from below.
pub(super) const COST_PARTS: [CostPart; 3] = [
    CostPart { name: "machines, computing", usd: |cost| cost.machine_compute },
    CostPart { name: "machines, network", usd: |cost| cost.machine_network },
    CostPart { name: "communication", usd: |cost| cost.communication },
];

/// The panels of `results`, in the spec's order.
pub(super) fn panels(results: &[CellResult]) -> Vec<PanelCells<'_>> {
    results.chunk_by(|a, b| a.panel == b.panel).map(PanelCells::of).collect()
}

/// Two cells of a panel that have both reached their target.
pub(super) struct Pair<'a, 'b> {
    pub(super) first: &'b Cell<'a>,
    pub(super) second: &'b Cell<'a>,
}

impl<'a> PanelCells<'a> {
    /// `results` are of one panel, at least one.
    fn of(results: &'a [CellResult]) -> Self {
        let name = results[0].panel.as_str();
        let cells = group(results);
        let first = compared(&cells).first().copied().or(cells.first());
        let plan = first.and_then(|cell| plans::of(cell.runs[0]));
        let application = plan.as_ref().and_then(plans::application);
        let learns = plan.as_ref().map_or("", plans::learns);
        let network = plan.as_ref().map_or(name, plans::network).to_owned();
        PanelCells { name, application, learns, network, cells }
    }
}

/// Whether `panels` have, or would have, a panel of this application: those of image classification are left out by some builds.
pub(super) fn is_asked(panels: &[PanelCells<'_>], application: Application) -> bool {
    application != Application::Ic || panels.iter().any(|panel| panel.application == Some(application))
}

/// The inputs of the cells of the panel of this name.
pub(super) fn context(panels: &[PanelCells<'_>], panel: &str) -> Context {
    let cells = panels.iter().filter(|known| known.name == panel).flat_map(|known| &known.cells);
    Context::of(cells.flat_map(|cell| cell.runs.iter().copied()))
}

/// The cells `first` and `second` of the panel of this name.
///
/// # Errors
/// [`Unmeasured`] when the panel or a cell has not run, or has not reached a sound target.
pub(super) fn pair<'a, 'b>(
    panels: &'b [PanelCells<'a>],
    panel: &str,
    first: &str,
    second: &str,
) -> Result<Pair<'a, 'b>, Unmeasured> {
    let cells = panels.iter().find(|known| known.name == panel).map(|known| &known.cells);
    let cells = cells.ok_or_else(|| Unmeasured::NotRun(format!("{panel} has not run")))?;
    let find = |name: &str| {
        let cell = named(cells, name);
        let cell = cell.ok_or_else(|| Unmeasured::NotRun(format!("{name} of {panel} has not run")))?;
        cell.sound_target()?;
        if cell.all_reached() { Ok(cell) } else { Err(Unmeasured::NotReached(format!("{name}: {}", cell.outcome()))) }
    };
    Ok(Pair { first: find(first)?, second: find(second)? })
}

/// USD of a run; `None` without prices.
pub(super) fn total(summary: &Summary) -> Option<f64> {
    summary.cost.as_ref().map(|cost| cost.total)
}

/// A part of what a cell costs, over seeds.
pub(super) fn part(cell: &Cell<'_>, usd: fn(&Cost) -> f64) -> Option<Spread> {
    cell.spread(|summary| summary.cost.as_ref().map(usd))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::testing::{images, plan, planned, regression, topics};
    use record::results::testing::cell;

    #[test]
    fn panels_are_known_by_the_plan_of_a_compared_cell_and_not_by_their_names() {
        let system = "{global: {bsp: {}}}";
        let (wan, lan) = (topics(plan("sg-sp", 1, system)), topics(plan("lan", 1, system)));
        let results = [
            planned(cell("Target").panel("any name").sets_target().done(), &lan),
            planned(cell("Gaia").panel("any name").done(), &wan),
            planned(cell("Gaia").panel("other").done(), &regression(plan("va-ca", 1, system))),
            cell("Gaia").panel("MF V/C").done(),
        ];
        let known: Vec<_> = panels(&results).into_iter().map(|panel| (panel.learns, panel.network)).collect();
        assert_eq!(known, [("TM", "S/S".to_owned()), ("lr", "V/C".to_owned()), ("", "MF V/C".to_owned())]);
    }

    #[test]
    fn images_are_asked_for_where_a_panel_learns_them() {
        let networks = [planned(cell("Gaia").done(), &images(plan("va-ca", 1, "{global: {bsp: {}}}")))];
        assert!(is_asked(&[], Application::Mf) && !is_asked(&[], Application::Ic));
        assert!(is_asked(&panels(&networks), Application::Ic));
    }
}
