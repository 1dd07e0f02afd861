//! Measures how well this host holds the link model's promises in real time, over real sockets: rates, sharing, latency,
//! control behind data; all site pairs of `ec2-all` loaded at once for 20 s of the run's time. Prints a table; exits with 1
//! when something is off by more than is allowed.
//!
//! `cargo run --release -p emulator --features real --example conformance [seconds [case]]`
//!
//! Not a unit test: it measures the host as much as the code. Run it on a quiet machine.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use base::durations::Percentiles;
use emulator::digest::Digest;
use emulator::id::MachineId;
use emulator::link::LinkConfig;
use emulator::maxmin::fair_rates;
use emulator::network::{Limit, Network, Route};
use emulator::node::{Class, Codec, Node, Output, Record, Task};
use emulator::profile::Profile;
use emulator::real::driver::{NodeConfig, NodeOutcome, run_node};
use emulator::real::relay::{Bounds, Outcome, Relay, RelayConfig};
use emulator::real::timer::Priority;
use emulator::time::{Duration, Instant};
use emulator::topology::{Topology, shared_bucket_depth};
use emulator::units::{Bandwidth, ByteSize};
use emulator::virtual_driver::{Observer, Transfer};

/// The largest error of a rate.
const MOST_RATE_ERROR: f64 = 0.01;
/// The largest lateness of the run's time at p99.
const MOST_LATENESS_MS: f64 = 2.0;

/// At which two cores carry the 8 Gbit/s of all links together.
const ALL_PAIRS_DILATION: &str = "4";

/// The charge of a common message.
const MESSAGE_BYTES: u64 = 64 * 1024;

/// A steady sender to some machines: always a number of messages waiting for each, until the end of the run; and once in
/// a while a control message.
struct Source {
    flows: Vec<MachineId>,
    message_bytes: u64,
    charged: u64,
    until: Instant,
    next_ping: Option<Instant>,
    outputs: VecDeque<Output<Vec<u8>, NoTask, NoSample>>,
}

/// Messages that wait for each receiver.
const AHEAD: u64 = 16;
const PING_EVERY: Duration = Duration::from_millis(10);

impl Source {
    fn push(&mut self, to: MachineId, class: Class, bytes: u64, charged: u64) {
        let (actual, charged) = (ByteSize::from_bytes(bytes), ByteSize::from_bytes(charged));
        self.outputs.push_back(Output::Send { to, class, actual, charged, message: vec![0x5a; bytes as usize] });
    }
}

struct NoTask;
#[derive(Debug)]
struct NoSample;

impl Task for NoTask {
    type Done = ();
    fn is_light(&self) -> bool {
        true
    }
    fn run(self) {}
}

impl Record for NoSample {
    fn write_digest(&self, _: &mut Digest) {}
}

impl Node for Source {
    type Message = Vec<u8>;
    type Task = NoTask;
    type Sample = NoSample;
    type Snapshot = ();

    fn handle_start(&mut self, now: Instant) {
        for to in self.flows.clone() {
            (0..AHEAD).for_each(|_| self.push(to, Class::Data, self.message_bytes, self.charged));
        }
        self.next_ping = (!self.flows.is_empty()).then_some(now + PING_EVERY);
        self.outputs.push_back(Output::Halt);
    }

    fn handle_message(&mut self, _: Instant, _: MachineId, _: Vec<u8>) {}
    fn handle_done(&mut self, _: Instant, (): ()) {}

    fn handle_timeout(&mut self, now: Instant) {
        self.push(self.flows[0], Class::Control, 48, 48);
        self.next_ping = Some(now + PING_EVERY).filter(|&at| at < self.until);
    }

    fn handle_backlog(&mut self, now: Instant, peer: MachineId, backlog: ByteSize) {
        let waiting = backlog.as_bytes().div_ceil(self.charged);
        for _ in waiting..AHEAD {
            if now >= self.until {
                return;
            }
            self.push(peer, Class::Data, self.message_bytes, self.charged);
        }
    }

    fn handle_peer_lost(&mut self, _: Instant, _: MachineId) {}

    fn poll_output(&mut self) -> Option<Output<Vec<u8>, NoTask, NoSample>> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.next_ping
    }

    fn waiting_for(&self) -> Option<String> {
        None
    }

    fn snapshot(&self) {}
    fn restore(&mut self, (): ()) {}
}

struct Bytes;

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

/// Arrivals at one machine.
#[derive(Default)]
struct Sink {
    arrivals: Vec<Transfer>,
    /// Milliseconds of the run's time that control messages took.
    pings: Vec<f64>,
}

impl Observer<NoSample> for Sink {
    fn sample(&mut self, _: Instant, _: MachineId, _: NoSample) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn transfer(&mut self, transfer: &Transfer) {
        self.arrivals.push(*transfer);
        if transfer.class == Class::Control {
            self.pings.push((transfer.arrived_at - transfer.sent_at).as_secs_f64() * 1e3);
        }
    }
}

/// Some flows over some limits.
struct Case {
    name: String,
    network: Arc<Network>,
    flows: Vec<(u32, u32)>,
    dilation: &'static str,
    message_bytes: u64,
    charged: u64,
    seconds: f64,
}

struct Measured {
    relay: Outcome,
    machines: Vec<(NodeOutcome, Sink)>,
}

fn limit(name: &str, bits: u64) -> Limit {
    let rate = Bandwidth::from_bits_per_second(bits);
    Limit { name: name.to_owned(), rate, depth: shared_bucket_depth(rate) }
}

/// Routes with the given limits, the others unlimited; 10 ms of delay.
fn network(machines: usize, limits: Vec<Limit>, on: &[((u32, u32), Vec<u32>)]) -> Arc<Network> {
    let delay = Duration::from_millis(10);
    let mut routes = vec![Route { delay, ..Route::default() }; machines * machines];
    for ((from, to), limits) in on {
        routes[*from as usize * machines + *to as usize].limits = limits.clone();
    }
    Arc::new(Network { machines, limits, routes: routes.into() })
}

impl Case {
    fn run(&self) -> Measured {
        let bounds = Bounds::default();
        let config = RelayConfig {
            network: self.network.clone(),
            link: LinkConfig::default(),
            seed: 1,
            dilation: self.dilation.parse().expect("a dilation"),
            run: 1,
            port: 0,
            priority: Priority::Realtime(20),
            bounds,
        };
        let relay = Relay::bind(config).expect("a free port");
        let address = relay.address();
        let until = Instant::START + Duration::from_secs_f64(self.seconds);
        thread::scope(|scope| {
            let nodes: Vec<_> = (0..self.network.machines)
                .map(|machine| {
                    let flows = self.flows.iter().filter(|flow| flow.0 as usize == machine);
                    let mut node = Source {
                        flows: flows.map(|flow| MachineId(flow.1)).collect(),
                        message_bytes: self.message_bytes,
                        charged: self.charged,
                        until,
                        next_ping: None,
                        outputs: VecDeque::new(),
                    };
                    let config = NodeConfig {
                        relay: address,
                        run: 1,
                        machine: MachineId(machine as u32),
                        machines: self.network.machines,
                        compute_threads: 1,
                        priority: Priority::Realtime(10),
                        bounds,
                    };
                    scope.spawn(move || {
                        let mut sink = Sink::default();
                        (run_node(&config, &mut node, &Bytes, &mut sink), sink)
                    })
                })
                .collect();
            let relay = scope.spawn(|| relay.run());
            let machines = nodes.into_iter().map(|node| node.join().expect("no panic")).collect();
            Measured { relay: relay.join().expect("no panic"), machines }
        })
    }

    /// Charged bits per second of each flow, control included, between the first and the last data message that arrive in
    /// the last four fifths of the run.
    fn rates(&self, measured: &Measured) -> Vec<f64> {
        let (from, until) = (self.seconds * 0.2, self.seconds);
        let rate = |&(sender, receiver): &(u32, u32)| {
            let arrivals = measured.machines[receiver as usize].1.arrivals.iter();
            let mut within = arrivals.filter(|arrival| {
                arrival.from.0 == sender && (from..until).contains(&arrival.arrived_at.as_secs_f64())
            });
            let Some(first) = within.find(|arrival| arrival.class == Class::Data) else { return 0.0 };
            let (mut bytes, mut bytes_to_last, mut last) = (0, 0, first.arrived_at);
            for arrival in within {
                bytes += arrival.charged.as_bytes();
                if arrival.class == Class::Data {
                    (bytes_to_last, last) = (bytes, arrival.arrived_at);
                }
            }
            bytes_to_last as f64 * 8.0 / (last - first.arrived_at).as_secs_f64()
        };
        self.flows.iter().map(rate).collect()
    }

    /// The rate that exact max-min fairness gives each flow.
    fn fair_rates(&self) -> Vec<f64> {
        let capacities: Vec<f64> =
            self.network.limits.iter().map(|limit| limit.rate.as_bits_per_second() as f64).collect();
        let route = |&(from, to): &(u32, u32)| self.network.route(MachineId(from), MachineId(to)).limits;
        fair_rates(&capacities, &self.flows.iter().map(route).collect::<Vec<_>>())
    }
}

fn ms(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

fn show(percentiles: Percentiles) -> String {
    format!("{:.3}/{:.3}/{:.3}", ms(percentiles.p50), ms(percentiles.p99), ms(percentiles.most))
}

fn cases(seconds: f64) -> Vec<Case> {
    let single = |name: &str, bits: u64, dilation, message_bytes: u64, sigma: u64, seconds| Case {
        name: name.to_owned(),
        network: network(2, vec![limit("link", bits)], &[((0, 1), vec![0])]),
        flows: vec![(0, 1)],
        dilation,
        message_bytes,
        charged: message_bytes * sigma,
        seconds,
    };
    let mut cases = vec![
        single("5 Mbit/s", 5_000_000, "1", MESSAGE_BYTES / 4, 1, seconds * 2.0),
        single("50 Mbit/s", 50_000_000, "1", MESSAGE_BYTES, 1, seconds),
        single("500 Mbit/s", 500_000_000, "1", 16 * MESSAGE_BYTES, 1, seconds),
        single("5 Gbit/s", 5_000_000_000, "1", 64 * MESSAGE_BYTES, 1, seconds),
        single("500 Mbit/s, 256 bytes for one", 500_000_000, "1", MESSAGE_BYTES / 64, 256, seconds),
        single("50 Mbit/s, dilation 0.1", 50_000_000, "0.1", MESSAGE_BYTES, 1, seconds * 10.0),
    ];
    // Eight flows over five shared limits: three senders' interfaces, one receiver's, one uplink.
    let mbit = 1_000_000;
    let shared = [90 * mbit, 60 * mbit, 150 * mbit, 70 * mbit, 100 * mbit];
    let limits = shared.iter().enumerate().map(|(index, &bits)| limit(&format!("shared {index}"), bits)).collect();
    let on: Vec<((u32, u32), Vec<u32>)> = vec![
        ((0, 3), vec![0, 3]),
        ((0, 4), vec![0]),
        ((0, 5), vec![0, 4]),
        ((1, 3), vec![1, 3]),
        ((1, 4), vec![1, 4]),
        ((2, 3), vec![2, 3]),
        ((2, 4), vec![2, 4]),
        ((2, 5), vec![2]),
    ];
    cases.push(Case {
        name: "eight flows over five limits".to_owned(),
        network: network(6, limits, &on),
        flows: on.iter().map(|(flow, _)| *flow).collect(),
        dilation: "1",
        message_bytes: MESSAGE_BYTES,
        charged: MESSAGE_BYTES,
        seconds: seconds * 2.0,
    });
    cases.push(all_site_pairs(seconds));
    cases
}

/// A machine in each site of `ec2-all`, each sending to all others: 110 links at once, eight bytes for one. Each link has
/// the profile's rate, and a machine's ten share its network card.
fn all_site_pairs(seconds: f64) -> Case {
    let profile = Profile::builtin("ec2-all").expect("a built-in profile");
    let topology = Topology::new(&profile, &vec![1; profile.sites.len()]).expect("a machine a site");
    let machines = || topology.machines().map(|machine| machine.0);
    let pairs = machines().flat_map(|from| machines().filter(move |&to| to != from).map(move |to| (from, to)));
    Case {
        name: format!("110 site pairs of ec2-all at once, dilation {ALL_PAIRS_DILATION}"),
        network: Arc::new(topology.network()),
        flows: pairs.collect(),
        dilation: ALL_PAIRS_DILATION,
        message_bytes: MESSAGE_BYTES / 8,
        charged: MESSAGE_BYTES,
        seconds: seconds * 5.0,
    }
}

fn main() -> ExitCode {
    let seconds = std::env::args().nth(1).map_or(4.0, |text| text.parse().expect("a number of seconds"));
    let only = std::env::args().nth(2).unwrap_or_default();
    let mut failures = Vec::new();
    println!(
        "case | worst rate against max-min % | relay lateness p50/p99/max ms | delivery | handling | control ms p50/p99 of 10"
    );
    for case in cases(seconds) {
        if !case.name.contains(&only) {
            continue;
        }
        let measured = case.run();
        let outcome = &measured.relay;
        if let Err(error) = &outcome.ended {
            failures.push(format!("{}: {error}", case.name));
            continue;
        }
        let errors = case.rates(&measured).into_iter().zip(case.fair_rates()).map(|(real, fair)| real / fair - 1.0);
        let errors: Vec<f64> = errors.collect();
        let worst = errors.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(f64::NAN);
        let mean = errors.iter().map(|error| error.abs()).sum::<f64>() / errors.len() as f64;
        let mut pings: Vec<f64> = measured.machines.iter().flat_map(|(_, sink)| sink.pings.iter().copied()).collect();
        pings.sort_by(f64::total_cmp);
        let ping = |share: f64| pings.get((pings.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
        let handling = measured.machines.iter().map(|(node, _)| node.report.arrivals).max_by_key(|p| p.p99);
        let (lateness, delivery) = (outcome.report.pacing.lateness, outcome.report.delivery);
        let (handling, pings) = (show(handling.unwrap_or_default()), format!("{:.2}/{:.2}", ping(0.5), ping(0.99)));
        println!(
            "{} | {:+.4} (mean {:.4} of {}) | {} | {} | {handling} | {pings}",
            case.name,
            worst * 100.0,
            mean * 100.0,
            errors.len(),
            show(lateness),
            show(delivery)
        );
        let report = &outcome.report;
        let starved = report.starved.map_or(f64::NAN, ms);
        println!(
            "    late pieces {}, slip {:.2} ms, starved {starved:.1} ms, {:?}, {} messages, {:.1} MB written",
            report.late_pieces,
            ms(report.pacing.slip),
            report.priority,
            report.messages,
            report.written_bytes as f64 / 1e6
        );
        let faults = report.faults(Duration::ZERO);
        faults.iter().for_each(|fault| println!("    fault: {fault}"));
        if worst.is_nan() || worst.abs() > MOST_RATE_ERROR {
            failures.push(format!("{}: a rate is off by {:.2} %", case.name, worst * 100.0));
        }
        let dilation = report.pacing.dilation.as_f64();
        if ms(delivery.p99) / dilation > MOST_LATENESS_MS.max(MOST_LATENESS_MS / dilation) {
            failures.push(format!("{}: deliveries are {:.2} ms late at p99", case.name, ms(delivery.p99)));
        }
    }
    failures.iter().for_each(|failure| println!("FAILED {failure}"));
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
