//! Parameters as arrays with names and shapes, alongside the rows that servers store.
//!
//! The rows of a [`Layout`](crate::layout::Layout), one after another in the order of their numbers, are one *flat array* of f32. A
//! tensor is a run of it. So a tensor may begin inside a row and extend over several, a row may have parts of several tensors, and
//! floats that only fill up a row belong to none.
//!
//! Tensors are for what needs a shape: compression of matrices, fragments of whole layers, optimisers with a rule per parameter.
//! Servers, messages and checkpoints know rows alone, and nothing here changes them.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// An array of parameters with a name, row-major in the flat array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tensor {
    /// Unique in its layout; levels are separated by dots (`group2.residual1.convolution1.weight`).
    pub name: String,
    /// Length per dimension, the slowest first; the last one's elements are neighbours. No dimension: one float.
    pub shape: Vec<usize>,
    /// The place of its first float in the flat array, in floats.
    pub first: usize,
}

/// The floats that a row and a tensor have in common: a run in each, of equal length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorPart {
    /// The tensor's position in [`Layout::tensors`](crate::layout::Layout::tensors).
    pub tensor: usize,
    /// Floats of the row, counted from the row's first.
    pub in_row: Range<usize>,
    /// Floats of the tensor, counted from the tensor's first.
    pub in_tensor: Range<usize>,
}

impl Tensor {
    /// The number of its floats: the product of its shape.
    pub fn floats(&self) -> usize {
        self.shape.iter().product()
    }

    /// Its floats in the flat array.
    pub fn range(&self) -> Range<usize> {
        self.first..self.first + self.floats()
    }
}

/// The parts of `tensors`, which ascend, in a row that holds the floats `row` of the flat array; in the order of the floats.
pub(crate) fn parts(tensors: &[Tensor], row: Range<usize>) -> impl Iterator<Item = TensorPart> {
    let first = tensors.partition_point(|tensor| tensor.range().end <= row.start);
    let end = row.end;
    let within = (first..).zip(&tensors[first..]).take_while(move |(_, tensor)| tensor.first < end);
    within.filter(|(_, tensor)| tensor.floats() > 0).map(move |(number, tensor)| {
        let all = tensor.range();
        let (start, end) = (all.start.max(row.start), all.end.min(row.end));
        TensorPart {
            tensor: number,
            in_row: start - row.start..end - row.start,
            in_tensor: start - all.start..end - all.start,
        }
    })
}

/// # Panics
/// Panics if `tensors` do not ascend by their place in the flat array, two of them overlap, or two have one name.
pub(crate) fn check(tensors: &[Tensor]) {
    let mut names = BTreeSet::new();
    let mut end = 0;
    for tensor in tensors {
        let (name, range) = (&tensor.name, tensor.range());
        assert!(end <= range.start, "tensor `{name}` begins at float {}, the one before ends at {end}", range.start);
        assert!(names.insert(name), "two tensors are named `{name}`");
        end = range.end;
    }
}
