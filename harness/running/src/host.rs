//! The resources that all cells of a command share, and the errors of running them.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base::causes;
use emulator::units::ByteSize;
use gaia_core::simd::Isa;
use planning::memory;
use record::results::sound::Unsound;
use record::results::store::ReadError;
use thiserror::Error;

use super::course::Courses;
use super::device::Device;
use super::learners::Learners;
use super::progress::{Display, Progress};

/// The resources that all cells of a command share: threads, memory, the display, a device.
pub struct Host {
    pub(super) jobs: usize,
    pub(super) pool: Arc<rayon::ThreadPool>,
    pub(super) isa: Isa,
    pub(super) checkpoint_every: Duration,
    /// Bytes of memory that cells and their data may take.
    pub(super) memory: u64,
    pub(super) display: Display,
    /// The courses of learning that cells share. `None` means that every cell learns by itself.
    pub(super) courses: Option<Courses>,
    /// The learners that cells share.
    pub(super) learners: Learners,
    /// The device of networks. `None` means that no spec has networks.
    pub(super) device: Option<Device>,
}

/// An error of running the cells of a spec.
#[derive(Debug, Error)]
pub enum RunSpecError {
    /// One of them failed; those that were done stay.
    #[error("run cell {cell} with seed {seed}")]
    Cell {
        /// The names of panel and cell.
        cell: String,
        /// The seed of the run.
        seed: u64,
        /// The error of the cell.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The target cell sets no sound target.
    #[error("the target cell {cell} with seed {seed} sets no target: {why}")]
    NoTarget {
        /// The names of panel and cell.
        cell: String,
        /// The seed of the run.
        seed: u64,
        /// The reason that its objective is no target.
        why: Unsound,
    },
    /// The results of a finished target cell cannot be read.
    #[error("read what the target cell {cell} with seed {seed} measured")]
    Target {
        /// The names of panel and cell.
        cell: String,
        /// The seed of the run.
        seed: u64,
        /// The error of the read.
        #[source]
        source: ReadError,
    },
    /// The pool of threads cannot be started.
    #[error("start {0} threads")]
    Pool(usize, #[source] rayon::ThreadPoolBuildError),
    /// Several cells failed; the errors of each.
    #[error("{}", list(.0))]
    Several(Vec<RunSpecError>),
}

/// The errors with their causes, one line per error.
fn list(failed: &[RunSpecError]) -> String {
    let line = |error: &RunSpecError| format!("\n  {}", causes::in_one_line(error));
    format!("{} cells failed{}", failed.len(), failed.iter().map(line).collect::<String>())
}

/// Options of running cells. None of them changes a result.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Threads for cells and their tasks; `None` means one per processor.
    pub jobs: Option<u16>,
    /// The instructions that kernels use; the processor has them.
    pub isa: Isa,
    /// Wall time between two checkpoints of an unfinished cell.
    pub checkpoint_every: Duration,
    /// The memory that cells may take; `None` means the available memory of the host.
    pub memory: Option<ByteSize>,
    /// Whether a cell that learns what a cell before has learned replays it.
    pub replays: bool,
    /// Whether progress is shown.
    pub progress: Progress,
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
            display: Display::new(options.progress),
            courses: options.replays.then(Courses::default),
            learners: Learners::default(),
            device: None,
        })
    }
}
