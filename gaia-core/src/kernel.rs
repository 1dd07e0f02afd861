//! Kernels over flat tables of f32 that servers and workers share: differences, sums and the significance filter.
//!
//! Every result has the same bits on every [`Isa`]. Slices that belong together must be of one length; a kernel panics
//! when they are not.

use crate::simd::{Isa, Kernel, LANES, Simd, dispatch};

/// `out = after - before`: the additive update of a clock.
pub fn delta(isa: Isa, after: &[f32], before: &[f32], out: &mut [f32]) {
    assert_eq!(after.len(), before.len(), "the tables differ in length");
    assert_eq!(after.len(), out.len(), "the tables differ in length");
    dispatch(isa, Delta { after, before, out });
}

/// `destination += source`.
pub fn add_assign(isa: Isa, destination: &mut [f32], source: &[f32]) {
    assert_eq!(destination.len(), source.len(), "the tables differ in length");
    dispatch(isa, AddAssign { destination, source });
}

/// The significance filter (paper section 3.2): where |accumulated| > threshold * |value|, the index and the
/// accumulated update are appended to the outputs, indexes rising, and the accumulated update is reset to 0.
///
/// Where the value is exactly 0, and everywhere when the threshold is 0, any non-zero update is significant. An update
/// of 0 never is.
pub fn significant(
    isa: Isa,
    accumulated: &mut [f32],
    values: &[f32],
    threshold: f32,
    out_index: &mut Vec<u32>,
    out_value: &mut Vec<f32>,
) {
    assert_eq!(accumulated.len(), values.len(), "the tables differ in length");
    assert!(u32::try_from(accumulated.len()).is_ok(), "a table has at most 2^32 - 1 entries");
    assert!(threshold >= 0.0, "a threshold is not negative, found {threshold}");
    dispatch(isa, Significant { accumulated, values, threshold, out_index, out_value });
}

struct Delta<'a> {
    after: &'a [f32],
    before: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Delta<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (after, after_rest) = self.after.as_chunks::<LANES>();
        let (before, before_rest) = self.before.as_chunks::<LANES>();
        let (out, out_rest) = self.out.as_chunks_mut::<LANES>();
        for ((after, before), out) in after.iter().zip(before).zip(out) {
            simd.store(simd.sub(simd.load(after), simd.load(before)), out);
        }
        for ((after, before), out) in after_rest.iter().zip(before_rest).zip(out_rest) {
            *out = after - before;
        }
    }
}

struct AddAssign<'a> {
    destination: &'a mut [f32],
    source: &'a [f32],
}

impl Kernel for AddAssign<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (destination, destination_rest) = self.destination.as_chunks_mut::<LANES>();
        let (source, source_rest) = self.source.as_chunks::<LANES>();
        for (destination, source) in destination.iter_mut().zip(source) {
            simd.store(simd.add(simd.load(destination), simd.load(source)), destination);
        }
        for (destination, source) in destination_rest.iter_mut().zip(source_rest) {
            *destination += source;
        }
    }
}

struct Significant<'a> {
    accumulated: &'a mut [f32],
    values: &'a [f32],
    threshold: f32,
    out_index: &'a mut Vec<u32>,
    out_value: &'a mut Vec<f32>,
}

impl Kernel for Significant<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let threshold = simd.splat(self.threshold);
        let (accumulated, accumulated_rest) = self.accumulated.as_chunks_mut::<LANES>();
        let (values, values_rest) = self.values.as_chunks::<LANES>();
        let mut packed_values = [0.0; LANES];
        let mut packed_indexes = [0; LANES];
        let mut first = 0;
        for (accumulated, values) in accumulated.iter_mut().zip(values) {
            let updates = simd.load(accumulated);
            let mask = simd.exceeds(updates, threshold, simd.load(values));
            if mask != 0 {
                let count = mask.count_ones() as usize;
                simd.compress(mask, updates, first, &mut packed_values, &mut packed_indexes);
                self.out_value.extend_from_slice(&packed_values[..count]);
                self.out_index.extend_from_slice(&packed_indexes[..count]);
                reset(accumulated, mask);
            }
            first += LANES as u32;
        }
        for (index, (accumulated, value)) in (first..).zip(accumulated_rest.iter_mut().zip(values_rest)) {
            if accumulated.abs() > self.threshold * value.abs() {
                self.out_index.push(index);
                self.out_value.push(std::mem::take(accumulated));
            }
        }
    }
}

/// Sets the lanes of the mask to 0.
#[inline(always)]
fn reset(lanes: &mut [f32; LANES], mask: u16) {
    for (k, lane) in lanes.iter_mut().enumerate() {
        *lane = if mask & (1 << k) != 0 { 0.0 } else { *lane };
    }
}
