//! The content hash of sparse examples: what "the same data" means in a plan.
//!
//! BLAKE3 over, all little-endian: features (4 bytes), then of the examples to learn from and of the held-out ones their number (8) and
//! each example as label (1 byte: 0 or 1), number of entries (4), and each entry as feature (4), bits of the value (4). The name is not
//! part of it.

use super::{Examples, Label};

/// Bytes that are hashed at a time: the buffer stays in the first-level cache.
const BUFFER_BYTES: usize = 1 << 14;

pub(super) fn content_hash(features: u32, train: &Examples, held_out: &Examples) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&features.to_le_bytes());
    for part in [train, held_out] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        let mut buffer = Vec::with_capacity(BUFFER_BYTES);
        for (label, entries) in part.iter() {
            buffer.push(u8::from(label == Label::Positive));
            buffer.extend_from_slice(&(entries.len() as u32).to_le_bytes());
            for entry in entries {
                buffer.extend_from_slice(&entry.feature.to_le_bytes());
                buffer.extend_from_slice(&entry.value.to_bits().to_le_bytes());
            }
            if buffer.len() >= BUFFER_BYTES {
                hasher.update(&buffer);
                buffer.clear();
            }
        }
        hasher.update(&buffer);
    }
    *hasher.finalize().as_bytes()
}
