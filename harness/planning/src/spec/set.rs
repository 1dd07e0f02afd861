//! `--set key=value`: changes to the raw YAML of a spec, before it is typed.
//!
//! A key is a path with dots: `workload.mf.rank`, `cells.Gaia.system.gaia.significance.threshold`, `cells.0.profile`.
//! Cells and panels go by name or number (from 0). Fields on the way that the spec leaves out are made; what a panel shares
//! with the spec becomes its own (`panels.MF.cells.Gaia.encoding`). Where a field holds one of several forms
//! (`system: { gaia: ... }`), naming another form replaces the one that is there.

use gaia_core::sync::config::Encodings;
use serde_yaml::{Mapping, Value};
use thiserror::Error;

use super::whole::{Panel, Spec};
use record::form;
use record::suggest;

/// The field that holds a spec's panels.
const PANELS: &str = "panels";

/// Fields that hold exactly one of several forms.
const CHOICES: [&str; 11] = [
    "workload",
    "data",
    "split",
    "similitude",
    "system",
    "inside",
    "selective-barrier",
    "mirror-clock",
    "overlay",
    "goal",
    "launcher",
];

/// The field that holds one word for both its legs, or a mapping of them.
const ENCODING: &str = "encoding";
const LEGS: [&str; 2] = ["inside", "between"];

/// One `--set`, as given.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The path of the field, left of `=`.
    pub key: String,
    /// The value in YAML, right of `=`.
    pub value: String,
}

/// A `--set` that cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("--set {key}={value}: {message}")]
pub struct SetError {
    /// The path as given.
    pub key: String,
    /// The value as given.
    pub value: String,
    /// The problem, with the expected form.
    pub message: String,
}

impl std::str::FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => Ok(Setting { key: key.trim().into(), value: value.into() }),
            _ => Err("expected key=value, such as workload.mf.rank=64".into()),
        }
    }
}

impl Setting {
    /// `text` with this change, as YAML text, and checked to be a spec still.
    pub(super) fn apply(&self, text: &str) -> Result<String, SetError> {
        let fail = |message: String| SetError { key: self.key.clone(), value: self.value.clone(), message };
        let mut root: Value = serde_yaml::from_str(text).expect("the spec's form has been checked");
        let value: Value =
            serde_yaml::from_str(&self.value).map_err(|error| fail(format!("the value is not YAML: {error}")))?;
        let steps = self.steps();
        own_for_panel(&mut root, &steps);
        not_hidden(&root, &steps[0]).map_err(&fail)?;
        put(&mut root, &steps, value).map_err(&fail)?;
        let changed = form::to_text(&root);
        form::parse::<Spec>("", &changed).map_err(|error| fail(error.message))?;
        Ok(changed)
    }

    /// `a.b[1].c` and `a.b.1.c` alike.
    fn steps(&self) -> Vec<String> {
        self.key.replace('[', ".").replace(']', "").split('.').map(str::to_string).collect()
    }
}

/// Copies a field that the panel shares with the spec, and that `steps` lead into, to the panel.
fn own_for_panel(root: &mut Value, steps: &[String]) {
    let [panels, name, field, _, ..] = steps else { return };
    let shared = root.get(field).cloned().filter(|_| panels == PANELS && Panel::FIELDS.contains(&field.as_str()));
    let panel = root.get_mut(PANELS).and_then(Value::as_sequence_mut);
    let panel = panel.and_then(|list| element(list, PANELS, name).ok()).and_then(Value::as_mapping_mut);
    if let Some((panel, shared)) = panel.zip(shared) {
        panel.entry(field.as_str().into()).or_insert(shared);
    }
}

/// A field that every panel sets for itself cannot be changed for all at once.
fn not_hidden(root: &Value, field: &str) -> Result<(), String> {
    let panels = root.get(PANELS).and_then(Value::as_sequence).map_or(&[][..], Vec::as_slice);
    let names: Vec<&str> = panels
        .iter()
        .filter(|panel| panel.get(field).is_some())
        .filter_map(|panel| panel.get("name")?.as_str())
        .collect();
    if panels.is_empty() || names.len() < panels.len() {
        return Ok(());
    }
    Err(format!(
        "every panel sets `{field}` itself: expected `panels.NAME.{field}`; NAME is one of {}",
        names.join(", ")
    ))
}

fn put(root: &mut Value, steps: &[String], value: Value) -> Result<(), String> {
    let of_spec = root.get(ENCODING).filter(|encoding| !encoding.is_null()).cloned();
    let mut here = root;
    for (depth, step) in steps.iter().enumerate() {
        let path = steps[..depth].join(".");
        here = match here {
            Value::Sequence(list) => element(list, &path, step)?,
            Value::Mapping(map) => entry(map, steps[..depth].last().map(String::as_str), step),
            Value::Null if is_encoding(&steps[..depth]) => {
                *here = by_leg(of_spec.clone().unwrap_or_else(default_encoding));
                here.as_mapping_mut().expect("just made").entry(step.as_str().into()).or_insert(Value::Null)
            }
            Value::Null => {
                *here = Value::Mapping(Mapping::new());
                here.as_mapping_mut().expect("just made").entry(step.as_str().into()).or_insert(Value::Null)
            }
            Value::String(_) if is_choice(&steps[..depth]) => {
                *here = Value::Mapping(Mapping::new());
                here.as_mapping_mut().expect("just made").entry(step.as_str().into()).or_insert(Value::Null)
            }
            Value::String(_) if is_encoding(&steps[..depth]) => {
                *here = by_leg(std::mem::take(here));
                here.as_mapping_mut().expect("just made").entry(step.as_str().into()).or_insert(Value::Null)
            }
            scalar => {
                return Err(format!("`{path}` is `{}`, which has no field `{step}`", form::to_text(scalar).trim()));
            }
        };
    }
    *here = value;
    Ok(())
}

fn is_encoding(path: &[String]) -> bool {
    path.last().is_some_and(|field| field == ENCODING)
}

/// An encoding with a field for each leg, so that one can be changed alone.
fn by_leg(encoding: Value) -> Value {
    match encoding {
        word @ Value::String(_) => Value::Mapping(LEGS.map(|leg| (leg.into(), word.clone())).into_iter().collect()),
        both => both,
    }
}

fn default_encoding() -> Value {
    serde_yaml::to_value(Encodings::default()).expect("an encoding is plain data")
}

fn is_choice(path: &[String]) -> bool {
    path.last().is_some_and(|field| CHOICES.contains(&field.as_str()))
}

fn entry<'a>(map: &'a mut Mapping, field: Option<&str>, step: &str) -> &'a mut Value {
    if field.is_some_and(|field| CHOICES.contains(&field)) && !map.contains_key(step) {
        map.clear();
    }
    map.entry(step.into()).or_insert(Value::Null)
}

fn element<'a>(list: &'a mut [Value], path: &str, step: &str) -> Result<&'a mut Value, String> {
    let names: Vec<Option<String>> =
        list.iter().map(|value| value.get("name").and_then(Value::as_str).map(str::to_string)).collect();
    let by_name = names.iter().position(|name| name.as_deref() == Some(step));
    let number = by_name.or_else(|| step.parse().ok().filter(|number| *number < list.len()));
    number.map(|number| &mut list[number]).ok_or_else(|| {
        let known: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
        format!("`{path}` has no entry `{step}`{}, {}", suggest::hint(step, &known), numbered(names.len()))
    })
}

fn numbered(entries: usize) -> String {
    match entries {
        0 => "it is empty".into(),
        1 => "its only number is 0".into(),
        _ => format!("numbers go from 0 to {}", entries - 1),
    }
}
