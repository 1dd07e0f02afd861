//! A profile with machines placed in it, and the [`Network`] of limits and routes between them.
//!
//! Machines are numbered site by site, in the profile's order. Every machine has a limit on what it sends and one on
//! what it receives. On the way to another site come, by the profile's [`Shaping`], one of
//! * machine to site: the sender's own bucket for that remote site,
//! * machine pair: the bucket of the two machines,
//! * site pair: the bucket of the two sites,
//!
//! and the uplinks of the two sites where they have limits. Inside a site there are only the machines' own limits.

use thiserror::Error;

use crate::id::{MachineId, SiteId};
use crate::network::{By, Limit, Network, PlacedRoutes, Routes, SharedLimits};
use crate::profile::{InvalidProfile, Profile, Shaping, Site};
use crate::time::Duration;
use crate::units::{Bandwidth, ByteSize};

/// The most machines of a topology. Links take up to a kilobyte per ordered pair that talks, which would be 16 GB for all
/// pairs of this number.
pub const MAX_MACHINES: u32 = 4096;

/// The depth of a bucket, as the time in which its rate carries that many bytes.
const DEPTH_SPAN: Duration = Duration::from_millis(1);
/// The least depth of a bucket that many streams share: eight chunks of 16 KiB.
const SHARED_DEPTH_BYTES: u64 = 8 * 16 * 1024;

/// The reason why machines cannot be placed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum TopologyError {
    /// The profile contradicts itself.
    #[error("profile {profile}: {problem}")]
    Profile {
        /// The profile that cannot be placed, by name.
        profile: String,
        problem: InvalidProfile,
    },
    /// Not one number of machines for each site.
    #[error("machines per site: {found} numbers, expected {expected}, one for each site of profile {profile}")]
    Counts { profile: String, found: usize, expected: usize },
    /// A site would stay empty.
    #[error("machines per site: 0 in {site}; expected at least 1 (leave the site out of the profile instead)")]
    Empty { site: String },
    #[error("machines per site: {found} in all, the most is {MAX_MACHINES}")]
    TooMany { found: u64 },
}

/// Machines placed in the sites of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    profile: Profile,
    /// The first machine of each site, and one more entry: the number of machines.
    first: Vec<u32>,
    /// The site of each machine.
    site_of: Vec<SiteId>,
}

/// The depth of a token bucket of `rate` that the streams of one machine share: a millisecond of its rate.
///
/// More is a head start after every silence, which moves flow completion times away from max-min; less costs throughput
/// only where two limits of a route are saturated at once. `emulator::link` has the measurements.
pub const fn bucket_depth(rate: Bandwidth) -> ByteSize {
    rate.bytes_in(DEPTH_SPAN)
}

/// The depth of a bucket that the streams of many machines share (interfaces, uplinks, pairs of sites): the same, and at
/// least eight chunks, so that it finds tokens when the other limits of a route have them.
pub const fn shared_bucket_depth(rate: Bandwidth) -> ByteSize {
    let span = rate.bytes_in(DEPTH_SPAN).as_bytes();
    ByteSize::from_bytes(if span > SHARED_DEPTH_BYTES { span } else { SHARED_DEPTH_BYTES })
}

impl Topology {
    /// Places `machines_per_site[i]` machines in site `i` of `profile`.
    pub fn new(profile: &Profile, machines_per_site: &[u32]) -> Result<Topology, TopologyError> {
        let name = || profile.name.clone();
        profile.check().map_err(|problem| TopologyError::Profile { profile: name(), problem })?;
        if machines_per_site.len() != profile.sites.len() {
            let (found, expected) = (machines_per_site.len(), profile.sites.len());
            return Err(TopologyError::Counts { profile: name(), found, expected });
        }
        if let Some(empty) = machines_per_site.iter().position(|&machines| machines == 0) {
            return Err(TopologyError::Empty { site: profile.sites[empty].name.clone() });
        }
        let found: u64 = machines_per_site.iter().copied().map(u64::from).sum();
        if found > u64::from(MAX_MACHINES) {
            return Err(TopologyError::TooMany { found });
        }
        let mut first = vec![0];
        let mut site_of = Vec::new();
        for (site, &machines) in (0..).map(SiteId).zip(machines_per_site) {
            site_of.extend((0..machines).map(|_| site));
            first.push(first[site.index()] + machines);
        }
        Ok(Topology { profile: profile.clone(), first, site_of })
    }

    /// The profile that the machines are placed in.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The number of machines in all sites.
    pub fn machine_count(&self) -> usize {
        self.site_of.len()
    }

    /// All machines, site by site.
    pub fn machines(&self) -> impl ExactSizeIterator<Item = MachineId> + DoubleEndedIterator + use<> {
        let count = u32::try_from(self.site_of.len()).expect("at most MAX_MACHINES");
        (0..count).map(MachineId)
    }

    /// All sites, in the profile's order.
    pub fn sites(&self) -> impl ExactSizeIterator<Item = SiteId> + DoubleEndedIterator + use<> {
        let count = u32::try_from(self.profile.sites.len()).expect("at most MAX_SITES");
        (0..count).map(SiteId)
    }

    /// The profile's entry of a site.
    pub fn site(&self, site: SiteId) -> &Site {
        &self.profile.sites[site.index()]
    }

    /// The site of a machine.
    pub fn site_of(&self, machine: MachineId) -> SiteId {
        self.site_of[machine.index()]
    }

    /// The machines of a site, in order.
    pub fn machines_of(&self, site: SiteId) -> impl ExactSizeIterator<Item = MachineId> + DoubleEndedIterator + use<> {
        (self.first[site.index()]..self.first[site.index() + 1]).map(MachineId)
    }

    /// Whether the way between two machines leaves a site.
    pub fn is_wan(&self, from: MachineId, to: MachineId) -> bool {
        self.site_of(from) != self.site_of(to)
    }

    /// The rate of a single flow: the smallest limit of its route.
    pub fn rate_between(&self, from: MachineId, to: MachineId) -> Bandwidth {
        let (source, target) = (self.site_of(from), self.site_of(to));
        let nics = self.site(source).nic.outbound.min(self.site(target).nic.inbound);
        let Some(wan) = self.profile.bandwidth.value(source, target) else {
            return nics;
        };
        let uplinks = self.site(source).uplink.map(|u| u.outbound).into_iter();
        let uplinks = uplinks.chain(self.site(target).uplink.map(|u| u.inbound));
        uplinks.fold(nics.min(wan), Bandwidth::min)
    }

    /// The limits and routes between all machines.
    pub fn network(&self) -> Network {
        let limits = Limits::new(self);
        let Limits { all, nic_out, nic_in, uplink_out, uplink_in, shared, .. } = limits;
        let (by_sender, by_receiver) = ends(self.profile.shaping);
        let placed = PlacedRoutes {
            site_of: self.site_of.clone(),
            nic_out,
            nic_in,
            uplink_out,
            uplink_in,
            shared: SharedLimits { by_sender, by_receiver, limits: shared },
            delays: self.sites().flat_map(|from| self.sites().map(move |to| self.delay(from, to))).collect(),
            jitter: self.profile.jitter,
        };
        Network { machines: self.machine_count(), limits: all, routes: Routes::Placed(placed) }
    }

    /// The delay from a machine of one site to a machine of another, or inside a site.
    fn delay(&self, from: SiteId, to: SiteId) -> Duration {
        half(self.profile.rtt.value(from, to).unwrap_or(self.site(from).rtt_inside))
    }
}

/// What the ends of a limit between sites are.
fn ends(shaping: Shaping) -> (By, By) {
    match shaping {
        Shaping::MachineToSite => (By::Machine, By::Site),
        Shaping::MachinePair => (By::Machine, By::Machine),
        Shaping::SitePair => (By::Site, By::Site),
    }
}

/// Every limit of a topology, and the index of each by its place.
#[derive(Default)]
struct Limits {
    all: Vec<Limit>,
    depth: Option<ByteSize>,
    /// Outgoing limits of network cards, by machine.
    nic_out: Vec<u32>,
    /// Incoming limits of network cards, by machine.
    nic_in: Vec<u32>,
    /// By site; `None` means that the site has no limit.
    uplink_out: Vec<Option<u32>>,
    /// By site; `None` means that the site has no limit.
    uplink_in: Vec<Option<u32>>,
    /// By sender and receiver, each a machine or a site, depending on the shaping; `None` inside a site.
    shared: Vec<Vec<Option<u32>>>,
}

impl Limits {
    fn new(topology: &Topology) -> Limits {
        let mut limits = Limits { depth: topology.profile.depth, ..Limits::default() };
        for machine in topology.machines() {
            let nic = topology.site(topology.site_of(machine)).nic;
            let (out, inward) = (format!("{machine} out"), format!("{machine} in"));
            let out = limits.add(out, nic.outbound, shared_bucket_depth);
            limits.nic_out.push(out);
            let inward = limits.add(inward, nic.inbound, shared_bucket_depth);
            limits.nic_in.push(inward);
        }
        for site in &topology.profile.sites {
            let out = site
                .uplink
                .map(|uplink| limits.add(format!("{} out", site.name), uplink.outbound, shared_bucket_depth));
            limits.uplink_out.push(out);
            let inward =
                site.uplink.map(|uplink| limits.add(format!("{} in", site.name), uplink.inbound, shared_bucket_depth));
            limits.uplink_in.push(inward);
        }
        limits.add_shared(topology);
        limits
    }

    /// The buckets between sites, one for every pair of senders and receivers that the shaping distinguishes.
    fn add_shared(&mut self, topology: &Topology) {
        let machines = || topology.machines().map(|m| (topology.site_of(m), m.to_string())).collect::<Vec<_>>();
        let sites = || topology.sites().map(|s| (s, topology.site(s).name.clone())).collect::<Vec<_>>();
        let all = |by| if by == By::Machine { machines() } else { sites() };
        let (by_sender, by_receiver) = ends(topology.profile.shaping);
        let (senders, receivers) = (all(by_sender), all(by_receiver));
        let depth = match topology.profile.shaping {
            Shaping::MachineToSite | Shaping::MachinePair => bucket_depth,
            Shaping::SitePair => shared_bucket_depth,
        };
        for (source, sender) in &senders {
            let row = receivers.iter().map(|(target, receiver)| {
                let rate = topology.profile.bandwidth.value(*source, *target)?;
                Some(self.add(format!("{sender} to {receiver}"), rate, depth))
            });
            let row = row.collect();
            self.shared.push(row);
        }
    }

    fn add(&mut self, name: String, rate: Bandwidth, depth: fn(Bandwidth) -> ByteSize) -> u32 {
        let id = u32::try_from(self.all.len()).expect("MAX_MACHINES squared fits");
        self.all.push(Limit { name, rate, depth: self.depth.unwrap_or_else(|| depth(rate)) });
        id
    }
}

/// One direction of a round trip.
fn half(rtt: Duration) -> Duration {
    Duration::from_nanos(rtt.as_nanos() / 2)
}
