//! The content hash of sparse examples, which identifies the data of a plan.
//!
//! BLAKE3 over, all little-endian: features (4 bytes), then of the examples to learn from and of the held-out ones their number (8) and
//! each example as label (1 byte: 0 or 1), number of entries (4), and each entry as feature (4), bits of the value (4). The name is not
//! part of it.

use super::examples::{Examples, Label};
use crate::content::ContentHash;

pub(super) fn content_hash(features: u32, train: &Examples, held_out: &Examples) -> [u8; 32] {
    let mut hash = ContentHash::new();
    hash.u32(features);
    for part in [train, held_out] {
        hash.u64(part.len() as u64);
        for (label, entries) in part.iter() {
            hash.bytes(&[u8::from(label == Label::Positive)]);
            hash.u32(entries.len() as u32);
            for entry in entries {
                hash.u32(entry.feature);
                hash.f32(entry.value);
            }
        }
    }
    hash.finish()
}
