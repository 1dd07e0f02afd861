//! Runs nodes in virtual time.
//!
//! One queue of events in the total order (time, kind, node, sequence); the next event is handled, its node's outputs
//! are carried out, and so on. Links are [`Links`], by either model; compute runs on a thread pool while virtual time stands still or
//! moves on elsewhere, and is joined when virtual time reaches its completion. Virtual time never depends on real time:
//! any number of threads gives the same run, which the running [`Digest`] over all events shows.
//!
//! A run is stalled when nothing can ever happen again and neither the observer nor the nodes have ended it: an error that
//! lists each waiting node and what it waits for.
//!
//! Between two events the whole state can be written ([`VirtualDriver::checkpoint`]) and taken up again
//! ([`VirtualDriver::resume`]); the run goes on to the bit as if it had never been interrupted.
//!
//! # Example
//! Two machines that are 20 ms apart play ping-pong. The hidden lines are the parts of [`Node`] that they do not need.
//!
//! ```
//! # use std::collections::VecDeque;
//! # use std::ops::ControlFlow;
//! # use std::sync::Arc;
//! # use emulator::digest::Digest;
//! # use emulator::id::MachineId;
//! # use emulator::link::{Fabric, LinkConfig};
//! # use emulator::network::{Network, Route};
//! # use emulator::node::{Class, Node, Output, Record, Task};
//! # use emulator::time::{Duration, Instant};
//! # use emulator::units::ByteSize;
//! # use emulator::virtual_driver::{Observer, Step, Transfer, VirtualDriver};
//! # struct Nothing;
//! # impl Task for Nothing {
//! #     type Done = ();
//! #     fn is_light(&self) -> bool { true }
//! #     fn run(self) {}
//! # }
//! # struct Hit;
//! # impl Record for Hit {
//! #     fn write_digest(&self, _digest: &mut Digest) {}
//! # }
//! struct Player {
//!     serves: bool,
//!     outputs: VecDeque<Output<u32, Nothing, Hit>>,
//! }
//!
//! impl Player {
//!     fn hit(&mut self, to: u32, ball: u32) {
//!         let bytes = ByteSize::from_bytes(4);
//!         let (to, class) = (MachineId(to), Class::Data);
//!         self.outputs.push_back(Output::Send { to, class, actual: bytes, charged: bytes, message: ball });
//!     }
//! }
//!
//! impl Node for Player {
//! #   type Message = u32;
//! #   type Task = Nothing;
//! #   type Sample = Hit;
//! #   type Snapshot = ();
//!     fn handle_start(&mut self, _now: Instant) {
//!         if self.serves {
//!             self.hit(1, 5);
//!         }
//!     }
//!     fn handle_message(&mut self, _now: Instant, from: MachineId, ball: u32) {
//!         if ball > 0 {
//!             self.hit(from.0, ball - 1);
//!         }
//!         if ball < 2 {
//!             self.outputs.push_back(Output::Halt);
//!         }
//!     }
//!     fn poll_output(&mut self) -> Option<Output<u32, Nothing, Hit>> {
//!         self.outputs.pop_front()
//!     }
//! #   fn handle_done(&mut self, _now: Instant, (): ()) {}
//! #   fn handle_timeout(&mut self, _now: Instant) {}
//! #   fn handle_backlog(&mut self, _now: Instant, _peer: MachineId, _backlog: ByteSize) {}
//! #   fn handle_peer_lost(&mut self, _now: Instant, _peer: MachineId) {}
//! #   fn poll_timeout(&self) -> Option<Instant> { None }
//! #   fn waiting_for(&self) -> Option<String> { Some("the ball".to_owned()) }
//! #   fn snapshot(&self) {}
//! #   fn restore(&mut self, (): ()) {}
//! }
//!
//! /// The arrivals of the ball: their instants and receivers.
//! #[derive(Default)]
//! struct Umpire(Vec<(Instant, MachineId)>);
//!
//! impl Observer<Hit> for Umpire {
//!     fn sample(&mut self, _now: Instant, _machine: MachineId, _sample: Hit) -> ControlFlow<()> {
//!         ControlFlow::Continue(())
//!     }
//!     fn transfer(&mut self, transfer: &Transfer) {
//!         self.0.push((transfer.arrived_at, transfer.to));
//!     }
//! }
//!
//! let route = Route { delay: Duration::from_millis(20), ..Route::default() };
//! let network = Arc::new(Network { machines: 2, limits: vec![], routes: vec![route; 4].into() });
//! let fabric = Fabric::new(network, LinkConfig::default(), 1)?;
//! let players = [true, false].map(|serves| Player { serves, outputs: VecDeque::new() });
//! let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build()?);
//! let mut driver = VirtualDriver::new(players.into(), fabric, pool);
//!
//! let mut umpire = Umpire::default();
//! driver.start(&mut umpire);
//! while driver.step(&mut umpire)? == Step::Running {}
//! assert_eq!(umpire.0.len(), 6);
//! assert_eq!(umpire.0[5], (Instant::START + Duration::from_millis(6 * 20), MachineId(0)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::any::Any;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::{fmt, io};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::binary;
use crate::digest::Digest;
use crate::id::MachineId;
use crate::link::{Departure, LinkEvent, Links, LinksSnapshot};
use crate::node::{Class, Node, Output, Record, Task};
use crate::time::Instant;
use crate::units::ByteSize;

/// A message that has crossed a link.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    /// The machine that has sent it.
    pub from: MachineId,
    /// The machine that receives it.
    pub to: MachineId,
    /// The queue it waited in.
    pub class: Class,
    /// The length of its encoding.
    pub actual: ByteSize,
    /// Bytes that the link was charged.
    pub charged: ByteSize,
    /// The instant at which it was handed to the link.
    pub sent_at: Instant,
    /// The instant at which its last byte arrived.
    pub arrived_at: Instant,
}

/// Watches a run from outside virtual time.
pub trait Observer<S> {
    /// A node has recorded `sample`. `Break` ends the run.
    fn sample(&mut self, now: Instant, machine: MachineId, sample: S) -> ControlFlow<()>;
    /// A message has arrived.
    fn transfer(&mut self, transfer: &Transfer);
}

/// The state of a run after one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The run goes on.
    Running,
    /// The observer has ended it, or all nodes have halted and nothing is under way any more.
    Ended,
}

/// The reason why a run cannot go on.
#[derive(Debug, Error)]
pub enum RunError {
    /// No event is left, and not every node has halted.
    #[error("the run is stalled at {now}: nothing can happen any more\n{waiting}")]
    Stalled {
        /// The instant of the last event.
        now: Instant,
        /// One line per node that waits.
        waiting: String,
    },
    /// A checkpoint does not belong to this plan, or is damaged.
    #[error("the checkpoint cannot be read: {0}")]
    Checkpoint(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Kind {
    Arrival(u64),
    Done(u64),
    Timeout,
}

/// The total order of events: time, then kind, then node, then sequence. Links come before all of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Event {
    at: Instant,
    rank: u8,
    node: MachineId,
    sequence: u64,
    kind: Kind,
}

#[derive(Serialize, Deserialize)]
struct Envelope<M> {
    from: MachineId,
    to: MachineId,
    class: Class,
    actual: ByteSize,
    charged: ByteSize,
    sent_at: Instant,
    arrives_at: Instant,
    message: M,
}

type TaskResult<D> = Result<D, Box<dyn Any + Send>>;

enum Running<D> {
    Finished(D),
    Pending(Receiver<TaskResult<D>>),
}

impl<D> Running<D> {
    /// The result, waited for when it is not there yet. A panic of the task goes on here.
    fn join(self) -> D {
        match self {
            Running::Finished(done) => done,
            Running::Pending(receiver) => match receiver.recv().expect("the pool answers every task") {
                Ok(done) => done,
                Err(panic) => resume_unwind(panic),
            },
        }
    }
}

type Done<N> = <<N as Node>::Task as Task>::Done;

/// Runs `N`s over links in virtual time.
pub struct VirtualDriver<N: Node> {
    nodes: Vec<N>,
    halted: Vec<bool>,
    timeouts: Vec<Option<Instant>>,
    links: Links,
    queue: BinaryHeap<Reverse<Event>>,
    in_flight: BTreeMap<u64, Envelope<N::Message>>,
    tasks: BTreeMap<u64, Running<Done<N>>>,
    pool: Arc<rayon::ThreadPool>,
    now: Instant,
    sequence: u64,
    digest: Digest,
    ended: bool,
}

/// The changing state of a driver but for its nodes, by reference for writing.
#[derive(Serialize)]
struct Written<'a, M, D> {
    halted: &'a [bool],
    timeouts: &'a [Option<Instant>],
    links: LinksSnapshot,
    queue: Vec<Event>,
    in_flight: &'a BTreeMap<u64, Envelope<M>>,
    tasks: BTreeMap<u64, &'a D>,
    now: Instant,
    sequence: u64,
    digest: &'a Digest,
}

/// The same, owned, for reading.
#[derive(Deserialize)]
struct Read<M, D> {
    halted: Vec<bool>,
    timeouts: Vec<Option<Instant>>,
    links: LinksSnapshot,
    queue: Vec<Event>,
    in_flight: BTreeMap<u64, Envelope<M>>,
    tasks: BTreeMap<u64, D>,
    now: Instant,
    sequence: u64,
    digest: Digest,
}

impl<N: Node> VirtualDriver<N> {
    /// A driver at the start of a run. Call [`VirtualDriver::start`] or [`VirtualDriver::resume`] next.
    pub fn new(nodes: Vec<N>, links: impl Into<Links>, pool: Arc<rayon::ThreadPool>) -> Self {
        let count = nodes.len();
        VirtualDriver {
            nodes,
            halted: vec![false; count],
            timeouts: vec![None; count],
            links: links.into(),
            queue: BinaryHeap::new(),
            in_flight: BTreeMap::new(),
            tasks: BTreeMap::new(),
            pool,
            now: Instant::START,
            sequence: 0,
            digest: Digest::default(),
            ended: false,
        }
    }

    /// The virtual time: that of the event handled last.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The machines, for checks between two steps.
    pub fn nodes(&self) -> &[N] {
        &self.nodes
    }

    /// The links, for their counters.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// The running hash over all events so far.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Starts every node, in their order, at [`Instant::START`].
    pub fn start(&mut self, observer: &mut dyn Observer<N::Sample>) {
        for index in 0..self.nodes.len() {
            self.nodes[index].handle_start(self.now);
            self.carry_out(MachineId(index as u32), observer);
        }
        self.settle_links(observer);
    }

    /// Handles the next event.
    pub fn step(&mut self, observer: &mut dyn Observer<N::Sample>) -> Result<Step, RunError> {
        if self.ended {
            return Ok(Step::Ended);
        }
        let link = self.links.poll_timeout();
        let event = self.queue.peek().map(|Reverse(event)| event.at);
        match (link, event) {
            (None, None) if self.halted.iter().all(|&halted| halted) => {
                self.ended = true;
                return Ok(Step::Ended);
            }
            (None, None) => return Err(self.stalled()),
            // Links first among equal instants: a chunk that is due leaves before a node sends at the same instant, which
            // the fabric requires.
            (Some(link), event) if event.is_none_or(|event| link <= event) => {
                self.now = link;
                self.links.handle_timeout(link);
            }
            _ => {
                let Reverse(event) = self.queue.pop().expect("it was just seen");
                self.now = event.at;
                self.handle(event, observer);
            }
        }
        self.settle_links(observer);
        Ok(if self.ended { Step::Ended } else { Step::Running })
    }

    fn handle(&mut self, event: Event, observer: &mut dyn Observer<N::Sample>) {
        let index = event.node.index();
        // A heap cannot take an entry back. When a node moves its timeout, the old entry stays and is skipped here.
        if event.kind == Kind::Timeout && self.timeouts[index] != Some(event.at) {
            return;
        }
        self.inform(event.node);
        match event.kind {
            Kind::Arrival(id) => {
                let envelope = self.in_flight.remove(&id).expect("a message arrives once");
                self.note(1, event.node, u64::from(envelope.from.0), envelope.charged.as_bytes());
                observer.transfer(&Transfer {
                    from: envelope.from,
                    to: envelope.to,
                    class: envelope.class,
                    actual: envelope.actual,
                    charged: envelope.charged,
                    sent_at: envelope.sent_at,
                    arrived_at: self.now,
                });
                self.nodes[index].handle_message(self.now, envelope.from, envelope.message);
            }
            Kind::Done(id) => {
                let done = self.tasks.remove(&id).expect("a task ends once").join();
                self.note(2, event.node, id, 0);
                self.nodes[index].handle_done(self.now, done);
            }
            Kind::Timeout => {
                self.timeouts[index] = None;
                self.note(3, event.node, 0, 0);
                self.nodes[index].handle_timeout(self.now);
            }
        }
        self.carry_out(event.node, observer);
    }

    /// Reports the backlogs of this moment to a node before it decides something, where links have no event for each change.
    fn inform(&mut self, node: MachineId) {
        for (peer, backlog) in self.links.unreported(self.now, node) {
            self.nodes[node.index()].handle_backlog(self.now, peer, backlog);
        }
    }

    /// Carries out the outputs of a node after it has handled an event.
    fn carry_out(&mut self, node: MachineId, observer: &mut dyn Observer<N::Sample>) {
        while let Some(output) = self.nodes[node.index()].poll_output() {
            match output {
                Output::Send { to, class, actual, charged, message } => {
                    assert_ne!(to, node, "a machine does not send to itself over a link");
                    let (sent_at, id) = (self.now, self.next_sequence());
                    // The fabric carries a number and a size. The message itself waits here until it arrives.
                    let envelope =
                        Envelope { from: node, to, class, actual, charged, sent_at, arrives_at: sent_at, message };
                    self.in_flight.insert(id, envelope);
                    self.links.send(self.now, node, to, class, charged, id);
                }
                Output::Spawn { task, duration } => {
                    // The completion is scheduled by the modelled duration alone, whenever the task really runs.
                    let id = self.next_sequence();
                    let running = self.run(task);
                    self.tasks.insert(id, running);
                    self.schedule(self.now + duration, node, Kind::Done(id));
                }
                Output::Record(sample) => {
                    sample.write_digest(&mut self.digest);
                    if observer.sample(self.now, node, sample).is_break() {
                        self.ended = true;
                    }
                }
                Output::Halt => self.halted[node.index()] = true,
            }
        }
        // A time in the past is now: the event's time must be the one that is remembered, or the event is skipped as moved.
        let timeout = self.nodes[node.index()].poll_timeout().map(|at| at.max(self.now));
        if timeout != self.timeouts[node.index()] {
            self.timeouts[node.index()] = timeout;
            if let Some(at) = timeout {
                self.schedule(at, node, Kind::Timeout);
            }
        }
    }

    fn run(&self, task: N::Task) -> Running<Done<N>> {
        if task.is_light() {
            return Running::Finished(task.run());
        }
        let (sender, receiver) = sync_channel(1);
        self.pool.spawn(move || {
            // A panic goes to the driver's thread and continues there, at the task's completion: see [`Running::join`].
            let result = catch_unwind(AssertUnwindSafe(|| task.run()));
            // The send fails when the driver has been dropped before the end of the run; the result is of no use then.
            let _ = sender.send(result);
        });
        Running::Pending(receiver)
    }

    /// Schedules the messages that have departed, reports backlogs to nodes, and carries out what these ask for in return.
    fn settle_links(&mut self, observer: &mut dyn Observer<N::Sample>) {
        // A node that sends in answer to its backlog changes backlogs again, so this goes round until nothing is reported.
        // In one round a node first gets all its reports; then nodes answer in the order of their numbers.
        let mut informed = BTreeSet::new();
        loop {
            while let Some(event) = self.links.poll_event() {
                match event {
                    LinkEvent::Departed(Departure { to, message, arrives_at, .. }) => {
                        let envelope = self.in_flight.get_mut(&message).expect("only sent messages depart");
                        envelope.arrives_at = arrives_at;
                        self.schedule(arrives_at, to, Kind::Arrival(message));
                    }
                    LinkEvent::Backlog { from, to, backlog } => {
                        self.nodes[from.index()].handle_backlog(self.now, to, backlog);
                        informed.insert(from);
                    }
                }
            }
            if informed.is_empty() {
                return;
            }
            std::mem::take(&mut informed).into_iter().for_each(|node| self.carry_out(node, observer));
        }
    }

    fn schedule(&mut self, at: Instant, node: MachineId, kind: Kind) {
        let rank = match kind {
            Kind::Arrival(_) => 0,
            Kind::Done(_) => 1,
            Kind::Timeout => 2,
        };
        let sequence = self.next_sequence();
        self.queue.push(Reverse(Event { at, rank, node, sequence, kind }));
    }

    fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    fn note(&mut self, kind: u64, node: MachineId, first: u64, second: u64) {
        self.digest.write_u64(self.now.as_nanos());
        self.digest.write_u64(kind << 32 | u64::from(node.0));
        self.digest.write_u64(first);
        self.digest.write_u64(second);
    }

    fn stalled(&self) -> RunError {
        let waiting: Vec<String> = self
            .nodes
            .iter()
            .enumerate()
            .filter(|&(index, _)| !self.halted[index])
            .map(|(index, node)| {
                let what = node.waiting_for().unwrap_or_else(|| "nothing it knows of".to_owned());
                format!("  m{index} waits for {what}")
            })
            .collect();
        RunError::Stalled { now: self.now, waiting: waiting.join("\n") }
    }

    /// Everything that changes in a run, as bytes: the output of [`VirtualDriver::write_checkpoint`].
    pub fn checkpoint(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_checkpoint(&mut bytes).expect("memory takes everything");
        bytes
    }

    /// Writes everything that changes in a run as a stream: the number of nodes, the state of each, and the rest. At most one node's state
    /// is copied at a time. Waits for tasks under way; changes nothing in virtual time.
    ///
    /// # Errors
    /// The errors of `to`.
    pub fn write_checkpoint(&mut self, mut to: impl io::Write) -> io::Result<()> {
        // A task under way cannot be written, its result can. It stays undelivered until its completion in virtual time.
        let tasks = std::mem::take(&mut self.tasks);
        self.tasks = tasks.into_iter().map(|(id, task)| (id, Running::Finished(task.join()))).collect();
        let mut queue: Vec<Event> = self.queue.iter().map(|Reverse(event)| *event).collect();
        // The inner order of a heap depends on its history; sorted, equal states give equal bytes.
        queue.sort_unstable();
        let _sharing = binary::Sharing::begin();
        binary::write(&self.nodes.len(), &mut to)?;
        for node in &self.nodes {
            binary::write(&node.snapshot(), &mut to)?;
        }
        let written = Written {
            halted: &self.halted,
            timeouts: &self.timeouts,
            links: self.links.snapshot(),
            queue,
            in_flight: &self.in_flight,
            tasks: self
                .tasks
                .iter()
                .map(|(&id, task)| match task {
                    Running::Finished(done) => (id, done),
                    Running::Pending(_) => unreachable!("all tasks were joined above"),
                })
                .collect(),
            now: self.now,
            sequence: self.sequence,
            digest: &self.digest,
        };
        binary::write(&written, to)
    }

    /// Takes up the state of a checkpoint of the same plan. After an error the driver is not fit for use: the state of some nodes may have
    /// been replaced.
    pub fn resume(&mut self, checkpoint: &[u8]) -> Result<(), RunError> {
        self.read_checkpoint(&mut &checkpoint[..])
    }

    /// [`VirtualDriver::resume`] from a stream. Nodes are replaced one after another, so that there are never two states of all of them.
    pub fn read_checkpoint(&mut self, from: &mut impl io::Read) -> Result<(), RunError> {
        let damaged = |error: io::Error| RunError::Checkpoint(error.to_string());
        let _sharing = binary::Sharing::begin();
        let nodes: usize = binary::read(from).map_err(damaged)?;
        if nodes != self.nodes.len() {
            let found = format!("it holds {nodes} machines, the plan has {}", self.nodes.len());
            return Err(RunError::Checkpoint(found));
        }
        for node in &mut self.nodes {
            node.restore(binary::read(from).map_err(damaged)?);
        }
        let read: Read<N::Message, Done<N>> = binary::read(from).map_err(damaged)?;
        self.halted = read.halted;
        self.timeouts = read.timeouts;
        self.links.restore(read.links).map_err(|error| RunError::Checkpoint(error.to_string()))?;
        self.queue = read.queue.into_iter().map(Reverse).collect();
        self.in_flight = read.in_flight;
        self.tasks = read.tasks.into_iter().map(|(id, done)| (id, Running::Finished(done))).collect();
        self.now = read.now;
        self.sequence = read.sequence;
        self.digest = read.digest;
        Ok(())
    }
}

impl<N: Node> fmt::Debug for VirtualDriver<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualDriver")
            .field("now", &self.now)
            .field("nodes", &self.nodes.len())
            .field("events", &self.queue.len())
            .finish_non_exhaustive()
    }
}
