//! Laws of the fluid model over random networks and loads.

use std::collections::BTreeMap;
use std::sync::Arc;

use emulator::id::MachineId;
use emulator::link::fluid::{FluidFabric, FluidSnapshot};
use emulator::link::{Departure, LinkConfig, LinkEvent, LinkModel, Links};
use emulator::maxmin::{Flow, completion_times};
use emulator::network::{Limit, Network, Route};
use emulator::node::Class;
use emulator::time::{Duration, Instant};
use emulator::units::{Bandwidth, ByteSize};
use proptest::prelude::*;

/// A message to be sent; its index is its handle.
#[derive(Clone, Debug)]
struct Message {
    at: Instant,
    from: MachineId,
    to: MachineId,
    class: Class,
    bytes: u64,
}

#[derive(Clone, Debug)]
struct Case {
    network: Arc<Network>,
    messages: Vec<Message>,
}

fn limit(bits: u64) -> Limit {
    let rate = Bandwidth::from_bits_per_second(bits);
    Limit { name: "limit".into(), rate, depth: ByteSize::from_bytes(1 << 20) }
}

fn network() -> impl Strategy<Value = Network> {
    let rate = prop_oneof![1_000_000..50_000_000_u64, 100_000_000..2_000_000_000_u64, Just(10_000_000)];
    (2..5_usize, prop::collection::vec(rate, 1..7)).prop_flat_map(|(machines, rates)| {
        let all: Vec<u32> = (0..rates.len() as u32).collect();
        let most = rates.len();
        let delay = (0..50_000_000_u64, prop_oneof![Just(0), 0..5_000_000_u64]);
        let route = (prop::sample::subsequence(all, 0..=most), delay).prop_map(|(limits, (delay, jitter))| Route {
            limits,
            delay: Duration::from_nanos(delay),
            jitter: Duration::from_nanos(jitter),
        });
        prop::collection::vec(route, machines * machines).prop_map(move |routes| Network {
            machines,
            limits: rates.iter().copied().map(limit).collect(),
            routes: routes.into(),
        })
    })
}

fn message(machines: u32) -> impl Strategy<Value = Message> {
    let class = prop_oneof![1 => Just(Class::Control), 3 => Just(Class::Data)];
    let bytes = prop_oneof![0..300_u64, 1_000..40_000_u64, 100_000..400_000_u64];
    (0..40_u64, 0..machines, 1..machines, class, bytes).prop_map(move |(ms, from, further, class, bytes)| Message {
        at: Instant::from_nanos(ms * 500_000),
        from: MachineId(from),
        to: MachineId((from + further) % machines),
        class,
        bytes,
    })
}

fn case() -> impl Strategy<Value = Case> {
    network().prop_flat_map(|network| {
        let messages = prop::collection::vec(message(network.machines as u32), 1..40);
        let network = Arc::new(network);
        messages.prop_map(move |mut messages| {
            messages.sort_by_key(|m| m.at);
            Case { network: network.clone(), messages }
        })
    })
}

impl Case {
    fn fabric(&self) -> FluidFabric {
        FluidFabric::new(self.network.clone(), 7).unwrap()
    }

    fn send(&self, fabric: &mut FluidFabric, handle: usize) {
        let Message { at, from, to, class, bytes } = self.messages[handle];
        fabric.send(at, from, to, class, ByteSize::from_bytes(bytes), handle as u64);
    }

    /// The next thing that happens to a fabric on which `sent` messages were sent: a due instant first, then a send.
    fn step(&self, fabric: &mut FluidFabric, sent: &mut usize) -> bool {
        match (fabric.poll_timeout(), self.messages.get(*sent)) {
            (Some(due), message) if message.is_none_or(|m| due <= m.at) => fabric.handle_timeout(due),
            (_, Some(_)) => {
                self.send(fabric, *sent);
                *sent += 1;
            }
            _ => return false,
        }
        true
    }

    fn pairs(&self) -> impl Iterator<Item = (MachineId, MachineId)> {
        let machines = self.network.machines as u32;
        (0..machines * machines).map(move |p| (MachineId(p / machines), MachineId(p % machines)))
    }

    /// All departures.
    fn run(&self) -> (Vec<Departure>, FluidFabric) {
        let (mut fabric, mut sent) = (self.fabric(), 0);
        while self.step(&mut fabric, &mut sent) {}
        let departed = drain(&mut fabric).into_iter().filter_map(|event| match event {
            LinkEvent::Departed(departure) => Some(departure),
            LinkEvent::Backlog { .. } => None,
        });
        (departed.collect(), fabric)
    }
}

fn drain(fabric: &mut FluidFabric) -> Vec<LinkEvent> {
    std::iter::from_fn(|| fabric.poll_event()).collect()
}

fn left(fabric: &FluidFabric, (from, to): (MachineId, MachineId)) -> u64 {
    let of = |class| fabric.traffic(from, to, class).charged.as_bytes();
    of(Class::Control) + of(Class::Data)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every byte leaves once, every message once, in order of its stream, and arrives in order and within the jitter.
    #[test]
    fn bytes_are_conserved_and_streams_are_first_in_first_out(case in case()) {
        let (departures, fabric) = case.run();
        prop_assert_eq!(departures.len(), case.messages.len());
        let mut last = BTreeMap::new();
        let mut sum = BTreeMap::new();
        for d in &departures {
            let message = &case.messages[d.message as usize];
            prop_assert_eq!((message.from, message.to, message.class), (d.from, d.to, d.class));
            prop_assert!(d.departed_at >= message.at);
            let route = case.network.route(d.from, d.to);
            let earliest = d.departed_at + route.delay;
            let (handle, arrival) = last.insert((d.from, d.to, d.class), (d.message, d.arrives_at)).unwrap_or_default();
            prop_assert!(d.message >= handle && d.arrives_at >= arrival, "out of order: {d:?}");
            prop_assert!(d.arrives_at >= earliest && d.arrives_at <= (earliest + route.jitter).max(arrival));
            *sum.entry((d.from, d.to)).or_insert(0) += message.bytes.max(1);
        }
        for pair in case.pairs() {
            prop_assert_eq!(left(&fabric, pair), sum.get(&pair).copied().unwrap_or(0));
            prop_assert_eq!(fabric.backlog(pair.0, pair.1), ByteSize::default());
        }
        prop_assert_eq!(fabric.waiting().count(), 0);
        prop_assert!(departures.is_sorted_by_key(|d| d.departed_at));
    }

    /// Between any two instants a limit passes at most its rate times the time between them, and a byte per stream.
    #[test]
    fn no_limit_is_ever_exceeded(case in case()) {
        let (mut fabric, mut sent) = (case.fabric(), 0);
        let mut log: Vec<(u64, Vec<u64>)> = Vec::new();
        loop {
            let due = fabric.poll_timeout().into_iter();
            let Some(now) = due.chain(case.messages.get(sent).map(|m| m.at)).min() else { break };
            case.step(&mut fabric, &mut sent);
            log.push((now.as_nanos(), case.pairs().map(|pair| left(&fabric, pair)).collect()));
        }
        for (index, limit) in case.network.limits.iter().enumerate() {
            let pairs = case.pairs().map(|(from, to)| case.network.route(from, to).limits.contains(&(index as u32)));
            let pairs: Vec<bool> = pairs.collect();
            let through = |counts: &[u64]| counts.iter().zip(&pairs).filter(|(_, on)| **on).map(|(n, _)| n).sum::<u64>();
            let passed: Vec<(u64, u64)> = log.iter().map(|(at, counts)| (*at, through(counts))).collect();
            let streams = 2 * pairs.iter().filter(|on| **on).count() as u64;
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
        let case = Case { network: Arc::new(network), messages };
        for departure in case.run().0 {
            let (found, expected) = (departure.departed_at.as_secs_f64(), ends[departure.message as usize]);
            // A nanosecond for each end that was rounded up.
            prop_assert!((found - expected).abs() <= 1e-8 * expected + 2e-8, "{departure:?}, expected {expected} s");
        }
    }

    /// Control takes what it would without data.
    #[test]
    fn control_does_not_wait_for_data(case in case()) {
        let control = |case: &Case| -> Vec<_> {
            let departed = case.run().0.into_iter().filter(|d| d.class == Class::Control);
            departed.map(|d| (case.messages[d.message as usize].bytes, d.departed_at, d.arrives_at)).collect()
        };
        let mut alone = case.clone();
        alone.messages.retain(|m| m.class == Class::Control);
        prop_assert_eq!(control(&case), control(&alone));
    }

    /// Written and read back after any step, it goes on with the same events and the same end.
    #[test]
    fn a_restored_snapshot_continues_identically(case in case(), cut in any::<prop::sample::Index>(), drains in any::<bool>()) {
        let (mut fabric, mut steps, mut sent) = (case.fabric(), 0, 0);
        while case.step(&mut fabric, &mut sent) {
            steps += 1;
        }
        let (mut one, mut sent) = (case.fabric(), 0);
        for _ in 0..cut.index(steps) {
            case.step(&mut one, &mut sent);
            if drains {
                drain(&mut one);
            }
        }
        let bytes = postcard::to_stdvec(&one.snapshot()).unwrap();
        let mut other = case.fabric();
        other.restore(postcard::from_bytes::<FluidSnapshot>(&bytes).unwrap()).unwrap();
        let mut other_sent = sent;
        loop {
            prop_assert_eq!(one.snapshot(), other.snapshot());
            prop_assert_eq!(one.poll_timeout(), other.poll_timeout());
            prop_assert_eq!(drain(&mut one), drain(&mut other));
            let more = case.step(&mut one, &mut sent);
            prop_assert_eq!(more, case.step(&mut other, &mut other_sent));
            if !more {
                break;
            }
        }
    }

    /// A driver that comes late finds the same departures at the same instants.
    #[test]
    fn a_late_driver_changes_nothing(case in case(), tick in 1..5_000_000_u64) {
        let mut case = case;
        case.messages.iter_mut().for_each(|m| m.at = Instant::START);
        let departures = |round_up: &dyn Fn(u64) -> u64| {
            let mut fabric = case.fabric();
            (0..case.messages.len()).for_each(|handle| case.send(&mut fabric, handle));
            while let Some(due) = fabric.poll_timeout() {
                fabric.handle_timeout(Instant::from_nanos(round_up(due.as_nanos())));
            }
            let mut events = drain(&mut fabric);
            events.retain(|event| matches!(event, LinkEvent::Departed(_)));
            events
        };
        prop_assert_eq!(departures(&|due| due), departures(&|due| due.next_multiple_of(tick)));
    }
}

fn two_machines(limits: Vec<Limit>) -> Arc<Network> {
    let route = Route { limits: (0..limits.len() as u32).collect(), ..Route::default() };
    Arc::new(Network { machines: 2, limits, routes: vec![route; 4].into() })
}

const THERE: (MachineId, MachineId) = (MachineId(0), MachineId(1));

fn send(fabric: &mut FluidFabric, at: u64, class: Class, bytes: u64) {
    fabric.send(Instant::from_nanos(at), THERE.0, THERE.1, class, ByteSize::from_bytes(bytes), at);
}

#[test]
fn a_queue_of_messages_loses_no_part_of_a_nanosecond() {
    // Three bytes take 8 nanoseconds: of a thousand messages of a byte, every third ends on a whole one.
    let mut fabric = FluidFabric::new(two_machines(vec![limit(3_000_000_000)]), 1).unwrap();
    (0..1_000).for_each(|_| send(&mut fabric, 0, Class::Data, 1));
    let mut ends = Vec::new();
    while let Some(due) = fabric.poll_timeout() {
        fabric.handle_timeout(due);
        let departed = drain(&mut fabric).into_iter().filter(|event| matches!(event, LinkEvent::Departed(_)));
        ends.extend(departed.map(|_| due.as_nanos()));
    }
    let exact: Vec<u64> = (1..=1_000_u64).map(|n| (8 * n).div_ceil(3)).collect();
    let worst = ends.iter().zip(&exact).map(|(found, exact)| found.abs_diff(*exact)).max();
    assert!(ends.len() == 1_000 && worst <= Some(1), "{worst:?} of {} off by more than rounding", ends.len());
}

#[test]
fn backlog_falls_between_events() {
    let mut fabric = FluidFabric::new(two_machines(vec![limit(8_000_000_000)]), 1).unwrap();
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
fn what_waits_is_described() {
    let mut fabric = FluidFabric::new(two_machines(vec![limit(8_000)]), 1).unwrap();
    (0..2).for_each(|_| send(&mut fabric, 0, Class::Data, 500));
    assert!(fabric.poll_timeout().is_some());
    let lines: Vec<String> = fabric.waiting().map(|waiting| waiting.to_string()).collect();
    insta::assert_snapshot!(lines.join("\n"), @"m0 to m1: 2 data messages, 1000 bytes, next at 0.500000 s");
}

#[test]
fn the_largest_message_has_an_end_or_is_refused() {
    let mut fabric = FluidFabric::new(two_machines(vec![limit(1 << 60)]), 1).unwrap();
    send(&mut fabric, u64::MAX - 1_000_000_000_000_000, Class::Data, 1 << 62);
    let due = fabric.poll_timeout().expect("it waits");
    fabric.handle_timeout(due);
    assert_eq!(fabric.backlog(THERE.0, THERE.1), ByteSize::default());

    let refused = std::panic::catch_unwind(|| {
        let mut fabric = FluidFabric::new(two_machines(vec![limit(1)]), 1).unwrap();
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
    let mut three = of(3, vec![limit(8_000), limit(1_000)]);
    three.send(Instant::START, MachineId(0), MachineId(2), Class::Data, ByteSize::from_bytes(1), 0);
    let error = of(2, vec![]).restore(three.snapshot()).unwrap_err();
    insta::assert_snapshot!(error, @"snapshot with a stream from m0 to m2: the network has 2 machines");
    assert!(three.poll_timeout().is_some());
    let error = of(3, vec![]).restore(three.snapshot()).unwrap_err();
    insta::assert_snapshot!(error, @"snapshot of the rates of 2 flows through other limits: expected those of 2 flows");

    let network = two_machines(vec![limit(1)]);
    let chunks = LinkModel::Chunks(LinkConfig::default());
    let [mut chunks, mut fluid] =
        [chunks, LinkModel::Fluid].map(|model| Links::new(network.clone(), model, 0).unwrap());
    let error = chunks.restore(fluid.snapshot()).unwrap_err();
    insta::assert_snapshot!(error, @"snapshot of links as a fluid: expected one of links in chunks");
    let error = fluid.restore(chunks.snapshot()).unwrap_err();
    insta::assert_snapshot!(error, @"snapshot of links in chunks: expected one of links as a fluid");
}
