//! Ratings of items by users.
//!
//! * [`generate`]: ratings with the shape of the Netflix Prize at any scale; [`config`]: how a spec asks for them.
//! * `load`: ratings from files; `cache`: the same in one compact file (both with the feature `read`).
//! * [`held_out`]: which ratings are kept back to judge by; [`partition`]: which machine holds which users.

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
    /// Row: `0..users`.
    pub user: u32,
    /// Column: `0..items`.
    pub item: u32,
    /// Stars.
    pub value: f32,
}

/// A data set of ratings, split into a part to learn from and a held-out part to judge by.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratings {
    /// Where they come from, in words.
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
