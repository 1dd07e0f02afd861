//! The frames that a machine has to send, and their order on the way to the relay.
//!
//! First the protocol's own frames and the announcements of messages, so that the relay's link model knows of a message
//! at once; then bytes of control messages; then bytes of data. Within a class streams take turns by deficit round robin
//! (Shreedhar and Varghese 1995): each gets one frame's worth of bytes per turn. A stream sends no more than its window
//! allows until the relay gives credit back.

use std::collections::{BTreeMap, VecDeque};

use crate::node::Class;
use crate::real::frame::{Frame, MAX_PIECE_BYTES, Open, Stream};

/// Bytes that a stream may send per turn.
const QUANTUM: usize = MAX_PIECE_BYTES;

/// Frames that wait to be sent.
#[derive(Debug)]
pub(super) struct Outbound {
    window: u64,
    urgent: VecDeque<Vec<u8>>,
    streams: BTreeMap<Stream, Queue>,
    /// By class: streams with bytes and window, in the order of their turns.
    turns: [VecDeque<Stream>; 2],
    waiting_bytes: u64,
}

#[derive(Debug, Default)]
struct Queue {
    opened: u64,
    messages: VecDeque<(Vec<u8>, usize)>,
    /// Bytes under way to the relay.
    under_way: u64,
    deficit: usize,
    has_turn: bool,
}

impl Outbound {
    /// Nothing to send; `window`: bytes of a stream that may be under way.
    pub(super) fn new(window: u32) -> Outbound {
        Outbound {
            window: u64::from(window).max(MAX_PIECE_BYTES as u64),
            urgent: VecDeque::new(),
            streams: BTreeMap::new(),
            turns: [VecDeque::new(), VecDeque::new()],
            waiting_bytes: 0,
        }
    }

    /// Queues a frame of the protocol itself.
    pub(super) fn push(&mut self, frame: &Frame<'_>) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        self.urgent.push_back(bytes);
    }

    /// Queues a message; `open.number` and `open.bytes` are filled in here.
    pub(super) fn push_message(&mut self, open: Open, bytes: Vec<u8>) {
        let queue = self.streams.entry(open.stream).or_default();
        let open = Open { number: queue.opened, bytes: bytes.len() as u64, ..open };
        queue.opened += 1;
        if !bytes.is_empty() {
            self.waiting_bytes += bytes.len() as u64;
            queue.messages.push_back((bytes, 0));
        }
        self.push(&Frame::Open(open));
        self.give_turn(open.stream);
    }

    /// The relay has released `bytes` of a stream. Returns `false` when that is more than was under way.
    pub(super) fn credit(&mut self, stream: Stream, bytes: u32) -> bool {
        let Some(queue) = self.streams.get_mut(&stream) else { return false };
        let Some(left) = queue.under_way.checked_sub(u64::from(bytes)) else { return false };
        queue.under_way = left;
        self.give_turn(stream);
        true
    }

    /// Bytes of messages that have not been sent.
    pub(super) fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes
    }

    /// Appends the next frame to `out`; `false` when there is none that may go now.
    pub(super) fn next_frame(&mut self, out: &mut Vec<u8>) -> bool {
        if let Some(frame) = self.urgent.pop_front() {
            out.extend_from_slice(&frame);
            return true;
        }
        self.next_piece(Class::Control, out) || self.next_piece(Class::Data, out)
    }

    fn give_turn(&mut self, stream: Stream) {
        let queue = self.streams.get_mut(&stream).expect("it has been made");
        if !queue.has_turn && queue.next_length(self.window) > 0 {
            queue.has_turn = true;
            queue.deficit = QUANTUM;
            self.turns[stream.class as usize].push_back(stream);
        }
    }

    fn next_piece(&mut self, class: Class, out: &mut Vec<u8>) -> bool {
        let turns = &mut self.turns[class as usize];
        while let Some(&stream) = turns.front() {
            let queue = self.streams.get_mut(&stream).expect("streams with a turn exist");
            let length = queue.next_length(self.window);
            if length == 0 {
                queue.has_turn = false;
                turns.pop_front();
                continue;
            }
            if length > queue.deficit {
                queue.deficit += QUANTUM;
                turns.rotate_left(1);
                continue;
            }
            queue.deficit -= length;
            queue.take(stream, length, out);
            self.waiting_bytes -= length as u64;
            return true;
        }
        false
    }
}

impl Queue {
    /// Bytes of the next piece that may be sent; 0 when there are none, or the window is full.
    fn next_length(&self, window: u64) -> usize {
        let Some((bytes, sent)) = self.messages.front() else { return 0 };
        let length = (bytes.len() - sent).min(MAX_PIECE_BYTES);
        if self.under_way + length as u64 > window { 0 } else { length }
    }

    fn take(&mut self, stream: Stream, length: usize, out: &mut Vec<u8>) {
        let (bytes, sent) = self.messages.front_mut().expect("its length was asked for");
        Frame::Body { stream, bytes: &bytes[*sent..*sent + length] }.encode(out);
        *sent += length;
        self.under_way += length as u64;
        if *sent == bytes.len() {
            self.messages.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MachineId;
    use crate::real::frame::FrameReader;
    use crate::time::Instant;
    use crate::units::ByteSize;

    fn stream(peer: u32, class: Class) -> Stream {
        Stream { peer: MachineId(peer), class }
    }

    fn push(outbound: &mut Outbound, stream: Stream, bytes: usize) {
        let (actual, charged) = (ByteSize::from_bytes(bytes as u64), ByteSize::from_bytes(bytes as u64));
        let open = Open { stream, number: 0, bytes: 0, actual, charged, sent_at: Instant::START };
        outbound.push_message(open, vec![stream.peer.0 as u8; bytes]);
    }

    /// The order of pieces: peer and length; announcements are left out.
    fn pieces(outbound: &mut Outbound) -> Vec<(u32, usize)> {
        let mut pieces = Vec::new();
        let mut out = Vec::new();
        while outbound.next_frame(&mut out) {
            let mut reader = FrameReader::default();
            reader.space()[..out.len()].copy_from_slice(&out);
            reader.filled(out.len());
            if let Frame::Body { stream, bytes } = reader.next_frame().unwrap().unwrap() {
                pieces.push((stream.peer.0, bytes.len()));
            }
            out.clear();
        }
        pieces
    }

    #[test]
    fn control_goes_first_and_data_streams_take_turns() {
        let mut outbound = Outbound::new(1 << 20);
        push(&mut outbound, stream(1, Class::Data), 2 * MAX_PIECE_BYTES + 10);
        push(&mut outbound, stream(2, Class::Data), MAX_PIECE_BYTES + 20);
        push(&mut outbound, stream(3, Class::Control), 48);
        let full = MAX_PIECE_BYTES;
        assert_eq!(pieces(&mut outbound), [(3, 48), (1, full), (2, full), (1, full), (2, 20), (1, 10)]);
        assert_eq!(outbound.waiting_bytes(), 0);
    }

    #[test]
    fn small_messages_of_one_stream_share_a_turn() {
        let mut outbound = Outbound::new(1 << 20);
        (0..3).for_each(|_| push(&mut outbound, stream(1, Class::Data), 1000));
        (0..3).for_each(|_| push(&mut outbound, stream(2, Class::Data), 40_000));
        let order: Vec<u32> = pieces(&mut outbound).into_iter().map(|(peer, _)| peer).collect();
        assert_eq!(order, [1, 1, 1, 2, 2, 2]);
    }

    #[test]
    fn a_full_window_stops_one_stream_until_credit_comes() {
        let window = 2 * MAX_PIECE_BYTES;
        let mut outbound = Outbound::new(window as u32);
        push(&mut outbound, stream(1, Class::Data), 3 * MAX_PIECE_BYTES);
        push(&mut outbound, stream(2, Class::Data), 5);
        let full = MAX_PIECE_BYTES;
        assert_eq!(pieces(&mut outbound), [(1, full), (2, 5), (1, full)]);
        assert!(outbound.credit(stream(1, Class::Data), 100));
        assert_eq!(pieces(&mut outbound), []);
        assert!(outbound.credit(stream(1, Class::Data), full as u32 - 100));
        assert_eq!(pieces(&mut outbound), [(1, full)]);
        assert!(!outbound.credit(stream(1, Class::Data), window as u32 + 1), "more than was under way");
        assert!(!outbound.credit(stream(9, Class::Data), 1), "never used");
    }
}
