//! A cell that stands in the folder of another spec of the same output folder already, or in a variant's: taken over, not run again.
//!
//! The folder is checked as a cell of one's own is: of the plan asked for, and every hash holds. Its files are linked, so that they
//! take room once; files are replaced by new ones and never written into, so that a link can be broken by no run. Where
//! the file system has no links they are copied. The hashes come last: a cell taken over is whole or not there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Summary;
use super::atomic::{self, WriteError};
use super::conformance;
use super::folders;
use super::hashes;
use super::store::{self, file};

/// The files of a complete cell, except its summary and its hashes.
const FILES: [&str; 6] = [file::MANIFEST, file::HOST, file::SAMPLES, file::CLOCKS, file::TRAFFIC, conformance::FILE];

/// A cell that was taken over.
#[derive(Debug)]
pub struct Taken {
    /// The summary of the cell.
    pub summary: Summary,
    /// The name of the spec that had run it: `fig8`, or `derived/fig8` in a variant.
    pub from: String,
}

/// The cell of `plan`, taken from another spec's folder in `out`, or of a variant in `out`, into `spec_folder`. `None` means that no other folder has it complete. An
/// invalid run in real time is not taken.
///
/// # Errors
/// [`WriteError`].
pub fn take(out: &Path, spec_folder: &Path, plan: &str) -> Result<Option<Taken>, WriteError> {
    for other in others(out, spec_folder) {
        let theirs = store::cell_folder(&other, plan);
        let Ok(summary) = store::check_whole(&theirs, plan) else { continue };
        if summary.faults.is_empty() {
            take_files(&theirs, &store::cell_folder(spec_folder, plan))?;
            let from = other.strip_prefix(out).unwrap_or(&other).display().to_string();
            return Ok(Some(Taken { summary, from }));
        }
    }
    Ok(None)
}

/// The other folders of specs in `out`, by path. What cannot be listed has nothing to give.
fn others(out: &Path, spec_folder: &Path) -> Vec<PathBuf> {
    let mut folders = folders::below(out).unwrap_or_default();
    folders.retain(|folder| folder != spec_folder);
    folders
}

fn take_files(theirs: &Path, ours: &Path) -> Result<(), WriteError> {
    atomic::create_folder(ours)?;
    atomic::remove(&ours.join(hashes::FILE))?;
    atomic::remove(&ours.join(file::SUMMARY))?;
    for name in FILES.into_iter().chain([file::SUMMARY, hashes::FILE]) {
        let (from, to) = (theirs.join(name), ours.join(name));
        atomic::remove(&to)?;
        match fs::hard_link(&from, &to) {
            Ok(()) => {}
            // Only real time leaves a conformance.json.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !from.exists() => {}
            Err(_) => {
                let bytes = fs::read(&from).map_err(|source| WriteError::of(&from, source))?;
                atomic::write(&to, &bytes)?;
            }
        }
    }
    atomic::sync(ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::testing::{cell, write_whole};

    fn out_with(spec: &str) -> (tempfile::TempDir, PathBuf, String) {
        let out = tempfile::tempdir().unwrap();
        let cell = cell("Gaia").done();
        let folder = write_whole(&out.path().join(spec), &cell);
        (out, folder, cell.summary.plan)
    }

    #[test]
    fn a_whole_cell_of_another_spec_is_taken_with_all_its_files() {
        let (out, theirs, plan) = out_with("fig8");
        let mine = out.path().join("fig9");
        let taken = take(out.path(), &mine, &plan).unwrap().unwrap();
        assert_eq!(taken.from, "fig8");
        let ours = store::cell_folder(&mine, &plan);
        assert_eq!(store::check_whole(&ours, &plan).unwrap(), taken.summary);
        for entry in fs::read_dir(&theirs).unwrap() {
            let name = entry.unwrap().file_name();
            assert_eq!(fs::read(theirs.join(&name)).unwrap(), fs::read(ours.join(&name)).unwrap(), "{name:?}");
        }
    }

    #[test]
    fn specs_and_variants_of_them_take_cells_from_each_other() {
        let variant = |out: &Path, name: &str| folders::Variant::new(name, "").write(out).unwrap();
        for (theirs, mine) in
            [("fig8", "derived/fig8"), ("derived/fig8", "fig8"), ("derived/fig8", "z/fig8"), ("z/fig8", "z/fig9")]
        {
            let (out, _, plan) = out_with(theirs);
            ["derived", "z"].iter().for_each(|name| variant(out.path(), name));
            let mine = out.path().join(mine);
            let taken = take(out.path(), &mine, &plan).unwrap().expect(theirs);
            assert_eq!(taken.from, theirs);
            assert!(store::is_whole(&store::cell_folder(&mine, &plan), &plan), "{theirs}");
        }
        let (out, _, plan) = out_with("no-variant/fig8");
        assert!(take(out.path(), &out.path().join("fig8"), &plan).unwrap().is_none(), "not of this output folder");
    }

    #[test]
    fn what_is_rewritten_in_one_folder_stays_in_the_other() {
        let (out, theirs, plan) = out_with("fig8");
        let mine = out.path().join("fig9");
        take(out.path(), &mine, &plan).unwrap().unwrap();
        let ours = store::cell_folder(&mine, &plan);
        atomic::write(&ours.join(file::SAMPLES), b"other").unwrap();
        atomic::remove(&ours.join(file::SUMMARY)).unwrap();
        assert!(store::is_whole(&theirs, &plan) && !store::is_whole(&ours, &plan));
        take(out.path(), &mine, &plan).unwrap().unwrap();
        assert!(store::is_whole(&ours, &plan), "what is left of a broken cell does not matter");
    }

    #[test]
    fn a_damaged_missing_or_own_cell_is_not_taken() {
        let (out, theirs, plan) = out_with("fig8");
        assert!(take(out.path(), &out.path().join("fig8"), &plan).unwrap().is_none(), "its own");
        assert!(take(out.path(), &out.path().join("fig9"), "0000").unwrap().is_none(), "another plan");
        fs::write(theirs.join(file::CLOCKS), b"PAR1").unwrap();
        assert!(take(out.path(), &out.path().join("fig9"), &plan).unwrap().is_none(), "damaged");
        assert!(!out.path().join("fig9").exists());
    }
}
