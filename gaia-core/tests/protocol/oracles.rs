//! The protocol against what it must equal: one sequential loop, another sync model, itself after a break.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::common::{Case, Counting, Mixing, ROWS, WIDTH, run};
use emulator::node::Class;
use emulator::units::{Bandwidth, ByteSize};
use emulator::virtual_driver::{Step, VirtualDriver};
use gaia_core::layout::{Layout, Segment};
use gaia_core::machine::Machine;
use gaia_core::outbox::Sample;
use gaia_core::overlay::{Groups, Overlay};
use gaia_core::setting::RecordCopies;
use gaia_core::sync::config::{
    Between, Bosen, Budget, Encoding, Encodings, Gaia, GaiaAsync, Inside, LocalSteps, MirrorClock, Outer, Relay, Rule,
    SelectiveBarrier, Significance, Sites, Ssp, System, ThresholdSchedule, UserGoal, Ways,
};
use gaia_core::workload::traits::Workload;
use proptest::prelude::*;

fn gaia(inside: Inside, threshold: f64) -> System {
    System::Gaia(Gaia {
        inside,
        significance: Significance { threshold, schedule: ThresholdSchedule::Constant },
        selective_barrier: SelectiveBarrier::Backlog { seconds: 0.0 },
        mirror_clock: MirrorClock::Bounded { staleness: 1 },
        overlay: Ways::default(),
        relay: Relay::default(),
        goal: UserGoal::default(),
    })
}

fn bosen(slack: u32) -> System {
    let (budget, message) = (Bandwidth::from_bits_per_second(20_000_000), ByteSize::from_bytes(60_000));
    System::Bosen(Bosen { slack, budget: Budget::Rate(budget), parts: 3, message })
}

/// A small run of every kind of system: three sites of two machines.
fn cases() -> Vec<Case> {
    let inside = Inside::ssp(1);
    let asynchronous =
        GaiaAsync { inside, significance: Significance::default(), overlay: Ways::default(), relay: Relay::default() };
    let global = Inside::all().into_iter().map(|model| System::Global(model.example));
    let others = [System::Global(pushed(2)), gaia(inside, 0.01), System::GaiaAsync(asynchronous), bosen(0), bosen(2)];
    let mut cases: Vec<Case> = global.chain(others).map(|system| Case::new(3, 2, system)).collect();
    let rule = Rule::Outer(Outer { learning_rate: 0.7, momentum: 0.9, nesterov: true });
    cases.push(Case::new(3, 2, System::Global(Inside::LocalSteps(LocalSteps { every: 2, rule }))));
    for between in Between::all() {
        cases.push(Case::new(3, 2, System::Hierarchical(Sites { inside, between: between.example })));
    }
    let overlay = Overlay::Groups(Groups::with_hubs(vec![vec![0, 1], vec![2]], &[1, 2]));
    cases.push(Case { overlay: overlay.clone(), ..Case::new(3, 2, gaia(inside, 0.01)) });
    let System::Gaia(settings) = gaia(inside, 0.01) else { unreachable!("it is Gaia") };
    let fastest = Gaia { goal: UserGoal::Fastest { soft: 0.2, seconds: 0.05 }, ..settings };
    cases.push(Case { overlay: overlay.clone(), ..Case::new(3, 2, System::Gaia(fastest.clone())) });
    let passing_on = System::Gaia(Gaia { relay: Relay::PassOn, ..fastest });
    let encodings = Encodings { inside: Encoding::Dense, between: Encoding::Packed };
    cases.push(Case { overlay, encodings, ..Case::new(3, 2, passing_on) });
    cases
}

/// The whole table as one group of shards holds it.
fn table<W: Workload>(driver: &VirtualDriver<Machine<W>>, machines: impl Iterator<Item = u32>) -> Vec<f32> {
    let mut all = vec![0.0; (ROWS * WIDTH) as usize];
    for machine in machines {
        let shard = driver.nodes()[machine as usize].shard();
        let values = &shard.store().expect("nothing is under way").values;
        for (position, &row) in shard.rows().rows().iter().enumerate() {
            all[(row * WIDTH) as usize..((row + 1) * WIDTH) as usize]
                .copy_from_slice(&values[shard.rows().range(position)]);
        }
    }
    all
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Every clock: all workers compute from the same table, then their changes are added in the workers' order.
fn sequential_loop(workers: u32, clocks: u32) -> Vec<f32> {
    let workloads: Vec<Mixing> = (0..workers).map(Mixing::new).collect();
    let mut table = vec![0.0; (ROWS * WIDTH) as usize];
    for row in 0..ROWS {
        workloads[0].initial_row(row, &mut table[(row * WIDTH) as usize..((row + 1) * WIDTH) as usize]);
    }
    let mut states: Vec<Vec<f32>> = workloads.iter().map(Workload::initial_state).collect();
    for clock in 0..clocks {
        let snapshot = table.clone();
        for (workload, state) in workloads.iter().zip(&mut states) {
            let place = |row: u32| (row * WIDTH) as usize..((row + 1) * WIDTH) as usize;
            let before: Vec<f32> = workload.declared.iter().flat_map(|&row| snapshot[place(row)].to_vec()).collect();
            let mut after = before.clone();
            workload.compute(clock, state, &mut after);
            for (position, &row) in workload.declared.iter().enumerate() {
                for (column, value) in table[place(row)].iter_mut().enumerate() {
                    let index = position * WIDTH as usize + column;
                    *value += after[index] - before[index];
                }
            }
        }
    }
    table
}

/// Bits of objectives, by (clock, worker).
type Objectives = BTreeMap<(u32, u32), u64>;

/// What each worker would have measured after every clock on the first group's copy, and what it measured.
fn on_the_copy(case: &Case) -> (Objectives, Objectives) {
    let mut driver = case.driver(2, Mixing::new);
    let kept = run(&mut driver, |_| ());
    let layout: Layout = Mixing::new(0).layout();
    let all = layout.row_set(0..ROWS);
    let (mut tables, mut states) = (BTreeMap::<u32, Vec<f32>>::new(), BTreeMap::new());
    for (machine, sample) in &kept.clocks {
        match sample {
            Sample::Copy { clock, values, .. } => {
                let table = tables.entry(*clock).or_insert_with(|| vec![f32::NAN; all.floats()]);
                for &Segment { first, second, len } in
                    all.common(driver.nodes()[*machine as usize].shard().rows()).iter()
                {
                    table[first..first + len].copy_from_slice(&values[second..second + len]);
                }
            }
            Sample::State { clock, state } => {
                states.insert((*clock, *machine), state.clone());
            }
            _ => {}
        }
    }
    let on_copy = |(&(clock, worker), state): (&(u32, u32), &Arc<Vec<f32>>)| {
        let workload = Mixing::new(worker);
        let own = layout.row_set(workload.declared.iter().copied());
        let mut view = vec![f32::NAN; own.floats()];
        for &Segment { first, second, len } in own.common(&all).iter() {
            view[first..first + len].copy_from_slice(&tables[&clock][second..second + len]);
        }
        ((clock, worker), workload.evaluate(state, &view).objective.to_bits())
    };
    let measured = kept.evaluations.iter().map(|(&at, evaluation)| (at, evaluation.objective.to_bits()));
    (states.iter().map(on_copy).collect(), measured.collect())
}

#[test]
fn what_workers_measure_under_a_synchronous_model_is_of_the_first_copy() {
    let mut found = Vec::new();
    for case in cases() {
        let case = Case { record_copies: RecordCopies::EveryClock, ..case };
        let synchronous = case.setting(Mixing::new(0).layout()).evaluates_one_copy();
        let (on_copy, measured) = on_the_copy(&case);
        assert_eq!(on_copy.len() as u32, case.machines() * (case.clocks + 1), "{:?}", case.system);
        assert!(!synchronous || on_copy == measured, "{:?}", case.system);
        found.push((synchronous, on_copy == measured));
    }
    // BSP and Bösen's with slack 0; the others would show a wrong answer.
    assert_eq!(found.iter().filter(|&&both| both == (true, true)).count(), 2);
    assert!(found.iter().filter(|&&(_, equal)| !equal).count() > 5, "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn bsp_on_any_topology_is_one_sequential_loop(
        sites in 1u32..5,
        machines_per_site in 1u32..4,
        wan_mbit_per_s in 1u64..200,
        delay_ms in 0u64..300,
        seed in 0u64..1000,
    ) {
        let system = System::Global(Inside::BSP);
        let case = Case { wan_mbit_per_s, delay_ms, seed, ..Case::new(sites, machines_per_site, system) };
        let mut driver = case.driver(2, Mixing::new);
        run(&mut driver, |_| ());
        let expected = sequential_loop(case.machines(), case.clocks);
        prop_assert_eq!(bits(&table(&driver, 0..case.machines())), bits(&expected));
    }

    #[test]
    fn gaia_with_threshold_zero_loses_nothing_and_echoes_nothing(
        sites in 1u32..5,
        machines_per_site in 1u32..4,
        slack in 0u32..3,
        wan_mbit_per_s in 1u64..100,
    ) {
        let system = gaia(Inside::ssp(slack), 0.0);
        let case = Case { wan_mbit_per_s, ..Case::new(sites, machines_per_site, system) };
        let workers = case.machines();
        let mut driver = case.driver(2, |worker| Counting::new(worker, workers));
        run(&mut driver, |_| ());
        let expected = vec![4.0 + case.clocks as f32; (ROWS * WIDTH) as usize];
        for site in 0..sites {
            let copy = table(&driver, site * machines_per_site..(site + 1) * machines_per_site);
            prop_assert_eq!(&copy, &expected, "site {}", site);
        }
    }
}

#[test]
fn ssp_without_slack_is_bsp_to_the_bit() {
    let run_of = |inside| {
        let case = Case::new(3, 2, System::Global(inside));
        let mut driver = case.driver(2, Mixing::new);
        let kept = run(&mut driver, |_| ());
        (driver.digest().to_string(), kept.evaluations)
    };
    assert_eq!(run_of(Inside::ssp(0)), run_of(Inside::BSP));
    assert_eq!(run_of(Inside::local_steps(1)), run_of(Inside::BSP));
}

/// SSP whose servers send rows unasked.
fn pushed(slack: u32) -> Inside {
    Inside::Ssp(Ssp { slack, push: true })
}

#[test]
fn pushed_rows_without_slack_are_bsp_to_the_bit() {
    let run_of = |inside| {
        let case = Case::new(3, 2, System::Global(inside));
        let mut driver = case.driver(2, Mixing::new);
        let kept = run(&mut driver, |_| ());
        (bits(&table(&driver, 0..6)), kept.evaluations)
    };
    assert_eq!(run_of(pushed(0)), run_of(Inside::BSP));
}

#[test]
fn pushing_keeps_the_slack_and_sends_all_rows_at_every_clock() {
    let run_of = |inside, slack: u32| {
        let case = Case { clocks: 12, wan_mbit_per_s: 5, ..Case::new(3, 2, System::Global(inside)) };
        // Every row is changed on another machine than its shard's.
        let mut driver = case.driver(2, |worker| Counting::new((worker + 1) % 6, 6));
        let kept = run(&mut driver, |driver| {
            for node in driver.nodes() {
                for (_, data_clock) in node.worker().reading().unwrap_or_default() {
                    assert!(data_clock + slack >= node.worker().clock(), "{data_clock} for {}", node.worker().clock());
                }
            }
        });
        assert_eq!(table(&driver, 0..6), vec![4.0 + 12.0; (ROWS * WIDTH) as usize]);
        let of_class = |wanted| kept.sent.iter().filter(|&&(_, class, ..)| class == wanted).count();
        (of_class(Class::Data), of_class(Class::Control))
    };
    let links = 6 * 5;
    for slack in [0, 1, 4] {
        // Rows before the first clock and after each, an update of each clock; control: what is declared, once.
        assert_eq!(run_of(pushed(slack), slack), (links * (13 + 12), links), "slack {slack}");
    }
    let (asked_for, requests) = run_of(Inside::ssp(4), 4);
    assert!(asked_for < links * (13 + 12) && requests > links, "{asked_for} messages where workers ask");
}

#[test]
fn local_steps_exchange_every_so_many_clocks_and_lose_nothing() {
    let run_of = |inside| {
        let case = Case { clocks: 8, ..Case::new(3, 2, System::Global(inside)) };
        let mut driver = case.driver(2, |worker| Counting::new(worker, 6));
        let kept = run(&mut driver, |driver| {
            for node in driver.nodes() {
                for (_, data_clock) in node.worker().reading().unwrap_or_default() {
                    assert!(data_clock.is_multiple_of(3) || inside == Inside::BSP);
                }
            }
        });
        (table(&driver, 0..6), kept)
    };
    let (rounds, kept) = run_of(Inside::local_steps(3));
    assert_eq!(rounds, vec![4.0 + 6.0; (ROWS * WIDTH) as usize], "two rounds of three clocks are over");
    let (_, every_clock) = run_of(Inside::BSP);
    assert!(kept.wan_bytes * 2 < every_clock.wan_bytes, "{} bytes, {}", kept.wan_bytes, every_clock.wan_bytes);
    // Between exchanges there is no shared model: the objective of the last one stands.
    let objective = |clock: u32| kept.evaluations[&(clock, 4)].objective;
    assert_eq!((objective(1), objective(2), objective(4)), (objective(0), objective(0), objective(3)));
    assert!(objective(3) > objective(0));
}

#[test]
fn gaia_async_is_gaia_without_barrier_and_mirror_clock() {
    let digest = |system| {
        let mut driver = Case { wan_mbit_per_s: 3, ..Case::new(3, 2, system) }.driver(2, Mixing::new);
        run(&mut driver, |_| ());
        driver.digest().to_string()
    };
    let (inside, significance) = (Inside::ssp(1), Significance::default());
    let settings = Gaia {
        inside,
        significance,
        selective_barrier: SelectiveBarrier::Off {},
        mirror_clock: MirrorClock::Off {},
        overlay: Ways::default(),
        relay: Relay::default(),
        goal: UserGoal::default(),
    };
    let (overlay, relay) = (Ways::default(), Relay::default());
    let asynchronous = digest(System::GaiaAsync(GaiaAsync { inside, significance, overlay, relay }));
    assert_eq!(asynchronous, digest(System::Gaia(settings.clone())));
    assert_ne!(asynchronous, digest(System::Gaia(Gaia { mirror_clock: MirrorClock::default(), ..settings })));
}

#[test]
fn gaia_in_one_site_is_the_global_server() {
    let run_of = |system| {
        let mut driver = Case::new(1, 4, system).driver(2, Mixing::new);
        run(&mut driver, |_| ());
        bits(&table(&driver, 0..4))
    };
    assert_eq!(run_of(gaia(Inside::BSP, 0.01)), run_of(System::Global(Inside::BSP)));
}

#[test]
fn ssp_lets_fast_workers_run_ahead_and_ends_the_same_clock() {
    let seconds = |inside| {
        let mut driver = Case { clocks: 12, ..Case::new(3, 2, System::Global(inside)) }.driver(2, Mixing::new);
        let kept = run(&mut driver, |_| ());
        assert_eq!(kept.evaluations.keys().filter(|&&(clock, _)| clock == 12).count(), 6);
        driver.now().as_secs_f64()
    };
    let (bsp, ssp) = (seconds(Inside::BSP), seconds(Inside::ssp(2)));
    assert!(ssp < bsp, "SSP {ssp} s, BSP {bsp} s");
}

#[test]
fn any_number_of_threads_gives_the_same_run() {
    for case in cases() {
        let digest = |threads| {
            let mut driver = case.driver(threads, Mixing::new);
            run(&mut driver, |_| ());
            driver.digest().to_string()
        };
        assert_eq!(digest(1), digest(4));
    }
}

#[test]
fn another_seed_gives_another_run() {
    let digest = |seed| {
        let mut driver = Case { seed, ..Case::new(2, 2, System::Global(Inside::BSP)) }.driver(1, Mixing::new);
        run(&mut driver, |_| ());
        driver.digest().to_string()
    };
    assert_ne!(digest(1), digest(2));
}

#[test]
fn a_run_taken_up_from_any_checkpoint_ends_the_same() {
    for case in cases() {
        let case = Case { wan_mbit_per_s: 3, ..case };
        let mut whole = case.driver(2, Mixing::new);
        let mut events = 0;
        run(&mut whole, |_| events += 1);
        for at in (0..events).step_by(events / 9) {
            let mut first = case.driver(2, Mixing::new);
            let mut kept = crate::common::Kept::default();
            first.start(&mut kept);
            for _ in 0..at {
                assert_eq!(first.step(&mut kept).expect("no stall"), Step::Running);
            }
            let checkpoint = first.checkpoint();
            drop(first);
            let mut second = case.driver(1, Mixing::new);
            second.resume(&checkpoint).expect("its own checkpoint");
            while second.step(&mut kept).expect("no stall") == Step::Running {}
            assert_eq!(second.digest().to_string(), whole.digest().to_string(), "broken at event {at} of {events}");
            assert_eq!(second.now(), whole.now());
        }
    }
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let case = Case::new(2, 1, System::Global(Inside::BSP));
    let mut driver = case.driver(1, Mixing::new);
    driver.start(&mut crate::common::Kept::default());
    let checkpoint = driver.checkpoint();
    let mut other = Case::new(3, 1, System::Global(Inside::BSP)).driver(1, Mixing::new);
    assert!(other.resume(&checkpoint).is_err());
    assert!(case.driver(1, Mixing::new).resume(&checkpoint[..checkpoint.len() / 2]).is_err());
}
