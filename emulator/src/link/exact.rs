//! Instants and spans with a remainder: nanoseconds and a fraction over a rate.
//!
//! `n` bytes take `8e9 n / rate` nanoseconds, seldom a whole number. Here the remainder is kept as a fraction over the
//! rate, so sums are exact and a long run at a rate is that rate.

use serde::{Deserialize, Serialize};

/// Nanoseconds in a second times bits in a byte.
const NANOBITS: u64 = 8_000_000_000;

/// The largest chunk: its cost in nanobits fits a `u64`.
pub(super) const MAX_CHUNK: u64 = 1 << 30;

/// The largest rate: two fractions over it add up in a `u64`.
pub(super) const MAX_RATE: u64 = 1 << 62;

/// `nanos + part / rate` nanoseconds, `part < rate`; the rate is that of the bucket it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Exact {
    nanos: u64,
    part: u64,
}

impl Exact {
    /// The time that `bytes`, at most [`MAX_CHUNK`], take at `rate` bits a second.
    #[inline]
    pub(super) fn cost(bytes: u64, rate: u64) -> Exact {
        let nanobits = bytes * NANOBITS;
        Exact {
            nanos: nanobits / rate,
            part: nanobits % rate,
        }
    }

    /// The same for any number of bytes; the longest span there is when it would be longer.
    pub(super) fn cost_of_any(bytes: u64, rate: u64) -> Exact {
        let nanobits = u128::from(bytes) * u128::from(NANOBITS);
        let nanos = u64::try_from(nanobits / u128::from(rate)).unwrap_or(u64::MAX);
        Exact {
            nanos,
            part: (nanobits % u128::from(rate)) as u64,
        }
    }

    /// The sum.
    #[inline]
    pub(super) fn plus(self, other: Exact, rate: u64) -> Exact {
        let part = self.part + other.part;
        let carry = part >= rate;
        let nanos = self
            .nanos
            .checked_add(other.nanos)
            .and_then(|n| n.checked_add(u64::from(carry)));
        Exact {
            nanos: nanos.expect("a run lasts less than 584 years"),
            part: if carry { part - rate } else { part },
        }
    }

    /// `self`, or `now` when that is later.
    #[inline]
    pub(super) fn at_least(self, now: u64) -> Exact {
        if self.nanos < now {
            Exact {
                nanos: now,
                part: 0,
            }
        } else {
            self
        }
    }

    /// Whether `self <= now`, in whole nanoseconds and not a fraction more; equal counts.
    #[inline]
    pub(super) fn is_by(self, now: u64) -> bool {
        self.nanos < now || (self.nanos == now && self.part == 0)
    }

    /// The first whole nanosecond `t` with `self <= t + span`.
    #[inline]
    pub(super) fn within(self, span: Exact) -> u64 {
        let late = (self.nanos >= span.nanos) & (self.part > span.part);
        self.nanos.saturating_sub(span.nanos) + u64::from(late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_bytes_at_seven_bits_a_second_take_eight_seconds() {
        let byte = Exact::cost(1, 7);
        assert_eq!(byte.within(Exact::default()), 8_000_000_000_u64.div_ceil(7));
        let seven = (0..7).fold(Exact::default(), |sum, _| sum.plus(byte, 7));
        assert_eq!(
            seven,
            Exact {
                nanos: 8_000_000_000,
                part: 0
            }
        );
    }

    #[test]
    fn spans_round_to_the_instant_that_is_not_too_early() {
        let (two_and_a_bit, one) = (Exact { nanos: 2, part: 1 }, Exact { nanos: 1, part: 0 });
        assert_eq!(two_and_a_bit.within(one), 2);
        assert_eq!(two_and_a_bit.within(Exact { nanos: 1, part: 1 }), 1);
        assert_eq!(one.within(two_and_a_bit), 0);
        assert!(one.is_by(1) && !two_and_a_bit.is_by(2));
    }

    #[test]
    fn what_is_beyond_all_time_saturates() {
        assert_eq!(Exact::cost_of_any(u64::MAX, 1).nanos, u64::MAX);
        assert_eq!(
            Exact::cost_of_any(1 << 63, 8_000_000_000),
            Exact {
                nanos: 1 << 63,
                part: 0
            }
        );
    }
}
