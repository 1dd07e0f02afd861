//! Collapsed Gibbs sampling over the tokens of a clock.
//!
//! Exact: every topic's probability is computed for every token, up to the rounding of f32 and a draw in steps of 2^-24.
//! No proposal is made and rejected, nothing is stale within the worker.
//!
//! The order makes it fast. The tokens of a tile come word by word (see [`super::block`]), so that (n_wk + beta) / (n_k + V beta),
//! the *word's factor*, is computed once for the word's tokens in the tile and kept in the L1 cache; a token changes two
//! entries of it. A token's weights are the products with n_dk + alpha, 16 topics at a time. They are summed in two
//! directions at once: topics go round over 16 lanes, and each lane keeps its running sums. To draw, the lane is found
//! first, by a scan of the 16 lanes' sums, then the place in that lane, in its running sums. There is no branch on data in
//! a token, and a changed entry is written with its 16 neighbours, so that the next token's reading need not wait for it.
//!
//! A lane's running sums are kept in four independent parts, groups of lanes going round over them, as an addition waits for
//! the one before it.

use std::hint::select_unpredictable;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::block::{Block, PARTS, Tile, groups_a_part};
use crate::simd::{Isa, Kernel, LANES, Lane, Simd, dispatch, flat_mut};

/// Random numbers that are made together.
const DRAWN_AT_ONCE: usize = 1024;
/// Words between a prefetch of a row and its use.
const AHEAD: usize = 2;

/// The priors of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Added to every count of a topic in a document.
    pub alpha: f32,
    /// Added to every count of a word in a topic.
    pub beta: f32,
    /// V: words that there are.
    pub words: u32,
    /// The factor from the sum of the view's rows to a topic's total: 1 if all words are in the view.
    pub total_scale: f64,
}

/// Draws new topics for the tokens of clock `clock` (in `0..clocks_per_pass`) of the block. `assigned` holds the topics of
/// all tokens in the block's order, `view` a row of counts for each of the block's rows; both are left changed. One number
/// of 32 bits is taken from `random` for a token.
///
/// # Panics
/// Panics if shapes do not match, or the processor lacks `isa`.
pub fn sample(
    isa: Isa,
    block: &Block,
    clock: u32,
    prior: &Prior,
    random: &mut ChaCha8Rng,
    assigned: &mut [u16],
    view: &mut [f32],
) {
    assert_eq!(assigned.len(), block.len(), "a topic for every token");
    assert_eq!(view.len(), block.rows() * block.topics() as usize, "a row for every word, of a float a topic");
    dispatch(isa, Pass { block, tiles: block.tiles_of(clock), prior, random, assigned, view });
}

/// The sums of a view's rows, one entry per topic. Exact: counts are whole numbers below 2^53 in all.
pub fn totals(isa: Isa, topics: u32, view: &[f32]) -> Vec<f64> {
    dispatch(isa, Totals { topics: topics as usize, view })
}

struct Totals<'a> {
    topics: usize,
    view: &'a [f32],
}

impl Kernel for Totals<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> Vec<f64> {
        let mut totals = vec![0.0; self.topics];
        for row in self.view.chunks_exact(self.topics) {
            for (total, &count) in totals.iter_mut().zip(row) {
                *total += f64::from(count);
            }
        }
        totals
    }
}

struct Pass<'a> {
    block: &'a Block,
    tiles: &'a [Tile],
    prior: &'a Prior,
    random: &'a mut ChaCha8Rng,
    assigned: &'a mut [u16],
    view: &'a mut [f32],
}

impl Kernel for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Pass { block, tiles, prior, random, assigned, view } = self;
        let topics = block.topics() as usize;
        let mut words = Words::new(prior, Totals { topics, view }.run(simd));
        let groups = words.factor.len();
        let mut draws = Draws { random, numbers: [[0; 4]; DRAWN_AT_ONCE], taken: DRAWN_AT_ONCE };
        let mut documents = Vec::new();
        for tile in tiles {
            let (of_tokens, topics_of) = (&block.documents[tile.tokens.clone()], &assigned[tile.tokens.clone()]);
            count_documents(&mut documents, tile.documents.len(), groups, of_tokens, topics_of);
            let runs = &block.runs[tile.runs.clone()];
            for (index, run) in runs.iter().enumerate() {
                if let Some(next) = runs.get(index + AHEAD) {
                    let row = &view[next.row as usize * topics..][..topics];
                    row.iter().step_by(LANES).for_each(|count| simd.prefetch(count));
                }
                let row = &mut view[run.row as usize * topics..][..topics];
                words.begin(row);
                let of_tokens = &block.documents[run.tokens.clone()];
                for (&document, topic) in of_tokens.iter().zip(&mut assigned[run.tokens.clone()]) {
                    let document = &mut documents[usize::from(document) * groups..][..groups];
                    words.change(simd, row, document, usize::from(*topic), -1.0);
                    let drawn = words.draw(simd, document, draws.next());
                    words.change(simd, row, document, drawn, 1.0);
                    *topic = drawn as u16;
                }
            }
        }
    }
}

/// The counts of topics in each document of a tile, `groups` lanes a document.
#[inline(always)]
fn count_documents(counts: &mut Vec<Lane>, documents: usize, groups: usize, of_tokens: &[u16], topics_of: &[u16]) {
    counts.clear();
    counts.resize(documents * groups, Lane::ZERO);
    let counts = flat_mut(counts);
    for (&document, &topic) in of_tokens.iter().zip(topics_of) {
        counts[usize::from(document) * groups * LANES + usize::from(topic)] += 1.0;
    }
}

/// Numbers from 0 to 1, without 1.
struct Draws<'a> {
    random: &'a mut ChaCha8Rng,
    numbers: [[u8; 4]; DRAWN_AT_ONCE],
    taken: usize,
}

impl Draws<'_> {
    #[inline(always)]
    fn next(&mut self) -> f32 {
        if self.taken == DRAWN_AT_ONCE {
            self.random.fill_bytes(self.numbers.as_flattened_mut());
            self.taken = 0;
        }
        let bits = u32::from_le_bytes(self.numbers[self.taken]) >> 8;
        self.taken += 1;
        bits as f32 * (1.0 / (1 << 24) as f32)
    }
}

/// The contributions of the topics to the current word.
struct Words {
    alpha: f32,
    beta: f32,
    /// V beta: the number of words times the prior of each.
    mass: f64,
    /// n_k + V beta. A changed total differs from the exact one by the rounding of f64.
    totals: Vec<f64>,
    /// 1 / totals, rounded to f32.
    inverse: Vec<f32>,
    /// (n_wk + beta) / (n_k + V beta); 0 beyond the last topic.
    factor: Vec<Lane>,
    /// A draw's running sums.
    sums: Vec<Lane>,
}

impl Words {
    #[inline(always)]
    fn new(prior: &Prior, sums: Vec<f64>) -> Words {
        let mass = f64::from(prior.beta) * f64::from(prior.words);
        let totals: Vec<f64> = sums.into_iter().map(|sum| sum.max(0.0) * prior.total_scale + mass).collect();
        let inverse: Vec<f32> = totals.iter().map(|total| (1.0 / total) as f32).collect();
        let groups = groups_a_part(totals.len()) * PARTS;
        let (factor, sums) = (vec![Lane::ZERO; groups], vec![Lane::ZERO; groups]);
        Words { alpha: prior.alpha, beta: prior.beta, mass, totals, inverse, factor, sums }
    }

    /// Turns to the word with these counts.
    #[inline(always)]
    fn begin(&mut self, row: &[f32]) {
        let topics = self.totals.len();
        let factors = flat_mut(&mut self.factor)[..topics].iter_mut();
        for ((factor, &count), inverse) in factors.zip(row).zip(&self.inverse) {
            *factor = (clamped(count) + self.beta) * inverse;
        }
    }

    /// Changes the counts of a topic, in the word at hand and in the document.
    #[inline(always)]
    fn change<S: Simd>(&mut self, simd: S, row: &mut [f32], document: &mut [Lane], topic: usize, by: f32) {
        let (group, lane) = (topic / LANES, topic % LANES);
        let count = row[topic] + by;
        row[topic] = count;
        let total = at_least(self.totals[topic] + f64::from(by), self.mass);
        self.totals[topic] = total;
        let inverse = (1.0 / total) as f32;
        self.inverse[topic] = inverse;
        set_lane(simd, &mut self.factor[group], lane, (clamped(count) + self.beta) * inverse);
        let in_document = document[group].0[lane] + by;
        set_lane(simd, &mut document[group], lane, in_document);
    }

    /// A topic for a token of the word at hand, by `point` of the whole weight.
    #[inline(always)]
    fn draw<S: Simd>(&mut self, simd: S, document: &[Lane], point: f32) -> usize {
        let lanes = self.running_sums(simd, document);
        let scan = simd.scan(lanes);
        let target = simd.mul(simd.splat(point), simd.splat_last(scan));
        let lane = simd.first_above(scan, target) % LANES;
        // How far the point is into each lane, if that is the one.
        let mut into = [0.0; LANES];
        simd.store(simd.sub(target, simd.sub(scan, lanes)), &mut into);
        let (sums, _) = self.sums.as_chunks::<PARTS>();
        let [first, second, third, _] = sums.last().expect("there are topics").each_ref().map(|sum| sum.0[lane]);
        let (second, third) = (first + second, first + second + third);
        let point = into[lane];
        let part = usize::from(point >= first) + usize::from(point >= second) + usize::from(point >= third);
        let point = point - [0.0, first, second, third][part];
        let group = first_above(sums, part, lane, point) * PARTS + part;
        // Rounding can lead beyond the last topic.
        (group * LANES + lane).min(self.totals.len() - 1)
    }

    /// Leaves in `sums` each part's running sums, lane by lane, and returns the lanes' sums.
    #[inline(always)]
    fn running_sums<S: Simd>(&mut self, simd: S, document: &[Lane]) -> S::Floats {
        let alpha = simd.splat(self.alpha);
        let mut sums = [simd.splat(0.0); PARTS];
        let (factors, _) = self.factor.as_chunks::<PARTS>();
        let (documents, _) = document.as_chunks::<PARTS>();
        let (running, _) = self.sums.as_chunks_mut::<PARTS>();
        for ((factors, documents), running) in factors.iter().zip(documents).zip(running) {
            for part in 0..PARTS {
                let weight = simd.mul(simd.load(&factors[part].0), simd.add(simd.load(&documents[part].0), alpha));
                sums[part] = simd.add(sums[part], weight);
                simd.store(sums[part], &mut running[part].0);
            }
        }
        simd.add(simd.add(sums[0], sums[1]), simd.add(sums[2], sums[3]))
    }
}

/// `f64::max` without its care for NaN.
#[inline(always)]
fn at_least(x: f64, least: f64) -> f64 {
    if x > least { x } else { least }
}

/// A count as a model can have it.
#[inline(always)]
fn clamped(count: f32) -> f32 {
    if count > 0.0 { count } else { 0.0 }
}

/// Writes a lane together with its neighbours: a processor passes on a store to a load of the same width at once.
#[inline(always)]
fn set_lane<S: Simd>(simd: S, lanes: &mut Lane, lane: usize, x: f32) {
    simd.store(simd.with_lane(simd.load(&lanes.0), lane, x), &mut lanes.0);
}

/// The first of a part's running sums whose lane `lane` is above `x`; the last when none is. Halving without branches.
#[inline(always)]
fn first_above(sums: &[[Lane; PARTS]], part: usize, lane: usize, x: f32) -> usize {
    let (mut first, mut left) = (0, sums.len());
    while left > 1 {
        let half = left / 2;
        first += select_unpredictable(sums[first + half - 1][part].0[lane] <= x, half, 0);
        left -= half;
    }
    first
}
