//! The settings of generated examples in a spec: form here, meaning in [`Generated::check`].
//!
//! ```yaml
//! generated-examples: { examples: 20000, features: 10000, nonzeros: 40 }
//! ```

use serde::{Deserialize, Serialize};

use super::held_out::DEFAULT_SHARE;
use crate::field::FieldError;

/// The most examples: four times those of the largest data sets that LIBSVM's page offers for classification (KDD Cup 2012).
const MAX_EXAMPLES: u32 = 600_000_000;
/// The most features: as many again as KDD Cup 2012 has (54,686,452). A weight takes 28 bytes while examples are drawn.
const MAX_FEATURES: u32 = 100_000_000;
/// The most values of an example, on average: a line of LIBSVM's format stays readable.
const MAX_NONZEROS: f64 = 10_000.0;
/// The largest strength of the skew of features: beyond it, weights fall below the resolution of a draw.
const MAX_SKEW: f64 = 2.0;

/// Settings of generated data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Generated {
    /// Number of examples, held-out ones included.
    pub examples: u32,
    /// Number of features, from 2.
    pub features: u32,
    /// Values per example, on average: above 0, and at most half of the features.
    pub nonzeros: f64,
    /// Exponent of the power law of the features' popularity: 1 is Zipf's, 0 none.
    pub popularity: f64,
    /// The share of features whose true weight is not 0: above 0, at most 1.
    pub informative: f64,
    /// Standard deviation of the true log odds over the examples: the larger, the better labels can be predicted.
    pub signal: f64,
    /// The share of labels that are turned round: 0 to 0.5.
    pub noise: f64,
    /// The share of examples held out for evaluation: at least 0, below 1.
    pub held_out: f64,
}

impl Default for Generated {
    fn default() -> Self {
        Generated {
            examples: 20_000,
            features: 10_000,
            nonzeros: 40.0,
            popularity: 1.0,
            informative: 0.2,
            signal: 3.0,
            noise: 0.02,
            held_out: DEFAULT_SHARE,
        }
    }
}

impl Generated {
    /// Every error of meaning, in the order of the fields.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut rule = |field, holds: bool, found: f64, expected: String| {
            if !holds {
                errors.push(FieldError { field, says: format!("found {found}, expected {expected}") });
            }
        };
        let whole = |low: u32, high: u32| format!("a whole number from {low} to {high}");
        let most = MAX_NONZEROS.min(f64::from(self.features) / 2.0);
        let examples = (2..=MAX_EXAMPLES).contains(&self.examples);
        rule("examples", examples, f64::from(self.examples), whole(2, MAX_EXAMPLES));
        let features = (2..=MAX_FEATURES).contains(&self.features);
        rule("features", features, f64::from(self.features), whole(2, MAX_FEATURES));
        let expected = format!("at least 1 and at most {most} (half of the features, and no more than {MAX_NONZEROS})");
        rule("nonzeros", !features || (1.0..=most).contains(&self.nonzeros), self.nonzeros, expected);
        let from_to = |low: f64, high: f64| format!("a number from {low} to {high}");
        let popularity = (0.0..=MAX_SKEW).contains(&self.popularity);
        rule("popularity", popularity, self.popularity, from_to(0.0, MAX_SKEW));
        let informative = self.informative > 0.0 && self.informative <= 1.0;
        rule("informative", informative, self.informative, "a share above 0 and at most 1".into());
        rule("signal", (0.0..=100.0).contains(&self.signal), self.signal, from_to(0.0, 100.0));
        rule("noise", (0.0..=0.5).contains(&self.noise), self.noise, from_to(0.0, 0.5));
        let held_out = (0.0..1.0).contains(&self.held_out);
        rule("held-out", held_out, self.held_out, "a share of at least 0 and below 1".into());
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_meaning_is_found() {
        let says = |config: Generated| config.check().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert_eq!(says(Generated::default()), "");
        let bad = Generated {
            examples: 1,
            features: 10,
            nonzeros: 6.0,
            popularity: f64::NAN,
            informative: 0.0,
            signal: -1.0,
            noise: 0.6,
            held_out: 1.0,
        };
        insta::assert_snapshot!(says(bad), @"
        examples: found 1, expected a whole number from 2 to 600000000
        nonzeros: found 6, expected at least 1 and at most 5 (half of the features, and no more than 10000)
        popularity: found NaN, expected a number from 0 to 2
        informative: found 0, expected a share above 0 and at most 1
        signal: found -1, expected a number from 0 to 100
        noise: found 0.6, expected a number from 0 to 0.5
        held-out: found 1, expected a share of at least 0 and below 1
        ");
        assert_eq!(
            says(Generated { features: 0, ..Generated::default() }),
            "features: found 0, expected a whole number from 2 to 100000000"
        );
    }
}
