//! Sync models: may this read go ahead, and what is sent now.
//!
//! A model decides and holds no state; the server shard and the worker store, send and wait. A model among the workers of one
//! parameter server is one file, its `mod` line and its line in the list below ([`Inside`]; docs/your-own-sync-model.md). Clocks count what
//! is complete: "clock 3" of a worker means that clocks 0, 1 and 2 are done and their updates applied.

use serde::{Deserialize, Serialize};

use self::inside::{SyncModelInside, sync_models_inside};

pub mod between;
mod bosen;
mod bsp;
mod budget;
pub mod config;
mod gaia;
pub mod inside;
mod local_steps;
mod model;
mod problem;
pub mod rule;
mod sites;
mod ssp;
mod state;
mod tap;

pub use self::model::*;
pub use self::state::*;

// The sync models among the workers of one parameter server, in the order of lists and error messages. Modules are declared above
// rather than by the macro, because rustfmt and editors follow only `mod` lines that they can see.
sync_models_inside! {
    bsp::Bsp,
    ssp::Ssp,
    local_steps::LocalSteps,
    tap::Tap,
}

/// What a list of sync models says of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// As specs name it.
    pub name: String,
    /// One line about it.
    pub about: &'static str,
    /// With some settings.
    pub example: Inside,
}
