//! The machine and the link that every clock's wait was for.

use crate::common::{Case, Counting, run};
use emulator::id::MachineId;
use emulator::time::Duration;
use gaia_core::breakdown::{Blocked, Blocker, LinkEnds, Part};
use gaia_core::outbox::Sample;
use gaia_core::sync::config::{
    Between, Gaia, Inside, MirrorClock, Relay, Rounds, Rule, SelectiveBarrier, Significance, Sites, Ssp, System,
    ThresholdSchedule, UserGoal, Ways,
};
use proptest::prelude::*;

/// A clock of a machine that waited.
struct Waited {
    machine: MachineId,
    clock: u32,
    read_wait: Duration,
    blocked: Option<Blocked>,
}

/// Every clock of a run in which worker `slow` takes `by` longer.
fn clocks(case: &Case, slow: u32, by: Duration) -> Vec<Waited> {
    let slowed_by = |worker| if worker == slow { by } else { Duration::ZERO };
    let workload = |worker| Counting { slowed_by: slowed_by(worker), ..Counting::new(worker, case.machines()) };
    let kept = run(&mut case.driver(1, workload), |_| ());
    let clock = |(machine, sample): (u32, Sample<u32>)| match sample {
        Sample::Clock { clock, read_wait, blocked, .. } => {
            Some(Waited { machine: MachineId(machine), clock, read_wait, blocked })
        }
        _ => None,
    };
    kept.clocks.into_iter().filter_map(clock).collect()
}

fn gaia(inside: Inside) -> System {
    System::Gaia(Gaia {
        inside,
        significance: Significance { threshold: 0.0, schedule: ThresholdSchedule::Constant },
        selective_barrier: SelectiveBarrier::Backlog { seconds: 0.1 },
        mirror_clock: MirrorClock::Bounded { staleness: 0 },
        overlay: Ways::default(),
        relay: Relay::default(),
        goal: UserGoal::default(),
    })
}

#[test]
fn others_are_blocked_on_the_worker_that_is_slow() {
    for (sites, machines_per_site, system, part) in
        [(1, 4, System::Global(Inside::BSP), Part::Staleness), (2, 1, gaia(Inside::BSP), Part::Barrier)]
    {
        let case = Case { jitter: 0.0, ..Case::new(sites, machines_per_site, system) };
        let slow = case.machines() - 1;
        let mut seen = 0;
        for Waited { machine, clock, blocked, .. } in clocks(&case, slow, Duration::from_millis(500)) {
            if clock > 0 && machine.0 != slow {
                let blocked = blocked.expect("it waits for the slow worker");
                assert_eq!((blocked.on.machine, blocked.on.link, blocked.part), (MachineId(slow), None, part));
                assert!(blocked.span > Duration::from_millis(350), "{blocked:?}");
                seen += 1;
            }
        }
        assert_eq!(seen, (case.machines() - 1) * (case.clocks - 1));
    }
}

#[test]
fn those_at_the_end_of_a_slow_link_are_blocked_on_it() {
    // Under BSP the fourth shard's answers to the second worker are on the link. In Gaia its updates are, for the same rows in the first
    // site, whose two workers read them.
    for (sites, machines_per_site, system, part, readers) in
        [(1, 4, System::Global(Inside::BSP), Part::Wire, 1..2), (2, 2, gaia(Inside::BSP), Part::Barrier, 0..2)]
    {
        let case = Case::new(sites, machines_per_site, system);
        let case = Case { jitter: 0.0, sigma_bytes: 4000.0, slow_link: Some([3, 1]), ..case };
        let mut seen = 0;
        for Waited { machine, clock, blocked, .. } in clocks(&case, 0, Duration::ZERO) {
            if clock > 0 && readers.contains(&machine.0) {
                let Blocked { part: found, on, .. } = blocked.expect("it waits for the slow link");
                assert_eq!(
                    (found, on),
                    (part, Blocker::message(MachineId(3), MachineId(1))),
                    "{machine}, clock {clock}"
                );
                seen += 1;
            }
        }
        assert_eq!(seen, readers.len() as u32 * (case.clocks - 1));
    }
}

fn system() -> impl Strategy<Value = System> {
    let rounds = Rounds { every: 2, rule: Rule::Add {} };
    prop_oneof![
        prop::sample::select(vec![
            Inside::BSP,
            Inside::ssp(1),
            Inside::local_steps(2),
            Inside::Ssp(Ssp { slack: 1, push: true }),
        ])
        .prop_map(System::Global),
        prop::sample::select(vec![Inside::BSP, Inside::ssp(1)]).prop_map(gaia),
        Just(System::Hierarchical(Sites { inside: Inside::BSP, between: Between::Rounds(rounds) })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_wait_is_for_another_machine_or_the_own_shard(
        system in system(),
        wan_mbit_per_s in 1u64..60,
        seed in 0u64..100,
        slow_ms in prop::sample::select(vec![0, 40]),
    ) {
        let case = Case { wan_mbit_per_s, seed, ..Case::new(2, 2, system) };
        let clocks = clocks(&case, 1, Duration::from_millis(slow_ms));
        prop_assert_eq!(clocks.len() as u32, case.machines() * case.clocks);
        for Waited { machine, clock, read_wait, blocked } in clocks {
            let Some(Blocked { part, on, span }) = blocked else {
                prop_assert_eq!(read_wait, Duration::ZERO, "{} waited in clock {}", machine, clock);
                continue;
            };
            prop_assert!(span > Duration::ZERO);
            if let Some(LinkEnds { from, to }) = on.link {
                prop_assert!(from != to && [from, to].contains(&on.machine), "{:?}", on);
                prop_assert!([Part::Wire, Part::Barrier].contains(&part), "{:?} on a link", part);
                prop_assert!(on.machine != machine, "{:?}", on);
            } else if on.machine == machine {
                prop_assert!([Part::Server, Part::Encode, Part::Barrier].contains(&part), "{:?} of the own shard", part);
            }
        }
    }
}
