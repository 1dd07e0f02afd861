//! Watches a run: gathers what machines record into rows, and ends the run when its goal is met.
//!
//! A row of `samples.parquet` stands for the moment when every worker has read the parameters for its next clock. Its
//! objective is the sum of what each worker measured on its own data with the rows that it read (DESIGN: each worker's
//! own data on its site's copy); its time is when the last of them had read. Beside it stands the objective of the first
//! site's copy on all data; where that copy is what all workers read, it is the same sum and not measured again. Evaluation takes no
//! virtual time.
//!
//! Rows are finished in the order of clocks, and the goal is asked after each: the end of a run depends on nothing else.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use base::durations::Durations;
use emulator::id::MachineId;
use emulator::node::Class;
use emulator::time::Instant;
use emulator::virtual_driver::{Observer, Transfer};
use gaia_core::breakdown::{PARTS, Parts};
use gaia_core::outbox::Sample as Recorded;
use gaia_core::server::store::Pending;
use gaia_core::setting::{RecordCopies, Setting};
use gaia_core::workload::traits::{Evaluation, MetricPart, Workload};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::course::Course;
use super::goal::{End, Goal};
use super::progress::CellProgress;
use super::views::{Copied, Views};
use record::results::{Blocked, Breakdown, ClockRow, LinkEnds, MetricValues, Part, Sample};

/// The values of a workload's metrics after a clock, from what all workers measured and the first site's copy of all rows.
pub(super) type Judge<'a> = &'a (dyn Fn(u32, &Evaluation, &[f32]) -> MetricValues + Sync);

/// Gathers a run's results.
pub(super) struct Recorder<'a, W: Workload> {
    pub(super) setting: Arc<Setting>,
    pub(super) workloads: Vec<Arc<W>>,
    pub(super) views: Views,
    pub(super) pool: Arc<rayon::ThreadPool>,
    pub(super) goal: Goal,
    pub(super) progress: &'a CellProgress,
    /// The values of the workload's metrics.
    pub(super) judge: Judge<'a>,
    /// The course of this cell's learning from its first clock on. `None`: nobody wants it.
    pub(super) course: Option<&'a mut Course>,
    pub(super) state: RecorderState<W::State>,
    /// The first site's copy of all rows at the end of the run; empty before.
    pub(super) last_copy: Vec<f32>,
}

/// The gathered data: part of a checkpoint.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Serialize + serde::de::DeserializeOwned")]
pub(super) struct RecorderState<S> {
    pub(super) samples: Vec<Sample>,
    /// Per sample, what the digest has of the workers' first metric: the root of its mean.
    pub(super) judged: Vec<f64>,
    /// By clock, what each worker measured, where a [course](super::course) of it is wanted.
    pub(super) measured: Vec<Vec<Evaluation>>,
    pub(super) clocks: Vec<ClockRow>,
    pub(super) traffic: BTreeMap<(u32, u32, Class), Counts>,
    pub(super) read_wait: Durations,
    pub(super) barrier_wait: Durations,
    pub(super) transfer: Durations,
    /// Updates that filters scanned, and those that passed.
    pub(super) found: Pending,
    pub(super) significant: Pending,
    /// Parameters that filters looked through, touched or not.
    pub(super) filtered: u64,
    /// Parameters that no model can have, over all workers and evaluations.
    pub(super) clamped: u64,
    pub(super) end: Option<End>,
    wan: Counts,
    pending: BTreeMap<u32, PendingRow<S>>,
}

/// Counts of messages and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) messages: u64,
    pub(super) actual: u64,
    pub(super) charged: u64,
}

/// A row that is not complete yet.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Serialize + serde::de::DeserializeOwned")]
struct PendingRow<S> {
    evaluations: Vec<Option<(Instant, Evaluation)>>,
    states: Vec<Option<Arc<S>>>,
    copies: BTreeMap<MachineId, Copied>,
    ended: u32,
    wan: Counts,
}

impl<S> Default for RecorderState<S> {
    fn default() -> Self {
        RecorderState {
            samples: Vec::new(),
            judged: Vec::new(),
            measured: Vec::new(),
            clocks: Vec::new(),
            traffic: BTreeMap::new(),
            read_wait: Durations::default(),
            barrier_wait: Durations::default(),
            transfer: Durations::default(),
            found: Pending::default(),
            significant: Pending::default(),
            filtered: 0,
            clamped: 0,
            end: None,
            wan: Counts::default(),
            pending: BTreeMap::new(),
        }
    }
}

impl Counts {
    fn add(&mut self, transfer: &Transfer) {
        self.messages += 1;
        self.actual += transfer.actual.as_bytes();
        self.charged += transfer.charged.as_bytes();
    }
}

impl<W: Workload> Recorder<'_, W> {
    fn row(&mut self, clock: u32) -> &mut PendingRow<W::State> {
        let workers = self.workloads.len();
        self.state.pending.entry(clock).or_insert_with(|| PendingRow {
            evaluations: vec![None; workers],
            states: vec![None; workers],
            copies: BTreeMap::new(),
            ended: 0,
            wan: Counts::default(),
        })
    }

    /// Finishes the rows that are complete, in order, until one ends the run.
    fn finish_rows(&mut self) -> ControlFlow<()> {
        while self.state.end.is_none() {
            let next = self.state.samples.len() as u32;
            let shards = self.setting.groups()[0].machines.len();
            let complete = self.state.pending.get(&next).is_some_and(|row| {
                row.evaluations.iter().all(Option::is_some)
                    && (self.setting.parts.record_copies == RecordCopies::Tables
                        || row.states.iter().all(Option::is_some))
                    && row.copies.len() == shards
            });
            if !complete {
                return ControlFlow::Continue(());
            }
            let row = self.state.pending.remove(&next).expect("it was just there");
            let copy = self.views.table(&row.copies);
            let sample = self.sample_of(next, &row, &copy);
            self.progress.clock(&sample);
            // What is measured at the end alone is measured there in this cell alone.
            let is_of_all = self.workloads[0].evaluates(next * self.setting.parts.system.parts());
            if let Some(course) = self.course.as_mut().filter(|_| is_of_all || next < self.setting.parts.max_clocks) {
                let evaluations: Vec<Evaluation> = row.evaluations.iter().flatten().map(|&(_, it)| it).collect();
                self.state.measured.push(evaluations.clone());
                course.push(evaluations, &sample, &copy);
            }
            self.state.samples.push(sample);
            let objectives: Vec<f64> = self.state.samples.iter().map(|sample| sample.objective).collect();
            self.state.end = self.goal.end(&objectives, self.setting.parts.max_clocks);
            if self.state.end.is_some() {
                self.last_copy = copy;
            }
        }
        ControlFlow::Break(())
    }

    fn sample_of(&mut self, clock: u32, row: &PendingRow<W::State>, copy: &[f32]) -> Sample {
        let mut all = Evaluation::default();
        let mut seconds = Instant::START;
        for (at, evaluation) in row.evaluations.iter().flatten() {
            all += *evaluation;
            seconds = seconds.max(*at);
        }
        self.state.clamped += all.clamped;
        self.state.judged.push(root_of_mean(&all.metrics[0]));
        let stands = self.state.samples.last().filter(|_| !self.evaluates(clock));
        let (objective_one_copy, metrics) = match stands {
            Some(last) => (last.objective_one_copy, last.metrics.clone()),
            None => {
                let of_copy = match self.setting.parts.record_copies {
                    RecordCopies::Tables => all.objective,
                    _ => self.evaluate_copy(row, copy).objective,
                };
                (of_copy, (self.judge)(clock, &all, copy))
            }
        };
        Sample {
            clock,
            seconds: seconds.as_secs_f64(),
            objective: all.objective,
            objective_one_copy,
            metrics,
            wan_bytes: row.wan.charged,
            wan_bytes_actual: row.wan.actual,
        }
    }

    fn evaluates(&self, clock: u32) -> bool {
        clock == self.setting.parts.max_clocks || self.workloads[0].evaluates(clock * self.setting.parts.system.parts())
    }

    /// The first site's copy on all workers' data; summed in the workers' order whatever the number of threads.
    fn evaluate_copy(&self, row: &PendingRow<W::State>, table: &[f32]) -> Evaluation {
        let evaluate = |worker: usize| {
            let state = row.states[worker].as_ref().expect("the row is complete");
            self.workloads[worker].evaluate(state, &self.views.view(worker, table))
        };
        let workers = 0..self.workloads.len();
        let parts: Vec<Evaluation> = self.pool.install(|| workers.into_par_iter().map(evaluate).collect());
        parts.into_iter().fold(Evaluation::default(), |mut sum, part| {
            sum += part;
            sum
        })
    }
}

impl<W: Workload> Observer<Recorded<W::State>> for Recorder<'_, W> {
    fn sample(&mut self, _: Instant, machine: MachineId, sample: Recorded<W::State>) -> ControlFlow<()> {
        let worker = machine.index();
        match sample {
            Recorded::Clock { clock, started, ended, parts, read_wait, barrier_wait, blocked } => {
                self.state.read_wait.record(read_wait.as_nanos());
                self.state.barrier_wait.record(barrier_wait.as_nanos());
                let site = self.setting.parts.placement.site_of[worker].0;
                let (started, ended) = (started.as_secs_f64(), ended.as_secs_f64());
                let (parts, blocked) = (breakdown(&parts), blocked.and_then(in_results));
                let row = ClockRow { clock, machine: machine.0, site, started, ended, parts, blocked };
                self.state.clocks.push(row);
                let (workers, wan) = (self.workloads.len() as u32, self.state.wan);
                let next = self.row(clock + 1);
                next.ended += 1;
                if next.ended == workers {
                    next.wan = wan;
                }
            }
            Recorded::Evaluation { clock, at, evaluation } => {
                self.row(clock).evaluations[worker] = Some((at, evaluation));
            }
            Recorded::State { clock, state } => self.row(clock).states[worker] = Some(state),
            Recorded::Copy { clock, values, .. } => {
                self.row(clock).copies.insert(machine, Copied(values));
            }
            Recorded::Filter { pending, significant, .. } => {
                self.state.found += pending;
                self.state.significant += significant;
                self.state.filtered += self.setting.rows_of(machine).floats() as u64;
            }
        }
        let ended = self.finish_rows();
        // Machines that have done their clocks halt: what is under way then still counts.
        if self.goal == Goal::DoClocks { ControlFlow::Continue(()) } else { ended }
    }

    fn transfer(&mut self, transfer: &Transfer) {
        self.state.transfer.record((transfer.arrived_at - transfer.sent_at).as_nanos());
        let site_of = &self.setting.parts.placement.site_of;
        if site_of[transfer.from.index()] != site_of[transfer.to.index()] {
            self.state.wan.add(transfer);
        }
        self.state.traffic.entry((transfer.from.0, transfer.to.0, transfer.class)).or_default().add(transfer);
    }
}

/// The part of a metric in digests: new metrics do not change the digests of runs with equal events.
fn root_of_mean(part: &MetricPart) -> f64 {
    /// Without data: the bits that x86 gives 0 / 0, on every processor.
    const NONE: f64 = f64::from_bits(0xfff8_0000_0000_0000);
    if part.count == 0 { NONE } else { (part.sum / part.count as f64).sqrt() }
}

/// The longest phase of a wait, as results have it.
fn in_results(blocked: gaia_core::breakdown::Blocked) -> Option<Blocked> {
    let part = Part::at(PARTS.iter().position(|&part| part == blocked.part)?)?;
    let link = blocked.on.link.map(|link| LinkEnds { from: link.from.0, to: link.to.0 });
    Some(Blocked { part, on: blocked.on.machine.0, link })
}

/// The time breakdown, in seconds.
fn breakdown(parts: &Parts) -> Breakdown {
    Breakdown::from_parts(PARTS.map(|part| parts.part(part).as_secs_f64()))
}
