//! The arguments of models' decisions: the knowledge of a server or a worker when it asks, and the reason why a read waits.

use serde::{Deserialize, Serialize};

/// The reasons why a read waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hold {
    /// Workers of this server are too far behind the reader.
    Staleness,
    /// Another site is too far behind this one (mirror clock), or has not ended the round of this one.
    MirrorClock,
    /// A row's significant update that the read needs is announced and not here yet (selective barrier).
    BarredRow,
}

/// The knowledge of a server when it is asked for rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadState {
    /// The clock that the reader is about to compute.
    pub clock: u32,
    /// The smallest clock among this server's workers.
    pub data_clock: u32,
    /// The smallest mirror clock among the other sites; none without other sites.
    pub mirror_clock: Option<u32>,
    /// The clock at which the sites last made one of their copies; 0 before, and where they do not.
    pub merged_clock: u32,
    /// Whether announced updates of the reader's rows, of clocks that a read for this clock needs, are not here yet.
    pub barred: bool,
}

/// The knowledge of a worker about the rows in its cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheState {
    /// The clock that the worker is about to compute.
    pub clock: u32,
    /// The server's data clock when it sent the rows.
    pub data_clock: u32,
    /// The clock that the rows were asked for.
    pub asked_for: u32,
}

/// The progress of learning, for schedules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Clocks that the slowest worker of the server has done.
    pub clock: u32,
    /// Clocks in a pass over the data.
    pub clocks_per_pass: u32,
    /// The step size over the first.
    pub learning_rate_factor: f64,
}
