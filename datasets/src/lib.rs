//! The numbers that experiments learn from: generators, loaders, partitions. Knows nothing of networks or servers.
//!
//! * [`ratings`]: users' ratings of items, for matrix factorisation.
//! * [`bow`]: documents as bags of words, for topic modelling.

pub mod bow;
#[cfg(feature = "read")]
mod container;
mod deal;
pub mod field;
mod random;
pub mod ratings;
pub mod split;
#[cfg(feature = "read")]
pub mod text;
