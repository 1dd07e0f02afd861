//! Sixteen lanes of f32, by whatever the processor has.
//!
//! A kernel is written once against `Simd` and run by `dispatch` for the chosen [`Isa`]. Every operation here is
//! either exact or rounded once by IEEE 754, multiplication and addition fuse where the kernel asks for it and nowhere
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
mod lanes;
mod scalar;

use std::fmt;

pub use self::lanes::LANES;
pub(crate) use self::lanes::{Kernel, Lane, Simd, flat, flat_mut};

/// An instruction set, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// Plain Rust; without fused multiply-add in the processor it is slow, but equal.
    Scalar,
    /// AVX2 with FMA (and POPCNT, as all such processors have): two registers of eight lanes.
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
            Isa::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("popcnt")
            }
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

/// Runs the kernel on this instruction set.
///
/// # Panics
/// Panics if the processor does not have it.
pub(crate) fn dispatch<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    assert!(isa.is_supported(), "this processor has no {isa}");
    match isa {
        Isa::Scalar => kernel.run(scalar::Scalar::new()),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the assertion above has found AVX2, FMA and POPCNT.
        Isa::Avx2 => unsafe { avx2::run(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the assertion above has found AVX-512F, AVX2, FMA and POPCNT.
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
