//! Tokens a second of the Gibbs sampler, per instruction set and number of topics, on a generated corpus of 3,000 documents,
//! 20,000 words and 900,000 tokens, after ten passes; and bytes per second of measuring and writing an update of counts.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use datasets::bow::Corpus;
use datasets::bow::config::Generated;
use datasets::bow::generate::generate;
use datasets::bow::partition::{Split, partition};
use gaia_core::simd::Isa;
use gaia_core::sync::config::Encoding;
use gaia_core::wire::Payload;
use gaia_core::workload::lda::config::Lda;
use gaia_core::workload::lda::worker::{LdaWorker, WholeCorpus};
use gaia_core::workload::traits::Workload;

const WARM_UP_PASSES: u32 = 10;
/// Counts in an update, of which a part changes by one or two.
const COUNTS: usize = 1 << 20;

fn corpus() -> Corpus {
    let shape =
        Generated { documents: Some(3_000), words: Some(20_000), tokens: Some(900_000), ..Generated::default() };
    generate(&shape, 1)
}

fn tokens(criterion: &mut Criterion) {
    let corpus = corpus();
    let parts = partition(&corpus, &[1], Split::Even);
    let mut group = criterion.benchmark_group("lda/sample");
    group.throughput(Throughput::Elements(corpus.tokens));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    for topics in [100, 500] {
        let config = Lda { topics, ..Lda::default() };
        let whole = Arc::new(WholeCorpus::of(&corpus, &parts, &config, 1).expect("a corpus that can be counted"));
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_supported()) {
            let worker = LdaWorker::new(&corpus, &parts[0], whole.clone(), config, 1, isa);
            let (mut state, mut view) = (worker.initial_state(), vec![0.0; 20_000 * topics as usize]);
            worker.add_counts(&state, &mut view);
            (0..WARM_UP_PASSES).for_each(|clock| worker.compute(clock, &mut state, &mut view));
            let mut clock = WARM_UP_PASSES;
            group.bench_function(BenchmarkId::new(format!("topics-{topics}"), isa), |bencher| {
                bencher.iter(|| {
                    worker.compute(clock, &mut state, &mut view);
                    clock += 1;
                });
            });
        }
    }
    group.finish();
}

fn updates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lda/update");
    group.throughput(Throughput::Bytes(COUNTS as u64 * 4));
    for (share, every) in [("1%", 100), ("10%", 10)] {
        let change = |place: usize| if place.is_multiple_of(every) { (place % 3) as f32 - 1.0 } else { 0.0 };
        let payload = Payload::Dense((0..COUNTS).map(change).collect::<Vec<_>>().into());
        group.bench_function(BenchmarkId::new("measure", share), |bencher| {
            bencher.iter(|| black_box(&payload).encoded_len(Encoding::Packed));
        });
        let mut out = Vec::new();
        group.bench_function(BenchmarkId::new("write", share), |bencher| {
            bencher.iter(|| {
                out.clear();
                black_box(&payload).encode(Encoding::Packed, &mut out);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, tokens, updates);
criterion_main!(benches);
