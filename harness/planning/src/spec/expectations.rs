//! `assert` and `expected`: what a spec expects of its results. The form of the sections; names in them are checked by [`crate::plan`].

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use crate::expression::Comparison;

/// An assertion on numbers of the figure's table: a comparison alone, or a mapping that names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    /// Its name. `None` means its number in the list, from 1.
    pub name: Option<String>,
    /// The comparison, of numbers of cells: `Gaia.seconds_to_target < 0.4 * Baseline.seconds_to_target`.
    pub that: Comparison,
    /// The same in words, for tables and pages.
    pub says: Option<String>,
}

/// A claim or an assertion that is known to fail: no failure under `--strict`, as long as it does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Expected {
    /// The name of the claim: `fig13.baseline-over-lan`.
    pub claim: String,
    /// The reason for which it fails.
    pub because: String,
}

/// The mapping form of an assertion.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    name: Option<String>,
    that: String,
    #[serde(default)]
    says: Option<String>,
}

impl<'de> Deserialize<'de> for Assertion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrFields;
        impl<'de> Visitor<'de> for TextOrFields {
            type Value = Assertion;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a comparison such as `Gaia.clocks < Baseline.clocks`, or a mapping of `name`, `that`, `says`",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Assertion, E> {
                Ok(Assertion { name: None, that: Comparison::parse(text).map_err(E::custom)?, says: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Assertion, A::Error> {
                let Fields { name, that, says } = Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Assertion { name, that: Comparison::parse(&that).map_err(de::Error::custom)?, says })
            }
        }
        deserializer.deserialize_any(TextOrFields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assertions_are_texts_or_mappings() {
        let read = |text: &str| serde_yaml::from_str::<Assertion>(text);
        let text = read("Gaia.clocks < 100").unwrap();
        assert_eq!((text.name, text.that.text.as_str(), text.says), (None, "Gaia.clocks < 100", None));
        let named = read("{name: few, that: '\"Baseline, packed\".clocks < 100', says: few clocks}").unwrap();
        assert_eq!((named.name.as_deref(), named.says.as_deref()), (Some("few"), Some("few clocks")));
        let error = read("Gaia.clocks").unwrap_err().to_string();
        assert!(error.contains("expected a comparison, `<`"), "{error}");
        assert!(read("{name: few}").unwrap_err().to_string().contains("missing field `that`"));
        assert!(read("1").unwrap_err().to_string().contains("or a mapping of `name`, `that`, `says`"));
    }
}
