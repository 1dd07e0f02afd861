//! Which unknowns the measurements determine: correlations and singular values of the Jacobian at the optimum, and in words the unknowns
//! that cannot be told apart, with the combinations of them that are determined.
//!
//! A combination is a product of powers: unknowns are in logarithms, and what is determined near the optimum is linear in them.

use nalgebra::{DMatrix, SVD, SymmetricEigen};
use record::numbers::significant;
use serde::Serialize;

use crate::minimise::Range;

/// Two unknowns whose correlation is greater are named together.
const ALIKE: f64 = 0.95;
/// A direction is weak where its 95 % interval spans more than this share of an unknown's bounds.
const WEAK: f64 = 0.5;
/// The share of a weak direction that makes an unknown part of it.
const PART: f64 = 0.1;
/// Singular values are at least this share of the greatest: of a direction without any information.
const LEAST: f64 = 1e-7;
/// Parts that differ by less than this share are of one size, and the first counts.
const TIE: f64 = 1e-6;
/// Exponents below this share of the greatest are left out of combinations.
const NO_EXPONENT: f64 = 0.03;

/// What the Jacobian at the optimum shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Identifiability {
    /// Of the derivatives of the residuals by the logarithms of the unknowns, descending. One near 0 is a direction in which no used
    /// number changes.
    pub singular_values: Vec<f64>,
    /// The direction of each, in the order of the unknowns.
    pub directions: Vec<Vec<f64>>,
    /// Between all unknowns, in their order; -1 to 1.
    pub correlations: Vec<Vec<f64>>,
    /// Unknowns that are not determined, not apart, or apart with correlated errors.
    pub statements: Vec<Statement>,
}

/// Unknowns that the measurements do not determine, or whose errors are correlated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statement {
    /// The names of the unknowns that cannot be told apart.
    pub unknowns: Vec<String>,
    /// The combinations of them that are determined.
    pub determined: Vec<String>,
    /// The statement in words.
    pub text: String,
}

/// An unknown as this module needs it.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The unknown's name in the spec.
    pub(crate) name: String,
    /// Its bounds, in logarithms.
    pub(crate) range: Range,
    /// Whether its profile has a 95 % interval that spans a large part of its bounds.
    pub(crate) is_wide: bool,
}

/// The identifiability by the Jacobian, whose columns are `unknowns`; `scale`: the factor of errors.
pub(crate) fn identifiability(jacobian: &DMatrix<f64>, unknowns: &[Named], scale: f64) -> Identifiability {
    let count = unknowns.len();
    // With rows of zeros, there is a direction for every unknown also where there are fewer numbers.
    let padded = jacobian.clone().resize_vertically(jacobian.nrows().max(count), 0.0);
    let svd = SVD::new(padded, false, true);
    let singular: Vec<f64> = svd.singular_values.iter().copied().collect();
    let transposed = svd.v_t.expect("it was asked for");
    let direction = |row: usize| {
        let direction: Vec<f64> = transposed.row(row).iter().copied().collect();
        // The sign is arbitrary: the greatest part is positive.
        let sign = greatest(&direction).signum();
        direction.iter().map(|part| part * sign).collect()
    };
    let directions: Vec<Vec<f64>> = (0..count).map(direction).collect();
    let least = (singular.first().copied().unwrap_or(0.0) * LEAST).max(f64::MIN_POSITIVE.sqrt());
    let deviations: Vec<f64> = singular.iter().map(|value| scale.sqrt() / value.max(least)).collect();
    let covariance: DMatrix<f64> = DMatrix::from_fn(count, count, |a, b| {
        directions.iter().zip(&deviations).map(|(direction, sd)| direction[a] * direction[b] * sd * sd).sum()
    });
    let correlation = |a: usize, b: usize| {
        let both = (covariance[(a, a)] * covariance[(b, b)]).sqrt();
        if a == b || both == 0.0 { f64::from(u8::from(a == b)) } else { (covariance[(a, b)] / both).clamp(-1.0, 1.0) }
    };
    let correlations: Vec<Vec<f64>> = (0..count).map(|a| (0..count).map(|b| correlation(a, b)).collect()).collect();
    let statements = statements(unknowns, &directions, &deviations, &covariance, &correlations);
    Identifiability { singular_values: singular, directions, correlations, statements }
}

/// The part of the greatest size, with its sign.
fn greatest(parts: &[f64]) -> f64 {
    parts
        .iter()
        .copied()
        .fold(0.0, |greatest: f64, part| if part.abs() > greatest.abs() * (1.0 + TIE) { part } else { greatest })
}

fn statements(
    unknowns: &[Named],
    directions: &[Vec<f64>],
    deviations: &[f64],
    covariance: &DMatrix<f64>,
    correlations: &[Vec<f64>],
) -> Vec<Statement> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (direction, deviation) in directions.iter().zip(deviations) {
        let spans = |i: usize| 2.0 * 1.96 * deviation * direction[i].abs() > WEAK * unknowns[i].range.width();
        if (0..unknowns.len()).any(spans) {
            groups.push((0..unknowns.len()).filter(|i| direction[*i].abs() > PART).collect());
        }
    }
    for a in 0..unknowns.len() {
        for b in a + 1..unknowns.len() {
            let are_wide = unknowns[a].is_wide && unknowns[b].is_wide && correlations[a][b].abs() > WEAK;
            if correlations[a][b].abs() > ALIKE || are_wide {
                groups.push(vec![a, b]);
            }
        }
    }
    joined(groups).iter().map(|group| statement(group, unknowns, covariance)).collect()
}

/// Groups that share a member become one.
fn joined(groups: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let mut apart: Vec<Vec<usize>> = Vec::new();
    for mut group in groups {
        let (sharing, others): (Vec<_>, Vec<_>) =
            apart.into_iter().partition(|known| known.iter().any(|member| group.contains(member)));
        group.extend(sharing.into_iter().flatten());
        group.sort_unstable();
        group.dedup();
        apart = others;
        apart.push(group);
    }
    apart.sort();
    apart
}

fn statement(group: &[usize], unknowns: &[Named], covariance: &DMatrix<f64>) -> Statement {
    let names: Vec<String> = group.iter().map(|i| unknowns[*i].name.clone()).collect();
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if let [name] = &quoted[..] {
        let text = format!("{name} is not determined: no used number changes much with it");
        return Statement { unknowns: names, determined: Vec::new(), text };
    }
    let block = DMatrix::from_fn(group.len(), group.len(), |a, b| covariance[(group[a], group[b])]);
    let eigen = SymmetricEigen::new(block);
    let mut order: Vec<usize> = (0..group.len()).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*a].total_cmp(&eigen.eigenvalues[*b]));
    let narrowest = group.iter().map(|i| unknowns[*i].range.width()).fold(f64::INFINITY, f64::min);
    let (widest, others) = order.split_last().expect("a group has members");
    let is_determined = |i: &usize| 2.0 * 1.96 * eigen.eigenvalues[*i].max(0.0).sqrt() < WEAK * narrowest;
    // Near the optimum; a profile sees farther.
    let are_apart = is_determined(widest) && !group.iter().any(|i| unknowns[*i].is_wide);
    let determined: Vec<String> = others
        .iter()
        .filter(|i| is_determined(i))
        .map(|i| combination(&names, &eigen.eigenvectors.column(*i).iter().copied().collect::<Vec<_>>()))
        .collect();
    let (last, first) = quoted.split_last().expect("a group has members");
    let which = format!("{} and {last}", first.join(", "));
    let text = if determined.is_empty() {
        format!("{which} cannot be told apart, and no combination of them is determined")
    } else if are_apart {
        format!(
            "the errors of {which} are correlated: {} is determined better than each alone",
            determined.join(" and ")
        )
    } else {
        format!("{which} cannot be told apart: near the optimum, only {} is determined", determined.join(" and "))
    };
    Statement { unknowns: names, determined, text }
}

/// A product of powers, the greatest exponent being 1: `lan * mf^0.42`, `mf / slowdown`.
fn combination(names: &[String], exponents: &[f64]) -> String {
    let greatest = greatest(exponents);
    let power = |exponent: f64| {
        let size = exponent.abs();
        if (size - 1.0).abs() < NO_EXPONENT { String::new() } else { format!("^{}", significant(size, 2)) }
    };
    let (mut over, mut under) = (Vec::new(), String::new());
    for (name, exponent) in names.iter().zip(exponents) {
        let exponent = exponent / greatest;
        match exponent {
            _ if exponent.abs() < NO_EXPONENT => {}
            _ if exponent > 0.0 => over.push(format!("{name}{}", power(exponent))),
            _ => under.push_str(&format!(" / {name}{}", power(exponent))),
        }
    }
    format!("{}{under}", over.join(" * "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<Named> {
        let range = Range { low: 0.0, high: 4.0 };
        names.iter().map(|name| Named { name: (*name).into(), range, is_wide: false }).collect()
    }

    #[test]
    fn what_is_determined_alone_has_no_statement() {
        let jacobian = DMatrix::from_row_slice(2, 2, &[100.0, 0.0, 0.0, 50.0]);
        let found = identifiability(&jacobian, &named(&["a", "b"]), 1.0);
        assert_eq!((found.singular_values, found.statements.len()), (vec![100.0, 50.0], 0));
        assert_eq!(found.correlations, [[1.0, 0.0], [0.0, 1.0]]);
    }

    #[test]
    fn of_a_product_and_of_a_quotient_only_they_are_determined() {
        let text = |row: [f64; 2]| {
            let found = identifiability(&DMatrix::from_row_slice(1, 2, &row), &named(&["lan", "mf"]), 1.0);
            assert!(found.correlations[0][1].abs() > 0.999, "{found:?}");
            found.statements.into_iter().map(|statement| statement.text).collect::<Vec<_>>()
        };
        let apart = "`lan` and `mf` cannot be told apart: near the optimum, only";
        assert_eq!(text([100.0, 100.0]), [format!("{apart} lan * mf is determined")]);
        assert_eq!(text([-100.0, 100.0]), [format!("{apart} lan / mf is determined")]);
        assert_eq!(text([-100.0, -42.0]), [format!("{apart} lan * mf^0.42 is determined")]);
    }

    #[test]
    fn correlated_unknowns_with_narrow_intervals_are_told_apart() {
        let jacobian = DMatrix::from_row_slice(2, 2, &[100.0, 100.0, 10.0, -10.0]);
        let text = |unknowns: &[Named]| identifiability(&jacobian, unknowns, 1.0).statements[0].text.clone();
        let mut unknowns = named(&["a", "b"]);
        assert_eq!(
            text(&unknowns),
            "the errors of `a` and `b` are correlated: a * b is determined better than each alone"
        );
        unknowns[0].is_wide = true;
        assert_eq!(text(&unknowns), "`a` and `b` cannot be told apart: near the optimum, only a * b is determined");
    }

    #[test]
    fn three_unknowns_of_one_product_are_one_group() {
        let jacobian = DMatrix::from_row_slice(1, 3, &[80.0, 80.0, -80.0]);
        let found = identifiability(&jacobian, &named(&["a", "b", "c"]), 1.0);
        let texts: Vec<&str> = found.statements.iter().map(|statement| &*statement.text).collect();
        assert_eq!(texts, ["`a`, `b` and `c` cannot be told apart: near the optimum, only a * b / c is determined"]);
    }

    #[test]
    fn an_unknown_without_influence_is_named() {
        let jacobian = DMatrix::from_row_slice(2, 2, &[100.0, 0.0, 70.0, 1e-9]);
        let found = identifiability(&jacobian, &named(&["a", "b"]), 1.0);
        assert_eq!(found.statements[0].text, "`b` is not determined: no used number changes much with it");
    }
}
