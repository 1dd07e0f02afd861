//! Corpora with the shape of the UCI NYTimes corpus, at any scale, from a seed.
//!
//! The model. Words have weights by Zipf's and Mandelbrot's law, (rank + q)^-s. Every planted topic has its own weights: a
//! word's weight times a log-normal factor, divided by the mean of that word's factors, so that over all topics a word is as
//! frequent as by the law. A document has a length; its tokens come one after another:
//! * with probability `BURST` a token repeats an earlier token of the document, word and topic: words come in bursts;
//! * else its topic is drawn by Polya's urn, which is a Dirichlet mixture of topics, and its word from that topic.
//!
//! Fitted parameters, at scale 1:
//! * s = 1.5: the rarest words have ten to twenty tokens; UCI kept words that occur more than ten times.
//! * q = 100 at NYTimes' vocabulary, the most frequent word having 0.5 % of the tokens. It falls with the root of the
//!   vocabulary, which gives 2 % at KOS' (6,906 words) where KOS has 1.4 %.
//! * `BURST`: 1.43 tokens per pair of document and word, as NYTimes has (99,542,125 over 69,679,427).
//! * Lengths are log-normal; NYTimes' mean of 332 tokens is kept, and the deviation of the logarithm, 0.7, is that of KOS,
//!   as NYTimes' is not known to us.
//!
//! The difference between topics (`TOPIC_SIGMA`) and the small number of them that a document mixes are our choice. Words
//! are shuffled: numbers carry no information. Not modelled: spellings, an order of words, topics that are more common than
//! others, documents without words.
//!
//! Same seed and config, same bits on every machine.

use rand_chacha::ChaCha8Rng;

use super::config::{Generated, Shape};
use super::nytimes::weight_of_rank;
use super::{Corpus, Entry};
use crate::random::{Alias, Normals, below, happens, shuffle, stream, uniform};

/// Standard deviation of the logarithm of a word's factor in a topic.
const TOPIC_SIGMA: f64 = 1.5;
/// Standard deviation of the logarithm of a document's length.
const LENGTH_SIGMA: f64 = 0.7;
/// Probability that a token repeats an earlier one of its document.
const BURST: f64 = 0.05;

/// A corpus as `config` asks for it, the same for the same seed. Every document has at least one token.
///
/// # Panics
/// If [`Generated::check`] finds an error.
pub fn generate(config: &Generated, seed: u64) -> Corpus {
    let errors = config.check();
    assert!(errors.is_empty(), "generate needs a checked config: {}", errors[0]);
    let shape = config.shape();
    let topics = topics(config, shape.words, seed);
    let urn = f64::from(config.topics) * config.concentration;
    let mut rng = stream(seed, "bow tokens");
    let mut tokens = Vec::new();
    let documents = lengths(shape, config.lengths, seed).into_iter().map(|length| {
        draw_document(&mut tokens, length as usize, &topics, urn, &mut rng);
        entries(&mut tokens)
    });
    let Shape { documents: count, words, tokens: total } = shape;
    let name = format!("generated, {count} documents x {words} words, {total} tokens");
    Corpus::new(name, words, Vec::new(), documents)
}

/// The expected share of the words that a worker has among the tokens of one clock, the mean over `workers` that have the same number
/// of tokens and go through them in `clocks_per_pass` clocks. Without generating them.
///
/// # Panics
/// If [`Generated::check`] finds an error, or without workers or clocks.
pub fn touched_share(config: &Generated, seed: u64, workers: u32, clocks_per_pass: u32) -> f64 {
    let shape = config.shape();
    let weights = word_weights(shape.words, config.zipf, seed);
    let total: f64 = weights.iter().sum();
    // A token that repeats an earlier one of its document brings no new word.
    let drawn = shape.tokens as f64 * (1.0 - BURST) / f64::from(workers) / f64::from(clocks_per_pass);
    let touched = |weight: &f64| 1.0 - libm::exp(-drawn * weight / total);
    weights.iter().map(touched).sum::<f64>() / f64::from(shape.words)
}

/// The number of tokens of each document: log-normal, at least 1, `shape.tokens` in total.
fn lengths(shape: Shape, strength: f64, seed: u64) -> Vec<u32> {
    let mut normals = Normals::new(stream(seed, "bow lengths"));
    let raw: Vec<f64> = (0..shape.documents).map(|_| libm::exp(LENGTH_SIGMA * strength * normals.draw())).collect();
    let sum: f64 = raw.iter().sum();
    // One token each, the others in proportion; what is cut off one document goes to the next.
    let others = (shape.tokens - u64::from(shape.documents)) as f64;
    let (mut upto, mut given) = (0.0, 0u64);
    let mut lengths: Vec<u32> = raw
        .iter()
        .map(|raw| {
            upto += raw;
            let wanted = libm::floor(others * (upto / sum)) as u64;
            let here = wanted.saturating_sub(given);
            given += here;
            here as u32 + 1
        })
        .collect();
    // The last sum may differ from `sum` by rounding.
    let missing = others as u64 - given.min(others as u64);
    *lengths.last_mut().expect("there is a document") += missing as u32;
    lengths
}

/// The words of each topic.
fn topics(config: &Generated, words: u32, seed: u64) -> Vec<Alias> {
    let weights = word_weights(words, config.zipf, seed);
    let mut normals = Normals::new(stream(seed, "bow topics"));
    let mut factors: Vec<Vec<f32>> = Vec::new();
    let mut means = vec![0.0f64; words as usize];
    for _ in 0..config.topics {
        let of_topic: Vec<f32> = (0..words).map(|_| libm::exp(TOPIC_SIGMA * normals.draw()) as f32).collect();
        means.iter_mut().zip(&of_topic).for_each(|(mean, &factor)| *mean += f64::from(factor));
        factors.push(of_topic);
    }
    let of_topic = |factors: &Vec<f32>| {
        let weighted = factors.iter().zip(&weights).zip(&means);
        Alias::new(&weighted.map(|((&factor, weight), mean)| weight * f64::from(factor) / mean).collect::<Vec<_>>())
    };
    factors.iter().map(of_topic).collect()
}

/// The weight of each word; the ranks of words are shuffled.
fn word_weights(words: u32, strength: f64, seed: u64) -> Vec<f64> {
    let mut weights: Vec<f64> = (0..words).map(weight_of_rank(words, strength)).collect();
    shuffle(&mut weights, stream(seed, "bow words"));
    weights
}

/// A token of a document, ordered by word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Token {
    word: u32,
    topic: u32,
}

/// Leaves a document's tokens in `tokens`. `urn`: the weight of a topic that is drawn anew.
fn draw_document(tokens: &mut Vec<Token>, length: usize, topics: &[Alias], urn: f64, rng: &mut ChaCha8Rng) {
    tokens.clear();
    for drawn in 0..length {
        if drawn > 0 && happens(rng, BURST) {
            let earlier = tokens[below(rng, drawn as u32) as usize];
            tokens.push(earlier);
            continue;
        }
        let is_new = uniform(rng) * (urn + drawn as f64) <= urn;
        let topic =
            if is_new { below(rng, topics.len() as u32) } else { tokens[below(rng, drawn as u32) as usize].topic };
        tokens.push(Token { word: topics[topic as usize].draw(rng), topic });
    }
}

/// The tokens as counts of words.
fn entries(tokens: &mut [Token]) -> Vec<Entry> {
    tokens.sort_unstable();
    let words = tokens.chunk_by(|a, b| a.word == b.word);
    words.map(|tokens| Entry { word: tokens[0].word, count: tokens.len() as u32 }).collect()
}
