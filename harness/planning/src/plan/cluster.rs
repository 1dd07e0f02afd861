//! The cluster of a cell: its profile with the sites that take part, and the machines of each.

use std::path::Path;

use emulator::profile::{Duplex, MAX_RATE, Profile};
use emulator::topology::MAX_MACHINES;
use emulator::units::Bandwidth;
use gaia_core::sync::config::System;

use super::check::Diagnostics;
use super::overlay;
use crate::machines;
use crate::spec::PerSite;

/// The most machines of a site.
const MAX_MACHINES_A_SITE: u32 = 512;

/// A profile by name or path, and the sites of it that take part.
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    /// The field of the spec that sets it.
    pub(super) path: &'a str,
    /// Sites that take part; empty: all.
    pub(super) sites: &'a [String],
    /// The field of the spec that sets it.
    pub(super) path_of_sites: &'a str,
    /// The rate of network cards that the profile does not state.
    pub(super) nic: Option<Bandwidth>,
}

/// The profile with those of its sites that take part. `None` when there is a problem with one or the other.
pub(super) fn find_profile(diagnostics: &mut Diagnostics, named: &Named<'_>, folder: &Path) -> Option<Profile> {
    let profile = if machines::is_path(named.name) {
        Profile::read_with_nic(&folder.join(named.name), named.nic)
    } else {
        Profile::builtin(named.name)
    };
    let profile = profile.map_err(|error| diagnostics.add(named.path, error.to_string())).ok()?;
    if named.sites.is_empty() {
        return Some(profile);
    }
    profile.restrict(named.sites).map_err(|error| diagnostics.add(named.path_of_sites, error.to_string())).ok()
}

/// The settings of a cell that its cluster follows from.
pub(super) struct Asked<'a> {
    /// The cell's path in the spec.
    pub(super) cell: &'a str,
    pub(super) profile: Option<&'a str>,
    /// Sites that take part; empty: all.
    pub(super) sites: &'a [String],
    pub(super) bandwidth_times: Option<f64>,
    pub(super) rtt_times: Option<f64>,
    pub(super) machines_per_site: Option<&'a PerSite>,
    /// The rate of network interfaces, instead of the profile's: the rate of a LAN.
    pub(super) nic: Option<Bandwidth>,
    pub(super) system: &'a System,
}

/// The machines of one cell, and the network between them.
pub(super) struct Cluster {
    pub(super) profile: Profile,
    pub(super) machines_per_site: Vec<u32>,
}

impl Asked<'_> {
    /// The profile and the machines of each site; files are relative to `folder`. `None` when there is a problem with them.
    pub(super) fn resolve(&self, diagnostics: &mut Diagnostics, folder: &Path) -> Option<Cluster> {
        let path = self.cell;
        diagnostics.system(&format!("{path}.system"), self.system);
        let Some(name) = self.profile else {
            diagnostics.add(format!("{path}.profile"), "missing: expected a network here, or `profile` for all cells");
            return None;
        };
        let path_of_profile = format!("{path}.profile");
        let named = Named { name, path: &path_of_profile, sites: self.sites, path_of_sites: "sites", nic: self.nic };
        let mut profile = with_nic(find_profile(diagnostics, &named, folder)?, self.nic);
        if let Some(times) = self.bandwidth_times {
            profile = profile.wan_times(times);
            // A rate of a card that is too high has been reported with its own place.
            if let Err(wrong) = with_nic(profile.clone(), Some(MAX_RATE)).check() {
                diagnostics.add("bandwidth-times", format!("{times}: {wrong}"));
                return None;
            }
        }
        if let Some(times) = self.rtt_times {
            profile = profile.rtt_times(times);
            if let Err(wrong) = with_nic(profile.clone(), Some(MAX_RATE)).check() {
                diagnostics.add("rtt-times", format!("{times}: {wrong}"));
                return None;
            }
        }
        if let Err(wrong) = overlay::overlay(&self.system.ways(), &profile) {
            let between = if matches!(self.system, System::Hierarchical(_)) { ".between.significant" } else { "" };
            let system_path = format!("{path}.system.{}{between}.overlay", self.system.name());
            wrong.into_iter().for_each(|(field, message)| diagnostics.add(format!("{system_path}.{field}"), message));
        }
        let machines_per_site = match self.machines_per_site {
            None => profile.default_machines(),
            Some(PerSite::Each(number)) => vec![*number; profile.sites.len()],
            Some(PerSite::List(list)) => list.clone(),
        };
        let cluster = Cluster { profile, machines_per_site };
        cluster.check_machines(diagnostics, &format!("{path}.machines-per-site"), self.system);
        Some(cluster)
    }
}

impl Cluster {
    fn check_machines(&self, diagnostics: &mut Diagnostics, path: &str, system: &System) {
        let (per_site, sites) = (&self.machines_per_site, self.profile.sites.len());
        if per_site.len() != sites {
            let (found, name) = (per_site.len(), &self.profile.name);
            diagnostics
                .add(path, format!("{found} numbers: expected {sites}, one for each site of the profile `{name}`"));
            return;
        }
        let all: u64 = per_site.iter().map(|number| u64::from(*number)).sum();
        if let Some(wrong) = per_site.iter().find(|number| !(1..=MAX_MACHINES_A_SITE).contains(number)) {
            diagnostics.add(path, format!("{wrong}: expected 1 to {MAX_MACHINES_A_SITE}"));
        } else if all > u64::from(MAX_MACHINES) {
            diagnostics.add(path, format!("{all} machines in all: expected at most {MAX_MACHINES}"));
        }
        if system.sites().is_some() && per_site.iter().any(|number| *number != per_site[0]) {
            let name = if matches!(system, System::Hierarchical(_)) { "a hierarchical system" } else { "Gaia" };
            diagnostics.add(path, format!("{per_site:?}: {name} needs the same number of machines in every site"));
        }
    }
}

/// `profile` with machines whose network interfaces have this rate, if any is given: what a LAN gives.
fn with_nic(mut profile: Profile, rate: Option<Bandwidth>) -> Profile {
    if let Some(rate) = rate {
        profile.sites.iter_mut().for_each(|site| site.nic = Duplex { inbound: rate, outbound: rate });
    }
    profile
}
