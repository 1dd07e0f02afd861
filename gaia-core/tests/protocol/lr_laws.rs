//! Logistic regression in whole runs: one sequential loop under BSP, learning under every sync model, any checkpoint, the same bits on
//! every instruction set.

use crate::common::{Case, Kept, run};
use datasets::sparse::Sparse;
use datasets::sparse::config::Generated;
use datasets::sparse::generate::{Truth, generate_with_truth};
use datasets::sparse::partition::{Split, partition};
use emulator::units::{Bandwidth, ByteSize};
use emulator::virtual_driver::{Step, VirtualDriver};
use gaia_core::machine::Machine;
use gaia_core::simd::Isa;
use gaia_core::sync::config::{
    Bosen, Budget, Gaia, GaiaAsync, Inside, MirrorClock, Relay, SelectiveBarrier, Significance, System, UserGoal, Ways,
};
use gaia_core::workload::lr::config::Lr;
use gaia_core::workload::lr::metrics::{JudgedExamples, Metrics, judge};
use gaia_core::workload::lr::worker::{LrWorker, WholeData};
use gaia_core::workload::traits::Workload;

fn data() -> (Sparse, Truth) {
    let shape = Generated { examples: 4_000, features: 300, nonzeros: 12.0, held_out: 0.25, ..Generated::default() };
    generate_with_truth(&shape, 5)
}

fn config() -> Lr {
    Lr { weights_per_row: 16, clocks_per_pass: 20, ..Lr::default() }
}

fn workers(data: &Sparse, count: u32, isa: Isa) -> impl Fn(u32) -> LrWorker {
    let parts = partition(data, &[count], Split::Even);
    let whole = WholeData::of(data, count);
    move |machine| LrWorker::new(data, &parts[machine as usize], whole, config(), 1, isa)
}

fn driver(case: &Case, data: &Sparse, threads: usize, isa: Isa) -> VirtualDriver<Machine<LrWorker>> {
    case.driver(threads, workers(data, case.machines(), isa))
}

/// Clocks of the runs that learn: 20 passes.
const CLOCKS: u32 = 400;

/// The first server's table.
fn weights(driver: &VirtualDriver<Machine<LrWorker>>, case: &Case) -> Vec<f32> {
    let width = config().weights_per_row as usize;
    let machines = if case.system.sites().is_none() { case.machines() } else { case.machines_per_site };
    let mut all = vec![0.0; 19 * width];
    for node in &driver.nodes()[..machines as usize] {
        let values = &node.shard().store().expect("nothing is under way").values;
        for (position, &row) in node.shard().rows().rows().iter().enumerate() {
            all[row as usize * width..][..width].copy_from_slice(&values[node.shard().rows().range(position)]);
        }
    }
    all
}

/// Every kind of system.
fn systems() -> Vec<System> {
    let (inside, significance) = (Inside::ssp(1), Significance::default());
    let (overlay, relay) = (Ways::default(), Relay::default());
    let gaia = Gaia {
        inside,
        significance,
        selective_barrier: SelectiveBarrier::Backlog { seconds: 0.01 },
        mirror_clock: MirrorClock::Bounded { staleness: 1 },
        overlay: overlay.clone(),
        relay,
        goal: UserGoal::default(),
    };
    let budget = Budget::Rate(Bandwidth::from_bits_per_second(20_000_000));
    let bosen = Bosen { slack: 1, budget, parts: 3, message: ByteSize::from_bytes(60_000) };
    let global = Inside::all().into_iter().map(|model| System::Global(model.example));
    let asynchronous = GaiaAsync { inside, significance, overlay, relay };
    global.chain([System::Gaia(gaia), System::GaiaAsync(asynchronous), System::Bosen(bosen)]).collect()
}

fn held_out(data: &Sparse, weights: &[f32]) -> Metrics {
    JudgedExamples::new(&data.held_out, data.features).expect("examples are held out").evaluate(Isa::detect(), weights)
}

#[test]
fn one_worker_under_bsp_is_one_sequential_loop() {
    let (data, _) = data();
    let case = Case { clocks: 7, ..Case::new(1, 1, System::Global(Inside::BSP)) };
    let mut driver = driver(&case, &data, 1, Isa::detect());
    run(&mut driver, |_| ());
    let worker = workers(&data, 1, Isa::Scalar)(0);
    let mut table = vec![0.0f32; 19 * 16];
    for clock in 0..7 {
        let declared = worker.declared_rows();
        let before: Vec<f32> = declared.iter().flat_map(|&row| table[row as usize * 16..][..16].to_vec()).collect();
        let mut after = before.clone();
        worker.compute(clock, &mut (), &mut after);
        for (position, &row) in declared.iter().enumerate() {
            (0..16).for_each(|k| table[row as usize * 16 + k] += after[position * 16 + k] - before[position * 16 + k]);
        }
    }
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&weights(&driver, &case)), bits(&table));
}

#[test]
fn every_sync_model_learns_and_those_with_a_bound_nearly_what_the_true_weights_know() {
    let (data, truth) = data();
    let odds: Vec<f32> = data.held_out.iter().map(|(_, entries)| truth.log_odds(entries) as f32).collect();
    let best = judge(&odds, data.held_out.labels()).auc.expect("both classes");
    for system in systems() {
        let case = Case { clocks: CLOCKS, ..Case::new(3, 2, system) };
        let mut driver = driver(&case, &data, 2, Isa::detect());
        let kept = run(&mut driver, |_| ());
        let objective = |clock: u32| (0..6).map(|machine| kept.evaluations[&(clock, machine)].objective).sum::<f64>();
        if matches!(case.system, System::Global(Inside::Tap(_)) | System::GaiaAsync(_)) {
            // Nothing bounds how far workers or sites run ahead of what they read.
            assert!(objective(CLOCKS) < objective(0), "{:?}", case.system);
            continue;
        }
        assert!(objective(CLOCKS) < 0.8 * objective(0), "{:?}: {} of {}", case.system, objective(CLOCKS), objective(0));
        let found = held_out(&data, &weights(&driver, &case));
        let auc = found.auc.expect("both classes");
        assert!(auc > 0.7 && auc > best - 0.11, "{:?}: AUC {auc}, true weights {best}", case.system);
        assert!(found.log_loss < std::f64::consts::LN_2 && found.accuracy > 0.65, "{found:?}");
    }
}

#[test]
fn runs_are_the_same_on_every_instruction_set_and_for_any_number_of_threads() {
    let (data, _) = data();
    for system in systems() {
        let case = Case::new(3, 2, system);
        let digest = |threads, isa| {
            let mut driver = driver(&case, &data, threads, isa);
            let kept = run(&mut driver, |_| ());
            let objectives: Vec<u64> = kept.evaluations.values().map(|found| found.objective.to_bits()).collect();
            (driver.digest().to_string(), objectives)
        };
        let expected = digest(1, Isa::Scalar);
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_supported()) {
            assert_eq!(digest(3, isa), expected, "{isa}, {:?}", case.system);
        }
    }
}

#[test]
fn a_run_taken_up_from_any_checkpoint_ends_the_same() {
    let (data, _) = data();
    for system in systems() {
        let case = Case { wan_mbit_per_s: 3, ..Case::new(3, 1, system) };
        let mut whole = driver(&case, &data, 2, Isa::detect());
        let mut events = 0;
        run(&mut whole, |_| events += 1);
        for at in (0..events).step_by(events / 5) {
            let mut first = driver(&case, &data, 2, Isa::detect());
            let mut kept = Kept::default();
            first.start(&mut kept);
            for _ in 0..at {
                assert_eq!(first.step(&mut kept).expect("no stall"), Step::Running);
            }
            let mut second = driver(&case, &data, 1, Isa::detect());
            second.resume(&first.checkpoint()).expect("its own checkpoint");
            while second.step(&mut kept).expect("no stall") == Step::Running {}
            assert_eq!(second.digest().to_string(), whole.digest().to_string(), "broken at event {at} of {events}");
        }
    }
}
