//! The protocol between a machine and the relay: frames of at most 64 KiB.
//!
//! A frame is a header of 8 bytes and a body. Header, all integers little-endian: magic `GA` (2 bytes), protocol version
//! (1), kind (1), bytes of the body (4). Every frame carries magic and version, so a reader that is out of step, or a
//! stranger, is found at the first frame.
//!
//! A message is announced with [`Frame::Open`] (its stream, number, lengths, time), then follows in [`Frame::Body`]
//! pieces; on the way to its receiver [`Frame::Whole`] ends it. A *stream* is a peer and a class; within one, messages come one after another and are numbered from 0. Frames
//! of different streams mix freely, so control overtakes data between two frames.
//!
//! [`FrameReader`] takes bytes in any portions and gives frames; it holds one frame at most. [`Reassembler`] makes
//! messages of them. Both refuse anything else, with an error that has what was found and what was expected.

mod reassembly;

use thiserror::Error;

use crate::id::MachineId;
use crate::node::Class;
use crate::time::Instant;
use crate::units::ByteSize;

pub use reassembly::{Arrival, Reassembler, ReassemblyError};

/// The version of the protocol. Both sides must have the same.
pub const VERSION: u8 = 1;
/// The longest frame, header included.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;
/// Bytes of a message in one frame, at most.
pub const MAX_PIECE_BYTES: usize = MAX_FRAME_BYTES - HEADER_BYTES - STREAM_BYTES;
/// The longest reason, in bytes. A longer one is cut.
pub const MAX_REASON_BYTES: usize = 4096;

const HEADER_BYTES: usize = 8;
const STREAM_BYTES: usize = 5;
const MAGIC: [u8; 2] = *b"GA";

/// One direction between two machines, in one class. The peer is the receiver on the way to the relay, and the sender on
/// the way from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stream {
    /// The machine at the other end.
    pub peer: MachineId,
    /// The class of its messages.
    pub class: Class,
}

/// A message before its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// The stream that it belongs to.
    pub stream: Stream,
    /// Its number in the stream, from 0.
    pub number: u64,
    /// The number of bytes that follow in [`Frame::Body`].
    pub bytes: u64,
    /// Bytes that count as its encoding.
    pub actual: ByteSize,
    /// Bytes that the link is charged.
    pub charged: ByteSize,
    /// The instant at which the sending machine had it, in the run's time.
    pub sent_at: Instant,
}

/// A frame. Machines send `Hello`, `Idle`, `Stop` and `Failed`; the relay sends `Welcome`, `Refused`, `Start`, `Credit`,
/// `Left`, `Whole`, `Lost`, `Stalled` and `End`; the rest goes both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The first frame of a machine.
    Hello {
        /// The run that it belongs to.
        run: u64,
        /// The number of the machine.
        machine: MachineId,
        /// The number of machines that it expects.
        machines: u32,
    },
    /// The answer to `Hello`: the machine takes part.
    Welcome {
        /// Bytes of each stream that may be under way to the relay.
        window: u32,
    },
    /// The other answer to `Hello`: the relay closes the connection.
    Refused {
        /// The reason, for the log of the other side.
        reason: &'a str,
    },
    /// All machines are there.
    Start {
        /// The start of the run, in nanoseconds of the host's monotonic clock.
        epoch: u64,
        /// The dilation in thousandths.
        dilation: u32,
    },
    /// A message begins in a stream.
    Open(Open),
    /// Its next bytes, at least one.
    Body {
        /// The stream of the message that is open.
        stream: Stream,
        /// At most [`MAX_PIECE_BYTES`] bytes of the message.
        bytes: &'a [u8],
    },
    /// The message under way in a stream is whole.
    Whole {
        /// The stream at its receiver.
        stream: Stream,
        /// The instant at which the link model has it arrive, in the run's time.
        arrives_at: Instant,
    },
    /// Bytes of a stream have left the relay's queue since the last such frame.
    Credit {
        /// The stream at its sender.
        stream: Stream,
        /// Bytes of messages as sent.
        bytes: u32,
    },
    /// The charged bytes that have left for a peer since the start, in both classes.
    Left {
        /// The receiver of these bytes.
        peer: MachineId,
        /// Charged bytes, summed from the start of the run.
        charged: u64,
    },
    /// A heartbeat: the sender is alive, with or without other frames to send.
    Alive,
    /// The machine waits for messages and for nothing else.
    Idle {
        /// Messages announced so far.
        sent: u64,
        /// Messages handled so far.
        received: u64,
        /// Whether its own work is done.
        halted: Halted,
    },
    /// The machine's observer wants the run to end.
    Stop,
    /// The machine cannot go on.
    Failed {
        /// The reason, for the other machines.
        reason: &'a str,
    },
    /// A machine is lost; the run is over.
    Lost {
        /// The machine that is lost.
        machine: MachineId,
        /// The reason that is known.
        reason: &'a str,
    },
    /// Every machine waits for messages and none is under way.
    Stalled,
    /// The run is over.
    End,
}

/// Whether a node has put out [`Output::Halt`](crate::node::Output::Halt).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halted {
    /// It has; it still handles messages.
    Yes,
    /// It has not: its work goes on.
    NotYet,
}

/// The reason why bytes are not frames.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum FrameError {
    /// The other side is no part of the testbed, or the reader is out of step.
    #[error("bad magic {found:02x?}: expected {MAGIC:02x?}; this is no connection of a machine")]
    Magic { found: [u8; 2] },
    #[error("protocol version {found}: expected {VERSION}; machines and relay must be of one build")]
    Version { found: u8 },
    #[error("unknown frame kind {found}")]
    Kind { found: u8 },
    #[error("frame of {found} bytes: the most is {MAX_FRAME_BYTES}")]
    Oversized {
        /// Bytes announced, header included.
        found: u64,
    },
    /// The body does not have the length of its kind.
    #[error("frame kind {kind} with a body of {found} bytes: expected {expected}")]
    Length {
        kind: u8,
        found: usize,
        /// A description of the bodies that the kind allows.
        expected: &'static str,
    },
    /// A field has no meaning.
    #[error("frame kind {kind}: {field} is {found}")]
    Field { kind: u8, field: &'static str, found: u64 },
    /// The connection ended within a frame.
    #[error("the connection ended within a frame: {found} of {expected} bytes")]
    Truncated {
        found: usize,
        /// Bytes of the frame, or of its header.
        expected: usize,
    },
}

mod kind {
    pub(super) const HELLO: u8 = 1;
    pub(super) const WELCOME: u8 = 2;
    pub(super) const REFUSED: u8 = 3;
    pub(super) const START: u8 = 4;
    pub(super) const OPEN: u8 = 5;
    pub(super) const BODY: u8 = 6;
    pub(super) const CREDIT: u8 = 7;
    pub(super) const LEFT: u8 = 8;
    pub(super) const ALIVE: u8 = 9;
    pub(super) const IDLE: u8 = 10;
    pub(super) const STOP: u8 = 11;
    pub(super) const FAILED: u8 = 12;
    pub(super) const LOST: u8 = 13;
    pub(super) const STALLED: u8 = 14;
    pub(super) const END: u8 = 15;
    pub(super) const WHOLE: u8 = 16;
}

impl Frame<'_> {
    /// Appends the frame's bytes. A reason that is too long is cut.
    ///
    /// # Panics
    /// If a piece of a message is longer than [`MAX_PIECE_BYTES`].
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[MAGIC[0], MAGIC[1], VERSION, 0, 0, 0, 0, 0]);
        let kind = self.encode_body(out);
        let body = out.len() - start - HEADER_BYTES;
        assert!(HEADER_BYTES + body <= MAX_FRAME_BYTES, "a frame with a body of {body} bytes");
        out[start + 3] = kind;
        out[start + 4..start + HEADER_BYTES].copy_from_slice(&(body as u32).to_le_bytes());
    }

    fn encode_body(&self, out: &mut Vec<u8>) -> u8 {
        match *self {
            Frame::Hello { run, machine, machines } => {
                put(out, &[run]);
                out.extend(machine.0.to_le_bytes());
                out.extend(machines.to_le_bytes());
                kind::HELLO
            }
            Frame::Welcome { window } => {
                out.extend(window.to_le_bytes());
                kind::WELCOME
            }
            Frame::Refused { reason } => put_text(out, reason, kind::REFUSED),
            Frame::Start { epoch, dilation } => {
                put(out, &[epoch]);
                out.extend(dilation.to_le_bytes());
                kind::START
            }
            Frame::Open(open) => {
                put_stream(out, open.stream);
                put(out, &[open.number, open.bytes, open.actual.as_bytes(), open.charged.as_bytes()]);
                put(out, &[open.sent_at.as_nanos()]);
                kind::OPEN
            }
            Frame::Body { stream, bytes } => {
                put_stream(out, stream);
                out.extend_from_slice(bytes);
                kind::BODY
            }
            Frame::Whole { stream, arrives_at } => {
                put_stream(out, stream);
                put(out, &[arrives_at.as_nanos()]);
                kind::WHOLE
            }
            Frame::Credit { stream, bytes } => {
                put_stream(out, stream);
                out.extend(bytes.to_le_bytes());
                kind::CREDIT
            }
            Frame::Left { peer, charged } => {
                out.extend(peer.0.to_le_bytes());
                put(out, &[charged]);
                kind::LEFT
            }
            Frame::Idle { sent, received, halted } => {
                put(out, &[sent, received]);
                out.push(u8::from(halted == Halted::Yes));
                kind::IDLE
            }
            Frame::Failed { reason } => put_text(out, reason, kind::FAILED),
            Frame::Lost { machine, reason } => {
                out.extend(machine.0.to_le_bytes());
                put_text(out, reason, kind::LOST)
            }
            Frame::Alive => kind::ALIVE,
            Frame::Stop => kind::STOP,
            Frame::Stalled => kind::STALLED,
            Frame::End => kind::END,
        }
    }

    /// Reads the body of a frame of `kind`.
    fn decode(kind: u8, bytes: &[u8]) -> Result<Frame<'_>, FrameError> {
        let mut body = Body { kind, all: bytes, rest: bytes };
        let frame = match kind {
            kind::HELLO => Frame::Hello { run: body.u64()?, machine: MachineId(body.u32()?), machines: body.u32()? },
            kind::WELCOME => Frame::Welcome { window: body.u32()? },
            kind::REFUSED => Frame::Refused { reason: body.text()? },
            kind::START => Frame::Start { epoch: body.u64()?, dilation: body.u32()? },
            kind::OPEN => Frame::Open(Open {
                stream: body.stream()?,
                number: body.u64()?,
                bytes: body.u64()?,
                actual: ByteSize::from_bytes(body.u64()?),
                charged: ByteSize::from_bytes(body.u64()?),
                sent_at: Instant::from_nanos(body.u64()?),
            }),
            kind::BODY => Frame::Body { stream: body.stream()?, bytes: body.piece()? },
            kind::WHOLE => Frame::Whole { stream: body.stream()?, arrives_at: Instant::from_nanos(body.u64()?) },
            kind::CREDIT => Frame::Credit { stream: body.stream()?, bytes: body.u32()? },
            kind::LEFT => Frame::Left { peer: MachineId(body.u32()?), charged: body.u64()? },
            kind::ALIVE => Frame::Alive,
            kind::IDLE => Frame::Idle { sent: body.u64()?, received: body.u64()?, halted: body.halted()? },
            kind::STOP => Frame::Stop,
            kind::FAILED => Frame::Failed { reason: body.text()? },
            kind::LOST => Frame::Lost { machine: MachineId(body.u32()?), reason: body.text()? },
            kind::STALLED => Frame::Stalled,
            kind::END => Frame::End,
            found => return Err(FrameError::Kind { found }),
        };
        if body.rest.is_empty() { Ok(frame) } else { Err(body.wrong("no more than its fields")) }
    }
}

fn put(out: &mut Vec<u8>, words: &[u64]) {
    words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
}

fn put_stream(out: &mut Vec<u8>, stream: Stream) {
    out.extend(stream.peer.0.to_le_bytes());
    out.push(stream.class as u8);
}

fn put_text(out: &mut Vec<u8>, text: &str, kind: u8) -> u8 {
    let end = text.floor_char_boundary(MAX_REASON_BYTES);
    out.extend_from_slice(&text.as_bytes()[..end]);
    kind
}

struct Body<'a> {
    kind: u8,
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Body<'a> {
    fn wrong(&self, expected: &'static str) -> FrameError {
        FrameError::Length { kind: self.kind, found: self.all.len(), expected }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| self.wrong("all of its fields"))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u64(&mut self) -> Result<u64, FrameError> {
        self.take().map(u64::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, FrameError> {
        self.take().map(u32::from_le_bytes)
    }

    fn stream(&mut self) -> Result<Stream, FrameError> {
        let peer = MachineId(self.u32()?);
        let class = match self.take::<1>()?[0] {
            0 => Class::Control,
            1 => Class::Data,
            found => return Err(FrameError::Field { kind: self.kind, field: "class", found: found.into() }),
        };
        Ok(Stream { peer, class })
    }

    fn halted(&mut self) -> Result<Halted, FrameError> {
        match self.take::<1>()?[0] {
            0 => Ok(Halted::NotYet),
            1 => Ok(Halted::Yes),
            found => Err(FrameError::Field { kind: self.kind, field: "halted", found: found.into() }),
        }
    }

    fn text(&mut self) -> Result<&'a str, FrameError> {
        let bytes = std::mem::take(&mut self.rest);
        std::str::from_utf8(bytes).map_err(|_| self.wrong("text in UTF-8"))
    }

    fn piece(&mut self) -> Result<&'a [u8], FrameError> {
        let bytes = std::mem::take(&mut self.rest);
        if bytes.is_empty() { Err(self.wrong("at least one byte of a message")) } else { Ok(bytes) }
    }
}

/// Bytes of a piece's frame before the piece.
pub(super) const PIECE_OFFSET: usize = HEADER_BYTES + STREAM_BYTES;

/// Cuts a byte stream into frames.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// The range of the unread bytes.
    unread: std::ops::Range<usize>,
}

impl FrameReader {
    /// Room for more bytes, never empty once [`FrameReader::next_frame`] has given `None`; then call
    /// [`FrameReader::filled`].
    pub fn space(&mut self) -> &mut [u8] {
        if self.buffer.is_empty() {
            self.buffer.resize(2 * MAX_FRAME_BYTES, 0);
        }
        if self.unread.is_empty() {
            self.unread = 0..0;
        } else if self.unread.start >= MAX_FRAME_BYTES {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        &mut self.buffer[self.unread.end..]
    }

    /// `count` bytes were written to the beginning of [`FrameReader::space`].
    pub fn filled(&mut self, count: usize) {
        self.unread.end += count;
        assert!(self.unread.end <= self.buffer.len(), "no more than there is space for");
    }

    /// The next whole frame, if there is one.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let Some(length) = self.frame_length()? else { return Ok(None) };
        if self.unread.len() < length {
            return Ok(None);
        }
        let start = self.unread.start;
        self.unread.start += length;
        let kind = self.buffer[start + 3];
        Frame::decode(kind, &self.buffer[start + HEADER_BYTES..start + length]).map(Some)
    }

    /// No more bytes will come.
    pub fn end(&self) -> Result<(), FrameError> {
        if self.unread.is_empty() {
            return Ok(());
        }
        let expected = self.frame_length()?.unwrap_or(HEADER_BYTES);
        Err(FrameError::Truncated { found: self.unread.len(), expected })
    }

    /// Bytes of the frame at hand, as soon as its header is there. The first wrong byte of a header is enough for an error.
    fn frame_length(&self) -> Result<Option<usize>, FrameError> {
        let bytes = &self.buffer[self.unread.clone()];
        if let Some(&found) = bytes.first_chunk::<2>()
            && found != MAGIC
        {
            return Err(FrameError::Magic { found });
        }
        if let Some(&found) = bytes.get(2)
            && found != VERSION
        {
            return Err(FrameError::Version { found });
        }
        let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let body = u32::from_le_bytes(header[4..].try_into().expect("four bytes"));
        let found = HEADER_BYTES as u64 + u64::from(body);
        if found > MAX_FRAME_BYTES as u64 {
            return Err(FrameError::Oversized { found });
        }
        Ok(Some(found as usize))
    }
}

#[cfg(test)]
mod tests;
