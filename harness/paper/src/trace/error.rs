//! The errors of making a trace.

use std::path::PathBuf;

use record::results::atomic::WriteError;
use record::results::store::ReadError;
use thiserror::Error;

/// The reasons for which there is no trace.
#[derive(Debug, Error)]
pub enum TraceError {
    /// A result cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The folder's results are of several specs, or there are none.
    #[error("{folder}: {found}")]
    Folder {
        /// The folder that was given.
        folder: PathBuf,
        /// What it is, and what was expected.
        found: String,
    },
    /// No cell of this name, or several.
    #[error("{folder}: no cell is called `{name}`{hint}")]
    Cell {
        /// The name as it was given.
        name: String,
        /// The folder of the spec's results.
        folder: PathBuf,
        /// The nearest name if one is near, and all names.
        hint: String,
    },
    /// The cell has no run of this seed.
    #[error("{cell} has no run of seed {seed}; expected one of {known}")]
    Seed {
        /// The cell's name.
        cell: String,
        /// The seed that was given.
        seed: u64,
        /// The seeds that there are.
        known: String,
    },
    /// The trace was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
}
