//! The folders of a folder of results: `<out>/<spec>/`, and `<out>/<variant>/<spec>/` where specs ran with the settings of a variant.
//!
//! `<out>/<variant>/variant.json` ([`Variant`]) distinguishes the two. It is written before the folders of the variant's specs.
//! `<out>/<spec>/` with a `fit.json` is of `experiments fit`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::{self, WriteError};
use super::store::file;

/// The name of the file of [`Variant`].
pub const VARIANT: &str = "variant.json";
/// The version of that file's form.
pub const VARIANT_SCHEMA: u32 = 1;

/// The name of the file with the result of a fit.
pub const FIT: &str = "fit.json";

/// The variant that a folder holds the results of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Variant {
    /// The version of the file's form.
    pub schema: u32,
    /// The name of the variant, and of its folder.
    pub name: String,
    /// One line for people.
    pub title: String,
}

impl Variant {
    /// The variant of this name.
    pub fn new(name: &str, title: &str) -> Self {
        Variant { schema: VARIANT_SCHEMA, name: name.into(), title: title.into() }
    }

    /// Writes `variant.json` into the variant's folder below `out`, which is made if it is not there.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn write(&self, out: &Path) -> Result<(), WriteError> {
        let folder = out.join(&self.name);
        atomic::create_folder(&folder)?;
        let mut bytes = serde_json::to_vec(self).expect("a number and two texts have a JSON form");
        bytes.push(b'\n');
        atomic::write(&folder.join(VARIANT), &bytes)
    }
}

/// Whether the folder is a variant's.
pub fn is_of_variant(folder: &Path) -> bool {
    folder.join(VARIANT).is_file()
}

/// Whether the folder has the result of a fit.
pub fn is_of_fit(folder: &Path) -> bool {
    folder.join(FIT).is_file()
}

/// Whether the folder is a spec's.
pub fn is_of_spec(folder: &Path) -> bool {
    folder.join(file::CELLS).is_file()
}

/// `dir` if it is a spec's, else the folders of specs in it and in the folders of variants in it, by path. Empty: there are none, or `dir`
/// is a fit's, whose runs are not all in an index.
///
/// # Errors
/// Of listing `dir`. A folder in it that cannot be listed holds no specs.
pub fn of_specs(dir: &Path) -> io::Result<Vec<PathBuf>> {
    if is_of_spec(dir) {
        return Ok(vec![dir.to_owned()]);
    }
    if is_of_fit(dir) {
        return Ok(Vec::new());
    }
    let mut folders = below(dir)?;
    folders.retain(|folder| is_of_spec(folder));
    Ok(folders)
}

/// All folders in `out` and in the folders of variants in it, by path.
///
/// # Errors
/// Of listing `out`.
pub fn below(out: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = in_folder(out)?;
    let of_variants = folders.iter().filter(|folder| is_of_variant(folder));
    let more: Vec<PathBuf> = of_variants.flat_map(|folder| in_folder(folder).unwrap_or_default()).collect();
    folders.extend(more);
    folders.sort();
    Ok(folders)
}

fn in_folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    folders.retain(|folder| folder.is_dir());
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variants_file_has_its_schema_name_and_title() {
        let out = tempfile::tempdir().unwrap();
        Variant::new("derived", "Nothing \"fitted\"").write(out.path()).unwrap();
        let text = fs::read_to_string(out.path().join("derived").join(VARIANT)).unwrap();
        assert_eq!(text, "{\"schema\":1,\"name\":\"derived\",\"title\":\"Nothing \\\"fitted\\\"\"}\n");
    }

    #[test]
    fn specs_are_found_in_results_in_a_variant_and_by_themselves() {
        let out = tempfile::tempdir().unwrap();
        let path = |name: &str| out.path().join(name);
        for name in ["fig8", "derived/fig8", "derived/fig9", "mine/fig8"] {
            fs::create_dir_all(path(name)).unwrap();
            fs::write(path(name).join(file::CELLS), "{}").unwrap();
        }
        fs::create_dir(path("empty")).unwrap();
        Variant::new("derived", "").write(out.path()).unwrap();
        let found = |dir: &Path| -> Vec<String> {
            let folders = of_specs(dir).unwrap();
            folders.iter().map(|folder| folder.strip_prefix(out.path()).unwrap().display().to_string()).collect()
        };
        // `mine` is a folder of results, but not of a variant.
        assert_eq!(found(out.path()), ["derived/fig8", "derived/fig9", "fig8"]);
        assert_eq!(found(&path("derived")), ["derived/fig8", "derived/fig9"]);
        assert_eq!(found(&path("derived/fig9")), ["derived/fig9"]);
        fs::create_dir_all(path("fit/runs")).unwrap();
        fs::write(path("fit/runs").join(file::CELLS), "{}").unwrap();
        fs::write(path("fit").join(FIT), "{}").unwrap();
        assert!(found(&path("fit")).is_empty(), "its runs are not a spec's");
        assert_eq!(found(out.path()), ["derived/fig8", "derived/fig9", "fig8"]);
        assert!(found(&path("empty")).is_empty() && of_specs(&path("none")).is_err());
    }
}
