//! The settings of a variant in the YAML of a spec.
//!
//! Settings for one profile may differ between panels that share the spec's cells. Such panels get cells of their own; all others keep
//! what they share, so that `--set` finds the fields of the spec where they are written.

use std::path::Path;

use serde::Serialize;
use serde_yaml::{Mapping, Value};

use super::form::{Form, OnProfile};
use super::yaml::{CELLS, ENCODING, MACHINES, PANELS, PROFILE, SYSTEM, TITLE, list, list_mut, name_of, text};
use crate::spec::parts::Machines;
use crate::spec::set::{by_leg, default_encoding};

/// The systems that a variant has settings for.
pub(super) const GAIA: &str = "gaia";
pub(super) const GAIA_ASYNC: &str = "gaia-async";
/// The setting whose fields are set one by one.
const SIGNIFICANCE: &str = "significance";

/// `spec` with the settings of the variant of this name, in `folder`.
pub(super) fn apply(spec: &mut Value, form: &Form, name: &str, folder: &Path) {
    leave_out(spec, form);
    machines(spec, form, folder);
    encoding(spec, &mapping(&form.encoding));
    let changes = Changes::of_all(form);
    for_each_part(spec, &mut |part| part.get_mut(SYSTEM).into_iter().for_each(|system| changes.make(system)));
    on_profiles(spec, form);
    let Some(fields) = spec.as_mapping_mut() else { return };
    // They are of the spec as it is: other settings fail in other claims.
    fields.remove("expected");
    if let Some(seeds) = &form.seeds {
        fields.insert("seeds".into(), seeds.iter().copied().map(Value::from).collect());
    }
    let title = fields.get(TITLE).and_then(Value::as_str).unwrap_or_default();
    let title = format!("{title} (variant {name})").trim_start().to_owned();
    fields.insert(TITLE.into(), title.into());
}

/// The lists of a spec that the variant leaves nothing in: the field of the variant, and the place.
pub(super) fn left_empty(spec: &Value, form: &Form) -> Vec<(&'static str, String)> {
    let is_empty = |part: &Value, field: &str| part.get(field).and_then(Value::as_sequence).is_some_and(Vec::is_empty);
    let mut empty = Vec::new();
    if !form.panels_left_out.is_empty() && is_empty(spec, PANELS) {
        empty.push(("panels-left-out", "no panel is left".to_owned()));
    }
    if form.cells_left_out.is_empty() {
        return empty;
    }
    let panels = list(spec, PANELS);
    if is_empty(spec, CELLS) && (panels.is_empty() || panels.iter().any(|panel| panel.get(CELLS).is_none())) {
        empty.push(("cells-left-out", "no cell is left".to_owned()));
    }
    let panels = panels.iter().filter(|panel| is_empty(panel, CELLS));
    empty.extend(panels.map(|panel| ("cells-left-out", format!("no cell of the panel `{}` is left", name_of(panel)))));
    empty
}

/// Calls `change` with the spec, its panels and all cells.
fn for_each_part(spec: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    list_mut(spec, CELLS).iter_mut().for_each(&mut *change);
    for panel in list_mut(spec, PANELS) {
        list_mut(panel, CELLS).iter_mut().for_each(&mut *change);
        change(panel);
    }
    change(spec);
}

fn leave_out(spec: &mut Value, form: &Form) {
    let remove = |part: &mut Value, field: &str, names: &[String]| {
        if let Some(list) = part.get_mut(field).and_then(Value::as_sequence_mut) {
            list.retain(|entry| !names.iter().any(|name| name == name_of(entry)));
        }
    };
    remove(spec, PANELS, &form.panels_left_out);
    remove(spec, CELLS, &form.cells_left_out);
    list_mut(spec, PANELS).iter_mut().for_each(|panel| remove(panel, CELLS, &form.cells_left_out));
}

/// Kinds written in a spec itself have no name that could be replaced.
fn machines(spec: &mut Value, form: &Form, folder: &Path) {
    let replaced = |kind: &str| form.machines.get(kind).map(|kind| Value::from(from_folder(kind, folder)));
    for_each_part(spec, &mut |part| {
        if let Some(kind) = text(part, MACHINES).and_then(replaced) {
            part[MACHINES] = kind;
        }
    });
    if let (None, Machines::Named(kind)) = (spec.get(MACHINES), Machines::default())
        && let Some(kind) = replaced(&kind)
    {
        spec[MACHINES] = kind;
    }
}

/// A machine kind as specs in any folder may name it: a path from the variant's folder is made absolute.
fn from_folder(name: &str, folder: &Path) -> String {
    if !crate::machines::is_path(name) {
        return name.into();
    }
    let path = folder.join(name);
    std::path::absolute(&path).unwrap_or(path).display().to_string()
}

fn encoding(spec: &mut Value, legs: &Mapping) {
    if legs.is_empty() {
        return;
    }
    let change = |encoding: &mut Value| {
        let mut both = by_leg(std::mem::take(encoding));
        both.as_mapping_mut().into_iter().for_each(|both| both.extend(legs.clone()));
        *encoding = both;
    };
    for panel in list_mut(spec, PANELS) {
        panel.get_mut(ENCODING).filter(|own| !own.is_null()).into_iter().for_each(change);
    }
    if spec.get(ENCODING).is_none_or(Value::is_null) {
        spec[ENCODING] = default_encoding();
    }
    change(&mut spec[ENCODING]);
}

/// The settings of both systems, as YAML.
#[derive(PartialEq)]
pub(super) struct Changes {
    by_system: [(&'static str, Mapping); 2],
}

impl Changes {
    fn of(gaia: &impl Serialize, gaia_async: &impl Serialize) -> Self {
        Changes { by_system: [(GAIA, mapping(gaia)), (GAIA_ASYNC, mapping(gaia_async))] }
    }

    /// Those for cells that run on a profile.
    pub(super) fn on(profile: &OnProfile) -> Self {
        Changes::of(&profile.gaia, &profile.gaia_async)
    }

    /// Those for cells that run anywhere.
    pub(super) fn of_all(form: &Form) -> Self {
        Changes::of(&form.gaia, &form.gaia_async)
    }

    /// The names of the systems that are changed.
    pub(super) fn systems(&self) -> impl Iterator<Item = &'static str> {
        self.by_system.iter().filter(|(_, changes)| !changes.is_empty()).map(|(name, _)| *name)
    }

    fn make(&self, system: &mut Value) {
        for (name, changes) in &self.by_system {
            let Some(settings) = system.get_mut(*name).and_then(Value::as_mapping_mut) else { continue };
            for (field, value) in changes {
                let old = settings.get_mut(field).filter(|_| field.as_str() == Some(SIGNIFICANCE));
                match (old.and_then(Value::as_mapping_mut), value.as_mapping()) {
                    (Some(old), Some(new)) => old.extend(new.clone()),
                    _ => drop(settings.insert(field.clone(), value.clone())),
                }
            }
        }
    }
}

/// The changes of cells that run on the profiles with settings of their own.
fn on_profiles(spec: &mut Value, form: &Form) {
    if form.profiles.is_empty() {
        return;
    }
    let whole = spec.clone();
    if list(&whole, PANELS).is_empty() {
        if spec.get(CELLS).is_some() {
            spec[CELLS] = changed_cells(list(&whole, CELLS), &[&whole], form);
        }
        return;
    }
    let sharing: Vec<Value> = list(&whole, PANELS)
        .iter()
        .filter(|panel| panel.get(CELLS).is_none())
        .map(|panel| changed_cells(list(&whole, CELLS), &[panel, &whole], form))
        .collect();
    let is_one = sharing.windows(2).all(|pair| pair[0] == pair[1]);
    if let Some(cells) = sharing.first().filter(|_| is_one) {
        spec[CELLS] = cells.clone();
    }
    let mut sharing = sharing.into_iter();
    for (panel, old) in list_mut(spec, PANELS).iter_mut().zip(list(&whole, PANELS)) {
        if old.get(CELLS).is_some() {
            panel[CELLS] = changed_cells(list(old, CELLS), &[old, &whole], form);
        } else if let Some(cells) = sharing.next().filter(|_| !is_one) {
            panel[CELLS] = cells;
        }
    }
}

/// Cells within a panel and a spec, which have the fields that a cell leaves out. A cell whose system is changed has it as its own.
fn changed_cells(cells: &[Value], within: &[&Value], form: &Form) -> Value {
    let changed = |cell: &Value| {
        let mut cell = cell.clone();
        let profile = profile_of(&cell, within).and_then(|profile| form.profiles.get(profile));
        let Some((changes, old)) = profile.map(Changes::on).zip(system_of(&cell, within).cloned()) else { return cell };
        let mut system = old.clone();
        changes.make(&mut system);
        if system != old {
            cell[SYSTEM] = system;
        }
        cell
    };
    cells.iter().map(changed).collect()
}

/// The profile that a cell runs on.
pub(super) fn profile_of<'a>(cell: &'a Value, within: &[&'a Value]) -> Option<&'a str> {
    std::iter::once(cell).chain(within.iter().copied()).find_map(|part| text(part, PROFILE))
}

/// The training system of a cell.
pub(super) fn system_of<'a>(cell: &'a Value, within: &[&'a Value]) -> Option<&'a Value> {
    let mut parts = std::iter::once(cell).chain(within.iter().copied());
    parts.find_map(|part| part.get(SYSTEM).filter(|system| !system.is_null()))
}

/// Plain settings as YAML.
fn mapping(settings: &impl Serialize) -> Mapping {
    let value = serde_yaml::with::singleton_map_recursive::serialize(settings, serde_yaml::value::Serializer);
    let value = value.expect("settings are plain data");
    value.as_mapping().cloned().unwrap_or_default()
}
