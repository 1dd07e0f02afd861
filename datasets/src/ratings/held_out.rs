//! The choice of the ratings that are held out for evaluation.
//!
//! Each rating is held out with probability `share`, by one draw per rating in (user, item) order from the stream
//! `held-out` of `seed`: the choice depends on the ratings and the seed alone, not on the file they came from. The last
//! training rating of a user or an item is never taken, so every user and item that has ratings can be learnt from;
//! in sparse data the part held out is therefore a little smaller than `share`.

use super::Rating;
pub use crate::held_out::HeldOut;
use crate::random::{happens, stream};

/// The default share of held-out entries.
pub const DEFAULT_SHARE: f64 = 0.05;

/// Splits ratings into a part to learn from and a part held out; both keep the order.
///
/// `ratings` must be ordered by (user, item) with users below `users` and items below `items`. Works in place: the only
/// additional memory is that of the held-out part and two counts.
pub fn split(mut ratings: Vec<Rating>, users: u32, items: u32, held_out: HeldOut) -> (Vec<Rating>, Vec<Rating>) {
    let mut left_of_user = vec![0u32; users as usize];
    let mut left_of_item = vec![0u32; items as usize];
    for rating in &ratings {
        left_of_user[rating.user as usize] += 1;
        left_of_item[rating.item as usize] += 1;
    }
    let mut rng = stream(held_out.seed, "held-out");
    let mut taken = Vec::with_capacity((ratings.len() as f64 * held_out.share) as usize);
    ratings.retain(|rating| {
        let user_left = &mut left_of_user[rating.user as usize];
        let item_left = &mut left_of_item[rating.item as usize];
        if !happens(&mut rng, held_out.share) || *user_left == 1 || *item_left == 1 {
            return true;
        }
        *user_left -= 1;
        *item_left -= 1;
        taken.push(*rating);
        false
    });
    (ratings, taken)
}

/// Both parts together again, ordered by (user, item).
#[cfg(feature = "read")]
pub(super) fn merge(train: Vec<Rating>, held_out: &[Rating]) -> Vec<Rating> {
    let key = |r: &Rating| (r.user, r.item);
    let mut merged = Vec::with_capacity(train.len() + held_out.len());
    let mut rest = held_out.iter().copied().peekable();
    for rating in train {
        while let Some(before) = rest.next_if(|r| key(r) < key(&rating)) {
            merged.push(before);
        }
        merged.push(rating);
    }
    merged.extend(rest);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_split_loses_nothing_and_leaves_every_user_and_item_a_training_rating(
            cells in prop::collection::btree_set((0u32..20, 0u32..15), 1..200),
            share in 0.0..0.99f64,
            seed in any::<u64>(),
        ) {
            let all: Vec<Rating> = cells.iter().map(|&(user, item)| Rating { user, item, value: 3.0 }).collect();
            let (train, held_out) = split(all.clone(), 20, 15, HeldOut { share, seed });
            let users = |list: &[Rating]| list.iter().map(|r| r.user).collect::<BTreeSet<_>>();
            let items = |list: &[Rating]| list.iter().map(|r| r.item).collect::<BTreeSet<_>>();
            prop_assert_eq!(users(&train), users(&all));
            prop_assert_eq!(items(&train), items(&all));
            prop_assert!(train.is_sorted_by_key(|r| (r.user, r.item)));
            prop_assert!(held_out.is_sorted_by_key(|r| (r.user, r.item)));
            #[cfg(feature = "read")]
            prop_assert_eq!(&merge(train.clone(), &held_out), &all);
            let again = split(all, 20, 15, HeldOut { share, seed });
            prop_assert_eq!((&train, &held_out), (&again.0, &again.1));
        }
    }
}
