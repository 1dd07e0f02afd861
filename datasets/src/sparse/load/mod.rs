//! Examples from LIBSVM files, as users bring them: a line for each example, `label index:value index:value ...`.
//!
//! * Values that a line does not name are 0, and indexes ascend strictly. A value of 0 that is written is dropped; its index still
//!   counts as a feature. A line with a label alone is an example whose values are all 0.
//! * Fields are separated by blanks or tabs. `#` starts a comment. Empty lines are skipped.
//! * The two labels are 0 and 1, -1 and +1, or 1 and 2; of each pair the larger is the positive class.
//! * Indexes count from 0 or from 1 ([`Ids`]).
//! * A file may be compressed with gzip, which is recognised by its content.
//! * As on LIBSVM's page, `NAME.t` next to `NAME` is the held-out part. Without it, a share of the examples is held out.
//!
//! Memory: 8 bytes per value and 9 per example, whatever the indexes are: a large index takes no memory here, and one that is far too
//! large for the number of values ([`LoadError::Doubtful`]) is refused, since a model has a weight for each.

mod error;
mod parse;

use std::path::{Path, PathBuf};

pub use error::LoadError;
pub use parse::Ids;

use self::parse::{Labels, Parsed, read};
use super::cache::{MAGIC, read_cache};
use super::held_out::{DEFAULT_SHARE, HeldOut};
use super::{Entry, Examples, Label, MAX_FEATURES, Sparse, Unsplit};
use crate::plausible::most_rows;
use crate::text::folder::{entries, has, head, is_folder, plain_name};

/// The ending of a held-out part's file name.
const HELD_OUT: &str = ".t";

/// The options of reading files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The number that indexes count from.
    pub ids: Ids,
    /// The share that is held out if there is no file `NAME.t`.
    pub held_out: HeldOut,
}

impl Default for Options {
    fn default() -> Self {
        Options { ids: Ids::Detect, held_out: HeldOut { share: DEFAULT_SHARE, seed: 0 } }
    }
}

/// Reads the examples at `path`, a LIBSVM file or a folder with one, and holds out a part of them.
///
/// A cache file (see [`super::cache`]) is recognised too; [`Options::ids`] does not apply to it.
///
/// # Errors
/// See [`LoadError`].
pub fn load(path: &Path, options: &Options) -> Result<Sparse, LoadError> {
    Ok(load_unsplit(path, options.ids)?.split(options.held_out))
}

/// Reads the examples at `path` as [`load`] does, before a part is held out, for [`super::cache::write_cache`].
///
/// # Errors
/// See [`LoadError`].
pub fn load_unsplit(path: &Path, ids: Ids) -> Result<Unsplit, LoadError> {
    let found = if is_folder(path)? { in_folder(path)? } else { Files::of(path)? };
    if head(&found.train, MAGIC.len())? == MAGIC.as_bytes() {
        return Ok(read_cache(&found.train)?);
    }
    load_text(found, ids)
}

fn load_text(files: Files, ids: Ids) -> Result<Unsplit, LoadError> {
    let mut labels = Labels::default();
    let train = read(&files.train, ids, &mut labels)?;
    if train.labels.is_empty() {
        return Err(LoadError::Empty { file: files.train });
    }
    if let Some(label) = labels.only() {
        return Err(LoadError::OneClass { file: files.train, label });
    }
    let held_out = files.held_out.map(|file| read(&file, ids, &mut labels)).transpose()?;
    let parts = || [Some(&train), held_out.as_ref()].into_iter().flatten();
    let first = match ids {
        Ids::FromZero => 0,
        Ids::FromOne => 1,
        Ids::Detect => u32::from(!parts().any(|part| part.has_index_0)),
    };
    let nonzeros: u64 = parts().map(|part| part.entries.len() as u64).sum();
    let largest = parts().filter_map(|part| part.largest.as_ref()).max_by_key(|largest| largest.index);
    // The largest index of as many features as are accepted.
    let limit = most_rows(nonzeros).min(u64::from(MAX_FEATURES)) - 1 + u64::from(first);
    if let Some(largest) = largest.filter(|largest| u64::from(largest.index) > limit) {
        let (file, line, feature) = (largest.file.clone(), largest.line, largest.index);
        return Err(LoadError::Doubtful { file, line, feature, nonzeros, limit });
    }
    let features = largest.map_or(0, |largest| largest.index + 1 - first);
    let (train, held_out) = (examples(train, first, &labels), held_out.map(|part| examples(part, first, &labels)));
    let count = train.len() + held_out.as_ref().map_or(0, Examples::len);
    let name = format!("LIBSVM file, {count} examples x {features} features");
    Ok(Unsplit { name, features, train, held_out })
}

/// Converts a parsed file: features count from 0, and labels become classes.
fn examples(mut parsed: Parsed, first: u32, labels: &Labels) -> Examples {
    parsed.entries.iter_mut().for_each(|entry: &mut Entry| entry.feature -= first);
    let class = |&label: &i8| if labels.is_positive(label) { Label::Positive } else { Label::Negative };
    Examples { labels: parsed.labels.iter().map(class).collect(), starts: parsed.starts, entries: parsed.entries }
}

/// The files of a data set.
struct Files {
    train: PathBuf,
    /// `None` means that a share of `train` is to be held out.
    held_out: Option<PathBuf>,
}

impl Files {
    /// A file, with `NAME.t` or `NAME.t.gz` next to `NAME` or `NAME.gz` if there is one.
    fn of(file: &Path) -> Result<Files, LoadError> {
        let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let wanted = plain_name(file) + HELD_OUT;
        let held_out = entries(folder)?.files.into_iter().find(|file| plain_name(file) == wanted);
        Ok(Files { train: file.to_owned(), held_out })
    }
}

/// The only file of a folder that is not a held-out part, and its held-out part. Files and folders whose names begin with a dot are
/// skipped, and so are notes (`README`, `.md`).
fn in_folder(folder: &Path) -> Result<Files, LoadError> {
    let here = entries(folder)?;
    let is_note = |name: &str| name.starts_with('.') || name.starts_with("README") || name.ends_with(".md");
    let mut files: Vec<&PathBuf> = here.files.iter().filter(|file| !is_note(&plain_name(file))).collect();
    // A file and its compressed form are one; the plain one comes first by name.
    files.dedup_by_key(|file| plain_name(file));
    let is_held_out = |file: &&PathBuf| {
        let name = plain_name(file);
        name.strip_suffix(HELD_OUT).is_some_and(|of| files.iter().any(|other| plain_name(other) == of))
    };
    let (held_out, train): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().copied().partition(is_held_out);
    match (&train[..], &held_out[..]) {
        (&[train], held_out) => {
            Ok(Files { train: train.clone(), held_out: held_out.first().map(|&file| file.clone()) })
        }
        _ => Err(LoadError::NotOne { folder: folder.to_owned(), found: train.len(), has: has(&here) }),
    }
}
