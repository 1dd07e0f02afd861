//! Figure 13: matrix factorisation under SSP across 11 data centres.
//!
//! The paper's Figure 13 is in its appendix; its claims are held against the numbers of Figures 3 and 8. The paper's
//! value of Gaia's speedup under SSP is not known to us: that claim has no number.

use super::measure::{Measures, SAME_TARGET};
use crate::claims::{Claim, Context, Expected, RestsOn, Statement};
use crate::results::CellResult;

/// What the figure asks.
pub(super) const QUESTION: &str =
    "how long does matrix factorisation take to converge under SSP across 11 data centres?";

/// 25 % either way, rounded outwards.
const BASELINE_OVER_LAN: Statement = Statement {
    id: "fig13.baseline-over-lan",
    says: "IterStore under SSP takes 2.7 times as long on EC2-ALL as on LAN (within 2.0 to 3.4)",
    source: "Figure 3",
    paper: Some(2.7),
    expected: Expected::Within(2.0, 3.4),
    rests_on: RestsOn::PaperTimes,
};

const GAIA_SPEEDUP: Statement = Statement {
    id: "fig13.gaia-speedup",
    says: "Gaia converges faster than Baseline under SSP on EC2-ALL (speedup above 1)",
    source: "Figure 13",
    paper: None,
    expected: Expected::Above(1.0),
    rests_on: RestsOn::PaperTimes,
};

/// Under BSP at full speed the paper's speedups over Baseline are 3.8 for Gaia and 3.7 for LAN.
const GAIA_OVER_LAN: Statement = Statement {
    id: "fig13.gaia-over-lan",
    says: "Gaia on EC2-ALL is near LAN: at most 1.4 times its time to convergence (paper: under BSP)",
    source: "Figure 8",
    paper: Some(3.7 / 3.8),
    expected: Expected::AtMost(1.4),
    rests_on: RestsOn::PaperTimes,
};

const WAN_BYTES: Statement = Statement {
    id: "fig13.wan-bytes",
    says: "Gaia sends fewer bytes a clock between data centres than Baseline (Gaia's over Baseline's, below 1)",
    source: "Section 3.2",
    paper: None,
    expected: Expected::Below(1.0),
    rests_on: RestsOn::Runs,
};

/// The figure's claims.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let context = Context::of(results);
    let measures = Measures::of(results);
    let same_target = Statement { id: "fig13.same-target", ..SAME_TARGET };
    vec![
        BASELINE_OVER_LAN.judge(measures.time_ratio("Baseline", "LAN"), &context),
        GAIA_SPEEDUP.judge(measures.time_ratio("Baseline", "Gaia"), &context),
        GAIA_OVER_LAN.judge(measures.time_ratio("Gaia", "LAN"), &context),
        WAN_BYTES.judge(measures.wan_byte_ratio("Gaia", "Baseline"), &context),
        same_target.judge(measures.share_at_target(), &context),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Verdict;
    use crate::results::testing::{Made, cell};

    fn verdicts(cells: &[Made]) -> Vec<Verdict> {
        let results: Vec<CellResult> = cells.iter().cloned().map(Made::done).collect();
        claims(&results).iter().map(|claim| claim.verdict).collect()
    }

    fn three(baseline: f64, gaia: f64, lan: f64) -> [Made; 3] {
        [
            cell("Baseline").seconds(baseline),
            cell("Gaia").seconds(gaia).wan_bytes_per_clock(1e8),
            cell("LAN").seconds(lan).wan_bytes_per_clock(0.0),
        ]
    }

    #[test]
    fn each_claim_at_its_bound() {
        use Verdict::{Fails, Holds};
        assert_eq!(verdicts(&three(340.0, 140.0, 100.0)), [Holds; 5]);
        assert_eq!(verdicts(&three(341.0, 140.0, 100.0))[0], Fails);
        assert_eq!(verdicts(&three(200.0, 140.0, 100.0))[0], Holds);
        assert_eq!(verdicts(&three(199.0, 140.0, 100.0))[0], Fails);
        assert_eq!(verdicts(&three(270.0, 270.0, 100.0)), [Holds, Fails, Fails, Holds, Holds]);
        assert_eq!(verdicts(&three(270.0, 141.0, 100.0))[2], Fails);
        let [baseline, gaia, lan] = three(270.0, 100.0, 100.0);
        let chatty = gaia.wan_bytes_per_clock(3e8);
        assert_eq!(verdicts(&[baseline, chatty, lan])[3], Fails);
    }

    #[test]
    fn a_cell_that_never_arrives_fails_what_needs_it_and_says_so() {
        use Verdict::{Fails, Holds};
        let [baseline, gaia, lan] = three(270.0, 900.0, 100.0);
        let results = [baseline.done(), gaia.never().done(), lan.done()];
        let claims = claims(&results);
        let verdicts: Vec<Verdict> = claims.iter().map(|claim| claim.verdict).collect();
        assert_eq!(verdicts, [Holds, Fails, Fails, Holds, Fails]);
        assert!(claims[1].says.contains("Gaia: target not reached"), "{}", claims[1].says);
    }

    #[test]
    fn another_target_is_no_same_target() {
        let [baseline, gaia, lan] = three(270.0, 100.0, 100.0);
        assert_eq!(verdicts(&[baseline, gaia.target(1.5e8), lan])[4], Verdict::Fails);
    }

    #[test]
    fn fitted_inputs_own_data_and_missing_cells_take_verdicts_away() {
        use Verdict::{Calibration, Holds, NotComparable};
        let [baseline, gaia, lan] = three(270.0, 100.0, 100.0);
        assert_eq!(
            verdicts(&[baseline.clone().fitted(), gaia.clone(), lan.clone()]),
            [Calibration, Calibration, Calibration, Holds, Holds]
        );
        assert_eq!(
            verdicts(&[baseline.clone().own_data(), gaia, lan]),
            [NotComparable, NotComparable, NotComparable, Holds, Holds]
        );
        assert_eq!(verdicts(&[baseline])[..4], [NotComparable; 4]);
        assert_eq!(verdicts(&[]), [NotComparable; 5]);
    }

    #[test]
    fn several_seeds_have_a_range() {
        let seed = |seed, seconds| three(seconds, 100.0, 100.0).map(|made| made.seed(seed).done());
        let results: Vec<CellResult> = [seed(1, 250.0), seed(2, 300.0), seed(3, 290.0)].into_iter().flatten().collect();
        let claim = &claims(&results)[0];
        assert_eq!((claim.n, claim.low, claim.high), (3, Some(2.5), Some(3.0)));
        assert!((claim.measured.unwrap() - 2.8).abs() < 1e-12);
    }
}
