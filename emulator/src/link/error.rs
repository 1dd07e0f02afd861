//! Networks and snapshots that the link model refuses.

use crate::id::MachineId;

/// The reason why a network cannot be emulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum LinkError {
    /// The chunk size is outside its range.
    #[error("chunk of {found} bytes: expected 1 to {most}")]
    Chunk {
        found: u64,
        /// The largest that works.
        most: u64,
    },
    /// Routes and machines do not match.
    #[error("{found} routes for {machines} machines: expected one for every ordered pair, {expected}")]
    Routes { found: usize, machines: usize, expected: usize },
    /// A limit whose rate is too large to count with.
    #[error("limit `{limit}` has a rate of {found} bit/s: expected at most {most}")]
    Rate {
        limit: String,
        /// Bits per second found.
        found: u64,
        /// The largest that works.
        most: u64,
    },
    /// A route names a limit that does not exist.
    #[error("route {from} to {to} uses limit {found}: the network has {limits}")]
    NoSuchLimit {
        /// Number of the sending machine.
        from: MachineId,
        /// Number of the receiving machine.
        to: MachineId,
        found: u32,
        /// The number of limits in the network.
        limits: usize,
    },
    /// A route names a limit twice.
    #[error("route {from} to {to} uses limit `{limit}` twice")]
    RepeatedLimit {
        /// Number of the sending machine.
        from: MachineId,
        /// Number of the receiving machine.
        to: MachineId,
        limit: String,
    },
}

/// A snapshot does not fit the network that it is restored on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("snapshot of {found_pairs} ordered pairs and {found_limits} limits: expected {pairs} and {limits}")]
pub struct RestoreError {
    /// Ordered pairs of the snapshot.
    pub found_pairs: usize,
    /// Limits of the snapshot.
    pub found_limits: usize,
    /// Ordered pairs of the network.
    pub pairs: usize,
    /// Limits of the network.
    pub limits: usize,
}
