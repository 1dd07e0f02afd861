//! What a plan is built into: the learning of every machine, and the setting that all machines share. The same for
//! machines in virtual time and for processes.

use std::sync::Arc;

use datasets::bow::{self, Corpus};
use datasets::images;
use datasets::ratings::Ratings;
use datasets::ratings::partition::{Part, partition};
use emulator::id::MachineId;
use emulator::topology::Topology;
use gaia_core::setting::{Placement, RecordCopies, Setting, SettingParts};
use gaia_core::simd::Isa;
use gaia_core::sync::Progress;
use gaia_core::workload::lda::config::Lda;
use gaia_core::workload::lda::worker::{LdaWorker, TooFrequent, WholeCorpus};
use gaia_core::workload::mf::config::Mf;
use gaia_core::workload::mf::worker::{MfWorker, WholeData};
use gaia_core::workload::traits::Workload as Learning;

use planning::plan::overlay::overlay;
use planning::plan::{DataSet, Plan};
use planning::spec::split;

/// The workers of all machines, for matrix factorisation.
pub(super) fn mf_workers(plan: &Plan, ratings: &Ratings, config: Mf, isa: Isa) -> Vec<Arc<MfWorker>> {
    let whole = WholeData::of(ratings, &config);
    // Each part goes when its worker has it in its own order: all of them together are as large as the data.
    let worker = |part: Part| Arc::new(MfWorker::new(&part, whole, config, plan.seed, isa));
    mf_parts(plan, ratings).into_iter().map(worker).collect()
}

/// The worker of one machine.
pub(super) fn mf_worker(plan: &Plan, ratings: &Ratings, config: Mf, isa: Isa, machine: MachineId) -> Arc<MfWorker> {
    let whole = WholeData::of(ratings, &config);
    Arc::new(MfWorker::new(&mf_parts(plan, ratings)[machine.index()], whole, config, plan.seed, isa))
}

fn mf_parts(plan: &Plan, ratings: &Ratings) -> Vec<Part> {
    partition(ratings, &plan.machines_per_site, split::of_ratings(plan.split).expect("a plan's split was checked"))
}

/// How much raw data each machine of the plan's sites holds, in ratings, tokens or images.
pub(super) fn held(plan: &Plan, data: &DataSet) -> Vec<u64> {
    match data {
        DataSet::Ratings(ratings) => {
            let size = |part: &Part| (part.train.len() + part.held_out.len()) as u64;
            mf_parts(plan, ratings).iter().map(size).collect()
        }
        DataSet::Corpus(corpus) => {
            let split = split::of_documents(plan.split).expect("a plan's split was checked");
            let documents: Vec<u64> =
                corpus.iter().map(|entries| entries.iter().map(|entry| u64::from(entry.count)).sum()).collect();
            let parts = bow::partition::partition(corpus, &plan.machines_per_site, split);
            parts.iter().map(|part| part.documents.iter().map(|&document| documents[document as usize]).sum()).collect()
        }
        DataSet::Images(images) => {
            let split = split::of_images(plan.split).expect("a plan's split was checked");
            let parts = images::partition::partition(images, &plan.machines_per_site, split);
            parts.iter().map(|part| part.train.len() as u64).collect()
        }
    }
}

/// The workers of all machines, for topic modelling.
pub(super) fn lda_workers(
    plan: &Plan,
    corpus: &Corpus,
    config: Lda,
    isa: Isa,
) -> Result<Vec<Arc<LdaWorker>>, TooFrequent> {
    let split = split::of_documents(plan.split).expect("a plan's split was checked");
    let parts = bow::partition::partition(corpus, &plan.machines_per_site, split);
    let whole = Arc::new(WholeCorpus::of(corpus, &parts, &config, plan.seed)?);
    let worker = |part| Arc::new(LdaWorker::new(corpus, part, whole.clone(), config, plan.seed, isa));
    Ok(parts.iter().map(worker).collect())
}

/// What all machines share. `workload`: any machine's.
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
    Setting::new(SettingParts {
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
    })
}

fn bytes_per_second(topology: &Topology, from: MachineId, to: MachineId) -> f64 {
    topology.rate_between(from, to).as_bits_per_second() as f64 / 8.0
}
