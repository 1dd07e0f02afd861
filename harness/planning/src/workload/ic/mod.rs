//! Image classification by convolutional networks. Its learning runs on libtorch, in a build that has it.

mod deal;
mod paper;
#[cfg(feature = "torch")]
mod torch;
#[cfg(not(feature = "torch"))]
#[path = "without_torch.rs"]
mod torch;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use datasets::field::FieldError;
use datasets::images::config::Generated;
use datasets::images::load::{EXPECTED, LoadError, Loaded, Options, load};
use datasets::images::{self, ImageShape, Images};
use emulator::time::Duration;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::simd::Isa;
use gaia_core::workload::ic::architecture::{Architecture, Extent};
use gaia_core::workload::ic::config::{Ic, Measure};
use gaia_core::workload::ic::networks::{UnfitImages, architecture};
use record::failure::Failure;
use record::results::Better;
use record::results::metrics::SHARE;
use record::say;
use serde::{Deserialize, Serialize};

use self::deal::{parts, terms};
use super::kind::{
    Amounts, Calibrated, Costs, DataRef, Dealt, FLOAT_BYTES, Footprint, Metric, Number, Posed, Seen, Size, Spoilt,
    TooManyPixels, WorkloadKind,
};
use super::out_of_bounds;
use super::shares::{Shares, between};
use super::split::Split;
use crate::calibrate::args::CalibrateArgs;
use crate::calibrate::measure::{Effort, Pace};

/// The size of ILSVRC2012_img_train.tar.
const ILSVRC12_BYTES: u64 = 147_897_477_120;

/// Bytes that libtorch allocates when it trains.
const LIBTORCH_BYTES: f64 = 110e6;

/// Significant updates of networks are scattered; parameters of many workers evict one another from the caches.
const COSTS: Costs = Costs { read: 9.0, packed: 0.0, mirrored: 12.0, crowd: 1.35, passes: 5.0 };

/// As measured for Figure 5 (`results/reference/fig5`).
const SIGNIFICANT: Shares =
    [(0.0001, 0.43), (0.0005, 0.15), (0.001, 0.087), (0.005, 0.022), (0.01, 0.012), (0.05, 0.0027), (0.1, 0.0013)];

/// The settings that a cell may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Change {
    /// In place of the spec's.
    pub learning_rate: Option<f64>,
}

/// Images that were read from a file or folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct File {
    /// The hash of the images by datasets, in hexadecimal: their pixels, or names and lengths of files too large for memory.
    pub hash: String,
    /// The shape of every image.
    pub shape: ImageShape,
    /// The number of classes.
    pub classes: u32,
    /// Images to learn from.
    pub train: u32,
    /// Images to test on.
    pub test: u32,
}

/// The shape of every image, and the number of classes.
fn shape(data: DataRef<'_, Ic>) -> (ImageShape, u32) {
    match data {
        DataRef::Generated(config) => (config.shape(), config.classes),
        DataRef::File(file) => (file.shape, file.classes),
    }
}

/// Whether enough of the images that were read so far could be decoded.
fn usable(split: &images::ImageSplit) -> Result<(), Spoilt> {
    split.pixels.failure().map_or(Ok(()), |error| Err(Spoilt(error)))
}

/// The network that learns from these images.
fn network(ic: &Ic, data: DataRef<'_, Ic>) -> Result<Architecture, UnfitImages> {
    let (shape, classes) = shape(data);
    let [channels, height, width] = [shape.channels, shape.height, shape.width].map(|n| n as usize);
    architecture(ic, Extent { channels, height, width }, classes as usize)
}

/// Evaluations per clock, with one every `every` clocks, one at the start and one at the end.
fn evaluations(posed: &Posed<'_, Ic>, every: u32) -> f64 {
    match posed.clocks {
        Some(clocks) => f64::from(1 + clocks.div_ceil(every)) / f64::from(clocks.max(1)),
        None => 1.0 / f64::from(every),
    }
}

impl WorkloadKind for Ic {
    type Change = Change;
    type Generated = Generated;
    type File = File;
    type Set = Images;
    type LoadError = LoadError;
    type Learner = torch::Learner;

    const NAME: &'static str = "ic";
    const TITLE: &'static str = "image classification";
    const ABOUT: &'static str =
        "image classification by convolutional networks on libtorch, of images (feature `torch`)";
    const DATA: &'static str = "images";
    const OWNERS: &'static str = "images to learn from";
    const GENERATED: &'static str = "generated-images";
    const FORMATS: &'static [(&'static str, &'static str)] = &[
        (
            "generated-images",
            "labelled images of any shape and number (`data: { generated-images: { classes: 10, height: 32, width: 32 } }`)",
        ),
        ("CIFAR-10", "`data_batch_*.bin` and `test_batch.bin`"),
        ("MNIST", "`train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, and the two of `t10k`"),
        (
            "JPEG by class",
            "`train/<class>/*.jpg` and `test/<class>/*.jpg` (or `val/`), as ImageNet by WordNet id; or `<class>/*.jpg`",
        ),
        (
            "ILSVRC12, Tiny-ImageNet",
            "the same, with `val/` listed in `LOC_val_solution.csv` or `val/val_annotations.txt`",
        ),
    ];
    const ENDING: &'static str = "images";
    const SEEDED: bool = false;
    const METRICS: &'static [Metric] = &[Metric { name: "test_accuracy", unit: SHARE, better: Better::Higher }];
    const RATES: &'static [&'static str] = &["ic.images-per-second"];
    const NEEDS_LIBTORCH: bool = true;
    const SMALLER: [&'static str; 2] = ["a smaller `workload.ic.network` or fewer machines"; 2];
    const PAPER_BYTES: u64 = ILSVRC12_BYTES;

    fn check(&self) -> Vec<FieldError> {
        let errors = Ic::check(self);
        errors.iter().map(|error| out_of_bounds(error.field, error.found, error.expected)).collect()
    }

    fn changed(self, change: Change) -> Self {
        Ic { learning_rate: change.learning_rate.unwrap_or(self.learning_rate), ..self }
    }

    fn clocks_per_pass(&self) -> u32 {
        self.clocks_per_pass
    }

    fn in_parts(self, parts: u32) -> Self {
        let evaluation = Measure { every_clocks: self.evaluation.every_clocks * parts, ..self.evaluation };
        Ic { clocks_per_pass: self.clocks_per_pass * parts, evaluation, ..self }
    }

    fn check_split(split: Split) -> Result<(), Vec<FieldError>> {
        terms(split).map(drop)
    }

    fn fits(&self, data: DataRef<'_, Self>) -> Result<(), FieldError> {
        network(self, data).map(drop).map_err(|error| FieldError { field: "network", says: error.to_string() })
    }

    fn check_generated(config: &Generated) -> Vec<FieldError> {
        config.check()
    }

    fn at_scale(scale: Option<f64>) -> Result<Generated, &'static str> {
        match scale {
            None => Ok(Generated::default()),
            Some(_) => Err("images have none; a spec's `generated-images` gives their shape and number"),
        }
    }

    fn generate(config: &Generated, seed: u64) -> Images {
        images::generate::generate(config, seed)
    }

    fn load(path: &Path, _: u64) -> Result<Images, LoadError> {
        let Loaded { images, skipped } = load(path, &Options::default())?;
        if !skipped.is_empty() {
            say::err(&format!("{}: {} images cannot be used and are skipped:", path.display(), skipped.len()));
            skipped.iter().for_each(|image| say::err(&format!("  {image}")));
        }
        Ok(images)
    }

    fn is_other(error: &LoadError) -> bool {
        matches!(error, LoadError::Unknown { .. })
    }

    fn found(error: &LoadError) -> Option<&str> {
        match error {
            LoadError::Unknown { found, .. } => Some(found),
            _ => None,
        }
    }

    fn formats() -> String {
        EXPECTED.to_owned()
    }

    fn name(set: &Images) -> &str {
        &set.name
    }

    fn hash(set: &Images) -> &[u8; 32] {
        &set.hash
    }

    fn described(set: &Images, hash: String) -> File {
        let [train, test] = [&set.train, &set.test].map(|split| split.len() as u32);
        File { hash, shape: set.shape, classes: set.classes.len() as u32, train, test }
    }

    fn in_numbers(set: &Images) -> String {
        let (classes, train, test, shape) = (set.classes.len(), set.train.len(), set.test.len(), set.shape);
        format!("{classes} classes, {train} images to learn from, {test} to test on, {shape}")
    }

    fn may_write(set: &Images) -> Result<(), TooManyPixels> {
        let (bytes, most) = (images::cache::pixel_bytes(set), Options::default().memory_bytes);
        if bytes <= most { Ok(()) } else { Err(TooManyPixels { bytes, most }) }
    }

    fn write(set: &Images, _: Option<&Path>, out: &Path) -> Result<(), Failure> {
        images::cache::write_cache(set, out).map_err(Failure::run)
    }

    /// Images that are decoded when they are read show only then whether they can be.
    fn verify(set: &Images) -> Result<(), Spoilt> {
        /// Images that are read at a time.
        const BATCH: usize = 256;
        let mut buffer = vec![0; BATCH * set.shape.bytes()];
        for split in [&set.train, &set.test] {
            let numbers: Vec<u32> = (0..split.len() as u32).collect();
            for batch in numbers.chunks(BATCH) {
                split.pixels.read(batch, &mut buffer[..batch.len() * set.shape.bytes()]);
            }
            split.pixels.skipped().iter().for_each(|image| say::err(&format!("cannot be used: {image}")));
            usable(split)?;
        }
        Ok(())
    }

    fn size(data: DataRef<'_, Self>) -> Size {
        let (train, test) = match data {
            DataRef::Generated(config) => (config.train, config.test),
            DataRef::File(file) => (file.train, file.test),
        };
        Size { owners: train, rows: 0, work: u64::from(train), held_out: u64::from(test) }
    }

    fn parameters(&self, data: DataRef<'_, Self>) -> f64 {
        network(self, data).map_or(0.0, |network| network.floats() as f64)
    }

    /// The network determines a clock's time, and similitude gives it the paper's bytes and work.
    fn has_paper_shape(data: DataRef<'_, Self>, stands: bool) -> bool {
        matches!(data, DataRef::Generated(_)) && stands
    }

    /// A byte per pixel and channel: there is no file of them.
    fn raw_bytes(config: &Generated, _: Size) -> u64 {
        u64::from(config.train) * config.shape().bytes() as u64
    }

    fn similitude(&self, data: DataRef<'_, Self>) -> Option<Similitude> {
        let network = network(self, data).expect("that the network takes the images was checked");
        Some(paper::similitude(self, &network))
    }

    fn numbers(&self, posed: &Posed<'_, Self>) -> Vec<Number> {
        network(self, posed.data).map_or_else(|_| Vec::new(), |network| paper::numbers(self, posed, &network))
    }

    fn check_rates(kind: &MachineKind, within: &mut dyn FnMut(&str, f64, f64, f64)) {
        within("ic.billion-multiplications", kind.ic.billion_multiplications, super::MIN_RATE, 1e6);
        within("ic.images-per-second", kind.ic.images_per_second, super::MIN_RATE, 1e9);
    }

    fn clock(&self, posed: &Posed<'_, Self>, kind: &MachineKind) -> Option<(&'static str, Duration)> {
        let network = network(self, posed.data).ok()?;
        let each = u64::from(Self::size(posed.data).owners) / u64::from(posed.machines.max(1));
        let images = u64::from(self.steps_per_clock(each as usize) * self.batch);
        Some(("ic.images-per-second", kind.ic(&posed.similitude, images, network.multiplications())))
    }

    fn calibrate(args: &CalibrateArgs, _: Isa, effort: Effort) -> Result<Option<Calibrated>, Failure> {
        torch::calibrate(args, effort)
    }

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

    fn costs(&self) -> Costs {
        COSTS
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

    fn held(set: &Images, dealt: &Dealt<'_>) -> Vec<u64> {
        parts(set, dealt).iter().map(|part| part.train.len() as u64).collect()
    }

    fn learners(
        self,
        set: &Images,
        dealt: &Dealt<'_>,
    ) -> Result<Vec<Arc<Self::Learner>>, Box<dyn Error + Send + Sync>> {
        let device = dealt.device.expect("a command with networks opens a device first");
        Ok(torch::learners(self, set, dealt, device))
    }

    /// The bits of the root of the share of errors are those of schema 3's column `held_out_rmse`, of which this is 1 less the square.
    fn judge(&self, _: &Images, seen: &Seen<'_>) -> Vec<f64> {
        let root = seen.root_mean(0);
        vec![1.0 - root * root]
    }

    fn still_sound(set: &Images) -> Result<(), Spoilt> {
        [&set.train, &set.test].into_iter().try_for_each(usable)
    }

    fn replaced(set: &Images) -> Vec<String> {
        [&set.train, &set.test].into_iter().flat_map(|split| split.pixels.skipped()).collect()
    }
}
