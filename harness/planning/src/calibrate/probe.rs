//! Short measurements of this host for estimates: how long one core takes per unit of what runs do.
//!
//! Each measurement runs a kernel of runs for a fraction of a second of processor time. Results are cached per processor and per build of
//! this binary in `gaia-testbed/` of the user's cache folder (`$XDG_CACHE_HOME` or `~/.cache`). A cache that cannot be read or written
//! is ignored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use emulator::link::{Fabric, LinkConfig};
use emulator::node::Class;
use emulator::profile::Profile;
use emulator::time::Instant;
use emulator::topology::Topology;
use emulator::units::ByteSize;
use gaia_core::simd::Isa;

use super::measure::{self, Effort, Pace, cpu_seconds};
use crate::sources::SOURCES;
use crate::workload::problem::LearningProblem;
use record::results::atomic;
use record::results::manifest::Host;

/// Each result is the median of three repetitions.
const EFFORT: Effort = Effort { repetitions: 3, seconds: 0.03 };
/// Number of chunks that are moved.
const CHUNKS: u32 = 100_000;

/// The measurements of this host that were needed so far.
#[derive(Debug)]
pub struct Probe {
    isa: Isa,
    known: BTreeMap<String, f64>,
    /// The cache file, and whether it lacks a measurement.
    cache: Option<PathBuf>,
    has_new: bool,
}

impl Probe {
    /// With the measurements cached for this host.
    pub fn of_this_host() -> Self {
        Probe::kept_in(cache_folder().map(|folder| folder.join(file_name())))
    }

    /// With those cached in this file; `None` for no cache.
    pub fn kept_in(cache: Option<PathBuf>) -> Self {
        let read = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
        let mut known: BTreeMap<String, f64> = cache.as_ref().and_then(read).unwrap_or_default();
        known.retain(|_, seconds| seconds.is_finite() && *seconds >= 0.0);
        Probe { isa: Isa::detect(), known, cache, has_new: false }
    }

    /// Seconds per unit of work of a workload. `None` for one that this build cannot run.
    pub fn pace(&mut self, problem: &dyn LearningProblem) -> Option<Pace> {
        let key = problem.pace_key()?;
        let keys = ["learn", "judge", "judge a float"].map(|what| format!("{key}: {what}"));
        if keys.iter().any(|key| !self.known.contains_key(key)) {
            let pace = problem.pace(self.isa, EFFORT)?;
            self.note(&keys[0], pace.learn);
            self.note(&keys[1], pace.judge);
            self.note(&keys[2], pace.judge_float);
        }
        let [learn, judge, judge_float] = keys.map(|key| self.known[&key]);
        Some(Pace { learn, judge, judge_float })
    }

    /// Seconds to add one float to another, in arrays that no cache holds.
    pub fn add_float(&mut self) -> f64 {
        self.number("add a float", |isa| 4.0 / measure::apply(isa, EFFORT).median)
    }

    /// Seconds to move a chunk over its links, all links being backlogged.
    pub fn chunk(&mut self) -> f64 {
        self.number("move a chunk", |_| chunk_seconds())
    }

    fn number(&mut self, key: &str, measure: impl FnOnce(Isa) -> f64) -> f64 {
        if let Some(&seconds) = self.known.get(key) {
            return seconds;
        }
        let seconds = measure(self.isa);
        self.note(key, seconds);
        seconds
    }

    fn note(&mut self, key: &str, seconds: f64) {
        self.known.insert(key.to_owned(), seconds);
        self.has_new = true;
    }
}

impl Drop for Probe {
    /// Writes the measured rates to the cache.
    fn drop(&mut self) {
        let Some(path) = self.cache.as_deref().filter(|_| self.has_new) else { return };
        let text = serde_json::to_vec_pretty(&self.known).expect("text keys and finite numbers");
        // Without a cache the next process measures again.
        let _ = std::fs::create_dir_all(path.parent().unwrap_or(Path::new("")));
        let _ = atomic::write(path, &text);
    }
}

/// The user's cache folder for this program.
fn cache_folder() -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let of_user = || std::env::home_dir().map(|home| home.join(".cache"));
    let folder = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).and_then(absolute).or_else(of_user);
    folder.map(|folder| folder.join("gaia-testbed"))
}

/// Names the processor, the sources and the kind of build by a hash.
fn file_name() -> String {
    let processor = Host::this(1).processor.unwrap_or_default();
    let how = if cfg!(debug_assertions) { "debug" } else { "release" };
    let hash = blake3::hash(format!("{processor}, {}, {SOURCES}, {how}", Isa::detect()).as_bytes());
    format!("host-{}.json", &hash.to_hex()[..16])
}

/// Seconds per chunk, with data for every pair of 22 machines on EC2's network.
fn chunk_seconds() -> f64 {
    let profile = Profile::builtin("ec2-all").expect("it is built in");
    let topology = Topology::new(&profile, &vec![2; profile.sites.len()]).expect("its sites hold two machines each");
    let network = Arc::new(topology.network());
    let mut fabric = Fabric::new(network, LinkConfig::default(), 1).expect("its network is sound");
    for from in topology.machines() {
        for to in topology.machines().filter(|&to| to != from) {
            fabric.send(Instant::START, from, to, Class::Data, ByteSize::from_bytes(1 << 40), 0);
        }
    }
    let mut moved = |chunks: u32| {
        for _ in 0..chunks {
            let at = fabric.poll_timeout().expect("there is more to send than time");
            fabric.handle_timeout(at);
            while fabric.poll_event().is_some() {}
        }
    };
    // Empties the token buckets.
    moved(CHUNKS / 2);
    let before = cpu_seconds();
    moved(CHUNKS);
    (cpu_seconds() - before) / f64::from(CHUNKS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::list::{Data, Made, Terms, Workload};
    use crate::workload::split::Split;
    use gaia_core::rates::Similitude;
    use gaia_core::workload::mf::config::Mf;

    #[test]
    fn what_was_measured_is_kept_and_a_broken_cache_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/host.json");
        let mut probe = Probe::kept_in(Some(path.clone()));
        let workload = Workload::Mf(Mf { rank: 8, ..Mf::default() });
        let (data, similitude) = (Data::Mf(Made { config: Default::default() }), Similitude::NONE);
        let terms = Terms { seed: 1, machines: 1, split: Split::Even, similitude, clocks: None };
        let mf = workload.problem(&data, terms);
        let (chunk, pace) = (probe.chunk(), probe.pace(mf.as_ref()).unwrap());
        assert!(chunk > 1e-9 && chunk < 1e-3, "{chunk} s a chunk");
        assert!(pace.learn > 1e-10 && pace.learn < 1e-3 && pace.judge > 1e-11, "{pace:?}");
        drop(probe);

        let mut again = Probe::kept_in(Some(path.clone()));
        assert_eq!((again.chunk(), again.pace(mf.as_ref()).unwrap()), (chunk, pace));
        assert!(!again.has_new, "nothing was measured again");
        std::fs::write(&path, "{\"move a chunk\": -1, \"mf").unwrap();
        let mut anew = Probe::kept_in(Some(path));
        assert!(anew.chunk() > 0.0 && anew.has_new);
    }
}
