//! The changes of numbers that do not count, and the names that are left out.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::report::number_text;

/// The changes of a number that do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Tolerance {
    /// Those that pages and terminals do not show, which have at least four significant digits.
    #[default]
    Printed,
    /// Those of at most this share of the greater number: `1 %` is 0.01.
    Share(f64),
}

/// A text that is no tolerance.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("found `{found}`, expected a percentage from 0 % to 100 %, such as `1%`")]
pub struct NotATolerance {
    found: String,
}

impl Tolerance {
    /// No change at all.
    pub const EXACT: Tolerance = Tolerance::Share(0.0);

    /// Whether the change from `a` to `b` does not count. NaN equals NaN alone, and an infinity itself.
    pub fn covers(self, a: f64, b: f64) -> bool {
        if a == b || (a.is_nan() && b.is_nan()) {
            return true;
        }
        match self {
            Tolerance::Printed => number_text(a, None) == number_text(b, None),
            Tolerance::Share(share) => {
                // The last term forgives the rounding of the product itself: 1 % of 100 is 1.
                let (change, greater) = ((b - a).abs(), a.abs().max(b.abs()));
                greater.is_finite() && change <= share * greater * (1.0 + 4.0 * f64::EPSILON)
            }
        }
    }
}

impl FromStr for Tolerance {
    type Err = NotATolerance;

    fn from_str(text: &str) -> Result<Self, NotATolerance> {
        let percent = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        let share = percent.filter(|percent| (0.0..=100.0).contains(percent)).map(|percent| percent / 100.0);
        share.map(Tolerance::Share).ok_or_else(|| NotATolerance { found: text.into() })
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tolerance::Printed => f.write_str("what is printed"),
            Tolerance::Share(share) => write!(f, "{} %", number_text(share * 100.0, None)),
        }
    }
}

/// `"printed"`, or the share as a number.
impl Serialize for Tolerance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Tolerance::Printed => serializer.serialize_str("printed"),
            Tolerance::Share(share) => serializer.serialize_f64(*share),
        }
    }
}

/// A name, in which `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl FromStr for Pattern {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Pattern(text.into()))
    }
}

impl Pattern {
    /// Whether it is `name`.
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let parts: Vec<&str> = parts.collect();
        let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
        for part in middle {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }

    /// Whether it is the name of the folder at the end of `path`, or all of it.
    pub(super) fn matches_path(&self, path: &str) -> bool {
        self.matches(path) || path.rsplit(['/', '\\']).next().is_some_and(|name| self.matches(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_are_percentages() {
        assert_eq!("1%".parse(), Ok(Tolerance::Share(0.01)));
        assert_eq!(" 0.5 % ".parse(), Ok(Tolerance::Share(0.005)));
        assert_eq!("0%".parse(), Ok(Tolerance::EXACT));
        for wrong in ["1", "-1%", "101%", "%", "NaN%", "one %"] {
            let error = wrong.parse::<Tolerance>().unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("such as `1%`"), "{error}");
        }
        assert_eq!([Tolerance::Printed, Tolerance::Share(0.01)].map(|it| it.to_string()), ["what is printed", "1 %"]);
    }

    #[test]
    fn changes_at_the_bound() {
        let one_percent = Tolerance::Share(0.01);
        for (a, b, covered) in [
            (100.0, 99.0, true),
            (99.0, 100.0, true),
            (100.0, 98.9, false),
            (-100.0, -99.0, true),
            (-0.0, 0.0, true),
            (0.0, 1e-9, false),
            (f64::NAN, f64::NAN, true),
            (f64::NAN, 1.0, false),
            (f64::INFINITY, f64::INFINITY, true),
            (f64::INFINITY, 1.0, false),
            (f64::INFINITY, f64::NEG_INFINITY, false),
        ] {
            assert_eq!(one_percent.covers(a, b), covered, "{a} {b}");
        }
        assert!(Tolerance::Printed.covers(38.521, 38.524) && !Tolerance::Printed.covers(38.52, 38.53));
        assert!(!Tolerance::EXACT.covers(38.521, 38.522) && Tolerance::EXACT.covers(38.521, 38.521));
    }

    #[test]
    fn a_star_is_any_text() {
        let matches = |pattern: &str, name: &str| pattern.parse::<Pattern>().unwrap().matches(name);
        for (pattern, name) in [
            ("fig13", "fig13"),
            ("IC*", "IC"),
            ("IC*", "IC, full speed"),
            ("*.ic*", "fig8.ic-ec2.wan-bytes"),
            ("a*b*c", "a--b--c"),
            ("*", ""),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("fig1", "fig13"), ("IC*", "MF"), ("*.ic*", "fig8.mf"), ("a*a", "a"), ("a*b*c", "acb")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        assert!("fig8".parse::<Pattern>().unwrap().matches_path("derived/fig8"));
    }
}
