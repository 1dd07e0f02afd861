//! The objective, and the error on held-out ratings.

use super::dot::dot;
use super::sgd::{AHEAD, assert_shape, prefetch};
use crate::simd::{Isa, Kernel, Lane, Simd, dispatch};
use crate::workload::mf::block::{Block, Entry, Tile};
use crate::workload::mf::rows::{Rows, groups};

/// The regularised squared error in its two parts; parts of several workers add up.
///
/// Taken is the form whose gradient SGD follows rating by rating:
/// ```text
/// sum over ratings (u, i, x) of (x - <l_u, r_i>)^2 + lambda (|l_u|^2 + |r_i|^2)
/// ```
/// so a row counts once for each of its ratings (weighted-lambda regularisation: Zhou et al. 2008; also what LIBMF and
/// NOMAD minimise). The paper names "squared error with L2 regularisation" without a formula; the unweighted form
/// lambda (|L|^2 + |R|^2) differs from it by weights that grow with a row's ratings, is not what per-rating steps
/// descend, and would not add up over workers that share R.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Objective {
    /// Sum of squared errors over the ratings.
    pub squared_error: f64,
    /// lambda times the sum over ratings of both rows' squared lengths.
    pub regularisation: f64,
}

impl Objective {
    /// The objective of SGD.
    pub fn total(&self) -> f64 {
        self.squared_error + self.regularisation
    }
}

/// The objective over all ratings of the block.
pub fn objective(isa: Isa, block: &Block, l: &Rows, r: &Rows, lambda: f32) -> Objective {
    let squared_error = squared_error(isa, block, l, r);
    let length = |rows: &Rows, counts: &[u32]| {
        dispatch(isa, WeightedSquares { rows: &rows.lanes, groups: groups(block.rank()), counts })
    };
    let lengths = length(l, &block.user_counts) + length(r, &block.item_counts);
    Objective { squared_error, regularisation: f64::from(lambda) * lengths }
}

/// The sum of squared errors over all ratings of the block, which may hold held-out ratings: their root mean squared
/// error is the root of this over `block.len()`. Each error is an f32; squares are added in f64 in the block's order.
pub fn squared_error(isa: Isa, block: &Block, l: &Rows, r: &Rows) -> f64 {
    assert_shape("L", l, block.users(), block.rank());
    assert_shape("R", r, block.items(), block.rank());
    let groups = groups(block.rank());
    dispatch(isa, SquaredError { tiles: &block.tiles, entries: &block.entries, groups, l: &l.lanes, r: &r.lanes })
}

struct SquaredError<'a> {
    tiles: &'a [Tile],
    entries: &'a [Entry],
    groups: usize,
    l: &'a [Lane],
    r: &'a [Lane],
}

impl Kernel for SquaredError<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        match self.groups {
            1 => self.of_groups::<S, 1>(simd),
            2 => self.of_groups::<S, 2>(simd),
            3 => self.of_groups::<S, 3>(simd),
            4 => self.of_groups::<S, 4>(simd),
            5 => self.of_groups::<S, 5>(simd),
            6 => self.of_groups::<S, 6>(simd),
            7 => self.of_groups::<S, 7>(simd),
            8 => self.of_groups::<S, 8>(simd),
            _ => self.of_any(simd),
        }
    }
}

impl SquaredError<'_> {
    /// Rows of `G` groups, both fetched a few ratings ahead: ratings of a tile are shuffled.
    #[inline(always)]
    fn of_groups<S: Simd, const G: usize>(self, simd: S) -> f64 {
        let ((all_l, _), (all_r, _)) = (self.l.as_chunks::<G>(), self.r.as_chunks::<G>());
        let mut sum = 0.0;
        for tile in self.tiles {
            let (users, items) = (&all_l[tile.users.clone()], &all_r[tile.items.clone()]);
            let entries = &self.entries[tile.entries.clone()];
            for (index, entry) in entries.iter().enumerate() {
                if let Some(next) = entries.get(index + AHEAD) {
                    prefetch(simd, &users[next.user as usize]);
                    prefetch(simd, &items[next.item as usize]);
                }
                let (l, r) = (&users[entry.user as usize], &items[entry.item as usize]);
                let error = f64::from(entry.value - dot(simd, l, r));
                sum += error * error;
            }
        }
        sum
    }

    /// Rows of any length, user by user: the next item's row is fetched ahead.
    #[inline(always)]
    fn of_any<S: Simd>(self, simd: S) -> f64 {
        let groups = self.groups;
        let mut sum = 0.0;
        for tile in self.tiles {
            let users = &self.l[tile.users.start * groups..tile.users.end * groups];
            let items = &self.r[tile.items.start * groups..tile.items.end * groups];
            let entries = &self.entries[tile.entries.clone()];
            for (index, entry) in entries.iter().enumerate() {
                if let Some(next) = entries.get(index + 1) {
                    prefetch(simd, &items[next.item as usize * groups..][..groups]);
                }
                let l = &users[entry.user as usize * groups..][..groups];
                let r = &items[entry.item as usize * groups..][..groups];
                let error = f64::from(entry.value - dot(simd, l, r));
                sum += error * error;
            }
        }
        sum
    }
}

/// The sum over rows of count times squared length.
struct WeightedSquares<'a> {
    rows: &'a [Lane],
    groups: usize,
    counts: &'a [u32],
}

impl Kernel for WeightedSquares<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut sum = 0.0;
        for (row, &count) in self.rows.chunks_exact(self.groups).zip(self.counts) {
            sum += f64::from(count) * f64::from(dot(simd, row, row));
        }
        sum
    }
}
