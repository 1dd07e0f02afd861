//! Errors of loading a corpus, each with its place, the content found and the form expected.

use std::path::PathBuf;

use thiserror::Error;

use crate::bow::MAX_TOKENS_PER_WORD;
use crate::bow::cache::CacheError;
use crate::text::TextError;

/// Every form of bags of words, for messages.
pub const EXPECTED: &str = "docword.*.txt of UCI (also as .gz), or a cache of bags of words";

/// The reason why a corpus could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A file that cannot be read, or a line that violates its format.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The file ends within its first three lines.
    #[error("{file}: found the end of the file, expected {missing}")]
    NoHeader {
        /// Path of the file.
        file: PathBuf,
        /// The next number expected.
        missing: &'static str,
    },
    /// Fewer pairs than the header declares.
    #[error("{file}: found {found} pairs of a document and a word, expected {expected}, as stated in line 3")]
    TooFew {
        /// Path of the file.
        file: PathBuf,
        /// Number of pairs in the file.
        found: u64,
        /// Number of pairs in line 3.
        expected: u64,
    },
    /// A header that promises far more than the pairs can fill.
    #[error(
        "{file}:{line}: found {promised} {what} for {pairs} pairs of a document and a word, expected at most {limit}; most would be empty"
    )]
    Doubtful {
        /// Path of the file.
        file: PathBuf,
        /// The line of the header.
        line: u64,
        /// The quantity: `documents` or `words`.
        what: &'static str,
        /// The number that the header declares.
        promised: u32,
        /// Number of pairs in the file.
        pairs: u64,
        /// The largest number accepted.
        limit: u64,
    },
    /// A word that occurs too often to be counted.
    #[error(
        "{file}: found word {word}{} {tokens} times, expected at most {MAX_TOKENS_PER_WORD}, up to which counts are exact in 4-byte floats", spelled(.spelling)
    )]
    TooFrequent {
        /// Path of the file.
        file: PathBuf,
        /// The word, counted from 1.
        word: u32,
        /// Its spelling, if known.
        spelling: Option<String>,
        /// Its number of occurrences in all documents.
        tokens: u64,
    },
    /// A document has a word in two lines.
    #[error(
        "{file}:{line}: found a second count of word {word} in document {document}, expected one (the first is on line {first_line})"
    )]
    Duplicate {
        /// Path of the file.
        file: PathBuf,
        /// Line of the second count, from 1.
        line: u64,
        /// Line of the first count, from 1.
        first_line: u64,
        /// The document, as numbered in the file.
        document: u32,
        /// The word, as numbered in the file.
        word: u32,
    },
    /// The file differs from one reading to the next.
    #[error("{file}: changed while it was being read")]
    Changed {
        /// Path of the file.
        file: PathBuf,
    },
    /// More or fewer spellings than words.
    #[error("{vocab}: found {found} words, expected {expected}, as stated in {docword}:2")]
    Vocabulary {
        /// Path of the file of spellings.
        vocab: PathBuf,
        /// Number of spellings in the file.
        found: usize,
        /// Path of the file of pairs.
        docword: PathBuf,
        /// Number of words in its line 2.
        expected: u32,
    },
    /// A file of another kind.
    #[error("{file}: found {found}, expected a bag of words: {EXPECTED}")]
    Unknown {
        /// Path of the file.
        file: PathBuf,
        /// The beginning of the file.
        found: String,
    },
    /// A folder without a corpus.
    #[error(
        "{folder}: found no bag of words; looked for docword.*.txt (also as .gz), and for any other file (the first {tried} by name) that begins as one or is a cache of one; the folder has {has}"
    )]
    NothingFound {
        /// Path of the folder.
        folder: PathBuf,
        /// The limit on files of other names that are tried.
        tried: usize,
        /// The first entries of the folder.
        has: String,
    },
    /// A folder with more than one corpus.
    #[error("{folder}: found more than one bag of words ({}), expected one; give the path of one file", .files.join("; "))]
    Ambiguous {
        /// Path of the folder.
        folder: PathBuf,
        /// The candidates, relative to the folder.
        files: Vec<String>,
    },
    /// A cache file that is damaged or of another version.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

fn spelled(spelling: &Option<String>) -> String {
    spelling.as_ref().map(|word| format!(" (`{word}`)")).unwrap_or_default()
}
