//! The algorithm: parameter servers, sync models and workloads, as pure state machines.
//!
//! No threads, no clock, no files, no environment: everything comes in through [`emulator::node::Node`].

pub mod cost;
pub mod kernel;
pub mod simd;
pub mod sync;
pub mod workload;
