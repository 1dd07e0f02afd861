//! Settings that cannot be used.

use std::fmt::Display;
use std::ops::RangeInclusive;

/// The largest value of a setting in clocks.
pub const MAX_CLOCKS: u32 = 1000;

/// A setting that cannot be used as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSetting {
    /// Its path below the model, as specs spell it: `slack`.
    pub setting: String,
    /// The value in the spec.
    pub found: String,
    /// The valid values, in words.
    pub expected: String,
}

impl InvalidSetting {
    /// `found` at the path `setting`.
    pub fn new(setting: &str, found: impl Display, expected: impl Into<String>) -> Self {
        InvalidSetting { setting: setting.to_owned(), found: found.to_string(), expected: expected.into() }
    }

    /// `None` when `value` lies in `range`.
    pub fn outside<T: PartialOrd + Display>(setting: &str, value: T, range: RangeInclusive<T>) -> Option<Self> {
        let expected = || format!("{} to {}", range.start(), range.end());
        (!range.contains(&value)).then(|| InvalidSetting::new(setting, value, expected()))
    }

    /// `None` when `value` is more than 0 and at most `most`.
    pub fn not_positive(setting: &str, value: f64, most: f64) -> Option<Self> {
        let is_valid = value > 0.0 && value <= most;
        (!is_valid).then(|| InvalidSetting::new(setting, short(value), format!("more than 0, at most {most}")))
    }
}

/// `value` as it was probably written: with an exponent where it would have more than about fifteen digits.
fn short(value: f64) -> String {
    let is_plain = value == 0.0 || (1e-9..1e15).contains(&value.abs()) || !value.is_finite();
    if is_plain { value.to_string() } else { format!("{value:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_must_be_positive_are_at_most_their_bound() {
        assert!([1e-300, 0.1, 3600.0].iter().all(|&value| InvalidSetting::not_positive("s", value, 3600.0).is_none()));
        for (value, found) in
            [(0.0, "0"), (-1e-300, "-1e-300"), (3600.1, "3600.1"), (1e300, "1e300"), (f64::NAN, "NaN")]
        {
            let problem = InvalidSetting::not_positive("s", value, 3600.0).expect("it is out of bounds");
            assert_eq!((&problem.found[..], &problem.expected[..]), (found, "more than 0, at most 3600"));
        }
    }
}
