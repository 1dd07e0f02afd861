//! Numbers with units as text: exact decimals in, exact decimals out.
//!
//! A quantity is a whole number of its smallest unit in a `u64`; text is a decimal number and a unit. Nothing here goes
//! through floating point, so `16.76 Mbit/s` is 16,760,000 bit/s on every machine.

use std::fmt;
use std::marker::PhantomData;

use serde::de;
use thiserror::Error;

/// More fraction digits than this cannot be written exactly, and cannot matter.
const MAX_FRACTION_DIGITS: usize = 18;
/// `u64::MAX` has 20 digits.
const MAX_WHOLE_DIGITS: usize = 20;

/// A unit of a quantity: its symbol, and its size in smallest units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) symbol: &'static str,
    pub(crate) factor: u64,
}

/// A type whose values are written as a number and a unit.
pub(crate) trait Quantity: Copy {
    /// The quantity's name in messages.
    const NAME: &'static str;
    /// An example for messages.
    const EXAMPLE: &'static str;
    /// From the smallest (factor 1) to the largest.
    const UNITS: &'static [Unit];

    /// The value of `count` smallest units; an error when the type has no such value.
    fn from_count(count: u64) -> Result<Self, QuantityProblem>;
    /// The number of smallest units.
    fn count(self) -> u64;
}

/// Text that is not the quantity it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{quantity} `{text}`: {problem}")]
pub struct ParseQuantityError {
    /// The quantity that was expected: `bandwidth`, `byte size`, `duration`.
    pub quantity: &'static str,
    /// The text that was found.
    pub text: String,
    /// The reason why it was refused.
    pub problem: QuantityProblem,
}

/// The reason why the text of a quantity was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum QuantityProblem {
    /// Not a number followed by a known unit.
    #[error("expected a number and one of {units}")]
    Form {
        /// The units there are.
        units: String,
    },
    /// Not a number, where the unit is stated elsewhere.
    #[error("expected a plain decimal number")]
    Number,
    #[error("must not be negative")]
    Negative,
    /// Zero, where that makes no sense.
    #[error("must be more than zero")]
    Zero,
    /// Not a whole number of the smallest unit.
    #[error("not a whole number of {smallest}")]
    TooFine { smallest: &'static str },
    #[error("too large, the most is {most}")]
    TooLarge {
        /// The largest value, in the smallest unit.
        most: String,
    },
}

/// A number and a unit, exactly: what is not a whole number of the smallest unit is refused.
pub(crate) fn parse<Q: Quantity>(text: &str) -> Result<Q, ParseQuantityError> {
    let fail = |problem| ParseQuantityError { quantity: Q::NAME, text: text.to_owned(), problem };
    let form = || QuantityProblem::Form { units: symbols::<Q>() };
    let trimmed = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    let number_len = trimmed.find(|c| !is_number(c)).unwrap_or(trimmed.len());
    let (number, symbol) = trimmed.split_at(number_len);
    let unit = unit::<Q>(symbol.trim()).ok_or_else(|| fail(form()))?;
    let count = Fraction::read::<Q>(number, unit).and_then(Fraction::exact::<Q>);
    count.and_then(Q::from_count).map_err(|problem| match problem {
        QuantityProblem::Number => fail(form()),
        other => fail(other),
    })
}

/// A number of `unit`s, to the nearest smallest unit: for tables of measurements, whose last digits mean nothing.
#[cfg(feature = "read")]
pub(crate) fn parse_number<Q: Quantity>(number: &str, unit: Unit) -> Result<Q, ParseQuantityError> {
    let count = Fraction::read::<Q>(number.trim(), unit).and_then(Fraction::nearest::<Q>);
    count.and_then(Q::from_count).map_err(|problem| ParseQuantityError {
        quantity: Q::NAME,
        text: number.to_owned(),
        problem,
    })
}

/// The unit with this symbol.
pub(crate) fn unit<Q: Quantity>(symbol: &str) -> Option<Unit> {
    Q::UNITS.iter().copied().find(|unit| unit.symbol == symbol)
}

/// The symbols of all units, for messages.
pub(crate) fn symbols<Q: Quantity>() -> String {
    Q::UNITS.iter().map(|unit| unit.symbol).collect::<Vec<_>>().join(", ")
}

/// `count` in `unit`, whose factor is a power of ten (or divides `count`), with as many decimals as it takes.
pub(crate) fn format_in(count: u64, unit: Unit) -> String {
    let (whole, mut rest) = (count / unit.factor, count % unit.factor);
    let mut text = whole.to_string();
    if rest > 0 {
        text.push('.');
    }
    while rest > 0 {
        let tenfold = u128::from(rest) * 10;
        let digit = tenfold / u128::from(unit.factor);
        text.push(char::from(b'0' + u8::try_from(digit).expect("a remainder is below its divisor")));
        rest = u64::try_from(tenfold % u128::from(unit.factor)).expect("a remainder is below its divisor");
    }
    text.push(' ');
    text.push_str(unit.symbol);
    text
}

/// A number of smallest units that need not be whole.
struct Fraction {
    numerator: u128,
    /// A power of ten.
    denominator: u128,
    /// Digits beyond [`MAX_FRACTION_DIGITS`] were dropped.
    is_cut: bool,
}

impl Fraction {
    /// `number` `unit`s, where `number` is digits with at most one point among them.
    fn read<Q: Quantity>(number: &str, unit: Unit) -> Result<Fraction, QuantityProblem> {
        let digits = number.strip_prefix('+').unwrap_or(number);
        let (digits, is_negative) = digits.strip_prefix('-').map_or((digits, false), |digits| (digits, true));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return Err(QuantityProblem::Number);
        }
        if is_negative {
            return Err(QuantityProblem::Negative);
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > MAX_WHOLE_DIGITS {
            return Err(too_large::<Q>());
        }
        let fraction = fraction.trim_end_matches('0');
        let kept = &fraction[..fraction.len().min(MAX_FRACTION_DIGITS)];
        let mantissa =
            whole.bytes().chain(kept.bytes()).fold(0_u128, |value, digit| value * 10 + u128::from(digit - b'0'));
        Ok(Fraction {
            numerator: mantissa.checked_mul(u128::from(unit.factor)).ok_or_else(too_large::<Q>)?,
            denominator: kept.bytes().fold(1, |power, _| power * 10),
            is_cut: kept.len() < fraction.len(),
        })
    }

    /// The whole number that this is.
    fn exact<Q: Quantity>(self) -> Result<u64, QuantityProblem> {
        if self.is_cut || !self.numerator.is_multiple_of(self.denominator) {
            return Err(QuantityProblem::TooFine { smallest: Q::UNITS[0].symbol });
        }
        u64::try_from(self.numerator / self.denominator).map_err(|_| too_large::<Q>())
    }

    /// The nearest whole number, the larger of two.
    #[cfg(feature = "read")]
    fn nearest<Q: Quantity>(self) -> Result<u64, QuantityProblem> {
        let nearest = self.numerator.saturating_add(self.denominator / 2) / self.denominator;
        u64::try_from(nearest).map_err(|_| too_large::<Q>())
    }
}

fn too_large<Q: Quantity>() -> QuantityProblem {
    QuantityProblem::TooLarge { most: format!("{} {}", u64::MAX, Q::UNITS[0].symbol) }
}

/// Accepts text, or the bare count from binary formats.
pub(crate) struct QuantityVisitor<Q>(pub(crate) PhantomData<Q>);

impl<Q: Quantity> de::Visitor<'_> for QuantityVisitor<Q> {
    type Value = Q;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} such as `{}`", Q::NAME, Q::EXAMPLE)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Q, E> {
        parse(text).map_err(E::custom)
    }
}

/// Text in both directions for a [`Quantity`]: `FromStr`, serde as text in formats for people and as `u64` in binary ones.
macro_rules! text_form {
    ($quantity:ty) => {
        impl std::str::FromStr for $quantity {
            type Err = $crate::quantity::ParseQuantityError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::quantity::parse(text)
            }
        }

        impl serde::Serialize for $quantity {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_u64($crate::quantity::Quantity::count(*self))
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $quantity {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let visitor = $crate::quantity::QuantityVisitor::<$quantity>(std::marker::PhantomData);
                    return deserializer.deserialize_str(visitor);
                }
                let count = <u64 as serde::Deserialize>::deserialize(deserializer)?;
                $crate::quantity::Quantity::from_count(count).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_form;
