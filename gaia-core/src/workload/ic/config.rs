//! Settings of image classification in a plan.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest batch of a worker.
const MAX_BATCH: u32 = 4096;
/// The most clocks between two evaluations: as many as a run may have.
const MAX_EVERY_CLOCKS: u32 = 1_000_000;

/// Image classification by a convolutional network, trained by stochastic gradient descent with momentum (paper section 5.2).
///
/// All parameters are in the parameter server, one table per layer group. A worker keeps its momentum and, with
/// BatchNorm, the running means and variances. On which device it runs is no part of a plan.
///
/// **The step.** A worker draws `batch` images and follows v = momentum * v + (gradient of the mean loss + weight-decay * w),
/// w = w - learning-rate / workers * v. Updates of workers add up, so under BSP `n` workers together do one step of batch
/// `n * batch` with `learning-rate`, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Ic {
    /// The network that is trained, by name.
    pub network: NetworkName,
    /// The normalisation of activations.
    pub norm: Norm,
    /// Images a step and worker. The paper has 128 (as the author's public code).
    pub batch: u32,
    /// A worker goes once through its images in this many clocks: a clock has as many steps as come nearest to it, at least
    /// one, each of a full batch.
    pub clocks_per_pass: u32,
    /// Step size at the start, on the gradient's mean over all workers' batches. The paper's: 0.0036 (author's code).
    pub learning_rate: f64,
    /// The schedule by which the step size falls.
    pub schedule: LearningRateSchedule,
    /// Share of the last step that is taken again. The paper's: 0.9 (author's code).
    pub momentum: f64,
    /// L2 regularisation of every parameter. The paper's: 0.00005 (author's code).
    pub weight_decay: f64,
    /// Whether a pixel's channels lie side by side in memory, which most convolutions are faster with.
    pub channels_last: bool,
    /// The measurements during a run.
    pub evaluation: Measure,
}

/// A network by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NetworkName {
    /// GoogLeNet with two auxiliary heads (Szegedy et al. 2015), for 224 x 224: the paper's. For a GPU.
    #[serde(rename = "googlenet")]
    GoogLeNet,
    /// Three inception modules behind a small stem, for 24 x 24 to 64 x 64.
    #[serde(rename = "small-inception")]
    SmallInception,
    /// ResNet-20 with shortcuts that have no parameters (He et al. 2016, section 4.2), for 24 x 24 to 64 x 64.
    #[serde(rename = "resnet-20")]
    ResNet20,
    /// Caffe's `cifar10_quick`, for 24 x 24 to 64 x 64.
    #[serde(rename = "cifar10-quick")]
    Cifar10Quick,
}

/// Every network, in the order of lists.
pub const NETWORKS: [NetworkName; 4] =
    [NetworkName::GoogLeNet, NetworkName::SmallInception, NetworkName::ResNet20, NetworkName::Cifar10Quick];

/// The normalisation of activations after a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// As the network was published: BatchNorm in `resnet-20` and `small-inception`, none in the others.
    AsPublished,
    /// Activations go on as they are.
    None,
    /// BatchNorm: by the mean and variance of a batch. Breaks where workers see different classes.
    Batch,
    /// GroupNorm: by the mean and variance of groups of an image's channels (Wu and He 2018).
    Group,
}

/// The schedule by which the step size falls with passes over the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LearningRateSchedule {
    /// The step size stays the same.
    Constant {},
    /// To `factor` of it every `passes` passes.
    Step {
        /// Passes between two falls.
        passes: f64,
        /// Factor of the step size, from 0 to 1.
        factor: f64,
    },
    /// As (1 - pass / passes)^power, and 0 from there (Caffe's quick GoogLeNet: power 0.5).
    Polynomial {
        /// Passes after which the step size is 0.
        passes: f64,
        /// The exponent of the share of passes that is left.
        power: f64,
    },
}

/// The measurements of each worker during a run. Between two measurements the last one is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Measure {
    /// The interval between measurements, in clocks. The end of a run is always measured.
    pub every_clocks: u32,
    /// The maximum number of a worker's training images to measure the loss on; it is scaled to all of them.
    pub train_images: u32,
    /// The maximum number of a worker's test images to measure the error rate on.
    pub test_images: u32,
}

/// A value of [`Ic`] that cannot run.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{field}: {found} is not {expected}")]
pub struct IcError {
    /// The field, as written in a spec.
    pub field: &'static str,
    /// The value in the spec.
    pub found: f64,
    /// The valid values, in words.
    pub expected: &'static str,
}

impl Default for Ic {
    fn default() -> Self {
        Ic {
            network: NetworkName::Cifar10Quick,
            norm: Norm::AsPublished,
            batch: 64,
            clocks_per_pass: 35,
            learning_rate: 0.02,
            schedule: LearningRateSchedule::Constant {},
            momentum: 0.9,
            weight_decay: 0.0005,
            channels_last: true,
            evaluation: Measure::default(),
        }
    }
}

impl Default for Measure {
    fn default() -> Self {
        Measure { every_clocks: 10, train_images: 128, test_images: 1000 }
    }
}

impl NetworkName {
    /// As a spec names it.
    pub fn name(self) -> &'static str {
        match self {
            NetworkName::GoogLeNet => "googlenet",
            NetworkName::SmallInception => "small-inception",
            NetworkName::ResNet20 => "resnet-20",
            NetworkName::Cifar10Quick => "cifar10-quick",
        }
    }
}

impl Norm {
    /// The normalisation in `network`: never [`Norm::AsPublished`].
    pub fn of(self, network: NetworkName) -> Norm {
        match (self, network) {
            (Norm::AsPublished, NetworkName::GoogLeNet | NetworkName::Cifar10Quick) => Norm::None,
            (Norm::AsPublished, NetworkName::SmallInception | NetworkName::ResNet20) => Norm::Batch,
            (chosen, _) => chosen,
        }
    }
}

impl Ic {
    /// Every value that cannot run.
    pub fn check(&self) -> Vec<IcError> {
        let from_0_below_1 = |x: f64| (0.0..1.0).contains(&x);
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let above_zero = |x: f64| x.is_finite() && x > 0.0;
        let mut rules = vec![
            ("batch", f64::from(self.batch), (1..=MAX_BATCH).contains(&self.batch), "between 1 and 4096"),
            ("clocks-per-pass", f64::from(self.clocks_per_pass), self.clocks_per_pass > 0, "1 or above"),
            ("learning-rate", self.learning_rate, above_zero(self.learning_rate), "a number above 0"),
            ("momentum", self.momentum, from_0_below_1(self.momentum), "0 or above, and below 1"),
            ("weight-decay", self.weight_decay, not_negative(self.weight_decay), "0 or a number above it"),
        ];
        match self.schedule {
            LearningRateSchedule::Constant {} => {}
            LearningRateSchedule::Step { passes, factor } => {
                rules.push(("schedule.step.passes", passes, above_zero(passes), "a number above 0"));
                rules.push(("schedule.step.factor", factor, factor > 0.0 && factor <= 1.0, "above 0, and at most 1"));
            }
            LearningRateSchedule::Polynomial { passes, power } => {
                rules.push(("schedule.polynomial.passes", passes, above_zero(passes), "a number above 0"));
                rules.push(("schedule.polynomial.power", power, above_zero(power), "a number above 0"));
            }
        }
        let Measure { every_clocks, train_images, .. } = self.evaluation;
        let is_often = (1..=MAX_EVERY_CLOCKS).contains(&every_clocks);
        rules.push(("evaluation.every-clocks", f64::from(every_clocks), is_often, "between 1 and 1000000"));
        rules.push(("evaluation.train-images", f64::from(train_images), train_images > 0, "1 or above"));
        let broken = rules.into_iter().filter(|(_, _, holds, _)| !holds);
        broken.map(|(field, found, _, expected)| IcError { field, found, expected }).collect()
    }

    /// The step size after `clock` clocks over that at the start.
    pub fn learning_rate_factor(&self, clock: u32) -> f64 {
        let pass = f64::from(clock) / f64::from(self.clocks_per_pass);
        match self.schedule {
            LearningRateSchedule::Constant {} => 1.0,
            LearningRateSchedule::Step { passes, factor } => libm::pow(factor, (pass / passes).floor()),
            LearningRateSchedule::Polynomial { passes, power } => libm::pow((1.0 - pass / passes).max(0.0), power),
        }
    }

    /// Steps in a clock of a worker with `images` training images.
    pub fn steps_per_clock(&self, images: usize) -> u32 {
        let exact = images as f64 / (f64::from(self.clocks_per_pass) * f64::from(self.batch));
        (exact.round() as u32).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_run() {
        assert_eq!(Ic::default().check(), []);
    }

    #[test]
    fn every_broken_value_is_named() {
        let broken = Ic {
            batch: 0,
            clocks_per_pass: 0,
            learning_rate: f64::NAN,
            momentum: 1.0,
            weight_decay: -1.0,
            schedule: LearningRateSchedule::Step { passes: 0.0, factor: 1.5 },
            evaluation: Measure { every_clocks: 0, train_images: 0, test_images: 0 },
            ..Ic::default()
        };
        let fields: Vec<_> = broken.check().iter().map(|error| error.field).collect();
        let all = [
            "batch",
            "clocks-per-pass",
            "learning-rate",
            "momentum",
            "weight-decay",
            "schedule.step.passes",
            "schedule.step.factor",
            "evaluation.every-clocks",
            "evaluation.train-images",
        ];
        assert_eq!(fields, all);
        assert_eq!(broken.check()[3].to_string(), "momentum: 1 is not 0 or above, and below 1");
    }

    #[test]
    fn schedules_fall() {
        let factor =
            |schedule, clock| Ic { schedule, clocks_per_pass: 10, ..Ic::default() }.learning_rate_factor(clock);
        let step = LearningRateSchedule::Step { passes: 8.0, factor: 0.5 };
        assert_eq!([factor(step, 0), factor(step, 79), factor(step, 80), factor(step, 160)], [1.0, 1.0, 0.5, 0.25]);
        let polynomial = LearningRateSchedule::Polynomial { passes: 4.0, power: 0.5 };
        assert_eq!([factor(polynomial, 0), factor(polynomial, 30), factor(polynomial, 50)], [1.0, 0.5, 0.0]);
    }

    #[test]
    fn a_clock_has_the_nearest_number_of_full_batches() {
        let steps = |images, clocks_per_pass| Ic { clocks_per_pass, ..Ic::default() }.steps_per_clock(images);
        assert_eq!([steps(2273, 35), steps(2273, 1), steps(10, 5)], [1, 36, 1]);
    }
}
