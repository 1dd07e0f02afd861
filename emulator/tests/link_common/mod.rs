//! Networks for the tests of the link model.

use std::sync::Arc;

use emulator::id::MachineId;
use emulator::network::{Limit, Network, Route};
use emulator::time::Duration;
use emulator::units::{Bandwidth, ByteSize};

/// Mbit/s between the 11 regions of the EC2 profile of 2016 (Figure 2 of the Gaia paper), diagonal 1000.
pub const EC2_MBPS: [[u64; 11]; 11] = [
    [1000, 118, 134, 64, 74, 64, 57, 40, 50, 57, 97],
    [118, 1000, 212, 30, 50, 54, 67, 54, 71, 37, 54],
    [134, 212, 1000, 61, 57, 64, 77, 54, 44, 40, 64],
    [64, 30, 61, 1000, 192, 44, 44, 37, 30, 77, 57],
    [74, 50, 57, 192, 1000, 40, 40, 34, 24, 101, 57],
    [64, 54, 64, 44, 40, 1000, 161, 158, 71, 71, 40],
    [57, 67, 77, 44, 40, 161, 1000, 161, 57, 84, 37],
    [40, 54, 54, 37, 34, 158, 161, 1000, 64, 81, 17],
    [50, 71, 44, 30, 24, 71, 57, 64, 1000, 37, 34],
    [57, 37, 40, 77, 101, 71, 84, 81, 37, 1000, 34],
    [97, 54, 64, 57, 57, 40, 37, 17, 34, 34, 1000],
];

/// A network under construction.
pub struct Builder {
    network: Network,
    depth: fn(u64) -> u64,
}

impl Builder {
    /// `machines` machines with nothing between them; a limit's depth in bytes is `depth` of its rate in bits a second.
    pub fn new(machines: usize, depth: fn(u64) -> u64) -> Builder {
        let network = Network { machines, limits: Vec::new(), routes: vec![Route::default(); machines * machines] };
        Builder { network, depth }
    }

    /// Adds a limit that every pair for which `shares` holds passes.
    pub fn limit(&mut self, name: String, bits: u64, shares: impl Fn(usize, usize) -> bool) {
        let index = self.network.limits.len() as u32;
        let depth = ByteSize::from_bytes((self.depth)(bits));
        self.network.limits.push(Limit { name, rate: Bandwidth::from_bits_per_second(bits), depth });
        let machines = self.network.machines;
        for (pair, route) in self.network.routes.iter_mut().enumerate() {
            let (from, to) = (pair / machines, pair % machines);
            if from != to && shares(from, to) {
                route.limits.push(index);
            }
        }
    }

    /// The same delay and jitter on every route.
    #[allow(dead_code)]
    pub fn delay(&mut self, delay: Duration, jitter: Duration) {
        for route in &mut self.network.routes {
            (route.delay, route.jitter) = (delay, jitter);
        }
    }

    pub fn build(self) -> Arc<Network> {
        Arc::new(self.network)
    }
}

const MEGA: u64 = 1_000_000;

/// Two machines at each of the 11 regions: NIC limits of 1 Gbit/s in and out, and one limit for each machine and
/// remote site, as the paper shapes its emulation.
pub fn ec2_2016(depth: fn(u64) -> u64) -> Builder {
    let mut builder = Builder::new(22, depth);
    for m in 0..22 {
        builder.limit(format!("m{m} out"), 1000 * MEGA, |from, _| from == m);
        builder.limit(format!("m{m} in"), 1000 * MEGA, |_, to| to == m);
        for (site, &mbps) in EC2_MBPS[m / 2].iter().enumerate().filter(|&(site, _)| site != m / 2) {
            builder.limit(format!("m{m} to s{site}"), mbps * MEGA, |from, to| from == m && to / 2 == site);
        }
    }
    builder
}

/// Two milliseconds of the rate: four chunks of 64 KiB at 1 Gbit/s.
pub fn two_milliseconds(bits: u64) -> u64 {
    bits / 8 / 500
}

/// All ordered pairs.
pub fn pairs(machines: u32) -> impl Iterator<Item = (MachineId, MachineId)> {
    (0..machines).flat_map(move |from| {
        (0..machines).filter(move |&to| to != from).map(move |to| (MachineId(from), MachineId(to)))
    })
}

/// The depth that the link model recommends: a millisecond of the rate, and eight chunks of 16 KiB where many streams
/// share a fast limit (here: NICs and uplinks, the limits of 300 Mbit/s and more).
pub fn recommended(bits: u64) -> u64 {
    let millisecond = bits / 8 / 1_000;
    if bits >= 300 * MEGA { millisecond.max(8 * 16 * 1024) } else { millisecond }
}
