//! The reasons for which the relay refuses a machine, or gives one up.

use std::io;

use thiserror::Error;

use super::transit::TransitError;
use crate::id::MachineId;
use crate::real::frame::FrameError;

/// The reason why a machine may not take part in the run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    /// The machine belongs to another run.
    #[error("{machine} belongs to run {found:016x}, this is the relay of run {expected:016x}")]
    Run {
        /// The machine that asked.
        machine: MachineId,
        /// The run that it named.
        found: u64,
        expected: u64,
    },
    /// The machine expects another number of machines.
    #[error("{machine} expects a run of {found} machines, this one has {expected}")]
    Machines {
        /// The machine that asked.
        machine: MachineId,
        /// Machines that it expects.
        found: u32,
        /// Machines of the run.
        expected: usize,
    },
    /// The machine's number is too large.
    #[error("{machine} in a run of {expected} machines, m0 to m{}", .expected.saturating_sub(1))]
    Number {
        /// The machine that asked.
        machine: MachineId,
        /// Machines of the run.
        expected: usize,
    },
    /// The machine takes part already, over another connection.
    #[error("{machine} is here already")]
    Repeated {
        /// The machine that asked.
        machine: MachineId,
    },
}

/// The reason why a connection is given up. A machine of it is lost.
#[derive(Debug, Error)]
pub(super) enum Fault {
    /// Its bytes are not frames.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Its frames are not messages.
    #[error(transparent)]
    Transit(#[from] TransitError),
    /// It does not begin with `Hello`.
    #[error("its first frame is {frame}")]
    NoHello {
        /// The frame that was found instead.
        frame: String,
    },
    /// A frame that machines do not send, or not now.
    #[error("it sent an unexpected frame: {frame}")]
    Unexpected {
        /// The frame in words.
        frame: String,
    },
    /// The machine reports that it cannot go on.
    #[error("{reason}")]
    Failed {
        /// The machine's own reason.
        reason: String,
    },
    /// The other side closed the connection between two frames.
    #[error("its connection was closed before the run was over")]
    Closed,
    /// The connection cannot be read.
    #[error("its connection broke: {0}")]
    Broken(io::Error),
}
