//! Figure 3: what a WAN costs training systems that know nothing of it. IterStore and Bösen, under BSP and SSP, on LAN and
//! three wide-area networks; one panel per system, and each system's own LAN is 1.

use super::family::around;
use super::measure::Measures;
use crate::claims::{Claim, Expected, RestsOn, Statement};
use record::results::CellResult;

/// The question that the figure answers.
pub(super) const QUESTION: &str = "how much longer does a training system take over a WAN than on its own LAN?";

const SAME_TARGET: &str = "fig3.same-target";

/// A network, which is a cell of every panel.
struct NetworkCell {
    /// The name of the cell in its panel.
    cell: &'static str,
    /// The last part of claims' ids.
    id: &'static str,
}

const NETWORKS: [NetworkCell; 3] = [
    NetworkCell { cell: "EC2-ALL", id: "ec2-all" },
    NetworkCell { cell: "V/C", id: "va-ca" },
    NetworkCell { cell: "S/S", id: "sg-sp" },
];

/// A training system, which is a panel.
struct TrainingSystem {
    /// The name of the panel in the spec.
    panel: &'static str,
    /// The middle of claims' ids.
    id: &'static str,
    /// The paper's slowdowns over LAN, in the order of [`NETWORKS`] (Figure 3).
    slowdowns: [f64; 3],
}

const SYSTEMS: [TrainingSystem; 4] = [
    TrainingSystem { panel: "IterStore, BSP", id: "iterstore-bsp", slowdowns: [3.7, 3.5, 23.8] },
    TrainingSystem { panel: "Bösen, BSP", id: "bosen-bsp", slowdowns: [5.9, 4.4, 24.2] },
    TrainingSystem { panel: "IterStore, SSP", id: "iterstore-ssp", slowdowns: [2.7, 2.3, 13.7] },
    TrainingSystem { panel: "Bösen, SSP", id: "bosen-ssp", slowdowns: [4.9, 4.3, 26.8] },
];

/// The names of all its claims.
pub(super) fn claim_names() -> Vec<String> {
    let of_system = |system: TrainingSystem| NETWORKS.map(|network| id(system.id, network.id));
    SYSTEMS.into_iter().flat_map(of_system).chain([SAME_TARGET.to_owned()]).collect()
}

fn id(system: &str, network: &str) -> String {
    format!("fig3.{system}.{network}")
}

/// One claim per system and network.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let measures = Measures::of(results);
    let mut claims = Vec::new();
    for TrainingSystem { panel, id: system_id, slowdowns } in SYSTEMS {
        let measures = measures.panel(panel);
        let context = measures.context();
        for (NetworkCell { cell, id: network_id }, paper) in NETWORKS.into_iter().zip(slowdowns) {
            let (low, high) = around(paper);
            let statement = Statement {
                id: &id(system_id, network_id),
                says: &format!("{panel}: {cell} takes {paper} times as long as LAN (within {low} to {high})"),
                source: "Figure 3",
                paper: Some(paper),
                expected: Expected::Within(low, high),
                rests_on: RestsOn::PaperTimes,
            };
            claims.push(statement.judge(measures.time_ratio(cell, "LAN"), &context));
        }
    }
    claims.extend(measures.same_target(SAME_TARGET, &measures.context()));
    claims
}
