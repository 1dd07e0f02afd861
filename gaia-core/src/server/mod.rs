//! A server shard: its rows, the updates that change them, the reads that wait for them.
//!
//! * [`store`]: the rows and the work on them, as tasks.
//! * [`shard`]: the state machine around it.
//! * `readers`: its workers' reads that wait. `mirrors`: what it knows of other sites and owes them.

mod merge;
mod mirrors;
mod readers;
pub mod shard;
pub mod store;
