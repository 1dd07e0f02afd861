//! The result of loading: ratings, and the ids that their users and items have in the file.

use crate::ratings::Ratings;

/// Ratings from a file, and the numbers that its users and items have there.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The ratings, with users and items numbered from 0.
    pub ratings: Ratings,
    /// The numbers in the file.
    pub ids: Ids,
}

/// The numbers that users and items have in the file they came from: entry n is the number of user (item) n. Ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// One for each user.
    pub users: Vec<u32>,
    /// One for each item.
    pub items: Vec<u32>,
}

impl Ids {
    /// The ids of ratings that came from no file: user and item n are called n.
    pub fn dense(users: u32, items: u32) -> Self {
        Ids { users: (0..users).collect(), items: (0..items).collect() }
    }
}
