//! The bytes of messages, for runs over real connections.
//!
//! A message is a header of [`Message::header_bytes`] and its data, [`Message::data_bytes`] of them: together what the cost model
//! and the links count as its size. Integers are little-endian.
//!
//! | bytes | field |
//! |---|---|
//! | 0 | kind: 0 declare, 1 read, 2 rows, 3 update, 4 mirror, 5 barrier, 6 partial update |
//! | 1 | rows only: how many cuts follow the data |
//! | 4..8 | clock; rows: the clock asked for; partial update: clocks complete; barrier: the last clock announced |
//! | 8..12 | rows: data clock; declare and barrier: how many indexes; mirror: the clock's site; partial update: how many rows |
//! | 12..16 | rows: the reader's own clocks included; barrier: the site announced; mirror: how many further clocks there are |
//! | 16..24 | read, updates and mirror: time stamp in nanoseconds; barrier: the first clock announced, how many further entries there are |
//! | 24..32 | bytes of data |
//!
//! The rest of the header is zero: room for sender, receiver and further stamps, which the connection knows here. Behind the data
//! stand the further clocks of a mirror, 8 bytes each (site, clock), the further entries of a barrier, 12 bytes each (site, first and
//! last clock), and the row numbers of a partial update, 4 bytes each.
//!
//! After the data of rows come the [`Phases`] of their way: 21 bytes per cut (part, end, machine that it waits for, the two ends of
//! the link, which are equal where there is none). They are measurement, not protocol: a real parameter server would not send them,
//! so they are not counted and not charged.

use emulator::id::{MachineId, SiteId};
use emulator::node::Codec;
use emulator::time::Instant;
use thiserror::Error;

use crate::breakdown::{Blocker, LinkEnds, PARTS, Phase, Phases};
use crate::layout::Layout;
use crate::message::{
    ANNOUNCED_BYTES, Announced, HEADER_BYTES, Message, ROW_NUMBER_BYTES, Rows, SITE_CLOCK_BYTES, SiteClock,
};
use crate::sync::config::{Encoding, Encodings};
use crate::wire::{self, Payload, decode_indexes, encode_indexes};

const HEADER: usize = HEADER_BYTES as usize;
const CUT_BYTES: usize = 21;

const DECLARE: u8 = 0;
const READ: u8 = 1;
const ROWS: u8 = 2;
const UPDATE: u8 = 3;
const MIRROR: u8 = 4;
const BARRIER: u8 = 5;
const PARTIAL: u8 = 6;

/// Writes and reads messages, with the payload encoding of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageCodec {
    /// The form in which payloads and indexes are written.
    pub encodings: Encodings,
    /// Floats of all parameters: no payload that is read has more.
    pub floats: usize,
    /// Rows of all tables: every index that is read is below.
    pub rows: u32,
}

impl MessageCodec {
    /// The codec of a run over the parameters of `layout`.
    pub fn new(encodings: Encodings, layout: &Layout) -> Self {
        MessageCodec { encodings, floats: layout.floats(), rows: layout.rows() }
    }
}

/// The reasons why bytes are no message.
#[derive(Debug, Error, PartialEq, Eq)]
#[expect(missing_docs, reason = "the messages of the variants name their fields")]
pub enum CodecError {
    /// Not as many bytes as the header promises.
    #[error("message of {found} bytes: expected {expected}")]
    Length {
        found: usize,
        /// Bytes that the header asks for; at least a header.
        expected: u64,
    },
    /// The first byte names no kind.
    #[error("unknown message kind {0}: expected 0 to 6")]
    Kind(u8),
    /// A phase of no known part.
    #[error("unknown part {0} of a clock: expected 0 to {last}", last = PARTS.len() - 1)]
    Part(u8),
    /// The payload or the indexes.
    #[error("the data cannot be read")]
    Data(#[from] wire::DecodeError),
}

impl Codec for MessageCodec {
    type Message = Message;
    type Error = CodecError;

    fn encode(&self, message: &Message, out: &mut Vec<u8>) {
        let (start, encoding) = (out.len(), message.encoding(&self.encodings));
        out.resize(start + HEADER, 0);
        let mut header = [0; HEADER];
        match message {
            Message::Declare { rows } => {
                header = write_indexes(DECLARE, rows, encoding, out);
            }
            Message::Barrier { announced, rows } => {
                let (first, further) = announced.split_first().expect("a barrier announces something");
                header = write_indexes(BARRIER, rows, encoding, out);
                header[4..8].copy_from_slice(&first.until.to_le_bytes());
                header[12..16].copy_from_slice(&first.site.0.to_le_bytes());
                header[16..20].copy_from_slice(&first.first.to_le_bytes());
                header[20..24].copy_from_slice(&(further.len() as u32).to_le_bytes());
            }
            Message::Read { clock, asked_at } => {
                header[0] = READ;
                header[4..8].copy_from_slice(&clock.to_le_bytes());
                header[16..24].copy_from_slice(&asked_at.as_nanos().to_le_bytes());
            }
            Message::Rows(rows) => {
                header[0] = ROWS;
                header[1] = u8::try_from(rows.phases.cuts().len()).expect("a way has a few phases");
                header[4..8].copy_from_slice(&rows.asked_for.to_le_bytes());
                header[8..12].copy_from_slice(&rows.data_clock.to_le_bytes());
                header[12..16].copy_from_slice(&rows.includes.to_le_bytes());
                rows.payload.encode(encoding, out);
            }
            Message::Mirror { clocks, payload, sent_at } => {
                let (first, further) = clocks.split_first().expect("a mirror message completes a clock");
                header[0] = MIRROR;
                header[4..8].copy_from_slice(&first.1.to_le_bytes());
                header[8..12].copy_from_slice(&first.0.0.to_le_bytes());
                header[12..16].copy_from_slice(&(further.len() as u32).to_le_bytes());
                header[16..24].copy_from_slice(&sent_at.as_nanos().to_le_bytes());
                payload.encode(encoding, out);
            }
            Message::PartialUpdate { complete, rows, payload, sent_at } => {
                header[0] = PARTIAL;
                header[4..8].copy_from_slice(&complete.to_le_bytes());
                header[8..12].copy_from_slice(&(rows.len() as u32).to_le_bytes());
                header[16..24].copy_from_slice(&sent_at.as_nanos().to_le_bytes());
                payload.encode(encoding, out);
            }
            Message::Update { clock, payload, sent_at } => {
                header[0] = UPDATE;
                header[4..8].copy_from_slice(&clock.to_le_bytes());
                header[16..24].copy_from_slice(&sent_at.as_nanos().to_le_bytes());
                payload.encode(encoding, out);
            }
        }
        let data = (out.len() - start - HEADER) as u64;
        header[24..32].copy_from_slice(&data.to_le_bytes());
        out[start..start + HEADER].copy_from_slice(&header);
        match message {
            Message::Rows(rows) => {
                rows.phases.cuts().iter().for_each(|cut| write_cut(cut, out));
            }
            Message::Mirror { clocks, .. } => {
                for (site, clock) in &clocks[1..] {
                    out.extend(site.0.to_le_bytes());
                    out.extend(clock.to_le_bytes());
                }
            }
            Message::Barrier { announced, .. } => {
                for Announced { site, first, until } in &announced[1..] {
                    out.extend([site.0, *first, *until].into_iter().flat_map(u32::to_le_bytes));
                }
            }
            Message::PartialUpdate { rows, .. } => out.extend(rows.iter().flat_map(|row| row.to_le_bytes())),
            _ => {}
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<Message, CodecError> {
        let short = CodecError::Length { found: bytes.len(), expected: HEADER_BYTES };
        let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(short)?;
        let word = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
        let long = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes"));
        let kind = header[0];
        let tail = match kind {
            MIRROR => u64::from(word(12)) * SITE_CLOCK_BYTES,
            BARRIER => u64::from(word(20)) * ANNOUNCED_BYTES,
            PARTIAL => u64::from(word(8)) * ROW_NUMBER_BYTES,
            _ => u64::from(header[1]) * CUT_BYTES as u64,
        };
        let expected = HEADER_BYTES.saturating_add(long(24)).saturating_add(tail);
        if expected != bytes.len() as u64 {
            return Err(CodecError::Length { found: bytes.len(), expected });
        }
        let (data, tail) = rest.split_at(rest.len() - tail as usize);
        let (clock, stamp) = (word(4), Instant::from_nanos(long(16)));
        let encoding = if matches!(kind, MIRROR | BARRIER) { self.encodings.between } else { self.encodings.inside };
        let indexes = || decode_indexes(data, word(8) as usize, self.rows, encoding);
        let payload = || Payload::decode(data, encoding, self.floats);
        Ok(match kind {
            DECLARE => Message::Declare { rows: indexes()?.into() },
            READ => Message::Read { clock, asked_at: stamp },
            ROWS => Message::Rows(Rows {
                payload: payload()?,
                asked_for: clock,
                data_clock: word(8),
                includes: word(12),
                phases: phases(tail)?,
            }),
            UPDATE => Message::Update { clock, payload: payload()?, sent_at: stamp },
            PARTIAL => {
                let (rows, _) = tail.as_chunks::<{ ROW_NUMBER_BYTES as usize }>();
                let rows = rows.iter().map(|&row| u32::from_le_bytes(row)).collect();
                Message::PartialUpdate { complete: clock, rows, payload: payload()?, sent_at: stamp }
            }
            MIRROR => {
                let clocks = std::iter::once((SiteId(word(8)), clock)).chain(further_clocks(tail)).collect();
                Message::Mirror { clocks, payload: payload()?, sent_at: stamp }
            }
            BARRIER => {
                let first = Announced { site: SiteId(word(12)), first: word(16), until: clock };
                let announced = std::iter::once(first).chain(further_announced(tail)).collect();
                Message::Barrier { announced, rows: indexes()?.into() }
            }
            other => return Err(CodecError::Kind(other)),
        })
    }
}

fn write_indexes(kind: u8, rows: &[u32], encoding: Encoding, out: &mut Vec<u8>) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[0] = kind;
    header[8..12].copy_from_slice(&(rows.len() as u32).to_le_bytes());
    encode_indexes(rows, encoding, out);
    header
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

fn further_clocks(bytes: &[u8]) -> impl Iterator<Item = SiteClock> {
    let entries = bytes.as_chunks::<{ SITE_CLOCK_BYTES as usize }>().0;
    entries.iter().map(|entry| (SiteId(word(&entry[..4])), word(&entry[4..])))
}

fn further_announced(bytes: &[u8]) -> impl Iterator<Item = Announced> {
    let entries = bytes.as_chunks::<{ ANNOUNCED_BYTES as usize }>().0;
    entries.iter().map(|entry| Announced {
        site: SiteId(word(&entry[..4])),
        first: word(&entry[4..8]),
        until: word(&entry[8..]),
    })
}

fn write_cut(&Phase { part, until, on }: &Phase, out: &mut Vec<u8>) {
    let link = on.link.unwrap_or(LinkEnds { from: on.machine, to: on.machine });
    out.push(part as u8);
    out.extend(until.as_nanos().to_le_bytes());
    out.extend([on.machine, link.from, link.to].into_iter().flat_map(|machine| machine.0.to_le_bytes()));
}

fn phases(bytes: &[u8]) -> Result<Phases, CodecError> {
    let mut phases = Phases::default();
    for cut in bytes.as_chunks::<CUT_BYTES>().0 {
        let part = PARTS.get(usize::from(cut[0])).ok_or(CodecError::Part(cut[0]))?;
        let until = u64::from_le_bytes(cut[1..9].try_into().expect("eight bytes"));
        let [machine, from, to] = [9, 13, 17].map(|at| MachineId(word(&cut[at..at + 4])));
        let link = (from != to).then_some(LinkEnds { from, to });
        phases.push(*part, Instant::from_nanos(until), Blocker { machine, link });
    }
    Ok(phases)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::wire::Sparse;

    /// Enough for what [`message`] makes.
    const FLOATS: usize = 5000;
    const ALL_ROWS: u32 = 100_000;

    fn codec(encodings: Encodings) -> MessageCodec {
        MessageCodec { encodings, floats: FLOATS, rows: ALL_ROWS }
    }

    fn payload() -> impl Strategy<Value = Payload> {
        let dense = prop::collection::vec(prop_oneof![2 => Just(0.0_f32), 1 => -9.0_f32..9.0], 0..300)
            .prop_map(|values| Payload::Dense(values.into()));
        let sparse = prop::collection::btree_map(0..FLOATS as u32, 0.5_f32..9.0, 0..200).prop_map(|entries| {
            let (index, value) = entries.into_iter().unzip();
            Payload::Sparse(Arc::new(Sparse { len: FLOATS as u32, index, value }))
        });
        prop_oneof![dense, sparse]
    }

    fn indexes() -> impl Strategy<Value = Arc<[u32]>> {
        prop::collection::btree_set(0..ALL_ROWS, 0..400).prop_map(|rows| rows.into_iter().collect())
    }

    fn phases() -> impl Strategy<Value = Phases> {
        let cut = (0..PARTS.len(), 1..1_u64 << 40, any::<[u32; 2]>(), any::<bool>());
        prop::collection::vec(cut, 0..8).prop_map(|cuts| {
            let mut phases = Phases::default();
            let mut until = 0;
            for (part, span, [from, to], is_message) in cuts {
                until += span;
                let (from, to) = (MachineId(from), MachineId(to));
                let on = if is_message { Blocker::message(from, to) } else { Blocker::work(from) };
                phases.push(PARTS[part], Instant::from_nanos(until), on);
            }
            phases
        })
    }

    fn site_clock() -> impl Strategy<Value = SiteClock> {
        any::<(u32, u32)>().prop_map(|(site, clock)| (SiteId(site), clock))
    }

    fn encodings() -> impl Strategy<Value = Encodings> {
        let one = || prop::sample::select(&Encoding::ALL);
        (one(), one()).prop_map(|(inside, between)| Encodings { inside, between })
    }

    fn announced() -> impl Strategy<Value = Announced> {
        any::<[u32; 3]>().prop_map(|[site, first, until]| Announced { site: SiteId(site), first, until })
    }

    fn message() -> impl Strategy<Value = Message> {
        let stamp = any::<u64>().prop_map(Instant::from_nanos);
        prop_oneof![
            indexes().prop_map(|rows| Message::Declare { rows }),
            (any::<u32>(), stamp.clone()).prop_map(|(clock, asked_at)| Message::Read { clock, asked_at }),
            (payload(), any::<[u32; 3]>(), phases()).prop_map(
                |(payload, [asked_for, data_clock, includes], phases)| {
                    Message::Rows(Rows { payload, asked_for, data_clock, includes, phases })
                }
            ),
            (any::<u32>(), payload(), stamp.clone()).prop_map(|(clock, payload, sent_at)| Message::Update {
                clock,
                payload,
                sent_at
            }),
            (any::<u32>(), indexes(), payload(), stamp.clone()).prop_map(|(complete, rows, payload, sent_at)| {
                Message::PartialUpdate { complete, rows, payload, sent_at }
            }),
            (prop::collection::vec(site_clock(), 1..6), payload(), stamp)
                .prop_map(|(clocks, payload, sent_at)| { Message::Mirror { clocks: clocks.into(), payload, sent_at } }),
            (prop::collection::vec(announced(), 1..6), indexes())
                .prop_map(|(announced, rows)| Message::Barrier { announced: announced.into(), rows }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_counted_and_is_read_again(message in message(), encodings in encodings()) {
            let codec = codec(encodings);
            let mut bytes = vec![0xee; 3];
            codec.encode(&message, &mut bytes);
            let bytes = &bytes[3..];
            let measurement = match &message {
                Message::Rows(rows) => CUT_BYTES * rows.phases.cuts().len(),
                _ => 0,
            };
            prop_assert_eq!((bytes.len() - measurement) as u64, message.header_bytes() + message.data_bytes(&encodings));
            let read = codec.decode(bytes).unwrap();
            let encoding = message.encoding(&encodings);
            // Values that were not cut before are cut here.
            prop_assert!(read == message || encoding.lossless() != encoding, "{:?}, not {:?}", read, message);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(
            message in message(),
            encodings in encodings(),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let codec = codec(encodings);
            let mut bytes = Vec::new();
            codec.encode(&message, &mut bytes);
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = codec.decode(&bytes);
        }
    }

    #[test]
    fn malformed_messages_are_refused() {
        let codec = codec(Encoding::Packed.into());
        let mut bytes = Vec::new();
        codec.encode(&Message::Read { clock: 3, asked_at: Instant::START }, &mut bytes);
        let error = |bytes: &[u8]| codec.decode(bytes).unwrap_err().to_string();
        assert_eq!(error(&bytes[..47]), "message of 47 bytes: expected 48");
        assert_eq!(error(&[&bytes[..], &[0]].concat()), "message of 49 bytes: expected 48");
        bytes[0] = 7;
        assert_eq!(error(&bytes), "unknown message kind 7: expected 0 to 6");
        (bytes[0], bytes[1]) = (ROWS, 1);
        bytes[24] = 9;
        bytes.extend([0; 9]);
        bytes.extend([7; CUT_BYTES]);
        assert_eq!(error(&bytes), "unknown part 7 of a clock: expected 0 to 5");
    }
}
