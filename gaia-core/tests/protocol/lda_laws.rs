//! Topic modelling in whole runs: counts stay counts, under every sync model.

use std::sync::Arc;

use crate::common::{Case, run};
use datasets::bow::Corpus;
use datasets::bow::config::Generated;
use datasets::bow::generate::generate;
use datasets::bow::partition::{Split, partition};
use emulator::profile::{Profile, builtin_names};
use emulator::topology::Topology;
use emulator::virtual_driver::VirtualDriver;
use gaia_core::machine::Machine;
use gaia_core::simd::Isa;
use gaia_core::sync::config::{
    Gaia, GaiaAsync, Inside, MirrorClock, Relay, SelectiveBarrier, Significance, System, ThresholdSchedule, UserGoal,
    Ways,
};
use gaia_core::workload::lda::config::{Lda, Reads};
use gaia_core::workload::lda::worker::{LdaWorker, WholeCorpus};
use proptest::prelude::*;

const TOPICS: u32 = 20;

fn gaia(inside: Inside, threshold: f64) -> System {
    System::Gaia(Gaia {
        inside,
        significance: Significance { threshold, schedule: ThresholdSchedule::Constant },
        selective_barrier: SelectiveBarrier::Backlog { seconds: 0.01 },
        mirror_clock: MirrorClock::Bounded { staleness: 1 },
        overlay: Ways::default(),
        relay: Relay::default(),
        goal: UserGoal::default(),
    })
}

fn corpus(seed: u64) -> Corpus {
    let shape =
        Generated { documents: Some(120), words: Some(60), tokens: Some(4_000), topics: 6, ..Generated::default() };
    generate(&shape, seed)
}

fn driver(case: &Case, corpus: &Corpus, reads: Reads, threads: usize) -> VirtualDriver<Machine<LdaWorker>> {
    let config = Lda { topics: TOPICS, reads, clocks_per_pass: 2, ..Lda::default() };
    let parts = partition(corpus, &vec![case.machines_per_site; case.sites as usize], Split::Even);
    let whole = Arc::new(WholeCorpus::of(corpus, &parts, &config, case.seed).expect("a corpus that can be counted"));
    let worker = |machine: u32| {
        LdaWorker::new(corpus, &parts[machine as usize], whole.clone(), config, case.seed, Isa::detect())
    };
    case.driver(threads, worker)
}

/// A site's table (values, accumulated updates), one row per word; `None` while a store is away.
fn table(
    driver: &VirtualDriver<Machine<LdaWorker>>,
    machines: std::ops::Range<u32>,
    words: u32,
) -> Option<[Vec<f32>; 2]> {
    let floats = words as usize * TOPICS as usize;
    let mut tables = [vec![0.0; floats], vec![0.0; floats]];
    for machine in machines {
        let shard = driver.nodes()[machine as usize].shard();
        let store = shard.store()?;
        for (position, &row) in shard.rows().rows().iter().enumerate() {
            let here = shard.rows().range(position);
            let there = row as usize * TOPICS as usize..(row as usize + 1) * TOPICS as usize;
            tables[0][there.clone()].copy_from_slice(&store.values[here.clone()]);
            if let Some(pending) = store.accumulated.first() {
                tables[1][there].copy_from_slice(&pending[here]);
            }
        }
    }
    Some(tables)
}

/// Machines of each parameter server.
fn servers(case: &Case) -> Vec<std::ops::Range<u32>> {
    if case.system.sites().is_none() {
        return std::iter::once(0..case.machines()).collect();
    }
    let machines = case.machines_per_site;
    (0..case.sites).map(|site| site * machines..(site + 1) * machines).collect()
}

/// No count is negative, at any moment, in any store.
fn check_counts(driver: &VirtualDriver<Machine<LdaWorker>>) {
    for node in driver.nodes() {
        if let Some(store) = node.shard().store() {
            let negative = store.values.iter().find(|&&count| count < 0.0 || count.fract() != 0.0);
            assert_eq!(negative, None, "a count");
        }
    }
}

/// The sum of every table once everything pending is delivered: the same everywhere, and the corpus' own counts of words.
fn check_delivered(driver: &VirtualDriver<Machine<LdaWorker>>, case: &Case, corpus: &Corpus) {
    let servers = servers(case);
    let tables: Vec<[Vec<f32>; 2]> = servers
        .iter()
        .map(|server| table(driver, server.clone(), corpus.words).expect("nothing is under way"))
        .collect();
    let mut expected = vec![0.0; corpus.words as usize];
    corpus.iter().flatten().for_each(|entry| expected[entry.word as usize] += entry.count as f32);
    let delivered = |server: usize| -> Vec<f32> {
        let mut counts = tables[server][0].clone();
        for (_, [_, pending]) in tables.iter().enumerate().filter(|&(other, _)| other != server) {
            counts.iter_mut().zip(pending).for_each(|(count, pending)| *count += pending);
        }
        counts
    };
    for server in 0..servers.len() {
        let counts = delivered(server);
        assert!(counts.iter().all(|&count| count >= 0.0), "server {server}");
        assert_eq!(counts, delivered(0), "server {server}");
        let of_words: Vec<f32> = counts.chunks(TOPICS as usize).map(|row| row.iter().sum()).collect();
        assert_eq!(of_words, expected, "server {server}");
    }
}

fn inside() -> impl Strategy<Value = Inside> {
    prop_oneof![Just(Inside::BSP), (0u32..4).prop_map(Inside::ssp)]
}

fn system() -> impl Strategy<Value = System> {
    let thresholds = prop_oneof![Just(0.0), 0.001..2.0f64];
    prop_oneof![inside().prop_map(System::Global), (inside(), thresholds).prop_map(|(inside, v)| gaia(inside, v))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn tables_hold_the_corpus_under_every_sync_model(
        system in system(), sites in 1u32..4, machines_per_site in 1u32..4, own_words in any::<bool>(),
        wan_mbit_per_s in 1u64..60, seed in 0u64..100,
    ) {
        let reads = if own_words { Reads::OwnWords } else { Reads::AllWords };
        let case = Case { wan_mbit_per_s, seed, clocks: 9, ..Case::new(sites, machines_per_site, system) };
        let corpus = corpus(seed);
        let mut driver = driver(&case, &corpus, reads, 1);
        let kept = run(&mut driver, check_counts);
        check_delivered(&driver, &case, &corpus);
        prop_assert_eq!(kept.evaluations.values().map(|evaluation| evaluation.clamped).sum::<u64>(), 0);
        let objective = |clock: u32| -> f64 {
            (0..case.machines()).map(|machine| kept.evaluations[&(clock, machine)].objective).sum()
        };
        prop_assert!(objective(9) < objective(0), "{} after {}", objective(9), objective(0));
    }
}

#[test]
fn tables_hold_the_corpus_on_every_built_in_network() {
    let systems = [
        System::Global(Inside::BSP),
        System::Global(Inside::ssp(2)),
        gaia(Inside::BSP, 0.05),
        gaia(Inside::ssp(1), 0.05),
        System::GaiaAsync(GaiaAsync {
            inside: Inside::BSP,
            significance: Significance::default(),
            overlay: Ways::default(),
            relay: Relay::default(),
        }),
    ];
    let corpus = corpus(7);
    for name in builtin_names() {
        let profile = Profile::builtin(name).expect("a built-in profile");
        let machines = vec![if profile.sites.len() == 1 { 4 } else { 2 }; profile.sites.len()];
        for system in &systems {
            let topology = Topology::new(&profile, &machines).expect("machines for every site");
            let case = Case { clocks: 7, sigma_bytes: 2000.0, ..Case::on(topology, system.clone()) };
            let mut driver = driver(&case, &corpus, Reads::AllWords, 1);
            let mut events = 0;
            let kept = run(&mut driver, |driver| {
                events += 1;
                if events % 20 == 0 {
                    check_counts(driver);
                }
            });
            check_delivered(&driver, &case, &corpus);
            let clamped: u64 = kept.evaluations.values().map(|evaluation| evaluation.clamped).sum();
            assert_eq!((clamped, kept.evaluations.len()), (0, 8 * case.machines() as usize), "{name}, {system:?}");
        }
    }
}

#[test]
fn a_run_is_the_same_for_any_number_of_threads() {
    let digest = |threads| {
        let case = Case { clocks: 6, ..Case::new(2, 2, gaia(Inside::ssp(1), 0.1)) };
        let mut driver = driver(&case, &corpus(1), Reads::AllWords, threads);
        let kept = run(&mut driver, |_| ());
        (
            driver.digest().clone(),
            kept.evaluations.values().map(|evaluation| evaluation.objective.to_bits()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(digest(1), digest(4));
}

#[test]
fn a_filter_holds_back_some_updates_and_all_systems_learn() {
    let objective = |system: System| {
        let case = Case { clocks: 60, ..Case::new(3, 1, system) };
        let corpus = corpus(4);
        let kept = run(&mut driver(&case, &corpus, Reads::AllWords, 2), |_| ());
        let sum: f64 = (0..3).map(|machine| kept.evaluations[&(60, machine)].objective).sum();
        (sum / corpus.tokens as f64, kept.wan_bytes)
    };
    let (bsp, _) = objective(System::Global(Inside::BSP));
    let (every, every_bytes) = objective(gaia(Inside::BSP, 0.0));
    let (some, some_bytes) = objective(gaia(Inside::BSP, 0.3));
    assert!(some_bytes < every_bytes, "{some_bytes} with the filter, {every_bytes} without");
    for other in [every, some] {
        assert!((other - bsp).abs() < 0.05 * bsp, "BSP {bsp}, Gaia {other}");
    }
}
