//! Every figure: its name, its question, its form, its claims. A figure is one entry in [`Figure::ALL`].

use polars::prelude::{DataFrame, PolarsResult};
use thiserror::Error;

use super::asserted::{self, AssertError};
use super::axes::{self, Runs};
use super::bars::{SLOWDOWNS, SPEEDUPS};
use super::bars_and_accuracy::BarsAndAccuracy;
use super::canvas::Canvas;
use super::convergence::Convergence;
use super::curves::CurvesOverTime;
use super::fig11::CostBars;
use super::form::FigureForm;
use super::render::{self, DrawError};
use super::shares::Shares;
use super::table1::OverCentralized;
use super::validation::Validation;
use super::whatif::WhatIf;
use super::{accuracy, convergence, family, fig3, fig11, fig12, measure, plots, shares, table1, validation, whatif};
use crate::claims::Claim;
use record::results::expectations::Asserted;
use record::results::{CellResult, Plot};
use record::suggest;

/// A figure: a question about a spec's cells.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// As specs name it.
    pub name: &'static str,
    /// The question that it answers.
    pub question: &'static str,
    form: &'static dyn FigureForm,
    claims: fn(&[CellResult]) -> Vec<Claim>,
    claim_names: fn() -> Vec<String>,
}

/// The names of the claims of all figures, in their order: what a fit of a machine kind may name.
pub fn claim_names() -> Vec<String> {
    Figure::ALL.iter().flat_map(|figure| (figure.claim_names)()).collect()
}

/// What is drawn of a figure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Drawn<'a> {
    /// The plots that the spec asks for, at least one.
    ByPlots(&'a [Plot]),
    /// The figure that the spec names.
    AsNamed,
    /// The spec names none: plots over the axis of a sweep, or the figure.
    AsFits,
}

impl<'a> Drawn<'a> {
    /// What a spec asks for by its plots and the name of its figure.
    pub(crate) fn of(plots: &'a [Plot], figure: &str) -> Self {
        match (plots, figure) {
            ([], "") => Drawn::AsFits,
            ([], _) => Drawn::AsNamed,
            (plots, _) => Drawn::ByPlots(plots),
        }
    }
}

/// A name that is no figure's.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("there is no figure `{found}`{hint}")]
pub struct UnknownFigure {
    /// The name as it was written.
    pub found: String,
    /// The nearest name if one is near, and all names.
    pub hint: String,
}

const NEAR_LAN: &str = "how long do Baseline, Gaia and LAN take to converge?";
const UNDER_SSP: &str = "how long do Baseline, Gaia and LAN take to converge under SSP, and where does the time go?";

impl Figure {
    /// Every figure; the first is for specs that name none.
    pub const ALL: &'static [Figure] = &[
        Figure {
            name: "convergence",
            question: convergence::QUESTION,
            form: &Convergence,
            claims: |r| measure::same_target("convergence.same-target", r),
            claim_names: || vec!["convergence.same-target".into()],
        },
        Figure {
            name: "slowdown",
            question: fig3::QUESTION,
            form: &SLOWDOWNS,
            claims: |r| measure::same_target("slowdown.same-target", r),
            claim_names: || vec!["slowdown.same-target".into()],
        },
        Figure {
            name: "fig3",
            question: fig3::QUESTION,
            form: &SLOWDOWNS,
            claims: fig3::claims,
            claim_names: fig3::claim_names,
        },
        Figure {
            name: "fig5",
            question: shares::QUESTION,
            form: &Shares,
            claims: shares::claims,
            claim_names: shares::claim_names,
        },
        Figure {
            name: "fig8",
            question: NEAR_LAN,
            form: &SPEEDUPS,
            claims: |r| family::claims("fig8", r),
            claim_names: || family::claim_names("fig8"),
        },
        Figure {
            name: "fig9",
            question: NEAR_LAN,
            form: &SPEEDUPS,
            claims: |r| family::claims("fig9", r),
            claim_names: || family::claim_names("fig9"),
        },
        Figure {
            name: "fig10",
            question: NEAR_LAN,
            form: &SPEEDUPS,
            claims: |r| family::claims("fig10", r),
            claim_names: || family::claim_names("fig10"),
        },
        Figure {
            name: "paper-mf",
            question: NEAR_LAN,
            form: &SPEEDUPS,
            claims: |r| family::claims("paper-mf", r),
            claim_names: || family::claim_names("paper-mf"),
        },
        Figure {
            name: "paper-mf-all",
            question: NEAR_LAN,
            form: &SPEEDUPS,
            claims: |r| family::claims("paper-mf-all", r),
            claim_names: || family::claim_names("paper-mf-all"),
        },
        Figure {
            name: "paper-tm",
            question: NEAR_LAN,
            form: &SPEEDUPS,
            claims: |r| family::claims("paper-tm", r),
            claim_names: || family::claim_names("paper-tm"),
        },
        Figure {
            name: "paper-tm-all",
            question: NEAR_LAN,
            form: &SPEEDUPS,
            claims: |r| family::claims("paper-tm-all", r),
            claim_names: || family::claim_names("paper-tm-all"),
        },
        Figure {
            name: "ic",
            question: NEAR_LAN,
            form: &BarsAndAccuracy { bars: SPEEDUPS },
            claims: |r| family::claims("ic", r),
            claim_names: || family::claim_names("ic"),
        },
        Figure {
            name: "ic-long",
            question: NEAR_LAN,
            form: &BarsAndAccuracy { bars: SPEEDUPS },
            claims: |r| family::claims("ic-long", r),
            claim_names: || family::claim_names("ic-long"),
        },
        Figure {
            name: "accuracy",
            question: accuracy::QUESTION,
            form: &CurvesOverTime::Accuracy,
            claims: accuracy::claims,
            claim_names: accuracy::claim_names,
        },
        Figure {
            name: "fig11",
            question: fig11::QUESTION,
            form: &CostBars,
            claims: fig11::claims,
            claim_names: fig11::claim_names,
        },
        Figure {
            name: "fig12",
            question: fig12::QUESTION,
            form: &CurvesOverTime::OneCopy,
            claims: fig12::claims,
            claim_names: fig12::claim_names,
        },
        Figure {
            name: "fig13",
            question: UNDER_SSP,
            form: &Convergence,
            claims: |r| family::claims("fig13", r),
            claim_names: || family::claim_names("fig13"),
        },
        Figure {
            name: "fig14",
            question: UNDER_SSP,
            form: &Convergence,
            claims: |r| family::claims("fig14", r),
            claim_names: || family::claim_names("fig14"),
        },
        Figure {
            name: "fig15",
            question: UNDER_SSP,
            form: &Convergence,
            claims: |r| family::claims("fig15", r),
            claim_names: || family::claim_names("fig15"),
        },
        Figure {
            name: "fig16",
            question: UNDER_SSP,
            form: &Convergence,
            claims: |r| family::claims("fig16", r),
            claim_names: || family::claim_names("fig16"),
        },
        Figure {
            name: "fig17",
            question: UNDER_SSP,
            form: &Convergence,
            claims: |r| family::claims("fig17", r),
            claim_names: || family::claim_names("fig17"),
        },
        Figure {
            name: "fig18",
            question: UNDER_SSP,
            form: &Convergence,
            claims: |r| family::claims("fig18", r),
            claim_names: || family::claim_names("fig18"),
        },
        Figure {
            name: "table1",
            question: table1::QUESTION,
            form: &OverCentralized,
            claims: table1::claims,
            claim_names: table1::claim_names,
        },
        Figure {
            name: "whatif",
            question: whatif::QUESTION,
            form: &WhatIf,
            claims: whatif::claims,
            claim_names: || vec![whatif::SAME_TARGET.into()],
        },
        Figure {
            name: "validation",
            question: validation::QUESTION,
            form: &Validation,
            claims: validation::claims,
            claim_names: validation::claim_names,
        },
    ];

    /// The names that specs may use.
    pub fn names() -> Vec<&'static str> {
        Figure::ALL.iter().map(|figure| figure.name).collect()
    }

    /// The figure of this name.
    ///
    /// # Errors
    /// [`UnknownFigure`] with the nearest name, and all.
    pub fn named(name: &str) -> Result<Figure, UnknownFigure> {
        if let Some(figure) = Figure::ALL.iter().find(|figure| figure.name == name) {
            return Ok(*figure);
        }
        Err(UnknownFigure { found: name.to_owned(), hint: suggest::hint(name, &Figure::names()) })
    }

    /// The numbers: see [`FigureForm::table`], with a column per axis where the results are of a sweep.
    ///
    /// # Errors
    /// None with results as runs leave them.
    pub fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        axes::with_axes(self.form.table(results)?, results)
    }

    /// The numbers of every run alone, and the bytes that it sent between sites.
    ///
    /// # Errors
    /// As [`Figure::table`].
    pub(crate) fn runs(&self, results: &[CellResult]) -> PolarsResult<Runs> {
        axes::runs(self.form, results)
    }

    /// The page of what is drawn.
    ///
    /// # Errors
    /// As [`Figure::table`].
    pub(crate) fn drawing(&self, drawn: Drawn<'_>, results: &[CellResult]) -> PolarsResult<Canvas> {
        let default = match drawn {
            Drawn::ByPlots(plots) => return plots::page(self.form, plots, results),
            Drawn::AsNamed => Vec::new(),
            Drawn::AsFits => plots::default_of(results),
        };
        if default.is_empty() { Ok(self.form.draw(results)) } else { plots::page(self.form, &default, results) }
    }

    /// The cells that the times of others are over: see [`FigureForm::references`].
    pub fn references(&self, results: &[CellResult]) -> Vec<String> {
        self.form.references(results)
    }

    /// Its claims on `results`; where a cell is missing, those that need it are not comparable.
    pub fn claims(&self, results: &[CellResult]) -> Vec<Claim> {
        (self.claims)(results)
    }

    /// The assertions of a spec on `results`, judged as claims.
    ///
    /// # Errors
    /// [`AssertError`] for an assertion that cannot be read.
    pub fn asserted(&self, results: &[CellResult], asserted: &[Asserted]) -> Result<Vec<Claim>, AssertError> {
        asserted::claims(self.form, results, asserted)
    }

    /// The figure as SVG.
    ///
    /// # Errors
    /// [`DrawError`] when the backend of plotters fails.
    pub fn svg(&self, results: &[CellResult]) -> Result<String, DrawError> {
        render::svg(&self.form.draw(results))
    }

    /// The figure as PNG, 2 pixels per point.
    ///
    /// # Errors
    /// [`DrawError`] when the backend of plotters fails, or the pixels cannot be encoded.
    pub fn png(&self, results: &[CellResult]) -> Result<Vec<u8>, DrawError> {
        render::png(&self.form.draw(results))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims;
    use planning::machines;
    use std::path::Path;

    #[test]
    fn every_claim_has_a_name_and_every_name_once() {
        let names = claim_names();
        let mut once = names.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), names.len(), "{names:?}");
        for figure in Figure::ALL {
            let own = (figure.claim_names)();
            for claim in figure.claims(&[]) {
                assert!(own.contains(&claim.id), "{} is not among {own:?}", claim.id);
            }
        }
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
        let kept = claims::below(&reference).unwrap();
        assert!(kept.len() > 20);
        for claim in kept.iter().flat_map(|(_, claims)| claims) {
            assert!(names.contains(&claim.id), "{} is not among {names:?}", claim.id);
        }
    }

    #[test]
    fn built_in_machine_kinds_were_fitted_to_claims() {
        let names = claim_names();
        for name in machines::names() {
            let kind = machines::builtin(name).expect("it is built in");
            let unknown: Vec<&String> = kind.fitted_to.iter().filter(|claim| !names.contains(claim)).collect();
            assert!(unknown.is_empty(), "{name}: {unknown:?} are no claims");
        }
    }
}
