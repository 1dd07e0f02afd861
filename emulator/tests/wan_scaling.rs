//! The law of scaled networks: with every limit between sites times `k` and no delays, what is bound by the network takes
//! `1 / k` of the time, whatever the shaping and wherever the limit stands.

use std::sync::Arc;

use emulator::id::MachineId;
use emulator::link::{Fabric, LinkConfig, LinkEvent};
use emulator::node::Class;
use emulator::profile::{Duplex, Profile, Shaping, Site, SiteMatrix};
use emulator::time::{Duration, Instant};
use emulator::topology::Topology;
use emulator::units::{Bandwidth, ByteSize};
use proptest::prelude::*;

const SITES: usize = 3;
const MACHINES: u32 = 2 * SITES as u32;

fn mbit(rate: u64) -> Bandwidth {
    Bandwidth::from_bits_per_second(rate * 1_000_000)
}

/// Three sites without delays, whose network cards hold nothing up. `uplinks`: Mbit/s in and out, where a site has one.
fn profile(shaping: Shaping, rates: &[u64], uplinks: &[Option<(u64, u64)>]) -> Profile {
    let site = |(i, uplink): (usize, &Option<(u64, u64)>)| Site {
        name: format!("site {i}"),
        region: None,
        aliases: Vec::new(),
        machines: 2,
        nic: Duplex { inbound: mbit(10_000_000), outbound: mbit(10_000_000) },
        uplink: uplink.map(|(inbound, outbound)| Duplex { inbound: mbit(inbound), outbound: mbit(outbound) }),
        rtt_inside: Duration::ZERO,
    };
    Profile {
        name: "law".into(),
        title: String::new(),
        source: String::new(),
        date: String::new(),
        notes: Vec::new(),
        sites: uplinks.iter().enumerate().map(site).collect(),
        bandwidth: SiteMatrix::from_fn(SITES, |from, to| Some(mbit(rates[from.index() * SITES + to.index()]))),
        rtt: SiteMatrix::from_fn(SITES, |_, _| Some(Duration::ZERO)),
        jitter: Duration::ZERO,
        shaping,
        depth: Some(ByteSize::from_bytes(32 << 10)),
    }
}

/// Seconds until all machines have had `bytes[i]` from the machines of other sites, sent at once.
fn seconds(profile: &Profile, bytes: &[u64]) -> f64 {
    let topology = Topology::new(profile, &profile.default_machines()).unwrap();
    let config = LinkConfig { chunk: ByteSize::from_bytes(8 << 10) };
    let mut fabric = Fabric::new(Arc::new(topology.network()), config, 1).unwrap();
    let pairs = (0..MACHINES).flat_map(|from| (0..MACHINES).map(move |to| (MachineId(from), MachineId(to))));
    for ((from, to), bytes) in pairs.filter(|&(from, to)| topology.is_wan(from, to)).zip(bytes.iter().cycle()) {
        fabric.send(Instant::START, from, to, Class::Data, ByteSize::from_bytes(*bytes), 0);
    }
    let mut last = Instant::START;
    while let Some(due) = fabric.poll_timeout() {
        fabric.handle_timeout(due);
        while let Some(event) = fabric.poll_event() {
            if let LinkEvent::Departed(departure) = event {
                last = last.max(departure.arrives_at);
            }
        }
    }
    last.as_secs_f64()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_network_times_k_takes_a_kth_of_the_time(
        shaping in prop_oneof![Just(Shaping::MachineToSite), Just(Shaping::MachinePair), Just(Shaping::SitePair)],
        rates in prop::collection::vec(5..100_u64, SITES * SITES),
        uplinks in prop::collection::vec(prop::option::of((5..100_u64, 5..100_u64)), SITES),
        bytes in prop::collection::vec(1_000_000..3_000_000_u64, 7),
        times in prop_oneof![0.1..0.9_f64, 1.1..10.0_f64],
    ) {
        let profile = profile(shaping, &rates, &uplinks);
        let (given, scaled) = (seconds(&profile, &bytes), seconds(&profile.wan_times(times), &bytes));
        prop_assert!((scaled * times / given - 1.0).abs() < 0.02, "{given} s, times {times}: {scaled} s");
    }
}

#[test]
fn network_cards_are_no_limit_between_sites() {
    let profile = profile(Shaping::SitePair, &[10; SITES * SITES], &[None, Some((20, 30)), None]);
    let half = profile.wan_times(0.5);
    assert_eq!(half.sites[1].uplink, Some(Duplex { inbound: mbit(10), outbound: mbit(15) }));
    assert_eq!(half.sites[0].nic, profile.sites[0].nic);
    assert_eq!((half.rtt, half.jitter, half.depth), (profile.rtt, profile.jitter, profile.depth));
}
