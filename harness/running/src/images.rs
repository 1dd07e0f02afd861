//! Image classification in a run: its workers and their device, with the feature `torch`; without it, how to get it.

use datasets::images::Images;
use gaia_core::workload::ic::device::DeviceChoice;

use planning::plan::{Experiment, Planned};
use planning::spec::Workload;
use record::failure::Failure;

#[cfg(feature = "torch")]
pub(super) use with_torch::{Device, name, open, run, worker_on_cpu};
#[cfg(not(feature = "torch"))]
pub(super) use without_torch::{Device, name, open, run};

/// Whether a spec has networks to train.
pub(super) fn has_networks(experiment: &Experiment) -> bool {
    experiment.plans.iter().any(|planned| matches!(planned.plan.workload, Workload::Ic(_)))
}

/// Takes the panels of networks out of specs that have others too, where this binary cannot run them, and says so once with
/// the command that gives one that can. `asked`: the specs of the command line.
pub(super) fn leave_out(experiments: &mut [Experiment], asked: &[String], say: impl Fn(&str)) {
    if cfg!(feature = "torch") {
        return;
    }
    let is_network = |planned: &Planned| matches!(planned.plan.workload, Workload::Ic(_));
    let mut left_out = Vec::new();
    for experiment in experiments {
        if experiment.plans.iter().all(is_network) {
            continue;
        }
        let (networks, others): (Vec<Planned>, Vec<Planned>) =
            std::mem::take(&mut experiment.plans).into_iter().partition(is_network);
        experiment.plans = others;
        let mut panels: Vec<String> = networks.into_iter().map(|planned| format!("`{}`", planned.panel)).collect();
        panels.dedup();
        if !panels.is_empty() {
            left_out.push(format!("{} of {}", panels.join(", "), experiment.name));
        }
    }
    if !left_out.is_empty() {
        say(&format!(
            "left out, because image classification needs libtorch and this binary was built without it: {}; get them with {}",
            left_out.join("; "),
            with_libtorch(&asked.join(" "))
        ));
    }
}

/// The commands of a binary with libtorch.
fn with_libtorch(specs: &str) -> String {
    format!("`bash ci/setup-torch.sh`, then `cargo run --release --features torch --bin experiments -- run {specs}`")
}

/// What has gone wrong with the images since they were loaded.
pub(super) fn check(images: &Images) -> Result<(), String> {
    [&images.train, &images.test].into_iter().find_map(|split| split.pixels.failure()).map_or(Ok(()), Err)
}

#[cfg(feature = "torch")]
mod with_torch {
    use std::sync::Arc;

    use datasets::images::partition::{Part, partition};
    use emulator::id::MachineId;
    use gaia_core::workload::ic::config::Ic;
    pub(crate) use gaia_core::workload::ic::torch::device::Device as Torch;
    use gaia_core::workload::ic::torch::worker::{IcWorker, WholeImages};

    use super::*;
    use crate::cell::{CellError, Job};
    use crate::progress::CellProgress;
    use planning::plan::Plan;
    use record::results::Summary;

    /// Where networks run.
    pub(crate) type Device = Arc<Torch>;

    /// The device of the command line; says why it is not CUDA where none is found.
    pub(crate) fn open(choice: DeviceChoice, _: &str, say: impl Fn(&str)) -> Result<Device, Failure> {
        let (device, why) = Torch::open(choice).map_err(|error| Failure::input(format!("--device: {error}")))?;
        if let Some(why) = why {
            say(&format!("networks run on the CPU: {why}"));
        }
        Ok(device)
    }

    /// As host.json has it.
    pub(crate) fn name(device: &Device) -> String {
        device.name()
    }

    /// Runs a cell, and names the images that could not be read on the way.
    pub(crate) fn run(
        job: &Job<'_>,
        images: &Images,
        config: Ic,
        progress: &CellProgress,
        say: impl Fn(&str),
    ) -> Result<Summary, CellError> {
        let device = job.device.expect("a command with networks opens a device first");
        let whole = whole(job.plan, images, config, device.clone());
        let workers = parts(job.plan, images).into_iter().map(|part| Arc::new(IcWorker::new(whole.clone(), part)));
        let summary = job.run_workload(workers.collect(), progress, &say, |_| None)?;
        check(images).map_err(CellError::Images)?;
        let skipped = [&images.train, &images.test].into_iter().flat_map(|split| split.pixels.skipped());
        skipped.for_each(|image| say(&format!("{}: replaced by another of its class: {image}", job.name)));
        Ok(summary)
    }

    /// The worker of one machine, for a process of its own.
    pub(crate) fn worker_on_cpu(plan: &Plan, images: &Images, config: Ic, machine: MachineId) -> Arc<IcWorker> {
        let (device, _) = Torch::open(DeviceChoice::Cpu).expect("there is always a CPU");
        let whole = whole(plan, images, config, device);
        Arc::new(IcWorker::new(whole, parts(plan, images).swap_remove(machine.index())))
    }

    fn whole(plan: &Plan, images: &Images, config: Ic, device: Device) -> Arc<WholeImages> {
        let whole = WholeImages::new(images, plan.machine_count(), config, plan.seed, device);
        whole.expect("that the network takes the images was checked")
    }

    fn parts(plan: &Plan, images: &Images) -> Vec<Part> {
        let split = planning::spec::split::of_images(plan.split).expect("a plan's split was checked");
        partition(images, &plan.machines_per_site, split)
    }
}

#[cfg(not(feature = "torch"))]
mod without_torch {
    use gaia_core::workload::ic::config::Ic;

    use super::*;
    use crate::cell::{CellError, Job};
    use crate::progress::CellProgress;
    use record::results::Summary;

    /// There is none.
    pub(crate) enum Device {}

    /// Says which commands give a binary that has one.
    pub(crate) fn open(_: DeviceChoice, spec: &str, _: impl Fn(&str)) -> Result<Device, Failure> {
        Err(Failure::input(format!(
            "{spec}: the workload `ic` needs libtorch, and this binary was built without it; get it with {}",
            with_libtorch(&format!("{spec}.yaml"))
        )))
    }

    pub(crate) fn name(device: &Device) -> String {
        match *device {}
    }

    pub(crate) fn run(
        job: &Job<'_>,
        _: &Images,
        _: Ic,
        _: &CellProgress,
        _: impl Fn(&str),
    ) -> Result<Summary, CellError> {
        match *job.device.expect("a command with networks opens a device first") {}
    }
}
