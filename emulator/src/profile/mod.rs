//! Profiles: descriptions of networks between data centres.
//!
//! A [`Profile`] lists sites; for every ordered pair of them, the bandwidth and the round trip; and for every
//! site the rate of a machine's network card and the round trip inside. How the bandwidth between two sites is shared
//! by their machines is its [`Shaping`]. [`crate::topology`] places machines in a profile and makes the limits and
//! routes that the link model works with.
//!
//! The types are always here. Reading them from text, finding sites by name and the built-in profiles come with the
//! feature `read`: `Profile::load`, `Profile::builtin`, `Profile::find_site`, `Profile::restrict`.
//!
//! A profile does not change in a run, and knows nothing of prices.

#[cfg(feature = "read")]
mod builtin;
#[cfg(feature = "read")]
mod error;
#[cfg(feature = "read")]
mod find;
#[cfg(feature = "read")]
mod iperf;
#[cfg(feature = "read")]
mod matrix;
#[cfg(feature = "read")]
mod read;
#[cfg(feature = "read")]
mod reports;
#[cfg(feature = "read")]
mod source;
#[cfg(feature = "read")]
mod yaml;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

#[cfg(feature = "read")]
pub use builtin::{Builtin, builtin_names, builtins};
#[cfg(feature = "read")]
pub use error::{ReadProfileError, ReadProfileProblem};
#[cfg(feature = "read")]
pub use find::{RestrictError, UnknownSite};
#[cfg(feature = "read")]
pub use read::is_path;

use crate::id::SiteId;
use crate::time::Duration;
use crate::units::{Bandwidth, ByteSize};

/// The most sites of a profile: beyond it, a matrix is a mistake.
pub const MAX_SITES: usize = 1024;
/// The fastest limit of a profile: a billion Gbit/s, within what the link model counts.
pub const MAX_RATE: Bandwidth = Bandwidth::from_bits_per_second(1_000_000_000_000_000_000);
/// The longest round trip and jitter of a profile. Light is back from the Moon after 2.6 s.
pub const MAX_DELAY: Duration = Duration::from_secs(3600);

/// A network between data centres.
///
/// With serde it is one self-contained value, equal for equal networks however they were written: what goes into a
/// plan and its hash. (A profile *file* has its own form: see `emulator/profiles/README.md`.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Profile {
    /// The name it is known by: `ec2-all`.
    pub name: String,
    /// One line for lists and figures.
    pub title: String,
    /// The source of the bandwidths.
    pub source: String,
    /// The date of the measurements.
    pub date: String,
    /// The sources of the rest, assumptions and caveats.
    pub notes: Vec<String>,
    /// The sites, in the order of their [`SiteId`]s.
    pub sites: Vec<Site>,
    /// The bandwidth from a site (row) to another (column), shared as [`Profile::shaping`] defines.
    pub bandwidth: SiteMatrix<Bandwidth>,
    /// The round trip as measured from a site (row) to another (column). Half of it is the delay of that direction.
    pub rtt: SiteMatrix<Duration>,
    /// The largest extra delay of a message between sites. Inside a site there is none.
    pub jitter: Duration,
    /// The sharing of the bandwidth between two sites.
    pub shaping: Shaping,
    /// The depth of every token bucket, instead of [`crate::topology::bucket_depth`] of its rate.
    pub depth: Option<ByteSize>,
}

/// A data centre of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Site {
    /// Its name in figures: `Virginia`.
    pub name: String,
    /// The provider's name for it: `us-east-1`. Prices go by it.
    pub region: Option<String>,
    /// Other names that specs may use for it.
    pub aliases: Vec<String>,
    /// The number of machines unless an experiment gives another; at least 1.
    pub machines: u32,
    /// The limits of each machine's network card, for all of its traffic.
    pub nic: Duplex,
    /// The limits of the whole site's traffic with other sites, if any.
    pub uplink: Option<Duplex>,
    /// The round trip between two of its machines.
    pub rtt_inside: Duration,
}

/// A rate in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "`{in: RATE, out: RATE}`")]
pub struct Duplex {
    /// The rate of arriving traffic.
    #[serde(rename = "in")]
    pub inbound: Bandwidth,
    /// The rate of leaving traffic.
    #[serde(rename = "out")]
    pub outbound: Bandwidth,
}

/// The sharing of the bandwidth from one site to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[serde(expecting = "`machine-to-site`, `machine-pair` or `site-pair`")]
pub enum Shaping {
    /// Each machine has the whole of it to each remote site, limited where it sends. Only this reproduces the ratios of
    /// the Gaia paper's Figure 3.
    #[default]
    MachineToSite,
    /// Each pair of machines has the whole of it.
    MachinePair,
    /// All machines of the two sites share it.
    SitePair,
}

/// A value for every ordered pair of different sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SiteMatrix<T> {
    /// Row by row; nothing on the diagonal, something everywhere else.
    cells: Vec<Vec<Option<T>>>,
}

/// A profile that contradicts itself. Paths are those of a profile file: `sites[1].name`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum InvalidProfile {
    /// A profile without sites.
    #[error("sites: none; expected at least one")]
    NoSites,
    #[error("sites: {found}, the most is {MAX_SITES}")]
    TooManySites {
        /// The number of sites found.
        found: usize,
    },
    /// A name that is empty or blank.
    #[error("{path}: empty; expected a name")]
    EmptyName {
        /// The path of the field.
        path: String,
    },
    /// A name, region or alias that is taken, upper and lower case being the same.
    #[error("{path}: `{name}` is {first_path} already; a name, region or alias may stand once")]
    DuplicateName {
        /// The path of the field.
        path: String,
        name: String,
        /// The path of the first field with it.
        first_path: String,
    },
    /// A site without machines.
    #[error("sites[{site}]: 0 machines; expected at least 1 (`machines`, or `machines-per-site` of the profile)")]
    NoMachines {
        /// The position of the site.
        site: usize,
    },
    /// A matrix of another size than the list of sites.
    #[error("{matrix}: not {sites} x {sites}; expected a row and a column for each of the {sites} sites")]
    NotSquare {
        matrix: &'static str,
        /// The number of sites.
        sites: usize,
    },
    /// A pair of sites without a value.
    #[error("{matrix}: missing from {from} to {to}")]
    Missing {
        matrix: &'static str,
        /// The site of the row.
        from: String,
        /// The site of the column.
        to: String,
    },
    /// A value from a site to itself, which belongs elsewhere.
    #[error("{matrix}: {site} to itself; expected nothing on the diagonal")]
    Diagonal { matrix: &'static str, site: String },
    /// A rate above [`MAX_RATE`].
    #[error("{path}: {found}: expected at most {MAX_RATE}")]
    Rate {
        /// The path of the field.
        path: String,
        found: Bandwidth,
    },
    /// A delay above [`MAX_DELAY`].
    #[error("{path}: {found}: expected at most {MAX_DELAY}")]
    Delay {
        /// The path of the field.
        path: String,
        found: Duration,
    },
    /// Buckets through which nothing fits.
    #[error("depth: 0 B; expected at least one byte")]
    ZeroDepth,
}

impl Profile {
    /// Checks the rules that the types cannot express: names, shapes, completeness. Profiles that were read have passed it.
    pub fn check(&self) -> Result<(), InvalidProfile> {
        check_sites(&self.sites)?;
        if let Some(site) = self.sites.iter().position(|site| site.machines == 0) {
            return Err(InvalidProfile::NoMachines { site });
        }
        self.bandwidth.check("bandwidth", &self.sites)?;
        self.rtt.check("rtt", &self.sites)?;
        self.check_rates()?;
        self.check_delays()?;
        if self.depth == Some(ByteSize::from_bytes(0)) {
            return Err(InvalidProfile::ZeroDepth);
        }
        Ok(())
    }

    /// Every rate must be one that the link model counts.
    fn check_rates(&self) -> Result<(), InvalidProfile> {
        let check = |path: &dyn Fn() -> String, found: Bandwidth| {
            if found > MAX_RATE { Err(InvalidProfile::Rate { path: path(), found }) } else { Ok(()) }
        };
        for (position, site) in self.sites.iter().enumerate() {
            for (name, duplex) in [("nic", Some(site.nic)), ("uplink", site.uplink)] {
                let Some(duplex) = duplex else { continue };
                check(&|| format!("sites[{position}].{name}.in"), duplex.inbound)?;
                check(&|| format!("sites[{position}].{name}.out"), duplex.outbound)?;
            }
        }
        self.each_pair(&self.bandwidth, "bandwidth", check)
    }

    /// Every delay must leave time for a run.
    fn check_delays(&self) -> Result<(), InvalidProfile> {
        let check = |path: &dyn Fn() -> String, found: Duration| {
            if found > MAX_DELAY { Err(InvalidProfile::Delay { path: path(), found }) } else { Ok(()) }
        };
        check(&|| "jitter".into(), self.jitter)?;
        for (position, site) in self.sites.iter().enumerate() {
            check(&|| format!("sites[{position}].rtt-inside"), site.rtt_inside)?;
        }
        self.each_pair(&self.rtt, "rtt", check)
    }

    /// Checks every value of `matrix`, which is complete.
    fn each_pair<T: Copy>(
        &self,
        matrix: &SiteMatrix<T>,
        name: &str,
        check: impl Fn(&dyn Fn() -> String, T) -> Result<(), InvalidProfile>,
    ) -> Result<(), InvalidProfile> {
        for (row, from) in matrix.cells.iter().zip(&self.sites) {
            for (value, to) in row.iter().zip(&self.sites).filter_map(|(cell, to)| Some(((*cell)?, to))) {
                check(&|| format!("{name}: from {} to {}", from.name, to.name), value)?;
            }
        }
        Ok(())
    }

    /// The same network with every limit on traffic between sites times `times`: the bandwidths between them and the
    /// uplinks of whole sites, each to the nearest bit/s, at least 1. Network cards stay: they are the machines'.
    #[must_use]
    pub fn wan_times(&self, times: f64) -> Profile {
        let rate = |rate: Bandwidth| {
            let bits = rate.as_bits_per_second() as f64 * times;
            Bandwidth::from_bits_per_second((bits.round() as u64).max(1))
        };
        let both = |duplex: Duplex| Duplex { inbound: rate(duplex.inbound), outbound: rate(duplex.outbound) };
        // All fields by name, so that whoever adds a limit decides here whether it is one between sites.
        let Profile { name, title, source, date, notes, sites, bandwidth, rtt, jitter, shaping, depth } = self.clone();
        let site = |site: Site| {
            let Site { name, region, aliases, machines, nic, uplink, rtt_inside } = site;
            Site { name, region, aliases, machines, nic, uplink: uplink.map(both), rtt_inside }
        };
        let bandwidth = SiteMatrix::from_fn(sites.len(), |from, to| bandwidth.value(from, to).map(rate));
        let sites = sites.into_iter().map(site).collect();
        Profile { name, title, source, date, notes, sites, bandwidth, rtt, jitter, shaping, depth }
    }

    /// The same network with every round trip between sites times `times`, to the nearest nanosecond. Those inside sites stay.
    #[must_use]
    pub fn rtt_times(&self, times: f64) -> Profile {
        let longer = |rtt: Duration| Duration::from_nanos((rtt.as_nanos() as f64 * times).round() as u64);
        let rtt = SiteMatrix::from_fn(self.sites.len(), |from, to| self.rtt.value(from, to).map(longer));
        Profile { rtt, ..self.clone() }
    }

    /// The number of machines in each site unless an experiment gives another.
    pub fn default_machines(&self) -> Vec<u32> {
        self.sites.iter().map(|site| site.machines).collect()
    }
}

impl Site {
    /// All names of the site, each with its place under the site in a profile file.
    pub(crate) fn names(&self) -> impl Iterator<Item = (String, &str)> {
        let name = std::iter::once(("name".to_owned(), self.name.as_str()));
        let region = self.region.iter().map(|region| ("region".to_owned(), region.as_str()));
        let aliases = self.aliases.iter().enumerate().map(|(i, alias)| (format!("aliases[{i}]"), alias.as_str()));
        name.chain(region).chain(aliases)
    }
}

impl<T: Copy> SiteMatrix<T> {
    /// The matrix of `sites` sites with `value(from, to)` off the diagonal; `None` leaves a hole that
    /// [`Profile::check`] reports.
    pub fn from_fn(sites: usize, mut value: impl FnMut(SiteId, SiteId) -> Option<T>) -> Self {
        let id = |site: usize| SiteId(u32::try_from(site).expect("far fewer sites than that"));
        let row = |from: usize, value: &mut dyn FnMut(SiteId, SiteId) -> Option<T>| {
            (0..sites).map(|to| if from == to { None } else { value(id(from), id(to)) }).collect()
        };
        SiteMatrix { cells: (0..sites).map(|from| row(from, &mut value)).collect() }
    }

    /// The value from `from` to `to`; `None` from a site to itself.
    pub fn value(&self, from: SiteId, to: SiteId) -> Option<T> {
        self.cells[from.index()][to.index()]
    }

    /// Every value, row by row.
    pub fn values(&self) -> impl Iterator<Item = T> + '_ {
        self.cells.iter().flatten().filter_map(|cell| *cell)
    }

    /// Reports missing values and values on the diagonal.
    fn check(&self, matrix: &'static str, sites: &[Site]) -> Result<(), InvalidProfile> {
        if self.cells.len() != sites.len() || self.cells.iter().any(|row| row.len() != sites.len()) {
            return Err(InvalidProfile::NotSquare { matrix, sites: sites.len() });
        }
        for (row, from) in self.cells.iter().zip(sites) {
            for (cell, to) in row.iter().zip(sites) {
                let is_diagonal = std::ptr::eq(from, to);
                if is_diagonal && cell.is_some() {
                    return Err(InvalidProfile::Diagonal { matrix, site: from.name.clone() });
                }
                if !is_diagonal && cell.is_none() {
                    let (from, to) = (from.name.clone(), to.name.clone());
                    return Err(InvalidProfile::Missing { matrix, from, to });
                }
            }
        }
        Ok(())
    }
}

/// The form in which names are compared: without regard to case or surrounding space.
pub(crate) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Checks everything that needs no matrix: readers do so before they make one, whose size is the square of the number of sites.
fn check_sites(sites: &[Site]) -> Result<(), InvalidProfile> {
    if sites.is_empty() {
        return Err(InvalidProfile::NoSites);
    }
    if sites.len() > MAX_SITES {
        return Err(InvalidProfile::TooManySites { found: sites.len() });
    }
    check_names(sites)
}

/// Every name, region and alias must lead to one site.
fn check_names(sites: &[Site]) -> Result<(), InvalidProfile> {
    let mut taken = BTreeMap::new();
    for (position, site) in sites.iter().enumerate() {
        for (place, name) in site.names() {
            let path = format!("sites[{position}].{place}");
            let key = folded(name);
            if key.is_empty() {
                return Err(InvalidProfile::EmptyName { path });
            }
            if let Some(first_path) = taken.get(&key) {
                let (name, first_path) = (name.to_owned(), String::clone(first_path));
                return Err(InvalidProfile::DuplicateName { path, name, first_path });
            }
            taken.insert(key, path);
        }
    }
    Ok(())
}
