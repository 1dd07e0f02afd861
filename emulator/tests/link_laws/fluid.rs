//! Laws of fluid links.

use std::sync::Arc;

use emulator::id::MachineId;
use emulator::link::fluid::FluidFabric;
use emulator::link::{LinkEvent, LinkModel};
use emulator::maxmin::{Flow, completion_times};
use emulator::network::{Limit, Network, Route};
use emulator::node::Class;
use emulator::time::Instant;
use emulator::units::ByteSize;
use proptest::prelude::*;

use super::cases::{Case, Message, THERE, case, limit, network, two_machines};

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Between any two instants a limit passes at most its rate times the time between them, and a byte per stream.
    #[test]
    fn no_limit_is_ever_exceeded(case in case(Just(LinkModel::Fluid))) {
        let run = case.run();
        for (index, limit) in case.network.limits.iter().enumerate() {
            let streams = 2 * case.pairs().filter(|&pair| case.passes(pair, index as u32)).count() as u64;
            let passed = case.passed(&run.log, index as u32);
            for (i, (start, before)) in passed.iter().enumerate() {
                for (end, after) in &passed[i..] {
                    let most = limit.rate.as_bits_per_second() as f64 * (end - start) as f64 / 8e9;
                    prop_assert!((after - before) as f64 <= most + streams as f64, "from {start} to {end} ns of {limit:?}");
                }
            }
        }
    }

    /// One data message per pair: the completion times of the exact solver.
    #[test]
    fn flows_end_as_the_exact_solver_says(network in network(), sizes in prop::collection::vec((0..8_u64, 1..40_u64), 20)) {
        let machines = network.machines as u32;
        let capacities: Vec<f64> = network.limits.iter().map(|l| l.rate.as_bits_per_second() as f64 / 8.0).collect();
        let pairs = (0..machines * machines).map(|p| (MachineId(p / machines), MachineId(p % machines)));
        let pairs = pairs.filter(|&(from, to)| from != to && !network.route(from, to).limits.is_empty());
        let mut messages: Vec<Message> = pairs.zip(&sizes).map(|((from, to), &(start, size))| Message {
            at: Instant::from_nanos(start * 10_000_000),
            from,
            to,
            class: Class::Data,
            bytes: size * 100_000,
        }).collect();
        messages.sort_by_key(|m| m.at);
        let flow = |m: &Message| Flow {
            limits: network.route(m.from, m.to).limits,
            start: m.at.as_secs_f64(),
            bytes: m.bytes as f64,
        };
        let ends = completion_times(&capacities, &messages.iter().map(flow).collect::<Vec<_>>());
        let case = Case { network: Arc::new(network), model: LinkModel::Fluid, messages };
        for departure in case.run().departures {
            let (found, expected) = (departure.departed_at.as_secs_f64(), ends[departure.message as usize]);
            // A nanosecond for each end that was rounded up.
            prop_assert!((found - expected).abs() <= 1e-8 * expected + 2e-8, "{departure:?}, expected {expected} s");
        }
    }

    /// Control takes what it would without data, but for the rounding of rates: they are summed in the order in which flows were first
    /// used, and that of control is another with data among them.
    #[test]
    fn control_does_not_wait_for_data(case in case(Just(LinkModel::Fluid))) {
        let control = |case: &Case| -> Vec<_> {
            let departed = case.run().departures.into_iter().filter(|d| d.class == Class::Control);
            let mut of: Vec<_> = departed.map(|d| (d.from, d.to, d.departed_at, d.arrives_at)).collect();
            // By stream, in which the order is that of sending: a nanosecond may swap two streams.
            of.sort_by_key(|&(from, to, ..)| (from, to));
            of
        };
        let mut alone = case.clone();
        alone.messages.retain(|m| m.class == Class::Control);
        let (with_data, alone) = (control(&case), control(&alone));
        prop_assert_eq!(with_data.len(), alone.len());
        for (found, expected) in with_data.iter().zip(&alone) {
            prop_assert_eq!((found.0, found.1), (expected.0, expected.1));
            for (found, expected) in [(found.2, expected.2), (found.3, expected.3)] {
                prop_assert!(found.as_nanos().abs_diff(expected.as_nanos()) <= 2, "{found} with data, {expected} alone");
            }
        }
    }
}

fn send(fabric: &mut FluidFabric, at: u64, class: Class, bytes: u64) {
    fabric.send(Instant::from_nanos(at), THERE.0, THERE.1, class, ByteSize::from_bytes(bytes), at);
}

#[test]
fn a_queue_of_messages_loses_no_part_of_a_nanosecond() {
    // Three bytes take 8 nanoseconds: of a thousand messages of a byte, every third ends on a whole one.
    let mut fabric = FluidFabric::new(two_machines(vec![limit(3_000_000_000, 1 << 20)]), 1).unwrap();
    (0..1_000).for_each(|_| send(&mut fabric, 0, Class::Data, 1));
    let mut ends = Vec::new();
    while let Some(due) = fabric.poll_timeout() {
        fabric.handle_timeout(due);
        let departed =
            std::iter::from_fn(|| fabric.poll_event()).filter(|event| matches!(event, LinkEvent::Departed(_)));
        ends.extend(departed.map(|_| due.as_nanos()));
    }
    let exact: Vec<u64> = (1..=1_000_u64).map(|n| (8 * n).div_ceil(3)).collect();
    let worst = ends.iter().zip(&exact).map(|(found, exact)| found.abs_diff(*exact)).max();
    assert!(ends.len() == 1_000 && worst <= Some(1), "{worst:?} of {} off by more than rounding", ends.len());
}

#[test]
fn backlog_falls_between_events() {
    let mut fabric = FluidFabric::new(two_machines(vec![limit(8_000_000_000, 1 << 20)]), 1).unwrap();
    send(&mut fabric, 0, Class::Data, 1_000);
    send(&mut fabric, 0, Class::Data, 500);
    assert_eq!(fabric.poll_timeout(), Some(Instant::from_nanos(1_000)));
    let at = |fabric: &FluidFabric, nanos| fabric.backlogs(Instant::from_nanos(nanos), THERE.0).collect::<Vec<_>>();
    assert_eq!(at(&fabric, 0), [(THERE.1, ByteSize::from_bytes(1_500))]);
    assert_eq!(at(&fabric, 400), [(THERE.1, ByteSize::from_bytes(1_100))]);
    assert_eq!(fabric.backlogs(Instant::from_nanos(400), THERE.1).count(), 0);
    fabric.handle_timeout(Instant::from_nanos(1_200));
    assert_eq!(fabric.backlog(THERE.0, THERE.1), ByteSize::from_bytes(300));
    assert_eq!(fabric.traffic(THERE.0, THERE.1, Class::Data).charged, ByteSize::from_bytes(1_200));
    fabric.handle_timeout(Instant::from_nanos(1_500));
    assert_eq!(at(&fabric, 1_500), []);
}

#[test]
fn the_largest_message_has_an_end_or_is_refused() {
    let mut fabric = FluidFabric::new(two_machines(vec![limit(1 << 60, 1 << 20)]), 1).unwrap();
    send(&mut fabric, u64::MAX - 1_000_000_000_000_000, Class::Data, 1 << 62);
    let due = fabric.poll_timeout().expect("it waits");
    fabric.handle_timeout(due);
    assert_eq!(fabric.backlog(THERE.0, THERE.1), ByteSize::default());

    let refused = std::panic::catch_unwind(|| {
        let mut fabric = FluidFabric::new(two_machines(vec![limit(1, 1 << 20)]), 1).unwrap();
        send(&mut fabric, 0, Class::Data, 1 << 63);
        let due = fabric.poll_timeout().expect("it waits");
        fabric.handle_timeout(due);
    });
    let message = refused.expect_err("584 years");
    assert_eq!(message.downcast_ref::<&str>(), Some(&"a run lasts less than 584 years"));
}

#[test]
fn snapshots_of_others_are_refused() {
    let of = |machines: usize, limits: Vec<Limit>| {
        let route = Route { limits: (0..limits.len() as u32).collect(), ..Route::default() };
        FluidFabric::new(Arc::new(Network { machines, limits, routes: vec![route; machines * machines].into() }), 0)
            .unwrap()
    };
    let mut three = of(3, vec![limit(8_000, 1 << 20), limit(1_000, 1 << 20)]);
    three.send(Instant::START, MachineId(0), MachineId(2), Class::Data, ByteSize::from_bytes(1), 0);
    let error = of(2, vec![]).restore(three.snapshot()).unwrap_err();
    insta::assert_snapshot!(error, @"snapshot with a stream from m0 to m2: the network has 2 machines");
    assert!(three.poll_timeout().is_some());
    let error = of(3, vec![]).restore(three.snapshot()).unwrap_err();
    insta::assert_snapshot!(error, @"snapshot of the rates of 2 flows through other limits: expected those of 2 flows");
}
