//! A fit as it will be computed: unknowns, fields and measurements of a spec, checked, with every number of the model that is needed.

use std::collections::BTreeSet;

use paper::figures::{Figure, claim_names};
use planning::plan::{Diagnostic, Diagnostics, Experiment, Registries};
use planning::spec::{Changes, Evaluate, Fit, FittedField, Measurement, Override, Reading, Source, Spec, known_unit};
use record::failure::Failure;
use record::suggest;
use thiserror::Error;

use crate::columns;

/// A cell that measurements need: panel and name.
pub(crate) type CellName = (String, String);

/// A spec that has no section `fit`.
#[derive(Debug, Error)]
#[error("{file}: found no section `fit`, expected one with unknowns, fields and measurements (docs/fit.md)")]
struct NoFit {
    file: String,
}

/// A value of the model that cannot be compared with the measured one.
#[derive(Debug, Error)]
#[error("the measurement `{name}` is {value} in the model, expected a finite number: is the column of `over` 0 there?")]
struct NotFinite {
    name: String,
    value: f64,
}

/// A spec with a fit, checked.
#[derive(Debug)]
pub(crate) struct Setup {
    /// The spec's text with the changes of the command line.
    pub(crate) source: Source,
    /// The absolute path of the spec's file. `None` means that it is built in.
    pub(crate) origin: Option<String>,
    /// The changes that are no text: seed, data.
    pub(crate) changes: Changes,
    /// The spec's section `fit`, checked.
    pub(crate) fit: Fit,
    /// The spec at the start values.
    pub(crate) experiment: Experiment,
    /// The figure whose table has the columns.
    pub(crate) figure: Figure,
    /// The numbers of the model that measurements are of, each once, sorted.
    pub(crate) readings: Vec<Reading>,
    /// Per measurement, the positions of its numbers in [`Setup::readings`].
    pub(crate) of: Vec<(usize, Option<usize>)>,
}

impl Setup {
    /// The fit of a spec.
    ///
    /// # Errors
    /// [`Failure::Input`] for a spec without a fit, and for everything that is wrong with it.
    pub(crate) fn new(name: &str, changes: &Changes) -> Result<Setup, Failure> {
        let mut source = Source::find(name).map_err(Failure::input)?;
        let spec = source.spec(changes).map_err(Failure::input)?;
        let origin = source.origin();
        let changed = source.with(&changes.set).map_err(|(_, cause)| Failure::input(cause))?;
        source = Source { text: changed.text, ..source };
        let changes = Changes { set: Vec::new(), ..changes.clone() };
        let Some(fit) = spec.fit.clone() else { return Err(Failure::input(NoFit { file: source.file })) };
        let (names, claims) = (Figure::names(), claim_names());
        let claims: Vec<&str> = claims.iter().map(String::as_str).collect();
        let mut wrong =
            match Experiment::resolve(&source, &spec, Registries { figures: &names, claims: &claims, columns: None }) {
                Ok(_) => Diagnostics { file: source.file.clone(), list: Vec::new() },
                Err(diagnostics) => diagnostics,
            };
        let figure = spec.figure.as_deref().map_or(Ok(Figure::ALL[0]), Figure::named);
        if let Ok(figure) = &figure {
            check_columns(&mut wrong, figure, &fit);
        }
        for (position, measurement) in fit.measurements.iter().enumerate() {
            // Machine kinds take these names into `fitted-to`.
            wrong.claims(&format!("fit.measurements[{position}].claims"), &measurement.claims, &claims);
        }
        if wrong.list.is_empty() {
            check_fields(&mut wrong, &source, &fit);
        }
        if !wrong.list.is_empty() {
            return Err(Failure::input(wrong));
        }
        let figure = figure.map_err(Failure::input)?;
        let all =
            fit.measurements.iter().flat_map(|measurement| std::iter::once(&measurement.of).chain(&measurement.over));
        let readings: Vec<Reading> = all.cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let place = |reading: &Reading| readings.binary_search(reading).expect("it is one of them");
        let of = fit.measurements.iter().map(|own| (place(&own.of), own.over.as_ref().map(place))).collect();
        let start: Vec<f64> = fit.unknowns.iter().map(|unknown| unknown.start()).collect();
        let experiment = resolved(&source, &changes, &fit, &field_values(&fit, &start))?;
        Ok(Setup { source, origin, changes, fit, experiment, figure, readings, of })
    }

    /// The cells that the measurements need, sorted.
    pub(crate) fn cells(&self) -> BTreeSet<CellName> {
        self.readings.iter().map(|reading| (reading.panel.clone(), reading.cell.clone())).collect()
    }

    /// The plans of the spec with these values of its fields.
    ///
    /// # Errors
    /// [`Failure::Input`] where the spec cannot have them.
    pub(crate) fn experiment(&self, fields: &[f64]) -> Result<Experiment, Failure> {
        resolved(&self.source, &self.changes, &self.fit, fields)
    }

    /// The values of the fields for values of the unknowns.
    pub(crate) fn fields(&self, unknowns: &[f64]) -> Vec<f64> {
        field_values(&self.fit, unknowns)
    }

    /// The numbers of the measurements, of the numbers of the model in the order of [`Setup::readings`].
    ///
    /// # Errors
    /// [`Failure::Run`] for one that is not finite: least squares end nowhere with it.
    pub(crate) fn predicted(&self, readings: &[f64]) -> Result<Vec<f64>, Failure> {
        let value = |(of, over): (usize, Option<usize>), measurement: &Measurement| {
            let value = readings[of] / over.map_or(1.0, |over| readings[over]);
            if (value / measurement.value).is_finite() {
                return Ok(value);
            }
            Err(Failure::run(NotFinite { name: measurement.name.clone(), value }))
        };
        self.of.iter().zip(&self.fit.measurements).map(|(of, measurement)| value(*of, measurement)).collect()
    }

    /// Whether the model is evaluated by a surface, and its number of values per field.
    pub(crate) fn surface_points(&self) -> Option<usize> {
        match &self.fit.evaluate {
            Evaluate::Surface(surface) => Some(surface.points),
            Evaluate::Runs(_) => None,
        }
    }
}

/// The values of all fields.
fn field_values(fit: &Fit, unknowns: &[f64]) -> Vec<f64> {
    let value = |name: &str| {
        let position = fit.unknowns.iter().position(|unknown| unknown.name == name);
        unknowns[position.expect("expressions are checked")]
    };
    fit.fields.iter().map(|field| field.to.value(value)).collect()
}

/// The text of a field's value: digits of a number, or a whole number of the smallest unit.
pub(crate) fn written(fit: &Fit, field: &FittedField, value: f64) -> String {
    let unit = planning::plan::unit(&field.to, &fit.unknowns).expect("units are checked");
    match known_unit(unit) {
        Some((smallest, factor)) => format!("{:.0} {smallest}", (value * factor).max(1.0)),
        // Nine digits: values that differ by rounding alone are one plan.
        None => format!("{value:.8e}"),
    }
}

fn overrides(fit: &Fit, fields: &[f64]) -> Vec<Override> {
    let set =
        |(field, value): (&FittedField, &f64)| Override { key: field.set.clone(), value: written(fit, field, *value) };
    fit.fields.iter().zip(fields).map(set).collect()
}

fn resolved(source: &Source, changes: &Changes, fit: &Fit, fields: &[f64]) -> Result<Experiment, Failure> {
    let mut overrides = overrides(fit, fields);
    // What is set for a whole spec comes before what is set for a cell, which copies the rest: the order of fields does not matter.
    overrides.sort_by_key(|change| change.key.matches('.').count());
    let changed = source.with(&overrides).map_err(|(_, cause)| Failure::input(cause))?;
    let spec: Spec = changed.spec(changes).map_err(Failure::input)?;
    let (names, claims) = (Figure::names(), claim_names());
    let claims: Vec<&str> = claims.iter().map(String::as_str).collect();
    Experiment::resolve(&changed, &spec, Registries { figures: &names, claims: &claims, columns: None })
        .map_err(Failure::input)
}

/// The columns of all readings must be those of a cell.
fn check_columns(wrong: &mut Diagnostics, figure: &Figure, fit: &Fit) {
    let known = columns::known(figure);
    let names: Vec<&str> = known.own.iter().map(String::as_str).collect();
    for (position, measurement) in fit.measurements.iter().enumerate() {
        let sides = [("of", Some(&measurement.of)), ("over", measurement.over.as_ref())];
        for (side, reading) in sides.into_iter().filter_map(|(side, reading)| Some((side, reading?))) {
            let column = &reading.column;
            let message = if names.contains(&column.as_str()) {
                continue;
            } else if known.relative.contains(column) {
                format!(
                    "`{column}` depends on another cell: expected a column of the cell itself, such as `seconds_per_clock`, with `over`"
                )
            } else {
                format!(
                    "the table of the figure `{}` has no number `{column}`{}",
                    figure.name,
                    suggest::hint(column, &names)
                )
            };
            wrong.list.push(Diagnostic { path: format!("fit.measurements[{position}].{side}.column"), message });
        }
    }
}

/// Every field must take its value at the start, alone and with the others.
fn check_fields(wrong: &mut Diagnostics, source: &Source, fit: &Fit) {
    let start: Vec<f64> = fit.unknowns.iter().map(|unknown| unknown.start()).collect();
    let all = overrides(fit, &field_values(fit, &start));
    for (position, change) in all.into_iter().enumerate() {
        let changed = source.with(std::slice::from_ref(&change));
        let message = match &changed {
            Err((_, cause)) => cause.to_string(),
            Ok(changed) => match changed.spec(&Changes::default()) {
                Err(planning::spec::SourceError::Form(error)) => error.message,
                Err(error) => error.to_string(),
                Ok(_) => continue,
            },
        };
        let message = format!("`{}` = {}: {message}", change.key, change.value);
        wrong.list.push(Diagnostic { path: format!("fit.fields[{position}]"), message });
    }
}
