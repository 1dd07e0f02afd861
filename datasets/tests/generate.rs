//! Generated ratings: Netflix's shape in numbers, laws for any shape, the same bits everywhere.

use std::collections::BTreeSet;

use datasets::ratings::Ratings;
use datasets::ratings::config::Generated;
use datasets::ratings::generate::{generate, touched_share};
use datasets::ratings::partition::{Partition, Split, partition};
use proptest::prelude::*;

/// Ratings of each user and of each item, most first.
fn counts(ratings: &Ratings) -> (Vec<u32>, Vec<u32>) {
    let (mut users, mut items) = (vec![0; ratings.users as usize], vec![0; ratings.items as usize]);
    for rating in ratings.train.iter().chain(&ratings.held_out) {
        users[rating.user as usize] += 1;
        items[rating.item as usize] += 1;
    }
    users.sort_unstable_by(|a, b| b.cmp(a));
    items.sort_unstable_by(|a, b| b.cmp(a));
    (users, items)
}

#[test]
fn a_tenth_of_netflix_has_netflix_s_numbers() {
    let ratings = generate(&Generated::at_scale(0.1), 1);
    let all = || ratings.train.iter().chain(&ratings.held_out).map(|r| f64::from(r.value));
    let n = all().count() as f64;
    assert_eq!(n, 1_004_807.0);
    let within = |what: &str, found: f64, netflix: f64, tolerance: f64| {
        assert!((found - netflix).abs() <= tolerance, "{what}: found {found}, Netflix has {netflix}");
    };
    let mean = all().sum::<f64>() / n;
    within("mean", mean, 3.604, 0.03);
    within("deviation", (all().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt(), 1.085, 0.02);
    for (stars, share) in [(1.0, 0.046), (2.0, 0.101), (3.0, 0.287), (4.0, 0.336), (5.0, 0.231)] {
        within("share of stars", all().filter(|&v| v == stars).count() as f64 / n, share, 0.03);
    }
    within("held out", ratings.held_out.len() as f64 / n, 0.05, 0.001);
    let (users, items) = counts(&ratings);
    let part = |counts: &[u32]| f64::from(counts.iter().sum::<u32>()) / n;
    within("most popular item over the mean", f64::from(items[0]) * 1_777.0 / n, 41.2, 6.0);
    within("ratings of the first 1.7 % of items", part(&items[..30]), 0.33, 0.02);
    within("median user over the mean", f64::from(users[24_000]) * 48_019.0 / n, 0.46, 0.04);
    within("most active user over all items", f64::from(users[0]) / 1_777.0, 0.99, 0.4);
    assert!(users[48_018] >= 1 && items[1_776] >= 1);
}

#[test]
fn the_same_bits_on_every_machine() {
    let config = Generated::at_scale(0.01);
    let hex = |seed| blake3::Hash::from_bytes(generate(&config, seed).hash).to_hex().to_string();
    assert_eq!(hex(1), hex(1));
    assert_ne!(hex(1), hex(2));
    insta::assert_snapshot!(hex(1), @"807538d14ea651f4006474ffd600b0ac5d9ac08a997c42381197411abbc45cba");
}

#[test]
fn the_skews_and_the_noise_can_be_turned_off() {
    let flat = Generated {
        users: Some(400),
        items: Some(100),
        ratings: Some(8_000),
        popularity: 0.0,
        activity: 0.0,
        noise: 0.0,
        ..Generated::default()
    };
    let (users, items) = counts(&generate(&flat, 1));
    assert_eq!((users[0], users[399]), (20, 20));
    assert!(items[0] < 120 && items[99] > 45, "{items:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_shape_is_met_exactly(
        users in 1u32..60, items in 1u32..60, fill in 0.0..=1.0f64, seed in any::<u64>(),
        (held_out, popularity, activity) in (0.0..0.9f64, 0.0..=3.0f64, 0.0..=3.0f64),
    ) {
        let cells = users * items;
        let wanted = users + (f64::from(cells - users) * fill) as u32;
        let config = Generated {
            users: Some(users), items: Some(items), ratings: Some(wanted.into()), held_out, popularity, activity, rank: 3,
            ..Generated::default()
        };
        prop_assert!(config.check().is_empty());
        let ratings = generate(&config, seed);
        let mut all: Vec<(u32, u32)> = ratings.train.iter().chain(&ratings.held_out).map(|r| (r.user, r.item)).collect();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(all.len(), wanted as usize);
        prop_assert!(all.iter().all(|&(user, item)| user < users && item < items));
        prop_assert!(ratings.train.is_sorted_by_key(|r| (r.user, r.item)));
        prop_assert!(ratings.train.iter().all(|r| [1.0, 2.0, 3.0, 4.0, 5.0].contains(&r.value)));
        let with_training: std::collections::BTreeSet<u32> = ratings.train.iter().map(|r| r.user).collect();
        prop_assert_eq!(with_training.len(), users as usize);
    }
}

#[test]
fn what_a_worker_touches_is_known_without_generating_it() {
    let count = |config: &Generated| {
        let ratings = generate(config, 1);
        let parts = partition(&ratings, &[22], Split::Even);
        let items = |part: &Partition| part.train.iter().map(|rating| rating.item).collect::<BTreeSet<_>>().len();
        parts.iter().map(items).sum::<usize>() as f64 / 22.0 / f64::from(ratings.items)
    };
    for (scale, density_times) in [(0.1, 1.0), (0.05, 2.0), (0.02, 10.0)] {
        let config = Generated { density_times, ..Generated::at_scale(scale) };
        let (expected, found) = (touched_share(&config, 1, 22, 1), count(&config));
        assert!((expected - found).abs() < 0.02, "scale {scale}, density x {density_times}: {expected}, found {found}");
    }
    let whole = Generated::at_scale(0.1);
    assert!(touched_share(&whole, 1, 22, 4) < touched_share(&whole, 1, 22, 1));
}
