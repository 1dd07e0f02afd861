//! The costs of the runs of a spec by its prices: `costs.json`, a paragraph for people, and the costs that figures read.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use record::results::{self, CellIndex, CellResult, Cost, SCHEMA};

/// The costs of the runs of a spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Costs {
    schema: u32,
    /// Of the price list; `None` when the spec was run without one.
    prices: Option<Prices>,
    /// In the spec's order.
    cells: Vec<CellCost>,
}

/// A price list in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Prices {
    name: String,
    title: String,
    source: String,
    date: String,
    notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct CellCost {
    panel: String,
    cell: String,
    seed: u64,
    cost: Option<Cost>,
    /// The reason why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    unpriced: Option<String>,
}

/// Prices `cells` by the pricing of `index`, and puts that into their summaries.
pub(super) fn price(index: &CellIndex, cells: &mut [CellResult]) -> Costs {
    let Some(pricing) = &index.pricing else { return Costs { schema: SCHEMA, ..Costs::default() } };
    let list = &pricing.list;
    let prices = Prices {
        name: list.name.clone(),
        title: list.title.clone(),
        source: list.source.clone(),
        date: list.date.clone(),
        notes: list.notes.clone(),
    };
    let priced = cells.iter_mut().map(|cell| {
        let cost = pricing.cost(&cell.summary.usage, &cell.manifest.machines.kind);
        cell.summary.cost = cost.as_ref().ok().cloned();
        CellCost {
            panel: cell.panel.clone(),
            cell: cell.cell.clone(),
            seed: cell.summary.seed,
            unpriced: cost.as_ref().err().map(ToString::to_string),
            cost: cost.ok(),
        }
    });
    Costs { schema: SCHEMA, prices: Some(prices), cells: priced.collect() }
}

impl Costs {
    /// The text of `costs.json`, with a newline at its end.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("costs have text keys and finite numbers");
        text.push('\n');
        text
    }

    /// The first cell without a price, and why.
    pub(super) fn unpriced(&self) -> Option<(String, String)> {
        let unpriced = |cell: &CellCost| Some((results::name_in_spec(&cell.panel, &cell.cell), cell.unpriced.clone()?));
        self.cells.iter().find_map(unpriced)
    }

    /// Lines for people: by which prices, what is filled, what has none.
    pub(super) fn lines(&self) -> Vec<String> {
        let Some(prices) = &self.prices else { return Vec::new() };
        let mut lines = Vec::new();
        let mut filled: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut instances: Vec<&str> = Vec::new();
        for cost in self.cells.iter().filter_map(|cell| cell.cost.as_ref()) {
            if !instances.contains(&cost.instance.as_str()) {
                instances.push(&cost.instance);
            }
            let regions = filled.entry(&cost.instance).or_default();
            let new: Vec<&str> = cost.filled().into_iter().filter(|region| !regions.contains(region)).collect();
            regions.extend(new);
        }
        if !instances.is_empty() {
            let instances = instances.join(", ");
            lines.push(format!("costs: {} ({}), machines as {instances}", prices.name, prices.title));
        }
        for (instance, regions) in filled.into_iter().filter(|(_, regions)| !regions.is_empty()) {
            let regions = regions.join(", ");
            lines.push(format!("filled from other regions: the price of {instance} in {regions}"));
        }
        let mut reasons: Vec<&str> = self.cells.iter().filter_map(|cell| cell.unpriced.as_deref()).collect();
        reasons.dedup();
        lines.extend(reasons.first().map(|reason| format!("no costs: {reason}")));
        lines
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
