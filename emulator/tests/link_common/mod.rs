//! The EC2 network of 2016 as limits and routes, for the accuracy tests and the bench of the link model.

use std::sync::Arc;

use emulator::id::MachineId;
use emulator::network::{Limit, Network, Route};
use emulator::units::{Bandwidth, ByteSize};

/// Mbit/s between the 11 regions, in the order Virginia, California, Oregon, Ireland, Frankfurt, Tokyo, Seoul,
/// Singapore, Sydney, Mumbai, Sao Paulo (Figure 2 of the Gaia paper, read to 5 Mbit/s); the diagonal is the LAN.
pub(crate) const EC2_MBPS: [[u64; 11]; 11] = [
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

/// Bits per second in a Mbit/s.
pub(crate) const MEGA: u64 = 1_000_000;

/// The depth that the link model recommends for a limit: a millisecond of its rate.
const MILLISECOND: fn(u64) -> u64 = |bits| bits / 8 / 1_000;

/// And at least eight chunks where many streams share it.
const EIGHT_CHUNKS: u64 = 8 * 16 * 1024;

/// A network under construction.
pub(crate) struct Builder {
    machines: usize,
    limits: Vec<Limit>,
    routes: Vec<Route>,
}

impl Builder {
    /// `machines` machines with NIC limits of 1 Gbit/s out and in, and nothing else between them.
    pub(crate) fn new(machines: usize) -> Builder {
        let routes = vec![Route::default(); machines * machines];
        let mut builder = Builder { machines, limits: Vec::new(), routes };
        for m in 0..machines {
            builder.shared(format!("m{m} out"), 1000 * MEGA, |from, _| from == m);
            builder.shared(format!("m{m} in"), 1000 * MEGA, |_, to| to == m);
        }
        builder
    }

    /// Adds a limit of `bits` per second that the pairs for which `passes` holds pass: a few.
    pub(crate) fn limit(&mut self, name: String, bits: u64, passes: impl Fn(usize, usize) -> bool) {
        self.add(name, bits, MILLISECOND(bits), passes);
    }

    /// The same for a limit that many streams pass.
    pub(crate) fn shared(&mut self, name: String, bits: u64, passes: impl Fn(usize, usize) -> bool) {
        self.add(name, bits, MILLISECOND(bits).max(EIGHT_CHUNKS), passes);
    }

    /// The network of the limits and routes that were added.
    pub(crate) fn build(self) -> Arc<Network> {
        let Builder { machines, limits, routes } = self;
        Arc::new(Network { machines, limits, routes: routes.into() })
    }

    fn add(&mut self, name: String, bits: u64, depth: u64, passes: impl Fn(usize, usize) -> bool) {
        let Builder { machines, limits, routes } = self;
        let index = limits.len() as u32;
        let (rate, depth) = (Bandwidth::from_bits_per_second(bits), ByteSize::from_bytes(depth));
        limits.push(Limit { name, rate, depth });
        for (pair, route) in routes.iter_mut().enumerate() {
            let (from, to) = (pair / *machines, pair % *machines);
            if from != to && passes(from, to) {
                route.limits.push(index);
            }
        }
    }
}

/// Two machines at each of the 11 regions, with NIC limits and one limit for each machine and remote site, as the paper
/// shapes its emulation.
pub(crate) fn ec2_2016() -> Arc<Network> {
    let mut builder = Builder::new(22);
    for m in 0..22 {
        for (site, &mbps) in EC2_MBPS[m / 2].iter().enumerate().filter(|&(site, _)| site != m / 2) {
            builder.limit(format!("m{m} to s{site}"), mbps * MEGA, |from, to| from == m && to / 2 == site);
        }
    }
    builder.build()
}

/// All ordered pairs of different machines.
pub(crate) fn pairs(machines: u32) -> impl Iterator<Item = (MachineId, MachineId)> {
    (0..machines).flat_map(move |from| {
        (0..machines).filter(move |&to| to != from).map(move |to| (MachineId(from), MachineId(to)))
    })
}
