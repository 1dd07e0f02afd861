//! The result of a fit: everything that its files and its page show. `fit.json` is this type, schema 1.

use serde::Serialize;

use crate::identify::Identifiability;
use crate::minimise::Bound;
use crate::profile::{Interval, ProfilePoint};

/// The schema of `fit.json`.
pub const SCHEMA: u32 = 1;

/// A fit, complete.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitResult {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The name of the spec.
    pub spec: String,
    /// One line for people.
    pub title: String,
    /// How the model was evaluated: `runs`, or `surface` with its settings.
    pub evaluation: Evaluation,
    /// The error of the model, a share.
    pub model_error: f64,
    /// How well the model matches the used numbers.
    pub quality: Quality,
    /// In the spec's order.
    pub unknowns: Vec<UnknownResult>,
    /// The fields of the spec at the optimum: path and value, as `--set` takes them.
    pub fields: Vec<FieldResult>,
    /// Every number, used or not, in the spec's order; the model by simulation at the optimum.
    pub residuals: Vec<Residual>,
    /// Which unknowns the numbers determine.
    pub identifiability: Identifiability,
    /// Other minima that the numbers do not exclude, with chi-squared less than [`Quality::rise_95`] above the least.
    pub other_minima: Vec<OtherMinimum>,
    /// The fit without one group at a time; empty where it was not asked for.
    pub leave_one_out: Vec<LeftOut>,
    /// The names of all claims that used numbers are.
    pub claims: Vec<String>,
    /// Sentences for readers: what is not determined, at bounds, or not exact.
    pub statements: Vec<String>,
}

/// How the model was evaluated.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evaluation {
    /// By simulation at every point.
    Runs,
    /// By interpolation between simulations.
    Surface {
        /// Values per field.
        points: usize,
        /// Times that the optimum was added to the grid.
        refinements: usize,
        /// The greatest relative difference between surface and simulation at the optimum, over all measurements.
        greatest_difference: f64,
        /// The fields that each cell depends on, in words.
        cells: Vec<String>,
    },
}

/// How well the model matches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// The sum of squared residuals of the used numbers.
    pub chi2: f64,
    /// The number of used numbers.
    pub used: usize,
    /// Used numbers minus unknowns, 0 where there are fewer.
    pub degrees_of_freedom: usize,
    /// The factor by which squared errors are scaled: chi-squared per degree of freedom where that is above 1, else 1.
    pub error_factor: f64,
    /// The rise of chi-squared at the ends of a 68 % interval: 1, or where errors are scaled the factor times Student's quantile squared.
    pub rise_68: f64,
    /// The same of a 95 % interval: 3.84 with errors that are known.
    pub rise_95: f64,
}

/// An unknown, estimated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnknownResult {
    /// The unknown's name in the spec.
    pub name: String,
    /// The unit of all its values.
    pub unit: String,
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
    /// The estimate.
    pub value: f64,
    /// The bound that the estimate is at.
    pub at_bound: Option<Bound>,
    /// The 68 % interval.
    pub interval_68: Interval,
    /// The 95 % interval.
    pub interval_95: Interval,
    /// Chi-squared with this unknown fixed and the others fitted again.
    pub profile: Vec<ProfilePoint>,
}

/// A field at the optimum.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldResult {
    /// The path of the field, as `--set` takes it.
    pub set: String,
    /// The expression.
    pub expression: String,
    /// The value at the optimum, with its unit, as `--set` takes it.
    pub value: String,
}

/// A number, measured and by the model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Residual {
    /// The measurement's name in the spec.
    pub name: String,
    /// Its group.
    pub group: Option<String>,
    /// Whether the fit used it.
    pub used: bool,
    /// The names of the claims that it is.
    pub claims: Vec<String>,
    /// The measured value.
    pub measured: f64,
    /// Its relative error, that of the model included.
    pub relative_error: f64,
    /// The model's value at the optimum.
    pub model: f64,
    /// Model over measured.
    pub ratio: f64,
    /// ln(ratio) over the relative error. `None` means that the number has no error.
    pub sigmas: Option<f64>,
    /// The bounds of the claim.
    pub within: Option<[f64; 2]>,
    /// Whether the model's value is within them.
    pub holds: Option<bool>,
}

/// A minimum other than the best.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OtherMinimum {
    /// Its sum of squared residuals.
    pub chi2: f64,
    /// The values of the unknowns, in their order.
    pub unknowns: Vec<f64>,
}

/// The fit without a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeftOut {
    /// The group.
    pub group: String,
    /// The sum of squared residuals of the others.
    pub chi2: f64,
    /// The values of the unknowns, in their order.
    pub unknowns: Vec<f64>,
    /// The numbers of the group as the others predict them.
    pub predicted: Vec<Predicted>,
    /// The verdicts that differ from those of the whole fit.
    pub changed_verdicts: Vec<ChangedVerdict>,
}

/// A number that was left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Predicted {
    /// The measurement's name in the spec.
    pub name: String,
    /// The model's value.
    pub model: f64,
    /// Model over measured.
    pub ratio: f64,
}

/// A number whose `within` is met in one fit and not in another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangedVerdict {
    /// The name of the number.
    pub name: String,
    /// The bounds.
    pub within: [f64; 2],
    /// Its value in the fit of all.
    pub of_all: f64,
    /// Its value without the group.
    pub without: f64,
}
