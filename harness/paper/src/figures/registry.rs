//! Every figure: its name, its question, its form, its claims. A figure is one entry in [`Figure::ALL`].

use super::bars::{Labels, Style};
use super::{accuracy, convergence, family, fig3, fig11, fig12, shares, table1, validation, whatif};
use crate::claims::Claim;
use record::results::CellResult;

/// A figure: a question about a spec's cells.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// As specs name it.
    pub name: &'static str,
    /// The question that it answers.
    pub question: &'static str,
    pub(super) form: Form,
    pub(super) claims: fn(&[CellResult]) -> Vec<Claim>,
}

/// What a figure looks like, and the numbers of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Three frames for one panel's cells: times, curves, where time goes. Of several panels: their times as bars.
    Convergence,
    /// Times, grouped by panel.
    Bars(Style),
    /// The same, and test accuracy over time below, a frame a panel.
    BarsAndAccuracy(Style),
    /// Test accuracy alone.
    Accuracy,
    /// The objective of one site's copy over time, a frame a panel.
    Curves,
    /// What filters hold back, by threshold.
    Shares,
    /// The simulation held against runs in real time.
    Validation,
    /// What runs cost over Baseline's, in parts, grouped by panel.
    Costs,
    /// Gaia over Centralized: time and cost, a bar a panel.
    Centralized,
    /// Time and cost with ranges over panels.
    WhatIf,
}

/// Over Baseline, with speedups.
pub(super) const SPEEDUPS: Style = Style { reference: "Baseline", labels: Labels::Speedup };
/// Over LAN, with slowdowns.
const SLOWDOWNS: Style = Style { reference: "LAN", labels: Labels::Slowdown };

const NEAR_LAN: &str = "how long do Baseline, Gaia and LAN take to converge?";
const UNDER_SSP: &str = "how long do Baseline, Gaia and LAN take to converge under SSP, and where does the time go?";

impl Figure {
    /// Every figure; the first is for specs that name none.
    pub const ALL: &'static [Figure] = &[
        Figure {
            name: "convergence",
            question: convergence::QUESTION,
            form: Form::Convergence,
            claims: |r| convergence::same_target("convergence.same-target", r),
        },
        Figure {
            name: "slowdown",
            question: fig3::QUESTION,
            form: Form::Bars(SLOWDOWNS),
            claims: |r| convergence::same_target("slowdown.same-target", r),
        },
        Figure { name: "fig3", question: fig3::QUESTION, form: Form::Bars(SLOWDOWNS), claims: fig3::claims },
        Figure { name: "fig5", question: shares::QUESTION, form: Form::Shares, claims: shares::claims },
        Figure { name: "fig8", question: NEAR_LAN, form: Form::Bars(SPEEDUPS), claims: |r| family::claims("fig8", r) },
        Figure { name: "fig9", question: NEAR_LAN, form: Form::Bars(SPEEDUPS), claims: |r| family::claims("fig9", r) },
        Figure {
            name: "fig10",
            question: NEAR_LAN,
            form: Form::Bars(SPEEDUPS),
            claims: |r| family::claims("fig10", r),
        },
        Figure {
            name: "ic",
            question: NEAR_LAN,
            form: Form::BarsAndAccuracy(SPEEDUPS),
            claims: |r| family::claims("ic", r),
        },
        Figure { name: "accuracy", question: accuracy::QUESTION, form: Form::Accuracy, claims: accuracy::claims },
        Figure { name: "fig11", question: fig11::QUESTION, form: Form::Costs, claims: fig11::claims },
        Figure { name: "fig12", question: fig12::QUESTION, form: Form::Curves, claims: fig12::claims },
        Figure { name: "fig13", question: UNDER_SSP, form: Form::Convergence, claims: |r| family::claims("fig13", r) },
        Figure { name: "fig14", question: UNDER_SSP, form: Form::Convergence, claims: |r| family::claims("fig14", r) },
        Figure { name: "fig15", question: UNDER_SSP, form: Form::Convergence, claims: |r| family::claims("fig15", r) },
        Figure { name: "fig16", question: UNDER_SSP, form: Form::Convergence, claims: |r| family::claims("fig16", r) },
        Figure { name: "fig17", question: UNDER_SSP, form: Form::Convergence, claims: |r| family::claims("fig17", r) },
        Figure { name: "fig18", question: UNDER_SSP, form: Form::Convergence, claims: |r| family::claims("fig18", r) },
        Figure { name: "table1", question: table1::QUESTION, form: Form::Centralized, claims: table1::claims },
        Figure { name: "whatif", question: whatif::QUESTION, form: Form::WhatIf, claims: whatif::claims },
        Figure {
            name: "validation",
            question: validation::QUESTION,
            form: Form::Validation,
            claims: validation::claims,
        },
    ];

    /// What specs may name.
    pub fn names() -> Vec<&'static str> {
        Figure::ALL.iter().map(|figure| figure.name).collect()
    }
}
