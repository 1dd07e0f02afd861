//! What a plan will ask of this host: memory, and seconds of one core a clock.
//!
//! What there is to do and to hold is counted (`counts`); how long this host takes for each is probed ([`Probe`]). On a quiet host
//! both are right within a quarter (experiments/README.md, "What a run will take"); how many clocks it takes to the target is not known,
//! and a guess.

mod counts;
mod memory;

use self::counts::{Counts, counts};
pub use self::memory::{Memory, memory};
use super::{Data, Plan, Role};
use crate::calibrate::probe::{Learning, Pace, Probe};
use crate::spec::Workload;

/// Passes over the data until the target, as a guess: what the specs of matrix factorisation and topic modelling take here.
const PASSES: f64 = 60.0;
/// Passes over images until the target, as a guess.
const IMAGE_PASSES: f64 = 5.0;

/// In times of adding a float to another: what a float of the rows that a worker reads takes on its way from the servers and back;
/// factors are copied once more while they are learnt.
const READ: f64 = 7.5;
const READ_OF_FACTORS: f64 = 17.0;
/// The same for each part of a clock whose changes are sent all the time.
const LOGGED: f64 = 33.0;
/// A float that a filter looks at.
const FILTERED: f64 = 2.0;
/// A significant update for each server that gets it; those of factors are anywhere in the model, those of counts beside each other.
const MIRRORED: f64 = 4.0;
const MIRRORED_OF_FACTORS: f64 = 12.0;
/// Learning from an image in a run of many workers, whose parameters push each other out of caches, over that of one worker.
const MANY_NETWORKS: f64 = 1.3;
/// A piece of a message, in times of moving one where all links are behind.
const MOVED: f64 = 0.25;

/// Learning where a worker's rows are larger than a core's share of caches, over that where they are not; long rows of factors
/// stay in a cache while a user's ratings are gone through.
const OUT_OF_CACHE: f64 = 1.3;
const CACHED_BYTES: f64 = 16e6;
const SHORT_RANK: u32 = 128;
/// Seconds to write a byte of a cell to its checkpoint, every so many seconds, and at most this share of a run.
const WRITTEN: f64 = 0.8e-9;
const CHECKPOINT_SECONDS: f64 = 10.0;
const MOST_OF_CHECKPOINTS: f64 = 1.0 / 11.0;

/// What a plan will ask of this host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds of one core for a clock; none of a network in a build without libtorch, and in real time.
    pub clock_seconds: Option<f64>,
    /// The clocks that it will take: those of the spec, or a guess.
    pub clocks: f64,
}

impl Estimate {
    /// Of one core, in all.
    pub fn seconds(&self) -> Option<f64> {
        self.clock_seconds.map(|seconds| seconds * self.clocks)
    }
}

/// What `plan` will ask of this host.
pub fn estimate(plan: &Plan, probe: &mut Probe) -> Estimate {
    Estimate { clock_seconds: clock_seconds(plan, probe), clocks: clocks(plan) }
}

fn clocks(plan: &Plan) -> f64 {
    let passes = if matches!(plan.workload, Workload::Ic(_)) { IMAGE_PASSES } else { PASSES };
    match plan.role {
        Role::RunsClocks { clocks } => f64::from(clocks),
        _ => (passes * f64::from(plan.workload.clocks_per_pass())).min(f64::from(plan.cap.clocks)),
    }
}

fn clock_seconds(plan: &Plan, probe: &mut Probe) -> Option<f64> {
    if !plan.launch.is_simulated() {
        return None;
    }
    let learning = match &plan.workload {
        Workload::Mf(mf) => Learning::Mf(mf.rank),
        Workload::Lda(lda) => Learning::Lda(lda.topics),
        Workload::Ic(ic) => {
            let (shape, classes) = plan.data.images()?;
            Learning::Ic(*ic, shape, classes as u32)
        }
    };
    let Pace { learn, judge } = probe.pace(learning)?;
    let counts = counts(plan);
    let read = counts.machines * counts.declared;
    let parts = plan.system.parts();
    let logged = if parts > 1 { f64::from(parts) * LOGGED } else { 0.0 };
    let (each, mirrored, images) = match plan.workload {
        Workload::Mf(_) => (READ_OF_FACTORS, MIRRORED_OF_FACTORS, 1.0),
        Workload::Lda(_) => (READ, MIRRORED, 1.0),
        Workload::Ic(_) => (READ, MIRRORED_OF_FACTORS, MANY_NETWORKS),
    };
    let floats = read * (each * counts.exchanges + logged) + counts.filtered * FILTERED + counts.mirrored * mirrored;
    let moved = probe.chunk() * counts.chunks * MOVED;
    let kernels = images * (learn * outside(plan, &counts) * counts.learnt + judge * counts.judged);
    let checkpoints = (memory(plan).cell * WRITTEN / CHECKPOINT_SECONDS).min(MOST_OF_CHECKPOINTS);
    Some((kernels + probe.add_float() * floats + moved) * (1.0 + checkpoints))
}

/// How much longer learning takes than on a small problem.
fn outside(plan: &Plan, counts: &Counts) -> f64 {
    let own = match &plan.workload {
        Workload::Mf(mf) if mf.rank <= SHORT_RANK => memory::user_bytes(plan, mf) / counts.machines,
        Workload::Lda(_) => 0.0,
        Workload::Mf(_) | Workload::Ic(_) => return 1.0,
    };
    if own + counts.declared * 4.0 > CACHED_BYTES { OUT_OF_CACHE } else { 1.0 }
}

/// Numbers of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Users, documents or images to learn from: what is dealt to machines.
    pub(super) owners: u32,
    /// Items or words: the rows of the parameter server; 0 with images, where they follow from the network.
    pub(super) rows: u32,
    /// Ratings to learn from (for generated data the expected number), tokens, or images.
    pub(super) work: u64,
    pub(super) held_out: u64,
}

impl Data {
    pub(super) fn size(&self) -> Size {
        match self {
            Data::Generated { config } => {
                let shape = config.shape();
                let held_out = (shape.ratings as f64 * config.held_out).round() as u64;
                Size { owners: shape.users, rows: shape.items, work: shape.ratings - held_out, held_out }
            }
            Data::GeneratedCorpus { config } => {
                let shape = config.shape();
                Size { owners: shape.documents, rows: shape.words, work: shape.tokens, held_out: 0 }
            }
            Data::GeneratedImages { config } => {
                Size { owners: config.train, rows: 0, work: u64::from(config.train), held_out: u64::from(config.test) }
            }
            Data::ImageFile { train, test, .. } => {
                Size { owners: *train, rows: 0, work: u64::from(*train), held_out: u64::from(*test) }
            }
            Data::File { users, items, train, held_out, .. } => {
                Size { owners: *users, rows: *items, work: *train, held_out: *held_out }
            }
            Data::CorpusFile { documents, words, tokens, .. } => {
                Size { owners: *documents, rows: *words, work: *tokens, held_out: 0 }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Experiment, Registries};
    use crate::spec::{Changes, Source};

    const SPEC: &str = "
workload: { mf: { rank: 8 } }
data: { generated: { users: 400, items: 100, ratings: 4000 } }
goal: { clocks: 7 }
profile: va-ca
machines-per-site: 2
cells:
  - name: BSP
    system: { global: { bsp: {} } }
  - name: SSP
    system: { global: { ssp: { slack: 1 } } }
  - name: Gaia
    system: { gaia: { inside: { bsp: {} } } }
  - name: real
    system: { global: { bsp: {} } }
    launcher: { local: { dilation: 1 } }
";

    fn plans(text: &str) -> Vec<Plan> {
        let source = Source { name: "spec".into(), file: "spec.yaml".into(), folder: ".".into(), text: text.into() };
        let spec = source.spec(&Changes::default()).expect("sound");
        let experiment = Experiment::resolve(&source, &spec, Registries { figures: &[] }).expect("sound");
        experiment.plans.into_iter().map(|planned| planned.plan).collect()
    }

    #[test]
    fn more_to_do_takes_longer_and_more_to_hold_takes_more() {
        let mut probe = Probe::kept_in(None);
        let (small, large) = (plans(SPEC), plans(&SPEC.replace("rank: 8", "rank: 64")));
        for (small, large) in small.iter().zip(&large).take(3) {
            let seconds = [small, large].map(|plan| estimate(plan, &mut probe).clock_seconds.expect("simulated"));
            assert!(seconds[0] > 0.0 && seconds[1] > 1.5 * seconds[0], "{seconds:?}");
            let cells = [small, large].map(|plan| memory(plan).cell);
            assert!(cells[1] > 2.0 * cells[0], "{cells:?}");
        }
        let of = |number: usize| memory(&large[number]).cell;
        assert!(of(1) > of(0) && of(2) > of(0), "copies of workers that are apart, and of sites");
        assert_eq!(estimate(&small[0], &mut probe).clocks, 7.0);
        assert_eq!(estimate(&small[3], &mut probe).seconds(), None, "real time is not this host's");
    }

    #[test]
    fn what_no_host_holds_is_estimated_in_no_time() {
        let huge = "{ users: 4000000000, items: 4000000000, ratings: 1000000000000 }";
        let plan = &plans(&SPEC.replace("{ users: 400, items: 100, ratings: 4000 }", huge))[0];
        assert!(memory(plan).alone() > 2e13, "{:?}", memory(plan));
        assert!(estimate(plan, &mut Probe::kept_in(None)).clock_seconds.is_some_and(|seconds| seconds > 1e3));
    }

    #[test]
    fn every_part_is_counted() {
        let plans = plans(SPEC);
        let counts = counts(&plans[0]);
        assert_eq!((counts.machines, counts.groups, counts.model), (4.0, 1.0, 800.0));
        // Of twenty ratings one is held out; all are judged by, by the workers and on one copy.
        assert_eq!((counts.learnt, counts.judged), (3_800.0, 8_000.0));
        assert!(counts.declared > 700.0 && counts.declared <= 800.0, "{counts:?}");
        let gaia = super::counts(&plans[2]);
        assert_eq!((gaia.groups, gaia.filtered), (2.0, 1_600.0));
        assert!(gaia.mirrored > 0.0 && gaia.chunks > 0.0, "{gaia:?}");
    }
}
