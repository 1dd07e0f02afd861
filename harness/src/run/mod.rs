//! `experiments run`: the plans of specs, run cell by cell, recorded, and drawn.
//!
//! Spec by spec (`experiment`), all cells on one pool of `--jobs` threads. A cell whose folder is whole already is reused,
//! also from another spec's folder; one that was broken off goes on from its last checkpoint.

mod build;
mod cell;
mod checkpoint;
mod experiment;
mod gathered;
mod goal;
mod histogram;
mod images;
mod local;
mod meter;
mod panics;
mod progress;
mod recorder;
mod shared_name;
mod table;
mod topics;
mod usage;
mod views;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use emulator::real::clock::Dilation;
use gaia_core::simd::Isa;
use gaia_core::workload::ic::device::DeviceChoice;
use gaia_core::workload::mf::worker::MfState;
use thiserror::Error;

use self::cell::CellError;
pub use self::local::{Who, node};
use self::progress::Display;
use crate::cli::{Failure, IsaChoice, Launcher, RunArgs};
use crate::commands::experiments;
use crate::plan::{Experiment, Planned, Registries, fits};
use crate::report;
use crate::results::atomic;
use crate::results::lock::Lock;
use crate::results::sound::Unsound;
use crate::results::store::{self, ReadError};
use crate::{memory, say, strict};

/// What all cells of a command share.
struct Host {
    jobs: usize,
    pool: Arc<rayon::ThreadPool>,
    isa: Isa,
    checkpoint_every: Duration,
    /// Bytes of memory that cells and their data may take.
    memory: u64,
    display: Display,
    /// What networks run on, where a spec has some.
    device: Option<images::Device>,
}

/// Why cells could not be run.
#[derive(Debug, Error)]
enum RunSpecError {
    /// One of them failed; those that were done stay.
    #[error("run cell {cell} with seed {seed}")]
    Cell {
        cell: String,
        seed: u64,
        #[source]
        source: Box<CellError>,
    },
    /// There is no objective to reach.
    #[error("the target cell {cell} with seed {seed} sets no target: {why}")]
    NoTarget { cell: String, seed: u64, why: Unsound },
    /// What a finished cell measured cannot be read again.
    #[error("read what the target cell {cell} with seed {seed} measured")]
    Target {
        cell: String,
        seed: u64,
        #[source]
        source: ReadError,
    },
    /// A wish for instructions that the processor does not have.
    #[error("this processor has no {asked}: the strongest that it has is {has}")]
    Isa { asked: &'static str, has: &'static str },
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

/// Runs every spec, and draws its figure, whatever cells fail.
pub fn command(args: &RunArgs, registries: Registries<'_>) -> Result<ExitCode, Failure> {
    let mut host = Host::new(args).map_err(Failure::run)?;
    if args.launcher == Some(Launcher::Simulated) && args.dilation != Dilation::NONE {
        return Err(Failure::input(
            "--dilation: simulated runs have no wall clock: expected `--launcher local` with it",
        ));
    }
    let mut experiments = experiments(&args.specs, &args.changes(), registries)?;
    if args.device != DeviceChoice::Auto && !experiments.iter().any(images::has_networks) {
        return Err(Failure::input("--device: none of these specs trains a network (workload `ic`): expected none"));
    }
    images::leave_out(&mut experiments, &args.specs, |line| host.display.say(line));
    let is_done = |experiment: &Experiment, planned: &Planned| {
        let hash = planned.plan.hash();
        store::check_whole(&store::cell_folder(&args.out.join(&experiment.name), &hash), &hash).is_ok()
    };
    fits::check(&experiments, host.memory, is_done).map_err(Failure::input)?;
    if let Some(experiment) = experiments.iter().find(|experiment| images::has_networks(experiment)) {
        host.device = Some(images::open(args.device, &experiment.name, |line| host.display.say(line))?);
    }
    host.display.expect(experiments.iter().map(|experiment| experiment.plans.len()).sum());
    for experiment in &experiments {
        let replaced = shared_name::check(&args.out.join(&experiment.name), experiment).map_err(Failure::input)?;
        replaced.iter().for_each(|line| say::err(line));
    }
    let (mut failed, mut lacking, mut shown) = (Vec::new(), Vec::new(), Ok(()));
    for experiment in &mut experiments {
        let folder = args.out.join(&experiment.name);
        atomic::create_folder(&folder).map_err(Failure::run)?;
        let _lock = Lock::take(&folder).map_err(Failure::run)?;
        failed.extend(experiment::run(&host, experiment, &args.out, &folder)?);
        let written = report::report(&folder).map_err(Failure::run)?;
        lacking.extend(written.lacking());
        if !args.quiet {
            // Told when all is done: results are not worth less because they cannot be shown.
            shown = shown.and(say::out(&written.to_string()));
        }
    }
    if failed.len() > 1 {
        return Err(Failure::run(RunSpecError::Several(failed)));
    }
    if let Some(error) = failed.pop() {
        return Err(Failure::run(error));
    }
    shown.map_err(Failure::run)?;
    Ok(strict::verdict(args.strict, &lacking))
}

impl Host {
    fn new(args: &RunArgs) -> Result<Self, RunSpecError> {
        let jobs = args.jobs.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool = Arc::new(pool.map_err(|source| RunSpecError::Pool(jobs, source))?);
        Ok(Host {
            jobs,
            pool,
            isa: isa(args.isa)?,
            checkpoint_every: Duration::from_secs_f64(args.checkpoint_every),
            memory: memory::limit(args.memory),
            display: Display::new(args.quiet),
            device: None,
        })
    }
}

fn isa(choice: IsaChoice) -> Result<Isa, RunSpecError> {
    let asked = match choice {
        IsaChoice::Auto => return Ok(Isa::detect()),
        IsaChoice::Avx512 => Isa::Avx512,
        IsaChoice::Avx2 => Isa::Avx2,
        IsaChoice::Scalar => Isa::Scalar,
    };
    if asked.is_supported() {
        return Ok(asked);
    }
    Err(RunSpecError::Isa { asked: asked.name(), has: Isa::detect().name() })
}
