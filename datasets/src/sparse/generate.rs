//! Sparse examples with planted weights, from a seed.
//!
//! The model. Features have popularities by a power law, (rank + q)^-s, and which feature has which rank is shuffled. An example has a
//! length, log-normal as documents' lengths are; it draws features by popularity until it has as many different ones. How often a
//! feature was drawn gives its value, 1 + ln(times), and the values of an example are scaled to length 1, as text is encoded for linear
//! models (RCV1 on LIBSVM's page). A share of the features has a true weight, normal; the others have 0. The weights are scaled and an
//! intercept is chosen so that the log odds of all examples have mean 0 and the wanted standard deviation; then a label is drawn with
//! those odds, and a share of the labels is turned round.
//!
//! Chosen, not fitted: q = 10, so that the most popular of 10,000 features has about 1.4 % of the draws at s = 1; the
//! deviation of the logarithm of lengths, 0.5. Not modelled: features that occur together, labels that are rare.
//!
//! Same seed and config, same bits on every machine.

use rand_chacha::ChaCha8Rng;

use super::config::Generated;
use super::held_out::{HeldOut, split};
use super::{Entry, Examples, Label, Sparse};
use crate::random::{Alias, Normals, happens, shuffle, stream, uniform};

/// q of the law of features.
pub const FLAT_HEAD: f64 = 10.0;
/// Standard deviation of the logarithm of an example's length.
const LENGTH_SIGMA: f64 = 0.5;
/// The maximum length of an example over the mean, and the maximum number of draws for an example over its length.
const MAX_TIMES: f64 = 16.0;

/// The weights that labels were drawn by: the best possible model, up to the noise in the labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// The true weight of each feature; 0 for uninformative ones.
    pub weights: Vec<f32>,
    /// A constant in every example's log odds.
    pub intercept: f32,
}

impl Truth {
    /// The true log odds of an example.
    pub fn log_odds(&self, entries: &[Entry]) -> f64 {
        let product = |entry: &Entry| f64::from(self.weights[entry.feature as usize]) * f64::from(entry.value);
        f64::from(self.intercept) + entries.iter().map(product).sum::<f64>()
    }
}

/// Examples as `config` asks for them, the same for the same seed.
///
/// # Panics
/// If [`Generated::check`] finds an error.
pub fn generate(config: &Generated, seed: u64) -> Sparse {
    generate_with_truth(config, seed).0
}

/// As [`generate`], with the planted weights.
///
/// # Panics
/// If [`Generated::check`] finds an error.
pub fn generate_with_truth(config: &Generated, seed: u64) -> (Sparse, Truth) {
    let errors = config.check();
    assert!(errors.is_empty(), "generate needs a checked config: {}", errors[0]);
    let mut unlabelled = Examples::default();
    let popularity = Alias::new(&popularities(config, seed));
    let (mut lengths, mut rng) = (Normals::new(stream(seed, "sparse lengths")), stream(seed, "sparse features"));
    for _ in 0..config.examples {
        let wanted = length(config, &mut lengths);
        unlabelled.push(Label::Negative, draw_entries(wanted, &popularity, &mut rng));
    }
    let truth = truth(config, &unlabelled, seed);
    let mut rng = stream(seed, "sparse labels");
    let mut all = unlabelled;
    for example in 0..all.len() {
        let odds = truth.log_odds(all.entries(example));
        let is_positive = uniform(&mut rng) <= 1.0 / (1.0 + libm::exp(-odds));
        let is_turned = happens(&mut rng, config.noise);
        all.labels[example] = if is_positive != is_turned { Label::Positive } else { Label::Negative };
    }
    let (train, held_out) = split(&all, HeldOut { share: config.held_out, seed });
    let name = format!("generated, {} examples x {} features", config.examples, config.features);
    (Sparse::new(name, config.features, train, held_out), truth)
}

/// The weight of each feature among draws; the ranks of features are shuffled.
fn popularities(config: &Generated, seed: u64) -> Vec<f64> {
    let weight = |rank: u32| libm::pow(f64::from(rank) + FLAT_HEAD, -config.popularity);
    let mut weights: Vec<f64> = (0..config.features).map(weight).collect();
    shuffle(&mut weights, stream(seed, "sparse popularity"));
    weights
}

/// The number of features of an example: log-normal with the mean that is asked for, at least 1.
fn length(config: &Generated, normals: &mut Normals) -> usize {
    let raw = libm::exp(LENGTH_SIGMA * normals.draw() - LENGTH_SIGMA * LENGTH_SIGMA / 2.0);
    let most = f64::from(config.features).min(MAX_TIMES * config.nonzeros);
    libm::round(raw * config.nonzeros).clamp(1.0, most) as usize
}

/// `wanted` different features, or those of `MAX_TIMES` times as many draws where the popular ones come up again and again.
fn draw_entries(wanted: usize, popularity: &Alias, rng: &mut ChaCha8Rng) -> Vec<Entry> {
    let mut times = std::collections::BTreeMap::<u32, u32>::new();
    for _ in 0..wanted * MAX_TIMES as usize {
        *times.entry(popularity.draw(rng)).or_default() += 1;
        if times.len() == wanted {
            break;
        }
    }
    let raw = |times: u32| 1.0 + libm::log(f64::from(times));
    let length = libm::sqrt(times.values().map(|&times| raw(times) * raw(times)).sum::<f64>());
    times.into_iter().map(|(feature, times)| Entry { feature, value: (raw(times) / length) as f32 }).collect()
}

/// The true weights, scaled to the wanted deviation of the log odds, and the intercept that makes their mean 0.
fn truth(config: &Generated, examples: &Examples, seed: u64) -> Truth {
    let mut normals = Normals::new(stream(seed, "sparse weights"));
    let mut weight = |_| {
        // Both are drawn always: a feature's weight depends on no other's.
        let (is_informative, weight) = (normals.uniform() <= config.informative, normals.draw());
        if is_informative { weight as f32 } else { 0.0 }
    };
    let mut truth = Truth { weights: (0..config.features).map(&mut weight).collect(), intercept: 0.0 };
    let raw: Vec<f64> = examples.iter().map(|(_, entries)| truth.log_odds(entries)).collect();
    let mean = raw.iter().sum::<f64>() / raw.len() as f64;
    let deviation = libm::sqrt(raw.iter().map(|odds| (odds - mean) * (odds - mean)).sum::<f64>() / raw.len() as f64);
    let scale = if deviation > 0.0 { config.signal / deviation } else { 0.0 };
    truth.weights.iter_mut().for_each(|weight| *weight = (f64::from(*weight) * scale) as f32);
    truth.intercept = (-mean * scale) as f32;
    truth
}
