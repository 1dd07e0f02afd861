//! The ways in which data are dealt to sites: evenly, or so that sites differ in something.

use serde::{Deserialize, Serialize};

use crate::field::FieldError;

/// The way in which things that stay whole, users with their ratings or documents, are dealt to machines. `By`: the property in which
/// sites may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Split<By> {
    /// Every machine gets about the same load, of things of all kinds.
    #[default]
    Even,
    /// Sites differ in one property.
    Skewed {
        /// The property in which sites differ.
        by: By,
        /// The strength of the skew: 0 (none) to 1.
        skew: f64,
    },
}

impl<By> Split<By> {
    /// Every error of meaning.
    pub fn check(&self) -> Vec<FieldError> {
        match *self {
            Split::Skewed { skew, .. } if !(0.0..=1.0).contains(&skew) => {
                vec![FieldError { field: "skew", says: format!("found {skew}, expected a number from 0 to 1") }]
            }
            Split::Even | Split::Skewed { .. } => Vec::new(),
        }
    }

    /// The same split with `by` converted by `of`.
    ///
    /// # Errors
    /// The errors of `of`, for a skewed split.
    pub fn try_map<Other, E>(self, of: impl FnOnce(By) -> Result<Other, E>) -> Result<Split<Other>, E> {
        Ok(match self {
            Split::Even => Split::Even,
            Split::Skewed { by, skew } => Split::Skewed { by: of(by)?, skew },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skew_out_of_range_is_an_error_of_meaning() {
        let says = |skew| {
            let errors = Split::Skewed { by: (), skew }.check();
            errors.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(says(1.5), ["skew: found 1.5, expected a number from 0 to 1"]);
        assert_eq!(says(f64::NAN), ["skew: found NaN, expected a number from 0 to 1"]);
        assert_eq!((says(0.0), says(1.0), Split::<()>::Even.check()), (vec![], vec![], vec![]));
    }
}
