//! The topics of tokens before the first clock: evenly drawn, the same wherever a token lives.
//!
//! Each document has its own random stream, named by the run's seed and the document's number in the whole corpus; its
//! tokens take one number each, in the order of the document's entries and, within one, of occurrences. So every machine
//! can work out the starting row of any word, and tables sum to the tokens from the start.

use datasets::bow::{Corpus, Entry};
use emulator::random::stream;
use rand::Rng;

/// The topics of a document's tokens, in the order of its entries.
pub fn initial_topics(seed: u64, document: u32, entries: &[Entry], topics: u32) -> impl Iterator<Item = u16> {
    let mut random = stream(seed, "lda initial topics", u64::from(document));
    let tokens: u32 = entries.iter().map(|entry| entry.count).sum();
    (0..tokens).map(move |_| ((u64::from(random.next_u32()) * u64::from(topics)) >> 32) as u16)
}

/// The topics of all tokens at the start, word by word: 2 bytes per token.
#[derive(Clone, Debug)]
pub(super) struct InitialTable {
    /// The start of each word's tokens, and the end of the last one's.
    starts: Vec<usize>,
    topics: Vec<u16>,
}

impl InitialTable {
    pub(super) fn new(corpus: &Corpus, seed: u64, topics: u32) -> Self {
        let mut starts = vec![0usize; corpus.words as usize + 1];
        for entry in corpus.iter().flatten() {
            starts[entry.word as usize + 1] += entry.count as usize;
        }
        for word in 1..starts.len() {
            starts[word] += starts[word - 1];
        }
        let mut next = starts.clone();
        let mut of_words = vec![0; corpus.tokens as usize];
        for (document, entries) in (0..).zip(corpus.iter()) {
            let mut drawn = initial_topics(seed, document, entries, topics);
            for entry in entries {
                let place = &mut next[entry.word as usize];
                for (topic, drawn) in of_words[*place..].iter_mut().zip(drawn.by_ref().take(entry.count as usize)) {
                    *topic = drawn;
                }
                *place += entry.count as usize;
            }
        }
        InitialTable { starts, topics: of_words }
    }

    /// Occurrences of a word in the corpus.
    pub(super) fn tokens(&self, word: u32) -> usize {
        self.starts[word as usize + 1] - self.starts[word as usize]
    }

    /// The starting counts of a word.
    pub(super) fn row(&self, word: u32, counts: &mut [f32]) {
        counts.fill(0.0);
        for &topic in &self.topics[self.starts[word as usize]..self.starts[word as usize + 1]] {
            counts[usize::from(topic)] += 1.0;
        }
    }
}
