//! What pages of HTML share: their style, and text as markup.

use crate::claims::Claim;

/// The style of all pages, for screens and print.
pub(crate) const STYLE: &str = "
body { font: 15px/1.45 sans-serif; color: #222; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5em; margin-bottom: 0.2rem; } h2 { font-size: 1.15em; margin-top: 1.6em; }
p.question { margin-top: 0; color: #555; font-style: italic; }
p.question::first-letter { text-transform: uppercase; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15em 1em; font-size: 0.9em; }
dt { font-weight: bold; } dd { margin: 0; }
table { border-collapse: collapse; font-size: 0.86em; }
th, td { padding: 0.25em 0.6em; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
thead th { border-bottom: 1.5px solid #222; } table.numbers thead th:not(:first-child) { text-align: right; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font: 0.92em monospace; word-break: break-all; } div.wide { overflow-x: auto; }
svg { width: 100%; height: auto; } p.note { color: #555; font-size: 0.9em; }
.badge { display: inline-block; padding: 0 0.5em; border-radius: 0.6em; border: 1px solid; white-space: nowrap; }
.holds { color: #00593f; background: #dff3ea; } .fails { color: #8a2a00; background: #fbe4d8; font-weight: bold; }
.calibration { color: #6b4a00; background: #fdf1d3; } .not-comparable { color: #444; background: #eee; }
.warning { border-left: 4px solid #d55e00; padding-left: 0.8rem; }
@media print { body { max-width: none; margin: 0; font-size: 11px; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
";

/// The head of a table with these names of columns.
pub(crate) fn head(names: &[&str]) -> String {
    let cells: String = names.iter().map(|name| format!("<th>{}</th>", escaped(name))).collect();
    format!("<thead><tr>{cells}</tr></thead>")
}

/// `text` with what HTML would take for markup written out.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            steering if steering.is_control() && !"\n\t".contains(steering) => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The marks of a claim's verdict, each in a line of its own.
pub(crate) fn marks(claim: &Claim) -> String {
    let marks = [(claim.predicted, "predicted"), (claim.crosses, "crosses a bound")];
    marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| format!("<br>{mark}")).collect()
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markup_is_written_out() {
        assert_eq!(escaped("<a href=\"x\">&'é"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;é");
    }
}
