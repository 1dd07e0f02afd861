//! The systems that a plan can have, as specs write them.

use std::fmt;

use emulator::units::ByteSize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::SyncModel;
pub use super::between::{
    Between, GroupsByName, MirrorClock, Relay, Rounds, SelectiveBarrier, Significance, Significant, ThresholdSchedule,
    UserGoal, Ways,
};
pub use super::bosen::Bosen;
use super::bosen::BosenModel;
pub use super::budget::Budget;
pub use super::gaia::{Gaia, GaiaAsync};
pub use super::models::*;
pub use super::rule::{Outer, Rule};
pub use super::sites::Sites;
pub use crate::overlay::Hubs;

/// A training system: where the parameter servers stand and how they keep together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum System {
    /// IterStore-style: one global parameter server, sharded over all machines.
    Global(Inside),
    /// Gaia: a parameter server in every site, Approximate Synchronous Parallel between them.
    Gaia(Gaia),
    /// Gaia's filter alone: no selective barrier, no mirror clock (the paper's `Gaia_Async`, Figure 12).
    GaiaAsync(GaiaAsync),
    /// All raw data are moved to one site first (the paper's Centralized, Table 1). What happens there is [`System::Global`];
    /// the moving is the harness' matter, and here the two are the same.
    Centralized(Centralized),
    /// Bösen-style: one global parameter server, updates sent all the time within a budget.
    Bosen(Bosen),
    /// A parameter server in every site, and any of the models between them: averages every H clocks, for example.
    Hierarchical(Sites),
}

impl System {
    /// The number of parts in which a clock is computed; each is a clock of the workload.
    pub fn parts(&self) -> u32 {
        if let System::Bosen(bosen) = self { bosen.parts } else { 1 }
    }

    /// As specs name it.
    pub fn name(&self) -> &'static str {
        match self {
            System::Global(_) => "global",
            System::Gaia(_) => "gaia",
            System::GaiaAsync(_) => "gaia-async",
            System::Centralized(_) => "centralized",
            System::Bosen(_) => "bosen",
            System::Hierarchical(_) => "hierarchical",
        }
    }

    /// The model that its machines run.
    pub fn model(&self) -> Box<dyn SyncModel> {
        match self {
            System::Global(inside) => inside.model(),
            System::Centralized(central) => central.inside.model(),
            System::Bosen(settings) => Box::new(BosenModel::new(*settings)),
            System::Gaia(gaia) => Sites::from(gaia).model(),
            System::GaiaAsync(gaia) => Sites::from(gaia).model(),
            System::Hierarchical(sites) => sites.model(),
        }
    }

    /// The ways between sites, where it has a parameter server in every site.
    pub fn ways(&self) -> Ways {
        self.sites().map(|sites| sites.between.model().ways()).unwrap_or_default()
    }

    /// The models inside and between sites, of a system with a parameter server in every site.
    pub fn sites(&self) -> Option<Sites> {
        match self {
            System::Global(_) | System::Centralized(_) | System::Bosen(_) => None,
            System::Gaia(gaia) => Some(gaia.into()),
            System::GaiaAsync(gaia) => Some(gaia.into()),
            System::Hierarchical(sites) => Some(sites.clone()),
        }
    }

    /// The one spelling of what can be spelt in several ways, so that plans of it do not differ: significant updates are `gaia`, and without
    /// hubs the relay is the default one.
    pub fn canonical(&self) -> System {
        match self {
            System::Hierarchical(Sites { inside, between: Between::Significant(significant) }) => {
                System::Gaia(Gaia::new(*inside, significant.clone())).canonical()
            }
            System::Gaia(gaia) if gaia.overlay.are_direct() => {
                System::Gaia(Gaia { relay: Relay::default(), ..gaia.clone() })
            }
            other => other.clone(),
        }
    }
}

/// Learning where all raw data have been moved to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Centralized {
    /// The model among the workers.
    pub inside: Inside,
    /// The site that all data go to, by name; `auto`: the best, computed.
    #[serde(default = "auto")]
    pub site: String,
    /// The amount of data in all sites together, at the scale that the run stands for; `None` means the known size of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_data: Option<ByteSize>,
}

fn auto() -> String {
    "auto".into()
}

/// The encoding of sparse updates on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// An 8-byte index and a 4-byte value each, dense when that is smaller (as in the author's code).
    #[default]
    Plain,
    /// Delta-coded bit-packed indexes and 4-byte values (bit-packed too where all are small whole numbers), dense when that
    /// is smaller.
    Packed,
    /// 4 bytes for every parameter, zero or not: what a server that knows nothing of sparse updates sends.
    Dense,
    /// By blocks of 4096 parameters the smallest of nothing, bit-packed gaps between indexes, a bitmap and every value; values as in
    /// `packed`.
    Smallest,
    /// As `smallest`, with gaps in Rice codes where they are smaller: about a bit less per update, for more work.
    Rice,
    /// As `smallest`, with values of 2 bytes (bfloat16) that are no small whole numbers. Lossy: what is cut off stays among the
    /// accumulated updates, so that it is for the servers of different sites alone.
    Bf16,
    /// As `rice`, with values of one byte that are no small whole numbers, as multiples of a power of two that 256 share. Lossy likewise.
    Int8,
}

impl Encoding {
    /// All encodings. A new one is the last: what fuzzing has found names them by their places here.
    pub const ALL: [Encoding; 7] = [
        Encoding::Plain,
        Encoding::Packed,
        Encoding::Dense,
        Encoding::Smallest,
        Encoding::Rice,
        Encoding::Bf16,
        Encoding::Int8,
    ];

    /// As specs name it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Plain => "plain",
            Encoding::Packed => "packed",
            Encoding::Dense => "dense",
            Encoding::Smallest => "smallest",
            Encoding::Rice => "rice",
            Encoding::Bf16 => "bf16",
            Encoding::Int8 => "int8",
        }
    }

    /// The encoding itself where it is lossless, else that with the same indexes and all of the values.
    pub fn lossless(self) -> Encoding {
        match self {
            Encoding::Bf16 => Encoding::Smallest,
            Encoding::Int8 => Encoding::Rice,
            lossless => lossless,
        }
    }
}

/// The encoding of payloads, by leg: a paper's system may encode them in one way inside a site and in another between sites.
///
/// A global parameter server has one leg, `inside`, wherever its machines stand. Specs may write one word for both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encodings {
    /// Between workers and the server shards of their own group.
    pub inside: Encoding,
    /// Between the servers of different sites.
    pub between: Encoding,
}

/// The form of [`Encodings`] with an encoding per leg.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename = "Encodings", deny_unknown_fields)]
struct ByLeg {
    inside: Encoding,
    between: Encoding,
}

impl From<Encoding> for Encodings {
    fn from(encoding: Encoding) -> Self {
        Encodings { inside: encoding, between: encoding }
    }
}

impl Serialize for Encodings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Encodings { inside, between } = *self;
        if inside == between { inside.serialize(serializer) } else { ByLeg { inside, between }.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Encodings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrLegs;
        impl<'de> Visitor<'de> for WordOrLegs {
            type Value = Encodings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an encoding, or `{ inside: ..., between: ... }`")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Encodings, E> {
                Encoding::deserialize(name.into_deserializer()).map(Encodings::from)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Encodings, A::Error> {
                let ByLeg { inside, between } = ByLeg::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Encodings { inside, between })
            }
        }
        deserializer.deserialize_any(WordOrLegs)
    }
}

impl Inside {
    /// Bulk Synchronous Parallel, which has no settings.
    pub const BSP: Inside = Inside::Bsp(Bsp {});

    /// Stale Synchronous Parallel without pushed rows; `slack` in clocks.
    pub const fn ssp(slack: u32) -> Inside {
        Inside::Ssp(Ssp { slack, push: false })
    }

    /// Local steps whose changes are added up.
    pub const fn local_steps(every: u32) -> Inside {
        Inside::LocalSteps(LocalSteps { every, rule: Rule::Add {} })
    }
}
