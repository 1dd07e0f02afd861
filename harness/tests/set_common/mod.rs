//! Commands with settings of the command line, for tests that vary a spec.

use std::path::Path;
use std::process::Output;

use crate::common::{errors, experiments};

/// Runs the binary with `--set` before each of `sets`.
pub(crate) fn with_sets(folder: &Path, arguments: &[&str], sets: &[&str]) -> Output {
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    experiments(folder, &[arguments, &sets[..]].concat())
}

/// The message of `plan`, which refuses a spec with these settings.
pub(crate) fn refused(folder: &Path, spec: &str, sets: &[&str]) -> String {
    let output = with_sets(folder, &["plan", spec], sets);
    assert_eq!(output.status.code(), Some(2), "{sets:?}: {}", errors(&output));
    errors(&output)
}
