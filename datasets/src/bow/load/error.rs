//! What can be wrong with a corpus: where, what was found, what was expected.

use std::path::PathBuf;

use thiserror::Error;

use crate::bow::MAX_TOKENS_PER_WORD;
use crate::bow::cache::CacheError;
use crate::text::TextError;

/// Every form of bags of words, for messages.
pub const EXPECTED: &str = "docword.*.txt of UCI (also as .gz), or a cache of bags of words";

/// Why a corpus could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A file that cannot be read, or a line that is not what its format says.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The file ends within its first three lines.
    #[error("{file}: found an end, expected {missing}")]
    NoHeader {
        /// The file.
        file: PathBuf,
        /// What should come next.
        missing: &'static str,
    },
    /// Fewer pairs than the header says.
    #[error("{file}: found {found} pairs of a document and a word, expected {expected}, as line 3 says")]
    TooFew {
        /// The file.
        file: PathBuf,
        /// Pairs there.
        found: u64,
        /// Pairs that line 3 says.
        expected: u64,
    },
    /// A header that promises far more than the pairs can fill.
    #[error(
        "{file}:{line}: found {promised} {what} for {pairs} pairs of a document and a word, expected at most {limit}; most of them would be empty"
    )]
    Doubtful {
        /// The file.
        file: PathBuf,
        /// The line of the header.
        line: u64,
        /// `documents` or `words`.
        what: &'static str,
        /// How many it says there are.
        promised: u32,
        /// Pairs there.
        pairs: u64,
        /// How many are believed.
        limit: u64,
    },
    /// A word that occurs too often to be counted.
    #[error(
        "{file}: found word {word}{} {tokens} times, expected at most {MAX_TOKENS_PER_WORD}, up to which counts are exact in 4-byte floats", spelled(.spelling)
    )]
    TooFrequent {
        /// The file.
        file: PathBuf,
        /// The word, counted from 1.
        word: u32,
        /// How it is spelled, where that is known.
        spelling: Option<String>,
        /// How often it occurs in all documents.
        tokens: u64,
    },
    /// A document has a word in two lines.
    #[error(
        "{file}:{line}: found a second count of word {word} in document {document}, expected one (the first is in line {first_line})"
    )]
    Duplicate {
        /// The file.
        file: PathBuf,
        /// The line of the second.
        line: u64,
        /// The line of the first.
        first_line: u64,
        /// The document, as numbered in the file.
        document: u32,
        /// The word, as numbered in the file.
        word: u32,
    },
    /// The file differs from one reading to the next.
    #[error("{file}: changed while it was being read")]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// More or fewer spellings than words.
    #[error("{vocab}: found {found} words, expected {expected}, as {docword}:2 says")]
    Vocabulary {
        /// The file of spellings.
        vocab: PathBuf,
        /// Spellings there.
        found: usize,
        /// The file of pairs.
        docword: PathBuf,
        /// Words that its line 2 says.
        expected: u32,
    },
    /// A file of another kind.
    #[error("{file}: found {found}, expected a bag of words: {EXPECTED}")]
    Unknown {
        /// The file.
        file: PathBuf,
        /// What it begins with.
        found: String,
    },
    /// A folder without a corpus.
    #[error(
        "{folder}: found no bag of words; looked for docword.*.txt (also as .gz), and for any other file (the first {tried} by name) that begins as one or is a cache of one; the folder has {has}"
    )]
    NothingFound {
        /// The folder.
        folder: PathBuf,
        /// Files of other names that are looked at.
        tried: usize,
        /// What is there instead.
        has: String,
    },
    /// A folder with more than one corpus.
    #[error("{folder}: found more than one bag of words ({}), expected one; name the file", .files.join("; "))]
    Ambiguous {
        /// The folder.
        folder: PathBuf,
        /// The files.
        files: Vec<String>,
    },
    /// A cache file that is damaged or of another version.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

fn spelled(spelling: &Option<String>) -> String {
    spelling.as_ref().map(|word| format!(" (`{word}`)")).unwrap_or_default()
}
