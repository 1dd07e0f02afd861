//! The algorithm: parameter servers, sync models and workloads, as pure state machines.
//!
//! No threads, no clock, no files, no environment: everything comes in through [`emulator::node::Node`].
//!
//! * [`machine`]: one worker and one server shard as a node; [`worker`] and [`server`] are its halves.
//! * [`sync`]: the sync models, which decide what the halves do when.
//! * [`workload`]: what is learned. [`layout`]: where parameters live, [`tensor`]: their names and shapes, [`overlay`]: which ways updates take between sites. [`message`] and [`wire`]: what they take to send;
//!   [`codec`]: their bytes.
//! * `stage`: how transfers overlap work. `log` and `pace`: how changes are sent all the time, within a budget. [`rates`]: how long things take. [`breakdown`]: where the time went.

pub mod breakdown;
pub mod codec;
pub mod kernel;
pub mod layout;
mod log;
pub mod machine;
pub mod message;
pub mod outbox;
pub mod overlay;
mod pace;
pub mod rates;
pub mod server;
pub mod setting;
pub mod simd;
mod spare;
mod stage;
pub mod sync;
pub mod tensor;
pub mod wire;
pub mod worker;
pub mod workload;
