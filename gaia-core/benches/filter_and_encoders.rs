//! The significance filter against the rate at which one thread reads memory, and the encodings of updates at 1 % density.
//!
//! Processor time of this thread, median of [`ROUNDS`] rounds that measure everything in turn. GB/s of the filter count the accumulated
//! updates and the values, 8 bytes per parameter; the read rate is that of a sum over two arrays of the same sizes. GB/s of encodings count
//! 8 bytes per update, its index and value in memory. Run with `cargo bench -p gaia-core --bench filter_and_encoders`.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::hint::black_box;
use std::sync::Arc;

use gaia_core::server::store::{Operation, Store, StoreTask};
use gaia_core::simd::Isa;
use gaia_core::sync::config::Encoding;
use gaia_core::wire::{self, Payload, Sparse};
use rustix::time::{ClockId, clock_gettime};

/// Measurements of a number, of which the median counts.
const ROUNDS: usize = 9;
/// Parameters that the accumulated updates and values of do not fit into caches: 512 MiB of both.
const IN_MEMORY: usize = 1 << 26;
/// Parameters of which both take 256 KiB.
const IN_L2: usize = 1 << 15;
/// Parameters of the array that encoded updates are of.
const ENCODED: u32 = 1 << 22;
/// Every how many parameters there is a significant update, on average.
const EVERY: u64 = 100;

/// The random stream of the measured data (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * u128::from(bound)) >> 64) as u64
    }

    /// About normal, of unit variance.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.below(1 << 24) as f32 / (1 << 24) as f32).sum::<f32>() - 6.0
    }
}

/// Seconds that this thread has been on a processor.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Accumulated updates of which one in [`EVERY`] is above 1 % of its value.
struct Filtered {
    store: Store,
    /// The significant ones, which a filter takes out.
    significant: Vec<(usize, f32)>,
}

impl Filtered {
    /// `held`: the updates below the threshold; 0 where all others are.
    fn new(floats: usize, held: f32) -> Self {
        let mut random = Random(1);
        let places = (0..floats).filter(|_| random.below(EVERY) == 0).collect::<Vec<_>>();
        let significant = places.into_iter().map(|place| (place, 0.5 + random.below(100) as f32)).collect();
        let store =
            Store { values: vec![5.0; floats].into(), accumulated: vec![vec![held; floats]], ..Store::default() };
        Filtered { store, significant }
    }

    fn restore(&mut self) {
        self.significant.iter().for_each(|&(place, update)| self.store.accumulated[0][place] = update);
    }

    fn filter(&mut self) {
        let store = std::mem::take(&mut self.store);
        let encoding = Encoding::Plain;
        let operation = Operation::Filter { side: 0, threshold: 0.01, most: usize::MAX, encoding };
        let (store, outcome) = StoreTask { store, operation, isa: Isa::detect() }.run();
        black_box(outcome);
        self.store = store;
    }

    fn read(&self) {
        let (accumulated, values) = (black_box(&self.store.accumulated[0]), black_box(&self.store.values));
        let words = accumulated.iter().zip(values.iter());
        black_box(words.fold(0u32, |sum, (one, other)| sum.wrapping_add(one.to_bits() ^ other.to_bits())));
    }
}

/// GB/s of reading and of the filter, and their ratio.
fn filter(name: &str, floats: usize, held: f32) {
    let (mut data, repeats) = (Filtered::new(floats, held), (IN_MEMORY / floats).div_ceil(8));
    let mut seconds = |work: &mut dyn FnMut(&mut Filtered)| {
        let start = cpu_seconds();
        (0..repeats).for_each(|_| work(&mut data));
        cpu_seconds() - start
    };
    let gigabytes = (repeats * floats * 8) as f64 / 1e9;
    let (mut read, mut filtered) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        read.push(gigabytes / seconds(&mut |data| data.read()));
        let restored = seconds(&mut |data| data.restore());
        let both = seconds(&mut |data| {
            data.restore();
            data.filter();
        });
        filtered.push(gigabytes / (both - restored));
    }
    let (read, filtered) = (median(read.split_off(1)), median(filtered.split_off(1)));
    println!("{name:32} {read:8.1} {filtered:8.1} {:6.2}", filtered / read);
}

/// Updates at random places, of values from `value`.
fn updates(mut value: impl FnMut(&mut Random) -> f32) -> Payload {
    let mut random = Random(2);
    let index: Vec<u32> = (0..ENCODED).filter(|_| random.below(EVERY) == 0).collect();
    let value = index.iter().map(|_| value(&mut random)).collect();
    Payload::Sparse(Arc::new(Sparse { len: ENCODED, index, value }))
}

/// The updates as a lossy encoding has them.
fn as_sent(payload: &Payload, encoding: Encoding) -> Payload {
    let Payload::Sparse(sparse) = payload else { unreachable!("updates are sparse") };
    let mut sparse = Sparse::clone(sparse);
    wire::cut(&mut sparse, encoding, |_, _| ());
    Payload::Sparse(Arc::new(sparse))
}

/// Bits per update and GB/s of measuring, writing and reading.
fn encoders(name: &str, payload: &Payload, encodings: &[Encoding]) {
    let Payload::Sparse(sparse) = payload else { unreachable!("updates are sparse") };
    let (updates, repeats) = (sparse.index.len(), 50);
    let gigabytes = (repeats * updates * 8) as f64 / 1e9;
    for &encoding in encodings {
        let mut bytes = Vec::new();
        payload.encode(encoding, &mut bytes);
        let bits = bytes.len() as f64 * 8.0 / updates as f64;
        let (mut measured, mut written, mut decoded) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let seconds = |work: &mut dyn FnMut()| {
                let start = cpu_seconds();
                (0..repeats).for_each(|_| work());
                cpu_seconds() - start
            };
            measured.push(gigabytes / seconds(&mut || _ = black_box(black_box(payload).encoded_len(encoding))));
            let write = &mut || {
                bytes.clear();
                black_box(payload).encode(encoding, &mut bytes);
            };
            written.push(gigabytes / seconds(write));
            let read = &mut || {
                black_box(Payload::decode(black_box(&bytes), encoding, ENCODED as usize).expect("it was written"));
            };
            decoded.push(gigabytes / seconds(read));
        }
        let [measured, written, decoded] = [measured, written, decoded].map(median);
        let encoding = encoding.name();
        println!("{name:8} {encoding:10} {bits:8.2} {measured:8.2} {written:8.2} {decoded:8.2}");
    }
}

fn main() {
    println!("{:32} {:>8} {:>8} {:>6}", format!("filter ({})", Isa::detect()), "read", "filter", "ratio");
    filter("memory, all accumulated", IN_MEMORY, 0.01);
    filter("memory, others zero", IN_MEMORY, 0.0);
    filter("L2, all accumulated", IN_L2, 0.01);
    filter("L2, others zero", IN_L2, 0.0);

    let density = 1.0 / EVERY as f64;
    let entropy = -density.log2() - (1.0 - density) / density * (1.0 - density).log2();
    println!("\nentropy of a place: {entropy:.2} bits; of a count of -3 to 3, without 0: {:.2} bits", 6f64.log2());
    println!("{:8} {:10} {:>8} {:>8} {:>8} {:>8}", "updates", "encoding", "bits", "measure", "write", "read");
    let lossless = [Encoding::Plain, Encoding::Packed, Encoding::Smallest, Encoding::Rice];
    let floats = updates(|random| random.normal() * 0.01);
    encoders("floats", &floats, &lossless);
    for encoding in [Encoding::Bf16, Encoding::Int8] {
        encoders("floats", &as_sent(&floats, encoding), &[encoding]);
    }
    encoders("counts", &updates(|random| [-3.0, -2.0, -1.0, 1.0, 2.0, 3.0][random.below(6) as usize]), &lossless);
}
