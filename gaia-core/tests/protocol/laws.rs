//! Laws that hold after every single event of a run.

use crate::common::steady::check_pairs;
use crate::common::writers::{any_direct_case, check_cases};
use crate::common::{Answers, Case, Counting, ROWS, check_answer, run};
use emulator::time::Duration;
use emulator::virtual_driver::VirtualDriver;
use gaia_core::breakdown::Part;
use gaia_core::machine::Machine;
use gaia_core::outbox::Sample;
use gaia_core::sync::config::{
    Gaia, Inside, MirrorClock, Relay, SelectiveBarrier, Significance, Ssp, System, ThresholdSchedule, UserGoal, Ways,
};
use proptest::prelude::*;

const STALENESS: u32 = 1;

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

/// No worker computes on rows that lack more than `slack` clocks of a worker of its server.
fn check_staleness(driver: &VirtualDriver<Machine<Counting>>, slack: u32) {
    for node in driver.nodes() {
        for (_, data_clock) in node.worker().reading().unwrap_or_default() {
            let clock = node.worker().clock();
            assert!(data_clock + slack >= clock, "clock {clock} reads data of clock {data_clock}");
        }
    }
}

/// Returns whether rows are barred somewhere.
fn check_answers(driver: &VirtualDriver<Machine<Counting>>, answers: &mut Answers) -> bool {
    let mut any_barred = false;
    for (machine, node) in (0..).zip(driver.nodes()) {
        any_barred |= node.shard().barriers().next().is_some();
        if let Some(answering) = answers.begun(machine, node.shard()) {
            check_answer(node.shard(), &answering, STALENESS);
        }
    }
    any_barred
}

/// A value holds what its own site has sent, never more, and nothing comes back.
fn check_conservation(driver: &VirtualDriver<Machine<Counting>>, case: &Case) {
    let machines = case.machines_per_site;
    for row in 0..ROWS {
        let owner = row % case.machines();
        let home = case.site_of(owner) * machines + row % machines;
        let Some((value, pending)) = cell(driver, home, row) else { continue };
        assert!(value - 4.0 <= case.clocks as f32, "row {row} counts {value}");
        assert!(pending >= 0.0 && pending <= value - 4.0, "row {row} holds back {pending} of {value}");
        for site in 0..case.sites {
            let Some((copy, echo)) = cell(driver, site * machines + row % machines, row) else { continue };
            if site != case.site_of(owner) {
                assert!(copy <= value - pending, "row {row}: site {site} has {copy}, sent were {}", value - pending);
                assert_eq!(echo, 0.0, "row {row}: site {site} would send back {echo}");
            }
        }
    }
}

/// Value and accumulated update of a row's first float, where the store is not away.
fn cell(driver: &VirtualDriver<Machine<Counting>>, machine: u32, row: u32) -> Option<(f32, f32)> {
    let shard = driver.nodes()[machine as usize].shard();
    let position = shard.rows().rows().binary_search(&row).expect("the shard has the row");
    let first = shard.rows().range(position).start;
    let store = shard.store()?;
    Some((store.values[first], store.accumulated.first().map_or(0.0, |pending| pending[first])))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn gaia_keeps_its_promises_after_every_event(
        sites in 2u32..5,
        machines_per_site in 1u32..4,
        slack in 0u32..3,
        threshold in 0.0f64..0.6,
        wan_mbit_per_s in 1u64..60,
        seed in 0u64..100,
    ) {
        let case = Case { wan_mbit_per_s, seed, clocks: 8, ..Case::new(sites, machines_per_site, gaia(slack, threshold)) };
        let workers = case.machines();
        let mut driver = case.driver(1, |worker| Counting::new(worker, workers));
        let mut answers = Answers::default();
        run(&mut driver, |driver| {
            check_staleness(driver, slack);
            check_answers(driver, &mut answers);
            check_conservation(driver, &case);
        });
        for row in 0..ROWS {
            let owner = row % workers;
            let home = case.site_of(owner) * machines_per_site + row % machines_per_site;
            let (value, pending) = cell(&driver, home, row).expect("nothing is under way");
            prop_assert_eq!(value, 4.0 + case.clocks as f32);
            for site in (0..sites).filter(|&site| site != case.site_of(owner)) {
                let (copy, _) = cell(&driver, site * machines_per_site + row % machines_per_site, row).expect("the same");
                prop_assert_eq!(copy + pending, value, "row {} in site {}", row, site);
            }
        }
    }

    #[test]
    fn ssp_keeps_its_staleness_bound_after_every_event(slack in 0u32..4, wan_mbit_per_s in 1u64..60, seed in 0u64..100) {
        let system = System::Global(Inside::ssp(slack));
        let case = Case { wan_mbit_per_s, seed, clocks: 8, ..Case::new(3, 2, system) };
        let mut driver = case.driver(1, |worker| Counting::new(worker, 6));
        run(&mut driver, |driver| check_staleness(driver, slack));
    }
}

#[test]
fn a_slow_link_raises_barriers_and_the_filter_saves_bytes() {
    let run_of = |threshold| {
        let case = Case { wan_mbit_per_s: 2, clocks: 10, sigma_bytes: 2000.0, ..Case::new(3, 2, gaia(1, threshold)) };
        let mut driver = case.driver(1, |worker| Counting::new(worker, 6));
        let mut barred_events = 0;
        let mut answers = Answers::default();
        let kept = run(&mut driver, |driver| barred_events += u64::from(check_answers(driver, &mut answers)));
        (barred_events, kept.wan_bytes)
    };
    let (barred, all_bytes) = run_of(0.0);
    let (_, some_bytes) = run_of(0.4);
    assert!(barred > 0, "the backlog of a 2 Mbit/s link never raised a barrier");
    assert!(some_bytes < all_bytes, "{some_bytes} bytes with the filter, {all_bytes} without");
}

#[test]
fn the_parts_of_every_clock_add_up_to_it() {
    for system in [System::Global(Inside::BSP), System::Global(Inside::ssp(2)), gaia(1, 0.1)] {
        let mut driver = Case::new(3, 2, system).driver(1, |worker| Counting::new(worker, 6));
        let kept = run(&mut driver, |_| ());
        let mut clocks = 0;
        for (_, sample) in &kept.clocks {
            if let Sample::Clock { started, ended, parts, read_wait, barrier_wait, .. } = sample {
                assert_eq!(parts.total(), *ended - *started);
                assert!(barrier_wait <= read_wait);
                clocks += 1;
            }
        }
        assert_eq!(clocks, 6 * 6);
    }
}

#[test]
fn the_way_of_the_first_question_is_time_on_the_wire() {
    for push in [false, true] {
        let case = Case::new(3, 1, System::Global(Inside::Ssp(Ssp { slack: 1, push })));
        let kept = run(&mut case.driver(1, |worker| Counting::new(worker, 3)), |_| ());
        let mut first_clocks = 0;
        for (_, sample) in &kept.clocks {
            if let Sample::Clock { clock: 0, parts, .. } = sample {
                let there_and_back = Duration::from_millis(2 * case.delay_ms);
                assert!(parts.part(Part::Wire) >= there_and_back, "pushed: {push}: {parts:?}");
                first_clocks += 1;
            }
        }
        assert_eq!(first_clocks, 3);
    }
}

/// A small share of what `examples/protocol_laws.rs` runs.
#[test]
fn the_protocol_keeps_its_laws_between_sites() {
    check_cases(any_direct_case(), 80);
}

/// The same law for another case.
#[test]
fn barriers_cost_no_more_than_waiting_for_each_other() {
    check_pairs(50);
}
