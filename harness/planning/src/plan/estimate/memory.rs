//! The memory that a plan needs at its peak.
//!
//! [`Counts`] has the amounts of data; the number of copies that a run holds of each was measured on runs of matrix factorisation and topic
//! modelling of several sizes, ranks and systems (experiments/README.md, "What a run will take").

use datasets::images::load::Options;
use gaia_core::sync::config::{Between, Inside, MirrorClock, Rounds, Rule, Sites, System};
use gaia_core::workload::mf::config::Mf;
use gaia_core::workload::mf::rows::stride;

use super::super::{Data, Plan};
use super::counts::{Counts, counts, inside_of};
use crate::spec::Workload;

/// The program and its tables of results, in bytes; in a build with libtorch, its libraries too.
const PROGRAM_BYTES: f64 = if cfg!(feature = "torch") { 150e6 } else { 50e6 };
/// Bytes that libtorch allocates when it trains.
const LIBTORCH_BYTES: f64 = 110e6;
/// Bytes per rating of the data set, which cells share.
const RATING_BYTES: f64 = 12.0;
/// Bytes per rating in the workers' order, with what building it leaves in the allocator.
const ORDERED_RATING_BYTES: f64 = 14.0;
/// Bytes per pair of a document and a word, and tokens per pair.
const PAIR_BYTES: f64 = 8.0;
const TOKENS_PER_PAIR: f64 = 1.35;
/// Bytes per token in the workers' order, with its run of equal words and its initial topic.
const ORDERED_TOKEN_BYTES: f64 = 14.0;
/// Bytes per token of its current topic.
const TOPIC_BYTES: f64 = 2.0;
/// Copies of worker state: the worker's own and the recorder's.
const STATES: f64 = 2.0;
/// Copies of the rows that a worker reads: view, cache, changes, messages in flight. Matrix factorisation copies them once more to
/// compute.
const ROWS_OF_FACTORS: f64 = 3.6;
const ROWS: f64 = 2.8;
/// Additional copies of both per clock that workers may be apart.
const STATES_APART: f64 = 0.5;
const ROWS_OF_FACTORS_APART: f64 = 2.3;
const ROWS_APART: f64 = 1.2;
/// Clocks that workers are apart when nothing bounds it, and the most when the bound is wide.
const UNBOUND: f64 = 1.5;
const MOST_APART: f64 = 10.0;
/// Copies of the rows in Bösen's logs of unsent changes.
const LOGGED: f64 = 3.0;
/// Bytes per significant update and receiver: on average half of a clock's updates are in flight.
const IN_FLIGHT_BYTES: f64 = 4.0;
/// Bytes per parameter of a sparse update: index and value.
const ENTRY_BYTES: f64 = 8.0;
/// Copies of the model per parameter server: values, accumulated updates, messages.
const SERVED: f64 = 2.3;
/// More copies under an update rule that makes a step of the sum of the updates: the sum, and the velocity where it has one. Counted, not
/// measured.
const STEP: f64 = 1.0;
const VELOCITY: f64 = 1.0;
/// More copies where sites have rounds: what the round began with. Counted, not measured.
const SHARED: f64 = 1.0;
/// Bytes per float.
const FLOAT_BYTES: f64 = 4.0;

/// Memory at the peak of a run, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// What the program takes without a cell.
    pub program: f64,
    /// The data set, which cells share.
    pub data: f64,
    /// What the cell adds.
    pub cell: f64,
}

impl Memory {
    /// Program and data set, which are there once however many cells run.
    pub fn around(&self) -> f64 {
        self.program + self.data
    }

    /// What the cell needs when it runs alone.
    pub fn alone(&self) -> f64 {
        self.around() + self.cell
    }
}

/// The memory that `plan` needs.
pub fn memory(plan: &Plan) -> Memory {
    of_counts(plan, &counts(plan))
}

pub(super) fn of_counts(plan: &Plan, counts: &Counts) -> Memory {
    let size = plan.data.size();
    let examples = size.work as f64 + size.held_out as f64;
    match &plan.workload {
        Workload::Mf(mf) => {
            let rows = [ROWS_OF_FACTORS, ROWS_OF_FACTORS_APART];
            let cell = examples * ORDERED_RATING_BYTES + run(plan, counts, user_bytes(plan, mf), rows);
            Memory { program: PROGRAM_BYTES, data: examples * RATING_BYTES, cell }
        }
        Workload::Lda(_) => {
            let topics = examples * TOPIC_BYTES;
            let cell = examples * ORDERED_TOKEN_BYTES + run(plan, counts, topics, [ROWS, ROWS_APART]);
            Memory { program: PROGRAM_BYTES, data: examples / TOKENS_PER_PAIR * PAIR_BYTES, cell }
        }
        Workload::Ic(_) => {
            let momentum = counts.machines * counts.model * FLOAT_BYTES;
            let cell = run(plan, counts, momentum, [ROWS, ROWS_APART]);
            Memory { program: PROGRAM_BYTES + LIBTORCH_BYTES, data: pixel_bytes(&plan.data), cell }
        }
    }
}

/// Bytes of all users' padded rows, AdaGrad's sums of squares included.
fn user_bytes(plan: &Plan, mf: &Mf) -> f64 {
    let row = stride(mf.rank) as f64 * 4.0 * if mf.adagrad.is_some() { 2.0 } else { 1.0 };
    f64::from(plan.data.size().owners) * row
}

/// Bytes of worker state (`state` for one copy) and of everything that grows with the model; `rows`: copies of the rows, and additional ones
/// per clock that workers may be apart.
fn run(plan: &Plan, counts: &Counts, state: f64, [rows, rows_apart]: [f64; 2]) -> f64 {
    let apart = clocks_apart(&plan.system);
    let logs = if matches!(plan.system, System::Bosen(_)) { LOGGED } else { 0.0 };
    let read = counts.machines * counts.declared * FLOAT_BYTES;
    let served = counts.groups * counts.model * FLOAT_BYTES;
    // Significant counts of topics are few, and arrive at once.
    let in_flight = if merge(&plan.system).is_some() {
        // Every site's change waits for the others', as an index and a value of each parameter; receivers share it.
        counts.groups * counts.model * ENTRY_BYTES
    } else if matches!(plan.workload, Workload::Lda(_)) {
        0.0
    } else {
        counts.mirrored * IN_FLIGHT_BYTES
    };
    let servers = (SERVED + copies_of_rule(&plan.system)) * served;
    (STATES + apart * STATES_APART) * state + (rows + apart * rows_apart + logs) * read + servers + in_flight
}

/// Additional copies of the model per parameter server for its update rules: among its workers, and between sites.
fn copies_of_rule(system: &System) -> f64 {
    let of = |rule: Rule| rule.step(1).map_or(0.0, |step| STEP + if step.has_velocity() { VELOCITY } else { 0.0 });
    let inside = inside_of(system).map_or(0.0, |inside| of(inside.model().rule()));
    inside + merge(system).map_or(0.0, |rule| SHARED + of(rule))
}

/// The rule of rounds between sites, where there are any.
fn merge(system: &System) -> Option<Rule> {
    match system {
        System::Hierarchical(Sites { between: Between::Rounds(Rounds { rule, .. }), .. }) => Some(*rule),
        _ => None,
    }
}

/// Number of clocks that workers may be apart.
fn clocks_apart(system: &System) -> f64 {
    let inside = match (system, inside_of(system)) {
        (System::Bosen(bosen), _) => f64::from(bosen.slack),
        (_, Some(Inside::Ssp(ssp))) => f64::from(ssp.slack),
        (_, Some(Inside::Tap(_))) => UNBOUND,
        _ => 0.0,
    };
    let is_bound = system.sites().is_none_or(|sites| match sites.between {
        Between::Significant(significant) => significant.mirror_clock != MirrorClock::Off {},
        Between::Rounds(_) => true,
    });
    inside.min(MOST_APART) + if is_bound { 0.0 } else { UNBOUND }
}

/// Bytes of images in memory: generated ones are made when they are read.
fn pixel_bytes(data: &Data) -> f64 {
    match data {
        Data::ImageFile { shape, train, test, .. } => {
            let whole = (f64::from(*train) + f64::from(*test)) * shape.bytes() as f64;
            whole.min(Options::default().memory_bytes as f64)
        }
        _ => 0.0,
    }
}
