//! The reason why a command failed, and the exit code of the process.

use std::error::Error;
use std::process::ExitCode;

use base::causes;

use crate::say;

/// Everything went as asked.
pub const DONE: u8 = 0;
/// The exit code if a run failed.
pub const RUN_FAILED: u8 = 1;
/// The user's input is wrong.
pub const INPUT_WRONG: u8 = 2;
/// A claim does not hold or was not measured, under `--strict`.
pub const CLAIM_FAILED: u8 = 3;
/// Results differ beyond the tolerance, under `experiments compare`.
pub const CHANGED: u8 = 3;

/// The failure of a command. It is reported on the standard error, with its causes.
#[derive(Debug)]
pub enum Failure {
    /// The user's input is wrong: exit 2.
    Input(Box<dyn Error + Send + Sync>),
    /// A run failed: exit 1.
    Run(Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// A mistake in what the user gave.
    pub fn input(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Failure::Input(error.into())
    }

    /// Something that went wrong with good input.
    pub fn run(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Failure::Run(error.into())
    }

    /// The message, with the causes that it does not contain itself.
    pub fn message(&self) -> String {
        let (Failure::Input(error) | Failure::Run(error)) = self;
        let mut text = format!("error: {error}");
        for cause in causes::of(&**error) {
            if !text.contains(&cause.to_string()) {
                text.push_str(&format!("\n  because: {cause}"));
            }
        }
        text
    }
}

/// Reports a failure on the standard error, and returns the exit code of the process.
pub fn exit(done: Result<ExitCode, Failure>) -> ExitCode {
    done.unwrap_or_else(|failure| {
        say::err(&failure.message());
        match failure {
            Failure::Input(_) => ExitCode::from(INPUT_WRONG),
            Failure::Run(_) => ExitCode::from(RUN_FAILED),
        }
    })
}
