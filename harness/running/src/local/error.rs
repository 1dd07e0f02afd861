//! The errors of a run in real time that interrupt it.

use std::io;
use std::time::Duration;

use record::results::atomic::WriteError;
use thiserror::Error;

use super::protocol::Who;

/// The error that interrupted a run in real time.
#[derive(Debug, Error)]
pub(crate) enum LocalError {
    /// Files of the run cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A process cannot be started.
    #[error("start the process of {who}")]
    Start { who: Who, source: io::Error },
    /// The launcher does not know what to start.
    #[error("find this program's own file, to start the processes of the run")]
    Program(#[source] io::Error),
    /// The launcher cannot listen.
    #[error("listen on the loopback interface for the processes of the run")]
    Listen(#[source] io::Error),
    /// A process ended before the run did.
    #[error("{who}: {what}{others}")]
    Lost {
        who: Who,
        what: String,
        /// The errors of the other processes, one line each.
        others: String,
    },
    /// A process does not do what it should in time.
    #[error("within {waited:?} these processes {what}: {names}")]
    Late { names: String, what: &'static str, waited: Duration },
    /// A machine has made other data than the launcher.
    #[error("{who} learns from other data: hash {found}, expected {expected}; was the file changed?")]
    OtherData { who: Who, found: blake3::Hash, expected: blake3::Hash },
}
