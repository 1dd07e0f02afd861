//! The virtual driver with the smallest nodes that show what it does.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use emulator::digest::Digest;
use emulator::id::MachineId;
use emulator::link::{LinkConfig, LinkModel, Links};
use emulator::network::{Limit, Network, Route};
use emulator::node::{Class, Node, Output, Record, Task};
use emulator::time::{Duration, Instant};
use emulator::units::{Bandwidth, ByteSize};
use emulator::virtual_driver::{Observer, RunError, Step, Transfer, VirtualDriver};
use serde::{Deserialize, Serialize};

/// A step of a node's script.
enum Action {
    Send { to: u32, bytes: u64 },
    Receive,
    Compute { millis: u64, panics: Panics },
    SleepUntil { millis: u64 },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Panics {
    No,
    Yes,
}

/// Follows a list of actions and records when it came to each.
struct Script {
    actions: Vec<Action>,
    state: State,
    pending: VecDeque<Output<u32, Compute, Stamp>>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct State {
    next: usize,
    inbox: u32,
    wake: Option<Instant>,
    busy: bool,
    /// As reported last.
    backlog: ByteSize,
}

struct Compute(Panics);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Stamp(Instant);

impl Record for Stamp {
    fn write_digest(&self, digest: &mut Digest) {
        digest.write_u64(self.0.as_nanos());
    }
}

impl Task for Compute {
    type Done = u32;

    fn is_light(&self) -> bool {
        false
    }

    fn run(self) -> u32 {
        assert!(self.0 == Panics::No, "the task fails");
        7
    }
}

impl Script {
    fn new(actions: Vec<Action>) -> Self {
        Script { actions, state: State::default(), pending: VecDeque::new() }
    }

    /// Goes on until something has to be waited for.
    fn go_on(&mut self, now: Instant) {
        while !self.state.busy && self.state.wake.is_none() {
            let Some(action) = self.actions.get(self.state.next) else {
                if self.state.next == self.actions.len() {
                    self.state.next += 1;
                    self.pending.push_back(Output::Halt);
                }
                return;
            };
            match *action {
                Action::Receive if self.state.inbox == 0 => return,
                Action::Receive => self.state.inbox -= 1,
                Action::Send { to, bytes } => {
                    let (actual, charged) = (ByteSize::from_bytes(bytes), ByteSize::from_bytes(bytes));
                    let (to, class) = (MachineId(to), Class::Data);
                    self.pending.push_back(Output::Send { to, class, actual, charged, message: 1 });
                }
                Action::Compute { millis, panics } => {
                    self.state.busy = true;
                    let (task, duration) = (Compute(panics), Duration::from_millis(millis));
                    self.pending.push_back(Output::Spawn { task, duration });
                }
                Action::SleepUntil { millis } => self.state.wake = Some(Instant::START + Duration::from_millis(millis)),
            }
            self.state.next += 1;
            self.pending.push_back(Output::Record(Stamp(now)));
        }
    }
}

impl Node for Script {
    type Message = u32;
    type Task = Compute;
    type Sample = Stamp;
    type Snapshot = State;

    fn handle_start(&mut self, now: Instant) {
        self.go_on(now);
    }

    fn handle_message(&mut self, now: Instant, _: MachineId, _: u32) {
        self.state.inbox += 1;
        self.go_on(now);
    }

    fn handle_done(&mut self, now: Instant, done: u32) {
        assert_eq!(done, 7);
        self.state.busy = false;
        self.go_on(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        assert!(self.state.wake.is_some_and(|wake| wake <= now));
        self.state.wake = None;
        self.go_on(now);
    }

    fn handle_backlog(&mut self, _: Instant, _: MachineId, backlog: ByteSize) {
        self.state.backlog = backlog;
    }

    fn handle_peer_lost(&mut self, _: Instant, _: MachineId) {}

    fn poll_output(&mut self) -> Option<Output<u32, Compute, Stamp>> {
        self.pending.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.state.wake
    }

    fn waiting_for(&self) -> Option<String> {
        (self.state.next < self.actions.len()).then(|| format!("a message (action {})", self.state.next))
    }

    fn snapshot(&self) -> State {
        self.state.clone()
    }

    fn restore(&mut self, snapshot: State) {
        self.state = snapshot;
    }
}

/// Keeps stamps and transfers; ends the run after `enough` stamps.
#[derive(Default)]
struct Watch {
    stamps: Vec<(MachineId, Stamp)>,
    transfers: Vec<(Instant, Instant)>,
    enough: Option<usize>,
}

impl Observer<Stamp> for Watch {
    fn sample(&mut self, _: Instant, machine: MachineId, sample: Stamp) -> ControlFlow<()> {
        self.stamps.push((machine, sample));
        if self.enough == Some(self.stamps.len()) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn transfer(&mut self, transfer: &Transfer) {
        self.transfers.push((transfer.sent_at, transfer.arrived_at));
    }
}

const CHUNKS: LinkModel = LinkModel::Chunks(LinkConfig { chunk: ByteSize::from_bytes(16 << 10) });

/// Nodes on links of 8 Mbit/s (1 byte per microsecond) and 5 ms.
fn driver(scripts: Vec<Vec<Action>>) -> VirtualDriver<Script> {
    driver_on(CHUNKS, scripts)
}

fn driver_on(model: LinkModel, scripts: Vec<Vec<Action>>) -> VirtualDriver<Script> {
    let machines = scripts.len();
    let limit = |m: usize| Limit {
        name: format!("m{m} out"),
        rate: Bandwidth::from_bits_per_second(8_000_000),
        depth: ByteSize::from_bytes(0),
    };
    let route = |from: usize| Route { limits: vec![from as u32], delay: Duration::from_millis(5), ..Route::default() };
    let network = Network {
        machines,
        limits: (0..machines).map(limit).collect(),
        routes: (0..machines * machines).map(|pair| route(pair / machines)).collect(),
    };
    let links = Links::new(Arc::new(network), model, 1).expect("a sound network");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads start");
    VirtualDriver::new(scripts.into_iter().map(Script::new).collect(), links, Arc::new(pool))
}

fn run(driver: &mut VirtualDriver<Script>, watch: &mut Watch) -> Result<(), RunError> {
    driver.start(watch);
    while driver.step(watch)? == Step::Running {}
    Ok(())
}

fn ping_pong() -> Vec<Vec<Action>> {
    let compute = |millis| Action::Compute { millis, panics: Panics::No };
    let send = |to| Action::Send { to, bytes: 2_000 };
    vec![
        vec![compute(3), send(1), Action::Receive, compute(2)],
        vec![Action::Receive, Action::SleepUntil { millis: 40 }, send(0)],
    ]
}

#[test]
fn time_is_what_was_modelled() {
    for model in [CHUNKS, LinkModel::Fluid] {
        let (mut driver, mut watch) = (driver_on(model, ping_pong()), Watch::default());
        run(&mut driver, &mut watch).expect("it ends");
        let millis = |at: Instant| at.as_nanos() / 1_000_000;
        let spans: Vec<_> = watch.transfers.iter().map(|&(sent, arrived)| (millis(sent), millis(arrived))).collect();
        // 2,000 bytes take 2 ms on the link, and 5 ms of propagation.
        assert_eq!(spans, [(3, 10), (40, 47)], "{model:?}");
        assert_eq!(millis(driver.now()), 49);
    }
}

#[test]
fn a_node_on_fluid_links_decides_by_the_backlog_of_the_moment() {
    let wait = |millis| Action::SleepUntil { millis };
    let sender = vec![Action::Send { to: 1, bytes: 4_000 }, wait(1), wait(3), wait(5)];
    let mut driver = driver_on(LinkModel::Fluid, vec![sender, vec![Action::Receive]]);
    let (mut seen, mut watch) = (Vec::new(), Watch::default());
    driver.start(&mut watch);
    loop {
        seen.push((driver.now().as_nanos() / 1_000_000, driver.nodes()[0].state.backlog.as_bytes()));
        if driver.step(&mut watch).expect("no stall") == Step::Ended {
            break;
        }
    }
    // Timeouts at 1 and 3 ms, departure at 4, timeout at 5, arrival at 9 ms; the end.
    assert_eq!(seen, [(0, 4_000), (1, 3_000), (3, 1_000), (4, 0), (5, 0), (9, 0)]);
}

#[test]
fn a_timeout_in_the_past_is_now() {
    let compute = |millis| Action::Compute { millis, panics: Panics::No };
    let mut driver = driver(vec![vec![compute(5), Action::SleepUntil { millis: 2 }, compute(1)]]);
    run(&mut driver, &mut Watch::default()).expect("it ends");
    assert_eq!(driver.now(), Instant::START + Duration::from_millis(6));
}

#[test]
fn a_stall_names_who_waits_for_what() {
    let waits = || vec![Action::Receive];
    let mut driver = driver(vec![waits(), vec![Action::SleepUntil { millis: 5 }], waits()]);
    let error = run(&mut driver, &mut Watch::default()).expect_err("nobody sends");
    insta::assert_snapshot!(error.to_string(), @"
    the run is stalled at 0.005000 s: nothing can happen any more
      m0 waits for a message (action 0)
      m2 waits for a message (action 0)
    ");
}

#[test]
fn the_observer_ends_a_run() {
    let (mut driver, mut watch) = (driver(ping_pong()), Watch { enough: Some(2), ..Watch::default() });
    run(&mut driver, &mut watch).expect("it ends");
    assert_eq!(watch.stamps.len(), 2);
    assert_eq!(driver.step(&mut watch).expect("nothing is wrong"), Step::Ended);
}

#[test]
fn a_run_goes_on_from_a_checkpoint_at_every_event() {
    for model in [CHUNKS, LinkModel::Fluid] {
        let new = || driver_on(model, ping_pong());
        let (mut whole, mut watch) = (new(), Watch::default());
        run(&mut whole, &mut watch).expect("it ends");
        let resumed_after = |events: usize| {
            let (mut first, mut watch) = (new(), Watch::default());
            first.start(&mut watch);
            let has_ended = (0..events).any(|_| first.step(&mut watch).expect("no stall") == Step::Ended);
            let mut second = new();
            second.resume(&first.checkpoint()).expect("its own");
            while second.step(&mut watch).expect("no stall") == Step::Running {}
            assert_eq!(second.digest().to_string(), whole.digest().to_string(), "{model:?}, after {events} events");
            has_ended
        };
        assert!((0..100).any(resumed_after), "{model:?}: a hundred events, and no end");
    }
}

#[test]
#[should_panic(expected = "the task fails")]
fn a_panic_of_a_task_is_the_drivers() {
    let mut driver = driver(vec![vec![Action::Compute { millis: 1, panics: Panics::Yes }]]);
    let _ = run(&mut driver, &mut Watch::default());
}

#[test]
fn a_checkpoint_of_the_other_links_is_refused() {
    let mut fluid = driver_on(LinkModel::Fluid, ping_pong());
    let error = fluid.resume(&driver(ping_pong()).checkpoint()).expect_err("in chunks");
    insta::assert_snapshot!(error, @"the checkpoint cannot be read: snapshot of links in chunks: expected one of links as a fluid");
}
