//! The numbers that experiments learn from: generators, loaders, partitions. Knows nothing of networks or servers.
//!
//! * [`ratings`]: users' ratings of items, for matrix factorisation.
//! * [`bow`]: documents as bags of words, for topic modelling.
//! * [`images`]: labelled images, for image classification.
//! * [`sparse`]: labelled examples with sparse features, for logistic regression.

pub mod bow;
#[cfg(feature = "read")]
mod container;
mod content;
mod deal;
pub mod field;
pub mod held_out;
pub mod images;
pub mod labelled;
#[cfg(feature = "read")]
mod plausible;
mod power;
mod random;
pub mod ratings;
pub mod sparse;
pub mod split;
#[cfg(feature = "read")]
pub mod text;
#[cfg(feature = "read")]
mod values;
