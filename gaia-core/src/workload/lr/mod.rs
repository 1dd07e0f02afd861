//! Sparse logistic regression by stochastic gradient descent, the classic workload of parameter servers (Li et al., Scaling Distributed
//! Machine Learning with the Parameter Server, OSDI 2014).
//!
//! The log odds of an example x are z = b + sum over its features j of w_j x_j. The objective to minimise is, over all examples with target y,
//! ```text
//! sum [ log(1 + e^z) - y z + sum over the example's features j of ( l2 / 2 w_j^2 + l1 |w_j| ) ]
//! ```
//! Regularisation is counted per example and feature, as [`mf`](super::mf) counts it per rating: a frequent feature is held back as
//! often as it is learned from, and an objective stays a sum over examples that workers add up. The intercept b has none.
//!
//! In parameter-server form, for a worker:
//! * [`block::Block`] holds its examples, cut into clocks, in a shuffled order (files are often sorted by label).
//! * Weights are in the parameter server, in rows of [`config::Lr::weights_per_row`] consecutive ones; the intercept is the weight
//!   behind those of all features. A worker declares the rows in which its examples have a feature, and that of the intercept.
//! * [`kernel::sgd`] goes over the clock's examples one by one and changes the worker's copy of the rows.
//!
//! No state stays with the worker. [`metrics`] evaluates a model on held-out examples. [`config::Lr`] has the settings. Everything here
//! is deterministic, with the same bits on every instruction set. Tables, clocks and servers are not here.

pub mod block;
pub mod config;
pub mod kernel;
pub mod metrics;
pub mod rate;
pub mod worker;
