//! Two folders of results, one compared with the other: what changed, by how much, and whether it is better or worse.
//!
//! Figure by figure: cells by their digests, numbers by the figure's table, claims by their verdicts, and what only one side has. `A` is what
//! stood before, `B` what is compared with it. A side is a folder of results or of one figure, as runs leave them, or as
//! `results/reference` keeps them (`manifests.json` in place of cells). Nothing is run or computed anew: tables and claims are those on disk.
//!
//! Not compared: pictures, pages and costs, which follow from the rest, and `host.json`.

mod cells;
mod claims;
mod direction;
mod error;
mod folders;
mod numbers;
mod options;
mod side;
mod table;
mod text;
mod tolerance;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use cells::{Broken, CellName, CellsChange, Damaged};
pub use claims::ClaimChange;
pub use direction::Direction;
pub use error::CompareError;
pub use numbers::{NumberChange, RowsChange, Value};
pub use options::Options;
pub use tolerance::{NotATolerance, Pattern, Tolerance};

/// The version of the form of [`Comparison`] as JSON.
const SCHEMA: u32 = 1;

/// The result of comparing two folders. As JSON it is documented in results/README.md.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// The version of this form.
    pub schema: u32,
    /// The first folder.
    pub a: PathBuf,
    /// The second folder.
    pub b: PathBuf,
    /// The changes of numbers that do not count.
    pub tolerance: Tolerance,
    /// The figures that both have, by name.
    pub figures: Vec<FigureChange>,
    /// Figures that only the first folder has.
    pub only_a: Vec<String>,
    /// Figures that only the second folder has.
    pub only_b: Vec<String>,
}

/// The changes in one figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FigureChange {
    /// The name of the figure's folder, from that of the results.
    pub name: String,
    /// Whether anything in it changed beyond the tolerance.
    pub changed: bool,
    /// Whether any of the changes is worse, was lost, or has no direction.
    pub worse: bool,
    /// The cells, by digest. `None` means that a side has neither cells nor a list of their digests.
    pub cells: Option<CellsChange>,
    /// Rows and columns of the table that only one side has.
    pub rows: RowsChange,
    /// The number of values of the table that were compared.
    pub compared: usize,
    /// The values of the table that changed beyond the tolerance, by row.
    pub numbers: Vec<NumberChange>,
    /// The claims whose verdict changed.
    pub claims: Vec<ClaimChange>,
}

impl Comparison {
    /// Whether anything changed beyond the tolerance, or only one side has it.
    pub fn changed(&self) -> bool {
        !self.only_a.is_empty() || !self.only_b.is_empty() || self.figures.iter().any(|figure| figure.changed)
    }

    /// Whether a change is worse, was lost, or has no direction.
    pub fn worse(&self) -> bool {
        !self.only_a.is_empty() || self.figures.iter().any(|figure| figure.worse)
    }

    /// The comparison as JSON, with a newline at its end.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("comparisons have text keys and no failing fields");
        text.push('\n');
        text
    }
}

/// Compares the figures of folder `b` with those of `a`.
///
/// # Errors
/// [`CompareError`] when a folder has no results, or a file of them cannot be read. A cell that is damaged is a change, and no error.
pub fn compare(a: &Path, b: &Path, options: &Options) -> Result<Comparison, CompareError> {
    let mut pairs = folders::pair(a, b)?;
    let left_out = |name: &String| options.leave_out.iter().any(|pattern| pattern.matches_path(name));
    pairs.both.retain(|pair| !left_out(&pair.name));
    for only in [&mut pairs.only_a, &mut pairs.only_b] {
        only.retain(|name| !options.common && !left_out(name));
    }
    if pairs.both.is_empty() && options.common {
        return Err(CompareError::NoneInBoth { a: a.to_owned(), b: b.to_owned() });
    }
    let figures = pairs.both.iter().map(|pair| figure(pair, options)).collect::<Result<_, _>>()?;
    let (only_a, only_b) = (pairs.only_a, pairs.only_b);
    Ok(Comparison {
        schema: SCHEMA,
        a: a.to_owned(),
        b: b.to_owned(),
        tolerance: options.tolerance,
        figures,
        only_a,
        only_b,
    })
}

fn figure(pair: &folders::Pair, options: &Options) -> Result<FigureChange, CompareError> {
    let [a, b] = [side::Side::read(&pair.a, options)?, side::Side::read(&pair.b, options)?];
    let cells = a.cells.as_ref().zip(b.cells.as_ref()).map(|(a, b)| cells::compare(a, b, options.common));
    let other_seeds = options.common && cells.as_ref().is_some_and(|cells| cells.other_seeds);
    let (rows, compared, numbers) =
        if other_seeds { Default::default() } else { numbers::compare(&a.table, &b.table, options) };
    let claims = claims::compare(&a.claims, &b.claims, options);
    let only = |lists: [&Vec<CellName>; 2]| lists.map(|list| !list.is_empty());
    let [cells_a, cells_b] = cells.as_ref().map_or([false; 2], |cells| only([&cells.only_a, &cells.only_b]));
    let unsound = cells.as_ref().is_some_and(|cells| !cells.broken.is_empty() || !cells.damaged.is_empty());
    // Digests are no numbers: other ones count only where every number has to be the same.
    let digests = options.tolerance == Tolerance::EXACT && cells.as_ref().is_some_and(|cells| !cells.other.is_empty());
    let lost = cells_a || rows.lost() || unsound;
    let worse = lost
        || digests
        || numbers.iter().any(|change| change.direction != Some(Direction::Better))
        || claims.iter().any(|change| change.direction == Some(Direction::Worse));
    let changed = worse || cells_b || !rows.is_empty() || !numbers.is_empty() || !claims.is_empty();
    Ok(FigureChange { name: pair.name.clone(), changed, worse, cells, rows, compared, numbers, claims })
}

#[cfg(test)]
mod tests;
