//! Sparse logistic regression of labelled examples.

mod estimate;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use datasets::field::FieldError;
use datasets::sparse::config::Generated;
use datasets::sparse::held_out::{DEFAULT_SHARE, HeldOut};
use datasets::sparse::load::{Ids, LoadError, Options, load, load_unsplit};
use datasets::sparse::partition::{self, Partition, partition};
use datasets::sparse::{self, Sparse, Unsplit};
use datasets::text::TextError;
use emulator::time::Duration;
use gaia_core::rates::MachineKind;
use gaia_core::workload::lr::config::Lr;
use gaia_core::workload::lr::metrics::JudgedExamples;
use gaia_core::workload::lr::worker::{LrWorker, WholeData};
use record::failure::Failure;
use record::results::Better;
use record::results::metrics::SHARE;
use serde::{Deserialize, Serialize};

use super::kind::{DataRef, Dealt, Judge, Metric, Posed, Size, WorkloadKind};
use super::out_of_bounds;
use super::sgd::Change;
use super::split::{Skew, SkewBy, Skews, Split};

/// The form of files, for error messages.
const EXPECTED: &str = "LIBSVM lines (`label index:value index:value ...`), or a cache of examples";
/// Bytes of a value in a LIBSVM file: an index of six digits, a colon, a value of four, a blank.
const TEXT_BYTES: f64 = 12.0;

/// Examples that were read from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct File {
    /// BLAKE3 of the examples as they were read and split with the plan's seed, in hexadecimal.
    pub hash: String,
    /// The number of features.
    pub features: u32,
    /// Examples to learn from.
    pub train: u32,
    /// The number of examples held out.
    pub held_out: u32,
    /// Values that are not 0 in the examples to learn from.
    pub values: u64,
    /// The same in the examples held out.
    pub held_out_values: u64,
}

fn parts(set: &Sparse, dealt: &Dealt<'_>) -> Vec<Partition> {
    partition(set, dealt.machines_per_site, Lr::deal(dealt.split).expect("a plan's split was checked"))
}

/// Features of the data.
fn features(data: DataRef<'_, Lr>) -> u32 {
    match data {
        DataRef::Generated(config) => config.features,
        DataRef::File(file) => file.features,
    }
}

impl WorkloadKind for Lr {
    type Change = Change;
    type Generated = Generated;
    type File = File;
    type Set = Sparse;
    type Deal = partition::Split;
    type LoadError = LoadError;
    type Learner = LrWorker;

    const NAME: &'static str = "lr";
    const TITLE: &'static str = "logistic regression";
    const ABOUT: &'static str = "sparse logistic regression by stochastic gradient descent, of labelled examples";
    const DATA: &'static str = "labelled examples";
    const OWNERS: &'static str = "examples to learn from";
    const GENERATED: &'static str = "generated-examples";
    const FORMATS: &'static [(&'static str, &'static str)] = &[
        (
            "generated-examples",
            "sparse examples of two classes with power-law features (`data: { generated-examples: { examples: 20000 } }`)",
        ),
        ("LIBSVM", "`label index:value index:value ...` per line, the held-out part in `NAME.t`"),
    ];
    const ENDING: &'static str = "examples";
    const SEEDED: bool = true;
    const METRICS: &'static [Metric] = &[
        Metric { name: "held_out_log_loss", unit: "nats", better: Better::Lower },
        Metric { name: "held_out_accuracy", unit: SHARE, better: Better::Higher },
        Metric { name: "held_out_auc", unit: "", better: Better::Higher },
    ];
    const RATES: &'static [&'static str] = &["lr.values-per-second"];
    const SMALLER: [&'static str; 2] =
        ["fewer `data.generated-examples.examples` or `data.generated-examples.features`", "fewer examples"];

    fn check(&self) -> Vec<FieldError> {
        let errors = Lr::check(self);
        errors.iter().map(|error| out_of_bounds(error.field, error.found, error.expected)).collect()
    }

    fn changed(mut self, change: Change) -> Self {
        change.apply(&mut self.learning_rate, &mut self.decay, &mut self.clocks_per_pass);
        self
    }

    fn clocks_mut(&mut self) -> &mut u32 {
        &mut self.clocks_per_pass
    }

    fn deal(split: Split) -> Result<partition::Split, Vec<FieldError>> {
        use partition::SkewBy as By;
        let known = &[Skew { asked: SkewBy::Labels, own: By::Labels }, Skew { asked: SkewBy::Sizes, own: By::Sizes }];
        Skews { known, workload: Self::NAME, data: "labelled examples" }.terms(split)
    }

    fn at_scale(scale: Option<f64>) -> Result<Generated, &'static str> {
        match scale {
            None => Ok(Generated::default()),
            Some(_) => Err("examples have none; a spec's `generated-examples` gives their number and features"),
        }
    }

    fn load(path: &Path, seed: u64) -> Result<Sparse, LoadError> {
        load(path, &Options { held_out: HeldOut { share: DEFAULT_SHARE, seed }, ..Options::default() })
    }

    fn is_other(error: &LoadError) -> bool {
        // A line further down that is not LIBSVM's follows lines that are.
        use LoadError::{Empty, NotOne, OneClass, Text};
        matches!(
            error,
            NotOne { .. }
                | Empty { .. }
                | OneClass { .. }
                | Text(TextError::TooMany { .. } | TextError::Line { line: 1, .. })
        )
    }

    fn formats() -> String {
        EXPECTED.to_owned()
    }

    fn described(set: &Sparse, hash: String) -> File {
        let [train, held_out] = [&set.train, &set.held_out].map(|part| part.len() as u32);
        let [values, held_out_values] = [&set.train, &set.held_out].map(sparse::Examples::nonzeros);
        File { hash, features: set.features, train, held_out, values, held_out_values }
    }

    fn in_numbers(set: &Sparse) -> String {
        let examples = set.train.len() + set.held_out.len();
        let per_example = (set.train.nonzeros() + set.held_out.nonzeros()) as f64 / examples.max(1) as f64;
        let (held_out, features) = (set.held_out.len(), set.features);
        format!("{examples} examples ({held_out} held out), {features} features, {per_example:.1} values per example")
    }

    /// Of a file all examples are kept, as it has them: what is held out is drawn when they are read.
    fn write(set: &Sparse, from: Option<&Path>, out: &Path) -> Result<(), Failure> {
        let whole = match from {
            Some(path) => load_unsplit(path, Ids::Detect).map_err(Failure::input)?,
            None => Unsplit {
                name: set.name.clone(),
                features: set.features,
                train: set.train.clone(),
                held_out: Some(set.held_out.clone()),
            },
        };
        sparse::cache::write_cache(&whole, out).map_err(Failure::run)
    }

    fn size(data: DataRef<'_, Self>) -> Size {
        match data {
            DataRef::Generated(config) => {
                let held_out = (f64::from(config.examples) * config.held_out).round() as u32;
                let owners = config.examples - held_out;
                let values = |examples: u32| (f64::from(examples) * config.nonzeros).round() as u64;
                Size { owners, rows: config.features, work: values(owners), held_out: values(held_out) }
            }
            DataRef::File(file) => {
                Size { owners: file.train, rows: file.features, work: file.values, held_out: file.held_out_values }
            }
        }
    }

    /// The weights and the intercept, in whole rows.
    fn parameters(&self, data: DataRef<'_, Self>) -> f64 {
        let width = u64::from(self.weights_per_row);
        ((u64::from(features(data)) / width + 1) * width) as f64
    }

    /// The paper has no such workload.
    fn has_paper_shape(_: DataRef<'_, Self>, _: bool) -> bool {
        false
    }

    fn raw_bytes(_: &Generated, size: Size) -> u64 {
        ((size.work + size.held_out) as f64 * TEXT_BYTES) as u64
    }

    fn check_rates(kind: &MachineKind, within: &mut dyn FnMut(&str, f64, f64, f64)) {
        within("lr.values-per-second", kind.lr.values_per_second, super::MIN_RATE, 1e15);
    }

    fn clock(&self, posed: &Posed<'_, Self>, kind: &MachineKind) -> Option<(&'static str, Duration)> {
        let values = super::units_of_clock(Self::size(posed.data), posed.machines, self.clocks_per_pass);
        let seconds = values as f64 * posed.similitude.sigma_work / kind.lr.values_per_second;
        Some(("lr.values-per-second", Duration::from_secs_f64(seconds)))
    }

    fn held(set: &Sparse, dealt: &Dealt<'_>) -> Vec<u64> {
        let values = |example: &u32| set.train.entries(*example as usize).len() as u64;
        parts(set, dealt).iter().map(|part| part.train.iter().map(values).sum()).collect()
    }

    fn learners(self, set: &Sparse, dealt: &Dealt<'_>) -> Result<Vec<Arc<LrWorker>>, Box<dyn Error + Send + Sync>> {
        let parts = parts(set, dealt);
        let whole = WholeData::of(set, parts.len() as u32);
        let worker = |part: &Partition| Arc::new(LrWorker::new(set, part, whole, self, dealt.seed, dealt.isa));
        Ok(parts.iter().map(worker).collect())
    }

    /// Of one site's weights on all held-out examples: the area under a curve is no sum over workers.
    fn judge<'a>(&'a self, set: &'a Sparse) -> Judge<'a> {
        let Some(held_out) = JudgedExamples::new(&set.held_out, set.features) else {
            return Box::new(|_| vec![f64::NAN; Self::METRICS.len()]);
        };
        Box::new(move |seen| {
            let judged = held_out.evaluate(seen.isa, seen.copy);
            vec![judged.log_loss, judged.accuracy, judged.auc.unwrap_or(f64::NAN)]
        })
    }
}
