//! Sixteen lanes in two AVX registers.

use std::arch::x86_64::*;

use super::lanes::{Kernel, LANES, RSQRT_MAGIC, Simd, one_lane};

/// Made by [`run`] only: stands for AVX2, FMA and POPCNT being there.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

/// Runs the kernel in a function compiled for AVX2, FMA and POPCNT.
#[target_feature(enable = "avx2,fma,popcnt")]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx2(()))
}

/// Lanes 0 to 7 and 8 to 15.
type Floats = [__m256; 2];
/// Lanes 0 to 3, 4 to 7, and so on.
type Doubles = [__m256d; 4];

/// For each mask of eight lanes the numbers of those in it, in order, a byte each from the lowest.
const CHOSEN: [u64; 256] = {
    let mut chosen = [0; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut lane, mut end) = (0, 0);
        while lane < 8 {
            if mask >> lane & 1 == 1 {
                chosen[mask] |= lane << (8 * end);
                end += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    chosen
};

/// The same on both halves. A macro, as the intrinsics are no function pointers.
macro_rules! both {
    ($operation:ident($($operand:expr),+)) => {
        // SAFETY: the token stands for AVX2 and FMA.
        unsafe { [both!(@half 0, $operation, $($operand),+), both!(@half 1, $operation, $($operand),+)] }
    };
    (@half $half:literal, $operation:ident, $($operand:expr),+) => { $operation($($operand[$half]),+) };
}

impl Simd for Avx2 {
    type Floats = Floats;
    type Doubles = Doubles;
    const GROUPS_IN_REGISTERS: usize = 3;

    #[inline(always)]
    fn splat(self, x: f32) -> Floats {
        // SAFETY: the token stands for AVX2.
        unsafe { [_mm256_set1_ps(x); 2] }
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Floats {
        // SAFETY: the token stands for AVX2; 16 f32 can be read there, at any alignment.
        unsafe { [_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))] }
    }

    #[inline(always)]
    fn store(self, a: Floats, to: &mut [f32; LANES]) {
        // SAFETY: the token stands for AVX2; 16 f32 can be written there, at any alignment.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), a[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), a[1]);
        }
    }

    #[inline(always)]
    fn add(self, a: Floats, b: Floats) -> Floats {
        both!(_mm256_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: Floats, b: Floats) -> Floats {
        both!(_mm256_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: Floats, b: Floats) -> Floats {
        both!(_mm256_mul_ps(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: Floats, b: Floats, c: Floats) -> Floats {
        both!(_mm256_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn neg_mul_add(self, a: Floats, b: Floats, c: Floats) -> Floats {
        both!(_mm256_fnmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn sum(self, a: Floats) -> f32 {
        // SAFETY: the token stands for AVX2.
        unsafe { sum_of_eight(_mm256_add_ps(a[0], a[1])) }
    }

    #[inline(always)]
    fn rsqrt_seed(self, a: Floats) -> Floats {
        // SAFETY: the token stands for AVX2.
        unsafe { [rsqrt_seed_of_eight(a[0]), rsqrt_seed_of_eight(a[1])] }
    }

    #[inline(always)]
    fn exceeds(self, a: Floats, threshold: Floats, b: Floats) -> u16 {
        // SAFETY: the token stands for AVX2.
        let (low, high) =
            unsafe { (exceeds_of_eight(a[0], threshold[0], b[0]), exceeds_of_eight(a[1], threshold[1], b[1])) };
        (low | (high << 8)) as u16
    }

    #[inline(always)]
    fn compress(self, mask: u16, a: Floats, first: u32, values: &mut [f32; LANES], indexes: &mut [u32; LANES]) {
        let low = (mask & 0xff).count_ones() as usize;
        // SAFETY: the token stands for AVX2. Eight entries are written from place 0 and from place `low`, which is at most 8, and both
        // outputs have room for 16.
        unsafe {
            for (half, mask, at) in [(0, mask & 0xff, 0), (1, mask >> 8, low)] {
                let chosen = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(CHOSEN[usize::from(mask)].cast_signed()));
                let lane = _mm256_set1_epi32((first + 8 * half).cast_signed());
                let numbers = _mm256_add_epi32(chosen, lane);
                let chosen = _mm256_permutevar8x32_ps(a[half as usize], chosen);
                _mm256_storeu_ps(values.as_mut_ptr().add(at), chosen);
                _mm256_storeu_si256(indexes.as_mut_ptr().add(at).cast(), numbers);
            }
        }
    }

    #[inline(always)]
    fn non_zero(self, a: Floats) -> u16 {
        // SAFETY: the token stands for AVX2.
        let of =
            |half: usize| unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(a[half], _mm256_setzero_ps())) };
        (of(0) | (of(1) << 8)) as u16
    }

    #[inline(always)]
    fn without(self, a: Floats, mask: u16) -> Floats {
        // SAFETY: the token stands for AVX2.
        unsafe {
            let bits = _mm256_set_epi32(128, 64, 32, 16, 8, 4, 2, 1);
            let half = |a, mask: u16| {
                let here = _mm256_and_si256(_mm256_set1_epi32(i32::from(mask)), bits);
                _mm256_andnot_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(here, bits)), a)
            };
            [half(a[0], mask), half(a[1], mask >> 8)]
        }
    }

    #[inline(always)]
    fn no_sizes(self) -> Doubles {
        // SAFETY: the token stands for AVX2.
        unsafe { [_mm256_setzero_pd(); 4] }
    }

    #[inline(always)]
    fn add_sizes(self, sums: Doubles, a: Floats) -> Doubles {
        // SAFETY: the token stands for AVX2.
        unsafe {
            let sign = _mm256_set1_ps(-0.0);
            let (low, high) = (_mm256_andnot_ps(sign, a[0]), _mm256_andnot_ps(sign, a[1]));
            [
                _mm256_add_pd(sums[0], _mm256_cvtps_pd(_mm256_castps256_ps128(low))),
                _mm256_add_pd(sums[1], _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(low))),
                _mm256_add_pd(sums[2], _mm256_cvtps_pd(_mm256_castps256_ps128(high))),
                _mm256_add_pd(sums[3], _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(high))),
            ]
        }
    }

    #[inline(always)]
    fn sizes(self, sums: Doubles) -> [f64; LANES] {
        let mut lanes = [0.0; LANES];
        for (four, lanes) in sums.into_iter().zip(lanes.as_chunks_mut::<4>().0) {
            // SAFETY: the token stands for AVX2; 4 f64 can be written there, at any alignment.
            unsafe { _mm256_storeu_pd(lanes.as_mut_ptr(), four) };
        }
        lanes
    }

    #[inline(always)]
    fn scan(self, a: Floats) -> Floats {
        // SAFETY: the token stands for AVX2.
        unsafe {
            let lanes = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
            let mut a = a;
            for apart in [1, 2, 4] {
                // A permutation takes its indexes modulo 8: lanes below `apart` get what left at the top.
                let from = _mm256_sub_epi32(lanes, _mm256_set1_epi32(apart));
                let low = _mm256_permutevar8x32_ps(a[0], from);
                let high = _mm256_permutevar8x32_ps(a[1], from);
                let wrapped = _mm256_castsi256_ps(from);
                let low_in = _mm256_blendv_ps(low, _mm256_setzero_ps(), wrapped);
                a = [_mm256_add_ps(a[0], low_in), _mm256_add_ps(a[1], _mm256_blendv_ps(high, low, wrapped))];
            }
            [a[0], _mm256_add_ps(a[1], a[0])]
        }
    }

    #[inline(always)]
    fn splat_last(self, a: Floats) -> Floats {
        // SAFETY: the token stands for AVX2.
        unsafe { [_mm256_permutevar8x32_ps(a[1], _mm256_set1_epi32(7)); 2] }
    }

    #[inline(always)]
    fn first_above(self, a: Floats, b: Floats) -> usize {
        // SAFETY: the token stands for AVX2.
        let above = |half: usize| unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(a[half], b[half])) };
        (above(0) | above(1) << 8 | 1 << (LANES - 1)).trailing_zeros() as usize
    }

    #[inline(always)]
    fn with_lane(self, a: Floats, lane: usize, x: f32) -> Floats {
        let mask = one_lane(lane);
        // SAFETY: the token stands for AVX2; the mask has 16 entries, which can be read at any alignment.
        unsafe {
            let x = _mm256_set1_ps(x);
            let half = |a, mask| _mm256_or_ps(_mm256_and_ps(mask, x), _mm256_andnot_ps(mask, a));
            let low = half(a[0], _mm256_loadu_ps(mask.as_ptr().cast()));
            [low, half(a[1], _mm256_loadu_ps(mask.as_ptr().add(8).cast()))]
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

/// The lower half of the tree of [`Simd::sum`].
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
pub(super) unsafe fn sum_of_eight(a: __m256) -> f32 {
    // SAFETY: the caller promises AVX2.
    unsafe {
        let four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
    }
}

/// [`Simd::rsqrt_seed`] of one register.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn rsqrt_seed_of_eight(a: __m256) -> __m256 {
    // SAFETY: the caller promises AVX2.
    unsafe {
        let half = _mm256_srli_epi32::<1>(_mm256_castps_si256(a));
        _mm256_castsi256_ps(_mm256_sub_epi32(_mm256_set1_epi32(RSQRT_MAGIC), half))
    }
}

/// [`Simd::exceeds`] of one register: eight bits.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn exceeds_of_eight(a: __m256, threshold: __m256, b: __m256) -> i32 {
    // SAFETY: the caller promises AVX2.
    unsafe {
        let sign = _mm256_set1_ps(-0.0);
        let bound = _mm256_mul_ps(threshold, _mm256_andnot_ps(sign, b));
        _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(_mm256_andnot_ps(sign, a), bound))
    }
}
