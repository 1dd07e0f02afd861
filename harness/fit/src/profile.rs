//! Profiles of the likelihood: chi-squared with one unknown fixed and the others fitted again, on a grid over its bounds, and the intervals
//! that follow, by the rises of [`Spreads`].

use nalgebra::DMatrix;
use record::failure::Failure;
use serde::Serialize;

use crate::estimate::Spreads;
use crate::minimise::{Minimum, Problem};
use crate::model::Grid;

/// Points that are added to a profile within its 95 % interval, where that is narrow.
const FINE_POINTS: usize = 12;
/// Few points: the first is this share of a standard error from the minimum, within these shares of the range, and each step is
/// this many times the one before; the last is where chi-squared has risen this many times as far as at the end of a 95 % interval.
const FIRST_STEP: f64 = 0.8;
const LEAST_STEP: f64 = 1e-3;
const GREATEST_STEP: f64 = 0.15;
const GROWTH: f64 = 1.3;
const ENOUGH: f64 = 1.02;
/// Eigenvalues of the information below this are 0.
const NO_INFORMATION: f64 = 1e-9;
/// The share of an unknown in directions without information that makes it one without a standard error.
const UNDETERMINED: f64 = 1e-3;
/// Bisections of an end of an interval between two points.
const BISECTIONS: usize = 20;

/// An interval of an unknown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end. `None` means that it is not determined from below: the interval reaches the lower bound.
    pub low: Option<f64>,
    /// The upper end. `None` means that it is not determined from above.
    pub high: Option<f64>,
}

/// A point of a profile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProfilePoint {
    /// The value at which the unknown is fixed.
    pub value: f64,
    /// The least chi-squared there.
    pub chi2: f64,
    /// The values of all unknowns there.
    pub unknowns: Vec<f64>,
}

/// The profile of an unknown, with its intervals in its own unit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Profile {
    /// By value, ascending.
    pub(crate) points: Vec<ProfilePoint>,
    /// The 68 % interval.
    pub(crate) one_sigma: Interval,
    /// The 95 % interval.
    pub(crate) two_sigma: Interval,
    /// The best point of it.
    pub(crate) best: Minimum,
}

/// The profile of `unknown` through the minimum `best`; `spreads`: of its data.
///
/// # Errors
/// [`Failure`] of the model.
pub(crate) fn profile(
    problem: &mut Problem<'_>,
    best: &Minimum,
    unknown: usize,
    spreads: Spreads,
) -> Result<Profile, Failure> {
    let range = problem.ranges[unknown];
    let others: Vec<usize> = (0..best.at.len()).filter(|other| *other != unknown).collect();
    let grid = match problem.model.effort().profile {
        Grid::WholeRange { points } => Steps::Grid { points },
        Grid::NearOptimum => Steps::Growing { first: near(problem, best, unknown, spreads.factor)? },
    };
    let mut track = Track { problem, best, others: &others, unknown };
    let enough = best.chi2 + ENOUGH * spreads.two_sigma;
    let mut below = track.outwards(&grid, range.low, enough)?;
    let mut above = track.outwards(&grid, range.high, enough)?;
    if matches!(grid, Steps::Grid { .. }) {
        track.back(&mut below)?;
        track.back(&mut above)?;
    }
    let mut interval = |rise: f64| -> Result<Interval, Failure> {
        let level = best.chi2 + rise;
        let low = track.crossing(&below, level)?.map(libm::exp);
        let high = track.crossing(&above, level)?.map(libm::exp);
        Ok(Interval { low, high })
    };
    let (one_sigma, two_sigma) = (interval(spreads.one_sigma)?, interval(spreads.two_sigma)?);
    let (low, high) = (two_sigma.low.map_or(range.low, libm::log), two_sigma.high.map_or(range.high, libm::log));
    if track.problem.model.effort().refines && high - low < range.width() / 4.0 {
        for i in 0..=FINE_POINTS {
            let value = low + (high - low) * i as f64 / FINE_POINTS as f64;
            let side = if value < best.at[unknown] { &mut below } else { &mut above };
            side.push(track.at(value, best)?);
        }
    }
    let mut all: Vec<Minimum> = below.into_iter().chain([best.clone()]).chain(above).collect();
    all.sort_by(|one, other| one.at[unknown].total_cmp(&other.at[unknown]));
    let best = all.iter().min_by(|one, other| one.chi2.total_cmp(&other.chi2)).expect("the minimum is one").clone();
    let point = |minimum: &Minimum| ProfilePoint {
        value: libm::exp(minimum.at[unknown]),
        chi2: minimum.chi2,
        unknowns: minimum.at.iter().map(|log| libm::exp(*log)).collect(),
    };
    Ok(Profile { points: all.iter().map(point).collect(), one_sigma, two_sigma, best })
}

/// The points of a profile on one side of the minimum.
#[derive(Clone, Copy, Debug)]
enum Steps {
    /// Of a grid over the whole range.
    Grid { points: usize },
    /// At growing distances, until chi-squared has risen enough.
    Growing { first: f64 },
}

/// The first step of a profile with few points: most of a standard error, as the Jacobian has it.
fn near(problem: &mut Problem<'_>, best: &Minimum, unknown: usize, scale: f64) -> Result<f64, Failure> {
    let all: Vec<usize> = (0..best.at.len()).collect();
    let jacobian = problem.jacobian(&best.at, &all)?;
    let information = jacobian.transpose() * &jacobian;
    // Where a direction without information changes the unknown, the product of the two is less than 1 for it.
    let of_inverse = |inverse: DMatrix<f64>| {
        let is_determined = (&information * &inverse)[(unknown, unknown)] > 1.0 - UNDETERMINED;
        if is_determined { inverse[(unknown, unknown)] } else { f64::INFINITY }
    };
    let variance = information.clone().pseudo_inverse(NO_INFORMATION).map_or(f64::INFINITY, of_inverse);
    let width = problem.ranges[unknown].width();
    Ok((FIRST_STEP * (variance * scale).sqrt()).clamp(width * LEAST_STEP, width * GREATEST_STEP))
}

/// The valley of chi-squared along one unknown.
struct Track<'p, 'm, 'a> {
    problem: &'p mut Problem<'m>,
    best: &'a Minimum,
    others: &'a [usize],
    unknown: usize,
}

impl Track<'_, '_, '_> {
    /// Fits the points again from the outermost inwards, each from where its outer neighbour ended, and keeps the better: a valley that
    /// begins far from the minimum is not seen on the way outwards.
    fn back(&mut self, points: &mut [Minimum]) -> Result<(), Failure> {
        for i in (1..points.len()).rev() {
            let start = points[i].clone();
            let again = self.at(points[i - 1].at[self.unknown], &start)?;
            if again.chi2 < points[i - 1].chi2 {
                points[i - 1] = again;
            }
        }
        Ok(())
    }

    /// The points from the minimum outwards to `bound`: each starts where the one before ended, and where the minimum is.
    fn outwards(&mut self, steps: &Steps, bound: f64, enough: f64) -> Result<Vec<Minimum>, Failure> {
        let (from, range) = (self.best.at[self.unknown], self.problem.ranges[self.unknown]);
        // The minimum may be at the bound, so that the difference has no sign.
        let sign = if bound == range.low { -1.0 } else { 1.0 };
        let way = (bound - from).abs();
        let distances: Vec<f64> = match *steps {
            Steps::Grid { points } => {
                let grid = (0..points).map(|i| range.low + range.width() * i as f64 / (points - 1) as f64);
                let mut distances: Vec<f64> =
                    grid.map(|value| (value - from) * sign).filter(|way| *way > 0.0).collect();
                distances.sort_by(f64::total_cmp);
                distances
            }
            Steps::Growing { first } => {
                let growing = (0..).scan((0.0, first), |(distance, step), _| {
                    *distance += *step;
                    *step *= GROWTH;
                    Some(*distance)
                });
                growing.take_while(|distance| *distance < way).chain((way > 0.0).then_some(way)).collect()
            }
        };
        let mut points: Vec<Minimum> = Vec::new();
        for distance in distances {
            let value = (from + sign * distance).clamp(range.low, range.high);
            let start = points.last().unwrap_or(self.best).clone();
            points.push(self.at(value, &start)?);
            let is_enough = points.last().is_some_and(|point| point.chi2 > enough);
            if is_enough && matches!(steps, Steps::Growing { .. }) {
                break;
            }
        }
        Ok(points)
    }

    /// The least chi-squared with the unknown at `value`.
    fn at(&mut self, value: f64, from: &Minimum) -> Result<Minimum, Failure> {
        let mut found: Option<Minimum> = None;
        for start in [from, self.best] {
            let mut at = start.at.clone();
            at[self.unknown] = value;
            let minimum = self.problem.minimise(&at, self.others)?;
            if found.as_ref().is_none_or(|found| minimum.chi2 < found.chi2) {
                found = Some(minimum);
            }
            if self.others.is_empty() || from == self.best || !self.problem.model.effort().refines {
                break;
            }
        }
        Ok(found.expect("at least one search"))
    }

    /// The value at which chi-squared first rises above `level`, on the way outwards over `points`. `None` means that it does not.
    fn crossing(&mut self, points: &[Minimum], level: f64) -> Result<Option<f64>, Failure> {
        let Some(first) = points.iter().position(|point| point.chi2 > level) else { return Ok(None) };
        let mut inside = if first == 0 { self.best.clone() } else { points[first - 1].clone() };
        let mut outside = points[first].clone();
        if self.problem.model.effort().refines {
            for _ in 0..BISECTIONS {
                let middle = self.at((inside.at[self.unknown] + outside.at[self.unknown]) / 2.0, &inside.clone())?;
                if middle.chi2 > level { outside = middle } else { inside = middle }
            }
        }
        // The root of the rise is nearly linear.
        let root = |chi2: f64| (chi2 - self.best.chi2).max(0.0).sqrt();
        let (from, to) = (root(inside.chi2), root(outside.chi2));
        let share = if to > from { (root(level) - from) / (to - from) } else { 0.5 };
        let (low, high) = (inside.at[self.unknown], outside.at[self.unknown]);
        Ok(Some(low + (high - low) * share.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minimise::tests::{Formula, problem};
    use crate::model::{Effort, Model};

    /// Of errors that are known.
    const KNOWN: Spreads = Spreads { factor: 1.0, one_sigma: 1.0, two_sigma: 3.8415 };

    #[test]
    fn intervals_are_those_of_a_normal_distribution() {
        let mut model = Formula(|x: &[f64]| vec![x[0], x[1] * x[0]]);
        let mut problem = problem(&mut model, 2, &[4.0, 20.0]);
        let best = problem.minimise(&[0.0, 0.0], &[0, 1]).unwrap();
        let found = profile(&mut problem, &best, 0, KNOWN).unwrap();
        let (low, high) = (found.one_sigma.low.unwrap(), found.one_sigma.high.unwrap());
        assert!((libm::log(low / 4.0) + 0.01).abs() < 1e-4 && (libm::log(high / 4.0) - 0.01).abs() < 1e-4, "{found:?}");
        let two = libm::log(found.two_sigma.high.unwrap() / 4.0);
        assert!((two - 0.0196).abs() < 1e-4, "{two}");
        // The second one has the errors of both numbers; a factor of 4 doubles them.
        let doubled = Spreads { factor: 4.0, one_sigma: 4.0 * KNOWN.one_sigma, two_sigma: 4.0 * KNOWN.two_sigma };
        let second = profile(&mut problem, &best, 1, doubled).unwrap();
        let wide = libm::log(second.one_sigma.high.unwrap() / 5.0);
        assert!((wide - 0.02 * 2.0f64.sqrt()).abs() < 1e-4, "{wide}");
        assert_eq!(second.points.len(), 42 + FINE_POINTS + 1);
        assert!(second.points.is_sorted_by_key(|point| point.value));
    }

    /// The model of a formula, at the cost of simulation.
    struct Costly<F>(Formula<F>, usize);

    impl<F: Fn(&[f64]) -> Vec<f64>> Model for Costly<F> {
        fn predict(&mut self, points: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, Failure> {
            self.1 += points.len();
            self.0.predict(points)
        }

        fn effort(&self) -> Effort {
            Effort { profile: Grid::NearOptimum, refines: false, ..self.0.effort() }
        }
    }

    #[test]
    fn few_points_give_the_same_intervals() {
        let mut model = Costly(Formula(|x: &[f64]| vec![x[0], x[1] * x[0]]), 0);
        let mut problem = problem(&mut model, 2, &[4.0, 20.0]);
        let best = problem.minimise(&[0.0, 0.0], &[0, 1]).unwrap();
        let found = profile(&mut problem, &best, 1, KNOWN).unwrap();
        let half = |end: Option<f64>| libm::log(end.unwrap() / 5.0).abs() / (0.01 * 2.0f64.sqrt());
        assert!((half(found.one_sigma.high) - 1.0).abs() < 0.01 && (half(found.one_sigma.low) - 1.0).abs() < 0.01);
        assert!((half(found.two_sigma.high) - 1.96).abs() < 0.02 && (half(found.two_sigma.low) - 1.96).abs() < 0.02);
        assert!((5..=9).contains(&found.points.len()), "{}", found.points.len());
    }

    #[test]
    fn few_points_cross_the_whole_range_of_what_is_not_determined() {
        let mut model = Costly(Formula(|x: &[f64]| vec![x[0] * x[1]]), 0);
        let mut problem = problem(&mut model, 2, &[12.0]);
        let best = problem.minimise(&[0.0, 0.0], &[0, 1]).unwrap();
        let found = profile(&mut problem, &best, 0, KNOWN).unwrap();
        assert!(found.points.len() <= 13, "{}", found.points.len());
    }

    #[test]
    fn a_minimum_at_a_bound_has_an_interval_on_one_side() {
        let mut model = Formula(|x: &[f64]| vec![x[0]]);
        let mut problem = problem(&mut model, 1, &[1.0]);
        let best = Minimum { at: vec![problem.ranges[0].low], ..problem.minimise(&[0.0], &[0]).unwrap() };
        let found = profile(&mut problem, &best, 0, KNOWN).unwrap();
        assert!(found.one_sigma.low.is_none() && found.two_sigma.low.is_none(), "{found:?}");
        assert!(found.points.is_sorted_by_key(|point| point.value));
    }

    #[test]
    fn an_interval_that_reaches_a_bound_has_no_end_there() {
        let mut model = Formula(|x: &[f64]| vec![1.0 + 0.001 / x[0]]);
        let mut problem = problem(&mut model, 1, &[1.0]);
        let best = problem.minimise(&[0.0], &[0]).unwrap();
        let found = profile(&mut problem, &best, 0, KNOWN).unwrap();
        assert_eq!(found.two_sigma, Interval { low: None, high: None });
    }
}
