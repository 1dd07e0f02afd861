//! Image classification as a workload: all parameters are in the parameter server, momentum stays with the worker.
//!
//! The objective is the training loss (cross entropy in nats, weight decay and auxiliary heads left out), summed over images:
//! a worker measures it on a sample of its own and scales it to all of them. Test images are dealt round the workers; of
//! those a worker reports how many it gets wrong, which is the sum of squared errors of a classifier's 0 or 1.

use std::sync::Arc;

use datasets::images::partition::Partition;
use datasets::images::{ImageSplit, Images};
use emulator::random::stream;
use emulator::time::Duration;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

use super::super::architecture::{Architecture, Extent, WIDTH};
use super::super::config::Ic;
use super::super::initial::initial;
use super::super::networks::{UnfitImages, architecture};
use super::device::{Cuda, Device, Phase};
use super::network::{Arrays, Batch, Draws, Step, TorchNetwork};
use super::state::Array;
pub use super::state::IcState;
use crate::layout::Layout;
use crate::rates::{MachineKind, Similitude};
use crate::workload::traits::{Evaluation, MetricPart, Workload};

/// Images that the mean and deviation of pixels are taken of.
const MOMENTS_OF: usize = 10_000;

/// Images judged at once.
const JUDGED: usize = 256;

/// Batches brought to a device at once, at most.
const BROUGHT: usize = 8;

/// The state that all workers of a process share: the data, the network and its device.
pub struct WholeImages {
    config: Ic,
    images: Images,
    workers: u32,
    seed: u64,
    architecture: Arc<Architecture>,
    network: TorchNetwork,
    device: Arc<Device>,
}

/// One worker's images and settings.
pub struct IcWorker {
    whole: Arc<WholeImages>,
    part: Partition,
    declared: Vec<u32>,
    /// Training images that the objective is measured on.
    sample: Vec<u32>,
    /// Test images that this worker judges.
    tests: Vec<u32>,
}

impl WholeImages {
    /// `images` for `workers` workers, on `device`.
    ///
    /// # Errors
    /// Returns an error if the network takes no images of this shape.
    pub fn new(
        images: &Images,
        workers: u32,
        config: Ic,
        seed: u64,
        device: Arc<Device>,
    ) -> Result<Arc<Self>, UnfitImages> {
        let shape = images.shape;
        let [channels, height, width] = [shape.channels, shape.height, shape.width].map(|n| n as usize);
        let built = architecture(&config, Extent { channels, height, width }, images.classes.len())?;
        let architecture = Arc::new(built);
        let moments = images.train.moments(shape, MOMENTS_OF);
        let network = TorchNetwork::new(architecture.clone(), config.channels_last, device.torch, &moments);
        Ok(Arc::new(WholeImages { config, images: images.clone(), workers, seed, architecture, network, device }))
    }

    /// The layers of the network and their parameters.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Pixels and labels of these images, as libtorch takes them.
    fn batch(&self, split: &ImageSplit, images: &[u32], pixels: &mut [u8], labels: &mut [i64]) {
        split.pixels.read(images, pixels);
        for (label, &image) in labels.iter_mut().zip(images) {
            *label = i64::from(split.labels[image as usize]);
        }
    }

    fn shape_of(&self, count: usize) -> [i64; 4] {
        let shape = self.images.shape;
        [count as i64, i64::from(shape.channels), i64::from(shape.height), i64::from(shape.width)]
    }

    /// A batch in this machine's memory.
    fn batch_here(&self, split: &ImageSplit, images: &[u32]) -> Batch {
        let mut pixels = vec![0u8; images.len() * self.images.shape.bytes()];
        let mut labels = vec![0i64; images.len()];
        self.batch(split, images, &mut pixels, &mut labels);
        let images = Tensor::from_data_size(&pixels, &self.shape_of(images.len()), Kind::Uint8);
        Batch { images, labels: Tensor::from_slice(&labels) }
    }
}

impl IcWorker {
    /// Worker number `part.machine`, which holds the images of `part`.
    pub fn new(whole: Arc<WholeImages>, part: Partition) -> Self {
        let measure = whole.config.evaluation;
        let declared = (0..(whole.architecture.floats() / WIDTH) as u32).collect();
        let taken = part.train.len().min(measure.train_images as usize);
        let sample = (0..taken).map(|k| part.train[k * part.train.len() / taken]).collect();
        let own = (part.machine..whole.images.test.len() as u32).step_by(whole.workers as usize);
        let tests = own.take(measure.test_images as usize).collect();
        IcWorker { whole, part, declared, sample, tests }
    }

    fn steps(&self) -> u32 {
        if self.part.train.is_empty() { 0 } else { self.whole.config.steps_per_clock(self.part.train.len()) }
    }

    /// The images of a step, counted from the first of the run: `batch` from an endless row of shuffled passes.
    fn images_of_step(&self, step: u64) -> Vec<u32> {
        let (count, batch) = (self.part.train.len() as u64, u64::from(self.whole.config.batch));
        let mut images = Vec::with_capacity(batch as usize);
        let mut at = step * batch;
        while at < (step + 1) * batch {
            let (pass, within) = (at / count, at % count);
            let take = ((step + 1) * batch - at).min(count - within);
            let order = self.order_of_pass(pass);
            images.extend_from_slice(&order[within as usize..(within + take) as usize]);
            at += take;
        }
        images
    }

    fn order_of_pass(&self, pass: u64) -> Vec<u32> {
        let mut random = stream(self.whole.seed, "ic order", u64::from(self.part.machine));
        random.set_word_pos(u128::from(pass) << 32);
        let mut order = self.part.train.clone();
        for last in (1..order.len()).rev() {
            let other = (u64::from(random.next_u32()) * (last as u64 + 1)) >> 32;
            order.swap(last, other as usize);
        }
        order
    }

    fn step_of(&self, clock: u32) -> Step {
        let config = &self.whole.config;
        let rate = config.learning_rate * config.learning_rate_factor(clock) / f64::from(self.whole.workers);
        Step { rate, momentum: config.momentum, weight_decay: config.weight_decay }
    }

    fn compute_here(&self, clock: u32, state: &mut IcState, view: &mut [f32]) {
        let whole = &*self.whole;
        let device = whole.device.torch;
        let mut arrays = Arrays {
            parameters: parameters_here(view),
            momentum: state.momentum.for_change(device),
            statistics: state.statistics.for_change(device),
        };
        let constants = self.step_of(clock);
        let mut random = stream(whole.seed, "ic dropout", u64::from(self.part.machine));
        let first = u64::from(clock) * u64::from(self.steps());
        for step in first..first + u64::from(self.steps()) {
            let images = self.images_of_step(step);
            let batch = whole.device.timed(Phase::Read, || whole.batch_here(&whole.images.train, &images));
            // A step draws fewer than 2^32 words.
            random.set_word_pos(u128::from(step) << 32);
            let draws = Draws::Own(&mut random);
            whole.device.timed(Phase::Train, || whole.network.step(&mut arrays, &batch, &constants, draws));
        }
    }

    fn compute_on(&self, cuda: &Cuda, clock: u32, state: &mut IcState, view: &mut [f32]) {
        let (whole, device) = (&*self.whole, &*self.whole.device);
        let (batch, bytes) = (whole.config.batch as usize, whole.images.shape.bytes());
        let (steps, constants) = (self.steps() as usize, self.step_of(clock));
        let brought = steps.min(BROUGHT) * batch;
        let mut slot = device.timed(Phase::Queue, || cuda.take_slot(view.len(), brought * bytes, brought));
        device.timed(Phase::Pin, || slot.parameters.here::<f32>(view.len()).copy_from_slice(view));
        device.timed(Phase::Transfer, || slot.parameters.bring(&slot.stream, view.len()));
        let mut kept: Option<Arrays> = None;
        for from in (0..steps).step_by(BROUGHT) {
            let until = (from + BROUGHT).min(steps);
            let first = u64::from(clock) * steps as u64 + from as u64;
            let count = (until - from) * batch;
            device.timed(Phase::Read, || {
                let images: Vec<u32> =
                    (0..until - from).flat_map(|step| self.images_of_step(first + step as u64)).collect();
                let pixels = slot.images.here::<u8>(count * bytes);
                whole.batch(&whole.images.train, &images, pixels, slot.labels.here::<i64>(count));
            });
            device.timed(Phase::Transfer, || {
                slot.images.bring(&slot.stream, count * bytes);
                slot.labels.bring(&slot.stream, count);
            });
            let mut arrays = kept.take().unwrap_or_else(|| Arrays {
                parameters: slot.parameters.there(view.len()),
                momentum: state.momentum.for_change(device.torch),
                statistics: state.statistics.for_change(device.torch),
            });
            let draws = stream(whole.seed, "ic dropout on a device", u64::from(self.part.machine));
            let shared = self.whole.clone();
            let done = cuda.in_turn(move || {
                let began = shared.device.now();
                seed(draws, first);
                let there = slot.images.there(count * bytes).view(shared.shape_of(count));
                let labels = slot.labels.there(count);
                for step in 0..until - from {
                    let (at, batch) = ((step * batch) as i64, batch as i64);
                    let batch = Batch { images: there.narrow(0, at, batch), labels: labels.narrow(0, at, batch) };
                    shared.network.step(&mut arrays, &batch, &constants, Draws::Device);
                }
                slot.stream.mark();
                shared.device.count(Phase::Launch, began);
                (slot, arrays)
            });
            slot = done.0;
            kept = Some(done.1);
            // Others may give the device work while this machine waits for its own.
            device.timed(Phase::Train, || slot.stream.wait_for_mark());
        }
        device.timed(Phase::Transfer, || slot.parameters.fetch(&slot.stream, view.len()));
        device.timed(Phase::Pin, || view.copy_from_slice(slot.parameters.here::<f32>(view.len())));
        cuda.give_back(slot);
    }

    /// Sum of losses and number of wrong answers.
    fn judge(&self, state: &IcState, parameters: &Tensor, split: &ImageSplit, images: &[u32]) -> (f64, u64) {
        let device = &self.whole.device;
        images.chunks(JUDGED).fold((0.0, 0), |(loss, wrong), images| {
            let batch = self.whole.batch_here(split, images);
            let (parameters, statistics) = (parameters.shallow_clone(), state.statistics.on(device.torch));
            let whole = self.whole.clone();
            let judge = move || {
                let batch = batch.on(whole.device.torch);
                whole.network.judge(&parameters.to_device(whole.device.torch), &statistics, &batch)
            };
            let (more_loss, more_wrong) = match &device.cuda {
                None => judge(),
                Some(cuda) => cuda.in_turn(judge),
            };
            (loss + more_loss, wrong + more_wrong)
        })
    }
}

/// Seeds a device's generator with draw number `index` of a stream; in this machine's turn.
fn seed(mut random: ChaCha8Rng, index: u64) {
    random.set_word_pos(u128::from(index) * 2);
    tch::Cuda::manual_seed(random.next_u64());
}

/// The worker's copy of all rows as a tensor: no copy is made.
fn parameters_here(view: &mut [f32]) -> Tensor {
    let length = [view.len() as i64];
    // SAFETY: the tensor does not outlive the call that borrows `view`, and nothing else touches the floats meanwhile.
    unsafe { Tensor::from_blob(view.as_mut_ptr().cast::<u8>(), &length, &[1], Kind::Float, tch::Device::Cpu) }
}

impl Workload for IcWorker {
    type State = IcState;

    fn layout(&self) -> Layout {
        self.whole.architecture.layout()
    }

    fn declared_rows(&self) -> &[u32] {
        &self.declared
    }

    fn initial_row(&self, row: u32, values: &mut [f32]) {
        let first = row as usize * WIDTH;
        initial(&self.whole.architecture, self.whole.seed, first..first + values.len(), values);
    }

    fn initial_state(&self) -> IcState {
        let architecture = &self.whole.architecture;
        IcState {
            momentum: Array::new(&vec![0.0; architecture.floats()]),
            statistics: Array::new(&architecture.initial_statistics()),
        }
    }

    fn compute(&self, clock: u32, state: &mut IcState, view: &mut [f32]) {
        tch::set_num_threads(1);
        match &self.whole.device.cuda {
            None => self.compute_here(clock, state, view),
            Some(cuda) => self.compute_on(cuda, clock, state, view),
        }
    }

    fn evaluates(&self, clock: u32) -> bool {
        clock.is_multiple_of(self.whole.config.evaluation.every_clocks)
    }

    fn evaluate(&self, state: &IcState, view: &[f32]) -> Evaluation {
        tch::set_num_threads(1);
        let images = &self.whole.images;
        let parameters = Tensor::from_slice(view);
        let (loss, _) = self.judge(state, &parameters, &images.train, &self.sample);
        let (_, wrong) = self.judge(state, &parameters, &images.test, &self.tests);
        let scale = self.part.train.len() as f64 / self.sample.len().max(1) as f64;
        // One metric: test images whose class is predicted wrongly.
        let errors = MetricPart { sum: wrong as f64, count: self.tests.len() as u64 };
        Evaluation { objective: loss * scale, ..Evaluation::default() }.with_metrics(&[errors])
    }

    fn duration(&self, _: u32, kind: &MachineKind, similitude: &Similitude) -> Duration {
        let images = u64::from(self.steps()) * u64::from(self.whole.config.batch);
        kind.ic(similitude, images, self.whole.architecture.multiplications())
    }

    fn clocks_per_pass(&self) -> u32 {
        self.whole.config.clocks_per_pass
    }

    fn learning_rate_factor(&self, clock: u32) -> f64 {
        self.whole.config.learning_rate_factor(clock)
    }
}
