//! A server shard: its rows, the updates that change them, the reads that wait for them.
//!
//! * [`store`]: the rows and the work on them, as tasks.
//! * [`shard`]: the state machine around it.
//! * `mirrors`: what it knows of other sites and owes them.

mod mirrors;
pub mod shard;
pub mod store;
