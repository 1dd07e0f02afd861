//! Files of results, which are there whole or not at all ([`base::replace`]), and errors by what the user can do about them.
//!
//! Two writers of one folder at once are kept apart by [`super::lock`]: a writer that was killed leaves at most one temporary file
//! (`.name.part`), which the next write of the same file takes over.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use base::replace::{self, NotAFile, ReplaceError, Writers, folder_of, sync_folder_of};
use thiserror::Error;

/// An error of writing a file or folder. The old content, if any, is untouched.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The disk is full, or a quota is used up.
    #[error(
        "write {path}: the disk is full (or a quota is used up); free some space or choose another folder with --out"
    )]
    DiskFull {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// No permission, or a file system mounted read-only.
    #[error("write {path}: its folder cannot be written; check its permissions or choose another folder with --out")]
    ReadOnly {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The folder does not exist, or what should be a folder is a file.
    #[error("write {path}: there is no folder {folder}, or a file stands in its place")]
    NoFolder {
        /// The path of the file.
        path: PathBuf,
        /// The folder of the file.
        folder: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// An entry that is never replaced, such as a link or a folder.
    #[error(
        "write {path}: {found} is there, expected a regular file or none; remove it or choose another folder with --out"
    )]
    NotAFile {
        /// The path of the file.
        path: PathBuf,
        /// The type of the existing entry, in words.
        found: &'static str,
    },
    /// Any other error of the operating system.
    #[error("write {path}")]
    Other {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// Puts `bytes` at `path`, replacing what was there, whole or not at all.
///
/// # Errors
/// [`WriteError`]; what was at `path` before is still there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_with(path, |file| file.write_all(bytes))
}

/// The same with what `fill` writes.
///
/// # Errors
/// [`WriteError`], also of what `fill` could not write; what was at `path` before is still there.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), WriteError> {
    replace::with(path, Writers::One, fill).map_err(|error| match error {
        ReplaceError::NotAFile(there) => WriteError::not_a_file(path, there),
        ReplaceError::System(source) => WriteError::of(path, source),
    })
}

/// Begins a file at `path` for what is written bit by bit, in place of the one that was there.
///
/// # Errors
/// [`WriteError`].
pub fn create(path: &Path) -> Result<File, WriteError> {
    check_regular(path)?;
    replace::begin(path).map_err(|source| WriteError::of(path, source))
}

/// Whether what is at `path` may be replaced: a regular file, or nothing.
///
/// # Errors
/// [`WriteError::NotAFile`].
pub fn check_regular(path: &Path) -> Result<(), WriteError> {
    replace::check_regular(path).map_err(|there| WriteError::not_a_file(path, there))
}

/// Makes `folder` and the folders above it.
///
/// # Errors
/// [`WriteError`].
pub fn create_folder(folder: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(folder).and_then(|()| sync_folder_of(folder)).map_err(|source| WriteError::of(folder, source))
}

/// Removes the file at `path`, for good before this returns; no file there is no error.
///
/// # Errors
/// [`WriteError`].
pub fn remove(path: &Path) -> Result<(), WriteError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| sync_folder_of(path)).map_err(|source| WriteError::of(path, source)),
    }
}

/// Syncs `folder`: links made and removed in it are durable when this returns.
///
/// # Errors
/// [`WriteError`].
pub fn sync(folder: &Path) -> Result<(), WriteError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| WriteError::of(folder, source))
}

impl WriteError {
    /// Sorts a system error by what the user can do about it.
    pub fn of(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => WriteError::DiskFull { path, source },
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => WriteError::ReadOnly { path, source },
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                let folder = folder_of(&path).to_owned();
                WriteError::NoFolder { path, folder, source }
            }
            _ => WriteError::Other { path, source },
        }
    }

    fn not_a_file(path: &Path, there: NotAFile) -> Self {
        WriteError::NotAFile { path: path.to_owned(), found: there.found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's own ENOSPC: every write to `/dev/full` fails so, for root too.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_says_so() {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let error = WriteError::of(Path::new("a.json"), full.write_all(b"new").unwrap_err());
        assert!(matches!(error, WriteError::DiskFull { .. }), "{error:?}");
        let message = error.to_string();
        assert!(
            message.contains("a.json") && message.contains("disk is full") && message.contains("--out"),
            "{message}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn out_replaces_anything_no_link_or_folder_is_replaced_or_written_through() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("theirs"), "theirs").unwrap();
        symlink("theirs", path("a.json")).unwrap();
        fs::create_dir(path("b.json")).unwrap();
        for (name, found) in [("a.json", "a link is there"), ("b.json", "a folder is there")] {
            let refused = [write(&path(name), b"new").unwrap_err(), create(&path(name)).unwrap_err()];
            assert!(refused.iter().all(|error| error.to_string().contains(found)), "{refused:?}");
        }
        assert_eq!(fs::read(path("theirs")).unwrap(), b"theirs");
    }

    /// Permissions do not bind root, so the sorting of the system's errors is what is tested.
    #[cfg(unix)]
    #[test]
    fn a_read_only_folder_is_named() {
        for errno in [30 /* EROFS */, 13 /* EACCES */] {
            let error = WriteError::of(Path::new("out/a.json"), io::Error::from_raw_os_error(errno));
            assert!(matches!(error, WriteError::ReadOnly { .. }), "{error:?}");
            assert!(error.to_string().contains("out/a.json"));
        }
    }

    #[test]
    fn a_missing_folder_and_a_file_in_its_place_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/a.json");
        assert!(matches!(write(&missing, b"x").unwrap_err(), WriteError::NoFolder { .. }));
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        assert!(matches!(write(&file.join("a.json"), b"x").unwrap_err(), WriteError::NoFolder { .. }));
        assert!(matches!(create_folder(&file.join("b")).unwrap_err(), WriteError::NoFolder { .. }));
    }

    #[test]
    fn removing_what_is_not_there_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        remove(&folder.path().join("none")).unwrap();
    }
}
