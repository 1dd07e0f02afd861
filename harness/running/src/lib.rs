//! Runs: the plans of specs, cell by cell, recorded.
//!
//! [`prepare`] refuses what cannot be run before anything is; [`run`] runs the cells of one spec on one pool of threads
//! ([`Host`]). A cell whose folder is whole already is reused, also from another spec's folder; an interrupted one is resumed
//! from its last checkpoint. In real time every machine is a process of its own ([`node`]).

mod build;
mod cell;
mod checkpoint;
mod device;
mod experiment;
mod gathered;
mod goal;
mod histogram;
mod local;
mod meter;
mod panics;
mod progress;
mod recorder;
mod shared_name;
mod table;
mod usage;
mod views;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use emulator::units::ByteSize;
use gaia_core::simd::Isa;
use gaia_core::workload::ic::device::DeviceChoice;
use gaia_core::workload::mf::worker::MfState;
use thiserror::Error;

pub use self::local::{Who, node};
use self::progress::Display;
use planning::memory;
use planning::plan::{Experiment, Planned, fits};
use record::failure::Failure;
use record::results::atomic;
use record::results::lock::Lock;
use record::results::sound::Unsound;
use record::results::store::{self, ReadError};
use record::say;

/// What all cells of a command share: threads, memory, the display, a device.
pub struct Host {
    jobs: usize,
    pool: Arc<rayon::ThreadPool>,
    isa: Isa,
    checkpoint_every: Duration,
    /// Bytes of memory that cells and their data may take.
    memory: u64,
    display: Display,
    /// What networks run on, where a spec has some.
    device: Option<device::Device>,
}

/// Why cells could not be run.
#[derive(Debug, Error)]
pub enum RunSpecError {
    /// One of them failed; those that were done stay.
    #[error("run cell {cell} with seed {seed}")]
    Cell {
        /// Panel and cell.
        cell: String,
        /// The seed of the run.
        seed: u64,
        /// The error of the cell.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no objective to reach.
    #[error("the target cell {cell} with seed {seed} sets no target: {why}")]
    NoTarget {
        /// Panel and cell.
        cell: String,
        /// The seed of the run.
        seed: u64,
        /// Why its objective is no target.
        why: Unsound,
    },
    /// What a finished cell measured cannot be read again.
    #[error("read what the target cell {cell} with seed {seed} measured")]
    Target {
        /// Panel and cell.
        cell: String,
        /// The seed of the run.
        seed: u64,
        /// The error of the read.
        #[source]
        source: ReadError,
    },
    /// The pool.
    #[error("start {0} threads")]
    Pool(usize, #[source] rayon::ThreadPoolBuildError),
    /// Several of these.
    #[error("{}", list(.0))]
    Several(Vec<RunSpecError>),
}

/// What failed, a line each, with its causes.
fn list(failed: &[RunSpecError]) -> String {
    let line = |error: &RunSpecError| {
        let mut line = format!("\n  {error}");
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            line += &format!(": {inner}");
            cause = inner.source();
        }
        line
    };
    format!("{} cells failed{}", failed.len(), failed.iter().map(line).collect::<String>())
}

/// Whether `folder` holds a checkpoint of the cell of `plan` that a run of matrix factorisation would go on from: for tests of what
/// others wrote there.
///
/// # Errors
/// Why the file cannot be used, in words.
pub fn read_checkpoint(folder: &Path, plan: &str) -> Result<bool, String> {
    let read = checkpoint::read::<recorder::RecorderState<MfState>>(folder, plan)?;
    Ok(read.is_some())
}

/// How cells are run: nothing here changes a result.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Threads for cells and their tasks; `None`: one per processor.
    pub jobs: Option<u16>,
    /// The instructions that kernels use; the processor has them.
    pub isa: Isa,
    /// Wall time between two checkpoints of an unfinished cell.
    pub checkpoint_every: Duration,
    /// The memory that cells may take; `None`: what the host has left.
    pub memory: Option<ByteSize>,
    /// Whether progress is shown.
    pub progress: Progress,
}

/// Whether progress is shown on the standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bars on a terminal, lines elsewhere.
    Shown,
    /// Warnings only.
    Hidden,
}

impl Host {
    /// A host with its pool of threads started.
    ///
    /// # Errors
    /// [`RunSpecError::Pool`] when threads cannot be started.
    pub fn new(options: &Options) -> Result<Self, RunSpecError> {
        let jobs = options.jobs.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool = Arc::new(pool.map_err(|source| RunSpecError::Pool(jobs, source))?);
        Ok(Host {
            jobs,
            pool,
            isa: options.isa,
            checkpoint_every: options.checkpoint_every,
            memory: memory::limit(options.memory),
            display: Display::new(options.progress == Progress::Hidden),
            device: None,
        })
    }
}

/// Checks that `experiments` can be run into `out`, opens the device that their networks need, and leaves out panels that this
/// build cannot run. `specs` are the names on the command line, for messages.
///
/// # Errors
/// [`Failure::Input`] for a device that no spec needs, for cells that do not fit into memory, and for a folder that holds
/// results of another spec of the same name.
pub fn prepare(
    host: &mut Host,
    experiments: &mut [Experiment],
    specs: &[String],
    choice: DeviceChoice,
    out: &Path,
) -> Result<(), Failure> {
    if choice != DeviceChoice::Auto && !experiments.iter().any(device::has_networks) {
        return Err(Failure::input("--device: none of these specs trains a network (workload `ic`): expected none"));
    }
    device::leave_out(experiments, specs, |line| host.display.say(line));
    let is_done = |experiment: &Experiment, planned: &Planned| {
        let hash = planned.plan.hash();
        store::check_whole(&store::cell_folder(&out.join(&experiment.name), &hash), &hash).is_ok()
    };
    fits::check(experiments, host.memory, is_done).map_err(Failure::input)?;
    if let Some(experiment) = experiments.iter().find(|experiment| device::has_networks(experiment)) {
        host.device = Some(device::open(choice, experiment, |line| host.display.say(line))?);
    }
    host.display.expect(experiments.iter().map(|experiment| experiment.plans.len()).sum());
    for experiment in experiments {
        let replaced = shared_name::check(&out.join(&experiment.name), experiment).map_err(Failure::input)?;
        replaced.iter().for_each(|line| say::err(line));
    }
    Ok(())
}

/// Runs the cells of `experiment` into its folder below `out`, and returns the errors of those that failed. `after` is called with
/// the folder while it is still locked against other runs.
///
/// # Errors
/// [`Failure::Run`] when the folder cannot be written, and what `after` returns.
pub fn run<T>(
    host: &Host,
    experiment: &mut Experiment,
    out: &Path,
    after: impl FnOnce(&Path) -> Result<T, Failure>,
) -> Result<(Vec<RunSpecError>, T), Failure> {
    let folder = out.join(&experiment.name);
    atomic::create_folder(&folder).map_err(Failure::run)?;
    let _lock = Lock::take(&folder).map_err(Failure::run)?;
    let failed = experiment::run(host, experiment, out, &folder)?;
    Ok((failed, after(&folder)?))
}
