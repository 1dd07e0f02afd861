//! Runs one node in real time, over its connection to the relay.
//!
//! One loop on one thread does everything but heavy tasks: it reads and writes the socket, wakes for due tasks, timeouts
//! and heartbeats (a `timerfd`: tokio's own timers are a millisecond coarse), and calls the node. Tasks that are not light
//! run on threads of their own. A task's result is delivered when its modelled duration, dilated, has passed, or when it
//! is there, whichever is later; that it came too late is counted, with the dilation that would have been enough.
//!
//! The run ends when the relay ends it: all machines have halted and nothing is under way, an observer has ended it,
//! or a machine is lost. Nothing waits for ever: not for the relay to answer, not for the other machines to come, not for
//! a peer or a relay that is dead or stuck.

use std::any::Any;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base::causes;
use base::durations::Durations;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::{info, warn};

pub use self::report::{ComputeReport, NodeError, NodeOutcome, NodeReport};
use super::clock::{Dilation, Epoch, monotonic_nanos};
use super::frame::{Frame, FrameReader, Halted, Open, Reassembler, Stream};
use super::outbound::Outbound;
use super::relay::{Bounds, nanos};
use super::timer::{Priority, Timer, schedule_this_thread, starved_nanos};
use crate::id::MachineId;
use crate::node::{Class, Codec, Node, Output, Task};
use crate::time::{Duration, Instant};
use crate::units::ByteSize;
use crate::virtual_driver::Observer;

mod connection;
mod reach;
mod report;

/// Bytes of messages that a node may leave waiting on this side, at most.
const MOST_WAITING_BYTES: u64 = 4 << 30;

/// The settings of a machine that takes part in a run.
#[derive(Clone, Copy, Debug)]
pub struct NodeConfig {
    /// The address on which the relay listens.
    pub relay: SocketAddr,
    /// The run's number, as the relay has it.
    pub run: u64,
    /// The number of this machine.
    pub machine: MachineId,
    /// The number of machines in the run.
    pub machines: usize,
    /// Threads for heavy tasks, at least one.
    pub compute_threads: usize,
    /// The scheduling of the loop's thread; threads for tasks have the ordinary one.
    pub priority: Priority,
    /// Limits of waits and sizes, the same as the relay's.
    pub bounds: Bounds,
}

/// Takes part in a run until its end. Blocks the thread.
///
/// `observer` sees the node's samples and the messages that arrive here; when it breaks, the run ends for all machines.
pub fn run_node<N, C>(
    config: &NodeConfig,
    node: &mut N,
    codec: &C,
    observer: &mut dyn Observer<N::Sample>,
) -> NodeOutcome
where
    N: Node,
    C: Codec<Message = N::Message>,
{
    let mut report = NodeReport::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .max_blocking_threads(config.compute_threads.max(1))
        .build();
    let ended =
        runtime.map_err(|source| NodeError::System { what: "the loop cannot be made", source }).and_then(|runtime| {
            let ended = runtime.block_on(async {
                report.priority = schedule_this_thread(config.priority);
                let starved = starved_nanos();
                let mut driver = Driver::connect(config, node, codec, observer)?;
                let ended = driver.run().await;
                let (machine, sent, received) = (config.machine, driver.sent, driver.received);
                match &ended {
                    Ok(()) => info!(%machine, sent, received, "relay disconnected"),
                    Err(error) => warn!(%machine, sent, received, %error, "relay disconnected"),
                }
                if let Err(error) = &ended {
                    driver.say_last_words(error).await;
                }
                driver.fill_report(&mut report);
                report.starved = starved_nanos().zip(starved).map(|(after, before)| after - before);
                ended
            });
            // Tasks that still run belong to a run that is over.
            runtime.shutdown_background();
            ended
        });
    NodeOutcome { ended, report }
}

type Done<N> = <<N as Node>::Task as Task>::Done;
type TaskResult<D> = Result<D, Box<dyn Any + Send>>;

/// A task's result, and when it was there in monotonic nanoseconds.
struct Finished<D> {
    id: u64,
    result: TaskResult<D>,
    at: u64,
}

/// A task that has not been delivered.
struct Running<D> {
    started: u64,
    due: Instant,
    modelled: Duration,
    finished: Option<Finished<D>>,
}

/// Charged bytes to a peer.
#[derive(Clone, Copy, Debug, Default)]
struct Backlog {
    sent: u64,
    left: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NodePhase {
    /// Machines are joining; the deadline in monotonic nanoseconds.
    Joining(u64),
    /// The start is known and lies ahead.
    Starting,
    Running,
    /// The observer has ended the run; the relay has until this monotonic nanosecond to confirm.
    Stopping(u64),
}

struct Driver<'a, N: Node, C> {
    config: NodeConfig,
    node: &'a mut N,
    codec: &'a C,
    observer: &'a mut dyn Observer<N::Sample>,
    socket: TcpStream,
    reader: FrameReader,
    reassembler: Reassembler,
    outbound: Outbound,
    batch: Vec<u8>,
    written: usize,
    timer: AsyncFd<Timer>,
    phase: NodePhase,
    epoch: Epoch,
    dilation: Dilation,
    now: Instant,
    halted: Halted,
    tasks: BTreeMap<u64, Running<Done<N>>>,
    /// Due instants of tasks that have finished.
    ready: BinaryHeap<Reverse<(Instant, u64)>>,
    next_task: u64,
    finished: UnboundedSender<Finished<Done<N>>>,
    finishing: UnboundedReceiver<Finished<Done<N>>>,
    backlogs: Vec<Backlog>,
    changed: BTreeSet<MachineId>,
    idle: Option<(u64, u64, Halted)>,
    sent: u64,
    received: u64,
    heard: u64,
    next_beat: u64,
    compute: ComputeReport,
    arrivals: Durations,
    wakes: Durations,
}

impl<'a, N: Node, C: Codec<Message = N::Message>> Driver<'a, N, C> {
    fn connect(
        config: &NodeConfig,
        node: &'a mut N,
        codec: &'a C,
        observer: &'a mut dyn Observer<N::Sample>,
    ) -> Result<Self, NodeError> {
        let system = |what| move |source| NodeError::System { what, source };
        let socket = reach::reach(config.relay, &config.bounds)?;
        info!(machine = %config.machine, relay = %config.relay, "relay connected");
        let prepared = socket.set_nonblocking(true).and_then(|()| socket.set_nodelay(true));
        prepared.map_err(system("the connection cannot be prepared"))?;
        let socket = TcpStream::from_std(socket).map_err(system("the connection cannot be polled"))?;
        let timer = Timer::new().map_err(system("a timer cannot be made"))?;
        // SAFETY: a `Timer` owns one descriptor, which it names and keeps open as long as it lives.
        let timer = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) };
        let timer =
            timer.map_err(|error| NodeError::System { what: "a timer cannot be polled", source: error.into() })?;
        let (finished, finishing) = unbounded_channel();
        let now = monotonic_nanos();
        let mut outbound = Outbound::new(config.bounds.window);
        let machines = u32::try_from(config.machines).expect("machines are numbered with 32 bits");
        outbound.push(&Frame::Hello { run: config.run, machine: config.machine, machines });
        Ok(Driver {
            config: *config,
            node,
            codec,
            observer,
            socket,
            reader: FrameReader::default(),
            reassembler: Reassembler::new(config.bounds.most_message_bytes),
            outbound,
            batch: Vec::new(),
            written: 0,
            timer,
            phase: NodePhase::Joining(now.saturating_add(nanos(config.bounds.rendezvous + config.bounds.silence))),
            epoch: Epoch(u64::MAX),
            dilation: Dilation::NONE,
            now: Instant::START,
            halted: Halted::NotYet,
            tasks: BTreeMap::new(),
            ready: BinaryHeap::new(),
            next_task: 0,
            finished,
            finishing,
            backlogs: vec![Backlog::default(); config.machines],
            changed: BTreeSet::new(),
            idle: None,
            sent: 0,
            received: 0,
            heard: now,
            next_beat: now,
            compute: ComputeReport::default(),
            arrivals: Durations::default(),
            wakes: Durations::default(),
        })
    }

    /// Runs until the relay ends the run.
    async fn run(&mut self) -> Result<(), NodeError> {
        loop {
            self.do_what_is_due()?;
            self.announce_idleness();
            self.fill_batch();
            let writing = self.written < self.batch.len();
            let wake = self.next_instant();
            let armed = self.timer.get_mut().arm(Some(wake));
            armed.map_err(|source| NodeError::System { what: "the timer cannot be set", source })?;
            let interest = if writing { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            tokio::select! {
                biased;
                fired = self.timer.readable_mut() => {
                    let mut fired = fired.map_err(|source| NodeError::System { what: "the timer broke", source })?;
                    fired.get_inner_mut().clear();
                    fired.clear_ready();
                }
                Some(finished) = self.finishing.recv() => self.note_finished(finished),
                ready = self.socket.ready(interest) => {
                    let ready = ready.map_err(|error| self.relay_lost(&error))?;
                    if ready.is_writable() {
                        self.write()?;
                    }
                    if (ready.is_readable() || ready.is_read_closed()) && self.read()?.is_break() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The time at which there is something to do without any socket or task, in monotonic nanoseconds.
    fn next_instant(&self) -> u64 {
        let silence = self.heard.saturating_add(nanos(self.config.bounds.silence));
        let wake = silence.min(self.next_beat);
        match self.phase {
            NodePhase::Joining(until) | NodePhase::Stopping(until) => wake.min(until),
            NodePhase::Starting => wake.min(self.epoch.0),
            NodePhase::Running => {
                let task = self.ready.peek().map(|&Reverse((due, _))| due);
                let next = task.into_iter().chain(self.node.poll_timeout()).min();
                wake.min(next.map_or(u64::MAX, |at| self.epoch.monotonic(self.dilation.wall_of(at))))
            }
        }
    }

    fn do_what_is_due(&mut self) -> Result<(), NodeError> {
        let monotonic = monotonic_nanos();
        if monotonic >= self.next_beat {
            self.next_beat = monotonic.saturating_add(nanos(self.config.bounds.heartbeat).max(1_000_000));
            self.outbound.push(&Frame::Alive);
        }
        if monotonic.saturating_sub(self.heard) >= nanos(self.config.bounds.silence) {
            let silent = monotonic.saturating_sub(self.heard) as f64 / 1e9;
            return Err(self.relay_lost(&format!("it has given no sign of life for {silent:.1} s")));
        }
        match self.phase {
            NodePhase::Joining(until) if monotonic >= until => {
                let waited = self.config.bounds.rendezvous + self.config.bounds.silence;
                return Err(NodeError::NoStart { relay: self.config.relay, waited });
            }
            NodePhase::Stopping(until) if monotonic >= until => {
                return Err(self.relay_lost(&"it does not end the run"));
            }
            NodePhase::Starting if monotonic >= self.epoch.0 => self.start()?,
            _ => {}
        }
        while self.phase == NodePhase::Running && self.handle_next_due()? {}
        Ok(())
    }

    fn start(&mut self) -> Result<(), NodeError> {
        self.phase = NodePhase::Running;
        self.tick();
        self.node.handle_start(self.now);
        self.carry_out()
    }

    /// Brings the run's time up to now; it never runs backwards.
    fn tick(&mut self) -> u64 {
        let wall = self.epoch.wall();
        self.now = self.now.max(self.dilation.instant(wall));
        wall
    }

    /// Delivers a task's result or a timeout that is due; `false` when there is none.
    fn handle_next_due(&mut self) -> Result<bool, NodeError> {
        let wall = self.tick();
        if let Some(&Reverse((due, id))) = self.ready.peek()
            && due <= self.now
        {
            self.ready.pop();
            let task = self.tasks.remove(&id).expect("only tasks that exist get ready");
            let finished = task.finished.expect("it is ready");
            let there = self.dilation.wall_of(due).max(finished.at.saturating_sub(self.epoch.0));
            self.wakes.record(wall.saturating_sub(there));
            let done = finished.result.map_err(|panic| NodeError::Panicked { what: causes::panic_message(&*panic) })?;
            self.node.handle_done(self.now, done);
            self.carry_out()?;
            return Ok(true);
        }
        if self.node.poll_timeout().is_some_and(|at| at <= self.now) {
            self.node.handle_timeout(self.now);
            self.carry_out()?;
            return Ok(self.node.poll_timeout().is_none_or(|at| at <= self.now));
        }
        Ok(false)
    }

    /// Carries out the outputs of the node after it has handled an event.
    fn carry_out(&mut self) -> Result<(), NodeError> {
        loop {
            while let Some(output) = self.node.poll_output() {
                match output {
                    Output::Send { to, class, actual, charged, message } => {
                        self.send(to, class, actual, charged, &message)?;
                    }
                    Output::Spawn { task, duration } => self.spawn(task, duration),
                    Output::Record(sample) => {
                        if self.observer.sample(self.now, self.config.machine, sample).is_break() {
                            self.stop();
                        }
                    }
                    Output::Halt => self.halted = Halted::Yes,
                }
            }
            let Some(peer) = self.changed.pop_first() else { return Ok(()) };
            let Backlog { sent, left } = self.backlogs[peer.index()];
            self.node.handle_backlog(self.now, peer, ByteSize::from_bytes(sent - left));
        }
    }

    fn stop(&mut self) {
        if self.phase == NodePhase::Running {
            self.outbound.push(&Frame::Stop);
            self.phase = NodePhase::Stopping(monotonic_nanos().saturating_add(nanos(self.config.bounds.silence)));
        }
    }

    fn send(
        &mut self,
        to: MachineId,
        class: Class,
        actual: ByteSize,
        charged: ByteSize,
        message: &N::Message,
    ) -> Result<(), NodeError> {
        assert_ne!(to, self.config.machine, "a machine does not send to itself over a link");
        let mut bytes = Vec::with_capacity(actual.as_bytes().min(self.config.bounds.most_message_bytes) as usize);
        self.codec.encode(message, &mut bytes);
        let most = self.config.bounds.most_message_bytes;
        if bytes.len() as u64 > most {
            return Err(NodeError::Oversized { to, found: bytes.len() as u64, most });
        }
        let charged = ByteSize::from_bytes(charged.as_bytes().max(1));
        let stream = Stream { peer: to, class };
        let open = Open { stream, number: 0, bytes: 0, actual, charged, sent_at: self.now };
        self.outbound.push_message(open, bytes);
        self.sent += 1;
        self.backlogs[to.index()].sent += charged.as_bytes();
        self.changed.insert(to);
        let waiting = self.outbound.waiting_bytes();
        if waiting > MOST_WAITING_BYTES {
            return Err(NodeError::Overflow { waiting, most: MOST_WAITING_BYTES });
        }
        Ok(())
    }

    fn spawn(&mut self, task: N::Task, modelled: Duration) {
        self.next_task += 1;
        let (id, started) = (self.next_task, monotonic_nanos());
        let due = self.now + modelled;
        self.tasks.insert(id, Running { started, due, modelled, finished: None });
        let light = task.is_light();
        let run = move || {
            let result = catch_unwind(AssertUnwindSafe(|| task.run()));
            Finished { id, result, at: monotonic_nanos() }
        };
        if light {
            return self.note_finished(run());
        }
        let finished = self.finished.clone();
        tokio::task::spawn_blocking(move || {
            // Nobody listens any more when the run is over.
            let _ = finished.send(run());
        });
    }

    fn note_finished(&mut self, finished: Finished<Done<N>>) {
        let id = finished.id;
        let task = self.tasks.get_mut(&id).expect("a task finishes once");
        let took = finished.at.saturating_sub(task.started);
        self.compute.count(self.dilation, task.modelled, took);
        task.finished = Some(finished);
        self.ready.push(Reverse((task.due, id)));
    }

    /// Reports to the relay that the node waits for messages and nothing else.
    fn announce_idleness(&mut self) {
        let waits = self.phase == NodePhase::Running && self.tasks.is_empty() && self.node.poll_timeout().is_none();
        let idle = waits.then_some((self.sent, self.received, self.halted));
        if idle != self.idle {
            self.idle = idle;
            if let Some((sent, received, halted)) = idle {
                self.outbound.push(&Frame::Idle { sent, received, halted });
            }
        }
    }

    fn fill_report(&self, report: &mut NodeReport) {
        report.compute = self.compute;
        report.arrivals = self.arrivals.percentiles();
        report.wakes = self.wakes.percentiles();
        (report.sent, report.received) = (self.sent, self.received);
    }
}
