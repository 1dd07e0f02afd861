//! Examples in the form that the kernels work on: values and places of weights in groups of 16 lanes.
//!
//! Examples are cut, in the order in which they are given, into `clocks_per_pass` consecutive ranges of equal length (to one example).
//! The last group of an example is filled up with the value 0 at the place of its first entry: that adds 0 to a product, and such lanes
//! are never written.

use std::ops::Range;

use datasets::sparse::{Entry, Label};

use crate::simd::LANES;

/// A worker's examples, cut into clocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    weights: usize,
    intercept: usize,
    clocks_per_pass: u32,
    targets: Vec<f32>,
    /// The first group of each example, then the number of all groups.
    starts: Vec<usize>,
    groups: Vec<Group>,
    /// Entries of the examples before each one, then of all.
    entries_before: Vec<u64>,
}

/// Up to 16 entries of an example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) values: [f32; LANES],
    /// Where the weights are: below [`Block::weights`].
    pub(super) places: [u32; LANES],
    /// Lanes that are entries: the first ones.
    pub(super) count: usize,
}

/// An example in a block.
pub(super) struct Example<'a> {
    /// The target of the prediction: 0 or 1.
    pub(super) target: f32,
    pub(super) groups: &'a [Group],
}

impl Block {
    /// Of `examples`, for an array of `weights` weights; `place` gives the place of a feature's weight there, `intercept` is that of
    /// the intercept. Different features have different places, none of them that of the intercept.
    ///
    /// # Panics
    /// When a place is not below `weights`, or `clocks_per_pass` is 0.
    pub fn new<'a>(
        examples: impl IntoIterator<Item = (Label, &'a [Entry])>,
        weights: usize,
        intercept: usize,
        clocks_per_pass: u32,
        place: impl Fn(u32) -> usize,
    ) -> Block {
        assert!(clocks_per_pass > 0, "a pass has at least one clock");
        assert!(intercept < weights, "the intercept is one of the weights");
        let (targets, groups) = (Vec::new(), Vec::new());
        let (starts, entries_before) = (vec![0], vec![0]);
        let mut block = Block { weights, intercept, clocks_per_pass, targets, starts, groups, entries_before };
        let mut all = 0;
        for (label, entries) in examples {
            block.targets.push(label.target() as f32);
            for entries in entries.chunks(LANES) {
                let places = |entry: &Entry| {
                    let place = place(entry.feature);
                    assert!(place < weights && place != intercept, "place {place} of {weights}");
                    u32::try_from(place).expect("a place below 2^32")
                };
                let first = places(&entries[0]);
                let mut group = Group { values: [0.0; LANES], places: [first; LANES], count: entries.len() };
                for (lane, entry) in entries.iter().enumerate() {
                    (group.values[lane], group.places[lane]) = (entry.value, places(entry));
                }
                block.groups.push(group);
            }
            all += entries.len() as u64;
            block.starts.push(block.groups.len());
            block.entries_before.push(all);
        }
        block
    }

    /// Number of examples in all clocks of a pass.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Length of the array of weights.
    pub fn weights(&self) -> usize {
        self.weights
    }

    /// Where the intercept is in it.
    pub fn intercept(&self) -> usize {
        self.intercept
    }

    /// The examples of a clock of the pass: `clock` in `0..clocks_per_pass`.
    pub fn clock(&self, clock: u32) -> Range<usize> {
        let cut = |clock: u64| (self.len() as u64 * clock / u64::from(self.clocks_per_pass)) as usize;
        cut(u64::from(clock))..cut(u64::from(clock) + 1)
    }

    /// Values that are not 0 in a clock of the pass, each example's intercept being one more.
    pub fn work(&self, clock: u32) -> u64 {
        let examples = self.clock(clock);
        self.entries_before[examples.end] - self.entries_before[examples.start] + examples.len() as u64
    }

    pub(super) fn example(&self, example: usize) -> Example<'_> {
        let groups = &self.groups[self.starts[example]..self.starts[example + 1]];
        Example { target: self.targets[example], groups }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_equal_and_lose_nothing() {
        let entries: Vec<Entry> = (0..40).map(|feature| Entry { feature, value: 1.0 }).collect();
        let examples: Vec<(Label, &[Entry])> = (0..37).map(|n| (Label::Positive, &entries[..n])).collect();
        for clocks in [1, 2, 5, 40] {
            let block = Block::new(examples.iter().copied(), 41, 40, clocks, |feature| feature as usize);
            let ranges: Vec<_> = (0..clocks).map(|clock| block.clock(clock)).collect();
            assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), (0..37).collect::<Vec<_>>());
            assert!(ranges.iter().all(|range| range.len().abs_diff(37 / clocks as usize) <= 1));
            let work: u64 = (0..clocks).map(|clock| block.work(clock)).sum();
            assert_eq!(work, (0..37).sum::<u64>() + 37);
        }
    }
}
