//! The files that hold the corpus and its spellings, found by content.

use std::path::{Path, PathBuf};

use super::LoadError;
use super::docword::{A_LINE, begins_as_docword};
use crate::bow::cache::MAGIC;
use crate::text::TextError;
use crate::text::folder::{entries, file_name, has, head, is_folder, plain_name};
use crate::text::lines::{Lines, shown};

/// The limit on files of other names in a folder that are tried.
const MAX_TRIED: usize = 100;
/// The name of the file of pairs at UCI, before the name of the corpus.
const DOCWORD: &str = "docword";
/// The name of the file of spellings at UCI, before the name of the corpus.
const VOCAB: &str = "vocab";

/// The source of a corpus.
#[derive(Clone)]
pub(super) enum Source {
    Cache(PathBuf),
    Text { docword: PathBuf, vocab: Option<PathBuf> },
}

/// Finds the corpus at `path`.
pub(super) fn source(path: &Path) -> Result<Source, LoadError> {
    if is_folder(path)? { in_folder(path) } else { in_file(path) }
}

fn in_file(file: &Path) -> Result<Source, LoadError> {
    if head(file, MAGIC.len())? == MAGIC.as_bytes() {
        return Ok(Source::Cache(file.to_owned()));
    }
    let is_named = plain_name(file).starts_with(DOCWORD);
    let begins_well = match begins_as_docword(file) {
        // No line of text is so long.
        Err(TextError::Line { found, .. }) if !is_named => {
            return Err(LoadError::Unknown { file: file.to_owned(), found });
        }
        begins => begins?,
    };
    if is_named || begins_well {
        return Ok(Source::Text { docword: file.to_owned(), vocab: spellings_beside(file)? });
    }
    let mut lines = Lines::open_beginning(file, A_LINE)?;
    let found = match lines.next()? {
        None => "an empty file".to_owned(),
        Some((_, line)) => format!("a first line {}", shown(line)),
    };
    Err(LoadError::Unknown { file: file.to_owned(), found })
}

fn in_folder(folder: &Path) -> Result<Source, LoadError> {
    let here = entries(folder)?;
    let mut found: Vec<PathBuf> = named(&here.files);
    if found.is_empty() {
        // A folder further down that cannot be read is not the one that was asked for.
        let below = here.folders.iter().filter_map(|folder| entries(folder).ok());
        found = below.flat_map(|entries| named(&entries.files)).collect();
    }
    if found.is_empty() {
        let is_one = |file: &&PathBuf| !plain_name(file).starts_with(VOCAB) && in_file(file).is_ok();
        found = here.files.iter().take(MAX_TRIED).filter(is_one).cloned().collect();
    }
    match &found[..] {
        [file] => in_file(file),
        [] => Err(LoadError::NothingFound { folder: folder.to_owned(), tried: MAX_TRIED, has: has(&here) }),
        files => {
            let name = |file: &PathBuf| file.strip_prefix(folder).unwrap_or(file).display().to_string();
            Err(LoadError::Ambiguous { folder: folder.to_owned(), files: files.iter().map(name).collect() })
        }
    }
}

/// The files of pairs by name. A file and its compressed form are one; the plain one comes first by name.
fn named(files: &[PathBuf]) -> Vec<PathBuf> {
    let mut named: Vec<PathBuf> = files.iter().filter(|file| plain_name(file).starts_with(DOCWORD)).cloned().collect();
    named.dedup_by_key(|file| plain_name(file));
    named
}

/// The spellings of the corpus in `docword`: in the same folder the file of its name with `vocab` for `docword`, or the only one
/// that begins with `vocab` where there is no other corpus.
fn spellings_beside(docword: &Path) -> Result<Option<PathBuf>, LoadError> {
    let folder = docword.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let files = entries(folder)?.files;
    let mut vocabs: Vec<&PathBuf> = files.iter().filter(|file| file_name(file).starts_with(VOCAB)).collect();
    vocabs.dedup_by_key(|file| plain_name(file));
    let wanted = plain_name(docword).replacen(DOCWORD, VOCAB, 1);
    let same = vocabs.iter().find(|file| plain_name(file) == wanted);
    let only = if vocabs.len() == 1 && named(&files).len() <= 1 { vocabs.first() } else { None };
    Ok(same.or(only).map(|&file| file.clone()))
}
