//! The checks of a spec's `fit`: names that exist, bounds that are bounds. Columns are those of figures, which this crate does not
//! know: the crate harness-fit checks them.

use std::collections::BTreeSet;

use record::suggest;

use super::check::{Diagnostics, plain};
use super::whole::TARGET;
use crate::spec::{
    ErrorSize, Evaluate, Expression, Fit, Goal, Measurement, Reading, Spec, Unknown, is_name, known_unit,
};

/// The most unknowns: a fit of more has no use for a picture of each.
const MAX_UNKNOWNS: usize = 24;
/// The most fields, and the most measurements.
const MAX_ENTRIES: usize = 1_000;
/// The least quotient of an unknown's bounds: derivatives are differences of 1 %, which must fit between them.
const LEAST_RANGE: f64 = 1.02;
/// The least relative error of a measurement, that of the model included: squares of smaller ones overflow.
const LEAST_ERROR: f64 = 1e-9;
/// Values per field of a surface.
const POINTS: std::ops::RangeInclusive<usize> = 2..=100;

/// Checks `fit` against the spec that it is part of.
pub(super) fn check(diagnostics: &mut Diagnostics, spec: &Spec, fit: &Fit) {
    let counts = [
        ("unknowns", fit.unknowns.len(), MAX_UNKNOWNS),
        ("fields", fit.fields.len(), MAX_ENTRIES),
        ("measurements", fit.measurements.len(), MAX_ENTRIES),
    ];
    for (name, count, most) in counts {
        diagnostics.within(&format!("fit.{name}"), count, 1..=most);
    }
    if let Evaluate::Surface(surface) = &fit.evaluate {
        diagnostics.within("fit.evaluate.surface.points", surface.points, POINTS);
    }
    match fit.model_error {
        ErrorSize::Absolute(error) if error != 0.0 => {
            diagnostics.add("fit.model-error", format!("{error}: expected a percentage, such as `10 %`"));
        }
        error => diagnostics.within("fit.model-error", error.relative(1.0), 0.0..=10.0),
    }
    check_unknowns(diagnostics, fit);
    check_fields(diagnostics, fit);
    check_measurements(diagnostics, spec, fit);
}

fn check_unknowns(diagnostics: &mut Diagnostics, fit: &Fit) {
    for (position, unknown) in fit.unknowns.iter().enumerate() {
        let path = format!("fit.unknowns[{position}]");
        let Unknown { name, low, high, .. } = unknown;
        if !is_name(name) {
            diagnostics
                .add(format!("{path}.name"), format!("`{name}`: expected a letter, then letters, digits, `-` and `_`"));
        }
        unique(diagnostics, &path, name, fit.unknowns[..position].iter().map(|other| &*other.name), "fit.unknowns");
        plain(diagnostics, &format!("{path}.unit"), &unknown.unit);
        diagnostics.positive(&format!("{path}.low"), *low, 1e30);
        if !(*high >= low * LEAST_RANGE && *high <= 1e30) {
            let message = format!("{high}: expected more than `low`, {low}, by at least 2 %, and at most 1e30");
            diagnostics.add(format!("{path}.high"), message);
        } else if !(*low..=*high).contains(&unknown.start()) {
            diagnostics.add(format!("{path}.start"), format!("{}: expected {low} to {high}", unknown.start()));
        }
        let is_used = fit.fields.iter().any(|field| field.to.powers.iter().any(|(known, _)| known == name));
        if !is_used {
            diagnostics
                .add(&path, format!("`{name}` is in no expression of fit.fields: expected a field that depends on it"));
        }
    }
}

fn check_fields(diagnostics: &mut Diagnostics, fit: &Fit) {
    let names: Vec<&str> = fit.unknowns.iter().map(|unknown| &*unknown.name).collect();
    for (position, field) in fit.fields.iter().enumerate() {
        let path = format!("fit.fields[{position}]");
        if let Some(first) = fit.fields[..position].iter().position(|other| other.set == field.set) {
            diagnostics.add(format!("{path}.set"), format!("`{}` is set by fit.fields[{first}] already", field.set));
        }
        if field.set.split('.').next() == Some("fit") {
            diagnostics.add(format!("{path}.set"), format!("`{}`: expected a field outside of `fit`", field.set));
        }
        let unknown = field.to.powers.iter().find(|(name, _)| !names.contains(&&**name));
        if let Some((name, _)) = unknown {
            diagnostics
                .add(format!("{path}.to"), format!("there is no unknown `{name}`{}", suggest::hint(name, &names)));
        } else if let Err(message) = unit(&field.to, &fit.unknowns) {
            diagnostics.add(format!("{path}.to"), message);
        }
    }
}

/// The unit of an expression, of those that are written with a value; empty for a number.
///
/// # Errors
/// A message, for a product of units or the inverse of one.
pub fn unit<'a>(expression: &Expression, unknowns: &'a [Unknown]) -> Result<&'a str, String> {
    let (mut over, mut under) = (Vec::new(), Vec::new());
    for (name, power) in &expression.powers {
        let unit = unknowns.iter().find(|unknown| unknown.name == *name).map_or("", |unknown| &unknown.unit);
        if known_unit(unit).is_some() {
            let side = if *power > 0 { &mut over } else { &mut under };
            side.extend(std::iter::repeat_n(unit, power.unsigned_abs() as usize));
        }
    }
    for unit in std::mem::take(&mut under) {
        match over.iter().position(|other| *other == unit) {
            Some(same) => drop(over.swap_remove(same)),
            None => under.push(unit),
        }
    }
    match (&over[..], &under[..]) {
        ([], []) => Ok(""),
        ([unit], []) => Ok(unit),
        _ => Err(format!(
            "`{}` is in {}{}: expected the unit of one unknown, or none",
            expression.text,
            if over.is_empty() { "1".to_owned() } else { over.join(" ") },
            under.iter().map(|unit| format!(" / ({unit})")).collect::<String>()
        )),
    }
}

fn check_measurements(diagnostics: &mut Diagnostics, spec: &Spec, fit: &Fit) {
    for (position, measurement) in fit.measurements.iter().enumerate() {
        let path = format!("fit.measurements[{position}]");
        let Measurement { name, value, error, of, over, group, claims, within, .. } = measurement;
        if name.trim().is_empty() {
            diagnostics.add(format!("{path}.name"), "empty: expected a name");
        }
        unique(
            diagnostics,
            &path,
            name,
            fit.measurements[..position].iter().map(|other| &*other.name),
            "fit.measurements",
        );
        for text in [name, group.as_ref().unwrap_or(name)].into_iter().chain(claims) {
            plain(diagnostics, &path, text);
        }
        diagnostics.positive(&format!("{path}.value"), *value, 1e30);
        let (relative, of_model) = (error.relative(*value), fit.model_error.relative(1.0));
        if !(relative >= 0.0 && relative.is_finite()) {
            diagnostics.add(format!("{path}.error"), "expected 0 or more");
        } else if relative == 0.0 && of_model == 0.0 && measurement.used {
            diagnostics.add(format!("{path}.error"), "0, and fit.model-error is 0: expected one of them above 0");
        } else if relative < LEAST_ERROR && of_model < LEAST_ERROR && measurement.used {
            let message = format!(
                "{relative:e} of the value, and fit.model-error is {of_model:e}: expected one of them at {LEAST_ERROR:e} or above"
            );
            diagnostics.add(format!("{path}.error"), message);
        }
        if let Some([low, high]) = within.filter(|[low, high]| low.is_nan() || high.is_nan() || low > high) {
            diagnostics.add(format!("{path}.within"), format!("{low} to {high}: expected the lower bound first"));
        }
        reading(diagnostics, &format!("{path}.of"), spec, of);
        if let Some(over) = over {
            reading(diagnostics, &format!("{path}.over"), spec, over);
        }
    }
    if !fit.measurements.is_empty() && fit.measurements.iter().all(|measurement| !measurement.used) {
        diagnostics.add("fit.measurements", "every one has `use: false`: expected one that is used");
    }
}

/// The panel and the cell of a reading must be the spec's.
fn reading(diagnostics: &mut Diagnostics, path: &str, spec: &Spec, reading: &Reading) {
    let panels = spec.by_panel();
    let Some(panel) = panels.iter().find(|panel| panel.name() == reading.panel) else {
        let names: Vec<&str> = panels.iter().map(|panel| panel.name()).collect();
        let message = match (spec.panels.is_empty(), reading.panel.is_empty()) {
            (true, _) => format!("`{}`: the spec has no panels: expected no panel here", reading.panel),
            (_, true) => format!("no panel: expected one of {}", names.join(", ")),
            _ => format!("there is no panel `{}`{}", reading.panel, suggest::hint(&reading.panel, &names)),
        };
        return diagnostics.add(format!("{path}.panel"), message);
    };
    let target = matches!(panel.spec.goal, Goal::Target).then_some(TARGET);
    let names: Vec<&str> = panel.spec.cells.iter().map(|cell| &*cell.name).chain(target).collect();
    if !names.contains(&&*reading.cell) {
        let hint = suggest::hint(&reading.cell, &names);
        diagnostics.add(format!("{path}.cell"), format!("there is no cell `{}`{hint}", reading.cell));
    }
}

fn unique<'a>(
    diagnostics: &mut Diagnostics,
    path: &str,
    name: &str,
    before: impl Iterator<Item = &'a str>,
    list: &str,
) {
    let before: Vec<&str> = before.collect();
    let known: BTreeSet<&str> = before.iter().copied().collect();
    if known.contains(name) {
        let first = before.iter().position(|other| *other == name).expect("it is known");
        diagnostics.add(format!("{path}.name"), format!("`{name}` is the name of {list}[{first}] already"));
    }
}
