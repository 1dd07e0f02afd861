//! Claims as a JUnit report, for continuous integration: a suite per figure, a test case per claim and assertion.
//!
//! A claim that holds is a success, one that fails a failure. One that was not measured, and a cell that is not there, is an error. Expected
//! failures are skipped with their reason, and failures where they hold; calibrations and claims on own data, which have no verdict, are
//! skipped. There are no times in it, so that equal claims give equal bytes.

use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use record::results::atomic::{self, WriteError};

use crate::claims::{Claim, Verdict};
use crate::strict::{self, Evidence};

/// The text of the report on `figures`, those of `folder`. Without any it has an error: no test is no success.
pub fn text(folder: &Path, figures: &[Evidence]) -> String {
    let mut report = Report::new("experiments");
    for figure in figures {
        let mut suite = TestSuite::new(figure.name.as_str());
        let missing = figure.missing.iter().map(|missing| case(figure, &missing.what, error(&missing.why)));
        suite.add_test_cases(missing);
        suite.add_test_cases(figure.claims.iter().map(|claim| case(figure, &claim.id, status(claim))));
        if figure.claims.is_empty() {
            suite.add_test_case(case(figure, "claims", error("nothing is claimed, so nothing was shown")));
        }
        report.add_test_suite(suite);
    }
    if figures.is_empty() {
        let mut suite = TestSuite::new("claims");
        suite.add_test_case(TestCase::new("claims", error(&strict::nothing(folder))));
        report.add_test_suite(suite);
    }
    report.to_string().expect("memory takes any number of bytes, and there are no dates in it")
}

/// Writes the report into a file, as a whole.
///
/// # Errors
/// [`WriteError`].
pub fn write(file: &Path, folder: &Path, figures: &[Evidence]) -> Result<(), WriteError> {
    atomic::write(file, text(folder, figures).as_bytes())
}

fn case(figure: &Evidence, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(figure.name.as_str());
    case
}

fn error(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type("missing").set_message(why);
    status
}

fn status(claim: &Claim) -> TestCaseStatus {
    if claim.fails_as_expected() {
        let mut status = TestCaseStatus::skipped();
        status
            .set_type("expected")
            .set_message(format!("expected to fail: {}", claim.because.as_deref().unwrap_or_default()));
        return status;
    }
    let Some(lacking) = strict::of_claim(claim) else {
        return match claim.verdict {
            Verdict::Holds | Verdict::Fails => TestCaseStatus::success(),
            Verdict::Calibration | Verdict::NotComparable => {
                let mut status = TestCaseStatus::skipped();
                status.set_type(claim.verdict.word()).set_message(numbers(claim));
                status
            }
        };
    };
    if !claim.verdict.is_judged() {
        return error(&lacking);
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let kind = if claim.verdict == Verdict::Fails { "fails" } else { "unexpected" };
    status.set_type(kind).set_message(lacking).set_description(numbers(claim));
    status
}

/// The claim with its numbers: the measured one with its range, what was expected, the paper's.
fn numbers(claim: &Claim) -> String {
    let expected = claim.expected.map_or_else(String::new, |expected| format!(", expected {}", expected.text()));
    let paper = claim.paper.map_or_else(String::new, |_| format!(", the paper's {}", claim.paper_text()));
    format!("{}: measured {}{expected}{paper}", claim.says, claim.measured_text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::testing::{STATEMENT, measured, plain};
    use crate::claims::{Context, Statement, Unmeasured};
    use crate::strict::Missing;
    use record::results::testing::cell;

    fn evidence() -> Evidence {
        let of = |id, mean| Statement { id, ..STATEMENT }.judge(measured(mean), &plain());
        let fitted = Context::of(&[cell("LAN").fitted_to(&["f.used"]).done()]);
        let because = |claim: Claim| Claim { because: Some("links < theirs".into()), ..claim };
        Evidence {
            name: "fig13".into(),
            claims: vec![
                of("f.holds", 2.5),
                of("f.fails", 9.0),
                because(of("f.known", 9.0)),
                because(of("f.mended", 2.5)),
                STATEMENT.judge(Err(Unmeasured::NotRun("LAN has not run".into())), &plain()),
                Statement { id: "f.used", ..STATEMENT }.judge(measured(2.5), &fitted),
            ],
            missing: vec![Missing { what: "LAN (seed 1)".into(), why: "LAN (seed 1) is missing: not begun".into() }],
        }
    }

    #[test]
    fn every_claim_is_a_case_and_every_verdict_has_its_status() {
        let xml = text(Path::new("results"), &[evidence()]);
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="experiments" tests="7" skipped="2" failures="2" errors="2">
    <testsuite name="fig13" tests="7" skipped="2" errors="2" failures="2">
        <testcase name="LAN (seed 1)" classname="fig13">
            <error message="LAN (seed 1) is missing: not begun" type="missing"/>
        </testcase>
        <testcase name="f.holds" classname="fig13"/>
        <testcase name="f.fails" classname="fig13">
            <failure message="the claim f.fails fails" type="fails">this is so (within 2 to 3): measured 9.00 (8.50 - 9.50), expected within 2.00 to 3.00, the paper&apos;s 2.50</failure>
        </testcase>
        <testcase name="f.known" classname="fig13">
            <skipped message="expected to fail: links &lt; theirs" type="expected"/>
        </testcase>
        <testcase name="f.mended" classname="fig13">
            <failure message="the claim f.mended holds, and the spec expects it to fail: links &lt; theirs" type="unexpected">this is so (within 2 to 3): measured 2.50 (2.00 - 3.00), expected within 2.00 to 3.00, the paper&apos;s 2.50</failure>
        </testcase>
        <testcase name="figure.claim" classname="fig13">
            <error message="the claim figure.claim was not measured: this is so (within 2 to 3) [nothing measured: LAN has not run]" type="missing"/>
        </testcase>
        <testcase name="f.used" classname="fig13">
            <skipped message="this is so (within 2 to 3): measured 2.50 (2.00 - 3.00), expected within 2.00 to 3.00, the paper&apos;s 2.50" type="calibration"/>
        </testcase>
    </testsuite>
</testsuites>
"#;
        assert_eq!(xml, expected);
    }

    #[test]
    fn nothing_is_no_success() {
        for figures in [vec![], vec![Evidence { name: "own".into(), claims: Vec::new(), missing: Vec::new() }]] {
            let xml = text(Path::new("results"), &figures);
            assert!(xml.contains("tests=\"1\" skipped=\"0\" failures=\"0\" errors=\"1\""), "{xml}");
        }
    }
}
