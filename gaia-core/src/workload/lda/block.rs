//! A worker's tokens in the order that the sampler takes them.
//!
//! The documents are cut into `clocks_per_pass` consecutive ranges of about equal numbers of tokens: a clock works on
//! consecutive documents. Inside a clock, consecutive documents form a tile whose document-topic counts fit into a part
//! of the L2 cache, and the tokens of a tile are ordered by (word, document): the counts of a word, a row of a table much
//! larger than any cache, are read once per tile instead of once per token. Gibbs sampling may visit the tokens in any order
//! that does not depend on their topics.
//!
//! The order depends on documents and the number of topics only: not on the instruction set, not on the machine.

use std::ops::Range;

use datasets::bow::Entry;

use crate::simd::LANES;

/// Running sums that a lane of the sampler keeps side by side.
pub(super) const PARTS: usize = 4;
/// Bytes of document-topic counts in a tile: the smallest L2 cache of current server cores.
const TILE_BYTES: usize = 1 << 20;
/// Documents of a tile are numbered in 16 bits.
const MAX_DOCUMENTS: usize = 1 << 16;

/// A worker's tokens, cut into clocks and tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    topics: u32,
    rows: usize,
    /// The document of each token, from the tile's first.
    pub(super) documents: Vec<u16>,
    pub(super) runs: Vec<Run>,
    pub(super) tiles: Vec<Tile>,
    /// Tiles of each clock of a pass.
    clocks: Vec<Range<usize>>,
    /// Tokens of each document.
    pub(super) lengths: Vec<u32>,
}

/// Tokens of one word in a tile.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    /// The word's row in the view.
    pub(super) row: u32,
    /// Places of its tokens in the block.
    pub(super) tokens: Range<usize>,
}

/// Consecutive documents whose tokens are ordered by word.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tile {
    pub(super) documents: Range<usize>,
    pub(super) tokens: Range<usize>,
    pub(super) runs: Range<usize>,
}

impl Block {
    /// Orders the tokens of `documents`, whose entries name rows of a view of `rows` rows, for `topics` topics. `carried`
    /// holds something for every token, in the order of documents, entries, occurrences; it is brought into the block's
    /// order.
    ///
    /// # Panics
    /// Panics if `topics` or `clocks_per_pass` is 0, an entry is out of range, or `carried` has another length.
    pub fn new<T: Copy>(
        documents: &[Vec<Entry>],
        rows: usize,
        topics: u32,
        clocks_per_pass: u32,
        carried: &[T],
    ) -> (Block, Vec<T>) {
        assert!(topics > 0 && clocks_per_pass > 0, "there are topics, and clocks in a pass");
        let length = |document: &Vec<Entry>| document.iter().map(|entry| entry.count).sum();
        let lengths: Vec<u32> = documents.iter().map(length).collect();
        let total: u64 = lengths.iter().map(|&length| u64::from(length)).sum();
        assert_eq!(total, carried.len() as u64, "something is carried for every token");
        let (documents_of, runs, tiles, clocks) = Default::default();
        let mut block = Block { topics, rows, documents: documents_of, runs, tiles, clocks, lengths };
        let mut ordered = Vec::with_capacity(carried.len());
        let (mut end, mut before) = (0, 0);
        for clock in 1..=u64::from(clocks_per_pass) {
            let (first_tile, first) = (block.tiles.len(), end);
            let wanted = total * clock / u64::from(clocks_per_pass);
            while end < documents.len() && (before < wanted || clock == u64::from(clocks_per_pass)) {
                before += u64::from(block.lengths[end]);
                end += 1;
            }
            for start in (first..end).step_by(documents_a_tile(topics)) {
                let tile = start..(start + documents_a_tile(topics)).min(end);
                block.push_tile(tile, documents, carried, &mut ordered);
            }
            block.clocks.push(first_tile..block.tiles.len());
        }
        (block, ordered)
    }

    /// Tokens of a clock of the pass: `clock` in `0..clocks_per_pass`.
    pub fn tokens(&self, clock: u32) -> usize {
        self.tiles_of(clock).iter().map(|tile| tile.tokens.len()).sum()
    }

    /// Tokens of a whole pass.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Number of topics, at least 1.
    pub fn topics(&self) -> u32 {
        self.topics
    }

    /// Rows of the view.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Calls `sink` with the number of each token and the row of its word.
    pub fn each_token(&self, mut sink: impl FnMut(usize, usize)) {
        for run in &self.runs {
            run.tokens.clone().for_each(|token| sink(token, run.row as usize));
        }
    }

    /// The tiles of a clock of the pass, in the order of work.
    pub(super) fn tiles_of(&self, clock: u32) -> &[Tile] {
        &self.tiles[self.clocks[clock as usize].clone()]
    }

    /// Appends the tile of these documents.
    fn push_tile<T: Copy>(
        &mut self,
        tile: Range<usize>,
        documents: &[Vec<Entry>],
        carried: &[T],
        ordered: &mut Vec<T>,
    ) {
        let first = ordered.len();
        let mut tokens: Vec<(u32, u16, T)> = Vec::new();
        for (place, entries) in documents[tile.clone()].iter().enumerate() {
            for entry in entries {
                assert!((entry.word as usize) < self.rows, "row {} of {}", entry.word, self.rows);
                let place = |at: usize| (entry.word, place as u16, carried[first + at]);
                tokens.extend((tokens.len()..).take(entry.count as usize).map(place));
            }
        }
        // Stable: documents stay in order within a word.
        tokens.sort_by_key(|&(row, ..)| row);
        let first_run = self.runs.len();
        for run in tokens.chunk_by(|a, b| a.0 == b.0) {
            let start = self.documents.len();
            self.documents.extend(run.iter().map(|&(_, document, _)| document));
            self.runs.push(Run { row: run[0].0, tokens: start..self.documents.len() });
        }
        ordered.extend(tokens.iter().map(|&(.., carried)| carried));
        let (tokens, runs) = (first..ordered.len(), first_run..self.runs.len());
        self.tiles.push(Tile { documents: tile, tokens, runs });
    }
}

fn documents_a_tile(topics: u32) -> usize {
    (TILE_BYTES / (stride(topics) * size_of::<f32>())).clamp(1, MAX_DOCUMENTS)
}

/// Floats that the topics of a document take: whole groups of lanes, the same number in every part.
pub(super) fn stride(topics: u32) -> usize {
    groups_a_part(topics as usize) * PARTS * LANES
}

/// Groups of lanes in each part of a document's topics.
pub(super) fn groups_a_part(topics: usize) -> usize {
    topics.div_ceil(LANES * PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents of one to three words among 30.
    fn documents(count: u32) -> Vec<Vec<Entry>> {
        let entry = |document: u32, place: u32| Entry { word: document * 7 % 10 + place * 10, count: 1 + document % 3 };
        (0..count).map(|document| (0..1 + document % 3).map(|place| entry(document, place)).collect()).collect()
    }

    #[test]
    fn every_token_is_in_one_clock_with_what_it_carries() {
        let documents = documents(3_000);
        let of_entry =
            |(document, entry): (u32, &Entry)| std::iter::repeat_n((document, entry.word), entry.count as usize);
        let carried: Vec<(u32, u32)> = (0..)
            .zip(&documents)
            .flat_map(|(document, entries)| entries.iter().map(move |entry| (document, entry)))
            .flat_map(of_entry)
            .collect();
        for (topics, clocks) in [(2, 1), (100, 3), (500, 1), (500, 7)] {
            let (block, ordered) = Block::new(&documents, 30, topics, clocks, &carried);
            assert!((topics, clocks) != (500, 1) || block.tiles.len() > 5);
            assert_eq!((0..clocks).map(|clock| block.tokens(clock)).sum::<usize>(), carried.len());
            let spread = |clock| block.tokens(clock).abs_diff(carried.len() / clocks as usize);
            assert!((0..clocks).all(|clock| spread(clock) <= 9));
            block.each_token(|token, row| assert_eq!(ordered[token].1 as usize, row));
            for tile in &block.tiles {
                for token in tile.tokens.clone() {
                    let document = tile.documents.start + usize::from(block.documents[token]);
                    assert_eq!(ordered[token].0 as usize, document);
                }
            }
            let mut sorted = ordered;
            sorted.sort_unstable();
            let mut expected = carried.clone();
            expected.sort_unstable();
            assert_eq!(sorted, expected);
        }
    }

    #[test]
    fn documents_without_words_and_more_clocks_than_documents_are_fine() {
        let (block, _) = Block::new::<u16>(&[], 0, 10, 3, &[]);
        assert!(block.is_empty());
        let documents = [Vec::new(), vec![Entry { word: 2, count: 2 }], Vec::new()];
        let (block, _) = Block::new(&documents, 3, 10, 4, &[0u16; 2]);
        assert_eq!((0..4).map(|clock| block.tokens(clock)).sum::<usize>(), 2);
        assert_eq!(block.lengths, [0, 2, 0]);
    }
}
