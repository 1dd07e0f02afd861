//! Generated sparse examples have the shape that was asked for, and the same bits everywhere; splits lose nothing.

use datasets::sparse::config::Generated;
use datasets::sparse::generate::{generate, generate_with_truth};
use datasets::sparse::partition::{Partition, SkewBy, Split, partition};
use datasets::sparse::{Examples, Label, Sparse};
use proptest::prelude::*;

fn hex(hash: [u8; 32]) -> String {
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn small(seed: u64) -> Sparse {
    generate(&Generated { examples: 300, features: 200, nonzeros: 8.0, ..Generated::default() }, seed)
}

#[test]
fn generated_examples_never_change() {
    let hashes = [
        (&Generated::default(), 1),
        (&Generated { examples: 300, features: 200, nonzeros: 8.0, ..Generated::default() }, 7),
    ]
    .map(|(config, seed)| hex(generate(config, seed).hash));
    insta::assert_snapshot!(hashes.join(" "), @"326e3ea760406341 29fb21894a1bb70a");
}

#[test]
fn examples_have_the_shape_that_was_asked_for() {
    let config = Generated::default();
    let (data, truth) = generate_with_truth(&config, 3);
    let all = || [&data.train, &data.held_out].into_iter().flat_map(Examples::iter);
    assert_eq!(all().count(), 20_000);
    assert!((data.held_out.len() as f64 / 20_000.0 - config.held_out).abs() < 0.01);
    let per_example = (data.train.nonzeros() + data.held_out.nonzeros()) as f64 / 20_000.0;
    assert!((per_example / config.nonzeros - 1.0).abs() < 0.03, "{per_example} values per example");
    let positive = all().filter(|(label, _)| *label == Label::Positive).count() as f64 / 20_000.0;
    assert!((positive - 0.5).abs() < 0.05, "{positive} are positive");
    for (_, entries) in all() {
        let length: f64 = entries.iter().map(|entry| f64::from(entry.value).powi(2)).sum();
        assert!((length - 1.0).abs() < 1e-5);
    }
    let odds: Vec<f64> = all().map(|(_, entries)| truth.log_odds(entries)).collect();
    let mean = odds.iter().sum::<f64>() / odds.len() as f64;
    let deviation = (odds.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / odds.len() as f64).sqrt();
    assert!(mean.abs() < 1e-3 && (deviation - config.signal).abs() < 1e-3, "{mean} {deviation}");
    let informative = truth.weights.iter().filter(|&&weight| weight != 0.0).count() as f64 / 10_000.0;
    assert!((informative - config.informative).abs() < 0.02, "{informative}");
    // A power law: a tenth of the features has most of the values.
    let mut counts = vec![0u32; 10_000];
    all().flat_map(|(_, entries)| entries).for_each(|entry| counts[entry.feature as usize] += 1);
    counts.sort_unstable();
    let [rest, popular] = [&counts[..9_000], &counts[9_000..]].map(|part| f64::from(part.iter().sum::<u32>()));
    assert!((0.5..0.8).contains(&(popular / (rest + popular))), "{}", popular / (rest + popular));
}

#[test]
fn streams_are_apart() {
    // The draw of labels changes no feature; another seed changes all.
    let base = Generated { examples: 50, features: 100, nonzeros: 5.0, held_out: 0.0, ..Generated::default() };
    let entries = |config: &Generated, seed| {
        let data = generate(config, seed).train;
        (0..data.len()).map(|example| data.entries(example).to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(entries(&base, 1), entries(&Generated { noise: 0.3, signal: 1.0, informative: 1.0, ..base }, 1));
    assert_ne!(entries(&base, 1), entries(&base, 2));
}

fn split() -> impl Strategy<Value = Split> {
    let skewed = |by| (0.0..=1.0f64).prop_map(move |skew| Split::Skewed { by, skew });
    prop_oneof![Just(Split::Even), skewed(SkewBy::Labels), skewed(SkewBy::Sizes)]
}

fn load(data: &Sparse, part: &Partition) -> usize {
    part.train.iter().map(|&example| data.train.entries(example as usize).len()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_partition_loses_nothing_and_is_balanced(
        split in split(), machines in prop::collection::vec(0u32..4, 1..5), seed in 0u64..50,
    ) {
        prop_assume!(machines.iter().any(|&n| n > 0));
        let data = small(seed);
        let parts = partition(&data, &machines, split);
        prop_assert_eq!(&parts, &partition(&data, &machines, split));
        prop_assert!((0..).zip(&parts).all(|(number, part)| part.machine == number));
        prop_assert!(parts.iter().all(|part| part.train.is_sorted()));
        let mut all: Vec<u32> = parts.iter().flat_map(|part| part.train.clone()).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..data.train.len() as u32).collect::<Vec<_>>());
        let longest = data.train.iter().map(|(_, entries)| entries.len()).max().unwrap();
        let over = match split {
            Split::Even => 1,
            Split::Skewed { by: SkewBy::Labels, .. } => 2,
            Split::Skewed { by: SkewBy::Sizes, .. } => return Ok(()),
        };
        let mean = data.train.nonzeros() as f64 / parts.len() as f64;
        prop_assert!(parts.iter().all(|part| load(&data, part) as f64 <= mean + (over * longest) as f64));
    }
}

#[test]
fn skew_by_labels_gives_sites_labels_of_their_own() {
    let data = small(1);
    let share = |skew| {
        let parts = partition(&data, &[1, 1], Split::Skewed { by: SkewBy::Labels, skew });
        let positive = |part: &Partition| {
            part.train.iter().filter(|&&e| data.train.labels()[e as usize] == Label::Positive).count() as f64
                / part.train.len() as f64
        };
        positive(&parts[1]) - positive(&parts[0])
    };
    assert!(share(1.0) > 0.8 && share(0.0).abs() < 0.2, "{} {}", share(1.0), share(0.0));
}
