//! Rating updates per second of the SGD kernel, per instruction set, rank and rule, and bytes per second of the
//! significance filter: 10,000 users x 2,000 items, 1 M ratings (of random values: speed does not depend on them).

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use datasets::ratings::Rating;
use gaia_core::kernel::significant;
use gaia_core::simd::Isa;
use gaia_core::workload::mf::block::Block;
use gaia_core::workload::mf::init::{Factor, initial_rows};
use gaia_core::workload::mf::kernel::{AdaGrad, Step, Sums, sgd};
use gaia_core::workload::mf::rows::Rows;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const USERS: u32 = 10_000;
const ITEMS: u32 = 2_000;
const RATINGS: usize = 1_000_000;
/// Entries of the filtered table: 1 MiB, half accumulated updates and half values.
const FILTERED: usize = 1 << 17;

fn ratings() -> Vec<Rating> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut below = |bound: u32| ((u64::from(random.next_u32()) * u64::from(bound)) >> 32) as u32;
    (0..RATINGS).map(|_| Rating { user: below(USERS), item: below(ITEMS), value: below(5) as f32 - 2.0 }).collect()
}

fn supported() -> impl Iterator<Item = Isa> {
    // Scalar code calls a function for every multiply-add here; its time is no measure.
    [Isa::Avx2, Isa::Avx512].into_iter().filter(|isa| isa.is_supported())
}

fn updates(criterion: &mut Criterion) {
    let ratings = ratings();
    let mut group = criterion.benchmark_group("mf/sgd");
    group.throughput(Throughput::Elements(RATINGS as u64));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    for rank in [32, 100, 500] {
        let block = Block::new(&ratings, USERS as usize, ITEMS as usize, rank, 1, 0.0);
        for sums in [None, Some(Sums::Entries), Some(Sums::Rows)] {
            for isa in supported() {
                pass(&mut group, isa, &block, sums);
            }
        }
    }
    group.finish();
}

fn pass(group: &mut BenchmarkGroup<'_, WallTime>, isa: Isa, block: &Block, sums: Option<Sums>) {
    let rank = block.rank();
    let mut l = Rows::from_packed(&initial_rows(1, Factor::Users, 0..USERS, rank), rank);
    let mut r = Rows::from_packed(&initial_rows(1, Factor::Items, 0..ITEMS, rank), rank);
    let mut squares = sums.unwrap_or_default().zeros(l.len(), rank);
    let adagrad = sums.map(|sums| AdaGrad { rate: 0.05, sums });
    let step = Step { learning_rate: 0.01, lambda: 0.1, adagrad };
    let rule = match sums {
        None => "plain",
        Some(Sums::Entries) => "adagrad",
        Some(Sums::Rows) => "adagrad-by-row",
    };
    group.bench_function(BenchmarkId::new(format!("{rule}/rank-{rank}"), isa), |bencher| {
        bencher.iter(|| sgd(isa, block, 0, black_box(&step), &mut l, Some(&mut squares), &mut r));
    });
}

fn filter(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("significant");
    group.throughput(Throughput::Bytes(FILTERED as u64 * 8));
    let values = vec![1.0; FILTERED];
    for (share, every) in [("1%", 100), ("95%", 1)] {
        for isa in supported().chain([Isa::Scalar]) {
            let mut accumulated = vec![0.001; FILTERED];
            let (mut indexes, mut amounts) = (Vec::with_capacity(FILTERED), Vec::with_capacity(FILTERED));
            group.bench_function(BenchmarkId::new(share, isa), |bencher| {
                bencher.iter(|| {
                    accumulated.iter_mut().step_by(every).for_each(|update| *update = 0.02);
                    accumulated.iter_mut().step_by(20).filter(|_| every == 1).for_each(|update| *update = 0.001);
                    indexes.clear();
                    amounts.clear();
                    significant(isa, &mut accumulated, black_box(&values), 0.01, &mut indexes, &mut amounts);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, updates, filter);
criterion_main!(benches);
