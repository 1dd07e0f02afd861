//! The amount of work and data in a plan, independent of the host.

use std::collections::BTreeMap;
use std::sync::Mutex;

use datasets::{bow, ratings};
use emulator::profile::Profile;
use gaia_core::sync::config::{Between, Encoding, Inside, Rounds, Schedule, Significant, System, Ways};
use gaia_core::workload::lda::config::Reads;

use super::super::overlay::overlay;
use super::super::{Data, Plan, Role};
use crate::spec::Workload;

/// Amounts of a plan. Unless a field says otherwise, an amount is per clock and summed over all machines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// Number of machines.
    pub(super) machines: f64,
    /// Number of groups of machines that have a parameter server of their own: 1, or the number of sites.
    pub(super) groups: f64,
    /// Training examples processed: ratings, tokens or images.
    pub(super) learnt: f64,
    /// Examples that the objective is evaluated on, by the workers and on one copy of the model.
    pub(super) judged: f64,
    /// Floats of the whole model (not per clock).
    pub(super) model: f64,
    /// Floats of the rows that one machine reads.
    pub(super) declared: f64,
    /// Number of times that a worker reads and updates these rows.
    pub(super) exchanges: f64,
    /// Floats that the significance filters scan.
    pub(super) filtered: f64,
    /// Significant updates sent between sites, counted once per receiver.
    pub(super) mirrored: f64,
    /// Chunks that cross links, a message counting as at least one.
    pub(super) chunks: f64,
    /// Messages between machines, a worker's own shard included.
    pub(super) messages: f64,
}

/// Bytes of a packed update between sites, index included.
const PACKED_BYTES: f64 = 5.5;
/// Bytes of a plain update: an 8-byte index and a 4-byte value.
const PLAIN_BYTES: f64 = 12.0;
/// Bytes of a parameter.
const FLOAT_BYTES: f64 = 4.0;
/// Share of tokens whose topic changes when it is drawn again; each change alters two counts.
const REDRAWN: f64 = 0.3;

/// Counts the work and data of `plan`.
pub(super) fn counts(plan: &Plan) -> Counts {
    let size = plan.data.size();
    let machines = f64::from(plan.machine_count()).max(1.0);
    let clocks_per_pass = f64::from(plan.workload.clocks_per_pass().max(1));
    let sites = plan.system.sites();
    let groups = if sites.is_some() { plan.machines_per_site.len() as f64 } else { 1.0 };
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
    // The shard on a worker's own machine is read without a link.
    let afar = 1.0 - groups / machines;
    let inside = 2.0 * machines * counts.declared * counts.exchanges;
    let mut charged = inside * afar * inside_bytes(plan, &counts);
    let per_group = machines / groups;
    // A request, the rows, an update.
    counts.messages = 3.0 * machines * per_group * counts.exchanges;
    if let Some(between) = sites.map(|sites| sites.between) {
        // Of a model's parameters what goes to a receiver at an exchange, and exchanges per clock.
        let (share, exchanges) = match &between {
            Between::Significant(significant) => (significant_share(plan, significant, &counts), 1.0),
            Between::Rounds(Rounds { every, .. }) => (1.0, 1.0 / f64::from((*every).max(1))),
        };
        let (receivers, sides) = ways(&between.model().ways(), &plan.profile);
        let (receivers, sides) = (receivers * exchanges, sides * exchanges);
        counts.filtered = counts.model * sides;
        counts.mirrored = counts.model * share * receivers;
        let bytes = if plan.encoding.between == Encoding::Plain { PLAIN_BYTES } else { PACKED_BYTES };
        charged += (counts.mirrored * bytes).min(counts.model * receivers * FLOAT_BYTES);
        counts.messages += receivers * per_group;
    }
    counts.chunks = charged * plan.similitude.sigma_bytes / plan.chunk.as_bytes() as f64 + counts.messages;
    counts
}

/// Evaluations per clock, with one every `every` clocks, one at the start and one at the end.
fn evaluations(plan: &Plan, every: u32) -> f64 {
    match plan.role {
        Role::RunsClocks { clocks } => f64::from(1 + clocks.div_ceil(every)) / f64::from(clocks.max(1)),
        _ => 1.0 / f64::from(every),
    }
}

/// Above this number of users and rows the share of rows is approximated: more than Netflix and NYTimes have.
const MOST_LISTED: u64 = 1_000_000;
/// Seed of the generated data that shares of rows are computed from; they hardly depend on it.
const SEED: u64 = 1;

/// The share of all rows that a worker reads.
fn read_share(plan: &Plan) -> f64 {
    let (size, machines) = (plan.data.size(), plan.machine_count().max(1));
    if matches!(plan.workload, Workload::Lda(lda) if lda.reads == Reads::AllWords) {
        return 1.0;
    }
    if u64::from(size.owners) + u64::from(size.rows) > MOST_LISTED {
        // As if all rows were equally popular, which is an upper bound.
        let drawn = (size.work + size.held_out) as f64 / f64::from(machines) / f64::from(size.rows.max(1));
        return 1.0 - (-drawn).exp();
    }
    match (&plan.workload, &plan.data) {
        (Workload::Mf(_), Data::Generated { config }) => share_of_items(*config, machines),
        // As if popularity were distributed as in Netflix.
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

/// Computes a share once per process: the cells of a spec learn from the same data.
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
        System::Hierarchical(sites) => Some(sites.inside),
        System::Bosen(_) => None,
    }
}

/// Number of exchanges with the server per clock.
fn exchanges(system: &System) -> f64 {
    match inside_of(system) {
        Some(Inside::LocalSteps(local)) => 1.0 / f64::from(local.every.max(1)),
        _ => 1.0,
    }
}

/// Mean bytes per parameter of a message between a worker and its servers, before similitude.
fn inside_bytes(plan: &Plan, counts: &Counts) -> f64 {
    // Half of the messages are updates, half are rows; counts are small whole numbers, most of them 0.
    let changed = changed_counts(counts, counts.machines);
    match (&plan.workload, plan.encoding.inside) {
        (Workload::Lda(_), Encoding::Packed) => 0.5 * (changed * 2.0 + 0.5),
        (Workload::Lda(_), Encoding::Plain) => 0.5 * ((changed * PLAIN_BYTES).min(FLOAT_BYTES) + FLOAT_BYTES),
        _ => FLOAT_BYTES,
    }
}

/// Share of the counts of topics that one of `learners` changes in a clock.
fn changed_counts(counts: &Counts, learners: f64) -> f64 {
    (2.0 * REDRAWN * counts.learnt / learners / counts.model.max(1.0)).min(1.0)
}

/// Share of a site's parameters that have a significant update in a clock, as measured for Figure 5 (`results/reference/fig5`).
fn significant_share(plan: &Plan, significant: &Significant, counts: &Counts) -> f64 {
    let falls = significant.significance.schedule != Schedule::Constant;
    // A falling threshold is taken in the middle of a run.
    let threshold = significant.significance.threshold / if falls { 8.0 } else { 1.0 };
    match &plan.workload {
        Workload::Mf(_) => between(&MF_SHARES, threshold),
        Workload::Ic(_) => between(&IC_SHARES, threshold),
        Workload::Lda(_) => changed_counts(counts, counts.groups),
    }
}

/// Pairs of a threshold and the share of significant updates.
type Shares = [(f64, f64); 7];
const MF_SHARES: Shares =
    [(0.0001, 0.71), (0.0005, 0.41), (0.001, 0.30), (0.005, 0.105), (0.01, 0.061), (0.05, 0.014), (0.1, 0.007)];
const IC_SHARES: Shares =
    [(0.0001, 0.43), (0.0005, 0.15), (0.001, 0.087), (0.005, 0.022), (0.01, 0.012), (0.05, 0.0027), (0.1, 0.0013)];

/// Interpolates linearly in the logarithms; constant outside the table.
fn between(shares: &Shares, threshold: f64) -> f64 {
    if threshold <= 0.0 {
        return 1.0;
    }
    let after = shares.partition_point(|&(there, _)| there < threshold).clamp(1, shares.len() - 1);
    let ((low, many), (high, few)) = (shares[after - 1], shares[after]);
    let place = ((threshold / low).ln() / (high / low).ln()).clamp(0.0, 1.0);
    many * (few / many).powf(place)
}

/// Number of receivers of a site's updates summed over all sites, relayed updates included, and number of filters.
fn ways(ways: &Ways, profile: &Profile) -> (f64, f64) {
    let sites = profile.sites.len();
    let Ok(overlay) = overlay(ways, profile) else { return (0.0, 0.0) };
    let sides: Vec<_> = (0..sites).flat_map(|site| overlay.sides(site, sites)).collect();
    let receivers: usize = sides.iter().map(|side| side.to.len() * side.of.len()).sum();
    (receivers as f64, sides.len() as f64)
}
