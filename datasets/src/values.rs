//! The values of ratings and examples in a cache: a list of those that occur, and one byte for each value, its place in the list.
//!
//! Layout of the list: v count (LEB128), then 4 bytes each (bits of f32, little-endian). Where more than 256 different values occur the
//! list is empty, and each value is written as its 4 bytes.

use std::collections::BTreeSet;

use crate::container::{Bytes, put_varint};

/// More different values than this are written out in full: a place has one byte.
const MAX_LISTED: usize = 256;

/// The bits of the values that occur, ascending; empty when there are too many to list.
pub(crate) struct Values(Vec<u32>);

impl Values {
    /// The list of these values.
    pub(crate) fn of(values: impl Iterator<Item = f32>) -> Self {
        let mut seen = BTreeSet::new();
        for value in values {
            seen.insert(value.to_bits());
            if seen.len() > MAX_LISTED {
                return Values(Vec::new());
            }
        }
        Values(seen.into_iter().collect())
    }

    /// Appends the list to the body of a cache, in the layout above.
    pub(crate) fn put_list(&self, body: &mut Vec<u8>) {
        put_varint(body, self.0.len() as u64);
        self.0.iter().for_each(|bits| body.extend_from_slice(&bits.to_le_bytes()));
    }

    /// Reads a list; `None` where the bytes end first.
    pub(crate) fn take_list(bytes: &mut Bytes) -> Option<Self> {
        let listed = bytes.length()?;
        Some(Values((0..listed).map(|_| bytes.array().map(u32::from_le_bytes)).collect::<Option<_>>()?))
    }

    /// Appends a value that is in the list, unless the list is empty.
    pub(crate) fn put(&self, body: &mut Vec<u8>, value: f32) {
        let bits = value.to_bits();
        match self.0.binary_search(&bits) {
            Ok(place) => body.push(place as u8),
            Err(_) => body.extend_from_slice(&bits.to_le_bytes()),
        }
    }

    /// Reads a value; `None` where the bytes end first or the place is not in the list.
    pub(crate) fn take(&self, bytes: &mut Bytes) -> Option<f32> {
        let bits = if self.0.is_empty() {
            u32::from_le_bytes(bytes.array()?)
        } else {
            let [place] = bytes.array()?;
            *self.0.get(usize::from(place))?
        };
        Some(f32::from_bits(bits))
    }
}
