//! Images in one compact file that is checked when it is read: the bytes of their pixels, so that a second run starts at once.
//!
//! Layout, `v` a LEB128 varint:
//!
//! | part | bytes |
//! |---|---|
//! | header, with the magic `GAIAIMGS` (see [`CacheError`] for its checks) | 52 |
//! | name (v length, UTF-8), classes (v how many, then each v length, UTF-8), channels v, height v, width v | |
//! | to learn from, then to test on: v images, the label of each v, the pixels of each | |
//! | [`Images::hash`] | 32 |

use std::path::Path;

use super::{ImageShape, Images, Labelled};
pub use crate::container::CacheError;
use crate::container::{Bytes, Decoded, Kind, put_text, put_varint};

/// The first bytes of a cache of images.
pub const MAGIC: &str = "GAIAIMGS";
/// Version of the layout above.
pub const VERSION: u32 = 1;

const KIND: Kind = Kind { what: "images", magic: MAGIC, version: VERSION };
/// Images that are read at a time.
const BATCH: usize = 256;

/// Writes images to `file`, whole or not at all. The body is made in memory: for images that fit there.
///
/// # Errors
/// See [`CacheError`].
pub fn write_cache(images: &Images, file: &Path) -> Result<(), CacheError> {
    KIND.write(file, &encode(images))
}

/// Reads a file of [`write_cache`] and checks it.
///
/// # Errors
/// See [`CacheError`].
pub fn read_cache(file: &Path) -> Result<Images, CacheError> {
    KIND.read(file, |body| {
        let (content, written) = decode(body)?;
        Some(Decoded { computed: content.hash, content, written })
    })
}

/// Bytes of pixels that a cache of these images has.
pub fn pixel_bytes(images: &Images) -> u64 {
    (images.train.len() + images.test.len()) as u64 * images.shape.bytes() as u64
}

fn encode(images: &Images) -> Vec<u8> {
    let mut body = Vec::with_capacity(pixel_bytes(images) as usize + 3 * (images.train.len() + images.test.len()));
    put_text(&mut body, &images.name);
    put_varint(&mut body, images.classes.len() as u64);
    images.classes.iter().for_each(|class| put_text(&mut body, class));
    let ImageShape { channels, height, width } = images.shape;
    [channels, height, width].iter().for_each(|&side| put_varint(&mut body, u64::from(side)));
    for part in [&images.train, &images.test] {
        put_varint(&mut body, part.len() as u64);
        part.labels.iter().for_each(|&label| put_varint(&mut body, u64::from(label)));
        let indexes: Vec<u32> = (0..part.len() as u32).collect();
        for batch in indexes.chunks(BATCH) {
            let from = body.len();
            body.resize(from + batch.len() * images.shape.bytes(), 0);
            part.pixels.read(batch, &mut body[from..]);
        }
    }
    // Read again, a set has all of it in memory, and is hashed over all.
    let whole = super::content_hash(images.shape, images.classes.len(), [&images.train, &images.test], usize::MAX);
    body.extend_from_slice(&whole);
    body
}

fn decode(body: &[u8]) -> Option<(Images, [u8; 32])> {
    let mut bytes = Bytes { rest: body };
    let name = bytes.text()?;
    let count = bytes.length()?;
    let classes: Vec<String> = (0..count).map(|_| bytes.text()).collect::<Option<_>>()?;
    let mut side = || bytes.varint_u32().filter(|&side| side > 0);
    let shape = ImageShape { channels: side()?, height: side()?, width: side()? };
    let image_bytes =
        [shape.channels, shape.height, shape.width].iter().map(|&side| u128::from(side)).product::<u128>();
    if image_bytes > body.len() as u128 {
        return None;
    }
    let mut part = || {
        let count = bytes.length()?;
        let is_class = |label: &u64| *label < classes.len() as u64;
        let labels: Vec<u16> =
            (0..count).map(|_| bytes.varint().filter(is_class)?.try_into().ok()).collect::<Option<_>>()?;
        Some(Labelled { labels, pixels: bytes.take(count.checked_mul(shape.bytes())?)?.to_vec() })
    };
    let (train, test) = (part()?, part()?);
    let hash = bytes.array()?;
    bytes.rest.is_empty().then(|| (Images::in_memory(name, classes.clone(), shape, train, test), hash))
}
