//! Random numbers with the same bits on every machine: named ChaCha streams, normal deviates by libm, weighted draws
//! by integers.

use base::streams::Streams;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Fixed: another context would change every generated data set.
const STREAMS: Streams = Streams::of("gaia testbed 2026 datasets ratings");

/// The stream `name` of `seed`. Streams of different names or seeds are independent.
pub(crate) fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    STREAMS.named(seed, name)
}

/// Even on (0, 1], in steps of 2^-53.
pub(crate) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    ((rng.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
}

/// Whether an event of probability `p` happens; `p` is taken in steps of 2^-32.
pub(crate) fn happens(rng: &mut ChaCha8Rng, p: f64) -> bool {
    f64::from(rng.next_u32()) < p * (1u64 << 32) as f64
}

/// An even draw from `0..n`.
pub(crate) fn below(rng: &mut ChaCha8Rng, n: u32) -> u32 {
    ((u64::from(rng.next_u32()) * u64::from(n)) >> 32) as u32
}

/// Puts things in a random order (Fisher and Yates 1938, from the end).
pub(crate) fn shuffle<T>(things: &mut [T], mut rng: ChaCha8Rng) {
    for last in (1..things.len()).rev() {
        things.swap(last, below(&mut rng, last as u32 + 1) as usize);
    }
}

/// A stream of standard normal deviates (Box and Muller 1958).
pub(crate) struct Normals {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Normals {
    pub(crate) fn new(rng: ChaCha8Rng) -> Self {
        Normals { rng, spare: None }
    }

    /// Even on (0, 1], from the same stream.
    pub(crate) fn uniform(&mut self) -> f64 {
        uniform(&mut self.rng)
    }

    pub(crate) fn draw(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = libm::sqrt(-2.0 * libm::log(uniform(&mut self.rng)));
        let (sin, cos) = libm::sincos(std::f64::consts::TAU * uniform(&mut self.rng));
        self.spare = Some(radius * sin);
        radius * cos
    }
}

/// Draws indexes in proportion to weights, in constant time (Walker's alias method, as Vose 1991 builds it).
pub(crate) struct Alias {
    /// The chance, in steps of 2^-32, that a cell gives its own index.
    keep: Vec<u32>,
    other: Vec<u32>,
}

impl Alias {
    /// `weights`: positive and finite, at least one, fewer than 2^32.
    pub(crate) fn new(weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let mean = total / weights.len() as f64;
        let mut height: Vec<f64> = weights.iter().map(|w| w / mean).collect();
        let mut keep = vec![u32::MAX; weights.len()];
        let mut other: Vec<u32> = (0..weights.len() as u32).collect();
        let (mut low, mut high): (Vec<u32>, Vec<u32>) = other.iter().partition(|&&i| height[i as usize] < 1.0);
        while let (Some(&l), Some(&h)) = (low.last(), high.last()) {
            low.pop();
            keep[l as usize] = (height[l as usize] * (1u64 << 32) as f64) as u32;
            other[l as usize] = h;
            height[h as usize] -= 1.0 - height[l as usize];
            if height[h as usize] < 1.0 {
                high.pop();
                low.push(h);
            }
        }
        // What is left differs from 1 by rounding only; such cells keep their own index.
        Alias { keep, other }
    }

    pub(crate) fn draw(&self, rng: &mut ChaCha8Rng) -> u32 {
        let bits = rng.next_u64();
        let cell = (((bits >> 32) * self.keep.len() as u64) >> 32) as usize;
        if (bits as u32) < self.keep[cell] { cell as u32 } else { self.other[cell] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_depend_on_seed_and_name() {
        let first = |seed, name| stream(seed, name).next_u64();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(2, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
    }

    #[test]
    fn a_shuffle_keeps_all_things_and_every_place_gets_each_of_them() {
        let mut at = [[0u32; 4]; 4];
        for seed in 0..4_000 {
            let mut things = [0, 1, 2, 3];
            shuffle(&mut things, stream(seed, "test"));
            assert_eq!(things.iter().sum::<usize>(), 6);
            things.iter().enumerate().for_each(|(place, &thing)| at[place][thing] += 1);
        }
        assert!(at.iter().flatten().all(|&count| count.abs_diff(1_000) < 120), "{at:?}");
    }

    #[test]
    fn normals_have_mean_0_and_variance_1() {
        let mut normals = Normals::new(stream(7, "test"));
        let draws: Vec<f64> = (0..200_000).map(|_| normals.draw()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn an_alias_table_draws_in_proportion_to_its_weights() {
        let weights = [5.0, 1.0, 3.0, 0.5, 0.5];
        let alias = Alias::new(&weights);
        let mut rng = stream(7, "test");
        let mut counts = [0u32; 5];
        for _ in 0..100_000 {
            counts[alias.draw(&mut rng) as usize] += 1;
        }
        for (count, weight) in counts.iter().zip(weights) {
            assert!((f64::from(*count) - weight * 10_000.0).abs() < 600.0, "{counts:?}");
        }
    }
}
