//! The assignment of users to machines.
//!
//! A user's ratings stay together, training and held-out ones, on one machine. The number of training ratings is balanced,
//! since it determines the work of a clock: the next user, the one with most ratings first, goes to
//! the machine with the least (longest processing time first, Graham 1969). So with [`Split::Even`] no machine has more
//! than the mean and one user's ratings. Ties go to the smaller number; nothing is drawn, so no seed is needed.
//!
//! The skewed splits take one number from 0 (as even) to 1, and either
//! * skew by **tastes**: the share `skew` of the users is ordered by taste and dealt to the sites in that order, one
//!   stretch of it each, as label-skewed splits are made for non-IID learning (Hsieh et al., The Non-IID Data Quagmire,
//!   ICML 2020); the others are spread evenly. All machines keep about the same number of ratings (never more than the
//!   mean and two users' ratings). A user's taste is its place along the direction in which users differ most: the
//!   leading singular vector of the ratings less the users' and items' means.
//! * skew by **sizes**: the machines of site s (from 0) get ratings in proportion to (s + 1)^-skew: at 1 the second site's
//!   have a half of what the first site's have, the third's a third.

use serde::{Deserialize, Serialize};

use super::{Rating, Ratings};
use crate::deal::{Dealer, Skew};
use crate::power::{self, Matrix, Shape};

/// Ratings that a user's taste is shrunk by: a few ratings are little evidence of it.
const TASTE_SHRINKAGE: f64 = 5.0;

/// The way in which users are dealt to machines.
pub type Split = crate::split::Split<SkewBy>;

/// The property in which sites differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkewBy {
    /// Sites differ in the tastes of their users.
    Tastes,
    /// Sites differ in their number of ratings.
    Sizes,
}

/// The data of one machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// The machine, numbered from 0, site by site.
    pub machine: u32,
    /// Its users as numbered in the whole data, ascending.
    pub users: Vec<u32>,
    /// Its training ratings: `user` is an index into [`Partition::users`], `item` is as in the whole data. Ordered by (user,
    /// item).
    pub train: Vec<Rating>,
    /// Its held-out ratings, numbered and ordered likewise.
    pub held_out: Vec<Rating>,
}

/// Deals the users of `ratings` to machines; `machines_per_site` counts the machines of each site. One partition for each
/// machine, in order. With fewer users than machines some partitions are empty.
///
/// # Panics
/// If there is no machine, or [`Split::check`] finds an error.
pub fn partition(ratings: &Ratings, machines_per_site: &[u32], split: Split) -> Vec<Partition> {
    let mut loads = vec![0u32; ratings.users as usize];
    for rating in &ratings.train {
        loads[rating.user as usize] += 1;
    }
    let dealer = Dealer::deal_as(split, &loads, machines_per_site, |by| match by {
        SkewBy::Sizes => Skew::Sizes,
        SkewBy::Tastes => Skew::Places(tastes(ratings)),
    });
    parts(ratings, dealer.machine_of(), dealer.given())
}

/// `given`: the training ratings of each machine.
fn parts(ratings: &Ratings, machine_of: &[u32], given: &[u64]) -> Vec<Partition> {
    let empty = |(machine, &given): (usize, &u64)| {
        let train = Vec::with_capacity(given as usize);
        Partition { machine: machine as u32, users: Vec::new(), train, held_out: Vec::new() }
    };
    let mut parts: Vec<Partition> = given.iter().enumerate().map(empty).collect();
    let mut local = vec![0u32; machine_of.len()];
    for (user, &machine) in machine_of.iter().enumerate() {
        let users = &mut parts[machine as usize].users;
        local[user] = users.len() as u32;
        users.push(user as u32);
    }
    let here = |rating: &Rating| (machine_of[rating.user as usize] as usize, local[rating.user as usize]);
    for rating in &ratings.train {
        let (machine, user) = here(rating);
        parts[machine].train.push(Rating { user, ..*rating });
    }
    for rating in &ratings.held_out {
        let (machine, user) = here(rating);
        parts[machine].held_out.push(Rating { user, ..*rating });
    }
    parts
}

/// Each user's place along the direction in which users differ most: the mean, over a user's ratings, of their
/// residuals without the item's and the user's mean times the item's coordinate in the leading singular vector.
fn tastes(ratings: &Ratings) -> Vec<f64> {
    let of_user = power::places(&Residuals { ratings, values: residuals(ratings) }, "tastes");
    let mut counts = vec![0.0; ratings.users as usize];
    ratings.train.iter().for_each(|rating| counts[rating.user as usize] += 1.0);
    of_user.iter().zip(&counts).map(|(taste, count)| taste / (count + TASTE_SHRINKAGE)).collect()
}

/// The matrix of users and items whose known entries are the residuals of the training ratings; the others are 0.
struct Residuals<'a> {
    ratings: &'a Ratings,
    /// One per training rating, in their order.
    values: Vec<f64>,
}

impl Residuals<'_> {
    fn entries(&self) -> impl Iterator<Item = (&Rating, f64)> {
        self.ratings.train.iter().zip(self.values.iter().copied())
    }
}

impl Matrix for Residuals<'_> {
    fn shape(&self) -> Shape {
        Shape { rows: self.ratings.users as usize, columns: self.ratings.items as usize }
    }

    fn times(&self, direction: &[f64], places: &mut [f64]) {
        places.fill(0.0);
        for (rating, residual) in self.entries() {
            places[rating.user as usize] += residual * direction[rating.item as usize];
        }
    }

    fn transposed_times(&self, places: &[f64], direction: &mut [f64]) {
        direction.fill(0.0);
        for (rating, residual) in self.entries() {
            direction[rating.item as usize] += residual * places[rating.user as usize];
        }
    }
}

/// Training ratings less the mean of their item, then less the mean of their user.
fn residuals(ratings: &Ratings) -> Vec<f64> {
    let mut residuals: Vec<f64> = ratings.train.iter().map(|rating| f64::from(rating.value)).collect();
    let (by_item, by_user) = (|r: &Rating| r.item as usize, |r: &Rating| r.user as usize);
    centre(&ratings.train, &mut residuals, ratings.items, by_item);
    centre(&ratings.train, &mut residuals, ratings.users, by_user);
    residuals
}

fn centre(list: &[Rating], values: &mut [f64], groups: u32, group: impl Fn(&Rating) -> usize) {
    let mut sums = vec![(0.0, 0.0); groups as usize];
    for (rating, value) in list.iter().zip(values.iter()) {
        let (sum, count) = &mut sums[group(rating)];
        *sum += value;
        *count += 1.0;
    }
    for (rating, value) in list.iter().zip(values.iter_mut()) {
        let (sum, count) = sums[group(rating)];
        *value -= sum / count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::config::Generated;
    use crate::ratings::generate::generate;
    use proptest::prelude::*;

    fn split() -> impl Strategy<Value = Split> {
        let by = prop_oneof![Just(SkewBy::Tastes), Just(SkewBy::Sizes)];
        prop_oneof![Just(Split::Even), (by, 0.0..=1.0f64).prop_map(|(by, skew)| Split::Skewed { by, skew })]
    }

    proptest! {
        #[test]
        fn every_rating_is_in_one_part_and_users_are_whole(
            cells in prop::collection::btree_map((0u32..30, 0u32..12), (1u8..=5, 0u8..5), 0..200),
            machines in prop::collection::vec(0u32..4, 1..6).prop_filter("a machine", |m| m.iter().sum::<u32>() > 0),
            split in split(),
        ) {
            let list = |held: bool| cells.iter().filter(|(_, (_, h))| (*h == 0) == held).map(|(&(user, item), &(stars, _))| {
                Rating { user, item, value: f32::from(stars) }
            }).collect::<Vec<_>>();
            let ratings = Ratings::new("test".into(), 30, 12, list(false), list(true));
            let parts = partition(&ratings, &machines, split);
            prop_assert_eq!(parts.len() as u32, machines.iter().sum::<u32>());
            let mut users: Vec<u32> = parts.iter().flat_map(|part| part.users.clone()).collect();
            users.sort_unstable();
            prop_assert_eq!(users, (0..30).collect::<Vec<_>>());
            for (machine, part) in parts.iter().enumerate() {
                prop_assert_eq!(part.machine as usize, machine);
                prop_assert!(part.users.is_sorted() && part.train.is_sorted_by_key(|r| (r.user, r.item)));
            }
            let whole = |of: fn(&Partition) -> &Vec<Rating>| {
                let global = |part: &Partition| of(part).iter().map(|r| (part.users[r.user as usize], r.item, r.value)).collect::<Vec<_>>();
                let mut all: Vec<_> = parts.iter().flat_map(global).collect();
                all.sort_unstable_by_key(|&(user, item, _)| (user, item));
                all.into_iter().map(|(user, item, value)| Rating { user, item, value }).collect::<Vec<_>>()
            };
            prop_assert_eq!(&whole(|part| &part.train), &ratings.train);
            prop_assert_eq!(&whole(|part| &part.held_out), &ratings.held_out);
            within_bounds(&ratings, &parts, &machines, split)?;
        }
    }

    /// The bounds of the module's page.
    fn within_bounds(
        ratings: &Ratings,
        parts: &[Partition],
        machines: &[u32],
        split: Split,
    ) -> Result<(), TestCaseError> {
        let mut loads = vec![0u32; ratings.users as usize];
        ratings.train.iter().for_each(|r| loads[r.user as usize] += 1);
        let largest = f64::from(*loads.iter().max().expect("there are users"));
        let site_of: Vec<usize> =
            machines.iter().enumerate().flat_map(|(site, &n)| std::iter::repeat_n(site, n as usize)).collect();
        let (share, users_over): (Vec<f64>, f64) = match split {
            Split::Even => (vec![1.0; parts.len()], 1.0),
            Split::Skewed { by: SkewBy::Tastes, .. } => (vec![1.0; parts.len()], 2.0),
            Split::Skewed { by: SkewBy::Sizes, skew } => {
                (site_of.iter().map(|&site| (site as f64 + 1.0).powf(-skew)).collect(), 1.0)
            }
        };
        let whole: f64 = share.iter().sum();
        for (part, share) in parts.iter().zip(share) {
            let mean = ratings.train.len() as f64 * share / whole;
            prop_assert!(part.train.len() as f64 <= mean + users_over * largest + 1e-6);
        }
        Ok(())
    }

    fn generated() -> Ratings {
        generate(&Generated { users: Some(3000), items: Some(200), ratings: Some(60_000), ..Generated::default() }, 5)
    }

    #[test]
    fn an_even_split_of_netflix_like_data_is_even_to_a_thousandth() {
        let parts = partition(&generated(), &[2; 11], Split::Even);
        let loads: Vec<usize> = parts.iter().map(|part| part.train.len()).collect();
        let (least, most) = (loads.iter().min().unwrap(), loads.iter().max().unwrap());
        assert!(most - least <= 3, "{loads:?}");
    }

    #[test]
    fn skew_by_sizes_follows_its_law() {
        let parts = partition(&generated(), &[1; 4], Split::Skewed { by: SkewBy::Sizes, skew: 1.0 });
        let first = parts[0].train.len() as f64;
        for (site, part) in parts.iter().enumerate() {
            assert!((part.train.len() as f64 * (site as f64 + 1.0) / first - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn more_skew_by_tastes_sets_the_sites_further_apart() {
        let ratings = generated();
        let tastes = tastes(&ratings);
        let apart = |skew| {
            let parts = partition(&ratings, &[1; 2], Split::Skewed { by: SkewBy::Tastes, skew });
            let mean = |part: &Partition| {
                part.users.iter().map(|&u| tastes[u as usize]).sum::<f64>() / part.users.len() as f64
            };
            mean(&parts[1]) - mean(&parts[0])
        };
        let (none, half, all) = (apart(0.0), apart(0.5), apart(1.0));
        assert!(none.abs() < 0.1 * all && 0.3 * all < half && half < 0.8 * all && all > 0.0, "{none} {half} {all}");
    }

    #[test]
    fn a_planted_taste_is_found() {
        // Even users like even items, odd users odd ones.
        let cell = |user: u32, item: u32| Rating { user, item, value: if user % 2 == item % 2 { 5.0 } else { 1.0 } };
        let train = (0..40).flat_map(|user| (0..10).map(move |item| cell(user, item))).collect();
        let ratings = Ratings::new("two tastes".into(), 40, 10, train, Vec::new());
        let parts = partition(&ratings, &[1, 1], Split::Skewed { by: SkewBy::Tastes, skew: 1.0 });
        let kind =
            |part: &Partition| part.users.iter().map(|user| user % 2).collect::<std::collections::BTreeSet<_>>().len();
        assert_eq!((kind(&parts[0]), kind(&parts[1])), (1, 1));
    }
}
