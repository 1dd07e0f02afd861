//! Centralized: how much raw data there is, and the site that it goes to.
//!
//! The best site is the one that has all data first. Times within 0.1 % of the least are equal; among those the site is best to
//! which moving costs least, then where a machine costs least, then the first of the profile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use emulator::id::SiteId;
use emulator::profile::Profile;
use emulator::topology::Topology;
use emulator::units::ByteSize;
use gaia_core::sync::config::Centralized;

use record::cost::Pricing;

use super::check::Diagnostics;
use crate::gather;
use crate::workload::kind::Size;
use crate::workload::list::{DataSource, Scale};
use crate::workload::split::{SkewBy, Split};

/// The site that is to be computed.
pub const AUTO: &str = "auto";

/// Times that differ by less than this share are equal.
const EQUAL_TIMES: f64 = 0.001;

/// The input of the choice of a cell's site.
pub(super) struct Known<'a> {
    pub(super) scale: Scale,
    pub(super) split: Split,
    pub(super) size: Size,
    pub(super) source: &'a DataSource,
    pub(super) pricing: &'a Pricing,
}

/// A cell with its network.
pub(super) struct Placed<'a> {
    pub(super) path: &'a str,
    pub(super) profile: &'a Profile,
    pub(super) machines_per_site: &'a [u32],
    pub(super) kind: &'a str,
}

/// The settings with site and size in place; unchanged when there is a problem with them.
pub(super) fn resolve(
    diagnostics: &mut Diagnostics,
    asked: &Centralized,
    placed: &Placed<'_>,
    known: &Known<'_>,
) -> Centralized {
    let path = format!("{}.system.centralized", placed.path);
    let raw_data = asked.raw_data.or_else(|| raw_bytes(diagnostics, &path, known));
    let Some(raw_data) = raw_data else { return asked.clone() };
    let site = if asked.site == AUTO {
        if matches!(known.split, Split::Skewed { by: SkewBy::Sizes, skew } if skew > 0.0) {
            let message =
                "`auto` takes data to be spread evenly, and `split` skews their sizes: expected the name of a site";
            diagnostics.add(format!("{path}.site"), message);
            return asked.clone();
        }
        let Ok(topology) = Topology::new(placed.profile, placed.machines_per_site) else { return asked.clone() };
        best(&topology, raw_data, known.pricing, placed.kind)
    } else {
        match placed.profile.find_site(&asked.site) {
            Ok(site) => site,
            Err(error) => {
                diagnostics.add(format!("{path}.site"), error.to_string());
                return asked.clone();
            }
        }
    };
    let site = placed.profile.sites[site.index()].name.clone();
    Centralized { site, raw_data: Some(raw_data), ..asked.clone() }
}

/// The bytes of raw data that the problem stands for.
fn raw_bytes(diagnostics: &mut Diagnostics, path: &str, known: &Known<'_>) -> Option<ByteSize> {
    let bytes = match (known.scale, known.source) {
        (Scale::Factors { .. }, _) => {
            let message = "missing: with `similitude: factors` the amount of raw data that the problem stands for is unknown; expected a size such as `2 GB`";
            diagnostics.add(format!("{path}.raw-data"), message);
            return None;
        }
        (Scale::None, DataSource::File(_, path)) => bytes_below(path, &mut BTreeSet::new()),
        (Scale::None, source) => source.raw_bytes(known.size).expect("what is no file is generated"),
        (_, source) => source.kind().about().paper_bytes,
    };
    Some(ByteSize::from_bytes(bytes.max(1)))
}

/// The bytes of a file, or of all regular files in a folder, links followed. A folder counts once, whatever links lead back to it. A path
/// that cannot be read counts 0: the loader has reported it.
fn bytes_below(path: &Path, counted: &mut BTreeSet<PathBuf>) -> u64 {
    let Ok(metadata) = std::fs::metadata(path) else { return 0 };
    if metadata.is_file() {
        return metadata.len();
    }
    let mut is_new = || std::fs::canonicalize(path).is_ok_and(|whole| counted.insert(whole));
    if !metadata.is_dir() || !is_new() {
        return 0;
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| bytes_below(&entry.path(), counted)).sum()
}

/// The criteria of the comparison: seconds, USD of moving the data, USD per machine hour.
#[derive(Clone, Copy)]
struct Candidate {
    site: SiteId,
    seconds: f64,
    moving: f64,
    machine: f64,
}

fn best(topology: &Topology, raw_data: ByteSize, pricing: &Pricing, kind: &str) -> SiteId {
    let held = gather::shares(raw_data.as_bytes(), &vec![1; topology.machine_count()]);
    let candidates: Vec<Candidate> =
        topology.sites().map(|site| candidate(topology, site, &held, pricing, kind)).collect();
    let least = candidates.iter().map(|candidate| candidate.seconds).fold(f64::INFINITY, f64::min);
    let first = candidates.into_iter().filter(|candidate| candidate.seconds <= least * (1.0 + EQUAL_TIMES));
    let cheaper = |a: &Candidate, b: &Candidate| a.moving.total_cmp(&b.moving).then(a.machine.total_cmp(&b.machine));
    first.min_by(cheaper).expect("a profile has sites").site
}

fn candidate(topology: &Topology, site: SiteId, held: &[u64], pricing: &Pricing, kind: &str) -> Candidate {
    let region = |site: SiteId| {
        let site = topology.site(site);
        pricing.region_of(&site.name, site.region.as_deref(), false).ok()
    };
    let sent = gather::sendings(topology, site, held);
    let usd = |sending: &gather::Sending| {
        let price = pricing.list.traffic(region(topology.site_of(sending.from))?, region(site)?)?;
        Some(price * sending.bytes as f64 / 1e9)
    };
    // Where nothing has a price, all sites cost the same.
    let moving = sent.iter().filter_map(usd).sum();
    let price = region(site).and_then(|region| pricing.list.machine(region, pricing.instance_of(kind)));
    let machine = price.map_or(0.0, |price| price.usd_per_hour);
    Candidate { site, seconds: gather::fluid_seconds(topology, &sent), moving, machine }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_back_into_a_folder_and_devices_count_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("train/a")).unwrap();
        std::fs::write(path("train/a/1"), [0; 100]).unwrap();
        std::fs::write(path("2"), [0; 10]).unwrap();
        for (link, to) in
            [("self", "."), ("again", "."), ("train/up", ".."), ("train/a/on", "../../train"), ("zero", "/dev/zero")]
        {
            symlink(to, path(link)).unwrap();
        }
        assert_eq!(bytes_below(folder.path(), &mut BTreeSet::new()), 110);
        assert_eq!(bytes_below(&path("2"), &mut BTreeSet::new()), 10);
    }
}
