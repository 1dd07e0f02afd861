//! The fluid model against chunks of 16 KiB, flow by flow: 462 flows among 22 machines, on EC2's network under each shaping.
//!
//! What the fluid leaves out, depths and chunks, is the same number of bytes whatever is sent: the larger the flows, the less it shows.

#![expect(clippy::print_stdout, reason = "numbers for who looks")]

use std::sync::Arc;

use emulator::id::MachineId;
use emulator::link::{LinkConfig, LinkEvent, LinkModel, Links};
use emulator::network::Network;
use emulator::node::Class;
use emulator::profile::{Profile, Shaping};
use emulator::time::Instant;
use emulator::topology::Topology;
use emulator::units::ByteSize;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const MACHINES: u32 = 22;

fn network(shaping: Shaping) -> Arc<Network> {
    let profile = Profile { shaping, ..Profile::builtin("ec2-all").unwrap() };
    Arc::new(Topology::new(&profile, &[2; 11]).unwrap().network())
}

/// The time at which the last byte of each pair's message leaves, all having begun at 0.
fn ends(network: &Arc<Network>, model: LinkModel, sizes: &[u64]) -> Vec<f64> {
    let mut links = Links::new(network.clone(), model, 1).unwrap();
    let pairs = (0..MACHINES).flat_map(|from| (0..MACHINES).map(move |to| (MachineId(from), MachineId(to))));
    for ((handle, &size), (from, to)) in (0..).zip(sizes).zip(pairs.filter(|(from, to)| from != to)) {
        links.send(Instant::START, from, to, Class::Data, ByteSize::from_bytes(size), handle);
    }
    let mut ends = vec![f64::NAN; sizes.len()];
    while let Some(due) = links.poll_timeout() {
        links.handle_timeout(due);
        while let Some(event) = links.poll_event() {
            if let LinkEvent::Departed(departure) = event {
                ends[departure.message as usize] = departure.departed_at.as_secs_f64();
            }
        }
    }
    ends
}

#[test]
fn large_flows_end_when_they_do_in_chunks() {
    // At most, in percent, for the large ones: mean, 99th percentile, last flow. The buckets of pairs of sites are 61 ms deep.
    let bounds = [
        (Shaping::MachineToSite, [0.25, 2.0, 0.05]),
        (Shaping::MachinePair, [0.25, 2.0, 0.05]),
        (Shaping::SitePair, [0.4, 3.0, 0.1]),
    ];
    for (shaping, most) in bounds {
        let network = network(shaping);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let weights: Vec<u64> = (0..462).map(|_| rng.random_range(1..=20)).collect();
        // Of 1 to 20 times the unit.
        let [small, large] = [100_000, 3_000_000].map(|unit| {
            let sizes: Vec<u64> = weights.iter().map(|weight| weight * unit).collect();
            let [chunks, fluid] =
                [LinkModel::Chunks(LinkConfig::default()), LinkModel::Fluid].map(|model| ends(&network, model, &sizes));
            let mut errors: Vec<f64> = chunks.iter().zip(&fluid).map(|(c, f)| (f / c - 1.0).abs() * 100.0).collect();
            errors.sort_by(f64::total_cmp);
            let [last, last_fluid] = [&chunks, &fluid].map(|ends| ends.iter().copied().fold(0.0, f64::max));
            let mean = errors.iter().sum::<f64>() / errors.len() as f64;
            let (p99, makespan) = (errors[errors.len() * 99 / 100], (last_fluid / last - 1.0).abs() * 100.0);
            println!(
                "{shaping:?}, {unit} B: {mean:.3} % mean, {p99:.2} % p99, {makespan:.3} % of the last of {last:.1} s"
            );
            [mean, p99, makespan]
        });
        assert!(large.iter().zip(most).all(|(found, most)| *found < most), "{shaping:?}: {large:?} %");
        // Otherwise this would compare a model with itself.
        assert!(small[0] > 2.0 * large[0], "{shaping:?}: {small:?} %, {large:?} %");
    }
}
