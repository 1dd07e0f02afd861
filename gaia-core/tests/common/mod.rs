//! Small runs for the tests: networks by hand, two tiny workloads, an observer that keeps everything.

#![expect(dead_code, reason = "every test file uses a part of this")]

pub(crate) mod rules;
pub(crate) mod steady;
pub(crate) mod writers;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use emulator::id::{MachineId, SiteId};
use emulator::link::{Fabric, LinkConfig};
use emulator::network::{Limit, Network, Route};
use emulator::node::Class;
use emulator::time::{Duration, Instant};
use emulator::topology::Topology;
use emulator::units::{Bandwidth, ByteSize};
use emulator::virtual_driver::{Observer, Step, Transfer, VirtualDriver};
use gaia_core::layout::{Layout, Table};
use gaia_core::machine::Machine;
use gaia_core::message::Announced;
use gaia_core::outbox::Sample;
use gaia_core::overlay::Overlay;
use gaia_core::rates::{LdaRate, MachineKind, MfRate, ServerRates, Similitude};
use gaia_core::server::shard::{Answering, Shard};
use gaia_core::setting::{Placement, RecordCopies, Setting, SettingParts};
use gaia_core::simd::Isa;
use gaia_core::sync::Progress;
use gaia_core::sync::config::{Encoding, Encodings, System};
use gaia_core::workload::traits::{Evaluation, Workload};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A small run: machines, links, system, length.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) sites: u32,
    pub(crate) machines_per_site: u32,
    pub(crate) wan_mbit_per_s: u64,
    pub(crate) delay_ms: u64,
    /// The rate of every machine's network interface.
    pub(crate) nic: Bandwidth,
    /// Of every limit: what it lets pass at once after a silence.
    pub(crate) depth: ByteSize,
    pub(crate) system: System,
    pub(crate) clocks: u32,
    pub(crate) seed: u64,
    pub(crate) sigma_bytes: f64,
    /// The jitter of compute, as a share.
    pub(crate) jitter: f64,
    /// In place of a network of `wan_mbit_per_s` and `delay_ms`.
    pub(crate) topology: Option<Topology>,
    /// Sender and receiver whose link has a limit of 1 Mbit/s more, without a topology.
    pub(crate) slow_link: Option<[u32; 2]>,
    pub(crate) overlay: Overlay,
    pub(crate) encodings: Encodings,
    pub(crate) record_copies: RecordCopies,
}

impl Case {
    pub(crate) fn new(sites: u32, machines_per_site: u32, system: System) -> Self {
        Case {
            sites,
            machines_per_site,
            wan_mbit_per_s: 50,
            delay_ms: 30,
            nic: Bandwidth::from_bits_per_second(1_000_000_000),
            depth: ByteSize::from_bytes(256 * 1024),
            system,
            clocks: 6,
            seed: 1,
            sigma_bytes: 200.0,
            jitter: 0.3,
            topology: None,
            slow_link: None,
            overlay: Overlay::Direct,
            encodings: Encoding::Packed.into(),
            record_copies: RecordCopies::Never,
        }
    }

    /// On the machines and links of `topology`, with equally many machines in each site.
    pub(crate) fn on(topology: Topology, system: System) -> Self {
        let sites = topology.sites().len() as u32;
        let machines_per_site = topology.machine_count() as u32 / sites;
        Case { topology: Some(topology), ..Case::new(sites, machines_per_site, system) }
    }

    pub(crate) fn machines(&self) -> u32 {
        self.sites * self.machines_per_site
    }

    pub(crate) fn site_of(&self, machine: u32) -> u32 {
        machine / self.machines_per_site
    }

    /// Without a topology: a network interface for every machine, and a limit for every machine and remote site.
    pub(crate) fn network(&self) -> Network {
        if let Some(topology) = &self.topology {
            return topology.network();
        }
        let count = self.machines();
        let limit = |name: String, rate: Bandwidth| Limit { name, rate, depth: self.depth };
        let mut limits: Vec<Limit> = (0..count).map(|m| limit(format!("m{m} out"), self.nic)).collect();
        limits.extend((0..count).map(|m| limit(format!("m{m} in"), self.nic)));
        let mut routes = Vec::new();
        for from in 0..count {
            for to in 0..count {
                let mut route =
                    Route { limits: vec![from, count + to], delay: Duration::from_micros(250), ..Route::default() };
                if self.site_of(from) != self.site_of(to) {
                    route.limits.push(2 * count + from * self.sites + self.site_of(to));
                    route.delay = Duration::from_millis(self.delay_ms);
                }
                routes.push(route);
            }
        }
        for from in 0..count {
            let wan = Bandwidth::from_bits_per_second(self.wan_mbit_per_s * 1_000_000);
            limits.extend((0..self.sites).map(|site| limit(format!("m{from} to s{site}"), wan)));
        }
        if let Some([from, to]) = self.slow_link {
            let (rate, depth) = (Bandwidth::from_bits_per_second(1_000_000), ByteSize::from_bytes(64 * 1024));
            routes[(from * count + to) as usize].limits.push(limits.len() as u32);
            limits.push(Limit { name: format!("m{from} to m{to}"), rate, depth });
        }
        Network { machines: count as usize, limits, routes: routes.into() }
    }

    /// From the first machine to each, then from the second, ...
    fn bytes_per_second(&self) -> Vec<f64> {
        let count = self.machines();
        let Some(topology) = &self.topology else {
            return vec![self.wan_mbit_per_s as f64 * 125_000.0; (count * count) as usize];
        };
        let rate = |from, to| topology.rate_between(MachineId(from), MachineId(to)).as_bits_per_second() as f64 / 8.0;
        let between = |from, to| if from == to { f64::INFINITY } else { rate(from, to) };
        (0..count).flat_map(|from| (0..count).map(move |to| between(from, to))).collect()
    }

    pub(crate) fn setting(&self, layout: Layout) -> Setting {
        let count = self.machines();
        Setting::new(SettingParts {
            placement: Placement {
                site_of: (0..count).map(|machine| SiteId(self.site_of(machine))).collect(),
                bytes_per_second: self.bytes_per_second(),
                nic: vec![self.nic; count as usize],
            },
            layout,
            system: self.system.clone(),
            overlay: self.overlay.clone(),
            encodings: self.encodings,
            similitude: Similitude { sigma_bytes: self.sigma_bytes, sigma_work: 1.0 },
            kind: MachineKind {
                mf: MfRate { rank: 8, updates_per_second: 1e6 },
                lda: LdaRate { topics: 8, tokens_per_second: 1e6 },
                jitter: self.jitter,
                ..MachineKind::of_servers(
                    "test".to_owned(),
                    "made up".to_owned(),
                    ServerRates {
                        apply_gb_per_second: 4.0,
                        filter_gb_per_second: 8.0,
                        encode_gb_per_second: 4.0,
                        decode_gb_per_second: 4.0,
                    },
                )
            },
            seed: self.seed,
            max_clocks: self.clocks,
            isa: Isa::detect(),
            record_copies: self.record_copies,
            progress: Arc::new(|clock| Progress { clock, clocks_per_pass: 1, learning_rate_factor: 1.0 }),
        })
    }

    pub(crate) fn driver<W: Workload>(&self, threads: usize, workload: impl Fn(u32) -> W) -> VirtualDriver<Machine<W>> {
        let workloads: Vec<Arc<W>> = (0..self.machines()).map(|machine| Arc::new(workload(machine))).collect();
        let setting = Arc::new(self.setting(workloads[0].layout()));
        let machines = (0..self.machines())
            .map(|machine| Machine::new(setting.clone(), MachineId(machine), workloads[machine as usize].clone()))
            .collect();
        let fabric = Fabric::new(Arc::new(self.network()), LinkConfig::default(), self.seed).expect("a sound network");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        VirtualDriver::new(machines, fabric, Arc::new(pool))
    }
}

/// Calls `check` with `count` values, the same ones every time; what fails is made small.
pub(crate) fn check_all<S: Strategy>(strategy: &S, count: u32, check: impl Fn(S::Value)) {
    let config = Config { cases: count, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let checked = runner.run(strategy, |value| {
        check(value);
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}

/// The read that every shard was answering after the event before, by machine.
#[derive(Default)]
pub(crate) struct Answers {
    before: BTreeMap<u32, (MachineId, u32)>,
}

impl Answers {
    /// The read that the shard of `machine` has begun to answer in the last event. Two reads may be answered back to back, so
    /// that one that ends is distinguished from the next by its reader and clock.
    pub(crate) fn begun<'a>(&mut self, machine: u32, shard: &'a Shard) -> Option<Answering<'a>> {
        let answering = shard.answering();
        let before = match answering {
            Some(Answering { reader, clock, .. }) => self.before.insert(machine, (reader, clock)),
            None => self.before.remove(&machine),
        };
        answering.filter(|now| before != Some((now.reader, now.clock)))
    }
}

/// A read that a shard has begun to answer: none of its rows is barred for its clock, and the shard's site is at most `staleness`
/// clocks ahead of the others.
pub(crate) fn check_answer(shard: &Shard, answering: &Answering, staleness: u32) {
    let Answering { clock, declared, .. } = *answering;
    let is_needed = |announced: &[Announced]| announced.iter().any(|announced| announced.first <= clock);
    let barred = shard.barriers().filter(|(announced, _)| is_needed(announced)).flat_map(|(_, rows)| rows);
    assert!(barred.into_iter().all(|row| !declared.contains(&row)), "the read for clock {clock} is barred");
    if let Some(mirror) = shard.mirror_clock() {
        let own = shard.data_clock();
        assert!(own <= mirror + staleness, "clock {own} is answered with mirrors at {mirror}");
    }
}

/// The hops that updates of `origin` take to `to`: the sites that they leave, and over which side.
pub(crate) fn way(overlay: &Overlay, sites: u32, origin: usize, to: usize) -> Vec<(usize, usize)> {
    fn go(
        overlay: &Overlay,
        sites: usize,
        origin: usize,
        to: usize,
        from: usize,
        at: usize,
    ) -> Option<Vec<(usize, usize)>> {
        overlay.sides(at, sites).iter().enumerate().find_map(|(index, side)| {
            if !side.of.contains(&origin) || side.to.contains(&from) {
                return None;
            }
            let rest = if side.to.contains(&to) {
                Some(Vec::new())
            } else {
                side.to.iter().find_map(|&next| go(overlay, sites, origin, to, at, next))
            };
            rest.map(|mut hops| {
                hops.insert(0, (at, index));
                hops
            })
        })
    }
    go(overlay, sites as usize, origin, to, usize::MAX, origin).expect("every site can be reached")
}

/// An observer that keeps every sample.
pub(crate) struct Kept<S> {
    pub(crate) evaluations: BTreeMap<(u32, u32), Evaluation>,
    pub(crate) clocks: Vec<(u32, Sample<S>)>,
    pub(crate) wan_bytes: u64,
    pub(crate) barriers: u64,
    /// Sender, class, when it was handed to the link, charged bytes.
    pub(crate) sent: Vec<(u32, Class, Instant, u64)>,
}

impl<S> Default for Kept<S> {
    fn default() -> Self {
        Kept { evaluations: BTreeMap::new(), clocks: Vec::new(), wan_bytes: 0, barriers: 0, sent: Vec::new() }
    }
}

impl<S> Observer<Sample<S>> for Kept<S> {
    fn sample(&mut self, _: Instant, machine: MachineId, sample: Sample<S>) -> ControlFlow<()> {
        if let Sample::Evaluation { clock, evaluation, .. } = sample {
            self.evaluations.insert((clock, machine.0), evaluation);
        } else {
            self.clocks.push((machine.0, sample));
        }
        ControlFlow::Continue(())
    }

    fn transfer(&mut self, transfer: &Transfer) {
        assert!(transfer.arrived_at >= transfer.sent_at);
        self.wan_bytes += transfer.charged.as_bytes();
        self.sent.push((transfer.from.0, transfer.class, transfer.sent_at, transfer.charged.as_bytes()));
    }
}

/// Runs to the end, calling `check` after every event.
pub(crate) fn run<W: Workload>(
    driver: &mut VirtualDriver<Machine<W>>,
    mut check: impl FnMut(&VirtualDriver<Machine<W>>),
) -> Kept<W::State> {
    let mut kept = Kept::default();
    driver.start(&mut kept);
    while driver.step(&mut kept).expect("no stall") == Step::Running {
        check(driver);
    }
    kept
}

pub(crate) const ROWS: u32 = 23;
pub(crate) const WIDTH: u32 = 24;

fn layout() -> Layout {
    Layout::new(vec![Table { name: "r".to_owned(), rows: ROWS, width: WIDTH }])
}

/// Changes that depend on every value read, with rounding: order and staleness show in the last bit.
pub(crate) struct Mixing {
    pub(crate) worker: u32,
    pub(crate) declared: Vec<u32>,
}

impl Mixing {
    pub(crate) fn new(worker: u32) -> Self {
        Mixing { worker, declared: (0..ROWS).filter(|row| !(row + worker).is_multiple_of(5)).collect() }
    }
}

impl Workload for Mixing {
    type State = Vec<f32>;

    fn layout(&self) -> Layout {
        layout()
    }

    fn declared_rows(&self) -> &[u32] {
        &self.declared
    }

    fn initial_row(&self, row: u32, values: &mut [f32]) {
        values.iter_mut().enumerate().for_each(|(column, value)| *value = 0.1 * (row + column as u32) as f32 + 0.3);
    }

    fn initial_state(&self) -> Vec<f32> {
        vec![0.2 + 0.01 * self.worker as f32; WIDTH as usize]
    }

    fn compute(&self, clock: u32, state: &mut Vec<f32>, view: &mut [f32]) {
        for row in view.chunks_mut(WIDTH as usize) {
            let mean = row.iter().sum::<f32>() / WIDTH as f32;
            for (value, own) in row.iter_mut().zip(state.iter_mut()) {
                *value += 0.03 * (*own - 0.1 * *value) - 0.001 * mean + 0.0007 * clock as f32;
                *own = 0.99 * *own + 0.003 * *value;
            }
        }
    }

    fn evaluate(&self, state: &Vec<f32>, view: &[f32]) -> Evaluation {
        let objective = view.iter().chain(state).map(|&value| f64::from(value)).sum();
        Evaluation { objective, ..Evaluation::default() }
    }

    fn duration(&self, clock: u32, _: &MachineKind, _: &Similitude) -> Duration {
        Duration::from_millis(20 + u64::from((self.worker * 7 + clock * 3) % 11))
    }

    fn clocks_per_pass(&self) -> u32 {
        1
    }

    fn learning_rate_factor(&self, _: u32) -> f64 {
        1.0
    }
}

/// Worker `w` of `workers` adds 1 to every value of the rows `r` with `r mod workers = w`, and to no other: whose update
/// a value holds can be read off its row, and all sums are exact.
pub(crate) struct Counting {
    /// The time by which every clock is longer than by itself.
    pub(crate) slowed_by: Duration,
    pub(crate) worker: u32,
    pub(crate) workers: u32,
    pub(crate) declared: Vec<u32>,
}

impl Counting {
    pub(crate) fn new(worker: u32, workers: u32) -> Self {
        Counting { slowed_by: Duration::ZERO, worker, workers, declared: (0..ROWS).collect() }
    }
}

impl Workload for Counting {
    type State = u32;

    fn layout(&self) -> Layout {
        layout()
    }

    fn declared_rows(&self) -> &[u32] {
        &self.declared
    }

    fn initial_row(&self, _: u32, values: &mut [f32]) {
        values.fill(4.0);
    }

    fn initial_state(&self) -> u32 {
        0
    }

    fn compute(&self, _: u32, state: &mut u32, view: &mut [f32]) {
        let own = |row: &usize| *row as u32 % self.workers == self.worker;
        for row in (0..ROWS as usize).filter(own) {
            assert_eq!(view[row * WIDTH as usize], 4.0 + *state as f32, "a worker sees its own changes, once");
        }
        *state += 1;
        for row in (0..ROWS as usize).filter(own) {
            view[row * WIDTH as usize..(row + 1) * WIDTH as usize].iter_mut().for_each(|value| *value += 1.0);
        }
    }

    fn evaluate(&self, _: &u32, view: &[f32]) -> Evaluation {
        Evaluation { objective: view.iter().map(|&value| f64::from(value)).sum(), ..Evaluation::default() }
    }

    fn duration(&self, clock: u32, _: &MachineKind, _: &Similitude) -> Duration {
        Duration::from_millis(15 + u64::from((self.worker * 5 + clock * 7) % 13)) + self.slowed_by
    }

    fn clocks_per_pass(&self) -> u32 {
        1
    }

    fn learning_rate_factor(&self, _: u32) -> f64 {
        1.0
    }
}
