//! Claims that a spec expects to fail, each with its reason.
//!
//! They are judged as all others are, and keep their verdict; `--strict` takes it for no failure, and reports one that holds.

use record::results::expectations::ExpectedFailure;

use super::claim::Claim;

/// Marks those of `claims` that `expected` names. A name of no claim marks nothing: the panel that it is of has not run.
pub fn expect(claims: &mut [Claim], expected: &[ExpectedFailure]) {
    for claim in claims {
        let failure = expected.iter().find(|failure| failure.claim == claim.id);
        claim.because = failure.map(|failure| failure.because.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use planning::spec::{Changes, PAPER, Source, embedded};

    use super::*;
    use crate::claims::testing::{STATEMENT, measured, plain};
    use crate::claims::{Verdict, to_json, to_text};

    fn expected() -> ExpectedFailure {
        ExpectedFailure { claim: "figure.claim".into(), because: "the links are faster".into() }
    }

    #[test]
    fn expected_failures_keep_their_verdict_and_are_marked() {
        for (mean, verdict, text) in
            [(9.0, Verdict::Fails, "fails, expected"), (2.5, Verdict::Holds, "holds, expected to fail")]
        {
            let mut claims = [STATEMENT.judge(measured(mean), &plain())];
            expect(&mut claims, &[expected()]);
            assert_eq!((claims[0].verdict, claims[0].verdict_text().as_str()), (verdict, text));
            assert_eq!(claims[0].fails_as_expected(), verdict == Verdict::Fails);
            assert!(to_text(&claims).contains("[expected to fail: the links are faster]"));
            assert!(to_json(&claims).contains("\"because\": \"the links are faster\""));
        }
    }

    /// The claims of the paper's figures that fail with every seed are listed in their specs, and no others: `run fig13 --strict` is usable.
    #[test]
    fn the_figures_expect_what_fails_in_the_reference() {
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
        let (mut figures, mut failures) = (0, 0);
        for name in PAPER {
            let Ok(claims) = crate::claims::read(&reference.join(name).join(crate::claims::FILE)) else { continue };
            let text = embedded().find(|(known, _)| known == name).expect("it is built in").1;
            let source = Source { name: (*name).into(), file: (*name).into(), folder: "".into(), text: text.into() };
            let spec = source.spec(&Changes::default()).expect("built-in specs are well formed");
            let expected: BTreeSet<&str> = spec.expected.iter().map(|one| one.claim.as_str()).collect();
            let fails = claims.iter().filter(|claim| claim.verdict == Verdict::Fails && !claim.crosses);
            let fails: BTreeSet<&str> = fails.map(|claim| claim.id.as_str()).collect();
            assert_eq!(expected, fails, "{name}");
            (figures, failures) = (figures + 1, failures + fails.len());
        }
        assert!(figures >= 14 && failures >= 25, "{figures} figures, {failures} failures");
    }

    #[test]
    fn other_claims_are_not_marked() {
        let mut claims = [STATEMENT.judge(measured(9.0), &plain())];
        expect(&mut claims, &[ExpectedFailure { claim: "figure.other".into(), ..expected() }]);
        assert!(!claims[0].fails_as_expected() && !to_json(&claims).contains("because"));
    }
}
