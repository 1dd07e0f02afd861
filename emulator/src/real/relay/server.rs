//! The relay's loop: one thread that waits for sockets and for the link model's next instant.

use std::io;
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::num::NonZeroU32;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use base::durations::Durations;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rustix::event::epoll;
use tracing::{debug, info, warn};

use super::connection::{Connection, Input, READS_A_TURN};
use super::fault::{Fault, Refusal};
use super::report::{Outcome, RelayReport};
use super::roster::{Rest, Roster};
use super::transit::{Notice, Transit};
use super::{Bounds, Ended, Relay, RelayError, nanos, system};
use crate::id::MachineId;
use crate::real::clock::{Dilation, Epoch, monotonic_nanos};
use crate::real::frame::{Frame, FrameReader, Open};
use crate::real::timer::{Priority, Timer, schedule_this_thread, starved_nanos};

/// From the last machine's coming to the start of the run, in wall nanoseconds: enough for `Start` to reach all of them.
const LEAD: u64 = 50_000_000;
/// The most connections that have not sent their `Hello`.
const MOST_STRANGERS: usize = 64;
/// Connection attempts per second, after a burst of two per machine.
const ATTEMPTS_A_SECOND: u32 = 100;

const LISTENER: u64 = 0;
const TIMER: u64 = 1;
const WAKE: u64 = 2;
const FIRST_SLOT: u64 = 3;

/// The phase of a run.
#[derive(Debug)]
enum RelayPhase {
    /// Machines are coming, until this monotonic nanosecond.
    Gathering(u64),
    /// The run is on.
    Running(Epoch),
    /// It is over; connections close, until this monotonic nanosecond.
    Ending(u64),
}

/// A relay at work.
struct Server {
    bounds: Bounds,
    dilation: Dilation,
    run: u64,
    listener: TcpListener,
    wake: Arc<OwnedFd>,
    poll: OwnedFd,
    timer: Timer,
    attempts: DefaultDirectRateLimiter,
    connections: Vec<Option<Connection>>,
    /// Connections with something to write.
    dirty: Vec<usize>,
    roster: Roster,
    /// Something has been learned since [`Roster::rest`] was asked.
    unrest: bool,
    transit: Transit,
    phase: RelayPhase,
    ended: Option<Result<Ended, RelayError>>,
    waiting: Vec<String>,
    next_tick: u64,
    epoch: Epoch,
    delivery: Durations,
    messages: u64,
    written_bytes: u64,
    refused: u64,
}

impl Relay {
    /// Waits for the machines, runs until the end, and reports how it ended. Blocks the thread.
    pub fn run(self) -> Outcome {
        let priority = schedule_this_thread(self.config.priority);
        let starved = starved_nanos();
        let now = monotonic_nanos();
        let (poll, timer) = match descriptors() {
            Ok(both) => both,
            Err(error) => {
                let pacing = self.pacer.report(0);
                return Outcome { ended: Err(error), report: empty_report(pacing, priority) };
            }
        };
        let mut server = Server::new(self, poll, timer, now);
        let ended = server.serve();
        let report = RelayReport {
            pacing: server.transit.report(server.epoch.wall()),
            delivery: server.delivery.percentiles(),
            late_pieces: server.transit.late_pieces,
            messages: server.messages,
            written_bytes: server.written_bytes,
            refused: server.refused,
            starved: starved_nanos().zip(starved).map(|(after, before)| after - before),
            priority,
        };
        Outcome { ended, report }
    }
}

impl Server {
    fn new(relay: Relay, poll: OwnedFd, timer: Timer, now: u64) -> Server {
        let Relay { config, listener, pacer, wake, .. } = relay;
        let machines = config.network.machines;
        let transit = Transit::new(pacer, config.network, config.bounds.window, config.bounds.most_message_bytes);
        let burst = u32::try_from(machines).unwrap_or(u32::MAX / 4).saturating_mul(2).saturating_add(16);
        let rate = NonZeroU32::new(ATTEMPTS_A_SECOND).expect("not zero");
        let quota = Quota::per_second(rate).allow_burst(NonZeroU32::new(burst).expect("at least 16"));
        Server {
            bounds: config.bounds,
            dilation: config.dilation,
            run: config.run,
            listener,
            wake,
            poll,
            timer,
            attempts: RateLimiter::direct(quota),
            connections: Vec::new(),
            dirty: Vec::new(),
            roster: Roster::new(machines),
            unrest: false,
            transit,
            phase: RelayPhase::Gathering(now.saturating_add(nanos(config.bounds.rendezvous))),
            ended: None,
            waiting: Vec::new(),
            next_tick: now,
            epoch: Epoch(u64::MAX),
            delivery: Durations::default(),
            messages: 0,
            written_bytes: 0,
            refused: 0,
        }
    }

    /// Serves until the run is over and all connections are closed.
    fn serve(&mut self) -> Result<Ended, RelayError> {
        let watch = |fd: &dyn Fn() -> io::Result<()>| fd().map_err(system("a descriptor cannot be polled"));
        watch(&|| self.watch(&self.listener, LISTENER))?;
        watch(&|| self.watch(&self.timer, TIMER))?;
        watch(&|| self.watch(&*self.wake, WAKE))?;
        loop {
            let now = monotonic_nanos();
            self.move_messages(now);
            self.check_time(now);
            self.check_rest();
            self.write_dirty();
            if let RelayPhase::Ending(until) = self.phase
                && (now >= until || self.connections.iter().flatten().all(|connection| connection.machine.is_none()))
            {
                return self.ended.take().expect("the phase says so").map_err(|error| self.with_waiting(error));
            }
            self.timer.arm(Some(self.next_instant())).map_err(system("the timer cannot be set"))?;
            self.wait()?;
        }
    }

    fn watch(&self, fd: impl AsFd, key: u64) -> io::Result<()> {
        Ok(epoll::add(&self.poll, fd, epoll::EventData::new_u64(key), epoll::EventFlags::IN)?)
    }

    /// The time at which there is something to do without any socket, in monotonic nanoseconds.
    fn next_instant(&self) -> u64 {
        match self.phase {
            RelayPhase::Gathering(until) | RelayPhase::Ending(until) => until.min(self.next_tick),
            RelayPhase::Running(epoch) => {
                let transit = self.transit.next_wall().map_or(u64::MAX, |wall| epoch.monotonic(wall));
                transit.min(self.next_tick)
            }
        }
    }

    /// Sleeps until a socket or the timer wants something, and hears the sockets.
    fn wait(&mut self) -> Result<(), RelayError> {
        let mut space = [const { MaybeUninit::<epoll::Event>::uninit() }; 64];
        let events = match epoll::wait(&self.poll, &mut space[..], None) {
            Ok((events, _)) => events,
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(system("the sockets cannot be waited for")(error)),
        };
        for event in events {
            let (data, flags) = (event.data, event.flags);
            match data.u64() {
                LISTENER => self.accept(),
                TIMER => self.timer.clear(),
                WAKE => self.handle_wake(),
                key => {
                    let slot = (key - FIRST_SLOT) as usize;
                    if flags.contains(epoll::EventFlags::OUT) {
                        self.dirty.push(slot);
                    }
                    if flags.intersects(!epoll::EventFlags::OUT) {
                        self.read(slot);
                    }
                }
            }
        }
        Ok(())
    }

    fn handle_wake(&mut self) {
        let mut count = [0; 8];
        if rustix::io::read(&*self.wake, &mut count).is_ok() {
            self.end(Ok(Ended::Stopped));
        }
    }

    fn accept(&mut self) {
        while let Ok((socket, _)) = self.listener.accept() {
            let strangers = self.connections.iter().flatten().filter(|connection| connection.machine.is_none()).count();
            if matches!(self.phase, RelayPhase::Ending(_))
                || strangers >= MOST_STRANGERS
                || self.attempts.check().is_err()
            {
                self.refused += 1;
                continue;
            }
            let ready = socket.set_nonblocking(true).and_then(|()| socket.set_nodelay(true));
            let slot = self.connections.iter().position(Option::is_none).unwrap_or(self.connections.len());
            if ready.and_then(|()| self.watch(&socket, FIRST_SLOT + slot as u64)).is_err() {
                self.refused += 1;
                continue;
            }
            debug!(slot, "connection accepted");
            let connection = Some(Connection::new(socket, monotonic_nanos()));
            if slot == self.connections.len() {
                self.connections.push(connection);
            } else {
                self.connections[slot] = connection;
            }
        }
    }

    fn read(&mut self, slot: usize) {
        let Some(connection) = self.connections.get_mut(slot).and_then(Option::as_mut) else { return };
        let mut reader = std::mem::take(&mut connection.reader);
        for _ in 0..READS_A_TURN {
            let Some(connection) = self.connections[slot].as_mut() else { return };
            let input = connection.read(&mut reader);
            let now = monotonic_nanos();
            let fault = match input {
                Ok(Input::Some) => {
                    if connection.machine.is_some() {
                        connection.heard = now;
                    }
                    self.handle_frames(slot, &mut reader, now).err()
                }
                Ok(Input::None) => break,
                Ok(Input::End) => Some(match reader.end() {
                    Ok(()) => Fault::Closed,
                    Err(error) => Fault::Frame(error),
                }),
                Err(error) => Some(Fault::Broken(error)),
            };
            if let Some(fault) = fault {
                self.drop_connection(slot, &fault.to_string());
                return;
            }
        }
        if let Some(connection) = self.connections[slot].as_mut() {
            connection.reader = reader;
        }
    }

    fn handle_frames(&mut self, slot: usize, reader: &mut FrameReader, now: u64) -> Result<(), Fault> {
        while let Some(frame) = reader.next_frame()? {
            if matches!(self.phase, RelayPhase::Ending(_)) {
                self.handle_last_words(slot, frame);
                continue;
            }
            let Some(connection) = self.connections[slot].as_ref() else { return Ok(()) };
            match connection.machine {
                None => self.handle_hello(slot, frame)?,
                Some(machine) => self.handle_frame(machine, frame, now)?,
            }
        }
        Ok(())
    }

    fn handle_hello(&mut self, slot: usize, frame: Frame<'_>) -> Result<(), Fault> {
        let Frame::Hello { run, machine, machines } = frame else {
            return Err(Fault::NoHello { frame: format!("{frame:?}") });
        };
        let joined = if run == self.run {
            self.roster.join(machine, machines, slot)
        } else {
            Err(Refusal::Run { machine, found: run, expected: self.run })
        };
        let connection = self.connections[slot].as_mut().expect("it has just spoken");
        self.dirty.push(slot);
        if let Err(refusal) = joined {
            warn!(%machine, %refusal, "machine refused");
            connection.push(&Frame::Refused { reason: &refusal.to_string() });
            connection.closing = true;
            self.refused += 1;
            return Ok(());
        }
        connection.machine = Some(machine);
        info!(%machine, missing = self.roster.missing().len(), "machine joined");
        connection.push(&Frame::Welcome { window: self.bounds.window });
        if self.roster.missing().is_empty() {
            let epoch = Epoch(monotonic_nanos() + LEAD);
            self.epoch = epoch;
            self.phase = RelayPhase::Running(epoch);
            self.broadcast(&Frame::Start { epoch: epoch.0, dilation: self.dilation.as_thousandths() });
        }
        Ok(())
    }

    fn handle_frame(&mut self, machine: MachineId, frame: Frame<'_>, now: u64) -> Result<(), Fault> {
        let running = matches!(self.phase, RelayPhase::Running(_));
        let wall = now.saturating_sub(self.epoch.0);
        match frame {
            Frame::Alive => Ok(()),
            Frame::Open(open) if running => self.handle_open(machine, wall, open),
            Frame::Body { stream, bytes } if running => Ok(self.transit.body(wall, machine, stream, bytes)?),
            Frame::Idle { sent, received, halted } if running => {
                self.roster.note_idle(machine, sent, received, halted);
                self.unrest = true;
                Ok(())
            }
            Frame::Stop => {
                self.end(Ok(Ended::ByMachine(machine)));
                Ok(())
            }
            Frame::Failed { reason } => Err(Fault::Failed { reason: reason.to_owned() }),
            other => Err(Fault::Unexpected { frame: format!("{other:?}") }),
        }
    }

    fn handle_open(&mut self, machine: MachineId, wall: u64, open: Open) -> Result<(), Fault> {
        self.roster.count_opened(machine);
        Ok(self.transit.open(wall, machine, open)?)
    }

    /// The run is over: only what a stalled machine waits for is of interest.
    fn handle_last_words(&mut self, slot: usize, frame: Frame<'_>) {
        let machine = self.connections[slot].as_ref().and_then(|connection| connection.machine);
        if let (Some(machine), Frame::Failed { reason }) = (machine, frame) {
            self.waiting.push(format!("  {machine}: {reason}"));
        }
    }

    /// Moves messages as far as time allows.
    fn move_messages(&mut self, now: u64) {
        let RelayPhase::Running(epoch) = self.phase else { return };
        let wall = now.saturating_sub(epoch.0);
        self.transit.advance(wall);
        while let Some(delivery) = self.transit.poll_delivery(wall) {
            let to = delivery.to;
            let slot = self.roster.slot(to).expect("all machines are there while a run is on");
            let planned = delivery.whole_at.map(|at| epoch.monotonic(self.transit.wall_of(at)));
            if planned.is_some() {
                self.roster.count_delivered(to);
                self.messages += 1;
            }
            self.written_bytes += delivery.frames.len() as u64;
            let Some(connection) = self.connections[slot].as_mut() else { continue };
            connection.push_message(delivery.class, delivery.frames, planned);
            let stuck = connection.is_stuck();
            self.dirty.push(slot);
            if stuck {
                self.drop_connection(slot, "it does not read what is sent to it");
            }
        }
        while let Some((machine, notice)) = self.transit.poll_notice() {
            let frame = match notice {
                Notice::Credit { stream, bytes } => Frame::Credit { stream, bytes },
                Notice::Left { peer, charged } => Frame::Left { peer, charged },
            };
            self.send(machine, &frame);
        }
    }

    fn check_time(&mut self, now: u64) {
        if let RelayPhase::Gathering(until) = self.phase
            && now >= until
        {
            let missing: Vec<String> = self.roster.missing().iter().map(MachineId::to_string).collect();
            let waited = self.bounds.rendezvous;
            let reason = format!("after {waited:?} it had not come");
            self.broadcast(&Frame::Lost { machine: self.roster.missing()[0], reason: &reason });
            self.end(Err(RelayError::Rendezvous { missing: missing.join(", "), waited }));
        }
        if now < self.next_tick {
            return;
        }
        self.next_tick = now.saturating_add(nanos(self.bounds.heartbeat)).max(now + 1_000_000);
        self.broadcast(&Frame::Alive);
        for slot in 0..self.connections.len() {
            let Some(connection) = &self.connections[slot] else { continue };
            let silent = now.saturating_sub(connection.heard);
            let allowed = if connection.machine.is_some() { self.bounds.silence } else { self.bounds.handshake };
            if silent > nanos(allowed) {
                self.drop_connection(slot, &format!("it has given no sign of life for {:.1} s", silent as f64 / 1e9));
            }
        }
    }

    fn check_rest(&mut self) {
        if !std::mem::take(&mut self.unrest) || !matches!(self.phase, RelayPhase::Running(_)) {
            return;
        }
        let rest = self.roster.rest();
        if rest == Rest::No || !self.transit.is_empty() {
            return;
        }
        if rest == Rest::Ended {
            self.end(Ok(Ended::Halted));
        } else {
            self.broadcast(&Frame::Stalled);
            self.end(Err(RelayError::Stalled { waiting: String::new() }));
        }
    }

    /// The run ends now; the first reason counts.
    fn end(&mut self, ended: Result<Ended, RelayError>) {
        if self.ended.is_some() {
            return;
        }
        match &ended {
            Ok(how) => info!(?how, messages = self.messages, late_pieces = self.transit.late_pieces, "run over"),
            Err(error) => warn!(%error, "run broken off"),
        }
        if ended.is_ok() {
            self.broadcast(&Frame::End);
        }
        self.ended = Some(ended);
        self.phase = RelayPhase::Ending(monotonic_nanos().saturating_add(nanos(self.bounds.closing)));
    }

    /// A connection is gone, or must go; if it was a machine's before the end, the run is over.
    fn drop_connection(&mut self, slot: usize, reason: &str) {
        let Some(connection) = &self.connections[slot] else { return };
        match connection.machine {
            None => self.refused += u64::from(!connection.closing),
            Some(machine) if self.ended.is_none() => {
                warn!(%machine, reason, "machine lost");
                self.broadcast(&Frame::Lost { machine, reason });
                self.end(Err(RelayError::Lost { machine, reason: reason.to_owned() }));
            }
            Some(_) => {}
        }
        if let Some(mut connection) = self.connections[slot].take() {
            // The machine itself hears of it too if it still can.
            let _ = connection.write(|_| ());
        }
    }

    fn send(&mut self, machine: MachineId, frame: &Frame<'_>) {
        let Some(slot) = self.roster.slot(machine) else { return };
        if let Some(connection) = self.connections[slot].as_mut() {
            connection.push(frame);
            self.dirty.push(slot);
        }
    }

    fn broadcast(&mut self, frame: &Frame<'_>) {
        (0..self.roster.len()).for_each(|machine| self.send(MachineId(machine as u32), frame));
    }

    fn write_dirty(&mut self) {
        // Losing a connection makes work for others.
        while !self.dirty.is_empty() {
            let mut dirty = std::mem::take(&mut self.dirty);
            dirty.sort_unstable();
            dirty.dedup();
            dirty.into_iter().for_each(|slot| self.write(slot));
        }
    }

    fn write(&mut self, slot: usize) {
        let Some(connection) = self.connections[slot].as_mut() else { return };
        let delivery = &mut self.delivery;
        let written = connection.write(|planned| delivery.record(monotonic_nanos().saturating_sub(planned)));
        if let Err(error) = written {
            return self.drop_connection(slot, &format!("its connection broke: {error}"));
        }
        let wants = connection.has_output();
        if !wants && connection.closing {
            self.connections[slot] = None;
        } else if wants != connection.polled_for_writing {
            connection.polled_for_writing = wants;
            let flags = if wants { epoll::EventFlags::IN | epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
            let key = epoll::EventData::new_u64(FIRST_SLOT + slot as u64);
            if let Err(error) = epoll::modify(&self.poll, &connection.socket, key, flags) {
                self.drop_connection(slot, &format!("its socket cannot be polled: {error}"));
            }
        }
    }

    /// Adds the reports of waiting machines to the error of a stall.
    fn with_waiting(&mut self, error: RelayError) -> RelayError {
        let RelayError::Stalled { .. } = error else { return error };
        self.waiting.sort();
        RelayError::Stalled { waiting: self.waiting.join("\n") }
    }
}

fn descriptors() -> Result<(OwnedFd, Timer), RelayError> {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(system("sockets cannot be polled"))?;
    Ok((poll, Timer::new().map_err(system("a timer cannot be made"))?))
}

fn empty_report(pacing: crate::real::pacer::PacingReport, priority: Priority) -> RelayReport {
    RelayReport {
        pacing,
        delivery: Durations::default().percentiles(),
        late_pieces: 0,
        messages: 0,
        written_bytes: 0,
        refused: 0,
        starved: None,
        priority,
    }
}
