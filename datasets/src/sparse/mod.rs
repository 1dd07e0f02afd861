//! Labelled examples with sparse features, for logistic regression: each example has one of two labels and a value for a few of very
//! many features.
//!
//! * [`generate`]: examples with power-law features and planted weights; [`config`]: their settings in a spec.
//! * `load`: LIBSVM files; `cache`: the same in one compact file (both with the feature `read`).
//! * [`held_out`]: the choice of the examples held out for evaluation; [`partition`]: the assignment of examples to machines.

#[cfg(feature = "read")]
pub mod cache;
pub mod config;
mod examples;
pub mod generate;
mod hash;
pub mod held_out;
#[cfg(feature = "read")]
pub mod load;
pub mod partition;
#[cfg(feature = "read")]
mod unsplit;

pub use self::examples::{Entry, Examples, Label};
#[cfg(feature = "read")]
pub use self::unsplit::Unsplit;

/// The most features that a data set may have: numbers of weights, an intercept included, stay below 2^32.
pub const MAX_FEATURES: u32 = u32::MAX - 1;

/// A data set: training examples, and held-out examples for evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparse {
    /// Description of the source.
    pub name: String,
    /// Number of features, including those without a value.
    pub features: u32,
    /// The examples to learn from.
    pub train: Examples,
    /// The examples to evaluate on.
    pub held_out: Examples,
    /// BLAKE3 of everything above but the name.
    pub hash: [u8; 32],
}

impl Sparse {
    /// A data set, with its hash computed.
    ///
    /// # Panics
    /// If there are more than [`MAX_FEATURES`], a feature is not below `features`, or a part has 2^32 examples.
    pub fn new(name: String, features: u32, train: Examples, held_out: Examples) -> Self {
        assert!(features <= MAX_FEATURES, "{features} features");
        for part in [&train, &held_out] {
            assert!(part.entries.iter().all(|entry| entry.feature < features), "a feature below {features}");
            assert!(u32::try_from(part.len()).is_ok(), "fewer than 2^32 examples");
        }
        let hash = hash::content_hash(features, &train, &held_out);
        Sparse { name, features, train, held_out, hash }
    }
}
