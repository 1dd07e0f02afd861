//! The places of parameters: tables of rows, dealt to the server shards of a group.
//!
//! All tables' rows share one numbering (table after table). In a group of `n` shards row `r` belongs to shard
//! `r mod n`: neighbouring rows, often equally popular, land on different machines.
//!
//! The meaning of the rows is a list of tensors (see [`tensor`]): names, shapes, and places in the flat array of all rows.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::tensor::{self, Tensor, TensorPart};

/// A table of f32 rows in the parameter server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// For messages and reports.
    pub name: String,
    /// Number of rows, numbered from 0 in the table.
    pub rows: u32,
    /// Floats per row, padding included.
    pub width: u32,
}

/// All tables of a workload, and the tensors that lie in them.
///
/// ```
/// use gaia_core::layout::{Layout, Table};
/// use gaia_core::tensor::{Tensor, TensorPart};
///
/// // Five rows of 4 floats hold a matrix of 3 x 5 and its bias; two floats of the last row are padding.
/// let table = Table { name: "layer".to_owned(), rows: 5, width: 4 };
/// let tensor = |name: &str, shape: &[usize], first| Tensor { name: name.to_owned(), shape: shape.to_vec(), first };
/// let layout = Layout::new(vec![table]).with_tensors(vec![tensor("weight", &[3, 5], 0), tensor("bias", &[3], 15)]);
///
/// let bias = layout.tensor("bias").expect("named above");
/// assert_eq!(layout.rows_of(bias), 3..5);
/// let parts: Vec<TensorPart> = layout.parts_of(3).collect();
/// assert_eq!(parts[0], TensorPart { tensor: 0, in_row: 0..3, in_tensor: 12..15 });
/// assert_eq!(parts[1], TensorPart { tensor: 1, in_row: 3..4, in_tensor: 0..1 });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    tables: Vec<Table>,
    stages: Vec<Stage>,
    /// Ascending in the flat array, each inside one table.
    tensors: Vec<Tensor>,
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
    /// Its start in the first array.
    pub first: usize,
    /// Its start in the second.
    pub second: usize,
    /// Length in floats, in both arrays.
    pub len: usize,
}

impl Layout {
    /// The layout of `tables`, in this order, all needed at once; each table is a tensor of its name, rows x width.
    ///
    /// # Panics
    /// Panics if two tables have one name.
    pub fn new(tables: Vec<Table>) -> Self {
        let until = tables.iter().map(|table| table.rows).sum();
        let tensors = tensors_of_tables(&tables);
        Layout { tables, stages: vec![Stage { until, forward: 1, backward: 0 }], tensors }
    }

    /// Tables that are needed one after another, each with its weights of forward and backward work; each is a tensor, as in
    /// [`Layout::new`].
    ///
    /// # Panics
    /// Panics if two tables have one name.
    pub fn staged(tables: Vec<(Table, [u64; 2])>) -> Self {
        let mut until = 0;
        let stage = |(table, [forward, backward]): &(Table, [u64; 2])| {
            until += table.rows;
            Stage { until, forward: *forward, backward: *backward }
        };
        let stages = tables.iter().map(stage).collect();
        let tables: Vec<Table> = tables.into_iter().map(|(table, _)| table).collect();
        let tensors = tensors_of_tables(&tables);
        Layout { tables, stages, tensors }
    }

    /// The same rows with these tensors instead, in the order of their places. Floats that no tensor has are padding.
    ///
    /// # Panics
    /// Panics if the tensors do not ascend, overlap, share a name, or do not each lie in one table.
    pub fn with_tensors(self, tensors: Vec<Tensor>) -> Self {
        tensor::check(&tensors);
        for tensor in &tensors {
            let own = tensor.range();
            let fits = table_ranges(&self.tables).any(|table| table.start <= own.start && own.end <= table.end);
            assert!(fits, "tensor `{}` is not inside one table: floats {own:?}", tensor.name);
        }
        Layout { tensors, ..self }
    }

    /// In the order of their places in the flat array; without overlap, each inside one table and so inside one stage.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The tensor named `name`.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// The rows that have floats of `tensor`, which is one of this layout's. The first and the last may have floats of others too.
    pub fn rows_of(&self, tensor: &Tensor) -> Range<u32> {
        let range = tensor.range();
        if range.is_empty() {
            return 0..0;
        }
        self.row_at(range.start)..self.row_at(range.end - 1) + 1
    }

    /// The parts of tensors in row `row`, in the order of its floats. What they leave out is padding.
    ///
    /// # Panics
    /// Panics if no table has the row.
    pub fn parts_of(&self, row: u32) -> impl Iterator<Item = TensorPart> {
        tensor::parts(&self.tensors, self.flat_range(row))
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
    /// Panics if no table has the row.
    pub fn width(&self, row: u32) -> usize {
        self.flat_range(row).len()
    }

    /// The floats of row `row` in the flat array of all rows.
    ///
    /// # Panics
    /// Panics if no table has the row.
    pub fn flat_range(&self, row: u32) -> Range<usize> {
        let (mut first_row, mut first_float) = (0, 0);
        for table in &self.tables {
            let width = table.width as usize;
            if row < first_row + table.rows {
                let start = first_float + (row - first_row) as usize * width;
                return start..start + width;
            }
            first_row += table.rows;
            first_float += table.rows as usize * width;
        }
        panic!("row {row} of {}", self.rows());
    }

    /// The row that holds float `index` of the flat array.
    ///
    /// # Panics
    /// Panics if no table has the float.
    pub fn row_at(&self, index: usize) -> u32 {
        let mut first_row = 0;
        for (table, range) in self.tables.iter().zip(table_ranges(&self.tables)) {
            if range.contains(&index) {
                return first_row + ((index - range.start) / table.width as usize) as u32;
            }
            first_row += table.rows;
        }
        panic!("float {index} of {}", self.floats());
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

/// Each table's floats in the flat array.
fn table_ranges(tables: &[Table]) -> impl Iterator<Item = Range<usize>> {
    let mut first = 0;
    tables.iter().map(move |table| {
        let start = first;
        first += table.rows as usize * table.width as usize;
        start..first
    })
}

fn tensors_of_tables(tables: &[Table]) -> Vec<Tensor> {
    let tensor = |(table, range): (&Table, Range<usize>)| Tensor {
        name: table.name.clone(),
        shape: vec![table.rows as usize, table.width as usize],
        first: range.start,
    };
    let tensors: Vec<Tensor> = tables.iter().zip(table_ranges(tables)).map(tensor).collect();
    tensor::check(&tensors);
    tensors
}

impl RowSet {
    /// The numbers of the rows over all tables, ascending.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Floats in all rows.
    pub fn floats(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// The floats of the `position`-th row.
    pub fn range(&self, position: usize) -> Range<usize> {
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
