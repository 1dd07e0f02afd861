//! The files of a fit: `fit.json`, `residuals.csv`, `profiles.csv`, `figure.svg`, `figure.png`, `report.html`.

use std::path::Path;

use csv::Writer;
use paper::figures::render;
use record::failure::Failure;
use record::results::{atomic, folders};

use crate::result::FitResult;
use crate::{figure, page};

/// Writes all files, `fit.json` last.
///
/// # Errors
/// [`Failure::Run`] when the folder cannot be written.
pub(crate) fn write(folder: &Path, result: &FitResult) -> Result<(), Failure> {
    let mut json = serde_json::to_vec_pretty(result).expect("text keys and finite numbers");
    json.push(b'\n');
    let canvas = figure::draw(result);
    let files = [
        ("residuals.csv", residuals(result)),
        ("profiles.csv", profiles(result)),
        ("figure.svg", render::svg(&canvas).map_err(Failure::run)?.into_bytes()),
        ("figure.png", render::png(&canvas).map_err(Failure::run)?),
        ("report.html", page::html(result).into_bytes()),
        (folders::FIT, json),
    ];
    for (name, bytes) in files {
        atomic::write(&folder.join(name), &bytes).map_err(Failure::run)?;
    }
    Ok(())
}

/// A line of names, then the rows.
fn table(names: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let in_memory = "memory takes any number of bytes, and every line has one field per column";
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(names).expect(in_memory);
    rows.for_each(|row| writer.write_record(&row).expect(in_memory));
    writer.into_inner().expect(in_memory)
}

/// The fewest digits that read back as the same number.
fn digits(number: f64) -> String {
    zmij::Buffer::new().format(number).to_owned()
}

fn residuals(result: &FitResult) -> Vec<u8> {
    let names = [
        "name",
        "group",
        "used",
        "measured",
        "relative_error",
        "model",
        "ratio",
        "sigmas",
        "within_low",
        "within_high",
        "holds",
        "claims",
    ];
    let optional = |number: Option<f64>| number.map_or_else(String::new, digits);
    let row = |own: &crate::result::Residual| {
        vec![
            own.name.clone(),
            own.group.clone().unwrap_or_default(),
            own.used.to_string(),
            digits(own.measured),
            digits(own.relative_error),
            digits(own.model),
            digits(own.ratio),
            optional(own.sigmas),
            optional(own.within.map(|[low, _]| low)),
            optional(own.within.map(|[_, high]| high)),
            own.holds.map_or_else(String::new, |holds| holds.to_string()),
            own.claims.join(" "),
        ]
    };
    table(&names, result.residuals.iter().map(row))
}

fn profiles(result: &FitResult) -> Vec<u8> {
    let others = result.unknowns.iter().map(|unknown| unknown.name.as_str());
    let names: Vec<&str> = ["unknown", "value", "chi2"].into_iter().chain(others).collect();
    let rows = result.unknowns.iter().flat_map(|unknown| {
        unknown.profile.iter().map(|point| {
            let values = [point.value, point.chi2].into_iter().chain(point.unknowns.iter().copied()).map(digits);
            std::iter::once(unknown.name.clone()).chain(values).collect()
        })
    });
    table(&names, rows)
}
