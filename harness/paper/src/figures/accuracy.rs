//! The test accuracy after equally many clocks: of Baseline or LAN and of Gaia, with the bytes that it took.

use super::curves::TEST_ACCURACY;
use super::measure::Measures;
use crate::claims::{Claim, Context, Expected, RestsOn, Statement, Unmeasured};
use record::results::{CellResult, Summary};

/// The question that the figure answers.
pub(super) const QUESTION: &str = "what test accuracy do systems end with, and after how long?";

/// The greatest distance that Gaia may end below LAN: the paper has it reach the same accuracy (section 5.2).
const GAP: Statement<'static> = Statement {
    id: "accuracy.gaia-below-lan",
    says: "Gaia ends within 2 points of LAN's test accuracy (points below it)",
    source: "Section 5",
    paper: Some(0.0),
    expected: Expected::AtMost(2.0),
    rests_on: RestsOn::Runs,
};

const SAME_TARGET: &str = "accuracy.same-target";
const BYTES: Statement<'static> = Statement {
    id: "accuracy.wan-bytes",
    says: "Gaia sends fewer bytes a clock between data centres than Baseline (share, below 1)",
    source: "Section 5",
    paper: None,
    expected: Expected::Below(1.0),
    rests_on: RestsOn::Runs,
};

/// The names of all its claims.
pub(super) fn claim_names() -> Vec<String> {
    [GAP.id, BYTES.id, SAME_TARGET].map(str::to_owned).to_vec()
}

/// Claims on the accuracy that Gaia ends with, on its bytes, and on the target.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let (context, measures) = (Context::of(results), Measures::of(results));
    let points = |summary: &Summary| summary.metric(TEST_ACCURACY).map(|share| 100.0 * share);
    let nothing = || Unmeasured::NotRun("no test image was judged".into());
    let gap = measures.cell("LAN").and_then(|lan| {
        let lan = lan.spread(points).ok_or_else(nothing)?.mean;
        measures.cell("Gaia")?.spread(|summary| Some(lan - points(summary)?)).ok_or_else(nothing)
    });
    let bytes = BYTES.judge(measures.wan_byte_ratio("Gaia", "Baseline"), &context);
    let same_target = measures.same_target(SAME_TARGET, &context);
    [GAP.judge(gap, &context), bytes].into_iter().chain(same_target).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Verdict::{Fails, Holds, NotComparable};
    use record::results::testing::{cell, test_accuracy};

    #[test]
    fn gaia_may_be_two_points_below() {
        let verdicts = |gaia: Option<f64>| {
            let of = |name: &str, accuracy| {
                let mut made = cell(name).wan_bytes_per_clock(if name == "Baseline" { 2e8 } else { 1e8 }).done();
                made.summary.metrics = vec![test_accuracy(accuracy)];
                made
            };
            let results = [of("Baseline", None), of("Gaia", gaia), of("LAN", Some(0.7))];
            claims(&results).iter().map(|claim| claim.verdict).collect::<Vec<_>>()
        };
        assert_eq!(verdicts(Some(0.6801)), [Holds, Holds, Holds]);
        assert_eq!(verdicts(Some(0.679)), [Fails, Holds, Holds]);
        assert_eq!(verdicts(None)[0], NotComparable);
    }
}
