//! Totals of claims: each measurement counts once.
//!
//! A claim that repeats another is not counted where the other is there too, nor after a repeat of the same one.

use record::aligned::{Side, aligned};
use record::numbers::fixed;

use super::claim::{Claim, Verdict};
use super::columns::Column;

/// Claims that were judged, and those of them that hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Those that hold, and those that fail.
    pub judged: usize,
    /// Those that hold.
    pub held: usize,
}

/// The totals of a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// All that were judged.
    pub all: Count,
    /// Those with a number of the paper.
    pub paper: Count,
    /// Those without: our own, and the paper's in words.
    pub ours: Count,
    /// Those that rest on rates that were fitted to others.
    pub predicted: Count,
    /// Those whose numbers a fit used.
    pub calibration: usize,
    /// Those without anything to compare.
    pub not_comparable: usize,
    /// Those that another counts for.
    pub repeats: usize,
    /// Those of the judged whose range over seeds crosses a bound.
    pub crossing: Vec<Claim>,
}

impl Count {
    fn of<'a>(claims: impl Iterator<Item = &'a Claim>) -> Count {
        claims.filter(|claim| claim.verdict.is_judged()).fold(Count::default(), |count, claim| Count {
            judged: count.judged + 1,
            held: count.held + usize::from(claim.verdict == Verdict::Holds),
        })
    }

    /// `99 of 127 (78.0 %)`; `-` when nothing was judged.
    pub fn text(self) -> String {
        if self.judged == 0 {
            return "-".into();
        }
        let percent = 100.0 * self.held as f64 / self.judged as f64;
        format!("{} of {} ({} %)", self.held, self.judged, fixed(percent, 1))
    }
}

impl Totals {
    /// Of all claims of a column.
    pub fn of(column: &Column) -> Totals {
        let counted = counted(column);
        let of = |which: &dyn Fn(&Claim) -> bool| Count::of(counted.iter().copied().filter(|claim| which(claim)));
        let number = |verdict: Verdict| counted.iter().filter(|claim| claim.verdict == verdict).count();
        Totals {
            all: of(&|_| true),
            paper: of(&|claim| claim.paper.is_some()),
            ours: of(&|claim| claim.paper.is_none()),
            predicted: of(&|claim| claim.predicted),
            calibration: number(Verdict::Calibration),
            not_comparable: number(Verdict::NotComparable),
            repeats: column.claims().count() - counted.len(),
            crossing: counted.into_iter().filter(|claim| claim.crosses).cloned().collect(),
        }
    }

    /// What is counted, and the numbers as text, in the order in which they are shown.
    pub fn lines(&self) -> [(&'static str, String); 8] {
        [
            ("hold, of those judged", self.all.text()),
            ("  with a number of the paper", self.paper.text()),
            ("  ours, without one", self.ours.text()),
            ("  predicted", self.predicted.text()),
            ("calibration", self.calibration.to_string()),
            ("not comparable", self.not_comparable.to_string()),
            ("repeat another, not counted", self.repeats.to_string()),
            ("range crosses a bound", self.crossing.len().to_string()),
        ]
    }
}

/// The claims of a column that count, in order.
pub(super) fn counted(column: &Column) -> Vec<&Claim> {
    let firsts: Vec<&str> =
        column.claims().filter(|claim| claim.repeats.is_none()).map(|claim| claim.id.as_str()).collect();
    let (mut counted, mut repeated): (Vec<&Claim>, Vec<&str>) = (Vec::new(), Vec::new());
    for claim in column.claims() {
        if let Some(first) = claim.repeats.as_deref() {
            if firsts.contains(&first) || repeated.contains(&first) {
                continue;
            }
            repeated.push(first);
        }
        counted.push(claim);
    }
    counted
}

/// The totals of all columns, and the claims whose range over seeds crosses a bound.
pub(super) fn totals_text(columns: &[Column]) -> String {
    let totals: Vec<Totals> = columns.iter().map(Totals::of).collect();
    let header = std::iter::once("totals".to_owned()).chain(columns.iter().map(|column| column.name.clone()));
    let mut rows: Vec<Vec<String>> = vec![header.collect()];
    let lines: Vec<_> = totals.iter().map(Totals::lines).collect();
    for (i, (what, _)) in Totals::default().lines().into_iter().enumerate() {
        rows.push(std::iter::once(what.to_owned()).chain(lines.iter().map(|lines| lines[i].1.clone())).collect());
    }
    let mut text = aligned(&[Side::Left, Side::Right], &rows);
    let crossing: Vec<Vec<String>> =
        columns.iter().zip(&totals).flat_map(|(column, of)| crossing(column, of)).collect();
    if !crossing.is_empty() {
        text += "\nclaims whose range over seeds crosses a bound of the tolerance\n";
        text += &aligned(&[Side::Left, Side::Left, Side::Left, Side::Right, Side::Left], &crossing);
    }
    text
}

fn crossing(column: &Column, totals: &Totals) -> Vec<Vec<String>> {
    let expected = |claim: &Claim| claim.expected.map_or_else(String::new, |expected| expected.text());
    let line = |claim: &Claim| {
        let verdict = claim.verdict.word().to_owned();
        vec![column.name.clone(), claim.id.clone(), verdict, claim.measured_text(), expected(claim)]
    };
    totals.crossing.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::testing::{STATEMENT, column, measured, plain};
    use crate::claims::{Context, Statement, Unmeasured};
    use record::results::testing::cell;

    fn judged(id: &str, mean: f64, context: &Context) -> Claim {
        Statement { id, ..STATEMENT }.judge(measured(mean), context)
    }

    #[test]
    fn each_measurement_counts_once() {
        let (first, repeat) = ("fig3.iterstore-bsp.va-ca", "fig9.mf.baseline-over-lan");
        let of = |ids: &[&str]| {
            let claims: Vec<Claim> = ids.iter().map(|id| judged(id, 2.5, &plain())).collect();
            let totals = Totals::of(&column("figures", claims));
            (totals.all.judged, totals.repeats)
        };
        assert_eq!(of(&[first, repeat, "fig9.mf.gaia-speedup"]), (2, 1));
        assert_eq!(of(&[repeat, first]), (1, 1), "whatever their order");
        assert_eq!(of(&[repeat]), (1, 0), "a repeat of what is not there counts");
        assert_eq!(of(&[repeat, repeat]), (1, 1));
        assert_eq!(of(&["convergence.same-target", "convergence.same-target"]), (2, 0), "of two specs");
        assert_eq!(of(&["fig9.ic.wan-bytes", "ic.vc.wan-bytes", "ic.ss.wan-bytes"]), (2, 1));
    }

    #[test]
    fn claims_are_split_by_kind() {
        let fitted = Context::of(&[cell("LAN").fitted_to(&["used"]).done()]);
        let ours = Statement { paper: None, ..STATEMENT };
        let missing = STATEMENT.judge(Err(Unmeasured::NotRun("x".into())), &plain());
        let claims = vec![
            judged("a", 2.5, &plain()),
            judged("b", 9.0, &plain()),
            ours.judge(measured(2.5), &plain()),
            judged("c", 2.75, &fitted),
            judged("used", 2.5, &fitted),
            missing,
        ];
        let totals = Totals::of(&column("figures", claims));
        let counts = [totals.all, totals.paper, totals.ours, totals.predicted].map(|count| (count.held, count.judged));
        assert_eq!(counts, [(3, 4), (2, 3), (1, 1), (1, 1)]);
        assert_eq!((totals.calibration, totals.not_comparable, totals.repeats), (1, 1, 0));
        let crossing: Vec<&str> = totals.crossing.iter().map(|claim| claim.id.as_str()).collect();
        assert_eq!(crossing, ["c"]);
    }

    #[test]
    fn totals_are_a_table_with_a_column_per_variant() {
        let first = column("figures", vec![judged("a", 2.5, &plain()), judged("b", 2.75, &plain())]);
        let text = totals_text(&[first, column("derived", vec![judged("a", 9.0, &plain())])]);
        let expected = "\
totals                                 figures         derived
hold, of those judged         2 of 2 (100.0 %)  0 of 1 (0.0 %)
  with a number of the paper  2 of 2 (100.0 %)  0 of 1 (0.0 %)
  ours, without one                          -               -
  predicted                                  -               -
calibration                                  0               0
not comparable                               0               0
repeat another, not counted                  0               0
range crosses a bound                        1               0

claims whose range over seeds crosses a bound of the tolerance
figures  b  holds  2.75 (2.25 - 3.25)  within 2.00 to 3.00
";
        assert_eq!(text, expected);
        assert!(!totals_text(&[column("figures", vec![judged("a", 2.5, &plain())])]).contains("claims whose"));
    }
}
