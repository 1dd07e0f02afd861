//! The numbers that experiments learn from: generators, loaders, partitions. Knows nothing of networks or servers.
//!
//! * [`ratings`]: users' ratings of items, for matrix factorisation.

pub mod ratings;
