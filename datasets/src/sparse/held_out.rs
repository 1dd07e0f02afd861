//! The choice of the examples that are held out for evaluation.
//!
//! Each example is held out with probability `share`, by one draw per example in their order from the stream `sparse held-out` of `seed`.
//! The last example of a class is never taken, so that both classes can be learned.

use super::examples::Examples;
pub use crate::held_out::HeldOut;
use crate::random::{happens, stream};

/// The default share of held-out entries.
pub const DEFAULT_SHARE: f64 = 0.1;

/// Splits examples into a part to learn from and a part held out; both keep the order.
pub fn split(all: &Examples, held_out: HeldOut) -> (Examples, Examples) {
    let mut rng = stream(held_out.seed, "sparse held-out");
    let mut left = [0usize; 2];
    all.labels().iter().for_each(|&label| left[label as usize] += 1);
    let (mut train, mut taken) = (Examples::default(), Examples::default());
    for (label, entries) in all.iter() {
        let left = &mut left[label as usize];
        let is_taken = happens(&mut rng, held_out.share) && *left > 1;
        *left -= usize::from(is_taken);
        let part = if is_taken { &mut taken } else { &mut train };
        part.push(label, entries.iter().copied());
    }
    (train, taken)
}
