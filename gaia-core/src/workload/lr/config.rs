//! Settings of logistic regression in a plan.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::kernel::Step;

/// The longest row: 16 KiB.
const MAX_WEIGHTS_PER_ROW: u32 = 4096;

/// Sparse logistic regression by stochastic gradient descent, one example at a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Lr {
    /// Step size, in units of `rate-unit`.
    pub learning_rate: f64,
    /// The unit of learning rates.
    pub rate_unit: RateUnit,
    /// How the step size falls: step(c) = learning-rate / (1 + decay * c), c in passes.
    pub decay: f64,
    /// L2 regularisation, per example and feature in it.
    pub l2: f64,
    /// L1 regularisation, per example and feature in it: a step ends with soft thresholding (proximal gradient), so that weights
    /// become exactly 0.
    pub l1: f64,
    /// Consecutive weights in a row of the parameter server: 1 to 4096.
    ///
    /// Rows are the unit of declarations, reads and barriers. Short rows exclude more weights that a worker does not touch;
    /// long ones cost less bookkeeping (12 bytes for each row that a machine holds, 4 for each that a message names). 64 weights, 256
    /// bytes, keep that below 5 %.
    pub weights_per_row: u32,
    /// A worker goes once through its data in this many clocks.
    pub clocks_per_pass: u32,
}

/// The unit of learning rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateUnit {
    /// 1 / examples of all workers in a clock: under BSP a clock is a mini-batch, and the weights move by about the learning rate
    /// times its mean gradient, whatever the number of examples and workers. Examples of unit norm then allow rates up to about 4;
    /// above, the sum of the workers' changes overshoots.
    PerClock,
    /// 1 / workers: under BSP the weights move by the mean of the workers' changes.
    PerWorker,
    /// 1: the rate is the factor of a gradient.
    Absolute,
}

/// A value of [`Lr`] that cannot run.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{field}: {found} is not {expected}")]
pub struct LrError {
    /// The field, as written in a spec.
    pub field: &'static str,
    /// The value in the spec.
    pub found: f64,
    /// The valid values, in words.
    pub expected: &'static str,
}

impl Default for Lr {
    fn default() -> Self {
        Lr {
            learning_rate: 1.0,
            rate_unit: RateUnit::PerClock,
            decay: 0.0,
            l2: 1e-5,
            l1: 0.0,
            weights_per_row: 64,
            clocks_per_pass: 1,
        }
    }
}

impl Lr {
    /// Every value that cannot run.
    pub fn check(&self) -> Vec<LrError> {
        let above_zero = |x: f64| x.is_finite() && x > 0.0;
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let width = (1..=MAX_WEIGHTS_PER_ROW).contains(&self.weights_per_row);
        let rules = [
            ("learning-rate", self.learning_rate, above_zero(self.learning_rate), "a number above 0"),
            ("decay", self.decay, not_negative(self.decay), "0 or a number above it"),
            ("l2", self.l2, not_negative(self.l2), "0 or a number above it"),
            ("l1", self.l1, not_negative(self.l1), "0 or a number above it"),
            ("weights-per-row", f64::from(self.weights_per_row), width, "between 1 and 4096"),
            ("clocks-per-pass", f64::from(self.clocks_per_pass), self.clocks_per_pass > 0, "1 or above"),
        ];
        let broken = rules.into_iter().filter(|(_, _, holds, _)| !holds);
        broken.map(|(field, found, _, expected)| LrError { field, found, expected }).collect()
    }

    /// The constants of the steps in a pass (counted from 0), with these numbers of workers and of examples of all workers.
    pub fn step(&self, pass: u32, workers: u32, examples: u64) -> Step {
        let unit = match self.rate_unit {
            RateUnit::PerClock => f64::from(self.clocks_per_pass.max(1)) / (examples.max(1) as f64),
            RateUnit::PerWorker => 1.0 / f64::from(workers.max(1)),
            RateUnit::Absolute => 1.0,
        };
        Step {
            learning_rate: (self.learning_rate * unit * self.falls_to(pass)) as f32,
            l2: self.l2 as f32,
            l1: self.l1 as f32,
        }
    }

    /// The step size of a pass over that of the first.
    pub fn falls_to(&self, pass: u32) -> f64 {
        1.0 / (1.0 + self.decay * f64::from(pass))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_run() {
        assert_eq!(Lr::default().check(), []);
    }

    #[test]
    fn every_broken_value_is_named() {
        let broken = Lr {
            learning_rate: 0.0,
            decay: -1.0,
            l2: f64::NAN,
            l1: f64::INFINITY,
            weights_per_row: 0,
            clocks_per_pass: 0,
            ..Lr::default()
        };
        let fields: Vec<_> = broken.check().iter().map(|error| error.field).collect();
        assert_eq!(fields, ["learning-rate", "decay", "l2", "l1", "weights-per-row", "clocks-per-pass"]);
        assert_eq!(broken.check()[4].to_string(), "weights-per-row: 0 is not between 1 and 4096");
    }

    #[test]
    fn the_rate_falls_with_passes_and_with_workers() {
        let rate_unit = RateUnit::PerWorker;
        let lr = Lr { learning_rate: 2.0, rate_unit, decay: 0.5, clocks_per_pass: 3, ..Lr::default() };
        assert_eq!([lr.step(0, 4, 48), lr.step(2, 4, 48)].map(|step| step.learning_rate), [0.5, 0.25]);
        assert_eq!(Lr { rate_unit: RateUnit::Absolute, ..lr }.step(0, 4, 48).learning_rate, 2.0);
        // 16 examples in a clock.
        assert_eq!(Lr { rate_unit: RateUnit::PerClock, ..lr }.step(0, 4, 48).learning_rate, 0.125);
    }
}
