//! What several crates of the workspace need in one form, below all of them.
//!
//! * [`streams`]: named random streams. [`causes`]: errors and panics as text.
//!
//! Nothing here knows networks, data sets or learning. Without features this crate reaches no file, clock or environment, because gaia-core
//! stands on it.

pub mod causes;
pub mod streams;
