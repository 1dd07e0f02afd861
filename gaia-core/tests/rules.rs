//! Update rules of servers: against one sequential loop, against each other, and the laws of their state.

mod common;

use common::{Case, Mixing, ROWS, WIDTH, run};
use emulator::time::Duration;
use emulator::virtual_driver::{Step, VirtualDriver};
use gaia_core::cost::{MachineKind, Similitude};
use gaia_core::layout::Layout;
use gaia_core::machine::Machine;
use gaia_core::server::store::Store;
use gaia_core::sync::config::{Inside, LocalSteps, Outer, Rule, System};
use gaia_core::workload::traits::{Evaluation, Workload};
use proptest::prelude::*;

fn local_steps(every: u32, rule: Rule) -> System {
    System::Global(Inside::LocalSteps(LocalSteps { every, rule }))
}

fn outer(learning_rate: f64, momentum: f64, nesterov: bool) -> Rule {
    Rule::Outer(Outer { learning_rate, momentum, nesterov })
}

/// The floats of a row in the whole table.
fn place(row: u32) -> std::ops::Range<usize> {
    (row * WIDTH) as usize..((row + 1) * WIDTH) as usize
}

/// One table of the store (its values, say) as all shards hold it; where it is empty, zeros.
fn table<W: Workload>(driver: &VirtualDriver<Machine<W>>, of: impl Fn(&Store) -> &[f32]) -> Vec<f32> {
    let mut all = vec![0.0; (ROWS * WIDTH) as usize];
    for node in driver.nodes() {
        let shard = node.shard();
        let floats = of(shard.store().expect("nothing is under way"));
        for (position, &row) in shard.rows().rows().iter().enumerate().filter(|_| !floats.is_empty()) {
            all[place(row)].copy_from_slice(&floats[shard.rows().range(position)]);
        }
    }
    all
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The values of all rows, to the bit, after a run.
fn values_of<W: Workload>(case: &Case, workload: impl Fn(u32) -> W) -> Vec<u32> {
    let mut driver = case.driver(2, workload);
    run(&mut driver, |_| ());
    bits(&table(&driver, |store| &store.values))
}

/// What the rules of the tests do with the updates of a round, written down once more: values, velocity, updates in the workers' order.
fn apply_rule(rule: &Rule, values: &mut [f32], velocity: &mut [f32], updates: &[Vec<f32>]) {
    for index in 0..values.len() {
        let changes = updates.iter().map(|update| update[index]);
        let mean = |sum: f32| sum * (1.0 / updates.len() as f64) as f32;
        match *rule {
            Rule::Add {} => changes.for_each(|change| values[index] += change),
            Rule::Average {} => values[index] += mean(changes.fold(0.0, |sum, change| sum + change)),
            Rule::Outer(Outer { learning_rate, momentum, nesterov }) => {
                let (rate, momentum) = (learning_rate as f32, momentum as f32);
                let mean = mean(changes.fold(0.0, |sum, change| sum + change));
                velocity[index] = momentum.mul_add(velocity[index], mean);
                let direction = if nesterov { momentum.mul_add(velocity[index], mean) } else { velocity[index] };
                values[index] += rate * direction;
            }
        }
    }
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
        let mut updates = Vec::new();
        for (workload, state) in workloads.iter().zip(&mut states) {
            let mut copy: Vec<f32> = workload.declared.iter().flat_map(|&row| table[place(row)].to_vec()).collect();
            let mut update = vec![0.0; table.len()];
            for clock in round * every..(round + 1) * every {
                let before = copy.clone();
                workload.compute(clock, state, &mut copy);
                let rows = copy.chunks(WIDTH as usize).zip(before.chunks(WIDTH as usize));
                for (&row, (after, before)) in workload.declared.iter().zip(rows) {
                    let changes = after.iter().zip(before).map(|(after, before)| after - before);
                    update[place(row)].iter_mut().zip(changes).for_each(|(sum, change)| *sum += change);
                }
            }
            updates.push(update);
        }
        apply_rule(rule, &mut table, &mut velocity, &updates);
    }
    (table, velocity)
}

fn rules() -> impl Strategy<Value = Rule> {
    let momentum = prop_oneof![Just(0.0), 0.0..0.99f64];
    let outer = (0.01..2.0f64, momentum, any::<bool>());
    let outer = outer.prop_map(|(rate, momentum, nesterov)| self::outer(rate, momentum, nesterov));
    prop_oneof![Just(Rule::Add {}), Just(Rule::Average {}), outer]
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

/// Steps towards a worker's own targets, by a rate and a whole number that depends on what was read. With a rate that is a power of two
/// all numbers are multiples of it and small, so that no sum rounds.
struct Descent {
    worker: u32,
    rate: f32,
    declared: Vec<u32>,
}

impl Descent {
    fn new(worker: u32, rate: f32) -> Self {
        Descent { worker, rate, declared: (0..ROWS).filter(|row| !(row + worker).is_multiple_of(5)).collect() }
    }
}

impl Workload for Descent {
    type State = ();

    fn layout(&self) -> Layout {
        Mixing::new(0).layout()
    }

    fn declared_rows(&self) -> &[u32] {
        &self.declared
    }

    fn initial_row(&self, row: u32, values: &mut [f32]) {
        values.fill(row as f32);
    }

    fn initial_state(&self) {}

    fn compute(&self, _: u32, (): &mut (), view: &mut [f32]) {
        for (column, value) in view.iter_mut().enumerate() {
            let target = (column % 17) as f32 * 3.0 + self.worker as f32 * 7.0;
            *value += self.rate * ((target - *value) / 4.0).round();
        }
    }

    fn evaluate(&self, (): &(), view: &[f32]) -> Evaluation {
        Evaluation { objective: view.iter().map(|&value| f64::from(value)).sum(), ..Evaluation::default() }
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

/// Adds 1 to every value at every clock, and holds that it reads what `value_at` says at the start of a clock.
struct Ones<F> {
    worker: u32,
    value_at: F,
    declared: Vec<u32>,
}

impl<F: Fn(u32) -> f32 + Send + Sync + 'static> Workload for Ones<F> {
    type State = ();

    fn layout(&self) -> Layout {
        Mixing::new(0).layout()
    }

    fn declared_rows(&self) -> &[u32] {
        &self.declared
    }

    fn initial_row(&self, _: u32, values: &mut [f32]) {
        values.fill(4.0);
    }

    fn initial_state(&self) {}

    fn compute(&self, clock: u32, (): &mut (), view: &mut [f32]) {
        for value in view.iter_mut() {
            assert_eq!(*value, (self.value_at)(clock), "worker {} at clock {clock}", self.worker);
            *value += 1.0;
        }
    }

    fn evaluate(&self, (): &(), _: &[f32]) -> Evaluation {
        Evaluation::default()
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

/// The velocity after so many rounds whose mean is 2, with momentum 1/2: 2 + 1 + 1/2 + ..., exact in binary.
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
    let (mut checkpoints, mut kept) = (Vec::new(), common::Kept::default());
    whole.start(&mut kept);
    while whole.step(&mut kept).expect("no stall") == Step::Running {
        checkpoints.push(whole.checkpoint());
    }
    assert!(table(&whole, |store| &store.velocity).iter().any(|&velocity| velocity != 0.0));
    for (at, checkpoint) in checkpoints.iter().enumerate() {
        let mut second = case.driver(1, Mixing::new);
        second.resume(checkpoint).expect("its own checkpoint");
        let mut kept = common::Kept::default();
        while second.step(&mut kept).expect("no stall") == Step::Running {}
        assert_eq!(end(&second), end(&whole), "taken up after event {at} of {}", checkpoints.len());
    }
}
