//! A network as the link model sees it: limits, and for every ordered pair of machines the limits on its path.
//!
//! [`crate::topology`] makes one from a profile; tests make them by hand. It never changes in a run.

use crate::id::MachineId;
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
    /// One route for every ordered pair, at `from * machines + to`; those from a machine to itself are never used.
    pub routes: Vec<Route>,
}

impl Network {
    /// The route from `from` to `to`.
    pub fn route(&self, from: MachineId, to: MachineId) -> &Route {
        &self.routes[from.index() * self.machines + to.index()]
    }
}
