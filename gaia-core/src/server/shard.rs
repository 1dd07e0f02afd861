//! The state machine of a server shard.
//!
//! A shard does one piece of work at a time, each with a modelled duration: reads that the sync model lets through come
//! first, then updates in the order of their arrival. When the slowest of its workers ends a clock the shard's clock
//! moves: the significance filter runs, and what is significant goes to the mirrors together with the new clock. The
//! same for every side of the overlay, when the slowest of the sites that it speaks for moves.

mod begin;
mod between;
mod observed;
mod state;
mod waiting;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use emulator::id::MachineId;
use emulator::time::{Duration, Instant};

pub use self::observed::Answering;
pub use self::state::ShardState;
use self::state::{Credit, Stages, Whole, Work, Working};
use super::merge::Rounds;
use super::mirrors::Mirrors;
use super::readers::{Clocks, Readers};
use super::store::{self, Operation, Outcome, Pending, Shared, Store, StoreTask};
use crate::breakdown::{Blocker, Cause, Part, Phases};
use crate::layout::{RowSet, Segment};
use crate::message::{Message, Rows};
use crate::outbox::{Outbox, Sample};
use crate::setting::{RecordCopies, Setting};
use crate::sync::between::model::{BetweenSites, Outgoing};
use crate::sync::{Apply, Hold, ReadState};
use crate::wire::Payload;

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

/// Changes of some rows of a worker, of whose clocks `complete` are complete with them.
struct SomeRows {
    complete: u32,
    rows: Arc<[u32]>,
    payload: Payload,
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
            store: Some(Store { values: values.into(), accumulated, shared, ..Store::default() }),
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
            last_cause: Cause { from: machine, to: machine, sent_at: Instant::START, arrived_at: Instant::START },
            next_copy: 0,
        };
        let is_first_group = setting.is_in_first_group(machine);
        Shard { setting, machine, rows, workers, mirrors, is_first_group, readers, state }
    }

    /// Records the starting values where they are wanted.
    pub(crate) fn handle_start<T, S>(&mut self, now: Instant, out: &mut Outbox<T, S>) {
        self.record_copy(now, out);
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
        // Only an idle link lets best-effort work begin: a backlog that has merely shrunk decides nothing.
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
                let layout = &self.setting.parts.layout;
                self.readers.declare(&mut self.state.readers, worker, rows, layout, &self.rows);
                if self.setting.model().pushes() {
                    // Asks for the first clock, too.
                    self.ask(worker, self.data_clock(), now);
                }
            }
            Message::Read { clock, .. } => self.ask(self.worker(from), clock, now),
            Message::Update { clock, payload, sent_at } => {
                self.handle_update(from, clock, payload, self.cause(from, sent_at, now));
            }
            Message::PartialUpdate { complete, rows, payload, sent_at } => {
                let cause = self.cause(from, sent_at, now);
                self.handle_partial_update(from, SomeRows { complete, rows, payload }, cause);
            }
            Message::Mirror { clocks, payload, sent_at } => {
                let cause = self.cause(from, sent_at, now);
                // Rounds apply nothing on arrival: the change waits for those of all other sites.
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

    /// A worker's message, on the way until `now`, asks for its rows.
    fn ask(&mut self, worker: usize, clock: u32, now: Instant) {
        let mut phases = Phases::default();
        phases.push(Part::Wire, now, Blocker::message(self.workers[worker], self.machine));
        self.readers.ask(&mut self.state.readers, worker, clock, phases);
    }

    /// A message of `from` that this shard has had since `now`.
    fn cause(&self, from: MachineId, sent_at: Instant, now: Instant) -> Cause {
        Cause { from, to: self.machine, sent_at, arrived_at: now }
    }

    fn worker(&self, machine: MachineId) -> usize {
        self.workers.binary_search(&machine).expect("only this group's workers talk to a shard")
    }

    fn handle_update(&mut self, from: MachineId, clock: u32, payload: Payload, cause: Cause) {
        let worker = self.worker(from);
        let Some(stages) = self.whole_update(worker, payload) else { return };
        // One update per clock and worker, so that the number of updates that rows include is that of clocks.
        self.handle_whole(clock, (stages, Credit { worker, complete: clock + 1, included: clock + 1 }), cause);
    }

    /// Applies an update of a whole clock now, or with those of the other workers.
    fn handle_whole(&mut self, clock: u32, update: Whole, cause: Cause) {
        match self.setting.model().apply() {
            Apply::OnArrival => {
                self.state.queue.push_back(Work::Apply { updates: vec![update], cause });
            }
            // Sums of floats depend on their order, and arrival depends on the network: the updates of a clock wait for each other here,
            // so that BSP has the same bits on any network, and rules see whole rounds.
            Apply::InWorkerOrder => {
                let count = self.workers.len();
                let early = self.state.early.entry(clock).or_default();
                early.push(update);
                if early.len() == count {
                    let mut updates = self.state.early.remove(&clock).expect("it was just there");
                    updates.sort_unstable_by_key(|(_, credit)| credit.worker);
                    self.state.queue.push_back(Work::Apply { updates, cause });
                }
            }
        }
    }

    /// Applies changes of some rows now; or gathers them until their clock is complete, and it is then a whole update.
    fn handle_partial_update(&mut self, from: MachineId, SomeRows { complete, rows, payload }: SomeRows, cause: Cause) {
        let worker = self.worker(from);
        // A clock has any number of these. The worker takes changes out of its log once an answer includes them, and identifies
        // them by a count.
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

    /// The places of the rows with these numbers in the shard (`first`) and in a message of them (`second`).
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

    /// Starts the next piece of work when the store is here.
    fn work<T, S>(&mut self, now: Instant, out: &mut Outbox<T, S>)
    where
        T: From<StoreTask>,
    {
        // Reads come before updates: a worker waits for an answer, and for an update only in so far as a read does.
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
        // The task owns the store: the pool works on it without a lock, and nothing here can read it half updated.
        let store = self.state.store.take().expect("the store is here while nothing works on it");
        self.state.working = Some(working);
        let isa = self.setting.parts.isa;
        out.tasks.push_back((StoreTask { store, operation, isa }.into(), span));
    }

    /// Asks the model about waiting reads; the first that may go ahead, if any.
    fn grant(&mut self, now: Instant) -> Option<usize> {
        let (data_clock, mirror_clock) = (self.data_clock(), self.mirror_clock());
        let merged_clock = self.state.rounds.merged_clock();
        let ShardState { readers, mirrors, last_cause, .. } = &mut self.state;
        let model = self.setting.model();
        let clocks = Clocks { data: data_clock, mirror: mirror_clock, merged: merged_clock };
        let by = mirrors.barriers().is_empty().then_some(clocks);
        let hold = |clock: u32, declares: &[bool]| {
            let barred = mirrors.bars(clock, declares);
            model.may_read(&ReadState { clock, data_clock, mirror_clock, merged_clock, barred }).err()
        };
        self.readers.grant(readers, by, hold, *last_cause, now)
    }

    fn answer(&mut self, worker: usize, now: Instant) -> (Working, Operation, Duration) {
        let mut read = self.readers.take(&mut self.state.readers, worker);
        read.phases.push(Part::Server, now, Blocker::work(self.machine));
        let segments = self.readers.floats(worker).clone();
        let floats: usize = segments.iter().flat_map(|stage| stage.iter()).map(|segment| segment.len).sum();
        let span = self.span(floats as u64 * 4, |rates| rates.encode_gb_per_second);
        read.phases.push(Part::Encode, now + span, Blocker::work(self.machine));
        let rows = Rows {
            // Filled when the task has gathered it. Everything else is fixed now: what becomes true meanwhile is not in these rows.
            payload: Payload::Dense(Arc::from([])),
            asked_for: read.clock,
            data_clock: self.data_clock(),
            includes: self.state.included[worker],
            phases: read.phases,
        };
        (Working::Answer { worker, rows }, Operation::Gather(segments), span)
    }

    /// The next piece of work that is not a read: a message that is being made, filters, updates.
    fn next(&mut self) -> Option<(Working, Operation, Duration)> {
        let clock = self.data_clock();
        // What a filter has taken out is written before another filter runs: messages of a side leave in the order of their clocks.
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
                self.state.last_cause = cause;
                self.mark_due();
            }
            (Working::Answer { worker, rows }, Outcome::Gathered(stages)) => {
                // What is needed first goes first.
                for payload in stages {
                    let rows = Rows { payload, ..rows.clone() };
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
                // A message that is full may have left more behind: the side stays open for another.
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
                    // The own change is merged like those of other sites, with the values that they get: all sites then compute the same bits.
                    let cause = self.cause(self.machine, now, now);
                    self.take_in(sending.clocks[0], Payload::Sparse(sparse), cause);
                }
            }
            (Working::Merge { clock, cause }, _) => {
                self.state.rounds.advance(clock);
                self.state.mirrors.advance_all(clock);
                self.state.last_cause = cause;
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
        self.state.last_cause = cause;
        // These sides have new updates, of which some may be worth a best-effort message before the clock ends.
        self.state.mirrors.open(&self.mirrors.of_workers());
        if self.data_clock() == before {
            return;
        }
        if self.setting.model().pushes() {
            let mut phases = Phases::default();
            phases.push_hold(Hold::Staleness, cause, now);
            // As if every worker had asked for rows of the clock that is complete.
            let clock = self.data_clock();
            for worker in 0..self.workers.len() {
                self.readers.ask(&mut self.state.readers, worker, clock, phases.clone());
            }
        }
        // The copy after a round is that of all sites, which is yet to be made.
        if self.setting.merges().is_none() || self.outgoing() == Outgoing::Nothing {
            self.record_copy(now, out);
        }
        self.mark_due();
    }

    /// Records the rows as they are now, for every clock that has none yet until workers exchange again.
    fn record_copy<T, S>(&mut self, now: Instant, out: &mut Outbox<T, S>) {
        if !self.is_first_group || self.setting.parts.record_copies == RecordCopies::Never {
            return;
        }
        let values = &self.state.store.as_ref().expect("the store is here").values;
        let mut until = self.data_clock();
        while !self.setting.model().exchanges_after(until) && until < self.setting.parts.max_clocks {
            until += 1;
        }
        for clock in std::mem::replace(&mut self.state.next_copy, until + 1)..=until {
            out.samples.push_back(Sample::Copy { clock, at: now, values: values.clone() });
        }
    }
}

#[cfg(test)]
mod tests;
