//! Plots of a spec: which column over which axis. No part of a plan.

use record::results::{Plot, PlotAxis, PlotForm};
use record::suggest;
use serde::Deserialize;
use serde_yaml::Value;

/// The plots that a spec asks for, of one mapping or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Plots {
    /// In the order in which they are drawn.
    pub list: Vec<Plot>,
}

const FIELDS: &[&str] = &["x", "y", "series", "log", "form", "title"];

impl TryFrom<Value> for Plots {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let list = Plots::list_of(value).map_err(|message| format!("plot: {message}"))?;
        Ok(Plots { list })
    }
}

impl Plots {
    fn list_of(value: Value) -> Result<Vec<Plot>, String> {
        match value {
            Value::Sequence(plots) if plots.is_empty() => Err("an empty list: expected at least one plot".to_owned()),
            Value::Sequence(plots) => {
                let numbered = |(number, plot)| plot_of(plot).map_err(|error| format!("entry {number}: {error}"));
                plots.into_iter().enumerate().map(numbered).collect()
            }
            plot => plot_of(plot).map(|plot| vec![plot]),
        }
    }
}

fn plot_of(value: Value) -> Result<Plot, String> {
    let Value::Mapping(fields) = value else {
        return Err("expected a mapping, such as `{ x: threshold, y: seconds_to_target }`".into());
    };
    let (mut x, mut y) = (None, None);
    let mut plot = Plot {
        title: String::new(),
        x: String::new(),
        y: String::new(),
        series: Vec::new(),
        log: Vec::new(),
        form: PlotForm::default(),
    };
    for (field, value) in fields {
        let field = field.as_str().unwrap_or_default();
        match field {
            "x" => x = Some(word(field, &value)?),
            "y" => y = Some(word(field, &value)?),
            "title" => plot.title = word(field, &value)?,
            "series" => plot.series = words(field, &value)?,
            "log" => plot.log = words(field, &value)?.iter().map(|name| axis(name)).collect::<Result<_, _>>()?,
            "form" => plot.form = form(&word(field, &value)?)?,
            _ => return Err(format!("unknown field `{field}`{}", suggest::hint(field, FIELDS))),
        }
    }
    let missing =
        |field: &str| format!("missing field `{field}`: expected the name of an axis of a sweep, or of a column");
    Ok(Plot { x: x.ok_or_else(|| missing("x"))?, y: y.ok_or_else(|| missing("y"))?, ..plot })
}

fn word(field: &str, value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("`{field}`: expected a name"))
}

/// A name, or a list of names.
fn words(field: &str, value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Sequence(values) => values.iter().map(|value| word(field, value)).collect(),
        value => Ok(vec![word(field, value)?]),
    }
}

fn axis(name: &str) -> Result<PlotAxis, String> {
    match name {
        "x" => Ok(PlotAxis::X),
        "y" => Ok(PlotAxis::Y),
        other => Err(format!("`log`: found `{other}`: expected `x`, `y` or `[x, y]`")),
    }
}

fn form(name: &str) -> Result<PlotForm, String> {
    match name {
        "lines" => Ok(PlotForm::Lines),
        "scatter" => Ok(PlotForm::Scatter),
        other => Err(format!("`form`: found `{other}`{}", suggest::hint(other, &["lines", "scatter"]))),
    }
}
