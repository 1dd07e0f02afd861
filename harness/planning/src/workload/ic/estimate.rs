//! The resources of image classification on this host: amounts of work and data, memory, and the measured speed of one core.

use datasets::images::ImageShape;
use datasets::images::load::Options;
use gaia_core::simd::Isa;
use gaia_core::workload::ic::config::Ic;
use record::failure::Failure;

use super::{File, shape, torch};
use crate::calibrate::args::CalibrateArgs;
use crate::calibrate::measure::{Effort, Pace};
use crate::workload::estimated::Estimated;
use crate::workload::kind::{Amounts, Calibrated, Costs, DataRef, FLOAT_BYTES, Footprint, Posed, WorkloadKind};
use crate::workload::shares::{Shares, between};

/// Bytes that libtorch allocates when it trains.
const LIBTORCH_BYTES: f64 = 110e6;

/// As measured for Figure 5 (`results/reference/fig5`).
const SIGNIFICANT: Shares =
    [(0.0001, 0.43), (0.0005, 0.15), (0.001, 0.087), (0.005, 0.022), (0.01, 0.012), (0.05, 0.0027), (0.1, 0.0013)];

/// Evaluations per clock, with one every `every` clocks, one at the start and one at the end.
fn evaluations(posed: &Posed<'_, Ic>, every: u32) -> f64 {
    match posed.clocks {
        Some(clocks) => f64::from(1 + clocks.div_ceil(every)) / f64::from(clocks.max(1)),
        None => 1.0 / f64::from(every),
    }
}

impl Estimated for Ic {
    /// Significant updates of networks are scattered; parameters of many workers evict one another from the caches.
    const COSTS: Costs = Costs { read: 9.0, packed: 0.0, mirrored: 12.0, crowd: 1.35, passes: 5.0 };

    fn amounts(&self, posed: &Posed<'_, Self>) -> Amounts {
        let (size, machines) = (Self::size(posed.data), f64::from(posed.machines.max(1)));
        let each = (f64::from(size.owners) / machines) as usize;
        let measure = self.evaluation;
        let test = f64::from(measure.test_images).min(size.held_out as f64 / machines);
        let judged = f64::from(measure.train_images.min(each as u32)) + test;
        let model = self.parameters(posed.data);
        Amounts {
            learnt: machines * f64::from(self.steps_per_clock(each) * self.batch),
            judged: 2.0 * machines * judged * evaluations(posed, measure.every_clocks),
            model,
            declared: model,
        }
    }

    fn significant_share(&self, threshold: f64, _: f64) -> f64 {
        between(&SIGNIFICANT, threshold)
    }

    fn footprint(&self, posed: &Posed<'_, Self>, amounts: &Amounts) -> Footprint {
        // Generated images are made when they are read.
        let data = match posed.data {
            DataRef::Generated(_) => 0.0,
            DataRef::File(File { shape, train, test, .. }) => {
                let whole = (f64::from(*train) + f64::from(*test)) * shape.bytes() as f64;
                whole.min(Options::default().memory_bytes as f64)
            }
        };
        Footprint {
            libraries: LIBTORCH_BYTES,
            data,
            ordered: 0.0,
            // Momentum.
            state: f64::from(posed.machines) * amounts.model * FLOAT_BYTES,
            rows: 2.8,
            rows_apart: 1.2,
            in_flight: 4.0,
        }
    }

    fn pace_key(&self, data: DataRef<'_, Self>) -> Option<String> {
        let (ImageShape { channels, height, width }, classes) = shape(data);
        let (network, norm, batch) = (self.network.name(), self.norm, self.batch);
        Some(format!(
            "ic by {network} with {norm:?} on {channels} x {height} x {width}, {classes} classes, batches of {batch}"
        ))
    }

    fn pace(&self, data: DataRef<'_, Self>, _: Isa, effort: Effort) -> Option<Pace> {
        let (shape, classes) = shape(data);
        torch::pace(*self, shape, classes, effort)
    }

    fn calibrate(args: &CalibrateArgs, _: Isa, effort: Effort) -> Result<Option<Calibrated>, Failure> {
        torch::calibrate(args, effort)
    }
}
