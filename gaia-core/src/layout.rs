//! Where a parameter lives: tables of rows, dealt to the server shards of a group.
//!
//! All tables' rows share one numbering (table after table). In a group of `n` shards row `r` belongs to shard
//! `r mod n`: neighbouring rows, often equally popular, land on different machines.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A table of f32 rows in the parameter server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// For messages and reports.
    pub name: String,
    /// Number of rows.
    pub rows: u32,
    /// Floats a row.
    pub width: u32,
}

/// All tables of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    tables: Vec<Table>,
    stages: Vec<Stage>,
}

/// Rows that a clock needs, and changes, together: a layer group (see `stage`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The row after its last; it begins where the one before ends.
    pub until: u32,
    /// Weight of its forward work among that of all stages, forward and backward.
    pub forward: u64,
    /// Weight of its backward work.
    pub backward: u64,
}

/// An ordered set of rows, and where each begins in an array of their floats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowSet {
    rows: Vec<u32>,
    offsets: Vec<usize>,
}

/// Equal-length runs of floats in two arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it begins in the first array.
    pub first: usize,
    /// Where it begins in the second.
    pub second: usize,
    /// Floats.
    pub len: usize,
}

impl Layout {
    /// The layout of `tables`, in this order, all needed at once.
    pub fn new(tables: Vec<Table>) -> Self {
        let until = tables.iter().map(|table| table.rows).sum();
        Layout { tables, stages: vec![Stage { until, forward: 1, backward: 0 }] }
    }

    /// Tables that are needed one after another, each with its weights of forward and backward work.
    pub fn staged(tables: Vec<(Table, [u64; 2])>) -> Self {
        let mut until = 0;
        let stage = |(table, [forward, backward]): &(Table, [u64; 2])| {
            until += table.rows;
            Stage { until, forward: *forward, backward: *backward }
        };
        let stages = tables.iter().map(stage).collect();
        Layout { tables: tables.into_iter().map(|(table, _)| table).collect(), stages }
    }

    /// In the order of the forward work; at least one.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// For each stage, the runs of floats that `set` has in common with an array of that stage's rows among `rows`, which
    /// ascend.
    pub fn common_by_stage(&self, set: &RowSet, rows: &[u32]) -> Arc<[Arc<[Segment]>]> {
        let mut rest = rows;
        let of_stage = |stage: &Stage| {
            let (own, after) = rest.split_at(rest.partition_point(|&row| row < stage.until));
            rest = after;
            set.common(&self.row_set(own.iter().copied()))
        };
        self.stages.iter().map(of_stage).collect()
    }

    /// Rows of all tables.
    pub fn rows(&self) -> u32 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Floats in all tables.
    pub fn floats(&self) -> usize {
        self.tables.iter().map(|table| table.rows as usize * table.width as usize).sum()
    }

    /// Floats in row `row`.
    ///
    /// # Panics
    /// When no table has the row.
    pub fn width(&self, row: u32) -> usize {
        let mut first = 0;
        for table in &self.tables {
            first += table.rows;
            if row < first {
                return table.width as usize;
            }
        }
        panic!("row {row} of {}", self.rows());
    }

    /// The rows of shard `shard` in a group of `shards`.
    pub fn shard(&self, shard: usize, shards: usize) -> RowSet {
        self.row_set((0..self.rows()).filter(|&row| row as usize % shards == shard))
    }

    /// A set of `rows`, given in ascending order.
    pub fn row_set(&self, rows: impl IntoIterator<Item = u32>) -> RowSet {
        let mut set = RowSet { rows: Vec::new(), offsets: vec![0] };
        for row in rows {
            debug_assert!(set.rows.last().is_none_or(|&last| last < row), "rows ascend");
            set.rows.push(row);
            set.offsets.push(set.floats() + self.width(row));
        }
        set
    }
}

impl RowSet {
    /// The rows, ascending.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Floats in all rows.
    pub fn floats(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// The floats of the `position`-th row.
    pub fn range(&self, position: usize) -> std::ops::Range<usize> {
        self.offsets[position]..self.offsets[position + 1]
    }

    /// The position of the row that holds float `index`.
    pub fn position_of_float(&self, index: usize) -> usize {
        self.offsets.partition_point(|&offset| offset <= index) - 1
    }

    /// The runs of floats that `self` and `other` have in common, in row order.
    pub fn common(&self, other: &RowSet) -> Arc<[Segment]> {
        let mut segments: Vec<Segment> = Vec::new();
        let (mut here, mut there) = (0, 0);
        while here < self.rows.len() && there < other.rows.len() {
            match self.rows[here].cmp(&other.rows[there]) {
                std::cmp::Ordering::Less => here += 1,
                std::cmp::Ordering::Greater => there += 1,
                std::cmp::Ordering::Equal => {
                    let (first, second) = (self.range(here), other.range(there));
                    let len = first.len();
                    match segments.last_mut() {
                        Some(last)
                            if last.first + last.len == first.start && last.second + last.len == second.start =>
                        {
                            last.len += len;
                        }
                        _ => segments.push(Segment { first: first.start, second: second.start, len }),
                    }
                    here += 1;
                    there += 1;
                }
            }
        }
        segments.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let table = |name: &str, rows, width| Table { name: name.to_owned(), rows, width };
        Layout::new(vec![table("a", 5, 3), table("b", 4, 2)])
    }

    #[test]
    fn every_row_has_one_shard() {
        let layout = layout();
        let mut rows: Vec<u32> = (0..3).flat_map(|shard| layout.shard(shard, 3).rows().to_vec()).collect();
        rows.sort_unstable();
        assert_eq!(rows, (0..9).collect::<Vec<_>>());
        assert_eq!((0..3).map(|shard| layout.shard(shard, 3).floats()).sum::<usize>(), layout.floats());
    }

    #[test]
    fn common_runs_join_neighbours() {
        let layout = layout();
        let (shard, view) = (layout.row_set([0, 1, 4, 6]), layout.row_set([1, 4, 5, 6]));
        let segments = shard.common(&view);
        assert_eq!(&segments[..], [Segment { first: 3, second: 0, len: 6 }, Segment { first: 9, second: 8, len: 2 }]);
        assert_eq!(shard.position_of_float(8), 2);
        assert_eq!(shard.position_of_float(9), 3);
    }
}
