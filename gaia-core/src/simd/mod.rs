//! Sixteen lanes of f32, by whatever the processor has.
//!
//! A kernel is written once against `Simd` and run by `dispatch` for the chosen [`Isa`]. Every operation here is
//! either exact or rounded once by IEEE 754, multiplication and addition fuse where the kernel says so and nowhere
//! else, and the sum over the lanes is one fixed tree; so AVX-512, AVX2 and scalar code give the same bits (as long as
//! no NaN appears: its payload is left open by the standard).
//!
//! The tokens that implement `Simd` are made by `dispatch` only, after it has seen that the processor has what the
//! token stands for. That is what makes their methods safe to call. Everything unsafe in the kernels lives here.
//!
//! Not here: reading a wish for a weaker instruction set from the environment; the caller passes an [`Isa`].

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;

use std::fmt;

/// Lanes of f32 that a kernel works on at a time, on every instruction set.
pub const LANES: usize = 16;

/// An instruction set, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// Plain Rust; without fused multiply-add in the processor it is slow, but equal.
    Scalar,
    /// AVX2 with FMA: two registers of eight lanes.
    Avx2,
    /// AVX-512F: one register of sixteen lanes.
    Avx512,
}

impl Isa {
    /// Every instruction set, from the weakest to the strongest.
    pub const ALL: [Isa; 3] = [Isa::Scalar, Isa::Avx2, Isa::Avx512];

    /// The strongest that this processor has.
    pub fn detect() -> Isa {
        Isa::ALL.into_iter().rev().find(|isa| isa.is_supported()).expect("scalar code runs everywhere")
    }

    /// The strongest that this processor has and that is not stronger than `self`.
    pub fn or_weaker(self) -> Isa {
        self.min(Isa::detect())
    }

    /// Whether this processor has it.
    pub fn is_supported(self) -> bool {
        match self {
            Isa::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Isa::Avx2.is_supported() && is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 => false,
        }
    }

    /// `scalar`, `avx2` or `avx512`.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Scalar => "scalar",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Sixteen lanes in memory, on a cache line of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Lane(pub(crate) [f32; LANES]);

impl Lane {
    pub(crate) const ZERO: Lane = Lane([0.0; LANES]);
}

/// The numbers of the lanes, one after another.
pub(crate) fn flat(lanes: &[Lane]) -> &[f32] {
    // SAFETY: a Lane is 16 f32 without padding (64 bytes, aligned to 64), so `len * 16` of them lie there in a row.
    unsafe { std::slice::from_raw_parts(lanes.as_ptr().cast(), lanes.len() * LANES) }
}

/// The numbers of the lanes, one after another, to be written.
pub(crate) fn flat_mut(lanes: &mut [Lane]) -> &mut [f32] {
    // SAFETY: as in `flat`; any f32 is a valid entry of a Lane, and the borrow is exclusive.
    unsafe { std::slice::from_raw_parts_mut(lanes.as_mut_ptr().cast(), lanes.len() * LANES) }
}

/// Operations on sixteen lanes. Implementations are inlined into the function that [`dispatch`] compiles for their
/// instruction set.
pub(crate) trait Simd: Copy {
    /// Sixteen numbers in registers.
    type Floats: Copy;

    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::Floats;
    /// Sixteen numbers from memory.
    fn load(self, from: &[f32; LANES]) -> Self::Floats;
    /// Sixteen numbers to memory.
    fn store(self, a: Self::Floats, to: &mut [f32; LANES]);
    /// `a + b`.
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a - b`.
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b`.
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b + c`, rounded once.
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `c - a * b`, rounded once.
    fn neg_mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// The sum of the lanes: halves are added until one is left (16, 8, 4, 2, 1).
    fn sum(self, a: Self::Floats) -> f32;
    /// [`RSQRT_MAGIC`] minus half the bits of `a` as an integer: a first guess of 1 / sqrt(a) for a > 0.
    fn rsqrt_seed(self, a: Self::Floats) -> Self::Floats;
    /// Bit k set where |a| > threshold * |b| in lane k.
    fn exceeds(self, a: Self::Floats, threshold: Self::Floats, b: Self::Floats) -> u16;
    /// Moves the lanes of `a` whose bit in `mask` is set, and the numbers of these lanes plus `first`, to the front of
    /// the outputs; what follows there is left open.
    fn compress(self, mask: u16, a: Self::Floats, first: u32, values: &mut [f32; LANES], indexes: &mut [u32; LANES]);
    /// Sums from lane 0 up to each lane, lanes 1, then 2, 4 and 8 apart being added (Hillis and Steele 1986).
    fn scan(self, a: Self::Floats) -> Self::Floats;
    /// The last lane in every lane.
    fn splat_last(self, a: Self::Floats) -> Self::Floats;
    /// The first lane that is greater than in `b`; the last when none is.
    fn first_above(self, a: Self::Floats, b: Self::Floats) -> usize;
    /// `a` with `x` in lane `lane`, below [`LANES`].
    fn with_lane(self, a: Self::Floats, lane: usize, x: f32) -> Self::Floats;
    /// Asks for the cache line that a value begins in, ahead of its use.
    fn prefetch<T>(self, value: &T);

    /// 1 / sqrt(a) within 7e-4, by one tuned Newton step; a finite number for a = 0. The same bits everywhere, which the
    /// processors' own approximations do not give, and several times faster than a division by a square root.
    #[inline(always)]
    fn rsqrt(self, a: Self::Floats) -> Self::Floats {
        let seed = self.rsqrt_seed(a);
        let scaled = self.mul(a, seed);
        let correction = self.neg_mul_add(scaled, seed, self.splat(2.389_244_6));
        self.mul(self.mul(self.splat(0.703_952_25), seed), correction)
    }
}

/// The seed constant of the reciprocal square root; with the two constants of [`Simd::rsqrt`] as tuned by J. Kadlec
/// (2010) for the least relative error after one step.
pub(crate) const RSQRT_MAGIC: i32 = 0x5f1f_fff9;

/// A computation that can run on any instruction set. `run` must be `#[inline(always)]`.
pub(crate) trait Kernel {
    type Output;
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Runs the kernel on this instruction set.
///
/// # Panics
/// When the processor does not have it.
pub(crate) fn dispatch<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    assert!(isa.is_supported(), "this processor has no {isa}");
    match isa {
        Isa::Scalar => kernel.run(scalar::Scalar::new()),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the assertion above has found AVX2 and FMA.
        Isa::Avx2 => unsafe { avx2::run(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the assertion above has found AVX-512F, AVX2 and FMA.
        Isa::Avx512 => unsafe { avx512::run(kernel) },
        #[cfg(not(target_arch = "x86_64"))]
        Isa::Avx2 | Isa::Avx512 => unreachable!("not supported on this architecture"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 / sqrt of each number.
    struct Rsqrt<'a>(&'a [[f32; LANES]]);

    impl Kernel for Rsqrt<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Vec<f32> {
            let mut out = vec![[0.0; LANES]; self.0.len()];
            for (from, to) in self.0.iter().zip(&mut out) {
                simd.store(simd.rsqrt(simd.load(from)), to);
            }
            out.concat()
        }
    }

    #[test]
    fn reciprocal_square_roots_are_close_and_equal() {
        let numbers: Vec<[f32; LANES]> =
            (0..4000).map(|k| std::array::from_fn(|lane| libm::exp2f((16 * k + lane) as f32 / 400.0 - 80.0))).collect();
        let scalar = dispatch(Isa::Scalar, Rsqrt(&numbers));
        for (x, y) in numbers.concat().iter().zip(&scalar) {
            assert!((y * x.sqrt() - 1.0).abs() < 7e-4, "1 / sqrt({x}) = {y}");
        }
        assert!(dispatch(Isa::Scalar, Rsqrt(&[[0.0; LANES]]))[0].is_finite());
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_supported()) {
            assert_eq!(dispatch(isa, Rsqrt(&numbers)), scalar, "{isa}");
        }
    }

    #[test]
    fn a_wish_for_more_than_there_is_is_cut_down() {
        assert_eq!(Isa::Scalar.or_weaker(), Isa::Scalar);
        assert_eq!(Isa::Avx512.or_weaker(), Isa::detect());
    }
}
