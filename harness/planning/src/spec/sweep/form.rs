//! The form of `sweep`: groups of choices, of which a combination takes one each.
//!
//! ```yaml
//! sweep: { profile: [ec2-all, va-ca], system.gaia.significance.threshold: [0.001, 0.01] }    # crossed: 4 combinations
//! sweep: { zip: { profile: [ec2-all, va-ca], machines-per-site: [2, 11] } }                  # zipped: 2
//! sweep: [{ name: few, machines-per-site: 1 }, { name: many, machines-per-site: 4 }]         # one by one: 2
//! ```

use serde::Deserialize;
use serde_yaml::{Mapping, Value};

/// The key of axes that go together, among axes that are crossed.
pub(super) const ZIP: &str = "zip";
/// The key of a pattern of names, and of the name of one combination in a list.
pub(super) const NAME: &str = "name";
/// What a sweep looks like, for messages.
const EXPECTED: &str = "expected axes with lists of values, such as `{ profile: [ec2-all, va-ca] }`, or a list of mappings from fields to values";

/// Axes over which a cell, or the whole spec, is repeated.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Sweep {
    /// The pattern of the names of panels that it makes. `None` means that they are named by the values.
    pub(super) name: Option<String>,
    /// Combinations take one choice of each group. None is empty.
    pub(super) groups: Vec<Group>,
}

/// An axis, or axes that go together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) choices: Vec<Choice>,
}

/// Fields that are set together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    /// Stands for the values in names.
    pub(super) label: Option<String>,
    pub(super) settings: Vec<Setting>,
}

/// A field and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    /// The path of the field, as of `--set`.
    pub(super) key: String,
    pub(super) value: Value,
}

impl TryFrom<Value> for Sweep {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        // A reader's path ends at the cell.
        Sweep::of(value).map_err(|message| format!("sweep: {message}"))
    }
}

impl Sweep {
    fn of(value: Value) -> Result<Self, String> {
        let (name, groups) = match value {
            Value::Mapping(fields) => crossed(fields)?,
            Value::Sequence(entries) => (None, vec![listed(entries)?]),
            other => return Err(format!("{}: {EXPECTED}", shown(&other))),
        };
        if groups.is_empty() {
            return Err(format!("empty: {EXPECTED}"));
        }
        let sweep = Sweep { name, groups };
        let mut keys: Vec<&str> = Vec::new();
        for group in &sweep.groups {
            for key in group.keys() {
                if keys.contains(&key) {
                    return Err(format!("`{key}` is an axis twice"));
                }
                keys.push(key);
            }
        }
        Ok(sweep)
    }

    /// The paths of its fields, each once, in the order in which they come.
    pub(super) fn keys(&self) -> Vec<&str> {
        self.groups.iter().flat_map(Group::keys).collect()
    }
}

impl Group {
    /// The paths of its fields, each once.
    pub(super) fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for setting in self.choices.iter().flat_map(|choice| &choice.settings) {
            if !keys.contains(&setting.key.as_str()) {
                keys.push(&setting.key);
            }
        }
        keys
    }
}

/// Axes, each with a list of values; among them a pattern of names, and axes that go together.
fn crossed(fields: Mapping) -> Result<(Option<String>, Vec<Group>), String> {
    let (mut name, mut groups) = (None, Vec::new());
    for (key, value) in fields {
        let key = text_of(&key)?;
        match (key.as_str(), value) {
            (NAME, Value::String(pattern)) => name = Some(pattern),
            (NAME, other) => return Err(format!("`{NAME}` is {}: expected a text", shown(&other))),
            (ZIP, Value::Sequence(entries)) => groups.push(listed(entries)?),
            (ZIP, Value::Mapping(fields)) => groups.push(zipped(fields)?),
            (ZIP, other) => {
                return Err(format!("`{ZIP}` is {}: expected axes with lists of equal length", shown(&other)));
            }
            (_, value) => {
                let choice = |value| Choice { label: None, settings: vec![Setting { key: key.clone(), value }] };
                groups.push(Group { choices: values(&key, value)?.into_iter().map(choice).collect() });
            }
        }
    }
    Ok((name, groups))
}

/// The values of an axis: at least one, each once.
fn values(key: &str, value: Value) -> Result<Vec<Value>, String> {
    let Value::Sequence(values) = value else {
        let value = shown(&value);
        return Err(format!("`{key}` is {value}: expected a list of values, such as `[{}]`", value.trim_matches('`')));
    };
    if values.is_empty() {
        return Err(format!("`{key}` is an empty list: expected at least one value"));
    }
    for (position, value) in values.iter().enumerate() {
        if values[..position].contains(value) {
            return Err(format!("`{key}` has {} twice", shown(value)));
        }
    }
    Ok(values)
}

/// Axes of which the first values go together, and the second, and so on.
fn zipped(fields: Mapping) -> Result<Group, String> {
    let mut choices: Vec<Choice> = Vec::new();
    let mut first: Option<(String, usize)> = None;
    for (key, value) in fields {
        let key = text_of(&key)?;
        let Value::Sequence(values) = value else {
            return Err(format!("`{ZIP}`: `{key}` is {}: expected a list of values", shown(&value)));
        };
        if let Some((other, length)) = first.as_ref().filter(|(_, length)| *length != values.len()) {
            let message = format!("{} values, and `{other}` has {length}: expected as many", values.len());
            return Err(format!("`{ZIP}`: `{key}` has {message}"));
        }
        first.get_or_insert((key.clone(), values.len()));
        choices.resize(values.len(), Choice { label: None, settings: Vec::new() });
        for (choice, value) in choices.iter_mut().zip(values) {
            choice.settings.push(Setting { key: key.clone(), value });
        }
    }
    if choices.is_empty() {
        return Err(format!("`{ZIP}` is empty: expected axes with lists of equal length"));
    }
    Ok(Group { choices })
}

/// Combinations that are written one by one.
fn listed(entries: Vec<Value>) -> Result<Group, String> {
    let choice = |(position, entry)| {
        let Value::Mapping(fields) = entry else {
            return Err(format!("entry {position} is {}: expected a mapping from fields to values", shown(&entry)));
        };
        let mut choice = Choice { label: None, settings: Vec::new() };
        for (key, value) in fields {
            match (text_of(&key)?.as_str(), value) {
                (NAME, Value::String(label)) => choice.label = Some(label),
                (NAME, other) => {
                    return Err(format!("`{NAME}` of entry {position} is {}: expected a text", shown(&other)));
                }
                (key, value) => choice.settings.push(Setting { key: key.to_owned(), value }),
            }
        }
        Ok(choice)
    };
    let choices: Vec<Choice> = entries.into_iter().enumerate().map(choice).collect::<Result<_, _>>()?;
    if choices.iter().all(|choice| choice.settings.is_empty()) {
        return Err(format!("empty: {EXPECTED}"));
    }
    Ok(Group { choices })
}

fn text_of(key: &Value) -> Result<String, String> {
    key.as_str().map(str::to_owned).ok_or_else(|| format!("{} as a field: expected the path of one", shown(key)))
}

/// A value in YAML, on one line.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Mapping(_) => "a mapping".into(),
        Value::Sequence(_) => "a list".into(),
        scalar => format!("`{}`", record::form::to_text(scalar).trim()),
    }
}
