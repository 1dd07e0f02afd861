//! The evidence of commands that judge claims: `--strict` and `--junit`.

use std::path::Path;
use std::process::ExitCode;

use paper::junit;
use paper::strict::{self, Evidence};
use record::failure::Failure;
use record::place::{self, Existing};

/// Whether a JUnit report may be written to `file`: before anything is run for it. A report of before is replaced.
///
/// # Errors
/// [`Failure::Input`] where a folder, a link or a device is, or where there is no folder for it.
pub fn check_junit(file: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = file else { return Ok(()) };
    place::check(file, Existing::Replaced, None).map_err(|error| Failure::input(format!("--junit: {error}")))
}

/// Writes the JUnit report that is asked for on the figures of `folder`, and returns the exit code.
///
/// # Errors
/// [`Failure::Run`] when the report cannot be written.
pub fn evidence(strict: bool, file: Option<&Path>, folder: &Path, figures: &[Evidence]) -> Result<ExitCode, Failure> {
    if let Some(file) = file {
        junit::write(file, folder, figures).map_err(Failure::run)?;
    }
    let lacking = if strict { strict::lacking(folder, figures) } else { Vec::new() };
    Ok(strict::verdict(strict, &lacking))
}
