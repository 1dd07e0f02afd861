//! A workload with its data, behind one face: what plans and estimates ask without knowing which it is.

use datasets::field::FieldError;
use emulator::time::Duration;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::simd::Isa;
use gaia_core::sync::config::Encoding;

use super::estimated::Estimated;
use super::kind::{Amounts, Costs, Footprint, Number, Posed, Size};
use crate::calibrate::measure::{Effort, Pace};

/// A workload and the problem that it is posed; each method is that of [`Estimated`] or [`WorkloadKind`](super::kind::WorkloadKind).
#[expect(missing_docs, reason = "documented there")]
pub trait LearningProblem {
    fn fits(&self) -> Result<(), FieldError>;
    fn size(&self) -> Size;
    fn parameters(&self) -> f64;
    fn similitude(&self) -> Option<Similitude>;
    fn numbers(&self) -> Vec<Number>;
    fn clock(&self, kind: &MachineKind) -> Option<(&'static str, Duration)>;
    fn amounts(&self) -> Amounts;
    fn message_bytes(&self, encoding: Encoding, changed: f64) -> f64;
    fn changed_share(&self, amounts: &Amounts, learners: f64) -> f64;
    fn significant_share(&self, threshold: f64, changed: f64) -> f64;
    fn footprint(&self, amounts: &Amounts) -> Footprint;
    fn costs(&self) -> Costs;
    fn pace_key(&self) -> Option<String>;
    fn pace(&self, isa: Isa, effort: Effort) -> Option<Pace>;
}

/// A workload of a known type with its problem.
pub(super) struct Typed<'a, W: Estimated> {
    pub(super) workload: W,
    pub(super) posed: Posed<'a, W>,
}

impl<W: Estimated> LearningProblem for Typed<'_, W> {
    fn fits(&self) -> Result<(), FieldError> {
        self.workload.fits(self.posed.data)
    }

    fn size(&self) -> Size {
        W::size(self.posed.data)
    }

    fn parameters(&self) -> f64 {
        self.workload.parameters(self.posed.data)
    }

    fn similitude(&self) -> Option<Similitude> {
        self.workload.similitude(self.posed.data)
    }

    fn numbers(&self) -> Vec<Number> {
        self.workload.numbers(&self.posed)
    }

    fn clock(&self, kind: &MachineKind) -> Option<(&'static str, Duration)> {
        self.workload.clock(&self.posed, kind)
    }

    fn amounts(&self) -> Amounts {
        self.workload.amounts(&self.posed)
    }

    fn message_bytes(&self, encoding: Encoding, changed: f64) -> f64 {
        self.workload.message_bytes(encoding, changed)
    }

    fn changed_share(&self, amounts: &Amounts, learners: f64) -> f64 {
        self.workload.changed_share(amounts, learners)
    }

    fn significant_share(&self, threshold: f64, changed: f64) -> f64 {
        self.workload.significant_share(threshold, changed)
    }

    fn footprint(&self, amounts: &Amounts) -> Footprint {
        self.workload.footprint(&self.posed, amounts)
    }

    fn costs(&self) -> Costs {
        W::COSTS
    }

    fn pace_key(&self) -> Option<String> {
        self.workload.pace_key(self.posed.data)
    }

    fn pace(&self, isa: Isa, effort: Effort) -> Option<Pace> {
        self.workload.pace(self.posed.data, isa, effort)
    }
}
