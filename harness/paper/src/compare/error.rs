//! The reasons for which two folders cannot be compared.

use std::path::PathBuf;

use record::results::hashes::HashError;
use record::results::store::ReadError;
use thiserror::Error;

/// The reasons for which two folders cannot be compared.
#[derive(Debug, Error)]
pub enum CompareError {
    /// A folder cannot be listed.
    #[error("compare {folder}")]
    List {
        /// The folder as named on the command line.
        folder: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A folder without results.
    #[error(
        "compare {folder}: found no figure in it, expected a folder of results, or of one figure (with a table.csv)"
    )]
    Nothing {
        /// The folder as named on the command line.
        folder: PathBuf,
    },
    /// One figure and many.
    #[error("compare {one} with {several}: found one figure and a folder of figures, expected two of a kind{hint}")]
    Kinds {
        /// The folder of one figure.
        one: PathBuf,
        /// The folder of figures.
        several: PathBuf,
        /// The folder in `several` that is meant, if there is one.
        hint: String,
    },
    /// Nothing is left to compare.
    #[error("compare {a} with {b}: no figure is in both, and --common leaves out the others")]
    NoneInBoth {
        /// The first folder.
        a: PathBuf,
        /// The second folder.
        b: PathBuf,
    },
    /// A figure whose report is not there.
    #[error("read {path}: it is not there; `experiments report {}` makes it", folder.display())]
    NoReport {
        /// The missing file.
        path: PathBuf,
        /// The folder of the figure.
        folder: PathBuf,
    },
    /// A file is not what was written.
    #[error("read {path}; `experiments report` makes it again")]
    Hashes {
        /// The path of the file.
        path: PathBuf,
        /// The difference that was found.
        source: HashError,
    },
    /// A table cannot be read.
    #[error("read {path}")]
    Table {
        /// The path of the file.
        path: PathBuf,
        /// The error, with the line.
        source: csv::Error,
    },
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}
