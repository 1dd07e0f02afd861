//! The inner loops of matrix factorisation: SGD steps and the objective.
//!
//! Both take the ratings tile by tile in the order of the [`Block`](super::block::Block). A dot product runs over four
//! accumulators of 16 lanes (group g of a row goes to accumulator g mod 4), added as (0 + 1) + (2 + 3), then lane by
//! lane in a tree; so every instruction set gives the same bits.

mod evaluate;
mod sgd;

pub use evaluate::{Objective, objective, squared_error};
pub use sgd::{Step, sgd};

use crate::simd::{Lane, Simd};

/// <a, b> of two rows.
#[inline(always)]
fn dot<S: Simd>(simd: S, a: &[Lane], b: &[Lane]) -> f32 {
    let zero = simd.splat(0.0);
    let mut sums = [zero; 4];
    let (a_fours, a_rest) = a.as_chunks::<4>();
    let (b_fours, b_rest) = b.as_chunks::<4>();
    for (a, b) in a_fours.iter().zip(b_fours) {
        for k in 0..4 {
            sums[k] = simd.mul_add(simd.load(&a[k].0), simd.load(&b[k].0), sums[k]);
        }
    }
    for ((a, b), sum) in a_rest.iter().zip(b_rest).zip(&mut sums) {
        *sum = simd.mul_add(simd.load(&a.0), simd.load(&b.0), *sum);
    }
    simd.sum(simd.add(simd.add(sums[0], sums[1]), simd.add(sums[2], sums[3])))
}

/// [`dot`] of rows of `G` groups that are in registers.
#[inline(always)]
fn dot_in_registers<S: Simd, const G: usize>(simd: S, a: &[S::Floats; G], b: &[S::Floats; G]) -> f32 {
    let mut sums = [simd.splat(0.0); 4];
    for g in 0..G {
        sums[g % 4] = simd.mul_add(a[g], b[g], sums[g % 4]);
    }
    simd.sum(simd.add(simd.add(sums[0], sums[1]), simd.add(sums[2], sums[3])))
}
