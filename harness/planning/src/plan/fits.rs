//! Refuses cells that need more memory than there is.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use super::estimate::memory;
use super::show::bytes;
use super::whole::{Experiment, Planned};

/// The error message lists at most this number of cells.
const LISTED: usize = 5;

/// Cells that need more memory than there is.
#[derive(Clone, Debug, Error, PartialEq)]
pub struct TooLarge {
    /// Name of each cell, and the bytes that it needs.
    cells: Vec<(String, f64)>,
    /// Bytes that there are.
    limit: u64,
    /// The change that would make the first of them smaller.
    hint: &'static str,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = bytes(self.limit as f64);
        write!(f, "{} of the cells need more memory than the {limit} that there are:", self.cells.len())?;
        for (cell, needed) in self.cells.iter().take(LISTED) {
            write!(f, "\n  {cell}: about {}", bytes(*needed))?;
        }
        if self.cells.len() > LISTED {
            f.write_str("\n  ...")?;
        }
        write!(f, "\nexpected {}, or a host with more (--memory SIZE: as if there were so much)", self.hint)
    }
}

/// Checks that each cell fits into `limit` bytes when it runs alone; one that `is_done` needs none.
///
/// # Errors
/// [`TooLarge`], with every cell that does not fit.
pub fn check(
    experiments: &[Experiment],
    limit: u64,
    is_done: impl Fn(&Experiment, &Planned) -> bool,
) -> Result<(), TooLarge> {
    // A cell has a plan per seed.
    let (mut cells, mut seen, mut hint) = (Vec::new(), BTreeSet::new(), None);
    for experiment in experiments {
        for planned in &experiment.plans {
            let (name, needed) = (format!("{} {}", experiment.name, planned.name()), memory(&planned.plan).alone());
            if needed > limit as f64 && !seen.contains(&name) && !is_done(experiment, planned) {
                let data = &planned.plan.data;
                let [generated, read] = data.kind().about().smaller;
                hint.get_or_insert(if data.is_generated() { generated } else { read });
                seen.insert(name.clone());
                cells.push((name, needed));
            }
        }
    }
    hint.map_or(Ok(()), |hint| Err(TooLarge { cells, limit, hint }))
}
