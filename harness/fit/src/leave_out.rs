//! The fit without one group of measurements at a time: how far the estimate depends on each, and whether it still predicts them.

use record::failure::Failure;

use crate::estimate;
use crate::minimise::{Minimum, Problem};
use crate::result::{ChangedVerdict, LeftOut, Predicted};
use crate::setup::Setup;

/// The fits without each group that has a used number, in the order of the spec.
///
/// # Errors
/// [`Failure`] of the model.
pub(crate) fn each_group(setup: &Setup, problem: &mut Problem<'_>, best: &Minimum) -> Result<Vec<LeftOut>, Failure> {
    let measurements = &setup.fit.measurements;
    let mut groups: Vec<&str> = Vec::new();
    for measurement in measurements.iter().filter(|measurement| measurement.used) {
        if let Some(group) = measurement.group.as_deref().filter(|group| !groups.contains(group)) {
            groups.push(group);
        }
    }
    let whole = predicted(problem, best)?;
    let all = problem.data.clone();
    let mut left_out = Vec::new();
    for group in groups {
        problem.data.retain(|datum| measurements[datum.position].group.as_deref() != Some(group));
        if problem.data.is_empty() {
            problem.data.clone_from(&all);
            continue;
        }
        let found = estimate::minima(problem, &best.at).map(|mut minima| minima.swap_remove(0));
        problem.data.clone_from(&all);
        let found = found?;
        let model = predicted(problem, &found)?;
        left_out.push(LeftOut {
            group: group.to_owned(),
            chi2: found.chi2,
            unknowns: found.at.iter().map(|log| libm::exp(*log)).collect(),
            predicted: of_group(setup, group, &model),
            changed_verdicts: changed(setup, &whole, &model),
        });
    }
    Ok(left_out)
}

fn predicted(problem: &mut Problem<'_>, minimum: &Minimum) -> Result<Vec<f64>, Failure> {
    let point = minimum.at.iter().map(|log| libm::exp(*log)).collect();
    Ok(problem.model.predict(&[point])?.swap_remove(0))
}

fn of_group(setup: &Setup, group: &str, model: &[f64]) -> Vec<Predicted> {
    let numbers = setup.fit.measurements.iter().zip(model);
    let of_group = numbers.filter(|(measurement, _)| measurement.group.as_deref() == Some(group));
    of_group
        .map(|(measurement, model)| Predicted {
            name: measurement.name.clone(),
            model: *model,
            ratio: model / measurement.value,
        })
        .collect()
}

fn changed(setup: &Setup, whole: &[f64], without: &[f64]) -> Vec<ChangedVerdict> {
    let mut changed = Vec::new();
    for (number, measurement) in setup.fit.measurements.iter().enumerate() {
        let Some(within) = measurement.within else { continue };
        let holds = |value: f64| (within[0]..=within[1]).contains(&value);
        let (of_all, without) = (whole[number], without[number]);
        if holds(of_all) != holds(without) {
            changed.push(ChangedVerdict { name: measurement.name.clone(), within, of_all, without });
        }
    }
    changed
}
