//! Topic modelling as a workload: documents and the topics of their tokens stay with the worker, the counts of words in
//! topics are in the parameter server.
//!
//! The objective is the joint log likelihood with its sign turned round, in nats: lower is better. Of it a worker adds
//! * the part of its documents;
//! * the part of the words that it judges: of the workers that read a word's row, number `word mod their number`;
//! * the part of the topics `k` with `k mod workers` its number, by the totals that it sees.
//!
//! Every word and every topic has one judge, who sees it on its own site's copy.

use std::sync::Arc;

use datasets::bow::partition::Partition;
use datasets::bow::{Corpus, Entry, MAX_TOKENS_PER_WORD};
use emulator::random::stream;
use emulator::time::Duration;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::block::Block;
use super::config::{Lda, Reads};
use super::initial::{InitialTable, initial_topics};
use super::likelihood::{LogGamma, of_documents, of_topic, of_word};
use super::sampler::{Prior, sample, totals};
use crate::layout::{Layout, Table};
use crate::rates::{MachineKind, Similitude};
use crate::simd::Isa;
use crate::workload::traits::{Evaluation, Workload};

/// Whole numbers up to here are exact in f32. Corpora are refused when they are loaded; this is the last check.
const EXACT: usize = MAX_TOKENS_PER_WORD as usize;

/// A corpus that cannot be counted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("word {word} occurs {found} times: expected at most {EXACT}, up to which counts are exact in 4-byte floats")]
pub struct TooFrequent {
    /// The number of the word.
    pub word: u32,
    /// Its occurrences in the corpus.
    pub found: usize,
}

/// The properties of the whole corpus that every worker needs, about 2 bytes per token. Made once, shared by all workers of a process.
#[derive(Debug)]
pub struct WholeCorpus {
    words: u32,
    tokens: u64,
    workers: u32,
    initial: InitialTable,
    /// The worker that judges each word; of words that nobody reads, none.
    judges: Vec<u32>,
}

impl WholeCorpus {
    /// Of `corpus`, dealt to workers as `parts`, one per worker.
    ///
    /// # Errors
    /// Returns an error if a count could leave the range in which f32 is exact.
    ///
    /// # Panics
    /// Panics if there is no part, or they are not those of machines 0, 1, 2, ...
    pub fn of(corpus: &Corpus, parts: &[Partition], config: &Lda, seed: u64) -> Result<Self, TooFrequent> {
        assert!(!parts.is_empty(), "a corpus is dealt to workers");
        assert!((0..).zip(parts).all(|(number, part): (u32, _)| part.machine == number), "parts in order of machines");
        let initial = InitialTable::new(corpus, seed, config.topics);
        let too_frequent = (0..corpus.words).find(|&word| initial.tokens(word) > EXACT);
        if let Some(word) = too_frequent {
            return Err(TooFrequent { word, found: initial.tokens(word) });
        }
        let judges = judges(corpus, parts, config.reads);
        Ok(WholeCorpus { words: corpus.words, tokens: corpus.tokens, workers: parts.len() as u32, initial, judges })
    }
}

/// The number of the worker that judges each word: of its readers, number `word mod their number`.
fn judges(corpus: &Corpus, parts: &[Partition], reads: Reads) -> Vec<u32> {
    let mut readers = vec![0u32; corpus.words as usize];
    for part in parts {
        declared(corpus, part, reads).into_iter().for_each(|word| readers[word as usize] += 1);
    }
    let mut before: Vec<u32> = (0..).zip(&readers).map(|(word, &readers): (u32, _)| word % readers.max(1)).collect();
    let mut judges = vec![u32::MAX; corpus.words as usize];
    for part in parts {
        for word in declared(corpus, part, reads) {
            let (judge, before) = (&mut judges[word as usize], &mut before[word as usize]);
            if *before == 0 && *judge == u32::MAX {
                *judge = part.machine;
            }
            *before = before.saturating_sub(1);
        }
    }
    judges
}

/// The words whose rows a worker reads, ascending.
fn declared(corpus: &Corpus, part: &Partition, reads: Reads) -> Vec<u32> {
    match reads {
        Reads::AllWords => (0..corpus.words).collect(),
        Reads::OwnWords => {
            let mut is_own = vec![false; corpus.words as usize];
            let own = part.documents.iter().flat_map(|&document| corpus.document(document));
            own.for_each(|entry| is_own[entry.word as usize] = true);
            (0..corpus.words).filter(|&word| is_own[word as usize]).collect()
        }
    }
}

/// One worker's documents and settings.
#[derive(Debug)]
pub struct LdaWorker {
    config: Lda,
    whole: Arc<WholeCorpus>,
    worker: u32,
    seed: u64,
    isa: Isa,
    prior: Prior,
    declared: Vec<u32>,
    block: Block,
    /// The topics of the block's tokens before the first clock.
    initial: Vec<u16>,
    in_topic: LogGamma,
    in_document: LogGamma,
    of_length: LogGamma,
}

/// The topics of a worker's tokens, in the order of its block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LdaState {
    assigned: Vec<u16>,
}

impl LdaWorker {
    /// Worker number `part.machine`, which holds the documents of `part`.
    pub fn new(corpus: &Corpus, part: &Partition, whole: Arc<WholeCorpus>, config: Lda, seed: u64, isa: Isa) -> Self {
        let declared = declared(corpus, part, config.reads);
        let place = |word| declared.binary_search(&word).expect("every own word is declared") as u32;
        let local = |&document: &u32| -> Vec<Entry> {
            corpus.document(document).iter().map(|entry| Entry { word: place(entry.word), ..*entry }).collect()
        };
        let documents: Vec<Vec<Entry>> = part.documents.iter().map(local).collect();
        let of_document = |&document| initial_topics(seed, document, corpus.document(document), config.topics);
        let drawn: Vec<u16> = part.documents.iter().flat_map(of_document).collect();
        let (block, initial) = Block::new(&documents, declared.len(), config.topics, config.clocks_per_pass, &drawn);
        let known: usize = declared.iter().map(|&word| whole.initial.tokens(word)).sum();
        let prior = Prior {
            alpha: config.alpha as f32,
            beta: config.beta as f32,
            words: whole.words,
            total_scale: whole.tokens as f64 / known.max(1) as f64,
        };
        let (in_topic, in_document) = (LogGamma::new(config.beta), LogGamma::new(config.alpha));
        let of_length = LogGamma::new(config.alpha * f64::from(config.topics));
        let worker = part.machine;
        LdaWorker {
            config,
            whole,
            worker,
            seed,
            isa,
            prior,
            declared,
            block,
            initial,
            in_topic,
            in_document,
            of_length,
        }
    }

    /// Adds this worker's tokens to a table of all words, `topics` floats per word: what the tables in the parameter servers
    /// come to when all workers' updates are delivered.
    pub fn add_counts(&self, state: &LdaState, table: &mut [f32]) {
        self.block.each_token(|token, row| {
            let place = self.declared[row] as usize * self.config.topics as usize;
            table[place + usize::from(state.assigned[token])] += 1.0;
        });
    }

    /// The counts in a row's place in the view.
    fn row<'a>(&self, view: &'a [f32], place: usize) -> &'a [f32] {
        let topics = self.config.topics as usize;
        &view[place * topics..][..topics]
    }

    fn judged_words(&self, view: &[f32]) -> f64 {
        let judged = |&(_, &word): &(usize, &u32)| self.whole.judges[word as usize] == self.worker;
        let own = self.declared.iter().enumerate().filter(judged);
        own.map(|(place, _)| of_word(self.row(view, place), &self.in_topic)).sum()
    }

    fn judged_topics(&self, view: &[f32]) -> f64 {
        let totals = totals(self.isa, self.config.topics, view);
        let own = totals.iter().skip(self.worker as usize).step_by(self.whole.workers as usize);
        own.map(|&total| of_topic(total * self.prior.total_scale, self.config.beta, self.whole.words)).sum()
    }
}

impl Workload for LdaWorker {
    type State = LdaState;

    fn layout(&self) -> Layout {
        Layout::new(vec![Table { name: "words".to_owned(), rows: self.whole.words, width: self.config.topics }])
    }

    fn declared_rows(&self) -> &[u32] {
        &self.declared
    }

    fn initial_row(&self, row: u32, values: &mut [f32]) {
        self.whole.initial.row(row, values);
    }

    fn initial_state(&self) -> LdaState {
        LdaState { assigned: self.initial.clone() }
    }

    fn compute(&self, clock: u32, state: &mut LdaState, view: &mut [f32]) {
        let mut random = stream(self.seed, "lda draws", u64::from(self.worker));
        // A clock has fewer than 2^32 tokens, each of which takes one word.
        random.set_word_pos(u128::from(clock) << 32);
        let clock = clock % self.config.clocks_per_pass;
        sample(self.isa, &self.block, clock, &self.prior, &mut random, &mut state.assigned, view);
    }

    fn evaluate(&self, state: &LdaState, view: &[f32]) -> Evaluation {
        let documents = of_documents(&self.block, &state.assigned, &self.in_document, &self.of_length);
        Evaluation {
            objective: -(documents + self.judged_words(view) + self.judged_topics(view)),
            clamped: view.iter().filter(|&&count| count < 0.0).count() as u64,
            ..Evaluation::default()
        }
    }

    fn duration(&self, clock: u32, kind: &MachineKind, similitude: &Similitude) -> Duration {
        let tokens = self.block.tokens(clock % self.config.clocks_per_pass);
        kind.lda(similitude, tokens as u64, self.config.topics)
    }

    fn clocks_per_pass(&self) -> u32 {
        self.config.clocks_per_pass
    }

    fn learning_rate_factor(&self, _: u32) -> f64 {
        1.0
    }
}
