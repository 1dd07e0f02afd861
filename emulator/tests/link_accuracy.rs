mod link_common;
use emulator::link::*;
use emulator::maxmin::*;
use emulator::network::Network;
use emulator::node::Class;
use emulator::time::Instant;
use emulator::units::ByteSize;
use link_common::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

fn errors(network: &Arc<Network>, flows: &[(MachineIdPair, u64, u64)], chunk: u64) -> Vec<f64> {
    let mut fabric =
        Fabric::new(network.clone(), LinkConfig { chunk: ByteSize::from_bytes(chunk), ..LinkConfig::default() }, 1)
            .unwrap();
    let caps: Vec<f64> = network.limits.iter().map(|l| l.rate.as_bits_per_second() as f64 / 8.0).collect();
    let fluid: Vec<Flow> = flows
        .iter()
        .map(|&((f, t), b, s)| Flow {
            limits: network.route(f, t).limits.clone(),
            start: s as f64 / 1e9,
            bytes: b as f64,
        })
        .collect();
    let want = completion_times(&caps, &fluid);
    let mut order: Vec<usize> = (0..flows.len()).collect();
    order.sort_by_key(|&i| flows[i].2);
    let mut next = 0;
    let mut got = vec![0.0; flows.len()];
    let mut events = 0u64;
    loop {
        let start = order.get(next).map(|&i| Instant::from_nanos(flows[i].2));
        match (start, fabric.poll_timeout()) {
            (None, None) => break,
            (Some(s), t) if t.is_none_or(|t| s < t) => {
                let i = order[next];
                next += 1;
                let ((f, t), b, _) = flows[i];
                fabric.send(s, f, t, Class::Data, ByteSize::from_bytes(b), i as u64);
            }
            (_, Some(t)) => {
                fabric.handle_timeout(t);
            }
            _ => unreachable!(),
        }
        while let Some(e) = fabric.poll_event() {
            events += 1;
            if let LinkEvent::Departed(d) = e {
                got[d.message as usize] = d.departed_at.as_secs_f64();
            }
        }
    }

    (0..flows.len())
        .map(|i| {
            let s = flows[i].2 as f64 / 1e9;
            (got[i] - s) / (want[i] - s) - 1.0
        })
        .collect()
}
type MachineIdPair = (emulator::id::MachineId, emulator::id::MachineId);
fn report(name: &str, e: &[f64]) {
    let mut a: Vec<f64> = e.iter().map(|x| x.abs()).collect();
    a.sort_by(f64::total_cmp);
    let mean = a.iter().sum::<f64>() / a.len() as f64;
    let bias = e.iter().sum::<f64>() / e.len() as f64;
    eprintln!(
        "{name}: mean {:.3} % p99 {:.3} % worst {:.3} % bias {:.3} %",
        mean * 100.,
        a[a.len() * 99 / 100] * 100.,
        a[a.len() - 1] * 100.,
        bias * 100.
    );
}
fn uplinks(depth: fn(u64) -> u64) -> Builder {
    let mut b = Builder::new(22, depth);
    for m in 0..22usize {
        b.limit(format!("m{m} out"), 1_000_000_000, |f, _| f == m);
        b.limit(format!("m{m} in"), 1_000_000_000, |_, t| t == m);
    }
    for s in 0..11usize {
        b.limit(format!("s{s} up"), 300_000_000 + 40_000_000 * s as u64, move |f, t| f / 2 == s && t / 2 != s);
        b.limit(format!("s{s} down"), 500_000_000, move |f, t| t / 2 == s && f / 2 != s);
    }
    for f in 0..22usize {
        for t in 0..22usize {
            if f / 2 != t / 2 {
                b.limit(format!("m{f} to m{t}"), EC2_MBPS[f / 2][t / 2] * 500_000, move |a, c| a == f && c == t);
            }
        }
    }
    b
}
#[test]
fn explore() {
    let depths: [(&str, fn(u64) -> u64); 4] = [
        ("1ms", |b| b / 8000),
        ("2ms", two_milliseconds),
        ("1ms|128K", |b| if b > 250_000_000 { 131072 } else { b / 8000 }),
        ("2ms|128K", |b| if b > 250_000_000 { 131072 } else { b / 4000 }),
    ];
    for (dn, depth) in depths {
        for chunk in [65536, 16384] {
            for (nn, net) in [("ec2", ec2_2016(depth).build()), ("up", uplinks(depth).build())] {
                for starts in [0u64, 1] {
                    let mut out = vec![];
                    for seed in 0..3 {
                        let mut rng = ChaCha8Rng::seed_from_u64(seed);
                        let flows: Vec<_> = pairs(22)
                            .map(|p| {
                                (
                                    p,
                                    rng.random_range(2_000_000..=40_000_000u64),
                                    if starts == 0 { 0 } else { rng.random_range(0..2_000_000_000u64) },
                                )
                            })
                            .collect();
                        let e = errors(&net, &flows, chunk);
                        let mut a: Vec<f64> = e.iter().map(|x| x.abs() * 100.).collect();
                        a.sort_by(f64::total_cmp);
                        let mean = a.iter().sum::<f64>() / a.len() as f64;
                        let bias = 100. * e.iter().sum::<f64>() / e.len() as f64;
                        out.push(format!("{:.3}/{:.2}({:.3})", mean, a[a.len() * 99 / 100], bias));
                    }
                    eprintln!("{dn:10} {chunk:6} {nn:4} starts {starts}: {}", out.join("  "));
                }
            }
        }
    }
}
