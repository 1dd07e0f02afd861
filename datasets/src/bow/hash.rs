//! The content hash of a corpus: what "the same data" means in a plan.
//!
//! BLAKE3 over, all little-endian: words (4 bytes), documents (8), then for each document the number of its entries (4)
//! and each entry as word (4), count (4). Name and spellings are not part of it.

use super::Entry;
use crate::content::ContentHash;

pub(super) fn content_hash(words: u32, starts: &[usize], entries: &[Entry]) -> [u8; 32] {
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
