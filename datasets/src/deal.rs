//! Deals things that must stay whole, users with their ratings or documents with their words, to machines.
//!
//! The load is balanced: the next thing, the heaviest first, goes to the machine with the least (longest processing
//! time first, Graham 1969). Ties go to the smaller number.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::random::{shuffle, stream};
use crate::split::Split;

/// The property in which sites differ.
pub(crate) enum Skew {
    /// Their amount of data: the machines of site s (from 0) get loads in proportion to (s + 1)^-skew.
    Sizes,
    /// Their kind of data: things are dealt to sites in the order of their places along a line.
    Places(Vec<f64>),
}

pub(crate) struct Dealer<'a> {
    /// Of each thing: ratings of a user, tokens of a document.
    loads: &'a [u32],
    /// The site of each machine.
    site_of: Vec<usize>,
    /// The load that each machine has.
    given: Vec<u64>,
    /// The machine of each thing, once it is dealt.
    machine_of: Vec<u32>,
}

impl<'a> Dealer<'a> {
    /// Deals everything according to `split`; `skew` interprets its `by`. `machines_per_site` counts the machines of each site.
    ///
    /// # Panics
    /// If there is no machine, or [`Split::check`] finds an error.
    pub(crate) fn deal_as<By: Copy>(
        split: Split<By>,
        loads: &'a [u32],
        machines_per_site: &[u32],
        skew: impl FnOnce(By) -> Skew,
    ) -> Self {
        assert!(machines_per_site.iter().any(|&n| n > 0), "partition needs a machine");
        assert_eq!(split.check(), [], "partition needs a checked split");
        let mut dealer = Dealer::new(loads, machines_per_site);
        match split {
            Split::Even => dealer.deal_all(|_| 1.0),
            Split::Skewed { by, skew: strength } => match skew(by) {
                Skew::Sizes => dealer.deal_all(|site| libm::pow(site as f64 + 1.0, -strength)),
                Skew::Places(places) => dealer.deal_by_places(strength, &places),
            },
        }
        dealer
    }

    fn new(loads: &'a [u32], machines_per_site: &[u32]) -> Self {
        let machines = |(site, &n): (usize, &u32)| std::iter::repeat_n(site, n as usize);
        let site_of: Vec<usize> = machines_per_site.iter().enumerate().flat_map(machines).collect();
        Dealer { loads, given: vec![0; site_of.len()], site_of, machine_of: vec![0; loads.len()] }
    }

    /// The machine of each thing.
    pub(crate) fn machine_of(&self) -> &[u32] {
        &self.machine_of
    }

    /// The load that each machine has.
    pub(crate) fn given(&self) -> &[u64] {
        &self.given
    }

    /// The things of each machine, ascending.
    pub(crate) fn by_machine(&self) -> Vec<Vec<u32>> {
        let mut things = vec![Vec::new(); self.site_of.len()];
        for (thing, &machine) in (0..).zip(&self.machine_of) {
            things[machine as usize].push(thing);
        }
        things
    }

    /// Deals everything; machines of a site get loads in proportion to `share(site)`.
    fn deal_all(&mut self, share: impl Fn(usize) -> f64) {
        self.deal((0..self.loads.len() as u32).collect(), |_| true, share);
    }

    /// Deals a share `skew` of the things to sites in the order of `places`, a stretch of it each; the others evenly.
    fn deal_by_places(&mut self, skew: f64, places: &[f64]) {
        let mut things: Vec<u32> = (0..self.loads.len() as u32).collect();
        // A fixed order: which things keep to their place must depend neither on the place nor on a run's seed.
        shuffle(&mut things, stream(0, "partition"));
        let others = things.split_off((skew * things.len() as f64) as usize);
        things.sort_unstable_by(|&a, &b| places[a as usize].total_cmp(&places[b as usize]).then(a.cmp(&b)));
        for (site, stretch) in self.stretches(&things).into_iter().enumerate() {
            self.deal(stretch, |of| of == site, |_| 1.0);
        }
        self.deal(others, |_| true, |_| 1.0);
    }

    /// `things` cut into one stretch for each site, with loads in proportion to its machines.
    fn stretches(&self, things: &[u32]) -> Vec<Vec<u32>> {
        let machines = self.site_of.len() as u128;
        let total: u128 = things.iter().map(|&thing| u128::from(self.loads[thing as usize])).sum();
        let mut stretches = vec![Vec::new(); self.site_of.last().map_or(0, |last| last + 1)];
        let (mut machine, mut before) = (0, 0u128);
        for &thing in things {
            while before * machines >= total * (machine as u128 + 1) && machine + 1 < self.site_of.len() {
                machine += 1;
            }
            stretches[self.site_of[machine]].push(thing);
            before += u128::from(self.loads[thing as usize]);
        }
        stretches
    }

    /// Deals things, the heaviest first, each to the machine with the least for its share.
    fn deal(&mut self, mut things: Vec<u32>, takes: impl Fn(usize) -> bool, share: impl Fn(usize) -> f64) {
        things.sort_unstable_by_key(|&thing| (Reverse(self.loads[thing as usize]), thing));
        let waiting = |machine: usize, given: &[u64], site: usize| {
            Reverse((OrderedLoad(given[machine] as f64 / share(site)), machine))
        };
        let mut machines: BinaryHeap<_> = (0..self.site_of.len())
            .filter(|&machine| takes(self.site_of[machine]))
            .map(|machine| waiting(machine, &self.given, self.site_of[machine]))
            .collect();
        for thing in things {
            let Reverse((_, machine)) = machines.pop().expect("a site that is given things has a machine");
            self.machine_of[thing as usize] = machine as u32;
            self.given[machine] += u64::from(self.loads[thing as usize]);
            machines.push(waiting(machine, &self.given, self.site_of[machine]));
        }
    }
}

/// A load in order: never negative, never NaN.
#[derive(Clone, Copy, PartialEq)]
struct OrderedLoad(f64);

impl Eq for OrderedLoad {}

impl Ord for OrderedLoad {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for OrderedLoad {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
