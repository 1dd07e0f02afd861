//! Which machine holds which documents.
//!
//! A document stays whole on one machine. What is balanced is the number of tokens, which is what a clock's work is made of:
//! with [`Split::Even`] no machine has more than the mean and one document's tokens. Nothing is drawn, so no seed is needed.
//!
//! The skewed splits take one number from 0 (as even) to 1, and either
//! * skew by **topics**: the share `skew` of the documents is ordered by what they are about and dealt to the sites in that
//!   order, one stretch of it each; the others are spread evenly. All machines keep about the same number of tokens (never
//!   more than the mean and two documents' tokens). What a document is about is its place along the direction in which
//!   documents differ most: the leading singular vector of the roots of the words' shares in each document, less the means
//!   of the words. (Roots, as in Hellinger's distance, keep the most frequent words from deciding alone.)
//! * skew by **sizes**: the machines of site s (from 0) get tokens in proportion to (s + 1)^-skew.

use serde::{Deserialize, Serialize};

use super::{Corpus, Entry};
use crate::deal::{Dealer, Skew};
use crate::random::{below, stream};

/// Rounds of the power method; the order of documents is settled long before.
const POWER_ROUNDS: u32 = 20;

/// How documents are dealt to machines.
pub type Split = crate::split::Split<SkewBy>;

/// What sites differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkewBy {
    /// What their documents are about.
    Topics,
    /// How many tokens they have.
    Sizes,
}

/// What one machine holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The machine, numbered from 0, site by site.
    pub machine: u32,
    /// Its documents as numbered in the whole corpus, ascending.
    pub documents: Vec<u32>,
}

/// Deals the documents of `corpus` to machines; `machines_per_site` counts the machines of each site. One part for each
/// machine, in order. With fewer documents than machines some parts are empty.
///
/// # Panics
/// When there is no machine, [`Split::check`] finds an error, or a document has 2^32 tokens.
pub fn partition(corpus: &Corpus, machines_per_site: &[u32], split: Split) -> Vec<Part> {
    let tokens = |entries: &[Entry]| {
        let tokens = entries.iter().map(|entry| u64::from(entry.count)).sum::<u64>();
        u32::try_from(tokens).expect("a document has fewer than 2^32 tokens")
    };
    let loads: Vec<u32> = corpus.iter().map(tokens).collect();
    let dealer = Dealer::deal_as(split, &loads, machines_per_site, |by| match by {
        SkewBy::Sizes => Skew::Sizes,
        SkewBy::Topics => Skew::Places(places(corpus, &loads)),
    });
    (0..).zip(dealer.by_machine()).map(|(machine, documents)| Part { machine, documents }).collect()
}

/// Each document's place along the direction in which documents differ most.
fn places(corpus: &Corpus, lengths: &[u32]) -> Vec<f64> {
    let documents = || corpus.iter().zip(lengths);
    let root = |entry: &Entry, length: u32| libm::sqrt(f64::from(entry.count) / f64::from(length));
    let mut means = vec![0.0; corpus.words as usize];
    for (document, &length) in documents() {
        document.iter().for_each(|entry| means[entry.word as usize] += root(entry, length));
    }
    means.iter_mut().for_each(|mean| *mean /= f64::from(corpus.documents()).max(1.0));
    let mut rng = stream(0, "bow places");
    let mut direction: Vec<f64> =
        means.iter().map(|_| f64::from(below(&mut rng, 1 << 20)) - f64::from(1 << 19)).collect();
    let mut places = vec![0.0; lengths.len()];
    for _ in 0..POWER_ROUNDS {
        let length = libm::sqrt(direction.iter().map(|x| x * x).sum::<f64>());
        if length == 0.0 {
            // No document differs from another.
            break;
        }
        direction.iter_mut().for_each(|x| *x /= length);
        let of_mean: f64 = means.iter().zip(&direction).map(|(mean, x)| mean * x).sum();
        for (place, (document, &length)) in places.iter_mut().zip(documents()) {
            *place = document.iter().map(|entry| root(entry, length) * direction[entry.word as usize]).sum::<f64>();
            *place -= of_mean;
        }
        let sum: f64 = places.iter().sum();
        direction.iter_mut().zip(&means).for_each(|(x, mean)| *x = -mean * sum);
        for (place, (document, &length)) in places.iter().zip(documents()) {
            document.iter().for_each(|entry| direction[entry.word as usize] += root(entry, length) * place);
        }
    }
    places
}
