//! What can be wrong with a price list.

use std::io;

use thiserror::Error;

use crate::form::FormError;

/// Why there is no price list. Each message says where, what was found and what was expected.
#[derive(Debug, Error)]
pub enum PriceError {
    /// Neither a built-in list nor a path.
    #[error("unknown price list `{name}`{hint}; a list of your own is given by a path ending in .yaml")]
    Unknown {
        /// As given.
        name: String,
        /// The nearest name, and all of them.
        hint: String,
    },
    /// A file that cannot be read.
    #[error("cannot read the prices {file}: {error}")]
    Read {
        /// As given.
        file: String,
        /// From the system.
        error: io::Error,
    },
    /// Not of a price list's form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A line of a table.
    #[error("{file}:{line}: {problem}")]
    Line {
        /// The file.
        file: String,
        /// From 1.
        line: u64,
        /// What is wrong.
        problem: PriceProblem,
    },
    /// A whole file, or a field of it that the problem names.
    #[error("{file}: {problem}")]
    Meaning {
        /// The file.
        file: String,
        /// What is wrong.
        problem: PriceProblem,
    },
}

/// What is wrong with a price list, at the place that the error names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PriceProblem {
    /// Not comma-separated text.
    #[error("not comma-separated: {0}")]
    Csv(String),
    /// A table without a first row.
    #[error("no header; expected a first row such as `{0}`")]
    NoHeader(&'static str),
    /// A header of two equal columns, or one without a name.
    #[error("column {column}: {message}")]
    Column {
        /// From 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A row that is longer or shorter than the header.
    #[error("row {row}: the number of values is {found}, expected {expected} as in the header")]
    Ragged {
        /// The region.
        row: String,
        /// Values in it.
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
        /// `us-east-1, c4.4xlarge`.
        place: String,
        /// As it stands there.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// A name that is no region's or instance's of the list.
    #[error("{place}: unknown {what} `{name}`{hint}")]
    Unknown {
        /// The field, or the row or column.
        place: String,
        /// `region` or `instance`.
        what: &'static str,
        /// The name.
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
        /// The sender's region.
        from: String,
        /// The receiver's.
        to: String,
    },
    /// A field that says nothing.
    #[error("{0}: empty; expected {1}")]
    Empty(&'static str, &'static str),
}
