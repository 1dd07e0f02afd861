//! What a plan will ask of this host: for `experiments plan`, before anything runs. Right within a factor of a few.
//!
//! The number of passes to the target is not known beforehand and taken as [`PASSES`]. Rates are those of one core of
//! a small cloud machine (a Xeon with AVX2); a faster host takes less.

use gaia_core::sync::config::System;

use super::{Data, Plan};
use crate::spec::Workload;

/// Passes over the data until the target, as a guess: the defaults of matrix factorisation take 100 to 150.
const PASSES: f64 = 120.0;
/// Rating updates times rank a second on one core: 45 M updates at rank 32, half of what AVX-512 was measured to do.
const UPDATE_RANKS_PER_SECOND: f64 = 1.44e9;
/// Bytes of parameters that one core serves: reads, encodes, decodes and applies.
const SERVED_BYTES_PER_SECOND: f64 = 1.0e9;
/// Chunks that one core moves over links.
const CHUNKS_PER_SECOND: f64 = 5.0e6;
/// Bytes that stay whatever the plan is: the program and its tables of results.
const PROGRAM_BYTES: f64 = 64e6;
/// A rating in memory, in the data set and in its worker's order of work.
const RATING_BYTES: f64 = 2.0 * 12.0;
/// Copies of the model on a machine: cached rows, work, updates, messages under way.
const COPIES_A_MACHINE: f64 = 4.0;
/// Copies of the model in a group of servers: values, accumulated updates.
const COPIES_A_GROUP: f64 = 2.0;

/// What a plan will ask of this host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Of one core.
    pub wall_seconds: f64,
    /// At the peak.
    pub memory_bytes: f64,
}

/// What `plan` will ask of this host.
pub fn estimate(plan: &Plan) -> Estimate {
    let Workload::Mf(mf) = &plan.workload;
    let size = plan.data.size();
    let machines = f64::from(plan.machine_count());
    let groups = match plan.system {
        System::Global(_) => 1.0,
        System::Gaia(_) => plan.machines_per_site.len() as f64,
    };
    let rank = f64::from(mf.rank);
    let model_bytes = f64::from(size.items) * rank * 4.0;
    let clocks = (PASSES * f64::from(mf.clocks_per_pass)).min(f64::from(plan.cap.clocks));

    // Each machine reads the model and sends an update to it; each group sends its updates to the others.
    let served_bytes = model_bytes * (2.0 * machines + groups * (groups - 1.0));
    // A pass learns from the ratings, and judges by them.
    let update_ranks = 2.0 * size.train as f64 * rank / f64::from(mf.clocks_per_pass);
    let chunks = served_bytes * plan.similitude.sigma_bytes / plan.chunk.as_bytes() as f64;
    let clock_seconds =
        update_ranks / UPDATE_RANKS_PER_SECOND + served_bytes / SERVED_BYTES_PER_SECOND + chunks / CHUNKS_PER_SECOND;

    let user_bytes = f64::from(size.users) * rank * 4.0 * if mf.adagrad.is_some() { 2.0 } else { 1.0 };
    let rating_bytes = (size.train + size.held_out) as f64 * RATING_BYTES;
    let copies = COPIES_A_MACHINE * machines + COPIES_A_GROUP * groups;
    Estimate {
        wall_seconds: clocks * clock_seconds,
        memory_bytes: PROGRAM_BYTES + rating_bytes + user_bytes + model_bytes * copies,
    }
}

/// Numbers of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) users: u32,
    pub(super) items: u32,
    /// Entries to learn from; for generated data the expected number.
    pub(super) train: u64,
    pub(super) held_out: u64,
}

impl Data {
    pub(super) fn size(&self) -> Size {
        match self {
            Data::Generated { config } => {
                let shape = config.shape();
                let held_out = (shape.ratings as f64 * config.held_out).round() as u64;
                Size { users: shape.users, items: shape.items, train: shape.ratings - held_out, held_out }
            }
            Data::File { users, items, train, held_out, .. } => {
                Size { users: *users, items: *items, train: *train, held_out: *held_out }
            }
        }
    }
}
