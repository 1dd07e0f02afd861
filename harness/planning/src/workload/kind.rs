//! The interface of a workload in the harness: its form in specs, its checks, its data, its costs, its metrics.
//!
//! The learning itself is gaia-core's ([`Learning`]), formats and generators are datasets'. [`WorkloadKind`] has everything that specs,
//! plans, runs, tables and pages need in addition, so that nothing else in the harness knows a workload by name. A new workload implements
//! it in a folder here and is entered in [`super::list`].

use std::error::Error;
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use datasets::field::FieldError;
use emulator::time::Duration;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::simd::Isa;
use gaia_core::workload::traits::{Evaluation, Workload as Learning};
use record::failure::Failure;
use record::results::{Better, Measured, ModelTable};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::data::{Generator, Identified};
use super::device::Device;
use super::split::Split;
use crate::calibrate::measure::Rate;

/// Bytes of a parameter.
pub const FLOAT_BYTES: f64 = 4.0;
/// Bytes of a plain update: an 8-byte index and a 4-byte value.
pub const PLAIN_BYTES: f64 = 12.0;

/// A workload, implemented by its settings in a spec (`workload: { mf: { rank: 32 } }`).
pub trait WorkloadKind:
    Copy + Debug + Default + PartialEq + Send + Sync + Serialize + DeserializeOwned + 'static
{
    /// The settings that a cell may change: none that the objective, and so the target, depends on.
    type Change: Copy + Debug + Default + PartialEq + DeserializeOwned;
    /// The settings of generated data.
    type Generated: Generator<Set = Self::Set>;
    /// Data from a file in a plan: enough to identify runs on the same data.
    type File: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync;
    /// Data in memory, or within reach.
    type Set: Identified;
    /// The dealing of its data to machines, in their own terms.
    type Deal;
    /// The error of reading data.
    type LoadError: Error + Send + Sync + 'static;
    /// The learning of one machine.
    type Learner: Learning;

    /// The name in specs.
    const NAME: &'static str;
    /// The name of the method: `matrix factorisation`.
    const TITLE: &'static str;
    /// The method and what it learns from, for `experiments list`.
    const ABOUT: &'static str;
    /// The name of its data, in the plural: `ratings`.
    const DATA: &'static str;
    /// The unit that is dealt to machines, in the plural: `users`.
    const OWNERS: &'static str;
    /// Generated data as a spec names them.
    const GENERATED: &'static str;
    /// The generated data and the formats that are read, by name, for `experiments data list`.
    const FORMATS: &'static [(&'static str, &'static str)];
    /// The ending of files that `experiments data` writes.
    const ENDING: &'static str;
    /// Whether data from a file depend on the seed, which then decides what is held out.
    const SEEDED: bool;
    /// The numbers that judge its models, at every clock.
    const METRICS: &'static [Metric];
    /// The fields of its section of a machine kind that may be `fitted`, as paths.
    const RATES: &'static [&'static str];
    /// Whether it needs libtorch, and a device to run on.
    const NEEDS_LIBTORCH: bool = false;
    /// The reason why servers may only add its updates up, for error messages. `None` means that they may apply any update rule to them.
    const ADDED_ONLY: Option<&'static str> = None;
    /// The changes that make a plan fit into memory: with generated data, and with data from a file.
    const SMALLER: [&'static str; 2];

    // Form and checks.

    /// Settings that cannot run.
    fn check(&self) -> Vec<FieldError>;
    /// The settings with a cell's changes.
    fn changed(self, change: Self::Change) -> Self;
    /// The setting of clocks in a pass over the data.
    fn clocks_mut(&mut self) -> &mut u32;
    /// Clocks in a pass over the data.
    fn clocks_per_pass(mut self) -> u32 {
        *self.clocks_mut()
    }
    /// The same learning with every clock cut into this number of parts.
    fn in_parts(mut self, parts: u32) -> Self {
        *self.clocks_mut() *= parts;
        self
    }
    /// `split` in the terms of its data.
    ///
    /// # Errors
    /// A skew that its data do not have, or one out of range, by field of `split.skewed`.
    fn deal(split: Split) -> Result<Self::Deal, Vec<FieldError>>;
    /// Whether its model takes these data.
    ///
    /// # Errors
    /// The field of the settings that is at fault, and why.
    fn fits(&self, _data: DataRef<'_, Self>) -> Result<(), FieldError> {
        Ok(())
    }

    // Data.

    /// The settings of `experiments data generate --scale`; `None` means the default size.
    ///
    /// # Errors
    /// Returns an error, in words, if its data have no scale.
    fn at_scale(scale: Option<f64>) -> Result<Self::Generated, &'static str>;
    /// Reads data from a file or folder.
    ///
    /// # Errors
    /// The error of datasets, whose place is the file and the line.
    fn load(path: &Path, seed: u64) -> Result<Self::Set, Self::LoadError>;
    /// Whether nothing there looks like its data.
    fn is_other(error: &Self::LoadError) -> bool;
    /// The kind of data found instead, if the error has it.
    fn found(_error: &Self::LoadError) -> Option<&str> {
        None
    }
    /// The formats that are read, in one line for error messages.
    fn formats() -> String;
    /// The form of these data in a plan.
    fn described(set: &Self::Set, hash: String) -> Self::File;
    /// Sizes and further properties of data, in one line.
    fn in_numbers(set: &Self::Set) -> String;
    /// Whether data can be written as one file.
    ///
    /// # Errors
    /// [`TooManyPixels`] for images that are decoded when they are read.
    fn may_write(_set: &Self::Set) -> Result<(), TooManyPixels> {
        Ok(())
    }
    /// Writes data as one compact file. `from`: the file or folder that they were read from; `None` for generated data.
    ///
    /// # Errors
    /// [`Failure`] of reading them again or of writing.
    fn write(set: &Self::Set, from: Option<&Path>, out: &Path) -> Result<(), Failure>;
    /// Reads all of data that are read on demand, and reports what had to be skipped.
    ///
    /// # Errors
    /// [`Spoilt`] when too many of them cannot be used.
    fn verify(_set: &Self::Set) -> Result<(), Spoilt> {
        Ok(())
    }

    // Sizes and similitude.

    /// Numbers of the data.
    fn size(data: DataRef<'_, Self>) -> Size;
    /// Parameters of the model.
    fn parameters(&self, data: DataRef<'_, Self>) -> f64;
    /// Whether generated data have the shape of the paper's. `stands`: whether the plan stands for the paper's problem.
    fn has_paper_shape(data: DataRef<'_, Self>, stands: bool) -> bool;
    /// Bytes of the raw data that generated ones would be.
    fn raw_bytes(config: &Self::Generated, size: Size) -> u64;
    /// The factors by which this problem stands for the paper's. `None` where the paper has none of this workload.
    fn similitude(&self, _data: DataRef<'_, Self>) -> Option<Similitude> {
        None
    }
    /// Bytes of the paper's raw data.
    const PAPER_BYTES: u64 = 0;
    /// Dimensionless numbers of this problem, with the paper's.
    fn numbers(&self, _posed: &Posed<'_, Self>) -> Vec<Number> {
        Vec::new()
    }

    // Its section of machine rates.

    /// Checks its section of a machine kind: calls `within(field, value, least, most)` for each number.
    fn check_rates(kind: &MachineKind, within: &mut dyn FnMut(&str, f64, f64, f64));
    /// The field of the rate that decides how long a machine computes for a clock, and that time.
    fn clock(&self, posed: &Posed<'_, Self>, kind: &MachineKind) -> Option<(&'static str, Duration)>;

    // Runs.

    /// Units of raw data that each machine holds.
    fn held(set: &Self::Set, dealt: &Dealt<'_>) -> Vec<u64>;
    /// The learning of all machines.
    ///
    /// # Errors
    /// An error that the checks of a plan cannot find, in words.
    fn learners(
        self,
        set: &Self::Set,
        dealt: &Dealt<'_>,
    ) -> Result<Vec<Arc<Self::Learner>>, Box<dyn Error + Send + Sync>>;
    /// The learning of one machine.
    ///
    /// # Errors
    /// An error that the checks of a plan cannot find, in words.
    fn learner(
        self,
        set: &Self::Set,
        dealt: &Dealt<'_>,
        machine: usize,
    ) -> Result<Arc<Self::Learner>, Box<dyn Error + Send + Sync>> {
        Ok(self.learners(set, dealt)?.swap_remove(machine))
    }
    /// The objective of which the guard against the first plateau takes a share. `None` means the first objective.
    fn winnable(&self, _set: &Self::Set) -> Option<f64> {
        None
    }
    /// The function that judges models of a run; what it needs of the data is prepared once.
    fn judge<'a>(&'a self, set: &'a Self::Set) -> Judge<'a>;
    /// Numbers that describe what was learned, at the end of a run. `clamped`: the parameters, over all
    /// evaluations, with values that no model can have.
    fn facts(&self, _set: &Self::Set, _clamped: u64) -> Vec<Measured> {
        Vec::new()
    }
    /// The model for people. `copy`: one site's parameters, row by row.
    fn model(&self, _set: &Self::Set, _copy: &[f32]) -> Option<ModelTable> {
        None
    }
    /// Checks that the data had no error since they were loaded.
    ///
    /// # Errors
    /// [`Spoilt`] when too many of them cannot be used.
    fn still_sound(_set: &Self::Set) -> Result<(), Spoilt> {
        Ok(())
    }
    /// Data that could not be read in the run and were replaced by others.
    fn replaced(_set: &Self::Set) -> Vec<String> {
        Vec::new()
    }
}

/// Data that are too large for one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{bytes} bytes of pixels, expected at most {most}: larger sets are decoded when they are read, from where they are"
)]
pub struct TooManyPixels {
    /// Bytes of the pixels of all images.
    pub bytes: u64,
    /// The largest number of bytes that is kept in memory.
    pub most: u64,
}

/// Data that are read on demand, of which too many cannot be used; the error of datasets, with the first of them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Spoilt(pub String);

/// A number that judges a model at every clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// As columns and claims name it: `held_out_rmse`.
    pub name: &'static str,
    /// Its unit; [`record::results::metrics::SHARE`] is shown in percent.
    pub unit: &'static str,
    /// The values that are better: high or low ones.
    pub better: Better,
}

impl Metric {
    /// The metric with its value at the end of a run; NaN: there was nothing to measure it on.
    pub fn measured(&self, value: f64) -> Measured {
        let value = Some(value).filter(|value| !value.is_nan());
        Measured { name: self.name.into(), unit: self.unit.into(), better: self.better, value }
    }
}

/// The values of [`WorkloadKind::METRICS`], in their order; NaN where there is nothing to measure one on.
pub type Judge<'a> = Box<dyn Fn(&Seen<'_>) -> Vec<f64> + Sync + 'a>;

/// The input of a model's metrics.
pub struct Seen<'a> {
    /// The sum of all workers' measurements on their own data.
    pub workers: &'a Evaluation,
    /// The first site's parameters, row by row.
    pub copy: &'a [f32],
    /// The instructions that kernels use.
    pub isa: Isa,
}

impl Seen<'_> {
    /// The mean of the workers' metric number `metric`; NaN without data.
    pub fn mean(&self, metric: usize) -> f64 {
        let part = self.workers.metrics[metric];
        part.sum / part.count as f64
    }

    /// The root of that mean.
    pub fn root_mean(&self, metric: usize) -> f64 {
        self.mean(metric).sqrt()
    }
}

/// Data as a plan has them.
#[derive(Debug)]
pub enum DataRef<'a, W: WorkloadKind> {
    /// Made from these settings and the plan's seed.
    Generated(&'a W::Generated),
    /// Read from a file or folder.
    File(&'a W::File),
}

impl<W: WorkloadKind> Clone for DataRef<'_, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W: WorkloadKind> Copy for DataRef<'_, W> {}

/// The problem of a plan, as far as a workload needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct Posed<'a, W: WorkloadKind> {
    /// The data of the plan.
    pub data: DataRef<'a, W>,
    /// The seed of the plan.
    pub seed: u64,
    /// Number of machines, at least 1.
    pub machines: u32,
    /// The dealing of data to them.
    pub split: Split,
    /// The factors by which bytes and work are charged.
    pub similitude: Similitude,
    /// The number of clocks to run. `None`: until the target is reached.
    pub clocks: Option<u32>,
}

/// The dealing of a run's data, and the instructions and the device that its learners work with.
#[derive(Clone, Copy)]
pub struct Dealt<'a> {
    /// The seed of the plan.
    pub seed: u64,
    /// Machines in each site.
    pub machines_per_site: &'a [u32],
    /// The dealing of data to them.
    pub split: Split,
    /// The instructions that kernels use.
    pub isa: Isa,
    /// The device of networks. `None` means that the workload needs none.
    pub device: Option<&'a Device>,
}

/// Numbers of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Users, documents, images or examples to learn from: what is dealt to machines.
    pub owners: u32,
    /// Items, words or features: what the parameter server has parameters for; 0 with images, where they follow from the network.
    pub rows: u32,
    /// Ratings to learn from (for generated data the expected number), tokens, images, or values of examples.
    pub work: u64,
    /// The same of held-out data.
    pub held_out: u64,
}

/// Amounts of a plan, per clock and over all machines unless stated otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amounts {
    /// Units of work: ratings, tokens, images or values.
    pub learnt: f64,
    /// Units that the objective is evaluated on, by the workers and on one copy of the model.
    pub judged: f64,
    /// Parameters of the whole model (not per clock).
    pub model: f64,
    /// Parameters that one machine reads.
    pub declared: f64,
}

/// Bytes of a run in addition to its rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Footprint {
    /// The working memory of libraries.
    pub libraries: f64,
    /// The data set, which cells share.
    pub data: f64,
    /// The data in the workers' order.
    pub ordered: f64,
    /// The workers' own changing state, counted once.
    pub state: f64,
    /// Copies of the rows that a worker reads: view, cache, changes, messages in flight.
    pub rows: f64,
    /// More copies of the rows for each clock that workers may be apart.
    pub rows_apart: f64,
    /// Bytes per significant update and receiver that are in flight.
    pub in_flight: f64,
}

/// The cost of a workload's clocks, in units of adding one float to another in memory, fitted to runs of all specs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Costs {
    /// Per float of the rows that a worker reads, from the servers and back.
    pub read: f64,
    /// More of it where messages are packed.
    pub packed: f64,
    /// Per significant update and receiver.
    pub mirrored: f64,
    /// Cost of a unit of work with many workers over that with one.
    pub crowd: f64,
    /// Passes over the data to the target, about.
    pub passes: f64,
}

/// Writes a machine's rate, in units of work per second, into its kind.
pub type Enter = Box<dyn FnOnce(&mut MachineKind, f64)>;

/// A measured rate of a worker.
pub struct Calibrated {
    /// Units of work per second: of one thread, or of the whole machine.
    pub rate: Rate,
    /// Whether `rate` is one thread's, to be multiplied by the machine's cores.
    pub is_per_core: bool,
    /// For people: `M rating updates/s at rank 500`.
    pub unit: String,
    /// The factor of `unit`: 1e6 for millions.
    pub scale: f64,
    /// Further conditions of the measurement; may be empty.
    pub how: String,
    /// Writes the machine's rate into its kind.
    pub enter: Enter,
}

/// A number without a unit, of two problems.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The ratio that it is, in words.
    pub description: &'static str,
    /// In the plan's problem.
    pub here: f64,
    /// In the problem that it stands for.
    pub there: f64,
}
