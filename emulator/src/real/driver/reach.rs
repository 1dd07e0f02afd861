//! Connecting to the relay, with attempts until it listens.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration as WallDuration, Instant as WallInstant};

use super::report::NodeError;
use crate::real::relay::{Bounds, set_buffers};

/// The wait between two attempts to reach the relay.
const CONNECT_PAUSE: WallDuration = WallDuration::from_millis(50);

/// A connection to the relay, which may start a little later than its machines. Blocks for up to [`Bounds::rendezvous`].
pub(super) fn reach(relay: SocketAddr, bounds: &Bounds) -> Result<TcpStream, NodeError> {
    let waited = bounds.rendezvous;
    let until = WallInstant::now() + waited;
    loop {
        let left = until.saturating_duration_since(WallInstant::now()).max(WallDuration::from_millis(1));
        let connected = TcpStream::connect_timeout(&relay, left)
            .and_then(|socket| set_buffers(&socket, bounds.socket_buffer).map(|()| socket));
        match connected {
            Ok(socket) => return Ok(socket),
            Err(source) if WallInstant::now() + CONNECT_PAUSE >= until => {
                return Err(NodeError::Connect { relay, waited, source });
            }
            Err(_) => std::thread::sleep(CONNECT_PAUSE),
        }
    }
}
