//! What a plan holds in memory at its peak.
//!
//! What there is of everything follows from the plan ([`Counts`]); in how many copies it is there at the peak was measured, on runs of
//! matrix factorisation and topic modelling of several sizes, ranks and systems (experiments/README.md, "What a run will take").

use datasets::images::load::Options;
use gaia_core::sync::config::{Inside, MirrorClock, System};
use gaia_core::workload::mf::config::Mf;
use gaia_core::workload::mf::rows::stride;

use super::super::{Data, Plan};
use super::counts::{Counts, counts, inside_of};
use crate::spec::Workload;

/// The program and its tables of results; with libtorch, that too.
const PROGRAM_BYTES: f64 = if cfg!(feature = "torch") { 150e6 } else { 50e6 };
/// What libtorch takes when it is used.
const LIBTORCH_BYTES: f64 = 110e6;
/// A rating as it is loaded; and in its worker's order of work, with what is left of bringing it there.
const RATING_BYTES: (f64, f64) = (12.0, 14.0);
/// A pair of a document and a word that it has, and how many tokens there are of one.
const PAIR_BYTES: f64 = 8.0;
const TOKENS_A_PAIR: f64 = 1.35;
/// A token in its worker's order of work, with where its word's run begins, and at the start of the run.
const TOKEN_BYTES: f64 = 14.0;
/// A token's topic.
const TOPIC_BYTES: f64 = 2.0;
/// Copies of what stays with workers: theirs, and what the run's record has until all machines have told theirs.
const STATES: f64 = 2.0;
/// Copies of the rows that a worker reads: in its view, in its cache, changed, in messages under way; factors are copied once
/// more while they are learnt.
const ROWS_OF_FACTORS: f64 = 3.6;
const ROWS: f64 = 2.8;
/// More of both for every clock that workers may be apart.
const STATES_APART: f64 = 0.5;
const ROWS_OF_FACTORS_APART: f64 = 2.3;
const ROWS_APART: f64 = 1.2;
/// Clocks that they are apart where nothing bounds it, and the most that they are where a bound is wide: machines of one kind keep
/// together.
const UNBOUND: f64 = 1.5;
const MOST_APART: f64 = 10.0;
/// Copies of the rows in logs of changes that are sent all the time.
const LOGGED: f64 = 3.0;
/// Of a significant update with its place, for each server that gets it: those of half a clock are under way.
const UNDER_WAY_BYTES: f64 = 4.0;
/// Copies of the model in a site's servers: values, accumulated updates, and some of both in messages.
const SERVED: f64 = 2.3;

/// Bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// The program.
    pub program: f64,
    /// The data set, which cells share.
    pub data: f64,
    /// The cell itself.
    pub cell: f64,
}

impl Memory {
    /// What is there however many cells run.
    pub fn around(&self) -> f64 {
        self.program + self.data
    }

    /// What it takes to run nothing else.
    pub fn alone(&self) -> f64 {
        self.around() + self.cell
    }
}

/// What `plan` holds.
pub fn memory(plan: &Plan) -> Memory {
    let (counts, size) = (counts(plan), plan.data.size());
    let data = size.work as f64 + size.held_out as f64;
    match &plan.workload {
        Workload::Mf(mf) => {
            let state = user_bytes(plan, mf);
            let cell = data * RATING_BYTES.1 + run(plan, &counts, state, [ROWS_OF_FACTORS, ROWS_OF_FACTORS_APART]);
            Memory { program: PROGRAM_BYTES, data: data * RATING_BYTES.0, cell }
        }
        Workload::Lda(_) => {
            let cell = data * TOKEN_BYTES + run(plan, &counts, data * TOPIC_BYTES, [ROWS, ROWS_APART]);
            Memory { program: PROGRAM_BYTES, data: data / TOKENS_A_PAIR * PAIR_BYTES, cell }
        }
        Workload::Ic(_) => {
            // Momentum, of all parameters.
            let state = counts.machines * counts.model * 4.0;
            let cell = run(plan, &counts, state, [ROWS, ROWS_APART]);
            Memory { program: PROGRAM_BYTES + LIBTORCH_BYTES, data: pixel_bytes(&plan.data), cell }
        }
    }
}

/// Of all users' rows, padded, with what AdaGrad remembers of each entry.
pub(super) fn user_bytes(plan: &Plan, mf: &Mf) -> f64 {
    let row = stride(mf.rank) as f64 * 4.0 * if mf.adagrad.is_some() { 2.0 } else { 1.0 };
    f64::from(plan.data.size().owners) * row
}

/// What grows with the model: `state` stays with workers, `rows` are the copies of the rows that they read, together and apart.
fn run(plan: &Plan, counts: &Counts, state: f64, rows: [f64; 2]) -> f64 {
    let read = counts.machines * counts.declared * 4.0;
    let apart = apart(&plan.system);
    let (states, rows) = (STATES + apart * STATES_APART, rows[0] + apart * rows[1]);
    let sites = if plan.system.between_sites().is_some() { counts.groups * SERVED } else { SERVED };
    // Significant counts are few, and soon there.
    let under_way = if matches!(plan.workload, Workload::Lda(_)) { 0.0 } else { counts.mirrored * UNDER_WAY_BYTES };
    let logs = if matches!(plan.system, System::Bosen(_)) { LOGGED } else { 0.0 };
    states * state + (rows + logs) * read + sites * counts.model * 4.0 + under_way
}

/// How many clocks workers may be apart, as far as it is bound; more where it is not.
fn apart(system: &System) -> f64 {
    let inside = match (inside_of(system), system) {
        (Some(Inside::Ssp(ssp)), _) => f64::from(ssp.slack),
        (Some(Inside::Tap(_)), _) => UNBOUND,
        (Some(_), _) => 0.0,
        (None, System::Bosen(bosen)) => f64::from(bosen.slack),
        (None, _) => 0.0,
    };
    let unbound = system.between_sites().is_some_and(|gaia| matches!(gaia.mirror_clock, MirrorClock::Off {}));
    inside.min(MOST_APART) + if unbound { UNBOUND } else { 0.0 }
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
