//! Small whole numbers, bit-packed: what updates of counts are made of.
//!
//! A value v is written as z(v) - 1, where z is the zigzag code (-1 is 1, 1 is 2, -2 is 3, ...): values are never 0, so that 1
//! and -1 take a bit. Blocks of 128 have a byte with the bits of their widest code, then the codes (the `bitpacking` crate's
//! layout); the last block is filled up with codes of 0.

use bitpacking::{BitPacker, BitPacker4x};

use super::reader::{BLOCK, DecodeError, Reader, block_bytes};

/// Whole numbers up to here are exact in f32.
const EXACT: f32 = (1 << 24) as f32;

/// The code of a whole number, not 0; none for any other value. -0.0 is no whole number here: it would come back as 0.0.
#[inline]
pub(super) fn code(value: f32) -> Option<u32> {
    let whole = value as i32;
    let is_whole = whole as f32 == value && whole != 0 && value.abs() <= EXACT;
    is_whole.then(|| ((whole << 1) ^ (whole >> 31)).cast_unsigned() - 1)
}

fn value(code: u32) -> f32 {
    let zigzag = code.wrapping_add(1);
    ((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed())) as f32
}

/// Bytes of codes, counted without making them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codes {
    count: u64,
    /// The bits that occur in the block's codes.
    bits: u32,
    /// Bytes of whole blocks.
    bytes: u64,
    /// Whether every value has a code.
    all_coded: bool,
}

impl Default for Codes {
    fn default() -> Self {
        Codes { count: 0, bits: 0, bytes: 0, all_coded: true }
    }
}

impl Codes {
    /// Counts `values`, up to the first without a code.
    pub(super) fn push_all(&mut self, values: &[f32]) {
        if !self.all_coded {
            return;
        }
        for &value in values {
            let Some(code) = code(value) else { return self.end() };
            self.bits |= code;
            self.count += 1;
            if self.count.is_multiple_of(BLOCK as u64) {
                self.end_block();
            }
        }
    }

    /// Whether all so far have a code, and so has the first of these that is not 0.
    pub(super) fn may_go_on(&self, values: &[f32]) -> bool {
        let first = values.iter().find(|value| value.to_bits() != 0);
        self.all_coded && first.is_none_or(|&value| code(value).is_some())
    }

    /// A value has no code.
    pub(super) fn end(&mut self) {
        self.all_coded = false;
    }

    fn end_block(&mut self) {
        self.bytes += 1 + block_bytes((u32::BITS - self.bits.leading_zeros()) as u8);
        self.bits = 0;
    }

    /// Bytes of all codes; `None`: some value has none.
    pub(super) fn bytes(mut self) -> Option<u64> {
        if !self.count.is_multiple_of(BLOCK as u64) {
            self.end_block();
        }
        self.all_coded.then_some(self.bytes)
    }
}

/// Appends the codes of `values`, all of which have one.
pub(super) fn write(values: &[f32], out: &mut Vec<u8>) {
    let packer = BitPacker4x::new();
    for chunk in values.chunks(BLOCK) {
        let mut block = [0; BLOCK];
        for (place, &value) in block.iter_mut().zip(chunk) {
            *place = code(value).expect("the form was chosen for whole numbers");
        }
        let bits = packer.num_bits(&block);
        let start = out.len() + 1;
        out.push(bits);
        out.resize(start + block_bytes(bits) as usize, 0);
        packer.compress(&block, &mut out[start..], bits);
    }
}

/// Reads `count` values of one width, packed.
pub(super) fn read(reader: &mut Reader, count: usize) -> Result<Vec<f32>, DecodeError> {
    let packer = BitPacker4x::new();
    let mut values = Vec::new();
    let mut block = [0; BLOCK];
    while values.len() < count {
        packer.decompress(reader.block()?, &mut block, reader.bits);
        values.extend(block.iter().take(count - values.len()).map(|&code| value(code)));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_whole_numbers_have_small_codes_and_come_back() {
        assert_eq!([-1.0, 1.0, -2.0, 2.0, -3.0].map(code), [0, 1, 2, 3, 4].map(Some));
        for whole in (-1000..=1000).chain([-(1 << 24), 1 << 24]).filter(|&whole| whole != 0) {
            assert_eq!(code(whole as f32).map(value), Some(whole as f32));
        }
        let others =
            [0.0, -0.0, 0.5, -1.5, 1.7e7, -2.5e9, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MIN_POSITIVE];
        assert_eq!(others.map(code), [None; 10]);
    }
}
