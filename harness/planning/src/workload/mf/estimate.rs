//! The resources of matrix factorisation on this host: amounts of work and data, memory, and the measured speed of one core.

use datasets::ratings;
use datasets::ratings::config::Generated;
use gaia_core::simd::Isa;
use gaia_core::workload::mf::config::Mf;
use gaia_core::workload::mf::kernel::Sums;
use gaia_core::workload::mf::rows::stride;
use gaia_core::workload::mf::worker::{MfWorker, WholeData};
use record::failure::Failure;

use crate::calibrate::args::CalibrateArgs;
use crate::calibrate::measure::{self, Effort, Pace, clocks, cpu_seconds, initial_view};
use crate::workload::estimated::Estimated;
use crate::workload::kind::{Amounts, Calibrated, Costs, DataRef, Footprint, Posed, WorkloadKind};
use crate::workload::shares::{MOST_LISTED, SEED, Shares, between, remembered, share_of_even};

/// Bytes per rating of the data set, which cells share.
const RATING_BYTES: f64 = 12.0;
/// Bytes per rating in the workers' order, with what building it leaves in the allocator.
const ORDERED_RATING_BYTES: f64 = 14.0;

/// As measured for Figure 5 (`results/reference/fig5`).
const SIGNIFICANT: Shares =
    [(0.0001, 0.71), (0.0005, 0.41), (0.001, 0.30), (0.005, 0.105), (0.01, 0.061), (0.05, 0.014), (0.1, 0.007)];

/// Of Netflix' users and items: about 250,000 ratings, and at rank 500 user rows that no cache holds.
const RATINGS_SCALE: f64 = 0.05;
/// A problem with 50 ratings per user, as in the specs; where a user has fewer, loading its row takes a larger part of the time.
const USERS: u32 = 5_000;
const ITEMS: u32 = 1_800;
const RATINGS: u64 = 250_000;

impl Estimated for Mf {
    /// Rows of factors are copied once more to compute. Their significant updates are scattered.
    const COSTS: Costs = Costs { read: 11.0, packed: 0.0, mirrored: 10.0, crowd: 1.0, passes: 60.0 };

    fn amounts(&self, posed: &Posed<'_, Self>) -> Amounts {
        let size = Mf::size(posed.data);
        let model = self.parameters(posed.data);
        Amounts {
            learnt: size.work as f64 / f64::from(self.clocks_per_pass.max(1)),
            judged: 2.0 * (size.work + size.held_out) as f64,
            model,
            declared: model * read_share(posed),
        }
    }

    fn significant_share(&self, threshold: f64, _: f64) -> f64 {
        between(&SIGNIFICANT, threshold)
    }

    fn footprint(&self, posed: &Posed<'_, Self>, _: &Amounts) -> Footprint {
        let size = Mf::size(posed.data);
        let ratings = (size.work as f64) + size.held_out as f64;
        // Padded rows of factors, AdaGrad's sums of squares included.
        let sums = match (self.adagrad, self.adagrad_sums) {
            (None, _) => 0,
            (Some(_), Sums::Entries) => stride(self.rank),
            (Some(_), Sums::Rows) => stride(1),
        };
        let row = (stride(self.rank) + sums) as f64 * 4.0;
        Footprint {
            libraries: 0.0,
            data: ratings * RATING_BYTES,
            ordered: ratings * ORDERED_RATING_BYTES,
            state: f64::from(size.owners) * row,
            rows: 2.3,
            rows_apart: 2.3,
            in_flight: 4.0,
        }
    }

    fn pace_key(&self, _: DataRef<'_, Self>) -> Option<String> {
        let sums = if self.adagrad.is_some() && self.adagrad_sums == Sums::Rows { ", sums by row" } else { "" };
        Some(format!("mf of rank {}{sums}", self.rank))
    }

    /// Measured seconds per rating of one core.
    fn pace(&self, _: DataRef<'_, Self>, isa: Isa, effort: Effort) -> Option<Pace> {
        let shape =
            Generated { users: Some(USERS), items: Some(ITEMS), ratings: Some(RATINGS), ..Generated::default() };
        let (worker, ratings) = worker(self.rank, self.adagrad_sums, isa, &shape);
        Some(measure::pace(&worker, measure::Clock { learnt: ratings, judged: ratings, warm_up: 0 }, effort))
    }

    /// Rating updates of a worker's clock.
    fn calibrate(args: &CalibrateArgs, isa: Isa, effort: Effort) -> Result<Option<Calibrated>, Failure> {
        let rank = args.rank;
        let (worker, ratings) = worker(rank, Sums::Entries, isa, &Generated::at_scale(RATINGS_SCALE));
        let mut view = initial_view(&worker);
        Ok(Some(Calibrated {
            rate: clocks(&worker, &mut view, ratings, 0, effort, cpu_seconds),
            is_per_core: true,
            unit: format!("M rating updates/s at rank {rank}"),
            scale: 1e6,
            how: String::new(),
            enter: Box::new(move |kind, rate| {
                kind.mf.rank = rank;
                kind.mf.updates_per_second = rate;
            }),
        }))
    }
}

/// The share of all items that a worker reads.
fn read_share(posed: &Posed<'_, Mf>) -> f64 {
    let (size, machines) = (Mf::size(posed.data), posed.machines.max(1));
    if u64::from(size.owners) + u64::from(size.rows) > MOST_LISTED {
        return share_of_even((size.work + size.held_out) as f64 / f64::from(machines), size.rows);
    }
    let config = match posed.data {
        DataRef::Generated(config) => *config,
        // As if popularity were distributed as in Netflix.
        DataRef::File(_) => {
            let (users, items) = (Some(size.owners), Some(size.rows));
            Generated { users, items, ratings: Some(size.work + size.held_out), ..Default::default() }
        }
    };
    let whole = Generated { held_out: 0.0, ..config };
    remembered(format!("{whole:?} {machines}"), || ratings::generate::touched_share(&whole, SEED, machines, 1))
}

/// A worker that holds all ratings, and the number of ratings that it learns from.
fn worker(rank: u32, adagrad_sums: Sums, isa: Isa, shape: &Generated) -> (MfWorker, u64) {
    let config = Mf { rank, adagrad_sums, ..Mf::default() };
    let ratings = ratings::generate::generate(shape, measure::SEED);
    let parts = ratings::partition::partition(&ratings, &[1], ratings::partition::Split::Even);
    let worker = MfWorker::new(&parts[0], WholeData::of(&ratings, &config), config, measure::SEED, isa);
    (worker, ratings.train.len() as u64)
}
