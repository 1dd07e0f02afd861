//! Laws of the soft threshold: it uses idle links alone and delays nobody for long, nothing is lost, and in the end no site
//! holds back more than it allows.

use crate::common::{Case, Counting, Kept, ROWS, run};
use emulator::id::MachineId;
use emulator::virtual_driver::VirtualDriver;
use gaia_core::machine::Machine;
use gaia_core::overlay::{Groups, Overlay};
use gaia_core::sync::config::{
    Gaia, Inside, MirrorClock, Relay, SelectiveBarrier, Significance, System, ThresholdSchedule, UserGoal, Ways,
};
use proptest::prelude::*;

type Driver = VirtualDriver<Machine<Counting>>;

const THRESHOLD: f64 = 0.6;

fn gaia(slack: u32, goal: UserGoal) -> System {
    System::Gaia(Gaia {
        inside: Inside::ssp(slack),
        significance: Significance { threshold: THRESHOLD, schedule: ThresholdSchedule::Constant },
        selective_barrier: SelectiveBarrier::Backlog { seconds: 0.01 },
        mirror_clock: MirrorClock::Bounded { staleness: 1 },
        overlay: Ways::default(),
        relay: Relay::default(),
        goal,
    })
}

/// Nobody begins to choose such updates but for links on which nothing waits. Says how many begin now.
fn check_links(driver: &Driver, choosing: &mut [bool]) -> u32 {
    let mut begun = 0;
    for (index, node) in driver.nodes().iter().enumerate() {
        let receivers = node.shard().best_effort_to();
        if let Some(receivers) = receivers
            && !choosing[index]
        {
            begun += 1;
            for &to in receivers {
                let backlog = driver.links().backlog(MachineId(index as u32), to);
                assert_eq!(backlog.as_bytes(), 0, "m{index} chooses updates for {to}");
            }
        }
        choosing[index] = receivers.is_some();
    }
    begun
}

/// A row's first float in every site: its value, and what every side holds back.
fn cells(driver: &Driver, case: &Case, row: u32) -> Vec<(f32, Vec<f32>)> {
    let cell = |site: u32| {
        let shard = driver.nodes()[(site * case.machines_per_site + row % case.machines_per_site) as usize].shard();
        let position = shard.rows().rows().binary_search(&row).expect("the shard has the row");
        let first = shard.rows().range(position).start;
        let store = shard.store().expect("nothing is under way");
        (store.values[first], store.accumulated.iter().map(|side| side[first]).collect())
    };
    (0..case.sites).map(cell).collect()
}

fn checked(case: &Case) -> (Driver, Kept<u32>, u32) {
    let workers = case.machines();
    let mut driver = case.driver(1, |worker| Counting::new(worker, workers));
    let mut choosing = vec![false; workers as usize];
    let mut begun = 0;
    let kept = run(&mut driver, |driver| begun += check_links(driver, &mut choosing));
    (driver, kept, begun)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn idle_links_carry_what_exceeds_the_soft_threshold(
        sites in 2u32..5,
        machines_per_site in 1u32..3,
        slack in 0u32..3,
        soft in 0.0f64..1.0,
        seconds in 0.001f64..0.5,
        wan_mbit_per_s in 1u64..60,
        seed in 0u64..100,
    ) {
        let system = gaia(slack, UserGoal::Fastest { soft, seconds });
        let case = Case { wan_mbit_per_s, seed, clocks: 8, ..Case::new(sites, machines_per_site, system) };
        let (driver, _, begun) = checked(&case);
        prop_assert!(begun > 0);
        for row in 0..ROWS {
            let home = case.site_of(row % case.machines()) as usize;
            let cells = cells(&driver, &case, row);
            let (value, pending) = &cells[home];
            prop_assert_eq!(*value, 4.0 + case.clocks as f32);
            // The run goes on until nothing is left to do: so links are idle in the end.
            let most = (THRESHOLD * soft) as f32 * value;
            prop_assert!(pending[0] <= most, "row {row} holds back {}, soft threshold {most}", pending[0]);
            for (site, (copy, _)) in cells.iter().enumerate().filter(|&(site, _)| site != home) {
                prop_assert_eq!(copy + pending[0], *value, "row {} in site {}", row, site);
            }
        }
    }
}

/// Two groups of two, hubs 0 and 3.
fn hubs() -> Overlay {
    Overlay::Groups(Groups::with_hubs(vec![vec![0, 1], vec![2, 3]], &[0, 3]))
}

#[test]
fn with_a_soft_threshold_of_nothing_every_site_has_everything_in_the_end() {
    for overlay in [Overlay::Direct, hubs()] {
        let system = gaia(1, UserGoal::Fastest { soft: 0.0, seconds: 0.1 });
        let case = Case { overlay, clocks: 8, ..Case::new(4, 1, system) };
        let (driver, ..) = checked(&case);
        for row in 0..ROWS {
            for (value, pending) in cells(&driver, &case, row) {
                assert_eq!(value, 4.0 + case.clocks as f32, "row {row}, {:?}", case.overlay);
                assert!(pending.iter().all(|&pending| pending == 0.0));
            }
        }
    }
}

#[test]
fn the_cheapest_sends_less_and_the_fastest_is_nearer() {
    let run_of = |goal| {
        let case = Case { clocks: 8, ..Case::new(3, 2, gaia(1, goal)) };
        let (driver, kept, begun) = checked(&case);
        let held: f32 = (0..ROWS).flat_map(|row| cells(&driver, &case, row)).map(|(_, pending)| pending[0]).sum();
        (kept.wan_bytes, held, begun)
    };
    let (few, far, never) = run_of(UserGoal::Cheapest {});
    let (many, near, _) = run_of(UserGoal::Fastest { soft: 0.1, seconds: 0.1 });
    assert_eq!(never, 0);
    assert!(few < many && near < far, "{few} bytes and {far} held back, {many} and {near}");
}

#[test]
fn no_message_is_longer_than_its_share_of_the_link() {
    // Everything is held back by the threshold, so that all updates are best effort.
    let run_of = |seconds| {
        let Case { wan_mbit_per_s, .. } = Case::new(2, 1, System::Global(Inside::BSP));
        let Gaia { significance, .. } = match gaia(0, UserGoal::Cheapest {}) {
            System::Gaia(gaia) => gaia,
            _ => unreachable!("it is Gaia"),
        };
        let System::Gaia(settings) = gaia(0, UserGoal::Fastest { soft: 0.0, seconds }) else {
            unreachable!("it is Gaia")
        };
        let significance = Significance { threshold: 100.0, ..significance };
        let case = Case::new(2, 1, System::Gaia(Gaia { significance, ..settings }));
        let (_, kept, _) = checked(&case);
        let data = kept.sent.iter().filter(|&&(_, class, ..)| class == emulator::node::Class::Data);
        let longest = data.map(|&(.., bytes)| bytes).max().expect("data are sent") as f64;
        longest / (wan_mbit_per_s as f64 * 125_000.0)
    };
    // An update is taken for 12 bytes as plain has them, and a header comes on top, which counts in small messages.
    let (short, long) = (run_of(0.01), run_of(0.1));
    assert!(short < 0.011, "{short} s of the link in a message");
    assert!(long > short && long < 0.11, "{long} s of the link in a message");
}
