//! Corpora in the UCI bag-of-words format, as users bring them: `docword.*.txt` and `vocab.*.txt`.
//!
//! `docword` begins with three lines, the numbers of documents, of words in the vocabulary, and of the pairs that follow; then
//! comes a line for each pair of a document and a word in it: `document word count`, both counted from 1. `vocab` has the
//! spelling of word n in line n. Both may be compressed with gzip. A corpus without `vocab` has no spellings.
//!
//! A file is recognised by its content, never by its name alone. Everything in which the files disagree with themselves or
//! with each other is an error with its place: see [`LoadError`]. Pairs may come in any order. Documents without words are
//! kept, as UCI counts them (NYTimes has 248). That a spelling occurs twice is no error.
//!
//! Memory: 12 bytes per pair. Line numbers are not kept: a duplicate is found after sorting, and the file is read a second
//! time to find its two lines.

mod docword;
mod error;
mod find;

use std::path::Path;

pub use error::{EXPECTED, LoadError};

use self::docword::{Header, each_pair, read_pairs, read_spellings};
use self::find::Source;
use super::cache::read_cache;
use super::{Corpus, Entry, MAX_TOKENS_PER_WORD};
use crate::plausible::most_rows;

/// Reads the corpus at `path`: a file, or a folder with one. A cache file (see [`super::cache`]) is recognised too.
///
/// # Errors
/// See [`LoadError`].
pub fn load(path: &Path) -> Result<Corpus, LoadError> {
    let (corpus, file) = match find::source(path)? {
        Source::Cache(file) => (read_cache(&file)?, file),
        Source::Text { docword, vocab } => (load_text(&docword, vocab.as_deref())?, docword),
    };
    check_counts(&corpus, &file)?;
    Ok(corpus)
}

/// Every word must be countable: see [`MAX_TOKENS_PER_WORD`].
fn check_counts(corpus: &Corpus, file: &Path) -> Result<(), LoadError> {
    // Of as many tokens as one word may have, no word can have more.
    if corpus.tokens <= u64::from(MAX_TOKENS_PER_WORD) {
        return Ok(());
    }
    let mut of_word = vec![0_u64; corpus.words as usize];
    corpus.iter().flatten().for_each(|entry| of_word[entry.word as usize] += u64::from(entry.count));
    match of_word.iter().position(|&tokens| tokens > u64::from(MAX_TOKENS_PER_WORD)) {
        Some(word) => Err(LoadError::TooFrequent {
            file: file.to_owned(),
            word: word as u32 + 1,
            spelling: corpus.vocabulary.get(word).cloned(),
            tokens: of_word[word],
        }),
        None => Ok(()),
    }
}

fn load_text(docword: &Path, vocab: Option<&Path>) -> Result<Corpus, LoadError> {
    let (header, mut pairs) = read_pairs(docword)?;
    doubt(docword, &header, pairs.len() as u64, vocab.is_some())?;
    let vocabulary = vocab.map(|vocab| read_spellings(vocab, docword, &header)).transpose()?.unwrap_or_default();
    let key = |&(document, entry): &(u32, Entry)| (document, entry.word);
    if !pairs.is_sorted_by_key(key) {
        pairs.sort_unstable_by_key(key);
    }
    if let Some(twice) = pairs.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
        return Err(duplicate(docword, twice[0].0, twice[0].1.word));
    }
    let mut starts = vec![0; header.documents as usize + 1];
    pairs.iter().for_each(|&(document, _)| starts[document as usize + 1] += 1);
    for document in 1..starts.len() {
        starts[document] += starts[document - 1];
    }
    let entries: Vec<Entry> = pairs.into_iter().map(|(_, entry)| entry).collect();
    let name = format!("UCI bag of words, {} documents x {} words", header.documents, header.words);
    Ok(Corpus::from_parts(name, header.words, vocabulary, starts, entries))
}

/// Refuses a header that promises far more documents, or words that nobody spells, than its pairs can fill: it is mistyped, and would take
/// memory for rows that are empty.
fn doubt(file: &Path, header: &Header, pairs: u64, are_words_spelled: bool) -> Result<(), LoadError> {
    let limit = most_rows(pairs);
    let promises = [(1, "documents", header.documents), (2, "words", if are_words_spelled { 0 } else { header.words })];
    match promises.into_iter().find(|promise| u64::from(promise.2) > limit) {
        Some((line, what, promised)) => {
            Err(LoadError::Doubtful { file: file.to_owned(), line, what, promised, pairs, limit })
        }
        None => Ok(()),
    }
}

/// The error about a pair that occurs twice: reads the file again to find the lines.
fn duplicate(file: &Path, document: u32, word: u32) -> LoadError {
    let mut places = Vec::new();
    let read = each_pair(file, &mut |line, found, entry| {
        if (found, entry.word) == (document, word) {
            places.push(line);
        }
    });
    if let Err(error) = read {
        return error;
    }
    match places[..] {
        [first_line, line, ..] => {
            LoadError::Duplicate { file: file.to_owned(), line, first_line, document: document + 1, word: word + 1 }
        }
        // Only when the file has changed between the two readings.
        _ => LoadError::Changed { file: file.to_owned() },
    }
}
