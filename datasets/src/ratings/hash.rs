//! The content hash of ratings, which identifies the data of a plan.
//!
//! BLAKE3 over, all little-endian: users (4 bytes), items (4), then for `train` and for `held_out` the number of
//! entries (8) and each entry as user (4), item (4), bits of the value (4). The name is not part of it.

use super::{Rating, Ratings};
use crate::content::ContentHash;

impl Ratings {
    /// Ratings with their [`Ratings::hash`] computed. Both lists must be ordered by (user, item).
    pub fn new(name: String, users: u32, items: u32, train: Vec<Rating>, held_out: Vec<Rating>) -> Self {
        let hash = content_hash(users, items, &train, &held_out);
        Ratings { name, users, items, train, held_out, hash }
    }
}

fn content_hash(users: u32, items: u32, train: &[Rating], held_out: &[Rating]) -> [u8; 32] {
    let mut hash = ContentHash::new();
    hash.u32(users);
    hash.u32(items);
    for list in [train, held_out] {
        hash.u64(list.len() as u64);
        for rating in list {
            hash.u32(rating.user);
            hash.u32(rating.item);
            hash.f32(rating.value);
        }
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: f32) -> Vec<Rating> {
        vec![Rating { user: 0, item: 1, value }]
    }

    #[test]
    fn the_hash_follows_the_content_and_not_the_name() {
        let base = Ratings::new("a".into(), 1, 2, one(3.0), vec![]);
        assert_eq!(base.hash, Ratings::new("b".into(), 1, 2, one(3.0), vec![]).hash);
        for other in [
            Ratings::new("a".into(), 2, 2, one(3.0), vec![]),
            Ratings::new("a".into(), 1, 3, one(3.0), vec![]),
            Ratings::new("a".into(), 1, 2, one(4.0), vec![]),
            Ratings::new("a".into(), 1, 2, vec![], one(3.0)),
        ] {
            assert_ne!(base.hash, other.hash);
        }
    }
}
