//! Runs in real time: a process (or thread) per machine, real bytes over TCP, the same [`Node`](crate::node::Node) values
//! and the same link model as in virtual time.
//!
//! ```text
//!  machine m0 ──┐                                   ┌── machine m0
//!  machine m1 ──┤ TCP ─► relay: link model, delay ──┤ TCP ─► m1
//!  machine m2 ──┘        (one thread)               └── machine m2
//! ```
//!
//! * [`clock`]: `now = wall / K`. [`timer`]: precise waiting. [`pacer`]: the link model against the wall clock.
//! * [`frame`]: the protocol of a connection. [`relay`]: the process that all connections lead to. [`driver`]: runs one node.
//!
//! # Real and modelled parts
//!
//! | | real | modelled |
//! |---|---|---|
//! | bytes | every message is encoded, sent over TCP, and decoded | its size for the links is the *charged* size (similitude); padding is never sent |
//! | rates, delays, sharing | bytes are held back until the link model lets them go | by the relay's [`Fabric`](crate::link::Fabric), at rate / K and delay * K of wall time |
//! | compute | tasks really run | a result is delivered after its modelled duration * K, or when it is there if that is later |
//! | time | the host's monotonic clock | nodes see wall / K since a common epoch |
//!
//! A message enters the link model when its announcement reaches the relay (some tens of microseconds after the node has
//! sent it), whole, at its charged size. Its real bytes follow, no more than a window of them per stream, and leave in
//! proportion to the charged bytes that the model lets go; its last byte leaves the relay when the model has it arrive.
//! So all limits that machines share hold among processes, streams are first-in-first-out, and control overtakes data: in
//! the sender's queue, in the link model, and in the relay's queue to the receiver. Socket buffers are bounded, for what
//! waits in them cannot be overtaken.
//!
//! A node learns its backlog from two counts: charged bytes that it has sent, known at once, and charged bytes that have
//! left, which the relay reports. These reports, credits, heartbeats and announcements are the protocol's own and are
//! not charged to any link.
//!
//! All processes are on one host: they share its monotonic clock, and the relay listens on the loopback interface only.
//!
//! # Measurements
//!
//! * In the relay ([`relay::RelayReport`]): the lateness with which chunks left and messages were written; the rate of each
//!   limit and link while bytes waited for it, as the model has it and as it was; slip; bytes that their sender delivered
//!   too late; time without a processor. [`relay::RelayReport::faults`] lists the reasons why a run is not valid.
//! * In each machine ([`driver::NodeReport`]): the lateness with which messages were handled and results delivered; tasks
//!   that took longer than modelled, with the dilation that would have been enough.
//!
//! Rates are those of payload (encoded messages at their charged size), as profiles measured with iperf are; the bytes of
//! frames, TCP and IP come on top and are not shaped.

pub mod clock;
pub mod driver;
pub mod frame;
mod outbound;
pub mod pacer;
pub mod relay;
pub mod timer;
