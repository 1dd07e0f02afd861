//! The panels that a sweep of the whole spec makes.
//!
//! An axis reaches a panel whose field it changes. One that replaces a field of its own (`profile`) leaves panels alone that set the field
//! themselves; one that leads into a form (`system.gaia...`, `workload.mf...`) leaves panels alone that have another form. A path into
//! `system` also changes the cells that have a system of that form themselves.

use record::suggest;
use serde_yaml::{Mapping, Value};

use super::form::{Group, NAME, Sweep};
use super::names::{self, Numbers};
use super::paths::{CELLS, PANELS, steps};
use super::{MAX_PANELS, Origin, SweepError, combine};
use crate::spec::set;
use crate::spec::whole::{PanelFields, Spec};

/// The field of the training system, which cells may have themselves.
const SYSTEM: &str = "system";
/// Fields that cells may set in place of the spec's.
const OF_CELLS: [&str; 7] = ["profile", "machines-per-site", "machines", "nic", "encoding", "launcher", SYSTEM];
/// Fields that hold one of several forms, apart from the system.
const FORMS: [&str; 6] = ["workload", "data", "split", "similitude", "goal", "launcher"];

/// A panel of the spec that is written out.
pub(super) struct Made {
    /// The number of the panel that it was. `None` means that the spec has no panels.
    pub(super) base: Option<usize>,
    /// Its fields in YAML.
    pub(super) fields: Value,
    pub(super) origin: Origin,
}

/// All panels, with a sweep of the whole spec written out; empty in a spec without both.
///
/// # Errors
/// [`SweepError`] of a sweep that no panel can have.
pub(super) fn made(spec: &Spec, root: &Value) -> Result<Vec<Made>, SweepError> {
    let as_written = |number: usize| Made {
        base: Some(number),
        fields: root[PANELS][number].clone(),
        origin: Origin {
            path: format!("{PANELS}[{number}]"),
            written: spec.panels[number].name.clone(),
            ..Origin::default()
        },
    };
    let bases = (0..spec.panels.len()).map(as_written);
    let Some(sweep) = &spec.sweep else { return Ok(bases.collect()) };
    let failed = |message: String| SweepError { path: "sweep".into(), message };
    if spec.whatif.is_some() {
        return Err(failed(
            "with `whatif` the panels are the network as it is given, slower and faster: expected none".into(),
        ));
    }
    for key in sweep.keys() {
        check_field(key).map_err(failed)?;
    }
    let bases: Vec<Made> = if spec.panels.is_empty() {
        vec![Made { base: None, fields: Value::Mapping(Mapping::new()), origin: Origin::default() }]
    } else {
        bases.collect()
    };
    let reached = |base: &Made| -> Vec<&Group> {
        let reaches = |group: &&Group| group.keys().iter().any(|key| Panel { spec, root, base }.is_reached(key));
        sweep.groups.iter().filter(reaches).collect()
    };
    for key in sweep.keys() {
        if !bases.iter().any(|base| Panel { spec, root, base }.is_reached(key)) {
            return Err(failed(nowhere(key, spec)));
        }
    }
    let counts = bases.iter().map(|base| combine::count(&reached(base)).unwrap_or(usize::MAX));
    if counts.fold(0, usize::saturating_add) > MAX_PANELS {
        let all: Vec<&Group> = sweep.groups.iter().collect();
        let message = combine::in_words(&all);
        return Err(failed(format!(
            "{message}: expected at most {MAX_PANELS} panels; a sweep of a cell may have more"
        )));
    }
    let mut made = Vec::new();
    for base in bases {
        let groups = reached(&base);
        if groups.is_empty() {
            made.push(base);
        } else {
            made.extend(combinations(spec, root, &base, sweep, &groups).map_err(failed)?);
        }
    }
    Ok(made)
}

fn check_field(key: &str) -> Result<(), String> {
    let field = key.split('.').next().unwrap_or_default();
    if field == CELLS || field == PANELS {
        let message = "expected a field of the whole spec; a cell has a `sweep` of its own";
        return Err(format!("`{key}`: {message}"));
    }
    if PanelFields::FIELDS.contains(&field) {
        return Ok(());
    }
    Err(format!("`{key}`: no field that panels may differ in{}", suggest::hint(field, PanelFields::FIELDS)))
}

/// Why an axis changes nothing.
fn nowhere(key: &str, spec: &Spec) -> String {
    let field = key.split('.').next().unwrap_or_default();
    if spec.panels.iter().any(|panel| panel.sets(field)) && field != SYSTEM {
        return format!(
            "`{key}`: every panel sets `{field}` itself, or in another form: the axis would change nothing"
        );
    }
    format!(
        "`{key}`: no cell has this field, or takes it from the spec: the axis would change nothing; a cell may have a `sweep` of its own"
    )
}

/// A panel that an axis may reach.
struct Panel<'a> {
    spec: &'a Spec,
    root: &'a Value,
    base: &'a Made,
}

impl Panel<'_> {
    /// Its own value of a field, else the spec's.
    fn value(&self, field: &str) -> Option<&Value> {
        self.base.fields.get(field).or_else(|| self.root.get(field)).filter(|value| !value.is_null())
    }

    fn cells(&self) -> &[Value] {
        self.value(CELLS).and_then(Value::as_sequence).map_or(&[], Vec::as_slice)
    }

    fn is_reached(&self, key: &str) -> bool {
        let steps = steps(&[], key);
        let field = steps[0].as_str();
        let takes_it = |cell: &Value| cell.get(field).is_none_or(Value::is_null);
        let some_cell = !OF_CELLS.contains(&field) || self.cells().iter().any(takes_it);
        let is_own = self.base.base.is_some_and(|number| self.spec.panels[number].sets(field));
        match steps.get(1) {
            None => !is_own && some_cell,
            Some(form) if field == SYSTEM => {
                let has_form = |value: Option<&Value>| value.is_some_and(|system| system.get(form).is_some());
                (some_cell && has_form(self.value(SYSTEM)))
                    || self.cells().iter().any(|cell| has_form(cell.get(SYSTEM)))
            }
            Some(form) if FORMS.contains(&field) && is_own => {
                self.value(field).is_some_and(|value| value.get(form).is_some()) && some_cell
            }
            Some(_) => some_cell,
        }
    }
}

/// The panels of all combinations of the groups that reach a panel.
fn combinations(spec: &Spec, root: &Value, base: &Made, sweep: &Sweep, groups: &[&Group]) -> Result<Vec<Made>, String> {
    let keys = sweep.keys();
    let written = spec.panels.get(base.base.unwrap_or(usize::MAX)).map(|panel| panel.name.as_str()).unwrap_or_default();
    let mut made: Vec<Made> = Vec::new();
    for combination in combine::all(groups) {
        let named = combination.values(&keys)?;
        let of_values = names::of_combination(sweep.name.as_deref().unwrap_or_default(), &named, Numbers::Named)?;
        let name = [written, &of_values].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        if made.iter().any(|other| other.origin.made.as_ref() == Some(&name)) {
            let expected = format!("expected a pattern with every axis, {}", names::places(&named));
            return Err(format!("`{NAME}`: two combinations are named `{name}`: {expected}"));
        }
        let mut fields = base.fields.clone();
        fields[NAME] = name.as_str().into();
        let mut whole = root.clone();
        whole[PANELS] = Value::Sequence(vec![fields]);
        for setting in combination.settings() {
            let panel = Panel { spec, root, base };
            // In a list of combinations a panel may be reached by some of the fields alone.
            if panel.is_reached(&setting.key) {
                set_in_panel(&mut whole, &setting.key, &setting.value)?;
            }
        }
        let fields = std::mem::take(&mut whole[PANELS][0]);
        let origin = combine::made_by(base.origin.path.clone(), written, name, named);
        made.push(Made { base: base.base, fields, origin });
    }
    Ok(made)
}

/// Sets a field of the only panel, and of its cells where they have a system of the form that the path leads into.
fn set_in_panel(whole: &mut Value, key: &str, value: &Value) -> Result<(), String> {
    let inside = steps(&[], key);
    let name = whole[PANELS][0][NAME].as_str().unwrap_or_default().to_owned();
    let put = |whole: &mut Value, steps: &[String]| {
        set::own_for_panel(whole, steps);
        set::put(whole, steps, value.clone()).map_err(|cause| format!("`{key}`: {cause}"))
    };
    let (field, form) = (inside[0].as_str(), inside.get(1));
    let steps_of_panel = steps(&[PANELS, &name], key);
    let Some(form) = form.filter(|_| field == SYSTEM) else { return put(whole, &steps_of_panel) };
    let has_form = |system: Option<&Value>| system.is_some_and(|system| system.get(form).is_some());
    let of_panel = whole[PANELS][0].get(SYSTEM).or_else(|| whole.get(SYSTEM));
    if has_form(of_panel) {
        put(whole, &steps_of_panel)?;
    }
    let shared = whole.get(CELLS).cloned();
    let own = whole[PANELS][0].get(CELLS).cloned();
    let cells = own.or(shared).and_then(|cells| cells.as_sequence().cloned()).unwrap_or_default();
    let numbers: Vec<usize> =
        cells.iter().enumerate().filter(|(_, cell)| has_form(cell.get(SYSTEM))).map(|(number, _)| number).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    // One at a time: a cell may be named like the number of another.
    let mut changed = Vec::new();
    for (number, cell) in cells.into_iter().enumerate() {
        if !numbers.contains(&number) {
            changed.push(cell);
            continue;
        }
        whole[PANELS][0][CELLS] = Value::Sequence(vec![cell]);
        put(whole, &steps(&[PANELS, &name, CELLS, "0"], key))?;
        changed.push(std::mem::take(&mut whole[PANELS][0][CELLS][0]));
    }
    whole[PANELS][0][CELLS] = Value::Sequence(changed);
    Ok(())
}
