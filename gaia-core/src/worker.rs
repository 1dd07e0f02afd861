//! A worker: reads its declared rows as one snapshot, computes a clock, sends the changes.
//!
//! It keeps the rows of each shard in a cache and asks for fresher ones in the background: at the start of clock `c` for
//! clock `c + 1`, one request a shard at a time (IterStore's prefetch). Whether the cache serves is the sync model's
//! decision. A worker always sees its own changes: those that a shard's answer does not include yet are added again.

use std::collections::VecDeque;
use std::sync::Arc;

use emulator::id::MachineId;
use emulator::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

use crate::breakdown::{Part, Parts, Phases};
use crate::cost::ServerRates;
use crate::kernel;
use crate::layout::{RowSet, Segment};
use crate::message::{Message, Rows};
use crate::outbox::{Outbox, Sample};
use crate::setting::{RecordCopies, Setting};
use crate::sync::CacheState;
use crate::wire::Payload;
use crate::workload::traits::{Evaluation, Workload};

/// A worker: constants and changing state.
pub struct Worker<W: Workload> {
    setting: Arc<Setting>,
    machine: MachineId,
    workload: Arc<W>,
    shards: Vec<ShardView>,
    state: WorkerState<W::State>,
}

/// One shard as a worker knows it: constant.
#[derive(Clone, Debug)]
struct ShardView {
    machine: MachineId,
    /// `first` in the worker's view, `second` in messages.
    segments: Arc<[Segment]>,
    rows: Arc<[u32]>,
    floats: usize,
}

/// What changes in a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerState<S> {
    clock: u32,
    phase: Phase,
    learned: Option<(S, Vec<f32>)>,
    caches: Vec<Cache>,
    /// Changes since the last exchange, a shard each; empty after one.
    unsent: Vec<Payload>,
    /// What was measured last: at an exchange, when all workers' changes were read.
    evaluation: Evaluation,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Phase {
    Reading { since: Instant },
    Computing { since: Instant, started: Instant, parts: Parts, barrier_wait: Duration },
    Finished,
}

/// What a worker has of one shard.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Cache {
    /// The last answer; its payload goes with the task that copies it into the view.
    rows: Option<Rows>,
    copied: bool,
    /// The clock of the request under way.
    asked: Option<u32>,
    /// Own changes that an answer may not include, by clock.
    own: VecDeque<(u32, Payload)>,
}

/// One clock's computation.
pub struct ClockTask<W: Workload> {
    workload: Arc<W>,
    isa: crate::simd::Isa,
    clock: u32,
    state: W::State,
    view: Vec<f32>,
    shards: Vec<Arc<[Segment]>>,
    /// What the view is brought up to date with, a shard each, where that has sent anything new.
    pulled: Vec<Option<Pulled>>,
    last: bool,
    evaluate: bool,
    record_state: bool,
}

/// A shard's answer, and own changes that it lacks.
struct Pulled {
    rows: Payload,
    own: Vec<Payload>,
}

/// What it leaves.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClockDone<S> {
    state: S,
    view: Vec<f32>,
    changes: Vec<Payload>,
    evaluation: Option<Evaluation>,
    state_before: Option<Arc<S>>,
}

impl<W: Workload> ClockTask<W> {
    /// Evaluates what was read, if it is time to, then learns (unless the run is over), and takes the difference.
    pub(crate) fn run(mut self) -> ClockDone<W::State> {
        for (segments, pulled) in self.shards.iter().zip(&self.pulled) {
            pulled.iter().for_each(|pulled| pulled.copy_into(&mut self.view, segments, self.isa));
        }
        self.pulled = Vec::new();
        let evaluation = self.evaluate.then(|| self.workload.evaluate(&self.state, &self.view));
        let state_before = self.record_state.then(|| Arc::new(self.state.clone()));
        let mut changes = Vec::new();
        if !self.last {
            let before = self.view.clone();
            self.workload.compute(self.clock, &mut self.state, &mut self.view);
            for segments in &self.shards {
                let floats = segments.iter().map(|segment| segment.len).sum();
                let mut change: Arc<[f32]> = std::iter::repeat_n(0.0, floats).collect();
                let values = Arc::get_mut(&mut change).expect("nobody else has it yet");
                for &Segment { first, second, len } in segments.iter() {
                    let range = first..first + len;
                    let out = &mut values[second..second + len];
                    kernel::delta(self.isa, &self.view[range.clone()], &before[range], out);
                }
                changes.push(Payload::Dense(change));
            }
        }
        ClockDone { state: self.state, view: self.view, changes, evaluation, state_before }
    }
}

impl<W: Workload> Worker<W> {
    /// The worker of `machine`.
    pub fn new(setting: Arc<Setting>, machine: MachineId, workload: Arc<W>) -> Self {
        let view_rows = setting.parts.layout.row_set(workload.declared_rows().iter().copied());
        let shards: Vec<ShardView> =
            setting.group_of(machine).machines.iter().map(|&shard| shard_view(&setting, shard, &view_rows)).collect();
        let state = WorkerState {
            clock: 0,
            phase: Phase::Reading { since: Instant::START },
            learned: Some((workload.initial_state(), vec![0.0; view_rows.floats()])),
            caches: vec![Cache::default(); shards.len()],
            unsent: Vec::new(),
            evaluation: Evaluation::default(),
        };
        Worker { setting, machine, workload, shards, state }
    }

    /// Clocks completed.
    pub fn clock(&self) -> u32 {
        self.state.clock
    }

    /// The clocks of the rows that the current computation reads, a shard each: (asked for, data clock); none while
    /// waiting.
    pub fn reading(&self) -> Option<Vec<(u32, u32)>> {
        let Phase::Computing { .. } = self.state.phase else { return None };
        let rows = self.state.caches.iter().map(|cache| cache.rows.as_ref());
        rows.map(|rows| rows.map(|rows| (rows.asked_for, rows.data_clock))).collect()
    }

    /// Everything that changes in a run.
    pub fn snapshot(&self) -> WorkerState<W::State> {
        self.state.clone()
    }

    /// Takes up a snapshot.
    pub fn restore(&mut self, state: WorkerState<W::State>) {
        self.state = state;
    }

    pub(crate) fn has_finished(&self) -> bool {
        self.state.phase == Phase::Finished
    }

    /// What keeps it, in words.
    pub(crate) fn waiting_for(&self) -> Option<String> {
        match self.state.phase {
            Phase::Reading { .. } => {
                let asked: Vec<String> = self
                    .shards
                    .iter()
                    .zip(&self.state.caches)
                    .filter(|(_, cache)| !self.serves(cache))
                    .map(|(shard, _)| shard.machine.to_string())
                    .collect();
                Some(format!("rows of {} for clock {}", asked.join(", "), self.state.clock))
            }
            Phase::Computing { .. } => Some(format!("the computation of clock {}", self.state.clock)),
            Phase::Finished => None,
        }
    }

    pub(crate) fn handle_start<T>(&mut self, now: Instant, out: &mut Outbox<T, W::State>) {
        for shard in &self.shards {
            out.messages.push_back((shard.machine, Message::Declare { rows: shard.rows.clone() }));
        }
        self.ask(now, 0, out);
    }

    /// Asks every shard for rows fit for `clock`, where no request is under way.
    fn ask<T>(&mut self, now: Instant, clock: u32, out: &mut Outbox<T, W::State>) {
        for (shard, cache) in self.shards.iter().zip(&mut self.state.caches) {
            if cache.asked.is_none() {
                cache.asked = Some(clock);
                out.messages.push_back((shard.machine, Message::Read { clock, asked_at: now }));
            }
        }
    }

    pub(crate) fn handle_rows<T>(&mut self, now: Instant, from: MachineId, rows: Rows, out: &mut Outbox<T, W::State>)
    where
        T: From<ClockTask<W>>,
    {
        let index = self.shards.iter().position(|shard| shard.machine == from).expect("only its shards answer");
        let phases = rows.phases.clone();
        let cache = &mut self.state.caches[index];
        cache.asked = None;
        cache.own.retain(|&(clock, _)| clock >= rows.includes);
        cache.rows = Some(rows);
        cache.copied = false;
        if let Phase::Reading { since } = self.state.phase {
            self.ask_where_needed(now, out);
            self.try_compute(now, since, &phases, out);
        }
    }

    fn serves(&self, cache: &Cache) -> bool {
        cache.rows.as_ref().is_some_and(|rows| {
            let state = CacheState { clock: self.state.clock, data_clock: rows.data_clock, asked_for: rows.asked_for };
            self.setting.model().cache_serves(&state)
        })
    }

    /// Starts the clock when every shard's rows are fit for it. `phases`: the way of the answer that came last.
    fn try_compute<T>(&mut self, now: Instant, since: Instant, phases: &Phases, out: &mut Outbox<T, W::State>)
    where
        T: From<ClockTask<W>>,
    {
        if !self.state.caches.iter().all(|cache| self.serves(cache)) {
            return;
        }
        let clock = self.state.clock;
        let (state, view) = self.state.learned.take().expect("learned state is here between clocks");
        let pulled = self.state.caches.iter_mut().map(Cache::pull).collect();
        let last = clock == self.setting.parts.max_clocks;
        let just_read = clock == 0 || self.setting.model().exchanges_after(clock - 1);
        let (compute, encode) = if last { (Duration::ZERO, Duration::ZERO) } else { self.durations(clock) };
        let mut parts = phases.between(since, now, Part::Wire);
        parts.add(Part::Compute, compute);
        parts.add(Part::Encode, encode);
        let barrier_wait = phases.barrier(since, now);
        self.state.phase = Phase::Computing { since, started: now, parts, barrier_wait };
        let task = ClockTask {
            workload: self.workload.clone(),
            isa: self.setting.parts.isa,
            clock,
            state,
            view,
            shards: self.shards.iter().map(|shard| shard.segments.clone()).collect(),
            pulled,
            last,
            evaluate: just_read && (last || self.workload.evaluates(clock)),
            record_state: self.setting.parts.record_copies == RecordCopies::EveryClock,
        };
        out.tasks.push_back((task.into(), compute + encode));
        if !last && self.setting.model().exchanges_after(clock) {
            self.ask(now, clock + 1, out);
        }
    }

    /// What the machine takes to compute the clock, and to write its updates.
    fn durations(&self, clock: u32) -> (Duration, Duration) {
        let parts = &self.setting.parts;
        let compute = self.workload.duration(clock, &parts.kind, &parts.similitude);
        let floats: usize = self.shards.iter().map(|shard| shard.floats).sum();
        let rate = parts.kind.server.encode_gb_per_second;
        let encode = ServerRates::work(&parts.similitude, floats as u64 * 4, rate);
        (self.setting.jittered(compute, "compute jitter", self.machine, u64::from(clock)), encode)
    }

    pub(crate) fn handle_done<T>(&mut self, now: Instant, done: ClockDone<W::State>, out: &mut Outbox<T, W::State>)
    where
        T: From<ClockTask<W>>,
    {
        let Phase::Computing { since, started, parts, barrier_wait } = self.state.phase.clone() else {
            unreachable!("a computation was under way")
        };
        let clock = self.state.clock;
        self.state.evaluation = done.evaluation.unwrap_or(self.state.evaluation);
        out.samples.push_back(Sample::Evaluation { clock, at: started, evaluation: self.state.evaluation });
        if let Some(state) = done.state_before {
            out.samples.push_back(Sample::State { clock, state });
        }
        self.state.learned = Some((done.state, done.view));
        if clock == self.setting.parts.max_clocks {
            self.state.phase = Phase::Finished;
            return;
        }
        let read_wait = started - since;
        out.samples.push_back(Sample::Clock { clock, started: since, ended: now, parts, read_wait, barrier_wait });
        self.keep(done.changes);
        if self.setting.model().exchanges_after(clock) {
            self.send_changes(now, clock, out);
        }
        self.state.clock += 1;
        self.state.phase = Phase::Reading { since: now };
        self.ask_where_needed(now, out);
        self.try_compute(now, now, &Phases::default(), out);
    }

    /// Adds the changes of a clock to those that are not sent yet.
    fn keep(&mut self, changes: Vec<Payload>) {
        if self.state.unsent.is_empty() {
            self.state.unsent = changes;
            return;
        }
        for (unsent, change) in self.state.unsent.iter_mut().zip(changes) {
            let (Payload::Dense(unsent), Payload::Dense(change)) = (unsent, change) else {
                unreachable!("own changes are dense")
            };
            kernel::add_assign(self.setting.parts.isa, Arc::make_mut(unsent), &change);
        }
    }

    /// Sends what is not sent yet. Answers may lack it for a while: it is kept to be added.
    fn send_changes<T>(&mut self, now: Instant, clock: u32, out: &mut Outbox<T, W::State>) {
        let unsent = std::mem::take(&mut self.state.unsent);
        for ((shard, cache), payload) in self.shards.iter().zip(&mut self.state.caches).zip(unsent) {
            cache.own.push_back((clock, payload.clone()));
            out.messages.push_back((shard.machine, Message::Update { clock, payload, sent_at: now }));
        }
    }

    /// Asks again where the cache does not serve and no request is under way.
    fn ask_where_needed<T>(&mut self, now: Instant, out: &mut Outbox<T, W::State>) {
        let clock = self.state.clock;
        for index in 0..self.shards.len() {
            let cache = &self.state.caches[index];
            if cache.asked.is_none() && !self.serves(cache) {
                self.state.caches[index].asked = Some(clock);
                out.messages.push_back((self.shards[index].machine, Message::Read { clock, asked_at: now }));
            }
        }
    }
}

impl Cache {
    /// The last answer, unless the view has it already, and own changes that it lacks. Copying is the task's.
    fn pull(&mut self) -> Option<Pulled> {
        if self.copied {
            return None;
        }
        self.copied = true;
        let answer = self.rows.as_mut().expect("a cache that serves holds an answer");
        let rows = std::mem::replace(&mut answer.payload, Payload::Dense(Arc::from([])));
        Some(Pulled { rows, own: self.own.iter().map(|(_, payload)| payload.clone()).collect() })
    }
}

impl Pulled {
    fn copy_into(&self, view: &mut [f32], segments: &[Segment], isa: crate::simd::Isa) {
        let Payload::Dense(values) = &self.rows else { unreachable!("rows are dense") };
        for &Segment { first, second, len } in segments {
            view[first..first + len].copy_from_slice(&values[second..second + len]);
        }
        for payload in &self.own {
            let Payload::Dense(change) = payload else { unreachable!("own changes are dense") };
            for &Segment { first, second, len } in segments {
                kernel::add_assign(isa, &mut view[first..first + len], &change[second..second + len]);
            }
        }
    }
}

/// The shard of machine `shard` as a worker with these rows sees it.
fn shard_view(setting: &Setting, shard: MachineId, view_rows: &RowSet) -> ShardView {
    let shard_rows = setting.rows_of(shard);
    let declared = |row: &u32| view_rows.rows().binary_search(row).is_ok();
    let rows: Vec<u32> = shard_rows.rows().iter().copied().filter(declared).collect();
    let in_message = setting.parts.layout.row_set(rows.iter().copied());
    let segments = view_rows.common(&in_message);
    ShardView { machine: shard, segments, floats: in_message.floats(), rows: rows.into() }
}
