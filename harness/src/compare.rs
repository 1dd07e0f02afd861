//! `experiments compare`: one folder of results compared with another.

use std::process::ExitCode;

use paper::compare::{self, Options};
use record::failure::{CHANGED, Failure};
use record::say;

use crate::cli::CompareArgs;

/// Prints what changed from the first folder to the second, and says with the exit code whether anything did.
///
/// # Errors
/// [`Failure::Input`] for folders that cannot be compared.
pub fn command(args: &CompareArgs) -> Result<ExitCode, Failure> {
    let options = Options {
        tolerance: args.tolerance.unwrap_or_default(),
        common: args.common,
        leave_out: args.leave_out.clone(),
    };
    let found = compare::compare(&args.a, &args.b, &options).map_err(Failure::input)?;
    let text = if args.json { found.to_json() } else { found.to_string() };
    say::out(&text).map_err(Failure::run)?;
    let counts = if args.worse { found.worse() } else { found.changed() };
    Ok(if counts { ExitCode::from(CHANGED) } else { ExitCode::SUCCESS })
}
