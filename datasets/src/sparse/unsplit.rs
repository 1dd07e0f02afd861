//! A data set as its source has it, before a share of the examples is held out.

use super::Sparse;
use super::examples::Examples;
use super::hash::content_hash;
use super::held_out::{HeldOut, split};

/// Examples from files, before a share is held out.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsplit {
    /// Description of the source.
    pub name: String,
    /// Number of features, including those without a value.
    pub features: u32,
    /// The examples to learn from; all examples where the source has no held-out part.
    pub train: Examples,
    /// The held-out part of the source. `None` means that it has none, and [`Unsplit::split`] draws one from [`Unsplit::train`].
    pub held_out: Option<Examples>,
}

impl Unsplit {
    /// The data set with the source's own held-out part, or with one that is drawn according to `held_out`.
    ///
    /// # Panics
    /// As [`Sparse::new`].
    pub fn split(self, held_out: HeldOut) -> Sparse {
        let (train, taken) = match self.held_out {
            Some(own) => (self.train, own),
            None => split(&self.train, held_out),
        };
        Sparse::new(self.name, self.features, train, taken)
    }

    /// The content hash of both parts, as [`Sparse::hash`] is computed.
    pub(super) fn hash(&self) -> [u8; 32] {
        content_hash(self.features, &self.train, self.held_out.as_ref().unwrap_or(&Examples::default()))
    }
}
