//! The resources of topic modelling on this host: amounts of work and data, memory, and the measured speed of one core.

use std::sync::Arc;

use datasets::bow;
use datasets::bow::config::Generated;
use gaia_core::simd::Isa;
use gaia_core::sync::config::Encoding;
use gaia_core::workload::lda::config::{Lda, Reads};
use gaia_core::workload::lda::worker::{LdaWorker, WholeCorpus};
use record::failure::Failure;

use crate::calibrate::args::CalibrateArgs;
use crate::calibrate::measure::{self, Effort, Pace, clocks, cpu_seconds, initial_view};
use crate::workload::estimated::Estimated;
use crate::workload::kind::{
    Amounts, Calibrated, Costs, DataRef, FLOAT_BYTES, Footprint, PLAIN_BYTES, Posed, WorkloadKind,
};
use crate::workload::shares::{MOST_LISTED, SEED, remembered, share_of_even};

/// Share of tokens whose topic changes when it is drawn again; each change alters two counts.
const REDRAWN: f64 = 0.3;
/// Bytes per pair of a document and a word, and tokens per pair.
const PAIR_BYTES: f64 = 8.0;
const TOKENS_PER_PAIR: f64 = 1.35;
/// Bytes per token in the workers' order, with its run of equal words and its initial topic.
const ORDERED_TOKEN_BYTES: f64 = 14.0;
/// Bytes per token of its current topic.
const TOPIC_BYTES: f64 = 2.0;

/// 300,000 tokens of 4,000 words: at 500 topics counts that no small cache holds.
const DOCUMENTS: u32 = 1_000;
const WORDS: u32 = 4_000;
const TOKENS: u64 = 300_000;
/// Workers that share the evaluation of words: the more there are, the less of it each has.
const EVALUATORS: u32 = 4;
/// Passes before topics' counts are as sparse as they stay.
const WARM_UP: u32 = 5;

impl Estimated for Lda {
    /// Significant updates of counts are stored close together.
    const COSTS: Costs = Costs { read: 6.0, packed: 3.0, mirrored: 6.0, crowd: 1.0, passes: 60.0 };

    fn amounts(&self, posed: &Posed<'_, Self>) -> Amounts {
        let tokens = Lda::size(posed.data).work as f64;
        let model = self.parameters(posed.data);
        Amounts {
            learnt: tokens / f64::from(self.clocks_per_pass.max(1)),
            judged: 2.0 * tokens,
            model,
            declared: model * read_share(self, posed),
        }
    }

    fn message_bytes(&self, encoding: Encoding, changed: f64) -> f64 {
        // Half of the messages are updates, half are rows; counts are small whole numbers, most of them 0.
        match encoding {
            Encoding::Packed | Encoding::Smallest | Encoding::Rice | Encoding::Bf16 | Encoding::Int8 => {
                0.5 * (changed * 2.0 + 0.5)
            }
            Encoding::Plain => 0.5 * ((changed * PLAIN_BYTES).min(FLOAT_BYTES) + FLOAT_BYTES),
            Encoding::Dense => FLOAT_BYTES,
        }
    }

    /// The share of the counts that one of `learners` changes in a clock.
    fn changed_share(&self, amounts: &Amounts, learners: f64) -> f64 {
        (2.0 * REDRAWN * amounts.learnt / learners / amounts.model.max(1.0)).min(1.0)
    }

    fn significant_share(&self, _: f64, changed: f64) -> f64 {
        changed
    }

    fn footprint(&self, posed: &Posed<'_, Self>, _: &Amounts) -> Footprint {
        let tokens = Lda::size(posed.data).work as f64;
        Footprint {
            libraries: 0.0,
            data: tokens / TOKENS_PER_PAIR * PAIR_BYTES,
            ordered: tokens * ORDERED_TOKEN_BYTES,
            state: tokens * TOPIC_BYTES,
            rows: 1.8,
            rows_apart: 1.2,
            // Significant counts are few, and arrive at once.
            in_flight: 0.0,
        }
    }

    fn pace_key(&self, _: DataRef<'_, Self>) -> Option<String> {
        Some(format!("lda of {} topics", self.topics))
    }

    /// Seconds per token, and per float of a worker's view that an evaluation reads: from the times of two problems that
    /// differ in their vocabulary alone.
    fn pace(&self, _: DataRef<'_, Self>, isa: Isa, effort: Effort) -> Option<Pace> {
        let seconds = |words: u32| {
            let (worker, tokens) = worker(self.topics, isa, Corpus { tokens: TOKENS / 3, words, workers: EVALUATORS });
            let clock = measure::Clock { learnt: tokens, judged: 1, warm_up: WARM_UP };
            (measure::pace(&worker, clock, effort), tokens as f64)
        };
        let ((few, tokens), (many, _)) = (seconds(WORDS / 4), seconds(WORDS));
        let floats = [WORDS / 4, WORDS].map(|words| f64::from(words) * f64::from(self.topics));
        let judge_float = ((many.judge - few.judge) / (floats[1] - floats[0])).max(0.0);
        let judge = ((few.judge - judge_float * floats[0]) / tokens).max(0.0);
        Some(Pace { learn: many.learn, judge, judge_float })
    }

    /// Tokens of a worker's clock.
    fn calibrate(args: &CalibrateArgs, isa: Isa, effort: Effort) -> Result<Option<Calibrated>, Failure> {
        let topics = args.topics;
        let (worker, tokens) = worker(topics, isa, Corpus { tokens: TOKENS, words: WORDS, workers: 1 });
        let mut view = initial_view(&worker);
        Ok(Some(Calibrated {
            rate: clocks(&worker, &mut view, tokens, WARM_UP, effort, cpu_seconds),
            is_per_core: true,
            unit: format!("M tokens/s at {topics} topics"),
            scale: 1e6,
            how: String::new(),
            enter: Box::new(move |kind, rate| {
                kind.lda.topics = topics;
                kind.lda.tokens_per_second = rate;
            }),
        }))
    }
}

/// The share of all words that a worker reads.
fn read_share(lda: &Lda, posed: &Posed<'_, Lda>) -> f64 {
    let (size, machines) = (Lda::size(posed.data), posed.machines.max(1));
    if lda.reads == Reads::AllWords {
        return 1.0;
    }
    if u64::from(size.owners) + u64::from(size.rows) > MOST_LISTED {
        return share_of_even(size.work as f64 / f64::from(machines), size.rows);
    }
    let config = match posed.data {
        DataRef::Generated(config) => *config,
        // As if popularity were distributed as in NYTimes.
        DataRef::File(_) => {
            let (documents, words, tokens) = (Some(size.owners), Some(size.rows), Some(size.work));
            Generated { documents, words, tokens, ..Default::default() }
        }
    };
    remembered(format!("{config:?} {machines}"), || bow::generate::touched_share(&config, SEED, machines, 1))
}

/// A corpus of this number of workers, each with about `tokens` tokens of `words` words.
struct Corpus {
    tokens: u64,
    words: u32,
    workers: u32,
}

/// The first worker, and the number of its tokens.
fn worker(topics: u32, isa: Isa, Corpus { tokens, words, workers }: Corpus) -> (LdaWorker, u64) {
    let config = Lda { topics, ..Lda::default() };
    let shape = Generated {
        documents: Some(DOCUMENTS * workers),
        words: Some(words),
        tokens: Some(tokens * u64::from(workers)),
        ..Generated::default()
    };
    let corpus = bow::generate::generate(&shape, measure::SEED);
    let parts = bow::partition::partition(&corpus, &[workers], bow::partition::Split::Even);
    let own = parts[0].documents.iter().flat_map(|&document| corpus.document(document));
    let tokens = own.map(|entry| u64::from(entry.count)).sum();
    let whole = WholeCorpus::of(&corpus, &parts, &config, measure::SEED).expect("so few tokens can be counted");
    (LdaWorker::new(&corpus, &parts[0], Arc::new(whole), config, measure::SEED, isa), tokens)
}
