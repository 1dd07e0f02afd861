//! The link model: limits shared by many streams, as joint token buckets.
//!
//! # Model
//! Every ordered pair of machines has two streams, control and data, each a first-in-first-out queue of bytes. A stream
//! has at most one *chunk* outstanding: up to [`LinkConfig::chunk`] charged bytes, across messages for data (so that
//! chunks are equal, which fairness needs), from one message for control. When a chunk is formed it is *booked*: it gets
//! the first instant at which every limit of its route has the tokens for it and still has them for all that is booked
//! later. At that instant it leaves, all at once, in every limit; then the stream forms its next chunk. So a chunk is
//! one event, and there is nothing between the limits that could queue. A message leaves with its last byte and arrives
//! after the route's delay and a jitter drawn from `0..=jitter`, but never before an earlier one of its stream.
//!
//! # The guarantee of a limit
//! With rate `r`, depth `d` and chunk size `c`: in every closed interval of length `s` at most `b + r s` bytes leave, with
//! `b = d` when `d >= 2 c`, `b = 2 c` when `d` is between `c` and `2 c`, and `b = d + c` when `d < c`. The last case is
//! the depth again for bytes that pass evenly before the chunk is counted as gone. Such a chunk takes
//! `(c - d) / r` even through an idle limit. Any depth works, 0 too. A limit with enough waiting passes its rate; the
//! remainders of nanoseconds are carried.
//!
//! # Fairness
//! Streams that share limits get max-min fair rates. Over 462 flows of 2 to 40 MB among 22 machines the flow completion
//! times differ from exact max-min ([`crate::maxmin`]) by 0.1 to 0.2 % on average and 1.0 to 1.8 % at the 99th percentile
//! (`tests/link_accuracy.rs`: machine-to-site limits with NICs; pairs with uplinks; site pairs), with chunks of 16 KiB
//! and a depth of a millisecond of the rate, but at least eight chunks in limits that many streams share (128 KiB:
//! 1 ms at 1 Gbit/s). These numbers depend on:
//! * Chunks of 32 KiB, the depths in proportion: 0.2 to 0.3 % mean, 1.9 to 2.6 % at p99. Of 64 KiB: 0.3 to 0.5 %, 3.6 to
//!   4.5 %.
//! * A depth below about six chunks in a limit that many streams saturate loses throughput, because two limits seldom
//!   have tokens at the same instant: 64 KiB chunks with 128 KiB of depth, 1.5 to 7 % mean.
//! * Depth is also a head start after a silence: 256 KiB in every limit, slow ones too, 0.9 to 1.5 % mean and 9 to 12 % at
//!   p99.
//! * Streams that start together would leave in step: the first chunk after a silence is shorter, by a part that differs
//!   from pair to pair.
//!
//! # Control and data
//! Control is booked as if there were no data: it waits for tokens that have been used, never for data that is booked.
//! Data in its way is booked anew. An eighth of the depth is kept from data, so that this is rare. Control can starve
//! data, by design; data cannot starve: a booking only ever moves for control. Nothing can deadlock: every outstanding
//! chunk has an instant.
//!
//! # Size
//! A pair has streams from its first message on, so memory follows the pairs that talk, not the square of the machines
//! (`benches/growth.rs`). The calendar of a limit is a list: a booking takes time in proportion to the streams that share it.
//!
//! # Order
//! Things due at the same instant happen control first, then by ordered pair (`from`, then `to`); sends happen where the
//! caller places them. All state is integers, so equal calls give equal events on any machine.
//!
//! # Example
//! One way of 8 Mbit/s between two machines that are 60 ms of round trip apart:
//!
//! ```
//! use std::sync::Arc;
//!
//! use emulator::id::MachineId;
//! use emulator::link::{Fabric, LinkConfig, LinkEvent};
//! use emulator::network::{Limit, Network, Route};
//! use emulator::node::Class;
//! use emulator::time::{Duration, Instant};
//! use emulator::units::{Bandwidth, ByteSize};
//!
//! let rate = Bandwidth::from_bits_per_second(8_000_000);
//! let limit = Limit { name: "m0 out".to_owned(), rate, depth: ByteSize::from_bytes(0) };
//! let there = Route { limits: vec![0], delay: Duration::from_millis(30), jitter: Duration::ZERO };
//! // One route per ordered pair, at `from * machines + to`.
//! let routes = vec![Route::default(), there, Route::default(), Route::default()];
//! let network = Arc::new(Network { machines: 2, limits: vec![limit], routes: routes.into() });
//!
//! let mut fabric = Fabric::new(network, LinkConfig::default(), 1)?;
//! let megabyte = ByteSize::from_bytes(1_000_000);
//! fabric.send(Instant::START, MachineId(0), MachineId(1), Class::Data, megabyte, 7);
//!
//! let mut arrivals = Vec::new();
//! while let Some(due) = fabric.poll_timeout() {
//!     fabric.handle_timeout(due);
//!     while let Some(event) = fabric.poll_event() {
//!         if let LinkEvent::Departed(departure) = event {
//!             arrivals.push((departure.message, departure.arrives_at));
//!         }
//!     }
//! }
//! // A second at the link's rate, then the delay.
//! assert_eq!(arrivals, [(7, Instant::START + Duration::from_millis(1_030))]);
//! # Ok::<(), emulator::link::LinkError>(())
//! ```
//!
//! # Large transfers
//! Events are in proportion to bytes. [`fluid`] is a second model, with one event per message and exact max-min fairness; [`Links`] is
//! either.
//!
//! # Not modelled
//! No loss, no retransmission, no congestion control, no cap on the queue of a stream: senders watch their backlog.
//! Nothing here reads a clock. Times reach 584 years, a stream 2^64 bytes; beyond that it panics.

mod bucket;
mod check;
mod due_tree;
mod error;
mod exact;
mod fabric;
pub mod fluid;
mod jitter;
mod links;
mod queue;
mod snapshot;
mod stream;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::MachineId;
use crate::network::Network;
use crate::node::Class;
use crate::time::Instant;
use crate::units::ByteSize;

pub use error::{LinkError, RestoreError};
pub use fabric::Fabric;
pub use links::{LinkModel, Links, LinksSnapshot, RestoreLinksError};
pub use snapshot::FabricSnapshot;

/// Settings of the link model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkConfig {
    /// The largest number of charged bytes of one stream that leave at one instant. Smaller chunks are fairer, and cost more events.
    pub chunk: ByteSize,
}

impl LinkConfig {
    /// Whether [`Fabric::new`] takes `network`.
    ///
    /// # Errors
    /// The first problem found.
    pub fn check(self, network: &Network) -> Result<(), LinkError> {
        check::check(network, self.chunk.as_bytes()).map(|_| ())
    }
}

impl Default for LinkConfig {
    fn default() -> Self {
        LinkConfig { chunk: ByteSize::from_bytes(16 * 1024) }
    }
}

/// An event that [`Fabric::poll_event`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkEvent {
    /// The last byte of a message has left; it will be at the receiver at `arrives_at`.
    Departed(Departure),
    /// The bytes waiting between two machines have changed.
    Backlog {
        /// The machine that sends.
        from: MachineId,
        /// The machine that receives.
        to: MachineId,
        /// Charged bytes of both classes that have not left.
        backlog: ByteSize,
    },
}

/// A message that has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    /// The machine that sends.
    pub from: MachineId,
    /// The machine that receives.
    pub to: MachineId,
    /// The queue it waited in.
    pub class: Class,
    /// The handle that the caller gave to [`Fabric::send`].
    pub message: u64,
    /// The instant at which its last byte left.
    pub departed_at: Instant,
    /// The instant at which its last byte arrives at the receiver.
    pub arrives_at: Instant,
}

/// The traffic that has left on a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Messages whose last byte has left.
    pub messages: u64,
    /// Charged bytes of these and of the message that is leaving.
    pub charged: ByteSize,
}

/// A stream with bytes in it, for messages about a stalled run: `m3 to m7: 2 data messages, 81920 bytes, next at 1.5 s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The machine that sends.
    pub from: MachineId,
    /// The machine that receives.
    pub to: MachineId,
    /// The queue in which they wait.
    pub class: Class,
    /// Messages that have not left whole.
    pub messages: usize,
    /// Charged bytes that have not left.
    pub backlog: ByteSize,
    /// The instant at which the next chunk leaves.
    pub due: Instant,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match self.class {
            Class::Control => "control",
            Class::Data => "data",
        };
        let Waiting { from, to, messages, due, .. } = self;
        write!(f, "{from} to {to}: {messages} {class} messages, {} bytes, next at {due}", self.backlog.as_bytes())
    }
}
