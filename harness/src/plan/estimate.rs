//! What a plan will ask of this host: for `experiments plan`, before anything runs. Right within a factor of a few.
//!
//! The number of passes to the target is not known beforehand and taken as [`PASSES`]. Rates are those of one core of
//! a small cloud machine (a Xeon with AVX2); a faster host takes less.

use datasets::images::load::Options;

use super::{Data, Plan};
use crate::spec::Workload;

/// Passes over the data until the target, as a guess: the defaults of matrix factorisation take 100 to 150.
const PASSES: f64 = 120.0;
/// Rating updates times rank a second on one core: 45 M updates at rank 32, half of what AVX-512 was measured to do.
const UPDATE_RANKS_PER_SECOND: f64 = 1.44e9;
/// Tokens times topics a second on one core: 8 M tokens at 100 topics.
const TOKEN_TOPICS_PER_SECOND: f64 = 0.8e9;
/// Multiplications of forward passes a second on one core, with the backward pass that follows: ResNet-20 with batches of 32.
const MULTIPLICATIONS_PER_SECOND: f64 = 12.0e9;
/// A forward pass alone, over one with its backward pass.
const FORWARD_SHARE: f64 = 1.0 / 3.0;
/// Passes over images until the target, as a guess.
const IMAGE_PASSES: f64 = 15.0;
/// Bytes of parameters that one core serves: reads, encodes, decodes and applies.
const SERVED_BYTES_PER_SECOND: f64 = 1.0e9;
/// Chunks that one core moves over links.
const CHUNKS_PER_SECOND: f64 = 5.0e6;
/// Bytes that stay whatever the plan is: the program and its tables of results.
const PROGRAM_BYTES: f64 = 64e6;
/// A rating in memory, in the data set and in its worker's order of work.
const RATING_BYTES: f64 = 2.0 * 12.0;
/// A token in memory: in the data set, in its worker's order of work and its topics, at every turn of these.
const TOKEN_BYTES: f64 = 40.0;
/// Copies of the model on a machine: cached rows, work, updates, messages under way.
const COPIES_A_MACHINE: f64 = 4.0;
/// Copies of the model in a group of servers: values, accumulated updates.
const COPIES_A_GROUP: f64 = 2.0;

/// What a plan will ask of this host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Of one core.
    pub wall_seconds: f64,
    /// At the peak.
    pub memory_bytes: f64,
}

/// What `plan` will ask of this host.
pub fn estimate(plan: &Plan) -> Estimate {
    let size = plan.data.size();
    let machines = f64::from(plan.machine_count());
    let groups = if plan.system.between_sites().is_some() { plan.machines_per_site.len() as f64 } else { 1.0 };
    let (width, clocks_per_pass) = (f64::from(plan.workload.width()), f64::from(plan.workload.clocks_per_pass()));
    let network = match &plan.workload {
        Workload::Ic(ic) => plan.data.network(ic).ok(),
        Workload::Mf(_) | Workload::Lda(_) => None,
    };
    let floats = network.as_ref().map_or(f64::from(size.rows) * width, |network| network.floats() as f64);
    let (model_bytes, passes) = (floats * 4.0, if network.is_some() { IMAGE_PASSES } else { PASSES });
    let clocks = (passes * clocks_per_pass).min(f64::from(plan.cap.clocks));

    // Each machine reads the model and sends an update to it; each group sends its updates to the others.
    let served_bytes = model_bytes * (2.0 * machines + groups * (groups - 1.0));
    // A pass learns from the data, and judges by them.
    let steps = match (&plan.workload, &network) {
        (Workload::Ic(ic), Some(network)) => {
            let each = (f64::from(size.owners) / machines) as usize;
            let learnt = f64::from(ic.steps_per_clock(each) * ic.batch);
            let measure = ic.evaluation;
            let judged = f64::from(2 * measure.train_images + measure.test_images) / f64::from(measure.every_clocks);
            machines * (learnt + judged * FORWARD_SHARE) * network.multiplications() as f64
        }
        _ => 2.0 * size.work as f64 * width / clocks_per_pass,
    };
    let (steps_per_second, data_bytes) = match &plan.workload {
        Workload::Mf(mf) => {
            let user_bytes = f64::from(size.owners) * width * 4.0 * if mf.adagrad.is_some() { 2.0 } else { 1.0 };
            (UPDATE_RANKS_PER_SECOND, user_bytes + (size.work + size.held_out) as f64 * RATING_BYTES)
        }
        Workload::Lda(_) => (TOKEN_TOPICS_PER_SECOND, size.work as f64 * TOKEN_BYTES),
        Workload::Ic(_) => (MULTIPLICATIONS_PER_SECOND, plan.data.pixel_bytes()),
    };
    let chunks = served_bytes * plan.similitude.sigma_bytes / plan.chunk.as_bytes() as f64;
    let clock_seconds = steps / steps_per_second + served_bytes / SERVED_BYTES_PER_SECOND + chunks / CHUNKS_PER_SECOND;
    let copies = COPIES_A_MACHINE * machines + COPIES_A_GROUP * groups;
    Estimate { wall_seconds: clocks * clock_seconds, memory_bytes: PROGRAM_BYTES + data_bytes + model_bytes * copies }
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

    /// Bytes of images in memory: generated ones are made when they are read.
    fn pixel_bytes(&self) -> f64 {
        match self {
            Data::ImageFile { shape, train, test, .. } => {
                let whole = (f64::from(*train) + f64::from(*test)) * shape.bytes() as f64;
                whole.min(Options::default().memory_bytes as f64)
            }
            _ => 0.0,
        }
    }
}
