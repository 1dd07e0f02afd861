//! The course of a fit: evaluate, estimate, profile, and judge what is determined.

use record::failure::Failure;

use crate::estimate::{self, Spreads};
use crate::identify::{Identifiability, Named, identifiability};
use crate::lab::Lab;
use crate::leave_out;
use crate::minimise::{Datum, Minimum, Problem, Range};
use crate::model::{ByRuns, Model, simulated};
use crate::profile::{Profile, profile};
use crate::result::{Evaluation, FieldResult, FitResult, OtherMinimum, Quality, Residual, SCHEMA, UnknownResult};
use crate::setup::{Setup, written};
use crate::statements;
use crate::surface::{EXACT, Surfaces};

/// Times that the optimum is added to the grid of a surface.
const MAX_REFINEMENTS: usize = 3;
/// Times that a better minimum, found on a profile, is taken for the new optimum.
const MAX_IMPROVEMENTS: usize = 3;
/// The fall of chi-squared that makes a point of a profile a better minimum.
const BETTER: f64 = 1e-6;

/// Whether the fit is made again without each group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveOut {
    /// With a surface only, where it costs no simulation.
    IfCheap,
    /// Also by simulation.
    Always,
}

/// The minimum of a model, and what its neighbourhood shows.
struct Explored {
    best: Minimum,
    others: Vec<Minimum>,
    profiles: Vec<Profile>,
    identifiability: Identifiability,
    left_out: Vec<crate::result::LeftOut>,
}

/// Fits `setup` with the cells of `lab`.
///
/// # Errors
/// [`Failure`] of the runs.
pub(crate) fn fit<'a>(setup: &'a Setup, lab: &mut Lab<'a>, leave_out: LeaveOut) -> Result<FitResult, Failure> {
    let (explored, evaluation) = match setup.surface_points() {
        None => {
            let mut model = ByRuns { setup, lab };
            let leave_out = leave_out == LeaveOut::Always;
            let minima = estimate::minima(&mut problem(setup, &mut model), &start(setup))?;
            (explore(setup, &mut model, minima, leave_out)?, Evaluation::Runs)
        }
        Some(points) => by_surface(setup, lab, points)?,
    };
    let point: Vec<f64> = natural(&explored.best);
    let readings = simulated(setup, lab, std::slice::from_ref(&point))?;
    Ok(result(setup, explored, evaluation, &point, &setup.predicted(&readings[0])?))
}

/// The same by a surface, which is refined where it is not exact.
fn by_surface(setup: &Setup, lab: &mut Lab<'_>, points: usize) -> Result<(Explored, Evaluation), Failure> {
    let mut surfaces = Surfaces::new(setup, lab, points)?;
    let (mut refinements, mut from) = (0, start(setup));
    loop {
        let minima = estimate::minima(&mut problem(setup, &mut surfaces), &from)?;
        let difference = difference(setup, lab, &mut surfaces, &minima[0])?;
        lab.say(&format!("surface: {:.2} % from the simulation at the optimum", difference * 100.0));
        if difference > EXACT && refinements < MAX_REFINEMENTS {
            refinements += 1;
            surfaces.refine(lab, &natural(&minima[0]))?;
            from = minima[0].at.clone();
            continue;
        }
        let explored = explore(setup, &mut surfaces, minima, true)?;
        let greatest_difference = self::difference(setup, lab, &mut surfaces, &explored.best)?;
        let cells = surfaces.in_words();
        return Ok((explored, Evaluation::Surface { points, refinements, greatest_difference, cells }));
    }
}

/// The greatest relative difference between surface and simulation.
fn difference(setup: &Setup, lab: &mut Lab<'_>, surfaces: &mut Surfaces<'_>, at: &Minimum) -> Result<f64, Failure> {
    let point = natural(at);
    let exact = setup.predicted(&simulated(setup, lab, std::slice::from_ref(&point))?[0])?;
    let found = surfaces.predict(&[point])?.swap_remove(0);
    Ok(found.iter().zip(&exact).map(|(found, exact)| (found / exact - 1.0).abs()).fold(0.0, f64::max))
}

fn problem<'m>(setup: &Setup, model: &'m mut dyn Model) -> Problem<'m> {
    let range =
        |unknown: &planning::spec::Unknown| Range { low: libm::log(unknown.low), high: libm::log(unknown.high) };
    let used = setup.fit.measurements.iter().enumerate().filter(|(_, measurement)| measurement.used);
    let data =
        used.map(|(position, measurement)| Datum { position, value: measurement.value, sigma: sigma(setup, position) });
    Problem { model, ranges: setup.fit.unknowns.iter().map(range).collect(), data: data.collect() }
}

/// The relative error of a measurement, that of the model included.
fn sigma(setup: &Setup, position: usize) -> f64 {
    let measurement = &setup.fit.measurements[position];
    let (own, model) = (measurement.error.relative(measurement.value), setup.fit.model_error.relative(1.0));
    (own * own + model * model).sqrt()
}

fn start(setup: &Setup) -> Vec<f64> {
    setup.fit.unknowns.iter().map(|unknown| libm::log(unknown.start())).collect()
}

fn natural(minimum: &Minimum) -> Vec<f64> {
    minimum.at.iter().map(|log| libm::exp(*log)).collect()
}

/// Profiles, identifiability and the fits without groups.
fn explore(
    setup: &Setup,
    model: &mut dyn Model,
    mut minima: Vec<Minimum>,
    leaves_out: bool,
) -> Result<Explored, Failure> {
    let mut problem = problem(setup, model);
    let all: Vec<usize> = (0..problem.ranges.len()).collect();
    let mut improvements = 0;
    let (profiles, spreads) = loop {
        let spreads = Spreads::of(minima[0].chi2, problem.data.len(), all.len());
        let mut profiles = Vec::new();
        for unknown in &all {
            profiles.push(profile(&mut problem, &minima[0], *unknown, spreads)?);
        }
        let better = profiles.iter().map(|profile| &profile.best).min_by(|a, b| a.chi2.total_cmp(&b.chi2));
        match better.filter(|better| better.chi2 < minima[0].chi2 - BETTER && improvements < MAX_IMPROVEMENTS) {
            Some(better) => {
                improvements += 1;
                minima = estimate::minima(&mut problem, &better.at.clone())?;
            }
            None => break (profiles, spreads),
        }
    };
    let others = minima.split_off(1);
    let best = minima.swap_remove(0);
    let named: Vec<Named> = setup
        .fit
        .unknowns
        .iter()
        .zip(&problem.ranges)
        .zip(&profiles)
        .map(|((unknown, range), profile)| Named {
            name: unknown.name.clone(),
            range: *range,
            is_wide: is_wide(*range, profile),
        })
        .collect();
    let identifiability = identifiability(&problem.jacobian(&best.at, &all)?, &named, spreads.factor);
    let left_out = if leaves_out { leave_out::each_group(setup, &mut problem, &best)? } else { Vec::new() };
    Ok(Explored { best, others, profiles, identifiability, left_out })
}

/// Whether the 95 % interval spans more than half of the bounds.
fn is_wide(range: Range, profile: &Profile) -> bool {
    let low = profile.two_sigma.low.map_or(range.low, libm::log);
    let high = profile.two_sigma.high.map_or(range.high, libm::log);
    high - low > range.width() / 2.0
}

fn result(setup: &Setup, explored: Explored, evaluation: Evaluation, point: &[f64], model: &[f64]) -> FitResult {
    let Explored { best, others, profiles, identifiability, left_out } = explored;
    let fit = &setup.fit;
    let used = fit.measurements.iter().filter(|measurement| measurement.used).count();
    let spreads = Spreads::of(best.chi2, used, fit.unknowns.len());
    let quality = Quality {
        chi2: best.chi2,
        used,
        degrees_of_freedom: used.saturating_sub(fit.unknowns.len()),
        error_factor: spreads.factor,
        rise_68: spreads.one_sigma,
        rise_95: spreads.two_sigma,
    };
    let unknowns = fit.unknowns.iter().zip(point).zip(best.at.iter().zip(profiles));
    let unknowns: Vec<UnknownResult> = unknowns
        .map(|((unknown, value), (log, profile))| UnknownResult {
            name: unknown.name.clone(),
            unit: unknown.unit.clone(),
            low: unknown.low,
            high: unknown.high,
            value: *value,
            at_bound: Range { low: libm::log(unknown.low), high: libm::log(unknown.high) }.bound(*log),
            interval_68: profile.one_sigma,
            interval_95: profile.two_sigma,
            profile: profile.points,
        })
        .collect();
    let values = setup.fields(point);
    let fields = fit.fields.iter().zip(values).map(|(field, value)| FieldResult {
        set: field.set.clone(),
        expression: field.to.text.clone(),
        value: written(fit, field, value),
    });
    let mut claims: Vec<String> =
        fit.measurements.iter().filter(|measurement| measurement.used).flat_map(|own| own.claims.clone()).collect();
    claims.sort();
    claims.dedup();
    let mut result = FitResult {
        schema: SCHEMA,
        spec: setup.source.name.clone(),
        title: setup.experiment.title.clone(),
        evaluation,
        model_error: fit.model_error.relative(1.0),
        quality,
        unknowns,
        fields: fields.collect(),
        residuals: (0..model.len()).map(|number| residual(setup, number, model[number])).collect(),
        identifiability,
        other_minima: others
            .iter()
            .filter(|other| other.chi2 - best.chi2 < quality.rise_95)
            .map(|other| OtherMinimum { chi2: other.chi2, unknowns: natural(other) })
            .collect(),
        leave_one_out: left_out,
        claims,
        statements: Vec::new(),
    };
    result.statements = statements::of(&result);
    result
}

fn residual(setup: &Setup, number: usize, model: f64) -> Residual {
    let measurement = &setup.fit.measurements[number];
    let (ratio, error) = (model / measurement.value, sigma(setup, number));
    Residual {
        name: measurement.name.clone(),
        group: measurement.group.clone(),
        used: measurement.used,
        claims: measurement.claims.clone(),
        measured: measurement.value,
        relative_error: error,
        model,
        ratio,
        sigmas: (error > 0.0 && ratio > 0.0).then(|| libm::log(ratio) / error),
        within: measurement.within,
        holds: measurement.within.map(|[low, high]| (low..=high).contains(&model)),
    }
}
