//! Settings that cannot be used.

use std::fmt::Display;
use std::ops::RangeInclusive;

/// The largest value of a setting in clocks.
pub const MAX_CLOCKS: u32 = 1000;

/// A setting that cannot be used as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its path below the model, as specs spell it: `slack`.
    pub setting: String,
    /// The value in the spec.
    pub found: String,
    /// The valid values.
    pub expected: String,
}

impl Problem {
    /// `None` when `value` lies in `range`.
    pub fn outside<T: PartialOrd + Display>(setting: &str, value: T, range: RangeInclusive<T>) -> Option<Self> {
        let expected = || format!("{} to {}", range.start(), range.end());
        (!range.contains(&value)).then(|| Problem {
            setting: setting.to_owned(),
            found: value.to_string(),
            expected: expected(),
        })
    }
}
