//! How much there is to do in a clock of a plan, and to hold: numbers of things, whatever the host.

use std::collections::BTreeMap;
use std::sync::Mutex;

use datasets::{bow, ratings};
use emulator::profile::Profile;
use gaia_core::sync::config::{Encoding, Gaia, Inside, Schedule, System};
use gaia_core::workload::lda::config::Reads;

use super::super::overlay::overlay;
use super::super::{Data, Plan, Role};
use crate::spec::Workload;

/// Of all machines together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// Machines.
    pub(super) machines: f64,
    /// Groups of machines with a parameter server each.
    pub(super) groups: f64,
    /// What a clock learns from: ratings, tokens, or images.
    pub(super) learnt: f64,
    /// What a clock is judged by, likewise: by the workers, and on one copy.
    pub(super) judged: f64,
    /// Floats of all parameters.
    pub(super) model: f64,
    /// Floats of the rows that workers read, of each machine.
    pub(super) declared: f64,
    /// How often a clock reads and updates them.
    pub(super) exchanges: f64,
    /// Floats that servers of sites look through in a clock for significant updates.
    pub(super) filtered: f64,
    /// Significant updates that are sent to servers of other sites in a clock, each as often as it is sent.
    pub(super) mirrored: f64,
    /// Pieces of messages that cross links in a clock.
    pub(super) chunks: f64,
    /// Messages of a clock.
    pub(super) messages: f64,
}

/// A packed update between sites, with its share of the index, in bytes.
const PACKED_BYTES: f64 = 5.5;
/// An update with an index of 8 bytes.
const PLAIN_BYTES: f64 = 12.0;
/// Bytes of a parameter.
const FLOAT_BYTES: f64 = 4.0;
/// Of a token's draws, how many change its topic; each changes two counts.
const REDRAWN: f64 = 0.3;

/// Of `plan`.
pub(super) fn counts(plan: &Plan) -> Counts {
    let size = plan.data.size();
    let machines = f64::from(plan.machine_count()).max(1.0);
    let clocks_per_pass = f64::from(plan.workload.clocks_per_pass().max(1));
    let gaia = plan.system.between_sites();
    let groups = if gaia.is_some() { plan.machines_per_site.len() as f64 } else { 1.0 };
    let mut counts = Counts { machines, groups, ..Counts::default() };
    match &plan.workload {
        Workload::Ic(ic) => {
            let each = (f64::from(size.owners) / machines) as usize;
            let measure = ic.evaluation;
            let test = f64::from(measure.test_images).min(size.held_out as f64 / machines);
            let judged = f64::from(measure.train_images.min(each as u32)) + test;
            counts.learnt = machines * f64::from(ic.steps_per_clock(each) * ic.batch);
            counts.judged = 2.0 * machines * judged * evaluations(plan, measure.every_clocks);
            counts.model = plan.data.network(ic).map_or(0.0, |network| network.floats() as f64);
            counts.declared = counts.model;
        }
        workload => {
            counts.learnt = size.work as f64 / clocks_per_pass;
            counts.judged = 2.0 * (size.work + size.held_out) as f64;
            counts.model = f64::from(size.rows) * f64::from(workload.width());
            counts.declared = counts.model * read_share(plan);
        }
    }
    counts.exchanges = exchanges(&plan.system);
    // Of a group's rows, a machine has its own part without a link.
    let afar = 1.0 - groups / machines;
    let inside = 2.0 * machines * counts.declared * counts.exchanges;
    let mut charged = inside * afar * inside_bytes(plan, &counts);
    let per_group = machines / groups;
    counts.messages = 2.0 * machines * per_group * counts.exchanges;
    if let Some(gaia) = gaia {
        let share = significant_share(plan, &gaia, &counts);
        let (receivers, sides) = ways(&gaia, &plan.profile);
        counts.filtered = counts.model * sides;
        counts.mirrored = counts.model * share * receivers;
        let bytes = if plan.encoding.between == Encoding::Plain { PLAIN_BYTES } else { PACKED_BYTES };
        charged += (counts.mirrored * bytes).min(counts.model * receivers * FLOAT_BYTES);
        counts.messages += receivers * per_group;
    }
    counts.chunks = charged * plan.similitude.sigma_bytes / plan.chunk.as_bytes() as f64 + counts.messages;
    counts
}

/// Of a clock, where there is one every so many, at the start and at the end.
fn evaluations(plan: &Plan, every: u32) -> f64 {
    match plan.role {
        Role::RunsClocks { clocks } => f64::from(1 + clocks.div_ceil(every)) / f64::from(clocks.max(1)),
        _ => 1.0 / f64::from(every),
    }
}

/// Users and rows up to which popularity is gone through one by one: more than Netflix and NYTimes have.
const MOST_LISTED: u64 = 1_000_000;
/// The seed of the data that shares are taken of: they hardly differ from seed to seed.
const SEED: u64 = 1;

/// The share of all rows that a worker reads.
fn read_share(plan: &Plan) -> f64 {
    let (size, machines) = (plan.data.size(), plan.machine_count().max(1));
    if matches!(plan.workload, Workload::Lda(lda) if lda.reads == Reads::AllWords) {
        return 1.0;
    }
    if u64::from(size.owners) + u64::from(size.rows) > MOST_LISTED {
        // As if all were equally popular: never less than it is.
        let drawn = (size.work + size.held_out) as f64 / f64::from(machines) / f64::from(size.rows.max(1));
        return 1.0 - (-drawn).exp();
    }
    match (&plan.workload, &plan.data) {
        (Workload::Mf(_), Data::Generated { config }) => share_of_items(*config, machines),
        // As if they were spread as those of Netflix.
        (Workload::Mf(_), _) => {
            let (users, items) = (Some(size.owners), Some(size.rows));
            let ratings = Some(size.work + size.held_out);
            share_of_items(ratings::config::Generated { users, items, ratings, ..Default::default() }, machines)
        }
        (Workload::Lda(_), Data::GeneratedCorpus { config }) => share_of_words(*config, machines),
        (Workload::Lda(_), _) => {
            let (documents, words, tokens) = (Some(size.owners), Some(size.rows), Some(size.work));
            share_of_words(bow::config::Generated { documents, words, tokens, ..Default::default() }, machines)
        }
        (Workload::Ic(_), _) => 1.0,
    }
}

fn share_of_items(config: ratings::config::Generated, machines: u32) -> f64 {
    let whole = ratings::config::Generated { held_out: 0.0, ..config };
    remembered(format!("{whole:?} {machines}"), || ratings::generate::touched_share(&whole, SEED, machines, 1))
}

fn share_of_words(config: bow::config::Generated, machines: u32) -> f64 {
    remembered(format!("{config:?} {machines}"), || bow::generate::touched_share(&config, SEED, machines, 1))
}

/// Worked out once: the cells of a spec learn from the same.
fn remembered(key: String, share: impl FnOnce() -> f64) -> f64 {
    static SHARES: Mutex<BTreeMap<String, f64>> = Mutex::new(BTreeMap::new());
    if let Some(&share) = SHARES.lock().expect("no holder panics").get(&key) {
        return share;
    }
    let share = share();
    SHARES.lock().expect("no holder panics").insert(key, share);
    share
}

/// The model among the workers of a site, or of all; none where changes are sent all the time.
pub(super) fn inside_of(system: &System) -> Option<Inside> {
    match system {
        System::Global(inside) => Some(*inside),
        System::Centralized(central) => Some(central.inside),
        System::Gaia(gaia) => Some(gaia.inside),
        System::GaiaAsync(gaia) => Some(gaia.inside),
        System::Bosen(_) => None,
    }
}

/// How often in a clock.
fn exchanges(system: &System) -> f64 {
    match inside_of(system) {
        Some(Inside::LocalSteps(local)) => 1.0 / f64::from(local.every.max(1)),
        _ => 1.0,
    }
}

/// Bytes of a parameter between a worker and its servers, before similitude.
fn inside_bytes(plan: &Plan, counts: &Counts) -> f64 {
    match (&plan.workload, plan.encoding.inside) {
        // Counts are small whole numbers, most of them 0: half of the messages are updates, which are sparser still.
        (Workload::Lda(_), Encoding::Packed) => {
            let changed = (2.0 * REDRAWN * counts.learnt / counts.machines / counts.model.max(1.0)).min(1.0);
            0.5 * (changed * 2.0 + 0.5)
        }
        (Workload::Lda(_), Encoding::Plain) => {
            let changed = (2.0 * REDRAWN * counts.learnt / counts.machines / counts.model.max(1.0)).min(1.0);
            0.5 * ((changed * PLAIN_BYTES).min(FLOAT_BYTES) + FLOAT_BYTES)
        }
        _ => FLOAT_BYTES,
    }
}

/// Of the parameters of a site, the share that has a significant update in a clock: as Figure 5 was measured here with the paper's
/// workloads.
fn significant_share(plan: &Plan, gaia: &Gaia, counts: &Counts) -> f64 {
    let falls = gaia.significance.schedule != Schedule::Constant;
    // In the middle of a run, if it falls.
    let threshold = gaia.significance.threshold / if falls { 8.0 } else { 1.0 };
    match &plan.workload {
        Workload::Mf(_) => between(&MF_SHARES, threshold),
        Workload::Ic(_) => between(&IC_SHARES, threshold),
        Workload::Lda(_) => (2.0 * REDRAWN * counts.learnt / counts.groups / counts.model.max(1.0)).min(1.0),
    }
}

/// Threshold, and share of significant updates.
type Shares = [(f64, f64); 7];
const MF_SHARES: Shares =
    [(0.0001, 0.71), (0.0005, 0.41), (0.001, 0.30), (0.005, 0.105), (0.01, 0.061), (0.05, 0.014), (0.1, 0.007)];
const IC_SHARES: Shares =
    [(0.0001, 0.43), (0.0005, 0.15), (0.001, 0.087), (0.005, 0.022), (0.01, 0.012), (0.05, 0.0027), (0.1, 0.0013)];

/// On straight lines of the logarithms, and flat beyond.
fn between(shares: &Shares, threshold: f64) -> f64 {
    if threshold <= 0.0 {
        return 1.0;
    }
    let after = shares.partition_point(|&(there, _)| there < threshold).clamp(1, shares.len() - 1);
    let ((low, many), (high, few)) = (shares[after - 1], shares[after]);
    let place = ((threshold / low).ln() / (high / low).ln()).clamp(0.0, 1.0);
    many * (few / many).powf(place)
}

/// How often all sites together send a site's updates on, and how many times filters run.
fn ways(gaia: &Gaia, profile: &Profile) -> (f64, f64) {
    let sites = profile.sites.len();
    let Ok(overlay) = overlay(&gaia.overlay, profile) else { return (0.0, 0.0) };
    let sides: Vec<_> = (0..sites).flat_map(|site| overlay.sides(site, sites)).collect();
    let receivers: usize = sides.iter().map(|side| side.to.len() * side.of.len()).sum();
    (receivers as f64, sides.len() as f64)
}
