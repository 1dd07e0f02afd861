//! Flow completion times of the link model against exact max-min fairness, flow by flow: 462 flows among 22 machines.
//!
//! The makespan alone would hide nearly everything: it is one flow, on the slowest link.

#![expect(clippy::print_stdout, reason = "numbers for who looks")]

mod link_common;

use std::sync::Arc;

use emulator::id::MachineId;
use emulator::link::{Fabric, LinkConfig, LinkEvent};
use emulator::maxmin::{self, completion_times};
use emulator::network::Network;
use emulator::node::Class;
use emulator::time::Instant;
use emulator::units::ByteSize;
use link_common::{Builder, EC2_MBPS, MEGA, ec2_2016, pairs};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

struct Flow {
    from: MachineId,
    to: MachineId,
    bytes: u64,
    start_nanos: u64,
}

/// One flow of 2 to 40 MB for every ordered pair, starting within `spread_nanos`.
fn flows(seed: u64, spread_nanos: u64) -> Vec<Flow> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let flow = |(from, to)| Flow {
        from,
        to,
        bytes: rng.random_range(2_000_000..=40_000_000),
        start_nanos: rng.random_range(0..=spread_nanos),
    };
    pairs(22).map(flow).collect()
}

/// The time at which each flow's last byte leaves, in seconds.
fn emulate(network: &Arc<Network>, flows: &[Flow]) -> Vec<f64> {
    let mut fabric = Fabric::new(network.clone(), LinkConfig::default(), 1).unwrap();
    let mut coming: Vec<usize> = (0..flows.len()).collect();
    coming.sort_by_key(|&flow| std::cmp::Reverse(flows[flow].start_nanos));
    let mut ends = vec![f64::NAN; flows.len()];
    loop {
        let start = coming.last().map_or(Instant::NEVER, |&flow| Instant::from_nanos(flows[flow].start_nanos));
        match fabric.poll_timeout() {
            Some(due) if due <= start => fabric.handle_timeout(due),
            _ => {
                let Some(flow) = coming.pop() else {
                    return ends;
                };
                let Flow { from, to, bytes, .. } = flows[flow];
                fabric.send(start, from, to, Class::Data, ByteSize::from_bytes(bytes), flow as u64);
            }
        }
        while let Some(event) = fabric.poll_event() {
            if let LinkEvent::Departed(departure) = event {
                ends[departure.message as usize] = departure.departed_at.as_secs_f64();
            }
        }
    }
}

/// The same under exact max-min fairness.
fn solve(network: &Network, flows: &[Flow]) -> Vec<f64> {
    let capacities: Vec<f64> = network.limits.iter().map(|l| l.rate.as_bits_per_second() as f64 / 8.0).collect();
    let fluid = |flow: &Flow| maxmin::Flow {
        limits: network.route(flow.from, flow.to).limits,
        start: flow.start_nanos as f64 / 1e9,
        bytes: flow.bytes as f64,
    };
    completion_times(&capacities, &flows.iter().map(fluid).collect::<Vec<_>>())
}

/// Checks mean and 99th percentile of the relative error of flow completion times, over eight runs: four in which all
/// flows start together, four in which they start within two seconds.
fn check(name: &str, network: &Arc<Network>) {
    let mut errors = Vec::new();
    for seed in 0..8 {
        let flows = flows(seed, (seed % 2) * 2_000_000_000);
        let (got, want) = (emulate(network, &flows), solve(network, &flows));
        errors.extend(flows.iter().zip(got.iter().zip(&want)).map(|(flow, (got, want))| {
            let start = flow.start_nanos as f64 / 1e9;
            ((got - start) / (want - start) - 1.0).abs() * 100.0
        }));
    }
    errors.sort_by(f64::total_cmp);
    let (mean, p99) = (errors.iter().sum::<f64>() / errors.len() as f64, errors[errors.len() * 99 / 100]);
    println!("{name}: error of flow completion times {mean:.3} % mean, {p99:.2} % p99");
    assert!(mean < 0.5, "{name}: mean error {mean} %");
    assert!(p99 < 2.0, "{name}: p99 error {p99} %");
}

#[test]
fn machine_to_site_limits_and_nics_share_max_min_fairly() {
    check("machine to site", &ec2_2016());
}

#[test]
fn pairs_and_uplinks_share_max_min_fairly() {
    let mut builder = Builder::new(22);
    for s in 0..11 {
        builder.shared(format!("s{s} up"), (300 + 40 * s as u64) * MEGA, |from, to| from / 2 == s && to / 2 != s);
        builder.shared(format!("s{s} down"), 500 * MEGA, |from, to| to / 2 == s && from / 2 != s);
    }
    for (from, to) in pairs(22).map(|(from, to)| (from.index(), to.index())).filter(|(from, to)| from / 2 != to / 2) {
        let bits = EC2_MBPS[from / 2][to / 2] * MEGA / 2;
        builder.limit(format!("m{from} to m{to}"), bits, |f, t| (f, t) == (from, to));
    }
    check("pairs and uplinks", &builder.build());
}

#[test]
fn site_pairs_share_max_min_fairly() {
    let mut builder = Builder::new(22);
    for (from, row) in EC2_MBPS.iter().enumerate() {
        for (to, &mbps) in row.iter().enumerate().filter(|&(to, _)| to != from) {
            builder.limit(format!("s{from} to s{to}"), mbps * MEGA, |f, t| (f / 2, t / 2) == (from, to));
        }
    }
    check("site pairs", &builder.build());
}
