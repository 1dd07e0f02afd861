//! Sweeps in results: the values of the axes at a cell, and the plots over them.
//!
//! A sweep makes cells or panels of combinations of values. Results keep the values by axis, and the names before the sweep, so that
//! tables have a column per axis and plots a line per series. A plot names columns of the table; what is plotted is no part of a plan.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The place of a cell in the sweeps of its spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Swept {
    /// The name of its panel in the spec as written; empty where the sweep made the panel, or without panels.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub panel: String,
    /// The name of its cell in the spec as written, without what stands for values; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cell: String,
    /// The values of the axes, in the spec's order: those of the whole spec first.
    pub axes: Vec<AxisValue>,
}

/// The value of an axis at a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AxisValue {
    /// The axis' name: the end of the field's path, `threshold`.
    pub axis: String,
    /// The value as the spec has it.
    pub value: Value,
}

impl AxisValue {
    /// The name of its column in tables: `machines-per-site` is `machines_per_site`.
    pub fn column(&self) -> String {
        column(&self.axis)
    }

    /// The value, if it is a number.
    pub fn number(&self) -> Option<f64> {
        self.value.as_f64()
    }

    /// The value in tables: see [`value_text`]; `yes` for a form without settings, such as `{}` of the field `off`.
    pub fn text(&self) -> String {
        Some(value_text(&self.value)).filter(|text| !text.is_empty()).unwrap_or_else(|| "yes".into())
    }
}

/// The name of an axis or a column as tables write it.
pub fn column(name: &str) -> String {
    name.replace('-', "_")
}

/// A value in a few words: `0.01`, `ec2-all`, `off` for `{off: {}}`, `bounded staleness 2` for `{bounded: {staleness: 2}}`. Mappings of several
/// fields are their values; a path is the name of its file.
pub fn value_text(value: &Value) -> String {
    let joined = |texts: Vec<String>| texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    match value {
        Value::Null => "none".into(),
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        Value::String(text) => file_name(text).to_owned(),
        Value::Array(values) => values.iter().map(value_text).collect::<Vec<_>>().join("+"),
        Value::Object(fields) if fields.len() == 1 => {
            joined(fields.iter().flat_map(|(name, value)| [name.clone(), value_text(value)]).collect())
        }
        Value::Object(fields) => joined(fields.values().map(value_text).collect()),
    }
}

/// `three-cities` of `networks/three-cities.yaml`; other texts as they are.
fn file_name(text: &str) -> &str {
    let Some(path) = [".yaml", ".yml", ".csv"].iter().find_map(|ending| text.strip_suffix(ending)) else { return text };
    path.rsplit('/').next().unwrap_or(path)
}

/// A plot of columns of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plot {
    /// The title; empty: the names of the axes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The axis of a sweep, or the column, across.
    pub x: String,
    /// The column upwards.
    pub y: String,
    /// The axes or columns that lines and colours are by, in this order; axes that are named nowhere come after them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<String>,
    /// The axes with logarithmic spacing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<PlotAxis>,
    /// Lines, or points alone.
    pub form: PlotForm,
}

/// An axis of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlotAxis {
    /// The horizontal axis.
    X,
    /// The vertical axis.
    Y,
}

/// The marks of a plot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlotForm {
    /// A line with points per series, and a band from the least to the greatest value over seeds.
    #[default]
    Lines,
    /// A point per cell, and the line through those that no other cell beats in both columns.
    Scatter,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_read_in_a_few_words() {
        for (value, text) in [
            (json!(0.001), "0.001"),
            (json!(1.0), "1"),
            (json!(4), "4"),
            (json!(true), "true"),
            (json!(null), "none"),
            (json!("ec2-all"), "ec2-all"),
            (json!("1 Gbit/s"), "1 Gbit/s"),
            (json!("networks/three-cities.yaml"), "three-cities"),
            (json!([1, 2]), "1+2"),
            (json!({"off": {}}), "off"),
            (json!({"bounded": {"staleness": 2}}), "bounded staleness 2"),
            (json!({"inside": "dense", "between": "packed"}), "packed dense"),
        ] {
            let read = value_text(&value);
            let mut words: Vec<&str> = read.split(' ').collect();
            let mut expected: Vec<&str> = text.split(' ').collect();
            // The order of fields is that of serde_json's maps.
            if value.as_object().is_some_and(|fields| fields.len() > 1) {
                words.sort_unstable();
                expected.sort_unstable();
            }
            assert_eq!(words, expected, "{value}");
        }
    }

    #[test]
    fn an_axis_is_a_column() {
        let axis = AxisValue { axis: "machines-per-site".into(), value: json!(4) };
        assert_eq!(
            (axis.column().as_str(), axis.number(), axis.text().as_str()),
            ("machines_per_site", Some(4.0), "4")
        );
    }
}
