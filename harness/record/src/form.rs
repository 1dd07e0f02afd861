//! Reading YAML into a typed value, with errors that have the place and the nearest valid name.
//!
//! Choices are externally tagged maps, which keep line and column.

use std::fmt;

use base::suggest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// The first error of form in a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct FormError {
    /// The path as given.
    pub file: String,
    /// The place in the file. `None` means that the reader has no position.
    pub place: Option<Place>,
    /// The problem with the path of its field, and the nearest valid name if the value is a name.
    pub message: String,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in bytes, counted from 1.
    pub column: usize,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(Place { line, column }) => write!(f, "{}:{line}:{column}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// The typed value of YAML `text`; `file` is for messages.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, FormError> {
    serde_yaml::with::singleton_map_recursive::deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| {
        let mut message = plain_words(&error);
        let place = error.location().map(|at| {
            let mapping = Place { line: at.line(), column: at.column() };
            place_of_key(text, &message, mapping)
        });
        let near = suggest::in_message(&message).map(|near| format!("; did you mean `{near}`?"));
        message.extend(near);
        FormError { file: file.into(), place, message }
    })
}

/// YAML text in the form that [`parse`] reads.
pub fn to_text<T: Serialize>(value: &T) -> String {
    let mut text = Vec::new();
    let mut serializer = serde_yaml::Serializer::new(&mut text);
    serde_yaml::with::singleton_map_recursive::serialize(value, &mut serializer)
        .expect("specs have text keys and finite depth");
    String::from_utf8(text).expect("YAML is UTF-8")
}

/// A message of serde, translated from terms of Rust to terms of YAML.
const PLAIN_WORDS: &[(&str, &str)] = &[
    ("expected u32", "expected a whole number from 0 to 4294967295"),
    ("expected u64", "expected a whole number from 0 to 18446744073709551615"),
    ("expected f64", "expected a number"),
    ("invalid value: map, expected map with a single key", "found several forms, expected one of them alone"),
    ("invalid type: unit variant, expected newtype variant", "found a name alone, expected a mapping: `name: { ... }`"),
    ("invalid type: unit variant, expected struct variant", "found a name alone, expected a mapping: `name: { ... }`"),
    (
        "found character that cannot start any token",
        "found a character that cannot stand here; is it a tab? indent with spaces",
    ),
    ("EOF while parsing a value", "found nothing, expected a mapping of fields"),
];

/// serde's message without its place (which is shown in front).
fn plain_words(error: &serde_yaml::Error) -> String {
    let mut message = error.to_string();
    if let Some(at) = error.location() {
        message = message.replace(&format!(" at line {} column {}", at.line(), at.column()), "");
    }
    for (rust, yaml) in PLAIN_WORDS {
        message = message.replace(rust, yaml);
    }
    message = message.replace("invalid type: unit value,", "found nothing,");
    for kind in ["enum", "struct", "struct variant", "newtype variant", "tuple variant"] {
        while let Some((before, name, after)) = named(&message, kind) {
            message = format!("{before}{}{after}", expected(kind, name));
        }
    }
    message
}

/// The text before and after `expected KIND NAME` in a message of serde, and the name between them, which is one of the program's.
fn named<'a>(message: &'a str, kind: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let (before, rest) = message.split_once(&format!("expected {kind} "))?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != ':').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    name.starts_with(char::is_uppercase).then_some((before, name.trim_end_matches(':'), after))
}

/// The form that a type of the program expects, in words of a spec.
fn expected(kind: &str, name: &str) -> String {
    if kind != "enum" {
        return "expected a mapping of fields".into();
    }
    let forms = CHOICES.iter().find(|(choice, _)| *choice == name).map(|(_, forms)| *forms);
    forms.map_or_else(
        || "expected one of several forms by its name: `name`, or `name: { ... }`".into(),
        |forms| format!("expected one of {forms}"),
    )
}

/// The forms of a spec's choices, by the types that hold them.
const CHOICES: &[(&str, &str)] = &[
    ("Workload", "`mf: { ... }`, `lda: { ... }`, `ic: { ... }`"),
    ("Data", "`generated: { ... }`, `generated-corpus: { ... }`, `generated-images: { ... }`, `file: PATH`, `none`"),
    ("System", "`global`, `gaia`, `gaia-async`, `hierarchical`, `bosen`, `centralized`, each with its settings"),
    ("Scale", "`none`, `netflix`, `nytimes`, `ilsvrc12`, `factors: { ... }`"),
    ("Split", "`even`, `skewed: { ... }`"),
    ("Launch", "`simulated`, `local: { ... }`"),
    ("Goal", "`target`, `clocks: N`"),
];

/// The place of an unknown or second key. The reader has only the start of its mapping.
fn place_of_key(text: &str, message: &str, mapping: Place) -> Place {
    let Place { line, column } = mapping;
    let key_after = |words: &str| message.split_once(words).and_then(|(_, rest)| rest.split_once('`'));
    let (key, skipped) = match (key_after("unknown field `"), key_after("duplicate field `")) {
        (Some((key, _)), _) => (key, 0),
        (_, Some((key, _))) => (key, 1),
        _ => return mapping,
    };
    let is_key = |rest: &str| rest.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
    // In a block, the keys of a mapping stand in one column; in `{ ... }` the first that fits is taken.
    let lines = text.lines().enumerate().skip(line - 1);
    let in_block = lines.filter(|(_, text)| text.get(column - 1..).is_some_and(is_key));
    if let Some((number, _)) = in_block.filter(|(number, text)| leads(text, column, *number + 1 == line)).nth(skipped) {
        return Place { line: number + 1, column };
    }
    let first = text.lines().nth(line - 1).unwrap_or_default();
    let starts = first.char_indices().map(|(at, _)| at).filter(|at| *at + 1 >= column);
    let in_flow =
        starts.filter(|at| is_key(&first[*at..]) && !first[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '-'));
    in_flow.map(|at| Place { line, column: at + 1 }).nth(skipped).unwrap_or(mapping)
}

/// Whether nothing but space (or the dash of a list, on a mapping's first line) stands before `column`.
fn leads(text: &str, column: usize, is_first: bool) -> bool {
    let before = text.get(..column - 1).unwrap_or_default().trim();
    before.is_empty() || (is_first && before == "-")
}
