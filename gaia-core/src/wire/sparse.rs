//! A few floats of many.

use serde::{Deserialize, Serialize};

/// Zeros that are passed over together.
pub(super) const SKIPPED: usize = 16;

/// Some floats of an array of `len`, the others zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sparse {
    /// Floats in the whole array.
    pub len: u32,
    /// Positions, ascending, below `len`.
    pub index: Vec<u32>,
    /// The value at each.
    pub value: Vec<f32>,
}

impl Sparse {
    /// All floats, zero where none is kept.
    pub fn to_dense(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.len as usize];
        for (&index, &value) in self.index.iter().zip(&self.value) {
            values[index as usize] = value;
        }
        values
    }
}
