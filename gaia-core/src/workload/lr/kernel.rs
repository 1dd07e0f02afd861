//! Log odds, steps and the objective of logistic regression.
//!
//! A product of an example with the weights goes over its groups in order, 16 partial sums by fused multiply-add, which are added by the
//! tree of [`crate::simd`]. Probabilities and losses are worked out in f64, once per example, by libm. So the results have the same bits
//! on every [`Isa`]. Weights are gathered by plain loads and stored by plain stores: an example's places are all different, so the order
//! of lanes does not matter.

use super::block::{Block, Example, Group};
use crate::simd::{Isa, Kernel, LANES, Simd, dispatch};

/// The constants of steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Factor of the gradient of one example.
    pub learning_rate: f32,
    /// L2 regularisation, per example and feature in it.
    pub l2: f32,
    /// L1 regularisation, per example and feature in it.
    pub l1: f32,
}

/// The objective of some examples, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Objective {
    /// Sum of the examples' log losses.
    pub log_loss: f64,
    /// Sum over examples and their features of l2 / 2 w^2 + l1 |w|.
    pub regularisation: f64,
}

impl Objective {
    /// The objective to minimise.
    pub fn total(&self) -> f64 {
        self.log_loss + self.regularisation
    }
}

/// 1 / (1 + e^-z), without overflow.
pub fn sigmoid(z: f64) -> f64 {
    let small = libm::exp(-z.abs());
    if z >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// log(1 + e^z) - y z, without overflow and, where it is small, without cancellation; `target` (y) is 0 or 1.
pub fn log_loss(z: f64, target: f64) -> f64 {
    let wrong_by = if target > 0.5 { -z } else { z };
    wrong_by.max(0.0) + libm::log1p(libm::exp(-z.abs()))
}

/// One step for each example of a clock of the pass, in order:
/// ```text
/// g = sigmoid(z) - y;   b <- b - rate g;   w_j <- soft(w_j - rate (g x_j + l2 w_j), rate l1)
/// ```
/// where soft(w, t) moves w towards 0 by t, and not past it.
pub fn sgd(isa: Isa, block: &Block, clock: u32, step: &Step, weights: &mut [f32]) {
    assert_eq!(weights.len(), block.weights(), "the weights differ in number");
    dispatch(isa, Sgd { block, clock, step, weights });
}

/// The log odds of every example of the block.
pub fn log_odds(isa: Isa, block: &Block, weights: &[f32]) -> Vec<f32> {
    assert_eq!(weights.len(), block.weights(), "the weights differ in number");
    dispatch(isa, LogOdds { block, weights })
}

/// The objective of all examples of the block.
pub fn objective(isa: Isa, block: &Block, step: &Step, weights: &[f32]) -> Objective {
    let odds = log_odds(isa, block, weights);
    let target = |example: usize| f64::from(block.example(example).target);
    let log_loss = (0..).zip(&odds).map(|(example, &z)| log_loss(f64::from(z), target(example))).sum();
    let regularisation = if step.l2 == 0.0 && step.l1 == 0.0 {
        0.0
    } else {
        let (l2, l1) = (f64::from(step.l2), f64::from(step.l1));
        let places = (0..block.len()).flat_map(|example| block.example(example).groups).flat_map(Group::places);
        let weights = places.map(|place| f64::from(weights[place as usize]));
        weights.map(|weight| l2 / 2.0 * weight * weight + l1 * weight.abs()).sum()
    };
    Objective { log_loss, regularisation }
}

impl Group {
    /// Those of its entries.
    fn places(&self) -> impl Iterator<Item = u32> {
        self.places[..self.count].iter().copied()
    }
}

struct Sgd<'a> {
    block: &'a Block,
    clock: u32,
    step: &'a Step,
    weights: &'a mut [f32],
}

impl Kernel for Sgd<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Sgd { block, clock, step, weights } = self;
        let (rate, l2) = (simd.splat(step.learning_rate), simd.splat(step.l2));
        let threshold = step.learning_rate * step.l1;
        for example in block.clock(clock) {
            let example = block.example(example);
            let z = product(simd, &example, weights, block.intercept());
            let gradient = (sigmoid(f64::from(z)) - f64::from(example.target)) as f32;
            weights[block.intercept()] -= step.learning_rate * gradient;
            let gradient = simd.splat(gradient);
            for group in example.groups {
                let old = simd.load(&gather(group, weights));
                let slope = simd.mul_add(l2, old, simd.mul(gradient, simd.load(&group.values)));
                let mut new = [0.0; LANES];
                simd.store(simd.neg_mul_add(rate, slope, old), &mut new);
                if threshold > 0.0 {
                    new = new.map(|weight| soft(weight, threshold));
                }
                for (&place, &weight) in group.places[..group.count].iter().zip(&new) {
                    weights[place as usize] = weight;
                }
            }
        }
    }
}

struct LogOdds<'a> {
    block: &'a Block,
    weights: &'a [f32],
}

impl Kernel for LogOdds<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Vec<f32> {
        let LogOdds { block, weights } = self;
        (0..block.len()).map(|k| product(simd, &block.example(k), weights, block.intercept())).collect()
    }
}

/// The log odds of an example.
#[inline(always)]
fn product<S: Simd>(simd: S, example: &Example, weights: &[f32], intercept: usize) -> f32 {
    let mut sums = simd.splat(0.0);
    for group in example.groups {
        sums = simd.mul_add(simd.load(&group.values), simd.load(&gather(group, weights)), sums);
    }
    simd.sum(sums) + weights[intercept]
}

#[inline(always)]
fn gather(group: &Group, weights: &[f32]) -> [f32; LANES] {
    group.places.map(|place| weights[place as usize])
}

/// `weight` moved towards 0 by `by`, and not past it.
#[inline(always)]
fn soft(weight: f32, by: f32) -> f32 {
    let left = weight.abs() - by;
    if left > 0.0 { left.copysign(weight) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_and_probabilities_hold_at_both_ends() {
        for z in [-700.0, -30.0, -1.0, 0.0, 1.0, 30.0, 700.0] {
            let p = sigmoid(z);
            assert!((0.0..=1.0).contains(&p) && (p + sigmoid(-z) - 1.0).abs() < 1e-15, "{z}");
            assert_eq!(log_loss(z, 1.0), log_loss(-z, 0.0));
            assert!((log_loss(z, 1.0) - log_loss(z, 0.0) + z).abs() < 1e-12, "{z}");
        }
        assert!((log_loss(0.0, 1.0) - std::f64::consts::LN_2).abs() < 1e-15);
        assert!(log_loss(50.0, 1.0) > 0.0 && log_loss(1e9, 0.0) == 1e9);
    }

    #[test]
    fn soft_thresholding_ends_at_zero() {
        assert_eq!([0.5, -0.5, 0.1, -0.1].map(|weight| soft(weight, 0.25)), [0.25, -0.25, 0.0, 0.0]);
    }
}
