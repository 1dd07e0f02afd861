//! `--set key=value`: changes to the raw YAML of a spec, before it is typed.
//!
//! A key is a path with dots: `workload.mf.rank`, `cells.Gaia.system.gaia.significance.threshold`, `cells.0.profile`.
//! Cells and panels go by name or number (from 0). Fields on the way that the spec leaves out are made; what a panel shares
//! with the spec becomes its own (`panels.MF.cells.Gaia.encoding`). Where a field holds one of several forms
//! (`system: { gaia: ... }`), naming another form replaces the one that is there.

use gaia_core::sync::config::Encodings;
use serde_yaml::{Mapping, Value};
use thiserror::Error;

use super::whole::{PanelFields, Spec};
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
pub struct Override {
    /// The path of the field, left of `=`.
    pub key: String,
    /// The value in YAML, right of `=`.
    pub value: String,
}

/// A `--set` that cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("--set {key}={value}: {cause}")]
pub struct SetError {
    /// The path as given.
    pub key: String,
    /// The value as given.
    pub value: String,
    /// The reason why it cannot be applied, with the expected form.
    pub cause: Box<SetCause>,
}

/// The reasons why a `--set` cannot be applied to a spec.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SetCause {
    /// The value is no YAML.
    #[error("the value is not YAML: {0}")]
    NotYaml(String),
    /// A field of the spec that no panel takes from it.
    #[error("every panel sets `{field}` itself: expected `panels.NAME.{field}`; NAME is one of {}", panels.join(", "))]
    SetByPanels {
        /// The field that the path begins with.
        field: String,
        /// The names of all panels.
        panels: Vec<String>,
    },
    /// The path leads through a value without fields.
    #[error("`{path}` is `{value}`, which has no field `{field}`")]
    NoFields {
        /// The path of the value.
        path: String,
        /// The value, in YAML.
        value: String,
        /// The field that the path names in it.
        field: String,
    },
    /// The path names no entry of a list.
    #[error("`{path}` has no entry `{entry}`{hint}, {}", numbered(*entries))]
    NoEntry {
        /// The path of the list.
        path: String,
        /// The name or number as given.
        entry: String,
        /// The nearest name, and all of them.
        hint: String,
        /// The length of the list.
        entries: usize,
    },
    /// The changed text is no spec; the error of reading it.
    #[error("{0}")]
    Form(String),
}

/// A `--set` without a path and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected key=value, such as workload.mf.rank=64")]
pub struct NotAnOverride;

impl std::str::FromStr for Override {
    type Err = NotAnOverride;

    fn from_str(text: &str) -> Result<Self, NotAnOverride> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Override { key: key.trim().into(), value: value.into() })
            }
            _ => Err(NotAnOverride),
        }
    }
}

impl Override {
    /// `text` with this change, as YAML text, and checked to be a spec still.
    pub(super) fn apply(&self, text: &str) -> Result<String, SetError> {
        let fail = |cause: SetCause| {
            let cause = Box::new(cause);
            SetError { key: self.key.clone(), value: self.value.clone(), cause }
        };
        let mut root: Value = serde_yaml::from_str(text).expect("the spec's form has been checked");
        let value: Value =
            serde_yaml::from_str(&self.value).map_err(|error| fail(SetCause::NotYaml(error.to_string())))?;
        let steps = self.steps();
        own_for_panel(&mut root, &steps);
        not_hidden(&root, &steps[0]).map_err(&fail)?;
        put(&mut root, &steps, value).map_err(&fail)?;
        let changed = form::to_text(&root);
        form::parse::<Spec>("", &changed).map_err(|error| fail(SetCause::Form(error.message)))?;
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
    let shared = root.get(field).cloned().filter(|_| panels == PANELS && PanelFields::FIELDS.contains(&field.as_str()));
    let panel = root.get_mut(PANELS).and_then(Value::as_sequence_mut);
    let panel = panel.and_then(|list| element(list, PANELS, name).ok()).and_then(Value::as_mapping_mut);
    if let Some((panel, shared)) = panel.zip(shared) {
        panel.entry(field.as_str().into()).or_insert(shared);
    }
}

/// A field that every panel sets for itself cannot be changed for all at once.
fn not_hidden(root: &Value, field: &str) -> Result<(), SetCause> {
    let panels = root.get(PANELS).and_then(Value::as_sequence).map_or(&[][..], Vec::as_slice);
    let names: Vec<String> = panels
        .iter()
        .filter(|panel| panel.get(field).is_some())
        .filter_map(|panel| panel.get("name")?.as_str().map(str::to_owned))
        .collect();
    if panels.is_empty() || names.len() < panels.len() {
        return Ok(());
    }
    Err(SetCause::SetByPanels { field: field.to_owned(), panels: names })
}

fn put(root: &mut Value, steps: &[String], value: Value) -> Result<(), SetCause> {
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
                let value = form::to_text(scalar).trim().to_owned();
                return Err(SetCause::NoFields { path, value, field: step.clone() });
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
pub(super) fn by_leg(encoding: Value) -> Value {
    match encoding {
        word @ Value::String(_) => Value::Mapping(LEGS.map(|leg| (leg.into(), word.clone())).into_iter().collect()),
        both => both,
    }
}

/// The encoding of specs that set none.
pub(super) fn default_encoding() -> Value {
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

fn element<'a>(list: &'a mut [Value], path: &str, step: &str) -> Result<&'a mut Value, SetCause> {
    let names: Vec<Option<String>> =
        list.iter().map(|value| value.get("name").and_then(Value::as_str).map(str::to_string)).collect();
    let by_name = names.iter().position(|name| name.as_deref() == Some(step));
    let number = by_name.or_else(|| step.parse().ok().filter(|number| *number < list.len()));
    number.map(|number| &mut list[number]).ok_or_else(|| {
        let known: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
        let hint = suggest::hint(step, &known);
        SetCause::NoEntry { path: path.to_owned(), entry: step.to_owned(), hint, entries: names.len() }
    })
}

/// The numbers that name the entries of a list of this length.
fn numbered(entries: usize) -> String {
    match entries {
        0 => "it is empty".into(),
        1 => "its only number is 0".into(),
        _ => format!("numbers go from 0 to {}", entries - 1),
    }
}
