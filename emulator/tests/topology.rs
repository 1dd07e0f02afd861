//! The laws of placing machines in a profile: which limits lie on whose way, and how much they let through.

#![cfg(feature = "read")]

use std::collections::BTreeSet;

use emulator::id::{MachineId, SiteId};
use emulator::network::{Limit, Network};
use emulator::profile::{Duplex, Profile, Shaping, Site, SiteMatrix};
use emulator::time::Duration;
use emulator::topology::{Topology, bucket_depth, shared_bucket_depth};
use emulator::units::{Bandwidth, ByteSize};
use proptest::prelude::*;

fn mbit(rate: u64) -> Bandwidth {
    Bandwidth::from_bits_per_second(rate * 1_000_000)
}

/// The limits on the way from `from` to `to`.
fn on_the_way(network: &Network, from: MachineId, to: MachineId) -> Vec<&Limit> {
    network.route(from, to).limits.iter().map(|&limit| &network.limits[limit as usize]).collect()
}

/// The names of the limits that must lie on the way according to the profile.
fn expected_names(topology: &Topology, from: MachineId, to: MachineId) -> BTreeSet<String> {
    let (source, target) = (topology.site_of(from), topology.site_of(to));
    let (source_name, target_name) = (&topology.site(source).name, &topology.site(target).name);
    let mut names = BTreeSet::from([format!("{from} out"), format!("{to} in")]);
    if source == target {
        return names;
    }
    names.insert(match topology.profile().shaping {
        Shaping::MachineToSite => format!("{from} to {target_name}"),
        Shaping::MachinePair => format!("{from} to {to}"),
        Shaping::SitePair => format!("{source_name} to {target_name}"),
    });
    if topology.site(source).uplink.is_some() {
        names.insert(format!("{source_name} out"));
    }
    if topology.site(target).uplink.is_some() {
        names.insert(format!("{target_name} in"));
    }
    names
}

/// A profile whose every number is different, so that no mix-up goes unseen.
fn profile(sites: usize, shaping: Shaping, uplinks: &[bool]) -> Profile {
    let duplex = |rate: u64| Duplex { inbound: mbit(rate), outbound: mbit(rate + 1) };
    let site = |i: usize| Site {
        name: format!("site {i}"),
        region: None,
        aliases: Vec::new(),
        machines: 1,
        nic: duplex(1_000 + 10 * i as u64),
        uplink: uplinks[i].then(|| duplex(500 + 10 * i as u64)),
        rtt_inside: Duration::from_micros(500 + i as u64),
    };
    let pair = |from: SiteId, to: SiteId| u64::from(from.0) * 20 + u64::from(to.0) + 1;
    Profile {
        name: "drawn".to_owned(),
        title: "drawn".to_owned(),
        source: "a test".to_owned(),
        date: "never".to_owned(),
        notes: Vec::new(),
        sites: (0..sites).map(site).collect(),
        bandwidth: SiteMatrix::from_fn(sites, |from, to| Some(mbit(100 + pair(from, to)))),
        rtt: SiteMatrix::from_fn(sites, |from, to| Some(Duration::from_millis(pair(from, to)))),
        jitter: Duration::from_millis(3),
        shaping,
        depth: None,
    }
}

fn shapings() -> impl Strategy<Value = Shaping> {
    prop_oneof![Just(Shaping::MachineToSite), Just(Shaping::MachinePair), Just(Shaping::SitePair)]
}

proptest! {
    #[test]
    fn every_way_has_the_limits_that_the_shaping_says(
        shaping in shapings(),
        drawn in prop::collection::vec((1_u32..4, any::<bool>()), 1..6),
    ) {
        let (machines, uplinks): (Vec<u32>, Vec<bool>) = drawn.into_iter().unzip();
        let profile = profile(machines.len(), shaping, &uplinks);
        let topology = Topology::new(&profile, &machines).unwrap();
        let network = topology.network();
        prop_assert_eq!(network.machines, topology.machine_count());
        let names: BTreeSet<&str> = network.limits.iter().map(|limit| limit.name.as_str()).collect();
        prop_assert_eq!(names.len(), network.limits.len(), "every limit has its own name");
        for from in topology.machines() {
            for to in topology.machines().filter(|&to| to != from) {
                let (source, target) = (topology.site_of(from), topology.site_of(to));
                let limits = on_the_way(&network, from, to);
                let found: BTreeSet<String> = limits.iter().map(|limit| limit.name.clone()).collect();
                prop_assert_eq!(found.len(), limits.len());
                prop_assert_eq!(found, expected_names(&topology, from, to));
                let smallest = limits.iter().map(|limit| limit.rate).min().unwrap();
                prop_assert_eq!(smallest, topology.rate_between(from, to));
                prop_assert_eq!(topology.is_wan(from, to), source != target);
                let inside = profile.sites[source.index()].rtt_inside;
                let rtt = profile.rtt.value(source, target).unwrap_or(inside);
                prop_assert_eq!(network.route(from, to).delay.as_nanos(), rtt.as_nanos() / 2);
                let jitter = if source == target { Duration::ZERO } else { profile.jitter };
                prop_assert_eq!(network.route(from, to).jitter, jitter);
            }
        }
    }

    #[test]
    fn every_limit_has_the_rate_that_the_profile_says(shaping in shapings()) {
        let profile = profile(3, shaping, &[true, true, false]);
        let topology = Topology::new(&profile, &[2, 2, 2]).unwrap();
        let network = topology.network();
        let rate = |name: &str| network.limits.iter().find(|limit| limit.name == name).unwrap().rate;
        prop_assert_eq!(rate("m0 in"), mbit(1_000));
        prop_assert_eq!(rate("m3 out"), mbit(1_011));
        prop_assert_eq!(rate("site 0 out"), mbit(501));
        prop_assert_eq!(rate("site 1 in"), mbit(510));
        let shared = match shaping {
            Shaping::MachineToSite => "m5 to site 1",
            Shaping::MachinePair => "m5 to m2",
            Shaping::SitePair => "site 2 to site 1",
        };
        prop_assert_eq!(rate(shared), mbit(142));
        for limit in &network.limits {
            let few = shaping != Shaping::SitePair && limit.name.contains(" to ");
            let depth = if few { bucket_depth(limit.rate) } else { shared_bucket_depth(limit.rate) };
            prop_assert_eq!(limit.depth, depth, "{}", limit.name);
        }
    }

    #[test]
    fn machines_are_numbered_site_by_site(machines in prop::collection::vec(1_u32..5, 1..6)) {
        let profile = profile(machines.len(), Shaping::MachineToSite, &vec![false; machines.len()]);
        let topology = Topology::new(&profile, &machines).unwrap();
        let by_site: Vec<MachineId> = topology.sites().flat_map(|site| topology.machines_of(site)).collect();
        prop_assert_eq!(by_site, topology.machines().collect::<Vec<_>>());
        for (site, &count) in topology.sites().zip(&machines) {
            prop_assert_eq!(topology.machines_of(site).len(), count as usize);
            prop_assert!(topology.machines_of(site).all(|machine| topology.site_of(machine) == site));
        }
    }
}

#[test]
fn each_machine_of_the_vc_wan_has_its_own_118_mbit() {
    let profile = Profile::builtin("va-ca").unwrap();
    let topology = Topology::new(&profile, &profile.default_machines()).unwrap();
    let network = topology.network();
    let california: Vec<MachineId> = topology.machines_of(SiteId(1)).collect();
    assert_eq!(california.len(), 11);
    let mut buckets = BTreeSet::new();
    for from in topology.machines_of(SiteId(0)) {
        let of_sender: BTreeSet<&str> = california
            .iter()
            .flat_map(|&to| on_the_way(&network, from, to))
            .filter(|limit| limit.rate == mbit(118))
            .map(|limit| limit.name.as_str())
            .collect();
        assert_eq!(of_sender.len(), 1, "one bucket of {from} for all machines of the remote site");
        buckets.extend(of_sender);
    }
    assert_eq!(buckets.len(), 11);
    assert_eq!(topology.rate_between(MachineId(0), MachineId(11)), mbit(118));
    assert_eq!(topology.rate_between(MachineId(0), MachineId(10)), mbit(1_000));
    assert_eq!(network.route(MachineId(0), MachineId(11)).delay, Duration::from_micros(29_780));
    assert_eq!(network.route(MachineId(11), MachineId(0)).delay, Duration::from_micros(29_768));
}

#[test]
fn the_limits_of_ec2_all_in_names() {
    let profile = Profile::builtin("ec2-all").unwrap().restrict(&["Singapore", "Sao Paulo"]).unwrap();
    let network = Topology::new(&profile, &[2, 1]).unwrap().network();
    let line = |limit: &Limit| format!("{}: {}, {}", limit.name, limit.rate, limit.depth);
    let text: Vec<String> = network.limits.iter().map(line).collect();
    insta::assert_snapshot!("limits", text.join("\n"));
}

#[test]
fn a_thousand_machines_can_be_placed() {
    let profile = Profile::builtin("ec2-all").unwrap();
    let mut machines = vec![91; 11];
    machines[0] = 90;
    let topology = Topology::new(&profile, &machines).unwrap();
    assert_eq!(topology.machine_count(), 1_000);
    let network = topology.network();
    assert_eq!(network.limits.len(), 1_000 * (2 + 10));
}

#[test]
fn depth_is_a_millisecond_and_eight_chunks_where_many_share() {
    let slow = Bandwidth::from_bits_per_second(16_760_000);
    assert_eq!(bucket_depth(slow), ByteSize::from_bytes(2_095));
    assert_eq!(bucket_depth(mbit(10_000)), ByteSize::from_bytes(1_250_000));
    assert_eq!(shared_bucket_depth(slow), ByteSize::from_bytes(131_072));
    assert_eq!(shared_bucket_depth(mbit(10_000)), ByteSize::from_bytes(1_250_000));
}

#[test]
fn wrong_numbers_of_machines_are_refused() {
    let profile = Profile::builtin("va-ca").unwrap();
    let mut torn = profile.clone();
    torn.sites[1].name = "virginia".to_owned();
    let mut short = profile.clone();
    short.rtt = SiteMatrix::from_fn(1, |_, _| None);
    let mut holed = profile.clone();
    holed.bandwidth = SiteMatrix::from_fn(2, |from, _| (from == SiteId(0)).then_some(mbit(1)));
    let refused = |profile: &Profile, machines: &[u32]| Topology::new(profile, machines).unwrap_err().to_string();
    let all = [
        refused(&profile, &[11]),
        refused(&profile, &[11, 0]),
        refused(&profile, &[u32::MAX, 5]),
        refused(&torn, &[1, 1]),
        refused(&short, &[1, 1]),
        refused(&holed, &[1, 1]),
    ];
    insta::assert_snapshot!("refused", all.join("\n"));
}
