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
//! Memory: 12 bytes a pair. Line numbers are not kept: a duplicate is found after sorting, and the file is read a second
//! time to say where its two lines are.

mod error;
mod find;

use std::path::Path;

pub use error::{EXPECTED, LoadError};

use self::find::Source;
use super::cache::read_cache;
use super::{Corpus, Entry, MAX_TOKENS_PER_WORD};
use crate::text::TextError;
use crate::text::lines::{Bad, Lines, bad, digits, fields, shown};

const A_LINE: &str = "one pair of a document and a word a line";
/// Documents and words that a header may promise: ten times PubMed's, so that a mistyped one does not take all memory.
const MAX_NUMBER: u64 = 100_000_000;
/// Documents and words that a header is believed, however few pairs there are.
const ALWAYS_BELIEVED: u64 = 1_000_000;
/// Documents and words that a header is believed for each pair; NYTimes has 0.004 documents and 0.001 words.
const BELIEVED_PER_PAIR: u64 = 100;
const A_SPELLING: &str = "one word a line";

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

/// What the first three lines say.
struct Header {
    documents: u32,
    words: u32,
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
        return Err(duplicate(docword, key(&twice[0])));
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
/// memory for what is not there.
fn doubt(file: &Path, header: &Header, pairs: u64, are_words_spelled: bool) -> Result<(), LoadError> {
    let limit = believed(pairs);
    let promises = [(1, "documents", header.documents), (2, "words", if are_words_spelled { 0 } else { header.words })];
    match promises.into_iter().find(|promise| u64::from(promise.2) > limit) {
        Some((line, what, promised)) => {
            Err(LoadError::Doubtful { file: file.to_owned(), line, what, promised, pairs, limit })
        }
        None => Ok(()),
    }
}

/// Documents, or words that nobody spells, that so many pairs are believed to be of, in a text and in a cache.
pub(super) fn believed(pairs: u64) -> u64 {
    ALWAYS_BELIEVED.max(pairs.saturating_mul(BELIEVED_PER_PAIR))
}

/// The header and the pairs, documents and words counted from 0.
fn read_pairs(file: &Path) -> Result<(Header, Vec<(u32, Entry)>), LoadError> {
    let mut pairs = Vec::new();
    let header = each_pair(file, &mut |_, document, entry| pairs.push((document, entry)))?;
    Ok((header, pairs))
}

/// Calls `sink` with the line, the document and the entry of each pair.
fn each_pair(file: &Path, sink: &mut dyn FnMut(u64, u32, Entry)) -> Result<Header, LoadError> {
    let mut lines = Lines::open(file, A_LINE)?;
    let documents = header_line(&mut lines, "the number of documents", MAX_NUMBER)? as u32;
    let words = header_line(&mut lines, "the number of words in the vocabulary", MAX_NUMBER)? as u32;
    let pairs = header_line(&mut lines, "the number of pairs of a document and a word", u64::from(u32::MAX))?;
    let header = Header { documents, words };
    let mut read = 0;
    while let Some((number, line)) = lines.next()? {
        let parsed = if read == pairs {
            Err(bad(format!("one more pair {}", shown(line)), format!("an end after {pairs} pairs, as line 3 says")))
        } else {
            pair(line, &header)
        };
        match parsed {
            Ok((document, entry)) => sink(number, document, entry),
            Err(bad) => return Err(lines.error(bad).into()),
        }
        read += 1;
    }
    if read < pairs {
        return Err(LoadError::TooFew { file: file.to_owned(), found: read, expected: pairs });
    }
    Ok(header)
}

/// One of the first three lines: a number from 1.
fn header_line(lines: &mut Lines, what: &'static str, limit: u64) -> Result<u64, LoadError> {
    let file = lines.file().to_owned();
    let Some((_, line)) = lines.next()? else { return Err(LoadError::NoHeader { file, missing: what }) };
    match digits(line.trim_ascii()) {
        Some(number) if (1..=limit).contains(&number) => Ok(number),
        _ => {
            let bad = bad(shown(line), format!("{what}, from 1 to {limit}, alone on its line"));
            Err(lines.error(bad).into())
        }
    }
}

fn pair(line: &[u8], header: &Header) -> Result<(u32, Entry), Bad> {
    let [document, word, count] = fields(line.trim_ascii_end(), b" ", "document word count")?;
    let document = number(document, "document", header.documents, "as line 1 says")?;
    let word = number(word, "word", header.words, "as line 2 says")?;
    let count = number(count, "count", u32::MAX, "how often the document has the word")?;
    Ok((document - 1, Entry { word: word - 1, count }))
}

fn number(field: &[u8], column: &str, most: u32, why: &str) -> Result<u32, Bad> {
    match digits(field) {
        Some(number) if (1..=u64::from(most)).contains(&number) => Ok(number as u32),
        _ => Err(bad(format!("{column} {}", shown(field)), format!("a whole number from 1 to {most}, {why}"))),
    }
}

fn read_spellings(file: &Path, docword: &Path, header: &Header) -> Result<Vec<String>, LoadError> {
    let mut lines = Lines::open(file, A_SPELLING)?;
    let mut spellings: Vec<String> = Vec::new();
    while let Some((number, line)) = lines.next()? {
        let spelling = std::str::from_utf8(line).map(|word| word.trim().to_owned());
        // Lines without anything are passed over, but counted.
        let wrong = if number != spellings.len() as u64 + 1 {
            Some(bad(format!("an empty line before {}", shown(line)), A_SPELLING))
        } else if spelling.as_ref().is_ok_and(|word| !word.is_empty()) {
            None
        } else {
            Some(bad(shown(line), "a word in UTF-8"))
        };
        if let Some(bad) = wrong {
            return Err(lines.error(bad).into());
        }
        spellings.extend(spelling);
    }
    if spellings.len() as u64 != u64::from(header.words) {
        let (vocab, docword) = (file.to_owned(), docword.to_owned());
        return Err(LoadError::Vocabulary { vocab, found: spellings.len(), docword, expected: header.words });
    }
    Ok(spellings)
}

/// The error about a pair that occurs twice: reads the file again to find the lines.
fn duplicate(file: &Path, key: (u32, u32)) -> LoadError {
    let mut places = Vec::new();
    let read = each_pair(file, &mut |line, document, entry| {
        if (document, entry.word) == key {
            places.push(line);
        }
    });
    if let Err(error) = read {
        return error;
    }
    match places[..] {
        [first_line, line, ..] => {
            LoadError::Duplicate { file: file.to_owned(), line, first_line, document: key.0 + 1, word: key.1 + 1 }
        }
        // Only when the file has changed between the two readings.
        _ => LoadError::Changed { file: file.to_owned() },
    }
}

/// Whether a file begins as `docword` does, well formed or not: with numbers alone on their lines, then a line of three.
fn begins_as_docword(file: &Path) -> Result<bool, TextError> {
    let mut lines = Lines::open_beginning(file, A_LINE)?;
    let mut singles = 0;
    for _ in 0..2 {
        match lines.next()? {
            Some((_, line)) if digits(line.trim_ascii()).is_some() => singles += 1,
            _ => break,
        }
    }
    Ok(singles == 2)
}
