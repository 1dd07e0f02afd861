//! Figure 3: what a WAN costs training systems that know nothing of it. IterStore and Bösen, under BSP and SSP, on LAN and
//! three wide-area networks; a panel a system, and each system's own LAN is 1.

use super::family::around;
use super::measure::Measures;
use crate::claims::{Claim, Context, Expected, RestsOn, Statement};
use record::results::CellResult;

/// What the figure asks.
pub(super) const QUESTION: &str = "how much longer does a training system take over a WAN than on its own LAN?";

/// The networks, as cells are called.
const NETWORKS: [(&str, &str); 3] = [("EC2-ALL", "ec2-all"), ("V/C", "va-ca"), ("S/S", "sg-sp")];

/// Panels, their part of claims' ids, and the paper's slowdowns in the order of [`NETWORKS`] (Figure 3).
const SYSTEMS: [(&str, &str, [f64; 3]); 4] = [
    ("IterStore, BSP", "iterstore-bsp", [3.7, 3.5, 23.8]),
    ("Bösen, BSP", "bosen-bsp", [5.9, 4.4, 24.2]),
    ("IterStore, SSP", "iterstore-ssp", [2.7, 2.3, 13.7]),
    ("Bösen, SSP", "bosen-ssp", [4.9, 4.3, 26.8]),
];

/// A claim a system and network.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let context = Context::of(results);
    let measures = Measures::of(results);
    let mut claims = Vec::new();
    for (system, system_id, slowdowns) in SYSTEMS {
        let measures = measures.panel(system);
        for ((network, network_id), paper) in NETWORKS.into_iter().zip(slowdowns) {
            let (low, high) = around(paper);
            let statement = Statement {
                id: &format!("fig3.{system_id}.{network_id}"),
                says: &format!("{system}: {network} takes {paper} times as long as LAN (within {low} to {high})"),
                source: "Figure 3",
                paper: Some(paper),
                expected: Expected::Within(low, high),
                rests_on: RestsOn::PaperTimes,
            };
            claims.push(statement.judge(measures.time_ratio(network, "LAN"), &context));
        }
    }
    claims.extend(measures.same_target("fig3.same-target", &context));
    claims
}
