//! The lines of `docword` and `vocab`, in UCI's format (see [`super`]).

use std::path::Path;

use super::LoadError;
use crate::bow::Entry;
use crate::text::TextError;
use crate::text::lines::{Bad, Lines, bad, digits, fields, shown};

pub(super) const A_LINE: &str = "one pair of a document and a word per line";
/// Documents and words that a header may promise: ten times PubMed's, so that a mistyped one does not take all memory.
const MAX_NUMBER: u64 = 100_000_000;
const A_SPELLING: &str = "one word per line";

/// The sizes that the first three lines declare, but for the number of pairs.
pub(super) struct Header {
    pub(super) documents: u32,
    pub(super) words: u32,
}

/// The header and the pairs, documents and words counted from 0.
pub(super) fn read_pairs(file: &Path) -> Result<(Header, Vec<(u32, Entry)>), LoadError> {
    let mut pairs = Vec::new();
    let header = each_pair(file, &mut |_, document, entry| pairs.push((document, entry)))?;
    Ok((header, pairs))
}

/// Calls `sink` with the line, the document and the entry of each pair.
pub(super) fn each_pair(file: &Path, sink: &mut dyn FnMut(u64, u32, Entry)) -> Result<Header, LoadError> {
    let mut lines = Lines::open(file, A_LINE)?;
    let documents = header_line(&mut lines, "the number of documents", MAX_NUMBER)? as u32;
    let words = header_line(&mut lines, "the number of words in the vocabulary", MAX_NUMBER)? as u32;
    let pairs = header_line(&mut lines, "the number of pairs of a document and a word", u64::from(u32::MAX))?;
    let header = Header { documents, words };
    let mut read = 0;
    while let Some((number, line)) = lines.next()? {
        let parsed = if read == pairs {
            Err(bad(
                format!("one more pair {}", shown(line)),
                format!("the end after {pairs} pairs, as stated in line 3"),
            ))
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
    let document = number(document, "document", header.documents, "as stated in line 1")?;
    let word = number(word, "word", header.words, "as stated in line 2")?;
    let count = number(count, "count", u32::MAX, "the number of times that the document has the word")?;
    Ok((document - 1, Entry { word: word - 1, count }))
}

fn number(field: &[u8], column: &str, most: u32, why: &str) -> Result<u32, Bad> {
    match digits(field) {
        Some(number) if (1..=u64::from(most)).contains(&number) => Ok(number as u32),
        _ => Err(bad(format!("{column} {}", shown(field)), format!("a whole number from 1 to {most}, {why}"))),
    }
}

pub(super) fn read_spellings(file: &Path, docword: &Path, header: &Header) -> Result<Vec<String>, LoadError> {
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

/// Whether a file begins as `docword` does, well formed or not: with numbers alone on their lines, then a line of three.
pub(super) fn begins_as_docword(file: &Path) -> Result<bool, TextError> {
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
