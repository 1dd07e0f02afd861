//! The assignment of the examples to learn from to machines; the held-out part is not dealt.
//!
//! The number of nonzero values is balanced, since it determines the work of a clock: with `Split::Even` no machine has
//! more than the mean and one example's values. An example without values counts as one, so that those are spread too. Nothing is drawn,
//! so no seed is needed.
//!
//! The skewed splits take one number from 0 (as even) to 1, and either
//! * skew by **labels**: the share `skew` of the examples is ordered by label and dealt to the sites in that order, one stretch of it
//!   each; the others are spread evenly (Hsieh et al., The Non-IID Data Quagmire of Decentralized Machine Learning, 2020). All machines
//!   keep about the same number of values (never more than the mean and two examples' values);
//! * skew by **sizes**: the machines of site s (from 0) get values in proportion to (s + 1)^-skew, of both labels.

use super::{Label, Sparse};
use crate::deal::{Dealer, Skew};
pub use crate::labelled::{Partition, SkewBy, Split};

/// Deals the examples to learn from to machines; `machines_per_site` counts the machines of each site. One part for each machine, in
/// order. With fewer examples than machines some partitions are empty.
///
/// # Panics
/// If there is no machine, or [`Split::check`] finds an error.
pub fn partition(data: &Sparse, machines_per_site: &[u32], split: Split) -> Vec<Partition> {
    let loads: Vec<u32> = data.train.iter().map(|(_, entries)| (entries.len() as u32).max(1)).collect();
    let place = |label: &Label| label.target();
    let dealer = Dealer::deal_as(split, &loads, machines_per_site, |by| match by {
        SkewBy::Sizes => Skew::Sizes,
        SkewBy::Labels => Skew::Places(data.train.labels().iter().map(place).collect()),
    });
    Partition::of_all(dealer.by_machine())
}
