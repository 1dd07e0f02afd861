//! The ground floor of the harness: results on disk, the costs of runs, and the parts that every command needs.
//!
//! * [`results`]: the output of a run, as types and files. [`prices`], [`cost`]: price lists, and the cost of a run by them.
//! * [`aligned`]: tables for terminals. [`form`]: YAML into typed values. [`suggest`]: the nearest valid name. [`numbers`]: summaries of
//!   numbers over seeds, and numbers as text.
//! * [`say`]: the standard streams. [`log`]: events on the standard error. [`place`]: the places of files that users name. [`failure`]:
//!   errors of commands, exit codes.
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
