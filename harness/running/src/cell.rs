//! One cell: machines built from a plan, run to their goal in virtual time or as processes, recorded.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use emulator::digest::Digest;
use emulator::id::MachineId;
use emulator::link::{LinkError, Links};
use emulator::topology::{Topology, TopologyError};
use emulator::virtual_driver::{RunError, Step, VirtualDriver};
use gaia_core::machine::Machine;
use gaia_core::setting::Setting;
use gaia_core::simd::Isa;
use gaia_core::workload::traits::Workload as Learning;
use rayon::prelude::*;
use thiserror::Error;
use tracing::{info, warn};

use super::course::{self, Course, Courses, Replayed};
use super::device::{self, Device};
use super::gathered::{GatherError, Gathered};
use super::goal::Goal;
use super::learners::Learners;
use super::local::{self, Assignment, Cell, Keeping, LocalError};
use super::meter::{self, Meter};
use super::panics::Panicked;
use super::progress::CellProgress;
use super::recorder::{Judge, Recorder, RecorderState};
use super::summary::Ended;
use super::views::Views;
use super::{build, checkpoint, summary};
use planning::plan::{DataSet, DataSource, Plan, Role};
use planning::spec::{Launch, Local};
use planning::workload::kind::{Seen, Spoilt};
use planning::workload::list::{Listed, Visitor};
use record::results::atomic::WriteError;
use record::results::manifest::{Host, Manifest};
use record::results::{Measured, ModelTable, Outcome, Summary, store};

/// Events between two looks at the wall clock.
const EVENTS_A_LOOK: u32 = 4096;

/// The next checkpoint is written after at least this multiple of the time that the last one took to write.
const CHECKPOINTS_APART: u32 = 10;

/// An error of running a cell.
#[derive(Debug, Error)]
pub(super) enum CellError {
    /// Results cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The run cannot go on.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Machines cannot be placed.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// The links cannot be emulated.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A run in real time broke off.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// Raw data cannot be moved.
    #[error(transparent)]
    Gather(#[from] GatherError),
    /// Data that cannot be learned from, which their plan could not show.
    #[error("{0}")]
    Learners(Box<dyn std::error::Error + Send + Sync>),
    /// Something that the plan could not show, such as a time that outgrows its type.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// Data that cannot be read any more.
    #[error(transparent)]
    Data(#[from] Spoilt),
}

/// A cell to run.
pub(super) struct Job<'a> {
    pub(super) plan: &'a Plan,
    /// The name in messages.
    pub(super) name: &'a str,
    pub(super) folder: &'a Path,
    pub(super) data: &'a DataSet,
    pub(super) source: &'a DataSource,
    pub(super) target: Option<&'a Summary>,
    pub(super) isa: Isa,
    pub(super) pool: &'a Arc<rayon::ThreadPool>,
    pub(super) jobs: usize,
    pub(super) checkpoint_every: Duration,
    pub(super) meter: Meter,
    /// The courses of learning of cells before. `None`: every cell learns by itself.
    pub(super) courses: Option<&'a Courses>,
    pub(super) learners: &'a Learners,
    /// The device of networks. `None` means a workload without a network.
    pub(super) device: Option<&'a Device>,
}

/// Numbers and a table that describe a model.
type AtTheEnd = (Vec<Measured>, Option<ModelTable>);

/// The parts of a run that depend on its workload.
struct Judging<'a> {
    /// The values of its metrics at a clock.
    judge: Judge<'a>,
    /// The workload's numbers and table of the model at the end, from the number of parameters that no model can have, over all evaluations,
    /// and the first site's copy of all rows.
    end: &'a dyn Fn(u64, &[f32]) -> AtTheEnd,
    /// The objective of which the guard against the first plateau takes a share. `None` means the first objective.
    winnable: Option<f64>,
    /// Units of raw data that each machine of the plan's sites holds.
    held: &'a dyn Fn() -> Vec<u64>,
}

/// Runs a job with the workload of its plan.
struct Run<'a, Say> {
    job: &'a Job<'a>,
    progress: &'a CellProgress,
    say: Say,
}

impl<Say: Fn(&str)> Visitor for Run<'_, Say> {
    type Out = Result<Summary, CellError>;

    fn visit<W: Listed>(self, workload: W) -> Self::Out {
        let Run { job, progress, say } = self;
        let (set, placed) = (W::set(job.data), job.plan.placed());
        let make = || {
            let dealt = build::dealt(&placed, job.isa, job.device);
            job.pool.install(|| workload.learners(set, &dealt)).map_err(CellError::Learners)
        };
        // Networks keep a part of their state with their device: each cell has its own.
        let learners = if W::NEEDS_LIBTORCH { Arc::new(make()?) } else { job.learners.of(&placed, make)? };
        let judge = workload.judge(set);
        let judging = Judging {
            judge: &|_, workers, copy| {
                let values = judge(&Seen { workers, copy, isa: job.isa });
                assert_eq!(values.len(), W::METRICS.len(), "a value per metric of `{}`", W::NAME);
                W::METRICS.iter().map(|metric| metric.name).zip(values).collect()
            },
            end: &|clamped, copy| (workload.facts(set, clamped), workload.model(set, copy)),
            winnable: workload.winnable(set),
            held: &|| W::held(set, &build::dealt(job.plan, job.isa, job.device)),
        };
        let summary = job.learn_or_replay(&learners, &judging, progress, &say)?;
        job.data.still_sound()?;
        W::replaced(set)
            .iter()
            .for_each(|item| say(&format!("{}: replaced by another of its class: {item}", job.name)));
        Ok(summary)
    }
}

/// The place of a cell's learning, and the raw data moved there before.
#[derive(Clone, Copy)]
struct Place<'a> {
    topology: &'a Topology,
    plan: &'a Plan,
    gathered: Option<&'a Gathered>,
}

/// The end of a cell's learning.
struct End<'a> {
    outcome: Outcome,
    /// The digest of all events.
    digest: &'a Digest,
}

type Driver<W> = VirtualDriver<Machine<W>>;

/// The source of what a cell's workers measure.
enum Learns<'a> {
    /// They learn, and nobody keeps what they measure.
    Anew,
    /// They learn, and what they measure goes into this course.
    Recorded(&'a mut Course),
    /// They measure what a course has.
    Replayed,
}

impl Job<'_> {
    /// Runs the cell, from its last checkpoint where there is one, and leaves its folder whole.
    pub(super) fn run(&self, progress: &CellProgress, say: impl Fn(&str)) -> Result<Summary, CellError> {
        let workload = self.plan.workload.in_parts(self.plan.system.parts());
        workload.visit(Run { job: self, progress, say })
    }

    /// Runs the cell with what a cell before has measured where it would measure the same, else with learners.
    fn learn_or_replay<W: Learning>(
        &self,
        learners: &[Arc<W>],
        judging: &Judging<'_>,
        progress: &CellProgress,
        say: impl Fn(&str),
    ) -> Result<Summary, CellError> {
        let is_exact = !self.plan.workload.kind().about().needs_libtorch || self.device.is_none_or(device::is_exact);
        let key = self.courses.filter(|_| is_exact).zip(course::key(self.plan));
        let Some((courses, key)) = key else {
            return self.run_workload(learners.to_vec(), Learns::Anew, judging, progress, say);
        };
        let goal = self.goal(self.plan.workload.clocks_per_pass(), judging.winnable);
        let found = courses.find(&key).filter(|_| course::has_fixed_lengths(self.plan));
        if let Some((course, end)) =
            found.and_then(|course| Some((course.clone(), course.end(&goal, self.max_clocks())?)))
        {
            info!(cell = self.name, clocks = end, "learning replayed");
            let of_course = Judging {
                judge: &|clock, _, _| course.metrics(clock),
                end: &|clamped, _| (judging.end)(clamped, course.copy(end)),
                ..*judging
            };
            let replayed = |(worker, learner): (usize, &Arc<W>)| {
                Arc::new(Replayed { learner: learner.clone(), worker, course: course.clone() })
            };
            let replayed = learners.iter().enumerate().map(replayed).collect();
            return self.run_workload(replayed, Learns::Replayed, &of_course, progress, say);
        }
        let mut course = Course::default();
        let summary = self.run_workload(learners.to_vec(), Learns::Recorded(&mut course), judging, progress, say)?;
        courses.keep(key, course);
        Ok(summary)
    }

    fn run_workload<W: Learning>(
        &self,
        workloads: Vec<Arc<W>>,
        learns: Learns<'_>,
        judging: &Judging<'_>,
        progress: &CellProgress,
        say: impl Fn(&str),
    ) -> Result<Summary, CellError> {
        let (begun, cpu_before) = (Instant::now(), self.meter.cpu_seconds());
        let mut host = Host { device: self.device.map(device::name), ..Host::this(self.jobs) };
        store::begin_cell(self.folder, &summary::manifest(self.plan, self.data), &host)?;
        let placed = self.plan.placed();
        let topology = Topology::new(&placed.profile, &placed.machines_per_site)?;
        let gathered = Gathered::of(self.plan, judging.held)?;
        let place = |gathered| Place { topology: &topology, plan: &placed, gathered };
        let clocks_per_pass = self.plan.workload.clocks_per_pass();
        let setting = build::setting(&placed, &topology, &workloads[0], self.max_clocks(), self.isa);
        let setting = Arc::new(setting);
        let replays = matches!(learns, Learns::Replayed);
        let course = if let Learns::Recorded(course) = learns { Some(course) } else { None };
        let mut recorder = Recorder {
            course,
            setting: setting.clone(),
            views: Views::new(&setting, &workloads),
            workloads,
            pool: self.pool.clone(),
            goal: self.goal(clocks_per_pass, judging.winnable),
            judge: judging.judge,
            progress,
            state: RecorderState::default(),
            last_copy: Vec::new(),
        };
        let (mut summary, faults) = match self.plan.launch {
            Launch::Simulated => {
                // The state of a replay is of no use to a run that has no course.
                let mut driver = match replays {
                    true => self.start(&topology, &mut recorder)?,
                    false => self.begin(&topology, &mut recorder, say)?,
                };
                let checkpoint_every = if replays { Duration::MAX } else { self.checkpoint_every };
                self.run_to_the_end(&mut driver, &mut recorder, checkpoint_every)?;
                let mut digest = driver.digest().clone();
                if let Some(gathered) = &gathered {
                    gathered.shift(&mut recorder.state);
                    gathered.digest(&mut digest);
                }
                (self.write_end(place(gathered.as_ref()), &digest, &recorder.state)?, Vec::new())
            }
            Launch::Local(Local { dilation }) => {
                let assignment = Assignment::new(&Cell {
                    plan: self.plan,
                    source: self.source,
                    data_hash: *self.data.hash(),
                    max_clocks: self.max_clocks(),
                    isa: self.isa,
                    dilation,
                });
                let mut keep = |state: &RecorderState<W::State>, why: &str| self.keep(place(None), state, why);
                let keeping = Keeping { every: self.checkpoint_every, keep: &mut keep };
                let ended = local::run(&assignment, self.folder, &mut recorder, keeping)?;
                let conformance = ended.conformance(mean_clock(&recorder.state));
                conformance.write(self.folder)?;
                conformance.faults.iter().for_each(|fault| say(&format!("{}: invalid: {fault}", self.name)));
                (self.write_end(place(None), &Digest::default(), &recorder.state)?, conformance.faults)
            }
        };
        self.mark(&mut summary, faults)?;
        let (facts, model) = (judging.end)(recorder.state.clamped, &recorder.last_copy);
        summary.metrics.extend(facts);
        summary.model = model;
        store::write_summary(self.folder, &summary)?;
        host.replayed = replays;
        host.wall_seconds = Some(begun.elapsed().as_secs_f64());
        host.cpu_seconds = Some(self.meter.cpu_seconds() - cpu_before);
        host.peak_memory_bytes = meter::peak_memory_bytes();
        store::write_host(self.folder, &host)?;
        checkpoint::remove(self.folder)?;
        Ok(summary)
    }

    /// The clocks to run; or the cap, in clocks or in times of what the target cell took.
    pub(super) fn max_clocks(&self) -> u32 {
        if let Role::RunsClocks { clocks } = self.plan.role {
            return clocks;
        }
        let cap = self.plan.cap;
        let times = self.target.map(|target| (f64::from(target.clocks) * cap.times_target).ceil() as u32);
        times.unwrap_or(cap.clocks).clamp(1, cap.clocks)
    }

    fn goal(&self, clocks_per_pass: u32, winnable: Option<f64>) -> Goal {
        match (&self.plan.role, self.target) {
            (Role::RunsClocks { .. }, _) => Goal::DoClocks,
            (Role::ReachesTarget { .. }, Some(target)) => Goal::Reach(target.last_objective),
            _ => Goal::Converge { rule: self.plan.convergence, clocks_per_pass, winnable },
        }
    }

    fn driver<W: Learning>(
        &self,
        topology: &Topology,
        setting: &Arc<Setting>,
        workloads: &[Arc<W>],
    ) -> Result<Driver<W>, LinkError> {
        let network = Arc::new(topology.network());
        let links = Links::new(network, self.plan.link_model(), self.plan.seed)?;
        // Side by side: the starting state of a large model takes as long as a clock.
        let machine = |(id, workload): (MachineId, &Arc<W>)| Machine::new(setting.clone(), id, workload.clone());
        let ids: Vec<MachineId> = topology.machines().collect();
        let machines = self.pool.install(|| ids.into_par_iter().zip(workloads).map(machine).collect());
        Ok(VirtualDriver::new(machines, links, self.pool.clone()))
    }

    /// A driver that takes up the last checkpoint, or starts.
    fn begin<W: Learning>(
        &self,
        topology: &Topology,
        recorder: &mut Recorder<'_, W>,
        say: impl Fn(&str),
    ) -> Result<Driver<W>, LinkError> {
        let new = |recorder: &Recorder<'_, W>| self.driver(topology, &recorder.setting, &recorder.workloads);
        let unusable = |why: &str| {
            warn!(cell = self.name, why, "checkpoint unusable");
            say(&format!("{}: begins anew, its checkpoint cannot be used: {why}", self.name));
        };
        match checkpoint::read(self.folder, &self.plan.hash()) {
            Ok(Some(mut read)) => {
                let mut driver = new(recorder)?;
                match driver.read_checkpoint(&mut read.driver) {
                    Ok(()) => {
                        recorder.state = read.recorder;
                        recorder.course = recorder.course.take().and_then(|course| {
                            *course = Course::up_to(&recorder.state.measured, &recorder.state.samples)?;
                            Some(course)
                        });
                        info!(cell = self.name, clock = recorder.state.samples.len(), "cell resumed");
                        say(&format!("{}: goes on from clock {}", self.name, recorder.state.samples.len()));
                        return Ok(driver);
                    }
                    Err(error) => unusable(&error.to_string()),
                }
            }
            Ok(None) => {}
            Err(error) => unusable(&error.to_string()),
        }
        self.start(topology, recorder)
    }

    /// A driver at the start of the run.
    fn start<W: Learning>(&self, topology: &Topology, recorder: &mut Recorder<'_, W>) -> Result<Driver<W>, LinkError> {
        let mut driver = self.driver(topology, &recorder.setting, &recorder.workloads)?;
        driver.start(recorder);
        Ok(driver)
    }

    fn run_to_the_end<W: Learning>(
        &self,
        driver: &mut Driver<W>,
        recorder: &mut Recorder<'_, W>,
        checkpoint_every: Duration,
    ) -> Result<(), CellError> {
        let (mut written, mut until_next) = (Instant::now(), checkpoint_every);
        loop {
            for _ in 0..EVENTS_A_LOOK {
                if driver.step(recorder)? == Step::Ended {
                    return Ok(());
                }
            }
            self.data.still_sound()?;
            if written.elapsed() >= until_next {
                let begun = Instant::now();
                let write = |to: &mut dyn io::Write| driver.write_checkpoint(to);
                let bytes = checkpoint::write(self.folder, &self.plan.hash(), &recorder.state, write)?;
                written = Instant::now();
                let (clock, seconds) = (recorder.state.samples.len(), (written - begun).as_secs_f64());
                info!(cell = self.name, clock, bytes, seconds, "checkpoint written");
                // However large the state, writing it takes a small part of a run.
                until_next = checkpoint_every.max((written - begun) * CHECKPOINTS_APART);
            }
        }
    }

    /// Writes the tables of a run that has ended.
    fn write_end<S>(&self, place: Place<'_>, digest: &Digest, state: &RecorderState<S>) -> Result<Summary, WriteError> {
        let end = state.end.expect("a run that ended has an end");
        self.write_tables(place, End { outcome: end.outcome, digest }, state)
    }

    /// Keeps the results of an interrupted run, marked as such: the cell counts as run, but not as valid.
    fn keep<S>(&self, place: Place<'_>, state: &RecorderState<S>, why: &str) -> Result<(), WriteError> {
        let Some(last) = state.samples.last() else { return Ok(()) };
        let interrupted = End { outcome: Outcome::BrokenOff, digest: &Digest::default() };
        let mut summary = self.write_tables(place, interrupted, state)?;
        self.mark(&mut summary, vec![format!("broken off after clock {}: {why}", last.clock)])?;
        store::write_summary(self.folder, &summary)
    }

    /// Writes into summary and manifest why the run must not be believed, if so.
    fn mark(&self, summary: &mut Summary, faults: Vec<String>) -> Result<(), WriteError> {
        if !faults.is_empty() {
            let manifest = Manifest { faults: faults.clone(), ..summary::manifest(self.plan, self.data) };
            store::write_manifest(self.folder, &manifest)?;
        }
        summary.faults = faults;
        Ok(())
    }

    fn write_tables<S>(
        &self,
        place: Place<'_>,
        End { outcome, digest }: End<'_>,
        state: &RecorderState<S>,
    ) -> Result<Summary, WriteError> {
        let mut clocks = state.clocks.clone();
        clocks.sort_by_key(|row| (row.clock, row.machine));
        let mut traffic = summary::traffic(place.topology, &state.traffic);
        traffic.extend(place.gathered.into_iter().flat_map(Gathered::traffic));
        let tables = store::Tables { samples: &state.samples, clocks: &clocks, traffic: &traffic };
        store::write_tables(self.folder, &tables)?;
        let target = self.target.map(|target| target.last_objective);
        let (plan, placed, gathered) = (self.plan, place.plan, place.gathered);
        let ended = Ended { plan, placed, gathered, target, clocks: &clocks, traffic: &traffic, outcome, digest };
        Ok(summary::summary(&ended, state))
    }
}

/// The run's time for a clock.
fn mean_clock<S>(state: &RecorderState<S>) -> emulator::time::Duration {
    let seconds = state.samples.last().map_or(0.0, |last| last.seconds / f64::from(last.clock.max(1)));
    emulator::time::Duration::from_nanos((seconds * 1e9) as u64)
}
