//! For the tests of update rules: what a rule does, written down once more, and workloads whose sums are exact.

use std::ops::Range;

use emulator::time::Duration;
use emulator::virtual_driver::VirtualDriver;
use gaia_core::layout::Layout;
use gaia_core::machine::Machine;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::server::store::Store;
use gaia_core::sync::config::{Outer, Rule};
use gaia_core::workload::traits::{Evaluation, Workload};
use proptest::prelude::*;

use super::{Mixing, ROWS, WIDTH};

pub(crate) fn outer(learning_rate: f64, momentum: f64, nesterov: bool) -> Rule {
    Rule::Outer(Outer { learning_rate, momentum, nesterov })
}

/// The floats of a row in the whole table.
pub(crate) fn place(row: u32) -> Range<usize> {
    (row * WIDTH) as usize..((row + 1) * WIDTH) as usize
}

/// One table of the store (its values, for example) as all shards hold it; where it is empty, zeros.
pub(crate) fn table<W: Workload>(driver: &VirtualDriver<Machine<W>>, of: impl Fn(&Store) -> &[f32]) -> Vec<f32> {
    table_of(driver.nodes(), of)
}

/// The same, as the shards of these machines hold it.
pub(crate) fn table_of<W: Workload>(nodes: &[Machine<W>], of: impl Fn(&Store) -> &[f32]) -> Vec<f32> {
    let mut all = vec![0.0; (ROWS * WIDTH) as usize];
    for node in nodes {
        let shard = node.shard();
        let floats = of(shard.store().expect("nothing is under way"));
        for (position, &row) in shard.rows().rows().iter().enumerate().filter(|_| !floats.is_empty()) {
            all[place(row)].copy_from_slice(&floats[shard.rows().range(position)]);
        }
    }
    all
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The effect of the tests' rules on the updates of a round, written down once more: values, velocity, updates in the workers' order.
pub(crate) fn apply_rule(rule: &Rule, values: &mut [f32], velocity: &mut [f32], updates: &[Vec<f32>]) {
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

/// The changes of a worker in these clocks on its own copy of the table: the sum of its changes, of all rows.
pub(crate) fn learn(workload: &Mixing, state: &mut Vec<f32>, table: &[f32], clocks: Range<u32>) -> Vec<f32> {
    let mut copy: Vec<f32> = workload.declared.iter().flat_map(|&row| table[place(row)].to_vec()).collect();
    let mut update = vec![0.0; table.len()];
    for clock in clocks {
        let before = copy.clone();
        workload.compute(clock, state, &mut copy);
        let rows = copy.chunks(WIDTH as usize).zip(before.chunks(WIDTH as usize));
        for (&row, (after, before)) in workload.declared.iter().zip(rows) {
            let changes = after.iter().zip(before).map(|(after, before)| after - before);
            update[place(row)].iter_mut().zip(changes).for_each(|(sum, change)| *sum += change);
        }
    }
    update
}

/// Any rule, with settings of no particular value.
pub(crate) fn rules() -> impl Strategy<Value = Rule> {
    let momentum = prop_oneof![Just(0.0), 0.0..0.99f64];
    let outer = (0.01..2.0f64, momentum, any::<bool>());
    let outer = outer.prop_map(|(rate, momentum, nesterov)| self::outer(rate, momentum, nesterov));
    prop_oneof![Just(Rule::Add {}), Just(Rule::Average {}), outer]
}

/// Steps towards a worker's own targets, by a rate and a whole number that depends on what was read. With a rate that is a power of two
/// all numbers are multiples of it and small, so that no sum rounds.
pub(crate) struct Descent {
    pub(crate) worker: u32,
    pub(crate) rate: f32,
    pub(crate) declared: Vec<u32>,
}

impl Descent {
    pub(crate) fn new(worker: u32, rate: f32) -> Self {
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

/// Adds 1 to every value at every clock, and asserts that it reads the value of `value_at` at the start of a clock.
pub(crate) struct Ones<F> {
    pub(crate) worker: u32,
    pub(crate) value_at: F,
    pub(crate) declared: Vec<u32>,
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
