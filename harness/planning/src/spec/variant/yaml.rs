//! The fields of a spec's YAML that variants look at. A value of another form than the field's is as none: specs are of their form.

use serde_yaml::Value;

pub(super) const CELLS: &str = "cells";
pub(super) const PANELS: &str = "panels";
pub(super) const SYSTEM: &str = "system";
pub(super) const PROFILE: &str = "profile";
pub(super) const MACHINES: &str = "machines";
pub(super) const ENCODING: &str = "encoding";
pub(super) const TITLE: &str = "title";

/// The text in a field.
pub(super) fn text<'a>(part: &'a Value, field: &str) -> Option<&'a str> {
    part.get(field).and_then(Value::as_str)
}

/// The name of a cell or a panel.
pub(super) fn name_of(entry: &Value) -> &str {
    text(entry, "name").unwrap_or_default()
}

/// The entries of a field; without it, none.
pub(super) fn list<'a>(part: &'a Value, field: &str) -> &'a [Value] {
    part.get(field).and_then(Value::as_sequence).map_or(&[], Vec::as_slice)
}

/// The entries of a field, to be changed; without it, none.
pub(super) fn list_mut<'a>(part: &'a mut Value, field: &str) -> &'a mut [Value] {
    part.get_mut(field).and_then(Value::as_sequence_mut).map_or(&mut [], Vec::as_mut_slice)
}
