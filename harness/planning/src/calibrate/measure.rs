//! One rate after another, on this thread.

use std::hint::black_box;
use std::sync::Arc;

use gaia_core::layout::{Layout, Segment, Table};
use gaia_core::server::store::{Operation, Store, StoreTask};
use gaia_core::simd::Isa;
use gaia_core::sync::config::Encoding;
use gaia_core::wire::Payload;
use gaia_core::workload::traits::Workload;
use rustix::time::{ClockId, clock_gettime};

/// The seed of data that are measured on.
pub const SEED: u64 = 1;
/// A shard's rows: 32 MB, as one of Netflix at rank 500 in a site of one machine.
const ROW_FLOATS: u32 = 500;
const ROWS: u32 = 16_000;
/// Messages that a shard reads are of about this size: 1 MB.
const MESSAGE_FLOATS: usize = 250_000;
/// One update in this many is significant where the filter is measured: the paper's 95 % are not.
const SIGNIFICANT_EVERY: usize = 20;

/// Seconds of one core per unit of work, unless stated otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// For learning from it.
    pub learn: f64,
    /// For evaluating the objective on it.
    pub judge: f64,
    /// For evaluating the objective, per float that a worker reads; 0 if it is part of `judge`.
    pub judge_float: f64,
}

/// The effort of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Repetitions of each rate.
    pub repetitions: u32,
    /// The least processor time of a repetition.
    pub seconds: f64,
}

/// Units of work per second of one thread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The median of all repetitions.
    pub median: f64,
    lowest: f64,
    highest: f64,
}

/// The rates of a server, in bytes of parameters per second.
pub struct Server {
    /// Adding updates to parameters.
    pub apply: Rate,
    /// Scanning accumulated updates for significance.
    pub filter: Rate,
    /// Writing a message of updates.
    pub encode: Rate,
    /// Reading a message of updates.
    pub decode: Rate,
}

impl Rate {
    /// The median of the measured `rates`, of which there is at least one, and their spread.
    fn of(mut rates: Vec<f64>) -> Rate {
        rates.sort_by(f64::total_cmp);
        let (lower, upper) = (rates[(rates.len() - 1) / 2], rates[rates.len() / 2]);
        Rate { median: (lower + upper) / 2.0, lowest: rates[0], highest: rates[rates.len() - 1] }
    }

    /// The largest less the smallest over the median.
    pub fn spread(&self) -> f64 {
        (self.highest - self.lowest) / self.median
    }
}

/// A worker's clock, in units of work.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Units of work that it learns from.
    pub learnt: u64,
    /// Units of work that it is evaluated on.
    pub judged: u64,
    /// Clocks before the first that is measured.
    pub warm_up: u32,
}

/// Seconds per unit of work of a worker.
pub fn pace<W: Workload>(worker: &W, clock: Clock, effort: Effort) -> Pace {
    let Clock { learnt, judged, warm_up } = clock;
    let (mut view, state) = (initial_view(worker), worker.initial_state());
    let judge = |(): &mut ()| {
        black_box(worker.evaluate(&state, &view));
    };
    let judge = rate(judged as f64, effort, &mut (), |()| (), judge);
    let learn = clocks(worker, &mut view, learnt, warm_up, effort, cpu_seconds);
    Pace { learn: 1.0 / learn.median, judge: 1.0 / judge.median, judge_float: 0.0 }
}

/// The rows that a worker reads before the first clock.
pub fn initial_view<W: Workload>(worker: &W) -> Vec<f32> {
    let (layout, mut view) = (worker.layout(), Vec::new());
    for &row in worker.declared_rows() {
        let start = view.len();
        view.resize(start + layout.width(row), 0.0);
        worker.initial_row(row, &mut view[start..]);
    }
    view
}

/// `work` units per clock, in seconds of `time`. The worker goes on learning, as it would in a run of its own.
pub fn clocks<W: Workload>(
    worker: &W,
    view: &mut [f32],
    work: u64,
    warm_up: u32,
    effort: Effort,
    time: impl Fn() -> f64,
) -> Rate {
    let mut state = worker.initial_state();
    (0..warm_up).for_each(|clock| worker.compute(clock, &mut state, view));
    let mut clock = warm_up;
    let compute = |state: &mut W::State| {
        worker.compute(clock, state, view);
        clock += 1;
    };
    rate_by(time, work as f64, effort, &mut state, |_| (), compute)
}

/// Bytes of parameters that a shard adds updates to.
pub fn apply(isa: Isa, effort: Effort) -> Rate {
    let rows = Shard::new();
    let mut store = Store { values: vec![1.0; rows.floats].into(), ..Store::default() };
    let apply = |store: &mut Store| {
        let updates = vec![(rows.segments.clone(), rows.update.clone())];
        run(store, Operation::Apply(updates, Arc::from([])), isa);
    };
    rate(rows.bytes(), effort, &mut store, |_| (), apply)
}

/// A shard's rows, and an update of all of them.
struct Shard {
    segments: Arc<[Segment]>,
    floats: usize,
    update: Payload,
}

impl Shard {
    fn new() -> Self {
        let layout = Layout::new(vec![Table { name: "rows".to_owned(), rows: ROWS, width: ROW_FLOATS }]);
        let rows = layout.row_set(0..ROWS);
        let floats = layout.floats();
        Shard { segments: rows.common(&rows), floats, update: Payload::Dense(vec![1e-3; floats].into()) }
    }

    fn bytes(&self) -> f64 {
        self.floats as f64 * 4.0
    }
}

/// The work of a shard on its rows.
pub fn server(isa: Isa, effort: Effort) -> Server {
    let apply = apply(isa, effort);
    let rows = Shard::new();
    let (floats, bytes, update) = (rows.floats, rows.bytes(), rows.update);

    let mut accumulated = vec![1e-3; floats];
    accumulated.iter_mut().step_by(SIGNIFICANT_EVERY).for_each(|update| *update = 0.02);
    let mut store =
        Store { values: vec![1.0; floats].into(), accumulated: vec![accumulated.clone()], ..Store::default() };
    let fill = |store: &mut Store| store.accumulated[0].copy_from_slice(&accumulated);
    let filter = |store: &mut Store| {
        let encoding = Encoding::Plain;
        run(store, Operation::Filter { side: 0, threshold: 0.01, most: usize::MAX, encoding }, isa);
    };
    let filter = rate(bytes, effort, &mut store, fill, filter);

    let mut encoded = Vec::new();
    let encode = |encoded: &mut Vec<u8>| black_box(&update).encode(Encoding::Plain, encoded);
    let encode = rate(bytes, effort, &mut encoded, Vec::clear, encode);
    encoded.clear();
    Payload::Dense(vec![1e-3; MESSAGE_FLOATS].into()).encode(Encoding::Plain, &mut encoded);
    let mut messages = vec![encoded; floats / MESSAGE_FLOATS];
    let decode = |messages: &mut Vec<Vec<u8>>| {
        for message in messages {
            black_box(
                Payload::decode(black_box(message), Encoding::Plain, MESSAGE_FLOATS).expect("it was just encoded"),
            );
        }
    };
    let decode = rate(bytes, effort, &mut messages, |_| (), decode);
    Server { apply, filter, encode, decode }
}

fn run(store: &mut Store, operation: Operation, isa: Isa) {
    let (back, outcome) = StoreTask { store: std::mem::take(store), operation, isa }.run();
    black_box(outcome);
    *store = back;
}

/// Units per second of processor time when one piece of `work` has `units`. The time of `prepare` is not counted.
fn rate<T>(units: f64, effort: Effort, state: &mut T, prepare: impl FnMut(&mut T), work: impl FnMut(&mut T)) -> Rate {
    rate_by(cpu_seconds, units, effort, state, prepare, work)
}

/// The same in seconds of `time`.
fn rate_by<T>(
    time: impl Fn() -> f64,
    units: f64,
    effort: Effort,
    state: &mut T,
    mut prepare: impl FnMut(&mut T),
    mut work: impl FnMut(&mut T),
) -> Rate {
    let mut once = || {
        prepare(state);
        let before = time();
        work(state);
        time() - before
    };
    // Memory is mapped, and caches are as they will be.
    once();
    let mut repetition = || {
        let (mut pieces, mut seconds) = (0.0, 0.0);
        while seconds < effort.seconds || pieces == 0.0 {
            seconds += once();
            pieces += 1.0;
        }
        pieces * units / seconds
    };
    Rate::of((0..effort.repetitions.max(1)).map(|_| repetition()).collect())
}

/// To four digits: more was not measured.
pub fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().expect("a number in scientific form is one")
}

/// Seconds that this thread has been on a processor.
pub fn cpu_seconds() -> f64 {
    seconds_of(ClockId::ThreadCPUTime)
}

/// The reading of a clock, in seconds.
pub fn seconds_of(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_median_with_its_spread() {
        let rate = Rate::of(vec![5.0, 1.0, 4.0]);
        assert_eq!((rate.median, rate.spread()), (4.0, 1.0));
        assert_eq!(Rate::of(vec![2.0, 4.0]).median, 3.0);
    }

    #[test]
    fn preparation_is_not_counted_and_work_is_repeated() {
        let spin = |seconds: f64| {
            let until = cpu_seconds() + seconds;
            while cpu_seconds() < until {}
        };
        let effort = Effort { repetitions: 3, seconds: 0.02 };
        let measured = rate(10.0, effort, &mut (), |()| spin(0.02), |()| spin(0.005));
        assert!((1_000.0..=2_001.0).contains(&measured.median), "{measured:?}");
    }
}
