//! What a plan says about matrix factorisation.

use serde::{Deserialize, Serialize};

/// Matrix factorisation by stochastic gradient descent: ratings ~ L R, L by users, R by items (paper section 5.2).
///
/// The rows of L stay with the worker that holds the user; R is in the parameter server, one row of `rank` floats an item.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Mf {
    /// Factors a user and an item: 1 to 4096.
    pub rank: u32,
    /// Step size of R, and of L without `adagrad`.
    pub learning_rate: f64,
    /// How the step size falls: step(c) = learning-rate / (1 + decay * c), c in passes.
    pub decay: f64,
    /// L2 regularisation of both factors.
    pub lambda: f64,
    /// AdaGrad steps for L: learning-rate-l / sqrt(sum of squared gradients of the row's entry).
    pub adagrad: Option<f64>,
    /// A worker goes once through its data in this many clocks.
    pub clocks_per_pass: u32,
}
