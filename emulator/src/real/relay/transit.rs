//! Messages on their way through the relay: pieces wait for the link model, then for their delay.
//!
//! A message enters the link model when it is announced, at its charged size; its bytes follow. They leave in proportion:
//! when the model has let go of a part of the charged bytes, the pieces within the same part of the real bytes go onto
//! the delay line, and are due at the receiver after the propagation delay. The last piece is due exactly when the model
//! has the message arrive. Padding is never sent.
//!
//! Each stream's sender may have a window of bytes here that have not left; it gets credit back as they leave. Pieces of
//! one stream leave in order, so a full window never keeps back the piece that is waited for.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;

use thiserror::Error;
use tracing::debug;

use crate::id::MachineId;
use crate::link::{Departure, Fabric, LinkEvent};
use crate::network::Network;
use crate::node::Class;
use crate::real::frame::{Frame, Open, PIECE_OFFSET, Stream};
use crate::real::pacer::{Pacer, PacingReport};
use crate::time::{Duration, Instant};
use crate::units::ByteSize;

/// Messages of one stream in the relay at once, at most.
pub(crate) const MAX_MESSAGES: usize = 1 << 16;

/// The reason why a machine's frames are refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum TransitError {
    /// No such machine, or itself.
    #[error("message from {from} to {to}: expected another machine below m{machines}")]
    Receiver {
        from: MachineId,
        /// The receiver that it named.
        to: MachineId,
        /// The number of machines.
        machines: usize,
    },
    /// A message is lost, repeated or out of order.
    #[error("message {found} from {from} to {to}: expected {expected}")]
    Number { from: MachineId, to: MachineId, found: u64, expected: u64 },
    #[error("message of {found} bytes from {from} to {to}: the most is {most}")]
    Oversized { from: MachineId, to: MachineId, found: u64, most: u64 },
    /// Too many at once.
    #[error("more than {MAX_MESSAGES} messages wait between {from} and {to}")]
    Flood { from: MachineId, to: MachineId },
    /// Bytes that no message needs.
    #[error("{found} bytes from {from} to {to} where {expected} are missing")]
    Excess {
        from: MachineId,
        to: MachineId,
        found: usize,
        /// Bytes that the open message lacks.
        expected: u64,
    },
    /// More under way than the window allows.
    #[error("{found} bytes from {from} to {to} under way: the window is {window}")]
    Window {
        from: MachineId,
        to: MachineId,
        /// Bytes that would be here.
        found: u64,
        window: u32,
    },
}

/// Frames for a receiver.
#[derive(Debug)]
pub(crate) struct Delivery {
    due: Instant,
    serial: u64,
    pub(crate) to: MachineId,
    pub(crate) class: Class,
    /// The instant at which its message is to be whole at the receiver, where these frames make it so.
    pub(crate) whole_at: Option<Instant>,
    pub(crate) frames: Vec<u8>,
}

/// A report of progress to a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Bytes of a stream have left.
    Credit { stream: Stream, bytes: u32 },
    /// Charged bytes have left for a peer, in all.
    Left { peer: MachineId, charged: u64 },
}

/// Everything between senders and receivers.
#[derive(Debug)]
pub(crate) struct Transit {
    pacer: Pacer,
    network: Arc<Network>,
    ways: Ways,
    window: u32,
    most_bytes: u64,
    /// Pieces that came when the link model had their message arrive already.
    pub(crate) late_pieces: u64,
}

/// Every stream's queue, at `(from * machines + to) * 2 + class`, and the delay line.
#[derive(Debug)]
struct Ways {
    machines: usize,
    ways: Vec<Way>,
    line: BinaryHeap<Reverse<Delivery>>,
    serial: u64,
    credited: BTreeSet<usize>,
    /// Pairs of which charged bytes have left.
    left: BTreeSet<usize>,
}

#[derive(Debug, Default)]
struct Way {
    messages: VecDeque<Message>,
    opened: u64,
    /// The position of the oldest message whose bytes are not all here.
    receiving: usize,
    /// Charged bytes of messages that are gone.
    charged_before: u64,
    held: u64,
    credit: u32,
    last_due: Instant,
}

#[derive(Debug)]
struct Message {
    open: Open,
    /// Body frames for the receiver.
    pieces: VecDeque<Vec<u8>>,
    received: u64,
    forwarded: u64,
    announced: bool,
    arrives_at: Option<Instant>,
}

impl Transit {
    pub(crate) fn new(pacer: Pacer, network: Arc<Network>, window: u32, most_bytes: u64) -> Transit {
        let machines = network.machines;
        let mut ways = Vec::new();
        ways.resize_with(machines * machines * 2, Way::default);
        let ways = Ways {
            machines,
            ways,
            line: BinaryHeap::new(),
            serial: 0,
            credited: BTreeSet::new(),
            left: BTreeSet::new(),
        };
        Transit { pacer, network, ways, window, most_bytes, late_pieces: 0 }
    }

    /// Whether no message is on its way between any two machines.
    pub(crate) fn is_empty(&self) -> bool {
        self.ways.line.is_empty() && self.ways.ways.iter().all(|way| way.messages.is_empty())
    }

    /// The time at which [`Transit::advance`] or [`Transit::poll_delivery`] has something to do, in wall nanoseconds.
    pub(crate) fn next_wall(&self) -> Option<u64> {
        let line = self.ways.line.peek().map(|Reverse(delivery)| self.pacer.wall_of(delivery.due));
        self.pacer.next_wall().into_iter().chain(line).min()
    }

    /// The time at which the run's time is `at`, in wall nanoseconds.
    pub(crate) fn wall_of(&self, at: Instant) -> u64 {
        self.pacer.wall_of(at)
    }

    pub(crate) fn report(&self, wall: u64) -> PacingReport {
        self.pacer.report(wall)
    }

    /// Lets everything leave that is due at `wall`.
    pub(crate) fn advance(&mut self, wall: u64) {
        let (ways, network) = (&mut self.ways, &self.network);
        self.pacer.advance(wall, |fabric, now, event| match event {
            LinkEvent::Departed(departure) => ways.handle_departed(&departure),
            LinkEvent::Backlog { from, to, .. } => ways.handle_left(fabric, network, now, from, to),
        });
    }

    /// A message is announced at `wall`.
    pub(crate) fn open(&mut self, wall: u64, from: MachineId, open: Open) -> Result<(), TransitError> {
        // The fabric takes a message only after all that was due before it.
        self.advance(wall);
        let index = self.way_index(from, open.stream)?;
        let Stream { peer: to, class } = open.stream;
        let way = &mut self.ways.ways[index];
        if open.number != way.opened {
            return Err(TransitError::Number { from, to, found: open.number, expected: way.opened });
        }
        if open.bytes > self.most_bytes {
            return Err(TransitError::Oversized { from, to, found: open.bytes, most: self.most_bytes });
        }
        if way.messages.len() >= MAX_MESSAGES {
            return Err(TransitError::Flood { from, to });
        }
        let charged = ByteSize::from_bytes(open.charged.as_bytes().max(1));
        way.opened += 1;
        let open = Open { charged, ..open };
        let pieces = VecDeque::new();
        way.messages.push_back(Message { open, pieces, received: 0, forwarded: 0, announced: false, arrives_at: None });
        way.skip_received();
        self.pacer.send(wall, from, to, class, charged, open.number);
        // Buckets with tokens let the first chunk leave at this very instant.
        self.advance(wall);
        Ok(())
    }

    /// Bytes of a message come at `wall`.
    pub(crate) fn body(
        &mut self,
        wall: u64,
        from: MachineId,
        stream: Stream,
        piece: &[u8],
    ) -> Result<(), TransitError> {
        self.advance(wall);
        let index = self.way_index(from, stream)?;
        let Stream { peer: to, class } = stream;
        let way = &mut self.ways.ways[index];
        let expected = way.messages.get(way.receiving).map_or(0, |message| message.open.bytes - message.received);
        if piece.len() as u64 > expected {
            return Err(TransitError::Excess { from, to, found: piece.len(), expected });
        }
        let found = way.held + piece.len() as u64;
        if found > u64::from(self.window) {
            return Err(TransitError::Window { from, to, found, window: self.window });
        }
        way.held = found;
        let message = &mut way.messages[way.receiving];
        message.received += piece.len() as u64;
        let mut frame = Vec::with_capacity(PIECE_OFFSET + piece.len());
        Frame::Body { stream: Stream { peer: from, class }, bytes: piece }.encode(&mut frame);
        message.pieces.push_back(frame);
        let now = self.pacer.instant(wall);
        if let Some(arrives_at) = message.arrives_at.filter(|&arrives_at| arrives_at < now) {
            self.late_pieces += 1;
            debug!(%from, %to, late_nanos = (now - arrives_at).as_nanos(), "piece late");
        }
        way.skip_received();
        // The model may have let go of these bytes before they came: then they go on at once, not at its next event.
        let left = self.pacer.fabric().traffic(from, to, class).charged.as_bytes();
        let delay = self.network.delay(from, to);
        self.ways.release(from, stream, now, delay, left);
        Ok(())
    }

    /// The next frames that are due at their receiver at `wall`.
    pub(crate) fn poll_delivery(&mut self, wall: u64) -> Option<Delivery> {
        let now = self.pacer.instant(wall);
        let Reverse(first) = self.ways.line.peek()?;
        if first.due > now {
            return None;
        }
        self.ways.line.pop().map(|Reverse(delivery)| delivery)
    }

    /// The next notice for a sender. One notice covers all that has left since the last one, however many
    /// pieces it was.
    pub(crate) fn poll_notice(&mut self) -> Option<(MachineId, Notice)> {
        let machines = self.ways.machines;
        let ids = |pair: usize| (MachineId((pair / machines) as u32), MachineId((pair % machines) as u32));
        if let Some(index) = self.ways.credited.pop_first() {
            let (from, peer) = ids(index / 2);
            let class = if index % 2 == Class::Control as usize { Class::Control } else { Class::Data };
            let bytes = std::mem::take(&mut self.ways.ways[index].credit);
            return Some((from, Notice::Credit { stream: Stream { peer, class }, bytes }));
        }
        let (from, peer) = ids(self.ways.left.pop_first()?);
        let traffic = |class| self.pacer.fabric().traffic(from, peer, class).charged.as_bytes();
        Some((from, Notice::Left { peer, charged: traffic(Class::Control) + traffic(Class::Data) }))
    }

    fn way_index(&self, from: MachineId, stream: Stream) -> Result<usize, TransitError> {
        let (to, machines) = (stream.peer, self.ways.machines);
        if to == from || to.index() >= machines {
            return Err(TransitError::Receiver { from, to, machines });
        }
        Ok(self.ways.index(from, stream))
    }
}

impl Ways {
    fn index(&self, from: MachineId, stream: Stream) -> usize {
        (from.index() * self.machines + stream.peer.index()) * 2 + stream.class as usize
    }

    fn handle_departed(&mut self, departure: &Departure) {
        let &Departure { from, to, class, message: number, arrives_at, .. } = departure;
        let index = self.index(from, Stream { peer: to, class });
        let way = &mut self.ways[index];
        // Numbers of a stream have no gaps, so the distance from the oldest message is the position. The oldest may have
        // departed too, while it waits for bytes from its sender.
        let first = way.messages.front().expect("what departs is here").open.number;
        way.messages[(number - first) as usize].arrives_at = Some(arrives_at);
    }

    /// Charged bytes have left between two machines.
    fn handle_left(&mut self, fabric: &Fabric, network: &Network, now: Instant, from: MachineId, to: MachineId) {
        let delay = network.delay(from, to);
        for class in [Class::Control, Class::Data] {
            let left = fabric.traffic(from, to, class).charged.as_bytes();
            self.release(from, Stream { peer: to, class }, now, delay, left);
        }
        self.left.insert(from.index() * self.machines + to.index());
    }

    /// Puts those pieces of a stream on the delay line that its `left` charged bytes let go.
    fn release(&mut self, from: MachineId, stream: Stream, now: Instant, delay: Duration, left: u64) {
        let index = self.index(from, stream);
        let way = &mut self.ways[index];
        let back = Stream { peer: from, class: stream.class };
        while let Some(message) = way.messages.front_mut() {
            let allowed = message.allowed(left - way.charged_before);
            // The message ends here once the model has its arrival and the sender has delivered all of its bytes.
            let whole = message.arrives_at.filter(|_| message.received == message.open.bytes);
            let mut freed = 0;
            while let Some(piece) = message.next_piece(allowed) {
                let last = whole.filter(|_| message.forwarded == message.open.bytes && message.open.bytes > 0);
                // A piece that came late is not delayed twice.
                let due = message.arrives_at.map_or(now + delay, |arrives_at| arrives_at.min(now + delay));
                // Never before an earlier piece of the stream: the receiver puts them together in this order.
                way.last_due = way.last_due.max(last.unwrap_or(due));
                freed += (piece.len() - PIECE_OFFSET) as u64;
                let frames = message.wrap(back, piece, last);
                self.serial += 1;
                let (due, serial, to, class) = (way.last_due, self.serial, stream.peer, stream.class);
                self.line.push(Reverse(Delivery { due, serial, to, class, whole_at: last, frames }));
            }
            way.held -= freed;
            way.credit += freed as u32;
            if freed > 0 {
                self.credited.insert(index);
            }
            // What comes behind an unfinished message in its stream waits for it.
            let Some(arrives_at) = whole else { return };
            // A message without bytes has no last piece that could carry its announcement and its end.
            if message.open.bytes == 0 {
                way.last_due = way.last_due.max(arrives_at);
                let frames = message.wrap(back, Vec::new(), whole);
                self.serial += 1;
                let (due, serial, to, class) = (way.last_due, self.serial, stream.peer, stream.class);
                self.line.push(Reverse(Delivery { due, serial, to, class, whole_at: whole, frames }));
            }
            way.charged_before += message.open.charged.as_bytes();
            way.messages.pop_front();
            // A position counted from the front; the message that is gone was complete, so it lay before it.
            way.receiving -= 1;
        }
    }
}

impl Way {
    /// Moves on to the oldest message that lacks bytes.
    fn skip_received(&mut self) {
        while self.messages.get(self.receiving).is_some_and(|message| message.received == message.open.bytes) {
            self.receiving += 1;
        }
    }
}

impl Message {
    /// Real bytes that may leave when `left` charged bytes have.
    fn allowed(&self, left: u64) -> u64 {
        let (bytes, charged) = (self.open.bytes, self.open.charged.as_bytes());
        if self.arrives_at.is_some() {
            return bytes;
        }
        (u128::from(bytes) * u128::from(left.min(charged)) / u128::from(charged)) as u64
    }

    /// The next piece, if it ends within `allowed`.
    fn next_piece(&mut self, allowed: u64) -> Option<Vec<u8>> {
        let end = self.forwarded + (self.pieces.front()?.len() - PIECE_OFFSET) as u64;
        // The last piece waits for the model's departure, with which its arrival is known.
        if end > allowed || (end == self.open.bytes && self.arrives_at.is_none()) {
            return None;
        }
        self.forwarded = end;
        self.pieces.pop_front()
    }

    /// A piece with the announcement before it, if it is the first, and the end after it, if it is the last.
    fn wrap(&mut self, stream: Stream, piece: Vec<u8>, last: Option<Instant>) -> Vec<u8> {
        let mut frames = piece;
        if !self.announced {
            self.announced = true;
            let body = std::mem::take(&mut frames);
            Frame::Open(Open { stream, ..self.open }).encode(&mut frames);
            frames.extend_from_slice(&body);
        }
        if let Some(arrives_at) = last {
            Frame::Whole { stream, arrives_at }.encode(&mut frames);
        }
        frames
    }
}

impl Delivery {
    fn key(&self) -> (Instant, u64) {
        (self.due, self.serial)
    }
}

impl PartialEq for Delivery {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Delivery {}

impl PartialOrd for Delivery {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Delivery {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests;
