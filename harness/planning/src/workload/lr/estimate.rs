//! The resources of logistic regression on this host: amounts of work and data, memory, and the measured speed of one core.

use datasets::sparse;
use datasets::sparse::config::Generated;
use datasets::sparse::generate::FLAT_HEAD;
use gaia_core::simd::{Isa, LANES};
use gaia_core::workload::lr::config::Lr;
use gaia_core::workload::lr::worker::{LrWorker, WholeData};
use record::failure::Failure;

use crate::calibrate::args::CalibrateArgs;
use crate::calibrate::measure::{self, Effort, Pace, clocks, cpu_seconds, initial_view};
use crate::workload::estimated::Estimated;
use crate::workload::kind::{Amounts, Calibrated, Costs, DataRef, Footprint, Posed, WorkloadKind};
use crate::workload::shares::{Shares, between};

/// Bytes per value, and per example, of the data set.
const VALUE_BYTES: f64 = 8.0;
const EXAMPLE_BYTES: f64 = 9.0;
/// Bytes of a group of values in the workers' order, and per example.
const GROUP_BYTES: f64 = (LANES * 8 + 8) as f64;
const ORDERED_EXAMPLE_BYTES: f64 = 20.0;

/// As measured over the first 120 clocks of `experiments/lr.yaml` with constant thresholds.
const SIGNIFICANT: Shares =
    [(0.0001, 0.82), (0.0005, 0.80), (0.001, 0.77), (0.005, 0.58), (0.01, 0.46), (0.05, 0.21), (0.1, 0.14)];

impl Estimated for Lr {
    /// As for the counts of topics, whose rows are as small. Not measured of its own.
    const COSTS: Costs = Costs { read: 9.0, packed: 0.0, mirrored: 12.0, crowd: 1.0, passes: 60.0 };

    fn amounts(&self, posed: &Posed<'_, Self>) -> Amounts {
        let size = Lr::size(posed.data);
        let model = self.parameters(posed.data);
        let popularity = match posed.data {
            DataRef::Generated(config) => config.popularity,
            // As generated data have it.
            DataRef::File(_) => Generated::default().popularity,
        };
        let drawn = Drawn {
            features: size.rows,
            popularity,
            examples: f64::from(size.owners) / f64::from(posed.machines.max(1)),
            per_example: size.work as f64 / f64::from(size.owners.max(1)),
        };
        Amounts {
            learnt: size.work as f64 / f64::from(self.clocks_per_pass.max(1)),
            judged: 2.0 * size.work as f64 + size.held_out as f64,
            model,
            declared: model * rows_touched(&drawn, self.weights_per_row),
        }
    }

    fn significant_share(&self, threshold: f64, _: f64) -> f64 {
        between(&SIGNIFICANT, threshold)
    }

    fn footprint(&self, posed: &Posed<'_, Self>, _: &Amounts) -> Footprint {
        let size = Lr::size(posed.data);
        let owners = f64::from(size.owners);
        let per_example = size.work as f64 / owners.max(1.0);
        let groups = (per_example / LANES as f64).ceil();
        Footprint {
            libraries: 0.0,
            data: (size.work + size.held_out) as f64 * VALUE_BYTES + owners * EXAMPLE_BYTES,
            ordered: owners * (groups * GROUP_BYTES + ORDERED_EXAMPLE_BYTES),
            state: 0.0,
            rows: 2.8,
            rows_apart: 1.2,
            in_flight: 4.0,
        }
    }

    fn pace_key(&self, _: DataRef<'_, Self>) -> Option<String> {
        Some("lr".to_owned())
    }

    /// Measured seconds per value of one core.
    fn pace(&self, _: DataRef<'_, Self>, isa: Isa, effort: Effort) -> Option<Pace> {
        let (worker, values) = worker(isa);
        Some(measure::pace(&worker, measure::Clock { learnt: values, judged: values, warm_up: 0 }, effort))
    }

    /// Values of a worker's clock.
    fn calibrate(_: &CalibrateArgs, isa: Isa, effort: Effort) -> Result<Option<Calibrated>, Failure> {
        let (worker, values) = worker(isa);
        let mut view = initial_view(&worker);
        Ok(Some(Calibrated {
            rate: clocks(&worker, &mut view, values, 0, effort, cpu_seconds),
            is_per_core: true,
            unit: "M values/s of sparse examples".into(),
            scale: 1e6,
            how: String::new(),
            enter: Box::new(|kind, rate| kind.lr.values_per_second = rate),
        }))
    }
}

/// The examples of one machine, as far as they decide which rows it touches.
struct Drawn {
    features: u32,
    /// Exponent of the power law of the features' popularity.
    popularity: f64,
    examples: f64,
    /// Values per example, on average: at most half of the features.
    per_example: f64,
}

/// The share of rows of `width` weights in which a machine's examples have a value, with features in any order. An example has each
/// feature once, so that popular ones are drawn less often than by their weight: the scale of the weights follows from
/// the number of values per example.
fn rows_touched(drawn: &Drawn, width: u32) -> f64 {
    /// The most popularities that are computed one by one. Of more features, an evenly spaced sample is.
    const LISTED: u32 = 10_000;
    let Drawn { features, popularity, examples, per_example } = *drawn;
    let step = features.div_ceil(LISTED).max(1);
    let weights: Vec<f64> =
        (0..features).step_by(step as usize).map(|rank| (f64::from(rank) + FLAT_HEAD).powf(-popularity)).collect();
    let count = weights.len().max(1) as f64;
    let absent = |scale: f64| weights.iter().map(|weight| (-scale * weight).exp()).sum::<f64>() / count;
    let wanted = 1.0 - per_example / f64::from(features.max(1));
    let (mut low, mut high) = (0.0, 1.0);
    while absent(high) > wanted && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if absent(middle) > wanted { low = middle } else { high = middle }
    }
    1.0 - absent(high * examples).powf(f64::from(width.min(features)))
}

/// A worker that holds all of a generated set of the default size, and the number of its values.
fn worker(isa: Isa) -> (LrWorker, u64) {
    let examples = sparse::generate::generate(&Generated::default(), measure::SEED);
    let parts = sparse::partition::partition(&examples, &[1], sparse::partition::Split::Even);
    let whole = WholeData::of(&examples, 1);
    let worker = LrWorker::new(&examples, &parts[0], whole, Lr::default(), measure::SEED, isa);
    (worker, examples.train.nonzeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_rows_touched_is_near_what_workers_declare() {
        let config = Generated { examples: 4_000, features: 20_000, nonzeros: 20.0, ..Generated::default() };
        let examples = sparse::generate::generate(&config, 3);
        for machines in [2, 8] {
            let parts = sparse::partition::partition(&examples, &[machines], sparse::partition::Split::Even);
            let lr = Lr { weights_per_row: 4, ..Lr::default() };
            let whole = WholeData::of(&examples, machines);
            let worker = LrWorker::new(&examples, &parts[0], whole, lr, 1, Isa::Scalar);
            let declared = initial_view(&worker).len() as f64 / (20_000.0 + 4.0);
            let drawn = Drawn {
                features: 20_000,
                popularity: config.popularity,
                examples: examples.train.len() as f64 / f64::from(machines),
                per_example: examples.train.nonzeros() as f64 / examples.train.len() as f64,
            };
            let estimated = rows_touched(&drawn, 4);
            assert!((estimated / declared - 1.0).abs() < 0.15, "{machines}: {estimated} of {declared}");
        }
    }
}
