//! Laws of links in chunks.

use std::sync::Arc;

use emulator::id::MachineId;
use emulator::link::{Fabric, LinkConfig, LinkEvent, LinkModel};
use emulator::network::{Network, Route};
use emulator::node::Class;
use emulator::time::{Duration, Instant};
use emulator::units::ByteSize;
use proptest::prelude::*;

use super::cases::{THERE, case, chunks, drain, limit, two_machines};

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// In every closed interval, through every limit: at most rate times time plus depth; where the depth is less than
    /// two chunks, plus the excess that [`emulator::link`] states.
    #[test]
    fn no_limit_is_ever_exceeded(case in case(chunks())) {
        let LinkModel::Chunks(LinkConfig { chunk }) = case.model else { unreachable!("of chunks") };
        let (run, chunk) = (case.run(), chunk.as_bytes());
        for (index, limit) in case.network.limits.iter().enumerate() {
            let depth = limit.depth.as_bytes();
            let allowed = depth.max(depth.min(chunk) + chunk);
            // What has passed before an instant and then, where that differs.
            let passed = case.passed(&run.log, index as u32);
            let before = std::iter::once(0).chain(passed.iter().map(|&(_, bytes)| bytes));
            let passed: Vec<_> = before.zip(&passed).filter(|(before, (_, then))| before < then).collect();
            for (i, (before, (start, _))) in passed.iter().enumerate() {
                for (_, (end, then)) in &passed[i..] {
                    let most = u128::from(limit.rate.as_bits_per_second()) * u128::from(end - start)
                        + u128::from(allowed) * 8_000_000_000;
                    let bytes = then - before;
                    prop_assert!(u128::from(bytes) * 8_000_000_000 <= most, "{bytes} bytes from {start} to {end} ns of {limit:?}");
                }
            }
        }
    }

    /// A control message leaves when the tokens taken by what has already left allow, whatever data is booked.
    #[test]
    fn control_overtakes_data(case in case(chunks()), bytes in 1..2_000_u64, late in 0..20_000_000_u64) {
        let mut links = case.links();
        let data = case.messages.iter().filter(|m| m.class == Class::Data);
        for (handle, m) in data.enumerate() {
            links.send(Instant::START, m.from, m.to, m.class, ByteSize::from_bytes(m.bytes), handle as u64);
        }
        let now = Instant::from_nanos(late);
        links.handle_timeout(now);
        let (from, to) = (case.messages[0].from, case.messages[0].to);
        links.send(now, from, to, Class::Control, ByteSize::from_bytes(bytes), u64::MAX);
        let mut sent = case.messages.len();
        while case.step(&mut links, &mut sent) {}
        let departures: Vec<_> = drain(&mut links);
        let control = departures.iter().find_map(|event| match event {
            LinkEvent::Departed(d) if d.message == u64::MAX => Some(d.departed_at),
            _ => None,
        });
        let route = case.network.route(from, to);
        let slowest = route.limits.iter().map(|&l| case.network.limits[l as usize].rate.as_bits_per_second()).min();
        let most = slowest.map_or(0, |rate| (bytes * 8_000_000_000).div_ceil(rate));
        prop_assert!(control.expect("it leaves") <= now + Duration::from_nanos(most));
    }

    /// A limit with more waiting than it can pass passes its rate, to one part in ten thousand, however many share it.
    #[test]
    fn a_backlogged_limit_passes_its_rate(bits in 500_000..40_000_000_000_u64, depth in 0..1_000_000_u64, flows in 1..6_u32) {
        let machines = flows as usize + 1;
        let routes = vec![Route { limits: vec![0], ..Route::default() }; machines * machines];
        let network = Arc::new(Network { machines, limits: vec![limit(bits, depth)], routes: routes.into() });
        let mut fabric = Fabric::new(network, LinkConfig::default(), 0).unwrap();
        let streams: Vec<_> = (1..=flows).map(|to| (MachineId(0), MachineId(to))).collect();
        for &(from, to) in &streams {
            fabric.send(Instant::START, from, to, Class::Data, ByteSize::from_bytes(1 << 62), 0);
        }
        let at = |chunks: u64| Instant::from_nanos((u128::from(chunks) * 16_384 * 8_000_000_000 / u128::from(bits)) as u64);
        let total = |fabric: &Fabric| streams.iter().map(|&(from, to)| fabric.traffic(from, to, Class::Data).charged.as_bytes()).sum::<u64>();
        fabric.handle_timeout(at(100));
        let before = total(&fabric);
        fabric.handle_timeout(at(30_100));
        let rate = (total(&fabric) - before) as f64 * 8.0 / (at(30_100) - at(100)).as_secs_f64();
        prop_assert!((rate / bits as f64 - 1.0).abs() <= 1e-4, "{rate} of {bits} bit/s");
    }
}

#[test]
fn the_longest_run_and_the_largest_message_do_not_overflow() {
    for bits in [1, 1 << 60] {
        let mut fabric = Fabric::new(two_machines(vec![limit(bits, 0)]), LinkConfig::default(), 0).unwrap();
        let late = Instant::from_nanos(u64::MAX - 1_000_000_000_000_000);
        fabric.send(late, THERE.0, THERE.1, Class::Data, ByteSize::from_bytes(1 << 63), 0);
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
