//! Rounds between sites (hierarchical averaging): against one sequential loop, against BSP, and the laws of their state.

use crate::common::rules::{Descent, Ones, apply_rule, bits, learn, outer, place, rules, table, table_of};
use crate::common::{Case, Counting, Kept, Mixing, ROWS, WIDTH, run};
use emulator::node::Class;
use emulator::virtual_driver::{Step, VirtualDriver};
use gaia_core::machine::Machine;
use gaia_core::sync::config::{Between, Inside, LocalSteps, Rounds, Rule, Sites, System};
use gaia_core::workload::traits::Workload;
use proptest::prelude::*;

/// Rounds of `every` clocks between sites.
fn rounds(inside: Inside, every: u32, rule: Rule) -> System {
    System::Hierarchical(Sites { inside, between: Between::Rounds(Rounds { every, rule }) })
}

fn local_steps(every: u32, rule: Rule) -> Inside {
    Inside::LocalSteps(LocalSteps { every, rule })
}

/// The values of every site, to the bit, after a run.
fn values_of<W: Workload>(case: &Case, workload: impl Fn(u32) -> W) -> Vec<Vec<u32>> {
    let mut driver = case.driver(2, workload);
    run(&mut driver, |_| ());
    let sites = driver.nodes().chunks(case.machines_per_site as usize);
    sites.map(|site| bits(&table_of(site, |store| &store.values))).collect()
}

/// The lengths of rounds and the rules: inside the sites and between them.
#[derive(Clone, Copy, Debug)]
struct Hierarchy {
    within: u32,
    rule: Rule,
    /// Rounds inside the sites in a round between them.
    times: u32,
    rule_between: Rule,
}

impl Hierarchy {
    fn system(&self) -> System {
        rounds(local_steps(self.within, self.rule), self.within * self.times, self.rule_between)
    }
}

/// A site of the sequential loop.
struct Site {
    workloads: Vec<Mixing>,
    states: Vec<Vec<f32>>,
    values: Vec<f32>,
    velocity: Vec<f32>,
    /// Its changes since the sites were one.
    change: Vec<f32>,
}

impl Site {
    fn new(workers: std::ops::Range<u32>) -> Self {
        let workloads: Vec<Mixing> = workers.map(Mixing::new).collect();
        let mut values = vec![0.0; (ROWS * WIDTH) as usize];
        (0..ROWS).for_each(|row| workloads[0].initial_row(row, &mut values[place(row)]));
        let states = workloads.iter().map(Workload::initial_state).collect();
        let zeros = vec![0.0; values.len()];
        Site { workloads, states, values, velocity: zeros.clone(), change: zeros }
    }

    fn round(&mut self, clocks: &std::ops::Range<u32>, rule: &Rule) {
        let Site { workloads, states, values, velocity, change } = self;
        let workers = workloads.iter().zip(states);
        let updates: Vec<Vec<f32>> =
            workers.map(|(workload, state)| learn(workload, state, values, clocks.clone())).collect();
        apply_rule(rule, values, &mut velocity.clone(), &updates);
        apply_rule(rule, change, velocity, &updates);
    }
}

/// All rounds of `hierarchy` that fit into `clocks`, the sites one after another. Returns the sites, and the values and the velocity that
/// they had alike after the last round between them.
fn sequential_rounds(case: &Case, hierarchy: &Hierarchy) -> (Vec<Site>, Vec<f32>, Vec<f32>) {
    let Hierarchy { within, rule, times, rule_between } = hierarchy;
    let workers = |site: u32| site * case.machines_per_site..(site + 1) * case.machines_per_site;
    let mut sites: Vec<Site> = (0..case.sites).map(|site| Site::new(workers(site))).collect();
    let mut shared = sites[0].values.clone();
    let mut velocity = vec![0.0; shared.len()];
    for round in 0..case.clocks / within {
        let clocks = round * within..(round + 1) * within;
        sites.iter_mut().for_each(|site| site.round(&clocks, rule));
        if (round + 1).is_multiple_of(*times) {
            let changes: Vec<Vec<f32>> = sites.iter().map(|site| site.change.clone()).collect();
            match rule_between {
                // The sum is added, not one change after another.
                Rule::Add {} => (0..shared.len())
                    .for_each(|index| shared[index] += changes.iter().fold(0.0, |sum, change| sum + change[index])),
                rule => apply_rule(rule, &mut shared, &mut velocity, &changes),
            }
            for site in &mut sites {
                site.values.copy_from_slice(&shared);
                site.change.fill(0.0);
            }
        }
    }
    (sites, shared, velocity)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rounds_inside_sites_and_between_them_are_one_sequential_loop_on_any_topology(
        sites in 1u32..4,
        machines_per_site in 1u32..4,
        within in 1u32..4,
        times in 1u32..4,
        rule in rules(),
        rule_between in rules(),
        wan_mbit_per_s in 1u64..200,
        delay_ms in 0u64..300,
        seed in 0u64..1000,
    ) {
        let hierarchy = Hierarchy { within, rule, times, rule_between };
        let plain = Case::new(sites, machines_per_site, hierarchy.system());
        let case = Case { wan_mbit_per_s, delay_ms, seed, clocks: 14, ..plain };
        let mut driver = case.driver(2, Mixing::new);
        run(&mut driver, |_| ());
        let (expected, shared, velocity) = sequential_rounds(&case, &hierarchy);
        let has_velocity = |rule: Rule| rule.step(1).is_some_and(|step| step.has_velocity());
        for (site, nodes) in expected.iter().zip(driver.nodes().chunks(machines_per_site as usize)) {
            prop_assert_eq!(bits(&table_of(nodes, |store| &store.values)), bits(&site.values));
            prop_assert_eq!(bits(&table_of(nodes, |store| &store.shared.values)), bits(&shared));
            if has_velocity(rule) {
                prop_assert_eq!(bits(&table_of(nodes, |store| &store.velocity)), bits(&site.velocity));
            }
            if has_velocity(rule_between) {
                prop_assert_eq!(bits(&table_of(nodes, |store| &store.shared.velocity)), bits(&velocity));
            }
        }
    }

    #[test]
    fn sites_that_have_merged_a_round_have_the_same_bits_after_every_event(
        sites in 2u32..4,
        machines_per_site in 1u32..3,
        inside in prop_oneof![Just(Inside::BSP), Just(Inside::ssp(2)), Just(Inside::local_steps(2))],
        rule in rules(),
        wan_mbit_per_s in 1u64..50,
        seed in 0u64..1000,
    ) {
        let case = Case::new(sites, machines_per_site, rounds(inside, 4, rule));
        let case = Case { wan_mbit_per_s, seed, clocks: 10, ..case };
        let mut driver = case.driver(2, Mixing::new);
        // The values that a shard of these rows began a round with, by the shard's place in its site and the round.
        let mut began = std::collections::BTreeMap::new();
        run(&mut driver, |driver| {
            for (machine, node) in driver.nodes().iter().enumerate() {
                let (shard, place) = (node.shard(), machine as u32 % machines_per_site);
                let merged = shard.mirror_clock().expect("there are other sites");
                assert!(merged.is_multiple_of(4) && shard.data_clock() <= merged + 4, "a round is a barrier");
                let clock = node.worker().clock();
                assert!(clock <= merged + 4, "a worker at clock {clock} with sites that are one at {merged}");
                let Some(store) = shard.store() else { continue };
                let shared = (bits(&store.shared.values), bits(&store.shared.velocity));
                assert_eq!(began.entry((place, merged)).or_insert_with(|| shared.clone()), &shared);
            }
        });
        assert_eq!(began.len() as u32, machines_per_site * 3, "rounds from clocks 0, 4 and 8");
    }
}

#[test]
fn averages_every_clock_are_bsp_with_the_rate_divided_by_the_workers() {
    for (sites, machines_per_site) in [(1, 2), (2, 1), (2, 2), (4, 2)] {
        let workers = sites * machines_per_site;
        let case = |system| Case { clocks: 12, ..Case::new(sites, machines_per_site, system) };
        // Powers of two: divisions are exact, and so are all sums, in whichever order.
        let average = Rule::Average {};
        let averaged = case(rounds(local_steps(1, average), 1, average));
        let averaged = values_of(&averaged, |worker| Descent::new(worker, 1.0));
        let bsp = |rate: f32| {
            let mut driver = case(System::Global(Inside::BSP)).driver(2, |worker| Descent::new(worker, rate));
            run(&mut driver, |_| ());
            bits(&table(&driver, |store| &store.values))
        };
        assert_eq!(averaged, vec![bsp(1.0 / workers as f32); sites as usize], "{workers} workers");
        assert_ne!(averaged[0], bsp(1.0), "{workers} workers");
        let added = values_of(&case(rounds(Inside::BSP, 1, Rule::Add {})), |worker| Descent::new(worker, 1.0));
        assert_eq!(added, vec![bsp(1.0); sites as usize], "added up it is BSP, {workers} workers");
    }
}

#[test]
fn an_outer_step_of_rate_one_without_momentum_is_the_average_to_the_bit() {
    let run_of = |rule| {
        let case = Case { clocks: 9, ..Case::new(3, 2, rounds(Inside::BSP, 3, rule)) };
        let mut driver = case.driver(2, Mixing::new);
        let kept = run(&mut driver, |_| ());
        (driver.digest().to_string(), bits(&table(&driver, |store| &store.values)), kept.evaluations)
    };
    let average = run_of(Rule::Average {});
    assert_eq!(run_of(outer(1.0, 0.0, false)), average);
    assert_ne!(run_of(outer(1.0, 0.5, false)).1, average.1);
    assert_ne!(run_of(Rule::Add {}).1, average.1);
}

/// The velocity after a number of rounds whose mean is 4, with momentum 1/2: 4 + 2 + 1 + ..., exact in binary.
fn velocity_after(rounds: u32) -> f32 {
    8.0 * (1.0 - 0.5f32.powi(rounds as i32))
}

/// The values then, from 4, at a learning rate of 1/2.
fn value_after(rounds: u32) -> f32 {
    4.0 + 0.5 * (1..=rounds).map(velocity_after).sum::<f32>()
}

#[test]
fn after_every_event_a_velocity_is_the_geometric_sum_of_the_rounds_before() {
    // Two clocks inside, averaged over the workers; twice that between sites.
    let system = rounds(local_steps(2, Rule::Average {}), 4, outer(0.5, 0.5, false));
    let case = Case { clocks: 18, wan_mbit_per_s: 5, ..Case::new(3, 2, system) };
    let value_at = |clock: u32| value_after(clock / 4) + (clock % 4) as f32;
    let mut driver = case.driver(2, |worker| Ones { worker, value_at, declared: (0..ROWS).collect() });
    let mut seen = 0;
    run(&mut driver, |driver| {
        for node in driver.nodes() {
            let Some(store) = node.shard().store() else { continue };
            let merged = node.shard().mirror_clock().expect("there are other sites");
            let (round, since) = (merged / 4, node.shard().data_clock() - merged);
            let value = value_after(round) + since as f32;
            assert!(store.values.iter().all(|&it| it == value), "{since} clocks after round {round}");
            assert_eq!(store.shared.velocity.is_empty(), round == 0, "a velocity begins with the first round");
            assert!(store.shared.velocity.iter().all(|&velocity| velocity == velocity_after(round)));
            seen = seen.max(round);
        }
    });
    assert_eq!(seen, 4);
}

#[test]
fn added_up_no_update_is_lost_whatever_keeps_the_workers_together() {
    for model in Inside::all().into_iter().filter(|model| model.example.model().exchanges_after(5)) {
        for inside in [model.example, Inside::local_steps(3)] {
            let case = Case { clocks: 12, wan_mbit_per_s: 3, ..Case::new(3, 2, rounds(inside, 6, Rule::Add {})) };
            let values = values_of(&case, |worker| Counting::new(worker, 6));
            let expected = vec![(4.0f32 + 12.0).to_bits(); (ROWS * WIDTH) as usize];
            assert_eq!(values, vec![expected; 3], "{inside:?}");
        }
    }
}

#[test]
fn changes_go_between_sites_once_a_round_and_nothing_else_does() {
    for (every, clocks) in [(1, 12), (4, 12), (5, 12), (12, 12), (20, 12)] {
        // A machine for each site: whatever crosses a link goes between sites.
        let case = Case { clocks, ..Case::new(3, 1, rounds(Inside::BSP, every, Rule::Average {})) };
        let mut driver = case.driver(2, Mixing::new);
        let kept = run(&mut driver, |_| ());
        assert!(kept.sent.iter().all(|&(_, class, ..)| class == Class::Data), "no requests and no barriers");
        assert_eq!(kept.sent.len() as u32, clocks / every * 3 * 2, "each site to two others every {every} clocks");
        let bytes: Vec<u64> = kept.sent.iter().map(|&(.., bytes)| bytes).collect();
        let whole = (f64::from(ROWS * WIDTH * 4) * case.sigma_bytes) as u64;
        assert!(bytes.iter().all(|&bytes| bytes > whole / 2 && bytes < whole + whole / 4), "{bytes:?} of {whole}");
    }
}

#[test]
fn a_run_taken_up_from_any_event_ends_with_the_same_bits() {
    let system = rounds(local_steps(2, outer(0.9, 0.5, false)), 4, outer(0.7, 0.9, true));
    let case = Case { clocks: 10, wan_mbit_per_s: 3, ..Case::new(3, 1, system) };
    let end = |driver: &VirtualDriver<Machine<Mixing>>| {
        let tables = driver.nodes().chunks(1).map(|site| bits(&table_of(site, |store| &store.values)));
        let velocity = bits(&table(driver, |store| &store.shared.velocity));
        (tables.collect::<Vec<_>>(), velocity, driver.digest().to_string(), driver.now())
    };
    let mut whole = case.driver(1, Mixing::new);
    let (mut checkpoints, mut kept) = (Vec::new(), Kept::default());
    whole.start(&mut kept);
    while whole.step(&mut kept).expect("no stall") == Step::Running {
        checkpoints.push(whole.checkpoint());
    }
    assert!(table(&whole, |store| &store.shared.velocity).iter().any(|&velocity| velocity != 0.0));
    let (tables, ..) = end(&whole);
    assert!(tables[0] != tables[1], "the last two clocks are each site's own");
    for (at, checkpoint) in checkpoints.iter().enumerate() {
        let mut second = case.driver(1, Mixing::new);
        second.resume(checkpoint).expect("its own checkpoint");
        let mut kept = Kept::default();
        while second.step(&mut kept).expect("no stall") == Step::Running {}
        assert_eq!(end(&second), end(&whole), "taken up after event {at} of {}", checkpoints.len());
    }
}
