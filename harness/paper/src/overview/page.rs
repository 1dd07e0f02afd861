//! The page: totals, both drawings, and every claim; those that fail come first.

use std::fmt::Write;

use crate::claims::{Claim, Column, FILE, Row, Totals, Verdict, rows};
use crate::markup::{STYLE, escaped, head, marks};

/// The drawings of the page, as SVG.
pub(super) struct Drawings<'a> {
    pub(super) forest: &'a str,
    pub(super) scatter: &'a str,
}

/// The HTML, from its doctype to its end.
pub(super) fn page(columns: &[Column], drawings: &Drawings<'_>) -> String {
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page += "<meta name=\"viewport\" content=\"width=device-width\">\n";
    page += &format!("<title>Claims</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Claims</h1>\n");
    page += "<p class=\"question\">which results of the paper do runs show, and how far off are they?</p>\n";
    if columns.is_empty() {
        page += &format!("<p class=\"warning\">no {FILE} in this folder: run a spec first</p>\n</body>\n</html>\n");
        return page;
    }
    let rows = rows(columns);
    let (failing, others): (Vec<&Row<'_>>, Vec<&Row<'_>>) = rows.iter().partition(|row| fails(row));
    page += &totals(columns);
    page += &format!("<h2>Claims that fail ({})</h2>\n", failing.len());
    page += &if failing.is_empty() { "<p>none</p>\n".into() } else { table(columns, &failing) };
    page += "<h2>Verdicts</h2>\n<figure style=\"margin: 0\">\n";
    page += drawings.forest;
    page += "</figure>\n<h2>Numbers of the paper</h2>\n<figure style=\"margin: 0\">\n";
    page += drawings.scatter;
    page += "</figure>\n";
    page += &format!("<h2>The other claims ({})</h2>\n", others.len());
    page += &table(columns, &others);
    page += "<p class=\"note\">Predicted: the claim rests on rates that were chosen to match other results of the paper. Calibration: on \
             rates that were chosen to match this one, or it is not known which. Crosses a bound: a seed alone has another verdict \
             than the mean. A claim that repeats another counts only where the other is not there.</p>\n";
    page + "</body>\n</html>\n"
}

/// Whether it fails in any column.
fn fails(row: &Row<'_>) -> bool {
    row.claims.iter().flatten().any(|claim| claim.verdict == Verdict::Fails)
}

fn totals(columns: &[Column]) -> String {
    let totals: Vec<Totals> = columns.iter().map(Totals::of).collect();
    let names: Vec<&str> = std::iter::once("").chain(columns.iter().map(|column| column.name.as_str())).collect();
    let lines: Vec<_> = totals.iter().map(Totals::lines).collect();
    let mut text = String::from("<h2>Totals</h2>\n");
    for column in columns.iter().filter(|column| !column.title.is_empty()) {
        let _ = writeln!(text, "<p class=\"note\">{}: {}</p>", escaped(&column.name), escaped(&column.title));
    }
    let _ = writeln!(text, "<table class=\"numbers\">{}<tbody>", head(&names));
    for (i, (what, _)) in Totals::default().lines().into_iter().enumerate() {
        let _ = write!(text, "<tr><th>{}</th>", escaped(what));
        for lines in &lines {
            let _ = write!(text, "<td class=\"number\">{}</td>", escaped(&lines[i].1));
        }
        text += "</tr>\n";
    }
    text += "</tbody></table>\n";
    let crossing = columns
        .iter()
        .zip(&totals)
        .flat_map(|(column, totals)| totals.crossing.iter().map(|claim| format!("{} ({})", claim.id, column.name)));
    let crossing: Vec<String> = crossing.collect();
    if !crossing.is_empty() {
        let _ = writeln!(text, "<p>The range over seeds crosses a bound: {}.</p>", escaped(&crossing.join(", ")));
    }
    text
}

fn table(columns: &[Column], rows: &[&Row<'_>]) -> String {
    let fixed = ["spec", "claim", "source", "paper", "expected"].into_iter();
    let several = columns.len() > 1;
    let of_column = |column: &'_ Column| if several { column.name.clone() } else { "measured".into() };
    let named: Vec<String> = fixed.map(str::to_owned).chain(columns.iter().map(of_column)).collect();
    let names: Vec<&str> = named.iter().map(String::as_str).collect();
    let mut text = format!("<div class=\"wide\"><table>{}<tbody>\n", head(&names));
    for row in rows {
        let any = row.any();
        let repeats = any.repeats.as_ref().map_or_else(String::new, |first| format!(" (repeats {})", escaped(first)));
        let expected = any.expected.map_or_else(|| "-".into(), |expected| expected.text());
        let _ = write!(
            text,
            "<tr><td>{}</td><td>{}<br><code>{}</code>{repeats}</td><td>{}</td><td class=\"number\">{}</td><td>{expected}</td>",
            escaped(row.spec),
            escaped(&any.says),
            escaped(&any.id),
            escaped(&any.source),
            any.paper_text(),
        );
        for claim in &row.claims {
            text += &claim.map_or_else(|| "<td>not run</td>".into(), measured);
        }
        text += "</tr>\n";
    }
    text + "</tbody></table></div>\n"
}

/// The verdict and the number of a claim, with its marks.
fn measured(claim: &Claim) -> String {
    let word = claim.verdict.word();
    let number = claim.measured_text();
    format!("<td><span class=\"badge {word}\">{word}</span> {number}{}</td>", marks(claim))
}
