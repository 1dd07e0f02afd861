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

/// The products of two rows with each other and with themselves.
#[derive(Clone, Copy, Default)]
pub(super) struct Products {
    pub(super) l_r: f32,
    pub(super) l_l: f32,
    pub(super) r_r: f32,
}

/// All three [`Products`] in one go over the rows: two accumulators each (group g goes to g mod 2), which is what the registers of
/// AVX2 hold.
#[inline(always)]
pub(super) fn products<S: Simd>(simd: S, l: &[Lane], r: &[Lane]) -> Products {
    let mut sums = [[simd.splat(0.0); 2]; 3];
    let (l_pairs, l_rest) = l.as_chunks::<2>();
    let (r_pairs, r_rest) = r.as_chunks::<2>();
    for (l, r) in l_pairs.iter().zip(r_pairs) {
        for k in 0..2 {
            add_products(simd, &mut sums, k, simd.load(&l[k].0), simd.load(&r[k].0));
        }
    }
    for (l, r) in l_rest.iter().zip(r_rest) {
        add_products(simd, &mut sums, 0, simd.load(&l.0), simd.load(&r.0));
    }
    whole(simd, &sums)
}

/// [`products`] of rows of `G` groups that are in registers.
#[inline(always)]
pub(super) fn products_in_registers<S: Simd, const G: usize>(
    simd: S,
    l: &[S::Floats; G],
    r: &[S::Floats; G],
) -> Products {
    let mut sums = [[simd.splat(0.0); 2]; 3];
    for g in 0..G {
        add_products(simd, &mut sums, g % 2, l[g], r[g]);
    }
    whole(simd, &sums)
}

#[inline(always)]
fn add_products<S: Simd>(simd: S, sums: &mut [[S::Floats; 2]; 3], k: usize, l: S::Floats, r: S::Floats) {
    sums[0][k] = simd.mul_add(l, r, sums[0][k]);
    sums[1][k] = simd.mul_add(l, l, sums[1][k]);
    sums[2][k] = simd.mul_add(r, r, sums[2][k]);
}

#[inline(always)]
fn whole<S: Simd>(simd: S, sums: &[[S::Floats; 2]; 3]) -> Products {
    let [l_r, l_l, r_r] = sums;
    Products {
        l_r: simd.sum(simd.add(l_r[0], l_r[1])),
        l_l: simd.sum(simd.add(l_l[0], l_l[1])),
        r_r: simd.sum(simd.add(r_r[0], r_r[1])),
    }
}
