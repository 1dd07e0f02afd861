//! The extra delay of a message: a pure function of seed, stream and sequence number.
//!
//! Keyed draws need no state in a snapshot and do not depend on the order in which streams are served. The generator is
//! SplitMix64 (Steele, Lea, Flood 2014): its finaliser over the key, once for the seed and stream, once for the
//! sequence; the range is reached by a widening multiplication, whose bias is below `jitter / 2^64`.

/// A draw from `0..=jitter` nanoseconds, even.
pub(super) fn draw(seed: u64, stream: u64, sequence: u64, jitter: u64) -> u64 {
    let key = finalise(seed.wrapping_add(finalise(stream.wrapping_add(GAMMA))));
    let bits = finalise(key.wrapping_add(sequence.wrapping_add(1).wrapping_mul(GAMMA)));
    ((u128::from(bits) * (u128::from(jitter) + 1)) >> 64) as u64
}

/// 2^64 over the golden ratio, odd.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

fn finalise(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_fill_the_range_evenly() {
        let mut hits = [0_u32; 11];
        for sequence in 0..110_000 {
            hits[draw(7, 3, sequence, 10) as usize] += 1;
        }
        assert!(hits.iter().all(|&h| (9_500..10_500).contains(&h)), "{hits:?}");
        assert_eq!(draw(7, 3, 5, 0), 0);
    }

    #[test]
    fn neighbouring_keys_do_not_agree() {
        let agree = (0..1_000).filter(|&s| draw(1, 0, s, 999) == draw(1, 1, s, 999)).count();
        let shifted = (0..1_000).filter(|&s| draw(1, 0, s + 1, 999) == draw(1, 1, s, 999)).count();
        assert!(agree < 10 && shifted < 10, "{agree} {shifted} of 1000 where 1 is expected");
    }

    #[test]
    fn the_draws_of_a_seed_never_change() {
        assert_eq!([0, 1, 2].map(|s| draw(42, 17, s, 999_999)), [972_742, 125_695, 397_915]);
    }
}
