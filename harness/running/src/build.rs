//! Construction of a run from its plan: the distribution of data, and the setting that all machines share. The same for machines in virtual
//! time and for processes.

use std::sync::Arc;

use emulator::id::MachineId;
use emulator::topology::Topology;
use gaia_core::setting::{Placement, RecordCopies, Setting, SettingParts};
use gaia_core::simd::Isa;
use gaia_core::sync::Progress;
use gaia_core::workload::traits::Workload as Learning;
use planning::plan::Plan;
use planning::plan::overlay::overlay;
use planning::workload::device::Device;
use planning::workload::kind::Dealt;

/// The distribution of the data of `plan` to its machines.
pub(super) fn dealt<'a>(plan: &'a Plan, isa: Isa, device: Option<&'a Device>) -> Dealt<'a> {
    Dealt { seed: plan.seed, machines_per_site: &plan.machines_per_site, split: plan.split, isa, device }
}

/// The setting that all machines share. `workload`: that of any machine.
pub(super) fn setting<W: Learning>(
    plan: &Plan,
    topology: &Topology,
    workload: &Arc<W>,
    max_clocks: u32,
    isa: Isa,
) -> Setting {
    let machines: Vec<MachineId> = topology.machines().collect();
    let rate = |from, to| if from == to { f64::INFINITY } else { bytes_per_second(topology, from, to) };
    let learning = workload.clone();
    let parts = plan.system.parts();
    let progress = move |clock| Progress {
        clock,
        clocks_per_pass: learning.clocks_per_pass() / parts,
        learning_rate_factor: learning.learning_rate_factor(clock * parts),
    };
    let mut setting = Setting::new(SettingParts {
        placement: Placement {
            site_of: machines.iter().map(|&machine| topology.site_of(machine)).collect(),
            bytes_per_second: machines
                .iter()
                .flat_map(|&from| machines.iter().map(move |&to| rate(from, to)))
                .collect(),
            nic: machines.iter().map(|&machine| topology.site(topology.site_of(machine)).nic.outbound).collect(),
        },
        layout: workload.layout(),
        system: plan.system.clone(),
        overlay: overlay(&plan.system.ways(), &plan.profile).expect("a plan's overlay was checked"),
        encodings: plan.encoding,
        similitude: plan.similitude,
        kind: plan.machines.clone(),
        seed: plan.seed,
        max_clocks,
        isa,
        record_copies: RecordCopies::EveryClock,
        progress: Arc::new(progress),
    });
    if setting.evaluates_one_copy() {
        setting.parts.record_copies = RecordCopies::Tables;
    }
    setting
}

fn bytes_per_second(topology: &Topology, from: MachineId, to: MachineId) -> f64 {
    topology.rate_between(from, to).as_bits_per_second() as f64 / 8.0
}
