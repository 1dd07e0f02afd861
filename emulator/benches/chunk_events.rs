//! Chunk events a CPU-second: 22 machines on the EC2 network of 2016 with all 462 streams backlogged.
//!
//! One event is one chunk's departure as a driver does it: `poll_timeout`, `handle_timeout`, `poll_event` until there
//! is no more. Run with `cargo bench -p emulator --bench chunk_events`.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

#[path = "../tests/link_common/mod.rs"]
mod link_common;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use emulator::link::{Fabric, LinkConfig};
use emulator::node::Class;
use emulator::time::Instant;
use emulator::units::ByteSize;

/// Chunk events of one measured piece.
const EVENTS: u64 = 100_000;

/// Every stream with more bytes than a bench can move, past the first second.
fn backlogged() -> Fabric {
    let network = link_common::ec2_2016();
    let mut fabric = Fabric::new(network, LinkConfig::default(), 1).expect("the network is sound");
    for (from, to) in link_common::pairs(22) {
        fabric.send(Instant::START, from, to, Class::Data, ByteSize::from_bytes(1 << 50), 0);
    }
    while fabric.poll_timeout().is_some_and(|at| at.as_nanos() < 1_000_000_000) {
        step(&mut fabric);
    }
    fabric
}

fn step(fabric: &mut Fabric) {
    let at = fabric.poll_timeout().expect("the streams are backlogged");
    fabric.handle_timeout(at);
    while let Some(event) = fabric.poll_event() {
        black_box(event);
    }
}

/// The processor time of this thread in seconds, which other load on the host does not change; Linux only.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux host");
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.expect("schedstat begins with nanoseconds") / 1e9
}

fn chunk_events(criterion: &mut Criterion) {
    let mut fabric = backlogged();
    let best = (0..10)
        .map(|_| {
            let start = cpu_seconds();
            (0..10 * EVENTS).for_each(|_| step(&mut fabric));
            10.0 * EVENTS as f64 / (cpu_seconds() - start)
        })
        .fold(0.0, f64::max);
    println!("chunk_events: {:.2} million a CPU-second, best of 10 times {} events", best / 1e6, 10 * EVENTS);

    let mut group = criterion.benchmark_group("chunk_events");
    group.throughput(Throughput::Elements(EVENTS)).sample_size(10);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    group.bench_function("462_backlogged", |bencher| {
        bencher.iter(|| (0..EVENTS).for_each(|_| step(&mut fabric)));
    });
    group.finish();
}

criterion_group!(benches, chunk_events);
criterion_main!(benches);
