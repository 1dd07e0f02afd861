//! The claims of the paper's figures of convergence, as data: one family of claims, and the numbers of each figure and panel.
//!
//! Values are those of the paper (times over Baseline, Figures 8 to 10; slowdowns, Figure 3). The least speedups stand about a
//! quarter below the paper's where times are near it, and lower where the paper's own number is large and rests on one slow
//! link (S/S): they mean "clearly faster", not "as fast as printed". Values that are not known to us have no number. Panels of
//! image classification are ready; a panel that is not in the results claims nothing.

use super::measure::Measures;
use crate::claims::{Claim, Context, Expected, RestsOn, Statement, Unmeasured};
use record::numbers::Spread;
use record::results::CellResult;

/// Baseline, Gaia and LAN in one panel of a figure.
struct Expectation {
    /// The panel's name in the spec; empty in a spec without panels.
    panel: &'static str,
    /// The middle of claims' ids: `mf`; empty for none.
    id: &'static str,
    /// In sentences: `MF on EC2-ALL under BSP`.
    case: &'static str,
    /// The place in the paper.
    source: &'static str,
    /// The paper's speedup of Gaia over Baseline.
    gaia: Option<f64>,
    /// The least of it that we expect.
    least: f64,
    /// The paper's speedup of LAN over Baseline.
    lan: Option<f64>,
    /// The same for Gaia over LAN, where the paper's numbers are of another case.
    gaia_over_lan: Option<f64>,
}

/// Under BSP: the paper's speedups of Gaia and of LAN over Baseline, and the least of Gaia's that we expect.
struct Speedups {
    gaia: f64,
    lan: f64,
    least: f64,
}

const fn bsp(
    panel: &'static str,
    id: &'static str,
    case: &'static str,
    source: &'static str,
    Speedups { gaia, lan, least }: Speedups,
) -> Expectation {
    Expectation { panel, id, case, source, gaia: Some(gaia), least, lan: Some(lan), gaia_over_lan: None }
}

/// Under SSP, in the appendix: its values are not known to us. Figure 3 has a value for Baseline over LAN (matrix
/// factorisation only), for Gaia over LAN the value of the same network under BSP stands.
const fn ssp(case: &'static str, source: &'static str, lan: Option<f64>, gaia_over_lan: f64) -> Expectation {
    Expectation { panel: "", id: "", case, source, gaia: None, least: 1.0, lan, gaia_over_lan: Some(gaia_over_lan) }
}

const fn speedups(gaia: f64, lan: f64, least: f64) -> Speedups {
    Speedups { gaia, lan, least }
}

/// Image classification on the three networks, with test accuracy.
const IMAGES: &[Expectation] = &[
    bsp("11 sites", "11-sites", "IC, 11 sites, full speed", "Figure 8", speedups(6.0, 8.5, 4.5)),
    bsp("V/C", "vc", "IC, V/C", "Figure 9", speedups(7.4, 7.4, 5.5)),
    bsp("S/S", "ss", "IC, S/S", "Figure 10", speedups(53.5, 53.7, 20.0)),
];

/// The panels of each figure.
const FIGURES: &[(&str, &[Expectation])] = &[
    (
        "fig8",
        &[
            bsp("MF, EC2's machines", "mf-ec2", "MF, 11 sites, emulation-ec2", "Figure 8", speedups(1.8, 1.8, 1.35)),
            bsp("MF, full speed", "mf", "MF, 11 sites, full speed", "Figure 8", speedups(3.8, 3.7, 3.0)),
            bsp("TM, EC2's machines", "tm-ec2", "TM, 11 sites, emulation-ec2", "Figure 8", speedups(2.0, 2.5, 1.5)),
            bsp("TM, full speed", "tm", "TM, 11 sites, full speed", "Figure 8", speedups(3.7, 4.8, 2.5)),
            bsp("IC, EC2's machines", "ic-ec2", "IC, 11 sites, emulation-ec2", "Figure 8", speedups(5.6, 7.5, 4.2)),
            bsp("IC, full speed", "ic", "IC, 11 sites, full speed", "Figure 8", speedups(6.0, 8.5, 4.5)),
        ],
    ),
    (
        "fig9",
        &[
            bsp("MF", "mf", "MF, V/C", "Figure 9", speedups(3.7, 3.5, 3.0)),
            bsp("TM", "tm", "TM, V/C", "Figure 9", speedups(3.7, 3.9, 3.0)),
            bsp("IC", "ic", "IC, V/C", "Figure 9", speedups(7.4, 7.4, 5.5)),
        ],
    ),
    (
        "fig10",
        &[
            bsp("MF", "mf", "MF, S/S", "Figure 10", speedups(25.0, 24.0, 10.0)),
            bsp("TM", "tm", "TM, S/S", "Figure 10", speedups(14.0, 17.0, 8.0)),
            bsp("IC", "ic", "IC, S/S", "Figure 10", speedups(53.5, 53.7, 20.0)),
        ],
    ),
    ("paper-mf", &[bsp("", "", "MF at full size, 11 sites", "Figure 8", speedups(3.8, 3.7, 3.0))]),
    ("paper-tm", &[bsp("", "", "TM at full size, 11 sites", "Figure 8", speedups(3.7, 4.8, 2.5))]),
    (
        "paper-mf-all",
        &[
            bsp("V/C", "vc", "MF at full size, V/C", "Figure 9", speedups(3.7, 3.5, 3.0)),
            bsp("S/S", "ss", "MF at full size, S/S", "Figure 10", speedups(25.0, 24.0, 10.0)),
            Expectation {
                panel: "11 sites, SSP",
                id: "ssp",
                ..ssp("MF at full size under SSP, 11 sites", "Figures 3 and 8", Some(2.7), 3.7 / 3.8)
            },
            Expectation {
                panel: "V/C, SSP",
                id: "vc-ssp",
                ..ssp("MF at full size under SSP, V/C", "Figures 3 and 9", Some(2.3), 3.5 / 3.7)
            },
            Expectation {
                panel: "S/S, SSP",
                id: "ss-ssp",
                ..ssp("MF at full size under SSP, S/S", "Figures 3 and 10", Some(13.7), 24.0 / 25.0)
            },
        ],
    ),
    (
        "paper-tm-all",
        &[
            bsp("V/C", "vc", "TM at full size, V/C", "Figure 9", speedups(3.7, 3.9, 3.0)),
            bsp("S/S", "ss", "TM at full size, S/S", "Figure 10", speedups(14.0, 17.0, 8.0)),
            Expectation {
                panel: "11 sites, SSP",
                id: "ssp",
                ..ssp("TM at full size under SSP, 11 sites", "Figure 8", None, 4.8 / 3.7)
            },
            Expectation {
                panel: "V/C, SSP",
                id: "vc-ssp",
                ..ssp("TM at full size under SSP, V/C", "Figure 9", None, 3.9 / 3.7)
            },
            Expectation {
                panel: "S/S, SSP",
                id: "ss-ssp",
                ..ssp("TM at full size under SSP, S/S", "Figure 10", None, 17.0 / 14.0)
            },
        ],
    ),
    ("ic", IMAGES),
    ("ic-long", IMAGES),
    ("fig13", &[ssp("MF under SSP, 11 sites", "Figures 3 and 8", Some(2.7), 3.7 / 3.8)]),
    ("fig14", &[ssp("MF under SSP, V/C", "Figures 3 and 9", Some(2.3), 3.5 / 3.7)]),
    ("fig15", &[ssp("MF under SSP, S/S", "Figures 3 and 10", Some(13.7), 24.0 / 25.0)]),
    ("fig16", &[ssp("TM under SSP, 11 sites", "Figure 8", None, 4.8 / 3.7)]),
    ("fig17", &[ssp("TM under SSP, V/C", "Figure 9", None, 3.9 / 3.7)]),
    ("fig18", &[ssp("TM under SSP, S/S", "Figure 10", None, 17.0 / 14.0)]),
];

/// A bar of our own: Baseline with an encoding that its paper has not.
const PACKED: &str = "Baseline, packed";
/// The last parts of the ids of claims on a panel; [`BASELINE_OVER_LAN`] only where the paper's number is known.
const WHAT: [&str; 5] = ["gaia-speedup", "gaia-over-lan", BASELINE_OVER_LAN, "gaia-over-packed", "wan-bytes"];
const BASELINE_OVER_LAN: &str = "baseline-over-lan";
/// Gaia is near LAN when it takes at most this many times as long.
const NEAR_LAN: f64 = 1.4;
/// The greatest difference between Baseline's slowdown over LAN and the paper's, either way.
const SLOWDOWN_TOLERANCE: f64 = 0.25;

/// The names of the claims of the figure of this name, of all its panels.
pub(super) fn claim_names(figure: &str) -> Vec<String> {
    let panels = FIGURES.iter().find(|(name, _)| *name == figure).map_or(&[][..], |(_, panels)| panels);
    let of_panel = |of: &Expectation| {
        let measured = WHAT.into_iter().filter(|what| of.lan.is_some() || *what != BASELINE_OVER_LAN);
        measured.map(|what| id(figure, of.id, what)).collect::<Vec<_>>()
    };
    panels.iter().flat_map(of_panel).chain([id(figure, "", "same-target")]).collect()
}

/// The claims of the figure of this name on `results`.
pub(super) fn claims(figure: &str, results: &[CellResult]) -> Vec<Claim> {
    let context = Context::of(results);
    let measures = Measures::of(results);
    let panels = FIGURES.iter().find(|(name, _)| *name == figure).map_or(&[][..], |(_, panels)| panels);
    let mut claims: Vec<Claim> = panels
        .iter()
        .filter(|expected| expected.panel.is_empty() || measures.has(expected.panel))
        .flat_map(|expected| panel_claims(figure, expected, &measures))
        .collect();
    claims.extend(measures.same_target(&id(figure, "", "same-target"), &context));
    claims
}

fn panel_claims(figure: &str, of: &Expectation, measures: &Measures<'_>) -> Vec<Claim> {
    let measures = measures.panel(of.panel);
    let context = measures.context();
    let judge =
        |what: &str, says: String, paper: Option<f64>, expected, rests_on, measured: Result<Spread, Unmeasured>| {
            let id = id(figure, of.id, what);
            Statement { id: &id, says: &says, source: of.source, paper, expected, rests_on }.judge(measured, &context)
        };
    let (case, paper, least) = (of.case, of.gaia, of.least);
    let (faster, bound) = if least == 1.0 {
        (format!("{case}: Gaia converges faster than Baseline (speedup above 1)"), Expected::Above(1.0))
    } else {
        (format!("{case}: Gaia converges at least {least} times as fast as Baseline"), Expected::AtLeast(least))
    };
    // The paper gives times over Baseline: Gaia's over LAN is the quotient of both speedups.
    let over_lan = of.gaia_over_lan.or_else(|| Some(of.lan? / paper?));
    let mut claims = vec![
        judge("gaia-speedup", faster, paper, bound, RestsOn::PaperTimes, measures.time_ratio("Baseline", "Gaia")),
        judge(
            "gaia-over-lan",
            format!("{case}: Gaia is near LAN (at most {NEAR_LAN} times its time to convergence)"),
            over_lan,
            Expected::AtMost(NEAR_LAN),
            RestsOn::PaperTimes,
            measures.time_ratio("Gaia", "LAN"),
        ),
    ];
    if let Some(lan) = of.lan {
        let (low, high) = around(lan);
        claims.push(judge(
            BASELINE_OVER_LAN,
            format!("{case}: Baseline takes {lan} times as long as on LAN (within {low} to {high})"),
            Some(lan),
            Expected::Within(low, high),
            RestsOn::PaperTimes,
            measures.time_ratio("Baseline", "LAN"),
        ));
    }
    // Ours, not the paper's: nothing is claimed of a spec that leaves it out.
    if measures.cell(PACKED).is_ok() {
        claims.push(judge(
            "gaia-over-packed",
            format!("{case}: Gaia converges faster than Baseline with lossless packing (ours; speedup above 1)"),
            None,
            Expected::Above(1.0),
            RestsOn::Runs,
            measures.time_ratio(PACKED, "Gaia"),
        ));
    }
    claims.push(judge(
        "wan-bytes",
        format!("{case}: Gaia sends fewer bytes a clock between data centres than Baseline (share, below 1)"),
        None,
        Expected::Below(1.0),
        RestsOn::Runs,
        measures.wan_byte_ratio("Gaia", "Baseline"),
    ));
    claims
}

/// The bounds of a slowdown: a quarter either way, to three significant digits.
pub(super) fn around(paper: f64) -> (f64, f64) {
    let digits = |value: f64| {
        let scale = 10f64.powi(2 - value.log10().floor() as i32);
        (value * scale).round() / scale
    };
    (digits(paper * (1.0 - SLOWDOWN_TOLERANCE)), digits(paper * (1.0 + SLOWDOWN_TOLERANCE)))
}

fn id(figure: &str, panel: &str, what: &str) -> String {
    if panel.is_empty() { format!("{figure}.{what}") } else { format!("{figure}.{panel}.{what}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Verdict;
    use record::results::testing::{Made, cell};

    fn verdicts(cells: &[Made]) -> Vec<Verdict> {
        let results: Vec<CellResult> = cells.iter().cloned().map(Made::done).collect();
        claims("fig13", &results).iter().map(|claim| claim.verdict).collect()
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
        // Gaia's speedup, Gaia over LAN, Baseline over LAN, bytes, target.
        assert_eq!(verdicts(&three(338.0, 140.0, 100.0)), [Holds; 5]);
        assert_eq!(verdicts(&three(339.0, 140.0, 100.0))[2], Fails);
        assert_eq!(verdicts(&three(203.0, 140.0, 100.0))[2], Holds);
        assert_eq!(verdicts(&three(202.0, 140.0, 100.0))[2], Fails);
        assert_eq!(verdicts(&three(270.0, 270.0, 100.0)), [Fails, Fails, Holds, Holds, Holds]);
        assert_eq!(verdicts(&three(270.0, 141.0, 100.0))[1], Fails);
        let [baseline, gaia, lan] = three(270.0, 100.0, 100.0);
        let chatty = gaia.wan_bytes_per_clock(3e8);
        assert_eq!(verdicts(&[baseline, chatty, lan])[3], Fails);
    }

    #[test]
    fn a_cell_that_never_reaches_the_target_fails_what_needs_it_and_says_so() {
        use Verdict::{Fails, Holds};
        let [baseline, gaia, lan] = three(270.0, 900.0, 100.0);
        let results = [baseline.done(), gaia.never().done(), lan.done()];
        let claims = claims("fig13", &results);
        let verdicts: Vec<Verdict> = claims.iter().map(|claim| claim.verdict).collect();
        assert_eq!(verdicts, [Fails, Fails, Holds, Holds, Fails]);
        assert!(claims[0].says.contains("Gaia: target not reached"), "{}", claims[0].says);
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
        let claim = &claims("fig13", &results)[2];
        assert_eq!((claim.n, claim.low, claim.high), (3, Some(2.5), Some(3.0)));
        assert!((claim.measured.unwrap() - 2.8).abs() < 1e-12);
    }

    #[test]
    fn panels_are_judged_each_and_those_that_have_not_run_claim_nothing() {
        let panel = |name: &str, gaia: f64| three(370.0, gaia, 100.0).map(|made| made.panel(name).done());
        let results: Vec<CellResult> = [panel("MF", 123.0), panel("TM", 124.0)].into_iter().flatten().collect();
        let claims = claims("fig9", &results);
        let speedups: Vec<(&str, Verdict)> = claims
            .iter()
            .filter(|claim| claim.id.ends_with("gaia-speedup"))
            .map(|claim| (claim.id.as_str(), claim.verdict))
            .collect();
        assert_eq!(speedups, [("fig9.mf.gaia-speedup", Verdict::Holds), ("fig9.tm.gaia-speedup", Verdict::Fails)]);
        assert_eq!((claims.len(), claims[0].paper), (9, Some(3.7)));
    }

    #[test]
    fn a_fit_counts_in_the_panels_that_rest_on_it() {
        let panel = |name: &str, lan: fn(Made) -> Made| {
            let [baseline, gaia, made] = three(370.0, 100.0, 100.0);
            [baseline, gaia, lan(made)].map(|made| made.panel(name).done())
        };
        let fitted = panel("MF", |lan| lan.fitted_to(&["fig9.mf.gaia-speedup", "fig3.iterstore-bsp.va-ca"]));
        let results: Vec<CellResult> = fitted.into_iter().chain(panel("TM", |lan| lan)).collect();
        let judged = claims("fig9", &results);
        let of = |id: &str| judged.iter().find(|claim| claim.id == id).map(|claim| (claim.verdict, claim.predicted));
        assert_eq!(of("fig9.mf.gaia-speedup"), Some((Verdict::Calibration, false)));
        assert_eq!(of("fig9.mf.gaia-over-lan"), Some((Verdict::Holds, true)));
        assert_eq!(
            of("fig9.mf.baseline-over-lan"),
            Some((Verdict::Calibration, false)),
            "it repeats a claim of the fit"
        );
        assert_eq!(of("fig9.mf.wan-bytes"), Some((Verdict::Holds, false)), "it does not rest on times");
        assert_eq!(of("fig9.tm.gaia-speedup"), Some((Verdict::Holds, false)));
    }

    #[test]
    fn bounds_are_a_quarter_either_way() {
        assert_eq!([2.7, 23.8].map(around), [(2.03, 3.38), (17.9, 29.8)]);
    }
}
