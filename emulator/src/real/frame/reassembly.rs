//! Messages out of frames.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{Open, Stream};
use crate::id::MachineId;
use crate::node::Class;
use crate::time::Instant;

/// The reason why frames are no messages.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum ReassemblyError {
    /// A message is lost, repeated or out of order.
    #[error("message {found} in the {class:?} stream of {peer}: expected {expected}")]
    Number { peer: MachineId, class: Class, found: u64, expected: u64 },
    /// A message begins within another of the same stream.
    #[error("a message begins in the {class:?} stream of {peer} while {missing} bytes of the one before are missing")]
    Unfinished { peer: MachineId, class: Class, missing: u64 },
    /// More bytes than announced.
    #[error("{found} bytes in the {class:?} stream of {peer} where {expected} are missing")]
    Excess {
        peer: MachineId,
        class: Class,
        found: usize,
        /// Bytes that the open message, if any, still lacks.
        expected: u64,
    },
    /// A message ends where none is open, or before all its bytes are there.
    #[error("the message in the {class:?} stream of {peer} ends while {missing} of its bytes are missing")]
    Early {
        peer: MachineId,
        class: Class,
        /// Bytes missing; all there are when none is open.
        missing: u64,
    },
    #[error("message of {found} bytes from {peer}: the most is {most}")]
    Oversized { peer: MachineId, found: u64, most: u64 },
}

/// Puts messages together, one per stream at a time.
#[derive(Debug)]
pub struct Reassembler {
    most_bytes: u64,
    streams: BTreeMap<Stream, Assembly>,
}

/// A message that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The announcement of the message.
    pub open: Open,
    /// The instant at which the link model has it arrive.
    pub arrives_at: Instant,
    /// The bytes of the encoded message.
    pub bytes: Vec<u8>,
}

#[derive(Debug, Default)]
struct Assembly {
    number: u64,
    open: Option<(Open, Vec<u8>)>,
}

/// Memory set aside for a message before its bytes are there, at most.
const AHEAD_BYTES: u64 = 1 << 20;

impl Reassembler {
    /// For messages of at most `most_bytes` bytes.
    pub fn new(most_bytes: u64) -> Reassembler {
        Reassembler { most_bytes, streams: BTreeMap::new() }
    }

    /// Begins a message in its stream, which must have none under way.
    pub fn open(&mut self, open: Open) -> Result<(), ReassemblyError> {
        let Stream { peer, class } = open.stream;
        if open.bytes > self.most_bytes {
            return Err(ReassemblyError::Oversized { peer, found: open.bytes, most: self.most_bytes });
        }
        let assembly = self.streams.entry(open.stream).or_default();
        if let Some((before, bytes)) = &assembly.open {
            let missing = before.bytes - bytes.len() as u64;
            return Err(ReassemblyError::Unfinished { peer, class, missing });
        }
        if open.number != assembly.number {
            let (found, expected) = (open.number, assembly.number);
            return Err(ReassemblyError::Number { peer, class, found, expected });
        }
        assembly.number += 1;
        assembly.open = Some((open, Vec::with_capacity(open.bytes.min(AHEAD_BYTES) as usize)));
        Ok(())
    }

    /// The next bytes of a stream's message.
    pub fn body(&mut self, stream: Stream, piece: &[u8]) -> Result<(), ReassemblyError> {
        let Stream { peer, class } = stream;
        let found = piece.len();
        let Some((open, bytes)) = self.streams.get_mut(&stream).and_then(|assembly| assembly.open.as_mut()) else {
            return Err(ReassemblyError::Excess { peer, class, found, expected: 0 });
        };
        let expected = open.bytes - bytes.len() as u64;
        if found as u64 > expected {
            return Err(ReassemblyError::Excess { peer, class, found, expected });
        }
        bytes.extend_from_slice(piece);
        Ok(())
    }

    /// A stream's message is whole.
    pub fn whole(&mut self, stream: Stream, arrives_at: Instant) -> Result<Arrival, ReassemblyError> {
        let Stream { peer, class } = stream;
        let early = |missing| ReassemblyError::Early { peer, class, missing };
        let open = self.streams.get_mut(&stream).and_then(|assembly| assembly.open.take());
        let (open, bytes) = open.ok_or(early(0))?;
        match open.bytes - bytes.len() as u64 {
            0 => Ok(Arrival { open, arrives_at, bytes }),
            missing => Err(early(missing)),
        }
    }
}
