//! What a report on a what-if question has in addition: the length of the training, what to do and where that flips, a tornado, and a
//! section with what the answer rests on.

mod answer;
mod page;

use record::results::{CellIndex, CellResult};

pub(super) use self::answer::{Answer, file};
pub(super) use self::page::section;

/// Tells `cells` how long the training is that they begin.
pub(super) fn extend(index: &CellIndex, cells: &mut [CellResult]) {
    let steps = index.whatif.as_ref().and_then(|asked| asked.steps());
    cells.iter_mut().for_each(|cell| cell.training_steps = steps);
}

/// Takes the cells out of `cells` that repeat the question with one input changed: the figure is about the question as it was asked.
pub(super) fn take_varied(index: &CellIndex, cells: &mut Vec<CellResult>) -> Vec<CellResult> {
    let Some(asked) = &index.whatif else { return Vec::new() };
    let (varied, given) = std::mem::take(cells).into_iter().partition(|cell| asked.is_varied(&cell.panel));
    *cells = given;
    varied
}
