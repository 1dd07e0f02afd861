//! Sixteen lanes in one AVX-512 register.

use std::arch::x86_64::*;

use super::lanes::{Kernel, LANES, RSQRT_MAGIC, Simd, one_lane};

/// Made by [`run`] only: stands for AVX-512F, AVX2, FMA and POPCNT being there.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

/// Runs the kernel in a function compiled for AVX-512F.
#[target_feature(enable = "avx512f,avx2,fma,popcnt")]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx512(()))
}

impl Simd for Avx512 {
    type Floats = __m512;
    type Doubles = [__m512d; 2];
    const GROUPS_IN_REGISTERS: usize = 8;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: the token stands for AVX-512F.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        // SAFETY: the token stands for AVX-512F; 16 f32 can be read there, at any alignment.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, a: __m512, to: &mut [f32; LANES]) {
        // SAFETY: the token stands for AVX-512F; 16 f32 can be written there, at any alignment.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), a) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token stands for AVX-512F.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token stands for AVX-512F.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token stands for AVX-512F.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the token stands for AVX-512F.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn neg_mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the token stands for AVX-512F.
        unsafe { _mm512_fnmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn sum(self, a: __m512) -> f32 {
        // SAFETY: the token stands for AVX-512F and AVX2.
        unsafe {
            let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(a)));
            super::avx2::sum_of_eight(_mm256_add_ps(_mm512_castps512_ps256(a), high))
        }
    }

    #[inline(always)]
    fn rsqrt_seed(self, a: __m512) -> __m512 {
        // SAFETY: the token stands for AVX-512F.
        unsafe {
            let half = _mm512_srli_epi32::<1>(_mm512_castps_si512(a));
            _mm512_castsi512_ps(_mm512_sub_epi32(_mm512_set1_epi32(RSQRT_MAGIC), half))
        }
    }

    #[inline(always)]
    fn exceeds(self, a: __m512, threshold: __m512, b: __m512) -> u16 {
        // SAFETY: the token stands for AVX-512F.
        unsafe {
            let bound = _mm512_mul_ps(threshold, _mm512_abs_ps(b));
            _mm512_cmp_ps_mask::<_CMP_GT_OQ>(_mm512_abs_ps(a), bound)
        }
    }

    #[inline(always)]
    fn compress(self, mask: u16, a: __m512, first: u32, values: &mut [f32; LANES], indexes: &mut [u32; LANES]) {
        // SAFETY: the token stands for AVX-512F; both outputs have room for 16 entries.
        unsafe {
            let lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
            let numbers = _mm512_add_epi32(_mm512_set1_epi32(first.cast_signed()), lanes);
            _mm512_storeu_ps(values.as_mut_ptr(), _mm512_maskz_compress_ps(mask, a));
            _mm512_storeu_si512(indexes.as_mut_ptr().cast(), _mm512_maskz_compress_epi32(mask, numbers));
        }
    }

    #[inline(always)]
    fn non_zero(self, a: __m512) -> u16 {
        // SAFETY: the token stands for AVX-512F.
        unsafe { _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(a, _mm512_setzero_ps()) }
    }

    #[inline(always)]
    fn without(self, a: __m512, mask: u16) -> __m512 {
        // SAFETY: the token stands for AVX-512F.
        unsafe { _mm512_maskz_mov_ps(!mask, a) }
    }

    #[inline(always)]
    fn no_sizes(self) -> [__m512d; 2] {
        // SAFETY: the token stands for AVX-512F.
        unsafe { [_mm512_setzero_pd(); 2] }
    }

    #[inline(always)]
    fn add_sizes(self, sums: [__m512d; 2], a: __m512) -> [__m512d; 2] {
        // SAFETY: the token stands for AVX-512F.
        unsafe {
            let sizes = _mm512_abs_ps(a);
            let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(sizes)));
            [
                _mm512_add_pd(sums[0], _mm512_cvtps_pd(_mm512_castps512_ps256(sizes))),
                _mm512_add_pd(sums[1], _mm512_cvtps_pd(high)),
            ]
        }
    }

    #[inline(always)]
    fn sizes(self, sums: [__m512d; 2]) -> [f64; LANES] {
        let mut lanes = [0.0; LANES];
        for (eight, lanes) in sums.into_iter().zip(lanes.as_chunks_mut::<8>().0) {
            // SAFETY: the token stands for AVX-512F; 8 f64 can be written there, at any alignment.
            unsafe { _mm512_storeu_pd(lanes.as_mut_ptr(), eight) };
        }
        lanes
    }

    #[inline(always)]
    fn scan(self, a: __m512) -> __m512 {
        // SAFETY: the token stands for AVX-512F.
        unsafe {
            let lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
            let mut a = a;
            for apart in [1, 2, 4, 8] {
                let from = _mm512_sub_epi32(lanes, _mm512_set1_epi32(apart));
                a = _mm512_add_ps(a, _mm512_maskz_permutexvar_ps(u16::MAX << apart, from, a));
            }
            a
        }
    }

    #[inline(always)]
    fn splat_last(self, a: __m512) -> __m512 {
        // SAFETY: the token stands for AVX-512F.
        unsafe { _mm512_permutexvar_ps(_mm512_set1_epi32(15), a) }
    }

    #[inline(always)]
    fn first_above(self, a: __m512, b: __m512) -> usize {
        // SAFETY: the token stands for AVX-512F.
        let mask = unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b) };
        (mask | 1 << (LANES - 1)).trailing_zeros() as usize
    }

    #[inline(always)]
    fn with_lane(self, a: __m512, lane: usize, x: f32) -> __m512 {
        let mask = one_lane(lane);
        // SAFETY: the token stands for AVX-512F; the mask has 16 entries, which can be read at any alignment.
        unsafe {
            let mask = _mm512_loadu_si512(mask.as_ptr().cast());
            // 0xCA: of the second where the first has ones, else of the third.
            let (x, a) = (_mm512_castps_si512(_mm512_set1_ps(x)), _mm512_castps_si512(a));
            _mm512_castsi512_ps(_mm512_ternarylogic_epi32::<0xca>(mask, x, a))
        }
    }

    #[inline(always)]
    fn prefetch<T>(self, value: &T) {
        // SAFETY: SSE is in every x86-64; a prefetch of any address reads nothing that shows.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast()) }
    }

    #[inline(always)]
    fn prefetch_behind<T>(self, value: &T, bytes: usize) {
        // SAFETY: as in `prefetch`; the address is not read from, so that it need not be one of the value's array.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).wrapping_byte_add(bytes).cast()) }
    }
}
