//! Names of machines and sites as small integers: indexes into a [`crate::topology::Topology`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// A machine: one worker and one server shard. Numbered from 0, site by site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MachineId(pub u32);

/// A site: one data centre. Numbered from 0 in the profile's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SiteId(pub u32);

impl MachineId {
    /// The position in arrays with one entry per machine.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl SiteId {
    /// The position in arrays with one entry per site.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0)
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}
