//! Networks at work, on libtorch: the one part of the crate that is not pure (feature `torch`).
//!
//! * [`device`]: the CPU, or a CUDA device with its own copies of the parameters. [`network`]: forward, backward and the step, on
//!   one flat array of parameters. [`state`]: the state of a worker. [`worker`]: the workload.
//!
//! **No needless copies.** On a CPU every weight is a view of the worker's own copy of the rows; the step changes it in place.
//! For a GPU that copy goes to the device and comes back, once per clock, through pinned memory and on a stream of its own, while
//! the device computes for another machine.

mod cuda;
pub mod device;
mod network;
mod state;
pub mod worker;
