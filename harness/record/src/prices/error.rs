//! The errors of price lists.

use std::io;

use thiserror::Error;

use crate::form::FormError;

/// The reason that a price list cannot be used. Each message has the place, the value found and the value expected.
#[derive(Debug, Error)]
pub enum PriceError {
    /// Neither a built-in list nor a path.
    #[error("unknown price list `{name}`{hint}; a list of your own is given by a path ending in .yaml")]
    Unknown {
        /// The name as given.
        name: String,
        /// The nearest name, and all of them.
        hint: String,
    },
    /// A file that cannot be read.
    #[error("cannot read the prices {file}: {error}")]
    Read {
        /// The path as given.
        file: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Not of a price list's form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A line of a table.
    #[error("{file}:{line}: {problem}")]
    Line {
        /// The path of the file.
        file: String,
        /// The line, counted from 1.
        line: u64,
        /// The problem on this line.
        problem: PriceProblem,
    },
    /// A whole file, or a field of it that the problem names.
    #[error("{file}: {problem}")]
    Meaning {
        /// The path of the file.
        file: String,
        /// The problem with the list.
        problem: PriceProblem,
    },
}

/// The problem with a price list, at the place that the error names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum PriceProblem {
    /// The file is not comma-separated text.
    #[error("not comma-separated: {0}")]
    Csv(String),
    /// A line that the CSV reader takes for an empty one.
    #[error("no values; expected the name of a region and its prices")]
    NoValues,
    /// A table without a first row.
    #[error("no header; expected a first row such as `{0}`")]
    NoHeader(&'static str),
    /// A header of two equal columns, or one without a name.
    #[error("column {column}: {message}")]
    Column {
        /// The column, counted from 1.
        column: usize,
        /// The problem with the name of the column.
        message: String,
    },
    /// A row that is longer or shorter than the header.
    #[error("row {row}: the number of values is {found}, expected {expected} as in the header")]
    Ragged {
        /// The region of the row.
        row: String,
        /// The number of values in the row.
        found: usize,
        /// Columns of the header.
        expected: usize,
    },
    /// A region that has two rows.
    #[error("region `{0}` stands here a second time")]
    Repeated(String),
    /// Something else where a price must stand.
    #[error("{place}: `{found}`: expected {expected}")]
    Price {
        /// The position, such as `us-east-1, c4.4xlarge`.
        place: String,
        /// The text found in its place.
        found: String,
        expected: &'static str,
    },
    /// A name that is no region's or instance's of the list.
    #[error("{place}: unknown {what} `{name}`{hint}")]
    Unknown {
        /// The field, or the row or column.
        place: String,
        /// The type of the name: `region` or `instance`.
        what: &'static str,
        /// The name that the list lacks.
        name: String,
        /// The nearest, and all.
        hint: String,
    },
    /// No machine has a price.
    #[error("machines: no prices; expected at least one region with one instance")]
    NoMachines,
    /// A region from which traffic has no price.
    #[error(
        "traffic: no price from {from} to {to}; expected one of the pair, or one of all that leaves {from} (the column `leaving`)"
    )]
    NoTraffic {
        /// The region of the sender.
        from: String,
        /// The region of the receiver.
        to: String,
    },
    #[error("{0}: empty; expected {1}")]
    Empty(&'static str, &'static str),
}
