//! Fields of a spec that may be a name or a mapping, a number or a list: visitors of their own, because serde's untagged enums
//! would lose line and column.

use std::fmt;

use gaia_core::rates::MachineKind;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::parts::{Machines, PerSite};

impl<'de> Deserialize<'de> for Machines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrKind;
        impl<'de> Visitor<'de> for NameOrKind {
            type Value = Machines;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a machine kind, or its fields")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Machines, E> {
                Ok(Machines::Named(name.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Machines, A::Error> {
                MachineKind::deserialize(MapAccessDeserializer::new(map)).map(|kind| Machines::Inline(Box::new(kind)))
            }
        }
        deserializer.deserialize_any(NameOrKind)
    }
}

impl<'de> Deserialize<'de> for PerSite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrList;
        impl<'de> Visitor<'de> for NumberOrList {
            type Value = PerSite;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of machines, or a list of one number a site")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<PerSite, E> {
                let refuse = |_| E::invalid_value(de::Unexpected::Unsigned(number), &self);
                u32::try_from(number).map(PerSite::Each).map_err(refuse)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<PerSite, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(PerSite::List)
            }
        }
        deserializer.deserialize_any(NumberOrList)
    }
}
