//! Training on images, in a build with libtorch: the learning of machines, and measurements.

use std::sync::Arc;
use std::time::Instant;

use datasets::images::config::Generated;
use datasets::images::generate::generate;
use datasets::images::partition::{Split, partition};
use datasets::images::{ImageShape, ImageSplit, Images};
use gaia_core::workload::ic::config::{Ic, Measure, NetworkName};
use gaia_core::workload::ic::device::DeviceChoice;
use gaia_core::workload::ic::torch::device::Device;
use gaia_core::workload::ic::torch::worker::{IcWorker, WholeImages};

use record::failure::Failure;

use super::deal::parts;
use crate::calibrate::args::CalibrateArgs;
use crate::calibrate::measure::{self, Effort, Pace, SEED, clocks, cpu_seconds, initial_view};
use crate::workload::device;
use crate::workload::kind::{Calibrated, Dealt};

/// The learning of a machine.
pub(super) type Learner = IcWorker;

/// Number of images of an evaluation.
const JUDGED: u32 = 64;
/// Steps of a clock on a GPU: bringing the parameters there and back once per clock is then a small part of it.
const STEPS_ON_A_GPU: u32 = 8;

pub(super) fn learners(config: Ic, set: &Images, dealt: &Dealt<'_>, device: &device::Device) -> Vec<Arc<IcWorker>> {
    let parts = parts(set, dealt);
    let whole = WholeImages::new(set, parts.len() as u32, config, dealt.seed, device.clone());
    let whole = whole.expect("that the network takes the images was checked");
    parts.into_iter().map(|part| Arc::new(IcWorker::new(whole.clone(), part))).collect()
}

/// A worker's steps on the device of the command line: on the CPU one thread's, by its time on a processor; on a GPU the whole
/// machine's, by the wall clock.
///
/// # Errors
/// Returns an error if the device that was asked for is not here.
pub(super) fn calibrate(args: &CalibrateArgs, effort: Effort) -> Result<Option<Calibrated>, Failure> {
    let asked = &args.images;
    let (device, _) = Device::open(asked.device).map_err(|error| Failure::input(format!("--device: {error}")))?;
    let is_gpu = device.memory().is_some();
    let (name, steps) = (device.name(), if is_gpu { STEPS_ON_A_GPU } else { 1 });
    let (network, batch) = (asked.network, asked.batch);
    let config = Ic {
        network,
        batch,
        clocks_per_pass: 1,
        learning_rate: 0.001,
        evaluation: Measure { every_clocks: u32::MAX, train_images: 1, test_images: 0 },
        ..Ic::default()
    };
    let images = images(network, steps * batch);
    let whole = WholeImages::new(&images, 1, config, SEED, device).expect("images are made for the network");
    let multiplications = whole.architecture().multiplications();
    let worker = IcWorker::new(whole, partition(&images, &[1], Split::Even).swap_remove(0));
    let (mut view, work, began) = (initial_view(&worker), u64::from(steps * batch), Instant::now());
    let rate = if is_gpu {
        clocks(&worker, &mut view, work, 1, effort, || began.elapsed().as_secs_f64())
    } else {
        clocks(&worker, &mut view, work, 1, effort, cpu_seconds)
    };
    let timed = if is_gpu { "seconds of the wall clock" } else { "on one thread" };
    Ok(Some(Calibrated {
        rate,
        is_per_core: !is_gpu,
        unit: format!("images/s of {} in batches of {batch} on {name}", network.name()),
        scale: 1.0,
        how: format!("ic: {} in batches of {batch} on {name}, {timed}", network.name()),
        enter: Box::new(move |kind, rate| {
            kind.ic.billion_multiplications = measure::four_digits(multiplications as f64 / 1e9);
            kind.ic.images_per_second = rate;
        }),
    }))
}

/// Seconds per image of a network on one core.
pub(super) fn pace(ic: Ic, shape: ImageShape, classes: u32, effort: Effort) -> Option<Pace> {
    let (device, _) = Device::open(DeviceChoice::Cpu).ok()?;
    let judged = JUDGED.max(ic.batch);
    let evaluation = Measure { every_clocks: u32::MAX, train_images: judged, test_images: 0 };
    let config = Ic { clocks_per_pass: judged.div_ceil(ic.batch), evaluation, ..ic };
    let images = images_of(shape, classes, judged);
    let whole = WholeImages::new(&images, 1, config, SEED, device).ok()?;
    let worker = IcWorker::new(whole, partition(&images, &[1], Split::Even).swap_remove(0));
    let clock = measure::Clock { learnt: u64::from(ic.batch), judged: u64::from(judged), warm_up: 1 };
    Some(measure::pace(&worker, clock, effort))
}

/// Images of the network's shape, in memory.
fn images(network: NetworkName, count: u32) -> Images {
    let (side, classes) = if network == NetworkName::GoogLeNet { (224, 1000) } else { (32, 10) };
    images_of(ImageShape { channels: 3, height: side, width: side }, classes, count)
}

fn images_of(shape: ImageShape, classes: u32, count: u32) -> Images {
    let ImageShape { channels, height, width } = shape;
    let shape = Generated { classes, channels, height, width, train: count, test: 1, ..Generated::default() };
    let made = generate(&shape, SEED);
    let mut pixels = vec![0; made.train.len() * made.shape.bytes()];
    made.train.pixels.read(&(0..count).collect::<Vec<_>>(), &mut pixels);
    let train = ImageSplit::in_memory(made.train.labels.to_vec(), pixels, made.shape);
    Images { train, ..made }
}
