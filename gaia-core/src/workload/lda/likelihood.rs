//! The joint log likelihood of words and topics (Griffiths and Steyvers 2004), in nats:
//! ```text
//! ln p(w, z) = sum over k [ lnG(V beta) - lnG(n_k + V beta) + sum over w [ lnG(n_wk + beta) - lnG(beta) ] ]
//!            + sum over d [ lnG(K alpha) - lnG(n_d + K alpha) + sum over k [ lnG(n_dk + alpha) - lnG(alpha) ] ]
//! ```
//! lnG is the logarithm of the gamma function. It is the form of the paper's Figure 12: the whole corpus' sum, negative,
//! higher is better; divided by the tokens it can be compared between corpora.
//!
//! It is a sum of parts that workers can be given: each has its own documents, and judges some of the words and some of
//! the topics on the copy that it reads (see [`super::worker`]). Under BSP, where all copies are equal, the parts add
//! up to exactly the whole. Counts of 0 contribute 0, so that words that do not occur need no term.
//!
//! The predictive likelihood of held-out documents is not here.

use super::block::Block;

/// Differences of lnG up to this count are in a table.
const TABULATED: usize = 4096;

/// lnG(n + a) - lnG(a) for whole numbers n from 0, of one `a` above 0.
#[derive(Clone, Debug)]
pub struct LogGamma {
    a: f64,
    of_a: f64,
    table: Vec<f64>,
}

impl LogGamma {
    /// A table of ln(gamma(n + a) / gamma(a)) for this `a`.
    pub fn new(a: f64) -> Self {
        let of_a = libm::lgamma(a);
        LogGamma { a, of_a, table: (0..TABULATED).map(|n| libm::lgamma(n as f64 + a) - of_a).collect() }
    }

    /// lnG(n + a) - lnG(a) of a whole number n.
    #[inline]
    pub fn above(&self, n: f64) -> f64 {
        let place = n as usize;
        if place < TABULATED { self.table[place] } else { libm::lgamma(n + self.a) - self.of_a }
    }
}

/// The part of a worker's documents: `in_document` is of alpha, `of_length` of K alpha.
pub fn of_documents(block: &Block, assigned: &[u16], in_document: &LogGamma, of_length: &LogGamma) -> f64 {
    let topics = block.topics() as usize;
    let mut counts: Vec<u32> = Vec::new();
    let mut sum = 0.0;
    for tile in &block.tiles {
        counts.clear();
        counts.resize(tile.documents.len() * topics, 0);
        for (&document, &topic) in block.documents[tile.tokens.clone()].iter().zip(&assigned[tile.tokens.clone()]) {
            counts[usize::from(document) * topics + usize::from(topic)] += 1;
        }
        for (counts, &length) in counts.chunks_exact(topics).zip(&block.lengths[tile.documents.clone()]) {
            let present = counts.iter().filter(|&&count| count > 0);
            sum += present.map(|&count| in_document.above(f64::from(count))).sum::<f64>();
            sum -= of_length.above(f64::from(length));
        }
    }
    sum
}

/// The part of a word with these counts: `in_topic` is of beta. Negative counts are taken as 0.
pub fn of_word(row: &[f32], in_topic: &LogGamma) -> f64 {
    row.iter().filter(|&&count| count > 0.0).map(|&count| in_topic.above(f64::from(count))).sum()
}

/// The part of a topic with this total: `words` is V.
pub fn of_topic(total: f64, beta: f64, words: u32) -> f64 {
    let mass = f64::from(words) * beta;
    libm::lgamma(mass) - libm::lgamma(total.max(0.0) + mass)
}

/// The possible improvement by learning, in nats: at the start, where topics are drawn evenly, each token's topic costs ln(topics). The first
/// objective would be no measure: most of it is the entropy of the words, which no model takes away.
pub fn winnable(tokens: u64, topics: u32) -> f64 {
    tokens as f64 * libm::log(f64::from(topics))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabulated_and_computed_differences_agree() {
        for a in [0.001, 0.1, 7.5, 900.0] {
            let difference = LogGamma::new(a);
            assert_eq!(difference.above(0.0), 0.0);
            // lnG(n + 1 + a) - lnG(n + a) = ln(n + a), across the table's end.
            for n in [0.0, 1.0, 4094.0, 4095.0, 4096.0, 1e6] {
                let step = difference.above(n + 1.0) - difference.above(n);
                assert!((step - libm::log(n + a)).abs() < 1e-7 * (n + a).max(1.0), "{a} {n}");
            }
        }
    }
}
