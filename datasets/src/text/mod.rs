//! Text files of numbers, plain or gzip: their lines, and what can be wrong with them.

pub(crate) mod folder;
pub(crate) mod gzip;
pub(crate) mod lines;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What is wrong with a text file: where, what was found, what was expected.
#[derive(Debug, Error)]
pub enum TextError {
    /// The path leads nowhere, or may not be read.
    #[error("{path}: cannot be opened: {source}{}", suggestion(.nearest))]
    Open {
        /// The file or folder.
        path: PathBuf,
        /// The nearest name beside it.
        nearest: Option<String>,
        /// Why.
        source: io::Error,
    },
    /// A named pipe, a socket or a device: data are read more than once, and from regular files only.
    #[error("{path}: found {what}, expected a file or a folder")]
    Special {
        /// What was given.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A folder too full to be that of a data set.
    #[error("{folder}: found more than {limit} files, expected the folder of one data set; name the file")]
    TooMany {
        /// The folder.
        folder: PathBuf,
        /// How many are looked at.
        limit: usize,
    },
    /// Reading stopped with an error of the system.
    #[error("{file}: after line {line}: cannot be read on: {source}")]
    Read {
        /// The file.
        file: PathBuf,
        /// The last whole line.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// A compressed file that ends early or is damaged.
    #[error("{file}: after line {line}: the gzip data is cut off or damaged ({source}), expected a whole .gz file")]
    Gzip {
        /// The file.
        file: PathBuf,
        /// The last whole line.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// A line that is not what its format says.
    #[error("{file}:{line}: found {found}, expected {expected}{}", as_format(*.read_as))]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is there.
        found: String,
        /// What should be there.
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
