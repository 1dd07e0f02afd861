//! Reading what another machine wrote: numbers, blocks and ascending indexes, with every length checked against the bytes that are there.

use bitpacking::{BitPacker, BitPacker4x};
use thiserror::Error;

/// Numbers of a bit-packed block.
pub(super) const BLOCK: usize = BitPacker4x::BLOCK_LEN;

/// Bytes of a block whose numbers are `bits` wide.
pub(super) const fn block_bytes(bits: u8) -> u64 {
    bits as u64 * BLOCK as u64 / 8
}

/// The reasons why bytes are no payload.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[expect(missing_docs, reason = "the messages of the variants name their fields")]
pub enum DecodeError {
    /// Fewer bytes than the prefix or the counts promise.
    #[error("payload of {found} bytes ends early: {expected} expected")]
    Short {
        found: usize,
        /// Bytes that the prefix asks for.
        expected: usize,
    },
    /// The first byte names no form of the encoding.
    #[error("unknown payload form {found}: expected {expected}")]
    Form {
        found: u8,
        /// The forms of the encoding.
        expected: &'static str,
    },
    /// A packed number is wider than 32 bits.
    #[error("packed numbers of {0} bits: expected at most 32")]
    Width(u8),
    /// The first byte of a block of indexes names no form.
    #[error("unknown head {0:#04x} of a block of indexes")]
    Head(u8),
    /// A number in bytes of seven bits does not end.
    #[error("a number of more than 21 bits")]
    Number,
    /// A block has more indexes than there are values left.
    #[error("more indexes in a block than values are promised")]
    TooMany,
    /// The exponent of a block of values is none of finite numbers.
    #[error("a shared exponent of {0}: expected 1 to 254")]
    Scale(u8),
    /// An index beyond the array.
    #[error("index {index} in an array of {len}")]
    Index {
        /// An index beyond the array.
        index: u64,
        len: u32,
    },
    /// An index that is no greater than the one before it.
    #[error("index {index} after {before}: expected ascending ones")]
    Order {
        before: u64,
        /// An index that does not exceed the one before.
        index: u64,
    },
    /// More than the run's parameters.
    #[error("an array of {len} floats: expected at most {most}, all parameters of the run")]
    Room {
        /// Floats that the prefix promises.
        len: u32,
        /// Floats of all parameters.
        most: usize,
    },
    /// More or fewer values than the form can have.
    #[error("{count} values for an array of {len} floats")]
    Count {
        /// Values that the payload promises.
        count: usize,
        len: u32,
    },
}

/// Bytes, read from the front.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The width of the block read last.
    pub(super) bits: u8,
}

impl<'a> Reader<'a> {
    /// From the first of `bytes`.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0, bits: 0 }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let expected = self.at.saturating_add(count);
        let taken =
            self.bytes.get(self.at..expected).ok_or(DecodeError::Short { found: self.bytes.len(), expected })?;
        self.at = expected;
        Ok(taken)
    }

    /// The bytes that are not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    pub(super) fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().expect("four bytes")))
    }

    pub(super) fn floats(&mut self, count: usize) -> Result<Vec<f32>, DecodeError> {
        let (floats, _) = self.take(count.saturating_mul(4))?.as_chunks::<4>();
        Ok(floats.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }

    /// Ascending indexes below `len`, 8 bytes each.
    pub(super) fn plain_indexes(&mut self, count: usize, len: u32) -> Result<Vec<u32>, DecodeError> {
        let mut ascending = Ascending { len, index: Vec::new() };
        let (words, _) = self.take(count.saturating_mul(8))?.as_chunks::<8>();
        words.iter().try_for_each(|&bytes| ascending.push(u64::from_le_bytes(bytes)))?;
        Ok(ascending.index)
    }

    /// The bytes of a bit-packed block, whose width is left in `bits`.
    pub(super) fn block(&mut self) -> Result<&'a [u8], DecodeError> {
        self.bits = self.take(1)?[0];
        if self.bits > 32 {
            return Err(DecodeError::Width(self.bits));
        }
        self.take(block_bytes(self.bits) as usize)
    }

    /// Ascending indexes below `len`, bit-packed.
    pub(super) fn packed_indexes(&mut self, count: usize, len: u32) -> Result<Vec<u32>, DecodeError> {
        let mut into = Ascending { len, index: Vec::new() };
        let packer = BitPacker4x::new();
        let mut block = [0; BLOCK];
        while into.index.len() < count {
            let packed = self.block()?;
            packer.decompress_sorted(into.index.last().copied().unwrap_or(0), packed, &mut block, self.bits);
            let left = count - into.index.len();
            block.iter().take(left).try_for_each(|&index| into.push(u64::from(index)))?;
        }
        Ok(into.index)
    }
}

/// Indexes as they are read. Since each is greater than the one before and below `len`, they cannot be more than `len`.
struct Ascending {
    len: u32,
    index: Vec<u32>,
}

impl Ascending {
    fn push(&mut self, index: u64) -> Result<(), DecodeError> {
        match self.index.last().map(|&before| u64::from(before)) {
            Some(before) if before >= index => Err(DecodeError::Order { before, index }),
            _ if index >= u64::from(self.len) => Err(DecodeError::Index { index, len: self.len }),
            _ => {
                self.index.push(index as u32);
                Ok(())
            }
        }
    }
}
