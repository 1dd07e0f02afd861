//! Generated corpora and their partitions: NYTimes' shape in numbers, laws for any shape, the same bits everywhere.

use std::collections::BTreeSet;

use datasets::bow::config::{Generated, NYTIMES_PAIRS, NYTIMES_TOKENS};
use datasets::bow::generate::{generate, touched_share};
use datasets::bow::partition::{Partition, SkewBy, Split, partition};
use datasets::bow::{Corpus, Entry};
use proptest::prelude::*;

fn tokens(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| u64::from(entry.count)).sum()
}

fn within(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{what}: found {found}, expected {expected}");
}

#[test]
fn some_documents_of_full_nytimes_have_its_numbers() {
    // The number of documents that makes a second's work, with all of NYTimes' words.
    let part =
        Generated { documents: Some(6_000), words: Some(102_660), tokens: Some(1_992_480), ..Generated::default() };
    let corpus = generate(&part, 1);
    assert_eq!((corpus.documents(), corpus.tokens), (6_000, 1_992_480));
    let original = NYTIMES_TOKENS as f64 / NYTIMES_PAIRS as f64;
    within("tokens a pair", corpus.tokens as f64 / corpus.pairs() as f64, original, 0.02);
    let mut lengths: Vec<u64> = corpus.iter().map(tokens).collect();
    lengths.sort_unstable();
    // The median of a log-normal with sigma 0.7 is exp(-0.245) of its mean.
    within("median length", lengths[3_000] as f64, 332.08 * 0.783, 12.0);
    let mut counts = vec![0u32; 102_660];
    corpus.iter().flatten().for_each(|entry| counts[entry.word as usize] += entry.count);
    counts.sort_unstable_by(|a, b| b.cmp(a));
    within("share of the first word", f64::from(counts[0]) / corpus.tokens as f64, 0.005, 0.0015);
}

#[test]
fn the_same_bits_on_every_machine() {
    let config = Generated::at_scale(0.002);
    let hex = |seed| blake3::Hash::from_bytes(generate(&config, seed).hash).to_hex().to_string();
    assert_eq!(hex(1), hex(1));
    assert_ne!(hex(1), hex(2));
    insta::assert_snapshot!(hex(1), @"dfb5287424a0841b386561d19898562db5a083873ab0e2e4ece67a9e71ac2cf1");
}

#[test]
fn the_skews_can_be_turned_off() {
    let flat = Generated {
        documents: Some(100),
        words: Some(50),
        tokens: Some(2_000),
        topics: 1,
        zipf: 0.0,
        lengths: 0.0,
        ..Generated::default()
    };
    let corpus = generate(&flat, 1);
    assert!(corpus.iter().all(|entries| tokens(entries) == 20));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_shape_is_met_exactly(
        documents in 1u32..60, words in 1u32..60, others in 0u64..3_000, seed in any::<u64>(), topics in 1u32..9,
        (zipf, lengths, concentration) in (0.0..=2.0f64, 0.0..=2.0f64, 0.01..2.0f64),
    ) {
        let wanted = u64::from(documents) + others;
        let config = Generated {
            scale: None, documents: Some(documents), words: Some(words), tokens: Some(wanted), topics, concentration, zipf, lengths,
        };
        prop_assert!(config.check().is_empty());
        let corpus = generate(&config, seed);
        prop_assert_eq!((corpus.documents(), corpus.words, corpus.tokens), (documents, words, wanted));
        prop_assert!(corpus.iter().all(|entries| !entries.is_empty()));
    }

    #[test]
    fn every_document_is_in_one_part(
        machines in prop::collection::vec(0u32..4, 1..6).prop_filter("a machine", |m| m.iter().sum::<u32>() > 0),
        by in prop_oneof![Just(SkewBy::Topics), Just(SkewBy::Sizes)], skew in 0.0..=1.0f64, seed in 0u64..50,
    ) {
        let corpus = small(seed);
        for split in [Split::Even, Split::Skewed { by, skew }] {
            let parts = partition(&corpus, &machines, split);
            prop_assert_eq!(parts.len() as u32, machines.iter().sum::<u32>());
            prop_assert!(parts.iter().enumerate().all(|(n, part)| part.machine as usize == n && part.documents.is_sorted()));
            let mut all: Vec<u32> = parts.iter().flat_map(|part| part.documents.clone()).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..corpus.documents()).collect::<Vec<_>>());
            let largest = corpus.iter().map(tokens).max().unwrap();
            let documents_over = match split {
                Split::Even => 1,
                Split::Skewed { by: SkewBy::Topics, .. } => 2,
                Split::Skewed { by: SkewBy::Sizes, .. } => continue,
            };
            let mean = corpus.tokens as f64 / parts.len() as f64;
            for part in &parts {
                prop_assert!(load(&corpus, part) as f64 <= mean + (documents_over * largest) as f64);
            }
        }
    }
}

fn small(seed: u64) -> Corpus {
    let shape = Generated { documents: Some(60), words: Some(200), tokens: Some(3_000), ..Generated::default() };
    generate(&Generated { topics: 4, ..shape }, seed)
}

fn load(corpus: &Corpus, part: &Partition) -> u64 {
    part.documents.iter().map(|&document| tokens(corpus.document(document))).sum()
}

#[test]
fn skew_by_sizes_follows_its_law() {
    let corpus = generate(&Generated::at_scale(0.003), 1);
    let parts = partition(&corpus, &[1; 4], Split::Skewed { by: SkewBy::Sizes, skew: 1.0 });
    let first = load(&corpus, &parts[0]) as f64;
    for (site, part) in parts.iter().enumerate() {
        within("tokens of a site", load(&corpus, part) as f64 * (site as f64 + 1.0) / first, 1.0, 0.02);
    }
}

#[test]
fn skew_by_topics_sets_planted_topics_apart() {
    // Two topics without a common word, of two documents in turn.
    let document = |n: u32| (0..5u32).map(move |k| Entry { word: (n * 7 % 3 + k) * 2 + n / 2 % 2, count: 1 + k % 2 });
    let corpus = Corpus::new("two topics".into(), 16, Vec::new(), (0..80).map(document));
    let odd = |skew| {
        let parts = partition(&corpus, &[1, 1], Split::Skewed { by: SkewBy::Topics, skew });
        parts[0].documents.iter().filter(|&&document| document / 2 % 2 == 1).count() as i32
    };
    assert!(odd(1.0) == 0 || odd(1.0) == 40, "{}", odd(1.0));
    assert!((odd(0.0) - 20).abs() <= 6, "{}", odd(0.0));
}

#[test]
fn what_a_worker_touches_is_known_without_generating_it() {
    for scale in [0.021, 0.005] {
        let config = Generated::at_scale(scale);
        let corpus = generate(&config, 1);
        let documents: Vec<&[Entry]> = corpus.iter().collect();
        let words = |part: &Partition| {
            let entries = part.documents.iter().flat_map(|&document| documents[document as usize]);
            entries.map(|entry| entry.word).collect::<BTreeSet<_>>().len()
        };
        let parts = partition(&corpus, &[22], Split::Even);
        let found = parts.iter().map(words).sum::<usize>() as f64 / 22.0 / f64::from(corpus.words);
        within("words touched, share", touched_share(&config, 1, 22, 1), found, 0.02);
    }
}
