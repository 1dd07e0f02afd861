//! Errors of loading ratings, each with its place, the content found and the form expected.

use std::path::PathBuf;

use thiserror::Error;

use crate::ratings::cache::CacheError;
use crate::text::TextError;

/// The reason why ratings could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A file that cannot be read, or a line that violates its format.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A user has rated an item twice.
    #[error(
        "{file}:{line}: found a second rating of item {item} by user {user}, expected one (the first is at {first_file}:{first_line})"
    )]
    Duplicate {
        /// The file of the second rating.
        file: PathBuf,
        /// Line of this rating, from 1.
        line: u64,
        /// The file of the first rating.
        first_file: PathBuf,
        /// Line of this rating, from 1.
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
    /// A file without any line.
    #[error("{file}: found an empty file, expected ratings: {expected}")]
    Empty {
        /// Path of the file.
        file: PathBuf,
        /// Names of all formats.
        expected: String,
    },
    /// A header, but not one rating.
    #[error("{file}: found no rating in it, expected at least one ({format})")]
    NoRatings {
        /// Path of the file.
        file: PathBuf,
        /// Name of the assumed format.
        format: &'static str,
    },
    /// A file of no known format.
    #[error("{file}: found {found}, expected ratings: {expected}")]
    Unknown {
        /// Path of the file.
        file: PathBuf,
        /// The beginning of the file.
        found: String,
        /// Names of all formats.
        expected: String,
    },
    /// A folder without ratings.
    #[error("{folder}: found no ratings; looked for {looked_for}; the folder has {has}")]
    NothingFound {
        /// Path of the folder.
        folder: PathBuf,
        /// File names and formats searched for.
        looked_for: String,
        /// The first entries of the folder.
        has: String,
    },
    /// A folder with ratings in more than one format or set.
    #[error("{folder}: found more than one set of ratings ({}), expected one; give the path of one file", .sets.join("; "))]
    Ambiguous {
        /// Path of the folder.
        folder: PathBuf,
        /// The sets found, by one file each.
        sets: Vec<String>,
    },
    /// A cache file that is damaged or of another version.
    #[error(transparent)]
    Cache(#[from] CacheError),
}
