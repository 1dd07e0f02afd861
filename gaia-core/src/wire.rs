//! Parameters on the wire: what an update or a set of rows takes in bytes, and those bytes.
//!
//! A payload is written densely (4 bytes a float) or sparsely (index and value of what is not zero), whichever is
//! smaller, as the author's code does. [`Encoding`] says how sparse indexes are written:
//!
//! * `plain`: 8 bytes an index, little-endian.
//! * `packed`: differences between neighbouring indexes, bit-packed in blocks of 128 (the `bitpacking` crate's
//!   layout); the last block is filled up by repeating its last index, which takes no bits.
//!
//! Both are lossless. A simulated run counts [`Payload::encoded_len`] and never writes the bytes; a real one sends
//! [`Payload::encode`]. The two agree, which the tests hold on to.
//!
//! Layout: form (1 byte), floats in all (4), values sent (4), then the body.

use std::sync::Arc;

use bitpacking::{BitPacker, BitPacker4x};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::sync::config::Encoding;

/// Bytes before the body.
pub const PREFIX_BYTES: u64 = 9;
const BLOCK: usize = BitPacker4x::BLOCK_LEN;

/// Some floats of an array of `len`, the others zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sparse {
    /// Floats in the whole array.
    pub len: u32,
    /// Positions, ascending, below `len`.
    pub index: Vec<u32>,
    /// The value at each.
    pub value: Vec<f32>,
}

/// Floats as a message carries them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Payload {
    /// Every float. Zeros may be left out on the wire.
    Dense(Arc<[f32]>),
    /// A few floats of many.
    Sparse(Arc<Sparse>),
}

/// Why bytes are no payload.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// Fewer bytes than the prefix or the counts promise.
    #[error("payload of {found} bytes ends early: {expected} expected")]
    Short {
        /// Bytes there.
        found: usize,
        /// Bytes that the prefix asks for.
        expected: usize,
    },
    /// The first byte names no form.
    #[error("unknown payload form {0}: expected 0 to 3")]
    Form(u8),
    /// An index beyond the array.
    #[error("index {index} in a payload of {len} floats")]
    Index {
        /// The index.
        index: u64,
        /// The array's length.
        len: u32,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    DenseAll = 0,
    DenseSparsely = 1,
    SparseAll = 2,
    SparseDensely = 3,
}

impl Sparse {
    /// All floats, zero where none is kept.
    pub fn to_dense(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.len as usize];
        for (&index, &value) in self.index.iter().zip(&self.value) {
            values[index as usize] = value;
        }
        values
    }
}

impl Payload {
    /// Floats in the whole array.
    pub fn floats(&self) -> usize {
        match self {
            Payload::Dense(values) => values.len(),
            Payload::Sparse(sparse) => sparse.len as usize,
        }
    }

    /// Exactly the bytes of [`Payload::encode`].
    pub fn encoded_len(&self, encoding: Encoding) -> u64 {
        let dense = 4 * self.floats() as u64;
        PREFIX_BYTES + dense.min(self.sparse_len(encoding, dense))
    }

    /// Appends the payload's bytes.
    pub fn encode(&self, encoding: Encoding, out: &mut Vec<u8>) {
        let dense = 4 * self.floats() as u64;
        let sparsely = self.sparse_len(encoding, dense) < dense;
        let form = match (self, sparsely) {
            (Payload::Dense(_), false) => Form::DenseAll,
            (Payload::Dense(_), true) => Form::DenseSparsely,
            (Payload::Sparse(_), true) => Form::SparseAll,
            (Payload::Sparse(_), false) => Form::SparseDensely,
        };
        out.push(form as u8);
        out.extend((self.floats() as u32).to_le_bytes());
        match (self, sparsely) {
            (Payload::Dense(values), false) => {
                out.extend((values.len() as u32).to_le_bytes());
                out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
            (Payload::Dense(values), true) => {
                let (index, value) = non_zero(values);
                write_sparse(&index, &value, encoding, out);
            }
            (Payload::Sparse(sparse), true) => write_sparse(&sparse.index, &sparse.value, encoding, out),
            (Payload::Sparse(sparse), false) => {
                out.extend((sparse.len).to_le_bytes());
                out.extend(sparse.to_dense().iter().flat_map(|value| value.to_le_bytes()));
            }
        }
    }

    /// Reads what [`Payload::encode`] wrote with the same `encoding`.
    pub fn decode(bytes: &[u8], encoding: Encoding) -> Result<Payload, DecodeError> {
        let mut reader = Reader { bytes, at: 0 };
        let form = match reader.take(1)?[0] {
            0 => Form::DenseAll,
            1 => Form::DenseSparsely,
            2 => Form::SparseAll,
            3 => Form::SparseDensely,
            other => return Err(DecodeError::Form(other)),
        };
        let len = reader.u32()?;
        let count = reader.u32()? as usize;
        let sparse = match form {
            Form::DenseAll => return Ok(Payload::Dense(reader.floats(count)?.into())),
            Form::SparseDensely => {
                let (index, value) = non_zero(&reader.floats(count)?);
                Sparse { len, index, value }
            }
            Form::DenseSparsely | Form::SparseAll => {
                let index = reader.indexes(count, len, encoding)?;
                Sparse { len, index, value: reader.floats(count)? }
            }
        };
        Ok(match form {
            Form::DenseSparsely => Payload::Dense(sparse.to_dense().into()),
            _ => Payload::Sparse(Arc::new(sparse)),
        })
    }

    /// Body bytes of the sparse form; stops counting where it can no longer beat `dense`.
    fn sparse_len(&self, encoding: Encoding, dense: u64) -> u64 {
        match self {
            Payload::Sparse(sparse) => sparse_body_len(&sparse.index, encoding),
            Payload::Dense(values) => {
                let count = values.iter().filter(|value| value.to_bits() != 0).count() as u64;
                if 4 * count >= dense { u64::MAX } else { sparse_body_len(&non_zero(values).0, encoding) }
            }
        }
    }
}

/// Bytes of `index` alone, as a selective barrier sends them.
pub fn indexes_len(index: &[u32], encoding: Encoding) -> u64 {
    sparse_body_len(index, encoding) - 4 * index.len() as u64
}

fn sparse_body_len(index: &[u32], encoding: Encoding) -> u64 {
    let values = 4 * index.len() as u64;
    match encoding {
        Encoding::Plain => values + 8 * index.len() as u64,
        Encoding::Packed => values + packed_blocks(index).map(|(_, _, bits)| 1 + block_bytes(bits)).sum::<u64>(),
    }
}

const fn block_bytes(bits: u8) -> u64 {
    bits as u64 * BLOCK as u64 / 8
}

/// Blocks of 128 indexes with the index before each and the bits that a difference takes.
fn packed_blocks(index: &[u32]) -> impl Iterator<Item = ([u32; BLOCK], u32, u8)> {
    let packer = BitPacker4x::new();
    let mut before = 0;
    index.chunks(BLOCK).map(move |chunk| {
        let last = *chunk.last().expect("chunks are not empty");
        let mut block = [last; BLOCK];
        block[..chunk.len()].copy_from_slice(chunk);
        let (initial, bits) = (before, packer.num_bits_sorted(before, &block));
        before = last;
        (block, initial, bits)
    })
}

fn write_sparse(index: &[u32], value: &[f32], encoding: Encoding, out: &mut Vec<u8>) {
    out.extend((index.len() as u32).to_le_bytes());
    encode_indexes(index, encoding, out);
    out.extend(value.iter().flat_map(|value| value.to_le_bytes()));
}

/// Appends the bytes of `index` alone, [`indexes_len`] of them. How many indexes they are is for the reader to know.
pub fn encode_indexes(index: &[u32], encoding: Encoding, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Plain => out.extend(index.iter().flat_map(|&index| u64::from(index).to_le_bytes())),
        Encoding::Packed => {
            let packer = BitPacker4x::new();
            for (block, initial, bits) in packed_blocks(index) {
                let start = out.len() + 1;
                out.push(bits);
                out.resize(start + block_bytes(bits) as usize, 0);
                packer.compress_sorted(initial, &block, &mut out[start..], bits);
            }
        }
    }
}

/// Reads the `count` indexes that [`encode_indexes`] wrote with the same `encoding`.
pub fn decode_indexes(bytes: &[u8], count: usize, encoding: Encoding) -> Result<Vec<u32>, DecodeError> {
    Reader { bytes, at: 0 }.indexes(count, u32::MAX, encoding)
}

fn non_zero(values: &[f32]) -> (Vec<u32>, Vec<f32>) {
    let kept = values.iter().enumerate().filter(|(_, value)| value.to_bits() != 0);
    kept.map(|(index, &value)| (index as u32, value)).unzip()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let expected = self.at.saturating_add(count);
        let taken =
            self.bytes.get(self.at..expected).ok_or(DecodeError::Short { found: self.bytes.len(), expected })?;
        self.at = expected;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().expect("four bytes")))
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f32>, DecodeError> {
        let (floats, _) = self.take(count.saturating_mul(4))?.as_chunks::<4>();
        Ok(floats.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }

    fn indexes(&mut self, count: usize, len: u32, encoding: Encoding) -> Result<Vec<u32>, DecodeError> {
        let index: Vec<u64> = match encoding {
            Encoding::Plain => {
                let (words, _) = self.take(count.saturating_mul(8))?.as_chunks::<8>();
                words.iter().map(|&bytes| u64::from_le_bytes(bytes)).collect()
            }
            Encoding::Packed => self.packed_indexes(count)?.into_iter().map(u64::from).collect(),
        };
        match index.iter().find(|&&index| index >= u64::from(len)) {
            Some(&index) => Err(DecodeError::Index { index, len }),
            None => Ok(index.into_iter().map(|index| index as u32).collect()),
        }
    }

    fn packed_indexes(&mut self, count: usize) -> Result<Vec<u32>, DecodeError> {
        let packer = BitPacker4x::new();
        let mut index = Vec::new();
        let mut block = [0; BLOCK];
        while index.len() < count {
            let bits = self.take(1)?[0];
            if bits > 32 {
                return Err(DecodeError::Form(bits));
            }
            let packed = self.take(block_bytes(bits) as usize)?;
            packer.decompress_sorted(index.last().copied().unwrap_or(0), packed, &mut block, bits);
            index.extend(&block[..BLOCK.min(count - index.len())]);
        }
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sparse(len: u32) -> impl Strategy<Value = Payload> {
        proptest::collection::btree_map(0..len, -1e3f32..1e3, 0..400.min(len as usize)).prop_map(move |entries| {
            let kept = entries.into_iter().filter(|(_, value)| value.to_bits() != 0);
            let (index, value) = kept.unzip();
            Payload::Sparse(Arc::new(Sparse { len, index, value }))
        })
    }

    fn dense() -> impl Strategy<Value = Payload> {
        proptest::collection::vec(prop_oneof![3 => Just(0.0f32), 1 => -1e3f32..1e3], 0..600)
            .prop_map(|values| Payload::Dense(values.into()))
    }

    proptest! {
        #[test]
        fn what_is_counted_is_what_is_written(
            payload in prop_oneof![sparse(1000), sparse(1 << 30), dense()],
            packed in any::<bool>(),
        ) {
            // Writing 2^30 floats densely is never the smaller form, so no test does it.
            let encoding = if packed { Encoding::Packed } else { Encoding::Plain };
            let mut bytes = Vec::new();
            payload.encode(encoding, &mut bytes);
            prop_assert_eq!(bytes.len() as u64, payload.encoded_len(encoding));
            prop_assert_eq!(Payload::decode(&bytes, encoding).unwrap(), payload);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), packed in any::<bool>()) {
            let encoding = if packed { Encoding::Packed } else { Encoding::Plain };
            let _ = Payload::decode(&bytes, encoding);
        }
    }

    #[test]
    fn plain_costs_twelve_bytes_an_update_and_packed_less() {
        let index: Vec<u32> = (0..1280).map(|position| position * 100).collect();
        let payload = Payload::Sparse(Arc::new(Sparse { len: 128_000, value: vec![1.0; 1280], index }));
        assert_eq!(payload.encoded_len(Encoding::Plain), PREFIX_BYTES + 12 * 1280);
        assert_eq!(payload.encoded_len(Encoding::Packed), PREFIX_BYTES + 10 * (128 * 4 + 1 + 7 * 16));
        let all = Payload::Dense(vec![1.0; 100].into());
        assert_eq!(all.encoded_len(Encoding::Plain), PREFIX_BYTES + 400);
    }
}
