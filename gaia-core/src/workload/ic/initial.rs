//! Parameters at the start.

use std::ops::Range;

use emulator::random::stream;
use rand::Rng;

use super::architecture::{Architecture, Initial};

/// Fills in a range of the flat array as it is before the first clock, padding with 0.
///
/// Every parameter has its own random stream, named by seed and number, one word per float: the values do not depend on how
/// rows are spread over machines.
pub fn initial(architecture: &Architecture, seed: u64, range: Range<usize>, values: &mut [f32]) {
    assert_eq!(range.len(), values.len(), "a value for every place");
    values.fill(0.0);
    for (number, parameter) in architecture.parameters_within(range.clone()) {
        let (start, end) = (parameter.range.start.max(range.start), parameter.range.end.min(range.end));
        let values = &mut values[start - range.start..end - range.start];
        match parameter.initial {
            Initial::Constant(value) => values.fill(value),
            Initial::Even(bound) => {
                let mut random = stream(seed, "ic initial parameters", number as u64);
                random.set_word_pos((start - parameter.range.start) as u128);
                for value in values {
                    let bits = random.next_u32() >> 8;
                    *value = (bits as f32 * (1.0 / (1 << 23) as f32) - 1.0) * bound;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::architecture::{Extent, WIDTH};
    use super::super::config::Ic;
    use super::super::networks::architecture;
    use super::*;

    #[test]
    fn rows_are_slices_of_the_whole_and_seeds_differ() {
        let input = Extent { channels: 3, height: 32, width: 32 };
        let built = architecture(&Ic::default(), input, 10).expect("fit images");
        let whole = |seed| {
            let mut values = vec![f32::NAN; built.floats()];
            initial(&built, seed, 0..built.floats(), &mut values);
            values
        };
        let all = whole(1);
        for row in 0..built.floats() / WIDTH {
            let range = row * WIDTH..(row + 1) * WIDTH;
            let mut values = [f32::NAN; WIDTH];
            initial(&built, 1, range.clone(), &mut values);
            assert_eq!(values, all[range]);
        }
        assert_ne!(all, whole(2));
        let first = &built.parameters[0];
        let Initial::Even(bound) = first.initial else { panic!("weights are drawn") };
        let weights = &all[first.range.clone()];
        let deviation = (weights.iter().map(|w| w * w).sum::<f32>() / weights.len() as f32).sqrt();
        assert!((deviation / (bound / 3f32.sqrt()) - 1.0).abs() < 0.03, "{deviation} for {bound}");
    }
}
