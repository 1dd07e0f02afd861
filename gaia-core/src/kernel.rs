//! Kernels over flat tables of f32 that servers and workers share: differences, sums and the significance filter.
//!
//! Every result has the same bits on every [`Isa`]. Slices that belong together must be of one length; a kernel panics
//! when they are not.

use crate::simd::{Isa, Kernel, LANES, Simd, dispatch};

/// `before = after - before`: the additive update of a clock, in the place of the values that it began with.
pub fn delta(isa: Isa, after: &[f32], before: &mut [f32]) {
    assert_eq!(after.len(), before.len(), "the tables differ in length");
    dispatch(isa, Delta { after, before });
}

/// `destination += source`, element by element.
pub fn add_assign(isa: Isa, destination: &mut [f32], source: &[f32]) {
    assert_eq!(destination.len(), source.len(), "the tables differ in length");
    dispatch(isa, AddAssign { destination, source });
}

/// A step of gradient descent with momentum along the mean of some updates, in numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OuterStep {
    /// One over the number of the updates.
    pub share: f32,
    /// Factor of the direction.
    pub learning_rate: f32,
    /// Factor of the velocity before; 0: there is no velocity.
    pub momentum: f32,
    /// Whether the step looks ahead along the velocity.
    pub nesterov: bool,
}

impl OuterStep {
    /// Whether steps leave a velocity behind.
    pub fn has_velocity(&self) -> bool {
        self.momentum != 0.0
    }
}

/// Makes the step of a sum of updates, in its place: with the mean `d = share * sum`, `velocity = momentum * velocity + d`, and the step
/// is `learning_rate * velocity`; with `nesterov` it is `learning_rate * (d + momentum * velocity)`. Without momentum `velocity` is not
/// used, and may be empty.
///
/// Multiplication and addition fuse where both stand in one of these terms. Where `share` is a power of two the mean is exact.
pub fn outer_step(isa: Isa, sum: &mut [f32], velocity: &mut [f32], step: OuterStep) {
    if step.has_velocity() {
        assert_eq!(sum.len(), velocity.len(), "the tables differ in length");
        dispatch(isa, MomentumStep { sum, velocity, step });
    } else {
        dispatch(isa, MeanStep { sum, step });
    }
}

/// The significance filter (paper section 3.2): where |accumulated| > threshold * |value|, the index and the
/// accumulated update are appended to the outputs, indexes rising, and the accumulated update is reset to 0.
///
/// Any non-zero update is significant if the value is exactly 0, and everywhere if the threshold is 0. An update
/// of 0 never is. When the threshold is 0, updates that are NaN or infinite count as well: sites that merge all of their
/// changes must not hide that one of them has diverged.
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
    if threshold == 0.0 {
        take_changed(accumulated, out_index, out_value);
    } else {
        dispatch(isa, Significant { accumulated, values, threshold, out_index, out_value });
    }
}

/// The filter with threshold 0. No comparison with a product of the value, which may be NaN or infinite.
fn take_changed(accumulated: &mut [f32], out_index: &mut Vec<u32>, out_value: &mut Vec<f32>) {
    for (index, update) in (0..).zip(accumulated).filter(|(_, update)| **update != 0.0) {
        out_index.push(index);
        out_value.push(std::mem::take(update));
    }
}

struct Delta<'a> {
    after: &'a [f32],
    before: &'a mut [f32],
}

impl Kernel for Delta<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (after, after_rest) = self.after.as_chunks::<LANES>();
        let (before, before_rest) = self.before.as_chunks_mut::<LANES>();
        for (after, before) in after.iter().zip(before) {
            simd.store(simd.sub(simd.load(after), simd.load(before)), before);
        }
        for (after, before) in after_rest.iter().zip(before_rest) {
            *before = after - *before;
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

struct MeanStep<'a> {
    sum: &'a mut [f32],
    step: OuterStep,
}

impl Kernel for MeanStep<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let OuterStep { share, learning_rate, .. } = self.step;
        let (shares, rates) = (simd.splat(share), simd.splat(learning_rate));
        let (sum, sum_rest) = self.sum.as_chunks_mut::<LANES>();
        for sum in sum {
            let mean = simd.mul(simd.load(sum), shares);
            simd.store(simd.mul(mean, rates), sum);
        }
        for sum in sum_rest {
            *sum = *sum * share * learning_rate;
        }
    }
}

struct MomentumStep<'a> {
    sum: &'a mut [f32],
    velocity: &'a mut [f32],
    step: OuterStep,
}

impl Kernel for MomentumStep<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let OuterStep { share, learning_rate, momentum, nesterov } = self.step;
        let (shares, rates, momenta) = (simd.splat(share), simd.splat(learning_rate), simd.splat(momentum));
        let (sum, sum_rest) = self.sum.as_chunks_mut::<LANES>();
        let (velocity, velocity_rest) = self.velocity.as_chunks_mut::<LANES>();
        for (sum, velocity) in sum.iter_mut().zip(velocity) {
            let mean = simd.mul(simd.load(sum), shares);
            let moved = simd.mul_add(momenta, simd.load(velocity), mean);
            simd.store(moved, velocity);
            let direction = if nesterov { simd.mul_add(momenta, moved, mean) } else { moved };
            simd.store(simd.mul(direction, rates), sum);
        }
        for (sum, velocity) in sum_rest.iter_mut().zip(velocity_rest) {
            let mean = *sum * share;
            *velocity = momentum.mul_add(*velocity, mean);
            let direction = if nesterov { momentum.mul_add(*velocity, mean) } else { *velocity };
            *sum = direction * learning_rate;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_threshold_zero_all_that_is_not_zero_goes_however_large() {
        let updates = [0.0, f32::NAN, -0.0, f32::INFINITY, f32::NEG_INFINITY, 1e-30, -2.0];
        let taken = [1, 3, 4, 5, 6];
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_supported()) {
            for value in [0.0, 5.0, f32::NAN, f32::INFINITY] {
                // More than one group of lanes.
                let mut accumulated = updates.repeat(5);
                let values = vec![value; accumulated.len()];
                let (mut indexes, mut amounts) = (Vec::new(), Vec::new());
                significant(isa, &mut accumulated, &values, 0.0, &mut indexes, &mut amounts);
                let expected: Vec<u32> = (0..5).flat_map(|n| taken.map(|index| n * 7 + index)).collect();
                assert_eq!(indexes, expected, "{isa}, values {value}");
                assert!(
                    indexes
                        .iter()
                        .zip(&amounts)
                        .all(|(&index, amount)| { amount.to_bits() == updates[index as usize % 7].to_bits() })
                );
                assert!(accumulated.iter().all(|&left| left == 0.0));
            }
        }
    }

    #[test]
    fn outer_steps_have_the_same_bits_on_all_instructions_and_are_those_of_their_formula() {
        let numbers = |seed: u32, count: u32| -> Vec<f32> {
            (0..count).map(|k| ((k * 37 + seed * 101) % 97) as f32 * 0.137 - 6.3).collect()
        };
        let bits = |values: &[f32]| -> Vec<u32> { values.iter().map(|value| value.to_bits()).collect() };
        for (count, share, momentum, nesterov) in
            [(0, 0.5, 0.9, true), (15, 0.25, 0.9, false), (50, 1.0 / 3.0, 0.9, true), (50, 1.0 / 3.0, 0.0, true)]
        {
            let step = OuterStep { share, learning_rate: 0.7, momentum, nesterov };
            let (sum, before) = (numbers(1, count), numbers(2, count));
            let mean = |sum: f32| sum * share;
            let velocity = |(&sum, &before): (&f32, &f32)| momentum.mul_add(before, mean(sum));
            let velocities: Vec<f32> = sum.iter().zip(&before).map(velocity).collect();
            let ahead = |(&sum, &velocity): (&f32, &f32)| {
                0.7 * if nesterov { momentum.mul_add(velocity, mean(sum)) } else { velocity }
            };
            let steps: Vec<f32> = sum.iter().zip(&velocities).map(ahead).collect();
            for isa in Isa::ALL.into_iter().filter(|isa| isa.is_supported()) {
                let (mut sum, mut velocity) = (sum.clone(), before.clone());
                outer_step(isa, &mut sum, &mut velocity, step);
                assert_eq!(bits(&sum), bits(&steps), "{isa}, {step:?}");
                let expected = if step.has_velocity() { &velocities } else { &before };
                assert_eq!(bits(&velocity), bits(expected), "{isa}, {step:?}");
            }
        }
    }
}
