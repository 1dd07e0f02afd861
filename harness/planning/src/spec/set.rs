//! `--set key=value`: changes to the raw YAML of a spec, before it is typed.
//!
//! A key is a path with dots: `workload.mf.rank`, `cells.Gaia.system.gaia.significance.threshold`, `cells.0.profile`.
//! Cells and panels go by name or number (from 0). Fields on the way that the spec leaves out are made; what a panel shares
//! with the spec becomes its own (`panels.MF.cells.Gaia.encoding`). Where a field holds one of several forms
//! (`system: { gaia: ... }`), naming another form replaces the one that is there. A field of `machines` makes a kind with the fields of the
//! one that was named there, or that the cell has from its panel or spec.

use gaia_core::sync::config::Encodings;
use serde_yaml::{Mapping, Value};
use thiserror::Error;

use super::parts::Machines;
use super::whole::{PanelFields, Spec};
use record::form;
use record::suggest;

use crate::machines;

/// The field that holds a spec's panels.
const PANELS: &str = "panels";

/// Fields that hold exactly one of several forms.
const CHOICES: [&str; 12] = [
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
    "evaluate",
];

/// The field that holds a machine kind, or the name of one.
const MACHINES: &str = "machines";

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
    /// A path of an axis that leads to a cell or a panel as a whole, or to a field of a panel.
    #[error("expected a field of the whole spec, or cells.NAME.FIELD, or panels.NAME.cells.NAME.FIELD")]
    NoAxis,
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
        let mut root = root_of(text);
        self.put(&mut root).map_err(&fail)?;
        let changed = form::to_text(&root);
        form::parse::<Spec>("", &changed).map_err(|error| fail(SetCause::Form(error.message)))?;
        Ok(changed)
    }

    /// Changes the spec in YAML, whose form after that is still to be checked.
    fn put(&self, root: &mut Value) -> Result<(), SetCause> {
        let value: Value = serde_yaml::from_str(&self.value).map_err(|error| SetCause::NotYaml(error.to_string()))?;
        let steps = self.steps();
        own_for_panel(root, &steps);
        not_hidden(root, &steps[0])?;
        put(root, &steps, value)
    }

    /// `a.b[1].c` and `a.b.1.c` alike.
    pub(super) fn steps(&self) -> Vec<String> {
        self.key.replace('[', ".").replace(']', "").split('.').map(str::to_string).collect()
    }
}

pub(super) fn root_of(text: &str) -> Value {
    serde_yaml::from_str(text).expect("the spec's form has been checked")
}

/// `text` with all `changes`, in their order, as YAML text whose form is checked once, when it is read.
///
/// # Errors
/// The number of the first change that cannot be applied, and its cause.
pub(super) fn apply_all(text: &str, changes: &[Override]) -> Result<String, (usize, SetCause)> {
    let mut root = root_of(text);
    for (number, change) in changes.iter().enumerate() {
        change.put(&mut root).map_err(|cause| (number, cause))?;
    }
    Ok(form::to_text(&root))
}

/// Copies a field that the panel shares with the spec, and that `steps` lead into, to the panel.
pub(super) fn own_for_panel(root: &mut Value, steps: &[String]) {
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

/// The cell, of the spec or of a panel, that `steps` lead to; cells that a panel shares with the spec become its own.
pub(super) fn entry_at<'a>(root: &'a mut Value, steps: &[String]) -> Result<&'a mut Value, SetCause> {
    own_for_panel(root, steps);
    not_hidden(root, &steps[0])?;
    let mut here = root;
    for (depth, pair) in steps.chunks(2).enumerate() {
        let [field, name] = pair else { break };
        let mut path = steps[..depth * 2].join(".");
        path.push_str(if path.is_empty() { "" } else { "." });
        let list = here.get_mut(field.as_str()).and_then(Value::as_sequence_mut);
        here = element(list.map_or(&mut [], Vec::as_mut_slice), &format!("{path}{field}"), name)?;
    }
    Ok(here)
}

/// Sets the value at the end of the path, without checking the form of what it makes.
pub(super) fn put(root: &mut Value, steps: &[String], value: Value) -> Result<(), SetCause> {
    let of_spec = root.get(ENCODING).filter(|encoding| !encoding.is_null()).cloned();
    let through_machines = steps.iter().any(|step| step == MACHINES);
    let kind = if through_machines { kind_above(root, steps) } else { Value::Null };
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
            Value::Null if is_machines(&steps[..depth]) && kind.is_mapping() => {
                *here = kind.clone();
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
            Value::String(name) if is_machines(&steps[..depth]) && machines::text(name).is_some() => {
                *here = with_fields(std::mem::take(here));
                here.as_mapping_mut().expect("a kind has fields").entry(step.as_str().into()).or_insert(Value::Null)
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

/// The machine kind of a cell that has none of its own: its panel's, else the spec's; with its fields where it is built in.
fn kind_above(root: &Value, steps: &[String]) -> Value {
    let panels = root.get(PANELS).and_then(Value::as_sequence).filter(|_| steps[0] == PANELS);
    let is_named = |panel: &&Value| panel.get("name").and_then(Value::as_str) == steps.get(1).map(String::as_str);
    let of_panel = panels.and_then(|panels| panels.iter().find(is_named)).and_then(|panel| panel.get(MACHINES));
    let written = of_panel.or(root.get(MACHINES)).filter(|kind| !kind.is_null()).cloned();
    with_fields(written.unwrap_or_else(|| match Machines::default() {
        Machines::Named(name) => name.into(),
        Machines::Inline(_) => Value::Null,
    }))
}

/// A built-in machine kind by its fields in place of its name.
fn with_fields(kind: Value) -> Value {
    match kind.as_str().and_then(machines::text) {
        Some(text) => root_of(text),
        None => kind,
    }
}

fn is_machines(path: &[String]) -> bool {
    path.last().is_some_and(|field| field == MACHINES)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The machine kind at a path after `--set`, as text.
    fn rates(text: &str, key: &str, at: &[&str]) -> String {
        let change: Override = format!("{key}=7e6").parse().unwrap();
        let root = root_of(&change.apply(text).unwrap_or_else(|error| panic!("{error}")));
        let kind = at.iter().fold(&root, |here, step| match step.parse::<usize>() {
            Ok(number) => here.get(number).unwrap(),
            Err(_) => here.get(*step).unwrap(),
        });
        format!("{} {}", kind["name"].as_str().unwrap(), kind["mf"]["updates-per-second"].as_f64().unwrap())
    }

    #[test]
    fn a_field_of_machines_makes_a_kind_with_the_fields_of_the_named_one() {
        let key = "machines.mf.updates-per-second";
        assert_eq!(rates("machines: c4-4xlarge", key, &["machines"]), "c4-4xlarge 7000000");
        assert_eq!(rates("title: none", key, &["machines"]), "e5-2698 7000000");
        let cell = "cells: [{ name: LAN }]";
        let of_cell = ["cells", "0", "machines"];
        assert_eq!(rates(cell, &format!("cells.LAN.{key}"), &of_cell), "e5-2698 7000000");
        let with_spec = format!("machines: c4-4xlarge\n{cell}");
        assert_eq!(rates(&with_spec, &format!("cells.LAN.{key}"), &of_cell), "c4-4xlarge 7000000");
        let panels = format!("{with_spec}\npanels: [{{ name: MF, machines: emulation-ec2 }}, {{ name: TM }}]");
        let of_panel = ["panels", "0", "cells", "0", "machines"];
        assert_eq!(rates(&panels, &format!("panels.MF.cells.LAN.{key}"), &of_panel), "emulation-ec2 7000000");
        assert_eq!(rates(&panels, &format!("panels.TM.{key}"), &["panels", "1", "machines"]), "c4-4xlarge 7000000");
    }

    #[test]
    fn a_machine_kind_in_a_file_has_no_fields_here() {
        let change: Override = "machines.mf.rank=7".parse().unwrap();
        let error = change.apply("machines: mine.yaml").unwrap_err().to_string();
        assert!(error.contains("`machines` is `mine.yaml`, which has no field `mf`"), "{error}");
    }
}
