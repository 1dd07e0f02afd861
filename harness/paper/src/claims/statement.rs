//! A claim before it is measured, and how a measurement is judged.

use record::numbers::Spread;
use record::results::{CellResult, Shape};

use super::claim::{Claim, Verdict};
use super::expected::Expected;
use super::repeats;

/// A claim before it is measured.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// Unique over all figures.
    pub id: &'a str,
    /// In words, with the tolerance.
    pub says: &'a str,
    /// Its source: `Figure 3`.
    pub source: &'a str,
    /// The paper's number, where it gives one.
    pub paper: Option<f64>,
    /// The measurements for which it holds.
    pub expected: Expected,
    /// The conditions that it rests on in addition.
    pub rests_on: RestsOn,
}

/// The determinants of a claim's number, apart from the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestsOn {
    /// Modelled times, compared with the paper's: needs the paper's data shape and inputs that were not fitted to this claim.
    PaperTimes,
    /// The runs alone: holds for any data and any machine.
    Runs,
}

/// The reasons why there is no measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmeasured {
    /// A cell is missing.
    NotRun(String),
    /// A cell never reached its target.
    NotReached(String),
    /// There is no target, or none that may be believed.
    NoTarget(String),
}

/// The inputs that decide which claims the results allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Inputs of the cost model that were chosen to match results of the paper, sorted.
    pub fitted: Vec<String>,
    /// The claims whose numbers they were chosen to match, sorted.
    pub fitted_to: Vec<String>,
    /// Whether a machine kind has fitted inputs and does not name the results: any could be one of them.
    pub fit_unknown: bool,
    /// Whether the data have the shape of the paper's.
    pub shape: Shape,
}

impl Context {
    /// Of all these cells together: fitted when one is, the user's own when one is.
    pub fn of<'a>(results: impl IntoIterator<Item = &'a CellResult>) -> Context {
        let mut context =
            Context { fitted: Vec::new(), fitted_to: Vec::new(), fit_unknown: false, shape: Shape::Paper };
        for manifest in results.into_iter().map(|result| &result.manifest) {
            let machines = &manifest.machines;
            context.fitted.extend(machines.fitted.iter().cloned());
            context.fitted_to.extend(machines.fitted_to.iter().cloned());
            context.fit_unknown |= !machines.fitted.is_empty() && machines.fitted_to.is_empty();
            if manifest.data.shape == Shape::Own {
                context.shape = Shape::Own;
            }
        }
        for names in [&mut context.fitted, &mut context.fitted_to] {
            names.sort();
            names.dedup();
        }
        context
    }

    /// Whether a fit used, or may have used, the number of the claim `id`, or that of one that measures the same.
    fn fit_used(&self, id: &str) -> bool {
        let first = repeats::first(id);
        self.fit_unknown || self.fitted_to.iter().any(|used| repeats::first(used) == first)
    }
}

impl Statement<'_> {
    /// The claim with its verdict.
    pub fn judge(&self, measured: Result<Spread, Unmeasured>, context: &Context) -> Claim {
        let verdict = self.verdict(&measured, context);
        let says = match &measured {
            Ok(_) => self.says.to_owned(),
            Err(Unmeasured::NotRun(why) | Unmeasured::NotReached(why) | Unmeasured::NoTarget(why)) => {
                format!("{} [nothing measured: {why}]", self.says)
            }
        };
        let spread = measured.ok();
        let rests_on_fit = self.rests_on == RestsOn::PaperTimes && !context.fitted.is_empty();
        Claim {
            id: self.id.to_owned(),
            says,
            source: self.source.to_owned(),
            paper: self.paper,
            expected: Some(self.expected),
            measured: spread.map(|spread| spread.mean),
            n: spread.map_or(0, |spread| spread.n),
            low: spread.map(|spread| spread.low),
            high: spread.map(|spread| spread.high),
            verdict,
            predicted: verdict.is_judged() && rests_on_fit,
            crosses: verdict.is_judged() && spread.is_some_and(|spread| self.crosses(&spread)),
            repeats: repeats::repeated_by(self.id).map(str::to_owned),
            because: None,
        }
    }

    fn verdict(&self, measured: &Result<Spread, Unmeasured>, context: &Context) -> Verdict {
        // A cell that ran and did not reach its target is a finding against the claim, not a gap.
        if matches!(measured, Err(Unmeasured::NotRun(_) | Unmeasured::NoTarget(_))) {
            return Verdict::NotComparable;
        }
        if self.rests_on == RestsOn::PaperTimes {
            if context.shape == Shape::Own {
                return Verdict::NotComparable;
            }
            if context.fit_used(self.id) {
                return Verdict::Calibration;
            }
        }
        match measured {
            Ok(spread) if self.expected.holds(spread.mean) => Verdict::Holds,
            _ => Verdict::Fails,
        }
    }

    /// Whether the least or the greatest of the seeds alone would have another verdict than their mean.
    fn crosses(&self, spread: &Spread) -> bool {
        let of_mean = self.expected.holds(spread.mean);
        [spread.low, spread.high].into_iter().any(|end| self.expected.holds(end) != of_mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::testing::{STATEMENT, plain};
    use record::results::testing::{Made, cell};

    fn context(made: &[Made]) -> Context {
        Context::of(&made.iter().cloned().map(Made::done).collect::<Vec<_>>())
    }

    fn spread(mean: f64) -> Result<Spread, Unmeasured> {
        Ok(Spread { n: 3, mean, low: mean - 0.25, high: mean + 0.25 })
    }

    #[test]
    fn verdicts_at_the_bounds() {
        for (mean, verdict) in [
            (1.999, Verdict::Fails),
            (2.0, Verdict::Holds),
            (3.0, Verdict::Holds),
            (3.001, Verdict::Fails),
            (f64::NAN, Verdict::Fails),
            (f64::INFINITY, Verdict::Fails),
        ] {
            assert_eq!(STATEMENT.judge(spread(mean), &plain()).verdict, verdict, "{mean}");
        }
    }

    #[test]
    fn inputs_fitted_to_what_is_not_known_and_own_data_take_the_verdict_away_from_times_only() {
        let fitted = context(&[cell("LAN").fitted()]);
        let own = context(&[cell("LAN").fitted().own_data()]);
        for mean in [2.5, 9.0] {
            let claim = STATEMENT.judge(spread(mean), &fitted);
            assert_eq!((claim.verdict, claim.predicted, claim.crosses), (Verdict::Calibration, false, false));
        }
        assert_eq!(STATEMENT.judge(spread(2.5), &own).verdict, Verdict::NotComparable);
        let of_runs = Statement { rests_on: RestsOn::Runs, ..STATEMENT };
        assert_eq!(of_runs.judge(spread(9.0), &own).verdict, Verdict::Fails);
        assert_eq!(of_runs.judge(spread(2.5), &fitted).verdict, Verdict::Holds);
        assert!(!of_runs.judge(spread(2.5), &fitted).predicted, "it does not rest on the fit");
    }

    #[test]
    fn only_the_claims_that_a_fit_used_are_calibration() {
        let judged = |made: &[Made], id: &str, mean: f64| {
            let claim = Statement { id, ..STATEMENT }.judge(spread(mean), &context(made));
            (claim.verdict, claim.predicted)
        };
        let (plain, to_one) = (cell("Gaia"), cell("LAN").fitted_to(&["figure.claim"]));
        let to_other = cell("Baseline").fitted_to(&["figure.other"]);
        // One fitted cell among several counts for what is measured on them together.
        for cells in [vec![to_one.clone()], vec![plain.clone(), to_one.clone(), plain.clone()]] {
            assert_eq!(judged(&cells, "figure.claim", 2.5), (Verdict::Calibration, false));
            assert_eq!(judged(&cells, "figure.other", 2.5), (Verdict::Holds, true));
            assert_eq!(judged(&cells, "figure.other", 9.0), (Verdict::Fails, true));
        }
        // The names of all kinds count.
        let both = [to_one.clone(), to_other];
        assert_eq!(judged(&both, "figure.claim", 2.5).0, Verdict::Calibration);
        assert_eq!(judged(&both, "figure.other", 2.5).0, Verdict::Calibration);
        assert_eq!(judged(&both, "figure.third", 2.5), (Verdict::Holds, true));
        // A kind that does not name its results may have used any.
        assert_eq!(judged(&[to_one, cell("LAN").fitted()], "figure.third", 2.5).0, Verdict::Calibration);
        assert_eq!(judged(&[plain], "figure.claim", 2.5), (Verdict::Holds, false));
    }

    #[test]
    fn a_fit_to_a_claim_used_the_number_of_those_that_measure_the_same() {
        let verdict = |used: &str, id: &str| {
            let context = context(&[cell("LAN").fitted_to(&[used])]);
            Statement { id, ..STATEMENT }.judge(spread(2.5), &context).verdict
        };
        assert_eq!(verdict("fig3.iterstore-bsp.va-ca", "fig9.mf.baseline-over-lan"), Verdict::Calibration);
        assert_eq!(verdict("fig9.mf.baseline-over-lan", "fig3.iterstore-bsp.va-ca"), Verdict::Calibration);
        assert_eq!(verdict("fig9.mf.baseline-over-lan", "fig9.mf.gaia-speedup"), Verdict::Holds);
        let repeat = Statement { id: "ic.vc.wan-bytes", ..STATEMENT }.judge(spread(2.5), &plain());
        assert_eq!(repeat.repeats.as_deref(), Some("fig9.ic.wan-bytes"));
    }

    #[test]
    fn a_range_crosses_where_a_seed_alone_has_another_verdict() {
        let crosses = |expected, mean, low, high| {
            let measured = Ok(Spread { n: 3, mean, low, high });
            Statement { expected, ..STATEMENT }.judge(measured, &plain()).crosses
        };
        let within = Expected::Within(2.0, 3.0);
        assert!(!crosses(within, 2.5, 2.0, 3.0), "the bounds are inside");
        assert!(crosses(within, 2.5, 1.9, 2.8) && crosses(within, 2.5, 2.2, 3.1) && crosses(within, 3.1, 2.9, 3.3));
        assert!(!crosses(within, 3.2, 3.1, 3.3), "all fail");
        assert!(crosses(Expected::AtLeast(2.0), 2.1, 1.9, 2.3) && !crosses(Expected::AtMost(3.0), 2.9, 2.0, 3.0));
    }

    #[test]
    fn what_was_not_measured_says_why() {
        let never = STATEMENT.judge(Err(Unmeasured::NotReached("Gaia: target not reached".into())), &plain());
        assert_eq!((never.verdict, never.measured, never.n), (Verdict::Fails, None, 0));
        assert!(never.says.contains("Gaia: target not reached") && !never.crosses);
        let missing = STATEMENT.judge(Err(Unmeasured::NotRun("LAN has not run".into())), &plain());
        assert_eq!(missing.verdict, Verdict::NotComparable);
    }

    #[test]
    fn one_fitted_input_or_one_own_data_set_counts_for_all_cells() {
        let (plain_cell, fitted, own) = (cell("Gaia"), cell("LAN").fitted(), cell("Baseline").own_data());
        assert_eq!(context(&[plain_cell.clone(), plain_cell.clone()]), plain());
        let once = Context { fitted: vec!["mf.updates-per-second".into()], fit_unknown: true, ..plain() };
        assert_eq!(context(&[fitted.clone(), plain_cell.clone(), fitted]), once);
        assert_eq!(context(&[plain_cell, own]), Context { shape: Shape::Own, ..plain() });
    }
}
