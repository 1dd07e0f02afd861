//! The sampler against the distribution that it should have, and every instruction set against scalar code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datasets::bow::config::Generated;
use datasets::bow::generate::generate;
use datasets::bow::load::load;
use datasets::bow::partition::{SkewBy, Split, partition};
use datasets::bow::{Corpus, Entry};
use gaia_core::simd::Isa;
use gaia_core::workload::lda::block::Block;
use gaia_core::workload::lda::config::{Lda, Reads};
use gaia_core::workload::lda::sampler::{Prior, sample, totals};
use gaia_core::workload::lda::top_words::top_words;
use gaia_core::workload::lda::worker::{LdaWorker, WholeCorpus};
use gaia_core::workload::traits::Workload;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A block with a topic for every token, and the table of counts that follows.
struct Chain {
    block: Block,
    assigned: Vec<u16>,
    view: Vec<f32>,
    prior: Prior,
}

impl Chain {
    fn new(documents: &[Vec<Entry>], words: u32, topics: u32, clocks: u32) -> Self {
        let tokens: u32 = documents.iter().flatten().map(|entry| entry.count).sum();
        let drawn: Vec<u16> = (0..tokens).map(|token| (token * 7919 % topics) as u16).collect();
        let (block, assigned) = Block::new(documents, words as usize, topics, clocks, &drawn);
        let mut view = vec![0.0; (words * topics) as usize];
        block.each_token(|token, row| view[row * topics as usize + usize::from(assigned[token])] += 1.0);
        Chain { block, assigned, view, prior: Prior { alpha: 0.3, beta: 0.2, words, total_scale: 1.0 } }
    }

    fn pass(&mut self, isa: Isa, random: &mut ChaCha8Rng, clocks: u32) {
        for clock in 0..clocks {
            sample(isa, &self.block, clock, &self.prior, random, &mut self.assigned, &mut self.view);
        }
    }
}

/// ln p(words, topics) by its definition, token by token: the chance of each given those before it.
fn joint(tokens: &[(u32, u32, u16)], topics: u32, alpha: f64, beta: f64, words: u32) -> f64 {
    let mut counts = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
    let mut sum = 0.0;
    for &(document, word, topic) in tokens {
        let topic = u32::from(topic);
        let keys = [(document, topic), (document, u32::MAX), (word, topic), (u32::MAX, topic)];
        let mut before = [0.0; 4];
        for ((counts, key), before) in counts.iter_mut().zip(keys).zip(&mut before) {
            let count: &mut f64 = counts.entry(key).or_default();
            *before = *count;
            *count += 1.0;
        }
        let topic_chance = (before[0] + alpha) / (before[1] + f64::from(topics) * alpha);
        let word_chance = (before[2] + beta) / (before[3] + f64::from(words) * beta);
        sum += (topic_chance * word_chance).ln();
    }
    sum
}

#[test]
fn a_chain_visits_assignments_as_often_as_the_posterior_says() {
    let entry = |word, count| Entry { word, count };
    let documents = [vec![entry(0, 2), entry(1, 1)], vec![entry(1, 1), entry(2, 1)]];
    let (topics, words) = (3, 3);
    let mut chain = Chain::new(&documents, words, topics, 1);
    // In the block's order: word by word, in each by document.
    let places = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 2)];
    let of = |assigned: &[u16]| {
        let tokens: Vec<_> = places.iter().zip(assigned).map(|(&(d, w), &k)| (d, w, k)).collect();
        joint(&tokens, topics, 0.3, 0.2, words).exp()
    };
    let assignments =
        || (0..3u16.pow(5)).map(|number| (0..5).map(|place| number / 3u16.pow(place) % 3).collect::<Vec<_>>());
    let evidence: f64 = assignments().map(|assigned| of(&assigned)).sum();
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut visits: BTreeMap<Vec<u16>, u32> = BTreeMap::new();
    let rounds = 400_000;
    for _ in 0..rounds {
        chain.pass(Isa::detect(), &mut random, 1);
        *visits.entry(chain.assigned.clone()).or_default() += 1;
    }
    let off = |assigned: Vec<u16>| {
        let visited = f64::from(visits.get(&assigned).copied().unwrap_or(0)) / f64::from(rounds);
        (visited - of(&assigned) / evidence).abs()
    };
    let distance = assignments().map(off).sum::<f64>() / 2.0;
    assert!(distance < 0.012, "total variation {distance}");
}

#[test]
fn one_token_is_drawn_in_proportion_at_any_number_of_topics() {
    for topics in [2u32, 15, 16, 17, 100, 500] {
        let documents = [vec![Entry { word: 0, count: 1 }]];
        let mut chain = Chain::new(&documents, 2, topics, 1);
        // What other workers' tokens have made of the table.
        let others: Vec<f32> = (0..2 * topics).map(|place| (place * 37 % 11 * (place % 3)) as f32).collect();
        chain.view.iter_mut().zip(&others).for_each(|(count, others)| *count += others);
        let weight = |topic: usize| {
            let (here, all) = (f64::from(others[topic]), f64::from(others[topic] + others[topics as usize + topic]));
            (here + 0.2) / (all + 0.4)
        };
        let sum: f64 = (0..topics as usize).map(weight).sum();
        let mut random = ChaCha8Rng::seed_from_u64(u64::from(topics));
        let rounds = 200_000;
        let mut drawn = vec![0u32; topics as usize];
        for _ in 0..rounds {
            chain.pass(Isa::detect(), &mut random, 1);
            drawn[usize::from(chain.assigned[0])] += 1;
        }
        // Chi squared with topics - 1 degrees of freedom: mean topics - 1, variance twice that.
        let expected = |topic| weight(topic) / sum * f64::from(rounds);
        let squares =
            drawn.iter().enumerate().map(|(topic, &n)| (f64::from(n) - expected(topic)).powi(2) / expected(topic));
        let (chi, freedom) = (squares.sum::<f64>(), f64::from(topics - 1));
        assert!(chi < freedom + 5.0 * (2.0 * freedom).sqrt() + 10.0, "{topics} topics: chi squared {chi}");
    }
}

fn corpus() -> impl Strategy<Value = Vec<Vec<Entry>>> {
    let document = prop::collection::btree_map(0u32..12, 1u32..5, 0..8);
    let entries =
        |document: BTreeMap<u32, u32>| document.into_iter().map(|(word, count)| Entry { word, count }).collect();
    prop::collection::vec(document.prop_map(entries), 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn draws_are_the_same_on_every_instruction_set(
        documents in corpus(), topics in prop_oneof![2u32..70, 100u32..140, Just(500), Just(1025)], clocks in 1u32..4, seed in any::<u64>(),
        holes in prop::collection::vec(0usize..10_000, 0..4),
    ) {
        let of = |isa: Isa| {
            let mut chain = Chain::new(&documents, 12, topics, clocks);
            // A view such as only a lossy encoding leaves.
            let len = chain.view.len();
            holes.iter().for_each(|hole| chain.view[hole % len] = -2.0);
            let before = totals(isa, topics, &chain.view);
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            chain.pass(isa, &mut random, clocks);
            chain.pass(isa, &mut random, clocks);
            (before, chain.assigned, chain.view)
        };
        let expected = of(Isa::Scalar);
        prop_assert_eq!(expected.0.iter().sum::<f64>(), expected.2.iter().map(|&count| f64::from(count)).sum::<f64>());
        for isa in [Isa::Avx2, Isa::Avx512].into_iter().filter(|isa| isa.is_supported()) {
            prop_assert_eq!(&of(isa), &expected, "{}", isa);
        }
    }

    #[test]
    fn the_workers_parts_of_the_objective_add_up_to_the_joint_likelihood(
        documents in corpus(), workers in 1u32..6, seed in 0u64..9,
    ) {
        let corpus = Corpus::new("test".into(), 12, Vec::new(), documents);
        let config = Lda { topics: 5, alpha: 0.3, beta: 0.2, ..Lda::default() };
        let parts = partition(&corpus, &vec![1; workers as usize], Split::Even);
        let whole = Arc::new(WholeCorpus::of(&corpus, &parts, &config, seed).unwrap());
        let mut table = vec![0.0; 12 * 5];
        let all: Vec<LdaWorker> =
            parts.iter().map(|part| LdaWorker::new(&corpus, part, whole.clone(), config, seed, Isa::detect())).collect();
        all.iter().for_each(|worker| worker.add_counts(&worker.initial_state(), &mut table));
        let mut sum = 0.0;
        for worker in &all {
            let mut view = Vec::new();
            for &row in worker.declared_rows() {
                let mut initial = vec![f32::NAN; 5];
                worker.initial_row(row, &mut initial);
                let place = row as usize * 5;
                prop_assert_eq!(&initial[..], &table[place..place + 5], "the starting row is what the starting topics make");
                view.extend(initial);
            }
            let evaluation = worker.evaluate(&worker.initial_state(), &view);
            prop_assert_eq!(evaluation.clamped, 0);
            sum += evaluation.objective;
        }
        let mut tokens = Vec::new();
        for (document, entries) in (0..).zip(corpus.iter()) {
            let mut drawn = gaia_core::workload::lda::initial::initial_topics(seed, document, entries, 5);
            for entry in entries {
                tokens.extend(drawn.by_ref().take(entry.count as usize).map(|topic| (document, entry.word, topic)));
            }
        }
        let expected = -joint(&tokens, 5, 0.3, 0.2, 12);
        prop_assert!((sum - expected).abs() <= 1e-9 * expected, "parts {}, whole {}", sum, expected);
    }
}

/// Trains one worker with everything; returns the objective per token after each tenth pass, and the table.
fn train(corpus: &Corpus, config: Lda, passes: u32) -> (Vec<f64>, Vec<f32>) {
    let parts = partition(corpus, &[1], Split::Even);
    let whole = Arc::new(WholeCorpus::of(corpus, &parts, &config, 1).unwrap());
    let worker = LdaWorker::new(corpus, &parts[0], whole, config, 1, Isa::detect());
    let mut state = worker.initial_state();
    let mut view = vec![0.0; corpus.words as usize * config.topics as usize];
    worker.add_counts(&state, &mut view);
    let mut objectives = Vec::new();
    for clock in 0..passes {
        if clock % 10 == 0 {
            objectives.push(worker.evaluate(&state, &view).objective / corpus.tokens as f64);
        }
        worker.compute(clock, &mut state, &mut view);
    }
    objectives.push(worker.evaluate(&state, &view).objective / corpus.tokens as f64);
    (objectives, view)
}

#[test]
fn planted_topics_are_found_again() {
    // Five topics of twenty words each, no word in two of them; documents of two topics.
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut below = |n: u32| ((u64::from(random.next_u32()) * u64::from(n)) >> 32) as u32;
    let document = |document: u32| {
        let topics = [document % 5, document / 5 % 5];
        let mut words: BTreeMap<u32, u32> = BTreeMap::new();
        (0..20).for_each(|token| *words.entry(topics[token / 14] * 20 + below(20)).or_default() += 1);
        words.into_iter().map(|(word, count)| Entry { word, count }).collect::<Vec<_>>()
    };
    let corpus = Corpus::new("planted".into(), 100, Vec::new(), (0..400).map(document));
    let (objectives, table) = train(&corpus, Lda { topics: 5, ..Lda::default() }, 100);
    assert!(objectives.is_sorted_by(|a, b| *b < a + 0.02) && objectives[10] < objectives[0] - 1.0, "{objectives:?}");
    let mut found: Vec<Vec<u32>> = Vec::new();
    for top in top_words(&table, 5, 20) {
        let mut words: Vec<u32> = top.iter().map(|word| word.word).collect();
        words.sort_unstable();
        found.push(words);
    }
    found.sort_unstable();
    let planted: Vec<Vec<u32>> = (0..5).map(|topic| (topic * 20..topic * 20 + 20).collect()).collect();
    assert_eq!(found, planted);
}

#[test]
fn a_word_that_f32_cannot_count_is_refused() {
    let documents = [[Entry { word: 1, count: 1 << 24 }], [Entry { word: 1, count: 1 }]];
    let corpus = Corpus::new("test".into(), 2, Vec::new(), documents);
    let parts = partition(&corpus, &[1], Split::Even);
    let error = WholeCorpus::of(&corpus, &parts, &Lda::default(), 1).unwrap_err();
    let says = "word 1 occurs 16777217 times: expected at most 16777216, up to which counts are exact in 4-byte floats";
    assert_eq!(error.to_string(), says);
}

/// Trains workers in bulk synchrony: all start a clock from one table, the differences are added. The objective per token.
fn train_together(corpus: &Corpus, config: Lda, machines: &[u32], split: Split, passes: u32) -> f64 {
    let (topics, parts) = (config.topics as usize, partition(corpus, machines, split));
    let whole = Arc::new(WholeCorpus::of(corpus, &parts, &config, 1).unwrap());
    let workers: Vec<LdaWorker> =
        parts.iter().map(|part| LdaWorker::new(corpus, part, whole.clone(), config, 1, Isa::detect())).collect();
    let mut states: Vec<_> = workers.iter().map(Workload::initial_state).collect();
    let mut table = vec![0.0; corpus.words as usize * topics];
    workers.iter().zip(&states).for_each(|(worker, state)| worker.add_counts(state, &mut table));
    let view_of = |worker: &LdaWorker, table: &[f32]| -> Vec<f32> {
        worker.declared_rows().iter().flat_map(|&row| table[row as usize * topics..][..topics].to_vec()).collect()
    };
    for clock in 0..passes {
        let start = table.clone();
        for (worker, state) in workers.iter().zip(&mut states) {
            let mut view = view_of(worker, &start);
            worker.compute(clock, state, &mut view);
            for (&row, counts) in worker.declared_rows().iter().zip(view.chunks_exact(topics)) {
                let place = row as usize * topics;
                let before = &start[place..][..topics];
                table[place..][..topics]
                    .iter_mut()
                    .zip(counts.iter().zip(before))
                    .for_each(|(count, (a, b))| *count += a - b);
            }
        }
        assert!(table.iter().all(|&count| count >= 0.0));
    }
    let parts = workers.iter().zip(&states).map(|(worker, state)| worker.evaluate(state, &view_of(worker, &table)));
    parts.map(|part| part.objective).sum::<f64>() / corpus.tokens as f64
}

#[test]
fn generated_corpora_train_alike_under_any_partition() {
    let corpus = generate(&Generated::at_scale(0.001), 3);
    let config = Lda { topics: 20, ..Lda::default() };
    let (alone, _) = train(&corpus, config, 40);
    let skewed = Split::Skewed { by: SkewBy::Topics, skew: 1.0 };
    for (split, reads) in [(Split::Even, Reads::AllWords), (skewed, Reads::AllWords), (skewed, Reads::OwnWords)] {
        let per_token = train_together(&corpus, Lda { reads, ..config }, &[2, 2], split, 40);
        assert!((per_token - alone[4]).abs() < 0.02 * alone[4], "{split:?}, {reads:?}: {per_token} for {}", alone[4]);
    }
}

/// The folder with real data sets; without one, a line with the reason why a test is skipped.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn real(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("GAIA_DATA")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"));
    let folder = data.join(name);
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("skipped: no {name} among the real data (set GAIA_DATA to the folder that has it)");
    None
}

#[test]
fn the_topics_of_kos_read_like_topics() {
    let Some(folder) = real("bow") else { return };
    let corpus = load(&folder).unwrap();
    let (objectives, table) = train(&corpus, Lda { topics: 50, ..Lda::default() }, 60);
    let tops: Vec<Vec<&str>> = top_words(&table, 50, 12)
        .iter()
        .map(|top| top.iter().map(|word| corpus.vocabulary[word.word as usize].as_str()).collect())
        .collect();
    assert!(objectives.is_sorted_by(|a, b| a > b) && objectives[6] < 8.45, "{objectives:?}");
    // What the weblog wrote about in 2004.
    for story in [["abu", "ghraib", "rumsfeld"], ["marriage", "gay", "amendment"], ["tax", "budget", "deficit"]] {
        let tells = |top: &&Vec<&str>| story.iter().all(|word| top.contains(word));
        assert!(tops.iter().any(|top| tells(&top)), "no topic has {story:?}: {tops:#?}");
    }
}
