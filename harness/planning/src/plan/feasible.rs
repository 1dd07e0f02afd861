//! Whether a run of a plan can begin and come to an end: what `run` builds of a network is built here too, and what one clock takes of
//! the slowest resource is counted, so that `plan` refuses what `run` would.
//!
//! The effects of many clocks together (a million of an hour each) are not known before a run: there they are the cell's error.

use emulator::link::LinkConfig;
use emulator::topology::Topology;
use emulator::units::{Bandwidth, ByteSize};
use gaia_core::sync::config::System;

use super::check::Diagnostics;
use super::whole::Plan;
use crate::workload::kind::FLOAT_BYTES;

/// The most seconds that one clock may take of one resource: a year. A run counts 584 of them.
const MAX_SECONDS: f64 = 365.25 * 86_400.0;

/// Adds what is wrong with `plan`, the cell at `path` of a spec.
pub(super) fn check(diagnostics: &mut Diagnostics, path: &str, plan: &Plan) {
    let before = diagnostics.list.len();
    network(diagnostics, path, plan);
    if diagnostics.list.len() > before {
        return;
    }
    machine_time(diagnostics, path, plan);
    wire_time(diagnostics, path, plan);
}

/// Places the machines, and has the link model look at every limit of the network: with one machine in each site, as more
/// of them add limits of the same rates.
fn network(diagnostics: &mut Diagnostics, path: &str, plan: &Plan) {
    if let Err(error) = Topology::new(&plan.profile, &plan.machines_per_site) {
        diagnostics.add(format!("{path}.profile"), error.to_string());
        return;
    }
    let one_each =
        Topology::new(&plan.profile, &vec![1; plan.profile.sites.len()]).expect("fewer machines fit as well");
    if let Err(error) = (LinkConfig { chunk: plan.chunk }).check(&one_each.network()) {
        diagnostics.add(format!("{path}.profile"), error.to_string());
    }
}

/// A machine's work of a clock, and a server's on the whole model.
fn machine_time(diagnostics: &mut Diagnostics, path: &str, plan: &Plan) {
    let (kind, similitude) = (&plan.machines, &plan.similitude);
    let Some((rate, computes)) = plan.problem().clock(kind) else { return };
    let path = &format!("{path}.machines");
    let what = format!("`{}`, {rate}: a machine computes for", kind.name);
    long(diagnostics, path, &what, computes.as_secs_f64());
    let bytes = model_bytes(plan) * similitude.sigma_bytes;
    for (rate, gigabytes) in [
        ("apply", kind.server.apply_gb_per_second),
        ("filter", kind.server.filter_gb_per_second),
        ("encode", kind.server.encode_gb_per_second),
        ("decode", kind.server.decode_gb_per_second),
    ] {
        let what = format!("`{}`, server.{rate}-gb-per-second: a pass over the model takes servers", kind.name);
        long(diagnostics, path, &what, bytes / (gigabytes * 1e9));
    }
}

/// The model once over the slowest limit, and the raw data that are moved.
fn wire_time(diagnostics: &mut Diagnostics, path: &str, plan: &Plan) {
    let profile = &plan.profile;
    let between = profile.bandwidth.values().chain(profile.sites.iter().filter_map(|site| site.uplink).flat_map(both));
    let Some(slowest) = between.chain(profile.sites.iter().flat_map(|site| both(site.nic))).min() else { return };
    let seconds = |bytes: f64| bytes * 8.0 / slowest.as_bits_per_second() as f64;
    let model = model_bytes(plan) * plan.similitude.sigma_bytes;
    let charged = ByteSize::from_bytes(model as u64);
    let what = format!("the model's {charged} take the slowest link ({slowest})");
    long(diagnostics, &format!("{path}.profile"), &what, seconds(model));
    if let System::Centralized(central) = &plan.system {
        let bytes = central.raw_data.map_or(0.0, |bytes| bytes.as_bytes() as f64);
        let what = format!("a machine's part of the raw data takes the slowest link ({slowest})");
        let path = format!("{path}.system.centralized.raw-data");
        long(diagnostics, &path, &what, seconds(bytes) / f64::from(plan.machine_count()));
    }
}

fn both(duplex: emulator::profile::Duplex) -> [Bandwidth; 2] {
    [duplex.inbound, duplex.outbound]
}

/// Of the parameters, before similitude.
fn model_bytes(plan: &Plan) -> f64 {
    plan.problem().parameters() * FLOAT_BYTES
}

fn long(diagnostics: &mut Diagnostics, path: &str, what: &str, seconds: f64) {
    if seconds > MAX_SECONDS {
        diagnostics.add(path, format!("{what} {seconds:.3e} s: expected at most {MAX_SECONDS} s, a year"));
    }
}
