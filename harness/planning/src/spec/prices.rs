//! The field `prices` of a spec: a list by name or path, or a mapping that changes its use.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

/// The pricing of results. Not part of a plan: new prices need no new run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// A built-in list, or a file relative to the spec. `None` means the default list, if the sites are regions of it.
    pub list: Option<String>,
    /// The instance that every machine is priced as, instead of the list's instance for its kind.
    pub instance: Option<String>,
    /// The region of sites, by their names.
    pub price_as: BTreeMap<String, String>,
    /// The relative uncertainty of all prices, in both directions: 0 to 1.
    pub spread: f64,
}

/// The mapping form of `prices`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Fields {
    list: Option<String>,
    instance: Option<String>,
    #[serde(default)]
    price_as: BTreeMap<String, String>,
    #[serde(default)]
    spread: f64,
}

impl Prices {
    /// Whether the spec sets the field: then all of its sites must have a price.
    pub fn are_given(&self) -> bool {
        Prices { spread: 0.0, ..self.clone() } != Prices::default()
    }
}

impl<'de> Deserialize<'de> for Prices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrFields;
        impl<'de> Visitor<'de> for NameOrFields {
            type Value = Prices;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a price list, or a mapping of `list`, `instance`, `price-as`, `spread`")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Prices, E> {
                Ok(Prices { list: Some(name.into()), ..Prices::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Prices, A::Error> {
                let Fields { list, instance, price_as, spread } = Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Prices { list, instance, price_as, spread })
            }
        }
        deserializer.deserialize_any(NameOrFields)
    }
}
