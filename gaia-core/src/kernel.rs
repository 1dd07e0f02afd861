//! Kernels over flat tables of f32 that servers and workers share: differences, sums and the significance filter.
//!
//! Every result has the same bits on every [`Isa`]. Slices that belong together must be of one length; a kernel panics
//! when they are not.

mod filter;

pub use self::filter::{Pending, significant};
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

#[cfg(test)]
mod tests {
    use super::*;

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
