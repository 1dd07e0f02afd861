//! Ratings of items by users.
//!
//! * [`generate`]: ratings with the shape of the Netflix Prize at any scale; [`config`]: their settings in a spec.
//! * `load`: ratings from files; `cache`: the same in one compact file (both with the feature `read`).
//! * [`held_out`]: the choice of the ratings held out for evaluation; [`partition`]: the assignment of users to machines.

#[cfg(feature = "read")]
pub mod cache;
pub mod config;
pub mod generate;
mod hash;
pub mod held_out;
#[cfg(feature = "read")]
pub mod load;
pub mod partition;

use serde::{Deserialize, Serialize};

/// One known entry of the rating matrix.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// The user's number, in `0..users`: a row of the matrix.
    pub user: u32,
    /// The item's number, in `0..items`: a column of the matrix.
    pub item: u32,
    /// Stars, from 0.5 to 5.
    pub value: f32,
}

/// A data set of ratings, split into a training part and a part held out for evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratings {
    /// Description of the source.
    pub name: String,
    /// Number of users (rows).
    pub users: u32,
    /// Number of items (columns).
    pub items: u32,
    /// The entries to learn from, ordered by (user, item).
    pub train: Vec<Rating>,
    /// The held-out entries, ordered by (user, item).
    pub held_out: Vec<Rating>,
    /// BLAKE3 of everything above but the name.
    pub hash: [u8; 32],
}
