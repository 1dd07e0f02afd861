//! Named random streams: ChaCha with 8 rounds, the same bits on every machine.
//!
//! A stream is named by a family, the seed of a run, a purpose, and the number of an entity. Two entities never share a stream, so that a
//! further entity does not change the draws of the others. The bits of every stream are fixed: other ones would change every result.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// A family of streams. Streams of different families are independent, also if their names and seeds are equal.
///
/// ```
/// use base::streams::Streams;
///
/// const STREAMS: Streams = Streams::of("an example of streams");
/// let order = STREAMS.named(7, "order");
/// assert_eq!(order, STREAMS.named(7, "order"));
/// assert_ne!(order, STREAMS.named(8, "order"));
/// assert_ne!(order, STREAMS.entity(7, "order", 1));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    context: &'static str,
}

impl Streams {
    /// The family of `context`, a constant that no other family has: the context of BLAKE3's key derivation.
    pub const fn of(context: &'static str) -> Self {
        Streams { context }
    }

    /// The stream of `seed` for `purpose`; entity 0 of [`Streams::entity`].
    pub fn named(self, seed: u64, purpose: &str) -> ChaCha8Rng {
        let mut hasher = blake3::Hasher::new_derive_key(self.context);
        hasher.update(&seed.to_le_bytes());
        hasher.update(purpose.as_bytes());
        ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
    }

    /// The stream of `seed` for one of many entities of a purpose.
    pub fn entity(self, seed: u64, purpose: &str, entity: u64) -> ChaCha8Rng {
        at(self.named(seed, purpose), entity)
    }
}

/// The stream of `seed` for an entity of `purpose`, whose 24 bytes are a part of the key as they are. It is cheaper than
/// [`Streams::entity`], for streams of few draws.
pub fn unhashed(seed: u64, purpose: &[u8; 24], entity: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..].copy_from_slice(purpose);
    at(ChaCha8Rng::from_seed(key), entity)
}

fn at(mut stream: ChaCha8Rng, entity: u64) -> ChaCha8Rng {
    stream.set_stream(entity);
    stream
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::Rng;

    use super::*;

    const A: Streams = Streams::of("gaia testbed random stream");
    const B: Streams = Streams::of("gaia testbed 2026 datasets ratings");

    #[test]
    fn every_part_of_a_name_matters() {
        let first = |mut stream: ChaCha8Rng| stream.next_u64();
        let streams = [
            A.named(1, "a"),
            A.named(2, "a"),
            A.named(1, "b"),
            B.named(1, "a"),
            A.entity(1, "a", 1),
            unhashed(1, b"aaaaaaaaaaaaaaaaaaaaaaaa", 0),
            unhashed(2, b"aaaaaaaaaaaaaaaaaaaaaaaa", 0),
            unhashed(1, b"aaaaaaaaaaaaaaaaaaaaaaab", 0),
            unhashed(1, b"aaaaaaaaaaaaaaaaaaaaaaaa", 1),
        ];
        let mut draws: Vec<u64> = streams.into_iter().map(first).collect();
        draws.sort_unstable();
        draws.dedup();
        assert_eq!(draws.len(), 9);
        assert_eq!(first(A.entity(1, "a", 0)), first(A.named(1, "a")));
    }

    /// Results rest on these bits.
    #[test]
    fn the_bits_are_fixed() {
        let first = |mut stream: ChaCha8Rng| stream.next_u64();
        let draws = [
            first(A.entity(7, "jitter", 3)),
            first(B.named(7, "items")),
            first(unhashed(7, b"mf initial rows of users", 3)),
        ];
        assert_eq!(draws, [274416736357049744, 11749067242164233319, 4511714355015509672]);
    }
}
