//! Networks at work: what they learn, that they learn the same bits again, and that machines together do what one would.

#![cfg(feature = "torch")]

mod common;

use std::sync::Arc;

use common::{Case, run};
use datasets::images::Images;
use datasets::images::config::Generated;
use datasets::images::generate::generate;
use datasets::images::partition::{Partition, Split, partition};
use gaia_core::sync::config::{
    Gaia, Inside, MirrorClock, Relay, SelectiveBarrier, Significance, System, UserGoal, Ways,
};
use gaia_core::workload::ic::architecture::Architecture;
use gaia_core::workload::ic::config::{Ic, Measure, NETWORKS, NetworkName, Norm};
use gaia_core::workload::ic::device::DeviceChoice;
use gaia_core::workload::ic::torch::device::Device;
use gaia_core::workload::ic::torch::worker::{IcState, IcWorker, WholeImages};
use gaia_core::workload::traits::Workload;

fn images(train: u32, test: u32) -> Images {
    generate(&Generated { train, test, ..Generated::default() }, 1)
}

fn cpu() -> Arc<Device> {
    Device::open(DeviceChoice::Cpu).expect("a machine has a CPU").0
}

fn config() -> Ic {
    let evaluation = Measure { every_clocks: 2, train_images: 64, test_images: 64 };
    Ic { batch: 8, clocks_per_pass: 4, evaluation, ..Ic::default() }
}

fn workers(images: &Images, config: Ic, machines: u32) -> Vec<IcWorker> {
    let whole = WholeImages::new(images, machines, config, 5, cpu()).expect("fit images");
    let parts = partition(images, &[machines], Split::Even);
    parts.into_iter().map(|part| IcWorker::new(whole.clone(), part)).collect()
}

fn view(worker: &IcWorker) -> Vec<f32> {
    let layout = worker.layout();
    let mut view = vec![f32::NAN; layout.floats()];
    for &row in worker.declared_rows() {
        let range = layout.row_set(0..layout.rows()).range(row as usize);
        worker.initial_row(row, &mut view[range]);
    }
    view
}

/// Parameters and state after some clocks of a worker by itself.
fn alone(worker: &IcWorker, clocks: u32) -> (Vec<f32>, IcState) {
    let (mut view, mut state) = (view(worker), worker.initial_state());
    (0..clocks).for_each(|clock| worker.compute(clock, &mut state, &mut view));
    (view, state)
}

fn bytes(state: &IcState) -> Vec<u8> {
    postcard::to_allocvec(state).expect("numbers can be written")
}

#[test]
fn every_network_and_norm_learns() {
    let images = images(64, 10);
    for network in [NetworkName::Cifar10Quick, NetworkName::SmallInception, NetworkName::ResNet20] {
        for norm in [Norm::AsPublished, Norm::Group] {
            for channels_last in [true, false] {
                let config = Ic {
                    network,
                    norm,
                    channels_last,
                    batch: 32,
                    learning_rate: 0.005,
                    clocks_per_pass: 1,
                    ..config()
                };
                let worker = &workers(&images, config, 1)[0];
                let before = worker.evaluate(&worker.initial_state(), &view(worker));
                let (view, state) = alone(worker, 8);
                let after = worker.evaluate(&state, &view);
                let what = format!("{network:?} {norm:?} {channels_last}: {} to {}", before.objective, after.objective);
                assert!(after.objective.is_finite() && after.objective < 0.95 * before.objective, "{what}");
            }
        }
    }
    assert_eq!(NETWORKS.len(), 4, "the fourth is for a GPU");
}

/// Weights of convolutions from (outputs, inputs, height, width) to (outputs, height, width, inputs).
fn with_channels_last(architecture: &Architecture, values: &[f32]) -> Vec<f32> {
    let mut turned = values.to_vec();
    for parameter in &architecture.parameters {
        let [outputs, inputs, height, width] = parameter.shape[..] else { continue };
        let (from, to) = (&values[parameter.range.clone()], &mut turned[parameter.range.clone()]);
        debug_assert_eq!(from.len(), outputs * inputs * height * width);
        for (index, &weight) in from.iter().enumerate() {
            let (pixel, input) = (index % (height * width), index / (height * width) % inputs);
            let output = index / (height * width * inputs);
            to[(output * height * width + pixel) * inputs + input] = weight;
        }
    }
    turned
}

#[test]
fn memory_layout_changes_rounding_alone() {
    let images = images(64, 10);
    for network in [NetworkName::Cifar10Quick, NetworkName::ResNet20, NetworkName::SmallInception] {
        let trained = |channels_last| {
            let config = Ic { channels_last, network, clocks_per_pass: 8, ..config() };
            let whole = WholeImages::new(&images, 1, config, 5, cpu()).expect("fit images");
            let worker = IcWorker::new(whole.clone(), Partition { machine: 0, train: (0..64).collect() });
            let drawn = alone(&workers(&images, Ic { channels_last: false, ..config }, 1)[0], 0).0;
            let mut view = if channels_last { with_channels_last(whole.architecture(), &drawn) } else { drawn };
            let mut state = worker.initial_state();
            (0..2).for_each(|clock| worker.compute(clock, &mut state, &mut view));
            (worker.evaluate(&state, &view).objective, view, whole)
        };
        let ((last, view, whole), (first, other, _)) = (trained(true), trained(false));
        assert!((last / first - 1.0).abs() < 1e-3, "{network:?}: {last} {first}");
        let other = with_channels_last(whole.architecture(), &other);
        let apart = view.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-3, "{network:?}: {apart}");
    }
}

#[test]
fn googlenet_takes_a_step_with_its_auxiliary_heads() {
    let images = generate(&Generated { height: 224, width: 224, train: 4, test: 2, ..Generated::default() }, 1);
    let config = Ic { network: NetworkName::GoogLeNet, batch: 2, clocks_per_pass: 2, learning_rate: 0.01, ..config() };
    let worker = &workers(&images, config, 1)[0];
    let before = view(worker);
    let (after, state) = alone(worker, 1);
    let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert!(moved as f64 > 0.9 * after.len() as f64 && after.iter().all(|value| value.is_finite()), "{moved}");
    assert_eq!(alone(worker, 1).0, after, "dropout's draws are the worker's own");
    assert!(worker.evaluate(&state, &after).objective.is_finite());
}

#[test]
fn a_checkpoint_of_a_worker_goes_on_with_the_same_bits() {
    let images = images(64, 10);
    for network in [NetworkName::Cifar10Quick, NetworkName::ResNet20] {
        let worker = &workers(&images, Ic { network, ..config() }, 2)[1];
        let (whole, state) = alone(worker, 6);
        let (mut view, half) = alone(worker, 3);
        let mut taken_up: IcState = postcard::from_bytes(&bytes(&half)).expect("its own bytes");
        let kept = half.clone();
        (3..6).for_each(|clock| worker.compute(clock, &mut taken_up, &mut view));
        assert_eq!(view, whole);
        assert_eq!(bytes(&taken_up), bytes(&state));
        assert_eq!(bytes(&kept), bytes(&half));
    }
}

#[test]
fn a_clone_of_a_state_stays_as_it_was() {
    let worker = &workers(&images(64, 10), Ic { network: NetworkName::ResNet20, ..config() }, 1)[0];
    let (mut view, mut state) = alone(worker, 2);
    let (clone, before) = (state.clone(), bytes(&state));
    worker.compute(2, &mut state, &mut view);
    assert_eq!(bytes(&clone), before);
    assert_ne!(bytes(&state), before);
}

#[test]
fn machines_under_bsp_do_the_steps_of_one() {
    // Without BatchNorm and with the same images in a step, n workers of batch b are one of batch n b.
    let images = images(32, 10);
    let config = Ic {
        batch: 16,
        clocks_per_pass: 1,
        evaluation: Measure { every_clocks: 1, ..config().evaluation },
        ..config()
    };
    let mut driver = Case { clocks: 4, ..Case::new(1, 2, System::Global(Inside::BSP)) }
        .driver(2, |machine| workers(&images, config, 2).swap_remove(machine as usize));
    let kept = run(&mut driver, |_| ());
    let whole = WholeImages::new(&images, 1, Ic { batch: 32, ..config }, 5, cpu()).expect("fit images");
    let one = IcWorker::new(whole, Partition { machine: 0, train: (0..32).collect() });
    for clock in [0, 1, 4] {
        let together: f64 = (0..2).map(|machine| kept.evaluations[&(clock, machine)].objective).sum();
        let (view, state) = alone(&one, clock);
        let single = one.evaluate(&state, &view).objective;
        assert!((together / single - 1.0).abs() < 1e-4, "clock {clock}: {together} and {single}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_run() {
    let images = images(96, 24);
    for inside in [Inside::BSP, Inside::ssp(1)] {
        let gaia = System::Gaia(Gaia {
            inside,
            significance: Significance::default(),
            selective_barrier: SelectiveBarrier::default(),
            mirror_clock: MirrorClock::default(),
            overlay: Ways::default(),
            relay: Relay::default(),
            goal: UserGoal::default(),
        });
        let digest = |threads| {
            let mut driver = Case { clocks: 4, ..Case::new(2, 2, gaia.clone()) }.driver(threads, |machine| {
                let whole = WholeImages::new(&images, 4, config(), 5, cpu()).expect("fit images");
                IcWorker::new(whole, partition(&images, &[2, 2], Split::Even).swap_remove(machine as usize))
            });
            let kept = run(&mut driver, |_| ());
            // Measured every second clock; what was measured last stands.
            let objective = |clock| kept.evaluations[&(clock, 0)].objective;
            assert_eq!((objective(0), objective(2)), (objective(1), objective(3)));
            assert_ne!(objective(1), objective(2));
            assert_eq!(kept.evaluations[&(4, 0)].metrics[0].count, 6);
            driver.digest().to_string()
        };
        assert_eq!(digest(1), digest(4));
    }
}

#[test]
fn an_absent_device_is_told() {
    let error = match Device::open(DeviceChoice::Cuda(99)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("no machine has 100 GPUs"),
    };
    assert!(error.starts_with("`cuda:99` is not here"), "{error}");
}
