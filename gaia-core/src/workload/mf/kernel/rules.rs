//! The constants of a step, and how it changes a group of 16 lanes of both rows: plain, or by AdaGrad for L.

use serde::{Deserialize, Serialize};

use super::dot::Products;
use crate::simd::Simd;
use crate::workload::mf::rows::Rows;

/// The constants of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// eta: of R, and of L when `adagrad` is none.
    pub learning_rate: f32,
    /// L2 regularisation, per rating.
    pub lambda: f32,
    /// AdaGrad steps for L.
    pub adagrad: Option<AdaGrad>,
}

/// Steps for L that become shorter with the squared gradients so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaGrad {
    /// eta_l.
    pub rate: f32,
    /// How squared gradients are summed.
    pub sums: Sums,
}

/// How AdaGrad sums squared gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sums {
    /// One sum per entry of a row (Duchi, Hazan, Singer 2011): every entry has a step size of its own.
    #[default]
    Entries,
    /// One sum per row, of the mean of its entries' squares: a row has one step size (similar to the reduced per-coordinate
    /// schedule of Chin et al. 2015, which LIBMF has).
    Rows,
}

impl Sums {
    /// The sums of `count` rows of `rank` numbers before the first step: zeros, in rows of `rank` numbers or of one.
    pub fn zeros(self, count: usize, rank: u32) -> Rows {
        Rows::zeros(count, self.width(rank))
    }

    /// Numbers per row of sums.
    pub(super) fn width(self, rank: u32) -> u32 {
        match self {
            Sums::Entries => rank,
            Sums::Rows => 1,
        }
    }

    /// Groups of lanes per row of the sums of rows of `groups`.
    pub(super) const fn groups(sums: Option<Sums>, groups: usize) -> usize {
        match sums {
            None => 0,
            Some(Sums::Entries) => groups,
            Some(Sums::Rows) => 1,
        }
    }
}

/// The change of one group of 16 lanes of both rows.
pub(super) trait Rule: Copy {
    /// The sums that `squares` holds, if any.
    const SUMS: Option<Sums>;
    /// The constants of a rating's step.
    type Scaled<S: Simd>: Copy;
    /// Of a rating with this error; `sum` is the user's sum, and `products` are those of both rows before the step, under
    /// [`Sums::Rows`].
    fn scale<S: Simd>(self, simd: S, error: f32, products: Products, sum: &mut f32) -> Self::Scaled<S>;
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
pub(super) struct PlainRule {
    pub(super) rate: f32,
    pub(super) keep: f32,
}

impl PlainRule {
    pub(super) fn of(step: &Step) -> PlainRule {
        PlainRule { rate: step.learning_rate, keep: (-step.learning_rate).mul_add(step.lambda, 1.0) }
    }
}

impl Rule for PlainRule {
    const SUMS: Option<Sums> = None;
    /// eta e, 1 - eta lambda.
    type Scaled<S: Simd> = (S::Floats, S::Floats);

    #[inline(always)]
    fn scale<S: Simd>(self, simd: S, error: f32, _: Products, _: &mut f32) -> Self::Scaled<S> {
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

/// AdaGrad by entry for L, the plain rule for R.
#[derive(Clone, Copy)]
pub(super) struct EntryRule {
    pub(super) r: PlainRule,
    pub(super) rate: f32,
    pub(super) lambda: f32,
}

impl Rule for EntryRule {
    const SUMS: Option<Sums> = Some(Sums::Entries);
    /// Of R; e, eta_l, lambda.
    type Scaled<S: Simd> = (<PlainRule as Rule>::Scaled<S>, S::Floats, S::Floats, S::Floats);

    #[inline(always)]
    fn scale<S: Simd>(self, simd: S, error: f32, products: Products, sum: &mut f32) -> Self::Scaled<S> {
        let r = self.r.scale(simd, error, products, sum);
        (r, simd.splat(error), simd.splat(self.rate), simd.splat(self.lambda))
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

/// AdaGrad by row for L, the plain rule for R: both are plain steps, each with its own rate.
#[derive(Clone, Copy)]
pub(super) struct RowRule {
    pub(super) r: PlainRule,
    pub(super) rate: f32,
    pub(super) lambda: f32,
    /// 1 / rank.
    pub(super) share: f32,
}

impl Rule for RowRule {
    const SUMS: Option<Sums> = Some(Sums::Rows);
    /// Of L, of R.
    type Scaled<S: Simd> = (<PlainRule as Rule>::Scaled<S>, <PlainRule as Rule>::Scaled<S>);

    /// |e r - lambda l|^2 from the three products; rounding may take it below 0.
    #[inline(always)]
    fn scale<S: Simd>(self, simd: S, error: f32, products: Products, sum: &mut f32) -> Self::Scaled<S> {
        let Products { l_r, l_l, r_r } = products;
        let pull = self.lambda * l_l - 2.0 * error * l_r;
        let square = error * error * r_r + self.lambda * pull;
        *sum += if square > 0.0 { self.share * square } else { 0.0 };
        let rate = if *sum > 0.0 { self.rate / sum.sqrt() } else { 0.0 };
        let l = PlainRule { rate, keep: 1.0 - rate * self.lambda };
        (l.scale(simd, error, products, sum), self.r.scale(simd, error, products, sum))
    }

    #[inline(always)]
    fn update<S: Simd>(
        simd: S,
        ((l_rate, l_keep), (r_rate, r_keep)): Self::Scaled<S>,
        l: S::Floats,
        squares: S::Floats,
        r: S::Floats,
    ) -> (S::Floats, S::Floats, S::Floats) {
        let next_l = simd.mul_add(l_rate, r, simd.mul(l_keep, l));
        (next_l, squares, simd.mul_add(r_rate, l, simd.mul(r_keep, r)))
    }
}
