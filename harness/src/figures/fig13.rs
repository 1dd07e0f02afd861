//! Figure 13: matrix factorisation under SSP across 11 data centres.
//!
//! The paper's Figure 13 is in its appendix; its claims are held against the numbers of Figures 3 and 8. The paper's
//! value of Gaia's speedup under SSP is not known to us: that claim has no number.

use super::cells::{Cell, Spread, compared, group};
use crate::claims::{Claim, Context, Expected, RestsOn, Statement, Unmeasured};
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

const SAME_TARGET: Statement = Statement {
    id: "fig13.same-target",
    says: "all cells reach the same target (share of runs that do, 1)",
    source: "Section 5",
    paper: None,
    expected: Expected::AtLeast(1.0),
    rests_on: RestsOn::Runs,
};

/// The figure's claims.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let cells = group(results);
    let context = Context::of(results);
    let time =
        |over, under| pair(&cells, over, under).and_then(|(over, under)| time_ratio(over, under));
    let bytes =
        |over, under| pair(&cells, over, under).and_then(|(over, under)| byte_ratio(over, under));
    vec![
        BASELINE_OVER_LAN.judge(time("Baseline", "LAN"), &context),
        GAIA_SPEEDUP.judge(time("Baseline", "Gaia"), &context),
        GAIA_OVER_LAN.judge(time("Gaia", "LAN"), &context),
        WAN_BYTES.judge(bytes("Gaia", "Baseline"), &context),
        SAME_TARGET.judge(share_at_target(&cells), &context),
    ]
}

/// Two cells by name.
fn pair<'a, 'b>(
    cells: &'b [Cell<'a>],
    over: &str,
    under: &str,
) -> Result<(&'b Cell<'a>, &'b Cell<'a>), Unmeasured> {
    let find = |name: &str| {
        let cell = cells.iter().find(|cell| cell.name == name);
        cell.ok_or_else(|| Unmeasured::NotRun(format!("{name} has not run")))
    };
    Ok((find(over)?, find(under)?))
}

/// Time to the target of `over` over that of `under`.
fn time_ratio(over: &Cell<'_>, under: &Cell<'_>) -> Result<Spread, Unmeasured> {
    if let Some(cell) = [over, under].into_iter().find(|cell| !cell.all_reached()) {
        return Err(Unmeasured::NotReached(format!(
            "{}: {}",
            cell.name,
            cell.outcome()
        )));
    }
    over.time_over(under).ok_or_else(nothing_pairs)
}

/// Bytes a clock between sites of `over` over those of `under`.
fn byte_ratio(over: &Cell<'_>, under: &Cell<'_>) -> Result<Spread, Unmeasured> {
    over.ratio(under, |summary| Some(summary.wan_bytes_per_clock))
        .ok_or_else(nothing_pairs)
}

fn nothing_pairs() -> Unmeasured {
    Unmeasured::NotRun("no seed was run in both cells".into())
}

/// The share of runs that reached the target of their seed, which must be one for all cells.
fn share_at_target(cells: &[Cell<'_>]) -> Result<Spread, Unmeasured> {
    let cells = compared(cells);
    let Some(first) = cells.first() else {
        return Err(Unmeasured::NotRun("no cell has run".into()));
    };
    let target = |seed: u64| {
        let run = first.runs.iter().find(|run| run.summary.seed == seed);
        run.and_then(|run| run.summary.target)
    };
    let share = |seed: u64| {
        let runs = cells
            .iter()
            .flat_map(|cell| &cell.runs)
            .filter(|run| run.summary.seed == seed);
        let reached = runs.clone().filter(|run| {
            run.summary.seconds_to_target.is_some() && run.summary.target == target(seed)
        });
        reached.count() as f64 / runs.count() as f64
    };
    let shares: Vec<f64> = first
        .runs
        .iter()
        .map(|run| share(run.summary.seed))
        .collect();
    Spread::of(&shares).ok_or_else(nothing_pairs)
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
        assert_eq!(
            verdicts(&three(270.0, 270.0, 100.0)),
            [Holds, Fails, Fails, Holds, Holds]
        );
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
        assert!(
            claims[1].says.contains("Gaia: target not reached"),
            "{}",
            claims[1].says
        );
    }

    #[test]
    fn another_target_is_no_same_target() {
        let [baseline, gaia, lan] = three(270.0, 100.0, 100.0);
        assert_eq!(
            verdicts(&[baseline, gaia.target(1.5e8), lan])[4],
            Verdict::Fails
        );
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
        let results: Vec<CellResult> = [seed(1, 250.0), seed(2, 300.0), seed(3, 290.0)]
            .into_iter()
            .flatten()
            .collect();
        let claim = &claims(&results)[0];
        assert_eq!((claim.n, claim.low, claim.high), (3, Some(2.5), Some(3.0)));
        assert!((claim.measured.unwrap() - 2.8).abs() < 1e-12);
    }
}
