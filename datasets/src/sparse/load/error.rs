//! Errors of loading LIBSVM files, each with its place, the content found and the form expected.

use std::path::PathBuf;

use thiserror::Error;

use crate::sparse::cache::CacheError;
use crate::text::TextError;

/// The reason why examples could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A file that cannot be read, or a line that violates its format.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A file without examples.
    #[error("{file}: found no example, expected lines `label index:value index:value ...`")]
    Empty {
        /// Path of the file.
        file: PathBuf,
    },
    /// All examples are of one class.
    #[error("{file}: found only label {label}, expected two labels: 0 and 1, -1 and +1, or 1 and 2")]
    OneClass {
        /// Path of the file.
        file: PathBuf,
        /// The only label of the file.
        label: i8,
    },
    /// A feature's number promises far more features than the values can fill.
    #[error(
        "{file}:{line}: found feature {feature} in a data set of {nonzeros} values, expected at most {limit}; most features would be empty"
    )]
    Doubtful {
        /// Path of the file with the largest number.
        file: PathBuf,
        /// The line of the largest number.
        line: u64,
        /// The largest number, as written in the file.
        feature: u32,
        /// Values in all lines.
        nonzeros: u64,
        /// The largest number accepted.
        limit: u64,
    },
    /// A folder without a LIBSVM file, or with more than one.
    #[error(
        "{folder}: found {found} possible LIBSVM files, expected one, or NAME with NAME.t next to it, or a cache of examples: the folder has {has}; give the path of one file"
    )]
    NotOne {
        /// Path of the folder.
        folder: PathBuf,
        /// Number of such files.
        found: usize,
        /// The first entries of the folder.
        has: String,
    },
    /// A cache file that is damaged or of another version.
    #[error(transparent)]
    Cache(#[from] CacheError),
}
