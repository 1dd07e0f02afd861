//! A worker: reads its declared rows as one snapshot, computes a clock, sends the changes.
//!
//! It keeps the rows of each shard in a cache and asks for fresher ones in the background: at the start of clock `c` for
//! clock `c + 1`, one request per shard at a time (IterStore's prefetch). Whether the cache serves is the sync model's
//! decision. A worker always sees its own changes: those that a shard's answer does not include yet are added again.

mod cache;
mod sending;
mod task;

use std::collections::VecDeque;
use std::sync::Arc;

use emulator::id::MachineId;
use emulator::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

use self::cache::Cache;
use self::sending::{Changed, Sending, ShardView};
pub use self::task::{ClockDone, ClockTask};
use self::task::{Pulled, floats};
use crate::breakdown::{Blocked, Blocker, Part, Parts, Phases, Wait};
use crate::message::{Message, Rows};
use crate::outbox::{Outbox, Sample};
use crate::rates::ServerRates;
use crate::setting::{RecordCopies, Setting};
use crate::stage::StagePlan;
use crate::sync::CacheState;
use crate::workload::traits::{Evaluation, Workload};

/// A worker: constants and changing state.
pub struct Worker<W: Workload> {
    setting: Arc<Setting>,
    machine: MachineId,
    workload: Arc<W>,
    shards: Vec<ShardView>,
    /// Floats of all declared rows.
    floats: usize,
    /// A shard whose rows were not here at the last look: asked about first, as with hundreds of shards most looks end there.
    lacking: usize,
    state: WorkerState<W::State>,
}

/// The state that changes in a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerState<S> {
    clock: u32,
    activity: Activity,
    /// The stages whose rows are here for this clock, in their order.
    ready: Vec<Ready>,
    /// The breakdown of the time until the first of them was here.
    waited: Parts,
    /// The longest phase of that time.
    blocked: Option<Blocked>,
    barrier_wait: Duration,
    learned: Option<(S, Vec<f32>)>,
    caches: Vec<Cache>,
    /// Changes that are not sent, and how they are.
    sending: Sending,
    /// The last measurement: at an exchange, when all workers' changes were read.
    evaluation: Evaluation,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Activity {
    Reading {
        since: Instant,
    },
    Computing(Clock),
    /// The work is done, and the changes of some stages still have to go.
    Sending(Clock),
    Finished,
}

/// The rows of one stage are here.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Ready {
    at: Instant,
    /// The machine whose answer came last.
    from: MachineId,
}

/// The answer that came last.
struct LastAnswer {
    from: MachineId,
    phases: Phases,
}

/// The clock under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Clock {
    since: Instant,
    started: Instant,
    parts: Parts,
    /// The longest phase of waiting for rows.
    blocked: Option<Blocked>,
    /// The part of the clock that is computed.
    part: u32,
    /// The times at which the changes of each stage go, the last stage first; those that have gone are left out.
    pushes: VecDeque<Instant>,
}

impl<W: Workload> Worker<W> {
    /// The worker of `machine`.
    pub fn new(setting: Arc<Setting>, machine: MachineId, workload: Arc<W>) -> Self {
        let view_rows = setting.parts.layout.row_set(workload.declared_rows().iter().copied());
        let shards: Vec<ShardView> = setting
            .group_of(machine)
            .machines
            .iter()
            .map(|&shard| ShardView::new(&setting, shard, &view_rows))
            .collect();
        let state = WorkerState {
            clock: 0,
            activity: Activity::Reading { since: Instant::START },
            ready: Vec::new(),
            waited: Parts::default(),
            blocked: None,
            barrier_wait: Duration::ZERO,
            learned: Some((workload.initial_state(), vec![0.0; view_rows.floats()])),
            caches: vec![Cache::default(); shards.len()],
            sending: Sending::new(setting.model().communication(), &shards),
            evaluation: Evaluation::default(),
        };
        Worker { setting, machine, workload, shards, floats: view_rows.floats(), lacking: 0, state }
    }

    /// The number of clocks that the worker has completed.
    pub fn clock(&self) -> u32 {
        self.state.clock
    }

    /// The clocks of the rows that the current computation reads, one entry per shard: (asked for, data clock); none while
    /// waiting.
    pub fn reading(&self) -> Option<Vec<(u32, u32)>> {
        let Activity::Computing(_) = self.state.activity else { return None };
        let rows = self.state.caches.iter().map(|cache| cache.rows.as_ref());
        rows.map(|rows| rows.map(|rows| (rows[0].asked_for, rows[0].data_clock))).collect()
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
        self.state.activity == Activity::Finished
    }

    /// The reason why it waits, in words.
    pub(crate) fn waiting_for(&self) -> Option<String> {
        match self.state.activity {
            Activity::Reading { .. } => {
                let asked: Vec<String> = self
                    .shards
                    .iter()
                    .zip(&self.state.caches)
                    .filter(|(_, cache)| !self.serves(cache))
                    .map(|(shard, _)| shard.machine.to_string())
                    .collect();
                Some(format!("rows of {} for clock {}", asked.join(", "), self.state.clock))
            }
            Activity::Computing(_) => Some(format!("the computation of clock {}", self.state.clock)),
            Activity::Sending(_) => Some(format!("the time to send changes of clock {}", self.state.clock)),
            Activity::Finished => None,
        }
    }

    pub(crate) fn handle_start<T>(&mut self, now: Instant, out: &mut Outbox<T, W::State>) {
        for shard in &self.shards {
            out.messages.push_back((shard.machine, Message::Declare { rows: shard.rows.clone() }));
        }
        self.ask(now, 0, out);
    }

    /// Asks every shard for rows fit for `clock`, where no request is under way and rows do not come unasked.
    fn ask<T>(&mut self, now: Instant, clock: u32, out: &mut Outbox<T, W::State>) {
        if self.setting.model().pushes() {
            return;
        }
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
        let index = self.shards.binary_search_by_key(&from, |shard| shard.machine).expect("only its shards answer");
        let answer = LastAnswer { from, phases: rows.phases.clone() };
        let includes = rows.includes;
        let is_whole = self.state.caches[index].take_in(rows, self.setting.parts.layout.stages().len());
        // Own changes up to this number are in the rows, and must not be added a second time.
        if is_whole {
            self.state.sending.answered(index, includes);
        }
        if let Activity::Reading { since } = self.state.activity {
            // The others have been asked, or serve, since the clock began: with many shards it counts that they are left alone.
            self.ask_if_needed(now, index, out);
            self.try_compute(now, since, &answer, out);
        }
    }

    fn serves(&self, cache: &Cache) -> bool {
        cache.rows.as_ref().is_some_and(|rows| self.answer_serves(&rows[0]))
    }

    fn answer_serves(&self, rows: &Rows) -> bool {
        let state = CacheState { clock: self.state.clock, data_clock: rows.data_clock, asked_for: rows.asked_for };
        self.setting.model().cache_serves(&state)
    }

    /// Whether the rows that are here may do for a later clock. If none may, all are sent anew before it.
    fn some_cache_serves(&self, clock: u32) -> bool {
        let serves = |rows: &Rows| {
            let state = CacheState { clock, data_clock: rows.data_clock, asked_for: rows.asked_for };
            self.setting.model().cache_serves(&state)
        };
        self.state.caches.iter().any(|cache| cache.rows.as_ref().is_none_or(|rows| serves(&rows[0])))
    }

    /// Notes the stages whose rows are here now.
    fn note_ready(&mut self, now: Instant, since: Instant, answer: &LastAnswer) {
        let stages = self.setting.parts.layout.stages().len();
        while self.state.ready.len() < stages {
            let stage = self.state.ready.len();
            let lacks = |cache: &Cache| {
                !self.serves(cache) && !cache.coming.get(stage).is_some_and(|it| self.answer_serves(it))
            };
            if lacks(&self.state.caches[self.lacking]) {
                return;
            }
            if let Some(lacking) = self.state.caches.iter().position(lacks) {
                self.lacking = lacking;
                return;
            }
            // The wait for the first stage is what keeps the computation from starting. Later stages arrive while it goes on; where it then
            // stalls is in the stage plan.
            if stage == 0 {
                let wait = Wait { waiting: self.machine, answered: answer.from, since, until: now };
                self.state.waited = answer.phases.parts_of(wait);
                self.state.blocked = answer.phases.longest_of(wait);
                self.state.barrier_wait = self.state.waited.part(Part::Barrier);
            }
            self.state.ready.push(Ready { at: now, from: answer.from });
        }
    }

    /// Starts the clock when every shard's rows are fit for it.
    fn try_compute<T>(&mut self, now: Instant, since: Instant, answer: &LastAnswer, out: &mut Outbox<T, W::State>)
    where
        T: From<ClockTask<W>>,
    {
        self.note_ready(now, since, answer);
        if self.state.ready.len() < self.setting.parts.layout.stages().len() {
            return;
        }
        debug_assert!(self.state.caches.iter().all(|cache| self.serves(cache)), "the last stage makes an answer whole");
        let clock = self.state.clock;
        let pulled = self.pull();
        let (parts, blocked) = (self.state.waited, self.state.blocked);
        let begun = Clock { since, started: now, parts, blocked, part: 0, pushes: VecDeque::new() };
        self.compute_part(now, begun, pulled, out);
        // The prefetch. After a clock without an exchange the next one goes on with the own copy, and there is nothing to ask for.
        if clock != self.setting.parts.max_clocks && self.setting.model().exchanges_after(clock) {
            self.ask(now, clock + 1, out);
        }
    }

    /// The data that bring the view up to date.
    fn pull(&mut self) -> Vec<Option<Pulled>> {
        let mut pulled: Vec<Option<Pulled>> = self.state.caches.iter_mut().map(Cache::pull).collect();
        // Own changes count in full where they are added again, which is right only under `add`. Other rules work on whole rounds, of
        // which an answer that serves has all.
        let adds = self.setting.model().rule().is_default();
        debug_assert!(adds || pulled.iter().flatten().all(|pulled| pulled.own.is_empty()), "rows of whole rounds");
        for (index, pulled) in pulled.iter_mut().enumerate() {
            if let Some(pulled) = pulled {
                pulled.own.extend(self.state.sending.lacking(index, &self.shards[index], self.setting.parts.isa));
            }
        }
        pulled
    }

    /// Computes a part of the clock: all of it, but where changes are sent all the time.
    fn compute_part<T>(
        &mut self,
        now: Instant,
        mut clock: Clock,
        pulled: Vec<Option<Pulled>>,
        out: &mut Outbox<T, W::State>,
    ) where
        T: From<ClockTask<W>>,
    {
        let number = self.state.clock;
        // The task owns both until it is done, so that modelled work runs on other threads without a lock.
        let (state, view) = self.state.learned.take().expect("learned state is here between clocks");
        let first = clock.part == 0;
        // After the last clock one more task only evaluates: the objective of clock c is measured on the rows that are read for c.
        let last = number == self.setting.parts.max_clocks;
        // Between exchanges a worker sees its own changes alone. An objective of such a view is of no model that anyone has.
        let just_read = first && (number == 0 || self.setting.model().exchanges_after(number - 1));
        let of_workload = number * self.setting.parts.system.parts() + clock.part;
        self.schedule(now, &mut clock, of_workload);
        let until_first_push = clock.pushes[0] - now;
        let is_last_part = clock.part + 1 == self.setting.parts.system.parts();
        let keeps_view = !is_last_part || !self.state.sending.writes_at_the_end() || self.some_cache_serves(number + 1);
        self.state.activity = Activity::Computing(clock);
        let task = ClockTask {
            workload: self.workload.clone(),
            isa: self.setting.parts.isa,
            clock: of_workload,
            state,
            view,
            floats: self.floats,
            spare: self.setting.spare().clone(),
            keeps_view,
            shards: self.shards.iter().map(|shard| shard.stages.clone()).collect(),
            pulled,
            last,
            evaluate: just_read && (last || self.workload.evaluates(of_workload)),
            record_state: first && self.setting.parts.record_copies == RecordCopies::EveryClock,
        };
        out.tasks.push_back((task.into(), until_first_push));
    }

    /// Sets the parts of the time and the times at which each stage's changes are sent, now that all rows are here. A log is sent from in
    /// the background, where writing messages takes nobody's time.
    fn schedule(&mut self, now: Instant, clock: &mut Clock, of_workload: u32) {
        let setting = &self.setting.parts;
        let writes_at_the_end = self.state.sending.writes_at_the_end();
        let stages = setting.layout.stages();
        let mut compute = Duration::ZERO;
        let mut encode = vec![Duration::ZERO; stages.len()];
        // Evaluation takes no time: it is the measurement, and the systems that are modelled do without.
        if self.state.clock < setting.max_clocks {
            compute = self.workload.duration(of_workload, &setting.kind, &setting.similitude);
            compute = self.setting.jittered(compute, "compute jitter", self.machine, u64::from(of_workload));
            let written = if writes_at_the_end { &mut encode[..] } else { &mut [] };
            for (stage, encode) in written.iter_mut().enumerate() {
                let floats: usize = self.shards.iter().map(|shard| floats(&shard.stages[stage])).sum();
                let rate = setting.kind.server.encode_gb_per_second;
                *encode = ServerRates::work(&setting.similitude, floats as u64 * 4, rate);
            }
        }
        let mut ready = std::mem::take(&mut self.state.ready);
        ready.resize(stages.len(), Ready { at: now, from: self.machine });
        let times: Vec<Instant> = ready.iter().map(|ready| ready.at).collect();
        let plan = StagePlan::new(stages, &times, compute, &encode);
        clock.parts.add(Part::Compute, compute);
        encode.into_iter().for_each(|encode| clock.parts.add(Part::Encode, encode));
        for (ready, &span) in ready.iter().zip(&plan.stalls).filter(|(_, span)| **span > Duration::ZERO) {
            clock.parts.add(Part::Wire, span);
            let stall = Blocked { part: Part::Wire, on: Blocker::message(ready.from, self.machine), span };
            clock.blocked = Blocked::longer(clock.blocked, Some(stall));
        }
        clock.pushes = plan.pushes.into();
        if !writes_at_the_end {
            // There is one thing to wait for: the end of the work.
            clock.pushes.drain(..clock.pushes.len() - 1);
        }
    }

    pub(crate) fn handle_done<T>(&mut self, now: Instant, done: ClockDone<W::State>, out: &mut Outbox<T, W::State>)
    where
        T: From<ClockTask<W>>,
    {
        let Activity::Computing(under_way) = self.state.activity.clone() else {
            unreachable!("a computation was under way")
        };
        let (clock, started) = (self.state.clock, under_way.started);
        self.state.evaluation = done.evaluation.unwrap_or(self.state.evaluation);
        if under_way.part == 0 {
            out.samples.push_back(Sample::Evaluation { clock, at: started, evaluation: self.state.evaluation });
        }
        if let Some(state) = done.state_before {
            out.samples.push_back(Sample::State { clock, state });
        }
        self.state.learned = Some((done.state, done.view));
        if clock == self.setting.parts.max_clocks {
            self.state.activity = Activity::Finished;
            return;
        }
        let has_ended = under_way.part + 1 == self.setting.parts.system.parts();
        let (_, view) = self.state.learned.as_ref().expect("it was just computed");
        let of = Changed { view, has_ended, isa: self.setting.parts.isa, now, machine: self.machine };
        self.state.sending.take_in(done.changes, &self.shards, &of, &mut out.messages);
        if has_ended {
            self.send_next(now, under_way, out);
        } else {
            // All parts of a clock work on the snapshot of its start.
            let nothing = self.shards.iter().map(|_| None).collect();
            self.compute_part(now, Clock { part: under_way.part + 1, ..under_way }, nothing, out);
        }
    }

    /// An update of at most `most` floats for a shard whose link has room, what shards wait for first.
    pub(crate) fn next_update(
        &mut self,
        now: Instant,
        most: usize,
        has_room: &dyn Fn(MachineId) -> bool,
    ) -> Option<(MachineId, Message)> {
        let others = |shard: MachineId| shard != self.machine && has_room(shard);
        self.state.sending.next(now, &self.shards, most, &others)
    }

    /// Whether something waits for the machine's budget.
    pub(crate) fn has_unsent(&self) -> bool {
        self.state.sending.has_unsent()
    }

    /// The time at which the next changes are to go.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match &self.state.activity {
            Activity::Sending(clock) => clock.pushes.front().copied(),
            _ => None,
        }
    }

    pub(crate) fn handle_timeout<T>(&mut self, now: Instant, out: &mut Outbox<T, W::State>)
    where
        T: From<ClockTask<W>>,
    {
        if let Activity::Sending(clock) = &self.state.activity
            && clock.pushes.front().is_some_and(|&at| at <= now)
        {
            let clock = clock.clone();
            self.send_next(now, clock, out);
        }
    }

    /// Sends the changes of the stage whose turn it is, and of those that are due; with the last of them the clock ends.
    fn send_next<T>(&mut self, now: Instant, mut clock: Clock, out: &mut Outbox<T, W::State>)
    where
        T: From<ClockTask<W>>,
    {
        let exchanges = self.setting.model().exchanges_after(self.state.clock);
        loop {
            clock.pushes.pop_front();
            if exchanges {
                let stage = clock.pushes.len();
                out.messages.extend(self.state.sending.stage(now, self.state.clock, stage, &self.shards));
            }
            if clock.pushes.front().is_none_or(|&at| at > now) {
                break;
            }
        }
        if !clock.pushes.is_empty() {
            self.state.activity = Activity::Sending(clock);
            return;
        }
        self.end_clock(now, &clock, out);
    }

    fn end_clock<T>(&mut self, now: Instant, ended: &Clock, out: &mut Outbox<T, W::State>)
    where
        T: From<ClockTask<W>>,
    {
        let clock = self.state.clock;
        let (started, parts, blocked) = (ended.since, ended.parts, ended.blocked);
        let at_work = parts.part(Part::Compute) + parts.part(Part::Encode);
        // All that is not work is waiting; so the two add up to the clock, to the nanosecond.
        let read_wait = Duration::from_nanos(parts.total().as_nanos() - at_work.as_nanos());
        let barrier_wait = self.state.barrier_wait;
        out.samples.push_back(Sample::Clock { clock, started, ended: now, parts, read_wait, barrier_wait, blocked });
        if self.setting.model().exchanges_after(clock) {
            // Answers may lack what was sent for a while: it is kept to be added.
            for (cache, stages) in self.state.caches.iter_mut().zip(self.state.sending.exchanged()) {
                cache.own.push_back((clock, stages));
            }
        }
        self.state.clock += 1;
        self.state.activity = Activity::Reading { since: now };
        self.ask_where_needed(now, out);
        // Without a wait no answer counts.
        self.try_compute(now, now, &LastAnswer { from: self.machine, phases: Phases::default() }, out);
    }

    /// Asks again where the cache does not serve and no request is under way.
    fn ask_where_needed<T>(&mut self, now: Instant, out: &mut Outbox<T, W::State>) {
        if self.setting.model().pushes() {
            return;
        }
        (0..self.shards.len()).for_each(|index| self.ask_if_needed(now, index, out));
    }

    /// The same for one shard.
    fn ask_if_needed<T>(&mut self, now: Instant, index: usize, out: &mut Outbox<T, W::State>) {
        let clock = self.state.clock;
        let cache = &self.state.caches[index];
        if !self.setting.model().pushes() && cache.asked.is_none() && !self.serves(cache) {
            self.state.caches[index].asked = Some(clock);
            out.messages.push_back((self.shards[index].machine, Message::Read { clock, asked_at: now }));
        }
    }
}
