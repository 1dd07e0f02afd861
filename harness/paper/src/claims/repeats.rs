//! Claims that measure the same cells in the same way as a claim of another figure, which the paper makes twice or we ask twice.
//!
//! Not here: claims on the same cells by another measure, such as the costs of Figure 11 and the speedups of Figure 8.

/// A claim, and the one that it repeats.
const SAME: [(&str, &str); 18] = [
    // Baseline under BSP and SSP on the networks of Figure 3: IterStore at full speed.
    ("fig8.mf.baseline-over-lan", "fig3.iterstore-bsp.ec2-all"),
    ("fig9.mf.baseline-over-lan", "fig3.iterstore-bsp.va-ca"),
    ("fig10.mf.baseline-over-lan", "fig3.iterstore-bsp.sg-sp"),
    ("fig13.baseline-over-lan", "fig3.iterstore-ssp.ec2-all"),
    ("fig14.baseline-over-lan", "fig3.iterstore-ssp.va-ca"),
    ("fig15.baseline-over-lan", "fig3.iterstore-ssp.sg-sp"),
    // Image classification of Figures 8 to 10, in a spec of its own.
    ("ic.11-sites.gaia-speedup", "fig8.ic.gaia-speedup"),
    ("ic.11-sites.gaia-over-lan", "fig8.ic.gaia-over-lan"),
    ("ic.11-sites.baseline-over-lan", "fig8.ic.baseline-over-lan"),
    ("ic.11-sites.wan-bytes", "fig8.ic.wan-bytes"),
    ("ic.vc.gaia-speedup", "fig9.ic.gaia-speedup"),
    ("ic.vc.gaia-over-lan", "fig9.ic.gaia-over-lan"),
    ("ic.vc.baseline-over-lan", "fig9.ic.baseline-over-lan"),
    ("ic.vc.wan-bytes", "fig9.ic.wan-bytes"),
    ("ic.ss.gaia-speedup", "fig10.ic.gaia-speedup"),
    ("ic.ss.gaia-over-lan", "fig10.ic.gaia-over-lan"),
    ("ic.ss.baseline-over-lan", "fig10.ic.baseline-over-lan"),
    ("ic.ss.wan-bytes", "fig10.ic.wan-bytes"),
];

/// Claims whose number follows from a claim on other cells, and that one. Under BSP learning does not depend on time, so that the slowdown of
/// Baseline is the quotient of the times of a clock, however many clocks are run. Where a fit used the second, the first has no verdict.
const FOLLOWS: [(&str, &str); 3] = [
    ("ic-long.11-sites.baseline-over-lan", "fig8.ic.baseline-over-lan"),
    ("ic-long.vc.baseline-over-lan", "fig9.ic.baseline-over-lan"),
    ("ic-long.ss.baseline-over-lan", "fig10.ic.baseline-over-lan"),
];

/// The claim that `id` repeats; `None` means that it is the first of its measurement.
pub(super) fn repeated_by(id: &str) -> Option<&'static str> {
    SAME.iter().find(|(repeat, _)| *repeat == id).map(|(_, first)| *first)
}

/// The claim that decides the number of `id`: the one that it repeats or follows from, or itself.
pub(super) fn first(id: &str) -> &str {
    SAME.iter().chain(&FOLLOWS).find(|(other, _)| *other == id).map_or(id, |(_, first)| first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims;
    use std::path::Path;

    #[test]
    fn repeats_are_claims_and_repeat_a_first_one() {
        let names = crate::figures::claim_names();
        for (repeat, first) in SAME.into_iter().chain(FOLLOWS) {
            assert!(names.iter().any(|name| name == repeat) && names.iter().any(|name| name == first), "{repeat}");
            assert_eq!(repeated_by(first), None, "{repeat} repeats a repeat");
        }
    }

    #[test]
    fn repeats_have_the_same_number_in_the_reference() {
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
        let mut figures = claims::below(&reference).unwrap();
        // Those of variants are of other cells.
        figures.retain(|(folder, _)| folder.parent() == Some(&reference));
        let measured =
            |id: &str| figures.iter().flat_map(|(_, claims)| claims).find(|claim| claim.id == id).unwrap().measured;
        for (repeat, first) in SAME {
            let (one, other) = (measured(repeat).unwrap(), measured(first).unwrap());
            assert!((one / other - 1.0).abs() < 1e-12, "{repeat}: {one}, {first}: {other}");
        }
    }
}
