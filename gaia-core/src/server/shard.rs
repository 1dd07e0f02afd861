//! The state machine of a server shard.
//!
//! A shard does one piece of work at a time, each with a modelled duration: reads that the sync model lets through come
//! first, then updates in the order of their arrival. When the slowest of its workers ends a clock the shard's clock
//! moves: the significance filter runs, and what is significant goes to the mirrors together with the new clock. The
//! same for every side of the overlay, when the slowest of the sites that it speaks for moves.

mod waiting;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use emulator::id::{MachineId, SiteId};
use emulator::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

use super::merge::Rounds;
use super::mirrors::{MirrorState, Mirrors, Sending};
use super::readers::{Readers, ReadersState};
use super::store::{self, Operation, Outcome, Pending, Shared, Store, StoreTask};
use crate::breakdown::{Cause, Part, Phases};
use crate::cost::ServerRates;
use crate::layout::{RowSet, Segment};
use crate::message::{Announced, Message, Rows, SiteClock};
use crate::outbox::{Outbox, Sample};
use crate::setting::{RecordCopies, Setting};
use crate::sync::between::model::{BestEffort, BetweenSites, Outgoing};
use crate::sync::{Apply, Hold, Progress, ReadState};
use crate::wire::{Payload, Sparse};

/// What an update takes in a sparse message, about: index and value as `plain` has them.
const SPARSE_UPDATE_BYTES: f64 = 12.0;

/// A shard: constants and changing state.
#[derive(Debug)]
pub struct Shard {
    setting: Arc<Setting>,
    machine: MachineId,
    rows: Arc<RowSet>,
    workers: Vec<MachineId>,
    mirrors: Mirrors,
    is_first_group: bool,
    readers: Readers,
    state: ShardState,
}

/// A read that is being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answering<'a> {
    /// Who reads.
    pub reader: MachineId,
    /// The rows of this shard that it has declared.
    pub declared: &'a [u32],
    /// The clock that it asked for.
    pub clock: u32,
}

/// What changes in a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShardState {
    store: Option<Store>,
    working: Option<Working>,
    queue: VecDeque<Work>,
    readers: ReadersState,
    worker_clocks: Vec<u32>,
    /// The stages of each worker's update that is coming in, the last stage first.
    coming: Vec<Vec<Payload>>,
    early: BTreeMap<u32, Vec<Option<Whole>>>,
    /// What has come of each worker's running clock where changes are sent all the time and applied in order.
    gathering: Vec<Vec<f32>>,
    /// Messages that have come from each worker, where changes are sent all the time.
    arrived: Vec<u32>,
    /// What an answer to each worker says that it includes: clocks, or messages.
    included: Vec<u32>,
    mirrors: MirrorState,
    rounds: Rounds,
    last_cause: Option<Cause>,
    /// The first clock of which no copy is recorded.
    next_copy: u32,
}

/// A worker's update, the first stage first.
type Stages = Vec<Payload>;

/// A worker's update of a whole clock, and what answers include with it.
type Whole = (Stages, Credit);

/// What is known of a worker once an update is applied.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Credit {
    worker: usize,
    /// Its clocks that are complete.
    complete: u32,
    /// What answers to it include (see [`Rows::includes`]).
    included: u32,
}

/// Work that waits for the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Work {
    Apply { updates: Vec<Whole>, cause: Cause },
    ApplyRows { credit: Credit, rows: Arc<[u32]>, payload: Payload, cause: Cause },
    ApplyMirror { from: MachineId, clocks: Arc<[SiteClock]>, payload: Payload, cause: Cause },
    Encode { sending: Sending, sparse: Arc<Sparse> },
    Merge { clock: u32, changes: Vec<Payload>, cause: Cause },
}

/// Work that the store is away for.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Working {
    Apply {
        credits: Vec<Credit>,
        cause: Cause,
    },
    ApplyMirror {
        onward: Arc<[usize]>,
        clocks: Arc<[SiteClock]>,
        cause: Cause,
    },
    Answer {
        worker: usize,
        rows: Rows,
    },
    Filter {
        clock: u32,
        sending: Sending,
    },
    /// While links are idle, with how many updates at most.
    BestEffort {
        sending: Sending,
        most: usize,
    },
    Encode {
        sending: Sending,
        sparse: Arc<Sparse>,
    },
    Merge {
        clock: u32,
        cause: Cause,
    },
}

impl Shard {
    /// The shard of `machine`, its rows at their starting values.
    pub fn new(setting: Arc<Setting>, machine: MachineId, initial_row: impl Fn(u32, &mut [f32])) -> Self {
        let (rows, mirrors) = (setting.rows_of(machine), Mirrors::new(&setting, machine));
        let mut values = vec![0.0; rows.floats()];
        for (position, &row) in rows.rows().iter().enumerate() {
            initial_row(row, &mut values[rows.range(position)]);
        }
        let accumulated = vec![vec![0.0; values.len()]; mirrors.count()];
        let begun = if setting.merges().is_some() { values.clone() } else { Vec::new() };
        let shared = Shared { values: begun, ..Shared::default() };
        let workers = setting.group_of(machine).machines.clone();
        let count = workers.len();
        let (readers, waiting) = Readers::new(count, &rows);
        let state = ShardState {
            store: Some(Store { values, accumulated, shared, ..Store::default() }),
            working: None,
            queue: VecDeque::new(),
            readers: waiting,
            worker_clocks: vec![0; count],
            coming: vec![Vec::new(); count],
            early: BTreeMap::new(),
            gathering: vec![Vec::new(); count],
            arrived: vec![0; count],
            included: vec![0; count],
            mirrors: mirrors.start(&setting),
            rounds: Rounds::default(),
            last_cause: None,
            next_copy: 0,
        };
        let is_first_group = setting.is_in_first_group(machine);
        Shard { setting, machine, rows, workers, mirrors, is_first_group, readers, state }
    }

    /// Records the starting values where they are wanted.
    pub(crate) fn handle_start<T, S>(&mut self, now: Instant, out: &mut Outbox<T, S>) {
        self.record_copy(now, out);
    }

    /// The smallest clock among this shard's workers.
    pub fn data_clock(&self) -> u32 {
        self.state.worker_clocks.iter().copied().min().expect("a group has workers")
    }

    /// The smallest clock among the other sites, as far as is known here.
    pub fn mirror_clock(&self) -> Option<u32> {
        self.state.mirrors.slowest()
    }

    /// The clock of every other site, all of whose updates before it are here but for what filters on the way held back.
    pub fn mirror_clocks(&self) -> &BTreeMap<SiteId, u32> {
        self.state.mirrors.clocks()
    }

    /// The rows, unless a task has them at the moment.
    pub fn store(&self) -> Option<&Store> {
        self.state.store.as_ref()
    }

    /// The rows' numbers and places.
    pub fn rows(&self) -> &RowSet {
        &self.rows
    }

    /// The machines that updates of low significance are being chosen for, whose links were idle when that began.
    pub fn best_effort_to(&self) -> Option<&[MachineId]> {
        match &self.state.working {
            Some(Working::BestEffort { sending, .. }) => Some(self.mirrors.receivers(sending.side)),
            _ => None,
        }
    }

    /// Updates that are announced and not here yet, and the rows that they are of.
    pub fn barriers(&self) -> impl Iterator<Item = (&[Announced], Vec<u32>)> {
        let row = |&position: &u32| self.rows.rows()[position as usize];
        self.state.mirrors.barriers().iter().map(move |it| (&it.announced[..], it.rows.iter().map(row).collect()))
    }

    /// Reads that wait: the reader's declared rows here, the clock that it asked for, and why.
    pub fn held_reads(&self) -> impl Iterator<Item = (&[u32], u32, Hold)> {
        let readers = &self.state.readers;
        readers.waiting().filter_map(|(worker, read)| Some((readers.declared(worker), read.clock, read.hold?)))
    }

    /// The reader that is being answered.
    pub fn answering(&self) -> Option<Answering<'_>> {
        match &self.state.working {
            Some(Working::Answer { worker, rows }) => {
                let declared = self.state.readers.declared(*worker);
                Some(Answering { reader: self.workers[*worker], declared, clock: rows.asked_for })
            }
            _ => None,
        }
    }

    /// Everything that changes in a run.
    pub fn snapshot(&self) -> ShardState {
        self.state.clone()
    }

    /// Takes up a snapshot.
    pub fn restore(&mut self, state: ShardState) {
        self.state = state;
        self.readers.restore(&mut self.state.readers, (&self.setting.parts.layout, &self.rows));
    }

    /// Whether it is to hear of backlogs.
    pub(crate) fn watches_links(&self) -> bool {
        self.between().and_then(BetweenSites::best_effort).is_some()
    }

    /// So much waits on the link to `peer` now.
    pub(crate) fn handle_backlog<T, S>(&mut self, now: Instant, peer: MachineId, bytes: u64, out: &mut Outbox<T, S>)
    where
        T: From<StoreTask>,
    {
        self.state.mirrors.note_backlog(peer, bytes);
        if bytes == 0 {
            self.work(now, out);
        }
    }

    pub(crate) fn handle_message<T, S>(
        &mut self,
        now: Instant,
        from: MachineId,
        message: Message,
        out: &mut Outbox<T, S>,
    ) where
        T: From<StoreTask>,
    {
        match message {
            Message::Declare { rows } => {
                let worker = self.worker(from);
                let of = (&self.setting.parts.layout, &*self.rows);
                self.readers.declare(&mut self.state.readers, worker, rows, of);
                if self.setting.model().pushes() {
                    // Asks for the first clock, too.
                    self.ask(worker, self.data_clock(), now);
                }
            }
            Message::Read { clock, .. } => self.ask(self.worker(from), clock, now),
            Message::Update { clock, payload, sent_at } => {
                self.handle_update(from, clock, payload, Cause { sent_at, arrived_at: now });
            }
            Message::PartialUpdate { complete, rows, payload, sent_at } => {
                let cause = Cause { sent_at, arrived_at: now };
                self.handle_partial_update(from, (complete, rows), payload, cause);
            }
            Message::Mirror { clocks, payload, sent_at } => {
                let cause = Cause { sent_at, arrived_at: now };
                if self.setting.merges().is_some() {
                    self.take_in(clocks[0], payload, cause);
                } else {
                    self.state.queue.push_back(Work::ApplyMirror { from, clocks, payload, cause });
                }
            }
            Message::Barrier { announced, rows } => self.raise(from, &announced, &rows, out),
            Message::Rows(_) => unreachable!("rows go to workers"),
        }
        self.work(now, out);
    }

    fn between(&self) -> Option<&dyn BetweenSites> {
        self.setting.model().between()
    }

    /// Keeps the change of a site's copy in the round that ends with this clock; merges the round once those of all sites are here.
    fn take_in(&mut self, (site, clock): SiteClock, change: Payload, cause: Cause) {
        let sites = self.setting.groups().len();
        if let Some(changes) = self.state.rounds.take_in((site, clock), change, sites) {
            self.state.queue.push_back(Work::Merge { clock, changes, cause });
        }
    }

    /// A worker's message, on the way until `now`, asks for its rows.
    fn ask(&mut self, worker: usize, clock: u32, now: Instant) {
        let mut phases = Phases::default();
        phases.push(Part::Wire, now);
        self.state.readers.ask(worker, clock, phases);
    }

    fn worker(&self, machine: MachineId) -> usize {
        self.workers.binary_search(&machine).expect("only this group's workers talk to a shard")
    }

    fn handle_update(&mut self, from: MachineId, clock: u32, payload: Payload, cause: Cause) {
        let worker = self.worker(from);
        let Some(stages) = self.whole_update(worker, payload) else { return };
        self.handle_whole(clock, (stages, Credit { worker, complete: clock + 1, included: clock + 1 }), cause);
    }

    /// Applies an update of a whole clock now, or with those of the other workers.
    fn handle_whole(&mut self, clock: u32, update: Whole, cause: Cause) {
        match self.setting.model().apply() {
            Apply::OnArrival => {
                self.state.queue.push_back(Work::Apply { updates: vec![update], cause });
            }
            Apply::InWorkerOrder => {
                let count = self.workers.len();
                let early = self.state.early.entry(clock).or_insert_with(|| vec![None; count]);
                let worker = update.1.worker;
                early[worker] = Some(update);
                if early.iter().all(Option::is_some) {
                    let updates = self.state.early.remove(&clock).expect("it was just there").into_iter().flatten();
                    self.state.queue.push_back(Work::Apply { updates: updates.collect(), cause });
                }
            }
        }
    }

    /// Applies changes of some rows now; or gathers them until their clock is complete, and it is then a whole update.
    fn handle_partial_update(
        &mut self,
        from: MachineId,
        (complete, rows): (u32, Arc<[u32]>),
        payload: Payload,
        cause: Cause,
    ) {
        let worker = self.worker(from);
        self.state.arrived[worker] += 1;
        let credit = Credit { worker, complete, included: self.state.arrived[worker] };
        if self.setting.model().apply() == Apply::OnArrival {
            self.state.queue.push_back(Work::ApplyRows { credit, rows, payload, cause });
            return;
        }
        let places = self.places_of(&rows);
        let gathering = &mut self.state.gathering[worker];
        gathering.resize(self.rows.floats(), 0.0);
        store::add_rows(self.setting.parts.isa, gathering, &places, &payload);
        let clock = self.state.worker_clocks[worker];
        if complete > clock {
            debug_assert_eq!(complete, clock + 1, "a worker waits for the others after every clock");
            let stages = self.readers.floats(worker).iter().map(|segments| store::gather(gathering, segments));
            let stages = stages.map(Payload::Dense).collect();
            gathering.fill(0.0);
            self.handle_whole(clock, (stages, credit), cause);
        }
    }

    /// Where rows with these numbers are here (`first`) and in a message of them.
    fn places_of(&self, rows: &[u32]) -> Arc<[Segment]> {
        self.rows.common(&self.setting.parts.layout.row_set(rows.iter().copied()))
    }

    /// The update of all stages, once the first stage's part, which comes last, is here.
    fn whole_update(&mut self, worker: usize, part: Payload) -> Option<Stages> {
        let coming = &mut self.state.coming[worker];
        coming.push(part);
        if coming.len() < self.setting.parts.layout.stages().len() {
            return None;
        }
        coming.reverse();
        Some(std::mem::take(coming))
    }

    /// Bars rows; a hub passes the barrier on.
    fn raise<T, S>(
        &mut self,
        from: MachineId,
        announced: &Arc<[Announced]>,
        rows: &Arc<[u32]>,
        out: &mut Outbox<T, S>,
    ) {
        if !self.state.mirrors.raise(announced, rows) {
            return;
        }
        // What comes in one message goes on over the same sides, whichever of its sites it is of.
        for &side in self.mirrors.onward(from, announced[0].site).iter() {
            self.state.mirrors.promise(side, announced);
            for &mirror in self.mirrors.receivers(side) {
                let (announced, rows) = (announced.clone(), rows.clone());
                out.messages.push_back((mirror, Message::Barrier { announced, rows }));
            }
        }
    }

    /// Starts the next piece of work when the store is here.
    fn work<T, S>(&mut self, now: Instant, out: &mut Outbox<T, S>)
    where
        T: From<StoreTask>,
    {
        let granted = self.grant(now);
        if self.state.working.is_some() {
            return;
        }
        let (working, operation, span) = if let Some(worker) = granted {
            self.answer(worker, now)
        } else if let Some(next) = self.next() {
            next
        } else {
            return;
        };
        let store = self.state.store.take().expect("the store is here while nothing works on it");
        self.state.working = Some(working);
        let isa = self.setting.parts.isa;
        out.tasks.push_back((StoreTask { store, operation, isa }.into(), span));
    }

    /// Asks the model about every waiting read; the first that may go ahead, if any.
    fn grant(&mut self, now: Instant) -> Option<usize> {
        let (data_clock, mirror_clock) = (self.data_clock(), self.mirror_clock());
        let merged_clock = self.state.rounds.merged_clock();
        let ShardState { readers, mirrors, last_cause, .. } = &mut self.state;
        let model = self.setting.model();
        let hold = |clock: u32, declares: &[bool]| {
            let barred = mirrors.bars(clock, declares);
            model.may_read(&ReadState { clock, data_clock, mirror_clock, merged_clock, barred }).err()
        };
        self.readers.grant(readers, hold, (*last_cause, now))
    }

    fn answer(&mut self, worker: usize, now: Instant) -> (Working, Operation, Duration) {
        let mut read = self.state.readers.take(worker);
        read.phases.push(Part::Server, now);
        let segments = self.readers.floats(worker).clone();
        let floats: usize = segments.iter().flat_map(|stage| stage.iter()).map(|segment| segment.len).sum();
        let span = self.span(floats as u64 * 4, |rates| rates.encode_gb_per_second);
        read.phases.push(Part::Encode, now + span);
        let rows = Rows {
            payload: Payload::Dense(Arc::from([])),
            asked_for: read.clock,
            data_clock: self.data_clock(),
            includes: self.state.included[worker],
            phases: read.phases,
        };
        (Working::Answer { worker, rows }, Operation::Gather(segments), span)
    }

    /// What is to be done but for reads: a message that is being made, filters, updates.
    fn next(&mut self) -> Option<(Working, Operation, Duration)> {
        let clock = self.data_clock();
        if !matches!(self.state.queue.front(), Some(Work::Encode { .. }))
            && let Some(sending) = self.mirrors.next_due(&mut self.state.mirrors, clock)
        {
            return Some(self.filter(sending));
        }
        match self.state.queue.pop_front() {
            Some(work) => Some(self.begin(work)),
            None => self.best_effort(),
        }
    }

    /// Updates for links that are idle, when there is nothing else to do.
    fn best_effort(&mut self) -> Option<(Working, Operation, Duration)> {
        let BestEffort { of_threshold, seconds } = self.between()?.best_effort()?;
        let sending = self.mirrors.next_idle(&mut self.state.mirrors)?;
        let (_, operation, span) = self.filter(sending.clone());
        let Operation::Filter { side, threshold, .. } = operation else { unreachable!("it filters") };
        let most = self.updates_in(seconds, side);
        let operation = Operation::Filter { side, threshold: (f64::from(threshold) * of_threshold) as f32, most };
        Some((Working::BestEffort { sending, most }, operation, span))
    }

    /// About how many updates the slowest link of a side carries in so many seconds; at least one.
    fn updates_in(&self, seconds: f64, side: usize) -> usize {
        let bytes = SPARSE_UPDATE_BYTES * self.setting.parts.similitude.sigma_bytes;
        let times = self.mirrors.receivers(side).iter();
        let slowest = times.map(|&mirror| self.setting.seconds_on_link(self.machine, mirror, 1)).fold(0.0, f64::max);
        ((seconds / (bytes * slowest)) as usize).max(1)
    }

    fn filter(&self, sending: Sending) -> (Working, Operation, Duration) {
        let clock = self.data_clock();
        let Outgoing::Significant { threshold } = self.outgoing() else {
            unreachable!("only models that send make filters")
        };
        let threshold = if self.mirrors.passes_on(sending.side) { 0.0 } else { threshold };
        let span = self.span(self.rows.floats() as u64 * 4, |rates| rates.filter_gb_per_second);
        let operation = Operation::Filter { side: sending.side, threshold, most: usize::MAX };
        (Working::Filter { clock, sending }, operation, span)
    }

    fn begin(&self, work: Work) -> (Working, Operation, Duration) {
        match work {
            Work::Apply { updates, cause } => {
                let payloads = || updates.iter().flat_map(|(stages, _)| stages);
                let bytes: u64 = payloads().map(|payload| self.inside_bytes(payload)).sum();
                let floats: usize = payloads().map(Payload::floats).sum();
                let sides = self.mirrors.of_workers();
                // The values and the accumulated update beside them are one table's work, further ones one more each.
                let tables = sides.len().max(1) as u64;
                let step = self.setting.model().rule().step(self.workers.len());
                let written = match step {
                    None => tables * floats as u64,
                    // The sum of the updates is one table's work; then the step goes through all rows, as does its velocity.
                    Some(step) => floats as u64 + (tables + u64::from(step.has_velocity())) * self.rows.floats() as u64,
                };
                let span = self.span(bytes, |rates| rates.decode_gb_per_second)
                    + self.span(written * 4, |rates| rates.apply_gb_per_second);
                let credits = updates.iter().map(|&(_, credit)| credit).collect();
                let declared = |(stages, credit): Whole| {
                    self.readers.floats(credit.worker).iter().cloned().zip(stages).collect::<Vec<_>>()
                };
                let updates = updates.into_iter().flat_map(declared).collect();
                let operation = match step {
                    None => Operation::Apply(updates, sides),
                    Some(step) => Operation::Step(updates, step, sides),
                };
                (Working::Apply { credits, cause }, operation, span)
            }
            Work::ApplyRows { credit, rows, payload, cause } => {
                let span = self.span(self.inside_bytes(&payload), |rates| rates.decode_gb_per_second)
                    + self.span(payload.floats() as u64 * 4, |rates| rates.apply_gb_per_second);
                let operation = Operation::Apply(vec![(self.places_of(&rows), payload)], Arc::from([]));
                (Working::Apply { credits: vec![credit], cause }, operation, span)
            }
            Work::ApplyMirror { from, clocks, payload, cause } => {
                let bytes = self.between_bytes(&payload);
                let sides = self.mirrors.onward(from, clocks[0].0);
                let span = self.span(bytes, |rates| rates.decode_gb_per_second)
                    + self.span((1 + sides.len() as u64) * bytes, |rates| rates.apply_gb_per_second);
                (
                    Working::ApplyMirror { onward: sides.clone(), clocks, cause },
                    Operation::ApplyMirror(payload, sides),
                    span,
                )
            }
            Work::Encode { sending, sparse } => {
                let payload = Payload::Sparse(sparse.clone());
                // A site alone writes to nobody.
                let is_read = !self.mirrors.receivers(sending.side).is_empty();
                let bytes = if is_read { self.between_bytes(&payload) } else { 0 };
                let relays = self.mirrors.relays_after(sending.side);
                let span = self.span(bytes, |rates| rates.encode_gb_per_second)
                    + self.span(relays.len() as u64 * bytes, |rates| rates.apply_gb_per_second);
                (Working::Encode { sending, sparse }, Operation::Relay(payload, relays), span)
            }
            Work::Merge { clock, changes, cause } => {
                let step = self.setting.merges().and_then(|rule| rule.step(changes.len()));
                let has_velocity = step.is_some_and(|step| step.has_velocity());
                // This site's own change comes in no message. All are summed; then what the round began with, the values and the velocity
                // are written.
                let own = self.setting.site_of(self.machine).index();
                let bytes: u64 = changes.iter().map(|change| self.between_bytes(change)).sum();
                let read = bytes - self.between_bytes(&changes[own]);
                let tables = (2 + u64::from(has_velocity)) * self.rows.floats() as u64 * 4;
                let span = self.span(read, |rates| rates.decode_gb_per_second)
                    + self.span(bytes + tables, |rates| rates.apply_gb_per_second);
                (Working::Merge { clock, cause }, Operation::Merge(changes, step), span)
            }
        }
    }

    /// Bytes of a message between a worker and this shard.
    fn inside_bytes(&self, payload: &Payload) -> u64 {
        payload.encoded_len(self.setting.parts.encodings.inside)
    }

    /// Bytes of a message between this shard and its mirrors.
    fn between_bytes(&self, payload: &Payload) -> u64 {
        payload.encoded_len(self.setting.parts.encodings.between)
    }

    fn span(&self, bytes: u64, rate: impl Fn(&ServerRates) -> f64) -> Duration {
        ServerRates::work(&self.setting.parts.similitude, bytes, rate(&self.setting.parts.kind.server))
    }

    fn progress(&self, clock: u32) -> Progress {
        (self.setting.parts.progress)(clock)
    }

    pub(crate) fn handle_done<T, S>(
        &mut self,
        now: Instant,
        store: Store,
        outcome: Outcome,
        backlog: impl Fn(MachineId) -> u64,
        out: &mut Outbox<T, S>,
    ) where
        T: From<StoreTask>,
    {
        self.state.store = Some(store);
        match (self.state.working.take().expect("a task was under way"), outcome) {
            (Working::Apply { credits, cause }, _) => self.applied(now, credits, cause, out),
            (Working::ApplyMirror { onward, clocks, cause }, _) => {
                self.state.mirrors.open(&onward);
                self.state.mirrors.advance(&clocks);
                self.state.last_cause = Some(cause);
                self.mark_due();
            }
            (Working::Answer { worker, rows }, Outcome::Gathered(stages)) => {
                // What is needed first goes first.
                for values in stages {
                    let rows = Rows { payload: Payload::Dense(values), ..rows.clone() };
                    out.messages.push_back((self.workers[worker], Message::Rows(rows)));
                }
            }
            (Working::Filter { clock, sending }, Outcome::Filtered { sparse, pending }) => {
                // The first side's is the filter of the site's own updates; what a hub filters again is not counted.
                if sending.side == 0 && self.setting.merges().is_none() {
                    let significant = Pending::of(&sparse.value);
                    out.samples.push_back(Sample::Filter { clock, pending, significant });
                }
                self.state.queue.push_front(Work::Encode { sending, sparse });
            }
            (Working::BestEffort { sending, most }, Outcome::Filtered { sparse, .. }) => {
                if sparse.index.len() == most {
                    self.state.mirrors.open(&[sending.side]);
                }
                if !sparse.index.is_empty() {
                    self.state.queue.push_front(Work::Encode { sending, sparse });
                }
            }
            (Working::Encode { sending, sparse }, _) => {
                self.state.mirrors.open(&self.mirrors.relays_after(sending.side));
                self.send_to_mirrors(now, &sending, &sparse, backlog, out);
                if self.setting.merges().is_some() {
                    let cause = Cause { sent_at: now, arrived_at: now };
                    self.take_in(sending.clocks[0], Payload::Sparse(sparse), cause);
                }
            }
            (Working::Merge { clock, cause }, _) => {
                self.state.rounds.advance(clock);
                self.state.mirrors.advance_all(clock);
                self.state.last_cause = Some(cause);
                self.record_copy(now, out);
            }
            (working, outcome) => unreachable!("{outcome:?} of {working:?}"),
        }
        self.work(now, out);
    }

    fn applied<T, S>(&mut self, now: Instant, credits: Vec<Credit>, cause: Cause, out: &mut Outbox<T, S>) {
        let before = self.data_clock();
        for Credit { worker, complete, included } in credits {
            debug_assert!(self.state.worker_clocks[worker] <= complete, "a worker's clocks come in order");
            self.state.worker_clocks[worker] = complete;
            self.state.included[worker] = included;
        }
        self.state.last_cause = Some(cause);
        self.state.mirrors.open(&self.mirrors.of_workers());
        if self.data_clock() == before {
            return;
        }
        if self.setting.model().pushes() {
            let mut phases = Phases::default();
            phases.push_hold(Hold::Staleness, Some(cause), now);
            // As if every worker had asked for rows of the clock that is complete.
            let clock = self.data_clock();
            (0..self.workers.len()).for_each(|worker| self.state.readers.ask(worker, clock, phases.clone()));
        }
        // The copy after a round is that of all sites, which is yet to be made.
        if self.setting.merges().is_none() || self.outgoing() == Outgoing::Nothing {
            self.record_copy(now, out);
        }
        self.mark_due();
    }

    /// What leaves for the other sites at this clock.
    fn outgoing(&self) -> Outgoing {
        let progress = self.progress(self.data_clock());
        self.between().map_or(Outgoing::Nothing, |between| between.outgoing(&progress))
    }

    /// Clocks have moved: notes which filters are to run, where the model sends at all.
    fn mark_due(&mut self) {
        if self.outgoing() != Outgoing::Nothing {
            let clock = self.data_clock();
            self.mirrors.mark_due(&mut self.state.mirrors, clock);
        }
    }

    /// Records the rows as they are now, for every clock that has none yet until workers exchange again.
    fn record_copy<T, S>(&mut self, now: Instant, out: &mut Outbox<T, S>) {
        if !self.is_first_group || self.setting.parts.record_copies == RecordCopies::Never {
            return;
        }
        let values: Arc<[f32]> = self.state.store.as_ref().expect("the store is here").values.as_slice().into();
        let mut until = self.data_clock();
        while !self.setting.model().exchanges_after(until) && until < self.setting.parts.max_clocks {
            until += 1;
        }
        for clock in std::mem::replace(&mut self.state.next_copy, until + 1)..=until {
            out.samples.push_back(Sample::Copy { clock, at: now, values: values.clone() });
        }
    }

    /// Sends significant updates and the clocks that they complete; the rows' numbers first where the link is behind.
    fn send_to_mirrors<T, S>(
        &mut self,
        now: Instant,
        sending: &Sending,
        sparse: &Arc<Sparse>,
        backlog: impl Fn(MachineId) -> u64,
        out: &mut Outbox<T, S>,
    ) {
        let bound = self.between().and_then(BetweenSites::barrier_backlog_seconds);
        let mut barred: Option<Arc<[u32]>> = None;
        for &mirror in self.mirrors.receivers(sending.side) {
            let seconds = self.setting.seconds_on_link(self.machine, mirror, backlog(mirror));
            if bound.is_some_and(|bound| seconds > bound) && !sending.moved.is_empty() && !sparse.index.is_empty() {
                let rows = barred.get_or_insert_with(|| self.rows_of_floats(&sparse.index)).clone();
                out.messages.push_back((mirror, Message::Barrier { announced: sending.moved.clone(), rows }));
            }
            // Not yet known how much; the machine will say.
            self.state.mirrors.note_backlog(mirror, 1);
            let (clocks, payload) = (sending.clocks.clone(), Payload::Sparse(sparse.clone()));
            out.messages.push_back((mirror, Message::Mirror { clocks, payload, sent_at: now }));
        }
    }

    /// Positions of the rows that hold these floats.
    fn rows_of_floats(&self, floats: &[u32]) -> Arc<[u32]> {
        let mut rows: Vec<u32> =
            floats.iter().map(|&float| self.rows.position_of_float(float as usize) as u32).collect();
        rows.dedup();
        rows.into()
    }
}

#[cfg(test)]
mod tests;
