//! The run that a folder, a name and a seed ask for.

use std::path::{Path, PathBuf};

use record::results::store::{self, ReadError};
use record::results::{CellEntry, folders};
use record::suggest;

use super::error::TraceError;

/// A run of a spec's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The folder of the spec's results.
    pub folder: PathBuf,
    /// The name of the spec.
    pub spec: String,
    /// The cell, with its seed.
    pub entry: CellEntry,
}

/// The run of `cell` (`Gaia`, or with its panel `MF Gaia`) in `dir`: a spec's folder, or a folder with the results of one spec. Without
/// a seed the first one.
///
/// # Errors
/// [`TraceError`] when there is none, or several.
pub fn find(dir: &Path, cell: &str, seed: Option<u64>) -> Result<Found, TraceError> {
    let folder = spec_folder(dir)?;
    let index = store::read_cells(&folder)?;
    let named: Vec<&CellEntry> = index.cells.iter().filter(|entry| entry.name() == cell).collect();
    let of_cell =
        if named.is_empty() { index.cells.iter().filter(|entry| entry.cell == cell).collect() } else { named };
    let panels = of_cell.iter().any(|entry| entry.panel != of_cell[0].panel);
    if of_cell.is_empty() || panels {
        let names = names(index.cells.iter());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let hint = if panels { several(&of_cell) } else { suggest::hint(cell, &names) };
        return Err(TraceError::Cell { name: cell.to_owned(), folder, hint });
    }
    let entry = match seed {
        None => Some(of_cell[0]),
        Some(seed) => of_cell.iter().copied().find(|entry| entry.seed == seed),
    };
    let entry = entry.cloned().ok_or_else(|| {
        let known: Vec<String> = of_cell.iter().map(|entry| entry.seed.to_string()).collect();
        TraceError::Seed { cell: cell.to_owned(), seed: seed.unwrap_or_default(), known: known.join(", ") }
    })?;
    Ok(Found { folder, spec: index.spec, entry })
}

/// The end of the message on a name that cells of several panels have.
fn several(cells: &[&CellEntry]) -> String {
    let names = names(cells.iter().copied());
    format!(" alone: several panels have one; expected one of `{}`", names.join("`, `"))
}

/// The names of cells, each once.
fn names<'a>(cells: impl Iterator<Item = &'a CellEntry>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in cells.map(CellEntry::name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn spec_folder(dir: &Path) -> Result<PathBuf, TraceError> {
    let folders = folders::of_specs(dir).map_err(|source| ReadError::Io { path: dir.to_owned(), source })?;
    let wrong = |found: String| TraceError::Folder { folder: dir.to_owned(), found };
    match folders.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(wrong("no results in it, expected a folder that `experiments run` wrote to".into())),
        several => {
            let names: Vec<String> = several.iter().map(|folder| folder.display().to_string()).collect();
            Err(wrong(format!("results of several specs, expected one of {}", names.join(", "))))
        }
    }
}
