//! The share of a data set that is held out for evaluation. The choice is made by each kind of data.

/// The share that is held out, and the seed of the choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut {
    /// The share of everything: `0.0..1.0`.
    pub share: f64,
    /// The seed of the choice.
    pub seed: u64,
}
