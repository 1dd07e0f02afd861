//! Every event of the link model on a few networks and loads, as one digest each: what makes it faster must not move a
//! single departure by a nanosecond.
//!
//! The digests change only with the model itself, which is a change of results.

mod link_common;

use std::sync::Arc;

use emulator::digest::Digest;
use emulator::id::MachineId;
use emulator::link::{Fabric, LinkConfig, LinkEvent};
use emulator::network::{Limit, Network, Route};
use emulator::node::Class;
use emulator::time::{Duration, Instant};
use emulator::units::{Bandwidth, ByteSize};
use link_common::{Builder, MEGA, ec2_2016, pairs};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A message to be sent.
#[derive(Clone, Copy)]
struct Message {
    at_nanos: u64,
    from: MachineId,
    to: MachineId,
    class: Class,
    bytes: u64,
}

/// A load by its numbers.
struct Load {
    messages: usize,
    /// The instants of sends are spread over this, in nanoseconds.
    spread_nanos: u64,
    /// Of a hundred messages, the number of control messages.
    control_in_a_hundred: u32,
    most_bytes: u64,
}

impl Load {
    fn draw(&self, seed: u64, machines: usize) -> Vec<Message> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let machines = machines as u32;
        let message = |_| {
            let from = rng.random_range(0..machines);
            let to = (from + rng.random_range(1..machines)) % machines;
            let control = rng.random_range(0..100_u32) < self.control_in_a_hundred;
            let most = if control { self.most_bytes.min(2_000) } else { self.most_bytes };
            Message {
                // On a grid, so that many are sent and due at the same instant.
                at_nanos: rng.random_range(0..=self.spread_nanos) / 10_000 * 10_000,
                from: MachineId(from),
                to: MachineId(to),
                class: if control { Class::Control } else { Class::Data },
                bytes: rng.random_range(0..=most),
            }
        };
        let mut messages: Vec<Message> = (0..self.messages).map(message).collect();
        messages.sort_by_key(|message| message.at_nanos);
        messages
    }
}

/// The digest of all events, each with the instant at which it was reported.
fn digest(network: &Arc<Network>, chunk: u64, messages: &[Message]) -> String {
    let config = LinkConfig { chunk: ByteSize::from_bytes(chunk) };
    let mut fabric = Fabric::new(network.clone(), config, 5).expect("the network is sound");
    let mut digest = Digest::default();
    let mut coming = messages.iter().zip(0_u64..).peekable();
    loop {
        let now = match (fabric.poll_timeout(), coming.peek()) {
            (Some(due), next) if next.is_none_or(|(message, _)| due.as_nanos() <= message.at_nanos) => {
                fabric.handle_timeout(due);
                due.as_nanos()
            }
            (_, Some(_)) => {
                let (&Message { at_nanos, from, to, class, bytes }, handle) = coming.next().expect("it was peeked at");
                fabric.send(Instant::from_nanos(at_nanos), from, to, class, ByteSize::from_bytes(bytes), handle);
                at_nanos
            }
            _ => return digest.to_string(),
        };
        digest.write_u64(now);
        while let Some(event) = fabric.poll_event() {
            write(&mut digest, event);
        }
    }
}

fn write(digest: &mut Digest, event: LinkEvent) {
    let words = match event {
        LinkEvent::Departed(d) => {
            let pair = u64::from(d.from.0) << 32 | u64::from(d.to.0);
            [d.class as u64, pair, d.message, d.departed_at.as_nanos(), d.arrives_at.as_nanos()]
        }
        LinkEvent::Backlog { from, to, backlog } => [2, from.0.into(), to.0.into(), backlog.as_bytes(), 0],
    };
    words.into_iter().for_each(|word| digest.write_u64(word));
}

/// Every pair of `machines` sends `bytes` of data at once.
fn all_at_once(machines: u32, bytes: u64) -> Vec<Message> {
    let message = |(from, to)| Message { at_nanos: 0, from, to, class: Class::Data, bytes };
    pairs(machines).map(message).collect()
}

/// A network without plan: every pair passes some of the limits, of which some hold less than a chunk.
fn random_network(seed: u64, machines: usize, limits: u32) -> Arc<Network> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut limit = |_| Limit {
        name: "limit".into(),
        rate: Bandwidth::from_bits_per_second(rng.random_range(1_000_000..=2_000_000_000)),
        depth: ByteSize::from_bytes([0, 5_000, 20_000, 131_072, 400_000][rng.random_range(0..5)]),
    };
    let limits: Vec<Limit> = (0..limits).map(&mut limit).collect();
    let mut route = |_| Route {
        limits: (0..limits.len() as u32).filter(|_| rng.random_range(0..3_u32) == 0).collect(),
        delay: Duration::from_nanos(rng.random_range(0..50_000_000)),
        jitter: Duration::from_nanos(rng.random_range(0..5_000_000)),
    };
    let routes = (0..machines * machines).map(&mut route).collect();
    Arc::new(Network { machines, limits, routes })
}

/// Uplinks that all machines of a site share, so that calendars are long.
fn uplinks(machines: usize, sites: usize) -> Arc<Network> {
    let mut builder = Builder::new(machines);
    for s in 0..sites {
        let up = (200 + 90 * s as u64) * MEGA;
        builder.shared(format!("s{s} up"), up, |from, to| from % sites == s && to % sites != s);
        builder.shared(format!("s{s} down"), 400 * MEGA, |from, to| to % sites == s && from % sites != s);
    }
    builder.build()
}

const CHUNK: u64 = 16 * 1024;

#[test]
fn all_pairs_of_the_network_of_2016() {
    let found = digest(&ec2_2016(), CHUNK, &all_at_once(22, 2_000_000));
    insta::assert_snapshot!(found, @"99b8da16b8affc7ad9d501f7d5723b3f");
}

#[test]
fn messages_of_both_classes_on_the_network_of_2016() {
    let load = Load { messages: 4_000, spread_nanos: 2_000_000_000, control_in_a_hundred: 30, most_bytes: 300_000 };
    let found = digest(&ec2_2016(), CHUNK, &load.draw(1, 22));
    insta::assert_snapshot!(found, @"8e552b893fb25e05e6b25ea335f9ac95");
}

#[test]
fn long_calendars() {
    let mut messages = all_at_once(60, 150_000);
    let load = Load { messages: 2_000, spread_nanos: 500_000_000, control_in_a_hundred: 80, most_bytes: 100_000 };
    messages.extend(load.draw(2, 60));
    let found = digest(&uplinks(60, 3), CHUNK, &messages);
    insta::assert_snapshot!(found, @"2f63a9a8aa4562405a26dea0aee9bbb5");
}

#[test]
fn random_networks() {
    let load = Load { messages: 600, spread_nanos: 300_000_000, control_in_a_hundred: 35, most_bytes: 200_000 };
    let chunks = [4_096, CHUNK, 50_000];
    let one = |seed: u64| digest(&random_network(seed, 7, 9), chunks[seed as usize % 3], &load.draw(seed, 7));
    let found: Vec<String> = (0..12).map(one).collect();
    insta::assert_snapshot!(found.join("\n"), @"
    c785755a24671d34c595ae5c93b5d457
    64bbd72000daa93dfffe7d41453cc49a
    cbf8ad31d08df14e1b1cc99dee63fce1
    41ca765c552ae426d554d4832eb7f6f7
    cf0aaccfb6302d9e477c7a97c3c517a8
    9988ed66002acce3e76516a524672aa9
    0198c572344d9deb0acd6b0f7f4fc8b3
    8408eb3cf67d30f46e3272befd6b1594
    2489fda444808889f8ad71585b731254
    e0a63d710a29042bd0ca71f131f54d75
    e7827b68e434982ffe61a9377a93dac7
    10835863eee7c2101580ac583e5c305d
    ");
}
