//! Finding a spec: a path, or the name of one in experiments/, on disk or in the binary.

use std::io;
use std::path::{Path, PathBuf};

use emulator::text;
use serde_yaml::Value;
use thiserror::Error;

use record::form::{self, FormError};
use record::suggest;

use super::launch::Launch;
use super::set::{self, Override, SetCause, SetError};
use super::sweep::{self, GivenSweepError, SweepError};
use super::whole::Spec;

/// The specs of experiments/ at the time of building: file names and texts, by name.
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/specs.rs"));

/// The word that stands for [`PAPER`].
pub const ALL: &str = "all";

/// The paper's figures, in its order: what `all` runs. Not here: validation, sweeps, and what a user must fill in.
pub const PAPER: &[&str] = &[
    "fig3", "fig5", "fig8", "fig9", "fig10", "fig11", "fig12", "fig13", "fig14", "fig15", "fig16", "fig17", "fig18",
    "table1",
];

/// The field that a variant has and a spec has not.
const VARIANT_OF: &str = "variant-of";
/// The name of the standard input among specs.
pub(super) const STANDARD_INPUT: &str = "-";
/// The folders in which the system lists the open files of a process.
const SYSTEM: [&str; 3] = ["/dev/fd", "/dev/stdin", "/proc"];
/// The folder of specs in a checkout.
const FOLDER: &str = "experiments";

/// Names and texts of the specs that are built in.
pub fn embedded() -> impl Iterator<Item = (&'static str, &'static str)> {
    files().filter(|(_, text)| !is_variant(text))
}

/// Names and texts of the variants that are built in.
pub fn embedded_variants() -> impl Iterator<Item = (&'static str, &'static str)> {
    files().filter(|(_, text)| is_variant(text))
}

fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    EMBEDDED.iter().map(|(name, text)| (stem(name), *text))
}

/// Whether a text is meant as a variant: it has the field `variant-of`, perhaps misspelt.
pub(super) fn is_variant(text: &str) -> bool {
    let value: Option<Value> = serde_yaml::from_str(text).ok();
    let fields = value.as_ref().and_then(Value::as_mapping);
    let mut names = fields.into_iter().flatten().filter_map(|(field, _)| field.as_str());
    names.any(|name| suggest::nearest(name, [VARIANT_OF]).is_some())
}

/// A spec as text, and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The file's name without its ending: the spec's name, and its folder in the results.
    pub name: String,
    /// The name of the file, for messages.
    pub file: String,
    /// Paths in the spec are relative to this folder.
    pub folder: PathBuf,
    /// The text of the spec, in YAML.
    pub text: String,
}

/// An error of reading a spec.
#[derive(Debug, Error)]
pub enum SourceError {
    /// Neither a file nor a known name.
    #[error("no spec `{name}`{hint}; a spec is a path, the name of one in experiments/, or `-` for the standard input")]
    Unknown {
        /// The name as given.
        name: String,
        /// The nearest name, and all of them.
        hint: String,
    },
    /// There, but not readable.
    #[error("cannot read the spec {file}: {error}")]
    Read {
        /// The path as given.
        file: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Not of a spec's form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A `--set` that does not fit.
    #[error(transparent)]
    Set(#[from] SetError),
    /// A `--sweep` that does not fit.
    #[error(transparent)]
    GivenSweep(#[from] GivenSweepError),
    /// A sweep that cannot be written out.
    #[error("{file}: {source}")]
    Sweep {
        /// The file of the spec.
        file: String,
        /// The path of the field, and what is wrong with it.
        source: SweepError,
    },
}

/// The changes of a spec from the command line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// `--set`, in the order given.
    pub set: Vec<Override>,
    /// `--sweep`, in the order given: the path of an axis and its values.
    pub sweep: Vec<Override>,
    /// `--seed`: in place of all seeds.
    pub seed: Option<u64>,
    /// `--data`: in place of the data of those panels that learn from its kind.
    pub data: Option<PathBuf>,
    /// `--launcher` and `--dilation`: for cells that set none themselves.
    pub launcher: Option<Launch>,
}

impl Source {
    /// The spec at a path (also of a pipe, as `<(...)` in a shell gives it), on the standard input (`-`), or the one of this name
    /// (with or without `.yaml`) in experiments/ here or in the binary.
    pub fn find(name_or_path: &str) -> Result<Source, SourceError> {
        let path = Path::new(name_or_path);
        if name_or_path == STANDARD_INPUT {
            let file = "the standard input".to_owned();
            let text =
                text::read_from(io::stdin().lock()).map_err(|error| SourceError::Read { file: file.clone(), error })?;
            return Ok(Source { name: "stdin".into(), file, folder: PathBuf::new(), text });
        }
        if path.metadata().is_ok_and(|there| !there.is_dir()) {
            return Source::read(path);
        }
        let name = stem(name_or_path);
        let in_folder = Path::new(FOLDER).join(format!("{name}.yaml"));
        if !has_folder(path) && in_folder.is_file() {
            return Source::read(&in_folder);
        }
        let is_named = |file: &&(&str, &str)| stem(file.0) == name && !has_folder(path);
        match EMBEDDED.iter().find(is_named) {
            Some((file, text)) => {
                Ok(Source { name: name.into(), file: (*file).into(), folder: PathBuf::new(), text: (*text).into() })
            }
            None => Err(SourceError::Unknown { name: name_or_path.into(), hint: nearest_spec(name) }),
        }
    }

    /// The spec in a file.
    pub fn read(path: &Path) -> Result<Source, SourceError> {
        let file = path.display().to_string();
        let text = text::read(path).map_err(|error| SourceError::Read { file: file.clone(), error })?;
        let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        // What a shell or the system names by a number: nothing lies next to it, and its number is no name for results.
        let is_of_process = SYSTEM.iter().any(|folder| path.starts_with(folder));
        let (name, folder) = match is_of_process {
            true if stem.bytes().all(|byte| byte.is_ascii_digit()) => ("piped".to_owned(), PathBuf::new()),
            true => (stem, PathBuf::new()),
            false => (stem, path.parent().map(Path::to_path_buf).unwrap_or_default()),
        };
        Ok(Source { name, file, folder, text })
    }

    /// The absolute path of its file. `None` means that it is built in, or came from no file.
    pub fn origin(&self) -> Option<String> {
        let path = std::fs::canonicalize(&self.file).ok()?;
        let is_it = std::fs::read_to_string(&path).is_ok_and(|text| text == self.text);
        is_it.then(|| path.display().to_string())
    }

    /// This source with `changes` made to its text. Its form is checked when it is read again.
    ///
    /// # Errors
    /// The number of the first change that cannot be applied, and its cause.
    pub fn with(&self, changes: &[Override]) -> Result<Source, (usize, SetCause)> {
        Ok(Source { text: set::apply_all(&self.text, changes)?, ..self.clone() })
    }

    /// The typed spec, with the changes of the command line, and its sweeps written out.
    pub fn spec(&self, changes: &Changes) -> Result<Spec, SourceError> {
        let mut spec: Spec = form::parse(&self.file, &self.text)?;
        let mut text = self.text.clone();
        for change in &changes.set {
            text = change.apply(&text)?;
            spec = form::parse(&self.file, &text)?;
        }
        for axis in &changes.sweep {
            text = axis.sweep(&text)?;
            spec = form::parse(&self.file, &text)?;
        }
        spec = sweep::expanded(&self.file, spec, &text)?;
        if let Some(seed) = changes.seed {
            spec.seeds = vec![seed];
        }
        if let Some(launcher) = changes.launcher {
            spec.launcher = launcher;
            spec.panels.iter_mut().for_each(|panel| panel.launcher = None);
        }
        // Given from where the command runs, not from where the spec lies.
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        spec.given_data = changes.data.as_ref().map(absolute);
        Ok(spec)
    }
}

fn has_folder(path: &Path) -> bool {
    path.components().count() > 1
}

fn stem(file: &str) -> &str {
    let without = |ending: &str| {
        let at = file.len().checked_sub(ending.len()).filter(|at| file.is_char_boundary(*at))?;
        file[at..].eq_ignore_ascii_case(ending).then_some(&file[..at])
    };
    without(".yaml").or_else(|| without(".yml")).unwrap_or(file)
}

fn nearest_spec(name: &str) -> String {
    let names: Vec<&str> = files().map(|(name, _)| name).collect();
    suggest::hint(name, &names)
}
