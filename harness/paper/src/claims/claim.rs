//! A claim with its verdict: an entry of `claims.json`.

use record::numbers::significant;
use serde::{Deserialize, Serialize};

use super::expected::Expected;

/// The result of comparing a claim with its measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The measured number is within the tolerance.
    Holds,
    /// The measured number is outside the tolerance, or a run did not reach its target.
    Fails,
    /// An input was fitted to this very result, or to results that are not known: agreement would show nothing.
    Calibration,
    /// Nothing to compare it with: a user's own data, cells that have not run, or a target that must not be believed.
    NotComparable,
}

/// A claim with its verdict. Fields that earlier versions did not write have a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Claim {
    /// Unique over all figures: `fig13.gaia-over-lan`.
    pub id: String,
    /// In words, with the tolerance, and why nothing was measured where nothing was.
    pub says: String,
    /// The source of the claim; [`OURS`](super::OURS) for one that is not the paper's.
    pub source: String,
    /// The paper's number, in the unit that `says` names; `None` where it gives none.
    pub paper: Option<f64>,
    /// The tolerance; `None` in files of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    /// Our number, the mean over seeds, in the same unit.
    pub measured: Option<f64>,
    /// The number of seeds.
    pub n: usize,
    /// The least of a seed.
    pub low: Option<f64>,
    /// The greatest of a seed.
    pub high: Option<f64>,
    /// Whether it holds, as far as that can be known.
    pub verdict: Verdict,
    /// Whether it rests on rates that were fitted to other results of the paper: its verdict is that of a prediction.
    #[serde(default, skip_serializing_if = "is_false")]
    pub predicted: bool,
    /// Whether the range over seeds crosses a bound of the tolerance: the verdict of the least or of the greatest seed alone is
    /// not that of the mean.
    #[serde(default, skip_serializing_if = "is_false")]
    pub crosses: bool,
    /// The claim that measures the same cells in the same way; totals count both once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
    /// The reason for which the spec expects it to fail; `None` means that it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

fn is_false(is: &bool) -> bool {
    !is
}

impl Verdict {
    /// Its word in `claims.json`, on pages and in terminals.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Fails => "fails",
            Verdict::Calibration => "calibration",
            Verdict::NotComparable => "not-comparable",
        }
    }

    /// Whether the measurement was compared with the tolerance.
    pub fn is_judged(self) -> bool {
        matches!(self, Verdict::Holds | Verdict::Fails)
    }
}

impl Claim {
    /// `holds`, `fails, predicted`, `holds, crosses`, `fails, expected`: the verdict, with its marks.
    pub fn verdict_text(&self) -> String {
        let marks = [
            (self.predicted, ", predicted"),
            (self.crosses, ", crosses"),
            (self.because.is_some(), self.expected_mark()),
        ];
        let marks = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark);
        std::iter::once(self.verdict.word()).chain(marks).collect()
    }

    /// Whether it fails as the spec expects.
    pub fn fails_as_expected(&self) -> bool {
        self.verdict == Verdict::Fails && self.because.is_some()
    }

    fn expected_mark(&self) -> &'static str {
        if self.fails_as_expected() { ", expected" } else { ", expected to fail" }
    }

    /// `2.9 (2.7 - 3.1)`, the range only over several seeds; `-` when nothing was measured.
    pub fn measured_text(&self) -> String {
        let Some(measured) = self.measured else {
            return "-".into();
        };
        let text = significant(measured, 3);
        match (self.low, self.high) {
            (Some(low), Some(high)) if self.n > 1 => {
                format!("{text} ({} - {})", significant(low, 3), significant(high, 3))
            }
            _ => text,
        }
    }

    /// The paper's number; `-` when it gives none.
    pub fn paper_text(&self) -> String {
        self.paper.map_or_else(|| "-".into(), |paper| significant(paper, 3))
    }
}
