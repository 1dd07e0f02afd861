//! The facts that figures ask of the plans that results were made by, in the paper's words.
//!
//! A result holds its plan as JSON, because the crate of results knows no plans. Here it becomes a [`Plan`] again. A result of a
//! version whose plans had another form has none: figures leave out what they would read from it, and the report has a note of it
//! ([`unreadable`]).

use gaia_core::sync::config::{Between, Inside, System};
use planning::plan::Plan;
use planning::spec::{Launch, Local, Workload};
use record::results::CellResult;

/// An application of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Application {
    /// Matrix factorisation, on Netflix's ratings.
    Mf,
    /// Topic modelling, on the articles of the New York Times.
    Tm,
    /// Image classification, on ILSVRC12.
    Ic,
}

/// The plan of a result; `None` when this program cannot read it.
pub(crate) fn of(result: &CellResult) -> Option<Plan> {
    Plan::from_json(&result.manifest.resolved).ok()
}

/// A line on the results whose plans cannot be read; `None` when all can be.
pub(crate) fn unreadable(results: &[CellResult]) -> Option<String> {
    let error = |result: &CellResult| Plan::from_json(&result.manifest.resolved).err();
    let all: Vec<(&CellResult, serde_json::Error)> =
        results.iter().filter_map(|result| Some((result, error(result)?))).collect();
    let (first, why) = all.first()?;
    let (name, seed, count) = (first.name(), first.summary.seed, all.len());
    Some(format!(
        "plans that cannot be read: {count}, {name} (seed {seed}) first: {why}; figures leave out what plans say"
    ))
}

/// The application that it learns; `None` means that it is none of the paper's.
pub(crate) fn application(plan: &Plan) -> Option<Application> {
    match plan.workload {
        Workload::Mf(_) => Some(Application::Mf),
        Workload::Lda(_) => Some(Application::Tm),
        Workload::Ic(_) => Some(Application::Ic),
        _ => None,
    }
}

/// A word for the problem that it learns: the paper's for its applications, `MF`, and the workload's own name otherwise.
pub(crate) fn learns(plan: &Plan) -> &'static str {
    application(plan).map_or_else(|| plan.workload.name(), Application::word)
}

/// Its network as the paper names it: `EC2-ALL`, `V/C`, `S/S`; a profile that is none of the paper's by its own name.
pub(crate) fn network(plan: &Plan) -> &str {
    match plan.profile.name.as_str() {
        "ec2-all" => "EC2-ALL",
        "va-ca" => "V/C",
        "sg-sp" => "S/S",
        other => other,
    }
}

/// The threshold of its significance filter, 0.01 for 1 %; `None` without one.
pub(crate) fn threshold(plan: &Plan) -> Option<f64> {
    match plan.system.sites()?.between {
        Between::Significant(significant) => Some(significant.significance.threshold),
        Between::Rounds(_) => None,
    }
}

/// Wall seconds per second of a run in real time; `None` for a simulated one.
pub(crate) fn dilation(plan: &Plan) -> Option<f64> {
    match plan.launch {
        Launch::Simulated => None,
        Launch::Local(Local { dilation }) => Some(dilation.as_f64()),
    }
}

/// Whether it has one parameter server under BSP, so that learning does not depend on times.
pub(crate) fn is_global_bsp(plan: &Plan) -> bool {
    matches!(plan.system, System::Global(Inside::Bsp(_)))
}

/// Whether its system is Gaia, whole.
pub(crate) fn is_gaia(plan: &Plan) -> bool {
    matches!(plan.system, System::Gaia(_))
}

/// Whether two plans are the same in everything but how their machines are run.
pub(crate) fn same_but_launch(one: &Plan, other: &Plan) -> bool {
    *one == Plan { launch: one.launch, ..other.clone() }
}

impl Application {
    /// Its abbreviation in the paper: `MF`, `TM`, `IC`.
    fn word(self) -> &'static str {
        match self {
            Application::Mf => "MF",
            Application::Tm => "TM",
            Application::Ic => "IC",
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Made-up results with whole plans.

    use planning::plan::{Experiment, Plan, Registries};
    use planning::spec::{Changes, Launch, Local, Source};
    use record::results::CellResult;

    /// A small plan of matrix factorisation: `system` as specs write it, this number of machines in each site.
    pub(crate) fn plan(profile: &str, per_site: u32, system: &str) -> Plan {
        let text = format!(
            "seeds: [1]\ndata: {{generated: {{users: 60, items: 20, ratings: 400}}}}\ngoal: {{clocks: 1}}\n\
             workload: {{mf: {{rank: 8}}}}\nprofile: {profile}\nmachines-per-site: {per_site}\n\
             cells: [{{name: a, system: {system}}}]\n"
        );
        let source = Source { name: "made".into(), file: "made.yaml".into(), folder: ".".into(), text };
        let spec = source.spec(&Changes::default()).expect("the spec is well formed");
        Experiment::resolve(&source, &spec, Registries::default()).expect("the spec has a meaning").plans.remove(0).plan
    }

    /// The same of topic modelling.
    pub(crate) fn topics(plan: Plan) -> Plan {
        of_workload(plan, serde_json::json!({ "lda": { "topics": 10 } }))
    }

    /// The same of image classification.
    pub(crate) fn images(plan: Plan) -> Plan {
        of_workload(plan, serde_json::json!({ "ic": {} }))
    }

    /// The same of logistic regression, which the paper does not have.
    pub(crate) fn regression(plan: Plan) -> Plan {
        of_workload(plan, serde_json::json!({ "lr": {} }))
    }

    fn of_workload(plan: Plan, workload: serde_json::Value) -> Plan {
        Plan { workload: serde_json::from_value(workload).expect("a workload"), ..plan }
    }

    /// The same in real time, `dilation` wall seconds per second.
    pub(crate) fn real(plan: Plan, dilation: &str) -> Plan {
        Plan { launch: Launch::Local(Local { dilation: dilation.parse().expect("a dilation") }), ..plan }
    }

    /// `result` as if it had been made by `plan`.
    pub(crate) fn planned(mut result: CellResult, plan: &Plan) -> CellResult {
        result.manifest.resolved = serde_json::to_value(plan).expect("plans have text keys and finite numbers");
        result
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{plan, planned, real};
    use super::*;
    use record::results::testing::cell;

    #[test]
    fn plans_come_back_as_they_were() {
        let gaia = plan("va-ca", 2, "{gaia: {inside: {bsp: {}}, significance: {threshold: 0.05, schedule: constant}}}");
        assert_eq!(of(&planned(cell("Gaia").done(), &gaia)), Some(gaia.clone()));
        assert_eq!((application(&gaia), network(&gaia), threshold(&gaia)), (Some(Application::Mf), "V/C", Some(0.05)));
        assert!(is_gaia(&gaia) && !is_global_bsp(&gaia));
        let other = cell("of another version").done();
        assert_eq!(of(&other), None);
        assert_eq!(unreadable(&[planned(cell("Gaia").done(), &gaia)]), None);
        let line = unreadable(&[planned(cell("Gaia").done(), &gaia), other]).unwrap();
        assert!(line.starts_with("plans that cannot be read: 1, of another version (seed 1) first: "), "{line}");
    }

    #[test]
    fn launch_is_all_that_a_run_in_real_time_may_differ_in() {
        let simulated = plan("sg-sp", 1, "{global: {bsp: {}}}");
        let real = real(simulated.clone(), "0.5");
        assert_eq!((dilation(&simulated), dilation(&real)), (None, Some(0.5)));
        assert!(same_but_launch(&simulated, &real) && is_global_bsp(&real));
        assert!(!same_but_launch(&simulated, &Plan { seed: 2, ..real }));
    }
}
