//! A short look at this host, for estimates: how long one core takes for what runs do.
//!
//! Each number is measured with the kernels of runs in a fraction of a second of processor time, and kept in the user's cache
//! folder (`$XDG_CACHE_HOME` or `~/.cache`, in `gaia-testbed/`) under the processor's name and this binary's sources, so that it is
//! measured once. A cache that cannot be read or written is no cache.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datasets::images::ImageShape;
use emulator::link::{Fabric, LinkConfig};
use emulator::node::Class;
use emulator::profile::Profile;
use emulator::time::Instant;
use emulator::topology::Topology;
use emulator::units::ByteSize;
use gaia_core::simd::Isa;
use gaia_core::workload::ic::config::Ic;

use super::measure::{self, Effort, cpu_seconds};
use crate::plan::SOURCES;
use crate::results::atomic;
use crate::results::manifest::Host;

/// Of each number: the median of three.
const EFFORT: Effort = Effort { repetitions: 3, seconds: 0.03 };
/// Pieces of messages that are moved.
const CHUNKS: u32 = 100_000;

/// Seconds of one core for a rating, token or image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// To learn from it.
    pub learn: f64,
    /// To be judged by it.
    pub judge: f64,
}

/// What a worker learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Learning {
    /// Factors of this rank, from ratings.
    Mf(u32),
    /// So many topics, from tokens.
    Lda(u32),
    /// A network, from images of this shape and so many classes.
    Ic(Ic, ImageShape, u32),
}

/// What this host does, as far as it was asked for.
#[derive(Debug)]
pub struct Probe {
    isa: Isa,
    known: BTreeMap<String, f64>,
    /// Where it is kept, and whether that lacks something.
    cache: Option<PathBuf>,
    has_new: bool,
}

impl Probe {
    /// With what was measured before on a host like this one.
    pub fn of_this_host() -> Self {
        Probe::kept_in(cache_folder().map(|folder| folder.join(file_name())))
    }

    /// The same, with its cache elsewhere, or none.
    pub fn kept_in(cache: Option<PathBuf>) -> Self {
        let read = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
        let mut known: BTreeMap<String, f64> = cache.as_ref().and_then(read).unwrap_or_default();
        known.retain(|_, seconds| seconds.is_finite() && *seconds > 0.0);
        Probe { isa: Isa::detect(), known, cache, has_new: false }
    }

    /// A worker's pace; none of a network in a build without libtorch.
    pub fn pace(&mut self, learning: Learning) -> Option<Pace> {
        let key = match learning {
            Learning::Mf(rank) => format!("mf of rank {rank}"),
            Learning::Lda(topics) => format!("lda of {topics} topics"),
            Learning::Ic(ic, shape, classes) => {
                let ImageShape { channels, height, width } = shape;
                let (network, norm, batch) = (ic.network.name(), ic.norm, ic.batch);
                format!(
                    "ic by {network} with {norm:?} on {channels} x {height} x {width}, {classes} classes, batches of {batch}"
                )
            }
        };
        let keys = [format!("{key}: learn"), format!("{key}: judge")];
        if keys.iter().any(|key| !self.known.contains_key(key)) {
            let pace = match learning {
                Learning::Mf(rank) => measure::mf_pace(rank, self.isa, EFFORT),
                Learning::Lda(topics) => measure::lda_pace(topics, self.isa, EFFORT),
                Learning::Ic(ic, shape, classes) => super::images::pace(ic, shape, classes, EFFORT)?,
            };
            self.note(&keys[0], pace.learn);
            self.note(&keys[1], pace.judge);
        }
        Some(Pace { learn: self.known[&keys[0]], judge: self.known[&keys[1]] })
    }

    /// Seconds to add one float to another, in arrays that no cache holds.
    pub fn add_float(&mut self) -> f64 {
        self.number("add a float", |isa| 4.0 / measure::apply(isa, EFFORT).median)
    }

    /// Seconds to move a piece of a message over its links.
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
    /// Keeps what is new.
    fn drop(&mut self) {
        let Some(path) = self.cache.as_deref().filter(|_| self.has_new) else { return };
        let text = serde_json::to_vec_pretty(&self.known).expect("text keys and finite numbers");
        // Without a cache it is measured again.
        let _ = std::fs::create_dir_all(path.parent().unwrap_or(Path::new("")));
        let _ = atomic::write(path, &text);
    }
}

/// Of this user.
fn cache_folder() -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let of_user = || std::env::home_dir().map(|home| home.join(".cache"));
    let folder = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).and_then(absolute).or_else(of_user);
    folder.map(|folder| folder.join("gaia-testbed"))
}

/// Of this processor, these sources and how they were built.
fn file_name() -> String {
    let processor = Host::this(1).processor.unwrap_or_default();
    let how = if cfg!(debug_assertions) { "debug" } else { "release" };
    let hash = blake3::hash(format!("{processor}, {}, {SOURCES}, {how}", Isa::detect()).as_bytes());
    format!("host-{}.json", &hash.to_hex()[..16])
}

/// All machines of EC2's network at once.
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
    // Until the buckets are empty.
    moved(CHUNKS / 2);
    let before = cpu_seconds();
    moved(CHUNKS);
    (cpu_seconds() - before) / f64::from(CHUNKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_is_kept_and_a_broken_cache_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/host.json");
        let mut probe = Probe::kept_in(Some(path.clone()));
        let (chunk, pace) = (probe.chunk(), probe.pace(Learning::Mf(8)).unwrap());
        assert!(chunk > 1e-9 && chunk < 1e-3, "{chunk} s a chunk");
        assert!(pace.learn > 1e-10 && pace.learn < 1e-3 && pace.judge > 1e-11, "{pace:?}");
        drop(probe);

        let mut again = Probe::kept_in(Some(path.clone()));
        assert_eq!((again.chunk(), again.pace(Learning::Mf(8)).unwrap()), (chunk, pace));
        assert!(!again.has_new, "nothing was measured again");
        std::fs::write(&path, "{\"move a chunk\": -1, \"mf").unwrap();
        let mut anew = Probe::kept_in(Some(path));
        assert!(anew.chunk() > 0.0 && anew.has_new);
    }
}
