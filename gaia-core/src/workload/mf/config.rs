//! Settings of matrix factorisation in a plan.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::kernel::{AdaGrad, Step, Sums};

/// The highest rank: eight times the paper's.
const MAX_RANK: u32 = 4096;

/// Matrix factorisation by stochastic gradient descent: ratings ~ L R, L by users, R by items (paper section 5.2).
///
/// The rows of L stay with the worker that holds the user; R is in the parameter server, one row of `rank` floats per item.
///
/// The defaults converge on Netflix-shaped data and on MovieLens, with 22 workers whose updates add up, in 100 to 150
/// clocks under BSP and with updates up to four clocks late.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Mf {
    /// Factors a user and an item: 1 to 4096.
    pub rank: u32,
    /// Step size of R, and of L without `adagrad`, in units of `rate-unit`.
    pub learning_rate: f64,
    /// The unit of learning rates.
    pub rate_unit: RateUnit,
    /// The decay of the step size: step(c) = learning-rate / (1 + decay * c), c in passes.
    pub decay: f64,
    /// L2 regularisation of both factors, per rating.
    pub lambda: f64,
    /// AdaGrad steps for L: this / sqrt(sum of squared gradients of the row's entry). Without it L steps as R does.
    pub adagrad: Option<f64>,
    /// How AdaGrad sums squared gradients: per entry of a row, or one sum per row, which takes about half the time at high
    /// ranks and other values. Left out of plans where it is `entries`, so that they keep their bytes.
    #[serde(skip_serializing_if = "is_by_entry")]
    pub adagrad_sums: Sums,
    /// The offset, which is subtracted from every rating before the factorisation.
    pub offset: Offset,
    /// A worker goes once through its data in this many clocks.
    pub clocks_per_pass: u32,
}

/// The unit of learning rates.
///
/// Workers that step from one snapshot move an item's row by the sum of their steps, about learning rate x ratings of
/// the item x squared length of a user's row. Where that exceeds 2 the row overshoots farther each clock; so the most
/// rated item limits the rate, and a rate in its terms holds for data of any size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateUnit {
    /// 1 / (ratings of the item that has most, in the training data of all workers).
    MostRatedItem,
    /// 1: the rate is the factor of a gradient.
    Absolute,
}

/// The offset, which is subtracted from every rating, so that the factors model the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offset {
    /// The mean of the training ratings.
    Mean,
    /// Nothing is subtracted from ratings.
    Zero,
}

/// A value of [`Mf`] that cannot run.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{field}: {found} is not {expected}")]
pub struct MfError {
    /// The field, as written in a spec.
    pub field: &'static str,
    /// The value in the spec.
    pub found: f64,
    /// The valid values, in words.
    pub expected: &'static str,
}

fn is_by_entry(sums: &Sums) -> bool {
    *sums == Sums::Entries
}

impl Default for Mf {
    fn default() -> Self {
        Mf {
            rank: 32,
            learning_rate: 1.0,
            rate_unit: RateUnit::MostRatedItem,
            decay: 0.0,
            lambda: 0.1,
            adagrad: Some(0.05),
            adagrad_sums: Sums::Entries,
            offset: Offset::Mean,
            clocks_per_pass: 1,
        }
    }
}

impl Mf {
    /// Every value that cannot run.
    pub fn check(&self) -> Vec<MfError> {
        let above_zero = |x: f64| x.is_finite() && x > 0.0;
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let adagrad = self.adagrad.unwrap_or(1.0);
        let rules = [
            ("rank", f64::from(self.rank), (1..=MAX_RANK).contains(&self.rank), "between 1 and 4096"),
            ("learning-rate", self.learning_rate, above_zero(self.learning_rate), "a number above 0"),
            ("decay", self.decay, not_negative(self.decay), "0 or a number above it"),
            ("lambda", self.lambda, not_negative(self.lambda), "0 or a number above it"),
            ("adagrad", adagrad, above_zero(adagrad), "a number above 0"),
            ("clocks-per-pass", f64::from(self.clocks_per_pass), self.clocks_per_pass > 0, "1 or above"),
        ];
        let broken = rules.into_iter().filter(|(_, _, holds, _)| !holds);
        broken.map(|(field, found, _, expected)| MfError { field, found, expected }).collect()
    }

    /// The constants of the steps in a pass (counted from 0), where the most rated item has `most_rated` training ratings
    /// over all workers.
    pub fn step(&self, pass: u32, most_rated: u32) -> Step {
        let unit = match self.rate_unit {
            RateUnit::MostRatedItem => 1.0 / f64::from(most_rated.max(1)),
            RateUnit::Absolute => 1.0,
        };
        Step {
            learning_rate: (self.learning_rate * unit / (1.0 + self.decay * f64::from(pass))) as f32,
            lambda: self.lambda as f32,
            adagrad: self.adagrad.map(|rate| AdaGrad { rate: rate as f32, sums: self.adagrad_sums }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_run() {
        assert_eq!(Mf::default().check(), []);
    }

    #[test]
    fn every_broken_value_is_named() {
        let broken = Mf {
            rank: 4097,
            learning_rate: 0.0,
            decay: -1.0,
            lambda: f64::NAN,
            adagrad: Some(-0.1),
            clocks_per_pass: 0,
            ..Mf::default()
        };
        let fields: Vec<_> = broken.check().iter().map(|error| error.field).collect();
        assert_eq!(fields, ["rank", "learning-rate", "decay", "lambda", "adagrad", "clocks-per-pass"]);
        assert_eq!(broken.check()[0].to_string(), "rank: 4097 is not between 1 and 4096");
    }

    #[test]
    fn the_rate_falls_with_passes_and_with_the_most_rated_item() {
        let mf = Mf { learning_rate: 2.0, decay: 0.5, ..Mf::default() };
        assert_eq!(mf.step(0, 100).learning_rate, 0.02);
        assert_eq!(mf.step(2, 100).learning_rate, 0.01);
        assert_eq!(Mf { rate_unit: RateUnit::Absolute, ..mf }.step(0, 100).learning_rate, 2.0);
    }
}
