//! The page: one self-contained HTML file, provenance last. No scripts, no links to anything outside its folder.

use record::numbers::significant;
use std::fmt::Write;

use polars::prelude::DataFrame;

use super::costs::Costs;
use super::grid::{Line, Titles, grid, number_text};
use super::pictures::Pictures;
use super::unfinished::Unfinished;
use crate::claims::{Claim, Context, Verdict};
use crate::markup::{STYLE, escaped, head, marks};
use crate::plans;
use planning::plan::{self, differs};
use planning::workload::kind::Number;
use record::results::sound::{self, unsound};
use record::results::{Breakdown, CellIndex, CellResult, SCHEMA, Shape};
use serde_json::Value;

/// The content of a page, in no particular order.
pub(super) struct Content<'a> {
    pub(super) index: &'a CellIndex,
    pub(super) question: &'a str,
    pub(super) svg: &'a str,
    pub(super) table: &'a DataFrame,
    pub(super) titles: &'a Titles,
    pub(super) claims: &'a [Claim],
    pub(super) pictures: &'a Pictures,
    pub(super) answer: &'a super::whatif::Answer,
    /// The cells that times and speedups are over.
    pub(super) references: &'a [String],
    pub(super) cells: &'a [CellResult],
    pub(super) costs: &'a Costs,
    pub(super) unfinished: &'a [Unfinished],
}

/// The HTML of a report, from its doctype to its end.
pub(super) fn page(content: &Content<'_>) -> String {
    let mut page = String::new();
    // The title of a spec may be that of another question: fields are set on the command line.
    let question = content.index.whatif.as_ref().map(|asked| asked.in_short());
    let title = escaped(question.as_ref().unwrap_or(&content.index.title));
    page += "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
    page += "<meta name=\"viewport\" content=\"width=device-width\">\n";
    page += &format!("<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n");
    page += &format!("<h1>{title}</h1>\n<p class=\"question\">{}</p>\n", escaped(content.question));
    page += &unfinished(content.unfinished);
    page += &faults(content.cells);
    page += &targets(content.cells);
    page += &super::whatif::section(content.index.whatif.as_ref(), content.answer).into_string();
    page += "<h2>Figure</h2>\n<figure style=\"margin: 0\">\n";
    page += content.svg;
    page += "</figure>\n";
    page += &caption(content.cells);
    page += &claims(content.claims, content.cells);
    page += content.pictures.html();
    page += &numbers(content);
    page += &costs(content.costs);
    page += &models(content.cells);
    page += &breakdowns(content.cells);
    page += &scales(content.cells);
    page += &stands_for(content.cells);
    page += &provenance(content);
    page += "</body>\n</html>\n";
    page
}

/// The prices of the costs among the numbers, and the parts of them that are filled.
fn costs(costs: &Costs) -> String {
    costs.lines().iter().map(|line| format!("<p class=\"note\">{}</p>\n", escaped(line))).collect()
}

fn unfinished(unfinished: &[Unfinished]) -> String {
    if unfinished.is_empty() {
        return String::new();
    }
    let mut text =
        String::from("<div class=\"warning\"><p>These cells are not finished, and not in the figure:</p><ul>\n");
    for cell in unfinished {
        let (name, seed) = (escaped(&cell.entry.name()), cell.entry.seed);
        text += &format!("<li>{name} (seed {seed}): {}</li>\n", escaped(&cell.why_without_path()));
    }
    text + "</ul></div>\n"
}

/// Runs in real time that must not be believed, and why.
fn faults(cells: &[CellResult]) -> String {
    let mut text = String::new();
    for cell in cells {
        let (name, seed) = (escaped(&cell.name()), cell.summary.seed);
        let lines = cell.summary.faults.iter();
        text.extend(lines.map(|fault| format!("<li>{name} (seed {seed}): {}</li>\n", escaped(fault))));
    }
    if text.is_empty() {
        return text;
    }
    format!(
        "<div class=\"warning\"><p>These runs must not be believed, and are crossed out:</p><ul>\n{text}</ul></div>\n"
    )
}

/// Targets that must not be believed, and why.
fn targets(cells: &[CellResult]) -> String {
    let lines = sound::lines(cells);
    if lines.is_empty() {
        return String::new();
    }
    let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", escaped(line))).collect();
    format!(
        "<div class=\"warning\"><p>These targets must not be believed; cells that were to reach them have no time to \
         convergence, and support no claim:</p><ul>\n{items}</ul></div>\n"
    )
}

fn provenance(content: &Content<'_>) -> String {
    let mut rows = String::new();
    for cell in content.cells {
        let (name, summary) = (escaped(&cell.name()), &cell.summary);
        rows += &format!("<tr><td>{name}</td><td class=\"number\">{}</td>", summary.seed);
        rows += &format!("<td><code>{}</code></td>", escaped(&summary.plan));
        rows += &format!("<td><code>{}</code></td></tr>\n", escaped(&summary.digest));
    }
    let data = |cell: &CellResult| {
        format!("{}: <code>{}</code>", escaped(&cell.manifest.data.name), escaped(&cell.manifest.data.hash))
    };
    let sources = |cell: &CellResult| format!("<code>{}</code>", escaped(&cell.manifest.sources));
    let seeds = |cell: &CellResult| cell.summary.seed.to_string();
    let items = [
        ("Spec", format!("<code>{}</code>", escaped(&content.index.spec))),
        ("Figure", format!("<code>{}</code>", escaped(&content.index.figure))),
        ("Seeds", distinct(content.cells, &seeds)),
        ("Data", distinct(content.cells, &data)),
        ("Program", distinct(content.cells, &|cell| escaped(&commit(cell)))),
        ("Sources", distinct(content.cells, &sources)),
        ("Schema", SCHEMA.to_string()),
    ];
    let list: String = items.iter().map(|(term, text)| format!("<dt>{term}</dt><dd>{text}</dd>\n")).collect();
    format!(
        "<details><summary>Provenance</summary>\n<dl>\n{list}</dl>\n<div class=\"wide\"><table>{}<tbody>\n{rows}</tbody></table></div>\n<p \
         class=\"note\">A cell's folder is named by its plan and holds the manifest. Runs with equal digests are the \
         same run. Host, dates and wall times are in each folder's host.json.</p>\n</details>\n",
        head(&["cell", "seed", "plan", "digest of all events"]),
    )
}

/// The texts of `of` for the cells, each once, joined by semicolons.
fn distinct(cells: &[CellResult], of: &dyn Fn(&CellResult) -> String) -> String {
    let mut texts: Vec<String> = Vec::new();
    for text in cells.iter().map(of) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.join("; ")
}

fn commit(cell: &CellResult) -> String {
    let commit = cell.manifest.commit.as_deref().unwrap_or("unknown");
    match cell.manifest.dirty {
        Some(true) => format!("commit {commit} with uncommitted changes"),
        _ => format!("commit {commit}"),
    }
}

fn caption(cells: &[CellResult]) -> String {
    let mut data: Vec<String> = cells.iter().map(|cell| cell.manifest.data.name.clone()).collect();
    data.dedup();
    format!(
        "<p class=\"note\">Data: {}. (a) A hatched bar with an arrow did not reach the target: it takes at least so \
         long. (b) The dashed line is the target, a dot where it is reached. (c) Mean over machines and clocks.</p>\n",
        escaped(&data.join("; "))
    )
}

fn claims(claims: &[Claim], cells: &[CellResult]) -> String {
    let mut rows = String::new();
    for claim in claims {
        let word = claim.verdict.word();
        rows += &format!("<tr><td><span class=\"badge {word}\">{word}</span>{}</td>", marks(claim));
        let repeats = claim.repeats.as_ref().map_or_else(String::new, |first| format!(" (repeats {})", escaped(first)));
        let because = claim.because.as_ref();
        let because = because.map_or_else(String::new, |why| format!("<br>Expected to fail: {}", escaped(why)));
        rows += &format!("<td>{}<br><code>{}</code>{repeats}{because}</td>", escaped(&claim.says), escaped(&claim.id));
        rows += &format!("<td>{}</td>", escaped(&claim.source));
        rows += &format!("<td class=\"number\">{}</td>", claim.paper_text());
        rows += &format!("<td class=\"number\">{}</td>", claim.measured_text());
        rows += &format!("<td class=\"number\">{}</td></tr>\n", claim.n);
    }
    let head = head(&["verdict", "claim", "source", "paper", "measured", "seeds"]);
    let mut text = format!("<h2>Claims</h2>\n<div class=\"wide\"><table>{head}<tbody>\n{rows}</tbody></table></div>\n");
    let context = Context::of(cells);
    if claims.iter().any(|claim| claim.verdict == Verdict::Calibration) {
        let fitted = escaped(&context.fitted.join(", "));
        let _ = writeln!(
            text,
            "<p class=\"note\">Calibration: inputs (<code>{fitted}</code>) were chosen to match these results of the paper, or \
             it is not known which, so that agreement shows nothing.</p>"
        );
    }
    if claims.iter().any(|claim| claim.predicted) {
        let [fitted, used] = [&context.fitted, &context.fitted_to].map(|names| escaped(&names.join(", ")));
        let _ = writeln!(
            text,
            "<p class=\"note\">Predicted: the claim rests on inputs (<code>{fitted}</code>) that were chosen to match other \
             results of the paper (<code>{used}</code>).</p>"
        );
    }
    if claims.iter().any(|claim| claim.crosses) {
        text += "<p class=\"note\">Crosses a bound: a seed alone has another verdict than the mean.</p>\n";
    }
    if context.shape == Shape::Own {
        text += "<p class=\"note\">Not comparable: the data are not of the paper's shape, so that its times say nothing about these.</p>\n";
    }
    text
}

fn numbers(content: &Content<'_>) -> String {
    let over = if content.references.is_empty() {
        String::new()
    } else {
        format!(" Normalised times and speedups are over {};", escaped(&content.references.join(", ")))
    };
    let grid = grid(content.table, content.titles);
    let mut rows = String::new();
    for Line { heading, values } in grid.iter().skip(1) {
        rows += &format!("<tr><th>{}</th>", escaped(heading));
        for value in values {
            rows += &format!("<td class=\"number\">{}</td>", escaped(value));
        }
        rows += "</tr>\n";
    }
    let cells = grid.first().map_or(&[][..], |line| &line.values);
    let names: Vec<&str> = std::iter::once("").chain(cells.iter().map(String::as_str)).collect();
    format!(
        "<h2>Numbers</h2>\n<div class=\"wide\"><table class=\"numbers\">{}<tbody>\n{rows}</tbody></table></div>\n<p class=\"note\">Times \
         in virtual seconds. WAN: bytes between sites, as links are charged for them; “actual” as encoded in this \
         run.{over} in parentheses the range over seeds.</p>\n",
        head(&names)
    )
}

/// The models of the cells with the first seed, where their workload shows them as tables.
fn models(cells: &[CellResult]) -> String {
    let (mut text, mut said) = (String::new(), None);
    let first_seed = cells.first().map(|cell| cell.summary.seed);
    for cell in cells.iter().filter(|cell| Some(cell.summary.seed) == first_seed) {
        let Some(model) = &cell.summary.model else { continue };
        let value = |value: &Value| match value.as_f64() {
            Some(number) => format!("<td class=\"number\">{}</td>", significant(number, 3)),
            None => format!("<td>{}</td>", escaped(value.as_str().unwrap_or_default())),
        };
        let row = |row: &Vec<Value>| format!("<tr>{}</tr>\n", row.iter().map(value).collect::<String>());
        let rows: String = model.rows.iter().map(row).collect();
        let columns: Vec<&str> = model.columns.iter().map(String::as_str).collect();
        let (name, count, what) = (escaped(&cell.name()), model.rows.len(), escaped(&model.rows_are));
        text += &format!("<details><summary>{name}: {count} {what}</summary>\n<table>{}", head(&columns));
        text += &format!("<tbody>\n{rows}</tbody></table></details>\n");
        said = said.or(Some((&model.rows_are, &model.note)));
    }
    let Some((what, note)) = said else { return text };
    let mut letters = what.chars();
    let title: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    format!("<h2>{}</h2>\n{text}<p class=\"note\">{}</p>\n", escaped(&title), escaped(note))
}

fn breakdowns(cells: &[CellResult]) -> String {
    let (mut parts, mut waits) = (String::new(), String::new());
    for (cell, summary) in cells.iter().map(|cell| (cell, &cell.summary)) {
        let begin = format!("<tr><td>{}</td><td class=\"number\">{}</td>", escaped(&cell.name()), summary.seed);
        parts += &begin;
        for (_, seconds) in summary.breakdown.parts().into_iter().chain([("clock", summary.breakdown.sum())]) {
            parts += &format!("<td class=\"number\">{}</td>", significant(seconds, 3));
        }
        parts += "</tr>\n";
        waits += &begin;
        for wait in [&summary.read_wait, &summary.barrier_wait, &summary.transfer] {
            let [p50, p90, p99] = [wait.p50, wait.p90, wait.p99].map(|seconds| significant(seconds, 3));
            waits += &format!("<td class=\"number\">{p50} / {p90} / {p99}</td>");
        }
        waits += "</tr>\n";
    }
    let names = Breakdown::default().parts().map(|(name, _)| name);
    let part_names: Vec<&str> = ["cell", "seed"].into_iter().chain(names).chain(["clock"]).collect();
    format!(
        "<h2>Where a clock's time goes</h2>\n<div class=\"wide\"><table class=\"numbers\">{}<tbody>\n{parts}</tbody>\
         </table></div>\n<p class=\"note\">Seconds of a clock of one machine, mean over machines and clocks; the parts \
         add up to the clock.</p>\n<div class=\"wide\"><table class=\"numbers\">{}<tbody>\n{waits}</tbody></table></div>\n\
         <p class=\"note\">Seconds at the 50th / 90th / 99th percentile.</p>\n",
        head(&part_names),
        head(&["cell", "seed", "read wait", "barrier wait", "transfer"]),
    )
}

fn scales(cells: &[CellResult]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for cell in cells {
        let (machines, scale) = (&cell.manifest.machines, &cell.manifest.similitude);
        let mut line = match &scale.of {
            Some(of) => format!(
                "Stands for <code>{}</code>: every data byte is charged as {} bytes on links and at servers, every \
                 unit of work as {} units; rates, latencies, machine speeds and control bytes are unscaled, so that \
                 virtual seconds and bytes read at the paper's scale.",
                escaped(of),
                scale.sigma_bytes,
                scale.sigma_work
            ),
            None if (scale.sigma_bytes, scale.sigma_work) != (1.0, 1.0) => format!(
                "Every data byte is charged as {} bytes on links and at servers, every unit of work as {} units; rates, latencies, machine \
                 speeds and control bytes are unscaled.",
                number_text(scale.sigma_bytes, None),
                number_text(scale.sigma_work, None)
            ),
            None => "Nothing is scaled: data, bytes and work count at their own size.".to_owned(),
        };
        let _ = write!(line, " Machines: <code>{}</code> ({}).", escaped(&machines.kind), escaped(&machines.source));
        if !machines.fitted.is_empty() {
            let of = if machines.fitted_to.is_empty() { "the paper".into() } else { machines.fitted_to.join(", ") };
            let (rates, of) = (escaped(&machines.fitted.join(", ")), escaped(&of));
            let _ = write!(line, " Rates fitted to {of}: <code>{rates}</code>.");
        }
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let items: String = lines.iter().map(|line| format!("<p>{line}</p>\n")).collect();
    format!("<h2>What is scaled, and how</h2>\n<p class=\"note\">Learning is real; time is modelled.</p>\n{items}")
}

/// Panels that stand for the same problem and have the same numbers.
struct Likeness {
    large: String,
    numbers: Vec<Number>,
    panels: Vec<String>,
    /// The clocks that the cell that sets the target took, panel by panel.
    clocks: Vec<u32>,
}

/// The dimensionless numbers of each panel next to those of the problem that it stands for, by the first seed, with the clocks that
/// its target took; nothing where nothing is stood for.
fn stands_for(cells: &[CellResult]) -> String {
    let mut groups: Vec<Likeness> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for cell in cells {
        let plan = plans::of(cell);
        let Some((plan, large)) = plan.and_then(|plan| plan.stands_for.clone().map(|large| (plan, large))) else {
            continue;
        };
        if seen.contains(&cell.panel.as_str()) {
            continue;
        }
        seen.push(&cell.panel);
        let of_panel = cells.iter().filter(|other| other.panel == cell.panel);
        let converged = of_panel.filter(|other| sound::sets_target(&other.summary));
        let converged = converged.map(|other| (&other.summary, unsound(&other.summary, &other.samples)));
        let clocks = converged.filter(|(_, why)| why.is_none()).map(|(summary, _)| summary.clocks).next();
        let numbers = plan::numbers(&plan);
        match groups.iter_mut().find(|group| group.large == large && group.numbers == numbers) {
            Some(group) => {
                group.panels.push(cell.panel.clone());
                group.clocks.extend(clocks);
            }
            None => {
                let (panels, clocks) = (vec![cell.panel.clone()], clocks.into_iter().collect());
                groups.push(Likeness { large, numbers, panels, clocks });
            }
        }
    }
    if groups.is_empty() {
        return String::new();
    }
    let tables: String = groups.iter().map(Likeness::table).collect();
    format!(
        "<h2>What a small problem keeps of the large one</h2>\n{tables}<p class=\"note\">Numbers without a unit that no factor \
         mends: they decide what is learnt in a clock. Marked are those that differ by more than {:.0} %.</p>\n",
        plan::TOLERANCE * 100.0
    )
}

impl Likeness {
    fn table(&self) -> String {
        let mut rows = String::new();
        let mut row = |says: &str, here: &str, there: &str, mark: &str| {
            rows += &format!("<tr><th>{}</th><td class=\"number\">{here}</td>", escaped(says));
            rows += &format!("<td class=\"number\">{there}</td><td>{mark}</td></tr>\n");
        };
        for number in &self.numbers {
            let [here, there] = [number.here, number.there].map(|value| significant(value, 3));
            row(number.description, &here, &there, if differs(number) { "differs" } else { "" });
        }
        let mut clocks = self.clocks.clone();
        clocks.dedup();
        if !clocks.is_empty() {
            let clocks: Vec<String> = clocks.iter().map(u32::to_string).collect();
            row("clocks until the target has converged", &clocks.join("; "), "not published", "");
        }
        let panels: Vec<&str> = self.panels.iter().map(String::as_str).filter(|panel| !panel.is_empty()).collect();
        let of = if panels.is_empty() { String::new() } else { format!(", {}", panels.join("; ")) };
        let title = format!("stands for {}{of}", self.large);
        format!("<table class=\"numbers\">{}<tbody>\n{rows}</tbody></table>\n", head(&[&title, "here", "paper", ""]))
    }
}
