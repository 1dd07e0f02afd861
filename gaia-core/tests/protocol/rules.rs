//! Update rules of servers: against one sequential loop, against each other, and the laws of their state.

use crate::common::rules::{Descent, Ones, apply_rule, bits, learn, outer, place, rules, table};
use crate::common::{Case, Mixing, ROWS, WIDTH, run};
use emulator::virtual_driver::{Step, VirtualDriver};
use gaia_core::machine::Machine;
use gaia_core::sync::config::{Inside, LocalSteps, Rule, System};
use gaia_core::workload::traits::Workload;
use proptest::prelude::*;

fn local_steps(every: u32, rule: Rule) -> System {
    System::Global(Inside::LocalSteps(LocalSteps { every, rule }))
}

/// The values of all rows, to the bit, after a run.
fn values_of<W: Workload>(case: &Case, workload: impl Fn(u32) -> W) -> Vec<u32> {
    let mut driver = case.driver(2, workload);
    run(&mut driver, |_| ());
    bits(&table(&driver, |store| &store.values))
}

/// Rounds of `every` clocks: all workers begin with the same table and learn on their own copies; then the rule is applied to the sum of
/// each worker's changes. Returns the table after the last whole round, and the velocity.
fn sequential_rounds(workers: u32, clocks: u32, every: u32, rule: &Rule) -> (Vec<f32>, Vec<f32>) {
    let workloads: Vec<Mixing> = (0..workers).map(Mixing::new).collect();
    let mut table = vec![0.0; (ROWS * WIDTH) as usize];
    (0..ROWS).for_each(|row| workloads[0].initial_row(row, &mut table[place(row)]));
    let mut velocity = vec![0.0; table.len()];
    let mut states: Vec<Vec<f32>> = workloads.iter().map(Workload::initial_state).collect();
    for round in 0..clocks / every {
        let clocks = round * every..(round + 1) * every;
        let workers = workloads.iter().zip(&mut states);
        let updates: Vec<Vec<f32>> = workers.map(|(it, state)| learn(it, state, &table, clocks.clone())).collect();
        apply_rule(rule, &mut table, &mut velocity, &updates);
    }
    (table, velocity)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_rule_every_so_many_clocks_is_one_sequential_loop_on_any_topology(
        sites in 1u32..4,
        machines_per_site in 1u32..4,
        every in 1u32..5,
        rule in rules(),
        wan_mbit_per_s in 1u64..200,
        delay_ms in 0u64..300,
        seed in 0u64..1000,
    ) {
        let system = local_steps(every, rule);
        let case = Case { wan_mbit_per_s, delay_ms, seed, clocks: 9, ..Case::new(sites, machines_per_site, system) };
        let mut driver = case.driver(2, Mixing::new);
        run(&mut driver, |_| ());
        let (values, velocity) = sequential_rounds(case.machines(), case.clocks, every, &rule);
        prop_assert_eq!(bits(&table(&driver, |store| &store.values)), bits(&values));
        if rule.step(1).is_some_and(|step| step.has_velocity()) {
            prop_assert_eq!(bits(&table(&driver, |store| &store.velocity)), bits(&velocity));
        } else {
            prop_assert!(driver.nodes().iter().all(|node| node.shard().store().expect("idle").velocity.is_empty()));
        }
    }
}

#[test]
fn averages_every_clock_are_bsp_with_the_rate_divided_by_the_workers() {
    for (sites, machines_per_site) in [(1, 2), (2, 2), (4, 2)] {
        let workers = sites * machines_per_site;
        let case = |system| Case { clocks: 12, ..Case::new(sites, machines_per_site, system) };
        // Powers of two: the division is exact, and so are all sums, in whichever order.
        let averaged = values_of(&case(local_steps(1, Rule::Average {})), |worker| Descent::new(worker, 1.0));
        let rate = 1.0 / workers as f32;
        let divided = values_of(&case(System::Global(Inside::BSP)), |worker| Descent::new(worker, rate));
        assert_eq!(averaged, divided, "{workers} workers");
        let undivided = values_of(&case(System::Global(Inside::BSP)), |worker| Descent::new(worker, 1.0));
        assert_ne!(averaged, undivided, "{workers} workers");
    }
}

#[test]
fn an_outer_step_of_rate_one_without_momentum_is_the_average_to_the_bit() {
    for every in [1, 3] {
        let run_of = |rule| {
            let case = Case { clocks: 9, ..Case::new(3, 2, local_steps(every, rule)) };
            let mut driver = case.driver(2, Mixing::new);
            let kept = run(&mut driver, |_| ());
            (driver.digest().to_string(), bits(&table(&driver, |store| &store.values)), kept.evaluations)
        };
        let average = run_of(Rule::Average {});
        assert_eq!(run_of(outer(1.0, 0.0, false)), average);
        assert_eq!(run_of(outer(1.0, 0.0, true)), average, "without momentum there is nothing to look ahead along");
        assert_ne!(run_of(outer(1.0, 0.5, false)).1, average.1);
        assert_ne!(run_of(outer(1.0, 0.5, true)).1, run_of(outer(1.0, 0.5, false)).1);
    }
}

#[test]
fn the_rule_add_is_local_steps_as_they_were() {
    assert_eq!(local_steps(3, Rule::Add {}), System::Global(Inside::local_steps(3)));
    assert_eq!(local_steps(3, Rule::default()), System::Global(Inside::local_steps(3)));
}

/// The velocity after a number of rounds whose mean is 2, with momentum 1/2: 2 + 1 + 1/2 + ..., exact in binary.
fn velocity_after(rounds: u32) -> f32 {
    4.0 * (1.0 - 0.5f32.powi(rounds as i32))
}

/// The values then, from 4, at a learning rate of 1/2.
fn value_after(rounds: u32) -> f32 {
    4.0 + 0.5 * (1..=rounds).map(velocity_after).sum::<f32>()
}

#[test]
fn after_every_event_a_velocity_is_the_geometric_sum_of_the_rounds_before() {
    let case = Case { clocks: 12, wan_mbit_per_s: 5, ..Case::new(2, 2, local_steps(2, outer(0.5, 0.5, false))) };
    // In a round a worker goes on from its own copy; then it reads the server's values, without its own changes again.
    let value_at = |clock: u32| value_after(clock / 2) + (clock % 2) as f32;
    let mut driver = case.driver(2, |worker| Ones { worker, value_at, declared: (0..ROWS).collect() });
    let mut seen = 0;
    run(&mut driver, |driver| {
        for node in driver.nodes() {
            let Some(store) = node.shard().store() else { continue };
            let rounds = node.shard().data_clock() / 2;
            assert!(store.values.iter().all(|&value| value == value_after(rounds)), "{rounds} rounds");
            assert_eq!(store.velocity.is_empty(), rounds == 0, "a velocity begins with the first round");
            assert!(store.velocity.iter().all(|&velocity| velocity == velocity_after(rounds)), "{rounds} rounds");
            seen = seen.max(rounds);
        }
    });
    assert_eq!(seen, 6);
}

#[test]
fn rows_that_nobody_has_declared_keep_their_values_and_no_velocity() {
    let case = Case { clocks: 6, ..Case::new(2, 2, local_steps(2, outer(0.5, 0.5, true))) };
    let declared: Vec<u32> = (0..ROWS).filter(|row| row % 3 != 0).collect();
    let mut driver = case.driver(2, |worker| Descent { worker, rate: 1.0, declared: declared.clone() });
    run(&mut driver, |_| ());
    let values = table(&driver, |store| &store.values);
    let velocity = table(&driver, |store| &store.velocity);
    for row in 0..ROWS {
        let still = values[place(row)].iter().all(|&value| value == row as f32);
        assert_eq!(still, row % 3 == 0, "row {row}");
        assert_eq!(velocity[place(row)].iter().all(|&velocity| velocity == 0.0), row % 3 == 0, "row {row}");
    }
}

#[test]
fn a_run_with_momentum_taken_up_from_any_event_ends_with_the_same_bits() {
    let case = Case { clocks: 6, wan_mbit_per_s: 3, ..Case::new(2, 1, local_steps(2, outer(0.7, 0.9, true))) };
    let end = |driver: &VirtualDriver<Machine<Mixing>>| {
        let values = bits(&table(driver, |store| &store.values));
        (values, bits(&table(driver, |store| &store.velocity)), driver.digest().to_string(), driver.now())
    };
    let mut whole = case.driver(1, Mixing::new);
    let (mut checkpoints, mut kept) = (Vec::new(), crate::common::Kept::default());
    whole.start(&mut kept);
    while whole.step(&mut kept).expect("no stall") == Step::Running {
        checkpoints.push(whole.checkpoint());
    }
    assert!(table(&whole, |store| &store.velocity).iter().any(|&velocity| velocity != 0.0));
    for (at, checkpoint) in checkpoints.iter().enumerate() {
        let mut second = case.driver(1, Mixing::new);
        second.resume(checkpoint).expect("its own checkpoint");
        let mut kept = crate::common::Kept::default();
        while second.step(&mut kept).expect("no stall") == Step::Running {}
        assert_eq!(end(&second), end(&whole), "taken up after event {at} of {}", checkpoints.len());
    }
}
