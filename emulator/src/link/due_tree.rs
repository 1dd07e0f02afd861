//! The instants at which the next chunks of streams are due: a tree of minima, eight children per node.
//!
//! A stream has at most one due instant, so the queue is an array with one key per stream and, above it, arrays with
//! the minimum of each group of eight. Replacing a key costs a few short scans and no branch that depends on the order of
//! the keys. Equal instants come out by stream number, lowest first.

/// The instant of a stream that is not due.
pub(super) const NEVER: u64 = u64::MAX;

const FAN: usize = 8;

/// Due instants by stream.
#[derive(Clone, Debug)]
pub(super) struct DueTree {
    /// `levels[0]` has the keys, the last level one group; each padded with `NEVER` to whole groups.
    levels: Vec<Vec<[u64; FAN]>>,
    first: u64,
}

impl DueTree {
    /// `streams` streams, none due.
    pub(super) fn new(streams: usize) -> DueTree {
        let mut levels = Vec::new();
        let mut keys = streams.max(1);
        loop {
            let groups = keys.div_ceil(FAN);
            levels.push(vec![[NEVER; FAN]; groups]);
            if groups == 1 {
                break;
            }
            keys = groups;
        }
        DueTree { levels, first: NEVER }
    }

    /// The earliest due instant, or `NEVER`.
    #[inline]
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The stream due first: the lowest of those due at the same instant. Some stream must be due.
    #[inline]
    pub(super) fn first_stream(&self) -> usize {
        let mut at = 0;
        for level in self.levels.iter().rev() {
            at = at * FAN + position(&level[at], self.first);
        }
        at
    }

    /// The instant at which `stream` is due, or `NEVER`.
    pub(super) fn of(&self, stream: usize) -> u64 {
        self.levels[0][stream / FAN][stream % FAN]
    }

    /// Replaces the due instant of `stream`.
    #[inline]
    pub(super) fn set(&mut self, stream: usize, due: u64) {
        let mut key = due;
        let mut at = stream;
        for level in &mut self.levels {
            let group = &mut level[at / FAN];
            group[at % FAN] = key;
            key = minimum(group);
            at /= FAN;
        }
        self.first = key;
    }
}

#[inline]
fn minimum(group: &[u64; FAN]) -> u64 {
    let [a, b, c, d, e, f, g, h] = *group;
    a.min(b).min(c.min(d)).min(e.min(f).min(g.min(h)))
}

/// The first position of `key`, which is there.
#[inline]
fn position(group: &[u64; FAN], key: u64) -> usize {
    let mut hits = 0_u32;
    for (i, &k) in group.iter().enumerate() {
        hits |= u32::from(k == key) << i;
    }
    (hits.trailing_zeros() as usize).min(FAN - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_list(streams in 1_usize..700, sets in prop::collection::vec((any::<u16>(), 0_u64..50), 1..200)) {
            let mut tree = DueTree::new(streams);
            let mut list = vec![NEVER; streams];
            for (stream, due) in sets {
                let stream = usize::from(stream) % streams;
                let due = if due == 49 { NEVER } else { due };
                tree.set(stream, due);
                list[stream] = due;
                let first = *list.iter().min().expect("at least one stream");
                prop_assert_eq!(tree.first(), first);
                if first != NEVER {
                    prop_assert_eq!(tree.first_stream(), list.iter().position(|&d| d == first).expect("it is there"));
                }
                prop_assert_eq!(tree.of(stream), due);
            }
        }
    }
}
