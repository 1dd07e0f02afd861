//! The protocol over real connections on the loopback interface: BSP gives the same bits as in virtual time, and Gaia
//! loses nothing. Neither depends on how fast the host is.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use crate::common::{Case, Counting, Kept, Mixing, ROWS, WIDTH};
use datasets::bow::config::Generated;
use datasets::bow::generate::generate;
use datasets::bow::partition::{Split, partition};
use emulator::id::MachineId;
use emulator::link::LinkConfig;
use emulator::real::driver::{NodeConfig, run_node};
use emulator::real::relay::{self, Bounds, Ended, RelayConfig};
use emulator::real::timer::Priority;
use emulator::time::Instant;
use emulator::units::{Bandwidth, ByteSize};
use emulator::virtual_driver::{Observer, Step, Transfer};
use gaia_core::codec::MessageCodec;
use gaia_core::machine::Machine;
use gaia_core::outbox::Sample;
use gaia_core::overlay::{Groups, Overlay};
use gaia_core::simd::Isa;
use gaia_core::sync::config::{
    Between, Bosen, Budget, Encoding, Encodings, Gaia, Inside, MirrorClock, Outer, Relay, Rounds, Rule,
    SelectiveBarrier, Significance, Sites, System, ThresholdSchedule, UserGoal, Ways,
};
use gaia_core::workload::lda::config::Lda;
use gaia_core::workload::lda::worker::{LdaWorker, WholeCorpus};
use gaia_core::workload::traits::{Evaluation, Workload};

const RUN: u64 = 7;

/// Messages and charged bytes of every link.
type Traffic = BTreeMap<(u32, u32), (u64, u64)>;

/// Keeps what the runs are compared by.
struct Watch<S> {
    kept: Kept<S>,
    traffic: Traffic,
}

impl<S> Observer<Sample<S>> for Watch<S> {
    fn sample(&mut self, now: Instant, machine: MachineId, sample: Sample<S>) -> ControlFlow<()> {
        self.kept.sample(now, machine, sample)
    }

    fn transfer(&mut self, transfer: &Transfer) {
        self.kept.transfer(transfer);
        let link = self.traffic.entry((transfer.from.0, transfer.to.0)).or_default();
        link.0 += 1;
        link.1 += transfer.charged.as_bytes();
    }
}

impl<S> Default for Watch<S> {
    fn default() -> Self {
        Watch { kept: Kept::default(), traffic: Traffic::new() }
    }
}

/// The outcome of a run, in virtual or in real time.
#[derive(Debug, PartialEq)]
struct Left {
    tables: Vec<Vec<u32>>,
    evaluations: BTreeMap<(u32, u32), Evaluation>,
    traffic: Traffic,
}

/// The bits of every shard's values, by machine.
fn tables<'a, W: Workload>(machines: impl Iterator<Item = &'a Machine<W>>) -> Vec<Vec<u32>> {
    let store = |machine: &Machine<W>| machine.shard().store().expect("nothing is under way").values.clone();
    machines.map(|machine| store(machine).iter().map(|value| value.to_bits()).collect()).collect()
}

fn in_virtual_time<W: Workload>(case: &Case, workload: impl Fn(u32) -> W) -> Left {
    let mut driver = case.driver(1, workload);
    let mut watch = Watch::default();
    driver.start(&mut watch);
    while driver.step(&mut watch).expect("no stall") == Step::Running {}
    Left { tables: tables(driver.nodes().iter()), evaluations: watch.kept.evaluations, traffic: watch.traffic }
}

fn in_real_time<W: Workload>(case: &Case, dilation: &str, workload: impl Fn(u32) -> W + Sync) -> Left {
    let setting = Arc::new(case.setting(workload(0).layout()));
    let bounds = Bounds::default();
    let relay = relay::Relay::bind(RelayConfig {
        network: Arc::new(case.network()),
        link: LinkConfig::default(),
        seed: case.seed,
        dilation: dilation.parse().expect("a dilation"),
        run: RUN,
        port: 0,
        priority: Priority::Ordinary,
        bounds,
    });
    let relay = relay.expect("a free port");
    let address = relay.address();
    let (setting, workload) = (&setting, &workload);
    let ran: Vec<(Machine<W>, Watch<W::State>)> = thread::scope(|scope| {
        let machines: Vec<_> = (0..case.machines())
            .map(|id| {
                scope.spawn(move || {
                    let config = NodeConfig {
                        relay: address,
                        run: RUN,
                        machine: MachineId(id),
                        machines: case.machines() as usize,
                        compute_threads: 1,
                        priority: Priority::Ordinary,
                        bounds,
                    };
                    let mut machine = Machine::new(setting.clone(), MachineId(id), Arc::new(workload(id)));
                    let codec = MessageCodec::new(setting.parts.encodings, &setting.parts.layout);
                    let mut watch = Watch::default();
                    let outcome = run_node(&config, &mut machine, &codec, &mut watch);
                    outcome.ended.expect("a sound run");
                    (machine, watch)
                })
            })
            .collect();
        let outcome = relay.run();
        assert_eq!(outcome.ended.expect("a sound run"), Ended::Halted);
        machines.into_iter().map(|machine| machine.join().expect("no panic")).collect()
    });
    let mut left = Left {
        tables: tables(ran.iter().map(|(machine, _)| machine)),
        evaluations: BTreeMap::new(),
        traffic: Traffic::new(),
    };
    for (_, watch) in ran {
        left.evaluations.extend(watch.kept.evaluations);
        left.traffic.extend(watch.traffic);
    }
    left
}

#[test]
fn bsp_over_real_connections_is_bsp_in_virtual_time_to_the_bit() {
    let case = Case { clocks: 5, ..Case::new(2, 2, System::Global(Inside::BSP)) };
    let expected = in_virtual_time(&case, Mixing::new);
    assert_eq!(expected.evaluations.len(), 4 * 6);
    for dilation in ["1", "0.2"] {
        assert_eq!(in_real_time(&case, dilation, Mixing::new), expected, "dilation {dilation}");
    }
}

/// A small corpus dealt to the machines of `case`.
fn topic_modelling(case: &Case) -> (u64, impl Fn(u32) -> LdaWorker + Sync + use<>) {
    let shape =
        Generated { documents: Some(120), words: Some(60), tokens: Some(4_000), topics: 6, ..Generated::default() };
    let corpus = generate(&shape, 2);
    let config = Lda { topics: 12, clocks_per_pass: 2, ..Lda::default() };
    let parts = partition(&corpus, &vec![case.machines_per_site; case.sites as usize], Split::Even);
    let whole = Arc::new(WholeCorpus::of(&corpus, &parts, &config, case.seed).expect("a corpus that can be counted"));
    let (tokens, seed) = (corpus.tokens, case.seed);
    let worker = move |machine: u32| {
        LdaWorker::new(&corpus, &parts[machine as usize], whole.clone(), config, seed, Isa::detect())
    };
    (tokens, worker)
}

#[test]
fn topics_over_real_connections_are_those_of_virtual_time_to_the_bit() {
    let case = Case { clocks: 5, ..Case::new(2, 2, System::Global(Inside::BSP)) };
    let (tokens, worker) = topic_modelling(&case);
    let expected = in_virtual_time(&case, &worker);
    let counted: f32 = expected.tables.iter().flatten().map(|&bits| f32::from_bits(bits)).sum();
    assert_eq!((counted as u64, expected.evaluations.len()), (tokens, 4 * 6));
    assert_eq!(in_real_time(&case, "0.5", &worker), expected);
}

#[test]
fn topics_under_gaia_over_real_connections_lose_no_token() {
    let case = Case { clocks: 5, ..Case::new(3, 1, everything_significant()) };
    let (tokens, worker) = topic_modelling(&case);
    let left = in_real_time(&case, "0.5", &worker);
    for table in &left.tables {
        let counts: Vec<f32> = table.iter().map(|&bits| f32::from_bits(bits)).collect();
        assert!(counts.iter().all(|&count| count >= 0.0));
        assert_eq!(counts.iter().sum::<f32>() as u64, tokens);
        assert_eq!(table, &left.tables[0], "with a threshold of 0 all sites come to the same");
    }
}

/// Gaia that sends every update, announced by barriers.
fn everything_significant() -> System {
    System::Gaia(Gaia {
        inside: Inside::BSP,
        significance: Significance { threshold: 0.0, schedule: ThresholdSchedule::Constant },
        selective_barrier: SelectiveBarrier::Backlog { seconds: 0.0 },
        mirror_clock: MirrorClock::Bounded { staleness: 1 },
        overlay: Ways::default(),
        relay: Relay::default(),
        goal: UserGoal::default(),
    })
}

#[test]
fn rounds_between_sites_over_real_connections_are_those_of_virtual_time_to_the_bit() {
    let rule = Rule::Outer(Outer { learning_rate: 0.7, momentum: 0.9, nesterov: true });
    let between = Between::Rounds(Rounds { every: 2, rule });
    let case = Case { clocks: 5, ..Case::new(2, 2, System::Hierarchical(Sites { inside: Inside::BSP, between })) };
    let expected = in_virtual_time(&case, Mixing::new);
    assert_ne!(expected.tables[0], expected.tables[2], "the sites have gone on from the last round");
    assert_eq!(in_real_time(&case, "0.5", Mixing::new), expected);
}

#[test]
fn sending_all_the_time_over_real_connections_loses_nothing() {
    let (budget, message) = (Bandwidth::from_bits_per_second(50_000_000), ByteSize::from_bytes(64 << 10));
    let system = System::Bosen(Bosen { slack: 1, budget: Budget::Rate(budget), parts: 3, message });
    let case = Case { clocks: 5, ..Case::new(3, 1, system) };
    // Each row is changed on another machine than its shard's.
    let left = in_real_time(&case, "0.5", |worker| Counting::new((worker + 1) % 3, 3));
    let all: Vec<f32> = left.tables.into_iter().flatten().map(f32::from_bits).collect();
    assert_eq!(all, vec![4.0 + case.clocks as f32 * 3.0; (ROWS * WIDTH) as usize]);
}

#[test]
fn gaia_over_real_connections_loses_nothing() {
    let system = everything_significant();
    // Site 0 reaches site 2 through hub 1.
    let hubs = Overlay::Groups(Groups::with_hubs(vec![vec![0, 1], vec![2]], &[1, 2]));
    let encodings = Encodings { inside: Encoding::Dense, between: Encoding::Packed };
    for overlay in [Overlay::Direct, hubs] {
        let case = Case { clocks: 5, overlay, encodings, ..Case::new(3, 1, system.clone()) };
        let workers = case.machines();
        let left = in_real_time(&case, "0.5", |worker| Counting::new(worker, workers));
        let expected = vec![(4.0 + case.clocks as f32).to_bits(); (ROWS * WIDTH) as usize];
        assert_eq!(left.tables, vec![expected; 3], "{:?}", case.overlay);
    }
}
