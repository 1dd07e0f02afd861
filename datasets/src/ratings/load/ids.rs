//! Dense numbering: the ids that occur in a file, ascending, become 0, 1, 2 and so on.

/// Ids in pages of this many: memory follows the ids that occur, not the largest.
const PAGE_IDS: u32 = 4096;
const WORD_IDS: u32 = 64;
const PAGE_WORDS: usize = (PAGE_IDS / WORD_IDS) as usize;
const NO_PAGE: u32 = u32::MAX;

/// A set of ids that knows the rank of each.
#[derive(Default)]
pub(super) struct IdSet {
    /// By n: the index of the page with the ids from n x [`PAGE_IDS`].
    directory: Vec<u32>,
    pages: Vec<Page>,
}

struct Page {
    present: [u64; PAGE_WORDS],
    /// Ids of the set below each word.
    below: [u32; PAGE_WORDS],
}

impl IdSet {
    pub(super) fn insert(&mut self, id: u32) {
        let at = (id / PAGE_IDS) as usize;
        if at >= self.directory.len() {
            self.directory.resize(at + 1, NO_PAGE);
        }
        if self.directory[at] == NO_PAGE {
            self.directory[at] = self.pages.len() as u32;
            self.pages.push(Page { present: [0; PAGE_WORDS], below: [0; PAGE_WORDS] });
        }
        let page = &mut self.pages[self.directory[at] as usize];
        page.present[(id % PAGE_IDS / WORD_IDS) as usize] |= 1 << (id % WORD_IDS);
    }

    /// Numbers the ids; they come back ascending. Afterwards nothing more may be inserted.
    pub(super) fn finish(&mut self) -> Vec<u32> {
        let mut ids = Vec::new();
        for (at, &number) in self.directory.iter().enumerate() {
            if number == NO_PAGE {
                continue;
            }
            let page = &mut self.pages[number as usize];
            for word in 0..PAGE_WORDS {
                page.below[word] = ids.len() as u32;
                let first = at as u32 * PAGE_IDS + word as u32 * WORD_IDS;
                let present = page.present[word];
                ids.extend((0..WORD_IDS).filter(|bit| present >> bit & 1 == 1).map(|bit| first + bit));
            }
        }
        ids
    }

    /// The number of ids of the set that are smaller than `id`, which must be in it.
    pub(super) fn rank(&self, id: u32) -> u32 {
        let page = &self.pages[self.directory[(id / PAGE_IDS) as usize] as usize];
        let word = (id % PAGE_IDS / WORD_IDS) as usize;
        let smaller = page.present[word] & ((1 << (id % WORD_IDS)) - 1);
        page.below[word] + smaller.count_ones()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_come_back_sorted_and_ranks_are_their_positions(
            ids in prop::collection::btree_set(prop_oneof![0u32..300, any::<u32>(), Just(u32::MAX)], 0..200)
        ) {
            let mut set = IdSet::default();
            for &id in ids.iter().rev().chain(&ids) {
                set.insert(id);
            }
            let sorted = set.finish();
            prop_assert_eq!(&sorted, &ids.iter().copied().collect::<Vec<_>>());
            for (position, &id) in sorted.iter().enumerate() {
                prop_assert_eq!(set.rank(id) as usize, position);
            }
        }
    }
}
