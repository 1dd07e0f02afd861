//! The driver's side of the connection: reading, writing, and the meaning of frames.

use std::error::Error;
use std::fmt::Display;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::time::{Duration as WallDuration, Instant as WallInstant};

use base::causes::in_one_line;

use super::{Driver, NodeError, NodePhase};
use crate::id::MachineId;
use crate::node::{Codec, Node};
use crate::real::clock::{Dilation, Epoch, monotonic_nanos};
use crate::real::frame::{Arrival, Frame, FrameReader, Stream};
use crate::virtual_driver::Transfer;

/// Bytes per write, about.
const BATCH_BYTES: usize = 64 << 10;
/// Reads before the node's other work has its turn.
const READS_A_TURN: usize = 8;
/// The time to send the reason when a machine ends with an error.
const LAST_WORDS: WallDuration = WallDuration::from_secs(1);

impl<N: Node, C: Codec<Message = N::Message>> Driver<'_, N, C> {
    pub(super) fn relay_lost(&self, reason: &dyn Display) -> NodeError {
        NodeError::RelayLost { relay: self.config.relay, reason: reason.to_string() }
    }

    /// Gathers the next frames to write once the last ones are written.
    pub(super) fn fill_batch(&mut self) {
        if self.written < self.batch.len() {
            return;
        }
        self.batch.clear();
        self.written = 0;
        while self.batch.len() < BATCH_BYTES && self.outbound.next_frame(&mut self.batch) {}
    }

    pub(super) fn write(&mut self) -> Result<(), NodeError> {
        match self.socket.try_write(&self.batch[self.written..]) {
            Ok(count) => self.written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // A reason that the relay sent before it closed explains more than this error.
            Err(error) => match self.read()? {
                ControlFlow::Break(()) => {}
                ControlFlow::Continue(()) => return Err(self.relay_lost(&error)),
            },
        }
        Ok(())
    }

    /// Reads and handles the bytes that have arrived; breaks when the run is over.
    pub(super) fn read(&mut self) -> Result<ControlFlow<()>, NodeError> {
        for _ in 0..READS_A_TURN {
            match self.socket.try_read(self.reader.space()) {
                Ok(0) => {
                    let ended = self.reader.end().map_err(|error| error.to_string());
                    let reason = ended.err().unwrap_or_else(|| "it closed the connection".to_owned());
                    return Err(self.relay_lost(&reason));
                }
                Ok(count) => self.reader.filled(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(ControlFlow::Continue(())),
                Err(error) => return Err(self.relay_lost(&error)),
            }
            self.heard = monotonic_nanos();
            let mut reader = std::mem::take(&mut self.reader);
            let handled = self.handle_frames(&mut reader);
            self.reader = reader;
            if handled?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn handle_frames(&mut self, reader: &mut FrameReader) -> Result<ControlFlow<()>, NodeError> {
        let relay = self.config.relay;
        while let Some(frame) = reader.next_frame().map_err(|source| NodeError::Frame { relay, source })? {
            if self.handle_frame(frame)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn handle_frame(&mut self, frame: Frame<'_>) -> Result<ControlFlow<()>, NodeError> {
        let relay = self.config.relay;
        let broken = |source| NodeError::Reassembly { relay, source };
        match frame {
            Frame::Alive | Frame::Welcome { .. } => {}
            Frame::Refused { reason } => return Err(NodeError::Refused { relay, reason: reason.to_owned() }),
            Frame::Start { epoch, dilation } if matches!(self.phase, NodePhase::Joining(_)) => {
                let known = Dilation::from_thousandths(dilation);
                self.dilation = known.map_err(|error| NodeError::Unexpected { relay, found: error.to_string() })?;
                self.epoch = Epoch(epoch);
                self.phase = NodePhase::Starting;
            }
            Frame::Open(open) if self.is_peer(open.stream.peer) => self.reassembler.open(open).map_err(broken)?,
            Frame::Body { stream, bytes } => self.reassembler.body(stream, bytes).map_err(broken)?,
            Frame::Whole { stream, arrives_at } => {
                let arrival = self.reassembler.whole(stream, arrives_at).map_err(broken)?;
                self.handle_arrival(&arrival)?;
            }
            Frame::Credit { stream, bytes } if self.outbound.credit(stream, bytes) => {}
            Frame::Left { peer, charged } if self.is_peer(peer) => self.handle_left(peer, charged)?,
            Frame::Lost { machine, reason } => return Err(self.handle_lost(machine, reason)?),
            Frame::Stalled => {
                let waiting = self.node.waiting_for().unwrap_or_else(|| "nothing it knows of".to_owned());
                return Err(NodeError::Stalled { waiting });
            }
            Frame::End => return Ok(ControlFlow::Break(())),
            other => return Err(NodeError::Unexpected { relay, found: format!("{other:?}") }),
        }
        Ok(ControlFlow::Continue(()))
    }

    fn is_peer(&self, machine: MachineId) -> bool {
        machine != self.config.machine && machine.index() < self.config.machines
    }

    fn handle_arrival(&mut self, arrival: &Arrival) -> Result<(), NodeError> {
        if self.phase == NodePhase::Starting {
            self.start()?;
        }
        if self.phase != NodePhase::Running {
            return Ok(());
        }
        let Arrival { open, arrives_at, bytes } = arrival;
        let Stream { peer: from, class } = open.stream;
        let message = self.codec.decode(bytes).map_err(|error| {
            let source: Box<dyn Error + Send + Sync> = Box::new(error);
            NodeError::Decode { from, number: open.number, source }
        })?;
        let wall = self.tick();
        self.arrivals.record(wall.saturating_sub(self.dilation.wall_of(*arrives_at)));
        self.received += 1;
        self.observer.transfer(&Transfer {
            from,
            to: self.config.machine,
            class,
            actual: open.actual,
            charged: open.charged,
            sent_at: open.sent_at,
            arrived_at: self.now.max(open.sent_at),
        });
        self.node.handle_message(self.now, from, message);
        self.carry_out()
    }

    fn handle_left(&mut self, peer: MachineId, charged: u64) -> Result<(), NodeError> {
        let backlog = &mut self.backlogs[peer.index()];
        if charged > backlog.sent || charged < backlog.left {
            let found = format!("{charged} charged bytes have left for {peer} of {} sent", backlog.sent);
            return Err(NodeError::Unexpected { relay: self.config.relay, found });
        }
        backlog.left = charged;
        self.changed.insert(peer);
        self.tick();
        self.carry_out()
    }

    /// A machine is lost: the node hears of it, and the run is over.
    fn handle_lost(&mut self, machine: MachineId, reason: &str) -> Result<NodeError, NodeError> {
        if self.phase == NodePhase::Running && self.is_peer(machine) {
            self.tick();
            self.node.handle_peer_lost(self.now, machine);
            self.carry_out()?;
        }
        Ok(NodeError::PeerLost { machine, reason: reason.to_owned() })
    }

    /// Reports to the relay the reason why this machine ends, as long as the relay listens.
    pub(super) async fn say_last_words(&mut self, error: &NodeError) {
        if matches!(error, NodeError::RelayLost { .. } | NodeError::PeerLost { .. } | NodeError::Refused { .. }) {
            return;
        }
        let reason = match error {
            NodeError::Stalled { waiting } => format!("waits for {waiting}"),
            other => in_one_line(other),
        };
        let mut frame = Vec::new();
        Frame::Failed { reason: &reason }.encode(&mut frame);
        self.batch.drain(..self.written);
        self.written = 0;
        // A frame that was begun must be finished; what else waits is of no use any more.
        self.batch.extend_from_slice(&frame);
        let until = WallInstant::now() + LAST_WORDS;
        while self.written < self.batch.len() && WallInstant::now() < until {
            match self.socket.try_write(&self.batch[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Only the poll loop's own attempt clears the readiness that it has cached.
                    std::thread::sleep(WallDuration::from_millis(1));
                    tokio::task::yield_now().await;
                }
                Err(_) => return,
            }
        }
    }
}
