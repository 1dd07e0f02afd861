//! The common parts of the data of all workloads: generated ones have settings, and data in memory have a source and a hash.

use std::fmt::Debug;

use datasets::bow::{self, Corpus};
use datasets::field::FieldError;
use datasets::images::{self, Images};
use datasets::ratings::{self, Ratings};
use datasets::sparse::{self, Sparse};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The settings of generated data.
pub trait Generator: Copy + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync {
    /// The generated data, in memory or within reach.
    type Set;

    /// Errors of meaning in the settings.
    fn check(&self) -> Vec<FieldError>;
    /// Generates data; the same settings and `seed` give the same data.
    fn generate(&self, seed: u64) -> Self::Set;
}

/// Data in memory, or within reach.
pub trait Identified: Debug + Send + Sync + 'static {
    /// The source of the data, in words.
    fn name(&self) -> &str;
    /// BLAKE3 of their content.
    fn hash(&self) -> &[u8; 32];
}

/// The modules of datasets with their types, which have the same fields and functions by the same names.
macro_rules! of_datasets {
    ($($module:ident: $Set:ty),*) => {
        $(
            impl Generator for $module::config::Generated {
                type Set = $Set;

                fn check(&self) -> Vec<FieldError> {
                    self.check()
                }

                fn generate(&self, seed: u64) -> $Set {
                    $module::generate::generate(self, seed)
                }
            }

            impl Identified for $Set {
                fn name(&self) -> &str {
                    &self.name
                }

                fn hash(&self) -> &[u8; 32] {
                    &self.hash
                }
            }
        )*
    };
}

of_datasets!(ratings: Ratings, bow: Corpus, images: Images, sparse: Sparse);
