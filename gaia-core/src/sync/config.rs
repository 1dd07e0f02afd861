//! What a plan says about synchronisation, in the words of a spec.

use std::fmt;

use emulator::units::ByteSize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

pub use super::budget::Budget;
pub use super::rule::{Outer, Rule};
pub use super::{Bsp, Inside, LocalSteps, Ssp, Tap};
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
}

impl System {
    /// In how many parts a clock is computed; each is a clock of the workload.
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
        }
    }

    /// The ways between sites, where it has a parameter server in every site.
    pub fn ways(&self) -> Ways {
        self.between_sites().map(|gaia| gaia.overlay).unwrap_or_default()
    }

    /// The settings between sites, of a system with a parameter server in every site.
    pub fn between_sites(&self) -> Option<Gaia> {
        match self {
            System::Global(_) | System::Centralized(_) | System::Bosen(_) => None,
            System::Gaia(gaia) => Some(gaia.clone()),
            System::GaiaAsync(GaiaAsync { inside, significance, overlay, relay }) => Some(Gaia {
                inside: *inside,
                significance: *significance,
                selective_barrier: SelectiveBarrier::Off {},
                mirror_clock: MirrorClock::Off {},
                overlay: overlay.clone(),
                relay: *relay,
                goal: UserGoal::default(),
            }),
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
    /// How much data there are in all sites together, at the scale that the run stands for; none: as is known of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_data: Option<ByteSize>,
}

fn auto() -> String {
    "auto".into()
}

/// The settings of a Bösen-style parameter server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Bosen {
    /// How many clocks a worker may be ahead of the slowest; 0 is BSP.
    pub slack: u32,
    /// What a machine may send to others a second, updates and rows together.
    pub budget: Budget,
    /// In how many parts a clock is computed, after each of which its changes may go.
    #[serde(default = "four")]
    pub parts: u32,
    /// What a message of updates takes at most.
    #[serde(default = "message_size")]
    pub message: ByteSize,
}

fn four() -> u32 {
    4
}

fn message_size() -> ByteSize {
    ByteSize::from_bytes(256 * 1024)
}

/// Gaia's settings (paper sections 3 and 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gaia {
    /// The model among the workers of a site.
    pub inside: Inside,
    /// What makes an update significant.
    #[serde(default)]
    pub significance: Significance,
    /// When the indexes of updates go ahead of their values.
    #[serde(default)]
    pub selective_barrier: SelectiveBarrier,
    /// How far sites may run apart.
    #[serde(default)]
    pub mirror_clock: MirrorClock,
    /// The ways that updates take between sites.
    #[serde(default, skip_serializing_if = "Ways::are_direct")]
    pub overlay: Ways,
    /// What hubs do with the updates of other sites.
    #[serde(default, skip_serializing_if = "Relay::is_default")]
    pub relay: Relay,
    /// What the user wants.
    #[serde(default, skip_serializing_if = "UserGoal::is_default")]
    pub goal: UserGoal,
}

/// What the user wants most: little traffic, or little time (paper section 4.2: a soft threshold below the hard one).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum UserGoal {
    /// Only what exceeds the threshold is sent.
    Cheapest {},
    /// While links are idle, what exceeds a lower, soft threshold is sent too.
    Fastest {
        /// The soft threshold, as a share of the threshold of the moment.
        #[serde(default = "tenth")]
        soft: f64,
        /// A message of such updates takes at most so many seconds of the slowest link that it goes over.
        #[serde(default = "tenth")]
        seconds: f64,
    },
}

fn tenth() -> f64 {
    0.1
}

/// The settings of `Gaia_Async`: those of Gaia that it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GaiaAsync {
    /// The model among the workers of a site.
    pub inside: Inside,
    /// What makes an update significant.
    #[serde(default)]
    pub significance: Significance,
    /// The ways that updates take between sites.
    #[serde(default, skip_serializing_if = "Ways::are_direct")]
    pub overlay: Ways,
    /// What hubs do with the updates of other sites.
    #[serde(default, skip_serializing_if = "Relay::is_default")]
    pub relay: Relay,
}

/// An overlay in words: what a plan makes an [`crate::overlay::Overlay`] of, with the sites of its profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ways {
    /// Every site sends to every other.
    Direct {},
    /// The groups that the author's public code has for the 11 regions of EC2.
    Ec2 {
        /// How many hubs a group has.
        #[serde(default)]
        hubs: Hubs,
    },
    /// Groups by hand.
    Groups(GroupsByName),
    /// Groups of near sites, from the profile's bandwidths.
    Computed {
        /// How many; none: as many as make the slowest link in use fastest.
        #[serde(default)]
        groups: Option<u32>,
        /// How many hubs a group has.
        #[serde(default)]
        hubs: Hubs,
    },
}

/// What a hub does with the updates that it sums for its group, or spreads in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relay {
    /// Filters the sums again, with the threshold of the moment: what is small beside the hub's value waits there.
    #[default]
    Filter,
    /// Passes on all that is not zero, as the author's public code has it. Its own site's updates are filtered as anywhere.
    PassOn,
}

/// Groups of sites by name, region or alias. Without hubs and links, each group's hub is its site with the best worst link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GroupsByName {
    /// The sites of every group.
    pub sites: Vec<Vec<String>>,
    /// One hub for each group, in their order.
    #[serde(default)]
    pub hubs: Option<Vec<String>>,
    /// Instead: for every two groups, the two hubs that link them, in any order.
    #[serde(default)]
    pub links: Option<Vec<[String; 2]>>,
}

/// An accumulated update is significant when |accumulated / current value| exceeds the threshold (paper section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Significance {
    /// The threshold at the start: 0.01 is the paper's 1 %. 0 makes every update significant.
    pub threshold: f64,
    /// How it falls from there.
    pub schedule: Schedule,
}

/// How the significance threshold v changes over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// v always.
    Constant,
    /// v / sqrt(t), t in clocks, from 1 (paper section 3.2).
    SqrtClocks,
    /// v / sqrt(t), t in passes over the data, from 1.
    SqrtPasses,
    /// v times the learning rate over its first value, as the author's public code has it.
    LearningRate,
}

/// The selective barrier (paper section 4.3, Figure 6a).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SelectiveBarrier {
    /// Never.
    Off {},
    /// When the backlog on a link exceeds what it drains in `seconds`.
    Backlog {
        /// Seconds of the link's rate.
        seconds: f64,
    },
}

/// The mirror clock (paper section 4.3, Figure 6b).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum MirrorClock {
    /// Sites may run apart without limit.
    Off {},
    /// A site more than `staleness` clocks ahead of the slowest waits (DS in the paper).
    Bounded {
        /// Clocks.
        staleness: u32,
    },
}

/// How sparse updates are written on the wire.
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
}

/// How payloads are written, by leg: what a paper's system sends inside a site need not be what it sends between sites.
///
/// A global parameter server has one leg, `inside`, wherever its machines stand. Specs may write one word for both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encodings {
    /// Between workers and the server shards of their own group.
    pub inside: Encoding,
    /// Between the servers of different sites.
    pub between: Encoding,
}

/// The form of [`Encodings`] that says both.
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
    /// Bulk Synchronous Parallel.
    pub const BSP: Inside = Inside::Bsp(Bsp {});

    /// Stale Synchronous Parallel.
    pub const fn ssp(slack: u32) -> Inside {
        Inside::Ssp(Ssp { slack, push: false })
    }

    /// Local steps whose changes are added up.
    pub const fn local_steps(every: u32) -> Inside {
        Inside::LocalSteps(LocalSteps { every, rule: Rule::Add {} })
    }
}

impl Ways {
    /// Whether every site sends to every other: the default, which plans leave out.
    pub fn are_direct(&self) -> bool {
        *self == Ways::default()
    }
}

impl Relay {
    /// Whether it is the default, which plans leave out.
    pub fn is_default(&self) -> bool {
        *self == Relay::default()
    }
}

impl UserGoal {
    /// Whether it is the default, which plans leave out.
    pub fn is_default(&self) -> bool {
        *self == UserGoal::default()
    }
}

impl Default for UserGoal {
    fn default() -> Self {
        UserGoal::Cheapest {}
    }
}

impl Default for Ways {
    fn default() -> Self {
        Ways::Direct {}
    }
}

impl Default for Significance {
    fn default() -> Self {
        Significance { threshold: 0.01, schedule: Schedule::SqrtClocks }
    }
}

impl Default for SelectiveBarrier {
    fn default() -> Self {
        SelectiveBarrier::Backlog { seconds: 1.0 }
    }
}

impl Default for MirrorClock {
    fn default() -> Self {
        MirrorClock::Bounded { staleness: 1 }
    }
}
