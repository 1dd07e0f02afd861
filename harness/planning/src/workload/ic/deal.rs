//! How images are dealt to machines.

use datasets::field::FieldError;
use datasets::images::Images;
use datasets::images::partition::{self, Partition, partition};

use crate::workload::kind::Dealt;
use crate::workload::split::{SkewBy, Split, in_terms_of};

/// The parts of all machines.
pub(super) fn parts(set: &Images, dealt: &Dealt<'_>) -> Vec<Partition> {
    partition(set, dealt.machines_per_site, terms(dealt.split).expect("a plan's split was checked"))
}

/// `split` in the terms of images.
///
/// # Errors
/// A skew that images do not have, or one out of range, by field of `split.skewed`.
pub(super) fn terms(split: Split) -> Result<partition::Split, Vec<FieldError>> {
    use partition::SkewBy as By;
    in_terms_of(split, &[(SkewBy::Labels, By::Labels), (SkewBy::Sizes, By::Sizes)], "ic", "images")
}
