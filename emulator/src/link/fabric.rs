//! The fabric: every stream and every bucket of a network, and the loop that moves chunks.

use std::collections::VecDeque;
use std::sync::Arc;

use super::bucket::{Bucket, DATA_KEY};
use super::check::check;
use super::due_tree::{DueTree, NEVER};
use super::queue::{Pair, Queue};
use super::stream::Stream;
use super::{Departure, LinkConfig, LinkError, LinkEvent, Traffic, Waiting};
use crate::id::MachineId;
use crate::network::Network;
use crate::node::Class;
use crate::time::Instant;
use crate::units::ByteSize;

const CLASSES: [Class; 2] = [Class::Control, Class::Data];
const CONTROL: usize = Class::Control as usize;
const DATA: usize = Class::Data as usize;

/// The links of a network, as a state machine: see the [module](super).
#[derive(Clone, Debug)]
pub struct Fabric {
    pub(super) network: Arc<Network>,
    chunk: u32,
    seed: u64,
    /// By sender, the receivers that it has sent to, in their order, and the slot of each pair: pairs have state from their
    /// first message on.
    pub(super) slots: Vec<Vec<(MachineId, u32)>>,
    /// The machines of every slot, and their route's delay.
    pub(super) pairs: Vec<Pair>,
    /// The limits of every slot's route, slowest first, one route after another.
    pub(super) hops: Vec<u32>,
    pub(super) buckets: Vec<Bucket>,
    /// One lane per class, indexed by [`Class`].
    pub(super) lanes: [Lane; 2],
    /// The latest instant that was handled or sent at.
    pub(super) now: u64,
    pub(super) departures: VecDeque<Departure>,
    /// Slots of the pairs whose backlog has changed.
    pub(super) changed: VecDeque<u32>,
}

/// The streams of one class, by slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    pub(super) streams: Vec<Stream>,
    pub(super) queues: Vec<Queue>,
    pub(super) due: DueTree,
}

impl Fabric {
    /// The links of `network`, with nothing on them and every bucket full. `seed` keys the jitter.
    pub fn new(network: Arc<Network>, config: LinkConfig, seed: u64) -> Result<Fabric, LinkError> {
        let chunk = check(&network, config.chunk.as_bytes())?;
        Ok(Fabric {
            chunk,
            seed,
            slots: vec![Vec::new(); network.machines],
            pairs: Vec::new(),
            hops: Vec::new(),
            buckets: network.limits.iter().map(|limit| Bucket::new(limit, chunk)).collect(),
            lanes: Default::default(),
            now: 0,
            departures: VecDeque::new(),
            changed: VecDeque::new(),
            network,
        })
    }

    /// The next instant at which something happens; `None` only when nothing waits.
    #[inline]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let first = self.lanes[CONTROL].due.first().min(self.lanes[DATA].due.first());
        (first != NEVER).then(|| Instant::from_nanos(first))
    }

    /// The next event; `None` when there are no more. Departures come first, in their order, then each pair whose backlog has
    /// changed, once, with the backlog of this moment.
    #[inline]
    pub fn poll_event(&mut self) -> Option<LinkEvent> {
        if let Some(departure) = self.departures.pop_front() {
            return Some(LinkEvent::Departed(departure));
        }
        let slot = self.changed.pop_front()? as usize;
        self.lanes[DATA].streams[slot].reported = false;
        let Pair { from, to, .. } = self.pairs[slot];
        Some(LinkEvent::Backlog { from, to, backlog: self.backlog_of(slot) })
    }

    /// Charged bytes of both classes that have not left `from` for `to`.
    pub fn backlog(&self, from: MachineId, to: MachineId) -> ByteSize {
        self.slot(from, to).map_or(ByteSize::default(), |slot| self.backlog_of(slot))
    }

    /// The traffic that has left `from` for `to` in `class`.
    pub fn traffic(&self, from: MachineId, to: MachineId, class: Class) -> Traffic {
        let Some(slot) = self.slot(from, to) else { return Traffic::default() };
        let lane = &self.lanes[class as usize];
        let queue = &lane.queues[slot];
        let charged = ByteSize::from_bytes(queue.accepted() - lane.streams[slot].waiting);
        Traffic { messages: queue.departed(), charged }
    }

    /// The streams with bytes in them, control first, by pair: for the message about a stalled run.
    pub fn waiting(&self) -> impl Iterator<Item = Waiting> + '_ {
        CLASSES.into_iter().zip(&self.lanes).flat_map(move |(class, lane)| {
            let waiting = self.in_order().filter(|&slot| lane.streams[slot].waiting > 0);
            waiting.map(move |slot| {
                let Pair { from, to, .. } = self.pairs[slot];
                let messages = lane.queues[slot].waiting();
                let backlog = ByteSize::from_bytes(lane.streams[slot].waiting);
                Waiting { from, to, class, messages, backlog, due: Instant::from_nanos(lane.due.of(slot)) }
            })
        })
    }

    /// The slots by ordered pair.
    pub(super) fn in_order(&self) -> impl Iterator<Item = usize> + '_ {
        self.slots.iter().flatten().map(|&(_, slot)| slot as usize)
    }

    /// Puts a message of `charged` bytes (0 counts as 1) in the queue from `from` to `to`. `message` is the caller's
    /// handle and comes back with its departure.
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
        let now = self.advance(now);
        // A chunk booked for an earlier instant counts as waiting until it is handled. Booked behind it now, this message
        // would be part of a past that has not happened yet.
        let due = self.poll_timeout();
        assert!(due.is_none_or(|due| due.as_nanos() >= now), "what was due at {due:?} has not been handled");
        let slot = self.slot_for(from, to);
        let bytes = charged.as_bytes().max(1);
        let lane = &mut self.lanes[class as usize];
        let (stream, queue) = (&mut lane.streams[slot], &mut lane.queues[slot]);
        queue.push(message, bytes);
        if queue.waiting() == 1 {
            stream.head_left = bytes;
        }
        let idle = stream.waiting == 0;
        stream.waiting += bytes;
        if idle {
            let most = match class {
                Class::Control => self.chunk,
                Class::Data => first_chunk(self.chunk, self.pair(slot)),
            };
            self.form_chunk(class, slot, now, most, 0);
        }
        self.report(slot);
    }

    /// Handles all that is due at `now` or before, each event at its own instant: a late call changes no result.
    ///
    /// # Panics
    /// If `now` lies before an instant already seen.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.advance(now);
        loop {
            let [control, data] = self.lanes.each_ref().map(|lane| lane.due.first());
            let (class, at) = if control <= data { (Class::Control, control) } else { (Class::Data, data) };
            if at > now || at == NEVER {
                return;
            }
            self.depart(class, self.lanes[class as usize].due.first_stream(), at);
        }
    }

    /// The outstanding chunk leaves at `now`; the next one, if any, takes its place.
    fn depart(&mut self, class: Class, slot: usize, now: u64) {
        let key = key(class, self.pair(slot));
        let stream = &mut self.lanes[class as usize].streams[slot];
        for &hop in stream.route(&self.hops) {
            self.buckets[hop as usize].depart(key, now);
        }
        let bytes = stream.chunk;
        stream.waiting -= u64::from(bytes);
        if u64::from(bytes) < stream.head_left {
            stream.head_left -= u64::from(bytes);
        } else {
            self.complete_messages(class, slot, bytes.into(), now);
        }
        // The next chunk is booked only now: a stream never holds more than one place in the calendars, so a long queue
        // gets no more than its turn.
        self.form_chunk(class, slot, now, self.chunk, bytes);
        self.report(slot);
    }

    /// Hands out the messages that end within the `bytes` that leave at `now`.
    fn complete_messages(&mut self, class: Class, slot: usize, mut bytes: u64, now: u64) {
        let (pair, machines) = (self.pairs[slot], self.network.machines);
        let lane = &mut self.lanes[class as usize];
        let (stream, queue) = (&mut lane.streams[slot], &mut lane.queues[slot]);
        while bytes > 0 && bytes >= stream.head_left {
            bytes -= stream.head_left;
            self.departures.push_back(queue.depart(pair, class, now, machines, self.seed));
            stream.head_left = queue.oldest().unwrap_or(0);
        }
        stream.head_left -= bytes;
    }

    /// Takes the next chunk, of `most` bytes or fewer, of a stream that has none outstanding, and books its departure.
    /// `before` bytes have just left.
    fn form_chunk(&mut self, class: Class, slot: usize, now: u64, most: u32, before: u32) {
        let stream = &mut self.lanes[class as usize].streams[slot];
        stream.chunk = match class {
            Class::Control => stream.head_left.min(most.into()) as u32,
            Class::Data => stream.waiting.min(most.into()) as u32,
        };
        let due = if stream.chunk == 0 {
            NEVER
        } else {
            let passage = |&hop: &u32| self.buckets[hop as usize].passage(stream.chunk);
            // A chunk larger than a depth takes time even through an idle limit. Behind a chunk at least as large, that time
            // is in the accounts already.
            let longest = match class {
                Class::Data if stream.chunk <= before => 0,
                _ => stream.route(&self.hops).iter().map(passage).max().unwrap_or(0),
            };
            let from = now.saturating_add(longest);
            match class {
                Class::Control => self.book_control(slot, from, now),
                Class::Data => self.book_data(slot, from, now),
            }
        };
        let pair = self.pair(slot);
        self.lanes[class as usize].due.set(slot, pair, due);
    }

    /// Books the outstanding data chunk of `slot` at the first instant from `from` on at which every bucket has room.
    #[inline]
    fn book_data(&mut self, slot: usize, from: u64, now: u64) -> u64 {
        let stream = &self.lanes[DATA].streams[slot];
        let (route, bytes) = (stream.route(&self.hops), stream.chunk);
        let at = agree(route, from, |hop, from| self.buckets[hop].fit(bytes, from, now));
        let key = key(Class::Data, self.pair(slot));
        for &hop in route {
            self.buckets[hop as usize].book_found(key, bytes, at);
        }
        at
    }

    /// Books the outstanding control chunk of `slot` as if there were no data; data in its way is booked anew.
    fn book_control(&mut self, slot: usize, from: u64, now: u64) -> u64 {
        let stream = &self.lanes[CONTROL].streams[slot];
        let (route, bytes) = (stream.route(&self.hops), stream.chunk);
        let at = agree(route, from, |hop, from| self.buckets[hop].fit_control(bytes, from));
        let mut moved = Vec::new();
        // All the data that must give way is cancelled before the control is booked, in every limit of its own route: a
        // chunk is booked in all of them or in none.
        for &hop in route {
            while let Some(key) = self.buckets[hop as usize].in_the_way(bytes, at) {
                let pair = key & !DATA_KEY;
                let (from, to) = self.machines(pair);
                let other = self.slot(from, to).expect("what is booked has a slot");
                for &hop in self.lanes[DATA].streams[other].route(&self.hops) {
                    self.buckets[hop as usize].cancel(key);
                }
                moved.push((self.lanes[DATA].due.of(other), pair, other));
            }
        }
        let key = key(Class::Control, self.pair(slot));
        for &hop in route {
            self.buckets[hop as usize].book(key, bytes, at);
        }
        // In the order of the instants that they had, then by pair, not in the order in which limits named them. Never
        // earlier than before, because control only takes room.
        moved.sort_unstable();
        for (was, pair, other) in moved {
            let due = self.book_data(other, was, now);
            self.lanes[DATA].due.set(other, pair, due);
        }
        at
    }

    /// Queues a backlog event unless one is queued already.
    #[inline]
    fn report(&mut self, slot: usize) {
        let stream = &mut self.lanes[DATA].streams[slot];
        if !stream.reported {
            stream.reported = true;
            self.changed.push_back(slot as u32);
        }
    }

    fn advance(&mut self, now: Instant) -> u64 {
        assert!(now.as_nanos() >= self.now, "time runs forwards: {now} after {}", Instant::from_nanos(self.now));
        self.now = now.as_nanos();
        self.now
    }

    fn backlog_of(&self, slot: usize) -> ByteSize {
        let [control, data] = self.lanes.each_ref().map(|lane| lane.streams[slot].waiting);
        ByteSize::from_bytes(control.checked_add(data).expect("less than 2^64 bytes wait between two machines"))
    }

    /// The place of a pair among the receivers of its sender: its own, or where it belongs.
    fn place(&self, from: MachineId, to: MachineId) -> Result<usize, usize> {
        let machines = self.network.machines;
        assert!(from.index().max(to.index()) < machines, "{from} to {to}: the network has {machines} machines");
        self.slots[from.index()].binary_search_by_key(&to, |&(to, _)| to)
    }

    /// The slot of a pair that has one.
    fn slot(&self, from: MachineId, to: MachineId) -> Option<usize> {
        self.place(from, to).ok().map(|place| self.slots[from.index()][place].1 as usize)
    }

    /// The slot of a pair, made if it has none.
    pub(super) fn slot_for(&mut self, from: MachineId, to: MachineId) -> usize {
        let place = match self.place(from, to) {
            Ok(place) => return self.slots[from.index()][place].1 as usize,
            Err(place) => place,
        };
        let slot = self.pairs.len();
        let route = self.network.route(from, to);
        self.pairs.push(Pair::new(from, to, &route));
        let mut limits = route.limits;
        // The slowest usually decides the instant. Asked first, it saves the others a search; the order changes no result.
        limits.sort_by_key(|&limit| (self.network.limits[limit as usize].rate, limit));
        for lane in &mut self.lanes {
            lane.streams.push(Stream::new(self.hops.len(), limits.len()));
            lane.queues.push(Queue::default());
            lane.due.push();
        }
        self.hops.extend(limits);
        self.slots[from.index()].insert(place, (to, slot as u32));
        slot
    }

    /// The number of the pair of a slot: the order among equal instants.
    #[inline]
    pub(super) fn pair(&self, slot: usize) -> u32 {
        let Pair { from, to, .. } = self.pairs[slot];
        from.0 * self.network.machines as u32 + to.0
    }

    pub(super) fn machines(&self, pair: u32) -> (MachineId, MachineId) {
        let machines = self.network.machines as u32;
        (MachineId(pair / machines), MachineId(pair % machines))
    }
}

/// The first instant from `from` on that `fit` leaves as it is for every bucket of `route`.
///
/// `fit` gives the first instant that works for one bucket, so no instant before the largest of their answers works for
/// all, and going round from there until none objects finds the first that does. The last call for every bucket returned
/// the result: [`Bucket::book_found`] relies on it.
#[inline]
fn agree(route: &[u32], from: u64, mut fit: impl FnMut(usize, u64) -> u64) -> u64 {
    let (mut at, mut agreed, mut hop) = (from, 0, 0);
    while agreed < route.len() {
        let fits = fit(route[hop] as usize, at);
        agreed = if fits > at { 1 } else { agreed + 1 };
        at = fits;
        hop = if hop + 1 == route.len() { 0 } else { hop + 1 };
    }
    at
}

/// The most bytes of a stream's first chunk after a silence: a part of a chunk that differs from pair to pair, by the
/// golden ratio, so that streams that start together do not leave in step.
fn first_chunk(chunk: u32, pair: u32) -> u32 {
    let part = pair.wrapping_add(1).wrapping_mul(0x9e37_79b9);
    ((u64::from(chunk) * u64::from(part)) >> 32).max(1) as u32
}

/// Order among chunks of equal instants: control first, then by pair.
#[inline]
pub(super) fn key(class: Class, pair: u32) -> u32 {
    match class {
        Class::Control => pair,
        Class::Data => pair | DATA_KEY,
    }
}
