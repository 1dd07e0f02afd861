//! `claims.json`: the claims of one figure, in the folder of its spec.

use std::fs;
use std::path::{Path, PathBuf};

use record::results::hashes;
use record::results::store::ReadError;

use super::claim::Claim;
use super::repeats::repeated_by;

/// The file's name in a spec's folder.
pub const FILE: &str = "claims.json";
/// The number of levels of folders below a folder that are searched for [`FILE`].
const DEEPEST: u32 = 3;

/// The text of `claims.json`, with a newline at its end.
pub fn to_json(claims: &[Claim]) -> String {
    let mut text = serde_json::to_string_pretty(claims).expect("claims have string keys and no failing fields");
    text.push('\n');
    text
}

/// The claims of all figures in `folder` and below, by the folders that hold them, sorted.
///
/// # Errors
/// [`ReadError`] when a `claims.json` cannot be read.
pub fn below(folder: &Path) -> Result<Vec<(PathBuf, Vec<Claim>)>, ReadError> {
    let mut files = Vec::new();
    find(folder, DEEPEST, &mut files)?;
    let with_claims = |path: PathBuf| Ok((path.parent().unwrap_or(folder).to_owned(), read(&path)?));
    files.into_iter().map(with_claims).collect()
}

/// The claims of one figure.
///
/// # Errors
/// [`ReadError`] when the file is missing, is not JSON of claims, or was changed after it was written.
pub fn read(path: &Path) -> Result<Vec<Claim>, ReadError> {
    let covered = hashes::check_if_covered(path.parent().unwrap_or(Path::new("")), FILE);
    covered.map_err(|source| ReadError::Hashes { path: path.to_owned(), source })?;
    let bytes = fs::read(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    let mut claims: Vec<Claim> =
        serde_json::from_slice(&bytes).map_err(|source| ReadError::Json { path: path.to_owned(), source })?;
    // Earlier versions did not write it.
    for claim in &mut claims {
        claim.repeats = claim.repeats.take().or_else(|| repeated_by(&claim.id).map(str::to_owned));
    }
    Ok(claims)
}

/// All [`FILE`]s in `folder` and below, by path.
fn find(folder: &Path, deepest: u32, found: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let failed = |source| ReadError::Io { path: folder.to_owned(), source };
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(failed)?.collect();
    let mut paths: Vec<PathBuf> = entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && deepest > 0 {
            find(&path, deepest - 1, found)?;
        } else if path.file_name().is_some_and(|name| name == FILE) {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::testing::{STATEMENT, measured, plain};
    use crate::claims::{Expected, Verdict};
    use record::results::testing::cell;

    #[test]
    fn the_file_has_the_documented_fields() {
        let json = |claim: Claim| serde_json::from_str::<serde_json::Value>(&to_json(&[claim])).unwrap();
        let mut expected = serde_json::json!({
            "id": "figure.claim", "says": "this is so (within 2 to 3)", "source": "Figure 1", "paper": 2.5,
            "expected": { "within": [2.0, 3.0] }, "measured": 2.5, "n": 3, "low": 2.0, "high": 3.0, "verdict": "holds"
        });
        assert_eq!(json(STATEMENT.judge(measured(2.5), &plain())), serde_json::json!([expected]));
        let context = crate::claims::Context::of(&[cell("LAN").fitted_to(&["figure.other"]).done()]);
        let claim = STATEMENT.judge(measured(2.75), &context);
        let claim = Claim { repeats: Some("figure.first".into()), ..claim };
        for (field, value) in [
            ("measured", serde_json::json!(2.75)),
            ("low", serde_json::json!(2.25)),
            ("high", serde_json::json!(3.25)),
            ("predicted", serde_json::json!(true)),
            ("crosses", serde_json::json!(true)),
            ("repeats", serde_json::json!("figure.first")),
        ] {
            expected[field] = value;
        }
        assert_eq!(json(claim), serde_json::json!([expected]));
    }

    #[test]
    fn files_of_earlier_versions_have_defaults() {
        let old = r#"[{"id": "a.b", "says": "so", "source": "ours", "paper": null, "measured": 1.0, "n": 1, "low": 1.0,
            "high": 1.0, "verdict": "holds"}]"#;
        let claims: Vec<Claim> = serde_json::from_str(old).unwrap();
        let claim = &claims[0];
        assert_eq!((claim.expected, claim.predicted, claim.crosses, &claim.repeats), (None, false, false, &None));
        assert!(!to_json(&claims).contains("predicted"));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), old.replace("a.b", "ic.vc.wan-bytes")).unwrap();
        let repeats = read(&folder.path().join(FILE)).unwrap().remove(0).repeats;
        assert_eq!(repeats.as_deref(), Some("fig9.ic.wan-bytes"));
    }

    #[test]
    fn numbers_that_json_lacks_become_null() {
        let json = to_json(&[STATEMENT.judge(measured(f64::NAN), &plain())]);
        let back: Vec<Claim> = serde_json::from_str(&json).unwrap();
        assert_eq!((back[0].measured, back[0].verdict), (None, Verdict::Fails));
        assert_eq!(back[0].expected, Some(Expected::Within(2.0, 3.0)));
    }

    #[test]
    fn claims_three_folders_down_are_found_and_none_below() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        fs::create_dir_all(deep.join("d")).unwrap();
        for holds_it in [folder.path(), &deep, &deep.join("d")] {
            fs::write(holds_it.join(FILE), to_json(&[STATEMENT.judge(measured(2.5), &plain())])).unwrap();
        }
        let found: Vec<PathBuf> = below(folder.path()).unwrap().into_iter().map(|(path, _)| path).collect();
        assert_eq!(found, [deep, folder.path().to_owned()]);
    }
}
