//! SGD over the ratings of a clock.
//!
//! For a rating x of item i by user u, with e = x - <l_u, r_i> and both rows as they were before:
//! ```text
//! l_u <- l_u + eta (e r_i - lambda l_u)
//! r_i <- r_i + eta (e l_u - lambda r_i)
//! ```
//! With AdaGrad (Duchi, Hazan, Singer 2011), L instead goes, entry by entry, with g = e r_i - lambda l_u:
//! ```text
//! s_u <- s_u + g^2        l_u <- l_u + eta_l g / sqrt(s_u)
//! ```
//! or, with one sum per row instead of one per entry ([`Sums::Rows`]), which halves the arithmetic and the memory:
//! ```text
//! s_u <- s_u + |g|^2 / rank        l_u <- l_u + eta_l g / sqrt(s_u)
//! ```
//! A step is half the negative gradient of the rating's part of the [objective](super::Objective).

use super::dot::{Products, dot, dot_in_registers, products, products_in_registers};
use super::rules::{AdaGrad, EntryRule, PlainRule, RowRule, Rule, Step, Sums};
use crate::simd::{Isa, Kernel, Lane, Simd, dispatch};
use crate::workload::mf::block::{Block, Entry, SHUFFLED_ROW_BYTES, Tile};
use crate::workload::mf::rows::{Rows, groups};

/// Ratings between a prefetch of rows and their use.
pub(super) const AHEAD: usize = 4;

/// One pass over the ratings of clock `clock` (in `0..clocks_per_pass`) of the block. `l` has a row per user, `r` one
/// per item; `l_squares`, of the shape that [`Sums::zeros`] has, holds AdaGrad's sums of squared gradients and is
/// needed with `step.adagrad` only.
///
/// # Panics
/// Panics if shapes do not match, or the processor lacks `isa`.
pub fn sgd(isa: Isa, block: &Block, clock: u32, step: &Step, l: &mut Rows, l_squares: Option<&mut Rows>, r: &mut Rows) {
    assert_shape("L", l, block.users(), block.rank());
    assert_shape("R", r, block.items(), block.rank());
    let squares = match step.adagrad {
        None => &mut [],
        Some(AdaGrad { sums, .. }) => {
            let squares = l_squares.expect("AdaGrad steps come with their sums of squares");
            assert_shape("the sums of squares", squares, block.users(), sums.width(block.rank()));
            &mut squares.lanes[..]
        }
    };
    let tiles = block.tiles_of(clock);
    let pass = Pass { tiles, entries: &block.entries, step, l: &mut l.lanes, squares, r: &mut r.lanes };
    let groups = groups(block.rank());
    match step.adagrad {
        None => dispatch(isa, Plain { pass, groups }),
        Some(AdaGrad { rate, sums: Sums::Entries }) => dispatch(isa, ByEntry { pass, groups, rate }),
        Some(AdaGrad { rate, sums: Sums::Rows }) => dispatch(isa, ByRow { pass, groups, rate, rank: block.rank() }),
    }
}

/// Refuses rows of another shape.
pub(super) fn assert_shape(name: &str, rows: &Rows, count: usize, rank: u32) {
    assert_eq!((rows.len(), rows.rank()), (count, rank), "{name} has another shape (rows, rank) than the block");
}

/// The rows of a pass; rows of `squares` only under AdaGrad.
struct Pass<'a> {
    tiles: &'a [Tile],
    entries: &'a [Entry],
    step: &'a Step,
    l: &'a mut [Lane],
    squares: &'a mut [Lane],
    r: &'a mut [Lane],
}

struct Plain<'a> {
    pass: Pass<'a>,
    groups: usize,
}

struct ByEntry<'a> {
    pass: Pass<'a>,
    groups: usize,
    rate: f32,
}

struct ByRow<'a> {
    pass: Pass<'a>,
    groups: usize,
    rate: f32,
    rank: u32,
}

impl Kernel for Plain<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let rule = PlainRule::of(self.pass.step);
        by_groups(simd, self.pass, self.groups, rule);
    }
}

impl Kernel for ByEntry<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Step { lambda, .. } = *self.pass.step;
        let r = PlainRule::of(self.pass.step);
        by_groups(simd, self.pass, self.groups, EntryRule { r, rate: self.rate, lambda });
    }
}

impl Kernel for ByRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Step { lambda, .. } = *self.pass.step;
        let r = PlainRule::of(self.pass.step);
        let share = 1.0 / self.rank as f32;
        by_groups(simd, self.pass, self.groups, RowRule { r, rate: self.rate, lambda, share });
    }
}

/// Picks the loop for the length of a row.
#[inline(always)]
fn by_groups<S: Simd, U: Rule>(simd: S, pass: Pass<'_>, groups: usize, rule: U) {
    // Under sums by entry the arithmetic takes so long that registers that do not suffice cost nothing.
    let fits = groups <= S::GROUPS_IN_REGISTERS || matches!(U::SUMS, Some(Sums::Entries));
    match groups {
        _ if !fits => from_memory(simd, pass, groups, rule),
        1 => in_registers::<S, U, 1>(simd, pass, rule),
        2 => in_registers::<S, U, 2>(simd, pass, rule),
        3 => in_registers::<S, U, 3>(simd, pass, rule),
        4 => in_registers::<S, U, 4>(simd, pass, rule),
        5 => in_registers::<S, U, 5>(simd, pass, rule),
        6 => in_registers::<S, U, 6>(simd, pass, rule),
        7 => in_registers::<S, U, 7>(simd, pass, rule),
        8 => in_registers::<S, U, 8>(simd, pass, rule),
        _ => from_memory(simd, pass, groups, rule),
    }
}

/// Rows of `G` groups: both are read once, stay in registers, and are written once.
#[inline(always)]
fn in_registers<S: Simd, U: Rule, const G: usize>(simd: S, pass: Pass<'_>, rule: U) {
    let (all_l, _) = pass.l.as_chunks_mut::<G>();
    let (all_r, _) = pass.r.as_chunks_mut::<G>();
    let sums_a_row = const { Sums::groups(U::SUMS, G) };
    let zero = simd.splat(0.0);
    for tile in pass.tiles {
        let users = &mut all_l[tile.users.clone()];
        let items = &mut all_r[tile.items.clone()];
        let squares = &mut pass.squares[tile.users.start * sums_a_row..tile.users.end * sums_a_row];
        let entries = &pass.entries[tile.entries.clone()];
        for (index, entry) in entries.iter().enumerate() {
            if let Some(next) = entries.get(index + AHEAD) {
                prefetch(simd, &users[next.user as usize]);
                prefetch(simd, &items[next.item as usize]);
                prefetch(simd, &squares[next.user as usize * sums_a_row..][..sums_a_row]);
            }
            let l_row = &mut users[entry.user as usize];
            let r_row = &mut items[entry.item as usize];
            let sums = &mut squares[entry.user as usize * sums_a_row..][..sums_a_row];
            let mut l = [zero; G];
            let mut r = [zero; G];
            for g in 0..G {
                l[g] = simd.load(&l_row[g].0);
                r[g] = simd.load(&r_row[g].0);
            }
            let scaled = match U::SUMS {
                Some(Sums::Rows) => {
                    let products = products_in_registers(simd, &l, &r);
                    rule.scale(simd, entry.value - products.l_r, products, &mut sums[0].0[0])
                }
                _ => rule.scale(simd, entry.value - dot_in_registers(simd, &l, &r), Products::default(), &mut 0.0),
            };
            for g in 0..G {
                let by_entry = matches!(U::SUMS, Some(Sums::Entries));
                let sum = if by_entry { simd.load(&sums[g].0) } else { zero };
                let (next_l, sum, next_r) = U::update(simd, scaled, l[g], sum, r[g]);
                simd.store(next_l, &mut l_row[g].0);
                simd.store(next_r, &mut r_row[g].0);
                if by_entry {
                    simd.store(sum, &mut sums[g].0);
                }
            }
        }
    }
}

/// Rows of any length: read for the dot product, and read again (from the L1 cache) for the update.
#[inline(always)]
fn from_memory<S: Simd, U: Rule>(simd: S, pass: Pass<'_>, groups: usize, rule: U) {
    let zero = simd.splat(0.0);
    let sums_a_row = Sums::groups(U::SUMS, groups);
    // Short rows come shuffled, long ones user by user.
    let is_shuffled = groups * size_of::<Lane>() <= SHUFFLED_ROW_BYTES;
    let ahead = if is_shuffled { AHEAD } else { 1 };
    let rows = |range: &std::ops::Range<usize>, groups: usize| range.start * groups..range.end * groups;
    for tile in pass.tiles {
        let users = &mut pass.l[rows(&tile.users, groups)];
        let items = &mut pass.r[rows(&tile.items, groups)];
        let squares = &mut pass.squares[rows(&tile.users, sums_a_row)];
        let entries = &pass.entries[tile.entries.clone()];
        for (index, entry) in entries.iter().enumerate() {
            if let Some(next) = entries.get(index + ahead) {
                prefetch(simd, &items[next.item as usize * groups..][..groups]);
                if is_shuffled {
                    prefetch(simd, &users[next.user as usize * groups..][..groups]);
                    prefetch(simd, &squares[next.user as usize * sums_a_row..][..sums_a_row]);
                }
            }
            let l_row = &mut users[entry.user as usize * groups..][..groups];
            let r_row = &mut items[entry.item as usize * groups..][..groups];
            let sums = &mut squares[entry.user as usize * sums_a_row..][..sums_a_row];
            let scaled = match U::SUMS {
                Some(Sums::Rows) => {
                    let products = products(simd, l_row, r_row);
                    rule.scale(simd, entry.value - products.l_r, products, &mut sums[0].0[0])
                }
                _ => rule.scale(simd, entry.value - dot(simd, l_row, r_row), Products::default(), &mut 0.0),
            };
            for (g, (l, r)) in l_row.iter_mut().zip(r_row).enumerate() {
                let by_entry = matches!(U::SUMS, Some(Sums::Entries));
                let sum = if by_entry { simd.load(&sums[g].0) } else { zero };
                let (next_l, sum, next_r) = U::update(simd, scaled, simd.load(&l.0), sum, simd.load(&r.0));
                simd.store(next_l, &mut l.0);
                simd.store(next_r, &mut r.0);
                if by_entry {
                    simd.store(sum, &mut sums[g].0);
                }
            }
        }
    }
}

#[inline(always)]
pub(super) fn prefetch<S: Simd>(simd: S, row: &[Lane]) {
    for lane in row {
        simd.prefetch(lane);
    }
}
