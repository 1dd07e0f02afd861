//! Whose results a spec's folder holds: those of another spec of the same name are not replaced, and those of the same spec with other
//! cells not silently.
//!
//! `host.json` of the spec's folder has the path of the spec. A folder that shows no cell which the new run does not show too can
//! lose nothing. A spec that has moved (nothing is where it was) is taken for the same. A variant's specs have folders of their own in the
//! variant's; its folder is of no spec, and of one variant. The folder of a fit has its figure and its page under the names of a run's.

use std::path::{Path, PathBuf};

use thiserror::Error;

use planning::plan::{Experiment, Planned};
use record::results::CellEntry;
use record::results::{folders, store};

/// The results of something else of this name are there.
#[derive(Debug, Error)]
#[error(
    "{folder} holds the results of {what} of that name{}: found {ours}, expected another name, or another folder with --out",
    theirs.as_ref().map(|theirs| format!(", {theirs}")).unwrap_or_default()
)]
pub(super) struct NotOurs {
    folder: PathBuf,
    what: &'static str,
    theirs: Option<String>,
    ours: String,
}

/// A warning before the folder of `experiment` below `out` gets its results. `None` means that no cell it shows is lost.
///
/// # Errors
/// [`NotOurs`] when it shows cells of a spec in another file, or where specs, variants and fits have one name.
pub(super) fn check(out: &Path, experiment: &Experiment) -> Result<Option<String>, NotOurs> {
    let folder = &out.join(&experiment.name);
    let ours = || experiment.origin.clone().unwrap_or_else(|| "one that is built in".into());
    let not_ours = |folder: &Path, what| NotOurs { folder: folder.to_owned(), what, theirs: None, ours: ours() };
    let of_variant = experiment.variant.as_ref().map(|variant| out.join(&variant.name));
    match &of_variant {
        Some(folder) if folders::is_of_spec(folder) => return Err(not_ours(folder, "a spec")),
        None if folders::is_of_variant(folder) => return Err(not_ours(folder, "a variant")),
        _ => {}
    }
    let whole = of_variant.as_ref().unwrap_or(folder);
    if folders::is_of_fit(whole) {
        return Err(not_ours(whole, "a fit"));
    }
    let other_file = |folder: &Path| store::other_spec(folder, experiment.origin.as_ref());
    if of_variant.is_some() {
        // A folder that is not there has none.
        let others = folders::of_specs(whole).unwrap_or_default();
        if let Some(theirs) = others.iter().filter(|other| *other != folder).find_map(|other| other_file(other)) {
            return Err(NotOurs { theirs: Some(theirs), ..not_ours(whole, "another variant") });
        }
    }
    // What cannot be read shows nothing.
    let Ok(index) = store::read_cells(folder) else { return Ok(None) };
    let new: Vec<CellEntry> = experiment.plans.iter().map(Planned::entry).collect();
    let lost = index.cells.iter().filter(|old| !new.contains(old)).count();
    if lost == 0 {
        return Ok(None);
    }
    if let Some(theirs) = other_file(folder) {
        return Err(NotOurs { theirs: Some(theirs), ..not_ours(folder, "another spec") });
    }
    Ok(Some(format!(
        "{}: {lost} of the {} cells that {} shows are not among these (another version of the spec or of the program, or other --set): \
         table, figure, claims and page are replaced; another --out keeps both",
        experiment.name,
        index.cells.len(),
        folder.display()
    )))
}
