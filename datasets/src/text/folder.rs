//! The entries of a folder; the beginning of a file; the most similar name to a missing one.
//!
//! Files and subfolders are searched, also through links. Other entries (named pipes, sockets, devices) are never opened, and a link to a
//! parent folder is not followed. They are skipped, and listed in the error if nothing is found.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base::replace::kind_of;
use base::suggest;

use super::TextError;

/// The limit on entries of a folder; Netflix's training set has 17,770 files.
const MAX_ENTRIES: usize = 50_000;
/// Names of a folder that a message lists.
const MAX_LISTED: usize = 8;

/// The entries of a folder, sorted by name.
#[derive(Default)]
pub(crate) struct Entries {
    /// Files, and broken links: opening those gives the error.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) folders: Vec<PathBuf>,
    /// Skipped entries, each with its kind.
    pub(crate) others: Vec<String>,
}

/// An entry of a folder, behind any links.
pub(crate) enum Entry {
    File {
        bytes: u64,
    },
    Folder,
    /// A link that leads to nothing.
    Nowhere,
    /// A skipped entry: its kind, for messages.
    Other(&'static str),
}

impl Entry {
    /// The entry at `path`; `way`: the folders on the way to it, without links.
    pub(crate) fn at(path: &Path, way: &[PathBuf]) -> Entry {
        let Ok(metadata) = fs::metadata(path) else { return Entry::Nowhere };
        if metadata.is_file() {
            return Entry::File { bytes: metadata.len() };
        }
        if !metadata.is_dir() {
            return Entry::Other(kind_of(metadata.file_type()));
        }
        let is_link = fs::symlink_metadata(path).is_ok_and(|own| own.is_symlink());
        let leads_back = || fs::canonicalize(path).is_ok_and(|target| way.iter().any(|on| on.starts_with(&target)));
        if is_link && leads_back() { Entry::Other("a link to a parent folder") } else { Entry::Folder }
    }
}

/// Lists the entries of a folder, by name.
pub(crate) fn entries(folder: &Path) -> Result<Entries, TextError> {
    let error = |source| TextError::Open { path: folder.to_owned(), nearest: None, source };
    let way = [fs::canonicalize(folder).map_err(error)?];
    let mut entries = Entries::default();
    for (number, entry) in fs::read_dir(folder).map_err(error)?.enumerate() {
        if number == MAX_ENTRIES {
            return Err(TextError::TooMany { folder: folder.to_owned(), limit: MAX_ENTRIES });
        }
        let path = entry.map_err(error)?.path();
        match Entry::at(&path, &way) {
            Entry::Folder => entries.folders.push(path),
            Entry::File { .. } | Entry::Nowhere => entries.files.push(path),
            Entry::Other(what) => entries.others.push(format!("{} ({what})", file_name(&path))),
        }
    }
    entries.files.sort();
    entries.folders.sort();
    entries.others.sort();
    Ok(entries)
}

/// Whether there is a folder at `path`, and not a file. All else is an error.
pub(crate) fn is_folder(path: &Path) -> Result<bool, TextError> {
    let metadata = fs::metadata(path).map_err(|source| {
        let nearest = if source.kind() == io::ErrorKind::NotFound { nearest(path) } else { None };
        TextError::Open { path: path.to_owned(), nearest, source }
    })?;
    if !metadata.is_dir() && !metadata.is_file() {
        return Err(TextError::Special { path: path.to_owned(), what: kind_of(metadata.file_type()) });
    }
    Ok(metadata.is_dir())
}

/// The first bytes of a file, at most `most`.
pub(crate) fn head(file: &Path, most: usize) -> Result<Vec<u8>, TextError> {
    let mut head = Vec::new();
    fs::File::open(file)
        .and_then(|file| file.take(most as u64).read_to_end(&mut head))
        .map_err(|source| TextError::Open { path: file.to_owned(), nearest: None, source })?;
    Ok(head)
}

/// The name of a file without its folder and without `.gz`.
pub(crate) fn plain_name(file: &Path) -> String {
    let name = file_name(file);
    name.strip_suffix(".gz").map(str::to_owned).unwrap_or(name)
}

pub(crate) fn file_name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The entries of a folder, for messages.
pub(crate) fn has(entries: &Entries) -> String {
    let folders = entries.folders.iter().map(|path| format!("{}/", file_name(path)));
    let names = entries.files.iter().map(|path| file_name(path)).chain(folders).chain(entries.others.iter().cloned());
    listed(&names.collect::<Vec<_>>())
}

/// The first of these names, and the number of the others.
pub(crate) fn listed(names: &[String]) -> String {
    match names.len() {
        0 => "nothing in it".into(),
        n if n > MAX_LISTED => format!("{} and {} more", names[..MAX_LISTED].join(", "), n - MAX_LISTED),
        _ => names.join(", "),
    }
}

/// The name in the folder of a missing path that is nearest to its own.
fn nearest(path: &Path) -> Option<String> {
    let wanted = file_name(path);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries: io::Result<Vec<_>> = fs::read_dir(parent).ok()?.take(MAX_ENTRIES).collect();
    let mut names: Vec<String> =
        entries.ok()?.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    suggest::nearest(&wanted, names.iter().map(String::as_str)).map(str::to_owned)
}
