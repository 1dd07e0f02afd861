//! The inner loops of matrix factorisation: SGD steps and the objective.
//!
//! Both take the ratings tile by tile in the order of the [`Block`](super::block::Block). A dot product runs over four
//! accumulators of 16 lanes (group g of a row goes to accumulator g mod 4), added as (0 + 1) + (2 + 3), then lane by
//! lane in a tree; so every instruction set gives the same bits. Where a row's products with itself are needed as well, all
//! three go over two accumulators each.

mod dot;
mod evaluate;
mod rules;
mod sgd;

pub use evaluate::{Objective, objective, squared_error};
pub use rules::{AdaGrad, Step, Sums};
pub use sgd::sgd;
