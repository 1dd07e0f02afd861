//! Numbers of any width one after another, the lowest bits first, and Rice codes among them.

use super::reader::DecodeError;

/// Appends bits to bytes. [`BitWriter::end`] fills the last byte up with zeros.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    waiting: u64,
    used: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        BitWriter { out, waiting: 0, used: 0 }
    }

    /// Appends the lowest `bits` of `number`, at most 32, which are all that are set in it.
    #[inline(always)]
    pub(super) fn put(&mut self, number: u32, bits: u32) {
        self.waiting |= u64::from(number) << self.used;
        self.used += bits;
        if self.used >= u32::BITS {
            self.out.extend_from_slice(&(self.waiting as u32).to_le_bytes());
            self.waiting >>= u32::BITS;
            self.used -= u32::BITS;
        }
    }

    /// Appends the Rice code of `number`: as many zeros as it has times 2^`bits`, a one, and the rest in `bits`, below 16 (Rice 1979).
    #[inline(always)]
    pub(super) fn put_rice(&mut self, number: u32, bits: u32) {
        let (mut zeros, rest) = (number >> bits, number & ((1 << bits) - 1));
        while zeros >= 16 {
            self.put(0, 16);
            zeros -= 16;
        }
        self.put((1 | rest << 1) << zeros, zeros + 1 + bits);
    }

    pub(super) fn end(self) {
        let bytes = self.used.div_ceil(8) as usize;
        self.out.extend_from_slice(&self.waiting.to_le_bytes()[..bytes]);
    }
}

/// Reads what a [`BitWriter`] wrote. Behind the last byte it reads zeros, until it is asked how many bytes it has read.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        BitReader { bytes, at: 0 }
    }

    /// The next bits, 57 or more.
    #[inline(always)]
    fn window(&self) -> u64 {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let word = match rest.first_chunk() {
            Some(&word) => u64::from_le_bytes(word),
            None => rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        word >> (self.at % 8)
    }

    /// A number of `bits`, at most 32.
    #[inline(always)]
    pub(super) fn take(&mut self, bits: u32) -> u32 {
        let number = self.window() & ((1 << bits) - 1);
        self.at += bits as usize;
        number as u32
    }

    /// A number in a Rice code with `bits`, below 16, of the rest; `None` if it is not below `bound`, at most 2^16.
    #[inline(always)]
    pub(super) fn take_rice(&mut self, bits: u32, bound: u32) -> Option<u32> {
        let mut zeros = 0;
        loop {
            let window = self.window();
            let here = window.trailing_zeros();
            if here < 40 {
                zeros += here;
                self.at += here as usize + 1 + bits as usize;
                let number = zeros << bits | ((window >> (here + 1)) as u32 & ((1 << bits) - 1));
                return (number < bound).then_some(number);
            }
            zeros += 40;
            self.at += 40;
            if zeros << bits >= bound {
                return None;
            }
        }
    }

    /// The bytes that were read from, the last one perhaps in part.
    pub(super) fn bytes(&self) -> Result<usize, DecodeError> {
        let expected = self.at.div_ceil(8);
        if expected > self.bytes.len() {
            return Err(DecodeError::Short { found: self.bytes.len(), expected });
        }
        Ok(expected)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_of_any_width_come_back(
            numbers in prop::collection::vec((0u32..4096, 0u32..13, any::<bool>()), 0..200),
        ) {
            let mut bytes = vec![9];
            let mut writer = BitWriter::new(&mut bytes);
            let mut bits = 0;
            for &(number, width, rice) in &numbers {
                let mask = (1 << width) - 1;
                bits += if rice { (number >> width) + 1 + width } else { width };
                if rice { writer.put_rice(number, width) } else { writer.put(number & mask, width) }
            }
            writer.end();
            prop_assert_eq!(bytes.len() as u32 - 1, bits.div_ceil(8));
            let mut reader = BitReader::of(&bytes[1..]);
            for &(number, width, rice) in &numbers {
                let mask = (1 << width) - 1;
                match rice {
                    true => prop_assert_eq!(reader.take_rice(width, 4096), Some(number)),
                    false => prop_assert_eq!(reader.take(width), number & mask),
                }
            }
            prop_assert_eq!(reader.bytes(), Ok(bytes.len() - 1));
        }
    }

    #[test]
    fn a_code_without_end_and_bits_that_are_not_there_are_refused() {
        let mut reader = BitReader::of(&[0; 4]);
        assert_eq!(reader.take_rice(0, 4096), None);
        let mut reader = BitReader::of(&[0xff; 2]);
        reader.take(17);
        assert_eq!(reader.bytes(), Err(DecodeError::Short { found: 2, expected: 3 }));
        assert_eq!(BitReader::of(&[0b0001_0000]).take_rice(2, 16), None, "4 times 4 are not below 16");
        assert_eq!(BitReader::of(&[0b0001_0000]).take_rice(2, 17), Some(16));
    }
}
