//! Image classification by convolutional networks. Its learning runs on libtorch, in a build that has it.

mod deal;
mod estimate;
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
use datasets::images::partition;
use datasets::images::{self, ImageShape, Images};
use emulator::time::Duration;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::workload::ic::architecture::{Architecture, Extent};
use gaia_core::workload::ic::config::{Ic, Measure};
use gaia_core::workload::ic::networks::{UnfitImages, architecture};
use record::failure::Failure;
use record::results::Better;
use record::results::metrics::SHARE;
use record::say;
use serde::{Deserialize, Serialize};

use self::deal::parts;
use super::kind::{DataRef, Dealt, Judge, Metric, Number, Posed, Size, Spoilt, TooManyPixels, WorkloadKind};
use super::out_of_bounds;
use super::split::{Skew, SkewBy, Skews, Split};

/// The size of ILSVRC2012_img_train.tar.
const ILSVRC12_BYTES: u64 = 147_897_477_120;

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

impl WorkloadKind for Ic {
    type Change = Change;
    type Generated = Generated;
    type File = File;
    type Set = Images;
    type Deal = partition::Split;
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

    fn clocks_mut(&mut self) -> &mut u32 {
        &mut self.clocks_per_pass
    }

    fn in_parts(self, parts: u32) -> Self {
        let evaluation = Measure { every_clocks: self.evaluation.every_clocks * parts, ..self.evaluation };
        Ic { clocks_per_pass: self.clocks_per_pass * parts, evaluation, ..self }
    }

    fn deal(split: Split) -> Result<partition::Split, Vec<FieldError>> {
        use partition::SkewBy as By;
        let known = &[Skew { asked: SkewBy::Labels, own: By::Labels }, Skew { asked: SkewBy::Sizes, own: By::Sizes }];
        Skews { known, workload: Self::NAME, data: "images" }.terms(split)
    }

    fn fits(&self, data: DataRef<'_, Self>) -> Result<(), FieldError> {
        network(self, data).map(drop).map_err(|error| FieldError { field: "network", says: error.to_string() })
    }

    fn at_scale(scale: Option<f64>) -> Result<Generated, &'static str> {
        match scale {
            None => Ok(Generated::default()),
            Some(_) => Err("images have none; a spec's `generated-images` gives their shape and number"),
        }
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
    fn judge<'a>(&'a self, _: &'a Images) -> Judge<'a> {
        Box::new(|seen| {
            let root = seen.root_mean(0);
            vec![1.0 - root * root]
        })
    }

    fn still_sound(set: &Images) -> Result<(), Spoilt> {
        [&set.train, &set.test].into_iter().try_for_each(usable)
    }

    fn replaced(set: &Images) -> Vec<String> {
        [&set.train, &set.test].into_iter().flat_map(|split| split.pixels.skipped()).collect()
    }
}
