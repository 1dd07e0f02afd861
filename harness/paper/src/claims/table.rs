//! Claims as tables for terminals.

use std::path::Path;

use record::aligned::{Side, aligned};

use super::claim::Claim;
use super::columns::{Column, ColumnsError, Row, columns, rows};
use super::file::FILE;
use super::totals::totals_text;

/// An aligned table of the claims of one figure.
pub fn to_text(claims: &[Claim]) -> String {
    let row = |claim: &Claim| {
        let [paper, measured, n] = [claim.paper_text(), claim.measured_text(), claim.n.to_string()];
        [claim.verdict_text(), paper, measured, n, claim.id.clone(), says(claim)]
    };
    let header = ["verdict", "paper", "measured", "n", "claim", "says"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(header).chain(claims.iter().map(row)).collect();
    let (words, number) = (Side::Left, Side::Right);
    aligned(&[words, number, number, number, words], &rows)
}

/// The claims of all figures in `folder` and below as a table, one block per spec, then the totals: what `experiments claims` prints.
/// With variants a row has the verdict and the number of each.
///
/// # Errors
/// [`ColumnsError`] when a file cannot be read, or two variants have one name.
pub fn claims_table(folder: &Path) -> Result<String, ColumnsError> {
    let columns = columns(folder)?;
    let mut blocks: Vec<String> = match columns.as_slice() {
        [] => return Ok(format!("no {FILE} in {}: run a spec first\n", folder.display())),
        [one] => one.specs.iter().map(|of| format!("{}\n{}", of.spec, to_text(&of.claims))).collect(),
        several => {
            let rows = rows(several);
            rows.chunk_by(|a, b| a.spec == b.spec).map(|of| block(several, of)).collect()
        }
    };
    blocks.push(totals_text(&columns));
    Ok(blocks.join("\n"))
}

/// The claims of one spec in all columns.
fn block(columns: &[Column], rows: &[Row<'_>]) -> String {
    let header = ["claim", "paper"].map(str::to_owned).into_iter();
    let header = header.chain(columns.iter().flat_map(|column| [column.name.clone(), "measured".into()]));
    let mut lines: Vec<Vec<String>> = vec![header.chain(["says".to_owned()]).collect()];
    for row in rows {
        let any = row.any();
        let of_column = |claim: &Option<&Claim>| match claim {
            Some(claim) => [claim.verdict_text(), claim.measured_text()],
            None => ["-".into(), "-".into()],
        };
        let line = [any.id.clone(), any.paper_text()].into_iter().chain(row.claims.iter().flat_map(of_column));
        lines.push(line.chain([says(any)]).collect());
    }
    let (words, number) = (Side::Left, Side::Right);
    let sides: Vec<Side> =
        [words, number].into_iter().chain(columns.iter().flat_map(|_| [words, number])).chain([words]).collect();
    format!("{}\n{}", rows[0].spec, aligned(&sides, &lines))
}

/// The claim in words, its source, the claim that it repeats, and the reason for which it is expected to fail.
fn says(claim: &Claim) -> String {
    let repeats = claim.repeats.as_ref().map_or_else(String::new, |first| format!(" [repeats {first}]"));
    let because = claim.because.as_ref().map_or_else(String::new, |because| format!(" [expected to fail: {because}]"));
    format!("{} ({}){repeats}{because}", claim.says, claim.source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::testing::{STATEMENT, measured, place, plain, variant};
    use crate::claims::{Context, Statement, Unmeasured};
    use record::results::testing::cell;

    #[test]
    fn the_table_of_all_figures_is_aligned_and_sorted() {
        let of = |mean| {
            let missing = STATEMENT.judge(Err(Unmeasured::NotRun("x".into())), &plain());
            [STATEMENT.judge(measured(mean), &plain()), missing]
        };
        let folder = place(&[("fig14", &of(9.0)), ("fig13", &of(2.5))]);
        let table = claims_table(folder.path()).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines[..9],
            [
                "fig13",
                "verdict         paper            measured  n  claim         says",
                "holds            2.50  2.50 (2.00 - 3.00)  3  figure.claim  this is so (within 2 to 3) (Figure 1)",
                "not-comparable   2.50                   -  0  figure.claim  this is so (within 2 to 3) [nothing measured: x] (Figure 1)",
                "",
                "fig14",
                "verdict         paper            measured  n  claim         says",
                "fails            2.50  9.00 (8.50 - 9.50)  3  figure.claim  this is so (within 2 to 3) (Figure 1)",
                "not-comparable   2.50                   -  0  figure.claim  this is so (within 2 to 3) [nothing measured: x] (Figure 1)",
            ]
        );
        assert_eq!(
            lines[9..12],
            ["", "totals                                figures", "hold, of those judged         1 of 2 (50.0 %)"]
        );
        let one = claims_table(&folder.path().join("fig13")).unwrap();
        assert!(one.contains("holds") && !one.contains("fails"), "{one}");
    }

    #[test]
    fn an_empty_folder_has_no_table() {
        let folder = place(&[]);
        assert!(claims_table(folder.path()).unwrap().contains("run a spec first"));
        variant(folder.path(), "derived", "");
        assert!(claims_table(folder.path()).unwrap().contains("run a spec first"));
    }

    #[test]
    fn variants_are_columns_of_one_table() {
        let of = |id, mean| Statement { id, ..STATEMENT }.judge(measured(mean), &plain());
        let folder =
            place(&[("fig9", &[of("fig9.a", 2.5), of("fig9.b", 9.0)]), ("derived/fig9", &[of("fig9.b", 2.75)])]);
        variant(&folder.path().join("derived"), "derived", "");
        let table = claims_table(folder.path()).unwrap();
        let expected = "\
fig9
claim   paper  figures            measured  derived                   measured  says
fig9.a   2.50  holds    2.50 (2.00 - 3.00)  -                                -  this is so (within 2 to 3) (Figure 1)
fig9.b   2.50  fails    9.00 (8.50 - 9.50)  holds, crosses  2.75 (2.25 - 3.25)  this is so (within 2 to 3) (Figure 1)

totals                                figures           derived
hold, of those judged         1 of 2 (50.0 %)  1 of 1 (100.0 %)
";
        assert!(table.starts_with(expected), "{table}");
    }

    #[test]
    fn marks_stand_with_the_verdict() {
        let context = Context::of(&[cell("LAN").fitted_to(&["figure.other"]).done()]);
        let id = "fig9.mf.baseline-over-lan";
        let text = to_text(&[Statement { id, ..STATEMENT }.judge(measured(2.75), &context)]);
        assert!(text.contains("\nholds, predicted, crosses  "), "{text}");
        assert!(text.trim_end().ends_with("(Figure 1) [repeats fig3.iterstore-bsp.va-ca]"), "{text}");
    }

    #[test]
    fn one_seed_has_no_range_and_an_unknown_number_is_a_dash() {
        let of_seeds = |n| Claim { n, ..STATEMENT.judge(measured(2.5), &plain()) }.measured_text();
        assert_eq!([1, 2].map(of_seeds), ["2.50", "2.50 (2.00 - 3.00)"]);
        let unknown = Statement { paper: None, ..STATEMENT }.judge(measured(2.5), &plain());
        assert_eq!(unknown.paper_text(), "-");
    }
}
