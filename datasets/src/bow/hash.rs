//! The content hash of a corpus: what "the same data" means in a plan.
//!
//! BLAKE3 over, all little-endian: words (4 bytes), documents (8), then for each document the number of its entries (4)
//! and each entry as word (4), count (4). Name and spellings are not part of it.

use super::Entry;

/// Bytes that are hashed at a time: the buffer stays in the first-level cache.
const BUFFER_BYTES: usize = 1 << 14;

pub(super) fn content_hash(words: u32, starts: &[usize], entries: &[Entry]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&words.to_le_bytes());
    hasher.update(&((starts.len() - 1) as u64).to_le_bytes());
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    for ends in starts.windows(2) {
        let document = &entries[ends[0]..ends[1]];
        buffer.extend_from_slice(&(document.len() as u32).to_le_bytes());
        for entry in document {
            buffer.extend_from_slice(&entry.word.to_le_bytes());
            buffer.extend_from_slice(&entry.count.to_le_bytes());
        }
        if buffer.len() >= BUFFER_BYTES {
            hasher.update(&buffer);
            buffer.clear();
        }
    }
    hasher.update(&buffer);
    *hasher.finalize().as_bytes()
}
