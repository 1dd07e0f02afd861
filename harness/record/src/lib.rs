//! The ground floor of the harness: results on disk, what they cost, and what every command needs.
//!
//! * [`results`]: what a run leaves, as types and files. [`prices`], [`cost`]: price lists, and what a run costs by them.
//! * [`aligned`]: tables for terminals. [`form`]: YAML into typed values. [`suggest`]: the nearest valid name. [`numbers`]: how numbers are summed up and shown.
//! * [`say`]: the standard streams. [`log`]: events on the standard error. [`place`]: where a file may go. [`failure`]: errors of commands, exit codes.
//!
//! Nothing here knows specs, plans, runs or figures.

pub mod aligned;
pub mod cost;
pub mod failure;
pub mod form;
pub mod log;
pub mod numbers;
pub mod place;
pub mod prices;
pub mod results;
pub mod say;

pub use base::suggest;
