//! `report.html`: a short page with the figure, the unknowns, the numbers and the statements.

use paper::escaped;
use record::numbers::significant;

use crate::profile::Interval;
use crate::result::{Evaluation, FitResult, LeftOut};
use crate::statements::{number, quantity};
use crate::text::interval_text;

const STYLE: &str =
    "body { font: 15px/1.5 system-ui, sans-serif; color: #222; margin: 2em auto; max-width: 60em; padding: 0 1em }
table { border-collapse: collapse; margin: 0.5em 0 1.5em }
th, td { padding: 0.2em 0.8em; border-bottom: 1px solid #ddd; text-align: left }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
img { max-width: 100% }
.unused td { color: #777 }";

/// The page of a fit; the figure is a file next to it.
pub(crate) fn html(result: &FitResult) -> String {
    let title =
        if result.title.is_empty() { result.spec.clone() } else { format!("{}: {}", result.spec, result.title) };
    let title = escaped(&title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    page.push_str(&format!("<p>{}</p>\n", escaped(&course(result))));
    page.push_str(
        "<p><img src=\"figure.svg\" alt=\"model against measured numbers, and the profile of each unknown\"></p>\n",
    );
    if !result.statements.is_empty() {
        let items: String =
            result.statements.iter().map(|text| format!("<li>{}</li>\n", escaped(&code(text)))).collect();
        page.push_str(&format!("<h2>Statements</h2>\n<ul>\n{items}</ul>\n"));
    }
    page.push_str("<h2>Unknowns</h2>\n");
    page.push_str(&unknowns(result));
    page.push_str("<h2>Numbers</h2>\n");
    page.push_str(&residuals(result));
    if !result.leave_one_out.is_empty() {
        page.push_str("<h2>Without one group</h2>\n");
        page.push_str(&without(result));
    }
    page.push_str("<h2>Fields of the spec</h2>\n");
    let rows = result.fields.iter().map(|field| vec![field.set.clone(), field.expression.clone(), field.value.clone()]);
    page.push_str(&table(&["field", "expression", "value"], &[], rows.map(Row::plain).collect()));
    page.push_str("</body>\n</html>\n");
    page
}

/// A row of a table: its cells, and whether it is grey.
struct Row {
    cells: Vec<String>,
    is_faint: bool,
}

impl Row {
    fn plain(cells: Vec<String>) -> Self {
        Row { cells, is_faint: false }
    }
}

/// A table; `numbers`: the columns that are set to the right.
fn table(names: &[&str], numbers: &[usize], rows: Vec<Row>) -> String {
    let class = |column: usize| if numbers.contains(&column) { " class=\"n\"" } else { "" };
    let line = |tag: &str, cells: Vec<&str>| -> String {
        let cell = |(column, text): (usize, &str)| format!("<{tag}{}>{}</{tag}>", class(column), escaped(text));
        cells.into_iter().enumerate().map(cell).collect()
    };
    let head = line("th", names.to_vec());
    let row = |row: &Row| {
        let faint = if row.is_faint { " class=\"unused\"" } else { "" };
        format!("<tr{faint}>{}</tr>\n", line("td", row.cells.iter().map(String::as_str).collect()))
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<table>\n<tr>{head}</tr>\n{rows}</table>\n")
}

fn course(result: &FitResult) -> String {
    let quality = &result.quality;
    let how = match &result.evaluation {
        Evaluation::Runs => "every evaluation simulated the cells".to_owned(),
        Evaluation::Surface { points, greatest_difference, refinements, .. } => format!(
            "cells were simulated on a grid of {points} values per field ({refinements} refinements); at the optimum the interpolation is at most {} % from the simulation",
            significant(greatest_difference * 100.0, 2)
        ),
    };
    format!(
        "{} unknowns, {} used numbers of {}; chi-squared {} with {} degrees of freedom; error of the model {} %; {how}. Intervals are of profiles of the likelihood.",
        result.unknowns.len(),
        quality.used,
        result.residuals.len(),
        significant(quality.chi2, 3),
        quality.degrees_of_freedom,
        significant(result.model_error * 100.0, 2)
    )
}

fn unknowns(result: &FitResult) -> String {
    let row = |unknown: &crate::result::UnknownResult| {
        let of = |interval: Interval| interval_text(interval, unknown);
        let bound = if unknown.at_bound.is_some() { " (at a bound)" } else { "" };
        Row::plain(vec![
            unknown.name.clone(),
            format!("{}{bound}", quantity(unknown.value, &unknown.unit)),
            of(unknown.interval_68),
            of(unknown.interval_95),
            format!("{} to {}", number(unknown.low), quantity(unknown.high, &unknown.unit)),
        ])
    };
    table(&["unknown", "value", "68 %", "95 %", "bounds"], &[], result.unknowns.iter().map(row).collect())
}

fn residuals(result: &FitResult) -> String {
    let row = |(place, own): (usize, &crate::result::Residual)| Row {
        cells: vec![
            (place + 1).to_string(),
            own.name.clone(),
            own.group.clone().unwrap_or_default(),
            number(own.measured),
            format!("{} %", significant(own.relative_error * 100.0, 2)),
            number(own.model),
            format!("{:.3}", own.ratio),
            own.sigmas.map_or_else(String::new, |sigmas| format!("{sigmas:+.2}")),
            match (own.within, own.holds) {
                (Some([low, high]), Some(holds)) => {
                    let verdict = if holds { "yes" } else { "no" };
                    format!("{verdict} ({} to {})", significant(low, 3), significant(high, 3))
                }
                _ => String::new(),
            },
            if own.used { "yes" } else { "no" }.to_owned(),
        ],
        is_faint: !own.used,
    };
    let names = ["", "number", "group", "measured", "error", "model", "ratio", "sigmas", "within", "used"];
    table(&names, &[0, 3, 4, 5, 6, 7], result.residuals.iter().enumerate().map(row).collect())
}

fn without(result: &FitResult) -> String {
    let names = result.unknowns.iter().map(|unknown| unknown.name.as_str());
    let names: Vec<&str> =
        ["without"].into_iter().chain(names).chain(["predicted over measured", "verdicts that change"]).collect();
    let row = |left: &LeftOut| {
        let values = result.unknowns.iter().zip(&left.unknowns).map(|(unknown, value)| quantity(*value, &unknown.unit));
        let predicted: Vec<String> =
            left.predicted.iter().map(|own| format!("{}: {:.3}", own.name, own.ratio)).collect();
        let changed: Vec<String> = left
            .changed_verdicts
            .iter()
            .map(|own| {
                format!("{}: {} instead of {}", own.name, significant(own.without, 3), significant(own.of_all, 3))
            })
            .collect();
        let ends = [predicted.join("; "), if changed.is_empty() { "none".to_owned() } else { changed.join("; ") }];
        Row::plain([left.group.clone()].into_iter().chain(values).chain(ends).collect())
    };
    table(&names, &[], result.leave_one_out.iter().map(row).collect())
}

/// Names in backticks are names on a page.
fn code(text: &str) -> String {
    text.replace('`', "")
}
