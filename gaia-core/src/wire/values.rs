//! The values of a body in blocks: as they are, as whole numbers, or with fewer bits.
//!
//! * floats: 4 bytes each.
//! * whole numbers: see `integers`.
//! * bf16: the upper 2 bytes of the float, its sign, exponent and 7 of 23 bits behind the point (bfloat16).
//! * int8: blocks of 256 values. A byte has the exponent e of the block's largest finite value, as floats have it; a byte per
//!   value its whole multiple of 2^(e - 133), from -127 to 127. -128 stands for a value that is not finite, 4 bytes behind the block.
//!
//! The last two are lossy. They cut bits off instead of rounding to the nearest: what is sent is never more than what was to be sent, what
//! is left is exact, and values that have been cut are written and read without further loss. Not-a-numbers stay what they are.

use super::integers;
use super::reader::{BLOCK, DecodeError, Reader};
use crate::sync::config::Encoding;

/// Values of a block that share an exponent.
const SHARED: usize = 256;
/// The code of a value that is not finite.
const NOT_FINITE: i8 = i8::MIN;

/// The form of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    Floats,
    WholeNumbers,
    Bf16,
    Int8,
}

impl Values {
    /// The form of fractions in an encoding by blocks.
    pub(super) fn of(encoding: Encoding) -> Values {
        match encoding {
            Encoding::Bf16 => Values::Bf16,
            Encoding::Int8 => Values::Int8,
            Encoding::Plain | Encoding::Packed | Encoding::Dense | Encoding::Smallest | Encoding::Rice => {
                Values::Floats
            }
        }
    }

    /// Bytes of a 0 among the values; `None` where none may be added.
    pub(super) fn zero(self) -> Option<u64> {
        match self {
            Values::Floats => Some(4),
            Values::Bf16 => Some(2),
            // A whole number is never 0, and a 0 more would move others out of the block that they were cut in.
            Values::WholeNumbers | Values::Int8 => None,
        }
    }

    /// Bytes of `count` values that are not whole numbers, `not_finite` of them without a code in int8.
    pub(super) fn bytes(self, count: u64, not_finite: u64) -> u64 {
        match self {
            Values::Floats => 4 * count,
            Values::Bf16 => 2 * count,
            Values::Int8 => count.div_ceil(SHARED as u64) + count + 4 * not_finite,
            Values::WholeNumbers => unreachable!("their bytes depend on them"),
        }
    }

    /// Appends `values`.
    pub(super) fn write(self, values: &[f32], out: &mut Vec<u8>) {
        match self {
            Values::Floats => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Values::WholeNumbers => integers::write(values, out),
            Values::Bf16 => out.extend(values.iter().flat_map(|&value| upper_half(value).to_le_bytes())),
            Values::Int8 => values.chunks(SHARED).for_each(|block| write_int8(block, out)),
        }
    }

    /// Reads `count` values.
    pub(super) fn read(self, reader: &mut Reader, count: usize) -> Result<Vec<f32>, DecodeError> {
        match self {
            Values::Floats => reader.floats(count),
            Values::WholeNumbers => integers::read(reader, count),
            Values::Bf16 => {
                let (halves, _) = reader.take(count.saturating_mul(2))?.as_chunks::<2>();
                Ok(halves.iter().map(|&half| f32::from_bits(u32::from(u16::from_le_bytes(half)) << 16)).collect())
            }
            Values::Int8 => read_int8(reader, count),
        }
    }

    /// An error if `reader` has not the bytes that so many values take at least: no room is made for them then.
    pub(super) fn check_room(self, reader: &Reader, count: usize) -> Result<(), DecodeError> {
        let least = match self {
            Values::Floats => count.saturating_mul(4),
            Values::Bf16 => count.saturating_mul(2),
            Values::Int8 => count,
            Values::WholeNumbers => count.div_ceil(BLOCK),
        };
        if reader.rest().len() < least {
            Err(DecodeError::Short { found: reader.rest().len(), expected: least })
        } else {
            Ok(())
        }
    }

    /// Takes bits off `values` of ascending places `index`, and those out that become 0; `left` has the place and the rest of each that
    /// loses something. Sums of what stays and the rests are exact.
    pub(super) fn cut(self, index: &mut Vec<u32>, values: &mut Vec<f32>, mut left: impl FnMut(u32, f32)) {
        let mut kept = 0;
        let mut cut = |at: usize, sent: f32, index: &mut [u32], values: &mut [f32]| {
            let (place, value) = (index[at], values[at]);
            // Of what is not finite all goes.
            if value.is_finite() && value != sent {
                left(place, value - sent);
            }
            (index[kept], values[kept]) = (place, sent);
            kept += usize::from(sent != 0.0);
        };
        match self {
            Values::Floats | Values::WholeNumbers => return,
            Values::Bf16 => {
                for at in 0..values.len() {
                    let sent = f32::from_bits(u32::from(upper_half(values[at])) << 16);
                    cut(at, sent, index, values);
                }
            }
            Values::Int8 => {
                let mut at = 0;
                while at < values.len() {
                    let (count, exponent) = shared_block(&values[at..]);
                    for at in at..at + count {
                        let code = Scale(exponent).code(values[at]);
                        let sent = if code == NOT_FINITE { values[at] } else { Scale(exponent).value(code) };
                        cut(at, sent, index, values);
                    }
                    at += count;
                }
            }
        }
        index.truncate(kept);
        values.truncate(kept);
    }
}

/// The upper 2 bytes of a float: towards 0, of a not-a-number another one.
fn upper_half(value: f32) -> u16 {
    let upper = (value.to_bits() >> 16) as u16;
    if value.is_nan() { upper | 0x40 } else { upper }
}

/// The exponent that the values of a block share, biased as in a float: 1 to 254.
#[derive(Clone, Copy)]
struct Scale(u8);

impl Scale {
    /// That of these values.
    fn of(values: &[f32]) -> Self {
        let exponents = values.iter().filter(|value| value.is_finite()).map(|&value| exponent(value));
        Scale(exponents.max().unwrap_or(1))
    }

    /// 2 to so many powers above the least bit.
    fn power(powers: i32) -> f64 {
        f64::from_bits(((1023 + powers) as u64) << 52)
    }

    #[inline]
    fn code(self, value: f32) -> i8 {
        let multiple = f64::from(value) * Self::power(133 - i32::from(self.0));
        // The conversion cuts, and is 0 for a not-a-number.
        if value.is_finite() { multiple as i8 } else { NOT_FINITE }
    }

    #[inline]
    fn value(self, code: i8) -> f32 {
        (f64::from(code) * Self::power(i32::from(self.0) - 133)) as f32
    }
}

/// The biased exponent of a finite value; that of the least normal number for those below.
fn exponent(value: f32) -> u8 {
    ((value.to_bits() >> 23) as u8).max(1)
}

/// The first values of which, cut at the exponent that they share, 256 are not 0, or all; and that exponent.
fn shared_block(values: &[f32]) -> (usize, u8) {
    let stays = |value: f32, scale| Scale(scale).code(value) != 0;
    let (mut scale, mut kept) = (1, 0);
    for (at, &value) in values.iter().enumerate() {
        if value.is_finite() && exponent(value) > scale {
            scale = exponent(value);
            kept = values[..at].iter().filter(|&&value| stays(value, scale)).count();
        }
        kept += usize::from(stays(value, scale));
        if kept == SHARED {
            return (at + 1, scale);
        }
    }
    (values.len(), scale)
}

fn write_int8(block: &[f32], out: &mut Vec<u8>) {
    let scale = Scale::of(block);
    out.push(scale.0);
    out.extend(block.iter().map(|&value| scale.code(value).cast_unsigned()));
    let not_finite = block.iter().filter(|value| !value.is_finite());
    out.extend(not_finite.flat_map(|value| value.to_le_bytes()));
}

fn read_int8(reader: &mut Reader, count: usize) -> Result<Vec<f32>, DecodeError> {
    let mut values = Vec::new();
    while values.len() < count {
        let scale = reader.take(1)?[0];
        if !(1..=254).contains(&scale) {
            return Err(DecodeError::Scale(scale));
        }
        let start = values.len();
        let codes = reader.take((count - start).min(SHARED))?;
        values.extend(codes.iter().map(|&code| Scale(scale).value(code.cast_signed())));
        for (value, _) in values[start..].iter_mut().zip(codes).filter(|(_, code)| code.cast_signed() == NOT_FINITE) {
            *value = f32::from_le_bytes(reader.take(4)?.try_into().expect("four bytes"));
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = f32> {
        prop_oneof![
            8 => -1f32..1.0,
            4 => -1e-3f32..1e-3,
            1 => any::<u32>().prop_map(f32::from_bits),
            1 => (0u32..1 << 24).prop_map(f32::from_bits),
        ]
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn what_stays_and_the_rest_are_all_and_what_stays_is_read_as_it_is(
            original in prop::collection::vec(value(), 0..1200), form in prop::sample::select(vec![Values::Bf16, Values::Int8]),
        ) {
            let (mut index, mut sent) = ((0..original.len() as u32).collect::<Vec<_>>(), original.clone());
            let mut rest = vec![0.0; original.len()];
            form.cut(&mut index, &mut sent, |place, left| rest[place as usize] = left);
            prop_assert!(sent.iter().all(|&sent| sent != 0.0));
            let mut all = rest.clone();
            for (&place, &sent) in index.iter().zip(&sent) {
                let (original, rest) = (original[place as usize], &mut all[place as usize]);
                prop_assert_eq!(sent.is_nan(), original.is_nan());
                prop_assert!(sent.is_nan() || sent.abs() <= original.abs() && sent.is_sign_negative() == original.is_sign_negative());
                *rest += sent;
            }
            for (&all, &original) in all.iter().zip(&original) {
                prop_assert!(all == original || all.is_nan() && original.is_nan(), "{} of {}", all, original);
            }
            let mut bytes = Vec::new();
            form.write(&sent, &mut bytes);
            let not_finite = sent.iter().filter(|sent| !sent.is_finite()).count() as u64;
            prop_assert_eq!(bytes.len() as u64, form.bytes(sent.len() as u64, not_finite));
            prop_assert!(form.check_room(&Reader::of(&bytes), sent.len()).is_ok());
            prop_assert_eq!(bits(&form.read(&mut Reader::of(&bytes), sent.len()).unwrap()), bits(&sent));
            // Once cut, nothing is lost any more.
            let before = (index.clone(), bits(&sent));
            form.cut(&mut index, &mut sent, |place, left| panic!("{left} of {place}"));
            prop_assert_eq!((index, bits(&sent)), before);
        }
    }

    #[test]
    fn bits_are_cut_towards_zero() {
        let cut = |form: Values, values: &[f32]| {
            let (mut index, mut sent) = ((0..values.len() as u32).collect::<Vec<_>>(), values.to_vec());
            let mut left = Vec::new();
            form.cut(&mut index, &mut sent, |place, rest| left.push((place, rest)));
            (index, sent, left)
        };
        let (index, sent, left) = cut(Values::Bf16, &[259.0, -259.0, 0.5, 1e-40]);
        assert_eq!(
            (index, sent),
            (vec![0, 1, 2, 3], vec![258.0, -258.0, 0.5, f32::from_bits(1e-40f32.to_bits() & 0xffff_0000)])
        );
        assert_eq!(left[..2], [(0, 1.0), (1, -1.0)]);
        // The largest is 100, in [64, 128): whole numbers are left, and what is below 1 stays.
        let (index, sent, left) = cut(Values::Int8, &[100.5, -3.75, 0.75, f32::INFINITY, 1.0]);
        assert_eq!((index, sent), (vec![0, 1, 3, 4], vec![100.0, -3.0, f32::INFINITY, 1.0]));
        assert_eq!(left, [(0, 0.5), (1, -0.75), (2, 0.75)]);
    }

    #[test]
    fn exponents_of_no_finite_value_are_refused() {
        for scale in [0, 255] {
            let error = Values::Int8.read(&mut Reader::of(&[scale, 1]), 1).unwrap_err();
            assert_eq!(error.to_string(), format!("a shared exponent of {scale}: expected 1 to 254"));
        }
        let error = Values::Int8.read(&mut Reader::of(&[100, 0x80, 0, 0]), 1).unwrap_err();
        assert_eq!(error.to_string(), "payload of 4 bytes ends early: 6 expected");
    }
}
