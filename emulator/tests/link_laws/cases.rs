//! Random networks, and what is sent over them.

use std::sync::Arc;

use emulator::id::MachineId;
use emulator::link::{Departure, LinkConfig, LinkEvent, LinkModel, Links};
use emulator::network::{Limit, Network, Route};
use emulator::node::Class;
use emulator::time::{Duration, Instant};
use emulator::units::{Bandwidth, ByteSize};
use proptest::prelude::*;

/// A message to be sent; its index is its handle.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) at: Instant,
    pub(crate) from: MachineId,
    pub(crate) to: MachineId,
    pub(crate) class: Class,
    pub(crate) bytes: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) network: Arc<Network>,
    pub(crate) model: LinkModel,
    pub(crate) messages: Vec<Message>,
}

/// An instant, and the bytes that have left by then, by pair.
pub(crate) type Log = Vec<(u64, Vec<u64>)>;

/// What happened in a case, up to its end.
pub(crate) struct Run {
    pub(crate) departures: Vec<Departure>,
    /// After every step.
    pub(crate) log: Log,
    pub(crate) links: Links,
}

/// A limit of `bits` per second.
pub(crate) fn limit(bits: u64, depth: u64) -> Limit {
    let rate = Bandwidth::from_bits_per_second(bits);
    Limit { name: "limit".into(), rate, depth: ByteSize::from_bytes(depth) }
}

/// Two machines, and `limits` from each to the other.
pub(crate) fn two_machines(limits: Vec<Limit>) -> Arc<Network> {
    let route = Route { limits: (0..limits.len() as u32).collect(), ..Route::default() };
    Arc::new(Network { machines: 2, limits, routes: vec![route; 4].into() })
}

/// From the first of two machines to the other.
pub(crate) const THERE: (MachineId, MachineId) = (MachineId(0), MachineId(1));

/// 2 to 4 machines and up to 6 limits, of which each pair passes some.
pub(crate) fn network() -> impl Strategy<Value = Network> {
    let rate = prop_oneof![1_000_000..50_000_000_u64, 100_000_000..2_000_000_000_u64, Just(10_000_000)];
    let depth = prop_oneof![Just(0), 1..2_000_u64, 10_000..500_000_u64];
    let limits = prop::collection::vec((rate, depth), 1..7);
    (2..5_usize, limits).prop_flat_map(|(machines, limits)| {
        let all: Vec<u32> = (0..limits.len() as u32).collect();
        let most = limits.len();
        let delay = (0..50_000_000_u64, prop_oneof![Just(0), 0..5_000_000_u64]);
        let route = (prop::sample::subsequence(all, 0..=most), delay).prop_map(|(limits, (delay, jitter))| Route {
            limits,
            delay: Duration::from_nanos(delay),
            jitter: Duration::from_nanos(jitter),
        });
        prop::collection::vec(route, machines * machines).prop_map(move |routes| Network {
            machines,
            limits: limits.iter().map(|&(bits, depth)| limit(bits, depth)).collect(),
            routes: routes.into(),
        })
    })
}

fn message(machines: u32) -> impl Strategy<Value = Message> {
    let class = prop_oneof![1 => Just(Class::Control), 3 => Just(Class::Data)];
    let bytes = prop_oneof![0..300_u64, 1_000..40_000_u64, 100_000..400_000_u64];
    (0..40_u64, 0..machines, 1..machines, class, bytes).prop_map(move |(ms, from, further, class, bytes)| Message {
        at: Instant::from_nanos(ms * 500_000),
        from: MachineId(from),
        to: MachineId((from + further) % machines),
        class,
        bytes,
    })
}

/// Links in chunks of a few sizes.
pub(crate) fn chunks() -> impl Strategy<Value = LinkModel> {
    let chunk = prop_oneof![Just(4_096_u64), Just(16_384), Just(50_000)];
    chunk.prop_map(|bytes| LinkModel::Chunks(LinkConfig { chunk: ByteSize::from_bytes(bytes) }))
}

pub(crate) fn case(model: impl Strategy<Value = LinkModel>) -> impl Strategy<Value = Case> {
    (network(), model).prop_flat_map(|(network, model)| {
        let messages = prop::collection::vec(message(network.machines as u32), 1..40);
        let network = Arc::new(network);
        messages.prop_map(move |mut messages| {
            messages.sort_by_key(|m| m.at);
            Case { network: network.clone(), model, messages }
        })
    })
}

impl Case {
    pub(crate) fn links(&self) -> Links {
        Links::new(self.network.clone(), self.model, 7).unwrap()
    }

    pub(crate) fn send(&self, links: &mut Links, handle: usize) {
        let Message { at, from, to, class, bytes } = self.messages[handle];
        links.send(at, from, to, class, ByteSize::from_bytes(bytes), handle as u64);
    }

    /// The next thing that happens to links on which `sent` messages were sent: a due instant first, then a send.
    pub(crate) fn step(&self, links: &mut Links, sent: &mut usize) -> bool {
        match (links.poll_timeout(), self.messages.get(*sent)) {
            (Some(due), message) if message.is_none_or(|m| due <= m.at) => links.handle_timeout(due),
            (_, Some(_)) => {
                self.send(links, *sent);
                *sent += 1;
            }
            _ => return false,
        }
        true
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (MachineId, MachineId)> {
        let machines = self.network.machines as u32;
        (0..machines * machines).map(move |p| (MachineId(p / machines), MachineId(p % machines)))
    }

    /// Whether a pair's messages pass a limit.
    pub(crate) fn passes(&self, (from, to): (MachineId, MachineId), limit: u32) -> bool {
        self.network.route(from, to).limits.contains(&limit)
    }

    /// The instants of a log, and the bytes that have passed a limit by then.
    pub(crate) fn passed(&self, log: &Log, limit: u32) -> Vec<(u64, u64)> {
        let pairs: Vec<bool> = self.pairs().map(|pair| self.passes(pair, limit)).collect();
        let through = |counts: &[u64]| counts.iter().zip(&pairs).filter(|(_, on)| **on).map(|(n, _)| n).sum::<u64>();
        log.iter().map(|(at, counts)| (*at, through(counts))).collect()
    }

    /// Runs the case to its end.
    pub(crate) fn run(&self) -> Run {
        let (mut links, mut departures, mut log) = (self.links(), Vec::new(), Log::new());
        let (mut sent, mut last) = (0, Instant::START);
        loop {
            let due = links.poll_timeout().into_iter();
            let Some(now) = due.chain(self.messages.get(sent).map(|m| m.at)).min() else { break };
            assert!(now >= last, "time ran backwards");
            last = now;
            assert!(self.step(&mut links, &mut sent));
            log.push((now.as_nanos(), self.pairs().map(|pair| left(&links, pair)).collect()));
            for event in drain(&mut links) {
                match event {
                    LinkEvent::Departed(departure) => departures.push(departure),
                    LinkEvent::Backlog { from, to, backlog } => assert_eq!(backlog, links.backlog(from, to)),
                }
            }
        }
        Run { departures, log, links }
    }
}

pub(crate) fn drain(links: &mut Links) -> Vec<LinkEvent> {
    std::iter::from_fn(|| links.poll_event()).collect()
}

/// The bytes that have left one machine for another.
pub(crate) fn left(links: &Links, (from, to): (MachineId, MachineId)) -> u64 {
    let of = |class| links.traffic(from, to, class).charged.as_bytes();
    of(Class::Control) + of(Class::Data)
}
