//! Least squares: residuals of the used measurements, and their sum of squares minimised by Levenberg and Marquardt's algorithm.
//!
//! A residual is ln(model / measured) / sigma, and unknowns are in logarithms. Bounds hold by a change of variable: an unknown goes from its
//! lower to its upper bound as a sine does, so that no step leaves them.

use std::cell::RefCell;

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::storage::Owned;
use nalgebra::{DMatrix, DVector, Dyn};
use record::failure::Failure;

use crate::model::{Differences, Model};

/// The largest part of the way from the middle to a bound at which a search starts: at the bound itself, the sine has no slope.
const NEAR_BOUND: f64 = 0.999;
/// An unknown within this share of its range from a bound is at it.
pub(crate) const AT_BOUND: f64 = 1e-3;
/// A result this near a bound is compared with one at the bound.
const SNAP: f64 = 0.02;
/// The smallest ratio of model to measured: of a number that the model has as 0.
const LEAST_RATIO: f64 = 1e-9;

/// A used measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Datum {
    /// Its position among all measurements.
    pub(crate) position: usize,
    /// The measured value.
    pub(crate) value: f64,
    /// Its relative error, that of the model included.
    pub(crate) sigma: f64,
}

/// The bounds of an unknown, in logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    /// The lower bound.
    pub(crate) low: f64,
    /// The upper bound.
    pub(crate) high: f64,
}

/// A model, and the numbers that it should have.
pub(crate) struct Problem<'m> {
    /// The model.
    pub(crate) model: &'m mut dyn Model,
    /// The bounds of the unknowns.
    pub(crate) ranges: Vec<Range>,
    /// The used measurements.
    pub(crate) data: Vec<Datum>,
}

/// A minimum of the sum of squares.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Minimum {
    /// The unknowns, in logarithms.
    pub(crate) at: Vec<f64>,
    /// The sum of squared residuals.
    pub(crate) chi2: f64,
}

impl Range {
    fn middle(self) -> f64 {
        (self.low + self.high) / 2.0
    }

    fn half(self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// The width of the range.
    pub(crate) fn width(self) -> f64 {
        self.high - self.low
    }

    /// The value of the variable without bounds.
    fn angle(self, value: f64) -> f64 {
        libm::asin(((value - self.middle()) / self.half()).clamp(-NEAR_BOUND, NEAR_BOUND))
    }

    fn value(self, angle: f64) -> f64 {
        (self.middle() + self.half() * libm::sin(angle)).clamp(self.low, self.high)
    }

    /// The bound that a value is at, if it is at one.
    pub(crate) fn bound(self, value: f64) -> Option<Bound> {
        let near = self.width() * AT_BOUND;
        match value {
            _ if value - self.low <= near => Some(Bound::Lower),
            _ if self.high - value <= near => Some(Bound::Upper),
            _ => None,
        }
    }
}

/// A bound of an unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// `low`.
    Lower,
    /// `high`.
    Upper,
}

impl Problem<'_> {
    /// The residuals at each point, in the order of the data. Points are in logarithms.
    ///
    /// # Errors
    /// [`Failure`] of the model.
    pub(crate) fn residuals(&mut self, points: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, Failure> {
        let natural: Vec<Vec<f64>> =
            points.iter().map(|point| point.iter().map(|log| libm::exp(*log)).collect()).collect();
        let predicted = self.model.predict(&natural)?;
        let residual = |predicted: &[f64], datum: &Datum| {
            libm::log((predicted[datum.position] / datum.value).max(LEAST_RATIO)) / datum.sigma
        };
        Ok(predicted.iter().map(|point| self.data.iter().map(|datum| residual(point, datum)).collect()).collect())
    }

    /// The sum of squares at each point.
    ///
    /// # Errors
    /// [`Failure`] of the model.
    pub(crate) fn chi2(&mut self, points: &[Vec<f64>]) -> Result<Vec<f64>, Failure> {
        let residuals = self.residuals(points)?;
        Ok(residuals.iter().map(|of_point| of_point.iter().map(|residual| residual * residual).sum()).collect())
    }

    /// The derivatives of the residuals (rows) by the unknowns `free` (columns), by differences within the bounds.
    ///
    /// # Errors
    /// [`Failure`] of the model.
    pub(crate) fn jacobian(&mut self, at: &[f64], free: &[usize]) -> Result<DMatrix<f64>, Failure> {
        let effort = self.model.effort();
        let mut points = Vec::with_capacity(free.len() * 2);
        for unknown in free {
            let Range { low, high } = self.ranges[*unknown];
            let sides = match effort.differences {
                Differences::Central => [-1.0, 1.0],
                Differences::Forward if at[*unknown] + effort.step > high => [-1.0, 0.0],
                Differences::Forward => [0.0, 1.0],
            };
            for side in sides {
                let mut point = at.to_vec();
                point[*unknown] = (at[*unknown] + side * effort.step).clamp(low, high);
                points.push(point);
            }
        }
        let residuals = self.residuals(&points)?;
        Ok(DMatrix::from_fn(self.data.len(), free.len(), |row, column| {
            let (low, high) = (2 * column, 2 * column + 1);
            let width = points[high][free[column]] - points[low][free[column]];
            (residuals[high][row] - residuals[low][row]) / width
        }))
    }

    /// The minimum that is found from `start`, with the unknowns that are not `free` as they are there.
    ///
    /// # Errors
    /// [`Failure`] of the model.
    pub(crate) fn minimise(&mut self, start: &[f64], free: &[usize]) -> Result<Minimum, Failure> {
        let found = self.search(start, free)?;
        let mut best = found.clone();
        // The sine is flat at a bound: a minimum there is approached, and not reached.
        for unknown in free {
            let range = self.ranges[*unknown];
            let value = found.at[*unknown];
            let bound = match value {
                _ if value - range.low <= SNAP * range.width() => range.low,
                _ if range.high - value <= SNAP * range.width() => range.high,
                _ => continue,
            };
            let mut at = best.at.clone();
            at[*unknown] = bound;
            let others: Vec<usize> = free.iter().copied().filter(|other| other != unknown).collect();
            let snapped = self.search(&at, &others)?;
            if snapped.chi2 <= best.chi2 {
                best = snapped;
            }
        }
        Ok(best)
    }

    fn search(&mut self, start: &[f64], free: &[usize]) -> Result<Minimum, Failure> {
        let first = Minimum { at: start.to_vec(), chi2: self.chi2(&[start.to_vec()])?[0] };
        if free.is_empty() {
            return Ok(first);
        }
        let effort = self.model.effort();
        let is_profile = free.len() < start.len();
        let tolerance = if is_profile { effort.profile_tolerance } else { effort.tolerance };
        let angles = DVector::from_iterator(free.len(), free.iter().map(|i| self.ranges[*i].angle(start[*i])));
        let search =
            Search { start: start.to_vec(), free, angles, inner: RefCell::new(Inner { problem: self, failure: None }) };
        let (search, report) =
            LevenbergMarquardt::new().with_ftol(tolerance).with_xtol(tolerance).with_gtol(tolerance).minimize(search);
        let at = search.point(&search.angles);
        if let Some(failure) = search.inner.into_inner().failure {
            return Err(failure);
        }
        let found = Minimum { at, chi2: 2.0 * report.objective_function };
        Ok(if found.chi2 < first.chi2 { found } else { first })
    }
}

/// A search as the algorithm's crate takes it.
struct Search<'a, 'p, 'm> {
    start: Vec<f64>,
    free: &'a [usize],
    angles: DVector<f64>,
    inner: RefCell<Inner<'p, 'm>>,
}

struct Inner<'p, 'm> {
    problem: &'p mut Problem<'m>,
    failure: Option<Failure>,
}

impl Search<'_, '_, '_> {
    fn point(&self, angles: &DVector<f64>) -> Vec<f64> {
        let inner = self.inner.borrow();
        let mut point = self.start.clone();
        for (angle, unknown) in angles.iter().zip(self.free) {
            point[*unknown] = inner.problem.ranges[*unknown].value(*angle);
        }
        point
    }

    /// What `compute` gives; a failure ends the search.
    fn kept<T>(&self, compute: impl FnOnce(&mut Problem<'_>) -> Result<T, Failure>) -> Option<T> {
        let inner = &mut *self.inner.borrow_mut();
        compute(inner.problem).map_err(|failure| inner.failure = Some(failure)).ok()
    }

    /// Rows of the residuals: the algorithm needs as many as unknowns; further ones are 0.
    fn rows(&self, data: usize) -> usize {
        data.max(self.free.len())
    }
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Search<'_, '_, '_> {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn>;

    fn set_params(&mut self, angles: &DVector<f64>) {
        self.angles.copy_from(angles);
    }

    fn params(&self) -> DVector<f64> {
        self.angles.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        let point = self.point(&self.angles);
        let mut residuals = self.kept(|problem| problem.residuals(&[point]))?.swap_remove(0);
        residuals.resize(self.rows(residuals.len()), 0.0);
        Some(DVector::from_vec(residuals))
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        let point = self.point(&self.angles);
        let jacobian = self.kept(|problem| problem.jacobian(&point, self.free))?;
        let slope = |column: usize| {
            let range = self.inner.borrow().problem.ranges[self.free[column]];
            range.half() * libm::cos(self.angles[column])
        };
        let slopes: Vec<f64> = (0..self.free.len()).map(slope).collect();
        let at = |row: usize, column: usize| {
            if row < jacobian.nrows() { jacobian[(row, column)] * slopes[column] } else { 0.0 }
        };
        Some(DMatrix::from_fn(self.rows(jacobian.nrows()), self.free.len(), at))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::Effort;

    /// A model in a formula.
    pub(crate) struct Formula<F>(pub(crate) F);

    impl<F: Fn(&[f64]) -> Vec<f64>> Model for Formula<F> {
        fn predict(&mut self, points: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, Failure> {
            Ok(points.iter().map(|point| (self.0)(point)).collect())
        }

        fn effort(&self) -> Effort {
            Effort::FREE
        }
    }

    /// A problem of numbers with errors of 1 % and unknowns from 0.1 to 100.
    pub(crate) fn problem<'m>(model: &'m mut dyn Model, unknowns: usize, measured: &[f64]) -> Problem<'m> {
        let range = Range { low: libm::log(0.1), high: libm::log(100.0) };
        let datum = |(position, value): (usize, &f64)| Datum { position, value: *value, sigma: 0.01 };
        Problem { model, ranges: vec![range; unknowns], data: measured.iter().enumerate().map(datum).collect() }
    }

    fn natural(minimum: &Minimum) -> Vec<f64> {
        minimum.at.iter().map(|log| libm::exp(*log)).collect()
    }

    #[test]
    fn a_minimum_within_the_bounds_is_found() {
        let mut model = Formula(|x: &[f64]| vec![2.0 / x[0] + 3.0 / x[1], 1.0 / x[0], x[1] / x[0]]);
        let mut problem = problem(&mut model, 2, &[2.0 / 4.0 + 3.0 / 20.0, 0.25, 5.0]);
        let found = natural(&problem.minimise(&[0.0, 0.0], &[0, 1]).unwrap());
        assert!((found[0] - 4.0).abs() < 1e-6 && (found[1] - 20.0).abs() < 1e-5, "{found:?}");
    }

    #[test]
    fn a_minimum_beyond_a_bound_is_at_it() {
        let mut model = Formula(|x: &[f64]| vec![x[0], x[0] * x[1]]);
        let mut problem = problem(&mut model, 2, &[500.0, 300.0]);
        let found = problem.minimise(&[0.0, 0.0], &[0, 1]).unwrap();
        assert_eq!(problem.ranges[0].bound(found.at[0]), Some(Bound::Upper), "{found:?}");
        assert!((natural(&found)[1] - 3.0).abs() < 1e-4, "the other one is fitted there: {found:?}");
    }

    #[test]
    fn fewer_numbers_than_unknowns_are_fitted_too() {
        let mut model = Formula(|x: &[f64]| vec![x[0] * x[1]]);
        let found = problem(&mut model, 2, &[12.0]).minimise(&[0.0, 0.0], &[0, 1]).unwrap();
        assert!(found.chi2 < 1e-9, "{found:?}");
    }

    #[test]
    fn a_fixed_unknown_stays() {
        let mut model = Formula(|x: &[f64]| vec![x[0] * x[1]]);
        let found = problem(&mut model, 2, &[12.0]).minimise(&[libm::log(2.0), 0.0], &[1]).unwrap();
        assert_eq!(found.at[0], libm::log(2.0));
        assert!((natural(&found)[1] - 6.0).abs() < 1e-6);
    }
}
