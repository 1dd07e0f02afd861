//! The settings of a generated corpus in a spec: form here, meaning in [`Generated::check`].
//!
//! ```yaml
//! generated: { scale: 0.02 }                                  # NYTimes at a fiftieth of its documents and words
//! generated: { documents: 2000, words: 5000, tokens: 300000, topics: 20 }
//! ```

use serde::{Deserialize, Serialize};

use super::MAX_TOKENS_PER_WORD;
use super::nytimes::most_frequent_share;
pub use super::nytimes::{NYTIMES_DOCUMENTS, NYTIMES_PAIRS, NYTIMES_TOKENS, NYTIMES_WORDS};
use crate::field::FieldError;

/// The linear scale when a spec gives neither scale nor shape.
pub const DEFAULT_SCALE: f64 = 0.02;

/// The skew of words up to which a small vocabulary is NYTimes'.
const MAX_NYTIMES_ZIPF: f64 = 1.25;
/// The largest number of planted topics: each takes 12 bytes per word while documents are drawn.
const MAX_TOPICS: u32 = 1_000;
/// The largest strength of the two skews: beyond it, weights fall below the resolution of a draw.
const MAX_SKEW: f64 = 2.0;

/// Settings of generated data. Give `scale`, or all of `documents`, `words` and `tokens`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Generated {
    /// Linear scale of the NYTimes shape, above 0 and at most 1: documents and words are multiplied by it. Tokens per document
    /// and tokens per word stay.
    pub scale: Option<f64>,
    /// Number of documents, at least 1.
    pub documents: Option<u32>,
    /// Number of words in the vocabulary.
    pub words: Option<u32>,
    /// Number of tokens, at least one per document.
    pub tokens: Option<u64>,
    /// Number of planted topics.
    pub topics: u32,
    /// The mixture of topics in a document: the weight of each topic in the Dirichlet prior of documents.
    pub concentration: f64,
    /// Strength of the skew of words: 1 is Zipf's as in NYTimes, 0 none. The head of the law flattens with the root of the vocabulary
    /// (`bow::generate`), so that in a small one the rarest words are less rare: with a fiftieth of NYTimes' words they have 42 tokens at
    /// 1, and 14 at 1.2, where NYTimes' have 16.
    pub zipf: f64,
    /// Strength of the skew of documents' lengths: 1 is log-normal as documented, 0 none.
    pub lengths: f64,
}

/// A corpus in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Number of documents, at least 1.
    pub documents: u32,
    /// Number of words in the vocabulary.
    pub words: u32,
    /// Number of tokens, at least one per document.
    pub tokens: u64,
}

impl Default for Generated {
    fn default() -> Self {
        Generated {
            scale: None,
            documents: None,
            words: None,
            tokens: None,
            topics: 50,
            concentration: 0.05,
            zipf: 1.0,
            lengths: 1.0,
        }
    }
}

impl Generated {
    /// The NYTimes shape at a linear `scale`, all else by default.
    pub fn at_scale(scale: f64) -> Self {
        Generated { scale: Some(scale), ..Generated::default() }
    }

    /// The corpus that this asks for. Meaningful when [`Generated::check`] finds nothing.
    pub fn shape(&self) -> Shape {
        match (self.documents, self.words, self.tokens) {
            (Some(documents), Some(words), Some(tokens)) => Shape { documents, words, tokens },
            _ => Shape::nytimes(self.scale.unwrap_or(DEFAULT_SCALE)),
        }
    }

    /// Whether it is NYTimes' shape at some scale: all else as documented, but that the skew of words may be as far from 1 as a small
    /// vocabulary needs to have rare words as rare as those of NYTimes.
    pub fn has_nytimes_shape(&self) -> bool {
        let scaled = Generated { scale: self.scale, zipf: self.zipf, ..Generated::default() };
        let is_small = self.scale.unwrap_or(DEFAULT_SCALE) < 1.0;
        *self == scaled && (1.0..=if is_small { MAX_NYTIMES_ZIPF } else { 1.0 }).contains(&self.zipf)
    }

    /// Every error of meaning, in the order of the fields.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut error = |field, says: String| errors.push(FieldError { field, says });
        self.check_shape(&mut error);
        if !(1..=MAX_TOPICS).contains(&self.topics) {
            error("topics", format!("found {}, expected a whole number from 1 to {MAX_TOPICS}", self.topics));
        }
        let mut within = |field, value: f64, low: f64, high: f64| {
            if !(low..=high).contains(&value) {
                error(field, format!("found {value}, expected a number from {low} to {high}"));
            }
        };
        within("concentration", self.concentration, 0.001, 100.0);
        within("zipf", self.zipf, 0.0, MAX_SKEW);
        within("lengths", self.lengths, 0.0, MAX_SKEW);
        errors
    }

    fn check_shape(&self, error: &mut impl FnMut(&'static str, String)) {
        let given = [
            ("documents", self.documents.is_some()),
            ("words", self.words.is_some()),
            ("tokens", self.tokens.is_some()),
        ];
        let any = given.iter().find(|given| given.1).map(|given| given.0);
        if let Some(scale) = self.scale
            && !(scale > 0.0 && scale <= 1.0)
        {
            error("scale", format!("found {scale}, expected a number above 0 and at most 1"));
        }
        let Some(any) = any else { return };
        if self.scale.is_some() {
            let says =
                format!("found together with `{any}`, expected either `scale` or `documents`, `words` and `tokens`");
            error("scale", says);
        }
        for (missing, _) in given.iter().filter(|given| !given.1) {
            error(missing, format!("missing with `{any}`, expected all of `documents`, `words` and `tokens`"));
        }
        for (field, value) in [("documents", self.documents), ("words", self.words)] {
            if value == Some(0) {
                error(field, "found 0, expected at least 1".into());
            }
        }
        let (Some(documents), Some(tokens)) = (self.documents, self.tokens) else { return };
        // A document's tokens are counted in 32 bits.
        let most = u64::from(documents) * u64::from(u32::MAX >> 8);
        if documents > 0 && !(u64::from(documents)..=most).contains(&tokens) {
            error("tokens", format!("found {tokens}, expected from {documents} (one per document) to {most}"));
        }
        let Some(words) = self.words.filter(|&words| words > 0 && (0.0..=MAX_SKEW).contains(&self.zipf)) else {
            return;
        };
        let most_frequent = tokens as f64 * most_frequent_share(words, self.zipf);
        if most_frequent > f64::from(MAX_TOKENS_PER_WORD) {
            let says = format!(
                "found {tokens}, of which the most frequent word would have about {most_frequent:.0}, expected at most {MAX_TOKENS_PER_WORD} for a word; take fewer tokens, more words or a smaller `zipf`"
            );
            error("tokens", says);
        }
    }
}

impl Shape {
    /// NYTimes' documents and words times `scale`, with as many tokens per document; at least one of each.
    pub fn nytimes(scale: f64) -> Self {
        let part = |n: u32| libm::round(f64::from(n) * scale).max(1.0) as u32;
        let (documents, words) = (part(NYTIMES_DOCUMENTS), part(NYTIMES_WORDS));
        let tokens = u128::from(NYTIMES_TOKENS) * u128::from(documents) / u128::from(NYTIMES_DOCUMENTS);
        Shape { documents, words, tokens: tokens as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nytimes_shape_at_1_and_at_a_fiftieth() {
        assert_eq!(Shape::nytimes(1.0), Shape { documents: 299_752, words: 102_660, tokens: 99_542_125 });
        assert_eq!(Shape::nytimes(0.02), Shape { documents: 5_995, words: 2_053, tokens: 1_990_829 });
        assert_eq!(Generated::default().shape(), Shape::nytimes(0.02));
        assert_eq!(Shape::nytimes(1e-9), Shape { documents: 1, words: 1, tokens: 332 });
    }

    #[test]
    fn every_error_of_meaning_is_found() {
        let says = |config: Generated| config.check().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let base = Generated::default();
        insta::assert_snapshot!(says(base), @"");
        let bad = Generated {
            scale: Some(2.0),
            documents: Some(9),
            words: Some(0),
            topics: 0,
            concentration: 0.0,
            zipf: f64::NAN,
            lengths: -1.0,
            ..base
        };
        insta::assert_snapshot!(says(bad), @"
        scale: found 2, expected a number above 0 and at most 1
        scale: found together with `documents`, expected either `scale` or `documents`, `words` and `tokens`
        tokens: missing with `documents`, expected all of `documents`, `words` and `tokens`
        words: found 0, expected at least 1
        topics: found 0, expected a whole number from 1 to 1000
        concentration: found 0, expected a number from 0.001 to 100
        zipf: found NaN, expected a number from 0 to 2
        lengths: found -1, expected a number from 0 to 2
        ");
        let crowded = Generated { documents: Some(10), words: Some(5), tokens: Some(9), ..base };
        insta::assert_snapshot!(says(crowded), @"tokens: found 9, expected from 10 (one per document) to 167772150");
    }

    #[test]
    fn word_counts_beyond_exact_floats_are_told_before_a_run() {
        let says = |words, tokens, zipf| {
            let shape = (Some(100_000), Some(words), Some(tokens));
            let (documents, words, tokens) = shape;
            Generated { documents, words, tokens, zipf, ..Generated::default() }
                .check()
                .iter()
                .map(ToString::to_string)
                .collect::<String>()
        };
        assert_eq!(
            says(2, 40_000_000, 0.0),
            "tokens: found 40000000, of which the most frequent word would have about 20000000, expected at most 16777216 for a word; take fewer tokens, more words or a smaller `zipf`"
        );
        assert_eq!(
            (says(NYTIMES_WORDS, NYTIMES_TOKENS, 1.0), says(u32::MAX, 1 << 40, 0.0)),
            (String::new(), String::new())
        );
        assert_eq!(says(2, 33_554_432, 0.0), "", "as many as can be counted");
    }
}
