//! Laws of overlays with hubs, after every single event: nothing is lost, nothing comes back, no clock overtakes the
//! updates that it vouches for, and what is barred is not read.

use crate::common::writers::{any_hub_case, any_overlay, check_cases};
use crate::common::{Answers, Case, Counting, Kept, ROWS, check_answer, run, way};
use emulator::id::SiteId;
use emulator::virtual_driver::VirtualDriver;
use gaia_core::machine::Machine;
use gaia_core::overlay::{Groups, Overlay};
use gaia_core::server::shard::Shard;
use gaia_core::sync::config::{
    Gaia, Inside, MirrorClock, Relay, SelectiveBarrier, Significance, System, ThresholdSchedule, UserGoal, Ways,
};
use proptest::prelude::*;

const STALENESS: u32 = 1;

type Driver = VirtualDriver<Machine<Counting>>;

fn gaia(slack: u32, threshold: f64) -> System {
    System::Gaia(Gaia {
        inside: Inside::ssp(slack),
        significance: Significance { threshold, schedule: ThresholdSchedule::Constant },
        selective_barrier: SelectiveBarrier::Backlog { seconds: 0.01 },
        mirror_clock: MirrorClock::Bounded { staleness: STALENESS },
        overlay: Ways::default(),
        relay: Relay::default(),
        goal: UserGoal::default(),
    })
}

/// The shard of `site` that has `row`.
fn shard<'a>(driver: &'a Driver, case: &Case, site: u32, row: u32) -> &'a Shard {
    driver.nodes()[(site * case.machines_per_site + row % case.machines_per_site) as usize].shard()
}

/// A row's first float: its value and what every side holds back of it; none while the store is away.
fn cell(shard: &Shard, row: u32) -> Option<(f32, Vec<f32>)> {
    let position = shard.rows().rows().binary_search(&row).expect("the shard has the row");
    let first = shard.rows().range(position).start;
    let store = shard.store()?;
    Some((store.values[first], store.accumulated.iter().map(|side| side[first]).collect()))
}

/// No site has more of another's updates than that one made, and no less than the clock vouches for (with threshold 0).
fn check_values(driver: &Driver, case: &Case, everything_is_significant: bool) {
    for row in 0..ROWS {
        let home = case.site_of(row % case.machines());
        let own = shard(driver, case, home, row);
        let made = cell(own, row).map_or(case.clocks as f32, |(value, _)| value - 4.0);
        for site in (0..case.sites).filter(|&site| site != home) {
            let here = shard(driver, case, site, row);
            let clock = here.mirror_clocks()[&SiteId(home)];
            assert!(clock <= own.data_clock(), "site {site} has clock {clock} of site {home}");
            let Some((value, _)) = cell(here, row) else { continue };
            assert!(value - 4.0 <= made, "row {row}: site {site} has {} of {made}", value - 4.0);
            if everything_is_significant {
                assert!(value - 4.0 >= clock as f32, "row {row}: site {site} has {} at clock {clock}", value - 4.0);
            }
        }
    }
}

/// Answers hold no barred row, and no site is too far ahead. Returns the number of rows are barred in all shards.
fn check_answers(driver: &Driver, answers: &mut Answers) -> usize {
    let mut all_barred = 0;
    for (machine, node) in (0..).zip(driver.nodes()) {
        all_barred += node.shard().barriers().map(|(_, rows)| rows.len()).sum::<usize>();
        if let Some(answering) = answers.begun(machine, node.shard()) {
            check_answer(node.shard(), &answering, STALENESS);
        }
    }
    all_barred
}

/// At the end, what a site lacks of another's updates is what filters on the way hold back, to the last bit.
fn check_delivered(driver: &Driver, case: &Case) {
    for row in 0..ROWS {
        let home = case.site_of(row % case.machines());
        let value_at = |site: u32| cell(shard(driver, case, site, row), row).expect("nothing is under way");
        assert_eq!(value_at(home).0, 4.0 + case.clocks as f32);
        for site in (0..case.sites).filter(|&site| site != home) {
            let hops = way(&case.overlay, case.sites, home as usize, site as usize);
            let pending: f32 = hops.iter().map(|&(at, side)| value_at(at as u32).1[side]).sum();
            assert_eq!(value_at(site).0 + pending, value_at(home).0, "row {row} in site {site}, over {hops:?}");
        }
    }
}

fn checked(case: &Case, everything_is_significant: bool) -> (Driver, Kept<u32>, usize) {
    let workers = case.machines();
    let mut driver = case.driver(1, |worker| Counting::new(worker, workers));
    let mut answers = Answers::default();
    let mut most_barred = 0;
    let kept = run(&mut driver, |driver| {
        check_values(driver, case, everything_is_significant);
        most_barred = most_barred.max(check_answers(driver, &mut answers));
    });
    check_delivered(&driver, case);
    (driver, kept, most_barred)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn hubs_lose_nothing_and_no_clock_overtakes(
        (overlay, sites) in (2u32..7).prop_flat_map(|sites| (any_overlay(sites), Just(sites))),
        machines_per_site in 1u32..3,
        slack in 0u32..3,
        wan_mbit_per_s in 1u64..60,
        seed in 0u64..100,
    ) {
        let plain = Case::new(sites, machines_per_site, gaia(slack, 0.0));
        let case = Case { wan_mbit_per_s, seed, clocks: 6, overlay, ..plain };
        let (driver, ..) = checked(&case, true);
        for row in 0..ROWS {
            for site in 0..sites {
                let (value, pending) = cell(shard(&driver, &case, site, row), row).expect("nothing is under way");
                prop_assert_eq!(value, 4.0 + case.clocks as f32, "row {} in site {}", row, site);
                prop_assert!(pending.iter().all(|&pending| pending == 0.0));
            }
        }
    }

    #[test]
    fn what_a_site_lacks_is_what_filters_on_the_way_hold_back(
        (overlay, sites) in (2u32..7).prop_flat_map(|sites| (any_overlay(sites), Just(sites))),
        machines_per_site in 1u32..3,
        slack in 0u32..3,
        threshold in 0.0f64..0.6,
        wan_mbit_per_s in 1u64..60,
        seed in 0u64..100,
    ) {
        let plain = Case::new(sites, machines_per_site, gaia(slack, threshold));
        checked(&Case { wan_mbit_per_s, seed, clocks: 8, overlay, ..plain }, false);
    }
}

/// Two groups of three, hubs 0 and 3.
fn two_groups() -> Overlay {
    Overlay::Groups(Groups::with_hubs(vec![vec![0, 1, 2], vec![3, 4, 5]], &[0, 3]))
}

#[test]
fn hubs_save_bytes_between_groups() {
    let bytes = |overlay| {
        let (_, kept, _) = checked(&Case { overlay, ..Case::new(6, 1, gaia(1, 0.0)) }, true);
        kept.wan_bytes
    };
    // A site's updates cross 5 links directly; with hubs the sums of three sites cross one link and are spread over two.
    let (direct, hubs) = (bytes(Overlay::Direct), bytes(two_groups()));
    assert!(hubs < direct, "{hubs} bytes over hubs, {direct} directly");
}

#[test]
fn barriers_go_ahead_through_hubs() {
    let case = Case {
        wan_mbit_per_s: 2,
        clocks: 10,
        sigma_bytes: 2000.0,
        overlay: two_groups(),
        ..Case::new(6, 1, gaia(1, 0.0))
    };
    let mut driver = case.driver(1, |worker| Counting::new(worker, 6));
    let mut ahead = 0;
    run(&mut driver, |driver| {
        // Site 5 is no hub's neighbour but by hub 3: it has a row barred for site 1, whose updates hub 3 still lacks.
        let far = driver.nodes()[5].shard();
        let near = driver.nodes()[3].shard();
        let lacks = |shard: &Shard| shard.mirror_clocks()[&SiteId(1)];
        ahead += usize::from(
            far.barriers().next().is_some() && near.barriers().next().is_some() && lacks(far) == lacks(near),
        );
    });
    assert!(ahead > 0, "no barrier was passed on ahead of its values");
    checked(&case, true);
}

/// A small share of what `examples/protocol_laws.rs` runs.
#[test]
fn the_protocol_keeps_its_laws_over_any_hubs() {
    check_cases(any_hub_case(), 80);
}
