//! The cost model: how long a machine of a kind takes for a piece of work.
//!
//! Virtual seconds come from here, never from this host. Work is counted at the paper's scale (see [`Similitude`]).

use emulator::time::Duration;
use emulator::units::{Bandwidth, ByteSize};
use serde::{Deserialize, Serialize};

use crate::workload::lr::rate::LrRate;

/// A kind of machine by name, with the rates of what it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MachineKind {
    /// As plans name it.
    pub name: String,
    /// Where the rates come from.
    pub source: String,
    /// Rates chosen to match results of the paper. Field paths, such as `mf.updates-per-second`.
    #[serde(default)]
    pub fitted: Vec<String>,
    /// The results that they were chosen to match, as names of claims (`fig3.iterstore-bsp.va-ca`): agreement with these shows nothing.
    /// Empty while rates are fitted means that it is not known which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fitted_to: Vec<String>,
    /// Rates of learning in matrix factorisation.
    pub mf: MfRate,
    /// Rates of learning in topic modelling.
    #[serde(default)]
    pub lda: LdaRate,
    /// Rates of learning in image classification.
    #[serde(default)]
    pub ic: IcRate,
    /// Rates of learning in logistic regression.
    #[serde(default)]
    pub lr: LrRate,
    /// Rates of the work of the server shard.
    pub server: ServerRates,
    /// The rate of its network interface, in and out, in place of that of the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nic: Option<Bandwidth>,
    /// Every duration is multiplied by a seeded draw from `1 - jitter ..= 1 + jitter`: 0 to 0.9.
    pub jitter: f64,
}

/// Rating updates of a whole machine (all its cores).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MfRate {
    /// The rank at which the rate holds; the time of an update is taken as proportional to the rank.
    pub rank: u32,
    /// Rating updates a second at that rank.
    pub updates_per_second: f64,
}

/// Tokens of a whole machine (all its cores) that get a new topic.
///
/// The default holds for 16 cores: the fastest exact sampler that others offer (tomotopy 0.14) draws for 2.6 million tokens
/// a second on one core of a Xeon with AVX-512 at 500 topics, times 16. That takes perfect scaling over cores and no memory
/// wall. Nothing here was adjusted to a result of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LdaRate {
    /// The number of topics at which the rate holds; the time of a token is taken as proportional to it.
    pub topics: u32,
    /// Tokens a second at that number.
    pub tokens_per_second: f64,
}

impl Default for LdaRate {
    fn default() -> Self {
        LdaRate { topics: 500, tokens_per_second: 41.6e6 }
    }
}

/// Images that a whole machine (its GPU, or all its cores) trains on.
///
/// The default holds for the paper's GPU: cnn-benchmarks, a public comparison of 2016, has 53.84 ms for a batch of 16 images of
/// ResNet-18 (1.81 billion multiplications), forward and backward, on a Titan X of the Maxwell kind (Torch with cuDNN 5).
/// Nothing here was adjusted to a result of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IcRate {
    /// Multiplications of one image's forward pass, in billions, of the network at which the rate holds; the time of an image
    /// is taken as proportional to them.
    pub billion_multiplications: f64,
    /// Images a second at that number.
    pub images_per_second: f64,
}

impl Default for IcRate {
    fn default() -> Self {
        IcRate { billion_multiplications: 1.81, images_per_second: 297.0 }
    }
}

/// Server work, in gigabytes (1e9) of parameters a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServerRates {
    /// Adding updates to parameters.
    pub apply_gb_per_second: f64,
    /// Scanning accumulated updates for significance.
    pub filter_gb_per_second: f64,
    /// Writing a message from parameters.
    pub encode_gb_per_second: f64,
    /// Reading a message into floats.
    pub decode_gb_per_second: f64,
}

/// The factors by which bytes and work of a small problem are charged, as if it were a large one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Similitude {
    /// The paper's model bytes over ours: every data byte is charged as this number of bytes.
    pub sigma_bytes: f64,
    /// The paper's work over ours: every unit of work is charged as this number of units.
    pub sigma_work: f64,
}

impl Similitude {
    /// Everything at its own size.
    pub const NONE: Similitude = Similitude { sigma_bytes: 1.0, sigma_work: 1.0 };

    /// The bytes that a link is charged for a message of `header` control bytes and `data` data bytes; at least 1.
    pub fn charged(&self, header: u64, data: u64) -> ByteSize {
        let scaled = (data as f64 * self.sigma_bytes).round() as u64;
        ByteSize::from_bytes((header + scaled).max(1))
    }
}

impl MachineKind {
    /// A kind with these rates of servers, every workload at its default rate or, where it has none, at 1 unit per second; no jitter.
    pub fn of_servers(name: String, source: String, server: ServerRates) -> Self {
        MachineKind {
            name,
            source,
            fitted: Vec::new(),
            fitted_to: Vec::new(),
            mf: MfRate { rank: 1, updates_per_second: 1.0 },
            lda: LdaRate::default(),
            ic: IcRate::default(),
            lr: LrRate::default(),
            server,
            nic: None,
            jitter: 0.0,
        }
    }

    /// The time of `updates` rating updates at `rank`.
    pub fn mf(&self, similitude: &Similitude, updates: u64, rank: u32) -> Duration {
        let at_rate = updates as f64 * similitude.sigma_work * f64::from(rank) / f64::from(self.mf.rank);
        Duration::from_secs_f64(at_rate / self.mf.updates_per_second)
    }

    /// The time of drawing new topics for `tokens` tokens among `topics` topics.
    pub fn lda(&self, similitude: &Similitude, tokens: u64, topics: u32) -> Duration {
        let at_rate = tokens as f64 * similitude.sigma_work * f64::from(topics) / f64::from(self.lda.topics);
        Duration::from_secs_f64(at_rate / self.lda.tokens_per_second)
    }

    /// The time of training on `images` images with a network of `multiplications` an image in the forward pass.
    pub fn ic(&self, similitude: &Similitude, images: u64, multiplications: u64) -> Duration {
        let size = multiplications as f64 / (self.ic.billion_multiplications * 1e9);
        let at_rate = images as f64 * similitude.sigma_work * size;
        Duration::from_secs_f64(at_rate / self.ic.images_per_second)
    }
}

impl ServerRates {
    /// The time of work on `bytes` (actual) bytes of parameters at `gb_per_second`.
    pub fn work(similitude: &Similitude, bytes: u64, gb_per_second: f64) -> Duration {
        Duration::from_secs_f64(bytes as f64 * similitude.sigma_bytes / (gb_per_second * 1e9))
    }
}
