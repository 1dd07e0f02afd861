//! Bags of words: the words of a document and the number of times that each occurs; for topic modelling.
//!
//! * [`generate`]: corpora with the shape of the UCI NYTimes corpus at any scale; [`config`]: their settings in a spec.
//! * `load`: the UCI bag-of-words format; `cache`: the same in one compact file (both with the feature `read`).
//! * [`partition`]: the assignment of documents to machines.

#[cfg(feature = "read")]
pub mod cache;
pub mod config;
pub mod generate;
#[cfg(feature = "read")]
pub mod load;
mod nytimes;
pub mod partition;

use serde::{Deserialize, Serialize};

use crate::content::ContentHash;

/// The most tokens that a word may have: its counts in topics are kept as 4-byte floats, whose whole numbers are exact up to here.
pub const MAX_TOKENS_PER_WORD: u32 = 1 << 24;

/// A word of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The word's number, in `0..words`.
    pub word: u32,
    /// Number of occurrences in the document: at least 1.
    pub count: u32,
}

/// A corpus: the words of its documents, without their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Corpus {
    /// Description of the source.
    pub name: String,
    /// Number of different words that there could be: the size of the vocabulary.
    pub words: u32,
    /// The words' spellings, in order; empty if they are unknown.
    pub vocabulary: Vec<String>,
    /// The index at which each document's entries begin, and the one at which the last document's end.
    starts: Vec<usize>,
    /// All entries, by document, then by word.
    entries: Vec<Entry>,
    /// Number of tokens: the sum of all counts.
    pub tokens: u64,
    /// BLAKE3 of the counts: of everything but the name and the spellings.
    pub hash: [u8; 32],
}

impl Corpus {
    /// A corpus of `documents`, each ordered by word, with its hash computed.
    ///
    /// # Panics
    /// If a document is not strictly ascending by word, a word is not below `words`, or a count is 0; or if there are
    /// spellings, but not one per word.
    pub fn new<D: IntoIterator<Item = Entry>>(
        name: String,
        words: u32,
        vocabulary: Vec<String>,
        documents: impl IntoIterator<Item = D>,
    ) -> Self {
        assert!(vocabulary.is_empty() || vocabulary.len() == words as usize, "a spelling for every word, or none");
        let (mut starts, mut entries) = (vec![0], Vec::new());
        for document in documents {
            let first = entries.len();
            entries.extend(document);
            let document: &[Entry] = &entries[first..];
            assert!(document.is_sorted_by(|a, b| a.word < b.word), "the entries of a document ascend by word");
            assert!(document.iter().all(|entry| entry.word < words && entry.count > 0), "words and counts in range");
            starts.push(entries.len());
        }
        Corpus::from_parts(name, words, vocabulary, starts, entries)
    }

    /// A corpus of parts that satisfy the conditions of [`Corpus::new`], unchecked.
    fn from_parts(name: String, words: u32, vocabulary: Vec<String>, starts: Vec<usize>, entries: Vec<Entry>) -> Self {
        let tokens = entries.iter().map(|entry| u64::from(entry.count)).sum();
        let hash = content_hash(words, &starts, &entries);
        Corpus { name, words, vocabulary, starts, entries, tokens, hash }
    }

    /// Number of documents, including empty ones.
    pub fn documents(&self) -> u32 {
        (self.starts.len() - 1) as u32
    }

    /// The entries of a document, by word.
    ///
    /// # Panics
    /// If there is no such document.
    pub fn document(&self, document: u32) -> &[Entry] {
        &self.entries[self.starts[document as usize]..self.starts[document as usize + 1]]
    }

    /// All documents in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[Entry]> {
        self.starts.windows(2).map(|ends| &self.entries[ends[0]..ends[1]])
    }

    /// Pairs of a document and a word that it has.
    pub fn pairs(&self) -> u64 {
        self.entries.len() as u64
    }
}

/// The content hash of a corpus, which identifies the data of a plan.
///
/// BLAKE3 over, all little-endian: words (4 bytes), documents (8), then for each document the number of its entries (4)
/// and each entry as word (4), count (4). Name and spellings are not part of it.
fn content_hash(words: u32, starts: &[usize], entries: &[Entry]) -> [u8; 32] {
    let mut hash = ContentHash::new();
    hash.u32(words);
    hash.u64((starts.len() - 1) as u64);
    for ends in starts.windows(2) {
        let document = &entries[ends[0]..ends[1]];
        hash.u32(document.len() as u32);
        for entry in document {
            hash.u32(entry.word);
            hash.u32(entry.count);
        }
    }
    hash.finish()
}
