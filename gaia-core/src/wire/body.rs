//! Bodies in blocks: the entries of a payload with their indexes by blocks, then their values.

use super::blocks::{self, Block, Blocks, Choice, PLACES, each_block};
use super::integers::Codes;
use super::reader::{DecodeError, Reader};
use super::sparse::{SKIPPED, Sparse};
use super::values::Values;
use crate::sync::config::Encoding;

/// What a body is made of.
#[derive(Clone, Copy)]
pub(super) enum Entries<'a> {
    /// All floats, of which those that are not 0 are entries.
    Dense(&'a [f32]),
    Sparse(&'a Sparse),
}

/// The form of indexes in an encoding by blocks, with values in the form `values`.
pub(super) fn choice(encoding: Encoding, values: Values) -> Choice {
    Choice { rice: matches!(encoding, Encoding::Rice | Encoding::Int8), zero: values.zero() }
}

/// The form of values with which the body is smallest, and its bytes.
pub(super) fn smallest(entries: Entries<'_>, encoding: Encoding) -> (Values, u64) {
    let values = Values::of(encoding);
    let mut lengths = Lengths { values, blocks: Blocks::new(choice(encoding, values)), ..Lengths::default() };
    match entries {
        Entries::Sparse(Sparse { len, index, value }) => each_block(index, u64::from(*len), |block, at| {
            lengths.push(block, &value[at..at + block.places.len()]);
        }),
        Entries::Dense(all) => each_dense_block(all, |number, all, buffer| {
            let count = all.iter().filter(|value| value.to_bits() != 0).count();
            if count > 0 && !lengths.push_full(number, all, count) {
                let (places, value) = buffer.collect(all);
                lengths.push(Block { number, len: all.len(), places }, value);
            }
        }),
    }
    lengths.smallest()
}

/// Appends the number of values, the indexes and the values.
pub(super) fn write(entries: Entries<'_>, encoding: Encoding, values: Values, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend([0; 4]);
    let (mut stream, mut blocks) = (Vec::new(), Blocks::new(choice(encoding, values)));
    match entries {
        Entries::Sparse(Sparse { len, index, value }) => each_block(index, u64::from(*len), |block, at| {
            let value = &value[at..at + block.places.len()];
            let is_filled = blocks.write(block, out);
            let before = stream.len();
            if is_filled && block.places.len() < block.len {
                stream.resize(before + block.len, 0.0);
                let places = block.places.iter().map(|&place| before + usize::from(place));
                places.zip(value).for_each(|(place, &value)| stream[place] = value);
            } else {
                stream.extend_from_slice(value);
            }
        }),
        Entries::Dense(all) => each_dense_block(all, |number, all, buffer| {
            let (places, value) = buffer.collect(all);
            if !places.is_empty() {
                let is_filled = blocks.write(Block { number, len: all.len(), places }, out);
                stream.extend_from_slice(if is_filled { all } else { value });
            }
        }),
    }
    out[start..start + 4].copy_from_slice(&(stream.len() as u32).to_le_bytes());
    values.write(&stream, out);
}

/// Reads the `count` values of an array of `len` floats, and their indexes.
pub(super) fn read(reader: &mut Reader, count: usize, len: u32, values: Values) -> Result<Sparse, DecodeError> {
    values.check_room(reader, count)?;
    let read = blocks::read(reader, count, u64::from(len), len)?;
    let (mut index, mut value) = (read.index, values.read(reader, count)?);
    if read.has_every {
        let mut is_kept = value.iter().map(|value| value.to_bits() != 0);
        index.retain(|_| is_kept.next().expect("a value for each index"));
        value.retain(|value| value.to_bits() != 0);
    }
    Ok(Sparse { len, index, value })
}

/// The bytes of a body, counted block by block.
struct Lengths {
    values: Values,
    blocks: Blocks,
    count: u64,
    not_finite: u64,
    /// Bytes of indexes: of fractions, with the zeros that they may have; of whole numbers.
    of_indexes: u64,
    bare: u64,
    codes: Codes,
}

impl Default for Lengths {
    fn default() -> Self {
        let (values, codes) = (Values::Floats, Codes::default());
        let blocks = Blocks::new(choice(Encoding::Smallest, values));
        Lengths { values, blocks, count: 0, not_finite: 0, of_indexes: 0, bare: 0, codes }
    }
}

impl Lengths {
    fn push(&mut self, block: Block<'_>, value: &[f32]) {
        let sizes = self.blocks.measure(block);
        self.of_indexes += sizes.filled;
        self.bare += sizes.bare;
        self.codes.push_all(value);
        self.push_values(value);
    }

    /// The same of a block that is almost full of fractions, without its places; whether it is one.
    fn push_full(&mut self, number: u32, all: &[f32], count: usize) -> bool {
        if all[all.len() - 1].to_bits() == 0 || self.codes.may_go_on(all) {
            return false;
        }
        let Some(bytes) = self.blocks.measure_full(number, all.len(), count) else { return false };
        self.of_indexes += bytes;
        self.codes.end();
        self.count += count as u64;
        true
    }

    fn push_values(&mut self, value: &[f32]) {
        self.count += value.len() as u64;
        if self.values == Values::Int8 {
            self.not_finite += value.iter().filter(|value| !value.is_finite()).count() as u64;
        }
    }

    fn smallest(self) -> (Values, u64) {
        let fractions = self.of_indexes + self.values.bytes(self.count, self.not_finite);
        match self.codes.bytes().map(|codes| self.bare + codes) {
            Some(whole_numbers) if whole_numbers < fractions => (Values::WholeNumbers, whole_numbers),
            _ => (self.values, fractions),
        }
    }
}

/// Room for the entries of a block of an array.
struct Buffer {
    places: [u16; PLACES],
    value: [f32; PLACES],
}

impl Buffer {
    /// Places and values of those that are not 0.
    fn collect(&mut self, all: &[f32]) -> (&[u16], &[f32]) {
        let mut count = 0;
        for (chunk, first) in all.chunks(SKIPPED).zip((0u16..).step_by(SKIPPED)) {
            if chunk.iter().fold(0, |bits, value| bits | value.to_bits()) != 0 {
                for (place, &value) in (first..).zip(chunk) {
                    (self.places[count], self.value[count]) = (place, value);
                    count += usize::from(value.to_bits() != 0);
                }
            }
        }
        (&self.places[..count], &self.value[..count])
    }
}

/// Calls `sink` with the number of each block of an array, its floats, and room for its entries.
fn each_dense_block(all: &[f32], mut sink: impl FnMut(u32, &[f32], &mut Buffer)) {
    let mut buffer = Buffer { places: [0; PLACES], value: [0.0; PLACES] };
    for (number, block) in (0..).zip(all.chunks(PLACES)) {
        sink(number, block, &mut buffer);
    }
}
