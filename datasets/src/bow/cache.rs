//! A corpus in one compact file that is checked when it is read: 2-3 bytes per pair of document and word.
//!
//! Layout, `v` a LEB128 varint:
//!
//! | part | bytes |
//! |---|---|
//! | header, with the magic `GAIABAGS` (see [`CacheError`] for its checks) | 52 |
//! | name (v length, UTF-8), words v | |
//! | spellings: v how many (0 or all), then each v length, UTF-8 | |
//! | documents: v how many, then each v entries, then of each entry v distance from the word before, v count | |
//! | [`Corpus::hash`] | 32 |

use std::path::Path;

use super::{Corpus, Entry};
pub use crate::container::CacheError;
use crate::container::{Bytes, Decoded, Kind, put_text, put_varint};
use crate::plausible::most_rows;

/// The first bytes of a cache of a corpus.
pub const MAGIC: &str = "GAIABAGS";
/// Version of the layout above.
pub const VERSION: u32 = 1;

const KIND: Kind = Kind { what: "bags of words", magic: MAGIC, version: VERSION };

/// Writes a corpus to `file`, whole or not at all.
pub fn write_cache(corpus: &Corpus, file: &Path) -> Result<(), CacheError> {
    KIND.write(file, &encode(corpus))
}

/// Reads a file of [`write_cache`] and checks it.
pub fn read_cache(file: &Path) -> Result<Corpus, CacheError> {
    KIND.read(file, |body| {
        let (content, written) = decode(body)?;
        Some(Decoded { computed: content.hash, content, written })
    })
}

fn encode(corpus: &Corpus) -> Vec<u8> {
    let mut body = Vec::with_capacity(3 * corpus.entries.len());
    put_text(&mut body, &corpus.name);
    put_varint(&mut body, u64::from(corpus.words));
    put_varint(&mut body, corpus.vocabulary.len() as u64);
    corpus.vocabulary.iter().for_each(|word| put_text(&mut body, word));
    put_varint(&mut body, u64::from(corpus.documents()));
    for document in corpus.iter() {
        put_varint(&mut body, document.len() as u64);
        let mut before = 0;
        for entry in document {
            put_varint(&mut body, u64::from(entry.word - before));
            put_varint(&mut body, u64::from(entry.count));
            before = entry.word;
        }
    }
    body.extend_from_slice(&corpus.hash);
    body
}

fn decode(body: &[u8]) -> Option<(Corpus, [u8; 32])> {
    let mut bytes = Bytes { rest: body };
    let name = bytes.text()?;
    let words = bytes.varint_u32()?;
    let spelled = bytes.length()?;
    let vocabulary: Vec<String> = (0..spelled).map(|_| bytes.text()).collect::<Option<_>>()?;
    if !vocabulary.is_empty() && vocabulary.len() != words as usize {
        return None;
    }
    let (mut starts, mut entries) = (vec![0], Vec::new());
    for _ in 0..bytes.length()? {
        let mut before = 0u32;
        for _ in 0..bytes.length()? {
            let word = before.checked_add(bytes.varint_u32()?).filter(|&word| word < words)?;
            let count = bytes.varint_u32().filter(|&count| count > 0)?;
            if starts.last() != Some(&entries.len()) && word == before {
                return None;
            }
            entries.push(Entry { word, count });
            before = word;
        }
        starts.push(entries.len());
    }
    // Words without spellings take no bytes: a number of them that no text may state is refused.
    if vocabulary.is_empty() && u64::from(words) > most_rows(entries.len() as u64) {
        return None;
    }
    let hash = bytes.array()?;
    bytes.rest.is_empty().then(|| (Corpus::from_parts(name, words, vocabulary, starts, entries), hash))
}
