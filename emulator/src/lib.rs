//! Time and the wire: profiles of networks, links as joint token buckets, and the driver that runs machines in
//! virtual time.
//!
//! This crate knows nothing of machine learning. It depends on neither `datasets` nor `gaia-core`.
//!
//! * [`profile`]: sites, bandwidths, delays, as data files; [`topology`]: a profile with machines placed in it.
//! * [`link`]: the link model, a pure state machine, in chunks or as a fluid ([`link::fluid`]); [`maxmin`]: the exact solver that both are
//!   tested against.
//! * [`node`]: the interface of a machine; [`virtual_driver`]: runs machines in virtual time.
//! * `real` (a feature): runs machines in real time, over TCP on one host.

pub mod binary;
pub mod digest;
pub mod id;
pub mod link;
pub mod maxmin;
pub mod network;
pub mod node;
pub mod profile;
mod quantity;
pub mod random;
#[cfg(feature = "real")]
pub mod real;
#[cfg(feature = "read")]
pub mod text;
pub mod time;
pub mod topology;
pub mod units;
pub mod virtual_driver;
