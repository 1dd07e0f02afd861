//! Max-min fair rates of flows that start and stop, kept up to date by filling again only the flows that a change reaches.
//!
//! # Which flows a change reaches
//! Rates are max-min fair exactly when no limit is exceeded and every flow has a *bottleneck*: a full limit of its route in which no flow
//! is faster. A flow that stops gives room to those whose bottleneck is a limit of its route; one that starts takes room from them. These
//! are filled anew (Bertsekas and Gallager, *Data Networks*, section 6.5.2), with the rates of all others taken off the limits. Then
//! others join where the result breaks their condition:
//! * a flow that is faster than the new bottleneck in a limit of its route,
//! * a flow whose bottleneck has a member with a new rate.
//!
//! When none joins, every flow has its bottleneck. After [`MOST_ROUNDS`] rounds all flows that are connected through limits join at once.
//!
//! # Priority
//! Control has what it can take; data share what it leaves.
//!
//! # Bits
//! Rates are sums and quotients of floats in one fixed order: of the flows' numbers, which follow from the order of first use. A new rate
//! that differs from the old one by rounding alone (`SAME`) counts as the old one, so that rounding does not spread from limit to limit.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use serde::{Deserialize, Serialize};

/// Rounds of filling before all connected flows are filled at once.
const MOST_ROUNDS: u32 = 4;
/// The relative difference of rates up to which they count as equal: rounding stays below it by three orders of magnitude.
const SAME: f64 = 1e-12;
/// No limit: the bottleneck of a flow that has none.
const NONE: u32 = u32::MAX;

const CONTROL: usize = 0;
const DATA: usize = 1;

/// A limit that some flow has used.
#[derive(Clone, Debug)]
struct SharedLimit {
    /// In bytes per nanosecond.
    capacity: f64,
    /// By class: the active flows through it, in order.
    members: [Vec<u32>; 2],
    /// The sum of the rates of control.
    control: f64,
    // The rest is of one filling.
    /// The filling that the fields below belong to.
    filling: u64,
    /// Capacity that no fixed flow has.
    left: f64,
    /// Flows without a rate yet.
    open: u32,
    /// The rate of the flows whose bottleneck it is; infinite when it is none's.
    level: f64,
    /// Whether a flow through it has a new rate.
    has_moved: bool,
}

/// A flow: active or not.
#[derive(Clone, Debug)]
struct FlowRate {
    /// The limits of its route, by their numbers here.
    limits: Box<[u32]>,
    is_active: bool,
    /// In bytes per nanosecond; infinite without limits.
    rate: f64,
    bottleneck: u32,
    /// The refill that it takes part in.
    refill: u64,
    /// Its rate in that; negative while it has none.
    next: f64,
    next_bottleneck: u32,
}

/// The rates of flows. Flows `2 i` and `2 i + 1` are the control and the data of pair `i`.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    limits: Vec<SharedLimit>,
    /// The number here of a limit of the network.
    number_of: BTreeMap<u32, u32>,
    flows: Vec<FlowRate>,
    dirt: Dirt,
    refill: u64,
    filling: u64,
    /// Flows that take part in the refill.
    taking_part: Vec<u32>,
    /// Limits that the filling has touched.
    touched: Vec<u32>,
    /// Touched limits by their share; shares only rise, so an old one is a lower bound.
    tightest: BinaryHeap<Reverse<(u64, u32)>>,
}

/// Changes that are not yet in the rates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dirt {
    /// By class: flows that have started.
    started: [Vec<u32>; 2],
    /// By class: limits that a flow has left.
    left: [Vec<u32>; 2],
}

/// The part of a flow that changes in a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RateState {
    is_active: bool,
    rate: f64,
    bottleneck: u32,
}

impl Rates {
    /// Adds the two flows of a pair, idle. `limits`: each limit of the route with its capacity in bytes per nanosecond.
    pub(super) fn add_pair(&mut self, limits: impl Iterator<Item = (u32, f64)>) {
        let limits: Box<[u32]> = limits.map(|(limit, capacity)| self.number(limit, capacity)).collect();
        let flow = FlowRate {
            limits,
            is_active: false,
            rate: 0.0,
            bottleneck: NONE,
            refill: 0,
            next: 0.0,
            next_bottleneck: NONE,
        };
        self.flows.extend([flow.clone(), flow]);
    }

    fn number(&mut self, limit: u32, capacity: f64) -> u32 {
        *self.number_of.entry(limit).or_insert_with(|| {
            self.limits.push(SharedLimit {
                capacity,
                members: [Vec::new(), Vec::new()],
                control: 0.0,
                filling: 0,
                left: 0.0,
                open: 0,
                level: f64::INFINITY,
                has_moved: false,
            });
            self.limits.len() as u32 - 1
        })
    }

    /// In bytes per nanosecond, as of the last [`Rates::settle`].
    #[inline]
    pub(super) fn rate(&self, flow: u32) -> f64 {
        self.flows[flow as usize].rate
    }

    /// A flow has bytes to send, from now on.
    pub(super) fn start(&mut self, flow: u32) {
        self.enter(flow);
        self.dirt.started[class(flow)].push(flow);
    }

    /// A flow has none left.
    pub(super) fn stop(&mut self, flow: u32) {
        let Rates { flows, limits, dirt, .. } = self;
        let stopped = &mut flows[flow as usize];
        (stopped.is_active, stopped.rate, stopped.bottleneck) = (false, 0.0, NONE);
        for &limit in &stopped.limits {
            let members = &mut limits[limit as usize].members[class(flow)];
            let at = members.binary_search(&flow).expect("an active flow is a member of its limits");
            members.remove(at);
            dirt.left[class(flow)].push(limit);
        }
    }

    fn enter(&mut self, flow: u32) {
        let entered = &mut self.flows[flow as usize];
        entered.is_active = true;
        for &limit in &entered.limits {
            let members = &mut self.limits[limit as usize].members[class(flow)];
            let at = members.binary_search(&flow).expect_err("an idle flow is a member of no limit");
            members.insert(at, flow);
        }
    }

    /// Whether a flow has started or stopped since the last [`Rates::settle`].
    #[inline]
    pub(super) fn is_dirty(&self) -> bool {
        self.dirt != Dirt::default()
    }

    /// Makes the rates max-min fair again. `on_change` gets the flows that have a new rate, with the old one.
    pub(super) fn settle(&mut self, mut on_change: impl FnMut(u32, f64, f64)) {
        let Dirt { started, left } = std::mem::take(&mut self.dirt);
        let [control_left, mut data_left] = left;
        let [control_started, data_started] = started;
        if !(control_started.is_empty() && control_left.is_empty()) {
            self.begin_refill(CONTROL, &control_started, &control_left);
            self.refill(CONTROL);
            // What control leaves to data has changed wherever a control flow has.
            let first = data_left.len();
            data_left.extend(control_left);
            for &flow in &self.taking_part {
                data_left.extend(&self.flows[flow as usize].limits);
            }
            self.commit(&mut on_change);
            for &limit in &data_left[first..] {
                self.add_up_control(limit);
            }
        }
        self.begin_refill(DATA, &data_started, &data_left);
        self.refill(DATA);
        self.commit(&mut on_change);
    }

    fn add_up_control(&mut self, limit: u32) {
        let limit = &mut self.limits[limit as usize];
        limit.control = limit.members[CONTROL].iter().map(|&flow| self.flows[flow as usize].rate).sum();
    }

    /// The flows that a change reaches at first: those that have started, and in limits with more or less room those that they hold up.
    fn begin_refill(&mut self, class: usize, started: &[u32], limits: &[u32]) {
        self.refill += 1;
        self.taking_part.clear();
        for &flow in started {
            if self.flows[flow as usize].is_active {
                self.join(flow);
                for at in 0..self.flows[flow as usize].limits.len() {
                    self.join_held_up(class, self.flows[flow as usize].limits[at]);
                }
            }
        }
        for &limit in limits {
            self.join_held_up(class, limit);
        }
    }

    /// Takes in the flows whose bottleneck is `limit`, and all of its flows if control has left too little for them.
    fn join_held_up(&mut self, class: usize, limit: u32) {
        let shared = &self.limits[limit as usize];
        let rates = shared.members[class].iter().map(|&flow| self.flows[flow as usize].rate);
        let is_exceeded =
            class == DATA && shared.control > 0.0 && rates.sum::<f64>() > shared.room(DATA) * (1.0 + SAME);
        for at in 0..self.limits[limit as usize].members[class].len() {
            let flow = self.limits[limit as usize].members[class][at];
            if is_exceeded || self.flows[flow as usize].bottleneck == limit {
                self.join(flow);
            }
        }
    }

    fn join(&mut self, flow: u32) {
        let joining = &mut self.flows[flow as usize];
        if joining.refill != self.refill {
            joining.refill = self.refill;
            self.taking_part.push(flow);
        }
    }

    /// Finds the next rates of the flows that take part, and of those that have to join them.
    fn refill(&mut self, class: usize) {
        for _ in 0..MOST_ROUNDS {
            if self.taking_part.is_empty() {
                return;
            }
            self.fill(class);
            if !self.widen(class) {
                return;
            }
        }
        self.join_connected(class);
        self.fill(class);
    }

    /// Progressive filling of the flows that take part, with what all others leave.
    fn fill(&mut self, class: usize) {
        self.filling += 1;
        self.touched.clear();
        let Rates { limits, flows, touched, tightest, taking_part, refill, filling, .. } = self;
        for &flow in &*taking_part {
            flows[flow as usize].next = -1.0;
            for &number in &flows[flow as usize].limits {
                let limit = &mut limits[number as usize];
                if limit.filling != *filling {
                    let others = limit.members[class].iter().map(|&other| &flows[other as usize]);
                    let others: f64 = others.filter(|other| other.refill != *refill).map(|other| other.rate).sum();
                    limit.left = limit.room(class) - others;
                    (limit.filling, limit.open, limit.level, limit.has_moved) = (*filling, 0, f64::INFINITY, false);
                    touched.push(number);
                }
                limit.open += 1;
            }
            if flows[flow as usize].limits.is_empty() {
                (flows[flow as usize].next, flows[flow as usize].next_bottleneck) = (f64::INFINITY, NONE);
            }
        }
        tightest.clear();
        tightest.extend(touched.iter().map(|&number| Reverse((limits[number as usize].share().to_bits(), number))));
        while let Some(Reverse((bound, number))) = tightest.pop() {
            let limit = &limits[number as usize];
            if limit.open == 0 {
                continue;
            }
            let share = limit.share();
            // Shares are not negative, so their bits are in the order of their values.
            if share.to_bits() > bound {
                tightest.push(Reverse((share.to_bits(), number)));
                continue;
            }
            limits[number as usize].level = share;
            for at in 0..limits[number as usize].members[class].len() {
                let flow = limits[number as usize].members[class][at];
                let fixed = &mut flows[flow as usize];
                if fixed.refill != *refill || fixed.next >= 0.0 {
                    continue;
                }
                (fixed.next, fixed.next_bottleneck) = (share, number);
                for &passed in &fixed.limits {
                    limits[passed as usize].left -= share;
                    limits[passed as usize].open -= 1;
                }
            }
        }
    }

    /// Takes in the flows whose condition the filling breaks. Whether there were some.
    fn widen(&mut self, class: usize) -> bool {
        for &flow in &self.taking_part {
            let FlowRate { rate, next, ref limits, .. } = self.flows[flow as usize];
            if differ(rate, next) {
                limits.iter().for_each(|&limit| self.limits[limit as usize].has_moved = true);
            }
        }
        let before = self.taking_part.len();
        for at in 0..self.touched.len() {
            let number = self.touched[at];
            let SharedLimit { level, has_moved, .. } = self.limits[number as usize];
            if level == f64::INFINITY && !has_moved {
                continue;
            }
            for at in 0..self.limits[number as usize].members[class].len() {
                let flow = self.limits[number as usize].members[class][at];
                let FlowRate { rate, bottleneck, .. } = self.flows[flow as usize];
                if rate > level * (1.0 + SAME) || has_moved && bottleneck == number {
                    self.join(flow);
                }
            }
        }
        self.taking_part.len() > before
    }

    /// Takes in all flows that are connected to those that take part, through limits that they share.
    fn join_connected(&mut self, class: usize) {
        self.filling += 1;
        let mut at = 0;
        while at < self.taking_part.len() {
            let flow = self.taking_part[at] as usize;
            for hop in 0..self.flows[flow].limits.len() {
                let number = self.flows[flow].limits[hop] as usize;
                if self.limits[number].filling == self.filling {
                    continue;
                }
                self.limits[number].filling = self.filling;
                for member in 0..self.limits[number].members[class].len() {
                    self.join(self.limits[number].members[class][member]);
                }
            }
            at += 1;
        }
    }

    /// Takes the next rates over.
    fn commit(&mut self, on_change: &mut impl FnMut(u32, f64, f64)) {
        for &flow in &self.taking_part {
            let changed = &mut self.flows[flow as usize];
            changed.bottleneck = changed.next_bottleneck;
            if differ(changed.rate, changed.next) {
                on_change(flow, changed.rate, changed.next);
                changed.rate = changed.next;
            }
        }
    }

    /// The part of a flow that changes in a run.
    pub(super) fn state(&self, flow: u32) -> RateState {
        let FlowRate { is_active, rate, bottleneck, .. } = self.flows[flow as usize];
        RateState { is_active, rate, bottleneck }
    }

    /// The changes that are not yet in the rates.
    pub(super) fn dirt(&self) -> &Dirt {
        &self.dirt
    }

    /// Takes up the states of all flows, which were added in the same order and are idle. Whether they fit.
    pub(super) fn restore(&mut self, states: &[RateState], dirt: Dirt) -> bool {
        let limits = self.limits.len() as u32;
        let knows = |flows: &[u32]| flows.iter().all(|&flow| (flow as usize) < self.flows.len());
        let is_limit = |&limit: &u32| limit < limits;
        let fits = states.len() == self.flows.len()
            && states.iter().all(|state| state.bottleneck == NONE || is_limit(&state.bottleneck))
            && dirt.started.iter().all(|flows| knows(flows))
            && dirt.left.iter().flatten().all(is_limit);
        if !fits {
            return false;
        }
        for (flow, state) in (0..).zip(states) {
            if state.is_active {
                self.enter(flow);
            }
            let RateState { rate, bottleneck, .. } = *state;
            (self.flows[flow as usize].rate, self.flows[flow as usize].bottleneck) = (rate, bottleneck);
        }
        (0..limits).for_each(|limit| self.add_up_control(limit));
        self.dirt = dirt;
        true
    }
}

impl SharedLimit {
    /// What a class may take.
    fn room(&self, class: usize) -> f64 {
        if class == CONTROL {
            return self.capacity;
        }
        let room = self.capacity - self.control;
        // Control that fills a limit leaves nothing but rounding.
        if room > self.capacity * SAME { room } else { 0.0 }
    }

    /// What each flow without a rate would get.
    #[inline]
    fn share(&self) -> f64 {
        if self.open > 0 && self.left > 0.0 { self.left / f64::from(self.open) } else { 0.0 }
    }
}

fn class(flow: u32) -> usize {
    flow as usize % 2
}

/// Whether two rates differ by more than rounding.
fn differ(old: f64, new: f64) -> bool {
    // Equal first: the difference of two infinite rates is no number.
    old != new && (old == 0.0 || (new - old).abs() > SAME * old)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::maxmin::fair_rates;

    const LIMITS: usize = 8;
    const PAIRS: usize = 16;

    /// The rates of the active flows of a class under `capacities`, from nothing.
    fn from_nothing(rates: &Rates, routes: &[Vec<u32>], capacities: &[f64], class: usize) -> Vec<(u32, f64)> {
        let active: Vec<u32> =
            (0..2 * PAIRS as u32).filter(|&f| f as usize % 2 == class && rates.flows[f as usize].is_active).collect();
        let limits: Vec<&[u32]> = active.iter().map(|&flow| routes[flow as usize / 2].as_slice()).collect();
        active.iter().copied().zip(fair_rates(capacities, &limits)).collect()
    }

    fn is_near(found: f64, expected: f64) -> bool {
        found == expected || (found - expected).abs() <= 1e-9 * expected.max(1e-3)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// After any changes, whether settled one by one or together: what progressive filling of all flows gives.
        #[test]
        fn rates_stay_max_min_fair(
            capacities in prop::collection::vec(prop_oneof![1.0..1_000.0_f64, Just(100.0)], LIMITS),
            routes in prop::collection::vec(prop::sample::subsequence((0..LIMITS as u32).collect::<Vec<_>>(), 0..=4), PAIRS),
            changes in prop::collection::vec((0..2 * PAIRS as u32, prop::bool::weighted(0.7), 0..6_u32), 1..120),
        ) {
            let mut rates = Rates::default();
            for route in &routes {
                rates.add_pair(route.iter().map(|&limit| (limit, capacities[limit as usize])));
            }
            let mut reported = vec![0.0; 2 * PAIRS];
            for (flow, settles, fewer) in changes {
                // Mostly data: much control leaves nothing of interest.
                let flow = if fewer > 0 { flow | 1 } else { flow };
                if rates.flows[flow as usize].is_active { rates.stop(flow) } else { rates.start(flow) }
                if rates.flows[flow as usize].rate == 0.0 {
                    reported[flow as usize] = 0.0;
                }
                if !settles {
                    continue;
                }
                rates.settle(|flow, old, new| {
                    assert_eq!(old, reported[flow as usize]);
                    reported[flow as usize] = new;
                });
                let mut left = capacities.clone();
                for (flow, expected) in from_nothing(&rates, &routes, &capacities, CONTROL) {
                    prop_assert!(is_near(rates.rate(flow), expected), "{flow}: {} of {expected}", rates.rate(flow));
                    routes[flow as usize / 2].iter().for_each(|&limit| left[limit as usize] -= expected);
                }
                let left: Vec<f64> = left.iter().zip(&capacities).map(|(&l, c)| if l > 1e-9 * c { l } else { 0.0 }).collect();
                for (flow, expected) in from_nothing(&rates, &routes, &left, DATA) {
                    prop_assert!(is_near(rates.rate(flow), expected), "{flow}: {} of {expected}", rates.rate(flow));
                }
                for (flow, &reported) in (0..).zip(&reported) {
                    prop_assert_eq!(rates.rate(flow), reported, "each change is reported");
                    prop_assert!(rates.flows[flow as usize].is_active || reported == 0.0);
                }
            }
        }
    }

    #[test]
    fn a_change_reaches_only_the_flows_that_it_concerns() {
        let mut rates = Rates::default();
        // A thousand pairs of flows that share a limit of 2, all through one that holds nobody up.
        for pair in 0..1_000 {
            (0..2).for_each(|_| rates.add_pair([(0, 1e6), (1 + pair, 2.0)].into_iter()));
        }
        (0..2_000).for_each(|pair| rates.start(2 * pair + 1));
        rates.settle(|_, _, _| ());
        let mut changed = Vec::new();
        rates.stop(2 * 500 + 1);
        rates.settle(|flow, old, new| changed.push((flow, old, new)));
        assert_eq!(changed, [(2 * 501 + 1, 1.0, 2.0)]);
        assert_eq!(rates.taking_part, [2 * 501 + 1], "nobody else was looked at");
    }

    #[test]
    fn control_leaves_nothing_and_gives_it_back() {
        let mut rates = Rates::default();
        rates.add_pair([(7, 3.0)].into_iter());
        rates.add_pair([(7, 3.0), (9, 1.0)].into_iter());
        [1, 3].into_iter().for_each(|flow| rates.start(flow));
        rates.settle(|_, _, _| ());
        assert_eq!([1, 3].map(|flow| rates.rate(flow)), [2.0, 1.0]);
        rates.start(0);
        rates.settle(|_, _, _| ());
        assert_eq!([0, 1, 3].map(|flow| rates.rate(flow)), [3.0, 0.0, 0.0]);
        rates.stop(0);
        rates.settle(|_, _, _| ());
        assert_eq!([0, 1, 3].map(|flow| rates.rate(flow)), [0.0, 2.0, 1.0]);
    }
}
