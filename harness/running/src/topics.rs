//! What a run of topic modelling says of the model that it ends with.

use datasets::bow::Corpus;
use gaia_core::workload::lda::top_words::top_words;

use super::cell::RunEnd;
use record::results::{Topic, TopicModel};

/// Words that a topic is shown by.
const TOP_WORDS: usize = 10;

/// The model of `corpus` with so many topics.
pub(super) fn model(corpus: &Corpus, topics: u32, end: &RunEnd<'_>) -> TopicModel {
    let spelling = |word: u32| match corpus.vocabulary.get(word as usize) {
        Some(spelling) => spelling.clone(),
        None => format!("#{word}"),
    };
    let mut tokens = vec![0.0; topics as usize];
    for row in end.first_copy.chunks_exact(topics as usize) {
        tokens.iter_mut().zip(row).for_each(|(sum, &count)| *sum += f64::from(count));
    }
    let tops = top_words(end.first_copy, topics, TOP_WORDS);
    let topic = |(tokens, top): (f64, Vec<_>)| Topic {
        tokens,
        words: top.iter().map(|top: &gaia_core::workload::lda::top_words::TopWord| spelling(top.word)).collect(),
    };
    TopicModel {
        tokens: corpus.tokens,
        parameters: u64::from(corpus.words) * u64::from(topics),
        log_likelihood_per_token: -end.objective / corpus.tokens as f64,
        clamped: end.clamped,
        topics: tokens.into_iter().zip(tops).map(topic).collect(),
    }
}
