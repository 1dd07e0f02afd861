//! Text files of numbers, plain or gzip: folders, lines and errors.

pub(crate) mod folder;
pub(crate) mod gzip;
pub(crate) mod lines;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// An error of a text file, with its place, the text found and the form expected.
#[derive(Debug, Error)]
pub enum TextError {
    /// The path does not exist or cannot be read.
    #[error("{path}: cannot be opened: {source}{}", suggestion(.nearest))]
    Open {
        /// The file or folder.
        path: PathBuf,
        /// The most similar name in the same folder.
        nearest: Option<String>,
        /// The underlying error of the system.
        source: io::Error,
    },
    /// A named pipe, a socket or a device: data are read more than once, and from regular files only.
    #[error("{path}: found {what}, expected a file or a folder")]
    Special {
        /// Path as given by the user.
        path: PathBuf,
        /// Its kind, in words.
        what: &'static str,
    },
    /// A folder too full to be that of a data set.
    #[error("{folder}: found more than {limit} files, expected the folder of one data set; give the path of a file")]
    TooMany {
        /// Path of the folder.
        folder: PathBuf,
        /// The limit on entries.
        limit: usize,
    },
    /// Reading stopped with an error of the system.
    #[error("{file}: cannot be read after line {line}: {source}")]
    Read {
        /// Path of the file.
        file: PathBuf,
        /// Number of the last complete line.
        line: u64,
        /// The underlying error of the system.
        source: io::Error,
    },
    /// A compressed file that ends early or is damaged.
    #[error(
        "{file}: after line {line}: the gzip data is truncated or damaged ({source}), expected a complete .gz file"
    )]
    Gzip {
        /// Path of the file.
        file: PathBuf,
        /// Number of the last complete line.
        line: u64,
        /// The underlying error of the system.
        source: io::Error,
    },
    /// A line that violates its format.
    #[error("{file}:{line}: found {found}, expected {expected}{}", as_format(*.read_as))]
    Line {
        /// Path of the file.
        file: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// The text or content found.
        found: String,
        /// The form expected, with valid values.
        expected: String,
        /// The format that the file was taken for, where that is a guess.
        read_as: Option<&'static str>,
    },
}

fn as_format(read_as: Option<&str>) -> String {
    read_as.map(|format| format!(" (read as {format})")).unwrap_or_default()
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}
