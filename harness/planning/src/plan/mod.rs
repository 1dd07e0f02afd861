//! A plan: one cell with one seed, resolved and checked. Everything that determines the result, and nothing else.
//!
//! [`Experiment::resolve`] makes the plans of a spec, or reports every error of meaning at once by field path. A plan's
//! [`hash`](Plan::hash) names its folder in the results: equal plans leave equal files, so a finished one is reused.
//! Names (of spec, panel, cell), number of threads, output folder and paths of this host are no part of a plan.

mod assumptions;
mod central;
mod check;
mod cluster;
mod data;
mod estimate;
mod expectations;
mod feasible;
pub mod fits;
mod fitting;
mod links;
mod numbers;
pub mod overlay;
mod panels;
mod plots;
mod pricing;
mod resolve;
mod show;
mod whatif;
mod whole;

pub use assumptions::assumptions_text;
pub use central::AUTO;
pub use check::{Diagnostic, Diagnostics};
pub use data::{DataError, Loader, read_any};
pub use estimate::{Estimate, Memory, estimate, memory};
pub use fitting::unit;
pub use numbers::{TOLERANCE, differs, numbers, numbers_text};
pub use resolve::Registries;
pub use show::{axes_text, shared, system_in_words, table, target_text};
pub use whole::{Experiment, Links, Plan, Planned, Role, SCHEMA, TARGET};

pub use crate::sources::{SOURCES, commit, dirty};
pub use crate::workload::list::{Data, DataSet, DataSource, Kind};
