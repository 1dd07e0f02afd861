//! The interface between a machine and the driver that runs it.
//!
//! A [`Node`] is a state machine. The driver calls a `handle_*` method when something has happened, then takes the
//! node's answers with [`Node::poll_output`] until there are none. A node never reads a clock, never sleeps and never
//! touches a socket: time comes in as `now`, everything else goes out as an [`Output`]. The virtual driver and the
//! real driver run the same values.
//!
//! Compute is an effect: [`Output::Spawn`] hands a [`Task`] and its *modelled* duration to the driver, which runs the
//! task whenever it likes and delivers the result exactly when the modelled duration has passed.
//!
//! A node's whole state can be written and read back ([`Node::snapshot`], [`Node::restore`]); what never changes in a
//! run (its data, its configuration) is not part of it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;
use crate::id::MachineId;
use crate::time::{Duration, Instant};
use crate::units::ByteSize;

/// Which queue of a link a message waits in. Control overtakes data; within a class each stream is first in, first out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
pub enum Class {
    /// Small and urgent: requests, barriers. Served before data.
    Control,
    /// Updates, rows, and the clocks that vouch for them.
    Data,
}

/// A piece of work that a node asks for. Single-threaded inside, and a function of its fields alone.
pub trait Task: Send + 'static {
    /// What it leaves.
    type Done: Serialize + DeserializeOwned + Send + 'static;

    /// Whether running it in place is cheaper than handing it to another thread (roughly: under 20 microseconds).
    fn is_light(&self) -> bool;

    /// Does the work.
    fn run(self) -> Self::Done;
}

/// What a node wants its driver to do.
#[derive(Debug)]
pub enum Output<M, T, S> {
    /// Send `message` to another machine. Never to itself.
    Send {
        /// The receiver.
        to: MachineId,
        /// The queue it waits in.
        class: Class,
        /// What the encoding of `message` really takes.
        actual: ByteSize,
        /// What the link is charged for it: at the paper's scale (similitude), at least 1 byte.
        charged: ByteSize,
        /// The message.
        message: M,
    },
    /// Run `task`; deliver its result when `duration` has passed.
    Spawn {
        /// The work.
        task: T,
        /// How long the modelled machine takes for it.
        duration: Duration,
    },
    /// Keep `sample` among the results.
    Record(S),
    /// This node has nothing more to do.
    Halt,
}

/// The bytes of messages. A run in virtual time never needs them; a real one sends them.
pub trait Codec {
    /// What is written and read.
    type Message;
    /// Why bytes are no message.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Appends the bytes of `message`.
    fn encode(&self, message: &Self::Message, out: &mut Vec<u8>);

    /// Reads what [`Codec::encode`] wrote, all of `bytes`.
    fn decode(&self, bytes: &[u8]) -> Result<Self::Message, Self::Error>;
}

/// Something that a node leaves in the results.
pub trait Record {
    /// Writes what makes two samples the same into the run's digest.
    fn write_digest(&self, digest: &mut Digest);
}

/// A machine as a state machine.
pub trait Node {
    /// What nodes say to each other.
    type Message: Serialize + DeserializeOwned + 'static;
    /// The work they ask for.
    type Task: Task;
    /// What they leave in the results.
    type Sample: Record;
    /// All state that changes in a run.
    type Snapshot: Serialize + DeserializeOwned;

    /// The run begins.
    fn handle_start(&mut self, now: Instant);
    /// `message` has arrived from `from`.
    fn handle_message(&mut self, now: Instant, from: MachineId, message: Self::Message);
    /// A spawned task is complete.
    fn handle_done(&mut self, now: Instant, done: <Self::Task as Task>::Done);
    /// The time asked for by [`Node::poll_timeout`] has come.
    fn handle_timeout(&mut self, now: Instant);
    /// `backlog` charged bytes now wait on the link to `peer`. What the node asks for then is done at once: a sender that keeps
    /// its messages until a link has room sends its next one here.
    fn handle_backlog(&mut self, now: Instant, peer: MachineId, backlog: ByteSize);
    /// `peer` will not answer any more.
    fn handle_peer_lost(&mut self, now: Instant, peer: MachineId);

    /// The next thing to do, until there is none.
    fn poll_output(&mut self) -> Option<Output<Self::Message, Self::Task, Self::Sample>>;
    /// When to call [`Node::handle_timeout`], if at all.
    fn poll_timeout(&self) -> Option<Instant>;

    /// What this node is waiting for, in words; `None` when it has halted. For the message about a stalled run.
    fn waiting_for(&self) -> Option<String>;

    /// All state that changes in a run.
    fn snapshot(&self) -> Self::Snapshot;
    /// Takes up the state of a snapshot of the same plan.
    fn restore(&mut self, snapshot: Self::Snapshot);
}
