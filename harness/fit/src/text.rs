//! A fit for the terminal.

use record::aligned::{Side, aligned};
use record::numbers::significant;

use crate::profile::Interval;
use crate::result::{FitResult, Residual, UnknownResult};
use crate::statements::{number, quantity};

/// The summary that the command prints.
pub(crate) fn summary(result: &FitResult) -> String {
    let mut text = result.spec.clone();
    if !result.title.is_empty() {
        text.push_str(&format!(": {}", result.title));
    }
    text.push_str("\n\n");
    let mut rows = vec![["unknown", "value", "68 %", "95 %"].map(str::to_owned)];
    rows.extend(result.unknowns.iter().map(unknown));
    text.push_str(&aligned(&[Side::Left], &rows));
    let mut rows = vec![["number", "measured", "model", "ratio", "sigmas", ""].map(str::to_owned)];
    rows.extend(result.residuals.iter().map(residual));
    text.push('\n');
    text.push_str(&aligned(&[Side::Left, Side::Right, Side::Right, Side::Right, Side::Right, Side::Left], &rows));
    let quality = &result.quality;
    text.push_str(&format!(
        "\nchi-squared {} of {} used numbers and {} unknowns\n",
        significant(quality.chi2, 3),
        quality.used,
        result.unknowns.len()
    ));
    result.statements.iter().for_each(|statement| text.push_str(&format!("* {statement}\n")));
    text
}

fn unknown(unknown: &UnknownResult) -> [String; 4] {
    let of = |interval: Interval| interval_text(interval, unknown);
    let bound = if unknown.at_bound.is_some() { " (at a bound)" } else { "" };
    let value = format!("{}{bound}", quantity(unknown.value, &unknown.unit));
    [unknown.name.clone(), value, of(unknown.interval_68), of(unknown.interval_95)]
}

/// `3.1 to 3.4`, `above 3.1`, `not determined`.
pub(crate) fn interval_text(interval: Interval, unknown: &UnknownResult) -> String {
    match (interval.low, interval.high) {
        (Some(low), Some(high)) => format!("{} to {}", number(low), quantity(high, &unknown.unit)),
        (Some(low), None) => format!("above {}", quantity(low, &unknown.unit)),
        (None, Some(high)) => format!("below {}", quantity(high, &unknown.unit)),
        (None, None) => "not determined".into(),
    }
}

fn residual(residual: &Residual) -> [String; 6] {
    let verdict = match residual.holds {
        Some(true) => " within",
        Some(false) => " not within",
        None => "",
    };
    let used = if residual.used { "" } else { "not used" };
    [
        residual.name.clone(),
        number(residual.measured),
        number(residual.model),
        format!("{:.3}", residual.ratio),
        residual.sigmas.map_or_else(|| "-".into(), |sigmas| format!("{sigmas:+.2}")),
        format!("{used}{verdict}").trim().to_owned(),
    ]
}
