//! Sixteen lanes in memory and in registers, and what a kernel may do with them.

/// Lanes of f32 that a kernel works on at a time, on every instruction set.
pub const LANES: usize = 16;

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

/// Masks of one lane: the sixteen entries from place `15 - lane` on are all ones in lane `lane`, and 0 in the others.
///
/// [`Simd::with_lane`] takes its mask from here rather than from a comparison. Of the latter a compiler knows that it chooses between
/// lanes, and it turns a load, the choice and a store into a masked store. Zen 3 takes over 40 operations for one (A. Fog, instruction
/// tables), and the next load has to wait for it: a third of the sampler's speed there.
#[cfg(target_arch = "x86_64")]
static ONE_LANE: [u32; 2 * LANES - 1] = {
    let mut masks = [0; 2 * LANES - 1];
    masks[LANES - 1] = u32::MAX;
    masks
};

/// The mask of `lane` alone.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn one_lane(lane: usize) -> &'static [u32; LANES] {
    let (from, _) = ONE_LANE[LANES - 1 - lane % LANES..]
        .split_first_chunk()
        .expect("sixteen entries from any of sixteen places on");
    from
}

/// Operations on sixteen lanes. Implementations are inlined into the function that [`dispatch`] compiles for their
/// instruction set.
pub(crate) trait Simd: Copy {
    /// Sixteen numbers in registers.
    type Floats: Copy;
    /// Sixteen f64 in registers.
    type Doubles: Copy;
    /// Groups of lanes of a row, where the registers hold two rows and some constants.
    const GROUPS_IN_REGISTERS: usize;

    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::Floats;
    /// Sixteen numbers from memory.
    fn load(self, from: &[f32; LANES]) -> Self::Floats;
    /// Sixteen numbers to memory.
    fn store(self, a: Self::Floats, to: &mut [f32; LANES]);
    /// `a + b`, rounded once.
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a - b`, rounded once.
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b`, rounded once.
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
    /// Bit k set where lane k is not 0 (of either sign), or NaN.
    fn non_zero(self, a: Self::Floats) -> u16;
    /// `a` with 0 in the lanes whose bit in `mask` is set.
    fn without(self, a: Self::Floats, mask: u16) -> Self::Floats;
    /// 0 in every lane.
    fn no_sizes(self) -> Self::Doubles;
    /// `sums + |a|`, each lane rounded once.
    fn add_sizes(self, sums: Self::Doubles, a: Self::Floats) -> Self::Doubles;
    /// The lanes in memory.
    fn sizes(self, sums: Self::Doubles) -> [f64; LANES];
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
    /// The same of the line so many bytes behind the value's beginning, whatever is there.
    fn prefetch_behind<T>(self, value: &T, bytes: usize);

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
