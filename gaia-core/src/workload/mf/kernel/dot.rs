//! Dot products of rows: four accumulators of 16 lanes, in the order that the [kernels](super) promise.

use crate::simd::{Lane, Simd};

/// <a, b> of two rows.
#[inline(always)]
pub(super) fn dot<S: Simd>(simd: S, a: &[Lane], b: &[Lane]) -> f32 {
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
pub(super) fn dot_in_registers<S: Simd, const G: usize>(simd: S, a: &[S::Floats; G], b: &[S::Floats; G]) -> f32 {
    let mut sums = [simd.splat(0.0); 4];
    for g in 0..G {
        sums[g % 4] = simd.mul_add(a[g], b[g], sums[g % 4]);
    }
    simd.sum(simd.add(simd.add(sums[0], sums[1]), simd.add(sums[2], sums[3])))
}
