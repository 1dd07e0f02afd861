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
//! A step is half the negative gradient of the rating's part of the [objective](super::Objective).

use super::dot::{dot, dot_in_registers};
use crate::simd::{Isa, Kernel, Lane, Simd, dispatch};
use crate::workload::mf::block::{Block, Entry, Tile};
use crate::workload::mf::rows::{Rows, groups};

/// Ratings between a prefetch of rows and their use.
pub(super) const AHEAD: usize = 4;

/// The constants of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// eta: of R, and of L when `adagrad` is none.
    pub learning_rate: f32,
    /// L2 regularisation, per rating.
    pub lambda: f32,
    /// eta_l: AdaGrad steps for L.
    pub adagrad: Option<f32>,
}

/// One pass over the ratings of clock `clock` (in `0..clocks_per_pass`) of the block. `l` has a row per user, `r` one
/// per item; `l_squares`, of the shape of `l`, holds AdaGrad's sums of squared gradients and is needed with
/// `step.adagrad` only.
///
/// # Panics
/// Panics if shapes do not match, or the processor lacks `isa`.
pub fn sgd(isa: Isa, block: &Block, clock: u32, step: &Step, l: &mut Rows, l_squares: Option<&mut Rows>, r: &mut Rows) {
    assert_shape("L", l, block.users(), block.rank());
    assert_shape("R", r, block.items(), block.rank());
    let squares = match step.adagrad {
        None => &mut [],
        Some(_) => {
            let squares = l_squares.expect("AdaGrad steps come with their sums of squares");
            assert_shape("the sums of squares", squares, block.users(), block.rank());
            &mut squares.lanes[..]
        }
    };
    let tiles = block.tiles_of(clock);
    let pass = Pass { tiles, entries: &block.entries, step, l: &mut l.lanes, squares, r: &mut r.lanes };
    let groups = groups(block.rank());
    match step.adagrad {
        None => dispatch(isa, Plain { pass, groups }),
        Some(rate) => dispatch(isa, AdaGrad { pass, groups, rate }),
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

struct AdaGrad<'a> {
    pass: Pass<'a>,
    groups: usize,
    rate: f32,
}

impl Kernel for Plain<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let step = self.pass.step;
        let rule = PlainRule { rate: step.learning_rate, keep: (-step.learning_rate).mul_add(step.lambda, 1.0) };
        by_groups(simd, self.pass, self.groups, rule);
    }
}

impl Kernel for AdaGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let step = self.pass.step;
        let r = PlainRule { rate: step.learning_rate, keep: (-step.learning_rate).mul_add(step.lambda, 1.0) };
        by_groups(simd, self.pass, self.groups, AdaGradRule { r, rate: self.rate, lambda: step.lambda });
    }
}

/// Picks the loop for the length of a row.
#[inline(always)]
fn by_groups<S: Simd, U: Rule>(simd: S, pass: Pass<'_>, groups: usize, rule: U) {
    match groups {
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

/// The change of one group of 16 lanes of both rows.
trait Rule: Copy {
    /// Whether `squares` has rows.
    const SQUARES: bool;
    /// The constants of a step, scaled by the error of a rating.
    type Scaled<S: Simd>: Copy;
    fn scale<S: Simd>(self, simd: S, error: f32) -> Self::Scaled<S>;
    /// New (l, squares, r).
    fn update<S: Simd>(
        simd: S,
        scaled: Self::Scaled<S>,
        l: S::Floats,
        squares: S::Floats,
        r: S::Floats,
    ) -> (S::Floats, S::Floats, S::Floats);
}

/// l + eta (e r - lambda l) = (eta e) r + (1 - eta lambda) l.
#[derive(Clone, Copy)]
struct PlainRule {
    rate: f32,
    keep: f32,
}

impl Rule for PlainRule {
    const SQUARES: bool = false;
    /// eta e, 1 - eta lambda.
    type Scaled<S: Simd> = (S::Floats, S::Floats);

    #[inline(always)]
    fn scale<S: Simd>(self, simd: S, error: f32) -> Self::Scaled<S> {
        (simd.splat(self.rate * error), simd.splat(self.keep))
    }

    #[inline(always)]
    fn update<S: Simd>(
        simd: S,
        (rate, keep): Self::Scaled<S>,
        l: S::Floats,
        squares: S::Floats,
        r: S::Floats,
    ) -> (S::Floats, S::Floats, S::Floats) {
        (simd.mul_add(rate, r, simd.mul(keep, l)), squares, simd.mul_add(rate, l, simd.mul(keep, r)))
    }
}

/// AdaGrad for L, the plain rule for R.
#[derive(Clone, Copy)]
struct AdaGradRule {
    r: PlainRule,
    rate: f32,
    lambda: f32,
}

impl Rule for AdaGradRule {
    const SQUARES: bool = true;
    /// Of R; e, eta_l, lambda.
    type Scaled<S: Simd> = (<PlainRule as Rule>::Scaled<S>, S::Floats, S::Floats, S::Floats);

    #[inline(always)]
    fn scale<S: Simd>(self, simd: S, error: f32) -> Self::Scaled<S> {
        (self.r.scale(simd, error), simd.splat(error), simd.splat(self.rate), simd.splat(self.lambda))
    }

    #[inline(always)]
    fn update<S: Simd>(
        simd: S,
        ((r_rate, r_keep), error, rate, lambda): Self::Scaled<S>,
        l: S::Floats,
        squares: S::Floats,
        r: S::Floats,
    ) -> (S::Floats, S::Floats, S::Floats) {
        let gradient = simd.neg_mul_add(lambda, l, simd.mul(error, r));
        let squares = simd.mul_add(gradient, gradient, squares);
        let next_l = simd.mul_add(simd.mul(rate, gradient), simd.rsqrt(squares), l);
        (next_l, squares, simd.mul_add(r_rate, l, simd.mul(r_keep, r)))
    }
}

/// Rows of `G` groups: both are read once, stay in registers, and are written once.
#[inline(always)]
fn in_registers<S: Simd, U: Rule, const G: usize>(simd: S, pass: Pass<'_>, rule: U) {
    let (all_l, _) = pass.l.as_chunks_mut::<G>();
    let (all_r, _) = pass.r.as_chunks_mut::<G>();
    let (all_squares, _) = pass.squares.as_chunks_mut::<G>();
    let zero = simd.splat(0.0);
    for tile in pass.tiles {
        let users = &mut all_l[tile.users.clone()];
        let items = &mut all_r[tile.items.clone()];
        let squares = if U::SQUARES { &mut all_squares[tile.users.clone()] } else { &mut [] };
        let entries = &pass.entries[tile.entries.clone()];
        for (index, entry) in entries.iter().enumerate() {
            if let Some(next) = entries.get(index + AHEAD) {
                prefetch(simd, &users[next.user as usize]);
                prefetch(simd, &items[next.item as usize]);
                if U::SQUARES {
                    prefetch(simd, &squares[next.user as usize]);
                }
            }
            let l_row = &mut users[entry.user as usize];
            let r_row = &mut items[entry.item as usize];
            let mut l = [zero; G];
            let mut r = [zero; G];
            for g in 0..G {
                l[g] = simd.load(&l_row[g].0);
                r[g] = simd.load(&r_row[g].0);
            }
            let scaled = rule.scale(simd, entry.value - dot_in_registers(simd, &l, &r));
            for g in 0..G {
                let sum = if U::SQUARES { simd.load(&squares[entry.user as usize][g].0) } else { zero };
                let (next_l, sum, next_r) = U::update(simd, scaled, l[g], sum, r[g]);
                simd.store(next_l, &mut l_row[g].0);
                simd.store(next_r, &mut r_row[g].0);
                if U::SQUARES {
                    simd.store(sum, &mut squares[entry.user as usize][g].0);
                }
            }
        }
    }
}

/// Rows of any length: read for the dot product, and read again (from the L1 cache) for the update.
#[inline(always)]
fn from_memory<S: Simd, U: Rule>(simd: S, pass: Pass<'_>, groups: usize, rule: U) {
    let zero = simd.splat(0.0);
    let rows = |range: &std::ops::Range<usize>| range.start * groups..range.end * groups;
    for tile in pass.tiles {
        let users = &mut pass.l[rows(&tile.users)];
        let items = &mut pass.r[rows(&tile.items)];
        let squares = if U::SQUARES { &mut pass.squares[rows(&tile.users)] } else { &mut [] };
        let entries = &pass.entries[tile.entries.clone()];
        for (index, entry) in entries.iter().enumerate() {
            if let Some(next) = entries.get(index + 1) {
                prefetch(simd, &items[next.item as usize * groups..][..groups]);
            }
            let l_row = &mut users[entry.user as usize * groups..][..groups];
            let r_row = &mut items[entry.item as usize * groups..][..groups];
            let scaled = rule.scale(simd, entry.value - dot(simd, l_row, r_row));
            let sums = if U::SQUARES { &mut squares[entry.user as usize * groups..][..groups] } else { &mut [] };
            for (g, (l, r)) in l_row.iter_mut().zip(r_row).enumerate() {
                let sum = if U::SQUARES { simd.load(&sums[g].0) } else { zero };
                let (next_l, sum, next_r) = U::update(simd, scaled, simd.load(&l.0), sum, simd.load(&r.0));
                simd.store(next_l, &mut l.0);
                simd.store(next_r, &mut r.0);
                if U::SQUARES {
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
