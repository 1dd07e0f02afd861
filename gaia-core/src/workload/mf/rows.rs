//! A factor in the form that the kernels work on: rows padded with zeros to whole groups of 16 lanes, each group on a
//! cache line of its own.
//!
//! Parameter servers and messages hold the same rows *packed*: `rank` numbers per row, nothing between them.

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::simd::{LANES, Lane, flat, flat_mut};

/// Numbers that a padded row takes: `rank` rounded up to 16 lanes.
pub fn stride(rank: u32) -> usize {
    groups(rank) * LANES
}

/// Groups of 16 lanes per row.
pub(crate) fn groups(rank: u32) -> usize {
    (rank as usize).div_ceil(LANES)
}

/// Rows of `rank` numbers, padded. The padding is 0 and stays 0 under every kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Packed", into = "Packed")]
pub struct Rows {
    rank: u32,
    count: usize,
    pub(crate) lanes: Vec<Lane>,
}

impl Rows {
    /// `count` rows of zeros. `rank` is at least 1.
    pub fn zeros(count: usize, rank: u32) -> Rows {
        assert!(rank > 0, "a row has at least one number");
        Rows { rank, count, lanes: vec![Lane::ZERO; count * groups(rank)] }
    }

    /// Rows from `rank` numbers each.
    ///
    /// # Panics
    /// Panics if the length is no multiple of `rank`.
    pub fn from_packed(packed: &[f32], rank: u32) -> Rows {
        let mut rows = Rows::zeros(0, rank);
        rows.become_packed(packed, rank);
        rows
    }

    /// Becomes the rows of [`Rows::from_packed`] in the memory that it has.
    pub(super) fn become_packed(&mut self, packed: &[f32], rank: u32) {
        assert!(packed.len().is_multiple_of(rank as usize), "{} numbers are no rows of {rank}", packed.len());
        (self.rank, self.count) = (rank, packed.len() / rank as usize);
        self.lanes.clear();
        self.lanes.reserve(self.count * groups(rank));
        for row in packed.chunks_exact(rank as usize) {
            let (whole, rest) = row.as_chunks::<LANES>();
            self.lanes.extend(whole.iter().copied().map(Lane));
            if !rest.is_empty() {
                let mut last = Lane::ZERO;
                last.0[..rest.len()].copy_from_slice(rest);
                self.lanes.push(last);
            }
        }
    }

    /// Calls `work` with some rows, whose memory the thread keeps for its next call: for tables that every clock has anew.
    pub(super) fn with_spare<T>(work: impl FnOnce(&mut Rows) -> T) -> T {
        thread_local! {
            static SPARE: Cell<Option<Rows>> = const { Cell::new(None) };
        }
        let mut rows = SPARE.take().unwrap_or_else(|| Rows::zeros(0, 1));
        let done = work(&mut rows);
        SPARE.set(Some(rows));
        done
    }

    /// Overwrites all rows by `count` x `rank` numbers: how a worker takes its snapshot at the start of a clock.
    pub fn copy_from_packed(&mut self, packed: &[f32]) {
        let (rank, stride) = (self.rank as usize, stride(self.rank));
        assert_eq!(packed.len(), self.count * rank, "the rows differ in number or rank");
        for (row, packed) in flat_mut(&mut self.lanes).chunks_exact_mut(stride).zip(packed.chunks_exact(rank)) {
            row[..rank].copy_from_slice(packed);
        }
    }

    /// Writes all rows to `count` x `rank` numbers: how a worker leaves its changes at the end of a clock.
    pub fn copy_to_packed(&self, packed: &mut [f32]) {
        let (rank, stride) = (self.rank as usize, stride(self.rank));
        assert_eq!(packed.len(), self.count * rank, "the rows differ in number or rank");
        for (row, packed) in flat(&self.lanes).chunks_exact(stride).zip(packed.chunks_exact_mut(rank)) {
            packed.copy_from_slice(&row[..rank]);
        }
    }

    /// All rows, `rank` numbers each.
    pub fn to_packed(&self) -> Vec<f32> {
        let mut packed = vec![0.0; self.count * self.rank as usize];
        self.copy_to_packed(&mut packed);
        packed
    }

    /// Row `index`: `rank` numbers.
    pub fn row(&self, index: usize) -> &[f32] {
        let stride = stride(self.rank);
        &flat(&self.lanes)[index * stride..][..self.rank as usize]
    }

    /// Row `index`, to be written: `rank` numbers.
    pub fn row_mut(&mut self, index: usize) -> &mut [f32] {
        let stride = stride(self.rank);
        &mut flat_mut(&mut self.lanes)[index * stride..][..self.rank as usize]
    }

    /// Numbers per row, padding not counted.
    pub fn rank(&self) -> u32 {
        self.rank
    }

    /// Number of rows, each of `rank` numbers.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Rows as they are written to a checkpoint.
#[derive(Clone, Serialize, Deserialize)]
struct Packed {
    rank: u32,
    values: Vec<f32>,
}

impl From<Rows> for Packed {
    fn from(rows: Rows) -> Packed {
        Packed { rank: rows.rank, values: rows.to_packed() }
    }
}

/// Numbers of a checkpoint that make no whole rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{numbers} numbers: expected whole rows of rank {rank}")]
struct NoWholeRows {
    numbers: usize,
    rank: u32,
}

impl TryFrom<Packed> for Rows {
    type Error = NoWholeRows;

    fn try_from(packed: Packed) -> Result<Rows, NoWholeRows> {
        let (numbers, rank) = (packed.values.len(), packed.rank);
        if rank == 0 || !numbers.is_multiple_of(rank as usize) {
            return Err(NoWholeRows { numbers, rank });
        }
        Ok(Rows::from_packed(&packed.values, packed.rank))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_padded_and_packed_again() {
        let packed: Vec<f32> = (0..60).map(|k| k as f32).collect();
        for rank in [1, 3, 15, 20, 30] {
            let rows = Rows::from_packed(&packed, rank);
            assert_eq!(rows.to_packed(), packed);
            assert_eq!(rows.row(1)[0], rank as f32);
            assert_eq!(rows.lanes.len() * LANES, rows.len() * stride(rank));
            let bytes = postcard::to_allocvec(&rows).unwrap();
            assert_eq!(postcard::from_bytes::<Rows>(&bytes).unwrap(), rows);
        }
    }

    #[test]
    fn rows_in_used_memory_are_those_in_new_memory() {
        let packed: Vec<f32> = (1..=60).map(|k| k as f32).collect();
        for (rank, numbers) in [(20, 60), (20, 20), (20, 40), (3, 60), (30, 60), (20, 0)] {
            let packed = &packed[..numbers];
            let seen = Rows::with_spare(|rows| {
                rows.become_packed(packed, rank);
                let seen = rows.clone();
                flat_mut(&mut rows.lanes)
                    .chunks_exact_mut(stride(rank))
                    .for_each(|row| row[..rank as usize].fill(-1.0));
                seen
            });
            assert_eq!(seen, Rows::from_packed(packed, rank), "{numbers} numbers of rank {rank}");
        }
    }

    #[test]
    fn a_checkpoint_of_broken_shape_is_refused() {
        let bytes = postcard::to_allocvec(&Packed { rank: 3, values: vec![1.0; 4] }).unwrap();
        assert!(postcard::from_bytes::<Rows>(&bytes).is_err());
        let error = Rows::try_from(Packed { rank: 3, values: vec![1.0; 4] }).unwrap_err();
        assert_eq!(error.to_string(), "4 numbers: expected whole rows of rank 3");
    }
}
