//! Files that are there whole or not at all.
//!
//! [`with`] writes to a temporary file in the same folder, syncs, renames, and syncs the folder, so that a reader (and a run after a crash)
//! sees the old content or the new, never a part of it. The mode of the file is 666 without the bits of the umask.
//!
//! Only a regular file is replaced: no link is written through or replaced, and no pipe, device or folder.

use std::ffi::OsString;
use std::fs::{self, File, FileType};
use std::io::{self, ErrorKind};
use std::path::Path;

use thiserror::Error;

/// The writers that may replace a file at the same time: they decide on the name of the temporary file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writers {
    /// One at a time, for example under a lock. The name is `.name.part`: a writer that was killed leaves at most this file, which the next
    /// one takes over.
    One,
    /// Several. Each has a name of its own, `.name.RANDOM.part`, which stays behind if the writer is killed.
    Several,
}

/// An error of replacing a file. The old content, if any, is untouched.
#[derive(Debug, Error)]
pub enum ReplaceError {
    /// An entry that is never replaced.
    #[error(transparent)]
    NotAFile(#[from] NotAFile),
    /// Any error of the operating system.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// An entry that is no regular file, and is therefore never replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("found {found}, expected a regular file to replace, or nothing")]
pub struct NotAFile {
    /// The type of the entry, with its article: `a link`.
    pub found: &'static str,
}

/// Puts what `fill` writes at `path`, in place of the file that was there, whole or not at all.
///
/// ```
/// use std::io::Write;
///
/// use base::replace::{self, Writers};
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("list.txt");
/// replace::with(&path, Writers::One, |file| file.write_all(b"one\n"))?;
/// replace::with(&path, Writers::One, |file| file.write_all(b"two\n"))?;
/// assert_eq!(std::fs::read(&path)?, b"two\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ReplaceError`], also of what `fill` could not write.
pub fn with(path: &Path, writers: Writers, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), ReplaceError> {
    check_regular(path)?;
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    let random_letters = match writers {
        Writers::One => 0,
        Writers::Several => {
            prefix.push(".");
            6
        }
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".part").rand_bytes(random_letters);
    // It is removed when it is dropped before it is renamed.
    let mut refused = None;
    let made = builder.make_in(folder_of(path), |path| {
        // Of several writers each has names of its own: one that is taken belongs to another, and the next is tried.
        let created = match writers {
            Writers::One => begin(path),
            Writers::Several => File::create_new(path),
        };
        created.map_err(|error| {
            let kind = error.kind();
            refused = Some(error);
            kind.into()
        })
    });
    // The system's own error, without the name of the temporary file.
    let mut temporary = made.map_err(|error| refused.unwrap_or(error))?;
    fill(temporary.as_file_mut())?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(sync_folder_of(path)?)
}

/// Whether the entry at `path` may be replaced: a regular file, or nothing.
///
/// # Errors
/// [`NotAFile`]; of a link the link itself counts, wherever it leads.
pub fn check_regular(path: &Path) -> Result<(), NotAFile> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => Err(NotAFile { found: kind_of(there.file_type()) }),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A new file at `path`. A file or link there is removed first, never opened.
///
/// # Errors
/// Those of the operating system.
pub fn begin(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    File::create_new(path)
}

/// The folder of `path`; `.` for a bare name.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Syncs the folder of `path`: a file that was made, renamed or removed there is so for good when this returns.
///
/// # Errors
/// Those of the operating system.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// The type of an entry that is not a regular file, with its article.
pub fn kind_of(entry: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if entry.is_fifo() {
            return "a named pipe";
        }
        if entry.is_char_device() || entry.is_block_device() {
            return "a device";
        }
        if entry.is_socket() {
            return "a socket";
        }
    }
    match (entry.is_symlink(), entry.is_dir()) {
        (true, _) => "a link",
        (_, true) => "a folder",
        _ => "neither a file nor a folder",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tempfile::{TempDir, tempdir};

    use super::*;

    fn write(path: &Path, writers: Writers, bytes: &[u8]) -> Result<(), ReplaceError> {
        with(path, writers, |file| file.write_all(bytes))
    }

    fn names(folder: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_the_content_and_leaves_nothing_else() {
        for writers in [Writers::One, Writers::Several] {
            let folder = tempdir().unwrap();
            let path = folder.path().join("a.json");
            write(&path, writers, b"old, and longer").unwrap();
            write(&path, writers, b"new").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            assert_eq!(names(&folder), ["a.json"]);
        }
    }

    #[test]
    fn the_old_content_stays_until_the_new_is_whole() {
        for writers in [Writers::One, Writers::Several] {
            let folder = tempdir().unwrap();
            let path = folder.path().join("a.json");
            write(&path, writers, b"old").unwrap();
            let failed = with(&path, writers, |file| {
                file.write_all(b"half of someth")?;
                assert_eq!(fs::read(&path)?, b"old");
                assert_eq!(names(&folder).len(), 2);
                Err(io::Error::other("the disk is gone"))
            });
            assert_eq!(failed.unwrap_err().to_string(), "the disk is gone");
            assert_eq!(fs::read(&path).unwrap(), b"old");
            assert_eq!(names(&folder), ["a.json"]);
        }
    }

    #[test]
    fn one_writer_takes_over_what_a_killed_one_left() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(folder.path().join(".a.json.part"), b"half of someth").unwrap();
        write(&path, Writers::One, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(&folder), ["a.json"]);
    }

    #[test]
    fn several_writers_do_not_share_a_temporary_file() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.json");
        with(&path, Writers::Several, |outer| {
            outer.write_all(b"first, ")?;
            write(&path, Writers::Several, b"in between").unwrap();
            outer.write_all(b"last")
        })
        .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first, last");
        assert_eq!(names(&folder), ["a.json"]);
    }

    #[cfg(unix)]
    #[test]
    fn no_link_or_folder_is_replaced_or_written_through() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("theirs"), "theirs").unwrap();
        symlink("theirs", path("a.json")).unwrap();
        fs::create_dir(path("b.json")).unwrap();
        for (name, found) in [("a.json", "a link"), ("b.json", "a folder")] {
            let error = write(&path(name), Writers::One, b"new").unwrap_err();
            assert!(matches!(error, ReplaceError::NotAFile(NotAFile { found: kind }) if kind == found), "{error:?}");
        }
        symlink("theirs", path(".c.json.part")).unwrap();
        write(&path("c.json"), Writers::One, b"new").unwrap();
        assert_eq!(fs::read(path("theirs")).unwrap(), b"theirs");
        assert_eq!(fs::read(path("c.json")).unwrap(), b"new");
        let mode = |name: &str| fs::metadata(path(name)).unwrap().permissions().mode();
        assert_eq!(mode("c.json"), mode("theirs"), "the mode of any new file");
    }

    #[test]
    fn an_error_of_the_system_is_not_changed() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("none/a.json");
        for writers in [Writers::One, Writers::Several] {
            let error = write(&path, writers, b"new").unwrap_err();
            let ReplaceError::System(error) = error else { panic!("{error:?}") };
            assert_eq!(error.raw_os_error(), File::create(&path).unwrap_err().raw_os_error());
        }
    }

    #[test]
    fn a_bare_name_is_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("a.json")), Path::new("."));
        assert_eq!(folder_of(Path::new("out/a.json")), Path::new("out"));
    }
}
