//! Figure 12: what the selective barrier and the mirror clock are for. Gaia and Gaia_Async (the filter alone), the objective
//! of one site's copy over time.

use super::cells::{Cell, compared, group};
use crate::claims::{Claim, Context, Expected, RestsOn, Statement, Unmeasured};
use record::results::{CellResult, Summary};

/// The question that the figure answers.
pub(super) const QUESTION: &str = "does learning converge without selective barrier and mirror clock?";

/// A panel, and what the paper's Figure 12 shows in it.
struct Panel {
    /// The name in the spec; empty in a spec without panels.
    name: &'static str,
    /// The middle of claims' ids.
    id: &'static str,
    /// The least objective of Gaia_Async over the value at which Gaia converges.
    least_over_target: f64,
}

/// The last parts of claims' ids.
const GAIA_CONVERGES: &str = "gaia-converges";
const ASYNC_NEVER: &str = "async-never";

const PANELS: [Panel; 3] = [
    Panel { name: "MF", id: "mf", least_over_target: 4.1e8 / 1.43e8 },
    Panel { name: "TM", id: "tm", least_over_target: 1.02e9 / 9.96e8 },
    Panel { name: "", id: "", least_over_target: 4.1e8 / 1.43e8 },
];

/// The names of the claims of all panels.
pub(super) fn claim_names() -> Vec<String> {
    PANELS.iter().flat_map(|panel| [GAIA_CONVERGES, ASYNC_NEVER].map(|what| id(panel.id, what))).collect()
}

/// Without a dot for the middle that claims of a spec without panels have not.
fn id(panel: &str, what: &str) -> String {
    if panel.is_empty() { format!("fig12.{what}") } else { format!("fig12.{panel}.{what}") }
}

/// Two claims per panel: Gaia reaches the target, Gaia_Async does not.
pub(super) fn claims(results: &[CellResult]) -> Vec<Claim> {
    let context = Context::of(results);
    let cells = group(results);
    let cells = compared(&cells);
    let mut claims = Vec::new();
    for Panel { name: panel, id: panel_id, least_over_target } in PANELS {
        // Without any results, what would be claimed.
        let has_run = cells.iter().any(|cell| cell.panel == panel);
        let stands_for_all = cells.is_empty() && panel.is_empty();
        if !(has_run || stands_for_all) {
            continue;
        }
        let cell = |name: &str| cells.iter().find(|cell| cell.panel == panel && cell.name == name).copied();
        let (gaia, loose) = (cell("Gaia"), cell("Gaia_Async"));
        let of = if panel.is_empty() { String::new() } else { format!("{panel}: ") };
        let gaia_ends = Statement {
            id: &id(panel_id, GAIA_CONVERGES),
            says: &format!("{of}Gaia reaches the target (share of seeds, 1)"),
            source: "Figure 12",
            paper: Some(1.0),
            expected: Expected::AtLeast(1.0),
            rests_on: RestsOn::Runs,
        };
        let share = |summary: &Summary| Some(f64::from(u8::from(summary.seconds_to_target.is_some())));
        let reached = gaia.ok_or_else(|| not_run("Gaia")).and_then(|gaia| {
            gaia.sound_target()?;
            gaia.spread(share).ok_or_else(|| not_run("Gaia"))
        });
        claims.push(gaia_ends.judge(reached, &context));
        let never = Statement {
            id: &id(panel_id, ASYNC_NEVER),
            says: &format!(
                "{of}Gaia_Async never reaches Gaia's objective (its least, one site's copy, over the target; above 1)"
            ),
            source: "Figure 12",
            paper: Some(least_over_target),
            expected: Expected::Above(1.0),
            rests_on: RestsOn::Runs,
        };
        claims.push(
            never
                .judge(loose.ok_or_else(|| not_run("Gaia_Async")).and_then(Cell::least_one_copy_over_target), &context),
        );
    }
    claims
}

fn not_run(name: &str) -> Unmeasured {
    Unmeasured::NotRun(format!("{name} has not run"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Verdict::{Fails, Holds};
    use record::results::testing::cell;

    #[test]
    fn gaia_async_must_stay_above_the_target_on_one_copy() {
        let verdicts = |results: &[CellResult]| claims(results).iter().map(|claim| claim.verdict).collect::<Vec<_>>();
        // Made-up runs end at 1.9e8 when they do not reach 1.4e8; one site's copy is a hundredth above all sites'.
        let gaia = cell("Gaia").done();
        assert_eq!(verdicts(&[gaia.clone(), cell("Gaia_Async").never().done()]), [Holds, Holds]);
        let mut near = cell("Gaia_Async").never().done();
        near.samples[200].objective_one_copy = 1.39e8;
        assert_eq!(verdicts(&[gaia, near]), [Holds, Fails]);
        assert_eq!(verdicts(&[cell("Gaia").never().done(), cell("Gaia_Async").never().done()]), [Fails, Holds]);
    }
}
