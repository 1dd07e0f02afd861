//! `fit`: constants of the model to be inferred from measured numbers. The form of the section; what it means is checked by
//! [`crate::plan`], and the estimation is the crate harness-fit's.

use std::fmt;

use emulator::time::Duration;
use emulator::units::{Bandwidth, ByteSize};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::expression::{Operator, Term};

/// The unknowns of a fit, the fields of the spec that depend on them, and the measured numbers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fit {
    /// The error of the model, added in quadrature to every measurement's own.
    #[serde(default)]
    pub model_error: ErrorSize,
    /// How the model is evaluated.
    #[serde(default)]
    pub evaluate: Evaluate,
    /// The constants to infer.
    pub unknowns: Vec<Unknown>,
    /// The fields that are set before each run.
    pub fields: Vec<FittedField>,
    /// The numbers to match.
    pub measurements: Vec<Measurement>,
}

/// How the model is evaluated at given values of the unknowns.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Evaluate {
    /// Every evaluation simulates the cells.
    Runs(Runs),
    /// Cells are simulated on a grid of values, and interpolated.
    Surface(Surface),
}

/// The settings of [`Evaluate::Runs`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Runs {}

/// The settings of [`Evaluate::Surface`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Surface {
    /// Values per field, in geometric progression.
    pub points: usize,
}

/// A constant to infer: a positive number within bounds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Unknown {
    /// Its name in expressions.
    pub name: String,
    /// The lower bound, more than 0.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
    /// The value from which the search starts. `None` means the geometric mean of the bounds.
    #[serde(default)]
    pub start: Option<f64>,
    /// The unit. One that fields of specs take (`Gbit/s`, `MB`, `ms`) is written with the value; any other is only shown.
    #[serde(default)]
    pub unit: String,
}

/// A field of the spec that depends on unknowns.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FittedField {
    /// The path of the field, as `--set` has it.
    pub set: String,
    /// Its value.
    pub to: Expression,
    /// Whether times depend on the inverse of the field or on the field: the variable in which a surface is linear.
    #[serde(default, rename = "as")]
    pub kind: FieldKind,
}

/// The kind of quantity of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// A rate: times are linear in its inverse.
    #[default]
    Rate,
    /// A time, or a factor of a time: times are linear in it.
    Time,
}

/// A measured number.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Measurement {
    /// Its name; unique in the fit.
    pub name: String,
    /// The measured value, more than 0.
    pub value: f64,
    /// Its standard error.
    #[serde(default)]
    pub error: ErrorSize,
    /// The number of the model that it is.
    pub of: Reading,
    /// The number that [`Measurement::of`] is divided by. `None` means that it is no ratio.
    #[serde(default)]
    pub over: Option<Reading>,
    /// Measurements of one group are left out together.
    #[serde(default)]
    pub group: Option<String>,
    /// The names of the claims that it is.
    #[serde(default)]
    pub claims: Vec<String>,
    /// The bounds within which the model's value must be.
    #[serde(default)]
    pub within: Option<[f64; 2]>,
    /// Whether the fit uses it. A number that it does not use is predicted.
    #[serde(default = "is_used", rename = "use")]
    pub used: bool,
}

fn is_used() -> bool {
    true
}

/// A number of a cell's results.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Reading {
    /// The name of the panel; empty in a spec without panels.
    #[serde(default)]
    pub panel: String,
    /// The name of the cell.
    pub cell: String,
    /// The name of the column.
    pub column: String,
}

/// A standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ErrorSize {
    /// A share of the value: `2 %` is 0.02.
    Share(f64),
    /// In the unit of the value.
    Absolute(f64),
}

/// A product of a number and of powers of unknowns: `mf / slowdown`, `2 * lan`.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// As written.
    pub text: String,
    /// The product of the numbers in the expression.
    pub factor: f64,
    /// Names and exponents, sorted by name; no exponent is 0.
    pub powers: Vec<(String, i32)>,
}

/// The most factors of an expression.
const MAX_FACTORS: usize = 32;

impl Default for Evaluate {
    fn default() -> Self {
        Evaluate::Runs(Runs {})
    }
}

impl Default for Surface {
    fn default() -> Self {
        Surface { points: 5 }
    }
}

impl Default for ErrorSize {
    fn default() -> Self {
        ErrorSize::Share(0.0)
    }
}

impl ErrorSize {
    /// The error as a share of `value`.
    pub fn relative(self, value: f64) -> f64 {
        match self {
            ErrorSize::Share(share) => share,
            ErrorSize::Absolute(error) => error / value,
        }
    }
}

impl Unknown {
    /// The value from which the search starts.
    pub fn start(&self) -> f64 {
        self.start.unwrap_or_else(|| (self.low * self.high).sqrt())
    }
}

impl Expression {
    /// Its value for the values of the unknowns by name.
    ///
    /// # Panics
    /// If it names an unknown that `value` does not know: a plan's check refuses those.
    pub fn value(&self, value: impl Fn(&str) -> f64) -> f64 {
        self.powers.iter().fold(self.factor, |product, (name, power)| product * value(name).powi(*power))
    }
}

/// The smallest unit of the quantity that `unit` is of, and the number of those in one. `None` means that fields of specs take no such unit.
pub fn known_unit(unit: &str) -> Option<(&'static str, f64)> {
    let one = format!("1 {unit}");
    if let Ok(rate) = one.parse::<Bandwidth>() {
        return Some(("bit/s", rate.as_bits_per_second() as f64));
    }
    if let Ok(size) = one.parse::<ByteSize>() {
        return Some(("B", size.as_bytes() as f64));
    }
    one.parse::<Duration>().ok().map(|span| ("ns", span.as_nanos() as f64))
}

impl std::str::FromStr for Expression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let expected = || {
            format!(
                "found `{text}`, expected unknowns and numbers with `*` and `/` between them, such as `mf / slowdown`"
            )
        };
        let mut expression = Expression { text: text.to_owned(), factor: 1.0, powers: Vec::new() };
        let factors = expression.multiply(&Term::parse(text).map_err(|_| expected())?, 1).ok_or_else(expected)?;
        if factors > MAX_FACTORS {
            return Err(format!("found more than {MAX_FACTORS} factors"));
        }
        expression.powers.retain(|(_, power)| *power != 0);
        expression.powers.sort();
        Ok(expression)
    }
}

impl Expression {
    /// Multiplies by a term to the power `sign`, 1 or -1, and returns the number of its factors. `None` means that it is no product.
    fn multiply(&mut self, term: &Term, sign: i32) -> Option<usize> {
        match term {
            Term::Number(number) if *number > 0.0 => self.factor *= number.powi(sign),
            Term::Path(words) => match &words[..] {
                [name] if is_name(name) => match self.powers.iter_mut().find(|(known, _)| known == name) {
                    Some((_, power)) => *power += sign,
                    None => self.powers.push((name.clone(), sign)),
                },
                _ => return None,
            },
            Term::Of(left, Operator::Times, right) => {
                return Some(self.multiply(left, sign)? + self.multiply(right, sign)?);
            }
            Term::Of(left, Operator::Over, right) => {
                return Some(self.multiply(left, sign)? + self.multiply(right, -sign)?);
            }
            Term::Number(_) | Term::Negative(_) | Term::Of(_, Operator::Plus | Operator::Minus, _) => return None,
        }
        Some(1)
    }
}

/// Whether a text can name an unknown: letters, digits, `-` and `_`, a letter first.
pub fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;
        impl Visitor<'_> for TextOrNumber {
            type Value = Expression;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("unknowns and numbers with `*` and `/` between them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Expression, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Expression, E> {
                number.to_string().parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Expression, E> {
                number.to_string().parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(TextOrNumber)
    }
}

impl<'de> Deserialize<'de> for ErrorSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PercentOrNumber;
        impl Visitor<'_> for PercentOrNumber {
            type Value = ErrorSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a percentage such as `2 %`, or a number in the unit of the value")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ErrorSize, E> {
                let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
                let share = percent.map(|percent| ErrorSize::Share(percent / 100.0));
                share.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<ErrorSize, E> {
                Ok(ErrorSize::Absolute(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<ErrorSize, E> {
                Ok(ErrorSize::Absolute(number as f64))
            }
        }
        deserializer.deserialize_any(PercentOrNumber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_products_and_quotients() {
        let parsed: Expression = "2 * mf / slowdown/4".parse().unwrap();
        assert_eq!((parsed.factor, &*parsed.powers), (0.5, &[("mf".into(), 1), ("slowdown".into(), -1)][..]));
        assert_eq!(parsed.value(|name| if name == "mf" { 12.0 } else { 3.0 }), 2.0);
        assert_eq!("a / a".parse::<Expression>().unwrap().powers, []);
        let over = "mf / (2 * slowdown)".parse::<Expression>().unwrap();
        assert_eq!((over.factor, over.powers), (0.5, vec![("mf".into(), 1), ("slowdown".into(), -1)]));
        let many = vec!["a"; 33].join(" * ").parse::<Expression>().unwrap_err();
        assert!(many.contains("more than 32 factors"), "{many}");
        for wrong in ["", "a +b", "a * ", "-1", "a b", "0", "2a", "a.b", "a - b", "a < b"] {
            let error = wrong.parse::<Expression>().unwrap_err();
            assert!(error.contains("expected unknowns and numbers"), "{wrong}: {error}");
        }
    }

    #[test]
    fn units_of_fields_are_known_by_their_smallest() {
        assert_eq!(known_unit("Gbit/s"), Some(("bit/s", 1e9)));
        assert_eq!(known_unit("KiB"), Some(("B", 1024.0)));
        assert_eq!(known_unit("ms"), Some(("ns", 1e6)));
        assert_eq!(known_unit("updates/s"), None);
        assert_eq!(known_unit(""), None);
    }

    #[test]
    fn errors_are_percentages_or_numbers() {
        let read = |text: &str| serde_yaml::from_str::<ErrorSize>(text).unwrap();
        assert_eq!(read("2 %"), ErrorSize::Share(0.02));
        assert_eq!(read("0.5"), ErrorSize::Absolute(0.5));
        assert_eq!(read("0.5").relative(5.0), 0.1);
        assert!(serde_yaml::from_str::<ErrorSize>("two").is_err());
    }
}
