//! Machines for tests of real runs: scripted nodes whose messages are plain bytes, and whole runs on threads.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::Duration as WallDuration;

use emulator::digest::Digest;
use emulator::id::MachineId;
use emulator::link::LinkConfig;
use emulator::network::{Limit, Network, Route};
use emulator::node::{Class, Codec, Node, Output, Record, Task};
use emulator::real::driver::{NodeConfig, NodeOutcome, run_node};
use emulator::real::relay::{Bounds, Outcome, Relay, RelayConfig};
use emulator::real::timer::Priority;
use emulator::time::{Duration, Instant};
use emulator::units::{Bandwidth, ByteSize};
use emulator::virtual_driver::{Observer, Transfer};

pub(crate) const RUN: u64 = 0x6761_6961;

/// `machines` machines behind interfaces of `mbit` Mbit/s in and out, `delay_ms` apart.
pub(crate) fn network(machines: usize, mbit: u64, delay_ms: u64) -> Arc<Network> {
    let limit = |name: String| Limit {
        name,
        rate: Bandwidth::from_bits_per_second(mbit * 1_000_000),
        depth: ByteSize::from_bytes(256 * 1024),
    };
    let mut limits: Vec<Limit> = (0..machines).map(|m| limit(format!("m{m} out"))).collect();
    limits.extend((0..machines).map(|m| limit(format!("m{m} in"))));
    let route = |pair: usize| Route {
        limits: vec![(pair / machines) as u32, (machines + pair % machines) as u32],
        delay: Duration::from_millis(delay_ms),
        ..Route::default()
    };
    Arc::new(Network { machines, limits, routes: (0..machines * machines).map(route).collect() })
}

pub(crate) fn bounds() -> Bounds {
    Bounds { rendezvous: WallDuration::from_secs(10), ..Bounds::default() }
}

pub(crate) fn relay(network: Arc<Network>, dilation: &str, bounds: Bounds) -> Relay {
    let config = RelayConfig {
        network,
        link: LinkConfig::default(),
        seed: 1,
        dilation: dilation.parse().expect("a dilation"),
        run: RUN,
        port: 0,
        priority: Priority::Ordinary,
        bounds,
    };
    Relay::bind(config).expect("a free port")
}

pub(crate) fn node_config(relay: &Relay, machine: u32, machines: usize, bounds: Bounds) -> NodeConfig {
    NodeConfig {
        relay: relay.address(),
        run: RUN,
        machine: MachineId(machine),
        machines,
        compute_threads: 1,
        priority: Priority::Ordinary,
        bounds,
    }
}

/// Messages are their own bytes.
pub(crate) struct Bytes;

impl Codec for Bytes {
    type Message = Vec<u8>;
    type Error = Infallible;

    fn encode(&self, message: &Vec<u8>, out: &mut Vec<u8>) {
        out.extend_from_slice(message);
    }

    fn decode(&self, bytes: &[u8]) -> Result<Vec<u8>, Infallible> {
        Ok(bytes.to_vec())
    }
}

/// One message that a script sends.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    pub(crate) to: u32,
    pub(crate) class: Class,
    pub(crate) bytes: Vec<u8>,
    pub(crate) charged: u64,
}

/// Sends all of its script at the start, halts when it has `expected` messages, and keeps them in order.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) sendings: Vec<Sending>,
    pub(crate) expected: usize,
    pub(crate) arrived: Vec<(Instant, MachineId, Vec<u8>)>,
    pub(crate) backlogs: BTreeMap<MachineId, Vec<u64>>,
    pub(crate) lost: Vec<MachineId>,
    pub(crate) task: Option<(TestTask, Duration)>,
    pub(crate) outputs: VecDeque<Output<Vec<u8>, TestTask, Kept>>,
}

/// Sleeps a while or panics.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TestTask {
    Sleep(WallDuration),
    Panic,
}

/// A sample as the observer sees it.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) Instant);

impl Record for Kept {
    fn write_digest(&self, digest: &mut Digest) {
        digest.write_u64(self.0.as_nanos());
    }
}

impl Task for TestTask {
    type Done = ();

    fn is_light(&self) -> bool {
        false
    }

    fn run(self) {
        match self {
            TestTask::Sleep(span) => thread::sleep(span),
            TestTask::Panic => panic!("a bug in the workload"),
        }
    }
}

impl Script {
    fn halt_if_complete(&mut self) {
        if self.arrived.len() == self.expected && self.task.is_none() {
            self.outputs.push_back(Output::Halt);
        }
    }
}

impl Node for Script {
    type Message = Vec<u8>;
    type Task = TestTask;
    type Sample = Kept;
    type Snapshot = ();

    fn handle_start(&mut self, _: Instant) {
        for Sending { to, class, bytes, charged } in self.sendings.drain(..) {
            let (actual, charged) = (ByteSize::from_bytes(bytes.len() as u64), ByteSize::from_bytes(charged));
            self.outputs.push_back(Output::Send { to: MachineId(to), class, actual, charged, message: bytes });
        }
        if let Some((task, duration)) = self.task {
            self.outputs.push_back(Output::Spawn { task, duration });
        }
        self.halt_if_complete();
    }

    fn handle_message(&mut self, now: Instant, from: MachineId, message: Vec<u8>) {
        self.arrived.push((now, from, message));
        self.halt_if_complete();
    }

    fn handle_done(&mut self, now: Instant, (): ()) {
        self.task = None;
        self.outputs.push_back(Output::Record(Kept(now)));
        self.halt_if_complete();
    }

    fn handle_timeout(&mut self, _: Instant) {}

    fn handle_backlog(&mut self, _: Instant, peer: MachineId, backlog: ByteSize) {
        self.backlogs.entry(peer).or_default().push(backlog.as_bytes());
    }

    fn handle_peer_lost(&mut self, _: Instant, peer: MachineId) {
        self.lost.push(peer);
    }

    fn poll_output(&mut self) -> Option<Output<Vec<u8>, TestTask, Kept>> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn waiting_for(&self) -> Option<String> {
        let missing = self.expected.checked_sub(self.arrived.len()).filter(|&missing| missing > 0)?;
        Some(format!("{missing} more messages"))
    }

    fn snapshot(&self) {}

    fn restore(&mut self, (): ()) {}
}

/// Keeps samples and transfers; if asked to, breaks at the first sample, or sends a signal for each.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) samples: Vec<Instant>,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) breaks: bool,
    pub(crate) tell: Option<std::sync::mpsc::Sender<()>>,
}

impl Observer<Kept> for Watch {
    fn sample(&mut self, _: Instant, _: MachineId, sample: Kept) -> ControlFlow<()> {
        self.samples.push(sample.0);
        if let Some(tell) = &self.tell {
            tell.send(()).expect("the test listens");
        }
        if self.breaks { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn transfer(&mut self, transfer: &Transfer) {
        self.transfers.push(*transfer);
    }
}

/// A machine after its run.
pub(crate) struct Ran {
    pub(crate) node: Script,
    pub(crate) watch: Watch,
    pub(crate) outcome: NodeOutcome,
}

/// Runs scripts as the first machines of `relay`'s run, each on its own thread, while `meanwhile` does something else.
pub(crate) fn run_with(
    relay: Relay,
    machines: usize,
    bounds: Bounds,
    scripts: Vec<(Script, Watch)>,
    meanwhile: impl FnOnce(),
) -> (Outcome, Vec<Ran>) {
    thread::scope(|scope| {
        let nodes: Vec<_> = scripts
            .into_iter()
            .enumerate()
            .map(|(machine, (mut node, mut watch))| {
                let config = node_config(&relay, machine as u32, machines, bounds);
                scope.spawn(move || {
                    let outcome = run_node(&config, &mut node, &Bytes, &mut watch);
                    Ran { node, watch, outcome }
                })
            })
            .collect();
        let relay = scope.spawn(|| relay.run());
        meanwhile();
        let ran = nodes.into_iter().map(|node| node.join().expect("no panic")).collect();
        (relay.join().expect("no panic"), ran)
    })
}

/// Runs one script a machine.
pub(crate) fn run(network: Arc<Network>, dilation: &str, scripts: Vec<Script>) -> (Outcome, Vec<Ran>) {
    let machines = scripts.len();
    let scripts = scripts.into_iter().map(|script| (script, Watch::default())).collect();
    run_with(relay(network, dilation, bounds()), machines, bounds(), scripts, || ())
}
