//! The model as a function: values of the unknowns in, the numbers of all measurements out.

use std::collections::BTreeMap;

use planning::spec::Reading;
use record::failure::Failure;
use record::results::name_in_spec;
use thiserror::Error;

use crate::columns::Columns;
use crate::lab::{Lab, Question};
use crate::setup::{CellName, Setup};

/// A model of the measurements.
pub(crate) trait Model {
    /// For each point (values of the unknowns, in their order), the value of every measurement, in their order.
    ///
    /// # Errors
    /// [`Failure`] when a point cannot be evaluated.
    fn predict(&mut self, points: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, Failure>;

    /// How much work the estimation may make of it.
    fn effort(&self) -> Effort;
}

/// The number of evaluations that an estimation takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Effort {
    /// The step of derivatives, in logarithms of the unknowns.
    pub(crate) step: f64,
    /// Searches from other points than the start.
    pub(crate) searches: usize,
    /// The points of each profile.
    pub(crate) profile: Grid,
    /// The relative change of chi-squared, and of the unknowns, at which a search ends.
    pub(crate) tolerance: f64,
    /// The same of a search with an unknown fixed.
    pub(crate) profile_tolerance: f64,
    /// The points that a derivative is taken from.
    pub(crate) differences: Differences,
    /// Whether ends of intervals are found by further evaluations between the points of a profile.
    pub(crate) refines: bool,
}

impl Effort {
    /// For a model that is smooth and costs next to nothing to evaluate.
    pub(crate) const FREE: Self = Effort {
        step: 1e-5,
        searches: 12,
        profile: Grid::WholeRange { points: 41 },
        tolerance: 1e-12,
        profile_tolerance: 1e-12,
        differences: Differences::Central,
        refines: true,
    };
}

/// The points of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grid {
    /// A number of points over the whole range of an unknown.
    WholeRange {
        /// The values per unknown.
        points: usize,
    },
    /// A few, until chi-squared has risen by what ends a 95 % interval.
    NearOptimum,
}

/// The points that a derivative is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Differences {
    /// The point and one next to it.
    Forward,
    /// One on each side.
    Central,
}

/// The model by simulation at every point.
pub(crate) struct ByRuns<'a, 'b> {
    /// The fit.
    pub(crate) setup: &'a Setup,
    /// The runner of its cells.
    pub(crate) lab: &'b mut Lab<'a>,
}

/// A number that the results of a cell do not have.
#[derive(Debug, Error)]
#[error("{cell} has no number in the column `{column}`: its runs did not measure it, or did not reach their target")]
struct NoNumber {
    cell: String,
    column: String,
}

impl Model for ByRuns<'_, '_> {
    fn predict(&mut self, points: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, Failure> {
        let readings = simulated(self.setup, self.lab, points)?;
        readings.iter().map(|readings| self.setup.predicted(readings)).collect()
    }

    fn effort(&self) -> Effort {
        Effort {
            step: 0.01,
            searches: 2,
            profile: Grid::NearOptimum,
            tolerance: 1e-5,
            profile_tolerance: 1e-3,
            differences: Differences::Forward,
            refines: false,
        }
    }
}

/// The numbers of the model at `points`, in the order of [`Setup::readings`], by simulation.
///
/// # Errors
/// [`Failure`] of the runs, and for numbers that their results do not have.
pub(crate) fn simulated(setup: &Setup, lab: &mut Lab<'_>, points: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, Failure> {
    let cells = setup.cells();
    let question = |point: &Vec<f64>| Question { fields: setup.fields(point), cells: cells.clone() };
    let questions: Vec<Question> = points.iter().map(question).collect();
    let answers = lab.ask(&questions)?;
    let of = |answer: &BTreeMap<CellName, Columns>| {
        setup
            .readings
            .iter()
            .map(|reading| number(&answer[&(reading.panel.clone(), reading.cell.clone())], reading))
            .collect()
    };
    answers.iter().map(of).collect()
}

/// The number of a reading.
///
/// # Errors
/// [`Failure::Run`] when the cell's results have none.
pub(crate) fn number(columns: &Columns, reading: &Reading) -> Result<f64, Failure> {
    columns.get(&reading.column).copied().ok_or_else(|| {
        let cell = name_in_spec(&reading.panel, &reading.cell);
        Failure::run(NoNumber { cell, column: reading.column.clone() })
    })
}
