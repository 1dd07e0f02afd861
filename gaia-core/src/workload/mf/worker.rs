//! Matrix factorisation as a workload: users' rows stay with the worker, items' rows are in the parameter server.

use std::ops::Range;

use datasets::ratings::partition::Partition;
use datasets::ratings::{Rating, Ratings};
use emulator::time::Duration;
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::config::{Mf, Offset};
use super::init::{Factor, initial_rows};
use super::kernel::{objective, sgd, squared_error};
use super::rows::Rows;
use crate::layout::{Layout, Table};
use crate::rates::{MachineKind, Similitude};
use crate::simd::Isa;
use crate::workload::traits::{Evaluation, MetricPart, Workload};

/// The properties of the whole data that every worker needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WholeData {
    /// Number of items: rows of the table.
    pub items: u32,
    /// The offset, which is subtracted from every rating.
    pub offset: f32,
    /// Training ratings of the item that has most.
    pub most_rated: u32,
}

impl WholeData {
    /// Of `ratings`, under `config`.
    pub fn of(ratings: &Ratings, config: &Mf) -> Self {
        let mut counts = vec![0u32; ratings.items as usize];
        let mut sum = 0.0;
        for rating in &ratings.train {
            counts[rating.item as usize] += 1;
            sum += f64::from(rating.value);
        }
        let mean = sum / ratings.train.len().max(1) as f64;
        let offset = match config.offset {
            Offset::Mean => mean as f32,
            Offset::Zero => 0.0,
        };
        WholeData { items: ratings.items, offset, most_rated: counts.into_iter().max().unwrap_or(0) }
    }
}

/// One worker's ratings and settings.
#[derive(Debug)]
pub struct MfWorker {
    config: Mf,
    whole: WholeData,
    seed: u64,
    isa: Isa,
    users: Vec<u32>,
    declared: Vec<u32>,
    train: Block,
    held_out: Block,
}

/// The users' rows, and AdaGrad's sums of squared gradients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MfState {
    l: Rows,
    squares: Option<Rows>,
}

impl MfWorker {
    /// The worker that holds `part`.
    pub fn new(part: &Partition, whole: WholeData, config: Mf, seed: u64, isa: Isa) -> Self {
        let rated = part.train.iter().chain(&part.held_out).map(|rating| rating.item);
        let mut declared: Vec<u32> = rated.collect();
        declared.sort_unstable();
        declared.dedup();
        let local = |ratings: &[Rating]| -> Vec<Rating> {
            let place = |item| declared.binary_search(&item).expect("every rated item is declared") as u32;
            ratings.iter().map(|rating| Rating { item: place(rating.item), ..*rating }).collect()
        };
        let block = |ratings: &[Rating], clocks_per_pass| {
            let (users, items) = (part.users.len(), declared.len());
            Block::new(&local(ratings), users, items, config.rank, clocks_per_pass, whole.offset)
        };
        let (train, held_out) = (block(&part.train, config.clocks_per_pass), block(&part.held_out, 1));
        MfWorker { config, whole, seed, isa, users: part.users.clone(), declared, train, held_out }
    }

    fn clock_of_pass(&self, clock: u32) -> u32 {
        clock % self.config.clocks_per_pass
    }

    fn row_of(&self, factor: Factor, row: u32) -> Vec<f32> {
        let one: Range<u32> = row..row + 1;
        initial_rows(self.seed, factor, one, self.config.rank)
    }
}

impl Workload for MfWorker {
    type State = MfState;

    fn layout(&self) -> Layout {
        Layout::new(vec![Table { name: "R".to_owned(), rows: self.whole.items, width: self.config.rank }])
    }

    fn declared_rows(&self) -> &[u32] {
        &self.declared
    }

    fn initial_row(&self, row: u32, values: &mut [f32]) {
        values.copy_from_slice(&self.row_of(Factor::Items, row));
    }

    fn initial_state(&self) -> MfState {
        let packed: Vec<f32> = self.users.iter().flat_map(|&user| self.row_of(Factor::Users, user)).collect();
        let l = Rows::from_packed(&packed, self.config.rank);
        let squares = self.config.adagrad.map(|_| self.config.adagrad_sums.zeros(self.users.len(), self.config.rank));
        MfState { l, squares }
    }

    fn compute(&self, clock: u32, state: &mut MfState, view: &mut [f32]) {
        let step = self.config.step(clock / self.config.clocks_per_pass, self.whole.most_rated);
        let clock = self.clock_of_pass(clock);
        Rows::with_spare(|r| {
            r.become_packed(view, self.config.rank);
            sgd(self.isa, &self.train, clock, &step, &mut state.l, state.squares.as_mut(), r);
            r.copy_to_packed(view);
        });
    }

    fn evaluate(&self, state: &MfState, view: &[f32]) -> Evaluation {
        let (objective, errors) = Rows::with_spare(|r| {
            r.become_packed(view, self.config.rank);
            let objective = objective(self.isa, &self.train, &state.l, r, self.config.lambda as f32).total();
            (objective, squared_error(self.isa, &self.held_out, &state.l, r))
        });
        // One metric: squared errors of held-out ratings.
        let errors = MetricPart { sum: errors, count: self.held_out.len() as u64 };
        Evaluation { objective, ..Evaluation::default() }.with_metrics(&[errors])
    }

    fn duration(&self, clock: u32, kind: &MachineKind, similitude: &Similitude) -> Duration {
        kind.mf(similitude, self.train.ratings(self.clock_of_pass(clock)) as u64, self.config.rank)
    }

    fn clocks_per_pass(&self) -> u32 {
        self.config.clocks_per_pass
    }

    fn learning_rate_factor(&self, clock: u32) -> f64 {
        1.0 / (1.0 + self.config.decay * f64::from(clock / self.config.clocks_per_pass))
    }
}
