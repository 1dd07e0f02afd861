//! Processor time per message and peak memory of the links, by the number of machines.
//!
//! Machines are spread evenly over the 11 sites of `ec2-all`. In a round each asks its peers with a control message, and
//! each peer answers with 20 kB of data; the next round begins when all answers are there. `all`: everyone is a peer, as
//! with BSP on all machines. `sparse`: the machine's counterparts in the other sites and two neighbours, as with Gaia.
//!
//! Each row runs in a process of its own, for its peak memory. Run all rows with `cargo bench -p emulator --bench growth`,
//! one with `cargo bench -p emulator --bench growth -- all 550`. Linux only.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::VecDeque;
use std::fs;
use std::ops::ControlFlow;
use std::process::Command;
use std::sync::Arc;

use emulator::digest::Digest;
use emulator::id::MachineId;
use emulator::link::{Fabric, LinkConfig};
use emulator::node::{Class, Node, Output, Record, Task};
use emulator::profile::Profile;
use emulator::time::Instant;
use emulator::topology::Topology;
use emulator::units::ByteSize;
use emulator::virtual_driver::{Observer, Step, Transfer, VirtualDriver};

const SITES: u32 = 11;
/// Messages of a row, roughly, where machines are few.
const MESSAGES: usize = 300_000;
const ROWS: [(&str, &[u32]); 2] = [("all", &[22, 110, 550, 1100]), ("sparse", &[22, 110, 550, 1100, 2200])];

/// A question or an answer.
type Message = u8;
const ASK: Message = 0;
const ANSWER: Message = 1;

struct Nothing;

impl Task for Nothing {
    type Done = ();

    fn is_light(&self) -> bool {
        true
    }

    fn run(self) {}
}

impl Record for Nothing {
    fn write_digest(&self, _: &mut Digest) {}
}

/// A machine that asks its peers, round after round.
struct Asker {
    peers: Vec<MachineId>,
    rounds: usize,
    answers: usize,
    outputs: VecDeque<Output<Message, Nothing, Nothing>>,
}

impl Asker {
    fn send(&mut self, to: MachineId, class: Class, bytes: u64, message: Message) {
        let bytes = ByteSize::from_bytes(bytes);
        self.outputs.push_back(Output::Send { to, class, actual: bytes, charged: bytes, message });
    }

    fn ask(&mut self) {
        if self.rounds == 0 {
            self.outputs.push_back(Output::Halt);
            return;
        }
        self.rounds -= 1;
        (0..self.peers.len()).for_each(|peer| self.send(self.peers[peer], Class::Control, 100, ASK));
    }
}

impl Node for Asker {
    type Message = Message;
    type Task = Nothing;
    type Sample = Nothing;
    type Snapshot = ();

    fn handle_start(&mut self, _: Instant) {
        self.ask();
    }

    fn handle_message(&mut self, _: Instant, from: MachineId, message: Message) {
        if message == ASK {
            self.send(from, Class::Data, 20_000, ANSWER);
            return;
        }
        self.answers += 1;
        if self.answers == self.peers.len() {
            self.answers = 0;
            self.ask();
        }
    }

    fn poll_output(&mut self) -> Option<Output<Message, Nothing, Nothing>> {
        self.outputs.pop_front()
    }

    fn handle_done(&mut self, _: Instant, (): ()) {}
    fn handle_timeout(&mut self, _: Instant) {}
    fn handle_backlog(&mut self, _: Instant, _: MachineId, _: ByteSize) {}
    fn handle_peer_lost(&mut self, _: Instant, _: MachineId) {}
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
    fn waiting_for(&self) -> Option<String> {
        None
    }
    fn snapshot(&self) {}
    fn restore(&mut self, (): ()) {}
}

#[derive(Default)]
struct Count(usize);

impl Observer<Nothing> for Count {
    fn sample(&mut self, _: Instant, _: MachineId, _: Nothing) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn transfer(&mut self, _: &Transfer) {
        self.0 += 1;
    }
}

/// The peers of a machine.
fn peers(pattern: &str, topology: &Topology, machine: MachineId) -> Vec<MachineId> {
    if pattern == "all" {
        return topology.machines().filter(|&peer| peer != machine).collect();
    }
    let a_site = topology.machine_count() as u32 / SITES;
    let (site, place) = (machine.0 / a_site, machine.0 % a_site);
    let mirrors = (0..SITES).filter(|&other| other != site).map(|other| other * a_site + place);
    let neighbours = [1, a_site - 1].map(|step| site * a_site + (place + step) % a_site);
    let mut peers: Vec<_> = mirrors.chain(neighbours).map(MachineId).filter(|&peer| peer != machine).collect();
    peers.sort_unstable();
    peers.dedup();
    peers
}

/// Runs one row in this process and prints it.
fn row(pattern: &str, machines: u32) {
    let before = peak_bytes();
    let start = cpu_seconds();
    let profile = Profile::builtin("ec2-all").expect("it is built in");
    let topology = Topology::new(&profile, &[machines / SITES; SITES as usize]).expect("so many machines are allowed");
    let peers: Vec<Vec<MachineId>> = topology.machines().map(|machine| peers(pattern, &topology, machine)).collect();
    let pairs: usize = peers.iter().map(Vec::len).sum();
    let rounds = (MESSAGES / (2 * pairs)).max(2);
    let network = Arc::new(topology.network());
    let fabric = Fabric::new(network, LinkConfig::default(), 1).expect("the network is sound");
    let asker = |peers| Asker { peers, rounds, answers: 0, outputs: VecDeque::new() };
    let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread starts"));
    let mut driver = VirtualDriver::new(peers.into_iter().map(asker).collect(), fabric, pool);
    let setup = cpu_seconds() - start;
    let mut count = Count::default();
    driver.start(&mut count);
    while driver.step(&mut count).expect("it does not stall") == Step::Running {}
    let seconds = cpu_seconds() - start - setup;
    assert_eq!(count.0, 2 * pairs * rounds, "every question is answered");
    let memory = (peak_bytes() - before) as f64;
    println!(
        "{pattern:6} {machines:4} machines, {pairs:7} pairs, {:7} messages: {:6.2} us/message, set up in {setup:.3} s, \
         {:7.0} B/pair, {:7.1} kB/machine",
        count.0,
        seconds / count.0 as f64 * 1e6,
        memory / pairs as f64,
        memory / f64::from(machines) / 1e3,
    );
}

/// The processor time of this thread in seconds.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux host");
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.expect("schedstat begins with nanoseconds") / 1e9
}

/// The most memory that this process has had resident.
fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a Linux host");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel reports it");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
    kibibytes * 1024
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let [pattern, machines] = &words[..] {
        return row(pattern, machines.parse().expect("a number of machines, a multiple of 11"));
    }
    let program = std::env::current_exe().expect("this program has a path");
    for (pattern, machines) in ROWS.into_iter().flat_map(|(name, all)| all.iter().map(move |one| (name, one))) {
        let ended = Command::new(&program).args([pattern, &machines.to_string()]).status().expect("it can run itself");
        assert!(ended.success(), "{pattern} {machines}: {ended}");
    }
}
