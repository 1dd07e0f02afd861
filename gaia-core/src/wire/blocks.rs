//! Indexes by blocks of 4096 neighbouring places, each block in the form that is smallest.
//!
//! A block begins with a byte: its form in the lowest two bits, the width of gaps in the next four, and whether gaps are in Rice codes in
//! the seventh. The forms:
//!
//! | form | after the byte | is smallest |
//! |---|---|---|
//! | 0 gaps | the number of indexes less one, then the gaps between them, each of the width or in Rice codes | usually |
//! | 1 bitmap | a bit for each place | from about a fifth on, with Rice codes a third |
//! | 2 every place | nothing: every place has a value, which may be 0 | almost full |
//! | 3 skipped | the number of blocks less one that have no index and are not written | |
//!
//! A gap counts the places between an index and the one before in its block, or the block's beginning. Numbers of indexes and of
//! blocks take seven bits per byte, the lowest first, and a set eighth bit where another byte follows. Blocks end once there are as many
//! indexes as the reader expects.

use super::bits::{BitReader, BitWriter};
use super::reader::{DecodeError, Reader};

/// Places of a block.
pub(super) const PLACES: usize = 4096;
/// The end of lists of indexes whose bound the writer does not know.
pub(super) const UNBOUNDED: u64 = 1 << 32;

const GAPS: u8 = 0;
const BITMAP: u8 = 1;
const EVERY: u8 = 2;
const SKIPPED: u8 = 3;
const RICE: u8 = 1 << 6;
/// The widest gap in bits.
const MOST_BITS: u8 = 12;

/// How a writer chooses forms of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Whether gaps may be in Rice codes.
    pub(super) rice: bool,
    /// Bytes of a value of 0, by which a block may be filled up to have every place; `None`: values are never 0.
    pub(super) zero: Option<u64>,
}

/// Indexes of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    /// The block's number from the beginning of the array.
    pub(super) number: u32,
    /// Places of it: fewer in the last block of an array.
    pub(super) len: usize,
    /// Ascending, from the block's first place; never empty.
    pub(super) places: &'a [u16],
}

/// The form of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Gaps { bits: u8, rice: bool },
    Bitmap,
    Every,
}

/// The places of the block with this number in an array of `len`.
pub(super) fn block_len(number: u32, len: u64) -> usize {
    (len - u64::from(number) * PLACES as u64).min(PLACES as u64) as usize
}

/// Calls `sink` with each block of ascending indexes, and where its entries begin, in an array of `len`.
pub(super) fn each_block(index: &[u32], len: u64, mut sink: impl FnMut(Block<'_>, usize)) {
    let mut places = [0; PLACES];
    let mut at = 0;
    while let Some(&first) = index.get(at) {
        let number = first / PLACES as u32;
        let block = &index[at..index.len().min(at + PLACES)];
        let count = block.partition_point(|index| index / PLACES as u32 == number);
        for (place, index) in places.iter_mut().zip(&block[..count]) {
            *place = (index % PLACES as u32) as u16;
        }
        sink(Block { number, len: block_len(number, len), places: &places[..count] }, at);
        at += count;
    }
}

/// Bytes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Where values are never 0.
    pub(super) bare: u64,
    /// Where the block may be filled up, with the zeros that this takes.
    pub(super) filled: u64,
}

/// The bytes of blocks, counted or written in the order of their numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks {
    choice: Choice,
    /// The number of the block that comes next.
    next: u32,
}

impl Blocks {
    pub(super) fn new(choice: Choice) -> Self {
        Blocks { choice, next: 0 }
    }

    /// Bytes of the block.
    pub(super) fn measure(&mut self, block: Block<'_>) -> Sizes {
        let bytes = self.bytes_before(block.number) + self.choice.smallest_of_indexes(block).1;
        let filled = self.choice.filled(block).map(|filled| self.bytes_before(block.number) + filled);
        self.next = block.number + 1;
        Sizes { bare: bytes, filled: filled.map_or(bytes, |filled| filled.min(bytes)) }
    }

    /// Bytes of a block of `len` places, if it is best filled up whichever places are missing; `count` of them have indexes, the last
    /// one among them.
    pub(super) fn measure_full(&mut self, number: u32, len: usize, count: usize) -> Option<u64> {
        let zeros = self.choice.zero? * (len - count) as u64;
        // With a place missing before the last, gaps take a bit each at least, and a bitmap takes more.
        if zeros > count as u64 / 8 {
            return None;
        }
        let bytes = self.bytes_before(number) + 1 + zeros;
        self.next = number + 1;
        Some(bytes)
    }

    /// Appends the block. Whether it is filled up, so that every place needs a value.
    pub(super) fn write(&mut self, block: Block<'_>, out: &mut Vec<u8>) -> bool {
        if let Some(skipped) = (block.number - self.next).checked_sub(1) {
            out.push(SKIPPED);
            write_number(skipped, out);
        }
        self.next = block.number + 1;
        let (form, bytes) = self.choice.smallest_of_indexes(block);
        let is_filled = self.choice.filled(block).is_some_and(|filled| filled < bytes);
        let form = if is_filled { Form::Every } else { form };
        match form {
            Form::Gaps { bits, rice } => {
                out.push(GAPS | bits << 2 | if rice { RICE } else { 0 });
                write_number(block.places.len() as u32 - 1, out);
                let mut writer = BitWriter::new(out);
                let bits = u32::from(bits);
                match rice {
                    true => gaps(block.places).for_each(|gap| writer.put_rice(gap, bits)),
                    false => gaps(block.places).for_each(|gap| writer.put(gap, bits)),
                }
                writer.end();
            }
            Form::Bitmap => {
                out.push(BITMAP);
                let start = out.len();
                out.resize(start + block.len.div_ceil(8), 0);
                let bits = &mut out[start..];
                block.places.iter().for_each(|&place| bits[usize::from(place / 8)] |= 1 << (place % 8));
            }
            Form::Every => out.push(EVERY),
        }
        form == Form::Every
    }

    /// Bytes that name the blocks which are not written between the last one and `number`.
    fn bytes_before(&self, number: u32) -> u64 {
        (number - self.next).checked_sub(1).map_or(0, |skipped| 1 + number_len(skipped))
    }
}

impl Choice {
    /// Bytes of the block when it is filled up, zeros included.
    fn filled(self, Block { len, places, .. }: Block<'_>) -> Option<u64> {
        Some(1 + self.zero? * (len - places.len()) as u64)
    }

    /// The smallest form of a block that is not filled up, and its bytes.
    fn smallest_of_indexes(self, Block { len, places, .. }: Block<'_>) -> (Form, u64) {
        let count = places.len() as u64;
        if places.len() == len {
            return (Form::Every, 1);
        }
        let widest = gaps(places).fold(0, |all, gap| all | gap);
        let bits = u32::BITS - widest.leading_zeros();
        let head = 1 + number_len(count as u32 - 1);
        let packed = (Form::Gaps { bits: bits as u8, rice: false }, head + (count * u64::from(bits)).div_ceil(8));
        let bitmap = (Form::Bitmap, 1 + len.div_ceil(8) as u64);
        let smaller = |one: (Form, u64), other: (Form, u64)| if other.1 < one.1 { other } else { one };
        let smallest = smaller(packed, bitmap);
        if self.rice { smaller(smallest, rice(places, head)) } else { smallest }
    }
}

/// Rice codes with the better of the two widths around the mean gap, and the block's bytes with them.
fn rice(places: &[u16], head: u64) -> (Form, u64) {
    let count = places.len() as u32;
    let mean = (u32::from(places[places.len() - 1]) + 1 - count) / count;
    let highest = mean.max(1).ilog2();
    let of = |bits: u32| {
        let zeros = gaps(places).map(|gap| gap >> bits).sum::<u32>();
        (bits, zeros + count * (1 + bits))
    };
    let (low, high) = (of(highest.saturating_sub(1)), of(highest));
    let (bits, all) = if high.1 < low.1 { high } else { low };
    (Form::Gaps { bits: bits as u8, rice: true }, head + u64::from(all).div_ceil(8))
}

/// The places between neighbouring indexes, and those before the first.
fn gaps(places: &[u16]) -> impl Iterator<Item = u32> {
    let before = std::iter::once(u32::MAX).chain(places.iter().map(|&place| u32::from(place)));
    places.iter().zip(before).map(|(&place, before)| u32::from(place).wrapping_sub(before).wrapping_sub(1))
}

fn number_len(number: u32) -> u64 {
    match number {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        _ => 3,
    }
}

fn write_number(number: u32, out: &mut Vec<u8>) {
    let mut rest = number;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn read_number(reader: &mut Reader) -> Result<u32, DecodeError> {
    let mut number = 0;
    // Three bytes hold the number of all blocks.
    for shift in [0, 7, 14] {
        let byte = reader.take(1)?[0];
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(DecodeError::Number)
}

/// Indexes as they were read.
pub(super) struct Indexes {
    /// In ascending order, each once.
    pub(super) index: Vec<u32>,
    /// Whether a block was filled up, so that values may be 0.
    pub(super) has_every: bool,
}

/// Reads `count` indexes below `bound` that were written as indexes of an array of `len`, at least `bound`.
pub(super) fn read(reader: &mut Reader, count: usize, len: u64, bound: u32) -> Result<Indexes, DecodeError> {
    let mut indexes = Indexes { index: Vec::new(), has_every: false };
    let mut number = 0u64;
    while indexes.index.len() < count {
        let head = reader.take(1)?[0];
        let (form, bits) = (head & 3, head >> 2 & 15);
        let is_gaps = form == GAPS && bits <= MOST_BITS && head & !RICE < 1 << 6;
        if !is_gaps && head != form {
            return Err(DecodeError::Head(head));
        }
        if form == SKIPPED {
            number += u64::from(read_number(reader)?) + 1;
            continue;
        }
        let first = number * PLACES as u64;
        let places = len.saturating_sub(first).min(PLACES as u64) as u32;
        let mut block = Places { first, places, bound, left: count - indexes.index.len(), index: &mut indexes.index };
        match form {
            GAPS => block.read_gaps(reader, bits, head & RICE != 0)?,
            BITMAP => block.read_bitmap(reader)?,
            _ => {
                (0..places).try_for_each(|place| block.push(place))?;
                indexes.has_every = true;
            }
        }
        number += 1;
    }
    Ok(indexes)
}

/// The indexes of a block while they are read.
struct Places<'a> {
    first: u64,
    places: u32,
    bound: u32,
    /// Indexes that may still come.
    left: usize,
    index: &'a mut Vec<u32>,
}

impl Places<'_> {
    #[inline(always)]
    fn push(&mut self, place: u32) -> Result<(), DecodeError> {
        let index = self.first + u64::from(place);
        if place >= self.places || index >= u64::from(self.bound) {
            return Err(DecodeError::Index { index, len: self.bound });
        }
        self.left = self.left.checked_sub(1).ok_or(DecodeError::TooMany)?;
        self.index.push(index as u32);
        Ok(())
    }

    fn read_gaps(&mut self, reader: &mut Reader, bits: u8, rice: bool) -> Result<(), DecodeError> {
        let count = read_number(reader)? + 1;
        let mut gaps = BitReader::of(reader.rest());
        let (mut next, beyond) = (0, DecodeError::Index { index: self.first + PLACES as u64, len: self.bound });
        for _ in 0..count {
            let gap = match rice {
                true => gaps.take_rice(u32::from(bits), PLACES as u32).ok_or(beyond.clone())?,
                false => gaps.take(u32::from(bits)),
            };
            self.push(next + gap)?;
            next += gap + 1;
        }
        let read = gaps.bytes()?;
        reader.take(read).map(drop)
    }

    fn read_bitmap(&mut self, reader: &mut Reader) -> Result<(), DecodeError> {
        for (&byte, first) in reader.take((self.places as usize).div_ceil(8))?.iter().zip((0..).step_by(8)) {
            let mut bits = byte;
            while bits != 0 {
                self.push(first + bits.trailing_zeros())?;
                bits &= bits - 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHOICES: [Choice; 4] = [
        Choice { rice: false, zero: None },
        Choice { rice: true, zero: None },
        Choice { rice: false, zero: Some(4) },
        Choice { rice: true, zero: Some(2) },
    ];

    /// The bytes, and the places that need values.
    fn written(index: &[u32], len: u64, choice: Choice) -> (Vec<u8>, Vec<u32>) {
        let (mut out, mut values) = (Vec::new(), Vec::new());
        let (mut writing, mut counting) = (Blocks::new(choice), Blocks::new(choice));
        each_block(index, len, |block, at| {
            let before = out.len() as u64;
            let every = writing.write(block, &mut out);
            let zeros = if every { block.len - block.places.len() } else { 0 };
            let written = out.len() as u64 - before + zeros as u64 * choice.zero.unwrap_or(0);
            let (sizes, full) = {
                let mut full = counting;
                let is_last_set = usize::from(block.places[block.places.len() - 1]) == block.len - 1;
                let full =
                    is_last_set.then(|| full.measure_full(block.number, block.len, block.places.len())).flatten();
                (counting.measure(block), full)
            };
            assert_eq!(if choice.zero.is_some() { sizes.filled } else { sizes.bare }, written);
            assert!(full.is_none_or(|full| full == written), "{full:?} of {written}");
            let first = block.number * PLACES as u32;
            match every {
                true => values.extend(first..first + block.len as u32),
                false => values.extend(&index[at..at + block.places.len()]),
            }
        });
        (out, values)
    }

    proptest! {
        #[test]
        fn indexes_of_any_density_come_back(
            len in prop_oneof![1u32..20_000, Just(u32::MAX)],
            runs in prop::collection::vec((prop_oneof![1u32..300, 4000u32..100_000], 1u32..20, 1usize..900), 0..12),
        ) {
            let mut index = Vec::new();
            let mut next = 0u32;
            for (jump, apart, times) in runs {
                index.extend((0..times as u32).map(|time| next.saturating_add(jump).saturating_add(time * apart)));
                next = index.last().copied().unwrap_or(0);
            }
            index.retain(|&index| index < len);
            index.dedup();
            for choice in CHOICES {
                for len in [u64::from(len), UNBOUNDED] {
                    let (bytes, expected) = written(&index, len, choice);
                    let mut reader = Reader::of(&bytes);
                    let bound = u32::try_from(len).unwrap_or(u32::MAX);
                    let read = read(&mut reader, expected.len(), len, bound).unwrap();
                    prop_assert_eq!(read.index, expected);
                    prop_assert_eq!(reader.rest().len(), 0);
                }
            }
        }
    }

    #[test]
    fn each_form_is_taken_where_it_is_smallest() {
        let head = |index: &[u32], choice| written(index, 4096, choice).0[0];
        let every_nth = |n: u32| (0..4096 / n).map(|at| at * n).collect::<Vec<_>>();
        let [packed, rice, filled, _] = CHOICES;
        assert_eq!(head(&every_nth(100), packed), GAPS | 7 << 2, "gaps of 99");
        // A hole in every third: gaps of 6 bits, 1009 bytes of them.
        let with_a_hole: Vec<u32> = every_nth(3).into_iter().filter(|at| !(100..160).contains(at)).collect();
        assert_eq!(head(&with_a_hole, packed) & 3, BITMAP);
        assert_eq!(head(&every_nth(1), packed), EVERY);
        let all_but = |missing: usize| (0..4096).filter(|&at| at >= missing as u32).collect::<Vec<u32>>();
        assert_eq!(head(&all_but(9), packed) & 3, BITMAP);
        assert_eq!(head(&all_but(9), filled), EVERY, "9 zeros are 36 bytes, a bitmap 512");
        // One wide gap among narrow ones: Rice codes pay for it once.
        let clustered: Vec<u32> = (0..40).chain([4000]).collect();
        assert_eq!(head(&clustered, packed) & RICE, 0);
        assert_eq!(head(&clustered, rice) & (RICE | 3), RICE | GAPS);
        assert_eq!(written(&[9000], 10_000, packed).0[..2], [SKIPPED, 1]);
    }

    #[test]
    fn blocks_that_promise_too_much_are_refused() {
        let error = |bytes: &[u8], count| read(&mut Reader::of(bytes), count, 5000, 5000).err().unwrap().to_string();
        assert_eq!(error(&[EVERY], 4095), "more indexes in a block than values are promised");
        assert_eq!(error(&[EVERY, EVERY, EVERY], 6000), "payload of 3 bytes ends early: 4 expected");
        assert_eq!(error(&[SKIPPED, 1, EVERY], 10), "payload of 3 bytes ends early: 4 expected", "no place is left");
        assert_eq!(error(&[SKIPPED, 0, BITMAP], 10), "payload of 3 bytes ends early: 116 expected");
        assert_eq!(error(&[SKIPPED, 0xff, 0xff, 0xff, 0], 10), "a number of more than 21 bits");
        assert_eq!(error(&[GAPS | 13 << 2, 0], 10), "unknown head 0x34 of a block of indexes");
        assert_eq!(error(&[EVERY | 4], 10), "unknown head 0x06 of a block of indexes");
        let far = [SKIPPED, 0, GAPS | 12 << 2, 0, 0xff, 0x0f];
        assert_eq!(error(&far, 10), "index 8191 in an array of 5000");
        let endless = [GAPS | RICE, 0, 0, 0, 0];
        assert_eq!(error(&endless, 10), "index 4096 in an array of 5000");
        assert_eq!(error(&[GAPS | 12 << 2, 1, 0], 10), "payload of 1 bytes ends early: 3 expected");
    }
}
