//! From a spec to plans: [`spec`] is form, [`mod@plan`] is meaning.
//!
//! * [`machines`]: machine kinds. [`gather`]: moving raw data to one site. [`memory`]: the memory that cells may take.
//! * [`calibrate`]: measured rates of this host, for machine kinds and for estimates. [`expression`]: expressions in specs.

pub mod arguments;
pub mod calibrate;
pub mod expression;
pub mod gather;
pub mod machines;
pub mod memory;
pub mod plan;
mod sources;
pub mod spec;
pub mod workload;
