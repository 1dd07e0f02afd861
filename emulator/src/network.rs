//! A network as the link model sees it: limits, and for every ordered pair of machines the limits on its path.
//!
//! [`crate::topology`] makes one from a profile; tests make them by hand. It never changes in a run.

use crate::id::{MachineId, SiteId};
use crate::time::Duration;
use crate::units::{Bandwidth, ByteSize};

/// A rate limit that flows may share: a token bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The limit's name in messages and reports: `m3 to São Paulo`, `m3 in`.
    pub name: String,
    /// The long-run rate of payload bytes.
    pub rate: Bandwidth,
    /// Bytes that may pass at once after a silence.
    pub depth: ByteSize,
}

/// The route from one machine to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Indexes into [`Network::limits`], in no particular order; a chunk reserves in all of them.
    pub limits: Vec<u32>,
    /// Propagation: half a round trip.
    pub delay: Duration,
    /// The largest extra delay; each message draws its own, evenly, and still arrives in order.
    pub jitter: Duration,
}

/// Limits and routes between `machines` machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The number of machines, numbered from 0.
    pub machines: usize,
    /// Every limit; routes refer to them by index.
    pub limits: Vec<Limit>,
    /// The route of every ordered pair; those from a machine to itself are never used.
    pub routes: Routes,
}

/// The routes of a [`Network`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routes {
    /// One for every ordered pair, at `from * machines + to`.
    Each(Vec<Route>),
    /// Made from the sites of two machines when one is asked for: memory for machines, not for pairs.
    Placed(PlacedRoutes),
}

/// The parts of which the routes between placed machines consist; [`crate::topology`] makes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedRoutes {
    /// The site of each machine.
    pub(crate) site_of: Vec<SiteId>,
    /// Outgoing limits of network cards, by machine.
    pub(crate) nic_out: Vec<u32>,
    /// Incoming limits of network cards, by machine.
    pub(crate) nic_in: Vec<u32>,
    /// By site; `None` means that the site has no limit.
    pub(crate) uplink_out: Vec<Option<u32>>,
    /// By site; `None` means that the site has no limit.
    pub(crate) uplink_in: Vec<Option<u32>>,
    /// The limits between sites.
    pub(crate) shared: SharedLimits,
    /// The delay from site to site, row by row; inside a site on the diagonal.
    pub(crate) delays: Vec<Duration>,
    /// The largest extra delay between sites.
    pub(crate) jitter: Duration,
}

/// The limits between sites by sender and receiver; `None` inside a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SharedLimits {
    /// Whether senders are machines; else they are sites.
    pub(crate) by_sender: By,
    /// Whether receivers are machines; else they are sites.
    pub(crate) by_receiver: By,
    /// Row by row.
    pub(crate) limits: Vec<Vec<Option<u32>>>,
}

/// What one end of a limit between sites is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Machine,
    Site,
}

impl Network {
    /// The route from `from` to `to`.
    ///
    /// # Panics
    /// If the network does not have these machines.
    pub fn route(&self, from: MachineId, to: MachineId) -> Route {
        match &self.routes {
            Routes::Each(routes) => routes[from.index() * self.machines + to.index()].clone(),
            Routes::Placed(placed) => placed.route(from, to),
        }
    }

    /// The delay of the route from `from` to `to`.
    ///
    /// # Panics
    /// If the network does not have these machines.
    pub fn delay(&self, from: MachineId, to: MachineId) -> Duration {
        match &self.routes {
            Routes::Each(routes) => routes[from.index() * self.machines + to.index()].delay,
            Routes::Placed(placed) => placed.delay(from, to),
        }
    }
}

impl Routes {
    /// The number of ordered pairs that have a route.
    pub(crate) fn pairs(&self) -> usize {
        match self {
            Routes::Each(routes) => routes.len(),
            Routes::Placed(placed) => placed.site_of.len().pow(2),
        }
    }
}

impl PlacedRoutes {
    fn route(&self, from: MachineId, to: MachineId) -> Route {
        if from == to {
            return Route::default();
        }
        let (source, target) = (self.site_of[from.index()], self.site_of[to.index()]);
        let mut limits = vec![self.nic_out[from.index()], self.nic_in[to.index()]];
        let mut jitter = Duration::ZERO;
        if source != target {
            limits.extend(self.shared.between((from, source), (to, target)));
            limits.extend(self.uplink_out[source.index()]);
            limits.extend(self.uplink_in[target.index()]);
            jitter = self.jitter;
        }
        Route { limits, delay: self.delay(from, to), jitter }
    }

    fn delay(&self, from: MachineId, to: MachineId) -> Duration {
        if from == to {
            return Duration::ZERO;
        }
        let sites = self.uplink_out.len();
        self.delays[self.site_of[from.index()].index() * sites + self.site_of[to.index()].index()]
    }
}

impl SharedLimits {
    fn between(&self, from: (MachineId, SiteId), to: (MachineId, SiteId)) -> Option<u32> {
        let index = |by: By, (machine, site): (MachineId, SiteId)| match by {
            By::Machine => machine.index(),
            By::Site => site.index(),
        };
        self.limits[index(self.by_sender, from)][index(self.by_receiver, to)]
    }
}

impl Default for Routes {
    fn default() -> Routes {
        Routes::Each(Vec::new())
    }
}

impl FromIterator<Route> for Routes {
    fn from_iter<I: IntoIterator<Item = Route>>(routes: I) -> Routes {
        Routes::Each(routes.into_iter().collect())
    }
}

impl From<Vec<Route>> for Routes {
    fn from(routes: Vec<Route>) -> Routes {
        Routes::Each(routes)
    }
}
