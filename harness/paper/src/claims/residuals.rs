//! Our numbers over the paper's: the claims whose difference from the paper can be written as a ratio.

use super::claim::{Claim, Verdict};
use super::columns::Column;
use super::totals::counted;

/// A claim whose numbers, ours and the paper's, are both positive and may be compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residual<'a> {
    /// The column's name.
    pub variant: &'a str,
    /// The spec that the claim is of.
    pub spec: &'a str,
    /// The claim.
    pub claim: &'a Claim,
    /// The paper's number.
    pub paper: f64,
    /// Our number.
    pub ours: f64,
}

impl Residual<'_> {
    /// Ours over the paper's.
    pub fn ratio(&self) -> f64 {
        self.ours / self.paper
    }

    /// The natural logarithm of the ratio: equal distances are equal factors, 0 is agreement.
    pub fn log_ratio(&self) -> f64 {
        self.ratio().ln()
    }

    /// Whether a fit used the paper's number, or may have: these numbers cannot show agreement.
    pub fn is_of_fit(&self) -> bool {
        self.claim.verdict == Verdict::Calibration
    }
}

/// Those of a column, each measurement once, in order. Claims that are not comparable, and those of which a number is not positive,
/// are left out.
pub fn residuals(column: &Column) -> Vec<Residual<'_>> {
    let counted = counted(column);
    let counts = |claim: &Claim| counted.iter().any(|one| std::ptr::eq(*one, claim));
    let all = column.specs.iter().flat_map(|of| of.claims.iter().map(|claim| (of.spec.as_str(), claim)));
    let compared = all.filter(|(_, claim)| claim.verdict != Verdict::NotComparable && counts(claim));
    compared.filter_map(|(spec, claim)| residual(&column.name, spec, claim)).collect()
}

fn residual<'a>(variant: &'a str, spec: &'a str, claim: &'a Claim) -> Option<Residual<'a>> {
    let positive = |number: Option<f64>| number.filter(|number| *number > 0.0 && number.is_finite());
    Some(Residual { variant, spec, claim, paper: positive(claim.paper)?, ours: positive(claim.measured)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::testing::{STATEMENT, column, measured, plain};
    use crate::claims::{Context, Statement, Unmeasured};
    use record::results::testing::cell;

    #[test]
    fn ratios_are_of_what_can_be_compared() {
        let judged = |id: &str, paper, mean, context: &Context| {
            Statement { id, paper, ..STATEMENT }.judge(measured(mean), context)
        };
        let fitted = Context::of(&[cell("LAN").fitted_to(&["used"]).done()]);
        let own = Context::of(&[cell("LAN").own_data().done()]);
        let column = column(
            "figures",
            vec![
                judged("fig3.iterstore-bsp.va-ca", Some(2.5), 5.0, &plain()),
                judged("fig9.mf.baseline-over-lan", Some(2.5), 5.0, &plain()),
                judged("used", Some(4.0), 1.0, &fitted),
                judged("free", Some(2.0), 2.0, &fitted),
                judged("ours", None, 2.5, &plain()),
                judged("zero", Some(0.0), 2.5, &plain()),
                judged("own", Some(2.0), 2.5, &own),
                STATEMENT.judge(Err(Unmeasured::NotReached("never".into())), &plain()),
            ],
        );
        let found: Vec<(&str, f64, bool)> = residuals(&column)
            .iter()
            .map(|of| (of.claim.id.as_str(), (of.log_ratio() * 1000.0).round() / 1000.0, of.is_of_fit()))
            .collect();
        let expected = [("fig3.iterstore-bsp.va-ca", 0.693, false), ("used", -1.386, true), ("free", 0.0, false)];
        assert_eq!(found, expected);
    }
}
