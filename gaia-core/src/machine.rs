//! A machine: one worker and one server shard, as a [`Node`].
//!
//! Messages between the two never touch a link; they are delivered before anything else happens.

use std::collections::VecDeque;
use std::sync::Arc;

use emulator::id::MachineId;
use emulator::node::{Class, Node, Output, Task};
use emulator::time::Instant;
use emulator::units::ByteSize;
use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::outbox::{Outbox, Sample};
use crate::pace::{Pace, PaceState};
use crate::server::shard::{Shard, ShardState};
use crate::server::store::{Outcome, Store, StoreTask};
use crate::setting::Setting;
use crate::sync::Communication;
use crate::sync::config::Budget;
use crate::worker::{ClockDone, ClockTask, Worker, WorkerState};
use crate::workload::traits::Workload;

/// One worker and one server shard.
pub struct Machine<W: Workload> {
    id: MachineId,
    setting: Arc<Setting>,
    worker: Worker<W>,
    shard: Shard,
    out: Outbox<MachineTask<W>, W::State>,
    outputs: VecDeque<Output<Message, MachineTask<W>, Sample<W::State>>>,
    backlogs: Vec<u64>,
    pace: Option<Pace>,
    halted: bool,
}

/// Work of either half.
pub enum MachineTask<W: Workload> {
    /// A clock of the worker.
    Clock(ClockTask<W>),
    /// Work of the shard on its rows.
    Store(StoreTask),
}

/// The result of a [`MachineTask`].
#[derive(Debug, Serialize, Deserialize)]
pub enum MachineDone<S> {
    /// The end of a clock of the worker.
    Clock(ClockDone<S>),
    /// The rows of the shard, and what was done with them.
    Store(Store, Outcome),
}

/// Everything that changes in a run.
#[derive(Serialize, Deserialize)]
pub struct MachineState<S> {
    worker: WorkerState<S>,
    shard: ShardState,
    backlogs: Vec<u64>,
    pace: Option<PaceState>,
    halted: bool,
}

impl<W: Workload> From<ClockTask<W>> for MachineTask<W> {
    fn from(task: ClockTask<W>) -> Self {
        MachineTask::Clock(task)
    }
}

impl<W: Workload> From<StoreTask> for MachineTask<W> {
    fn from(task: StoreTask) -> Self {
        MachineTask::Store(task)
    }
}

impl<W: Workload> Task for MachineTask<W> {
    type Done = MachineDone<W::State>;

    fn is_light(&self) -> bool {
        match self {
            MachineTask::Clock(_) => false,
            MachineTask::Store(task) => task.is_light(),
        }
    }

    fn run(self) -> Self::Done {
        match self {
            MachineTask::Clock(task) => MachineDone::Clock(task.run()),
            MachineTask::Store(task) => {
                let (store, outcome) = task.run();
                MachineDone::Store(store, outcome)
            }
        }
    }
}

impl<W: Workload> Machine<W> {
    /// Machine `id` of `setting`, whose worker runs `workload`.
    pub fn new(setting: Arc<Setting>, id: MachineId, workload: Arc<W>) -> Self {
        let initial_row = |row: u32, values: &mut [f32]| workload.initial_row(row, values);
        let shard = Shard::new(setting.clone(), id, initial_row);
        let backlogs = vec![0; setting.machines()];
        let worker = Worker::new(setting.clone(), id, workload);
        let (out, outputs) = (Outbox::default(), VecDeque::new());
        let pace = match setting.model().communication() {
            Communication::AtTheEnd => None,
            Communication::Continuous { budget, message, .. } => {
                let budget = match budget {
                    Budget::Nic => setting.parts.placement.nic[id.index()],
                    Budget::Rate(rate) => rate,
                };
                Some(Pace::new(budget, message))
            }
        };
        Machine { id, setting, worker, shard, out, outputs, backlogs, pace, halted: false }
    }

    /// The worker, for checks.
    pub fn worker(&self) -> &Worker<W> {
        &self.worker
    }

    /// The shard, for checks.
    pub fn shard(&self) -> &Shard {
        &self.shard
    }

    /// Delivers the messages of the halves to each other, and turns the rest into outputs.
    fn settle(&mut self, now: Instant) {
        loop {
            self.outputs.extend(self.out.samples.drain(..).map(Output::Record));
            self.outputs.extend(self.out.tasks.drain(..).map(|(task, duration)| Output::Spawn { task, duration }));
            let Some((to, message)) = self.out.messages.pop_front() else { break };
            if to == self.id {
                self.deliver(now, to, message);
            } else if let Some(pace) = self.pace.as_mut().filter(|_| message.class() == Class::Data) {
                pace.keep(to, message);
            } else {
                self.send(to, message);
            }
        }
        self.send_in_budget(now);
        if self.worker.has_finished() && !self.worker.has_unsent() && !self.halted {
            self.halted = true;
            self.outputs.push_back(Output::Halt);
        }
    }

    /// Whether something waits for the budget.
    fn has_to_send(&self) -> bool {
        self.worker.has_unsent() || self.pace.as_ref().is_some_and(|pace| !pace.is_idle())
    }

    fn deliver(&mut self, now: Instant, from: MachineId, message: Message) {
        match message {
            Message::Rows(rows) => self.worker.handle_rows(now, from, rows, &mut self.out),
            other => self.shard.handle_message(now, from, other, &mut self.out),
        }
    }

    /// Sends what the budget and the links allow, where there is one.
    fn send_in_budget(&mut self, now: Instant) {
        let Some(mut pace) = self.pace.take() else { return };
        let most = pace.most_floats(self.setting.parts.similitude.sigma_bytes);
        loop {
            let worker = &mut self.worker;
            let update = |has_room: &dyn Fn(MachineId) -> bool| worker.next_update(now, most, has_room);
            let Some((to, message)) = pace.next(now, &self.backlogs, update) else { break };
            let charged = self.send(to, message);
            self.backlogs[to.index()] += charged.as_bytes();
            pace.spend(now, charged);
        }
        self.pace = Some(pace);
    }

    /// Sends it. Returns the bytes that the link is charged.
    fn send(&mut self, to: MachineId, message: Message) -> ByteSize {
        let (header, data) = (message.header_bytes(), message.data_bytes(&self.setting.parts.encodings));
        let charged = self.setting.parts.similitude.charged(header, data);
        let actual = ByteSize::from_bytes(header + data);
        self.outputs.push_back(Output::Send { to, class: message.class(), actual, charged, message });
        charged
    }
}

impl<W: Workload> Node for Machine<W> {
    type Message = Message;
    type Task = MachineTask<W>;
    type Sample = Sample<W::State>;
    type Snapshot = MachineState<W::State>;

    fn handle_start(&mut self, now: Instant) {
        self.shard.handle_start(now, &mut self.out);
        self.worker.handle_start(now, &mut self.out);
        self.settle(now);
    }

    fn handle_message(&mut self, now: Instant, from: MachineId, message: Message) {
        self.deliver(now, from, message);
        self.settle(now);
    }

    fn handle_done(&mut self, now: Instant, done: MachineDone<W::State>) {
        match done {
            MachineDone::Clock(done) => self.worker.handle_done(now, done, &mut self.out),
            MachineDone::Store(store, outcome) => {
                let backlogs = &self.backlogs;
                self.shard.handle_done(now, store, outcome, |peer| backlogs[peer.index()], &mut self.out);
            }
        }
        self.settle(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.worker.handle_timeout(now, &mut self.out);
        self.settle(now);
    }

    fn handle_backlog(&mut self, now: Instant, peer: MachineId, backlog: ByteSize) {
        self.backlogs[peer.index()] = backlog.as_bytes();
        if self.shard.watches_links() {
            self.shard.handle_backlog(now, peer, backlog.as_bytes(), &mut self.out);
            self.settle(now);
        } else if self.pace.is_some() {
            self.settle(now);
        }
    }

    fn handle_peer_lost(&mut self, _: Instant, _: MachineId) {}

    fn poll_output(&mut self) -> Option<Output<Message, MachineTask<W>, Sample<W::State>>> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let wake = self.pace.as_ref().and_then(Pace::wake).filter(|_| self.has_to_send());
        [self.worker.poll_timeout(), wake].into_iter().flatten().min()
    }

    fn waiting_for(&self) -> Option<String> {
        match (self.worker.waiting_for(), self.shard.waiting_for()) {
            (Some(worker), Some(shard)) => Some(format!("{worker}; {shard}")),
            (worker, shard) => worker.or(shard),
        }
    }

    fn snapshot(&self) -> MachineState<W::State> {
        MachineState {
            worker: self.worker.snapshot(),
            shard: self.shard.snapshot(),
            backlogs: self.backlogs.clone(),
            pace: self.pace.as_ref().map(|pace| pace.state.clone()),
            halted: self.halted,
        }
    }

    fn restore(&mut self, state: MachineState<W::State>) {
        self.worker.restore(state.worker);
        self.shard.restore(state.shard);
        self.backlogs = state.backlogs;
        if let (Some(pace), Some(state)) = (&mut self.pace, state.pace) {
            pace.state = state;
        }
        self.halted = state.halted;
    }
}
