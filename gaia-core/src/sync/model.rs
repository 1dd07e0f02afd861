//! The interface of a sync model: what it is asked, and what it answers.

use emulator::units::ByteSize;

use super::between::model::BetweenSites;
use super::budget::Budget;
use super::rule::Rule;
use super::state::{CacheState, Hold, ReadState};

/// The time at which a server applies the updates that reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apply {
    /// As soon as those of all workers are there, in the workers' order: the same sums whatever the network.
    InWorkerOrder,
    /// At once, in the order of arrival.
    OnArrival,
}

/// The times at which workers' changes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Communication {
    /// At the end of clocks, all at once.
    AtTheEnd,
    /// All the time, rows that changed most first.
    Continuous {
        /// The number of parts in which a clock is computed, each a clock of the workload; after each its changes may go.
        parts: u32,
        /// The most that a machine sends per second, updates and rows.
        budget: Budget,
        /// The most that a message of updates takes, but for a single row; and the most that may wait on a link for another to be sent.
        message: ByteSize,
    },
}

/// The decisions of a sync model, which servers and workers carry out.
///
/// One that lets a worker be at most twice as far as the slowest:
///
/// ```
/// use gaia_core::sync::{Apply, CacheState, Hold, ReadState, SyncModel};
///
/// struct Half;
///
/// impl SyncModel for Half {
///     fn apply(&self) -> Apply {
///         Apply::OnArrival
///     }
///
///     fn may_read(&self, read: &ReadState) -> Result<(), Hold> {
///         if 2 * read.data_clock >= read.clock { Ok(()) } else { Err(Hold::Staleness) }
///     }
///
///     fn cache_serves(&self, cache: &CacheState) -> bool {
///         2 * cache.data_clock >= cache.clock
///     }
/// }
///
/// let read = |data_clock| ReadState { clock: 10, data_clock, mirror_clock: None, merged_clock: 0, barred: false };
/// assert_eq!(Half.may_read(&read(4)), Err(Hold::Staleness));
/// assert_eq!(Half.may_read(&read(5)), Ok(()));
/// // The other methods have their defaults, as in most models: workers ask for rows and exchange after every clock.
/// assert!(Half.exchanges_after(3) && !Half.pushes() && Half.between().is_none());
/// ```
pub trait SyncModel: Send + Sync {
    /// The time at which updates are applied.
    fn apply(&self) -> Apply;
    /// The rule by which they are applied. A rule other than [`Rule::Add`] needs whole rounds: [`Apply::InWorkerOrder`].
    fn rule(&self) -> Rule {
        Rule::default()
    }
    /// May the server answer this read now, and if not, why. The answer depends on `read` alone: about a read that waits it is asked
    /// again when one of these clocks has moved, or while barriers are up.
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
    /// Does every clock read exactly the updates of all clocks before it, after each of which workers exchange. Where there is one parameter
    /// server all workers of a clock then read one model, the same to the bit on any network.
    fn is_synchronous(&self) -> bool {
        false
    }
    /// The times at which workers' changes are sent.
    fn communication(&self) -> Communication {
        Communication::AtTheEnd
    }
    /// The model between sites, where there is a parameter server in every site.
    fn between(&self) -> Option<&dyn BetweenSites> {
        None
    }
}
