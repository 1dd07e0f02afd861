//! The device of networks: one of libtorch with the feature `torch`; without the feature, an error with the way to get it.

use gaia_core::workload::ic::device::DeviceChoice;
use planning::plan::{Experiment, Planned};
pub(super) use planning::workload::device::Device;
use record::failure::Failure;

/// Whether a spec has networks to train.
pub(super) fn has_networks(experiment: &Experiment) -> bool {
    experiment.plans.iter().any(needs_libtorch)
}

fn needs_libtorch(planned: &Planned) -> bool {
    planned.plan.workload.kind().about().needs_libtorch
}

/// Takes the panels of networks out of specs that have others too, where this binary cannot run them, and reports it once with
/// the command to build one that can. `asked`: the specs of the command line.
pub(super) fn leave_out(experiments: &mut [Experiment], asked: &[String], say: impl Fn(&str)) {
    if cfg!(feature = "torch") {
        return;
    }
    let is_network = |planned: &Planned| needs_libtorch(planned);
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

/// The device of the command line; reports why it is not CUDA where none is found.
#[cfg(feature = "torch")]
pub(super) fn open(choice: DeviceChoice, _: &Experiment, say: impl Fn(&str)) -> Result<Device, Failure> {
    use gaia_core::workload::ic::torch::device::Device as Torch;

    let (device, why) = Torch::open(choice).map_err(|error| Failure::input(format!("--device: {error}")))?;
    if let Some(why) = why {
        say(&format!("networks run on the CPU: {why}"));
    }
    Ok(device)
}

/// Reports which commands give a binary that has a device.
#[cfg(not(feature = "torch"))]
pub(super) fn open(_: DeviceChoice, experiment: &Experiment, _: impl Fn(&str)) -> Result<Device, Failure> {
    // In a variant, `VARIANT/SPEC`: the variant is what can be run.
    let spec = experiment.name.split('/').next().unwrap_or_default();
    let workload = experiment.plans.iter().find(|planned| needs_libtorch(planned));
    let workload = workload.map_or("ic", |planned| planned.plan.workload.name());
    Err(Failure::input(format!(
        "{spec}: the workload `{workload}` needs libtorch, and this binary was built without it; get it with {}",
        with_libtorch(&format!("{spec}.yaml"))
    )))
}

/// The name of the device in host.json.
pub(super) fn name(device: &Device) -> String {
    #[cfg(feature = "torch")]
    return device.name();
    #[cfg(not(feature = "torch"))]
    match *device {}
}

/// Whether it computes the same bits every time: the algorithms of a GPU may add up in any order.
pub(super) fn is_exact(device: &Device) -> bool {
    name(device) == DeviceChoice::Cpu.to_string()
}

/// The processor, for a machine that is a process of its own; `None` without libtorch.
pub(super) fn processor() -> Option<Device> {
    #[cfg(feature = "torch")]
    {
        use gaia_core::workload::ic::torch::device::Device as Torch;

        let (device, _) = Torch::open(DeviceChoice::Cpu).expect("there is always a CPU");
        Some(device)
    }
    #[cfg(not(feature = "torch"))]
    None
}
