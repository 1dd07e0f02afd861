//! The binary `experiments`: the command line on top of the rooms of the harness.
//!
//! [`record`] (results) <- [`planning`] (spec, plan) <- [`running`] (runs), and [`paper`] (figures, claims, report) alongside.

pub mod clean;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod data;
mod entry;
pub mod evidence;
pub mod fit;
pub mod price_lists;
pub mod run;
pub mod trace;

pub use paper::{claims, figures, overview, report, strict};
pub use planning::{calibrate, gather, machines, memory, plan, spec, workload};
pub use record::{cost, failure, place, prices, results, say, suggest};
