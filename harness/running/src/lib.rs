//! Runs: the plans of specs, cell by cell, recorded.
//!
//! [`prepare`] refuses what cannot be run before anything is; [`run`] runs the cells of one spec on one pool of threads
//! ([`Host`]). A cell whose folder is whole already is reused, also from another spec's folder; an interrupted one is resumed
//! from its last checkpoint. In real time every machine is a process of its own ([`node`]).

mod build;
mod cell;
mod checkpoint;
mod course;
mod device;
mod experiment;
mod gathered;
mod goal;
mod host;
mod learners;
mod local;
mod meter;
mod panics;
mod progress;
mod question;
mod recorder;
mod shared_name;
mod summary;
mod usage;
mod views;

use std::path::Path;

use gaia_core::workload::ic::device::DeviceChoice;
use gaia_core::workload::mf::worker::MfState;
use planning::plan::{Experiment, Planned, fits};
use record::failure::Failure;
use record::results::lock::Lock;
use record::results::{atomic, store};
use record::say;

pub use self::checkpoint::CheckpointError;
pub use self::host::{Host, Options, RunSpecError};
pub use self::local::{Who, node};
pub use self::progress::Progress;

/// Whether `folder` holds a checkpoint of the cell of `plan` from which a run of matrix factorisation would be resumed: for
/// tests of files from outside.
///
/// # Errors
/// [`CheckpointError`] when the file cannot be used.
pub fn read_checkpoint(folder: &Path, plan: &str) -> Result<bool, CheckpointError> {
    let read = checkpoint::read::<recorder::RecorderState<MfState>>(folder, plan)?;
    Ok(read.is_some())
}

/// Checks that `experiments` can be run into `out`, opens the device that their networks need, and leaves out panels that this
/// build cannot run. `specs` are the names on the command line, for messages.
///
/// # Errors
/// [`Failure::Input`] for a device that no spec needs, for cells that do not fit into memory, and for a folder that holds
/// results of another spec or variant of the same name.
pub fn prepare(
    host: &mut Host,
    experiments: &mut [Experiment],
    specs: &[String],
    choice: DeviceChoice,
    out: &Path,
) -> Result<(), Failure> {
    if choice != DeviceChoice::Auto && !experiments.iter().any(device::has_networks) {
        return Err(Failure::input("--device: none of these specs trains a network (workload `ic`): expected none"));
    }
    device::leave_out(experiments, specs, |line| host.display.say(line));
    let is_done = |experiment: &Experiment, planned: &Planned| {
        let hash = planned.plan.hash();
        store::check_whole(&store::cell_folder(&out.join(&experiment.name), &hash), &hash).is_ok()
    };
    fits::check(experiments, host.memory, is_done).map_err(Failure::input)?;
    if let Some(experiment) = experiments.iter().find(|experiment| device::has_networks(experiment)) {
        host.device = Some(device::open(choice, experiment, |line| host.display.say(line))?);
    }
    host.display.expect(experiments.iter().map(|experiment| experiment.plans.len()).sum());
    for experiment in experiments {
        question::set_apart(out, experiment).iter().for_each(|line| say::err(line));
        let replaced = shared_name::check(out, experiment).map_err(Failure::input)?;
        replaced.iter().for_each(|line| say::err(line));
    }
    Ok(())
}

/// Runs the cells of `experiment`, a part of those of earlier calls or others, into its folder below `out`, in place of [`prepare`] and
/// [`run`]: for callers that evaluate a model many times and have each result read by its plan. The index of the folder has the cells of
/// the last call.
///
/// # Errors
/// [`Failure::Input`] for cells that do not fit into memory or need a device that is not there, [`Failure::Run`] for cells that failed.
pub fn evaluate(host: &mut Host, experiment: Experiment, choice: DeviceChoice, out: &Path) -> Result<(), Failure> {
    let mut experiments = [experiment];
    fits::check(&experiments, host.memory, |_, _| false).map_err(Failure::input)?;
    let [experiment] = &mut experiments;
    if host.device.is_none() && device::has_networks(experiment) {
        host.device = Some(device::open(choice, experiment, |line| host.display.say(line))?);
    }
    host.display.expect(experiment.plans.len());
    let (mut failed, ()) = run(host, experiment, out, |_| Ok(()))?;
    match failed.len() {
        0 => Ok(()),
        1 => Err(Failure::run(failed.remove(0))),
        _ => Err(Failure::run(RunSpecError::Several(failed))),
    }
}

/// Runs the cells of `experiment` into its folder below `out`, and returns the errors of those that failed. `after` is called with
/// the folder while it is still locked against other runs.
///
/// # Errors
/// [`Failure::Run`] when the folder cannot be written, and what `after` returns.
pub fn run<T>(
    host: &Host,
    experiment: &mut Experiment,
    out: &Path,
    after: impl FnOnce(&Path) -> Result<T, Failure>,
) -> Result<(Vec<RunSpecError>, T), Failure> {
    if let Some(variant) = &experiment.variant {
        variant.write(out).map_err(Failure::run)?;
    }
    let folder = out.join(&experiment.name);
    atomic::create_folder(&folder).map_err(Failure::run)?;
    let _lock = Lock::take(&folder).map_err(Failure::run)?;
    let failed = experiment::run(host, experiment, out, &folder)?;
    Ok((failed, after(&folder)?))
}
