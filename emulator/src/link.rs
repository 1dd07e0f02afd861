//! docs later
mod bucket;
mod check;
mod exact;
mod fabric;
mod jitter;
mod schedule;
mod snapshot;
mod stream;

use serde::{Deserialize, Serialize};

use crate::id::MachineId;
use crate::node::Class;
use crate::time::Instant;
use crate::units::ByteSize;

pub use fabric::Fabric;
pub use snapshot::FabricSnapshot;

/// Settings of the link model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkConfig {
    /// The most charged bytes that leave at one instant of one stream.
    pub chunk: ByteSize,
}

impl Default for LinkConfig {
    fn default() -> Self {
        LinkConfig { chunk: ByteSize::from_bytes(16 * 1024) }
    }
}

/// What [`Fabric::poll_event`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkEvent {
    /// The last byte of a message has left; it will be at the receiver at `arrives_at`.
    Departed(Departure),
    /// The bytes waiting between two machines have changed.
    Backlog {
        /// The sender.
        from: MachineId,
        /// The receiver.
        to: MachineId,
        /// Charged bytes of both classes that have not left.
        backlog: ByteSize,
    },
}

/// A message that has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    /// The sender.
    pub from: MachineId,
    /// The receiver.
    pub to: MachineId,
    /// The queue it waited in.
    pub class: Class,
    /// The caller's handle.
    pub message: u64,
    /// When its last byte left.
    pub departed_at: Instant,
    /// When it is whole at the receiver.
    pub arrives_at: Instant,
}

/// What has left of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Whole messages.
    pub messages: u64,
    /// Charged bytes.
    pub charged: ByteSize,
}

/// A stream with bytes in it, for messages about a stalled run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The sender.
    pub from: MachineId,
    /// The receiver.
    pub to: MachineId,
    /// The queue.
    pub class: Class,
    /// Messages that have not left whole.
    pub messages: usize,
    /// Charged bytes that have not left.
    pub backlog: ByteSize,
    /// When the next chunk leaves.
    pub due: Instant,
}

/// Why a network cannot be emulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The chunk size is outside its range.
    #[error("chunk of {found} bytes: expected 1 to {most}")]
    Chunk {
        /// Bytes found.
        found: u64,
        /// The largest that works.
        most: u64,
    },
    /// Routes and machines do not match.
    #[error("{found} routes for {machines} machines: expected one for every ordered pair, {expected}")]
    Routes {
        /// Routes found.
        found: usize,
        /// Machines.
        machines: usize,
        /// Machines squared.
        expected: usize,
    },
    /// A limit that nothing passes, or too fast to count.
    #[error("limit `{limit}` has a rate of {found} bit/s: expected 1 to {most}")]
    Rate {
        /// The limit's name.
        limit: String,
        /// Bits a second found.
        found: u64,
        /// The largest that works.
        most: u64,
    },
    /// A route names a limit that does not exist.
    #[error("route {from} to {to} uses limit {found}: the network has {limits}")]
    NoSuchLimit {
        /// The sender.
        from: MachineId,
        /// The receiver.
        to: MachineId,
        /// The index found.
        found: u32,
        /// How many limits there are.
        limits: usize,
    },
    /// A route names a limit twice.
    #[error("route {from} to {to} uses limit `{limit}` twice")]
    RepeatedLimit {
        /// The sender.
        from: MachineId,
        /// The receiver.
        to: MachineId,
        /// The limit's name.
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
