//! The cost of a workload on this host: the amounts of a plan, and the measured speed of one core.

use gaia_core::simd::Isa;
use gaia_core::sync::config::Encoding;
use record::failure::Failure;

use super::kind::{Amounts, Calibrated, Costs, DataRef, FLOAT_BYTES, Footprint, Posed, WorkloadKind};
use crate::calibrate::args::CalibrateArgs;
use crate::calibrate::measure::{Effort, Pace};

/// A workload whose time and memory can be estimated before a run, and measured.
pub trait Estimated: WorkloadKind {
    /// The cost of its clocks, in units of adding floats.
    const COSTS: Costs;

    /// Amounts of data and work of a plan.
    fn amounts(&self, posed: &Posed<'_, Self>) -> Amounts;
    /// Mean bytes per parameter of a message between a worker and its servers, before similitude; `changed`: the share of the
    /// parameters that a worker's update changes, where it is sparse.
    fn message_bytes(&self, _encoding: Encoding, _changed: f64) -> f64 {
        FLOAT_BYTES
    }
    /// The share of the parameters that one of `learners` groups changes in a clock; 1 where updates are dense.
    fn changed_share(&self, _amounts: &Amounts, _learners: f64) -> f64 {
        1.0
    }
    /// The share of a site's parameters with a significant update in a clock at `threshold`; `changed` is
    /// [`Estimated::changed_share`] of a site.
    fn significant_share(&self, threshold: f64, changed: f64) -> f64;
    /// Bytes that a run holds in addition to its rows.
    fn footprint(&self, posed: &Posed<'_, Self>, amounts: &Amounts) -> Footprint;
    /// Names what decides its speed on one core; `None` where this build cannot measure it.
    fn pace_key(&self, data: DataRef<'_, Self>) -> Option<String>;
    /// Measures the rate of one core.
    fn pace(&self, data: DataRef<'_, Self>, isa: Isa, effort: Effort) -> Option<Pace>;

    /// Measures its rate on this host. `None` where this build cannot.
    ///
    /// # Errors
    /// Returns an error if what `args` ask for is not here.
    fn calibrate(args: &CalibrateArgs, isa: Isa, effort: Effort) -> Result<Option<Calibrated>, Failure>;
}
