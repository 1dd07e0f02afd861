//! Laws of sending all the time within a budget (Bösen), after every single event: the budget holds in every interval, the
//! staleness bound holds, a clock is counted when all its changes are there, and nothing is lost.

use std::collections::BTreeMap;

use crate::common::{Case, Counting, Kept, Mixing, ROWS, WIDTH, run};
use emulator::node::Class;
use emulator::time::Instant;
use emulator::units::{Bandwidth, ByteSize};
use emulator::virtual_driver::VirtualDriver;
use gaia_core::machine::Machine;
use gaia_core::outbox::Sample;
use gaia_core::sync::config::{Bosen, Budget, Inside, System};
use proptest::prelude::*;

type Driver = VirtualDriver<Machine<Counting>>;

fn mbit_per_s(mbit: u64) -> Bandwidth {
    Bandwidth::from_bits_per_second(mbit * 1_000_000)
}

fn bosen(slack: u32, mbit: u64, parts: u32, message_kib: u64) -> Bosen {
    let budget = Budget::Rate(mbit_per_s(mbit));
    Bosen { slack, budget, parts, message: ByteSize::from_bytes(message_kib * 1024) }
}

/// Every row is changed on another machine than its shard's: all changes go over links.
fn elsewhere(machine: u32, machines: u32) -> Counting {
    Counting::new((machine + 1) % machines, machines)
}

/// In any interval a machine hands to its links at most budget x time and one message more.
fn check_budget<S>(kept: &Kept<S>, budget: Bandwidth) {
    let mut sent: BTreeMap<u32, Vec<(Instant, u64)>> = BTreeMap::new();
    for &(from, class, at, bytes) in &kept.sent {
        if class == Class::Data {
            sent.entry(from).or_default().push((at, bytes));
        }
    }
    let rate = budget.as_bits_per_second() as f64 / 8.0;
    for (machine, sent) in &mut sent {
        sent.sort_unstable();
        let largest = sent.iter().map(|&(_, bytes)| bytes).max().unwrap_or(0);
        for first in 0..sent.len() {
            let mut bytes = 0;
            for &(at, size) in &sent[first..] {
                bytes += size;
                let most = rate * (at - sent[first].0).as_secs_f64() + largest as f64;
                assert!(
                    bytes as f64 <= most + 1e-3,
                    "m{machine}: {bytes} bytes from {} to {at}: {most}",
                    sent[first].0
                );
            }
        }
    }
}

/// Every row that is not under work holds at least all changes of the clocks that its shard counts; and with `exactly` no other.
fn check_counted(driver: &Driver, parts: u32, exactly: bool) {
    for node in driver.nodes() {
        let shard = node.shard();
        let Some(store) = shard.store() else { continue };
        let counted = 4.0 + (shard.data_clock() * parts) as f32;
        for position in 0..shard.rows().rows().len() {
            let value = store.values[shard.rows().range(position).start];
            let says = || format!("row {} has {value}: {counted} counted", shard.rows().rows()[position]);
            assert!(value >= counted && (!exactly || value == counted), "{}", says());
        }
    }
}

/// A worker computes with all changes of the clocks before the slack.
fn check_staleness(driver: &Driver, slack: u32) {
    for node in driver.nodes() {
        for (_, data_clock) in node.worker().reading().unwrap_or_default() {
            assert!(data_clock + slack >= node.worker().clock(), "{data_clock} for {}", node.worker().clock());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_budget_holds_and_nothing_is_lost(
        sites in 1u32..4,
        machines_per_site in 1u32..4,
        slack in 0u32..3,
        parts in 1u32..5,
        budget in 1u64..200,
        message_kib in 1u64..600,
        wan_mbit_per_s in 1u64..60,
        seed in 0u64..100,
    ) {
        let settings = bosen(slack, budget, parts, message_kib);
        let case = Case { wan_mbit_per_s, seed, clocks: 5, ..Case::new(sites, machines_per_site, System::Bosen(settings)) };
        let workers = case.machines();
        let mut driver = case.driver(1, |worker| elsewhere(worker, workers));
        let kept = run(&mut driver, |driver| {
            check_counted(driver, parts, slack == 0);
            check_staleness(driver, slack);
        });
        check_budget(&kept, mbit_per_s(budget));
        check_counted(&driver, parts, true);
        prop_assert!(driver.nodes().iter().all(|node| node.shard().data_clock() == case.clocks));
        // Everything is here: what is counted at the end is all there is.
        prop_assert_eq!(kept.evaluations.len() as u32, (case.clocks + 1) * workers);
    }
}

/// The whole table as the shards hold it.
fn table(driver: &VirtualDriver<Machine<Mixing>>) -> Vec<u32> {
    let mut all = vec![0; (ROWS * WIDTH) as usize];
    for node in driver.nodes() {
        let values = &node.shard().store().expect("nothing is under way").values;
        for (position, &row) in node.shard().rows().rows().iter().enumerate() {
            let row = (row * WIDTH) as usize..((row + 1) * WIDTH) as usize;
            let bits = values[node.shard().rows().range(position)].iter().map(|value| value.to_bits());
            all[row].iter_mut().zip(bits).for_each(|(place, bits)| *place = bits);
        }
    }
    all
}

#[test]
fn without_slack_and_in_one_part_it_is_bsp_to_the_bit() {
    let run_of = |system| {
        let mut driver = Case::new(3, 2, system).driver(2, Mixing::new);
        let kept = run(&mut driver, |_| ());
        (table(&driver), kept.evaluations)
    };
    let bsp = run_of(System::Global(Inside::BSP));
    for (mbit_per_s, message_kib) in [(3, 40), (500, 1), (10_000, 100_000)] {
        assert_eq!(run_of(System::Bosen(bosen(0, mbit_per_s, 1, message_kib))), bsp);
    }
}

#[test]
fn changes_go_while_their_clock_is_computed() {
    let case = Case::new(2, 2, System::Bosen(bosen(0, 1000, 4, 64)));
    let mut driver = case.driver(1, |worker| elsewhere(worker, 4));
    let kept = run(&mut driver, |_| ());
    let ends = kept.clocks.iter().filter_map(|(_, sample)| match sample {
        Sample::Clock { clock: 0, ended, .. } => Some(*ended),
        _ => None,
    });
    let first_end = ends.min().expect("four workers end it");
    let answers_and_updates = kept.sent.iter().filter(|&&(_, class, at, _)| class == Class::Data && at < first_end);
    // Every worker has three answers over links before it computes; what comes on top are updates.
    let before_the_end = answers_and_updates.count();
    assert!(before_the_end > 4 * 3, "{before_the_end} messages");
}

#[test]
fn a_budget_of_the_interface_is_its_rate() {
    let run_of = |budget, nic| {
        let case =
            Case { nic: mbit_per_s(nic), ..Case::new(2, 2, System::Bosen(Bosen { budget, ..bosen(1, 1, 4, 64) })) };
        let mut driver = case.driver(1, |worker| elsewhere(worker, 4));
        run(&mut driver, |_| ());
        driver.digest().to_string()
    };
    assert_eq!(run_of(Budget::Nic, 70), run_of(Budget::Rate(mbit_per_s(70)), 70));
    assert_ne!(run_of(Budget::Nic, 70), run_of(Budget::Rate(mbit_per_s(7)), 70));
}

#[test]
fn a_small_budget_takes_long_and_sends_less() {
    let run_of = |mbit_per_s| {
        let case = Case { clocks: 8, ..Case::new(2, 2, System::Bosen(bosen(1, mbit_per_s, 4, 64))) };
        let mut driver = case.driver(1, |worker| elsewhere(worker, 4));
        let kept = run(&mut driver, |_| ());
        let updates = kept.sent.iter().filter(|&&(_, class, ..)| class == Class::Data).map(|&(.., bytes)| bytes);
        (driver.now().as_secs_f64(), updates.sum::<u64>())
    };
    let ((slow, few), (fast, many)) = (run_of(5), run_of(500));
    assert!(slow > fast && few < many, "{slow} s and {few} bytes with 5 Mbit/s, {fast} s and {many} with 500");
}

#[test]
fn the_parts_of_every_clock_add_up_to_it() {
    let case = Case::new(3, 2, System::Bosen(bosen(1, 100, 3, 64)));
    let mut driver = case.driver(1, |worker| elsewhere(worker, 6));
    let kept = run(&mut driver, |_| ());
    let mut clocks = 0;
    for (_, sample) in &kept.clocks {
        if let Sample::Clock { started, ended, parts, .. } = sample {
            assert_eq!(parts.total(), *ended - *started);
            clocks += 1;
        }
    }
    assert_eq!(clocks, 6 * 6);
}
