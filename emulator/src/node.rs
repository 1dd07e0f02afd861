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
//! # Example
//! A node without work of its own, which sends every number back, one larger:
//!
//! ```
//! use std::collections::VecDeque;
//!
//! use emulator::digest::Digest;
//! use emulator::id::MachineId;
//! use emulator::node::{Class, Node, Output, Record, Task};
//! use emulator::time::{Duration, Instant};
//! use emulator::units::ByteSize;
//!
//! #[derive(Default)]
//! struct Counter {
//!     answered: u64,
//!     outputs: VecDeque<Output<u64, Nothing, Answered>>,
//! }
//!
//! /// A task that takes no time and leaves nothing.
//! struct Nothing;
//!
//! impl Task for Nothing {
//!     type Done = ();
//!     fn is_light(&self) -> bool {
//!         true
//!     }
//!     fn run(self) {}
//! }
//!
//! /// A sample: the number that was answered.
//! struct Answered(u64);
//!
//! impl Record for Answered {
//!     fn write_digest(&self, digest: &mut Digest) {
//!         digest.write_u64(self.0);
//!     }
//! }
//!
//! impl Node for Counter {
//!     type Message = u64;
//!     type Task = Nothing;
//!     type Sample = Answered;
//!     type Snapshot = u64;
//!
//!     fn handle_start(&mut self, _now: Instant) {}
//!     fn handle_message(&mut self, _now: Instant, from: MachineId, message: u64) {
//!         self.answered += 1;
//!         let bytes = ByteSize::from_bytes(8);
//!         let message = message + 1;
//!         self.outputs.push_back(Output::Send { to: from, class: Class::Data, actual: bytes, charged: bytes, message });
//!         self.outputs.push_back(Output::Record(Answered(message)));
//!     }
//!     fn handle_done(&mut self, _now: Instant, (): ()) {}
//!     fn handle_timeout(&mut self, _now: Instant) {}
//!     fn handle_backlog(&mut self, _now: Instant, _peer: MachineId, _backlog: ByteSize) {}
//!     fn handle_peer_lost(&mut self, _now: Instant, _peer: MachineId) {}
//!
//!     fn poll_output(&mut self) -> Option<Output<u64, Nothing, Answered>> {
//!         self.outputs.pop_front()
//!     }
//!     fn poll_timeout(&self) -> Option<Instant> {
//!         None
//!     }
//!     fn waiting_for(&self) -> Option<String> {
//!         Some("a number".to_owned())
//!     }
//!     // Outputs need not be written: a driver takes all of them before it takes a snapshot.
//!     fn snapshot(&self) -> u64 {
//!         self.answered
//!     }
//!     fn restore(&mut self, answered: u64) {
//!         self.answered = answered;
//!     }
//! }
//!
//! let mut node = Counter::default();
//! node.handle_message(Instant::START + Duration::from_millis(5), MachineId(3), 41);
//! assert!(matches!(node.poll_output(), Some(Output::Send { to: MachineId(3), message: 42, .. })));
//! assert!(matches!(node.poll_output(), Some(Output::Record(Answered(42)))));
//! assert!(node.poll_output().is_none());
//! ```
//!
//! [`crate::virtual_driver`] has an example with two machines.
//!
//! # State
//! A node's whole state can be written and read back ([`Node::snapshot`], [`Node::restore`]); what never changes in a
//! run (its data, its configuration) is not part of it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;
use crate::id::MachineId;
use crate::time::{Duration, Instant};
use crate::units::ByteSize;

/// The queue of a link in which a message waits. Control overtakes data; within a class each stream is first in, first out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
pub enum Class {
    /// Small and urgent: requests, barriers. Served before data.
    Control,
    /// Updates, rows, and the clocks that vouch for them.
    Data,
}

/// A piece of work that a node asks for. Single-threaded inside, and a function of its fields alone.
pub trait Task: Send + 'static {
    /// The result of the task.
    type Done: Serialize + DeserializeOwned + Send + 'static;

    /// Whether the task should run in place because another thread would cost more (roughly: under 20 microseconds).
    fn is_light(&self) -> bool;

    /// Does the work and returns its result.
    fn run(self) -> Self::Done;
}

/// An action that a node asks of its driver.
#[derive(Debug)]
pub enum Output<M, T, S> {
    /// Send `message` to another machine. Never to itself.
    Send {
        /// The machine that receives it.
        to: MachineId,
        /// The queue it waits in.
        class: Class,
        /// Bytes of the encoding of `message`.
        actual: ByteSize,
        /// Bytes that the link is charged: at the paper's scale (similitude), at least 1 byte.
        charged: ByteSize,
        /// The message, which the driver hands to the receiver.
        message: M,
    },
    /// Run `task`; deliver its result when `duration` has passed.
    Spawn {
        /// The work, which runs on a pool.
        task: T,
        /// The time that the modelled machine takes for it.
        duration: Duration,
    },
    /// Add `sample` to the results.
    Record(S),
    /// This node has nothing more to do.
    Halt,
}

/// The encoding of messages. A run in virtual time does not need it; a run in real time sends the bytes.
pub trait Codec {
    /// The messages of a [`Node`].
    type Message;
    /// The reason why bytes are not a message.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Appends the bytes of `message`.
    fn encode(&self, message: &Self::Message, out: &mut Vec<u8>);

    /// Reads what [`Codec::encode`] wrote, all of `bytes`.
    fn decode(&self, bytes: &[u8]) -> Result<Self::Message, Self::Error>;
}

/// A sample: an entry of the results that a node makes.
pub trait Record {
    /// Writes the sample into the run's digest: equal bytes for equal samples.
    fn write_digest(&self, digest: &mut Digest);
}

/// A machine as a state machine.
pub trait Node {
    /// The messages between nodes.
    type Message: Serialize + DeserializeOwned + 'static;
    /// The work that the node hands to its driver.
    type Task: Task;
    /// The node's entries in the results.
    type Sample: Record;
    /// All state that changes in a run.
    type Snapshot: Serialize + DeserializeOwned;

    /// The run begins; called once, before all other methods.
    fn handle_start(&mut self, now: Instant);
    /// `message` has arrived from `from`.
    fn handle_message(&mut self, now: Instant, from: MachineId, message: Self::Message);
    /// A spawned task is complete.
    fn handle_done(&mut self, now: Instant, done: <Self::Task as Task>::Done);
    /// The time asked for by [`Node::poll_timeout`] has come.
    fn handle_timeout(&mut self, now: Instant);
    /// `backlog` charged bytes now wait on the link to `peer`. The node's outputs are carried out at once: a sender that keeps
    /// its messages until a link has room sends its next one here.
    fn handle_backlog(&mut self, now: Instant, peer: MachineId, backlog: ByteSize);
    /// `peer` will not answer any more.
    fn handle_peer_lost(&mut self, now: Instant, peer: MachineId);

    /// The node's next output; `None` when the driver has taken all of them.
    fn poll_output(&mut self) -> Option<Output<Self::Message, Self::Task, Self::Sample>>;
    /// The instant at which to call [`Node::handle_timeout`]; `None` means that the node waits for no time.
    fn poll_timeout(&self) -> Option<Instant>;

    /// A description of what the node waits for, for the error of a stalled run; `None` means that it has halted.
    fn waiting_for(&self) -> Option<String>;

    /// All state that changes in a run.
    fn snapshot(&self) -> Self::Snapshot;
    /// Replaces the state by that of a snapshot of the same plan.
    fn restore(&mut self, snapshot: Self::Snapshot);
}
