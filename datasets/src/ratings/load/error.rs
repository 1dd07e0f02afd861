//! What can be wrong with a file of ratings: where, what was found, what was expected.

use std::path::PathBuf;

use thiserror::Error;

use crate::ratings::cache::CacheError;
use crate::text::TextError;

/// Why ratings could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A file that cannot be read, or a line that is not what its format says.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A user has rated an item twice.
    #[error(
        "{file}:{line}: found a second rating of item {item} by user {user}, expected one (the first is at {first_file}:{first_line})"
    )]
    Duplicate {
        /// The file of the second rating.
        file: PathBuf,
        /// Its line.
        line: u64,
        /// The file of the first rating.
        first_file: PathBuf,
        /// Its line.
        first_line: u64,
        /// The user, as numbered in the file.
        user: u32,
        /// The item, as numbered in the file.
        item: u32,
    },
    /// The file differs from one reading to the next.
    #[error("{file}: changed while it was being read")]
    Changed {
        /// The first of the files.
        file: PathBuf,
    },
    /// Nothing in it.
    #[error("{file}: found an empty file, expected ratings: {expected}")]
    Empty {
        /// The file.
        file: PathBuf,
        /// The formats.
        expected: String,
    },
    /// A header, but not one rating.
    #[error("{file}: found no rating in it, expected at least one ({format})")]
    NoRatings {
        /// The file.
        file: PathBuf,
        /// Its format.
        format: &'static str,
    },
    /// A file of no known format.
    #[error("{file}: found {found}, expected ratings: {expected}")]
    Unknown {
        /// The file.
        file: PathBuf,
        /// What it begins with.
        found: String,
        /// The formats.
        expected: String,
    },
    /// A folder without ratings.
    #[error("{folder}: found no ratings; looked for {looked_for}; the folder has {has}")]
    NothingFound {
        /// The folder.
        folder: PathBuf,
        /// Names and formats.
        looked_for: String,
        /// What is there instead.
        has: String,
    },
    /// A folder with ratings in more than one format or set.
    #[error("{folder}: found more than one set of ratings ({}), expected one; name the file", .sets.join("; "))]
    Ambiguous {
        /// The folder.
        folder: PathBuf,
        /// The sets.
        sets: Vec<String>,
    },
    /// A cache file that is damaged or of another version.
    #[error(transparent)]
    Cache(#[from] CacheError),
}
