//! `experiments calibrate`: the rates of this host, as a machine kind that specs can name (`machines: this-host.yaml`).
//!
//! The timed work is that of machines: a worker's clock of each workload, and a shard's work on its rows, with the kernels of runs
//! (`measure`). It is timed on one thread in seconds of processor time, so that other programs disturb it little. The rates of
//! workers are then multiplied by the cores of the machine, which assumes perfect scaling and no memory wall. A shard does one thing at a time, so that its rates are those of one core.
//!
//! A build with libtorch measures training on images too, on a GPU by the wall clock and as the whole machine's.
//!
//! `probe` measures the same kernels in a fraction of a second each, for estimates, and caches the results.
//!
//! A rate is the median of several repetitions; the file also has their spread.

pub mod args;
mod command;
pub mod measure;
pub mod probe;

pub use self::args::CalibrateArgs;
#[cfg(feature = "torch")]
pub use self::args::ImageArgs;
pub use self::command::command;
