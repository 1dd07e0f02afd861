//! Arrays of floats that are used again: large ones cost more to get from the system, page by page, than to fill.

use std::sync::Mutex;

/// Arrays that nobody uses at the moment, shared by the machines of a run. At most as many as were in use at once.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    arrays: Mutex<Vec<Vec<f32>>>,
}

impl Spare {
    /// An array of `len` floats, whatever they are.
    pub(crate) fn take(&self, len: usize) -> Vec<f32> {
        let mut array = self.arrays.lock().expect("no holder panics").pop().unwrap_or_default();
        array.resize(len, 0.0);
        array
    }

    /// Gives an array back, to be filled anew.
    pub(crate) fn give(&self, array: Vec<f32>) {
        if array.capacity() > 0 {
            self.arrays.lock().expect("no holder panics").push(array);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_used_again_in_the_length_that_is_asked_for() {
        let spare = Spare::default();
        spare.give(Vec::new());
        spare.give(vec![7.0; 5]);
        let array = spare.take(3);
        assert_eq!((array.len(), array.capacity()), (3, 5));
        assert_eq!(spare.take(9), [0.0; 9], "there is no other");
        spare.give(array);
        assert_eq!(spare.take(4).capacity(), 5);
    }
}
