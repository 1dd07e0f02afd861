//! Sync models: may this read go ahead, and what is sent now.
//!
//! A model decides and holds no state; the server shard and the worker store, send and wait. A model among the workers of one
//! parameter server is one file in `models` and its `mod` line there ([`Inside`]; docs/your-own-sync-model.md). Clocks count what
//! is complete: "clock 3" of a worker means that clocks 0, 1 and 2 are done and their updates applied.

pub mod between;
mod bosen;
mod budget;
pub mod config;
mod entry;
mod gaia;
pub mod inside;
mod model;
mod models;
mod problem;
pub mod rule;
mod sites;
mod state;

pub use self::entry::Entry;
pub use self::model::*;
pub use self::models::*;
pub use self::state::*;
