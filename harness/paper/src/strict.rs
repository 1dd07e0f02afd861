//! The evidence that `--strict` asks for. Success is a claim that was measured and does not fail, and nothing that is missing.
//!
//! Under `--strict` an empty folder, a spec of which nothing is claimed, a missing cell and a claim that was not measured are no
//! success: each is one line on the standard error, and the exit code is [`CLAIM_FAILED`].

use std::path::Path;
use std::process::ExitCode;

use crate::claims::{self, Claim, Verdict};
use record::failure::CLAIM_FAILED;
use record::results::hashes;
use record::results::store::{self, ReadError};
use record::say;

/// The evidence that is lacking in these claims, one line each; empty when they are evidence.
pub fn of_claims(claims: &[Claim]) -> Vec<String> {
    if claims.is_empty() {
        return vec!["nothing is claimed, so nothing was shown".into()];
    }
    let line = |claim: &Claim| match (claim.verdict, claim.measured) {
        (Verdict::Fails, _) => Some(format!("the claim {} fails", claim.id)),
        (_, None) => Some(format!("the claim {} was not measured: {}", claim.id, claim.says)),
        (Verdict::Holds | Verdict::Calibration | Verdict::NotComparable, Some(_)) => None,
    };
    claims.iter().filter_map(line).collect()
}

/// The evidence lacking in the claims of `folder` and the folders below, and in the cells that they rest on in the same folder.
///
/// # Errors
/// [`ReadError`] when a file of results cannot be read.
pub fn of_folder(folder: &Path) -> Result<Vec<String>, ReadError> {
    let figures = claims::below(folder)?;
    if figures.is_empty() {
        return Ok(vec![format!("no {} in {}", claims::FILE, folder.display())]);
    }
    let mut lacking = Vec::new();
    for (spec, claims) in &figures {
        let mut lines = of_claims(claims);
        if spec.join(store::file::CELLS).exists() {
            lines.splice(0..0, of_cells(spec)?);
        }
        let name = spec.strip_prefix(folder).ok().filter(|name| !name.as_os_str().is_empty()).unwrap_or(spec);
        lacking.extend(lines.into_iter().map(|line| format!("{}: {line}", name.display())));
    }
    Ok(lacking)
}

/// The cells that the folder of a spec stands for and has not, and claims that are older than it.
fn of_cells(spec: &Path) -> Result<Vec<String>, ReadError> {
    let index = store::read_cells(spec)?;
    let mut lines = Vec::new();
    for entry in &index.cells {
        if let Err(why) = store::check_whole(&store::cell_folder(spec, &entry.plan), &entry.plan) {
            lines.push(format!("{} (seed {}) is missing: {why}", entry.name(), entry.seed));
        }
    }
    lines.extend(hashes::check(spec, &[store::file::CELLS, claims::FILE]).err().map(|why| why.to_string()));
    Ok(lines)
}

/// The exit code. Under `--strict`, what is lacking is reported and is no success.
pub fn verdict(strict: bool, lacking: &[String]) -> ExitCode {
    if !strict || lacking.is_empty() {
        return ExitCode::SUCCESS;
    }
    lacking.iter().for_each(|line| say::err(&format!("strict: {line}")));
    ExitCode::from(CLAIM_FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(verdict: Verdict, measured: Option<f64>) -> Claim {
        Claim {
            id: "figure.claim".into(),
            says: "this is so".into(),
            source: "Figure 1".into(),
            paper: None,
            expected: None,
            measured,
            n: 1,
            low: measured,
            high: measured,
            verdict,
            predicted: false,
            crosses: false,
            repeats: None,
        }
    }

    #[test]
    fn strict_nothing_measured_is_no_evidence() {
        use Verdict::{Calibration, Fails, Holds, NotComparable};
        assert_eq!(of_claims(&[]), ["nothing is claimed, so nothing was shown"]);
        for (verdict, measured, lacking) in [
            (Holds, Some(1.0), 0),
            (Calibration, Some(1.0), 0),
            (NotComparable, Some(1.0), 0),
            (Fails, Some(1.0), 1),
            (Fails, None, 1),
            (Calibration, None, 1),
            (NotComparable, None, 1),
        ] {
            assert_eq!(of_claims(&[claim(verdict, measured)]).len(), lacking, "{verdict:?} {measured:?}");
        }
    }

    #[test]
    fn strict_nothing_measured_in_an_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        let lacking = of_folder(folder.path()).unwrap();
        assert!(lacking.len() == 1 && lacking[0].starts_with("no claims.json in "), "{lacking:?}");
    }
}
