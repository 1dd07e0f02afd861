//! One machine's connection as the relay sees it: bytes in, frames out, control before data.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::id::MachineId;
use crate::node::Class;
use crate::real::frame::{Frame, FrameReader};

/// Bytes that wait for one receiver's socket, at most; one that has more does not read.
const MOST_WAITING_BYTES: usize = 256 << 20;
/// Bytes written at once, about.
const BATCH_BYTES: usize = 64 << 10;
/// Reads of one connection before others have their turn.
pub(super) const READS_A_TURN: usize = 4;

/// A socket with its queues.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) socket: TcpStream,
    /// Away while its frames are handled.
    pub(super) reader: FrameReader,
    pub(super) machine: Option<MachineId>,
    /// The time at which something came last, in monotonic nanoseconds.
    pub(super) heard: u64,
    urgent: VecDeque<Waiting>,
    data: VecDeque<Waiting>,
    waiting_bytes: usize,
    batch: Vec<u8>,
    written: usize,
    /// Ends of planned frames in the batch, with the wall time that they were planned for.
    planned: VecDeque<(usize, u64)>,
    /// Close when everything is written.
    pub(super) closing: bool,
    /// Whether the poll loop waits for room in the socket.
    pub(super) polled_for_writing: bool,
}

#[derive(Debug)]
struct Waiting {
    frames: Vec<u8>,
    planned: Option<u64>,
}

/// The result of a read.
#[derive(Debug)]
pub(super) enum Input {
    /// More bytes are in the reader.
    Some,
    /// No bytes have arrived yet.
    None,
    /// The other side has closed.
    End,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, now: u64) -> Connection {
        Connection {
            socket,
            reader: FrameReader::default(),
            machine: None,
            heard: now,
            urgent: VecDeque::new(),
            data: VecDeque::new(),
            waiting_bytes: 0,
            batch: Vec::new(),
            written: 0,
            planned: VecDeque::new(),
            closing: false,
            polled_for_writing: false,
        }
    }

    /// Queues a frame of the relay's own, before all data.
    pub(super) fn push(&mut self, frame: &Frame<'_>) {
        let mut frames = Vec::new();
        frame.encode(&mut frames);
        self.enqueue(Class::Control, Waiting { frames, planned: None });
    }

    /// Queues frames of a message; `planned`: the time at which they should be written, where that is to be measured.
    pub(super) fn push_message(&mut self, class: Class, frames: Vec<u8>, planned: Option<u64>) {
        self.enqueue(class, Waiting { frames, planned });
    }

    fn enqueue(&mut self, class: Class, waiting: Waiting) {
        self.waiting_bytes += waiting.frames.len();
        match class {
            Class::Control => self.urgent.push_back(waiting),
            Class::Data => self.data.push_back(waiting),
        }
    }

    pub(super) fn has_output(&self) -> bool {
        self.waiting_bytes > 0 || self.written < self.batch.len()
    }

    /// More waits than a reader that works leaves waiting.
    pub(super) fn is_stuck(&self) -> bool {
        self.waiting_bytes > MOST_WAITING_BYTES
    }

    /// Reads once from the socket, without blocking.
    pub(super) fn read(&mut self, reader: &mut FrameReader) -> io::Result<Input> {
        loop {
            match self.socket.read(reader.space()) {
                Ok(0) => return Ok(Input::End),
                Ok(count) => {
                    reader.filled(count);
                    return Ok(Input::Some);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Input::None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes until nothing waits or the socket is full; `on_planned` gets the plan of each frame that has gone.
    pub(super) fn write(&mut self, mut on_planned: impl FnMut(u64)) -> io::Result<()> {
        loop {
            if self.written == self.batch.len() {
                self.fill_batch();
                if self.batch.is_empty() {
                    return Ok(());
                }
            }
            match self.socket.write(&self.batch[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.written += count;
                    while let Some(&(end, planned)) = self.planned.front().filter(|&&(end, _)| end <= self.written) {
                        debug_assert!(end > 0, "frames are not empty");
                        on_planned(planned);
                        self.planned.pop_front();
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn fill_batch(&mut self) {
        self.batch.clear();
        self.written = 0;
        while self.batch.len() < BATCH_BYTES {
            let Some(next) = self.urgent.pop_front().or_else(|| self.data.pop_front()) else { return };
            self.waiting_bytes -= next.frames.len();
            self.batch.extend_from_slice(&next.frames);
            if let Some(planned) = next.planned {
                self.planned.push_back((self.batch.len(), planned));
            }
        }
    }
}
