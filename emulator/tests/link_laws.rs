//! Laws of the link model over random networks and loads.

use std::collections::BTreeMap;
use std::sync::Arc;

use emulator::id::MachineId;
use emulator::link::{Departure, Fabric, FabricSnapshot, LinkConfig, LinkEvent};
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
    chunk: u64,
    messages: Vec<Message>,
}

/// Bytes of one stream that left at one instant.
type Log = Vec<(u64, (MachineId, MachineId), u64)>;

fn limits() -> impl Strategy<Value = Vec<Limit>> {
    let rate = prop_oneof![1_000_000..50_000_000_u64, 100_000_000..2_000_000_000_u64];
    let depth = prop_oneof![Just(0), 1..2_000_u64, 10_000..500_000_u64];
    let limit = (rate, depth).prop_map(|(bits, depth)| Limit {
        name: "limit".into(),
        rate: Bandwidth::from_bits_per_second(bits),
        depth: ByteSize::from_bytes(depth),
    });
    prop::collection::vec(limit, 1..7)
}

fn network() -> impl Strategy<Value = Network> {
    (2..5_usize, limits()).prop_flat_map(|(machines, limits)| {
        let all: Vec<u32> = (0..limits.len() as u32).collect();
        let most = limits.len();
        let delay = (0..50_000_000_u64, prop_oneof![Just(0), 0..5_000_000_u64]);
        let route = (prop::sample::subsequence(all, 0..=most), delay).prop_map(|(limits, (delay, jitter))| Route {
            limits,
            delay: Duration::from_nanos(delay),
            jitter: Duration::from_nanos(jitter),
        });
        prop::collection::vec(route, machines * machines).prop_map(move |routes| Network {
            machines,
            limits: limits.clone(),
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
    (network(), prop_oneof![Just(4_096_u64), Just(16_384), Just(50_000)]).prop_flat_map(|(network, chunk)| {
        let messages = prop::collection::vec(message(network.machines as u32), 1..40);
        let network = Arc::new(network);
        messages.prop_map(move |mut messages| {
            messages.sort_by_key(|m| m.at);
            Case { network: network.clone(), chunk, messages }
        })
    })
}

impl Case {
    fn fabric(&self) -> Fabric {
        let config = LinkConfig { chunk: ByteSize::from_bytes(self.chunk) };
        Fabric::new(self.network.clone(), config, 7).unwrap()
    }

    fn send(&self, fabric: &mut Fabric, handle: usize) {
        let Message { at, from, to, class, bytes } = self.messages[handle];
        fabric.send(at, from, to, class, ByteSize::from_bytes(bytes), handle as u64);
    }

    /// The next thing that happens to a fabric on which `sent` messages were sent: a due instant first, then a send.
    fn step(&self, fabric: &mut Fabric, sent: &mut usize) -> bool {
        match (fabric.poll_timeout(), self.messages.get(*sent)) {
            (Some(due), message) if message.is_none_or(|m| due <= m.at) => {
                fabric.handle_timeout(due);
            }
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
}

fn drain(fabric: &mut Fabric) -> Vec<LinkEvent> {
    std::iter::from_fn(|| fabric.poll_event()).collect()
}

fn left(fabric: &Fabric, (from, to): (MachineId, MachineId)) -> u64 {
    let of = |class| fabric.traffic(from, to, class).charged.as_bytes();
    of(Class::Control) + of(Class::Data)
}

/// Runs a case to its end: the departures, and how many bytes of which pair left when.
fn run(case: &Case) -> (Vec<Departure>, Log, Fabric) {
    let mut fabric = case.fabric();
    let (mut departures, mut log, mut sent) = (Vec::new(), Vec::new(), 0);
    let mut before = BTreeMap::new();
    let mut last = Instant::START;
    while let Some(now) = fabric.poll_timeout().or(case.messages.get(sent).map(|m| m.at)) {
        assert!(case.step(&mut fabric, &mut sent));
        assert!(fabric.poll_timeout().is_none_or(|due| due >= last), "time ran backwards");
        for pair in case.pairs() {
            let bytes = left(&fabric, pair);
            let was = before.insert(pair, bytes).unwrap_or(0);
            if bytes > was {
                log.push((now.as_nanos(), pair, bytes - was));
                last = now;
            }
        }
        for event in drain(&mut fabric) {
            match event {
                LinkEvent::Departed(departure) => departures.push(departure),
                LinkEvent::Backlog { from, to, backlog } => {
                    assert_eq!(backlog, fabric.backlog(from, to));
                }
            }
        }
    }
    (departures, log, fabric)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every byte leaves once, every message once, in order of its stream, and arrives in order and within the jitter.
    #[test]
    fn bytes_are_conserved_and_streams_are_first_in_first_out(case in case()) {
        let (departures, _, fabric) = run(&case);
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

    /// In every closed interval, through every limit: at most rate times time plus depth; where the depth is less than
    /// two chunks, plus the excess that [`emulator::link`] states.
    #[test]
    fn no_limit_is_ever_exceeded(case in case()) {
        let (_, log, _) = run(&case);
        for (index, limit) in case.network.limits.iter().enumerate() {
            let depth = limit.depth.as_bytes();
            let allowed = depth.max(depth.min(case.chunk) + case.chunk);
            let passes = |&&(_, (from, to), _): &&(u64, (MachineId, MachineId), u64)| {
                case.network.route(from, to).limits.contains(&(index as u32))
            };
            let passed: Vec<_> = log.iter().filter(passes).collect();
            for (i, (start, _, _)) in passed.iter().enumerate() {
                let mut bytes = 0_u128;
                for (end, _, more) in &passed[i..] {
                    bytes += u128::from(*more);
                    let most = u128::from(limit.rate.as_bits_per_second()) * u128::from(end - start)
                        + u128::from(allowed) * 8_000_000_000;
                    prop_assert!(bytes * 8_000_000_000 <= most, "{bytes} bytes from {start} to {end} ns of {limit:?}");
                }
            }
        }
    }

    /// A control message leaves when the tokens taken by what has already left allow, whatever data is booked.
    #[test]
    fn control_overtakes_data(case in case(), bytes in 1..2_000_u64, late in 0..20_000_000_u64) {
        let mut fabric = case.fabric();
        let data = case.messages.iter().filter(|m| m.class == Class::Data);
        for (handle, m) in data.enumerate() {
            fabric.send(Instant::START, m.from, m.to, m.class, ByteSize::from_bytes(m.bytes), handle as u64);
        }
        let now = Instant::from_nanos(late);
        fabric.handle_timeout(now);
        let (from, to) = (case.messages[0].from, case.messages[0].to);
        fabric.send(now, from, to, Class::Control, ByteSize::from_bytes(bytes), u64::MAX);
        let mut sent = case.messages.len();
        while case.step(&mut fabric, &mut sent) {}
        let departures: Vec<_> = drain(&mut fabric);
        let control = departures.iter().find_map(|event| match event {
            LinkEvent::Departed(d) if d.message == u64::MAX => Some(d.departed_at),
            _ => None,
        });
        let route = case.network.route(from, to);
        let slowest = route.limits.iter().map(|&l| case.network.limits[l as usize].rate.as_bits_per_second()).min();
        let most = slowest.map_or(0, |rate| (bytes * 8_000_000_000).div_ceil(rate));
        prop_assert!(control.expect("it leaves") <= now + Duration::from_nanos(most));
    }

    /// Written and read back after any step, it goes on with the same events and the same end.
    #[test]
    fn a_restored_snapshot_continues_identically(case in case(), cut in any::<prop::sample::Index>()) {
        let mut fabric = case.fabric();
        let (mut steps, mut sent) = (0, 0);
        while case.step(&mut fabric, &mut sent) {
            steps += 1;
        }
        let (mut one, mut sent) = (case.fabric(), 0);
        for _ in 0..cut.index(steps) {
            case.step(&mut one, &mut sent);
            if steps % 2 == 0 {
                drain(&mut one);
            }
        }
        let bytes = postcard::to_stdvec(&one.snapshot()).unwrap();
        let mut other = case.fabric();
        other.restore(postcard::from_bytes::<FabricSnapshot>(&bytes).unwrap()).unwrap();
        let mut other_sent = sent;
        loop {
            prop_assert_eq!(one.poll_timeout(), other.poll_timeout());
            prop_assert_eq!(drain(&mut one), drain(&mut other));
            prop_assert_eq!(one.snapshot(), other.snapshot());
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

    /// A limit with more waiting than it can pass passes its rate, to one part in ten thousand, however many share it.
    #[test]
    fn a_backlogged_limit_passes_its_rate(bits in 500_000..40_000_000_000_u64, depth in 0..1_000_000_u64, flows in 1..6_u32) {
        let limit = Limit {
            name: "shared".into(),
            rate: Bandwidth::from_bits_per_second(bits),
            depth: ByteSize::from_bytes(depth),
        };
        let machines = flows as usize + 1;
        let routes = vec![Route { limits: vec![0], ..Route::default() }; machines * machines];
        let network = Arc::new(Network { machines, limits: vec![limit], routes: routes.into() });
        let mut fabric = Fabric::new(network, LinkConfig::default(), 0).unwrap();
        let streams: Vec<_> = (1..=flows).map(|to| (MachineId(0), MachineId(to))).collect();
        for &(from, to) in &streams {
            fabric.send(Instant::START, from, to, Class::Data, ByteSize::from_bytes(1 << 62), 0);
        }
        let at = |chunks: u64| Instant::from_nanos((u128::from(chunks) * 16_384 * 8_000_000_000 / u128::from(bits)) as u64);
        let total = |fabric: &Fabric| streams.iter().map(|&pair| left(fabric, pair)).sum::<u64>();
        fabric.handle_timeout(at(100));
        let before = total(&fabric);
        fabric.handle_timeout(at(30_100));
        let rate = (total(&fabric) - before) as f64 * 8.0 / (at(30_100) - at(100)).as_secs_f64();
        prop_assert!((rate / bits as f64 - 1.0).abs() <= 1e-4, "{rate} of {bits} bit/s");
    }
}

#[test]
fn the_longest_run_and_the_largest_message_do_not_overflow() {
    let limit = |bits| Limit {
        name: "limit".into(),
        rate: Bandwidth::from_bits_per_second(bits),
        depth: ByteSize::from_bytes(0),
    };
    for bits in [1, 1 << 60] {
        let routes = vec![Route { limits: vec![0], ..Route::default() }; 4];
        let network = Arc::new(Network { machines: 2, limits: vec![limit(bits)], routes: routes.into() });
        let mut fabric = Fabric::new(network, LinkConfig::default(), 0).unwrap();
        let late = Instant::from_nanos(u64::MAX - 1_000_000_000_000_000);
        fabric.send(late, MachineId(0), MachineId(1), Class::Data, ByteSize::from_bytes(1 << 63), 0);
        for _ in 0..5 {
            let due = fabric.poll_timeout().expect("bytes wait");
            assert!(due >= late);
            fabric.handle_timeout(due);
        }
    }
}

#[test]
fn a_snapshot_of_another_network_is_refused() {
    let of = |machines: usize| {
        let routes = vec![Route::default(); machines * machines];
        let network = Network { machines, limits: vec![], routes: routes.into() };
        Fabric::new(Arc::new(network), LinkConfig::default(), 0).unwrap()
    };
    let error = of(3).restore(of(2).snapshot()).unwrap_err();
    insta::assert_snapshot!(error, @"snapshot of 4 ordered pairs and 0 limits: expected 9 and 0");
}

#[test]
fn what_waits_is_described() {
    let limit =
        Limit { name: "m0 out".into(), rate: Bandwidth::from_bits_per_second(8_000), depth: ByteSize::from_bytes(0) };
    let routes = vec![Route { limits: vec![0], ..Route::default() }; 4];
    let network = Arc::new(Network { machines: 2, limits: vec![limit], routes: routes.into() });
    let mut fabric = Fabric::new(network, LinkConfig::default(), 0).unwrap();
    for message in 0..2 {
        fabric.send(Instant::START, MachineId(0), MachineId(1), Class::Data, ByteSize::from_bytes(500), message);
    }
    let lines: Vec<String> = fabric.waiting().map(|waiting| waiting.to_string()).collect();
    insta::assert_snapshot!(lines.join("\n"), @"m0 to m1: 2 data messages, 1000 bytes, next at 0.500000 s");
}
