//! The interface of a workload to the machines that run it.
//!
//! A workload sees a parameter server only: it declares the rows that it reads, gets them as one snapshot at the start of
//! a clock, changes its copy, and the difference goes out as its update. It does not know the sync model, and the sync
//! model does not know it.

use emulator::time::Duration;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::layout::Layout;
use crate::rates::{MachineKind, Similitude};

/// The most metrics that workers of one workload add up.
pub const MAX_METRICS: usize = 4;

/// One worker's part of a metric: a number that judges the model, made of a sum over data and the number of those data, such as the root
/// of the mean of squared errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MetricPart {
    /// Sum over the data.
    pub sum: f64,
    /// Number of data in the sum.
    pub count: u64,
}

/// One worker's part of an additive objective and of the metrics alongside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Evaluation {
    /// Its part of the objective: to be added over workers.
    pub objective: f64,
    /// Its parts of the workload's metrics, in an order that the workload documents; those that it does not use are 0.
    pub metrics: [MetricPart; MAX_METRICS],
    /// Parameters of its view that no model can have, such as negative counts, and that were taken as the nearest it can.
    pub clamped: u64,
}

impl Evaluation {
    /// An evaluation of these metrics, at most [`MAX_METRICS`], in the workload's order.
    ///
    /// # Panics
    /// Panics if there are more than [`MAX_METRICS`].
    pub fn with_metrics(self, metrics: &[MetricPart]) -> Self {
        let mut all = self;
        all.metrics[..metrics.len()].copy_from_slice(metrics);
        all
    }
}

impl std::ops::AddAssign for Evaluation {
    fn add_assign(&mut self, other: Evaluation) {
        self.objective += other.objective;
        for (part, other) in self.metrics.iter_mut().zip(other.metrics) {
            part.sum += other.sum;
            part.count += other.count;
        }
        self.clamped += other.clamped;
    }
}

/// One worker's share of the learning: its data and its settings. Constant in a run.
pub trait Workload: Send + Sync + 'static {
    /// The worker's own state: user factors, topic assignments.
    type State: Clone + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The tables in the parameter server.
    fn layout(&self) -> Layout;
    /// The rows that this worker reads and updates, ascending. Declared once (IterStore's virtual iteration).
    fn declared_rows(&self) -> &[u32];
    /// Fills in the starting values of a row, the same wherever the row lives.
    fn initial_row(&self, row: u32, values: &mut [f32]);
    /// The state before the first clock.
    fn initial_state(&self) -> Self::State;
    /// One clock: 1/[`Workload::clocks_per_pass`] of the data. `view` holds the declared rows one after another and is
    /// left with the worker's own changes made.
    fn compute(&self, clock: u32, state: &mut Self::State, view: &mut [f32]);
    /// Whether the objective is measured after `clock` clocks; otherwise the last measurement is used. The end of a run
    /// is measured always.
    fn evaluates(&self, _clock: u32) -> bool {
        true
    }
    /// The objective of this worker's data.
    fn evaluate(&self, state: &Self::State, view: &[f32]) -> Evaluation;
    /// The time that a machine of `kind` takes for clock `clock`, before jitter.
    fn duration(&self, clock: u32, kind: &MachineKind, similitude: &Similitude) -> Duration;
    /// Clocks in a pass over the data.
    fn clocks_per_pass(&self) -> u32;
    /// The step size at `clock` over that of clock 0.
    fn learning_rate_factor(&self, clock: u32) -> f64;
}
