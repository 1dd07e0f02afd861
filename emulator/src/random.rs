//! Named random streams: one per purpose and entity, all from a run's seed.
//!
//! Two entities never share a stream, so adding one does not change what another draws.

use base::streams::Streams;
use rand_chacha::ChaCha8Rng;

/// Fixed: another context would change every result.
const STREAMS: Streams = Streams::of("gaia testbed random stream");

/// The stream of `entity` for `purpose` in the run of `seed`.
pub fn stream(seed: u64, purpose: &str, entity: u64) -> ChaCha8Rng {
    STREAMS.entity(seed, purpose, entity)
}

/// The `index`-th draw of a stream, evenly from `-1.0..1.0`, without state in between.
pub fn even_draw(seed: u64, purpose: &str, entity: u64, index: u64) -> f64 {
    use rand_chacha::rand_core::Rng;
    let mut rng = stream(seed, purpose, entity);
    rng.set_word_pos(u128::from(index) * 2);
    let bits = rng.next_u64() >> 11;
    bits as f64 / (1u64 << 52) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::even_draw;

    #[test]
    fn draws_are_named_and_even() {
        assert_eq!(even_draw(1, "jitter", 3, 7), even_draw(1, "jitter", 3, 7));
        assert_ne!(even_draw(1, "jitter", 3, 7), even_draw(1, "jitter", 4, 7));
        assert_ne!(even_draw(1, "jitter", 3, 7), even_draw(1, "delay", 3, 7));
        let draws: Vec<f64> = (0..4000).map(|index| even_draw(9, "jitter", 0, index)).collect();
        let mean = draws.iter().sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!(draws.iter().all(|draw| (-1.0..1.0).contains(draw)));
    }
}
