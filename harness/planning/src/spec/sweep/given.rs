//! `--sweep key=a,b,c`: an axis from the command line, in the YAML of a spec before it is typed.

use record::form;
use serde_yaml::{Mapping, Value};
use thiserror::Error;

use super::form::ZIP;
use super::paths::{CELLS, PANELS, SWEEP};
use crate::spec::set::{self, Override, SetCause};
use crate::spec::whole::Spec;

/// A `--sweep` that cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("--sweep {key}={value}: {cause}")]
pub struct GivenSweepError {
    /// The path as given.
    pub key: String,
    /// The values as given.
    pub value: String,
    /// The reason why it cannot be applied.
    pub cause: Box<SetCause>,
}

impl Override {
    /// `text` with this as an axis of the whole spec, or of the cell that the path leads into, and checked to be a spec still.
    pub(in crate::spec) fn sweep(&self, text: &str) -> Result<String, GivenSweepError> {
        let fail = |cause: SetCause| GivenSweepError {
            key: self.key.clone(),
            value: self.value.clone(),
            cause: Box::new(cause),
        };
        let mut root = set::root_of(text);
        let values = self.values().map_err(&fail)?;
        self.add_axis(&mut root, values).map_err(&fail)?;
        let changed = form::to_text(&root);
        form::parse::<Spec>("", &changed).map_err(|error| fail(SetCause::Form(error.message)))?;
        Ok(changed)
    }

    /// `a,b,c`, or a list in YAML.
    fn values(&self) -> Result<Value, SetCause> {
        let text = self.value.trim();
        let list = if text.starts_with('[') { text.to_owned() } else { format!("[{text}]") };
        serde_yaml::from_str(&list).map_err(|error| SetCause::NotYaml(error.to_string()))
    }

    fn add_axis(&self, root: &mut Value, values: Value) -> Result<(), SetCause> {
        let steps = self.steps();
        let (cell, field) = match steps.iter().position(|step| step == CELLS) {
            Some(at) if at + 2 < steps.len() && (at == 0 || (at == 2 && steps[0] == PANELS)) => steps.split_at(at + 2),
            _ if steps[0] == CELLS || steps[0] == PANELS => return Err(SetCause::NoAxis),
            _ => steps.split_at(0),
        };
        let place = if cell.is_empty() { root } else { set::entry_at(root, cell)? };
        let Some(fields) = place.as_mapping_mut() else { return Ok(()) };
        let sweep = fields.entry(SWEEP.into()).or_insert(Value::Null);
        if sweep.is_sequence() {
            *sweep = Value::Mapping(Mapping::from_iter([(ZIP.into(), std::mem::take(sweep))]));
        }
        if sweep.is_null() {
            *sweep = Value::Mapping(Mapping::new());
        }
        if let Some(axes) = sweep.as_mapping_mut() {
            axes.insert(field.join(".").into(), values);
        }
        Ok(())
    }
}
