//! One run at a time in an output folder.
//!
//! A [`Lock`] is the operating system's advisory lock on `<folder>/.lock`, in which the holder's process id stands for
//! the message to others. The system drops the lock when its process ends, however it ends, so that a stale one cannot
//! exist: the file that a killed run leaves behind locks nothing. A lock that is dropped removes its file, so that a
//! finished folder holds results only.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::atomic::{self, WriteError};

/// The name of the lock file.
pub const FILE: &str = ".lock";

/// The number of retries when a lock file disappears between opening and locking.
const ATTEMPTS: u32 = 100;

/// An error of locking a folder.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another process runs here.
    #[error(
        "lock {folder}: another run is writing there (process {holder}); wait for it, or choose another folder with --out"
    )]
    Held {
        /// The path of the folder.
        folder: PathBuf,
        /// The other process's id, or `unknown`.
        holder: String,
    },
    /// The file system has no locks.
    #[error("lock {folder}: its file system has no file locks; choose a folder on a local disk with --out")]
    Unsupported {
        /// The path of the folder.
        folder: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The lock file cannot be made.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// The right to write in a folder, until dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Holds the system's lock for as long as it is open.
    _file: File,
}

impl Lock {
    /// Locks `folder`, which must exist.
    ///
    /// # Errors
    /// [`LockError::Held`] at once when another process holds it.
    pub fn take(folder: &Path) -> Result<Lock, LockError> {
        let path = folder.join(FILE);
        let failed = |source| LockError::Write(WriteError::of(&path, source));
        atomic::check_regular(&path)?;
        for _ in 0..ATTEMPTS {
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Held { folder: folder.to_owned(), holder: holder(&mut file) });
                }
                Err(TryLockError::Error(source)) => {
                    return Err(LockError::Unsupported { folder: folder.to_owned(), source });
                }
            }
            if is_at(&file, &path) {
                file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(failed)?;
                return Ok(Lock { path, _file: file });
            }
        }
        Err(LockError::Held { folder: folder.to_owned(), holder: "unknown".into() })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While the lock is held, so that nobody can hold a lock on a file that is about to vanish without noticing.
        let _ = fs::remove_file(&self.path);
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(20).read_to_string(&mut text));
    match read {
        Ok(length) if length > 0 => text,
        _ => "unknown".into(),
    }
}

/// Whether `path` still leads to `file`: the holder before may have removed it after we opened it.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_and_told_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let error = Lock::take(folder.path()).unwrap_err();
        let LockError::Held { holder, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*holder, std::process::id().to_string());
        drop(first);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the lock file goes with the lock");
        Lock::take(folder.path()).unwrap();
    }

    #[test]
    fn the_file_of_a_killed_run_locks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "4194305, and more than our id").unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join(FILE)).unwrap(), std::process::id().to_string());
        drop(lock);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Lock::take(&folder.path().join("none")).unwrap_err();
        assert!(error.to_string().contains("none"), "{error}");
    }
}
