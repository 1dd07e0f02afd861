//! What the answer to a what-if question rests on, from its plans; and the inputs that it varies.

use datasets::ratings::config::Shape;
use emulator::id::SiteId;
use emulator::profile::Profile;
use gaia_core::rates::MachineKind;
use record::numbers::fixed;
use record::results::whatif::{
    Asked, Assumptions, Input, Length, Link, Network, Site, StandIn, Step, Steps, Varied, rate_text,
};

use super::whole::{Experiment, Plan, Planned, Role};
use crate::spec::{Sensitivity, Spec, WhatIf};
use crate::workload::list::{Data, Workload};

/// The rank in which `work` counts.
pub(super) const WORK_RANK: f64 = 500.0;
/// The most steps of a training that are simulated.
const MAX_SIMULATED: u64 = 100;
/// The most steps of a training.
pub(super) const MAX_STEPS: u64 = 1_000_000_000_000;
/// The factors by which an input is changed to see how much it matters.
const HALF_AND_DOUBLE: [f64; 2] = [0.5, 2.0];
/// Those of bandwidth: more, because the best system depends on it first of all.
const BANDWIDTHS: [f64; 4] = [0.25, 0.5, 2.0, 4.0];
/// The most links that a terminal shows one by one.
const MAX_LINKS_SHOWN: usize = 12;

/// The length of the training that is asked about. `None` means that the fields do not give one: see `check`.
pub(super) fn length(asked: &WhatIf) -> Option<Length> {
    let steps = match (asked.steps, asked.epochs, asked.steps_per_epoch) {
        (None, None, None) => return Some(Length::Target),
        (Some(steps), None, None) => steps,
        (None, Some(epochs), Some(per_epoch)) => {
            let steps = epochs * per_epoch as f64;
            if !(1.0..=MAX_STEPS as f64).contains(&steps) {
                return None;
            }
            steps.round() as u64
        }
        _ => return None,
    };
    if !(1..=MAX_STEPS).contains(&steps) {
        return None;
    }
    let simulated = steps.min(MAX_SIMULATED) as u32;
    Some(Length::Steps(Steps { steps, simulated, per_epoch: asked.steps_per_epoch }))
}

/// The panels of slower and faster networks.
pub(super) fn ranges(bandwidth: f64) -> Vec<Varied> {
    if bandwidth <= 0.0 {
        return Vec::new();
    }
    let panel = |word: &str, times: f64| Varied {
        panel: format!("{:.0} % {word}", bandwidth * 100.0),
        input: Input::Bandwidth,
        times,
    };
    vec![panel("slower", 1.0 - bandwidth), panel("faster", 1.0 + bandwidth)]
}

/// The panels that repeat the question with one input changed.
pub(super) fn varied(asked: &WhatIf) -> Vec<Varied> {
    if asked.sensitivity == Sensitivity::Recorded {
        return Vec::new();
    }
    let inputs: [(Input, &[f64]); 4] = [
        (Input::Bandwidth, &BANDWIDTHS),
        (Input::RoundTrips, &HALF_AND_DOUBLE),
        (Input::ComputeSpeed, &HALF_AND_DOUBLE),
        (Input::Model, &HALF_AND_DOUBLE),
    ];
    let of = |(input, factors): (Input, &[f64])| -> Vec<Varied> {
        factors.iter().map(|&times| Varied { panel: format!("{} x {times}", input.name()), input, times }).collect()
    };
    inputs.into_iter().flat_map(of).collect()
}

/// The question with its assumptions, from the plans of its first panel. `None` means that no plan is on the network that is asked about.
pub(super) fn asked(question: &WhatIf, expanded: &Spec, plans: &[Planned]) -> Option<Asked> {
    let first = plans.first()?.panel.as_str();
    let is_asked = |planned: &&Planned| {
        let cell = expanded.cells.iter().find(|cell| cell.name == planned.cell);
        planned.panel == first
            && planned.plan.role != Role::SetsTarget
            && cell.is_some_and(|cell| cell.profile.is_none())
    };
    let plan = &plans.iter().find(is_asked)?.plan;
    let Profile { name, source, date, notes, .. } = plan.profile.clone();
    let assumptions = Assumptions {
        network: Network { name, source, date, notes },
        links: links(&plan.profile),
        sites: sites(plan),
        machine_kind: plan.machines.name.clone(),
        model_bytes: question.model.as_bytes(),
        raw_data_bytes: question.raw_data.map(|bytes| bytes.as_bytes()),
        step: step(question, &plan.machines),
        stand_in: StandIn {
            problem: problem(plan),
            bytes_times: plan.similitude.sigma_bytes,
            work_times: plan.similitude.sigma_work,
        },
        bandwidth_spread: question.uncertainty.bandwidth,
        price_spread: question.uncertainty.prices,
    };
    Some(Asked {
        length: length(question)?,
        assumptions,
        varied: varied(question),
        ranges: ranges(question.uncertainty.bandwidth),
    })
}

fn links(profile: &Profile) -> Vec<Link> {
    let ids = || (0..profile.sites.len()).map(|site| SiteId(site as u32));
    let pairs = ids().flat_map(|from| ids().filter(move |to| *to != from).map(move |to| (from, to)));
    let link = |(from, to): (SiteId, SiteId)| {
        let name = |id: SiteId| profile.sites[id.index()].name.clone();
        Some(Link {
            from: name(from),
            to: name(to),
            bits_per_second: profile.bandwidth.value(from, to)?.as_bits_per_second(),
            rtt_seconds: profile.rtt.value(from, to)?.as_secs_f64(),
        })
    };
    pairs.filter_map(link).collect()
}

fn sites(plan: &Plan) -> Vec<Site> {
    let site = |(site, machines): (&emulator::profile::Site, &u32)| Site {
        name: site.name.clone(),
        machines: *machines,
        nic_bits_per_second: site.nic.outbound.as_bits_per_second(),
    };
    plan.profile.sites.iter().zip(&plan.machines_per_site).map(site).collect()
}

fn step(question: &WhatIf, kind: &MachineKind) -> Step {
    match (question.updates_per_second, question.work) {
        (Some(rate), _) => Step { seconds: 1.0 / rate, given_by: format!("`updates-per-second: {rate}`") },
        (None, work) => {
            let work = work.unwrap_or_default();
            let seconds = work * WORK_RANK / (kind.mf.updates_per_second * f64::from(kind.mf.rank));
            Step { seconds, given_by: format!("`work: {work}` rating updates at rank {WORK_RANK} on {}", kind.name) }
        }
    }
}

fn problem(plan: &Plan) -> String {
    match (plan.workload, &plan.data) {
        (Workload::Mf(mf), Data::Mf(made)) => {
            let Shape { users, items, ratings } = made.config.shape();
            let (rank, ratings) = (mf.rank, fixed(ratings as f64, 0));
            format!("matrix factorisation at rank {rank} of {ratings} generated ratings ({users} users, {items} items)")
        }
        (workload, _) => workload.name().to_owned(),
    }
}

/// The question's assumptions for terminals, with its links; empty for other specs.
pub fn assumptions_text(experiment: &Experiment) -> String {
    let Some(asked) = &experiment.whatif else { return String::new() };
    let mut text = String::from("assumptions\n");
    for row in asked.rows() {
        text.push_str(&format!("  {:<9}  {}\n", row.topic, row.text));
    }
    let links = &asked.assumptions.links;
    if let (true, Some(slowest)) = (links.len() > MAX_LINKS_SHOWN, asked.assumptions.slowest_link()) {
        let fastest = links.iter().map(|link| link.bits_per_second).max().unwrap_or_default();
        text.push_str(&format!(
            "  {:<9}  {}: the slowest from {} to {}, {}; the fastest {}\n",
            "links",
            links.len(),
            slowest.from,
            slowest.to,
            slowest.in_words(),
            rate_text(fastest)
        ));
        return text;
    }
    for link in links {
        text.push_str(&format!("  {:<9}  {} to {}: {}\n", "link", link.from, link.to, link.in_words()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(yaml: &str) -> WhatIf {
        serde_yaml::from_str(&format!("{{network: va-ca, model: 4 MB, updates-per-second: 1, {yaml}}}")).unwrap()
    }

    #[test]
    fn a_length_is_of_steps_or_of_epochs() {
        let steps = |yaml: &str| match length(&question(yaml)) {
            Some(Length::Steps(steps)) => (steps.steps, steps.simulated),
            other => panic!("{other:?}"),
        };
        assert_eq!(steps("steps: 70"), (70, 70));
        assert_eq!(steps("epochs: 2.5, steps-per-epoch: 1000"), (2500, 100));
        assert_eq!(length(&question("uncertainty: {}")), Some(Length::Target));
        for wrong in ["epochs: 2", "steps: 0", "steps: 5, epochs: 2, steps-per-epoch: 3", "steps-per-epoch: 10"] {
            assert_eq!(length(&question(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn inputs_are_varied_where_that_is_asked_for() {
        assert!(varied(&question("steps: 10")).is_empty());
        let panels = varied(&question("sensitivity: simulated"));
        assert_eq!(panels.len(), 10);
        assert_eq!(panels[4].panel, "round trips x 0.5");
    }
}
