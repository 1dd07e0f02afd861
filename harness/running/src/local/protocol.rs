//! The messages between the launcher and its processes, over one TCP connection per process on the loopback interface.
//!
//! A frame is its length in 4 bytes (little-endian) and that many bytes of postcard. A process sends [`Up::Hello`] first.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::str::FromStr;

use emulator::id::MachineId;
use emulator::node::Class;
use emulator::real::driver::NodeReport;
use emulator::real::relay::RelayReport;
use emulator::time::Instant;
use emulator::units::ByteSize;
use emulator::virtual_driver::Transfer;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A frame is never longer: a sample holds a machine's state or its rows.
const MOST_FRAME_BYTES: u32 = 1 << 30;

/// A process of a run in real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Who {
    /// The relay, through which all messages pass.
    Relay,
    /// The machine of this number.
    Machine(MachineId),
}

/// From a process to the launcher. `S`: the samples of machines.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Up<S> {
    /// The role of the process. The token is in the assignment, so that other processes do not have it.
    Hello { token: u64, who: Who },
    /// A machine has its data, whose hash this is, and waits for the relay's address.
    Ready { data: [u8; 32] },
    /// The relay can be reached.
    Listening { relay: SocketAddr },
    /// A machine has recorded something.
    Sample { now: Instant, sample: S },
    /// A message has arrived at the machine.
    Arrived(Arrival),
    /// The run is over for it; why it broke off if it did.
    Done { error: Option<String>, report: ProcessReport },
}

/// From the launcher to a process.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Down {
    /// To machines: the relay is there.
    Go { relay: SocketAddr },
    /// To the relay: end the run for all.
    Stop,
}

/// The measurements of a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum ProcessReport {
    Machine(NodeReport),
    Relay(Box<RelayReport>),
}

/// A [`Transfer`] to the machine that reports it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Arrival {
    from: MachineId,
    class: Class,
    actual: u64,
    charged: u64,
    sent_at: Instant,
    arrived_at: Instant,
}

impl Arrival {
    pub(super) fn of(transfer: &Transfer) -> Arrival {
        let Transfer { from, class, actual, charged, sent_at, arrived_at, .. } = *transfer;
        Arrival { from, class, actual: actual.as_bytes(), charged: charged.as_bytes(), sent_at, arrived_at }
    }

    pub(super) fn at(self, to: MachineId) -> Transfer {
        let Arrival { from, class, actual, charged, sent_at, arrived_at } = self;
        let (actual, charged) = (ByteSize::from_bytes(actual), ByteSize::from_bytes(charged));
        Transfer { from, to, class, actual, charged, sent_at, arrived_at }
    }
}

/// Writes one frame: its length in 4 bytes, then its encoding.
pub(super) fn write<T: Serialize>(stream: &mut impl Write, frame: &T) -> io::Result<()> {
    let body = postcard::to_stdvec(frame).map_err(io::Error::other)?;
    let length = u32::try_from(body.len()).ok().filter(|&length| length <= MOST_FRAME_BYTES);
    let length = length.ok_or_else(|| io::Error::other(format!("a frame of {} bytes", body.len())))?;
    stream.write_all(&length.to_le_bytes())?;
    stream.write_all(&body)?;
    stream.flush()
}

/// Reads one frame; an error of kind `UnexpectedEof` when the other side has closed.
pub(super) fn read<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MOST_FRAME_BYTES {
        return Err(io::Error::other(format!("a frame of {length} bytes: the most is {MOST_FRAME_BYTES}")));
    }
    // Grows with what really comes, whatever was announced.
    let mut body = Vec::new();
    stream.take(u64::from(length)).read_to_end(&mut body)?;
    if body.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    postcard::from_bytes(&body).map_err(io::Error::other)
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Relay => f.write_str("the relay"),
            Who::Machine(machine) => machine.fmt(f),
        }
    }
}

impl Who {
    /// The form on the command line: `m3` or `relay`.
    pub(super) fn argument(self) -> String {
        match self {
            Who::Relay => "relay".to_owned(),
            Who::Machine(machine) => machine.to_string(),
        }
    }
}

/// A text that names no process of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected `relay` or a machine: `m3`")]
pub struct NotAProcess;

impl FromStr for Who {
    type Err = NotAProcess;

    fn from_str(text: &str) -> Result<Who, NotAProcess> {
        if text == "relay" {
            return Ok(Who::Relay);
        }
        let number = text.strip_prefix('m').and_then(|number| number.parse().ok());
        number.map(|number| Who::Machine(MachineId(number))).ok_or(NotAProcess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_pass_and_broken_ones_are_errors() {
        let mut bytes = Vec::new();
        let hello: Up<u32> = Up::Hello { token: 7, who: Who::Machine(MachineId(3)) };
        write(&mut bytes, &hello).unwrap();
        let Up::<u32>::Hello { token: 7, who } = read(&mut bytes.as_slice()).unwrap() else { panic!("a hello") };
        assert_eq!(who.argument().parse(), Ok(who));
        assert_eq!(who.to_string(), "m3");
        let cut = read::<Up<u32>>(&mut &bytes[..bytes.len() - 1]).unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
        assert!(read::<Up<u32>>(&mut [0xff; 8].as_slice()).unwrap_err().to_string().contains("the most is"));
        assert!("m".parse::<Who>().is_err() && "3".parse::<Who>().is_err() && "relay".parse() == Ok(Who::Relay));
    }
}
