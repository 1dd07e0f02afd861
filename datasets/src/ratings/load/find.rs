//! The files that hold the ratings, and their format, found by content.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::LoadError;
use super::format::{A_LINE, Format};
use super::formats::{FORMATS, recognise};
use crate::ratings::cache;
use crate::text::TextError;
use crate::text::folder::{self, entries, has, plain_name};
use crate::text::lines::{Lines, shown};

/// The limit on files of unknown names in a folder that are tried.
const MAX_TRIED: usize = 100;
/// Ratings at the beginning of such a file that must be well formed.
const TRIED_LINES: u64 = 10;
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// The source of ratings.
pub(super) enum Source {
    Cache(PathBuf),
    Text(&'static Format, Vec<PathBuf>),
}

/// Finds the ratings at `path`.
pub(super) fn source(path: &Path) -> Result<Source, LoadError> {
    if folder::is_folder(path)? { in_folder(path) } else { in_file(path) }
}

fn in_file(file: &Path) -> Result<Source, LoadError> {
    let head = folder::head(file, cache::MAGIC.len())?;
    if head.starts_with(cache::MAGIC.as_bytes()) {
        return Ok(Source::Cache(file.to_owned()));
    }
    let unknown = |found: String| LoadError::Unknown { file: file.to_owned(), found, expected: formats() };
    if head.starts_with(ZIP_MAGIC) {
        return Err(unknown("a zip archive (unpack it first)".into()));
    }
    let mut lines = Lines::open(file, A_LINE)?;
    let line = match lines.next() {
        Ok(Some((_, line))) => line,
        Ok(None) => return Err(LoadError::Empty { file: file.to_owned(), expected: formats() }),
        // No line of text is so long.
        Err(TextError::Line { found, .. }) => return Err(unknown(found)),
        Err(error) => return Err(error.into()),
    };
    if line.contains(&0) || std::str::from_utf8(line).is_err() {
        return Err(unknown(format!("binary data beginning with {}", shown(line))));
    }
    match recognise(line) {
        Some(format) => Ok(Source::Text(format, vec![file.to_owned()])),
        None => Err(unknown(format!("a first line {}", shown(line)))),
    }
}

fn in_folder(folder: &Path) -> Result<Source, LoadError> {
    let here = entries(folder)?;
    let mut sets = named_sets(&here.files);
    if sets.is_empty() {
        // A folder further down that cannot be read is not the one that was asked for.
        let below = here.folders.iter().filter_map(|folder| entries(folder).ok());
        sets = below.flat_map(|entries| named_sets(&entries.files)).collect();
    }
    if sets.is_empty() {
        sets = unnamed_sets(&here.files);
    }
    if sets.len() > 1 {
        let sets = sets.iter().map(|set| describe(folder, set)).collect();
        return Err(LoadError::Ambiguous { folder: folder.to_owned(), sets });
    }
    let Some(files) = sets.pop() else {
        return Err(LoadError::NothingFound { folder: folder.to_owned(), looked_for: looked_for(), has: has(&here) });
    };
    // The name has led here; the content decides, and every file of a set is read in the format of the first.
    match in_file(&files[0])? {
        Source::Text(format, _) => Ok(Source::Text(format, files)),
        cache => Ok(cache),
    }
}

/// The sets of files that data sets are known by, in the order of the formats.
fn named_sets(files: &[PathBuf]) -> Vec<Vec<PathBuf>> {
    let mut sets = Vec::new();
    for format in FORMATS {
        // A file and its compressed form are one; the plain one comes first by name.
        let mut of_format: BTreeMap<String, BTreeMap<String, PathBuf>> = BTreeMap::new();
        for file in files {
            let name = plain_name(file);
            if let Some(set) = (format.set)(&name) {
                of_format.entry(set).or_default().entry(name).or_insert_with(|| file.clone());
            }
        }
        sets.extend(of_format.into_values().map(|set| set.into_values().collect()));
    }
    sets
}

/// Files of other names that are caches or begin with well-formed ratings: each a set of its own.
fn unnamed_sets(files: &[PathBuf]) -> Vec<Vec<PathBuf>> {
    let is_ratings = |file: &&PathBuf| match in_file(file) {
        Ok(Source::Cache(_)) => true,
        Ok(Source::Text(format, _)) => begins_well(format, file),
        Err(_) => false,
    };
    files.iter().take(MAX_TRIED).filter(is_ratings).map(|file| vec![file.clone()]).collect()
}

/// Whether the first ratings of a file are well formed; later ones may still be malformed.
fn begins_well(format: &Format, file: &Path) -> bool {
    let mut good = 0;
    match Lines::open_beginning(file, A_LINE)
        .map_err(LoadError::from)
        .and_then(|mut lines| (format.read)(&mut lines, &mut |_, _| good += 1))
    {
        Ok(()) => good > 0,
        Err(_) => good >= TRIED_LINES,
    }
}

/// Every form of ratings, for messages.
pub fn formats() -> String {
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    format!("{} (each also as .gz), or a cache of ratings", names.join(", "))
}

fn looked_for() -> String {
    let names: Vec<&str> = FORMATS.iter().map(|format| format.looks_for).collect();
    format!(
        "{} (each also as .gz), and for any other file (the first {MAX_TRIED} by name) that begins with ratings or is a cache of them",
        names.join(", ")
    )
}

fn describe(folder: &Path, set: &[PathBuf]) -> String {
    let name = set[0].strip_prefix(folder).unwrap_or(&set[0]).display().to_string();
    if set.len() == 1 { name } else { format!("{name} and {} more", set.len() - 1) }
}
