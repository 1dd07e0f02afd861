//! How images are dealt to machines.

use datasets::field::FieldError;
use datasets::images::Images;
use datasets::images::partition::{self, Part, partition};

use crate::workload::kind::Dealt;
use crate::workload::split::{Skew, SkewBy, Skews, Split};

/// The parts of all machines.
pub(super) fn parts(set: &Images, dealt: &Dealt<'_>) -> Vec<Part> {
    partition(set, dealt.machines_per_site, terms(dealt.split).expect("a plan's split was checked"))
}

/// `split` in the terms of images.
///
/// # Errors
/// A skew that images do not have, or one out of range, by field of `split.skewed`.
pub(super) fn terms(split: Split) -> Result<partition::Split, Vec<FieldError>> {
    use partition::SkewBy as By;
    let known = &[Skew { asked: SkewBy::Labels, own: By::Labels }, Skew { asked: SkewBy::Sizes, own: By::Sizes }];
    Skews { known, workload: "ic", data: "images" }.terms(split)
}
