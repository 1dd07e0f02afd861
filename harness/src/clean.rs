//! `experiments clean`: removes cells that no figure shows any more, and on request results of other versions.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use record::failure::Failure;
use record::results::folders;
use record::results::lock::Lock;
use record::results::store::{self, ReadError, file};

use crate::cli::CleanArgs;

/// The length of a plan's hash, which is the name of its cell's folder.
const HASH_DIGITS: usize = 16;

/// The folders to be removed, and the folders that are left for a reason.
#[derive(Debug, Default)]
struct Found {
    /// Folders, with the reason in words.
    removed: Vec<(PathBuf, String)>,
    /// Lines about folders that stay.
    kept: Vec<String>,
}

/// Removes what can be removed below `args.dir`, and returns what to show.
///
/// # Errors
/// [`Failure::Input`] when there are no results, [`Failure::Run`] when a folder cannot be removed or is being written to.
pub fn command(args: &CleanArgs) -> Result<String, Failure> {
    let specs = folders::of_specs(&args.dir)
        .map_err(|error| Failure::input(format!("{}: cannot be read: {error}", args.dir.display())))?;
    if specs.is_empty() {
        let dir = args.dir.display();
        return Err(Failure::input(format!(
            "{dir}: no results in it, expected a folder that `experiments run` wrote to"
        )));
    }
    let mut found = Found::default();
    let mut locks = Vec::new();
    for spec in specs {
        locks.push(Lock::take(&spec).map_err(Failure::run)?);
        look(&spec, args.older, &mut found);
    }
    let mut text = String::new();
    let mut bytes = 0;
    for (folder, why) in &found.removed {
        bytes += size(folder);
        if !args.dry_run {
            fs::remove_dir_all(folder).map_err(|error| {
                Failure::run(io::Error::new(error.kind(), format!("remove {}: {error}", folder.display())))
            })?;
        }
        text += &format!("{}: {why}\n", folder.display());
    }
    found.kept.iter().for_each(|line| text += &format!("{line}\n"));
    let (count, verb) = (found.removed.len(), if args.dry_run { "would be removed" } else { "removed" });
    let folders = if count == 1 { "folder" } else { "folders" };
    Ok(format!("{text}{count} {folders} {verb}, {:.1} MB\n", bytes as f64 / 1e6))
}

fn look(spec: &Path, older: bool, found: &mut Found) {
    let index = match store::read_cells(spec) {
        Ok(index) => index,
        Err(error @ ReadError::Schema { .. }) if older => {
            found.removed.push((spec.to_owned(), error.to_string()));
            return;
        }
        Err(error) => {
            let hint = if matches!(error, ReadError::Schema { .. }) { " (`--older` removes it)" } else { "" };
            found.kept.push(format!("{}: kept: {error}{hint}", spec.display()));
            return;
        }
    };
    let shown: BTreeSet<&str> = index.cells.iter().map(|cell| cell.plan.as_str()).collect();
    let mut cells: Vec<PathBuf> = fs::read_dir(spec)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_cell(path))
        .collect();
    cells.sort();
    let name = |folder: &Path| folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let unused = cells.into_iter().filter(|folder| !shown.contains(name(folder).as_str()));
    found.removed.extend(unused.map(|folder| (folder, "of an earlier plan, which no figure shows".to_owned())));
}

/// Whether this is a cell's folder: no link, named by a plan's hash, with what every run writes first.
fn is_cell(path: &Path) -> bool {
    let is_folder = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_hash = name.len() == HASH_DIGITS && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_folder && is_hash && path.join(file::MANIFEST).is_file()
}

/// Bytes of the files in a folder; files that other specs share count as well.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            entry.metadata().map_or(0, |metadata| if metadata.is_dir() { size(&entry.path()) } else { metadata.len() })
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use record::results::testing::{self, cell, write_whole};

    use super::*;

    fn args(dir: &Path) -> CleanArgs {
        CleanArgs { dir: dir.to_owned(), dry_run: false, older: false }
    }

    #[test]
    fn cells_that_no_figure_shows_go_and_nothing_else() {
        let out = tempfile::tempdir().unwrap();
        let spec = out.path().join("fig13");
        let (shown, unused) = (cell("Gaia").done(), cell("Baseline").done());
        let hash = |digit: char| digit.to_string().repeat(HASH_DIGITS);
        let cells = [(shown, hash('a')), (unused, hash('b'))].map(|(mut cell, hash)| {
            cell.summary.plan.clone_from(&hash);
            write_whole(&spec, &cell);
            cell
        });
        store::write_cells(&spec, &testing::index(&cells[..1])).unwrap();
        fs::create_dir(spec.join(hash('c'))).unwrap();
        fs::write(spec.join("notes.txt"), "mine").unwrap();

        let output = command(&CleanArgs { dry_run: true, ..args(out.path()) }).unwrap();
        assert!(output.ends_with(" MB\n") && output.contains("1 folder would be removed"), "{output}");
        assert!(spec.join(hash('b')).exists());
        let output = command(&args(out.path())).unwrap();
        assert!(output.contains(&hash('b')) && output.contains("1 folder removed"), "{output}");
        assert!(!spec.join(hash('b')).exists());
        assert!(spec.join(hash('a')).exists() && spec.join(hash('c')).exists() && spec.join("notes.txt").exists());
        assert!(command(&args(&spec)).unwrap().contains("0 folders removed"));
    }

    #[test]
    fn cells_of_a_variants_specs_are_looked_at_too() {
        let out = tempfile::tempdir().unwrap();
        folders::Variant::new("derived", "").write(out.path()).unwrap();
        let spec = out.path().join("derived/fig13");
        let mut unused = cell("Gaia").done();
        unused.summary.plan = "a".repeat(HASH_DIGITS);
        let folder = write_whole(&spec, &unused);
        store::write_cells(&spec, &testing::index(&[])).unwrap();
        let output = command(&args(out.path())).unwrap();
        assert!(output.contains("1 folder removed") && !folder.exists(), "{output}");
        assert!(out.path().join("derived").join(folders::VARIANT).exists());
    }

    #[test]
    fn results_of_another_version_stay_until_they_are_asked_for() {
        let out = tempfile::tempdir().unwrap();
        let spec = out.path().join("old");
        fs::create_dir(&spec).unwrap();
        fs::write(spec.join(file::CELLS), "{\"schema\": 3}").unwrap();
        let output = command(&args(out.path())).unwrap();
        assert!(
            output.contains("schema 3") && output.contains("version 0.1") && output.contains("--older"),
            "{output}"
        );
        assert!(spec.exists());
        command(&CleanArgs { older: true, ..args(out.path()) }).unwrap();
        assert!(!spec.exists());
    }

    #[test]
    fn a_folder_without_results_is_refused() {
        let out = tempfile::tempdir().unwrap();
        assert!(command(&args(out.path())).is_err());
        assert!(command(&args(&out.path().join("none"))).is_err());
    }
}
