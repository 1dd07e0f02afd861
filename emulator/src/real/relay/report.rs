//! The measurements of a relay, and the rules by which a run is valid.

use base::durations::Percentiles;
use serde::{Deserialize, Serialize};

use super::{Ended, RelayError};
use crate::real::pacer::PacingReport;
use crate::real::timer::Priority;
use crate::time::Duration;

/// The largest error of a rate: 1 %.
const MOST_RATE_ERROR: f64 = 0.01;
/// Lateness that is always allowed, in the run's time.
const ALLOWED_LATENESS: Duration = Duration::from_millis(2);

/// A run's end and the measurements until then.
#[derive(Debug)]
pub struct Outcome {
    /// The way in which the run ended.
    pub ended: Result<Ended, RelayError>,
    /// The measurements until the end.
    pub report: RelayReport,
}

/// The measurements of a relay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelayReport {
    /// Rates and lateness of the link model's departures.
    pub pacing: PacingReport,
    /// The lateness with which the last byte of messages was written to the receiver's socket.
    pub delivery: Percentiles,
    /// Pieces that came to the relay when their message should have been at the receiver: their sender was too slow.
    pub late_pieces: u64,
    /// Messages whose last byte was written to the receiver's socket.
    pub messages: u64,
    /// Bytes written to machines, frames and all.
    pub written_bytes: u64,
    /// Connections that were refused.
    pub refused: u64,
    /// Nanoseconds that the relay was ready to run without a processor.
    pub starved: Option<u64>,
    /// The scheduling of the relay's thread.
    pub priority: Priority,
}

impl RelayReport {
    /// The reasons why the run is not valid, one line per reason; empty when it is valid. `clock`: a clock's length in the run's time.
    ///
    /// A rate may be off by 1 % while bytes wait, or each wait by the lateness allowed below, whichever is more: a
    /// message that waits a millisecond is no measure of a rate. Ninety-nine of a hundred deliveries may be late by at
    /// most 2 ms or 1 % of a clock of the run's time, whichever is more.
    pub fn faults(&self, clock: Duration) -> Vec<String> {
        let allowed = ALLOWED_LATENESS.as_nanos().max(clock.as_nanos() / 100);
        let mut faults = Vec::new();
        for load in self.pacing.limits.iter().chain(&self.pacing.links) {
            let Some(error) = load.rate_error().filter(|error| error.abs() > MOST_RATE_ERROR) else { continue };
            let excess = load.busy_real.as_nanos().abs_diff(load.busy.as_nanos()) / load.episodes.max(1);
            if excess > allowed {
                faults.push(format!("{}: {:+.2} % off its rate of {}", load.name, error * 100.0, load.configured));
            }
        }
        let dilation = self.pacing.dilation;
        for (what, lateness) in [("departures", self.pacing.lateness), ("deliveries", self.delivery)] {
            let late = dilation.span(lateness.p99).as_nanos();
            if late > allowed {
                let (late, allowed) = (late as f64 / 1e6, allowed as f64 / 1e6);
                faults.push(format!("{what} are {late:.2} ms of the run late at p99: {allowed:.2} ms are allowed"));
            }
        }
        if self.pacing.slip > 0 {
            let (slip, times) = (self.pacing.slip as f64 / 1e6, self.pacing.slips);
            faults.push(format!(
                "the relay stood still for {slip:.1} ms in all beyond what is made up for, {times} times"
            ));
        }
        faults
    }
}
