//! The interface of a sync model: what it is asked, and what it answers.

use emulator::units::ByteSize;
use serde::{Deserialize, Serialize};

use super::budget::Budget;
use super::rule::Rule;

/// When a server applies the updates that reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apply {
    /// When those of all workers are there, in the workers' order: the same sums whatever the network.
    InWorkerOrder,
    /// At once.
    OnArrival,
}

/// Why a read waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hold {
    /// Workers of this server are too far behind the reader.
    Staleness,
    /// Another site is too far behind this one (mirror clock).
    MirrorClock,
    /// A row's significant update that the read needs is announced and not here yet (selective barrier).
    BarredRow,
}

/// What a server knows when it is asked for rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadState {
    /// The clock that the reader is about to compute.
    pub clock: u32,
    /// The smallest clock among this server's workers.
    pub data_clock: u32,
    /// The smallest mirror clock among the other sites; none without other sites.
    pub mirror_clock: Option<u32>,
    /// Whether announced updates of the reader's rows, of clocks that a read for this clock needs, are not here yet.
    pub barred: bool,
}

/// What a worker knows of the rows in its cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheState {
    /// The clock that the worker is about to compute.
    pub clock: u32,
    /// The server's data clock when it sent the rows.
    pub data_clock: u32,
    /// The clock that the rows were asked for.
    pub asked_for: u32,
}

/// Where learning stands, for schedules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Clocks done.
    pub clock: u32,
    /// Clocks in a pass over the data.
    pub clocks_per_pass: u32,
    /// The step size over the first.
    pub learning_rate_factor: f64,
}

/// What leaves for the other sites when a server's clock has moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outgoing {
    /// There are no other servers of these parameters.
    Nothing,
    /// Updates whose magnitude exceeds `threshold` of the value; 0 means all.
    Significant {
        /// A share: 0.01 is 1 %.
        threshold: f32,
    },
}

/// What is sent to the other sites while links are idle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestEffort {
    /// Updates above this share of the threshold of [`Outgoing::Significant`].
    pub of_threshold: f64,
    /// At most so many at once as take so many seconds of the slowest link; the most significant ones.
    pub seconds: f64,
}

/// When workers' changes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Communication {
    /// At the end of clocks, all at once.
    AtTheEnd,
    /// All the time, rows that changed most first.
    Continuous {
        /// A clock is computed in so many parts, each a clock of the workload; after each its changes may go.
        parts: u32,
        /// What a machine sends a second at most, updates and rows.
        budget: Budget,
        /// What a message of updates takes at most, but for a single row; and what may wait on a link for another to be sent.
        message: ByteSize,
    },
}

/// A sync model.
pub trait SyncModel: Send + Sync {
    /// When updates are applied.
    fn apply(&self) -> Apply;
    /// How they are applied. A rule other than [`Rule::Add`] needs whole rounds: [`Apply::InWorkerOrder`].
    fn rule(&self) -> Rule {
        Rule::default()
    }
    /// May the server answer this read now, and if not, why.
    fn may_read(&self, read: &ReadState) -> Result<(), Hold>;
    /// May the worker compute from its cache without hearing from the server again.
    fn cache_serves(&self, cache: &CacheState) -> bool;
    /// Does a server send its workers the rows that they have declared whenever its clock has moved. Then they never ask.
    fn pushes(&self) -> bool {
        false
    }
    /// Does a worker exchange with its servers after clock `clock`: send what it changed since it last did, and go on with
    /// fresh rows. If not, it goes on with what it has.
    fn exchanges_after(&self, _clock: u32) -> bool {
        true
    }
    /// When workers' changes are sent.
    fn communication(&self) -> Communication {
        Communication::AtTheEnd
    }
    /// What is sent to the other sites now.
    fn outgoing(&self, _progress: &Progress) -> Outgoing {
        Outgoing::Nothing
    }
    /// What is sent to the other sites while links are idle, beside [`SyncModel::outgoing`].
    fn best_effort(&self) -> Option<BestEffort> {
        None
    }
    /// The backlog, in seconds of a link's rate, above which indexes go ahead of their values; none: never.
    fn barrier_backlog_seconds(&self) -> Option<f64> {
        None
    }
}
