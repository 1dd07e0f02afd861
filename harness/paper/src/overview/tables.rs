//! The claims as data frames: one row per claim and variant.

use polars::prelude::{DataFrame, PolarsResult, df};

use crate::claims::{self, Claim, Column, Expected, Residual};

/// Every claim with all that its verdict rests on.
pub(super) fn claims(columns: &[Column]) -> PolarsResult<DataFrame> {
    let specs = columns.iter().flat_map(|column| column.specs.iter().map(move |of| (column, of)));
    let all: Vec<(&str, &str, &Claim)> = specs
        .flat_map(|(column, of)| of.claims.iter().map(move |claim| (column.name.as_str(), of.spec.as_str(), claim)))
        .collect();
    let text = |of: &dyn Fn(&Claim) -> String| all.iter().map(|(.., claim)| of(claim)).collect::<Vec<_>>();
    let number = |of: &dyn Fn(&Claim) -> Option<f64>| all.iter().map(|(.., claim)| of(claim)).collect::<Vec<_>>();
    let truth = |of: &dyn Fn(&Claim) -> bool| all.iter().map(|(.., claim)| of(claim)).collect::<Vec<_>>();
    df![
        "variant" => all.iter().map(|(variant, ..)| *variant).collect::<Vec<_>>(),
        "spec" => all.iter().map(|(_, spec, _)| *spec).collect::<Vec<_>>(),
        "id" => text(&|claim| claim.id.clone()),
        "source" => text(&|claim| claim.source.clone()),
        "paper" => number(&|claim| claim.paper),
        "expected" => all.iter().map(|(.., claim)| claim.expected.map(Expected::word)).collect::<Vec<_>>(),
        "expected_low" => number(&|claim| claim.expected?.low()),
        "expected_high" => number(&|claim| claim.expected?.high()),
        "measured" => number(&|claim| claim.measured),
        "low" => number(&|claim| claim.low),
        "high" => number(&|claim| claim.high),
        "n" => all.iter().map(|(.., claim)| claim.n as u64).collect::<Vec<_>>(),
        "verdict" => text(&|claim| claim.verdict.word().to_owned()),
        "predicted" => truth(&|claim| claim.predicted),
        "crosses" => truth(&|claim| claim.crosses),
        "repeats" => all.iter().map(|(.., claim)| claim.repeats.as_deref()).collect::<Vec<_>>(),
        "says" => text(&|claim| claim.says.clone()),
    ]
}

/// Our numbers over the paper's.
pub(super) fn residuals(columns: &[Column]) -> PolarsResult<DataFrame> {
    let all: Vec<Residual<'_>> = columns.iter().flat_map(claims::residuals).collect();
    let text = |of: &dyn Fn(&Residual<'_>) -> String| all.iter().map(of).collect::<Vec<_>>();
    let number = |of: &dyn Fn(&Residual<'_>) -> f64| all.iter().map(of).collect::<Vec<_>>();
    df![
        "variant" => text(&|of| of.variant.to_owned()),
        "spec" => text(&|of| of.spec.to_owned()),
        "id" => text(&|of| of.claim.id.clone()),
        "source" => text(&|of| of.claim.source.clone()),
        "paper" => number(&|of| of.paper),
        "ours" => number(&|of| of.ours),
        "ratio" => number(&|of| of.ratio()),
        "ln_ratio" => number(&|of| of.log_ratio()),
        "fit_used" => all.iter().map(Residual::is_of_fit).collect::<Vec<_>>(),
        "verdict" => text(&|of| of.claim.verdict.word().to_owned()),
    ]
}
