//! The cells of a report with their seeds together, and the figure of a section.

use record::results::sound;
use record::results::{CellResult, ClockRow};

use crate::markup::escaped;

/// All runs of one cell of the spec, and the clocks of the first.
pub(super) struct Runs<'a> {
    /// The cell's name, and that a run must not be believed where that is so.
    pub(super) name: String,
    pub(super) runs: Vec<&'a CellResult>,
    pub(super) clocks: Vec<ClockRow>,
    pub(super) sets_target: bool,
}

/// `cells` with their seeds together, in the order in which cells first come, without their clocks.
pub(super) fn group(cells: &[CellResult]) -> Vec<Runs<'_>> {
    let mut all: Vec<Runs<'_>> = Vec::new();
    for cell in cells {
        let of_cell = |known: &&mut Runs<'_>| known.runs[0].panel == cell.panel && known.runs[0].cell == cell.cell;
        match all.iter_mut().find(of_cell) {
            Some(known) => known.runs.push(cell),
            None => {
                let sets_target = sound::sets_target(&cell.summary);
                all.push(Runs { name: cell.name(), runs: vec![cell], clocks: Vec::new(), sets_target });
            }
        }
    }
    for cell in &mut all {
        if cell.runs.iter().any(|run| !run.summary.faults.is_empty()) {
            cell.name += " (invalid)";
        }
    }
    all
}

/// The figure of a section, with a text for readers who do not see it.
pub(super) fn figure(svg: &str, alternative: &str) -> String {
    let alternative = escaped(alternative);
    format!("<figure style=\"margin: 0\" role=\"img\" aria-label=\"{alternative}\">\n{svg}</figure>\n")
}
