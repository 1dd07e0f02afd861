//! How much of a data set is kept back to judge by. The choice itself is each kind's own.

/// How much is held out, and by which seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut {
    /// The share of everything: `0.0..1.0`.
    pub share: f64,
    /// The seed of the choice.
    pub seed: u64,
}
