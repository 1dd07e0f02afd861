//! The instants at which the next chunks of streams are due: a tree of minima, four children per node.
//!
//! A stream has at most one due instant, so the queue is an array with one key per stream and, above it, arrays with
//! the minimum of each group of four, a cache line. Replacing a key costs a few short scans and no branch that depends on the order of
//! the keys. Streams have the numbers in which they came up; equal instants come out by ordered pair, lowest first, so
//! a key holds the instant, the pair and the stream.

/// The instant of a stream that is not due.
pub(super) const NEVER: u64 = u64::MAX;

const FAN: usize = 4;
const IDLE: u128 = u128::MAX;

/// Due instants by stream.
#[derive(Clone, Debug, Default)]
pub(super) struct DueTree {
    /// `levels[0]` has the keys, the last level one group; each padded with `IDLE` to whole groups.
    levels: Vec<Vec<[u128; FAN]>>,
    streams: usize,
    first: Option<u128>,
}

impl DueTree {
    /// Adds a stream that is not due: the next number.
    pub(super) fn push(&mut self) {
        self.streams += 1;
        let mut keys = self.streams;
        for level in 0.. {
            let groups = keys.div_ceil(FAN);
            if level == self.levels.len() {
                // What was the only group is the first of two now.
                let below = level.checked_sub(1).map_or(IDLE, |below| minimum(&self.levels[below][0]));
                let mut group = [IDLE; FAN];
                group[0] = below;
                self.levels.push(vec![group]);
            }
            self.levels[level].resize(groups, [IDLE; FAN]);
            if groups == 1 {
                return;
            }
            keys = groups;
        }
    }

    /// The earliest due instant, or `NEVER`.
    #[inline]
    pub(super) fn first(&self) -> u64 {
        self.first.map_or(NEVER, |key| (key >> 64) as u64)
    }

    /// The stream due first: that of the lowest pair among those due at the same instant. Some stream must be due.
    #[inline]
    pub(super) fn first_stream(&self) -> usize {
        self.first.map_or(0, |key| key as u32 as usize)
    }

    /// The instant at which `stream` is due, or `NEVER`.
    pub(super) fn of(&self, stream: usize) -> u64 {
        (self.levels[0][stream / FAN][stream % FAN] >> 64) as u64
    }

    /// Replaces the due instant of `stream`, which is that of the ordered pair `pair`.
    #[inline]
    pub(super) fn set(&mut self, stream: usize, pair: u32, due: u64) {
        let mut key = u128::from(due) << 64 | u128::from(pair) << 32 | stream as u128;
        if due == NEVER {
            key = IDLE;
        }
        let mut at = stream;
        for level in &mut self.levels {
            let group = &mut level[at / FAN];
            group[at % FAN] = key;
            key = minimum(group);
            at /= FAN;
        }
        self.first = (key != IDLE).then_some(key);
    }
}

#[inline]
fn minimum(group: &[u128; FAN]) -> u128 {
    let [a, b, c, d] = *group;
    a.min(b).min(c.min(d))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_list(
            sets in prop::collection::vec((any::<u16>(), 0_u64..50, 0..3_u8), 1..700),
            order in any::<u32>(),
        ) {
            let mut tree = DueTree::default();
            let mut list: Vec<(u64, u32)> = Vec::new();
            for (stream, due, push) in sets {
                if push == 0 || list.is_empty() {
                    tree.push();
                    // Unique, and in no order.
                    list.push((NEVER, (list.len() as u32).wrapping_mul(0x9e37_79b1) ^ order));
                }
                let stream = usize::from(stream) % list.len();
                let due = if due == 49 { NEVER } else { due };
                tree.set(stream, list[stream].1, due);
                list[stream].0 = due;
                let first = *list.iter().min().expect("at least one stream");
                prop_assert_eq!(tree.first(), first.0);
                if first.0 != NEVER {
                    prop_assert_eq!(tree.first_stream(), list.iter().position(|&d| d == first).expect("it is there"));
                }
                prop_assert_eq!(tree.of(stream), due);
            }
        }
    }
}
