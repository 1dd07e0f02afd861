//! The launch of a cell's machines, and the end that it runs for.

use std::fmt;

use emulator::real::clock::Dilation;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The launcher of machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Launch {
    /// All in one process, in virtual time.
    #[default]
    Simulated,
    /// A process each on this host, in real time.
    Local(Local),
}

/// A run in real time on one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Local {
    /// Wall seconds per second of the run.
    #[serde(default = "real_time", serialize_with = "write_dilation", deserialize_with = "read_dilation")]
    pub dilation: Dilation,
}

/// The condition that ends the cells of a spec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Goal {
    /// The objective at which the target cell converges.
    #[default]
    Target,
    /// So many clocks; there is no target cell.
    Clocks(u32),
}

impl Launch {
    /// Whether machines run in virtual time.
    pub fn is_simulated(&self) -> bool {
        *self == Launch::Simulated
    }
}

/// `simulated`, `real, dilation 4`.
impl fmt::Display for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Launch::Simulated => f.write_str("simulated"),
            Launch::Local(Local { dilation }) => write!(f, "real, dilation {dilation}"),
        }
    }
}

fn real_time() -> Dilation {
    Dilation::NONE
}

fn write_dilation<S: Serializer>(dilation: &Dilation, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(dilation.as_f64())
}

fn read_dilation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Dilation, D::Error> {
    let number = f64::deserialize(deserializer)?;
    number.to_string().parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dilation_is_a_number_in_specs_and_plans() {
        let launch: Launch = serde_json::from_str(r#"{"local":{"dilation":0.125}}"#).unwrap();
        assert_eq!(launch, Launch::Local(Local { dilation: "0.125".parse().unwrap() }));
        assert_eq!(serde_json::to_string(&launch).unwrap(), r#"{"local":{"dilation":0.125}}"#);
        let wrong = serde_json::from_str::<Launch>(r#"{"local":{"dilation":0}}"#).unwrap_err();
        assert!(wrong.to_string().contains("expected a number from 0.001"), "{wrong}");
    }
}
