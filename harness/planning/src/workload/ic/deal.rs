//! The dealing of images to machines.

use datasets::images::Images;
use datasets::images::partition::{Partition, partition};
use gaia_core::workload::ic::config::Ic;

use crate::workload::kind::{Dealt, WorkloadKind};

/// The parts of all machines.
pub(super) fn parts(set: &Images, dealt: &Dealt<'_>) -> Vec<Partition> {
    partition(set, dealt.machines_per_site, Ic::deal(dealt.split).expect("a plan's split was checked"))
}
