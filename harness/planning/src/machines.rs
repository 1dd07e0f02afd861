//! Machine kinds: the rates of harness/machines/*.yaml, which are built into the binary, and users' own files.
//!
//! The fields and where the numbers come from are documented in harness/machines/README.md.

use std::io;
use std::path::Path;

use emulator::text;
use gaia_core::rates::MachineKind;
use thiserror::Error;

use record::form::{FormError, parse as parse_form};
use record::suggest;

static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/machines.rs"));

/// An error of reading a machine kind.
#[derive(Debug, Error)]
pub enum MachineError {
    /// No built-in kind of this name.
    #[error("unknown machine kind `{name}`{hint}")]
    Unknown {
        /// The name as given.
        name: String,
        /// The nearest name, and all of them.
        hint: String,
    },
    /// A file that cannot be read.
    #[error("cannot read the machine kind {file}: {error}")]
    Read {
        /// The path as given.
        file: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Not of a machine kind's form.
    #[error(transparent)]
    Form(#[from] FormError),
}

/// Names of the built-in kinds, sorted.
pub fn names() -> Vec<&'static str> {
    EMBEDDED.iter().map(|(file, _)| name(file)).collect()
}

/// The built-in kind of this name.
pub fn builtin(wanted: &str) -> Option<MachineKind> {
    let (file, text) = EMBEDDED.iter().find(|(file, _)| name(file) == wanted)?;
    Some(parse_form(file, text).expect("a test reads every built-in kind"))
}

/// The YAML text of the built-in kind of this name.
pub fn text(wanted: &str) -> Option<&'static str> {
    EMBEDDED.iter().find(|(file, _)| name(file) == wanted).map(|(_, text)| *text)
}

/// The kind of this name, or in the file at this path from `folder`.
pub fn find(name_or_path: &str, folder: &Path) -> Result<MachineKind, MachineError> {
    if !is_path(name_or_path) {
        let unknown =
            || MachineError::Unknown { name: name_or_path.into(), hint: suggest::hint(name_or_path, &names()) };
        return builtin(name_or_path).ok_or_else(unknown);
    }
    let text = text::read(&folder.join(name_or_path))
        .map_err(|error| MachineError::Read { file: name_or_path.into(), error })?;
    Ok(parse_form(name_or_path, &text)?)
}

/// Whether a spec means a file: it has a folder or a file's ending, in small or capital letters.
pub fn is_path(name: &str) -> bool {
    emulator::profile::is_path(name)
}

fn name(file: &str) -> &str {
    file.trim_end_matches(".yaml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_kind_is_whole() {
        assert!(names().contains(&"e5-2698"));
        for name in names() {
            let kind = builtin(name).unwrap();
            assert_eq!(kind.name, name);
            assert!(!kind.source.is_empty());
            assert!(kind.mf.updates_per_second > 0.0 && (0.0..=0.9).contains(&kind.jitter), "{kind:?}");
        }
    }
}
