//! The binary in a folder of its own, for tests of whole commands.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with these files: names and texts.
pub(crate) fn place(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("writable");
    }
    folder
}

/// Runs the binary in `folder`, with the instructions that it chooses itself, and returns its output and exit code.
pub(crate) fn experiments(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiments"));
    for name in ["GAIA_ISA", "EXPERIMENTS_LOG", "EXPERIMENTS_LOG_FORMAT"] {
        command.env_remove(name);
    }
    command.current_dir(folder).args(arguments).output().expect("the binary starts")
}

/// The standard error.
pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
