//! The tolerance of a claim: the measurements for which it holds.

use record::numbers::significant;
use serde::{Deserialize, Serialize};

/// The measurements for which a claim holds; in `claims.json` `{"within": [2.78, 4.63]}`, `{"at-least": 3.0}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// From the first to the second, both included.
    Within(f64, f64),
    /// Any number greater than this one.
    Above(f64),
    /// Any number smaller than this one.
    Below(f64),
    /// As much or more.
    AtLeast(f64),
    /// As much or less.
    AtMost(f64),
}

impl Expected {
    /// Whether `measured` is as expected; NaN never is.
    pub fn holds(self, measured: f64) -> bool {
        match self {
            Expected::Within(low, high) => (low..=high).contains(&measured),
            Expected::Above(bound) => measured > bound,
            Expected::Below(bound) => measured < bound,
            Expected::AtLeast(bound) => measured >= bound,
            Expected::AtMost(bound) => measured <= bound,
        }
    }

    /// The least number that is tolerated, or the one that it must be above; `None` means that there is none.
    pub fn low(self) -> Option<f64> {
        match self {
            Expected::Within(low, _) | Expected::Above(low) | Expected::AtLeast(low) => Some(low),
            Expected::Below(_) | Expected::AtMost(_) => None,
        }
    }

    /// The greatest number that is tolerated, or the one that it must be below; `None` means that there is none.
    pub fn high(self) -> Option<f64> {
        match self {
            Expected::Within(_, high) | Expected::Below(high) | Expected::AtMost(high) => Some(high),
            Expected::Above(_) | Expected::AtLeast(_) => None,
        }
    }

    /// Its word in `claims.json`.
    pub fn word(self) -> &'static str {
        match self {
            Expected::Within(..) => "within",
            Expected::Above(_) => "above",
            Expected::Below(_) => "below",
            Expected::AtLeast(_) => "at-least",
            Expected::AtMost(_) => "at-most",
        }
    }

    /// In words: `within 2.78 to 4.63`, `at least 3.00`.
    pub fn text(self) -> String {
        let number = |value| significant(value, 3);
        match self {
            Expected::Within(low, high) => format!("within {} to {}", number(low), number(high)),
            Expected::Above(bound) => format!("above {}", number(bound)),
            Expected::Below(bound) => format!("below {}", number(bound)),
            Expected::AtLeast(bound) => format!("at least {}", number(bound)),
            Expected::AtMost(bound) => format!("at most {}", number(bound)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims;
    use std::path::Path;

    /// experiments/fit-paper.yaml repeats the bounds of claims as text.
    #[test]
    fn the_fit_of_the_paper_has_the_bounds_of_its_claims() {
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
        let claims: Vec<_> = claims::below(&reference).unwrap().into_iter().flat_map(|(_, claims)| claims).collect();
        let fit = std::fs::read_to_string(reference.join("fit-paper/fit.json")).unwrap();
        let fit: serde_json::Value = serde_json::from_str(&fit).unwrap();
        let bounded: Vec<_> =
            fit["residuals"].as_array().unwrap().iter().filter(|one| !one["within"].is_null()).collect();
        assert_eq!(bounded.len(), 12);
        for one in bounded {
            let first = claims.iter().find(|claim| one["claims"][0] == *claim.id).unwrap();
            let expected = serde_json::to_value(first.expected).unwrap();
            assert_eq!(expected["within"], one["within"], "{}", first.id);
        }
    }

    #[test]
    fn one_sided_bounds_at_the_bound() {
        for (expected, below, at, above) in [
            (Expected::Above(1.0), false, false, true),
            (Expected::Below(1.0), true, false, false),
            (Expected::AtLeast(1.0), false, true, true),
            (Expected::AtMost(1.0), true, true, false),
        ] {
            assert_eq!([0.99, 1.0, 1.01].map(|value| expected.holds(value)), [below, at, above], "{expected:?}");
            assert!(!expected.holds(f64::NAN));
            assert_eq!(expected.low().is_some(), above, "{expected:?}");
            assert_eq!(expected.high().is_some(), below, "{expected:?}");
        }
    }

    #[test]
    fn as_data_and_in_words() {
        for (expected, json, text) in [
            (Expected::Within(2.78, 4.63), r#"{"within":[2.78,4.63]}"#, "within 2.78 to 4.63"),
            (Expected::Above(1.0), r#"{"above":1.0}"#, "above 1.00"),
            (Expected::Below(1.0), r#"{"below":1.0}"#, "below 1.00"),
            (Expected::AtLeast(3.0), r#"{"at-least":3.0}"#, "at least 3.00"),
            (Expected::AtMost(0.0), r#"{"at-most":0.0}"#, "at most 0"),
        ] {
            assert_eq!(serde_json::to_string(&expected).unwrap(), json);
            assert_eq!(serde_json::from_str::<Expected>(json).unwrap(), expected);
            assert_eq!(expected.text(), text);
            assert!(json.contains(expected.word()));
        }
    }
}
