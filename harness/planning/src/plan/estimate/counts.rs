//! The amount of work and data in a plan, independent of the host.

use emulator::profile::Profile;
use gaia_core::sync::config::{Between, Encoding, Inside, Rounds, Significant, System, ThresholdSchedule, Ways};

use crate::plan::check::exchanges_every;
use crate::plan::overlay::overlay;
use crate::plan::whole::{Links, Plan};
use crate::workload::kind::{Amounts, FLOAT_BYTES, PLAIN_BYTES};

/// Amounts of a plan. Unless stated otherwise, an amount is per clock and summed over all machines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Counts {
    /// The number of machines.
    pub(super) machines: f64,
    /// Number of groups of machines that have a parameter server of their own: 1, or the number of sites.
    pub(super) groups: f64,
    /// Units of work and parameters of the model.
    pub(super) amounts: Amounts,
    /// Number of times that a worker reads and updates these rows.
    pub(super) exchanges: f64,
    /// Bytes that one machine reads from the servers of others at an exchange, before similitude; it sends as many.
    pub(super) exchanged: f64,
    /// Floats that the significance filters scan.
    pub(super) filtered: f64,
    /// Significant updates sent between sites, counted once per receiver.
    pub(super) mirrored: f64,
    /// Chunks that cross links, a message counting as at least one; none on fluid links.
    pub(super) chunks: f64,
    /// Messages between machines, a worker's own shard included.
    pub(super) messages: f64,
}

/// Bytes of an update between sites, index included; floats, at a density of about 1 %.
fn update_bytes(encoding: Encoding) -> f64 {
    match encoding {
        Encoding::Plain => PLAIN_BYTES,
        Encoding::Packed | Encoding::Dense => 5.5,
        Encoding::Smallest | Encoding::Rice => 5.2,
        Encoding::Bf16 => 3.2,
        Encoding::Int8 => 2.1,
    }
}

/// Counts the work and data of `plan`.
pub(super) fn counts(plan: &Plan) -> Counts {
    let problem = plan.problem();
    let machines = f64::from(plan.machine_count()).max(1.0);
    let sites = plan.system.sites();
    let groups = if sites.is_some() { plan.machines_per_site.len() as f64 } else { 1.0 };
    let amounts = problem.amounts();
    let exchanges = exchanges(&plan.system);
    let mut counts = Counts {
        machines,
        groups,
        amounts,
        exchanges,
        exchanged: 0.0,
        filtered: 0.0,
        mirrored: 0.0,
        chunks: 0.0,
        messages: 0.0,
    };
    // The shard on a worker's own machine is read without a link.
    let afar = 1.0 - groups / machines;
    let inside = 2.0 * machines * amounts.declared * counts.exchanges;
    let changed = problem.changed_share(&amounts, machines);
    let bytes_per_float = problem.message_bytes(plan.encoding.inside, changed);
    counts.exchanged = amounts.declared * afar * bytes_per_float;
    let mut charged = inside * afar * bytes_per_float;
    let per_group = machines / groups;
    // A request, the rows, an update.
    counts.messages = 3.0 * machines * per_group * counts.exchanges;
    if let Some(between) = sites.map(|sites| sites.between) {
        // Of a model's parameters what goes to a receiver at an exchange, and exchanges per clock.
        let (share, exchanges) = match &between {
            Between::Significant(significant) => {
                (problem.significant_share(threshold(significant), problem.changed_share(&amounts, groups)), 1.0)
            }
            Between::Rounds(Rounds { every, .. }) => (1.0, 1.0 / f64::from((*every).max(1))),
        };
        let ways = ways(&between.model().ways(), &plan.profile);
        let ways = Outgoing { receivers: ways.receivers * exchanges, filters: ways.filters * exchanges };
        counts.filtered = amounts.model * ways.filters;
        counts.mirrored = amounts.model * share * ways.receivers;
        let bytes = update_bytes(plan.encoding.between);
        charged += (counts.mirrored * bytes).min(amounts.model * ways.receivers * FLOAT_BYTES);
        counts.messages += ways.receivers * per_group;
    }
    if plan.links == Links::Chunks {
        counts.chunks = charged * plan.similitude.sigma_bytes / plan.chunk.as_bytes() as f64 + counts.messages;
    }
    counts
}

/// The threshold of the significance filter; a falling one is taken in the middle of a run.
fn threshold(significant: &Significant) -> f64 {
    let falls = significant.significance.schedule != ThresholdSchedule::Constant;
    significant.significance.threshold / if falls { 8.0 } else { 1.0 }
}

/// The model among the workers of a site, or of all. `None` means that changes are sent all the time.
pub(super) fn inside_of(system: &System) -> Option<Inside> {
    match system {
        System::Global(inside) => Some(*inside),
        System::Centralized(central) => Some(central.inside),
        System::Gaia(gaia) => Some(gaia.inside),
        System::GaiaAsync(gaia) => Some(gaia.inside),
        System::Hierarchical(sites) => Some(sites.inside),
        System::Bosen(_) => None,
    }
}

/// Number of exchanges with the server per clock.
fn exchanges(system: &System) -> f64 {
    inside_of(system).map_or(1.0, |inside| 1.0 / f64::from(exchanges_every(inside)))
}

/// Ways of significant updates.
struct Outgoing {
    /// Receivers of a site's updates summed over all sites, relayed updates included.
    receivers: f64,
    /// Runs of significance filters.
    filters: f64,
}

fn ways(ways: &Ways, profile: &Profile) -> Outgoing {
    let sites = profile.sites.len();
    let Ok(overlay) = overlay(ways, profile) else { return Outgoing { receivers: 0.0, filters: 0.0 } };
    let sides: Vec<_> = (0..sites).flat_map(|site| overlay.sides(site, sites)).collect();
    let receivers: usize = sides.iter().map(|side| side.to.len() * side.of.len()).sum();
    Outgoing { receivers: receivers as f64, filters: sides.len() as f64 }
}
