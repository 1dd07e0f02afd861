//! Sparse examples in one compact file that is checked when it is read: 2-3 bytes per value of binary features, 5-6 of others.
//!
//! Layout, `v` a LEB128 varint:
//!
//! | part | bytes |
//! |---|---|
//! | header, with the magic `GAIASPRS` (see [`CacheError`] for its checks) | 52 |
//! | name (v length, UTF-8), features v | |
//! | values that occur: v count, 4 each (bits of f32); 0 when there are more than 256 | |
//! | parts v: 1, or 2 when the source has a held-out part of its own | |
//! | each part: v examples, then for each v (2 x entries + label, 0 or 1), then of each entry v distance from the feature before and the value | |
//! | the content hash of [`Unsplit`], as of [`Sparse::hash`](super::Sparse::hash) | 32 |
//!
//! A value is one byte, its place in the list of values, or its 4 bytes when there is no list. The data are cached before a share
//! is held out: a cache and the files that it was made from load equal, whatever is held out.

use std::path::Path;

use super::examples::{Entry, Examples, Label};
use super::{MAX_FEATURES, Unsplit};
pub use crate::container::CacheError;
use crate::container::{Bytes, Decoded, Kind, put_text, put_varint};
use crate::plausible::most_rows;
use crate::values::Values;

/// The first bytes of a cache of examples.
pub const MAGIC: &str = "GAIASPRS";
/// Version of the layout above.
pub const VERSION: u32 = 1;

const KIND: Kind = Kind { what: "examples", magic: MAGIC, version: VERSION };

/// Writes examples to `file`, whole or not at all.
///
/// # Errors
/// See [`CacheError`].
pub fn write_cache(data: &Unsplit, file: &Path) -> Result<(), CacheError> {
    KIND.write(file, &encode(data))
}

/// Reads a file of [`write_cache`] and checks it.
///
/// # Errors
/// See [`CacheError`].
pub fn read_cache(file: &Path) -> Result<Unsplit, CacheError> {
    KIND.read(file, |body| {
        let (content, written) = decode(body)?;
        Some(Decoded { computed: content.hash(), content, written })
    })
}

fn encode(data: &Unsplit) -> Vec<u8> {
    let parts = || [Some(&data.train), data.held_out.as_ref()].into_iter().flatten();
    let values = Values::of(parts().flat_map(|part| &part.entries).map(|entry| entry.value));
    let mut body = Vec::with_capacity(3 * parts().map(|part| part.entries.len()).sum::<usize>());
    put_text(&mut body, &data.name);
    put_varint(&mut body, u64::from(data.features));
    values.put_list(&mut body);
    put_varint(&mut body, parts().count() as u64);
    for part in parts() {
        put_varint(&mut body, part.len() as u64);
        for (label, entries) in part.iter() {
            put_varint(&mut body, 2 * entries.len() as u64 + u64::from(label == Label::Positive));
            let mut before = 0;
            for entry in entries {
                put_varint(&mut body, u64::from(entry.feature - before));
                before = entry.feature;
                values.put(&mut body, entry.value);
            }
        }
    }
    body.extend_from_slice(&data.hash());
    body
}

fn decode(body: &[u8]) -> Option<(Unsplit, [u8; 32])> {
    let mut bytes = Bytes { rest: body };
    let name = bytes.text()?;
    let features = bytes.varint_u32().filter(|&features| features <= MAX_FEATURES)?;
    let values = Values::take_list(&mut bytes)?;
    let part = |bytes: &mut Bytes| take_part(bytes, features, &values);
    let (train, held_out) = match bytes.varint()? {
        1 => (part(&mut bytes)?, None),
        2 => (part(&mut bytes)?, Some(part(&mut bytes)?)),
        _ => return None,
    };
    // Features take no bytes, and a model a weight for each: a number of them that no text may have is refused.
    let nonzeros = train.nonzeros() + held_out.as_ref().map_or(0, Examples::nonzeros);
    if u64::from(features) > most_rows(nonzeros) {
        return None;
    }
    let hash = bytes.array()?;
    bytes.rest.is_empty().then_some((Unsplit { name, features, train, held_out }, hash))
}

fn take_part(bytes: &mut Bytes, features: u32, values: &Values) -> Option<Examples> {
    let mut part = Examples::default();
    let count = bytes.length().filter(|&count| count <= u32::MAX as usize)?;
    for _ in 0..count {
        let head = bytes.varint()?;
        let label = if head % 2 == 1 { Label::Positive } else { Label::Negative };
        let mut entries = Vec::new();
        let mut before = None;
        for _ in 0..head / 2 {
            let distance = bytes.varint_u32()?;
            // Features ascend strictly: only the first may be 0 after the one before.
            let feature = match before {
                Some(before) if distance > 0 => u32::checked_add(before, distance)?,
                Some(_) => return None,
                None => distance,
            };
            let value = values.take(bytes).filter(|value| value.is_finite() && *value != 0.0)?;
            entries.push(Entry { feature: Some(feature).filter(|&feature| feature < features)?, value });
            before = Some(feature);
        }
        part.push(label, entries);
    }
    Some(part)
}
