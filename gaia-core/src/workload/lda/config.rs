//! Settings of topic modelling in a plan.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest number of topics: eight times the paper's.
const MAX_TOPICS: u32 = 4096;

/// Latent Dirichlet Allocation by collapsed Gibbs sampling (paper section 5.2).
///
/// The counts of words in topics are in the parameter server, one row of `topics` floats per word; the topics of tokens,
/// and with them the counts of topics in documents, stay with the worker that holds the document.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Lda {
    /// Number of topics: 2 to 4096. The paper has 500.
    pub topics: u32,
    /// Prior of topics in a document: added to every count of a topic in a document. The paper has 0.1.
    pub alpha: f64,
    /// Prior of words in a topic: added to every count of a word in a topic. The paper has 0.1.
    pub beta: f64,
    /// The rows that a worker reads.
    pub reads: Reads,
    /// A worker goes once through its documents in this many clocks.
    pub clocks_per_pass: u32,
}

/// The rows that a worker reads, whose sums are its topic totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// Those of all words: a topic's total is exactly the sum over the site's table.
    AllWords,
    /// Those of the words of its own documents, which is less to send. The other words' tokens, whose number never
    /// changes, are taken to be spread over the topics as the known ones are.
    OwnWords,
}

/// A value of [`Lda`] that cannot run.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{field}: {found} is not {expected}")]
pub struct LdaError {
    /// The field, as written in a spec.
    pub field: &'static str,
    /// The value in the spec.
    pub found: f64,
    /// The valid values, in words.
    pub expected: &'static str,
}

impl Default for Lda {
    fn default() -> Self {
        Lda { topics: 100, alpha: 0.1, beta: 0.1, reads: Reads::AllWords, clocks_per_pass: 1 }
    }
}

impl Lda {
    /// Every value that cannot run.
    pub fn check(&self) -> Vec<LdaError> {
        let is_prior = |x: f64| (1e-6..=1e3).contains(&x);
        let rules = [
            ("topics", f64::from(self.topics), (2..=MAX_TOPICS).contains(&self.topics), "between 2 and 4096"),
            ("alpha", self.alpha, is_prior(self.alpha), "between 0.000001 and 1000"),
            ("beta", self.beta, is_prior(self.beta), "between 0.000001 and 1000"),
            ("clocks-per-pass", f64::from(self.clocks_per_pass), self.clocks_per_pass > 0, "1 or above"),
        ];
        let broken = rules.into_iter().filter(|(_, _, holds, _)| !holds);
        broken.map(|(field, found, _, expected)| LdaError { field, found, expected }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_run() {
        assert_eq!(Lda::default().check(), []);
    }

    #[test]
    fn every_broken_value_is_named() {
        let broken = Lda { topics: 1, alpha: 0.0, beta: f64::NAN, clocks_per_pass: 0, ..Lda::default() };
        let fields: Vec<_> = broken.check().iter().map(|error| error.field).collect();
        assert_eq!(fields, ["topics", "alpha", "beta", "clocks-per-pass"]);
        assert_eq!(broken.check()[0].to_string(), "topics: 1 is not between 2 and 4096");
    }
}
