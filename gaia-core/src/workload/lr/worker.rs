//! Logistic regression as a workload: examples stay with the worker, weights are in the parameter server.

use datasets::sparse::Sparse;
use datasets::sparse::partition::Partition;
use emulator::random::stream;
use emulator::time::Duration;
use rand::Rng;

use super::block::Block;
use super::config::Lr;
use super::kernel::{Step, objective, sgd};
use crate::layout::{Layout, Table};
use crate::rates::{MachineKind, Similitude};
use crate::simd::Isa;
use crate::tensor::Tensor;
use crate::workload::traits::{Evaluation, Workload};

/// The properties of the whole data that every worker needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeData {
    /// Number of features; the intercept's weight has this number.
    pub features: u32,
    /// Number of workers that the examples are dealt to.
    pub workers: u32,
    /// Number of training examples of all workers.
    pub examples: u64,
}

impl WholeData {
    /// Of `data`, dealt to this number of workers.
    pub fn of(data: &Sparse, workers: u32) -> Self {
        WholeData { features: data.features, workers, examples: data.train.labels().len() as u64 }
    }
}

/// One worker's examples and settings.
#[derive(Debug)]
pub struct LrWorker {
    config: Lr,
    whole: WholeData,
    isa: Isa,
    declared: Vec<u32>,
    block: Block,
}

impl LrWorker {
    /// The worker that holds the examples of `part`. It goes through them in an order that is drawn once, from `seed`.
    pub fn new(data: &Sparse, part: &Partition, whole: WholeData, config: Lr, seed: u64, isa: Isa) -> Self {
        let mut order = part.train.clone();
        let mut random = stream(seed, "lr order", u64::from(part.machine));
        for last in (1..order.len()).rev() {
            let drawn = (u64::from(random.next_u32()) * (last as u64 + 1)) >> 32;
            order.swap(last, drawn as usize);
        }
        let width = config.weights_per_row;
        let entries = part.train.iter().flat_map(|&example| data.train.entries(example as usize));
        let mut declared: Vec<u32> = entries.map(|entry| entry.feature / width).collect();
        declared.push(whole.features / width);
        declared.sort_unstable();
        declared.dedup();
        let place = |feature: u32| {
            let row = declared.binary_search(&(feature / width)).expect("every row of a feature is declared");
            row * width as usize + (feature % width) as usize
        };
        let examples = order.iter().map(|&example| {
            let example = example as usize;
            (data.train.labels()[example], data.train.entries(example))
        });
        let (weights, intercept) = (declared.len() * width as usize, place(whole.features));
        let block = Block::new(examples, weights, intercept, config.clocks_per_pass, place);
        LrWorker { config, whole, isa, declared, block }
    }

    fn step(&self, clock: u32) -> Step {
        self.config.step(clock / self.config.clocks_per_pass, self.whole.workers, self.whole.examples)
    }
}

impl Workload for LrWorker {
    /// Weights are all that is learned.
    type State = ();

    fn layout(&self) -> Layout {
        let width = self.config.weights_per_row;
        let table = Table { name: "weights".to_owned(), rows: self.whole.features / width + 1, width };
        // The last row ends in padding, so the table as a whole is no tensor.
        let features = self.whole.features as usize;
        let weights = Tensor { name: "weights".to_owned(), shape: vec![features], first: 0 };
        let intercept = Tensor { name: "intercept".to_owned(), shape: vec![1], first: features };
        Layout::new(vec![table]).with_tensors(vec![weights, intercept])
    }

    fn declared_rows(&self) -> &[u32] {
        &self.declared
    }

    fn initial_row(&self, _: u32, values: &mut [f32]) {
        values.fill(0.0);
    }

    fn initial_state(&self) {}

    fn compute(&self, clock: u32, (): &mut (), view: &mut [f32]) {
        sgd(self.isa, &self.block, clock % self.config.clocks_per_pass, &self.step(clock), view);
    }

    fn evaluate(&self, (): &(), view: &[f32]) -> Evaluation {
        Evaluation { objective: objective(self.isa, &self.block, &self.step(0), view).total(), ..Evaluation::default() }
    }

    fn duration(&self, clock: u32, kind: &MachineKind, similitude: &Similitude) -> Duration {
        let values = self.block.work(clock % self.config.clocks_per_pass);
        Duration::from_secs_f64(values as f64 * similitude.sigma_work / kind.lr.values_per_second)
    }

    fn clocks_per_pass(&self) -> u32 {
        self.config.clocks_per_pass
    }

    fn learning_rate_factor(&self, clock: u32) -> f64 {
        self.config.falls_to(clock / self.config.clocks_per_pass)
    }
}
