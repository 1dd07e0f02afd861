//! The content hash of images, which identifies the data of a plan.
//!
//! BLAKE3 over, all little-endian: channels, height, width and classes (4 bytes each), then for each part (train, test) the
//! number of its images (8), all labels (2 each), and the pixels of at most `most` images, evenly spaced.

use super::pixels::{ImageShape, ImageSplit, evenly_spaced};
use crate::content::ContentHash;

/// Images that are read at a time.
const BATCH: usize = 64;

/// The hash of `parts`, with the pixels of at most `most` images of each.
pub fn content_hash(shape: ImageShape, classes: usize, parts: [&ImageSplit; 2], most: usize) -> [u8; 32] {
    let mut hash = ContentHash::new();
    for number in [shape.channels, shape.height, shape.width, classes as u32] {
        hash.u32(number);
    }
    let mut buffer = Vec::new();
    for part in parts {
        hash.u64(part.len() as u64);
        part.labels.iter().for_each(|label| hash.bytes(&label.to_le_bytes()));
        for batch in evenly_spaced(part.len(), most).chunks(BATCH) {
            buffer.resize(batch.len() * shape.bytes(), 0);
            part.pixels.read(batch, &mut buffer);
            hash.bytes(&buffer);
        }
    }
    hash.finish()
}
