//! The messages between machines.
//!
//! Clocks travel with the updates they vouch for: an `Update` ends its worker's clock, a `Mirror` those of the sites whose
//! updates it carries, so neither can overtake. Requests and barriers are control messages and overtake data.

use emulator::id::SiteId;
use emulator::node::Class;
use emulator::time::Instant;
use serde::{Deserialize, Serialize};

use crate::breakdown::Phases;
use crate::sync::config::{Encoding, Encodings};
use crate::wire::{self, Payload};
use std::fmt;
use std::sync::Arc;

/// Bytes of every message before its data (kind, sender, receiver, clock, lengths, time stamps), but for further clocks and
/// numbers of rows.
pub const HEADER_BYTES: u64 = 48;

/// A site and how many of its clocks are complete.
pub type SiteClock = (SiteId, u32);

/// The header bytes of every clock of a `Mirror` after the first.
pub const SITE_CLOCK_BYTES: u64 = 8;

/// Updates of one site that a barrier announces: those that complete its clocks `first` to `until`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Announced {
    /// The site that made the updates.
    pub site: SiteId,
    /// The first clock, counted as complete, of which updates are under way: a read for an earlier clock needs none of them.
    pub first: u32,
    /// The last clock, counted as complete, of which updates are under way.
    pub until: u32,
}

impl fmt::Display for Announced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Announced { site, first, until } = self;
        match first == until {
            true => write!(f, "clock {until} of site {}", site.0),
            false => write!(f, "clocks {first} to {until} of site {}", site.0),
        }
    }
}

/// The header bytes of every entry of a `Barrier` after the first.
pub const ANNOUNCED_BYTES: u64 = 12;

/// The header bytes of every row of a `PartialUpdate`.
pub const ROW_NUMBER_BYTES: u64 = 4;

/// A message between two machines, or between the two halves of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// Worker to shard, once, before everything else: the rows it will read and update.
    Declare {
        /// Row numbers over all tables, ascending.
        rows: Arc<[u32]>,
    },
    /// Worker to shard: send the declared rows as soon as they are fit for `clock`.
    Read {
        /// The clock that they are for.
        clock: u32,
        /// The time of the worker's request.
        asked_at: Instant,
    },
    /// Shard to worker: the declared rows.
    Rows(Rows),
    /// Worker to shard: the changes of one clock, which is now complete.
    Update {
        /// The clock of the changes, counted from 0.
        clock: u32,
        /// Changes of the declared rows of this shard, one after another.
        payload: Payload,
        /// The time at which the worker had the changes.
        sent_at: Instant,
    },
    /// Worker to shard, where changes are sent all the time (Bösen-style): changes of some rows.
    PartialUpdate {
        /// The number of the worker's clocks that are complete with it: all their changes of this shard's rows are sent.
        complete: u32,
        /// Row numbers over all tables, ascending.
        rows: Arc<[u32]>,
        /// Changes of these rows, one after another.
        payload: Payload,
        /// The time at which the worker sent it.
        sent_at: Instant,
    },
    /// Shard to the shards of the same rows in other sites: significant updates, and the clocks that they complete.
    Mirror {
        /// For each site that the updates come from (through a hub there are several), the clocks complete there, all of
        /// whose significant updates are now sent. Never empty.
        clocks: Arc<[SiteClock]>,
        /// Accumulated updates of the shard's floats.
        payload: Payload,
        /// The time at which the shard had the updates.
        sent_at: Instant,
    },
    /// Shard to the same: rows whose updates are under way (selective barrier).
    Barrier {
        /// The clocks that the announced `Mirror` completes, for each site that has moved with it: through a hub there may be several.
        /// That message lifts the barrier. Never empty.
        announced: Arc<[Announced]>,
        /// Positions of the rows in the shard, ascending.
        rows: Arc<[u32]>,
    },
}

/// The declared rows of one shard as it held them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// The floats, row after row.
    pub payload: Payload,
    /// The clock that they were asked for.
    pub asked_for: u32,
    /// The smallest clock among the server's workers.
    pub data_clock: u32,
    /// The reader's own clocks that are in them; where changes are sent all the time, the reader's messages.
    pub includes: u32,
    /// The phases of the time between asking and sending.
    pub phases: Phases,
}

impl Message {
    /// The queue that it waits in.
    pub fn class(&self) -> Class {
        match self {
            // A declaration goes with the requests: the first of them must not overtake it.
            Message::Declare { .. } | Message::Read { .. } | Message::Barrier { .. } => Class::Control,
            Message::Rows(_) | Message::Update { .. } | Message::PartialUpdate { .. } | Message::Mirror { .. } => {
                Class::Data
            }
        }
    }

    /// Bytes before the data.
    pub fn header_bytes(&self) -> u64 {
        match self {
            Message::Mirror { clocks, .. } => HEADER_BYTES + SITE_CLOCK_BYTES * (clocks.len() as u64).saturating_sub(1),
            Message::Barrier { announced, .. } => {
                HEADER_BYTES + ANNOUNCED_BYTES * (announced.len() as u64).saturating_sub(1)
            }
            Message::PartialUpdate { rows, .. } => HEADER_BYTES + ROW_NUMBER_BYTES * rows.len() as u64,
            _ => HEADER_BYTES,
        }
    }

    /// The encoding of its data: between the servers of different sites, or inside a group of servers and workers.
    pub fn encoding(&self, encodings: &Encodings) -> Encoding {
        match self {
            Message::Mirror { .. } | Message::Barrier { .. } => encodings.between,
            Message::Declare { .. }
            | Message::Read { .. }
            | Message::Rows(_)
            | Message::Update { .. }
            | Message::PartialUpdate { .. } => encodings.inside,
        }
    }

    /// Data bytes as encoded: what similitude scales. The header comes on top.
    pub fn data_bytes(&self, encodings: &Encodings) -> u64 {
        let encoding = self.encoding(encodings);
        match self {
            Message::Read { .. } => 0,
            Message::Declare { rows } | Message::Barrier { rows, .. } => wire::indexes_len(rows, encoding),
            Message::Rows(Rows { payload, .. })
            | Message::Update { payload, .. }
            | Message::PartialUpdate { payload, .. }
            | Message::Mirror { payload, .. } => payload.encoded_len(encoding),
        }
    }
}
