//! Parameters on the wire: what an update or a set of rows takes in bytes, and those bytes.
//!
//! A payload is written densely (4 bytes per float) or sparsely (index and value of what is not zero), whichever is
//! smaller, as the author's code does. [`Encoding`] is how sparse payloads are written:
//!
//! * `plain`: 8 bytes per index, little-endian, and 4 bytes per value.
//! * `packed`: differences between neighbouring indexes, bit-packed in blocks of 128 (the `bitpacking` crate's
//!   layout); the last block is filled up by repeating its last index, which takes no bits. Values take 4 bytes each, or,
//!   where all are small whole numbers and it is smaller, as many bits as the block's largest needs (see `integers`).
//! * `dense`: never sparsely.
//! * `smallest`, `rice`: indexes by blocks of 4096, each in its smallest form (see `blocks`); values as in `packed`.
//! * `bf16`, `int8`: the same with values of 2 bytes or one, where they are not all small whole numbers (see `values`).
//!
//! All but the last two are lossless. Their values are cut before they are written ([`cut`]), and what is cut off stays with the sender: the
//! sender's and the receiver's sums are then of the same values. A simulated run counts [`Payload::encoded_len`] and never writes the bytes; a real one sends
//! [`Payload::encode`]. The two agree, which the tests hold on to.
//!
//! Layout: form (1 byte), floats in all (4), values sent (4), then the body.

mod bits;
mod blocks;
mod body;
mod integers;
mod reader;
mod sparse;
mod values;

use std::sync::Arc;

use bitpacking::{BitPacker, BitPacker4x};
use serde::{Deserialize, Serialize};

use self::blocks::Blocks;
use self::body::Entries;
pub use self::reader::DecodeError;
use self::reader::{BLOCK, Reader, block_bytes};
use self::sparse::SKIPPED;
pub use self::sparse::Sparse;
use self::values::Values;
use crate::sync::config::Encoding;

/// Bytes before the body.
pub const PREFIX_BYTES: u64 = 9;

/// Floats as a message carries them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Payload {
    /// Every float. Zeros may be left out on the wire.
    Dense(#[serde(with = "emulator::binary::shared")] Arc<[f32]>),
    /// A few floats of many.
    Sparse(#[serde(with = "emulator::binary::shared")] Arc<Sparse>),
}

/// The form in which a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    All,
    Sparse,
    WholeNumbers,
    Blocks(Values),
}

/// The kind of a payload (all floats or a few), and the form of its body, by the first byte.
const FORMS: [(Kind, Body); 14] = [
    (Kind::Dense, Body::All),
    (Kind::Dense, Body::Sparse),
    (Kind::Sparse, Body::Sparse),
    (Kind::Sparse, Body::All),
    (Kind::Dense, Body::WholeNumbers),
    (Kind::Sparse, Body::WholeNumbers),
    (Kind::Dense, Body::Blocks(Values::Floats)),
    (Kind::Sparse, Body::Blocks(Values::Floats)),
    (Kind::Dense, Body::Blocks(Values::WholeNumbers)),
    (Kind::Sparse, Body::Blocks(Values::WholeNumbers)),
    (Kind::Dense, Body::Blocks(Values::Bf16)),
    (Kind::Sparse, Body::Blocks(Values::Bf16)),
    (Kind::Dense, Body::Blocks(Values::Int8)),
    (Kind::Sparse, Body::Blocks(Values::Int8)),
];

/// The kind of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Dense,
    Sparse,
}

/// The kind and form that the first byte of a payload names.
fn form(byte: u8, encoding: Encoding) -> Result<(Kind, Body), DecodeError> {
    let (of_blocks, expected) = match encoding {
        Encoding::Plain | Encoding::Packed | Encoding::Dense => (false, "0 to 5"),
        Encoding::Smallest | Encoding::Rice | Encoding::Bf16 | Encoding::Int8 => (true, "0, 3 or 6 to 13"),
    };
    match FORMS.get(usize::from(byte)) {
        Some(&(kind, body)) if body == Body::All || matches!(body, Body::Blocks(_)) == of_blocks => Ok((kind, body)),
        _ => Err(DecodeError::Form { found: byte, expected }),
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
        PREFIX_BYTES + self.smallest_body(encoding).1
    }

    /// Appends the payload's bytes.
    pub fn encode(&self, encoding: Encoding, out: &mut Vec<u8>) {
        let (body, _) = self.smallest_body(encoding);
        let kind = if let Payload::Dense(_) = self { Kind::Dense } else { Kind::Sparse };
        let form = FORMS.iter().position(|&form| form == (kind, body)).expect("the table has all of them");
        out.push(form as u8);
        out.extend((self.floats() as u32).to_le_bytes());
        match (self, body) {
            (_, Body::Blocks(values)) => body::write(self.entries(), encoding, values, out),
            (Payload::Dense(values), Body::All) => write_all(values, out),
            (Payload::Sparse(sparse), Body::All) => write_all(&sparse.to_dense(), out),
            (Payload::Dense(values), _) => {
                let (index, value) = non_zero(values);
                write_sparse(&index, &value, body, encoding, out);
            }
            (Payload::Sparse(sparse), _) => write_sparse(&sparse.index, &sparse.value, body, encoding, out),
        }
    }

    /// Reads what [`Payload::encode`] wrote with the same `encoding`.
    ///
    /// A few bytes can promise 2^32 floats, since zeros and equal blocks take no room. So an array of more than
    /// `most_floats`, those of all parameters, is refused before any room is made for it.
    pub fn decode(bytes: &[u8], encoding: Encoding, most_floats: usize) -> Result<Payload, DecodeError> {
        let mut reader = Reader::of(bytes);
        let (kind, body) = form(reader.take(1)?[0], encoding)?;
        let len = reader.u32()?;
        if len as usize > most_floats {
            return Err(DecodeError::Room { len, most: most_floats });
        }
        let count = reader.u32()? as usize;
        if count > len as usize || (body == Body::All && count < len as usize) {
            return Err(DecodeError::Count { count, len });
        }
        let sparse = match (kind, body) {
            (Kind::Dense, Body::All) => return Ok(Payload::Dense(reader.floats(count)?.into())),
            (Kind::Sparse, Body::All) => {
                let (index, value) = non_zero(&reader.floats(count)?);
                Sparse { len, index, value }
            }
            (_, Body::Sparse) => {
                let index = read_indexes(&mut reader, count, len, encoding)?;
                Sparse { len, index, value: reader.floats(count)? }
            }
            (_, Body::WholeNumbers) => {
                let index = read_indexes(&mut reader, count, len, encoding)?;
                Sparse { len, index, value: integers::read(&mut reader, count)? }
            }
            (_, Body::Blocks(values)) => body::read(&mut reader, count, len, values)?,
        };
        Ok(match kind {
            Kind::Dense => Payload::Dense(sparse.to_dense().into()),
            Kind::Sparse => Payload::Sparse(Arc::new(sparse)),
        })
    }

    fn entries(&self) -> Entries<'_> {
        match self {
            Payload::Dense(values) => Entries::Dense(values),
            Payload::Sparse(sparse) => Entries::Sparse(sparse),
        }
    }

    /// The smallest way to write it, and the body's bytes; of equal ones the simplest.
    fn smallest_body(&self, encoding: Encoding) -> (Body, u64) {
        let all = 4 * self.floats() as u64;
        let (sparse, whole_numbers) = match encoding {
            // Whatever is 0: no need to count.
            Encoding::Dense => return (Body::All, all),
            Encoding::Plain => (12 * self.kept_in_plain() as u64, u64::MAX),
            Encoding::Packed => self.packed_lengths(),
            Encoding::Smallest | Encoding::Rice => {
                let (values, blocks) = body::smallest(self.entries(), encoding);
                return if all <= blocks { (Body::All, all) } else { (Body::Blocks(values), blocks) };
            }
            // All values as they are would not be what a receiver of the others has.
            Encoding::Bf16 | Encoding::Int8 => {
                let (values, blocks) = body::smallest(self.entries(), encoding);
                return (Body::Blocks(values), blocks);
            }
        };
        let smallest = [(Body::All, all), (Body::Sparse, sparse), (Body::WholeNumbers, whole_numbers)];
        smallest.into_iter().min_by_key(|&(_, bytes)| bytes).expect("three ways")
    }

    /// The number of values that are not 0; of an array, of which a third is enough.
    fn kept_in_plain(&self) -> usize {
        match self {
            // Pairs of index and value are longer from a third on: no need to count on.
            Payload::Dense(values) => count_non_zero(values, values.len().div_ceil(3)),
            Payload::Sparse(sparse) => sparse.index.len(),
        }
    }

    /// Bytes with packed indexes: of the form with floats, and of that with whole numbers.
    fn packed_lengths(&self) -> (u64, u64) {
        let mut lengths = Lengths::default();
        match self {
            // With few zeros and no whole numbers there is nothing to win, and no need to look further.
            Payload::Dense(values) if is_full_of_fractions(values, count_non_zero(values, values.len())) => {
                return (u64::MAX, u64::MAX);
            }
            Payload::Sparse(sparse) => {
                let entries = sparse.index.iter().zip(&sparse.value);
                entries.for_each(|(&index, &value)| lengths.push(index, value));
            }
            Payload::Dense(values) => each_non_zero(values, |index, value| lengths.push(index, value)),
        }
        lengths.packed()
    }
}

/// The number of values that are not zero, counted until there are `enough`.
fn count_non_zero(values: &[f32], enough: usize) -> usize {
    let mut count = 0;
    for values in values.chunks(4096) {
        count += values.iter().filter(|value| value.to_bits() != 0).count();
        if count >= enough {
            break;
        }
    }
    count
}

/// Whether enough values are not 0 (`kept` of them) that packed indexes, of at least a bit each, take more than the zeros,
/// and the first of these is no whole number.
fn is_full_of_fractions(values: &[f32], kept: usize) -> bool {
    let indexes = kept / BLOCK * (1 + block_bytes(1) as usize);
    let first = values.iter().find(|value| value.to_bits() != 0);
    4 * kept + indexes >= 4 * values.len() && first.is_some_and(|&value| integers::code(value).is_none())
}

/// The lengths of sparse bodies, counted without making them.
struct Lengths {
    count: u64,
    before: u32,
    /// The bits that occur in the block's differences of indexes, and in its codes of values.
    differences: u32,
    codes: u32,
    /// Bytes of whole blocks, and whether every value has a code.
    of_indexes: u64,
    of_codes: u64,
    all_coded: bool,
}

impl Default for Lengths {
    fn default() -> Self {
        Lengths { count: 0, before: 0, differences: 0, codes: 0, of_indexes: 0, of_codes: 0, all_coded: true }
    }
}

impl Lengths {
    #[inline(always)]
    fn push(&mut self, index: u32, value: f32) {
        self.differences |= index - self.before;
        self.before = index;
        let code = integers::code(value);
        self.all_coded &= code.is_some();
        self.codes |= code.unwrap_or(0);
        self.count += 1;
        if self.count.is_multiple_of(BLOCK as u64) {
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        let bytes = |bits: u32| 1 + block_bytes((u32::BITS - bits.leading_zeros()) as u8);
        self.of_indexes += bytes(self.differences);
        self.of_codes += bytes(self.codes);
        (self.differences, self.codes) = (0, 0);
    }

    /// Bytes with packed indexes: of the form with floats, and of that with whole numbers if all are.
    fn packed(mut self) -> (u64, u64) {
        if !self.count.is_multiple_of(BLOCK as u64) {
            self.end_block();
        }
        let whole_numbers = if self.all_coded { self.of_indexes + self.of_codes } else { u64::MAX };
        (self.of_indexes + 4 * self.count, whole_numbers)
    }
}

/// Bytes of `index` alone, as a selective barrier sends them.
pub fn indexes_len(index: &[u32], encoding: Encoding) -> u64 {
    match encoding {
        Encoding::Plain | Encoding::Dense => 8 * index.len() as u64,
        Encoding::Packed => packed_blocks(index).map(|(_, _, bits)| 1 + block_bytes(bits)).sum::<u64>(),
        Encoding::Smallest | Encoding::Rice | Encoding::Bf16 | Encoding::Int8 => {
            let (mut bytes, mut blocks) = (0, index_blocks(encoding));
            blocks::each_block(index, blocks::UNBOUNDED, |block, _| bytes += blocks.measure(block).bare);
            bytes
        }
    }
}

/// Blocks of indexes that have no values.
fn index_blocks(encoding: Encoding) -> Blocks {
    Blocks::new(body::choice(encoding, Values::WholeNumbers))
}

/// Cuts the values of a message down to those that it will carry in a lossy encoding, and takes out those that become 0. `left` has the
/// index and the rest of each that loses something; what stays and the rests are together what was there, to the bit. A lossless encoding
/// cuts nothing, nor does any of them cut small whole numbers where these are smaller as they are.
pub fn cut(sparse: &mut Sparse, encoding: Encoding, left: impl FnMut(u32, f32)) {
    if encoding.lossless() == encoding {
        return;
    }
    let (values, _) = body::smallest(Entries::Sparse(sparse), encoding);
    values.cut(&mut sparse.index, &mut sparse.value, left);
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

fn write_all(values: &[f32], out: &mut Vec<u8>) {
    out.extend((values.len() as u32).to_le_bytes());
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn write_sparse(index: &[u32], value: &[f32], body: Body, encoding: Encoding, out: &mut Vec<u8>) {
    out.extend((index.len() as u32).to_le_bytes());
    encode_indexes(index, encoding, out);
    match body {
        Body::WholeNumbers => integers::write(value, out),
        Body::All | Body::Sparse | Body::Blocks(_) => out.extend(value.iter().flat_map(|value| value.to_le_bytes())),
    }
}

/// Appends the bytes of `index` alone, [`indexes_len`] of them. How many indexes they are is for the reader to know.
pub fn encode_indexes(index: &[u32], encoding: Encoding, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Plain | Encoding::Dense => out.extend(index.iter().flat_map(|&index| u64::from(index).to_le_bytes())),
        Encoding::Packed => {
            let packer = BitPacker4x::new();
            for (block, initial, bits) in packed_blocks(index) {
                let start = out.len() + 1;
                out.push(bits);
                out.resize(start + block_bytes(bits) as usize, 0);
                packer.compress_sorted(initial, &block, &mut out[start..], bits);
            }
        }
        Encoding::Smallest | Encoding::Rice | Encoding::Bf16 | Encoding::Int8 => {
            let mut blocks = index_blocks(encoding);
            blocks::each_block(index, blocks::UNBOUNDED, |block, _| _ = blocks.write(block, out));
        }
    }
}

/// Reads the `count` indexes below `len` that [`encode_indexes`] wrote with the same `encoding`.
pub fn decode_indexes(bytes: &[u8], count: usize, len: u32, encoding: Encoding) -> Result<Vec<u32>, DecodeError> {
    read_indexes(&mut Reader::of(bytes), count, len, encoding)
}

/// Ascending indexes below `len`; of at most `len` of them, whatever `count` promises.
fn read_indexes(reader: &mut Reader, count: usize, len: u32, encoding: Encoding) -> Result<Vec<u32>, DecodeError> {
    match encoding {
        Encoding::Plain | Encoding::Dense => reader.plain_indexes(count, len),
        Encoding::Packed => reader.packed_indexes(count, len),
        Encoding::Smallest | Encoding::Rice | Encoding::Bf16 | Encoding::Int8 => {
            Ok(blocks::read(reader, count, blocks::UNBOUNDED, len)?.index)
        }
    }
}

fn non_zero(values: &[f32]) -> (Vec<u32>, Vec<f32>) {
    let (mut index, mut kept) = (Vec::new(), Vec::new());
    each_non_zero(values, |at, value| {
        index.push(at);
        kept.push(value);
    });
    (index, kept)
}

/// Calls `sink` with the place and value of what is not 0. Long runs of zeros take little time.
#[inline(always)]
fn each_non_zero(values: &[f32], mut sink: impl FnMut(u32, f32)) {
    for (chunk, first) in values.chunks(SKIPPED).zip((0u32..).step_by(SKIPPED)) {
        if chunk.iter().fold(0, |bits, value| bits | value.to_bits()) != 0 {
            let kept = (first..).zip(chunk).filter(|(_, value)| value.to_bits() != 0);
            kept.for_each(|(index, &value)| sink(index, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Values of a factorisation, or of counts.
    fn value() -> impl Strategy<Value = BoxedStrategy<f32>> {
        let whole = prop_oneof![8 => -3..=3i32, 1 => -(1 << 25)..(1 << 25)].prop_map(|whole| whole as f32);
        prop_oneof![Just((-1e3f32..1e3).boxed()), Just(whole.boxed())]
    }

    fn sparse(len: u32) -> impl Strategy<Value = Payload> {
        let entries = move |value| proptest::collection::btree_map(0..len, value, 0..400.min(len as usize));
        value().prop_flat_map(entries).prop_map(move |entries| {
            let kept = entries.into_iter().filter(|(_, value)| value.to_bits() != 0);
            let (index, value) = kept.unzip();
            Payload::Sparse(Arc::new(Sparse { len, index, value }))
        })
    }

    fn dense() -> impl Strategy<Value = Payload> {
        let values = |value| proptest::collection::vec(prop_oneof![3 => Just(0.0f32), 1 => value], 0..600);
        value().prop_flat_map(values).prop_map(|values| Payload::Dense(values.into()))
    }

    fn encoding() -> impl Strategy<Value = Encoding> {
        prop::sample::select(&Encoding::ALL)
    }

    /// The payload as a lossy encoding has it.
    fn as_sent(payload: &Payload, encoding: Encoding) -> Payload {
        let mut sparse = match payload {
            Payload::Dense(values) => {
                let (index, value) = non_zero(values);
                Sparse { len: values.len() as u32, index, value }
            }
            Payload::Sparse(sparse) => Sparse::clone(sparse),
        };
        cut(&mut sparse, encoding, |_, _| ());
        match payload {
            Payload::Dense(_) => Payload::Dense(sparse.to_dense().into()),
            Payload::Sparse(_) => Payload::Sparse(Arc::new(sparse)),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn what_is_counted_is_what_is_written(
            payload in prop_oneof![sparse(1000), sparse(1 << 30), dense()], encoding in encoding(),
        ) {
            // Writing 2^30 floats densely takes 4 GiB; among the others it is never the smaller form.
            prop_assume!(encoding != Encoding::Dense || payload.floats() < 1 << 20);
            let payload = as_sent(&payload, encoding);
            let mut bytes = Vec::new();
            payload.encode(encoding, &mut bytes);
            prop_assert_eq!(bytes.len() as u64, payload.encoded_len(encoding));
            prop_assert_eq!(Payload::decode(&bytes, encoding, payload.floats()).unwrap(), payload);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(
            form in 0u8..15, bytes in proptest::collection::vec(any::<u8>(), 0..200), encoding in encoding(),
        ) {
            if let Ok(payload) = Payload::decode(&[&[form], &bytes[..]].concat(), encoding, 5000) {
                prop_assert!(payload.floats() <= 5000);
            }
        }
    }

    #[test]
    fn no_room_is_made_by_a_number_in_the_input() {
        const DENSE_SPARSELY: u8 = 1;
        const SPARSELY: u8 = 2;
        const SPARSE_IN_WHOLE_NUMBERS: u8 = 5;
        let error = |bytes: &[u8]| Payload::decode(bytes, Encoding::Packed, 1000).unwrap_err().to_string();
        let promise = |form: u8, len: u32, count: u32, rest: &[u8]| {
            [&[form], &len.to_le_bytes()[..], &count.to_le_bytes()[..], rest].concat()
        };
        let nothing = promise(DENSE_SPARSELY, u32::MAX, 0, &[]);
        assert_eq!(error(&nothing), "an array of 4294967295 floats: expected at most 1000, all parameters of the run");
        // Blocks of no bits: 128 indexes per byte, all of them the same.
        let same = promise(SPARSE_IN_WHOLE_NUMBERS, 1000, 1000, &[0; 16]);
        assert_eq!(error(&same), "index 0 after 0: expected ascending ones");
        assert_eq!(error(&promise(SPARSELY, 1000, 1001, &[0; 16])), "1001 values for an array of 1000 floats");
        assert_eq!(error(&promise(0, 3, 2, &[0; 8])), "2 values for an array of 3 floats");
    }

    #[test]
    fn counts_cost_a_few_bits_each() {
        // Every hundredth count goes up or down by one: 7 bits of index and 1 of value, and 2 bytes per block.
        let index: Vec<u32> = (0..1280).map(|position| position * 100).collect();
        let value: Vec<f32> = (0..1280).map(|position| if position % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let ones = Payload::Sparse(Arc::new(Sparse { len: 128_000, index: index.clone(), value }));
        assert_eq!(ones.encoded_len(Encoding::Packed), PREFIX_BYTES + 10 * (1 + 7 * 16 + 1 + 16));
        // One value that is no whole number, and all take four bytes.
        let mut value = vec![1.0; 1280];
        value[77] = 0.5;
        let mixed = Payload::Sparse(Arc::new(Sparse { len: 128_000, index, value }));
        assert_eq!(mixed.encoded_len(Encoding::Packed), PREFIX_BYTES + 10 * (1 + 7 * 16 + 128 * 4));
    }

    #[test]
    fn negative_zero_comes_back() {
        let payload = Payload::Dense(vec![0.0, -0.0, 0.0, 1.0, 0.0, 0.0].into());
        for encoding in Encoding::ALL.into_iter().filter(|encoding| encoding.lossless() == *encoding) {
            let mut bytes = Vec::new();
            payload.encode(encoding, &mut bytes);
            let Ok(Payload::Dense(values)) = Payload::decode(&bytes, encoding, 6) else { panic!("dense") };
            assert_eq!(values[1].to_bits(), (-0.0f32).to_bits());
        }
    }

    #[test]
    fn plain_costs_twelve_bytes_an_update_and_packed_less() {
        let index: Vec<u32> = (0..1280).map(|position| position * 100).collect();
        let payload = Payload::Sparse(Arc::new(Sparse { len: 128_000, value: vec![1.5; 1280], index }));
        assert_eq!(payload.encoded_len(Encoding::Plain), PREFIX_BYTES + 12 * 1280);
        assert_eq!(payload.encoded_len(Encoding::Dense), PREFIX_BYTES + 4 * 128_000);
        assert_eq!(payload.encoded_len(Encoding::Packed), PREFIX_BYTES + 10 * (128 * 4 + 1 + 7 * 16));
        let all = Payload::Dense(vec![1.0; 100].into());
        assert_eq!(all.encoded_len(Encoding::Plain), PREFIX_BYTES + 400);
    }
}
