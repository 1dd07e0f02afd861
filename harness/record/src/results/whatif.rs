//! A what-if question as it was asked, and what its answer rests on: `whatif` of `cells.json`.
//!
//! Made from the question's plans before anything is run, so that a report needs no spec. [`Asked::rows`] has it in words,
//! for terminals and pages.

use serde::{Deserialize, Serialize};

use crate::numbers::significant;

/// A question with its assumptions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asked {
    /// The length of the training that is asked about.
    pub length: Length,
    /// What the answer rests on.
    pub assumptions: Assumptions,
    /// The panels that repeat the question with one input changed. Empty: it does not ask for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub varied: Vec<Varied>,
    /// The panels of the uncertainty of bandwidths, which give the answer its range.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Varied>,
}

/// The length of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Length {
    /// Until the objective of the stand-in problem is what BSP on a LAN converges to.
    Target,
    /// A number of steps (clocks).
    Steps(Steps),
}

/// The steps of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Steps {
    /// Model updates (clocks) of every machine.
    pub steps: u64,
    /// Those that are simulated, from the first; the others go on as the second half of these does.
    pub simulated: u32,
    /// Steps of a pass over the data, where the length was given in epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_epoch: Option<u64>,
}

/// A panel that repeats the question with one input changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Varied {
    /// The panel's name.
    pub panel: String,
    /// The input that is changed.
    pub input: Input,
    /// The factor by which it is changed.
    pub times: f64,
}

/// An input whose change needs runs of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// All bandwidths between sites, and the uplinks of sites.
    Bandwidth,
    /// All round trips between sites.
    RoundTrips,
    /// The speed at which machines compute.
    ComputeSpeed,
    /// The bytes of the model.
    Model,
}

impl Input {
    /// The input in words, as names of panels begin and pictures show it.
    pub fn name(self) -> &'static str {
        match self {
            Input::Bandwidth => "bandwidth",
            Input::RoundTrips => "round trips",
            Input::ComputeSpeed => "compute speed",
            Input::Model => "model size",
        }
    }
}

/// What the answer to a question rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Assumptions {
    /// The network, and where its numbers are from.
    pub network: Network,
    /// Bandwidth and round trip of every ordered pair of sites.
    pub links: Vec<Link>,
    /// The machines of every site.
    pub sites: Vec<Site>,
    /// The name of the machine kind.
    pub machine_kind: String,
    /// Bytes of the model's parameters.
    pub model_bytes: u64,
    /// Bytes of the data of all sites together. `None` means that they were not given.
    pub raw_data_bytes: Option<u64>,
    /// The time of a step of a machine that never waits.
    pub step: Step,
    /// The problem that stands for the one that is asked about.
    pub stand_in: StandIn,
    /// Relative uncertainty of bandwidths between sites, in both directions.
    pub bandwidth_spread: f64,
    /// Relative uncertainty of prices, in both directions.
    pub price_spread: f64,
}

/// A network by name, and its sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Network {
    /// The name of the profile.
    pub name: String,
    /// Where its numbers come from.
    pub source: String,
    /// The date of its numbers.
    pub date: String,
    /// Caveats of the profile.
    pub notes: Vec<String>,
}

/// A link from a site to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Link {
    /// The sending site by name.
    pub from: String,
    /// The receiving site by name.
    pub to: String,
    /// Bandwidth in bits per second.
    pub bits_per_second: u64,
    /// Round trip in seconds.
    pub rtt_seconds: f64,
}

/// The machines of a site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Site {
    /// The name of the site.
    pub name: String,
    /// The number of its machines.
    pub machines: u32,
    /// The rate of a machine's network interface, out, in bits per second.
    pub nic_bits_per_second: u64,
}

/// The time of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// Seconds that a machine computes for a step.
    pub seconds: f64,
    /// The field of the question that it follows from, with its value.
    pub given_by: String,
}

/// The problem that stands for the one that is asked about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StandIn {
    /// In words.
    pub problem: String,
    /// Charged bytes over bytes of the stand-in's data on the wire.
    pub bytes_times: f64,
    /// Charged work over the stand-in's work.
    pub work_times: f64,
}

/// An assumption in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is about.
    pub topic: &'static str,
    /// The assumption.
    pub text: String,
}

impl Asked {
    /// Length and assumptions in words, links left out.
    pub fn rows(&self) -> Vec<Row> {
        let Assumptions { network, sites, .. } = &self.assumptions;
        let known = &self.assumptions;
        let machines: u32 = sites.iter().map(|site| site.machines).sum();
        let raw_data = known.raw_data_bytes.map_or_else(
            || {
                "not given (`raw-data`): the answer does not know what moving the data to one site would take"
                    .to_owned()
            },
            |bytes| {
                format!(
                    "{} in all sites together; only Centralized moves them, once, before learning",
                    bytes_text(bytes)
                )
            },
        );
        let stand_in = &known.stand_in;
        let mut rows = vec![
            Row { topic: "training", text: self.length.in_words() },
            Row { topic: "network", text: format!("{}: {} ({})", network.name, network.source, network.date) },
            Row {
                topic: "machines",
                text: format!(
                    "{machines} of kind {} in {} sites: {}",
                    known.machine_kind,
                    sites.len(),
                    sites_text(sites)
                ),
            },
            Row { topic: "model", text: format!("{}, 4 bytes a parameter", bytes_text(known.model_bytes)) },
            Row { topic: "raw data", text: raw_data },
            Row {
                topic: "work",
                text: format!(
                    "{} s of computing per step and machine ({})",
                    short(known.step.seconds),
                    known.step.given_by
                ),
            },
            Row {
                topic: "scaled",
                text: format!(
                    "bytes of data on links and at servers x {}, work x {}; rates, round trips, the number of machines and message headers are not scaled",
                    short(stand_in.bytes_times),
                    short(stand_in.work_times)
                ),
            },
            Row {
                topic: "stand-in",
                text: format!(
                    "the number of clocks and the share of significant updates are those of a stand-in problem, {}, not of your model",
                    stand_in.problem
                ),
            },
            Row {
                topic: "ranges",
                text: format!(
                    "bandwidths -{0} % to +{0} %, prices -{1} % to +{1} %",
                    short(known.bandwidth_spread * 100.0),
                    short(known.price_spread * 100.0)
                ),
            },
        ];
        rows.extend(network.notes.iter().map(|note| Row { topic: "note", text: note.clone() }));
        rows
    }

    /// The question in short: `1.5 GB between Frankfurt, Mumbai and Virginia`.
    pub fn in_short(&self) -> String {
        let names: Vec<&str> = self.assumptions.sites.iter().map(|site| site.name.as_str()).collect();
        let model = bytes_text(self.assumptions.model_bytes);
        match names.as_slice() {
            [] => model,
            [site] => format!("{model} in {site}"),
            [first @ .., last] => format!("{model} between {} and {last}", first.join(", ")),
        }
    }

    /// The steps of the training. `None` means that it ends at a target.
    pub fn steps(&self) -> Option<u64> {
        match self.length {
            Length::Target => None,
            Length::Steps(Steps { steps, .. }) => Some(steps),
        }
    }

    /// Whether the panel of this name repeats the question with one input changed.
    pub fn is_varied(&self, panel: &str) -> bool {
        self.varied.iter().any(|varied| varied.panel == panel)
    }
}

impl Length {
    fn in_words(&self) -> String {
        let Length::Steps(Steps { steps, simulated, per_epoch }) = self else {
            return "until the stand-in problem's objective is the one to which BSP on a LAN converges".into();
        };
        let epochs = per_epoch.map_or_else(String::new, |steps_of_one| {
            format!(" ({} epochs of {})", short(*steps as f64 / steps_of_one as f64), count(steps_of_one))
        });
        let rest = if *steps > u64::from(*simulated) {
            format!("; the first {simulated} are simulated, the others go on as the second half of these does")
        } else {
            "; all are simulated".into()
        };
        format!("{} steps{epochs}{rest}", count(*steps))
    }
}

impl Link {
    /// `132 Mbit/s, round trip 76 ms`.
    pub fn in_words(&self) -> String {
        format!("{}, round trip {}", self.rate(), self.round_trip())
    }

    /// `132 Mbit/s`.
    pub fn rate(&self) -> String {
        rate_text(self.bits_per_second)
    }

    /// `76 ms`.
    pub fn round_trip(&self) -> String {
        format!("{} ms", short(self.rtt_seconds * 1e3))
    }
}

impl Assumptions {
    /// The link with the least bandwidth, the first of equals.
    pub fn slowest_link(&self) -> Option<&Link> {
        self.links.iter().min_by_key(|link| link.bits_per_second)
    }
}

/// `132 Mbit/s`, `1.5 Gbit/s`.
pub fn rate_text(bits_per_second: u64) -> String {
    let bits = bits_per_second as f64;
    let (number, unit) = if bits < 1e9 { (bits / 1e6, "Mbit/s") } else { (bits / 1e9, "Gbit/s") };
    format!("{} {unit}", short(number))
}

/// Four significant digits, without zeros at the end of a fraction.
fn short(number: f64) -> String {
    let text = significant(number, 4);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `400 MB`, `1.5 GB`, in units of a thousand.
pub fn bytes_text(bytes: u64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let bytes = bytes as f64;
    let (size, unit) = units.into_iter().find(|(size, _)| bytes >= *size).unwrap_or((1.0, "B"));
    format!("{} {unit}", short(bytes / size))
}

fn count(number: u64) -> String {
    crate::numbers::fixed(number as f64, 0)
}

/// `Virginia 4, Ireland 4 (NIC 10 Gbit/s)`; of equal sites one number.
fn sites_text(sites: &[Site]) -> String {
    let is_alike = |of: fn(&Site) -> u64| sites.iter().all(|site| of(site) == of(&sites[0]));
    if sites.len() > 1 && is_alike(|site| u64::from(site.machines)) && is_alike(|site| site.nic_bits_per_second) {
        let names: Vec<&str> = sites.iter().map(|site| site.name.as_str()).collect();
        let (each, nic) = (sites[0].machines, rate_text(sites[0].nic_bits_per_second));
        return format!("{each} each in {}, network interfaces of {nic}", names.join(", "));
    }
    let site = |site: &Site| format!("{} {} ({})", site.name, site.machines, rate_text(site.nic_bits_per_second));
    sites.iter().map(site).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_rates_are_short() {
        let bytes = [400_000_000, 1_500_000_000, 50_000_000_000, 999, 120_000_000_000_000].map(bytes_text);
        assert_eq!(bytes, ["400 MB", "1.5 GB", "50 GB", "999 B", "120 TB"]);
        assert_eq!([132_500_000, 10_000_000_000].map(rate_text), ["132.5 Mbit/s", "10 Gbit/s"]);
    }

    #[test]
    fn a_length_says_what_is_simulated() {
        let words = |steps, per_epoch| Length::Steps(Steps { steps, simulated: 100, per_epoch }).in_words();
        assert_eq!(
            words(60_000, Some(20_000)),
            "60,000 steps (3 epochs of 20,000); the first 100 are simulated, the others go on as the second half of these does"
        );
        assert_eq!(words(80, None), "80 steps; all are simulated");
    }
}
