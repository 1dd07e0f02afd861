//! Instants and spans finer than a nanosecond: 64 bits of nanoseconds and 64 bits of fraction.
//!
//! A byte takes `8e9 / rate` nanoseconds, seldom a whole number. The remainder is carried to 2^-64 of a nanosecond per byte,
//! rounded up: a gigabit limit backlogged for ten years falls behind its rate by less than a nanosecond, and never runs
//! ahead of it.

use serde::{Deserialize, Serialize};

/// Nanoseconds in a second times bits in a byte.
const NANOBITS: u128 = 8_000_000_000;

/// The largest chunk: at 1 bit/s it still fits.
pub(super) const MAX_CHUNK: u64 = 1 << 30;

/// The largest rate: rounding errors of this much still stay below one byte (see [`super::bucket`]).
pub(super) const MAX_RATE: u64 = 1 << 60;

/// A time in units of 2^-64 nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Exact(u128);

impl Exact {
    /// The time that `bytes` take at `rate` bits per second; the longest span there is when it would be longer.
    pub(super) fn cost(bytes: u64, rate: u64) -> Exact {
        let (nanobits, rate) = (u128::from(bytes) * NANOBITS, u128::from(rate));
        let (nanos, rest) = (nanobits / rate, nanobits % rate);
        let fraction = (rest << 64).div_ceil(rate);
        if nanos > u128::from(u64::MAX) { Exact(u128::MAX) } else { Exact((nanos << 64) + fraction) }
    }

    /// `self` times `n`. The caller sees to it that it fits: per-byte costs times [`MAX_CHUNK`] do.
    #[inline]
    pub(super) fn times(self, n: u32) -> Exact {
        Exact(self.0 * u128::from(n))
    }

    /// The sum of two spans, or of an instant and a span.
    #[inline]
    pub(super) fn plus(self, other: Exact) -> Exact {
        Exact(self.0.checked_add(other.0).expect("a run lasts less than 584 years"))
    }

    /// `self`, or `now` when that is later.
    #[inline]
    pub(super) fn at_least(self, now: u64) -> Exact {
        Exact(self.0.max(u128::from(now) << 64))
    }

    /// Whether `self <= now`.
    #[inline]
    pub(super) fn is_by(self, now: u64) -> bool {
        self.0 <= u128::from(now) << 64
    }

    /// Whether `self <= t + span`.
    #[inline]
    pub(super) fn conforms(self, t: u64, span: Exact) -> bool {
        self.0 <= (u128::from(t) << 64).saturating_add(span.0)
    }

    /// The first whole nanosecond `t` with `self <= t + span`.
    #[inline]
    pub(super) fn within(self, span: Exact) -> u64 {
        let ahead = self.0.saturating_sub(span.0);
        (ahead >> 64) as u64 + u64::from(ahead as u64 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: u128 = 1 << 64;

    #[test]
    fn seven_bytes_at_seven_bits_a_second_take_eight_seconds() {
        let byte = Exact::cost(1, 7);
        assert_eq!(byte.within(Exact::default()), 8_000_000_000_u64.div_ceil(7));
        let seven = (0..7).fold(Exact::default(), |sum, _| sum.plus(byte));
        assert!(
            (0..7).contains(&(seven.0 - 8_000_000_000 * WHOLE)),
            "late by {} parts",
            seven.0 - 8_000_000_000 * WHOLE
        );
    }

    #[test]
    fn instants_round_to_the_one_that_is_not_too_early() {
        let (two_and_a_bit, one) = (Exact(2 * WHOLE + 1), Exact(WHOLE));
        assert_eq!(two_and_a_bit.within(one), 2);
        assert_eq!(two_and_a_bit.within(Exact(WHOLE + 1)), 1);
        assert_eq!(one.within(two_and_a_bit), 0);
        assert!(one.is_by(1) && !two_and_a_bit.is_by(2));
    }

    #[test]
    fn what_is_beyond_all_time_saturates() {
        assert_eq!(Exact::cost(u64::MAX, 1), Exact(u128::MAX));
        assert_eq!(Exact::cost(1 << 63, 8_000_000_000), Exact(WHOLE << 63));
    }
}
