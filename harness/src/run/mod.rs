//! `experiments run`: the plans of a spec, run cell by cell, recorded, and drawn.
//!
//! Seed by seed: the target cell first, then the others side by side, all on one pool of `--jobs` threads; cells that run
//! in real time last, one after another, with the host to themselves. A cell whose
//! folder is whole already is reused; one that was broken off goes on from its last checkpoint.

mod build;
mod cell;
mod checkpoint;
mod goal;
mod histogram;
mod local;
mod progress;
mod recorder;
mod table;
mod topics;
mod views;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use gaia_core::simd::Isa;
use thiserror::Error;

use self::cell::{CellError, Job};
pub use self::local::{Who, node};
use self::progress::Display;
use crate::cli::{CLAIM_FAILED, Failure, IsaChoice, RunArgs};
use crate::commands::experiment;
use crate::plan::{DataSet, DataSource, Experiment, Plan, Registries, Role};
use crate::report;
use crate::results::lock::Lock;
use crate::results::manifest::{CellEntry, CellIndex};
use crate::results::{Outcome, SCHEMA, Summary, atomic, store};

/// What all cells of a command share.
struct Host {
    jobs: usize,
    pool: Arc<rayon::ThreadPool>,
    isa: Isa,
    checkpoint_every: Duration,
    display: Display,
}

/// What is learnt from, and where it came from.
struct Learned<'a> {
    set: &'a DataSet,
    source: &'a DataSource,
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
    #[error(
        "the target cell with seed {seed} diverged: its objective is {objective}. A smaller workload.mf.learning-rate helps"
    )]
    Diverged { seed: u64, objective: f64 },
    /// A wish for instructions that the processor does not have.
    #[error("this processor has no {asked}: the strongest that it has is {has}")]
    Isa { asked: &'static str, has: &'static str },
    /// The pool.
    #[error("start {0} threads")]
    Pool(usize, #[source] rayon::ThreadPoolBuildError),
}

/// Runs every spec, and draws its figure.
pub fn command(args: &RunArgs, registries: Registries<'_>) -> Result<ExitCode, Failure> {
    let host = Host::new(args).map_err(Failure::run)?;
    let mut experiments = Vec::new();
    for spec in &args.specs {
        experiments.push(experiment(spec, &args.changes(), registries)?);
    }
    let mut every_claim_holds = true;
    for experiment in &mut experiments {
        let folder = args.out.join(&experiment.name);
        atomic::create_folder(&folder).map_err(Failure::run)?;
        let _lock = Lock::take(&folder).map_err(Failure::run)?;
        run_experiment(&host, experiment, &folder)?;
        let written = report::report(&folder).map_err(Failure::run)?;
        every_claim_holds &= written.every_claim_holds();
        if !args.quiet {
            print!("{written}");
        }
    }
    Ok(if args.strict && !every_claim_holds { ExitCode::from(CLAIM_FAILED) } else { ExitCode::SUCCESS })
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
            display: Display::new(args.quiet),
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

fn run_experiment(host: &Host, experiment: &mut Experiment, folder: &Path) -> Result<(), Failure> {
    let mut seeds: Vec<u64> = experiment.plans.iter().map(|plan| plan.seed).collect();
    seeds.dedup();
    for seed in seeds {
        let set = experiment.loader.data(seed).map_err(Failure::input)?;
        let data = Learned { set: &set, source: experiment.loader.source() };
        let plans = experiment.plans.iter().filter(|plan| plan.seed == seed);
        let (targets, cells): (Vec<&Plan>, Vec<&Plan>) = plans.partition(|plan| plan.role == Role::SetsTarget);
        let mut target = None;
        for plan in targets {
            let done = run_cells(host, &[plan], folder, &data, None).map_err(Failure::run)?;
            target = done.into_iter().next();
        }
        if let Some(summary) = target.as_ref().filter(|summary| summary.outcome == Outcome::Diverged) {
            let objective = summary.last_objective;
            return Err(Failure::run(RunSpecError::Diverged { seed, objective }));
        }
        let (simulated, real): (Vec<&Plan>, Vec<&Plan>) =
            cells.into_iter().partition(|plan| plan.launch.is_simulated());
        run_cells(host, &simulated, folder, &data, target.as_ref()).map_err(Failure::run)?;
        for plan in real {
            run_cells(host, &[plan], folder, &data, target.as_ref()).map_err(Failure::run)?;
        }
    }
    let entry = |plan: &Plan| CellEntry { cell: plan.cell.clone(), seed: plan.seed, plan: plan.hash() };
    let index = CellIndex {
        schema: SCHEMA,
        spec: experiment.name.clone(),
        title: experiment.title.clone(),
        figure: experiment.figure.clone().unwrap_or_default(),
        cells: experiment.plans.iter().map(entry).collect(),
    };
    store::write_cells(folder, &index).map_err(Failure::run)
}

/// Runs `plans` side by side, at most `jobs` at once. When one fails, those under way are finished and no new one begins.
fn run_cells(
    host: &Host,
    plans: &[&Plan],
    folder: &Path,
    data: &Learned<'_>,
    target: Option<&Summary>,
) -> Result<Vec<Summary>, RunSpecError> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<Summary, CellError>>>> = Mutex::new(plans.iter().map(|_| None).collect());
    let failed = || results.lock().expect("no holder panics").iter().any(|result| matches!(result, Some(Err(_))));
    let work = || {
        while !failed() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(&plan) = plans.get(index) else { break };
            let result = run_cell(host, plan, folder, data, target);
            results.lock().expect("no holder panics")[index] = Some(result);
        }
    };
    thread::scope(|scope| {
        for _ in 0..host.jobs.min(plans.len()) {
            scope.spawn(work);
        }
    });
    let results = results.into_inner().expect("no holder panics");
    let finished = plans.iter().zip(results).filter_map(|(plan, result)| Some((plan, result?)));
    finished
        .map(|(plan, result)| {
            let failed =
                |error| RunSpecError::Cell { cell: plan.cell.clone(), seed: plan.seed, source: Box::new(error) };
            result.map_err(failed)
        })
        .collect()
}

fn run_cell(
    host: &Host,
    plan: &Plan,
    folder: &Path,
    data: &Learned<'_>,
    target: Option<&Summary>,
) -> Result<Summary, CellError> {
    let folder: PathBuf = store::cell_folder(folder, &plan.hash());
    let name = if plan.role == Role::SetsTarget { plan.cell.clone() } else { format!("{} {}", plan.spec, plan.cell) };
    if let Ok(summary) = store::check_whole(&folder, &plan.hash()) {
        if summary.faults.is_empty() {
            host.display.say(&format!("{name}: done before, reused"));
            return Ok(summary);
        }
        host.display.say(&format!("{name}: done before, but invalid: runs again"));
    }
    let job = Job {
        plan,
        folder: &folder,
        data: data.set,
        source: data.source,
        target,
        isa: host.isa,
        pool: &host.pool,
        jobs: host.jobs,
        checkpoint_every: host.checkpoint_every,
    };
    let expected_clocks = target.map(|target| target.clocks);
    let progress = host.display.cell(name, expected_clocks, target.map(|target| target.last_objective));
    let summary = job.run(&progress, |line| host.display.say(line))?;
    progress.finish(&table::in_words(&summary));
    Ok(summary)
}
