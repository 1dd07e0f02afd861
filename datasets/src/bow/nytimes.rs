//! The UCI NYTimes corpus in numbers, and the law of words that is fitted to it.

/// Documents with words in the UCI NYTimes corpus (its page in the UCI repository).
pub const NYTIMES_DOCUMENTS: u32 = 299_752;
/// Words of the UCI NYTimes corpus.
pub const NYTIMES_WORDS: u32 = 102_660;
/// Tokens of the UCI NYTimes corpus.
pub const NYTIMES_TOKENS: u64 = 99_542_125;
/// Pairs of a document and a word that it has in the UCI NYTimes corpus.
pub const NYTIMES_PAIRS: u64 = 69_679_427;
/// s of the law of words.
const ZIPF: f64 = 1.5;
/// q of the law of words at NYTimes' vocabulary.
const FLAT_HEAD: f64 = 100.0;
/// Words whose weights are summed one by one where only the sum is asked for.
const SUMMED: u32 = 100_000;

/// The weight of a word by its rank, from 0, in a vocabulary of `words` words: (rank + q)^-(s `strength`). q falls with the root of the
/// vocabulary (see `generate`).
pub(super) fn weight_of_rank(words: u32, strength: f64) -> impl Fn(u32) -> f64 {
    let flat = FLAT_HEAD * libm::sqrt(f64::from(words) / f64::from(NYTIMES_WORDS));
    move |rank: u32| libm::pow(f64::from(rank) + flat.max(1.0), -ZIPF * strength)
}

/// The expected share of the most frequent word among all tokens. Beyond [`SUMMED`] words, the rest counts as if all were as frequent as
/// the last one summed: never more than the share, and near it.
pub(super) fn most_frequent_share(words: u32, strength: f64) -> f64 {
    let weight = weight_of_rank(words, strength);
    let summed = words.min(SUMMED);
    let sum: f64 = (0..summed).map(&weight).sum();
    weight(0) / (sum + f64::from(words - summed) * weight(summed))
}
