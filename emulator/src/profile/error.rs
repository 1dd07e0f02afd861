//! Errors of profile files.

use std::io;

use thiserror::Error;

use super::{InvalidProfile, UnknownSite};
use crate::units::ParseQuantityError;

/// The reason why a profile cannot be read. Each message has the place, the text found and the form expected.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
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
        error: io::Error,
    },
    /// A folder where a file must stand.
    #[error(
        "{file}: a folder; expected a file that ends in .yaml, .yml or .csv (reports of iperf3 are named in one: `bandwidth: {{iperf: {{folder: runs}}}}`)"
    )]
    Folder { file: String },
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
        problem: Box<ReadProfileProblem>,
    },
    /// A whole file, or a field of it that the problem names.
    #[error("{file}: {problem}")]
    Meaning {
        /// The file as the user named it.
        file: String,
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
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum ReadProfileProblem {
    /// The profile contradicts itself.
    #[error(transparent)]
    Invalid(#[from] InvalidProfile),
    /// A table without a first row.
    #[error("no header; expected a first row with the names of the sites, separated by commas")]
    NoHeader,
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
        site: String,
    },
    /// A column without the name of a site.
    #[error("{place}: no name; expected the name of a site")]
    Unnamed { place: String },
    /// Fewer rows or columns than sites.
    #[error("no {what} for {sites}; expected a row and a column for each site")]
    NotSquare {
        what: &'static str,
        /// The sites that have none.
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
        from: String,
        to: String,
        /// The unit of the table.
        unit: &'static str,
    },
    /// Something else where a value must stand.
    #[error("from {from} to {to}: {error}")]
    Cell { from: String, to: String, error: ParseQuantityError },
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
    Unit { unit: String, units: String },
    /// Two units for one table.
    #[error("the table is in {table}, the profile has {profile}")]
    UnitConflict {
        /// The unit that the file states.
        table: &'static str,
        /// The unit that the profile states.
        profile: &'static str,
    },
    /// A comment line `# key: value` whose value is wrong.
    #[error("# {key}: {error}")]
    Directive { key: String, error: ParseQuantityError },
    /// A comment line that states a second value of the same key.
    #[error("# {key}: stated a second time")]
    RepeatedDirective { key: String },
    /// A profile without a matrix of bandwidths or round trips.
    #[error(
        "{matrix}: missing; expected `{matrix}: {{uniform: {example}}}`, `{{rows: ...}}` or `{{csv: {{file: ...}}}}`"
    )]
    NoMatrix {
        matrix: &'static str,
        /// A value that would do.
        example: &'static str,
    },
    /// A value from a site to itself in `rows`.
    #[error("{matrix}.rows.{site}: {site} to itself; expected `{instead}` instead")]
    SelfRow {
        matrix: &'static str,
        site: String,
        /// The key for it.
        instead: &'static str,
    },
    /// A folder without any report of iperf3.
    #[error(
        "a folder without reports of iperf3; expected `FROM..TO.json` (the output of `iperf3 -J`) for every ordered pair of sites, or a file that ends in .yaml, .yml or .csv"
    )]
    NoReports,
    /// A folder of reports that lacks some.
    #[error("no report {missing}; expected one for each direction between {sites}")]
    MissingReports {
        /// The names of the files.
        missing: String,
        sites: String,
    },
    /// A report of iperf3 that cannot be used.
    #[error("{message}")]
    Iperf { message: String },
    /// No rate for the machines' network cards.
    #[error("{site}: the rate of its machines' network cards is not stated; expected {expected}")]
    NoNic {
        site: String,
        /// The way to state it.
        expected: &'static str,
    },
    /// The diagonal and a key disagree.
    #[error("{site}: `{key}` is {stated}, the diagonal of the table is {diagonal}; leave one of them out")]
    DiagonalConflict {
        site: String,
        /// The key: `nic` or `rtt-inside`.
        key: &'static str,
        /// Its value in the file.
        stated: String,
        diagonal: String,
    },
}
