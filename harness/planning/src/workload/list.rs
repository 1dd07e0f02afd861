//! The list of workloads, and what follows from it: one enum per place where a spec, a plan or a run has one of them.
//!
//! A line per workload: its variant and type, its name, its generated data and its files as specs and plans call them, and the problem of
//! the paper that it can stand for, if there is one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datasets::field::FieldError;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::workload::ic::config::Ic;
use gaia_core::workload::lda::config::Lda;
use gaia_core::workload::lr::config::Lr;
use gaia_core::workload::mf::config::Mf;
use record::failure::Failure;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::data::{Generator, Identified};
use super::enums::workloads;
use super::estimated::Estimated;
use super::kind::{Calibrated, DataRef, Metric, Posed, Size, Spoilt, TooManyPixels, WorkloadKind};
use super::problem::{LearningProblem, Typed};
use super::split::Split;
use crate::calibrate::args::CalibrateArgs;
use crate::calibrate::measure::Effort;
use gaia_core::simd::Isa;

workloads! {
    Mf(Mf) "mf", "generated", "file", Netflix "netflix";
    Lda(Lda) "lda", "generated-corpus", "corpus-file", Nytimes "nytimes";
    Ic(Ic) "ic", "generated-images", "image-file", Ilsvrc12 "ilsvrc12";
    Lr(Lr) "lr", "generated-examples", "example-file";
}

/// Generated data in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Made<G> {
    /// The settings of the generator.
    pub config: G,
}

/// A workload of the list: finds its own among the enums.
pub trait Listed: Estimated {
    /// The kind of this workload.
    const KIND: Kind;

    /// Its data in a plan.
    ///
    /// # Panics
    /// When they are the data of another workload.
    fn data(data: &Data) -> DataRef<'_, Self>;
    /// Its data in memory.
    ///
    /// # Panics
    /// When they are the data of another workload.
    fn set(set: &DataSet) -> &Arc<Self::Set>;
    /// The settings of its generated data; `None` for a file.
    fn generated(source: &DataSource) -> Option<&Self::Generated>;
    /// Its data among those of all workloads.
    fn any(set: Self::Set) -> DataSet;
    /// Data that were read, as a plan has them.
    fn file(file: Self::File) -> Data;
}

/// Something that is done with a workload, whichever it is.
pub trait Visitor {
    /// The result of the visit.
    type Out;

    /// Does the work, with the type of the workload.
    fn visit<W: Listed>(self, workload: W) -> Self::Out;
}

/// An error of reading data of one kind.
#[derive(Debug)]
pub struct Unreadable {
    /// Whether nothing there looks like data of that kind.
    pub is_other: bool,
    /// The kind of data found instead, if the error has it.
    pub found: Option<String>,
    /// The error of datasets.
    pub error: Box<dyn std::error::Error + Send + Sync>,
}

/// A scale at which no data can be generated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScaleError {
    /// Data that are described otherwise; how.
    #[error("scale: {0}")]
    Unscaled(&'static str),
    /// A scale out of bounds, by its field.
    #[error("{0}")]
    Field(FieldError),
}

/// The names of one kind of data in messages and commands.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The workload as specs name it.
    pub name: &'static str,
    /// The name of the method.
    pub title: &'static str,
    /// The method and what it learns from.
    pub about: &'static str,
    /// The name of its data, in the plural.
    pub data: &'static str,
    /// The unit that is dealt to machines, in the plural.
    pub owners: &'static str,
    /// Its generator and formats, by name.
    pub formats: &'static [(&'static str, &'static str)],
    /// The ending of files that `experiments data` writes; also the name of what `generate` makes.
    pub ending: &'static str,
    /// Whether data from a file depend on the seed.
    pub seeded: bool,
    /// The numbers that judge its models.
    pub metrics: &'static [Metric],
    /// Whether it needs libtorch.
    pub needs_libtorch: bool,
    /// The name of its generated data in a spec.
    pub generated: &'static str,
    /// Bytes of the paper's raw data.
    pub paper_bytes: u64,
    /// The changes that make a plan smaller: with generated data, with a file.
    pub smaller: [&'static str; 2],
    /// Why servers may only add its updates up; `None` means that they may apply any update rule to them.
    pub added_only: Option<&'static str>,
}

/// The parts of a plan other than the workload and its data.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The seed of the plan.
    pub seed: u64,
    /// Number of machines, at least 1.
    pub machines: u32,
    /// The distribution of data to them.
    pub split: Split,
    /// The factors by which bytes and work are charged.
    pub similitude: Similitude,
    /// The number of clocks to run. `None`: until the target is reached.
    pub clocks: Option<u32>,
}

impl Default for Workload {
    fn default() -> Self {
        Workload::Mf(Mf::default())
    }
}

impl fmt::Display for Kind {
    /// The name of the data, such as `ratings`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.about().data)
    }
}

impl Workload {
    /// The name in specs.
    pub fn name(&self) -> &'static str {
        self.kind().about().name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_list_are_those_of_the_workloads() {
        for kind in Kind::ALL {
            let about = kind.about();
            let workload: Workload = serde_yaml::from_str(&format!("!{} {{}}", about.name)).expect("its own name");
            assert_eq!(workload, kind.workload());
            assert_eq!(kind.default_data().name(), about.generated);
            assert!(about.formats.iter().any(|(name, _)| *name == about.generated), "{about:?}");
        }
    }

    #[test]
    fn no_two_metrics_of_a_workload_share_a_name() {
        for kind in Kind::ALL {
            let mut names: Vec<&str> = kind.about().metrics.iter().map(|metric| metric.name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert!(!names.is_empty() && names.len() == count, "{names:?}");
        }
    }
}
