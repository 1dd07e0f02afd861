//! The figures of two folders, paired by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use record::results::folders::{is_of_fit, is_of_spec};

use super::error::CompareError;
use super::side::MANIFESTS;
use crate::report::file;

/// The number of levels of folders below a folder that are searched for figures: specs, and specs of variants.
const DEEPEST: u32 = 2;

/// A figure that is in both folders.
#[derive(Debug)]
pub(super) struct Pair {
    /// The figure's folder from that of the results.
    pub(super) name: String,
    pub(super) a: PathBuf,
    pub(super) b: PathBuf,
}

/// The figures of two folders.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) both: Vec<Pair>,
    pub(super) only_a: Vec<String>,
    pub(super) only_b: Vec<String>,
}

/// Pairs the figures of folder `b` with those of `a`. Two folders of one figure are a pair, whatever they are called.
pub(super) fn pair(a: &Path, b: &Path) -> Result<Pairs, CompareError> {
    match (is_of_figure(a), is_of_figure(b)) {
        (true, true) => {
            let both = vec![Pair { name: name_of(a), a: a.to_owned(), b: b.to_owned() }];
            return Ok(Pairs { both, only_a: Vec::new(), only_b: Vec::new() });
        }
        (true, false) => return Err(kinds(a, b)),
        (false, true) => return Err(kinds(b, a)),
        (false, false) => {}
    }
    let [of_a, of_b] = [figures(a)?, figures(b)?];
    let names: BTreeSet<&String> = of_a.keys().chain(of_b.keys()).collect();
    let mut pairs = Pairs { both: Vec::new(), only_a: Vec::new(), only_b: Vec::new() };
    for name in names {
        match (of_a.get(name), of_b.get(name)) {
            (Some(a), Some(b)) => pairs.both.push(Pair { name: name.clone(), a: a.clone(), b: b.clone() }),
            (Some(_), None) => pairs.only_a.push(name.clone()),
            (None, _) => pairs.only_b.push(name.clone()),
        }
    }
    Ok(pairs)
}

/// The figures in `dir` by name: `fig8`, `derived/fig8`.
fn figures(dir: &Path) -> Result<BTreeMap<String, PathBuf>, CompareError> {
    let mut found = BTreeMap::new();
    let listed = find(dir, String::new(), DEEPEST, &mut found);
    listed.map_err(|source| CompareError::List { folder: dir.to_owned(), source })?;
    if found.is_empty() {
        return Err(CompareError::Nothing { folder: dir.to_owned() });
    }
    Ok(found)
}

fn find(dir: &Path, prefix: String, deepest: u32, found: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let name = format!("{prefix}{}", name_of(&path));
        if is_of_figure(&path) {
            found.insert(name, path);
        } else if deepest > 1 && !is_of_fit(&path) {
            find(&path, format!("{name}/"), deepest - 1, found)?;
        }
    }
    Ok(())
}

/// Whether the folder is one of a figure: with the cells of a spec, a list of their digests, or a table.
fn is_of_figure(dir: &Path) -> bool {
    is_of_spec(dir) || [MANIFESTS, file::TABLE].iter().any(|name| dir.join(name).is_file())
}

fn name_of(dir: &Path) -> String {
    // `results/fig13/.` and `.` have a name as well.
    let whole = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    whole.file_name().map_or_else(|| dir.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn kinds(one: &Path, several: &Path) -> CompareError {
    if let Err(source) = fs::read_dir(several) {
        return CompareError::List { folder: several.to_owned(), source };
    }
    let meant = several.join(name_of(one));
    let hint = if is_of_figure(&meant) { format!(", such as {}", meant.display()) } else { String::new() };
    CompareError::Kinds { one: one.to_owned(), several: several.to_owned(), hint }
}
