//! Errors of profile files.

use std::io;

use thiserror::Error;

use super::{InvalidProfile, UnknownSite};
use crate::units::ParseQuantityError;

/// The reason why a profile cannot be read. Each message has the place, the text found and the form expected.
#[derive(Debug, Error)]
pub enum ReadProfileError {
    /// Neither a built-in profile nor a path.
    #[error(
        "unknown profile `{name}`: {hint} (a profile of your own is given by a path ending in .yaml, .yml or .csv)"
    )]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The nearest name, or the list of names.
        hint: String,
    },
    /// The file cannot be read, or it is not text.
    #[error("{file}: cannot be read: {error}")]
    File {
        /// The file as the user named it.
        file: String,
        /// The system's error.
        error: io::Error,
    },
    /// A folder where a file must stand.
    #[error(
        "{file}: a folder; expected a file that ends in .yaml, .yml or .csv (reports of iperf3 are named in one: `bandwidth: {{iperf: {{folder: runs}}}}`)"
    )]
    Folder {
        /// The folder.
        file: String,
    },
    /// The YAML has not the form of a profile.
    #[error("{file}: {error}{hint}")]
    Form {
        /// The file as the user named it.
        file: String,
        /// The parser's error, with line and column.
        error: serde_yaml::Error,
        /// The nearest name; empty when there is none.
        hint: String,
    },
    /// A line of a table.
    #[error("{file}:{line}: {problem}")]
    Line {
        /// The file as the user named it.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The problem itself.
        problem: Box<ReadProfileProblem>,
    },
    /// A whole file, or a field of it that the problem names.
    #[error("{file}: {problem}")]
    Meaning {
        /// The file as the user named it.
        file: String,
        /// The problem itself.
        problem: Box<ReadProfileProblem>,
    },
}

impl ReadProfileError {
    pub(super) fn line(file: &str, line: u64, problem: ReadProfileProblem) -> Self {
        ReadProfileError::Line { file: file.to_owned(), line, problem: Box::new(problem) }
    }

    pub(super) fn meaning(file: &str, problem: ReadProfileProblem) -> Self {
        ReadProfileError::Meaning { file: file.to_owned(), problem: Box::new(problem) }
    }
}

/// A problem of a profile file, at the place that the error names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadProfileProblem {
    /// The profile contradicts itself.
    #[error(transparent)]
    Invalid(#[from] InvalidProfile),
    /// A table without a first row.
    #[error("no header; expected a first row with the names of the sites, separated by commas")]
    NoHeader,
    /// Not comma-separated text.
    #[error("not comma-separated: {message}")]
    Csv {
        /// The CSV reader's message.
        message: String,
    },
    /// A row or column (or key) of no site.
    #[error("{place}: {error}")]
    Site {
        /// `row`, `column 3`, `bandwidth.rows`.
        place: String,
        /// The name found and the nearest one.
        error: UnknownSite,
    },
    /// A site that has two rows or columns.
    #[error("{place}: `{site}` stands here a second time")]
    Repeated {
        /// `row`, `column 3`, `bandwidth.rows`.
        place: String,
        /// The site.
        site: String,
    },
    /// A column without the name of a site.
    #[error("{place}: no name; expected the name of a site")]
    Unnamed {
        /// `column 3`.
        place: String,
    },
    /// Fewer rows or columns than sites.
    #[error("no {what} for {sites}; expected a row and a column for each site")]
    NotSquare {
        /// `row` or `column`.
        what: &'static str,
        /// Which sites have none.
        sites: String,
    },
    /// A row that is longer or shorter than the header.
    #[error("row {row}: the number of values is {found}, expected {expected} as in the header")]
    Ragged {
        /// The name of the row.
        row: String,
        /// Cells in it, its name not counted.
        found: usize,
        /// Cells of the header.
        expected: usize,
    },
    /// Nothing where a value must stand.
    #[error("from {from} to {to}: empty; expected a number of {unit}")]
    EmptyCell {
        /// The row.
        from: String,
        /// The column.
        to: String,
        /// The unit of the table.
        unit: &'static str,
    },
    /// Something else where a value must stand.
    #[error("from {from} to {to}: {error}")]
    Cell {
        /// The row.
        from: String,
        /// The column.
        to: String,
        /// What.
        error: ParseQuantityError,
    },
    /// A table that does not state its unit.
    #[error(
        "the unit is not stated; expected a line `# unit: {example}` above the table, or the key `unit` where the file is named"
    )]
    NoUnit {
        /// A unit that would do.
        example: &'static str,
    },
    /// A unit of something else.
    #[error("unit `{unit}`: expected one of {units}")]
    Unit {
        /// The unit found.
        unit: String,
        /// The units accepted.
        units: String,
    },
    /// Two units for one table.
    #[error("the table is in {table}, the profile says {profile}")]
    UnitConflict {
        /// The unit that the file states.
        table: &'static str,
        /// The unit that the profile states.
        profile: &'static str,
    },
    /// A comment line `# key: value` whose value is wrong.
    #[error("# {key}: {error}")]
    Directive {
        /// The key.
        key: String,
        /// What.
        error: ParseQuantityError,
    },
    /// A comment line that states a second value of the same key.
    #[error("# {key}: stated a second time")]
    RepeatedDirective {
        /// The key.
        key: String,
    },
    /// A profile without a matrix of bandwidths or round trips.
    #[error(
        "{matrix}: missing; expected `{matrix}: {{uniform: {example}}}`, `{{rows: ...}}` or `{{csv: {{file: ...}}}}`"
    )]
    NoMatrix {
        /// `bandwidth` or `rtt`.
        matrix: &'static str,
        /// A value that would do.
        example: &'static str,
    },
    /// A value from a site to itself in `rows`.
    #[error("{matrix}.rows.{site}: {site} to itself; expected `{instead}` instead")]
    SelfRow {
        /// `bandwidth` or `rtt`.
        matrix: &'static str,
        /// The site.
        site: String,
        /// The key for it.
        instead: &'static str,
    },
    /// A report of iperf3 that cannot be used.
    #[error("{message}")]
    Iperf {
        /// What.
        message: String,
    },
    /// No rate for the machines' network cards.
    #[error("{site}: the rate of its machines' network cards is not stated; expected {expected}")]
    NoNic {
        /// The site.
        site: String,
        /// How to state it.
        expected: &'static str,
    },
    /// The diagonal and a key disagree.
    #[error("{site}: `{key}` says {stated}, the diagonal of the table says {diagonal}; leave one of them out")]
    DiagonalConflict {
        /// The site.
        site: String,
        /// The key: `nic` or `rtt-inside`.
        key: &'static str,
        /// Its value in the file.
        stated: String,
        /// The other value.
        diagonal: String,
    },
}
