//! The relay: one loop through which all connections of a run pass, so that limits that machines share hold among
//! processes.
//!
//! Every machine has one TCP connection to the relay, on the loopback interface. One thread does everything: it waits for
//! sockets and for the link model's next instant at the same time (`epoll` and a `timerfd`), so that no other thread need
//! wake between a frame's due instant and its `write`. It asks for a real-time priority. See [`super`] for the model.
//!
//! Every wait has an end: a stranger has [`Bounds::handshake`] to send its `Hello`, the machines have
//! [`Bounds::rendezvous`] to come, a machine that is silent for [`Bounds::silence`] is lost, and when the run ends, well
//! or badly, connections have [`Bounds::closing`] to close. When a machine is lost, the relay reports which and why to the others.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration as WallDuration;

use rustix::event::{EventfdFlags, eventfd};
use thiserror::Error;

pub use self::report::{Outcome, RelayReport};
pub use self::transit::TransitError;
use super::clock::Dilation;
use super::pacer::Pacer;
use super::timer::Priority;
use crate::id::MachineId;
use crate::link::{Fabric, LinkConfig, LinkError};
use crate::network::Network;

mod connection;
mod fault;
mod report;
mod roster;
mod server;
mod transit;

/// The settings of a relay.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// The limits and routes between the machines.
    pub network: Arc<Network>,
    /// Settings of the link model.
    pub link: LinkConfig,
    /// The seed of the jitter.
    pub seed: u64,
    /// Wall seconds per second of the run.
    pub dilation: Dilation,
    /// The run that machines must name: those of another are refused.
    pub run: u64,
    /// The port on the loopback interface; 0 for any that is free.
    pub port: u16,
    /// The scheduling of the relay's thread.
    pub priority: Priority,
    /// Limits of waits and sizes.
    pub bounds: Bounds,
}

/// Limits of waits (wall time) and of sizes, the same in the relay and in all machines of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The time for all machines to join, and for a machine to reach the relay.
    pub rendezvous: WallDuration,
    /// The time for a new connection to send its `Hello`.
    pub handshake: WallDuration,
    /// The time without a frame from the other side after which it counts as dead.
    pub silence: WallDuration,
    /// The time between two heartbeats.
    pub heartbeat: WallDuration,
    /// The time for connections to close at the end.
    pub closing: WallDuration,
    /// Lateness of the link model that is made up for: see [`super::pacer`].
    pub credit: WallDuration,
    /// Bytes of each stream that may wait in the relay.
    pub window: u32,
    /// The longest message, in bytes as sent.
    pub most_message_bytes: u64,
    /// Socket buffers in bytes, as asked for; the kernel takes twice that.
    pub socket_buffer: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            rendezvous: WallDuration::from_secs(30),
            handshake: WallDuration::from_secs(5),
            silence: WallDuration::from_secs(6),
            heartbeat: WallDuration::from_secs(1),
            closing: WallDuration::from_secs(3),
            credit: WallDuration::from_millis(20),
            window: 1 << 20,
            most_message_bytes: 1 << 30,
            socket_buffer: 64 << 10,
        }
    }
}

/// The way in which a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every machine has halted and no message is under way.
    Halted,
    /// The observer of this machine has ended the run.
    ByMachine(MachineId),
    /// [`Stopper::stop`] has ended the run.
    Stopped,
}

/// The reason why a relay cannot start or go on.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum RelayError {
    /// The link model cannot emulate the network.
    #[error("the network cannot be emulated")]
    Link(#[from] LinkError),
    /// The port is not free.
    #[error(
        "port {port} of the loopback interface cannot be listened on; leave the port out to have a free one chosen"
    )]
    Bind {
        /// The port asked for.
        port: u16,
        source: io::Error,
    },
    /// The system refuses something else.
    #[error("{what}")]
    System {
        /// The action that failed, as a message.
        what: &'static str,
        source: io::Error,
    },
    /// Machines did not come.
    #[error("after {waited:?} these machines have not come: {missing}")]
    Rendezvous {
        missing: String,
        /// The time that they had.
        waited: WallDuration,
    },
    /// A machine is gone.
    #[error("{machine} is lost: {reason}")]
    Lost {
        machine: MachineId,
        /// The reason that is known.
        reason: String,
    },
    /// Nothing can happen any more.
    #[error("the run is stalled: every machine waits for messages and none is under way\n{waiting}")]
    Stalled {
        /// One line per waiting machine that answered.
        waiting: String,
    },
}

/// A relay that listens; [`Relay::run`] lets machines join.
#[derive(Debug)]
pub struct Relay {
    config: RelayConfig,
    listener: TcpListener,
    address: SocketAddr,
    pacer: Pacer,
    wake: Arc<OwnedFd>,
}

/// Ends a relay's run from outside.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<OwnedFd>);

impl Stopper {
    /// The run ends now, for all machines.
    pub fn stop(&self) {
        // The counter of an eventfd is full only after 2^64 stops.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }
}

impl Relay {
    /// Listens on the loopback interface.
    pub fn bind(config: RelayConfig) -> Result<Relay, RelayError> {
        let fabric = Fabric::new(config.network.clone(), config.link, config.seed)?;
        let credit = nanos(config.bounds.credit);
        let pacer = Pacer::new(fabric, config.network.clone(), config.dilation, credit);
        let port = config.port;
        let bind = |source| RelayError::Bind { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        // Sockets that are accepted take the listener's buffers over.
        set_buffers(&listener, config.bounds.socket_buffer).map_err(bind)?;
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC);
        let wake = wake.map_err(system("a wake-up descriptor cannot be made"))?;
        Ok(Relay { config, listener, address, pacer, wake: Arc::new(wake) })
    }

    /// The address at which machines reach it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the run from another thread.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.wake.clone())
    }
}

pub(super) fn nanos(span: WallDuration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Bounds both buffers of a socket: what waits in them can no longer be overtaken.
pub(super) fn set_buffers(socket: &impl AsFd, bytes: usize) -> io::Result<()> {
    rustix::net::sockopt::set_socket_recv_buffer_size(socket, bytes)?;
    rustix::net::sockopt::set_socket_send_buffer_size(socket, bytes)?;
    Ok(())
}

fn system<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> RelayError {
    move |error| RelayError::System { what, source: error.into() }
}
