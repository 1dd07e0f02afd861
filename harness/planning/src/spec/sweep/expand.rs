//! A spec with its sweeps written out as cells and panels.

use record::form;
use serde_yaml::Value;

use super::form::NAME;
use super::names::{self, Numbers};
use super::paths::{CELLS, PANELS, SWEEP, steps};
use super::{MAX_CELLS, OfPanel, Origin, Origins, SweepError, combine, panels};
use crate::spec::parts::Cell;
use crate::spec::set;
use crate::spec::source::SourceError;
use crate::spec::whole::{PanelFields, Spec};

/// Fields of a cell that hold one of several forms, and are the spec's where the cell has none.
const INHERITED: [&str; 2] = ["system", "launcher"];

/// `spec` of this text with its sweeps written out; as it is without any.
///
/// # Errors
/// [`SourceError::Sweep`] for a sweep that cannot be written out, and for values that its fields cannot have.
pub(in crate::spec) fn expanded(file: &str, spec: Spec, text: &str) -> Result<Spec, SourceError> {
    let own = spec.panels.iter().filter_map(|panel| panel.cells.as_ref());
    let is_swept = |cells: &Vec<Cell>| cells.iter().any(|cell| cell.sweep.is_some());
    if spec.sweep.is_none() && !std::iter::once(&spec.cells).chain(own).any(is_swept) {
        return Ok(spec);
    }
    let failed = |source| SourceError::Sweep { file: file.to_owned(), source };
    let root: Value = form::parse(file, text)?;
    let (root, origins) = written_out(&spec, root).map_err(failed)?;
    let mut made: Spec =
        form::parse(file, &form::to_text(&root)).map_err(|error| failed(of_form(&origins, error.message)))?;
    made.origins = origins;
    Ok(made)
}

/// An error of form in what a sweep made.
fn of_form(origins: &Origins, message: String) -> SweepError {
    match message.split_once(": ") {
        Some((path, rest)) if path.starts_with(CELLS) || path.starts_with(PANELS) => {
            let (path, remark) = origins.in_its_words(path);
            SweepError { path, message: format!("{rest}{remark}") }
        }
        _ => SweepError { path: SWEEP.into(), message },
    }
}

fn written_out(spec: &Spec, mut root: Value) -> Result<(Value, Origins), SweepError> {
    let made = panels::made(spec, &root)?;
    if let Some(fields) = root.as_mapping_mut() {
        fields.remove(SWEEP);
        if !made.is_empty() {
            fields.insert(PANELS.into(), made.iter().map(|panel| panel.fields.clone()).collect());
        }
    }
    let mut origins = Origins::default();
    let is_swept = spec.cells.iter().any(|cell| cell.sweep.is_some());
    for (number, panel) in made.into_iter().enumerate() {
        let whole = over(&root, &panel.fields);
        let base = panel.base.map(|number| &spec.panels[number]);
        let own = base.and_then(|base| base.cells.as_ref());
        let (cells, at) = match (own, panel.base) {
            (Some(own), Some(base)) => (own, format!("{PANELS}[{base}].{CELLS}")),
            _ => (&spec.cells, CELLS.to_owned()),
        };
        let (values, from) = cells_of(cells, &whole, &at)?;
        let has_own = panel.fields.get(CELLS).is_some();
        if has_own || cells.iter().any(|cell| cell.sweep.is_some()) {
            root[PANELS][number][CELLS] = Value::Sequence(values);
            origins.panels.push(OfPanel { panel: panel.origin, cells: Some(from) });
        } else {
            origins.panels.push(OfPanel { panel: panel.origin, cells: None });
        }
    }
    if origins.panels.is_empty() {
        let (values, from) = cells_of(&spec.cells, &root, CELLS)?;
        root[CELLS] = Value::Sequence(values);
        origins.cells = from;
    } else if is_swept {
        // Every panel has its own now.
        root.as_mapping_mut().and_then(|fields| fields.remove(CELLS));
    } else {
        origins.cells = spec.cells.iter().enumerate().map(|(number, cell)| as_written(CELLS, number, cell)).collect();
    }
    Ok((root, origins))
}

/// The spec with the fields of a panel in place of its own.
fn over(root: &Value, panel: &Value) -> Value {
    let mut whole = root.clone();
    for field in PanelFields::FIELDS {
        if let Some(own) = panel.get(field) {
            whole[*field] = own.clone();
        }
    }
    whole
}

fn as_written(at: &str, number: usize, cell: &Cell) -> Origin {
    Origin { path: format!("{at}[{number}]"), written: cell.name.clone(), ..Origin::default() }
}

/// The cells of `whole`, a spec or a panel of it, with their sweeps written out. `at`: the path of their list.
fn cells_of(cells: &[Cell], whole: &Value, at: &str) -> Result<(Vec<Value>, Vec<Origin>), SweepError> {
    let (mut values, mut origins) = (Vec::new(), Vec::new());
    let written = whole.get(CELLS).and_then(Value::as_sequence).map_or(&[][..], Vec::as_slice);
    for (number, (cell, value)) in cells.iter().zip(written).enumerate() {
        let Some(sweep) = &cell.sweep else {
            values.push(value.clone());
            origins.push(as_written(at, number, cell));
            continue;
        };
        let path = format!("{at}[{number}]");
        let failed = |message: String| SweepError { path: format!("{path}.{SWEEP}"), message };
        if sweep.name.is_some() {
            return Err(failed(format!("`{NAME}`: the name of the cell is the pattern: expected none here")));
        }
        let groups: Vec<_> = sweep.groups.iter().collect();
        let combinations = combine::count(&groups).unwrap_or(usize::MAX);
        if combinations.saturating_add(values.len()) > MAX_CELLS {
            let message = format!("{}: expected at most {MAX_CELLS} cells in a panel", combine::in_words(&groups));
            return Err(failed(message));
        }
        for combination in combine::all(&groups) {
            let named = combination.values(&sweep.keys()).map_err(failed)?;
            let name = names::of_combination(&cell.name, &named, Numbers::WhereSeveral)
                .map_err(|message| SweepError { path: format!("{path}.{NAME}"), message })?;
            if origins.iter().any(|other: &Origin| other.path == path && other.made.as_ref() == Some(&name)) {
                let message = format!(
                    "two combinations are named `{name}`: expected a pattern with every axis, {}",
                    names::places(&named)
                );
                return Err(SweepError { path: format!("{path}.{NAME}"), message });
            }
            let mut made = one_cell(whole, value, &name);
            for setting in combination.settings() {
                set_in_cell(&mut made, &setting.key, setting.value.clone()).map_err(failed)?;
            }
            values.push(std::mem::take(&mut made[CELLS][0]));
            origins.push(combine::made_by(path.clone(), &cell.name, name, named));
        }
    }
    Ok((values, origins))
}

/// `whole` with one cell, which has this name and no sweep.
fn one_cell(whole: &Value, cell: &Value, name: &str) -> Value {
    let (mut whole, mut cell) = (whole.clone(), cell.clone());
    let fields = cell.as_mapping_mut().expect("a cell has fields");
    fields.remove(SWEEP);
    fields.insert(NAME.into(), name.into());
    whole[CELLS] = Value::Sequence(vec![cell]);
    whole
}

/// Sets a field of the only cell.
fn set_in_cell(whole: &mut Value, key: &str, value: Value) -> Result<(), String> {
    let steps = steps(&[CELLS, "0"], key);
    let (field, is_inside) = (steps[2].clone(), steps.len() > 3);
    let shared = whole.get(&field).filter(|shared| !shared.is_null()).cloned();
    let cell = whole[CELLS][0].as_mapping_mut().expect("a cell has fields");
    if let Some(shared) = shared.filter(|_| is_inside && INHERITED.contains(&field.as_str())) {
        cell.entry(field.as_str().into()).or_insert(shared);
    }
    set::put(whole, &steps, value).map_err(|cause| format!("`{key}`: {cause}"))
}
