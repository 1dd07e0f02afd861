//! The significance filter, in one pass over memory: it measures the accumulated updates and takes the significant ones out.

use serde::{Deserialize, Serialize};

use crate::simd::{Isa, Kernel, LANES, Simd, dispatch};

/// Updates that are collected before they go to the outputs: both kinds of entries of a block stay in the first cache.
const BLOCK: usize = 512;

/// How far ahead of the work memory is asked for. The processor's own prefetching stops at pages, and at values that were passed over.
const AHEAD_BYTES: usize = 1024;

/// Accumulated updates that a filter finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Parameters that have one.
    pub touched: u64,
    /// The sum of their sizes, signs left out.
    pub amount: f64,
}

/// The significance filter (paper section 3.2): where |accumulated| > threshold * |value|, the index and the
/// accumulated update are appended to the outputs, indexes rising, and the accumulated update is reset to 0. Returns what was
/// accumulated before, the sum added up in one order of lanes whatever the instructions.
///
/// Any non-zero update is significant if the value is exactly 0, and everywhere if the threshold is 0. An update
/// of 0 never is. When the threshold is 0, updates that are NaN or infinite count as well: sites that merge all of their
/// changes must not hide that one of them has diverged.
pub fn significant(
    isa: Isa,
    accumulated: &mut [f32],
    values: &[f32],
    threshold: f32,
    out_index: &mut Vec<u32>,
    out_value: &mut Vec<f32>,
) -> Pending {
    assert_eq!(accumulated.len(), values.len(), "the tables differ in length");
    assert!(u32::try_from(accumulated.len()).is_ok(), "a table has at most 2^32 - 1 entries");
    assert!(threshold >= 0.0, "a threshold is not negative, found {threshold}");
    let out = Out { index: out_index, value: out_value };
    if threshold == 0.0 {
        // No comparison with a product of the value, which may be NaN or infinite.
        dispatch(isa, Filter { accumulated, values, rule: Changed, out })
    } else {
        dispatch(isa, Filter { accumulated, values, rule: Above(threshold), out })
    }
}

/// Which of the updates that are not 0 are significant.
trait Rule: Copy {
    /// Of sixteen, of which those in `some` are not 0.
    fn of_lanes<S: Simd>(self, simd: S, some: u16, updates: S::Floats, values: &[f32; LANES]) -> u16;
    fn of_one(self, update: f32, value: f32) -> bool;
}

/// All of them.
#[derive(Clone, Copy)]
struct Changed;

impl Rule for Changed {
    #[inline(always)]
    fn of_lanes<S: Simd>(self, _: S, some: u16, _: S::Floats, _: &[f32; LANES]) -> u16 {
        some
    }

    #[inline(always)]
    fn of_one(self, update: f32, _: f32) -> bool {
        update != 0.0
    }
}

/// Those above a share of the value.
#[derive(Clone, Copy)]
struct Above(f32);

impl Rule for Above {
    #[inline(always)]
    fn of_lanes<S: Simd>(self, simd: S, _: u16, updates: S::Floats, values: &[f32; LANES]) -> u16 {
        simd.exceeds(updates, simd.splat(self.0), simd.load(values))
    }

    #[inline(always)]
    fn of_one(self, update: f32, value: f32) -> bool {
        update.abs() > self.0 * value.abs()
    }
}

struct Out<'a> {
    index: &'a mut Vec<u32>,
    value: &'a mut Vec<f32>,
}

struct Filter<'a, R> {
    accumulated: &'a mut [f32],
    values: &'a [f32],
    rule: R,
    out: Out<'a>,
}

impl<R: Rule> Kernel for Filter<'_, R> {
    type Output = Pending;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Pending {
        let Filter { accumulated, values, rule, out } = self;
        let (groups, rest) = accumulated.as_chunks_mut::<LANES>();
        let (values, values_rest) = values.as_chunks::<LANES>();
        let (mut sizes, mut touched) = (simd.no_sizes(), 0);
        let mut block = Block::new(out);
        let mut first = 0;
        for (group, values) in groups.iter_mut().zip(values) {
            let updates = simd.load(group);
            simd.prefetch_behind(group, AHEAD_BYTES);
            simd.prefetch_behind(values, AHEAD_BYTES);
            let some = simd.non_zero(updates);
            // Without updates the values are not even read.
            if some != 0 {
                touched += u64::from(some.count_ones());
                sizes = simd.add_sizes(sizes, updates);
                let mask = rule.of_lanes(simd, some, updates, values);
                if mask != 0 {
                    block.push(simd, mask, updates, first);
                    simd.store(simd.without(updates, mask), group);
                }
            }
            first += LANES as u32;
        }
        let mut sizes = simd.sizes(sizes);
        for (k, (update, &value)) in rest.iter_mut().zip(values_rest).enumerate() {
            sizes[k] += f64::from(update.abs());
            touched += u64::from(*update != 0.0);
            if rule.of_one(*update, value) {
                let mut lanes = [0.0; LANES];
                lanes[k] = std::mem::take(update);
                block.push(simd, 1 << k, simd.load(&lanes), first);
            }
        }
        block.flush();
        Pending { touched, amount: sizes.iter().sum() }
    }
}

/// Entries on their way to the outputs, which grow by blocks.
struct Block<'a> {
    index: [u32; BLOCK],
    value: [f32; BLOCK],
    end: usize,
    out: Out<'a>,
}

impl<'a> Block<'a> {
    #[inline(always)]
    fn new(out: Out<'a>) -> Self {
        Block { index: [0; BLOCK], value: [0.0; BLOCK], end: 0, out }
    }

    /// Appends the lanes of the mask, numbered from `first`.
    #[inline(always)]
    fn push<S: Simd>(&mut self, simd: S, mask: u16, updates: S::Floats, first: u32) {
        if self.end > BLOCK - LANES {
            self.flush();
        }
        let room = "a block that has less room is flushed";
        let value = self.value[self.end..].first_chunk_mut().expect(room);
        let index = self.index[self.end..].first_chunk_mut().expect(room);
        simd.compress(mask, updates, first, value, index);
        self.end += mask.count_ones() as usize;
    }

    #[inline(never)]
    fn flush(&mut self) {
        self.out.value.extend_from_slice(&self.value[..self.end]);
        self.out.index.extend_from_slice(&self.index[..self.end]);
        self.end = 0;
    }
}

impl Pending {
    /// Of these updates, as [`significant`] measures them.
    pub fn of(updates: &[f32]) -> Self {
        let (groups, rest) = updates.as_chunks::<LANES>();
        let mut amounts = [0.0f64; LANES];
        let mut touched = 0;
        for group in groups.iter().map(<[f32; LANES]>::as_slice).chain([rest]) {
            for (amount, &update) in amounts.iter_mut().zip(group) {
                *amount += f64::from(update.abs());
                touched += u64::from(update != 0.0);
            }
        }
        Pending { touched, amount: amounts.iter().sum() }
    }
}

impl std::ops::AddAssign for Pending {
    fn add_assign(&mut self, other: Pending) {
        self.touched += other.touched;
        self.amount += other.amount;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn supported() -> impl Iterator<Item = Isa> {
        Isa::ALL.into_iter().filter(|isa| isa.is_supported())
    }

    #[test]
    fn with_threshold_zero_all_that_is_not_zero_goes_however_large() {
        let updates = [0.0, f32::NAN, -0.0, f32::INFINITY, f32::NEG_INFINITY, 1e-30, -2.0];
        let taken = [1, 3, 4, 5, 6];
        for isa in supported() {
            for value in [0.0, 5.0, f32::NAN, f32::INFINITY] {
                // More than one group of lanes.
                let mut accumulated = updates.repeat(5);
                let values = vec![value; accumulated.len()];
                let (mut indexes, mut amounts) = (Vec::new(), Vec::new());
                significant(isa, &mut accumulated, &values, 0.0, &mut indexes, &mut amounts);
                let expected: Vec<u32> = (0..5).flat_map(|n| taken.map(|index| n * 7 + index)).collect();
                assert_eq!(indexes, expected, "{isa}, values {value}");
                assert!(
                    indexes
                        .iter()
                        .zip(&amounts)
                        .all(|(&index, amount)| { amount.to_bits() == updates[index as usize % 7].to_bits() })
                );
                assert!(accumulated.iter().all(|&left| left == 0.0));
            }
        }
    }

    #[test]
    fn what_filters_find_adds_up() {
        let mut found = Pending { touched: 2, amount: 1.5 };
        found += Pending { touched: 3, amount: 0.25 };
        assert_eq!(found, Pending { touched: 5, amount: 1.75 });
    }

    /// Runs of zeros, and updates of any size; long enough for several blocks of outputs.
    fn updates() -> impl Strategy<Value = Vec<f32>> {
        let run = (prop_oneof![Just(0.0f32), -1e3f32..1e3, Just(-0.0), Just(1e30)], 1usize..90);
        let runs = prop::collection::vec(run, 0..60);
        runs.prop_map(|runs| runs.into_iter().flat_map(|(update, times)| vec![update; times]).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn one_pass_finds_what_two_loops_find(
            updates in updates(), threshold in prop_oneof![Just(0.0f32), 0.001f32..0.6], size in 0.0f32..2e3,
        ) {
            let values: Vec<f32> = (0..updates.len()).map(|place| size * ((place * 7 % 11) as f32 - 5.0)).collect();
            let is_sent = |place: &usize| {
                let (update, value): (f32, f32) = (updates[*place], values[*place]);
                if threshold == 0.0 { update != 0.0 } else { update.abs() > threshold * value.abs() }
            };
            let sent: Vec<usize> = (0..updates.len()).filter(is_sent).collect();
            let pending = Pending::of(&updates);
            for isa in supported() {
                let mut left = updates.clone();
                let (mut index, mut value) = (vec![7], vec![7.0]);
                let found = significant(isa, &mut left, &values, threshold, &mut index, &mut value);
                prop_assert_eq!(found.touched, pending.touched, "{}", isa);
                prop_assert_eq!(found.amount.to_bits(), pending.amount.to_bits(), "{}", isa);
                prop_assert_eq!(&index[1..], sent.iter().map(|&place| place as u32).collect::<Vec<_>>());
                prop_assert_eq!(&value[1..], sent.iter().map(|&place| updates[place]).collect::<Vec<_>>());
                for place in 0..updates.len() {
                    let expected = if is_sent(&place) { 0.0 } else { updates[place] };
                    prop_assert_eq!(left[place].to_bits(), expected.to_bits(), "{} of {}", place, isa);
                }
            }
        }
    }
}
