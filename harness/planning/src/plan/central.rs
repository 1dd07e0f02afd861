//! Centralized: how much raw data there is, and the site that it goes to.
//!
//! The best site is the one that has all data first. Times within 0.1 % of the least are equal; among those the site is best to
//! which moving costs least, then where a machine costs least, then the first of the profile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use datasets::bow::config::NYTIMES_TOKENS;
use datasets::ratings::config::NETFLIX_RATINGS;
use emulator::id::SiteId;
use emulator::profile::Profile;
use emulator::topology::Topology;
use emulator::units::ByteSize;
use gaia_core::sync::config::{Centralized, System};

use super::estimate::Size;
use super::{DataSource, Plan, Problems};
use crate::gather;
use crate::spec::{Scale, SkewBy, Split};
use record::cost::Pricing;

/// The site that is to be computed.
pub const AUTO: &str = "auto";

/// The Netflix Prize's training set as text, unpacked: 100,480,507 lines of a customer's number (up to 2,649,429, 6.58 digits
/// on average when evenly spread), stars and date, 20.58 bytes each. The archive is known as "around 2 GB".
pub const NETFLIX_BYTES: u64 = 2_068_000_000;
/// UCI's docword.nytimes.txt, unpacked: 69,679,427 lines of a document's and a word's number and a count, 14.55 bytes each
/// (5.63, 4.89 and 1.03 digits). It is known as "1 GB".
pub const NYTIMES_BYTES: u64 = 1_014_000_000;
/// ILSVRC2012_img_train.tar.
pub const ILSVRC12_BYTES: u64 = 147_897_477_120;

/// Times that differ by less than this share are equal.
const EQUAL_TIMES: f64 = 0.001;

/// What is known when a cell's site is to be found.
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
    problems: &mut Problems,
    asked: &Centralized,
    placed: &Placed<'_>,
    known: &Known<'_>,
) -> Centralized {
    let path = format!("{}.system.centralized", placed.path);
    let raw_data = asked.raw_data.or_else(|| raw_bytes(problems, &path, known));
    let Some(raw_data) = raw_data else { return asked.clone() };
    let site = if asked.site == AUTO {
        if matches!(known.split, Split::Skewed { by: SkewBy::Sizes, skew } if skew > 0.0) {
            let says =
                "`auto` takes data to be spread evenly, and `split` skews their sizes: expected the name of a site";
            problems.add(format!("{path}.site"), says);
            return asked.clone();
        }
        let Ok(topology) = Topology::new(placed.profile, placed.machines_per_site) else { return asked.clone() };
        best(&topology, raw_data, known.pricing, placed.kind)
    } else {
        match placed.profile.find_site(&asked.site) {
            Ok(site) => site,
            Err(error) => {
                problems.add(format!("{path}.site"), error.to_string());
                return asked.clone();
            }
        }
    };
    let site = placed.profile.sites[site.index()].name.clone();
    Centralized { site, raw_data: Some(raw_data), ..asked.clone() }
}

/// How much raw data the problem stands for.
fn raw_bytes(problems: &mut Problems, path: &str, known: &Known<'_>) -> Option<ByteSize> {
    let bytes = match (known.scale, known.source) {
        (Scale::Netflix, _) => NETFLIX_BYTES,
        (Scale::Nytimes, _) => NYTIMES_BYTES,
        (Scale::Ilsvrc12, _) => ILSVRC12_BYTES,
        (Scale::None, DataSource::File(_, path)) => bytes_below(path, &mut BTreeSet::new()),
        (Scale::None, DataSource::Generated(_)) => {
            proportional(NETFLIX_BYTES, known.size.work + known.size.held_out, NETFLIX_RATINGS)
        }
        (Scale::None, DataSource::GeneratedCorpus(_)) => proportional(NYTIMES_BYTES, known.size.work, NYTIMES_TOKENS),
        // A byte a pixel and channel: there is no file of them.
        (Scale::None, DataSource::GeneratedImages(config)) => u64::from(config.train) * config.shape().bytes() as u64,
        (Scale::Factors { .. }, _) => {
            let says = "missing: with `similitude: factors` nobody knows how much raw data the problem stands for; expected a size such as `2 GB`";
            problems.add(format!("{path}.raw-data"), says);
            return None;
        }
    };
    Some(ByteSize::from_bytes(bytes.max(1)))
}

/// As many bytes an entry as the published data set has.
fn proportional(bytes: u64, entries: u64, of: u64) -> u64 {
    (u128::from(bytes) * u128::from(entries) / u128::from(of)) as u64
}

/// Of a file, or of all regular files in a folder, also behind links; a folder counts once, whatever links lead back to it. What cannot be
/// read has been told by the loader.
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

/// What is held against one another: seconds, USD of moving, USD of a machine's hour.
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

impl Plan {
    /// The plan where learning takes place: for Centralized, one global server over as many machines in the one site; else the
    /// plan itself.
    pub fn placed(&self) -> Plan {
        let System::Centralized(central) = &self.system else { return self.clone() };
        Plan {
            profile: self.profile.restrict(&[&central.site]).expect("a plan's site was found"),
            machines_per_site: vec![self.machine_count()],
            system: System::Global(central.inside),
            ..self.clone()
        }
    }
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
