//! Wall time and the run's time: `now = wall / K`.
//!
//! [`Dilation`] is an exact rational, so both directions are integer arithmetic and never drift. All processes of a run
//! are on one host and share its monotonic clock; the [`Epoch`] on it is the start of the run.

use std::fmt;
use std::str::FromStr;

use rustix::time::{ClockId, Timespec, clock_gettime};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::time::{Duration, Instant};

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const THOUSAND: u128 = 1000;

/// The seconds of wall time that one second of the run takes (`K`): in thousandths, 0.001 to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Dilation(u32);

/// The error of a text or number that is not a dilation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("dilation `{found}`: expected a number from 0.001 to 1000000 with at most three decimals, such as 4 or 0.5")]
pub struct DilationError {
    /// The text or number as it was given.
    pub found: String,
}

impl Dilation {
    /// Real time: a factor of 1.
    pub const NONE: Dilation = Dilation(1000);
    /// The largest dilation, in thousandths.
    pub const MOST: u32 = 1_000_000_000;

    /// The dilation by the factor `thousandths` / 1000.
    pub fn from_thousandths(thousandths: u32) -> Result<Dilation, DilationError> {
        if (1..=Dilation::MOST).contains(&thousandths) {
            return Ok(Dilation(thousandths));
        }
        Err(DilationError { found: format!("{}.{:03}", thousandths / 1000, thousandths % 1000) })
    }

    /// The factor in thousandths.
    pub const fn as_thousandths(self) -> u32 {
        self.0
    }

    /// As a factor, for reports.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// The wall time that `span` of the run takes, rounded up.
    pub fn wall(self, span: Duration) -> u64 {
        scale(span.as_nanos(), u128::from(self.0), THOUSAND, Rounding::Up)
    }

    /// The span of the run that `wall` nanoseconds stand for, rounded down.
    pub fn span(self, wall: u64) -> Duration {
        Duration::from_nanos(scale(wall, THOUSAND, u128::from(self.0), Rounding::Down))
    }

    /// The first wall nanosecond since the epoch at which the run's time is `at` or later.
    pub fn wall_of(self, at: Instant) -> u64 {
        self.wall(at.saturating_since(Instant::START))
    }

    /// The run's time `wall` nanoseconds after the epoch.
    pub fn instant(self, wall: u64) -> Instant {
        Instant::START + self.span(wall)
    }
}

enum Rounding {
    Up,
    Down,
}

/// `value * numerator / denominator`, at most `u64::MAX`.
fn scale(value: u64, numerator: u128, denominator: u128, rounding: Rounding) -> u64 {
    let product = u128::from(value) * numerator;
    let scaled = match rounding {
        Rounding::Up => product.div_ceil(denominator),
        Rounding::Down => product / denominator,
    };
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

impl TryFrom<u32> for Dilation {
    type Error = DilationError;
    fn try_from(thousandths: u32) -> Result<Dilation, DilationError> {
        Dilation::from_thousandths(thousandths)
    }
}

impl From<Dilation> for u32 {
    fn from(dilation: Dilation) -> u32 {
        dilation.0
    }
}

impl FromStr for Dilation {
    type Err = DilationError;

    fn from_str(text: &str) -> Result<Dilation, DilationError> {
        let wrong = || DilationError { found: text.to_owned() };
        let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 3 {
            return Err(wrong());
        }
        let thousandths = format!("{part:0<3}").parse::<u32>().map_err(|_| wrong())?;
        let whole = whole.parse::<u32>().ok().and_then(|w| w.checked_mul(1000)).ok_or_else(wrong)?;
        let all = whole.checked_add(thousandths).ok_or_else(wrong)?;
        Dilation::from_thousandths(all).map_err(|_| wrong())
    }
}

impl fmt::Display for Dilation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1000, self.0 % 1000);
        if part == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{}", format!("{part:03}").trim_end_matches('0'))
    }
}

/// Nanoseconds of this host's monotonic clock.
pub fn monotonic_nanos() -> u64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::Monotonic);
    u64::try_from(tv_sec).unwrap_or(0) * NANOS_PER_SECOND + u64::try_from(tv_nsec).unwrap_or(0)
}

/// The start of a run on the host's monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(pub u64);

impl Epoch {
    /// Nanoseconds since the epoch; 0 before it.
    pub fn wall(self) -> u64 {
        monotonic_nanos().saturating_sub(self.0)
    }

    /// The monotonic nanosecond that lies `wall` nanoseconds after the epoch.
    pub fn monotonic(self, wall: u64) -> u64 {
        self.0.saturating_add(wall)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_round_trips_and_refuses() {
        for text in ["4", "0.5", "0.001", "22", "1.25", "1000000"] {
            assert_eq!(text.parse::<Dilation>().unwrap().to_string(), text);
        }
        for text in ["", "0", "-1", "1.2345", "1e3", "x", "1000001", ".5", "1.", "5000000000"] {
            assert!(text.parse::<Dilation>().is_err(), "{text}");
        }
        let error = "fast".parse::<Dilation>().unwrap_err().to_string();
        assert!(error.contains("`fast`") && error.contains("0.001 to 1000000"), "{error}");
    }

    proptest! {
        #[test]
        fn waiting_until_an_instant_reaches_it(thousandths in 1..=Dilation::MOST, nanos in 0..1_u64 << 44) {
            let dilation = Dilation::from_thousandths(thousandths).unwrap();
            let at = Instant::from_nanos(nanos);
            let wall = dilation.wall_of(at);
            prop_assert!(dilation.instant(wall) >= at);
            prop_assert!(wall == 0 || dilation.instant(wall - 1) < at);
        }
    }
}
