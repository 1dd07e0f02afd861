//! The place of the file that the user of a command names: never on top of anything by accident.
//!
//! An existing file is replaced only on request (`--force`), by a rename, as a whole or not at all. A link, a folder, a pipe or a device
//! is never replaced or written through. The same holds for the input of the command.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use base::replace::{self, NotAFile};
use thiserror::Error;

/// Endings of the files that `experiments data` writes: one of these in the folder that it reads is its own.
const CACHES: [&str; 3] = ["ratings", "bags", "images"];

/// The treatment of an existing file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the command is refused.
    Stays,
    /// An existing file is replaced.
    Replaced,
}

impl Existing {
    /// The choice of `--force`: `true` means replaced.
    pub fn forced(force: bool) -> Self {
        if force { Existing::Replaced } else { Existing::Stays }
    }
}

/// A place where a command must not write.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// Something is there that may not be replaced unasked.
    #[error("{file} is there already: give another file, or --force to replace it")]
    Taken {
        /// The path as given.
        file: String,
    },
    /// An entry that is never replaced, such as a link or a folder.
    #[error("{file} is {found}: found no regular file, expected one to replace, or a name that is not taken")]
    NotAFile {
        /// The path as given.
        file: String,
        /// The type of the existing entry, in words.
        found: &'static str,
    },
    /// The command reads it.
    #[error("{file} is what is read ({source_path}): expected another file to write")]
    Source {
        /// The path as given.
        file: String,
        /// The path of the input.
        source_path: String,
    },
    /// Its folder is not there.
    #[error("{file} cannot be written: there is no folder {folder}")]
    NoFolder {
        /// The path as given.
        file: String,
        /// The folder of the file.
        folder: String,
    },
}

/// Whether a new file may be put at `path` by a command that reads `source`, if it reads something.
///
/// # Errors
/// [`PlaceError`].
pub fn check(path: &Path, existing: Existing, source: Option<&Path>) -> Result<(), PlaceError> {
    let file = path.display().to_string();
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(PlaceError::NoFolder { file, folder: folder.display().to_string() });
    }
    // Not through a link: a link is no regular file, wherever it leads.
    let Ok(there) = fs::symlink_metadata(path) else { return Ok(()) };
    if let Err(NotAFile { found }) = replace::check_regular(path) {
        return Err(PlaceError::NotAFile { file, found });
    }
    if let Some(source) = source.filter(|source| is_read(path, &there, source)) {
        return Err(PlaceError::Source { file, source_path: source.display().to_string() });
    }
    if existing == Existing::Stays { Err(PlaceError::Taken { file }) } else { Ok(()) }
}

/// Whether the file at `path` is `source`, or one of the files in it that are not caches.
fn is_read(path: &Path, there: &Metadata, source: &Path) -> bool {
    let Ok(read) = fs::metadata(source) else { return false };
    if read.is_file() {
        return is_same(there, &read);
    }
    let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
    let is_cache = path.extension().is_some_and(|ending| CACHES.iter().any(|cache| ending == *cache));
    whole(path).starts_with(whole(source)) && !is_cache
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_replaces_anything_only_regular_files_are_replaced_and_only_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "x").unwrap();
        fs::write(path("other"), "x").unwrap();
        let why = |name: &str, existing, source: Option<&Path>| {
            check(&path(name), existing, source).map_err(|error| error.to_string()).err().unwrap_or_default()
        };
        assert_eq!(why("new", Existing::Stays, None), "");
        assert_eq!(why("file", Existing::Replaced, Some(&path("other"))), "");
        assert!(why("file", Existing::Stays, None).contains("--force"));
        assert!(why("file", Existing::Replaced, Some(&path("file"))).contains("is what is read"));
        assert!(why("file", Existing::Replaced, Some(folder.path())).contains("is what is read"));
        fs::write(path("own.ratings"), "x").unwrap();
        assert_eq!(why("own.ratings", Existing::Replaced, Some(folder.path())), "");
        assert!(why("none/file", Existing::Replaced, None).contains("there is no folder"));
        fs::create_dir(path("folder")).unwrap();
        for existing in [Existing::Stays, Existing::Replaced] {
            assert!(why("folder", existing, None).contains("is a folder: found no regular file"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn out_replaces_anything_links_and_sockets_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "x").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        std::os::unix::fs::symlink("nowhere", path("dangling")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        for (name, found) in [("link", "a link"), ("dangling", "a link"), ("socket", "a socket")] {
            let error = check(&path(name), Existing::Replaced, None).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }
}
