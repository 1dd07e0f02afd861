//! A run of Gaia in which everything that can meet does: several writers of a row, updates of either sign, any staleness
//! between sites, barriers from any backlog, a soft threshold, any overlay. Checked after every event.
//!
//! Each worker counts its clocks in a column of its own of every row that it declares, so that a copy of a row shows by
//! itself whose updates of which clocks are in it, whatever the protocol claims.

use std::collections::{BTreeMap, BTreeSet};

use emulator::id::SiteId;
use emulator::time::Duration;
use emulator::virtual_driver::VirtualDriver;
use gaia_core::layout::{Layout, Table};
use gaia_core::machine::Machine;
use gaia_core::message::Announced;
use gaia_core::overlay::{Groups, Overlay, pairs};
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::server::shard::{Answering, Shard};
use gaia_core::sync::Hold;
use gaia_core::sync::config::{
    Gaia, Inside, MirrorClock, Relay, SelectiveBarrier, Significance, System, ThresholdSchedule, UserGoal, Ways,
};
use gaia_core::workload::traits::{Evaluation, Workload};
use proptest::prelude::*;

use super::{Answers, Case, Kept, check_all, check_answer, run, way};

const ROWS: u32 = 19;
const START: f32 = 8.0;
/// The columns that all workers write: one that moves either way, one that comes back every other clock.
const MIXED: usize = 0;
const BACK_AND_FORTH: usize = 1;
const SHARED: usize = 2;
const MAX_WORKERS: u32 = 21;
const WIDTH: usize = SHARED + MAX_WORKERS as usize;

/// Writes all rows that it declares, which are most.
pub(crate) struct Writers {
    worker: u32,
    declared: Vec<u32>,
}

/// The change that a worker's clock adds to the shared columns of a row.
fn change(worker: u32, clock: u32, row: u32) -> [f32; SHARED] {
    let mixed = ((worker * 7 + clock * 13 + row * 5) % 11) as f32 - 5.0;
    [mixed, if (worker + clock).is_multiple_of(2) { 1.0 } else { -1.0 }]
}

fn declares(worker: u32, row: u32) -> bool {
    (row * 3 + worker) % 7 != 4
}

impl Writers {
    pub(crate) fn new(worker: u32) -> Self {
        Writers { worker, declared: (0..ROWS).filter(|&row| declares(worker, row)).collect() }
    }
}

impl Workload for Writers {
    type State = u32;

    fn layout(&self) -> Layout {
        Layout::new(vec![Table { name: "r".to_owned(), rows: ROWS, width: WIDTH as u32 }])
    }

    fn declared_rows(&self) -> &[u32] {
        &self.declared
    }

    fn initial_row(&self, _: u32, values: &mut [f32]) {
        values.fill(START);
    }

    fn initial_state(&self) -> u32 {
        0
    }

    fn compute(&self, clock: u32, state: &mut u32, view: &mut [f32]) {
        for (values, &row) in view.chunks_mut(WIDTH).zip(&self.declared) {
            let own = &mut values[SHARED + self.worker as usize];
            assert_eq!(*own, START + *state as f32, "a worker sees its own changes, once");
            *own += 1.0;
            let [mixed, back_and_forth] = change(self.worker, clock, row);
            values[MIXED] += mixed;
            values[BACK_AND_FORTH] += back_and_forth;
        }
        *state += 1;
    }

    fn evaluate(&self, _: &u32, _: &[f32]) -> Evaluation {
        Evaluation::default()
    }

    fn duration(&self, clock: u32, _: &MachineKind, _: &Similitude) -> Duration {
        Duration::from_millis(15 + u64::from((self.worker * 5 + clock * 7) % 13))
    }

    fn clocks_per_pass(&self) -> u32 {
        1
    }

    fn learning_rate_factor(&self, _: u32) -> f64 {
        1.0
    }
}

/// Any ways between `sites` sites: directly, or in groups of which any sites are hubs.
pub(crate) fn any_overlay(sites: u32) -> impl Strategy<Value = Overlay> {
    let groups = prop::collection::vec(0usize..3, sites as usize);
    let hubs = prop::collection::vec(any::<[prop::sample::Index; 2]>(), 3);
    (groups, hubs).prop_map(|(group_of, hubs)| {
        let mut members = vec![Vec::new(); 3];
        group_of.iter().enumerate().for_each(|(site, &group)| members[group].push(site));
        members.retain(|members| !members.is_empty());
        let ends = |((lower, upper), hubs): ((usize, usize), &[prop::sample::Index; 2])| {
            [members[lower][hubs[0].index(members[lower].len())], members[upper][hubs[1].index(members[upper].len())]]
        };
        let links = pairs(members.len()).zip(&hubs).map(ends).collect();
        Overlay::Groups(Groups { members, links })
    })
}

fn any_goal() -> impl Strategy<Value = UserGoal> {
    let fastest = (0.0f64..1.0, 0.001f64..0.5).prop_map(|(soft, seconds)| UserGoal::Fastest { soft, seconds });
    prop_oneof![Just(UserGoal::Cheapest {}), fastest]
}

/// Any settings of Gaia between sites.
fn any_gaia() -> impl Strategy<Value = Gaia> {
    let threshold = prop_oneof![Just(0.0), 0.0f64..0.6];
    let barrier = prop_oneof![
        Just(SelectiveBarrier::Off {}),
        prop::sample::select(vec![0.0, 0.01, 0.3]).prop_map(|seconds| SelectiveBarrier::Backlog { seconds }),
    ];
    let relay = prop::sample::select(vec![Relay::Filter, Relay::PassOn]);
    (0u32..3, threshold, 0u32..3, barrier, (relay, any_goal())).prop_map(
        |(slack, threshold, staleness, barrier, (relay, goal))| Gaia {
            inside: Inside::ssp(slack),
            significance: Significance { threshold, schedule: ThresholdSchedule::Constant },
            selective_barrier: barrier,
            mirror_clock: MirrorClock::Bounded { staleness },
            overlay: Ways::default(),
            relay,
            goal,
        },
    )
}

fn any_case(sites: impl Strategy<Value = (u32, Overlay)>) -> impl Strategy<Value = Case> {
    let network = (1u64..60, 0u64..150, prop::sample::select(vec![200.0, 2000.0]));
    (sites, 1u32..4, any_gaia(), network, 0u64..1000).prop_map(
        |((sites, overlay), machines_per_site, gaia, (wan_mbit_per_s, delay_ms, sigma_bytes), seed)| {
            let plain = Case::new(sites, machines_per_site, System::Gaia(gaia));
            Case { wan_mbit_per_s, delay_ms, sigma_bytes, seed, overlay, ..plain }
        },
    )
}

/// Any case of sites that send to each other directly.
pub(crate) fn any_direct_case() -> impl Strategy<Value = Case> {
    any_case((2u32..6).prop_map(|sites| (sites, Overlay::Direct)))
}

/// Any case of sites in groups.
pub(crate) fn any_hub_case() -> impl Strategy<Value = Case> {
    any_case((2u32..8).prop_flat_map(|sites| any_overlay(sites).prop_map(move |overlay| (sites, overlay))))
}

type Driver = VirtualDriver<Machine<Writers>>;

/// The observations of a run so far.
struct Watch<'a> {
    case: &'a Case,
    gaia: Gaia,
    /// Of every shard, all barriers that were ever raised there.
    raised: Vec<Vec<Raised>>,
    /// Of every shard, what was there after the event before.
    before: Vec<Before>,
    answers: Answers,
    held: u32,
    lifted: u32,
}

/// The barriers that were up in a shard, and the other sites' clocks there.
#[derive(Default)]
struct Before {
    up: Vec<Raised>,
    clocks: BTreeMap<SiteId, u32>,
}

#[derive(Clone, Debug, PartialEq)]
struct Raised {
    announced: Vec<Announced>,
    rows: Vec<u32>,
}

/// The counts of the events that a case has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Barriers raised in all shards.
    pub(crate) barriers: u32,
    /// Events after which a read was held off a barred row.
    pub(crate) held: u32,
    /// Barriers that were lifted by the very message that they announced.
    pub(crate) lifted: u32,
}

/// Checks `count` cases, the same ones every time, and that barriers were raised and reads held in some of them.
pub(crate) fn check_cases(cases: impl Strategy<Value = Case>, count: u32) {
    let all = std::cell::Cell::new(Seen::default());
    check_all(&cases, count, |case| {
        let (seen, so_far) = (check(&case), all.get());
        all.set(Seen {
            barriers: so_far.barriers + seen.barriers,
            held: so_far.held + seen.held,
            lifted: so_far.lifted + seen.lifted,
        });
    });
    let seen = all.get();
    assert!(seen.barriers.min(seen.held).min(seen.lifted) > count, "{count} cases have seen too little: {seen:?}");
}

/// Runs the case and checks every law after every event, and that nothing is lost in the end.
pub(crate) fn check(case: &Case) -> Seen {
    let System::Gaia(gaia) = case.system.clone() else { unreachable!("a case of Gaia") };
    let machines = case.machines() as usize;
    let (raised, before) = (0..machines).map(|_| (Vec::new(), Before::default())).unzip();
    let mut watch = Watch { case, gaia, raised, before, answers: Answers::default(), held: 0, lifted: 0 };
    let mut driver = case.driver(1, Writers::new);
    let _: Kept<u32> = run(&mut driver, |driver| watch.look(driver));
    watch.check_delivered(&driver);
    let barriers = watch.raised.iter().map(|raised| raised.len() as u32).sum();
    Seen { barriers, held: watch.held, lifted: watch.lifted }
}

/// The barriers that are up.
fn barriers_of(shard: &Shard) -> impl Iterator<Item = Raised> {
    shard.barriers().map(|(announced, rows)| Raised { announced: announced.to_vec(), rows })
}

/// A row as a shard has it.
fn row_of(shard: &Shard, row: u32) -> Option<&[f32]> {
    let position = shard.rows().rows().binary_search(&row).expect("the shard has the row");
    Some(&shard.store()?.values[shard.rows().range(position)])
}

/// Clocks of a worker that a copy of a row holds.
fn clocks_in(values: &[f32], worker: u32) -> u32 {
    (values[SHARED + worker as usize] - START) as u32
}

impl Watch<'_> {
    fn look(&mut self, driver: &Driver) {
        for machine in 0..self.case.machines() {
            let shard = driver.nodes()[machine as usize].shard();
            self.note_barriers(machine, shard);
            self.check_lifted(machine, shard);
            self.check_values(driver, machine, shard);
            self.check_answer(machine, shard);
            self.check_held(shard);
        }
    }

    fn note_barriers(&mut self, machine: u32, shard: &Shard) {
        for raised in barriers_of(shard) {
            let known = &mut self.raised[machine as usize];
            if !known.contains(&raised) {
                known.push(raised);
            }
        }
    }

    /// A barrier that the sender of the updates raised names every site that has moved with the message that lifts it, and all of
    /// that site's clocks which the message completes: seen from the clocks before and after, whatever the barrier names.
    fn check_lifted(&mut self, machine: u32, shard: &Shard) {
        let (up, clocks) = (barriers_of(shard).collect::<Vec<_>>(), shard.mirror_clocks());
        let before = std::mem::replace(&mut self.before[machine as usize], Before { up, clocks });
        let after = &self.before[machine as usize];
        if before.up.iter().all(|raised| after.up.contains(raised)) {
            return;
        }
        let moved = after.clocks.iter().filter(|&(site, until)| before.clocks[site] < *until);
        let moved: Vec<Announced> =
            moved.map(|(&site, &until)| Announced { site, first: before.clocks[&site] + 1, until }).collect();
        for lifted in before.up.iter().filter(|raised| !after.up.contains(raised)) {
            // One that was passed on ahead names what its own sender will send, of which more may have come to the hub.
            if !self.was_passed_on(machine, lifted) {
                let mut announced = lifted.announced.clone();
                announced.sort();
                assert_eq!(announced, moved, "a barrier of machine {machine} names this of what came with its message");
                self.lifted += 1;
            }
        }
    }

    /// Whether the machine that a barrier came from had it from another one.
    fn was_passed_on(&self, machine: u32, raised: &Raised) -> bool {
        let (per_site, site) = (self.case.machines_per_site, self.case.site_of(machine));
        let origin = raised.announced[0].site.0 as usize;
        let hops = way(&self.case.overlay, self.case.sites, origin, site as usize);
        let &(sender, _) = hops.last().expect("it came over a link");
        self.raised[sender * per_site as usize + (machine % per_site) as usize].contains(raised)
    }

    /// No copy has more of a worker's updates than its own site, and, when everything is significant, none has less than the
    /// clocks count, and the shared columns are what the workers' counts make them: signs and all.
    fn check_values(&self, driver: &Driver, machine: u32, shard: &Shard) {
        let site = self.case.site_of(machine);
        if shard.store().is_none() {
            return;
        }
        for &row in shard.rows().rows() {
            let values = row_of(shard, row).expect("the store is here");
            let mut shared = [START; SHARED];
            for worker in (0..self.case.machines()).filter(|&worker| declares(worker, row)) {
                let count = clocks_in(values, worker);
                let home = self.case.site_of(worker);
                let there = driver.nodes()
                    [(home * self.case.machines_per_site + machine % self.case.machines_per_site) as usize]
                    .shard();
                if let Some(own) = row_of(there, row) {
                    assert!(
                        count <= clocks_in(own, worker),
                        "site {site} has more of worker {worker} than site {home}"
                    );
                }
                if self.gaia.significance.threshold == 0.0 {
                    if home != site {
                        let clock = shard.mirror_clocks()[&SiteId(home)];
                        assert!(
                            count >= clock,
                            "row {row}: site {site} has {count} clocks of {worker} at clock {clock}"
                        );
                    }
                    for clock in 0..count {
                        let change = change(worker, clock, row);
                        (0..SHARED).for_each(|column| shared[column] += change[column]);
                    }
                }
            }
            // A message for idle links may hold some of a row's columns alone.
            if self.gaia.significance.threshold == 0.0 && self.gaia.goal == (UserGoal::Cheapest {}) {
                assert_eq!(values[..SHARED], shared, "row {row} in site {site}");
            }
        }
    }

    /// A read that has just been let through: it lacks no announced update of a clock that it needs, and its site is not too
    /// far ahead.
    fn check_answer(&mut self, machine: u32, shard: &Shard) {
        let Some(answering) = self.answers.begun(machine, shard) else { return };
        let MirrorClock::Bounded { staleness } = self.gaia.mirror_clock else { unreachable!("all cases have a bound") };
        check_answer(shard, &answering, staleness);
        let Answering { declared, clock, .. } = answering;
        for raised in &self.raised[machine as usize] {
            let needed = raised.announced.iter().filter(|announced| announced.first <= clock);
            if needed.clone().count() == 0 || !raised.rows.iter().any(|row| declared.contains(row)) {
                continue;
            }
            for announced in &raised.announced {
                let here = shard.mirror_clocks()[&announced.site];
                assert!(here >= announced.until, "clock {clock} is answered at clock {here} of {announced:?}");
            }
        }
    }

    /// A read is held off a barred row by announced updates of a clock that it needs, and by no others.
    fn check_held(&mut self, shard: &Shard) {
        for (declared, clock, _) in shard.held_reads().filter(|(.., hold)| *hold == Hold::BarredRow) {
            self.held += 1;
            let holds = shard.barriers().any(|(announced, rows)| {
                announced.iter().any(|announced| announced.first <= clock)
                    && rows.iter().any(|row| declared.contains(row))
            });
            assert!(holds, "the read for clock {clock} is held without a barrier that it needs");
        }
    }

    /// In the end a site lacks of all updates what filters on the ways to it hold back, to the last bit, and nothing is there
    /// twice.
    fn check_delivered(&self, driver: &Driver) {
        let (sites, per_site) = (self.case.sites, self.case.machines_per_site);
        for row in 0..ROWS {
            let shard = |site: u32| driver.nodes()[(site * per_site + row % per_site) as usize].shard();
            let mut all = vec![START; WIDTH];
            for worker in (0..self.case.machines()).filter(|&worker| declares(worker, row)) {
                all[SHARED + worker as usize] += self.case.clocks as f32;
                for clock in 0..self.case.clocks {
                    let change = change(worker, clock, row);
                    (0..SHARED).for_each(|column| all[column] += change[column]);
                }
            }
            for site in 0..sites {
                let mut values = row_of(shard(site), row).expect("nothing is under way").to_vec();
                let others = (0..sites).filter(|&origin| origin != site);
                let ways = others.flat_map(|origin| self.way(origin as usize, site as usize));
                for (at, side) in ways.collect::<BTreeSet<_>>() {
                    let held = shard(at as u32);
                    let position = held.rows().rows().binary_search(&row).expect("the same rows");
                    let accumulated = &held.store().expect("nothing is under way").accumulated[side];
                    let pending = &accumulated[held.rows().range(position)];
                    let is_empty = pending.iter().all(|&pending| pending == 0.0);
                    assert!(is_empty || !self.passes_on(at, side), "side {side} of site {at} holds back row {row}");
                    values.iter_mut().zip(pending).for_each(|(value, pending)| *value += pending);
                }
                assert_eq!(values, all, "row {row} in site {site}");
            }
        }
    }
}

impl Watch<'_> {
    /// Whether a side of a site passes on all that it gets.
    fn passes_on(&self, at: usize, side: usize) -> bool {
        let speaks_for = &self.case.overlay.sides(at, self.case.sites as usize)[side].of;
        self.gaia.relay == Relay::PassOn && *speaks_for != [at]
    }

    /// The filters that updates of `origin` go through to `to`: with [`Relay::PassOn`] those of a hub go through its own site's first.
    fn way(&self, origin: usize, to: usize) -> Vec<(usize, usize)> {
        let mut hops = way(&self.case.overlay, self.case.sites, origin, to);
        if self.passes_on(hops[0].0, hops[0].1) {
            hops.push((origin, 0));
        }
        hops
    }
}
