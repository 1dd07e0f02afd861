//! Sixteen lanes in plain Rust.

use super::lanes::{LANES, RSQRT_MAGIC, Simd};

/// Lanes as arrays, for processors without the instructions of the other implementations.
#[derive(Clone, Copy)]
pub(super) struct Scalar(());

impl Scalar {
    pub(super) fn new() -> Self {
        Scalar(())
    }
}

type Floats = [f32; LANES];

impl Simd for Scalar {
    type Floats = Floats;
    type Doubles = [f64; LANES];
    const GROUPS_IN_REGISTERS: usize = 8;

    #[inline(always)]
    fn splat(self, x: f32) -> Floats {
        [x; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Floats {
        *from
    }

    #[inline(always)]
    fn store(self, a: Floats, to: &mut [f32; LANES]) {
        *to = a;
    }

    #[inline(always)]
    fn add(self, a: Floats, b: Floats) -> Floats {
        std::array::from_fn(|k| a[k] + b[k])
    }

    #[inline(always)]
    fn sub(self, a: Floats, b: Floats) -> Floats {
        std::array::from_fn(|k| a[k] - b[k])
    }

    #[inline(always)]
    fn mul(self, a: Floats, b: Floats) -> Floats {
        std::array::from_fn(|k| a[k] * b[k])
    }

    #[inline(always)]
    fn mul_add(self, a: Floats, b: Floats, c: Floats) -> Floats {
        std::array::from_fn(|k| a[k].mul_add(b[k], c[k]))
    }

    #[inline(always)]
    fn neg_mul_add(self, a: Floats, b: Floats, c: Floats) -> Floats {
        std::array::from_fn(|k| (-a[k]).mul_add(b[k], c[k]))
    }

    #[inline(always)]
    fn sum(self, a: Floats) -> f32 {
        let mut lanes = a;
        let mut half = LANES / 2;
        while half > 0 {
            for k in 0..half {
                lanes[k] += lanes[k + half];
            }
            half /= 2;
        }
        lanes[0]
    }

    #[inline(always)]
    fn rsqrt_seed(self, a: Floats) -> Floats {
        a.map(|x| f32::from_bits((RSQRT_MAGIC as u32).wrapping_sub(x.to_bits() >> 1)))
    }

    #[inline(always)]
    fn exceeds(self, a: Floats, threshold: Floats, b: Floats) -> u16 {
        (0..LANES).fold(0, |mask, k| mask | (u16::from(a[k].abs() > threshold[k] * b[k].abs()) << k))
    }

    #[inline(always)]
    fn compress(self, mask: u16, a: Floats, first: u32, values: &mut [f32; LANES], indexes: &mut [u32; LANES]) {
        let (mut mask, mut end) = (mask, 0);
        while mask != 0 {
            let lane = mask.trailing_zeros();
            values[end] = a[lane as usize];
            indexes[end] = first + lane;
            end += 1;
            mask &= mask - 1;
        }
    }

    #[inline(always)]
    fn non_zero(self, a: Floats) -> u16 {
        (0..LANES).fold(0, |mask, k| mask | (u16::from(a[k] != 0.0) << k))
    }

    #[inline(always)]
    fn without(self, a: Floats, mask: u16) -> Floats {
        std::array::from_fn(|k| if mask & (1 << k) != 0 { 0.0 } else { a[k] })
    }

    #[inline(always)]
    fn no_sizes(self) -> [f64; LANES] {
        [0.0; LANES]
    }

    #[inline(always)]
    fn add_sizes(self, sums: [f64; LANES], a: Floats) -> [f64; LANES] {
        std::array::from_fn(|k| sums[k] + f64::from(a[k].abs()))
    }

    #[inline(always)]
    fn sizes(self, sums: [f64; LANES]) -> [f64; LANES] {
        sums
    }

    #[inline(always)]
    fn scan(self, a: Floats) -> Floats {
        [1, 2, 4, 8]
            .into_iter()
            .fold(a, |a, apart| std::array::from_fn(|k| a[k] + if k >= apart { a[k - apart] } else { 0.0 }))
    }

    #[inline(always)]
    fn splat_last(self, a: Floats) -> Floats {
        [a[LANES - 1]; LANES]
    }

    #[inline(always)]
    fn first_above(self, a: Floats, b: Floats) -> usize {
        a.iter().zip(&b).position(|(a, b)| a > b).unwrap_or(LANES - 1)
    }

    #[inline(always)]
    fn with_lane(self, mut a: Floats, lane: usize, x: f32) -> Floats {
        a[lane % LANES] = x;
        a
    }

    #[inline(always)]
    fn prefetch<T>(self, _value: &T) {}

    #[inline(always)]
    fn prefetch_behind<T>(self, _value: &T, _bytes: usize) {}
}
