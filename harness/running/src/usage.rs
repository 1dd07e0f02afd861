//! The billable usage of a run, from its clocks and its traffic.
//!
//! A machine is paid from the start to the end of the run. Of that time the part that its site's machines spent waiting for
//! the network is their share of `wire` and `barrier` in the clocks that are done; the rest is computing.

use std::collections::BTreeMap;

use planning::plan::Plan;
use record::results::{Breakdown, ClockRow, PairUsage, SiteUsage, TrafficRow, Usage};

pub(super) const SECONDS_AN_HOUR: f64 = 3600.0;

/// The usage of a run of `plan` that ended after `seconds`, when all machines had done `clocks` clocks.
pub(super) fn usage(plan: &Plan, seconds: f64, clocks: u32, rows: &[ClockRow], traffic: &[TrafficRow]) -> Usage {
    let is_alone = plan.profile.sites.len() == 1;
    let sites =
        plan.profile.sites.iter().zip(&plan.machines_per_site).enumerate().map(|(number, (site, &machines))| {
            let machine_hours = f64::from(machines) * seconds / SECONDS_AN_HOUR;
            let waited = waited_share(rows, (!is_alone).then_some(number as u32), clocks);
            let (compute_hours, network_hours) = (machine_hours * (1.0 - waited), machine_hours * waited);
            SiteUsage { site: site.name.clone(), region: site.region.clone(), compute_hours, network_hours }
        });
    Usage { sites: sites.collect(), traffic: between_sites(traffic) }
}

/// The share of the first `clocks` clocks that the machines of a site waited for the network; 0 without any. A site of `None` means the
/// machines of all rows.
fn waited_share(rows: &[ClockRow], site: Option<u32>, clocks: u32) -> f64 {
    let (mut waited, mut all) = (0.0, 0.0);
    for row in rows.iter().filter(|row| site.is_none_or(|site| row.site == site) && row.clock < clocks) {
        waited += network(&row.parts);
        all += row.parts.sum();
    }
    if all > 0.0 { waited / all } else { 0.0 }
}

/// Seconds of a clock that its machine waited for the network.
fn network(parts: &Breakdown) -> f64 {
    parts.wire + parts.barrier
}

/// Charged bytes from site to site, by name.
pub(super) fn between_sites(rows: &[TrafficRow]) -> Vec<PairUsage> {
    let mut pairs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.from_site != row.to_site) {
        *pairs.entry((&row.from_site, &row.to_site)).or_default() += row.bytes;
    }
    let pair = |((from, to), bytes): ((&str, &str), u64)| PairUsage { from: from.into(), to: to.into(), bytes };
    pairs.into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(clock: u32, site: u32, compute: f64, wire: f64) -> ClockRow {
        let parts = Breakdown { compute, wire, ..Breakdown::default() };
        ClockRow { clock, machine: site, site, started: 0.0, ended: compute + wire, parts, blocked: None }
    }

    fn traffic(from: &str, to: &str, class: &str, bytes: u64) -> TrafficRow {
        let (from_site, to_site, class) = (from.into(), to.into(), class.into());
        TrafficRow { from: 0, to: 1, from_site, to_site, class, messages: 1, bytes_actual: 1, bytes }
    }

    #[test]
    fn bytes_between_sites_are_summed_by_pair_and_none_is_lost() {
        let rows = [
            traffic("A", "B", "data", 5),
            traffic("A", "A", "data", 100),
            traffic("A", "B", "control", 7),
            traffic("B", "A", "data", 11),
        ];
        let pairs = between_sites(&rows);
        let pair = |from: &str, to: &str, bytes| PairUsage { from: from.into(), to: to.into(), bytes };
        assert_eq!(pairs, [pair("A", "B", 12), pair("B", "A", 11)]);
    }

    #[test]
    fn the_share_of_waiting_is_that_of_a_site_in_the_clocks_that_are_done() {
        let rows = [row(0, 0, 3.0, 1.0), row(1, 0, 3.0, 1.0), row(2, 0, 0.0, 100.0), row(0, 1, 1.0, 1.0)];
        let share = |site| waited_share(&rows, site, 2);
        assert_eq!([share(Some(0)), share(Some(1)), share(None)], [0.25, 0.5, 0.3]);
        assert_eq!(waited_share(&[], None, 2), 0.0);
    }
}
