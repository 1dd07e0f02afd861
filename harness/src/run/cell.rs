//! One cell: machines built from a plan, run in virtual time to their goal, recorded.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datasets::ratings::Ratings;
use datasets::ratings::partition::partition;
use emulator::id::MachineId;
use emulator::link::{Fabric, LinkConfig, LinkError};
use emulator::topology::{Topology, TopologyError};
use emulator::virtual_driver::{RunError, Step, VirtualDriver};
use gaia_core::machine::Machine;
use gaia_core::setting::{Placement, RecordCopies, Setting, SettingParts};
use gaia_core::simd::Isa;
use gaia_core::sync::Progress;
use gaia_core::workload::mf::config::Mf;
use gaia_core::workload::mf::worker::{MfWorker, WholeData};
use gaia_core::workload::traits::Workload as Learning;
use thiserror::Error;

use super::checkpoint;
use super::goal::Goal;
use super::progress::CellProgress;
use super::recorder::{Recorder, RecorderState};
use super::table;
use crate::plan::{Plan, Role};
use crate::results::atomic::WriteError;
use crate::results::manifest::Host;
use crate::results::{Summary, store};
use crate::spec::Workload;

/// Events between two looks at the wall clock.
const EVENTS_A_LOOK: u32 = 4096;

/// Why a cell did not end.
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
}

/// A cell to run.
pub(super) struct Job<'a> {
    pub(super) plan: &'a Plan,
    pub(super) folder: &'a Path,
    pub(super) ratings: &'a Ratings,
    pub(super) target: Option<&'a Summary>,
    pub(super) isa: Isa,
    pub(super) pool: &'a Arc<rayon::ThreadPool>,
    pub(super) jobs: usize,
    pub(super) checkpoint_every: Duration,
}

type Driver<W> = VirtualDriver<Machine<W>>;

impl Job<'_> {
    /// Runs the cell, from its last checkpoint where there is one, and leaves its folder whole.
    pub(super) fn run(&self, progress: &CellProgress, say: impl Fn(&str)) -> Result<Summary, CellError> {
        match self.plan.workload {
            Workload::Mf(config) => self.run_workload(self.mf(config), progress, say),
        }
    }

    fn mf(&self, config: Mf) -> Vec<Arc<MfWorker>> {
        let whole = WholeData::of(self.ratings, &config);
        let parts = partition(self.ratings, &self.plan.machines_per_site, self.plan.split);
        parts.iter().map(|part| Arc::new(MfWorker::new(part, whole, config, self.plan.seed, self.isa))).collect()
    }

    fn run_workload<W: Learning>(
        &self,
        workloads: Vec<Arc<W>>,
        progress: &CellProgress,
        say: impl Fn(&str),
    ) -> Result<Summary, CellError> {
        let begun = Instant::now();
        let mut host = Host::this(self.jobs);
        store::begin_cell(self.folder, &table::manifest(self.plan, self.ratings), &host)?;
        let topology = Topology::new(&self.plan.profile, &self.plan.machines_per_site)?;
        let clocks_per_pass = workloads[0].clocks_per_pass();
        let setting = Arc::new(self.setting(&topology, &workloads[0]));
        let mut driver = self.driver(&topology, &setting, &workloads)?;
        let mut recorder = Recorder {
            setting,
            workloads,
            pool: self.pool.clone(),
            goal: self.goal(clocks_per_pass),
            progress,
            state: RecorderState::default(),
        };
        self.begin(&mut driver, &mut recorder, say);
        self.run_to_the_end(&mut driver, &mut recorder)?;
        let summary = self.write(&topology, &driver, recorder.state)?;
        host.wall_seconds = Some(begun.elapsed().as_secs_f64());
        store::write_host(self.folder, &host)?;
        checkpoint::remove(self.folder)?;
        Ok(summary)
    }

    fn setting<W: Learning>(&self, topology: &Topology, workload: &Arc<W>) -> Setting {
        let machines: Vec<MachineId> = topology.machines().collect();
        let rate = |from, to| if from == to { f64::INFINITY } else { bytes_per_second(topology, from, to) };
        let learning = workload.clone();
        let progress = move |clock| Progress {
            clock,
            clocks_per_pass: learning.clocks_per_pass(),
            learning_rate_factor: learning.learning_rate_factor(clock),
        };
        Setting::new(SettingParts {
            placement: Placement {
                site_of: machines.iter().map(|&machine| topology.site_of(machine)).collect(),
                bytes_per_second: machines
                    .iter()
                    .flat_map(|&from| machines.iter().map(move |&to| rate(from, to)))
                    .collect(),
            },
            layout: workload.layout(),
            system: self.plan.system.clone(),
            encoding: self.plan.encoding,
            similitude: self.plan.similitude,
            kind: self.plan.machines.clone(),
            seed: self.plan.seed,
            max_clocks: self.max_clocks(),
            isa: self.isa,
            record_copies: RecordCopies::EveryClock,
            progress: Arc::new(progress),
        })
    }

    /// The cap in clocks, or in times of what the target cell took.
    fn max_clocks(&self) -> u32 {
        let cap = self.plan.cap;
        let times = self.target.map(|target| (f64::from(target.clocks) * cap.times_target).ceil() as u32);
        times.unwrap_or(cap.clocks).clamp(1, cap.clocks)
    }

    fn goal(&self, clocks_per_pass: u32) -> Goal {
        match (&self.plan.role, self.target) {
            (Role::ReachesTarget { .. }, Some(target)) => Goal::Reach(target.last_objective),
            _ => Goal::Converge { rule: self.plan.convergence, clocks_per_pass },
        }
    }

    fn driver<W: Learning>(
        &self,
        topology: &Topology,
        setting: &Arc<Setting>,
        workloads: &[Arc<W>],
    ) -> Result<Driver<W>, LinkError> {
        let network = Arc::new(topology.network());
        let fabric = Fabric::new(network, LinkConfig { chunk: self.plan.chunk }, self.plan.seed)?;
        let machines = topology.machines().zip(workloads);
        let machines = machines.map(|(id, workload)| Machine::new(setting.clone(), id, workload.clone())).collect();
        Ok(VirtualDriver::new(machines, fabric, self.pool.clone()))
    }

    /// Takes up the last checkpoint, or starts.
    fn begin<W: Learning>(&self, driver: &mut Driver<W>, recorder: &mut Recorder<'_, W>, say: impl Fn(&str)) {
        let anew = |why: &str| say(&format!("{}: begins anew, its checkpoint cannot be used: {why}", self.plan.cell));
        match checkpoint::read(self.folder, &self.plan.hash()) {
            Ok(Some(read)) => match driver.resume(&read.driver) {
                Ok(()) => {
                    recorder.state = read.recorder;
                    say(&format!("{}: goes on from clock {}", self.plan.cell, recorder.state.samples.len()));
                    return;
                }
                Err(error) => anew(&error.to_string()),
            },
            Ok(None) => {}
            Err(why) => anew(&why),
        }
        driver.start(recorder);
    }

    fn run_to_the_end<W: Learning>(
        &self,
        driver: &mut Driver<W>,
        recorder: &mut Recorder<'_, W>,
    ) -> Result<(), CellError> {
        let mut written = Instant::now();
        loop {
            for _ in 0..EVENTS_A_LOOK {
                if driver.step(recorder)? == Step::Ended {
                    return Ok(());
                }
            }
            if written.elapsed() >= self.checkpoint_every {
                checkpoint::write(self.folder, &self.plan.hash(), &driver.checkpoint(), &recorder.state)?;
                written = Instant::now();
            }
        }
    }

    fn write<W: Learning>(
        &self,
        topology: &Topology,
        driver: &Driver<W>,
        state: RecorderState<W::State>,
    ) -> Result<Summary, CellError> {
        let mut clocks = state.clocks.clone();
        clocks.sort_by_key(|row| (row.clock, row.machine));
        let traffic = table::traffic(topology, &state.traffic);
        let tables = store::Tables { samples: &state.samples, clocks: &clocks, traffic: &traffic };
        store::write_tables(self.folder, &tables)?;
        let target = self.target.map(|target| target.last_objective);
        let summary = table::summary(self.plan, target, &state, &clocks, driver.digest());
        store::write_summary(self.folder, &summary)?;
        Ok(summary)
    }
}

fn bytes_per_second(topology: &Topology, from: MachineId, to: MachineId) -> f64 {
    topology.rate_between(from, to).as_bits_per_second() as f64 / 8.0
}
