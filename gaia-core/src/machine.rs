//! A machine: one worker and one server shard, as a [`Node`].
//!
//! What the two say to each other never touches a link; it is delivered before anything else happens.

use std::collections::VecDeque;
use std::sync::Arc;

use emulator::id::MachineId;
use emulator::node::{Node, Output, Task};
use emulator::time::Instant;
use emulator::units::ByteSize;
use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::outbox::{Outbox, Sample};
use crate::server::shard::{Shard, ShardState};
use crate::server::store::{Outcome, Store, StoreTask};
use crate::setting::Setting;
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
    halted: bool,
}

/// Work of either half.
pub enum MachineTask<W: Workload> {
    /// The worker's.
    Clock(ClockTask<W>),
    /// The shard's.
    Store(StoreTask),
}

/// What it leaves.
#[derive(Debug, Serialize, Deserialize)]
pub enum MachineDone<S> {
    /// The worker's.
    Clock(ClockDone<S>),
    /// The shard's.
    Store(Store, Outcome),
}

/// Everything that changes in a run.
#[derive(Serialize, Deserialize)]
pub struct MachineState<S> {
    worker: WorkerState<S>,
    shard: ShardState,
    backlogs: Vec<u64>,
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
        Machine { id, setting, worker, shard, out, outputs, backlogs, halted: false }
    }

    /// The worker, for checks.
    pub fn worker(&self) -> &Worker<W> {
        &self.worker
    }

    /// The shard, for checks.
    pub fn shard(&self) -> &Shard {
        &self.shard
    }

    /// Delivers what the halves say to each other, and turns the rest into outputs.
    fn settle(&mut self, now: Instant) {
        loop {
            self.outputs.extend(self.out.samples.drain(..).map(Output::Record));
            self.outputs.extend(self.out.tasks.drain(..).map(|(task, duration)| Output::Spawn { task, duration }));
            let Some((to, message)) = self.out.messages.pop_front() else { break };
            if to == self.id {
                self.deliver(now, to, message);
            } else {
                self.outputs.push_back(self.send(to, message));
            }
        }
        if self.worker.has_finished() && !self.halted {
            self.halted = true;
            self.outputs.push_back(Output::Halt);
        }
    }

    fn deliver(&mut self, now: Instant, from: MachineId, message: Message) {
        match message {
            Message::Rows(rows) => self.worker.handle_rows(now, from, rows, &mut self.out),
            other => self.shard.handle_message(now, from, other, &mut self.out),
        }
    }

    fn send(&self, to: MachineId, message: Message) -> Output<Message, MachineTask<W>, Sample<W::State>> {
        let (header, data) = (message.header_bytes(), message.data_bytes(self.setting.parts.encoding));
        let charged = self.setting.parts.similitude.charged(header, data);
        let actual = ByteSize::from_bytes(header + data);
        Output::Send { to, class: message.class(), actual, charged, message }
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

    fn handle_backlog(&mut self, _: Instant, peer: MachineId, backlog: ByteSize) {
        self.backlogs[peer.index()] = backlog.as_bytes();
    }

    fn handle_peer_lost(&mut self, _: Instant, _: MachineId) {}

    fn poll_output(&mut self) -> Option<Output<Message, MachineTask<W>, Sample<W::State>>> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.worker.poll_timeout()
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
            halted: self.halted,
        }
    }

    fn restore(&mut self, state: MachineState<W::State>) {
        self.worker.restore(state.worker);
        self.shard.restore(state.shard);
        self.backlogs = state.backlogs;
        self.halted = state.halted;
    }
}
