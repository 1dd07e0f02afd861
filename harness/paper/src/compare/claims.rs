//! Claims by their verdicts.

use serde::Serialize;

use super::direction::Direction;
use super::options::Options;
use crate::claims::{Claim, Verdict};

/// A claim whose verdict is another.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ClaimChange {
    /// The claim's name.
    pub id: String,
    /// The verdict in the first folder. `None` means that the claim is not there.
    pub a: Option<Verdict>,
    /// The verdict in the second folder.
    pub b: Option<Verdict>,
    /// The number in the first folder, mean over seeds.
    pub measured_a: Option<f64>,
    /// The number in the second folder.
    pub measured_b: Option<f64>,
    /// `None` means that neither verdict is better.
    pub direction: Option<Direction>,
}

/// The claims of `b` whose verdicts are others than in `a`.
pub(super) fn compare(a: &[Claim], b: &[Claim], options: &Options) -> Vec<ClaimChange> {
    let new = b.iter().filter(|claim| a.iter().all(|other| other.id != claim.id));
    let pairs = a.iter().map(|claim| (Some(claim), b.iter().find(|other| other.id == claim.id)));
    let pairs = pairs.chain(new.map(|claim| (None, Some(claim))));
    let in_scope = pairs.filter(|(a, b)| !options.common || (a.is_some() && b.is_some()));
    in_scope.filter_map(|(a, b)| change(a, b)).collect()
}

fn change(a: Option<&Claim>, b: Option<&Claim>) -> Option<ClaimChange> {
    let [before, after] = [a, b].map(|claim| claim.map(|claim| claim.verdict));
    (before != after).then(|| ClaimChange {
        id: a.or(b).expect("a pair has a claim").id.clone(),
        a: before,
        b: after,
        measured_a: a.and_then(|claim| claim.measured),
        measured_b: b.and_then(|claim| claim.measured),
        direction: direction(before, after),
    })
}

/// A claim that an input was fitted to since has no verdict, and is no worse for it. One that is gone is.
fn direction(a: Option<Verdict>, b: Option<Verdict>) -> Option<Direction> {
    use Verdict::{Calibration, Fails, Holds, NotComparable};
    match (a, b) {
        (Some(_), None) | (Some(Holds), Some(Fails | NotComparable)) | (Some(NotComparable), Some(Fails)) => {
            Some(Direction::Worse)
        }
        (Some(Fails | NotComparable), Some(Holds)) => Some(Direction::Better),
        (None, _) | (Some(Calibration), _) | (_, Some(Calibration)) => None,
        (Some(Holds), Some(Holds)) | (Some(Fails), Some(Fails | NotComparable)) => None,
        (Some(NotComparable), Some(NotComparable)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_held_and_does_not_any_more_is_worse() {
        use Verdict::{Calibration, Fails, Holds, NotComparable};
        for (a, b, expected) in [
            (Some(Holds), Some(Fails), Some(Direction::Worse)),
            (Some(Holds), Some(NotComparable), Some(Direction::Worse)),
            (Some(Holds), None, Some(Direction::Worse)),
            (Some(Fails), Some(Holds), Some(Direction::Better)),
            (Some(Holds), Some(Calibration), None),
            (Some(Calibration), Some(Fails), None),
            (Some(Fails), Some(NotComparable), None),
            (None, Some(Fails), None),
        ] {
            assert_eq!(direction(a, b), expected, "{a:?} {b:?}");
        }
    }
}
