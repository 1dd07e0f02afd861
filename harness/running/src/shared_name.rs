//! Whose results a spec's folder holds: those of another spec of the same name are not replaced, and those of the same spec with other
//! cells not silently.
//!
//! `host.json` of the spec's folder has the path of the spec. A folder that shows no cell which the new run does not show too can
//! lose nothing. A spec that has moved (nothing is where it was) is taken for the same.

use std::path::{Path, PathBuf};

use thiserror::Error;

use planning::plan::{Experiment, Planned};
use record::results::CellEntry;
use record::results::store;

/// Another spec of this name has its results there.
#[derive(Debug, Error)]
#[error(
    "{folder} holds the results of another spec of that name, {theirs}: found {ours}, expected another name, or another folder with --out"
)]
pub(super) struct OtherSpec {
    folder: PathBuf,
    theirs: String,
    ours: String,
}

/// A warning before `folder` gets the results of `experiment`. `None` means that no cell it shows is lost.
///
/// # Errors
/// [`OtherSpec`] when it shows cells of a spec in another file.
pub(super) fn check(folder: &Path, experiment: &Experiment) -> Result<Option<String>, OtherSpec> {
    // What cannot be read shows nothing.
    let Ok(index) = store::read_cells(folder) else { return Ok(None) };
    let new: Vec<CellEntry> = experiment.plans.iter().map(Planned::entry).collect();
    let lost = index.cells.iter().filter(|old| !new.contains(old)).count();
    if lost == 0 {
        return Ok(None);
    }
    let theirs = store::read_origin(folder).ok().and_then(|origin| origin.spec);
    if let Some(theirs) =
        theirs.filter(|theirs| Some(theirs) != experiment.origin.as_ref() && Path::new(theirs).exists())
    {
        let ours = experiment.origin.clone().unwrap_or_else(|| "one that is built in".into());
        return Err(OtherSpec { folder: folder.to_owned(), theirs, ours });
    }
    Ok(Some(format!(
        "{}: {lost} of the {} cells that {} shows are not among these (another version of the spec or of the program, or other --set): \
         table, figure, claims and page are replaced; another --out keeps both",
        experiment.name,
        index.cells.len(),
        folder.display()
    )))
}
