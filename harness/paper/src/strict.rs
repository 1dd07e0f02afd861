//! The evidence that `--strict` asks for. Success is a claim that was measured and does not fail, and nothing that is missing. A claim that the
//! spec expects to fail must fail: one that holds is no success, so that the list of expected failures stays true.
//!
//! Under `--strict` an empty folder, a spec of which nothing is claimed, a missing cell and a claim that was not measured are no
//! success: each is one line on the standard error, and the exit code is [`CLAIM_FAILED`].

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::claims::{self, ASSERTED, Claim, Verdict};
use record::failure::CLAIM_FAILED;
use record::results::CellEntry;
use record::results::hashes;
use record::results::store::{self, NotWhole, ReadError};
use record::say;

/// What a figure shows, and what it lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The name of its spec; in a variant `VARIANT/SPEC`.
    pub name: String,
    /// Its claims and assertions.
    pub claims: Vec<Claim>,
    /// What it should rest on and is not there.
    pub missing: Vec<Missing>,
}

/// A cell that a spec has and its results have not, or a file that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// `Gaia (seed 1)`, or the name of a file.
    pub what: String,
    /// The reason, in a sentence.
    pub why: String,
}

impl Evidence {
    /// The evidence that is lacking, one line each; empty when the claims are evidence.
    pub fn lacking(&self) -> Vec<String> {
        let missing = self.missing.iter().map(|missing| missing.why.clone());
        missing.chain(of_claims(&self.claims)).map(|line| format!("{}: {line}", self.name)).collect()
    }
}

/// The evidence that is lacking in these claims, one line each; empty when they are evidence.
pub fn of_claims(claims: &[Claim]) -> Vec<String> {
    if claims.is_empty() {
        return vec!["nothing is claimed, so nothing was shown".into()];
    }
    claims.iter().filter_map(of_claim).collect()
}

/// The evidence that is lacking in a claim; `None` means that it is evidence.
pub(crate) fn of_claim(claim: &Claim) -> Option<String> {
    let kind = if claim.source == ASSERTED { "assertion" } else { "claim" };
    let id = &claim.id;
    match (claim.verdict, claim.measured, &claim.because) {
        (Verdict::Fails, _, Some(_)) => None,
        (Verdict::Fails, _, None) => Some(format!("the {kind} {id} fails")),
        (_, None, _) => Some(format!("the {kind} {id} was not measured: {}", claim.says)),
        (Verdict::Holds, Some(_), Some(because)) => {
            Some(format!("the {kind} {id} holds, and the spec expects it to fail: {because}"))
        }
        (Verdict::Holds | Verdict::Calibration | Verdict::NotComparable, Some(_), _) => None,
    }
}

/// The evidence of `folder` and the folders below: their claims, and the cells that they rest on in the same folder.
///
/// # Errors
/// [`ReadError`] when a file of results cannot be read.
pub fn evidence(folder: &Path) -> Result<Vec<Evidence>, ReadError> {
    let of_figure = |(spec, claims): (PathBuf, Vec<Claim>)| {
        let missing = if spec.join(store::file::CELLS).exists() { of_cells(&spec)? } else { Vec::new() };
        let name = spec.strip_prefix(folder).ok().filter(|name| !name.as_os_str().is_empty()).unwrap_or(&spec);
        Ok(Evidence { name: name.display().to_string(), claims, missing })
    };
    claims::below(folder)?.into_iter().map(of_figure).collect()
}

/// The evidence lacking in `figures`, those of `folder`, one line each.
pub fn lacking(folder: &Path, figures: &[Evidence]) -> Vec<String> {
    if figures.is_empty() {
        return vec![nothing(folder)];
    }
    figures.iter().flat_map(Evidence::lacking).collect()
}

/// A folder without claims, in words.
pub(crate) fn nothing(folder: &Path) -> String {
    format!("no {} in {}", claims::FILE, folder.display())
}

/// The cells that the folder of a spec stands for and has not, and claims that are older than it.
fn of_cells(spec: &Path) -> Result<Vec<Missing>, ReadError> {
    let index = store::read_cells(spec)?;
    let mut missing = Vec::new();
    for entry in &index.cells {
        if let Err(why) = store::check_whole(&store::cell_folder(spec, &entry.plan), &entry.plan) {
            missing.push(Missing::cell(entry, &why));
        }
    }
    let stale = hashes::check(spec, &[store::file::CELLS, claims::FILE]).err();
    missing.extend(stale.map(|why| Missing { what: claims::FILE.into(), why: why.to_string() }));
    Ok(missing)
}

impl Missing {
    /// A cell that is not whole.
    pub(crate) fn cell(entry: &CellEntry, why: &NotWhole) -> Self {
        let what = format!("{} (seed {})", entry.name(), entry.seed);
        Missing { why: format!("{what} is missing: {why}"), what }
    }
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
            because: None,
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
    fn strict_expected_failures_must_fail() {
        let expected = |verdict, measured| {
            let claim = Claim { because: Some("the links are faster".into()), ..claim(verdict, measured) };
            of_claims(&[claim])
        };
        assert_eq!(expected(Verdict::Fails, Some(1.0)), [] as [String; 0]);
        assert_eq!(
            expected(Verdict::Fails, None),
            [] as [String; 0],
            "a cell that does not reach its target fails it, too"
        );
        let line = "the claim figure.claim holds, and the spec expects it to fail: the links are faster";
        assert_eq!(expected(Verdict::Holds, Some(1.0)), [line]);
        assert_eq!(expected(Verdict::NotComparable, None).len(), 1, "what was not measured does not fail");
        assert_eq!(expected(Verdict::Calibration, Some(1.0)).len(), 0);
    }

    #[test]
    fn strict_nothing_measured_in_an_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        let figures = evidence(folder.path()).unwrap();
        let lacking = lacking(folder.path(), &figures);
        assert!(lacking.len() == 1 && lacking[0].starts_with("no claims.json in "), "{lacking:?}");
    }
}
