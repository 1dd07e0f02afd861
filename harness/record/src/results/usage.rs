//! The billable usage of a run and its cost: parts of `summary.json`.
//!
//! [`Usage`] is a function of the run alone. [`Cost`] is [`crate::cost`]'s, of the usage and a price list; it can be made again
//! with other prices at any time.

use serde::{Deserialize, Serialize};

/// Billable usage, at the scale that the run stands for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Machine hours by site, in the profile's order; sites that used none are left out.
    pub sites: Vec<SiteUsage>,
    /// Charged bytes from site to site; within a site nothing is paid.
    pub traffic: Vec<PairUsage>,
}

/// Hours of the machines of a site, summed over them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteUsage {
    /// The name of the site.
    pub site: String,
    /// The provider's name for it, if the profile has one.
    pub region: Option<String>,
    /// Computing: compute, server, encode and staleness of the breakdown. Staleness is there because what it waits for is
    /// another machine's computing.
    pub compute_hours: f64,
    /// Waiting for the network: wire and barrier of the breakdown, and moving raw data.
    pub network_hours: f64,
}

/// Bytes from a site to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairUsage {
    /// The name of the sending site.
    pub from: String,
    /// The name of the receiving site.
    pub to: String,
    /// Charged bytes, control and data.
    pub bytes: u64,
}

/// The cost of a run, in USD.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The name of the price list.
    pub prices: String,
    /// The date on which its prices held.
    pub date: String,
    /// The instance that a machine is priced as.
    pub instance: String,
    /// Machine hours that computed.
    pub machine_compute: f64,
    /// Machine hours that waited for the network.
    pub machine_network: f64,
    /// Traffic that left regions.
    pub communication: f64,
    /// The sum of the three parts.
    pub total: f64,
    /// The relative uncertainty of its prices, in both directions.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub spread: f64,
    /// The same by site.
    pub sites: Vec<SiteCost>,
}

/// The cost of a site's machines and of its outgoing traffic, in USD.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteCost {
    /// The name of the site.
    pub site: String,
    /// The region that it is priced as.
    pub region: String,
    /// USD per hour of a machine.
    pub usd_per_hour: f64,
    /// Whether that price is not stated for the region and was filled from prices elsewhere.
    pub filled: bool,
    /// Machine hours that computed.
    pub machine_compute: f64,
    /// Machine hours that waited for the network.
    pub machine_network: f64,
    /// Traffic that left the site.
    pub communication: f64,
}

fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

impl Cost {
    /// The three parts by name, in the order in which they are drawn and tabled.
    pub fn parts(&self) -> [(&'static str, f64); 3] {
        [
            ("machine_compute", self.machine_compute),
            ("machine_network", self.machine_network),
            ("communication", self.communication),
        ]
    }

    /// Regions whose price of a machine was filled from prices elsewhere.
    pub fn filled(&self) -> Vec<&str> {
        self.sites.iter().filter(|site| site.filled).map(|site| site.region.as_str()).collect()
    }
}
