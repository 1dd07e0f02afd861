//! Laws of encodings that cut values: nothing is lost, however often it is cut, and sites that merge stay equal.

use crate::common::{Case, run, way};
use emulator::time::Duration;
use emulator::virtual_driver::VirtualDriver;
use gaia_core::layout::{Layout, Table};
use gaia_core::machine::Machine;
use gaia_core::overlay::{Groups, Overlay};
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::sync::config::{
    Between, Encoding, Encodings, Gaia, Inside, MirrorClock, Relay, Rounds, Rule, SelectiveBarrier, Significance,
    Significant, Sites, System, ThresholdSchedule, UserGoal, Ways,
};
use gaia_core::workload::traits::{Evaluation, Workload};

const ROWS: u32 = 13;
const WIDTH: usize = 40;
const START: f32 = 4.0;
const EVERY_ROW: [u32; ROWS as usize] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/// Adds fractions of 12 bits, more than either encoding sends at once; sums of them are exact.
struct Fractions(u32);

/// The change of a float in a clock of a worker: some are many times larger than others, and some 0.
fn change(worker: u32, clock: u32, row: u32, column: usize) -> f32 {
    let number = (worker * 31 + clock * 17 + row * 7 + column as u32 * 1231) % 4096;
    let shift = if column.is_multiple_of(3) { 16 } else { 4096 };
    if number.is_multiple_of(5) { 0.0 } else { (number as f32 - 2048.0) / shift as f32 }
}

impl Workload for Fractions {
    type State = ();

    fn layout(&self) -> Layout {
        Layout::new(vec![Table { name: "r".to_owned(), rows: ROWS, width: WIDTH as u32 }])
    }

    fn declared_rows(&self) -> &[u32] {
        &EVERY_ROW
    }

    fn initial_row(&self, _: u32, values: &mut [f32]) {
        values.fill(START);
    }

    fn initial_state(&self) {}

    fn compute(&self, clock: u32, (): &mut (), view: &mut [f32]) {
        for (row, values) in (0..).zip(view.chunks_mut(WIDTH)) {
            for (column, value) in values.iter_mut().enumerate() {
                *value += change(self.0, clock, row, column);
            }
        }
    }

    fn evaluate(&self, (): &(), _: &[f32]) -> Evaluation {
        Evaluation::default()
    }

    fn duration(&self, clock: u32, _: &MachineKind, _: &Similitude) -> Duration {
        Duration::from_millis(15 + u64::from((self.0 * 5 + clock * 7) % 13))
    }

    fn clocks_per_pass(&self) -> u32 {
        1
    }

    fn learning_rate_factor(&self, _: u32) -> f64 {
        1.0
    }
}

fn significant(threshold: f64, relay: Relay, goal: UserGoal) -> System {
    System::Gaia(Gaia {
        inside: Inside::ssp(1),
        significance: Significance { threshold, schedule: ThresholdSchedule::Constant },
        selective_barrier: SelectiveBarrier::Backlog { seconds: 0.01 },
        mirror_clock: MirrorClock::Bounded { staleness: 1 },
        overlay: Ways::default(),
        relay,
        goal,
    })
}

fn case(system: System, between: Encoding) -> Case {
    let encodings = Encodings { inside: Encoding::Smallest, between };
    Case { clocks: 9, encodings, ..Case::new(4, 2, system) }
}

type Driver = VirtualDriver<Machine<Fractions>>;

/// The value of a float in a site, and what each of the site's sides holds back of it.
fn cell(driver: &Driver, case: &Case, site: u32, row: u32, column: usize) -> (f32, Vec<f32>) {
    let machine = site * case.machines_per_site + row % case.machines_per_site;
    let shard = driver.nodes()[machine as usize].shard();
    let position = shard.rows().rows().binary_search(&row).expect("the shard has the row");
    let place = shard.rows().range(position).start + column;
    let store = shard.store().expect("nothing is under way");
    (store.values[place], store.accumulated.iter().map(|side| side[place]).collect())
}

/// The sides that updates of `origin` wait on before they are in `to`.
fn sides(case: &Case, relay: Relay, origin: u32, to: u32) -> Vec<(usize, usize)> {
    let mut hops = way(&case.overlay, case.sites, origin as usize, to as usize);
    let (at, side) = hops[0];
    if relay == Relay::PassOn && case.overlay.sides(at, case.sites as usize)[side].of != [at] {
        hops.push((origin as usize, 0));
    }
    hops
}

/// Runs the case to its end; the number of floats that some side holds back there, and the bytes between sites.
fn check(case: &Case, relay: Relay) -> (usize, u64) {
    let mut driver = case.driver(1, Fractions);
    let kept = run(&mut driver, |_| ());
    let mut held_back = 0;
    for (row, column) in (0..ROWS).flat_map(|row| (0..WIDTH).map(move |column| (row, column))) {
        let changes = (0..case.machines()).flat_map(|worker| (0..case.clocks).map(move |clock| (worker, clock)));
        let all = START + changes.map(|(worker, clock)| change(worker, clock, row, column)).sum::<f32>();
        for site in 0..case.sites {
            let (value, own) = cell(&driver, case, site, row, column);
            held_back += own.iter().filter(|&&held| held != 0.0).count();
            let ways =
                (0..case.sites).filter(|&origin| origin != site).flat_map(|origin| sides(case, relay, origin, site));
            let ways: std::collections::BTreeSet<_> = ways.collect();
            let held = |&(at, side): &(usize, usize)| cell(&driver, case, at as u32, row, column).1[side];
            let lacks = ways.iter().map(held).sum::<f32>();
            assert_eq!(value + lacks, all, "row {row}, column {column} in site {site}");
        }
    }
    (held_back, kept.wan_bytes)
}

#[test]
fn what_is_sent_and_what_is_held_back_are_all_updates_to_the_bit() {
    let hubs = Overlay::Groups(Groups::with_hubs(vec![vec![0, 1], vec![2, 3]], &[0, 3]));
    let fastest = UserGoal::Fastest { soft: 0.2, seconds: 0.05 };
    for overlay in [Overlay::Direct, hubs] {
        for (threshold, relay, goal) in [
            (0.0, Relay::Filter, UserGoal::default()),
            (0.02, Relay::Filter, UserGoal::default()),
            (0.02, Relay::PassOn, fastest),
        ] {
            let of = |encoding| {
                let case = Case { overlay: overlay.clone(), ..case(significant(threshold, relay, goal), encoding) };
                check(&case, relay)
            };
            let [(kept, lossless), (cut_bf16, bf16), (cut_int8, int8)] =
                [Encoding::Smallest, Encoding::Bf16, Encoding::Int8].map(of);
            assert!(cut_bf16 > kept && cut_int8 > kept, "{kept} floats held back, {cut_bf16} and {cut_int8} when cut");
            assert!(int8 < bf16 && bf16 < lossless, "{int8}, {bf16}, {lossless} bytes");
            // Messages differ in time, and so in what they carry: of their bytes there is no law.
            of(Encoding::Rice);
        }
    }
}

#[test]
fn sites_that_merge_have_the_same_bits_and_owe_the_rest() {
    for between in [Encoding::Bf16, Encoding::Int8] {
        let rounds = Between::Rounds(Rounds { every: 3, rule: Rule::Add {} });
        let system = System::Hierarchical(Sites { inside: Inside::BSP, between: rounds });
        let case = case(system, between);
        let mut driver = case.driver(1, Fractions);
        run(&mut driver, |_| ());
        let mut owed = 0;
        for (row, column) in (0..ROWS).flat_map(|row| (0..WIDTH).map(move |column| (row, column))) {
            let cells = (0..case.sites).map(|site| cell(&driver, &case, site, row, column)).collect::<Vec<_>>();
            assert!(cells.iter().all(|(value, _)| value.to_bits() == cells[0].0.to_bits()), "{cells:?}");
            let rest = cells.iter().map(|(_, held)| held[0]).sum::<f32>();
            let changes = (0..case.machines()).flat_map(|worker| (0..case.clocks).map(move |clock| (worker, clock)));
            let all = START + changes.map(|(worker, clock)| change(worker, clock, row, column)).sum::<f32>();
            assert_eq!(cells[0].0 + rest, all, "row {row}, column {column}");
            owed += usize::from(rest != 0.0);
        }
        assert!(owed > 0, "nothing was cut");
    }
}

#[test]
#[should_panic(expected = "nothing keeps what an encoding inside a group cuts off")]
fn inside_a_site_nothing_is_cut() {
    let between = Between::Significant(Significant::default());
    let system = System::Hierarchical(Sites { inside: Inside::BSP, between });
    let case = Case { encodings: Encoding::Bf16.into(), ..case(system, Encoding::Bf16) };
    case.driver(1, Fractions);
}
