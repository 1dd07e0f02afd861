//! The links of a network by one of two models: in chunks ([`Fabric`]), or as a fluid ([`FluidFabric`]). A driver uses either.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fluid::{FluidFabric, FluidSnapshot, RestoreFluidError};
use super::{Fabric, FabricSnapshot, LinkConfig, LinkError, LinkEvent, RestoreError, Traffic, Waiting};
use crate::id::MachineId;
use crate::network::Network;
use crate::node::Class;
use crate::time::Instant;
use crate::units::ByteSize;

/// The model of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkModel {
    /// Joint token buckets, one event per chunk: see [`super`].
    Chunks(LinkConfig),
    /// Exact max-min fair flows, one event per message: see [`super::fluid`].
    Fluid,
}

/// The links of a network. Methods are those of [`Fabric`] and of [`FluidFabric`].
#[derive(Clone, Debug)]
pub enum Links {
    /// Every chunk is an event.
    Chunks(Box<Fabric>),
    /// Rates change when messages begin and end.
    Fluid(Box<FluidFabric>),
}

/// The state of [`Links`] that changes in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LinksSnapshot {
    /// Of links in chunks.
    Chunks(FabricSnapshot),
    /// Of fluid links.
    Fluid(FluidSnapshot),
}

/// A snapshot does not fit the links that it is restored on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreLinksError {
    /// Of another network.
    #[error(transparent)]
    Chunks(#[from] RestoreError),
    /// Of another network.
    #[error(transparent)]
    Fluid(#[from] RestoreFluidError),
    /// Of the other model.
    #[error("snapshot of links {found}: expected one of links {expected}")]
    Model {
        /// The model of the snapshot.
        found: &'static str,
        /// The model of the links.
        expected: &'static str,
    },
}

/// Calls the same method of either.
macro_rules! either {
    ($links:expr, $fabric:ident => $call:expr) => {
        match $links {
            Links::Chunks($fabric) => $call,
            Links::Fluid($fabric) => $call,
        }
    };
}

impl Links {
    /// The links of `network`, with nothing on them. `seed` keys the jitter.
    ///
    /// # Errors
    /// The first problem of the network or of the model's settings.
    pub fn new(network: Arc<Network>, model: LinkModel, seed: u64) -> Result<Links, LinkError> {
        match model {
            LinkModel::Chunks(config) => Fabric::new(network, config, seed).map(Links::from),
            LinkModel::Fluid => FluidFabric::new(network, seed).map(Links::from),
        }
    }

    /// The next instant at which something happens; `None` only when nothing waits.
    #[inline]
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        either!(self, fabric => fabric.poll_timeout())
    }

    /// The next event; `None` when there are no more.
    #[inline]
    pub fn poll_event(&mut self) -> Option<LinkEvent> {
        either!(self, fabric => fabric.poll_event())
    }

    /// Handles all that is due at `now` or before.
    ///
    /// # Panics
    /// As the methods of this name of both models.
    #[inline]
    pub fn handle_timeout(&mut self, now: Instant) {
        either!(self, fabric => fabric.handle_timeout(now));
    }

    /// Puts a message of `charged` bytes in the queue from `from` to `to`.
    ///
    /// # Panics
    /// As the methods of this name of both models.
    pub fn send(
        &mut self,
        now: Instant,
        from: MachineId,
        to: MachineId,
        class: Class,
        charged: ByteSize,
        message: u64,
    ) {
        either!(self, fabric => fabric.send(now, from, to, class, charged, message));
    }

    /// Charged bytes of both classes that have not left `from` for `to`.
    pub fn backlog(&self, from: MachineId, to: MachineId) -> ByteSize {
        either!(self, fabric => fabric.backlog(from, to))
    }

    /// The backlogs of a machine's pairs at `now` that no event has reported: none in chunks, where every chunk is an event.
    pub fn unreported(&self, now: Instant, from: MachineId) -> impl Iterator<Item = (MachineId, ByteSize)> + '_ {
        let fluid = match self {
            Links::Chunks(_) => None,
            Links::Fluid(fabric) => Some(fabric.backlogs(now, from)),
        };
        fluid.into_iter().flatten()
    }

    /// The traffic that has left `from` for `to` in `class`.
    pub fn traffic(&self, from: MachineId, to: MachineId, class: Class) -> Traffic {
        either!(self, fabric => fabric.traffic(from, to, class))
    }

    /// The streams with bytes in them, control first, by pair.
    pub fn waiting(&self) -> Vec<Waiting> {
        either!(self, fabric => fabric.waiting().collect())
    }

    /// All state that changes in a run, events not yet polled included.
    pub fn snapshot(&self) -> LinksSnapshot {
        match self {
            Links::Chunks(fabric) => LinksSnapshot::Chunks(fabric.snapshot()),
            Links::Fluid(fabric) => LinksSnapshot::Fluid(fabric.snapshot()),
        }
    }

    /// Takes up the state of a snapshot of the same network, model and seed.
    ///
    /// # Errors
    /// The snapshot is of another network or of the other model.
    pub fn restore(&mut self, snapshot: LinksSnapshot) -> Result<(), RestoreLinksError> {
        match (self, snapshot) {
            (Links::Chunks(fabric), LinksSnapshot::Chunks(snapshot)) => Ok(fabric.restore(snapshot)?),
            (Links::Fluid(fabric), LinksSnapshot::Fluid(snapshot)) => Ok(fabric.restore(snapshot)?),
            (Links::Chunks(_), LinksSnapshot::Fluid(_)) => {
                Err(RestoreLinksError::Model { found: FLUID, expected: CHUNKS })
            }
            (Links::Fluid(_), LinksSnapshot::Chunks(_)) => {
                Err(RestoreLinksError::Model { found: CHUNKS, expected: FLUID })
            }
        }
    }
}

const CHUNKS: &str = "in chunks";
const FLUID: &str = "as a fluid";

impl From<Fabric> for Links {
    fn from(fabric: Fabric) -> Links {
        Links::Chunks(Box::new(fabric))
    }
}

impl From<FluidFabric> for Links {
    fn from(fabric: FluidFabric) -> Links {
        Links::Fluid(Box::new(fabric))
    }
}
