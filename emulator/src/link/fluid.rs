//! The fluid model: streams as continuous flows at exact max-min fair rates, with one event per message instead of one per chunk.
//!
//! # Model
//! A stream with messages in it is one flow; its messages leave one after another, and the rate does not change between two of them.
//! At every instant the rates of data are max-min fair ([`crate::maxmin`]) in what control leaves. They change when a stream begins to
//! wait or has nothing left, and only those that the change reaches are computed again (`rates`). A message leaves with its last
//! byte, at the first whole nanosecond at which all of it is gone, and arrives after the route's delay and jitter: the same draws as
//! those of [`Fabric`](super::Fabric).
//!
//! # What differs from chunks
//! * **No depth.** A limit passes its rate and never more, also after a silence; in [`Fabric`](super::Fabric) its depth passes at once.
//!   That is the same number of bytes whatever is sent. Of 462 flows on EC2's network, of 3 to 60 MB, completion times differ from
//!   those in chunks of 16 KiB by 0.08 to 0.13 % on average, of which most is the chunks' (0.29 % with 128 KiB of depth in limits of
//!   17 Mbit/s), and the last one's by 0.01 % (0.07 %). Of flows of 0.1 to 2 MB: by 2 % (8 %), and 0.3 % (2 %)
//!   (`tests/fluid_accuracy.rs`).
//! * **Control first.** Control messages are flows too, and share what there is before data. They are not let through at once, though
//!   most are small: those that name rows are not, and a limit would pass more than its rate. Control can starve data.
//! * **Backlog** falls evenly, not by chunks. There is an event when a message joins or leaves;
//!   [`FluidFabric::backlogs`] has the backlog of any moment.
//!
//! # Cost
//! Independent of bytes. An event costs the flows that share a full limit with the one that starts or stops, not all there are.
//! State is kept for pairs that have sent something, and for the limits on their routes.
//!
//! # Order, and bits
//! As in [`Fabric`](super::Fabric), control first and then by ordered pair at equal instants. Instants are whole nanoseconds; rates are
//! floats that are computed in one fixed order, so that equal calls give equal events on any machine.

mod rates;
mod snapshot;
mod stream;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use self::rates::Rates;
use self::stream::{BEYOND, NEVER, PairState, Streams, order};
use super::queue::Pair;
use super::{Departure, LinkConfig, LinkError, LinkEvent, Traffic, Waiting};
use crate::id::MachineId;
use crate::network::Network;
use crate::node::Class;
use crate::time::Instant;
use crate::units::ByteSize;

pub use self::snapshot::{FluidSnapshot, RestoreFluidError};

const CLASSES: [Class; 2] = [Class::Control, Class::Data];
/// Nanoseconds in a second times bits in a byte.
const NANOBITS: f64 = 8e9;

/// The links of a network as a state machine, by the fluid model: see the [module](self).
#[derive(Clone, Debug)]
pub struct FluidFabric {
    network: Arc<Network>,
    seed: u64,
    /// In the order of first use. The flows of pair `i` are `2 i` (control) and `2 i + 1` (data).
    pairs: Vec<Streams>,
    number_of: BTreeMap<(MachineId, MachineId), u32>,
    /// The pairs of each machine that has sent something.
    sending: BTreeMap<MachineId, Vec<u32>>,
    rates: Rates,
    /// Due instant, order at equal instants, flow.
    due: BTreeSet<(u64, u64, u32)>,
    now: u64,
    departures: VecDeque<Departure>,
    /// Pairs whose backlog has changed.
    changed: VecDeque<u32>,
}

impl FluidFabric {
    /// The links of `network`, with nothing on them. `seed` keys the jitter.
    ///
    /// # Errors
    /// The network is none, as for [`Fabric::new`](super::Fabric::new).
    pub fn new(network: Arc<Network>, seed: u64) -> Result<FluidFabric, LinkError> {
        LinkConfig::default().check(&network)?;
        Ok(FluidFabric {
            network,
            seed,
            pairs: Vec::new(),
            number_of: BTreeMap::new(),
            sending: BTreeMap::new(),
            rates: Rates::default(),
            due: BTreeSet::new(),
            now: 0,
            departures: VecDeque::new(),
            changed: VecDeque::new(),
        })
    }

    /// The next instant at which a message leaves; `None` only when nothing waits. Changes since the last call take effect here, together
    /// when they are of one instant.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        self.settle();
        self.due.first().map(|&(at, ..)| Instant::from_nanos(at))
    }

    /// The next event; `None` when there are no more. Departures come first, in their order, then each pair with a message that has
    /// joined or left, once, with the backlog of this moment.
    pub fn poll_event(&mut self) -> Option<LinkEvent> {
        if let Some(departure) = self.departures.pop_front() {
            return Some(LinkEvent::Departed(departure));
        }
        let number = self.changed.pop_front()?;
        let pair = &mut self.pairs[number as usize];
        pair.state.is_reported = false;
        let Pair { from, to, .. } = pair.pair;
        Some(LinkEvent::Backlog { from, to, backlog: self.backlog_of(number) })
    }

    /// Charged bytes of both classes that have not left `from` for `to` at the latest instant seen, a byte under way included.
    pub fn backlog(&self, from: MachineId, to: MachineId) -> ByteSize {
        self.number(from, to).map_or(ByteSize::default(), |number| self.backlog_of(number))
    }

    /// The backlogs of a machine's pairs at `now`, those without left out. Nothing may be due before `now`.
    pub fn backlogs(&self, now: Instant, from: MachineId) -> impl Iterator<Item = (MachineId, ByteSize)> + '_ {
        let pairs = self.sending.get(&from).into_iter().flatten();
        let backlogs = pairs.map(move |&number| (number, self.waiting_at(number, now.as_nanos().max(self.now))));
        let backlogs = backlogs.filter(|&(_, bytes)| bytes > 0);
        backlogs.map(|(number, bytes)| (self.pairs[number as usize].pair.to, ByteSize::from_bytes(bytes)))
    }

    /// The traffic that has left `from` for `to` in `class` at the latest instant seen.
    pub fn traffic(&self, from: MachineId, to: MachineId, class: Class) -> Traffic {
        let Some(number) = self.number(from, to) else { return Traffic::default() };
        let stream = &self.pairs[number as usize].state.streams[class as usize];
        let waiting = stream.waiting(self.now, self.rates.rate(flow(number, class)));
        Traffic { messages: stream.queue.departed(), charged: ByteSize::from_bytes(stream.queue.accepted() - waiting) }
    }

    /// The streams with bytes in them, control first, by pair, as of the last [`FluidFabric::poll_timeout`].
    pub fn waiting(&self) -> impl Iterator<Item = Waiting> + '_ {
        CLASSES.into_iter().flat_map(move |class| {
            self.number_of.iter().filter_map(move |(&(from, to), &number)| {
                let stream = &self.pairs[number as usize].state.streams[class as usize];
                let bytes = stream.waiting(self.now, self.rates.rate(flow(number, class)));
                let (messages, backlog) = (stream.queue.waiting(), ByteSize::from_bytes(bytes));
                let due = Instant::from_nanos(stream.due);
                (messages > 0).then_some(Waiting { from, to, class, messages, backlog, due })
            })
        })
    }

    /// Puts a message of `charged` bytes (0 counts as 1) in the queue from `from` to `to`. `message` is the caller's handle and comes
    /// back with its departure.
    ///
    /// # Panics
    /// If `from` is `to`, if `now` lies before an instant already seen, or if something was due before `now`.
    pub fn send(
        &mut self,
        now: Instant,
        from: MachineId,
        to: MachineId,
        class: Class,
        charged: ByteSize,
        message: u64,
    ) {
        assert!(from != to, "{from} sends to itself: a message that needs no link");
        if now.as_nanos() > self.now {
            self.settle();
            self.advance(now);
            let due = self.due.first().map(|&(at, ..)| at);
            assert!(due.is_none_or(|due| due >= self.now), "what was due at {due:?} ns has not been handled");
        } else {
            self.advance(now);
        }
        let number = self.number(from, to).unwrap_or_else(|| self.add(from, to));
        let stream = &mut self.pairs[number as usize].state.streams[class as usize];
        if stream.push(self.now, message, charged.as_bytes().max(1)) {
            self.rates.start(flow(number, class));
        }
        self.report(number);
    }

    /// Handles all that is due at `now` or before, each event at its own instant: a late call changes no result.
    ///
    /// # Panics
    /// If `now` lies before an instant already seen, or if a message takes longer than a run can last, 584 years.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(due) = self.poll_timeout().filter(|due| *due <= now) {
            assert!(due.as_nanos() < BEYOND, "a run lasts less than 584 years");
            self.now = due.as_nanos();
            // All of this instant before rates change: streams that end together are one change.
            while let Some(&(at, order, flow)) = self.due.first().filter(|&&(at, ..)| at == self.now) {
                self.due.remove(&(at, order, flow));
                self.depart(flow);
            }
        }
        self.advance(now);
    }

    /// The oldest message of a stream leaves now.
    fn depart(&mut self, flow: u32) {
        let class = CLASSES[flow as usize % 2];
        let rate = self.rates.rate(flow);
        let Streams { pair, ref mut state } = self.pairs[flow as usize / 2];
        let stream = &mut state.streams[class as usize];
        self.departures.push_back(stream.queue.depart(pair, class, self.now, self.network.machines, self.seed));
        stream.next(rate);
        if stream.due == NEVER {
            self.rates.stop(flow);
        } else {
            self.due.insert((stream.due, order(class, pair.from, pair.to), flow));
        }
        self.report(flow / 2);
    }

    /// Makes the rates fair again if streams have begun or ended, as of the latest instant seen.
    fn settle(&mut self) {
        if !self.rates.is_dirty() {
            return;
        }
        let FluidFabric { rates, pairs, due, now, .. } = self;
        rates.settle(|flow, old, new| {
            let class = CLASSES[flow as usize % 2];
            let Streams { pair, ref mut state } = pairs[flow as usize / 2];
            let (stream, order) = (&mut state.streams[class as usize], order(class, pair.from, pair.to));
            due.remove(&(stream.due, order, flow));
            stream.change_rate(*now, old, new);
            if stream.due != NEVER {
                due.insert((stream.due, order, flow));
            }
        });
    }

    /// Queues a backlog event unless one is queued already.
    fn report(&mut self, number: u32) {
        let state = &mut self.pairs[number as usize].state;
        if !state.is_reported {
            state.is_reported = true;
            self.changed.push_back(number);
        }
    }

    fn advance(&mut self, now: Instant) {
        assert!(now.as_nanos() >= self.now, "time runs forwards: {now} after {}", Instant::from_nanos(self.now));
        self.now = now.as_nanos();
    }

    fn backlog_of(&self, number: u32) -> ByteSize {
        ByteSize::from_bytes(self.waiting_at(number, self.now))
    }

    fn waiting_at(&self, number: u32, now: u64) -> u64 {
        let streams = &self.pairs[number as usize].state.streams;
        let [control, data] =
            CLASSES.map(|class| streams[class as usize].waiting(now, self.rates.rate(flow(number, class))));
        control.checked_add(data).expect("less than 2^64 bytes wait between two machines")
    }

    fn number(&self, from: MachineId, to: MachineId) -> Option<u32> {
        let machines = self.network.machines;
        assert!(from.index().max(to.index()) < machines, "{from} to {to}: the network has {machines} machines");
        self.number_of.get(&(from, to)).copied()
    }

    /// Adds a pair that has sent nothing yet.
    fn add(&mut self, from: MachineId, to: MachineId) -> u32 {
        let number = u32::try_from(self.pairs.len()).expect("a network has fewer than 2^31 pairs");
        let route = self.network.route(from, to);
        let capacity = |limit: u32| self.network.limits[limit as usize].rate.as_bits_per_second() as f64 / NANOBITS;
        self.rates.add_pair(route.limits.iter().map(|&limit| (limit, capacity(limit))));
        self.pairs.push(Streams { pair: Pair::new(from, to, &route), state: PairState::default() });
        self.number_of.insert((from, to), number);
        self.sending.entry(from).or_default().push(number);
        number
    }
}

fn flow(pair: u32, class: Class) -> u32 {
    pair * 2 + class as u32
}
