//! The budget of a system that sends all the time.

use std::fmt;

use emulator::units::Bandwidth;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// The most that a machine may send to others per second: a rate, or that of its network interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// The rate of the machine's network interface in force, outwards.
    Nic,
    /// This rate, whatever the interface.
    Rate(Bandwidth),
}

/// As specs write it.
const NIC: &str = "nic";

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Budget::Nic => f.write_str(NIC),
            Budget::Rate(rate) => rate.fmt(f),
        }
    }
}

impl Serialize for Budget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Budget::Nic => serializer.serialize_str(NIC),
            Budget::Rate(rate) => rate.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Budget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NicOrRate;
        impl Visitor<'_> for NicOrRate {
            type Value = Budget;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a bandwidth such as `1 Gbit/s`, or `{NIC}` for the rate of the network interface")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Budget, E> {
                if text == NIC {
                    return Ok(Budget::Nic);
                }
                text.parse().map(Budget::Rate).map_err(|error| E::custom(format!("{error}, or `{NIC}`")))
            }
        }
        deserializer.deserialize_str(NicOrRate)
    }
}
