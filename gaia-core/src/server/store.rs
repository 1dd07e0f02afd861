//! The rows of a shard and the work on them.
//!
//! While a task works on a store it is away from its shard, so no lock is needed and a shard does one thing at a time. In
//! a store with mirrors every local update is also added to the accumulated updates (paper Figure 7); remote updates are
//! not, so nothing is sent back where it came from. A hub has an accumulated update for each side of the overlay, and adds
//! remote updates to those that it passes them on with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use crate::kernel::Pending;
use crate::kernel::{self, OuterStep};
use crate::layout::Segment;
use crate::simd::Isa;
use crate::sync::config::Encoding;
use crate::wire::{self, Payload, Sparse};

/// Values and accumulated updates of a shard's floats.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Store {
    /// Values as answers have them, one per float of the shard. Answers and recorded copies of all of them share this array; work that
    /// changes it makes an own copy first where one of them is still held.
    #[serde(with = "emulator::binary::shared")]
    pub values: Arc<[f32]>,
    /// Updates not yet sent, for each side of the overlay; none without other sites.
    pub accumulated: Vec<Vec<f32>>,
    /// The velocity of an outer optimiser (see [`crate::sync::rule`]), one for each value; empty before its first step, and without
    /// momentum.
    pub velocity: Vec<f32>,
    /// The state that all sites have alike, where they make one of their copies in rounds; else empty.
    pub shared: Shared,
}

/// The state that was alike in all sites after their last round, where they make one of their copies in rounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// The values that the round began with.
    pub values: Vec<f32>,
    /// The velocity of an outer optimiser between sites, as [`Store::velocity`].
    pub velocity: Vec<f32>,
}

/// A piece of work.
#[derive(Debug)]
pub enum Operation {
    /// Add workers' updates, in this order, to the values and to what these sides owe.
    Apply(Vec<(Arc<[Segment]>, Payload)>, Arc<[usize]>),
    /// Sum workers' updates, in this order, and add the step that an update rule makes of the sum to the values and to what these sides
    /// owe.
    Step(Vec<(Arc<[Segment]>, Payload)>, OuterStep, Arc<[usize]>),
    /// Add other sites' updates likewise: to the values alone, but in a hub.
    ApplyMirror(Payload, Arc<[usize]>),
    /// Sum the changes of all sites' copies, in this order, and make the values those that the round began with and the sum, or the step
    /// that an update rule makes of it.
    Merge(Vec<Payload>, Option<OuterStep>),
    /// Copy rows out, by stage.
    Gather(Arc<[Arc<[Segment]>]>),
    /// Take out the significant updates.
    Filter {
        /// The number of the side whose accumulated updates are looked at.
        side: usize,
        /// Share of the value.
        threshold: f32,
        /// The maximal number of updates, the most significant ones; the others stay.
        most: usize,
        /// The encoding that they leave in: what a lossy one cuts off stays.
        encoding: Encoding,
    },
    /// Write a message of these updates, and add them to what these sides owe: those of a hub that passes them on.
    Relay(Payload, Arc<[usize]>),
}

/// The outcome of a piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// The store has changed.
    Applied,
    /// The rows of each stage, one after another.
    Gathered(Vec<Payload>),
    /// The significant updates, and what the filter had before it.
    Filtered {
        /// The updates that leave for the other sites.
        #[serde(with = "emulator::binary::shared")]
        sparse: Arc<Sparse>,
        /// All accumulated updates before the filter ran.
        pending: Pending,
    },
}

/// A store and the work on it.
#[derive(Debug)]
pub struct StoreTask {
    /// The store, which is away from its shard meanwhile.
    pub store: Store,
    /// The work that is done on it.
    pub operation: Operation,
    /// The vector instructions in use.
    pub isa: Isa,
}

/// Floats that are worked on in well under 20 microseconds.
const LIGHT_FLOATS: usize = 32 * 1024;

impl StoreTask {
    /// Whether another thread is not worth it.
    pub fn is_light(&self) -> bool {
        let floats = match &self.operation {
            Operation::Apply(updates, sides) => {
                updates.iter().map(|(_, payload)| payload.floats()).sum::<usize>() * sides.len().max(1)
            }
            Operation::Step(updates, step, sides) => {
                let summed: usize = updates.iter().map(|(_, payload)| payload.floats()).sum();
                summed + self.store.values.len() * (1 + usize::from(step.has_velocity()) + sides.len())
            }
            Operation::ApplyMirror(Payload::Sparse(sparse), sides) => sparse.index.len() * 4 * (1 + sides.len()),
            Operation::ApplyMirror(payload, sides) => payload.floats() * (1 + sides.len()),
            Operation::Merge(changes, step) => {
                let summed: usize = changes.iter().map(Payload::floats).sum();
                summed + self.store.values.len() * (2 + usize::from(step.is_some_and(|step| step.has_velocity())))
            }
            Operation::Gather(stages) => stages.iter().flat_map(|stage| stage.iter()).map(|segment| segment.len).sum(),
            Operation::Filter { .. } => self.store.values.len(),
            Operation::Relay(payload, sides) => payload.floats() * sides.len(),
        };
        floats < LIGHT_FLOATS
    }

    /// Does the work, and returns the store to its shard.
    pub fn run(mut self) -> (Store, Outcome) {
        let outcome = match self.operation {
            Operation::Apply(updates, sides) => {
                for (segments, payload) in updates {
                    self.store.apply(self.isa, &segments, &payload, &sides);
                }
                Outcome::Applied
            }
            Operation::Step(updates, step, sides) => {
                self.store.step(self.isa, &updates, step, &sides);
                Outcome::Applied
            }
            Operation::ApplyMirror(payload, sides) => {
                self.store.apply_mirror(self.isa, &payload, &sides);
                Outcome::Applied
            }
            Operation::Merge(changes, step) => {
                self.store.merge(self.isa, &changes, step);
                Outcome::Applied
            }
            Operation::Gather(stages) => {
                Outcome::Gathered(stages.iter().map(|segments| Payload::Dense(self.store.gather(segments))).collect())
            }
            Operation::Filter { side, threshold, most, encoding } => {
                let (sparse, pending) = self.store.filter(self.isa, side, threshold, most);
                Outcome::Filtered { sparse: Arc::new(self.store.cut(side, sparse, encoding)), pending }
            }
            Operation::Relay(payload, sides) => {
                sides.iter().for_each(|&side| add(self.isa, &mut self.store.accumulated[side], &payload));
                Outcome::Applied
            }
        };
        (self.store, outcome)
    }
}

impl Store {
    /// These floats one after another: shared where they are all there are, else copied.
    fn gather(&self, segments: &[Segment]) -> Arc<[f32]> {
        match segments {
            [Segment { first: 0, second: 0, len }] if *len == self.values.len() => self.values.clone(),
            _ => gather(&self.values, segments),
        }
    }

    fn apply(&mut self, isa: Isa, segments: &[Segment], payload: &Payload, sides: &[usize]) {
        add_rows(isa, Arc::make_mut(&mut self.values), segments, payload);
        sides.iter().for_each(|&side| add_rows(isa, &mut self.accumulated[side], segments, payload));
    }

    fn step(&mut self, isa: Isa, updates: &[(Arc<[Segment]>, Payload)], step: OuterStep, sides: &[usize]) {
        let mut change = vec![0.0; self.values.len()];
        updates.iter().for_each(|(segments, payload)| add_rows(isa, &mut change, segments, payload));
        if step.has_velocity() {
            self.velocity.resize(self.values.len(), 0.0);
        }
        kernel::outer_step(isa, &mut change, &mut self.velocity, step);
        kernel::add_assign(isa, Arc::make_mut(&mut self.values), &change);
        sides.iter().for_each(|&side| kernel::add_assign(isa, &mut self.accumulated[side], &change));
    }

    fn apply_mirror(&mut self, isa: Isa, payload: &Payload, sides: &[usize]) {
        add(isa, Arc::make_mut(&mut self.values), payload);
        sides.iter().for_each(|&side| add(isa, &mut self.accumulated[side], payload));
    }

    fn merge(&mut self, isa: Isa, changes: &[Payload], step: Option<OuterStep>) {
        let mut change = vec![0.0; self.values.len()];
        changes.iter().for_each(|payload| add(isa, &mut change, payload));
        let Shared { values, velocity } = &mut self.shared;
        if let Some(step) = step {
            if step.has_velocity() {
                velocity.resize(change.len(), 0.0);
            }
            kernel::outer_step(isa, &mut change, velocity, step);
        }
        kernel::add_assign(isa, values, &change);
        match Arc::get_mut(&mut self.values) {
            Some(own) => own.copy_from_slice(values),
            None => self.values = values.as_slice().into(),
        }
    }

    fn filter(&mut self, isa: Isa, side: usize, threshold: f32, most: usize) -> (Sparse, Pending) {
        let accumulated = &mut self.accumulated[side];
        let mut sparse = Sparse { len: accumulated.len() as u32, ..Sparse::default() };
        let (index, value) = (&mut sparse.index, &mut sparse.value);
        let pending = kernel::significant(isa, accumulated, &self.values, threshold, index, value);
        if sparse.index.len() > most {
            put_back(&mut sparse, most, accumulated, &self.values);
        }
        (sparse, pending)
    }

    /// The updates as an encoding has them. What it cuts off stays accumulated, so that other sites get it once it matters.
    fn cut(&mut self, side: usize, mut sparse: Sparse, encoding: Encoding) -> Sparse {
        let accumulated = &mut self.accumulated[side];
        wire::cut(&mut sparse, encoding, |index, left| accumulated[index as usize] = left);
        sparse
    }
}

/// Leaves the `most` most significant updates of more than that, and puts the others back; of equal ones the first stay.
fn put_back(sparse: &mut Sparse, most: usize, accumulated: &mut [f32], values: &[f32]) {
    let entries = sparse.index.iter().copied().zip(sparse.value.iter().copied());
    let significance = |&(index, update): &(u32, f32)| update.abs() / values[index as usize].abs();
    let mut ranked: Vec<(u32, f32)> = entries.collect();
    let by_rank = |one: &(u32, f32), other: &(u32, f32)| {
        significance(other).total_cmp(&significance(one)).then(one.0.cmp(&other.0))
    };
    ranked.select_nth_unstable_by(most, by_rank);
    for (index, update) in ranked.drain(most..) {
        accumulated[index as usize] = update;
    }
    ranked.sort_unstable_by_key(|&(index, _)| index);
    (sparse.index, sparse.value) = ranked.into_iter().unzip();
}

/// Copies of these floats of `values` one after another.
pub(crate) fn gather(values: &[f32], segments: &[Segment]) -> Arc<[f32]> {
    if let [Segment { first, len, .. }] = *segments {
        return values[first..first + len].into();
    }
    let floats = segments.iter().map(|segment| segment.len).sum();
    let mut rows: Arc<[f32]> = std::iter::repeat_n(0.0, floats).collect();
    let mut rest = Arc::get_mut(&mut rows).expect("nobody else has it yet");
    for segment in segments {
        let (here, after) = rest.split_at_mut(segment.len);
        here.copy_from_slice(&values[segment.first..segment.first + segment.len]);
        rest = after;
    }
    rows
}

/// Adds a message's floats to those of `destination` where they belong.
pub(super) fn add_rows(isa: Isa, destination: &mut [f32], segments: &[Segment], payload: &Payload) {
    let dense;
    let values: &[f32] = match payload {
        Payload::Dense(values) => values,
        Payload::Sparse(sparse) => {
            dense = sparse.to_dense();
            &dense
        }
    };
    for &Segment { first, second, len } in segments {
        kernel::add_assign(isa, &mut destination[first..first + len], &values[second..second + len]);
    }
}

/// `destination += payload`, both over all floats of the shard.
fn add(isa: Isa, destination: &mut [f32], payload: &Payload) {
    match payload {
        Payload::Dense(values) => kernel::add_assign(isa, destination, values),
        Payload::Sparse(sparse) => {
            for (&index, &value) in sparse.index.iter().zip(&sparse.value) {
                destination[index as usize] += value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_says_what_it_had_and_leaves_what_it_holds() {
        // In turn: nothing, significant at 10 %, held.
        let accumulated: Vec<f32> = (0..50).map(|place| [0.0, -4.0, 1.0][place % 3]).collect();
        let mut store = Store { values: [20.0; 50].into(), accumulated: vec![accumulated], ..Store::default() };
        let (sparse, pending) = store.filter(Isa::detect(), 0, 0.1, usize::MAX);
        assert_eq!(pending, Pending { touched: 33, amount: 17.0 * 4.0 + 16.0 });
        assert_eq!(Pending::of(&sparse.value), Pending { touched: 17, amount: 68.0 });
        assert_eq!(Pending::of(&store.accumulated[0]), Pending { touched: 16, amount: 16.0 });
    }

    #[test]
    fn of_too_many_the_most_significant_go() {
        let accumulated = vec![1.0, -5.0, 2.0, 0.1, 3.0, -2.0];
        let values = vec![10.0, 10.0, 0.0, 10.0, 10.0, 10.0];
        let mut store = Store { values: values.into(), accumulated: vec![accumulated], ..Store::default() };
        let (sparse, _) = store.filter(Isa::detect(), 0, 0.05, 3);
        assert_eq!((&sparse.index[..], &sparse.value[..]), (&[1, 2, 4][..], &[-5.0, 2.0, 3.0][..]));
        assert_eq!(store.accumulated[0], [1.0, 0.0, 0.0, 0.1, 0.0, -2.0]);
    }

    #[test]
    fn all_go_where_just_as_many_may_and_none_where_none_may() {
        for (most, goes, stays) in [(2, &[0, 1][..], [0.0, 0.0]), (0, &[], [2.0, -1.0])] {
            let (values, accumulated) = (vec![10.0; 2], vec![vec![2.0, -1.0]]);
            let mut store = Store { values: values.into(), accumulated, ..Store::default() };
            let (sparse, _) = store.filter(Isa::detect(), 0, 0.05, most);
            assert_eq!((&sparse.index[..], &store.accumulated[0][..]), (goes, &stays[..]), "at most {most}");
            assert_eq!(sparse.len, 2, "of so many floats");
        }
    }

    #[test]
    fn work_is_light_by_the_floats_that_it_touches_on_every_side() {
        let dense = |floats: usize| Payload::Dense(vec![1.0; floats].into());
        let sparse = |entries: u32| {
            let (index, value) = ((0..entries).collect(), vec![1.0; entries as usize]);
            Payload::Sparse(Arc::new(Sparse { len: 1 << 20, index, value }))
        };
        let sides = |count: usize| (0..count).collect::<Arc<[usize]>>();
        let whole = |len| -> Arc<[Segment]> { [Segment { first: 0, second: 0, len }].into() };
        let filter = || Operation::Filter { side: 0, threshold: 0.0, most: 1, encoding: Encoding::Plain };
        let is_light = |operation, floats| {
            StoreTask {
                store: Store { values: vec![0.0; floats].into(), ..Store::default() },
                operation,
                isa: Isa::detect(),
            }
            .is_light()
        };
        let most = LIGHT_FLOATS;
        assert_eq!(most, 32_768);
        let pair = |floats| vec![(whole(floats), dense(floats)), (whole(most / 4), dense(most / 4))];
        for less in [1, 0] {
            let light = less == 1;
            assert_eq!(is_light(Operation::Apply(pair(most - most / 4 - less), sides(0)), 0), light);
            assert_eq!(is_light(Operation::Apply(pair(most / 4 - less), sides(2)), 0), light);
            assert_eq!(is_light(Operation::ApplyMirror(dense(most / 2 - less), sides(1)), 0), light);
            // Every one of them is somewhere else: taken for four.
            assert_eq!(is_light(Operation::ApplyMirror(sparse((most / 8 - less) as u32), sides(1)), 0), light);
            assert_eq!(is_light(Operation::Gather([whole(most / 2), whole(most / 2 - less)].into()), 0), light);
            assert_eq!(is_light(Operation::Relay(dense(most / 2 - less), sides(2)), 0), light);
            let changes = vec![dense(most / 4), dense(most / 4 - less)];
            assert_eq!(is_light(Operation::Merge(changes, None), most / 4), light);
            assert_eq!(is_light(filter(), most - less), light);
        }
    }

    #[test]
    fn sides_owe_the_step_that_the_values_take() {
        let whole: Arc<[Segment]> = [Segment { first: 0, second: 0, len: 2 }].into();
        let update = |values: [f32; 2]| (whole.clone(), Payload::Dense(values.into()));
        let step = OuterStep { share: 0.5, learning_rate: 0.5, momentum: 0.5, nesterov: false };
        let (values, accumulated) = (vec![10.0; 2], vec![vec![0.0; 2], vec![1.0; 2]]);
        let mut store = Store { values: values.into(), accumulated, ..Store::default() };
        for (velocity, values, owed) in
            [([4.0, -2.0], [12.0, 9.0], [3.0, 0.0]), ([6.0, -3.0], [15.0, 7.5], [6.0, -1.5])]
        {
            let updates = vec![update([8.0, 0.0]), update([0.0, -4.0])];
            let operation = Operation::Step(updates, step, [1].into());
            let task = StoreTask { store, operation, isa: Isa::detect() };
            assert!(task.is_light());
            store = task.run().0;
            assert_eq!((&store.velocity[..], &store.values[..]), (&velocity[..], &values[..]));
            assert_eq!((&store.accumulated[0][..], &store.accumulated[1][..]), (&[0.0; 2][..], &owed[..]));
        }
    }

    #[test]
    fn a_merge_goes_on_from_the_values_that_the_round_began_with() {
        let changes = || {
            let sparse = Sparse { len: 2, index: vec![0], value: vec![4.0] };
            vec![Payload::Dense([2.0, -1.0].into()), Payload::Sparse(Arc::new(sparse))]
        };
        let step = OuterStep { share: 0.5, learning_rate: 2.0, momentum: 0.5, nesterov: false };
        let average = OuterStep { learning_rate: 1.0, momentum: 0.0, ..step };
        for (step, values, velocity) in
            [(None, [16.0, 9.0], &[][..]), (Some(average), [13.0, 9.5], &[]), (Some(step), [18.0, 8.0], &[4.0, -1.0])]
        {
            // The site's own change is in its values, but not in those that the round began with.
            let shared =
                Shared { values: vec![10.0; 2], velocity: if velocity.is_empty() { vec![] } else { vec![2.0, -1.0] } };
            let store = Store { values: [12.0, 9.0].into(), velocity: vec![7.0; 2], shared, ..Store::default() };
            let task = StoreTask { store, operation: Operation::Merge(changes(), step), isa: Isa::detect() };
            let (store, outcome) = task.run();
            assert_eq!(outcome, Outcome::Applied);
            assert_eq!((&store.values[..], &store.shared.values[..]), (&values[..], &values[..]));
            assert_eq!(store.shared.velocity, velocity);
            assert_eq!(store.velocity, [7.0; 2], "the velocity of the site's own rule goes on");
        }
    }

    #[test]
    fn a_merge_keeps_what_has_diverged_in_one_site() {
        let average = OuterStep { share: 0.5, learning_rate: 1.0, momentum: 0.0, nesterov: false };
        let change = vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.0, 0.0];
        let begun = vec![2.0; change.len()];
        let values = begun.iter().zip(&change).map(|(begun, change)| begun + change).collect();
        let shared = Shared { values: begun, ..Shared::default() };
        let store = Store { values, accumulated: vec![change], shared, ..Store::default() };
        let encoding = Encoding::Plain;
        let filter = Operation::Filter { side: 0, threshold: 0.0, most: usize::MAX, encoding };
        let (store, outcome) = StoreTask { store, operation: filter, isa: Isa::detect() }.run();
        let Outcome::Filtered { sparse, .. } = outcome else { unreachable!("it filters") };
        let changes = vec![Payload::Sparse(sparse), Payload::Dense([2.0; 5].into())];
        let merge = Operation::Merge(changes, Some(average));
        let merged = StoreTask { store, operation: merge, isa: Isa::detect() }.run().0.values;
        assert!(merged[0].is_nan(), "{merged:?}");
        assert_eq!(merged[1..], [f32::INFINITY, f32::NEG_INFINITY, 3.5, 3.0]);
    }

    #[test]
    fn what_a_lossy_encoding_cuts_off_stays_accumulated() {
        let above_one = 1.0 + 1.0 / 256.0;
        let accumulated = vec![above_one, 0.0, -3.007_812_5, 0.01, 0.5, 1e-3];
        for (encoding, sent) in [
            (Encoding::Plain, &[(0, above_one), (2, -3.007_812_5), (3, 0.01), (4, 0.5)][..]),
            (Encoding::Rice, &[(0, above_one), (2, -3.007_812_5), (3, 0.01), (4, 0.5)]),
            // 8 bits from the first that is set: the steps are 1/128, 1/64, ...
            (Encoding::Bf16, &[(0, 1.0), (2, -3.0), (3, 0.009_948_730_5), (4, 0.5)]),
            // Multiples of 1/32, as 3 is in [2, 4); what is below stays as a whole.
            (Encoding::Int8, &[(0, 1.0), (2, -3.0), (4, 0.5)]),
        ] {
            let store =
                Store { values: [1.0; 6].into(), accumulated: vec![vec![], accumulated.clone()], ..Store::default() };
            let operation = Operation::Filter { side: 1, threshold: 0.002, most: usize::MAX, encoding };
            let (store, outcome) = StoreTask { store, operation, isa: Isa::detect() }.run();
            let Outcome::Filtered { sparse, pending } = outcome else { unreachable!("it filters") };
            assert_eq!(pending.touched, 5);
            let found: Vec<(u32, f32)> = sparse.index.iter().copied().zip(sparse.value.iter().copied()).collect();
            assert_eq!(found, sent, "{encoding:?}");
            let mut all = store.accumulated[1].clone();
            found.iter().for_each(|&(index, value)| all[index as usize] += value);
            assert_eq!(all, accumulated, "{encoding:?}");
        }
    }
}
