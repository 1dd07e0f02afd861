//! Ratings with the shape of the Netflix Prize, at any scale, from a seed.
//!
//! The model. User u gives item i
//!
//! > round(3.67 + a_u + b_i + p_u . q_i + e), cut to 1..5 stars,
//!
//! where a (users), b (items), p, q (`rank` factors each) and e (noise) are normal. Their standard deviations divide the
//! variance as it is in Netflix: 32.5 % biases, 10.1 % user-item interaction, 57.4 % unexplained (Koren, The BellKor
//! Solution to the Netflix Grand Prize, 2009: 0.415, 0.129 and 0.732 of 1.276); the biases' part is halved between users
//! and items, which is our choice. Mean and total deviation before rounding (3.67, 1.182) are those whose rounded and
//! cut values have Netflix's mean 3.604 and deviation 1.085 (from the counts of stars in the training set: 4,617,990
//! 10,132,080 28,811,247 33,750,958 23,168,232).
//!
//! Activity of users is log-normal with sigma 1.26: the value at which, with Netflix's mean of 209.25 ratings per user
//! (KONECT, network "netflix"), 3.4 % have fewer than ten (16,419 of 480,189, counted by C. H. Chan, 2007). Counts are
//! at least 1 and at most the number of items.
//!
//! Popularity of items falls with rank as exp(-c x^b), x = rank / items. A user never rates an item twice, so that the
//! most popular items get less than their weight; c and b are fitted so that the *outcome* has Netflix's head: the
//! first item has 41 times the mean number of ratings (232,944 of 100,480,507; KONECT) and the first 1.7 % of the items
//! 33 % of all ratings (Cremonesi, Koren and Turrin, RecSys 2010).
//!
//! Users and items are shuffled: numbers carry no information.
//!
//! Not modelled: dates, and a tie between popularity and stars or between taste and the choice of items. At
//! scales of 0.1 and below a few of the least popular items may have no rating.
//!
//! Same seed and config, same bits on every machine.

use rand_chacha::ChaCha8Rng;

use super::config::{Generated, Shape};
use super::held_out::{HeldOut, split};
use super::{Rating, Ratings};
use crate::deal::{Dealer, Skew};
use crate::random::{Alias, Normals, shuffle, stream, uniform};
use crate::split::Split;

/// Mean of a rating in stars, before rounding and cutting.
const MEAN: f64 = 3.67;
/// Standard deviation of each of the two biases in stars: sqrt(1.182^2 x 0.325 / 2).
const BIAS: f64 = 0.4765;
/// Standard deviation of the user-item interaction in stars: sqrt(1.182^2 x 0.101).
const TASTE: f64 = 0.3756;
/// Sigma of the log-normal activity of users.
const ACTIVITY_SIGMA: f64 = 1.26;
/// c and b of the popularity law exp(-c x^b).
const POPULARITY_FALL: f64 = 10.4;
const POPULARITY_BEND: f64 = 0.37;

/// Users that the expected popularity of items is taken from.
const USERS_LOOKED_AT: usize = 256;
/// A user who rates more than this share of all items is served by ranking them instead of by repeated draws.
const DRAWS_UP_TO_SHARE: usize = 4;

/// Ratings as `config` asks for them, the same for the same seed. Ordered, without duplicates, at least one training
/// rating per user. Takes 12 bytes per rating and the held-out part while it works.
///
/// # Panics
/// If [`Generated::check`] finds an error.
pub fn generate(config: &Generated, seed: u64) -> Ratings {
    let errors = config.check();
    assert!(errors.is_empty(), "generate needs a checked config: {}", errors[0]);
    let shape = config.shape();
    let all = Generator::new(config, shape, seed).ratings();
    let held_out = HeldOut { share: config.held_out, seed };
    let (train, held_out) = split(all, shape.users, shape.items, held_out);
    let name = format!("generated, {} users x {} items, {} ratings", shape.users, shape.items, shape.ratings);
    Ratings::new(name, shape.users, shape.items, train, held_out)
}

/// The expected share of the items that a worker has a training rating of among those of one clock, the mean over `workers` that
/// the users are dealt to evenly and that go through their ratings in `clocks_per_pass` clocks. Without generating them.
///
/// A user of `n` ratings has item `i`, with share `p` of the popularity, with probability `1 - exp(-m p)`, where `m`, the draws that
/// give `n` different items, grows without limit as `n` nears all items: a few users who have rated nearly everything decide what
/// their worker touches.
///
/// # Panics
/// If [`Generated::check`] finds an error, or without workers or clocks.
pub fn touched_share(config: &Generated, seed: u64, workers: u32, clocks_per_pass: u32) -> f64 {
    let shape = config.shape();
    let counts = activity(shape, config.activity, seed);
    let mut weights = popularity(shape.items, config.popularity, seed);
    let total: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= total);
    let draws = Draws::of(&weights);
    let of_clock = (1.0 - config.held_out) / f64::from(clocks_per_pass);
    let dealer = Dealer::deal_as(Split::<()>::Even, &counts, &[workers], |()| Skew::Sizes);
    let mut drawn = vec![0.0; workers as usize];
    for (&count, &machine) in counts.iter().zip(dealer.machine_of()) {
        drawn[machine as usize] += draws.for_items(f64::from(count)) * of_clock;
    }
    drawn.iter().map(|&draws| different(&weights, draws)).sum::<f64>() / f64::from(workers) / f64::from(shape.items)
}

/// The expected number of different items in `draws` independent draws, by shares of popularity.
fn different(shares: &[f64], draws: f64) -> f64 {
    shares.iter().map(|share| 1.0 - libm::exp(-draws * share)).sum()
}

/// The number of independent draws by the number of different items that they give: a table, and straight lines between.
struct Draws {
    /// Items and the logarithm of the draws, ascending.
    table: Vec<(f64, f64)>,
}

impl Draws {
    fn of(shares: &[f64]) -> Self {
        let draws = |step: u32| f64::from(step) * 0.1 - 1.0;
        let entry = |step| (different(shares, libm::exp(draws(step))), draws(step));
        Draws { table: (0..220).map(entry).collect() }
    }

    fn for_items(&self, items: f64) -> f64 {
        let after = self.table.partition_point(|&(there, _)| there < items).clamp(1, self.table.len() - 1);
        let ((few, low), (many, high)) = (self.table[after - 1], self.table[after]);
        let place = if many > few { ((items - few) / (many - few)).clamp(0.0, 1.0) } else { 1.0 };
        libm::exp(low + place * (high - low))
    }
}

struct Generator {
    shape: Shape,
    rank: usize,
    noise: f64,
    /// Ratings of each user.
    counts: Vec<u32>,
    /// Popularity of each item.
    weights: Vec<f64>,
    user_bias: Vec<f64>,
    item_bias: Vec<f64>,
    /// `users x rank` and `items x rank`.
    user_taste: Vec<f32>,
    item_taste: Vec<f32>,
    seed: u64,
}

impl Generator {
    fn new(config: &Generated, shape: Shape, seed: u64) -> Self {
        let rank = config.rank as usize;
        let counts = activity(shape, config.activity, seed);
        let weights = popularity(shape.items, config.popularity, seed);
        let user_weights: Vec<f64> = counts.iter().map(|&n| f64::from(n)).collect();
        // A product of two deviates of scale s has deviation s^2; `rank` of them add up in squares.
        let taste = libm::sqrt(TASTE / libm::sqrt(rank as f64));
        Generator {
            shape,
            rank,
            noise: config.noise,
            user_bias: biases(&user_weights, seed, "user bias"),
            item_bias: biases(&expected_counts(&counts, &weights), seed, "item bias"),
            user_taste: factors(shape.users as usize * rank, taste, seed, "user taste"),
            item_taste: factors(shape.items as usize * rank, taste, seed, "item taste"),
            counts,
            weights,
            seed,
        }
    }

    fn ratings(&self) -> Vec<Rating> {
        let mut chooser = Chooser::new(&self.weights, self.seed);
        let mut noise = Normals::new(stream(self.seed, "noise"));
        let mut ratings = Vec::with_capacity(self.shape.ratings as usize);
        for user in 0..self.shape.users {
            for &item in chooser.choose(self.counts[user as usize] as usize) {
                let stars = self.expected(user as usize, item as usize) + self.noise * noise.draw();
                let value = libm::floor(stars + 0.5).clamp(1.0, 5.0) as f32;
                ratings.push(Rating { user, item, value });
            }
        }
        ratings
    }

    fn expected(&self, user: usize, item: usize) -> f64 {
        let user_taste = &self.user_taste[user * self.rank..][..self.rank];
        let item_taste = &self.item_taste[item * self.rank..][..self.rank];
        let interaction: f32 = user_taste.iter().zip(item_taste).map(|(p, q)| p * q).sum();
        MEAN + self.user_bias[user] + self.item_bias[item] + f64::from(interaction)
    }
}

/// The number of items that each user rates: log-normal, at least 1, at most all items, `shape.ratings` in total.
fn activity(shape: Shape, strength: f64, seed: u64) -> Vec<u32> {
    let mut normals = Normals::new(stream(seed, "activity"));
    let raw: Vec<f64> = (0..shape.users).map(|_| libm::exp(ACTIVITY_SIGMA * strength * normals.draw())).collect();
    let items = f64::from(shape.items);
    let total = |factor: f64| raw.iter().map(|a| (factor * a).clamp(1.0, items)).sum::<f64>();
    let wanted = shape.ratings as f64;
    let (mut low, mut high) = (0.0, 1.0);
    while total(high) < wanted && high < 1e18 {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if total(middle) < wanted { low = middle } else { high = middle }
    }
    // Rounded so that what is cut off one user goes to the next: the total is exact, and no user is moved by more than 1.
    let mut carried = 0.5;
    let rounded = raw.iter().map(|a| {
        carried += (high * a).clamp(1.0, items);
        let whole = libm::floor(carried);
        carried -= whole;
        whole as u32
    });
    rounded.collect()
}

/// The weight of each item; the ranks of items are shuffled.
fn popularity(items: u32, strength: f64, seed: u64) -> Vec<f64> {
    let weight = |rank: u32| {
        let x = (f64::from(rank) + 0.5) / f64::from(items);
        libm::exp(-POPULARITY_FALL * strength * libm::pow(x, POPULARITY_BEND))
    };
    let mut weights: Vec<f64> = (0..items).map(weight).collect();
    shuffle(&mut weights, stream(seed, "popularity"));
    weights
}

/// The approximate number of ratings of each item, up to a common factor: an item with share p of the weight is in a set of
/// n items with probability near 1 - exp(-n p). Seen from [`USERS_LOOKED_AT`] users.
fn expected_counts(counts: &[u32], weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let step = counts.len().div_ceil(USERS_LOOKED_AT);
    let chance = |n: u32, weight: f64| 1.0 - libm::exp(-f64::from(n) * weight / total);
    let expected = |&weight: &f64| counts.iter().step_by(step).map(|&n| chance(n, weight)).sum();
    weights.iter().map(expected).collect()
}

/// Normal deviates, shifted and stretched so that over the ratings (weighted by `weights`) they have mean 0 and
/// deviation [`BIAS`]: otherwise the few most popular items would move the mean of all ratings from seed to seed.
fn biases(weights: &[f64], seed: u64, name: &str) -> Vec<f64> {
    let mut normals = Normals::new(stream(seed, name));
    let mut biases: Vec<f64> = weights.iter().map(|_| normals.draw()).collect();
    let total: f64 = weights.iter().sum();
    let mean = biases.iter().zip(weights).map(|(b, w)| b * w).sum::<f64>() / total;
    let variance = biases.iter().zip(weights).map(|(b, w)| (b - mean) * (b - mean) * w).sum::<f64>() / total;
    let stretch = if variance > 0.0 { BIAS / libm::sqrt(variance) } else { 0.0 };
    biases.iter_mut().for_each(|b| *b = (*b - mean) * stretch);
    biases
}

fn factors(n: usize, scale: f64, seed: u64, name: &str) -> Vec<f32> {
    let mut normals = Normals::new(stream(seed, name));
    (0..n).map(|_| (scale * normals.draw()) as f32).collect()
}

/// Draws sets of distinct items by weight, one after another without replacement.
struct Chooser<'a> {
    weights: &'a [f64],
    alias: Alias,
    rng: ChaCha8Rng,
    /// The last set each item was in.
    seen_in: Vec<u32>,
    sets: u32,
    chosen: Vec<u32>,
    keys: Vec<(f64, u32)>,
}

impl<'a> Chooser<'a> {
    fn new(weights: &'a [f64], seed: u64) -> Self {
        let rng = stream(seed, "items");
        let seen_in = vec![0; weights.len()];
        Chooser { weights, alias: Alias::new(weights), rng, seen_in, sets: 0, chosen: Vec::new(), keys: Vec::new() }
    }

    /// `n` distinct items, ascending.
    fn choose(&mut self, n: usize) -> &[u32] {
        self.chosen.clear();
        self.sets += 1;
        if n <= self.weights.len() / DRAWS_UP_TO_SHARE {
            self.draw_up_to(n);
        }
        if self.chosen.len() < n {
            self.complete_by_rank(n);
        }
        self.chosen.sort_unstable();
        &self.chosen
    }

    /// Draws until there are `n` different items, or as often as there are items: by then the rest weigh little.
    fn draw_up_to(&mut self, n: usize) {
        for _ in 0..self.weights.len() {
            if self.chosen.len() == n {
                return;
            }
            let item = self.alias.draw(&mut self.rng);
            let seen = &mut self.seen_in[item as usize];
            if *seen != self.sets {
                *seen = self.sets;
                self.chosen.push(item);
            }
        }
    }

    /// Goes on with the same distribution by exponential keys: the smallest of -ln(u) / weight among the items that are
    /// left (Efraimidis and Spirakis 2006).
    fn complete_by_rank(&mut self, n: usize) {
        let missing = n - self.chosen.len();
        self.keys.clear();
        for (item, weight) in self.weights.iter().enumerate() {
            if self.seen_in[item] != self.sets {
                self.keys.push((-libm::log(uniform(&mut self.rng)) / weight, item as u32));
            }
        }
        self.keys.select_nth_unstable_by(missing - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.chosen.extend(self.keys[..missing].iter().map(|key| key.1));
    }
}
