//! Claims of the same specs under several variants, next to each other: one column per variant, one row per claim.
//!
//! A folder of results is one column, and each folder of a variant in it ([`folders`]) is another, with folders of specs of the same
//! names. A column is called as its variant, and [`DEFAULT`] without one.

use std::fs;
use std::path::{Path, PathBuf};

use record::results::folders::{self, VARIANT, VARIANT_SCHEMA, Variant};
use record::results::store::ReadError;
use thiserror::Error;

use super::claim::Claim;
use super::file::below;

/// The name of a column whose folder is of no variant.
pub const DEFAULT: &str = "figures";

/// The reasons why claims cannot be compared.
#[derive(Debug, Error)]
pub enum ColumnsError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file of another version.
    #[error("read {path}: schema {found}, expected {VARIANT_SCHEMA}")]
    Schema {
        /// The path of the file.
        path: PathBuf,
        /// The schema of the file.
        found: u32,
    },
    /// Two columns could not be told apart.
    #[error("read {path}: the variant `{name}` is that of {other} already; expected names that differ")]
    SameName {
        /// The path of the second folder.
        path: PathBuf,
        /// The name of both.
        name: String,
        /// The path of the first folder.
        other: PathBuf,
    },
}

/// The claims of one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name of the variant, unique among the columns.
    pub name: String,
    /// The variant in words; empty where there are none.
    pub title: String,
    /// By spec: `fig3` comes before `fig10`.
    pub specs: Vec<OfSpec>,
}

/// The claims of one spec.
#[derive(Clone, Debug, PartialEq)]
pub struct OfSpec {
    /// Its folder, from that of the column; the column's own name where the folder is that of the spec.
    pub spec: String,
    /// In the order of `claims.json`.
    pub claims: Vec<Claim>,
}

/// A claim in all columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// The spec that it is of.
    pub spec: &'a str,
    /// The claim's `id`, the same in all columns.
    pub id: &'a str,
    /// One entry per column; `None` where the variant has not run.
    pub claims: Vec<Option<&'a Claim>>,
}

impl Column {
    /// Its claims, in order.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.specs.iter().flat_map(|of| &of.claims)
    }
}

impl<'a> Row<'a> {
    /// The claim in the first column that has it: its text and numbers of the paper are the same in all.
    pub fn any(&self) -> &'a Claim {
        self.claims.iter().copied().flatten().next().expect("a row is of a claim")
    }
}

/// The columns of `folder`: its own claims first, then those of its variants by folder. Columns without claims are left out.
///
/// # Errors
/// [`ColumnsError`] when a file cannot be read, or two variants have one name.
pub fn columns(folder: &Path) -> Result<Vec<Column>, ColumnsError> {
    let variants = variants(folder)?;
    let is_of_variant = |path: &Path| variants.iter().any(|variant| path.starts_with(variant));
    let own: Vec<_> = below(folder)?.into_iter().filter(|(path, _)| !is_of_variant(path)).collect();
    let mut found: Vec<(PathBuf, Vec<_>)> = vec![(folder.to_owned(), own)];
    for variant in &variants {
        found.push((variant.clone(), below(variant)?));
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut paths: Vec<PathBuf> = Vec::new();
    for (path, figures) in found.into_iter().filter(|(_, figures)| !figures.is_empty()) {
        let (name, title) = named(&path)?;
        if let Some(same) = columns.iter().position(|column| column.name == name) {
            return Err(ColumnsError::SameName { path, name, other: paths[same].clone() });
        }
        let spec = |of: &Path| match of.strip_prefix(&path) {
            Ok(inside) if !inside.as_os_str().is_empty() => inside.display().to_string(),
            _ => of.display().to_string(),
        };
        let mut specs: Vec<OfSpec> =
            figures.into_iter().map(|(of, claims)| OfSpec { spec: spec(&of), claims }).collect();
        specs.sort_by_cached_key(|of| natural(&of.spec));
        columns.push(Column { name, title, specs });
        paths.push(path);
    }
    Ok(columns)
}

/// One row per claim of any column: by spec, in the order of the first column that has it.
pub fn rows(columns: &[Column]) -> Vec<Row<'_>> {
    let mut specs: Vec<&str> = columns.iter().flat_map(|column| &column.specs).map(|of| of.spec.as_str()).collect();
    specs.sort_by_cached_key(|spec| natural(spec));
    specs.dedup();
    specs.into_iter().flat_map(|spec| rows_of(columns, spec)).collect()
}

/// `name` as what it is sorted by: letters as letters, and numbers in it as numbers.
fn natural(name: &str) -> Vec<(u64, char)> {
    let mut key: Vec<(u64, char)> = Vec::new();
    let mut in_number = false;
    for c in name.chars() {
        match (c.to_digit(10), key.last_mut()) {
            (Some(digit), Some((number, _))) if in_number => {
                *number = number.saturating_mul(10).saturating_add(digit.into());
            }
            (Some(digit), _) => key.push((digit.into(), '0')),
            // Above any number, as letters are above digits.
            (None, _) => key.push((u64::MAX, c)),
        }
        in_number = c.is_ascii_digit();
    }
    key
}

fn rows_of<'a>(columns: &'a [Column], spec: &'a str) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (position, column) in columns.iter().enumerate() {
        for claim in column.specs.iter().filter(|of| of.spec == spec).flat_map(|of| &of.claims) {
            let free = rows.iter().position(|row| row.id == claim.id && row.claims[position].is_none());
            let row = free.unwrap_or_else(|| {
                rows.push(Row { spec, id: &claim.id, claims: vec![None; columns.len()] });
                rows.len() - 1
            });
            rows[row].claims[position] = Some(claim);
        }
    }
    rows
}

/// The folders of variants in `folder`, sorted.
fn variants(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |source| ReadError::Io { path: folder.to_owned(), source };
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(failed)?.collect();
    let mut paths: Vec<PathBuf> = entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| folders::is_of_variant(path));
    paths.sort();
    Ok(paths)
}

/// Name and title of the column of `folder`.
fn named(folder: &Path) -> Result<(String, String), ColumnsError> {
    let path = folder.join(VARIANT);
    if !folders::is_of_variant(folder) {
        return Ok((DEFAULT.to_owned(), String::new()));
    }
    let bytes = fs::read(&path).map_err(|source| ReadError::Io { path: path.clone(), source })?;
    let variant: Variant =
        serde_json::from_slice(&bytes).map_err(|source| ReadError::Json { path: path.clone(), source })?;
    if variant.schema != VARIANT_SCHEMA {
        return Err(ColumnsError::Schema { path, found: variant.schema });
    }
    Ok((variant.name, variant.title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::testing::{STATEMENT, measured, place, plain, variant};
    use crate::claims::{Statement, Verdict, to_json};

    fn claim(id: &str, mean: f64) -> Claim {
        Statement { id, ..STATEMENT }.judge(measured(mean), &plain())
    }

    #[test]
    fn variants_are_columns_and_not_specs_of_the_first() {
        let folder = place(&[
            ("fig9", &[claim("fig9.a", 2.5), claim("fig9.b", 9.0)]),
            ("derived/fig9", &[claim("fig9.b", 2.5), claim("fig9.c", 2.5)]),
            ("derived/fig3", &[claim("fig3.a", 2.5)]),
        ]);
        variant(&folder.path().join("derived"), "as derived", "Rates as derived");
        let columns = columns(folder.path()).unwrap();
        let names: Vec<(&str, &str)> =
            columns.iter().map(|column| (column.name.as_str(), column.title.as_str())).collect();
        assert_eq!(names, [("figures", ""), ("as derived", "Rates as derived")]);
        let verdicts = |row: &Row<'_>| row.claims.iter().map(|claim| claim.map(|claim| claim.verdict)).collect();
        let found: Vec<(&str, &str, Vec<Option<Verdict>>)> =
            rows(&columns).iter().map(|row| (row.spec, row.id, verdicts(row))).collect();
        let (holds, fails) = (Some(Verdict::Holds), Some(Verdict::Fails));
        let expected = [
            ("fig3", "fig3.a", vec![None, holds]),
            ("fig9", "fig9.a", vec![holds, None]),
            ("fig9", "fig9.b", vec![fails, holds]),
            ("fig9", "fig9.c", vec![None, holds]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_folder_of_a_variant_is_called_as_its_file_says() {
        let folder = place(&[("fig9", &[claim("fig9.a", 2.5)])]);
        variant(folder.path(), "calibrated", "");
        let columns = columns(folder.path()).unwrap();
        assert_eq!((columns.len(), columns[0].name.as_str()), (1, "calibrated"));
    }

    #[test]
    fn specs_are_in_the_order_of_their_numbers() {
        let names = ["fig10", "fig3", "fig", "ic", "fig3b", "fig13", "validation", "a/fig9", "a/fig10"];
        let specs: Vec<(&str, Vec<Claim>)> = names.iter().map(|name| (*name, vec![claim("a", 2.5)])).collect();
        let specs: Vec<(&str, &[Claim])> = specs.iter().map(|(name, claims)| (*name, claims.as_slice())).collect();
        let columns = columns(place(&specs).path()).unwrap();
        let sorted = ["a/fig9", "a/fig10", "fig", "fig3", "fig3b", "fig10", "fig13", "ic", "validation"];
        assert_eq!(columns[0].specs.iter().map(|of| of.spec.as_str()).collect::<Vec<_>>(), sorted);
        assert_eq!(rows(&columns).iter().map(|row| row.spec).collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn the_same_name_twice_in_one_spec_are_two_rows() {
        let folder = place(&[("fig9", &[claim("a", 2.5), claim("a", 9.0)])]);
        let columns = columns(folder.path()).unwrap();
        assert_eq!(rows(&columns).len(), 2);
    }

    #[test]
    fn empty_folders_have_no_column() {
        let folder = place(&[]);
        assert_eq!(columns(folder.path()).unwrap(), []);
        fs::create_dir(folder.path().join("derived")).unwrap();
        variant(&folder.path().join("derived"), "derived", "");
        assert_eq!(columns(folder.path()).unwrap(), []);
        fs::create_dir(folder.path().join("derived/fig9")).unwrap();
        fs::write(folder.path().join("derived/fig9").join(crate::claims::FILE), to_json(&[claim("a", 2.5)])).unwrap();
        let only = columns(folder.path()).unwrap();
        assert_eq!((only.len(), only[0].specs[0].spec.as_str()), (1, "fig9"));
    }

    #[test]
    fn files_of_variants_that_cannot_be_meant_are_errors() {
        let folder =
            place(&[("fig9", &[claim("a", 2.5)]), ("b/fig9", &[claim("a", 2.5)]), ("c/fig9", &[claim("a", 2.5)])]);
        let error = |name: &str, text: &str| {
            fs::write(folder.path().join(name).join(VARIANT), text).unwrap();
            columns(folder.path()).unwrap_err().to_string()
        };
        assert!(error("b", "{").ends_with("variant.json"));
        let other = error("b", r#"{"schema": 2, "name": "b", "title": ""}"#);
        assert!(other.ends_with("variant.json: schema 2, expected 1"), "{other}");
        variant(&folder.path().join("b"), "b", "");
        assert!(error("c", r#"{"schema": 1, "name": "b", "title": ""}"#).contains("the variant `b` is that of "));
        assert!(
            error("c", r#"{"schema": 1, "name": "figures", "title": ""}"#)
                .contains("the variant `figures` is that of ")
        );
    }
}
