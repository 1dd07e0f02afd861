//! Workloads as specs, plans, runs and tables know them: one folder per workload, and their [`list`].
//!
//! [`kind::WorkloadKind`] is what a folder implements; docs/your-own-workload.md goes through one.

pub mod data;
pub mod device;
mod enums;
pub mod estimated;
mod ic;
pub mod kind;
mod lda;
pub mod list;
mod lr;
mod mf;
pub mod problem;
mod sgd;
mod shares;
pub mod split;

use datasets::field::FieldError;
use gaia_core::rates::Similitude;

use self::kind::{Number, Size};

/// The least of a machine's rates, in their units: below it, a clock outlasts a run.
pub const MIN_RATE: f64 = 1e-6;

/// Machines in the paper (section 5.1). The paper does not define a clock: taken as a pass over a worker's data.
const PAPER_MACHINES: u32 = 22;

/// The error of a setting as gaia-core returns it, in words.
fn out_of_bounds(field: &'static str, found: f64, expected: &str) -> FieldError {
    FieldError { field, says: format!("{found}: expected {expected}") }
}

/// Units of work of one machine's clock.
fn units_of_clock(size: Size, machines: u32, clocks_per_pass: u32) -> u64 {
    size.work / u64::from(machines.max(1)) / u64::from(clocks_per_pass.max(1))
}

/// As many bytes per entry as a published data set of `of` entries has.
fn proportional(bytes: u64, entries: u64, of: u64) -> u64 {
    (u128::from(bytes) * u128::from(entries) / u128::from(of)) as u64
}

/// As links and machines are charged. The factors of similitude are made of these quotients, so the two are equal; a plan with
/// factors by hand stands for nothing and has no numbers. `here`, `there`: parameters per unit of work.
fn bytes_to_work(similitude: Similitude, here: f64, there: f64) -> Number {
    let charged = similitude.sigma_bytes / similitude.sigma_work;
    Number { description: "charged bytes per unit of work, over the paper's", here: here * charged / there, there: 1.0 }
}
