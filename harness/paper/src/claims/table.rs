//! Claims as tables for terminals.

use std::path::{Path, PathBuf};

use record::aligned::{Side, aligned};
use record::results::store::ReadError;

use super::claim::Claim;
use super::file::{FILE, below};

/// An aligned table of the claims of one figure.
pub fn to_text(claims: &[Claim]) -> String {
    let row = |claim: &Claim| {
        let [paper, measured, n] = [claim.paper_text(), claim.measured_text(), claim.n.to_string()];
        let repeats = claim.repeats.as_ref().map_or_else(String::new, |first| format!(" [repeats {first}]"));
        let says = format!("{} ({}){repeats}", claim.says, claim.source);
        [claim.verdict_text(), paper, measured, n, claim.id.clone(), says]
    };
    let header = ["verdict", "paper", "measured", "n", "claim", "says"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(header).chain(claims.iter().map(row)).collect();
    let (words, number) = (Side::Left, Side::Right);
    aligned(&[words, number, number, number, words], &rows)
}

/// The claims of all figures in `folder` and below as a table, one block per figure: what `experiments claims` prints.
///
/// # Errors
/// [`ReadError`] when a `claims.json` cannot be read.
pub fn claims_table(folder: &Path) -> Result<String, ReadError> {
    let figures = below(folder)?;
    if figures.is_empty() {
        return Ok(format!("no {FILE} in {}: run a spec first\n", folder.display()));
    }
    let block = |(path, claims): &(PathBuf, Vec<Claim>)| {
        let name = path.strip_prefix(folder).ok().filter(|name| !name.as_os_str().is_empty()).unwrap_or(folder);
        format!("{}\n{}", name.display(), to_text(claims))
    };
    Ok(figures.iter().map(block).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::testing::{STATEMENT, measured, plain};
    use crate::claims::{Context, Statement, Unmeasured, to_json};
    use record::results::testing::cell;
    use std::fs;

    #[test]
    fn the_table_of_all_figures_is_aligned_and_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let none = claims_table(folder.path()).unwrap();
        assert!(none.contains("run a spec first"), "{none}");
        for (name, mean) in [("fig14", 9.0), ("fig13", 2.5)] {
            fs::create_dir(folder.path().join(name)).unwrap();
            let claims = [
                STATEMENT.judge(measured(mean), &plain()),
                STATEMENT.judge(Err(Unmeasured::NotRun("x".into())), &plain()),
            ];
            fs::write(folder.path().join(name).join(FILE), to_json(&claims)).unwrap();
        }
        let table = claims_table(folder.path()).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines,
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
        let one = claims_table(&folder.path().join("fig13")).unwrap();
        assert!(one.contains("holds") && !one.contains("fails"), "{one}");
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
