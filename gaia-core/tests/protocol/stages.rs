//! Layer groups that are pulled and pushed one after another: the same learning in less time, and times that add up.

use crate::common::{Case, Kept, Mixing, ROWS, WIDTH, run};
use emulator::time::Duration;
use emulator::virtual_driver::Step;
use gaia_core::breakdown::Part;
use gaia_core::layout::{Layout, Table};
use gaia_core::outbox::Sample;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::sync::config::{
    Gaia, Inside, MirrorClock, Relay, SelectiveBarrier, Significance, System, UserGoal, Ways,
};
use gaia_core::workload::traits::{Evaluation, Workload};

/// The tests' workload with its rows in three tables.
struct Staged(Mixing, Layout);

impl Staged {
    /// Three stages, or the same tables needed at once.
    fn new(worker: u32, stages: usize) -> Self {
        let table = |name: &str, rows| Table { name: name.to_owned(), rows, width: WIDTH };
        let tables = vec![(table("a", 9), [1, 2]), (table("b", 4), [2, 3]), (table("c", ROWS - 13), [1, 3])];
        let layout = if stages == 1 {
            Layout::new(tables.into_iter().map(|(table, _)| table).collect())
        } else {
            Layout::staged(tables)
        };
        Staged(Mixing::new(worker), layout)
    }
}

impl Workload for Staged {
    type State = Vec<f32>;

    fn layout(&self) -> Layout {
        self.1.clone()
    }

    fn declared_rows(&self) -> &[u32] {
        self.0.declared_rows()
    }

    fn initial_row(&self, row: u32, values: &mut [f32]) {
        self.0.initial_row(row, values);
    }

    fn initial_state(&self) -> Vec<f32> {
        self.0.initial_state()
    }

    fn compute(&self, clock: u32, state: &mut Vec<f32>, view: &mut [f32]) {
        self.0.compute(clock, state, view);
    }

    fn evaluate(&self, state: &Vec<f32>, view: &[f32]) -> Evaluation {
        self.0.evaluate(state, view)
    }

    fn duration(&self, clock: u32, kind: &MachineKind, similitude: &Similitude) -> Duration {
        Duration::from_nanos(self.0.duration(clock, kind, similitude).as_nanos() * 5)
    }

    fn clocks_per_pass(&self) -> u32 {
        1
    }

    fn learning_rate_factor(&self, _: u32) -> f64 {
        1.0
    }
}

fn gaia(inside: Inside) -> System {
    System::Gaia(Gaia {
        inside,
        significance: Significance { threshold: 0.001, ..Significance::default() },
        selective_barrier: SelectiveBarrier::default(),
        mirror_clock: MirrorClock::default(),
        overlay: Ways::default(),
        relay: Relay::default(),
        goal: UserGoal::default(),
    })
}

fn case(system: System) -> Case {
    // A clock's transfers take about as long as its work.
    Case { wan_mbit_per_s: 200, delay_ms: 1, sigma_bytes: 2000.0, ..Case::new(2, 2, system) }
}

/// The samples that were kept of the run, and its time in seconds.
fn ran(case: &Case, stages: usize) -> (Kept<Vec<f32>>, f64) {
    let mut driver = case.driver(2, |worker| Staged::new(worker, stages));
    let kept = run(&mut driver, |_| ());
    (kept, driver.now().as_secs_f64())
}

#[test]
fn stages_learn_the_same_bits_under_bsp_in_less_time() {
    let case = case(System::Global(Inside::BSP));
    let ((whole, long), (staged, short)) = (ran(&case, 1), ran(&case, 3));
    assert_eq!(whole.evaluations, staged.evaluations);
    assert!(short < 0.97 * long, "{short} s staged, {long} s at once");
}

#[test]
fn the_parts_of_a_clock_add_up_with_stages() {
    for system in [System::Global(Inside::BSP), gaia(Inside::ssp(1))] {
        let (kept, _) = ran(&case(system), 3);
        let mut clocks = 0;
        for (_, sample) in &kept.clocks {
            if let Sample::Clock { started, ended, parts, read_wait, .. } = sample {
                assert_eq!(parts.total(), *ended - *started);
                let work = parts.part(Part::Compute) + parts.part(Part::Encode);
                assert_eq!(*read_wait + work, parts.total());
                clocks += 1;
            }
        }
        assert_eq!(clocks, 4 * 6);
    }
}

#[test]
fn a_staged_run_taken_up_from_any_checkpoint_ends_the_same() {
    for system in [System::Global(Inside::ssp(1)), gaia(Inside::BSP)] {
        let case = case(system);
        let driver = || case.driver(2, |worker| Staged::new(worker, 3));
        let mut whole = driver();
        let mut events = 0;
        run(&mut whole, |_| events += 1);
        for at in (0..events).step_by(events / 23) {
            let (mut first, mut kept) = (driver(), Kept::default());
            first.start(&mut kept);
            for _ in 0..at {
                assert_eq!(first.step(&mut kept).expect("no stall"), Step::Running);
            }
            let mut second = driver();
            second.resume(&first.checkpoint()).expect("its own checkpoint");
            while second.step(&mut kept).expect("no stall") == Step::Running {}
            assert_eq!(second.digest().to_string(), whole.digest().to_string(), "broken at event {at} of {events}");
        }
    }
}
