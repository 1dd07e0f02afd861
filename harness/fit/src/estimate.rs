//! The estimate: the best of several searches, and other minima that the data do not exclude.

use record::failure::Failure;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use crate::minimise::{Minimum, Problem};

/// Probabilities below the upper ends of a 68 % and of a 95 % interval.
const BELOW_ONE_SIGMA: f64 = 0.841_344_75;
const BELOW_TWO_SIGMA: f64 = 0.975;
/// Rises are rounded to this: quantiles have other last digits on other platforms.
const DIGITS: f64 = 1e4;

/// Searches end up to this share of an unknown's range apart in one minimum.
const SAME: f64 = 0.01;
/// Points on the way between two minima, and the rise on it that separates them.
const WAY_POINTS: usize = 9;
const BARRIER: f64 = 0.05;
/// The bases of the sequence of starts, Halton's: one per unknown.
const PRIMES: [u32; 24] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89];
/// Starts keep this share of the range away from bounds.
const MARGIN: f64 = 0.05;

/// What errors become by the data, and the rises of chi-squared that follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spreads {
    /// The factor of squared errors: the reduced chi-squared where it is above 1, else 1.
    pub(crate) factor: f64,
    /// The rise of chi-squared at the ends of a 68 % interval of one unknown.
    pub(crate) one_sigma: f64,
    /// The same of a 95 % interval.
    pub(crate) two_sigma: f64,
}

impl Spreads {
    /// Of a fit of `unknowns` unknowns to `data` numbers with this least chi-squared. With errors that are known a rise is the square of a
    /// quantile of the normal distribution (1 and 3.84); where the factor is itself estimated, of Student's.
    pub(crate) fn of(chi2: f64, data: usize, unknowns: usize) -> Spreads {
        let freedom = data.saturating_sub(unknowns) as f64;
        let factor = if freedom > 0.0 { (chi2 / freedom).max(1.0) } else { 1.0 };
        let square = |below: f64| {
            let quantile = if factor > 1.0 {
                StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom above 0").inverse_cdf(below)
            } else {
                Normal::standard().inverse_cdf(below)
            };
            (quantile * quantile * DIGITS).round() / DIGITS
        };
        Spreads { factor, one_sigma: factor * square(BELOW_ONE_SIGMA), two_sigma: factor * square(BELOW_TWO_SIGMA) }
    }
}

/// The minima of searches from `start` and from other points, the best first; each within the 95 % rise of the best, and apart from
/// all before it.
///
/// # Errors
/// [`Failure`] of the model.
pub(crate) fn minima(problem: &mut Problem<'_>, start: &[f64]) -> Result<Vec<Minimum>, Failure> {
    let all: Vec<usize> = (0..problem.ranges.len()).collect();
    let mut found = vec![problem.minimise(start, &all)?];
    for number in 1..=problem.model.effort().searches {
        let from: Vec<f64> = all
            .iter()
            .map(|unknown| {
                let range = problem.ranges[*unknown];
                range.low + range.width() * (MARGIN + (1.0 - 2.0 * MARGIN) * halton(number as u32, PRIMES[*unknown]))
            })
            .collect();
        found.push(problem.minimise(&from, &all)?);
    }
    // Stable: of equal minima the one of the earlier start.
    found.sort_by(|one, other| one.chi2.total_cmp(&other.chi2));
    let most = found[0].chi2 + Spreads::of(found[0].chi2, problem.data.len(), all.len()).two_sigma;
    let mut apart: Vec<Minimum> = Vec::new();
    for minimum in found.into_iter().filter(|minimum| minimum.chi2 <= most) {
        let mut is_new = true;
        for known in &apart {
            is_new = is_new && !is_same(problem, known, &minimum)?;
        }
        if is_new {
            apart.push(minimum);
        }
    }
    Ok(apart)
}

/// Whether two minima are one: near each other, or joined by a valley in which chi-squared does not rise.
fn is_same(problem: &mut Problem<'_>, one: &Minimum, other: &Minimum) -> Result<bool, Failure> {
    let apart = |unknown: usize| (one.at[unknown] - other.at[unknown]).abs() / problem.ranges[unknown].width();
    let farthest = (0..one.at.len()).max_by(|a, b| apart(*a).total_cmp(&apart(*b))).expect("there is an unknown");
    if apart(farthest) <= SAME {
        return Ok(true);
    }
    let allowed = other.chi2.max(one.chi2) + BARRIER;
    let others: Vec<usize> = (0..one.at.len()).filter(|unknown| *unknown != farthest).collect();
    let refines = problem.model.effort().refines;
    for point in 1..=WAY_POINTS {
        let share = point as f64 / (WAY_POINTS + 1) as f64;
        let between: Vec<f64> = one.at.iter().zip(&other.at).map(|(a, b)| a * (1.0 - share) + b * share).collect();
        let chi2 = if refines { problem.minimise(&between, &others)?.chi2 } else { problem.chi2(&[between])?[0] };
        if chi2 > allowed {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Halton's sequence: the digits of `number` in `base`, behind the point in reverse order.
fn halton(mut number: u32, base: u32) -> f64 {
    let (mut share, mut value) = (1.0, 0.0);
    while number > 0 {
        share /= f64::from(base);
        value += share * f64::from(number % base);
        number /= base;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minimise::tests::{Formula, problem};

    #[test]
    fn two_minima_are_two_and_a_valley_is_one() {
        // x and 6 / x are alike: x is 2 or 3.
        let mut model = Formula(|x: &[f64]| vec![x[0] + 6.0 / x[0]]);
        let two = minima(&mut problem(&mut model, 1, &[5.0]), &[0.0]).unwrap();
        let mut found: Vec<f64> = two.iter().map(|minimum| libm::exp(minimum.at[0])).collect();
        found.sort_by(f64::total_cmp);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!((found[0] - 2.0).abs() < 1e-3 && (found[1] - 3.0).abs() < 1e-3, "{found:?}");
        let mut model = Formula(|x: &[f64]| vec![1.0 / x[0] + 1.0 / x[1]]);
        assert_eq!(
            minima(&mut problem(&mut model, 2, &[0.5]), &[0.0, 0.0]).unwrap().len(),
            1,
            "only a sum is measured"
        );
    }

    #[test]
    fn numbers_far_from_any_model_have_a_minimum_too() {
        // Beyond 2^53 a rise of 3.84 is lost in rounding.
        let mut model = Formula(|x: &[f64]| vec![x[0]]);
        let mut problem = problem(&mut model, 1, &[1e6]);
        problem.data[0].sigma = 1e-9;
        assert_eq!(minima(&mut problem, &[0.0]).unwrap().len(), 1);
    }

    #[test]
    fn errors_are_scaled_where_the_fit_is_worse_than_they_are() {
        let factors =
            [(0.5, 5, 2), (12.0, 5, 2), (12.0, 2, 2)].map(|(chi2, data, unknowns)| Spreads::of(chi2, data, unknowns));
        assert_eq!(factors.map(|spreads| spreads.factor), [1.0, 4.0, 1.0]);
        // 1.96 squared; 2.145 and 1.0366 squared of Student's distribution with 14 degrees of freedom.
        assert_eq!((factors[0].one_sigma, (factors[0].two_sigma * 100.0).round()), (1.0, 384.0));
        let scaled = Spreads::of(28.0, 21, 7);
        assert!((scaled.two_sigma / 2.0 - 4.600).abs() < 1e-3, "{scaled:?}");
        assert!((scaled.one_sigma / 2.0 - 1.0746).abs() < 2e-3, "{scaled:?}");
    }

    #[test]
    fn the_sequence_of_starts_is_haltons() {
        assert_eq!([1, 2, 3, 4].map(|number| halton(number, 2)), [0.5, 0.25, 0.75, 0.125]);
    }
}
