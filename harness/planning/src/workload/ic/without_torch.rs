//! Without libtorch no network is trained or measured.

use std::sync::Arc;

use datasets::images::{ImageShape, Images};
use emulator::time::Duration;
use gaia_core::layout::Layout;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::workload::ic::config::Ic;
use gaia_core::workload::traits::{Evaluation, Workload};
use record::failure::Failure;

use crate::calibrate::args::CalibrateArgs;
use crate::calibrate::measure::{Effort, Pace};
use crate::workload::device::Device;
use crate::workload::kind::{Calibrated, Dealt};

/// No value: without libtorch nothing learns.
#[derive(Debug)]
pub enum Learner {}

impl Workload for Learner {
    type State = ();

    fn layout(&self) -> Layout {
        match *self {}
    }

    fn declared_rows(&self) -> &[u32] {
        match *self {}
    }

    fn initial_row(&self, _: u32, _: &mut [f32]) {
        match *self {}
    }

    fn initial_state(&self) {
        match *self {}
    }

    fn compute(&self, _: u32, (): &mut (), _: &mut [f32]) {
        match *self {}
    }

    fn evaluate(&self, (): &(), _: &[f32]) -> Evaluation {
        match *self {}
    }

    fn duration(&self, _: u32, _: &MachineKind, _: &Similitude) -> Duration {
        match *self {}
    }

    fn clocks_per_pass(&self) -> u32 {
        match *self {}
    }

    fn learning_rate_factor(&self, _: u32) -> f64 {
        match *self {}
    }
}

pub(super) fn learners(_: Ic, _: &Images, _: &Dealt<'_>, device: &Device) -> Vec<Arc<Learner>> {
    match *device {}
}

#[expect(clippy::unnecessary_wraps, reason = "with libtorch it may fail")]
pub(super) fn calibrate(_: &CalibrateArgs, _: Effort) -> Result<Option<Calibrated>, Failure> {
    Ok(None)
}

pub(super) fn pace(_: Ic, _: ImageShape, _: u32, _: Effort) -> Option<Pace> {
    None
}
