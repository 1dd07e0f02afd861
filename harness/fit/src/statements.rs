//! Sentences about a fit: what its numbers do not show at first sight.

use record::numbers::significant;

use crate::minimise::Bound;
use crate::result::{Evaluation, FitResult, UnknownResult};
use crate::surface::EXACT;

/// A number with four digits; a great or small one with an exponent that is a multiple of three: `11.98e6`.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !value.is_finite() || (1e-3..1e5).contains(&size) {
        return significant(value, 4);
    }
    let exponent = (libm::floor(libm::log10(size) / 3.0) * 3.0) as i32;
    format!("{}e{exponent}", significant(value / 10.0f64.powi(exponent), 4))
}

/// A value with its unit.
pub(crate) fn quantity(value: f64, unit: &str) -> String {
    let number = number(value);
    if unit.is_empty() { number } else { format!("{number} {unit}") }
}

/// The sentences of a fit, all but its statements being there.
pub(crate) fn of(result: &FitResult) -> Vec<String> {
    let mut all: Vec<String> = result.identifiability.statements.iter().map(|found| found.text.clone()).collect();
    all.extend(result.unknowns.iter().flat_map(of_unknown));
    let quality = &result.quality;
    if quality.error_factor > 1.0 {
        all.push(format!(
            "the model is further from the numbers than their errors: chi-squared is {} with {} degrees of freedom, and all intervals are {} times as wide for it",
            significant(quality.chi2, 3),
            quality.degrees_of_freedom,
            significant(quality.error_factor.sqrt(), 3)
        ));
    }
    if quality.used <= result.unknowns.len() {
        all.push(format!(
            "{} used numbers for {} unknowns: nothing is left to test the model with",
            quality.used,
            result.unknowns.len()
        ));
    }
    for other in &result.other_minima {
        let values = result.unknowns.iter().zip(&other.unknowns);
        let values: Vec<String> =
            values.map(|(unknown, value)| format!("{} {}", unknown.name, quantity(*value, &unknown.unit))).collect();
        all.push(format!(
            "a second minimum is not excluded (chi-squared {} above the least): {}",
            significant(other.chi2 - quality.chi2, 3),
            values.join(", ")
        ));
    }
    if let Evaluation::Surface { greatest_difference, refinements, .. } = &result.evaluation
        && *greatest_difference > EXACT
    {
        all.push(format!(
            "the surface is up to {} % from the simulation at the optimum, after {refinements} refinements: more `points` may be nearer, and `runs` is exact",
            significant(greatest_difference * 100.0, 2)
        ));
    }
    all
}

fn of_unknown(unknown: &UnknownResult) -> Vec<String> {
    let UnknownResult { name, unit, interval_95, .. } = unknown;
    let mut all = Vec::new();
    match unknown.at_bound {
        Some(Bound::Lower) => {
            all.push(format!(
                "`{name}` is at its lower bound, {}: the numbers may ask for less",
                quantity(unknown.low, unit)
            ));
        }
        Some(Bound::Upper) => {
            all.push(format!(
                "`{name}` is at its upper bound, {}: the numbers may ask for more",
                quantity(unknown.high, unit)
            ));
        }
        None => {}
    }
    match (interval_95.low, interval_95.high) {
        (None, None) => all.push(format!("`{name}` is not determined, neither from below nor from above")),
        (None, Some(high)) => {
            all.push(format!("`{name}` is not determined from below: at most {} (95 %)", quantity(high, unit)));
        }
        (Some(low), None) => {
            all.push(format!("`{name}` is not determined from above: at least {} (95 %)", quantity(low, unit)));
        }
        (Some(_), Some(_)) => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn great_numbers_have_exponents_as_specs_do() {
        let texts = [11_983_654.0, 2.011, 0.0004, 99_999.0, 350_000.0].map(number);
        assert_eq!(texts, ["11.98e6", "2.011", "400.0e-6", "99,999", "350.0e3"]);
        assert_eq!(quantity(1.5, "Gbit/s"), "1.500 Gbit/s");
    }
}
