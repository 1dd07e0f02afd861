//! The parts that several crates of the workspace need in one form, below all of them.
//!
//! * [`streams`]: named random streams. [`causes`]: errors and panics as text.
//! * `suggest` (a feature): the nearest valid name to a misspelt one.
//! * `durations` (feature `histograms`): percentiles of durations.
//! * `replace` (feature `files`): files that are replaced as a whole.
//!
//! Nothing here knows networks, data sets or learning. Without features this crate reaches no file, clock or environment, because gaia-core
//! stands on it.

pub mod causes;
#[cfg(feature = "histograms")]
pub mod durations;
#[cfg(feature = "files")]
pub mod replace;
pub mod streams;
#[cfg(feature = "suggest")]
pub mod suggest;
