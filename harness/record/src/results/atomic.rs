//! Files that are there whole or not at all.
//!
//! [`write()`] writes to a temporary file in the same folder (`.name.part`), syncs, renames, and syncs the folder, so that a reader (and a
//! run after a crash) sees the old content or the new, never a part of it. The temporary name is fixed: a writer that was killed leaves at
//! most one `.part`, which the next write of the same file takes over. Two writers of one folder at once are kept apart by [`super::lock`],
//! not here.
//!
//! What is replaced is a regular file: no link is written through or replaced, and no pipe, device or folder.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::place;

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
    check_regular(path)?;
    let beside = beside(path);
    let filled = |mut file: File| fill(&mut file).and_then(|()| file.sync_all());
    let written = begin(&beside).and_then(filled).and_then(|()| fs::rename(&beside, path));
    if let Err(source) = written {
        // The error that matters is the first one; the leftover is never read and is taken over by the next write.
        let _ = fs::remove_file(&beside);
        return Err(WriteError::of(path, source));
    }
    sync_folder(path).map_err(|source| WriteError::of(path, source))
}

/// Begins a file at `path` for what is written bit by bit, in place of the one that was there.
///
/// # Errors
/// [`WriteError`].
pub fn create(path: &Path) -> Result<File, WriteError> {
    check_regular(path)?;
    begin(path).map_err(|source| WriteError::of(path, source))
}

/// Whether what is at `path` may be replaced: a regular file, or nothing.
///
/// # Errors
/// [`WriteError::NotAFile`].
pub fn check_regular(path: &Path) -> Result<(), WriteError> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => {
            Err(WriteError::NotAFile { path: path.to_owned(), found: place::in_words(there.file_type()) })
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Makes `folder` and the folders above it.
///
/// # Errors
/// [`WriteError`].
pub fn create_folder(folder: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(folder).and_then(|()| sync_folder(folder)).map_err(|source| WriteError::of(folder, source))
}

/// Removes the file at `path`, for good before this returns; no file there is no error.
///
/// # Errors
/// [`WriteError`].
pub fn remove(path: &Path) -> Result<(), WriteError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| sync_folder(path)).map_err(|source| WriteError::of(path, source)),
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
                let folder = parent(&path).to_owned();
                WriteError::NoFolder { path, folder, source }
            }
            _ => WriteError::Other { path, source },
        }
    }
}

/// `.name.part` in the same folder, so that the rename never crosses file systems.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".part");
    path.with_file_name(name)
}

/// A new file at `path`; a leftover goes, and a link there is not followed.
fn begin(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    File::create_new(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(parent(path))?.sync_all()
}

/// The folder of `path`; `.` for a bare name.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_the_content_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write(&path, b"old, and longer").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn takes_over_what_a_killed_writer_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(folder.path().join(".a.json.part"), b"half of someth").unwrap();
        write(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

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
        symlink("theirs", path(".c.json.part")).unwrap();
        write(&path("c.json"), b"new").unwrap();
        assert_eq!(fs::read(path("theirs")).unwrap(), b"theirs");
        assert_eq!(fs::read(path("c.json")).unwrap(), b"new");
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
    fn a_bare_name_is_in_the_current_folder() {
        assert_eq!(parent(Path::new("a.json")), Path::new("."));
        assert_eq!(beside(Path::new("a.json")), Path::new(".a.json.part"));
    }

    #[test]
    fn removing_what_is_not_there_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        remove(&folder.path().join("none")).unwrap();
    }
}
