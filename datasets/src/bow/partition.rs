//! The assignment of documents to machines.
//!
//! A document stays whole on one machine. The number of tokens is balanced, since it determines the work of a clock:
//! with [`Split::Even`] no machine has more than the mean and one document's tokens. Nothing is drawn, so no seed is needed.
//!
//! The skewed splits take one number from 0 (as even) to 1, and either
//! * skew by **topics**: the share `skew` of the documents is ordered by topic and dealt to the sites in that
//!   order, one stretch of it each; the others are spread evenly. All machines keep about the same number of tokens (never
//!   more than the mean and two documents' tokens). A document's topic is its place along the direction in which
//!   documents differ most: the leading singular vector of the roots of the words' shares in each document, less the means
//!   of the words. (Roots, as in Hellinger's distance, keep the most frequent words from deciding alone.)
//! * skew by **sizes**: the machines of site s (from 0) get tokens in proportion to (s + 1)^-skew.

use serde::{Deserialize, Serialize};

use super::{Corpus, Entry};
use crate::deal::{Dealer, Skew};
use crate::power::{self, Matrix, Shape};

/// The way in which documents are dealt to machines.
pub type Split = crate::split::Split<SkewBy>;

/// The property in which sites differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkewBy {
    /// Sites differ in the topics of their documents.
    Topics,
    /// Sites differ in their number of tokens.
    Sizes,
}

/// The data of one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The machine, numbered from 0, site by site.
    pub machine: u32,
    /// Its documents as numbered in the whole corpus, ascending.
    pub documents: Vec<u32>,
}

/// Deals the documents of `corpus` to machines; `machines_per_site` counts the machines of each site. One partition for each
/// machine, in order. With fewer documents than machines some partitions are empty.
///
/// # Panics
/// If there is no machine, [`Split::check`] finds an error, or a document has 2^32 tokens.
pub fn partition(corpus: &Corpus, machines_per_site: &[u32], split: Split) -> Vec<Partition> {
    let tokens = |entries: &[Entry]| {
        let tokens = entries.iter().map(|entry| u64::from(entry.count)).sum::<u64>();
        u32::try_from(tokens).expect("a document has fewer than 2^32 tokens")
    };
    let loads: Vec<u32> = corpus.iter().map(tokens).collect();
    let dealer = Dealer::deal_as(split, &loads, machines_per_site, |by| match by {
        SkewBy::Sizes => Skew::Sizes,
        SkewBy::Topics => Skew::Places(places(corpus, &loads)),
    });
    (0..).zip(dealer.by_machine()).map(|(machine, documents)| Partition { machine, documents }).collect()
}

/// Each document's place along the direction in which documents differ most.
fn places(corpus: &Corpus, lengths: &[u32]) -> Vec<f64> {
    let mut means = vec![0.0; corpus.words as usize];
    for (document, &length) in corpus.iter().zip(lengths) {
        document.iter().for_each(|entry| means[entry.word as usize] += root(entry, length));
    }
    means.iter_mut().for_each(|mean| *mean /= f64::from(corpus.documents()).max(1.0));
    power::places(&Roots { corpus, lengths, means }, "bow places")
}

/// The root of a word's share in a document of `length` tokens.
fn root(entry: &Entry, length: u32) -> f64 {
    libm::sqrt(f64::from(entry.count) / f64::from(length))
}

/// The matrix of documents and words: the root of each share, less the word's mean over all documents.
struct Roots<'a> {
    corpus: &'a Corpus,
    /// Tokens of each document.
    lengths: &'a [u32],
    /// The mean root of each word's share over all documents.
    means: Vec<f64>,
}

impl Roots<'_> {
    fn documents(&self) -> impl Iterator<Item = (&[Entry], &u32)> {
        self.corpus.iter().zip(self.lengths)
    }
}

impl Matrix for Roots<'_> {
    fn shape(&self) -> Shape {
        Shape { rows: self.lengths.len(), columns: self.means.len() }
    }

    fn times(&self, direction: &[f64], places: &mut [f64]) {
        let of_mean: f64 = self.means.iter().zip(direction).map(|(mean, x)| mean * x).sum();
        for (place, (document, &length)) in places.iter_mut().zip(self.documents()) {
            *place = document.iter().map(|entry| root(entry, length) * direction[entry.word as usize]).sum::<f64>();
            *place -= of_mean;
        }
    }

    fn transposed_times(&self, places: &[f64], direction: &mut [f64]) {
        let sum: f64 = places.iter().sum();
        direction.iter_mut().zip(&self.means).for_each(|(x, mean)| *x = -mean * sum);
        for (place, (document, &length)) in places.iter().zip(self.documents()) {
            document.iter().for_each(|entry| direction[entry.word as usize] += root(entry, length) * place);
        }
    }
}
