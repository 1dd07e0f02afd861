//! The cells of a spec: found on disk, or run. Panel by panel and seed by seed: the target cell first, then the others side by
//! side; cells that run in real time last, one after another, with the host to themselves.
//!
//! A cell that fails stops no other, except those that depend on its target; failures are reported at the end.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use super::cell::Job;
use super::host::{Host, RunSpecError};
use super::meter::Meter;
use super::{panics, summary};
use planning::memory::{self, Room};
use planning::plan::{self, DataSet, DataSource, Experiment, Loader, Planned, Role};
use record::failure::Failure;
use record::results::manifest::{CellIndex, Origin};
use record::results::sound::unsound;
use record::results::{Outcome, SCHEMA, Summary, share, store};
use tracing::{error, info};

/// Memory reserved for a cell over its estimate, which is within a quarter.
const MARGIN: f64 = 1.25;

/// The data to learn from, and their source.
struct Learned<'a> {
    set: &'a DataSet,
    source: &'a DataSource,
}

/// The folders of a spec's cells.
struct Place<'a> {
    host: &'a Host,
    /// The name of the spec, in a variant `VARIANT/SPEC`.
    spec: &'a str,
    /// The folder of all specs.
    out: &'a Path,
    /// The folder of the spec.
    folder: &'a Path,
}

/// Writes the index of cells, runs what is not there already, and gives what failed. The index comes first, so that a report
/// can be made of what a killed run has left.
pub(super) fn run(
    host: &Host,
    experiment: &mut Experiment,
    out: &Path,
    folder: &Path,
) -> Result<Vec<RunSpecError>, Failure> {
    let Experiment { name, variant: _, origin, title, figure, plots, plans, pricing, expectations, whatif, loaders } =
        experiment;
    let index = CellIndex {
        schema: SCHEMA,
        spec: name.clone(),
        title: title.clone(),
        figure: figure.clone().unwrap_or_default(),
        pricing: Some(pricing.clone()),
        plots: plots.clone(),
        cells: plans.iter().map(Planned::entry).collect(),
        expectations: expectations.clone(),
        whatif: whatif.clone(),
    };
    // First whose results these are: a folder between both is then of nobody else.
    store::write_origin(folder, &Origin { schema: SCHEMA, spec: origin.clone() }).map_err(Failure::run)?;
    store::write_cells(folder, &index).map_err(Failure::run)?;
    let place = Place { host, spec: name, out, folder };
    let mut failed = Vec::new();
    let groups: Vec<&[Planned]> = plans.chunk_by(|a, b| a.panel == b.panel && a.plan.seed == b.plan.seed).collect();
    for (number, group) in groups.iter().enumerate() {
        let loader = group[0].loader;
        place.run_group(group, &mut loaders[loader], &mut failed)?;
        if groups[number + 1..].iter().all(|later| later[0].loader != loader) {
            loaders[loader].forget();
            host.learners.forget();
        }
    }
    Ok(failed)
}

impl Place<'_> {
    /// The cells of one panel and seed.
    fn run_group(&self, group: &[Planned], loader: &mut Loader, failed: &mut Vec<RunSpecError>) -> Result<(), Failure> {
        let found: Vec<Option<Summary>> = group.iter().map(|planned| self.find(planned)).collect::<Result<_, _>>()?;
        let sets_target = |planned: &Planned| planned.plan.role == Role::SetsTarget;
        let mut target =
            group.iter().zip(&found).find(|(planned, _)| sets_target(planned)).and_then(|(_, found)| found.clone());
        let missing: Vec<&Planned> =
            group.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(planned, _)| planned).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let seed = group[0].plan.seed;
        let set = loader.data(seed).map_err(Failure::input)?;
        let data = Learned { set: &set, source: loader.source() };
        let (targets, cells): (Vec<&Planned>, Vec<&Planned>) =
            missing.into_iter().partition(|planned| sets_target(planned));
        for planned in &targets {
            match self.run_cell(planned, &data, None) {
                Ok(summary) => target = Some(summary),
                Err(error) => failed.push(error),
            }
        }
        if let Some(setter) = group.iter().find(|planned| sets_target(planned))
            && let Some(summary) = &target
            && let Err(error) = self.check_target(setter, summary)
        {
            failed.push(error);
            target = None;
        }
        if group.iter().any(sets_target) && target.is_none() {
            self.host.display.skip(cells.len());
            return Ok(());
        }
        let (simulated, real): (Vec<&Planned>, Vec<&Planned>) =
            cells.into_iter().partition(|planned| planned.plan.launch.is_simulated());
        let around = group.iter().map(|planned| plan::memory(&planned.plan).around()).fold(0.0, f64::max);
        let room = Room::of(self.host.memory.saturating_sub(around as u64));
        failed.extend(self.run_side_by_side(&simulated, &data, target.as_ref(), &room));
        failed.extend(real.iter().filter_map(|planned| self.run_cell(planned, &data, target.as_ref()).err()));
        Ok(())
    }

    /// Refuses an unsound target before any cell runs until its objective.
    ///
    /// # Errors
    /// [`RunSpecError::NoTarget`] for an unsound target, [`RunSpecError::Target`] when its results cannot be read.
    fn check_target(&self, planned: &Planned, summary: &Summary) -> Result<(), RunSpecError> {
        let (cell, seed) = (self.name(planned), summary.seed);
        match store::read_samples(&store::cell_folder(self.folder, &summary.plan)) {
            Ok(samples) => match unsound(summary, &samples) {
                Some(why) => Err(RunSpecError::NoTarget { cell, seed, why }),
                None => Ok(()),
            },
            Err(source) => Err(RunSpecError::Target { cell, seed, source }),
        }
    }

    /// The cell as it was left by an earlier run of this spec, or of another.
    fn find(&self, planned: &Planned) -> Result<Option<Summary>, Failure> {
        let (name, hash) = (self.name(planned), planned.plan.hash());
        let found = store::check_whole(&store::cell_folder(self.folder, &hash), &hash);
        if let Some(why) = found.as_ref().err().filter(|why| !why.is_unfinished()) {
            self.host.display.say(&format!("{name}: runs again: {why}"));
        }
        if let Ok(summary) = found {
            if summary.faults.is_empty() {
                info!(cell = name, plan = hash, "cell reused");
                let over = self.host.display.over();
                self.host.display.say(&format!("{name}: done before, reused{over}"));
                return Ok(Some(summary));
            }
            let how =
                if summary.outcome == Outcome::BrokenOff { "broken off before" } else { "done before, but invalid" };
            self.host.display.say(&format!("{name}: {how}: runs again"));
            return Ok(None);
        }
        let taken = share::take(self.out, self.folder, &hash).map_err(Failure::run)?;
        Ok(taken.map(|taken| {
            info!(cell = name, plan = hash, from = %taken.from, "cell reused");
            let over = self.host.display.over();
            self.host.display.say(&format!("{name}: done before for {}, reused{over}", taken.from));
            taken.summary
        }))
    }

    /// Runs cells, at most `jobs` at once and no more than there is room for; gives what failed, in their order.
    fn run_side_by_side(
        &self,
        cells: &[&Planned],
        data: &Learned<'_>,
        target: Option<&Summary>,
        room: &Room,
    ) -> Vec<RunSpecError> {
        let next = AtomicUsize::new(0);
        let failed: Mutex<Vec<(usize, RunSpecError)>> = Mutex::new(Vec::new());
        let work = || loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(planned) = cells.get(index) else { break };
            let _taken = room.take((plan::memory(&planned.plan).cell * MARGIN) as u64);
            if let Err(error) = self.run_cell(planned, data, target) {
                failed.lock().expect("no holder panics").push((index, error));
            }
        };
        thread::scope(|scope| {
            for _ in 0..self.host.jobs.min(cells.len()) {
                scope.spawn(work);
            }
        });
        let mut failed = failed.into_inner().expect("no holder panics");
        failed.sort_by_key(|(index, _)| *index);
        failed.into_iter().map(|(_, error)| error).collect()
    }

    fn run_cell(
        &self,
        planned: &Planned,
        data: &Learned<'_>,
        target: Option<&Summary>,
    ) -> Result<Summary, RunSpecError> {
        let (host, name) = (self.host, self.name(planned));
        memory::give_back();
        let job = Job {
            plan: &planned.plan,
            name: &name,
            folder: &store::cell_folder(self.folder, &planned.plan.hash()),
            data: data.set,
            source: data.source,
            target,
            isa: host.isa,
            pool: &host.pool,
            jobs: host.jobs,
            checkpoint_every: host.checkpoint_every,
            meter: Meter::start(),
            courses: host.courses.as_ref(),
            learners: &host.learners,
            device: host.device.as_ref(),
        };
        let expected_clocks = target.map(|target| target.clocks);
        let progress = host.display.cell(name.clone(), expected_clocks, target.map(|target| target.last_objective));
        info!(cell = name, seed = planned.plan.seed, plan = planned.plan.hash(), "cell begun");
        let begun = Instant::now();
        let ran = panics::caught(|| job.run(&progress, |line| host.display.say(line)));
        match ran.unwrap_or_else(|panicked| Err(panicked.into())) {
            Ok(summary) => {
                let Summary { outcome, clocks, seconds, .. } = &summary;
                let (seed, wall_seconds) = (planned.plan.seed, begun.elapsed().as_secs_f64());
                let faults = summary.faults.len();
                info!(
                    cell = name,
                    seed,
                    ?outcome,
                    clocks,
                    virtual_seconds = seconds,
                    wall_seconds,
                    faults,
                    "cell over"
                );
                progress.finish(&format!("{}{}", summary::in_words(&summary), host.display.over()));
                Ok(summary)
            }
            Err(error) => {
                error!(cell = name, seed = planned.plan.seed, %error, "cell failed");
                progress.finish(&format!("failed{}", host.display.over()));
                Err(RunSpecError::Cell { cell: name.clone(), seed: planned.plan.seed, source: Box::new(error) })
            }
        }
    }

    fn name(&self, planned: &Planned) -> String {
        format!("{} {}", self.spec, planned.name())
    }
}
