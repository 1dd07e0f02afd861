//! The assignment of the images to learn from to machines; the test part is not dealt.
//!
//! The number of images is balanced, since it determines the work of a clock. With `Split::Even` the images of each class
//! go round the machines: no two machines differ by more than one image, nor by more than one of a class. Nothing is drawn, so no
//! seed is needed.
//!
//! The skewed splits take one number from 0 (as even) to 1, and either
//! * skew by **labels**: the share `skew` of the images is ordered by class and dealt to the sites in that order, one stretch of
//!   it each; the others are spread evenly (Hsieh et al., The Non-IID Data Quagmire of Decentralized Machine Learning, 2020).
//!   All machines keep about the same number of images. At 1 a site has only the classes of its stretch;
//! * skew by **sizes**: the machines of site s (from 0) get images in proportion to (s + 1)^-skew, of all classes.

use super::Images;
use crate::deal::{Dealer, Skew};
pub use crate::labelled::{Partition, SkewBy, Split};

/// Deals the training images to machines; `machines_per_site` counts the machines of each site. One partition for each machine,
/// in order. With fewer images than machines some partitions are empty.
///
/// # Panics
/// If there is no machine, or [`Split::check`] finds an error.
pub fn partition(images: &Images, machines_per_site: &[u32], split: Split) -> Vec<Partition> {
    let labels = &images.train.labels;
    // Places in the order of classes are dealt, so that each class goes round.
    let mut order: Vec<u32> = (0..labels.len() as u32).collect();
    order.sort_by_key(|&image| labels[image as usize]);
    let loads = vec![1; order.len()];
    let dealer = Dealer::deal_as(split, &loads, machines_per_site, |by| match by {
        SkewBy::Sizes => Skew::Sizes,
        SkewBy::Labels => Skew::Places(order.iter().map(|&image| f64::from(labels[image as usize])).collect()),
    });
    let in_order = |places: Vec<u32>| {
        let mut train: Vec<u32> = places.into_iter().map(|place| order[place as usize]).collect();
        train.sort_unstable();
        train
    };
    Partition::of_all(dealer.by_machine().into_iter().map(in_order).collect())
}
