//! A question expanded into a spec: the fields of `whatif` become similitude, panels and cells.
//!
//! A generated problem stands for the user's. Its bytes are charged multiplied by the factor that gives its model the user's size, its
//! work by the factor that gives a machine's clock the user's time. The network is run as given, and with all its
//! bandwidths lower and higher by their uncertainty.

use std::collections::BTreeSet;
use std::path::Path;

use datasets::ratings::config::Generated;
use emulator::profile::Profile;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::sync::config::{
    Centralized, Gaia, Inside, MirrorClock, Relay, SelectiveBarrier, Significance, System, ThresholdSchedule, UserGoal,
    Ways,
};
use gaia_core::workload::mf::config::Mf;
use record::results::whatif::{Input, Length, Varied};

use super::assumptions::{self, MAX_STEPS, WORK_RANK};
use super::central::AUTO;
use super::check::{Diagnostics, GIVEN};
use super::cluster::{Named, find_profile};
use crate::machines;
use crate::spec::{
    Cell, Goal, LinkModel, Machines, PanelFields, PerSite, Scale, Spec, SpecData, Target, WhatIf, Workload,
};

/// The default problem that stands for the user's: users and items as a share of Netflix's.
const SCALE: f64 = 0.05;
/// The most times that what is asked for may be larger than the problem that stands for it.
const MAX_FACTOR: f64 = 1e9;
/// The figure that shows the answer.
const FIGURE: &str = "whatif";

/// `spec` without its question. `None` means that there is a problem with it.
pub(super) fn expand(diagnostics: &mut Diagnostics, spec: &Spec, asked: &WhatIf, folder: &Path) -> Option<Spec> {
    let before = diagnostics.list.len();
    check(diagnostics, spec, asked);
    let (mf, data) = learnt(diagnostics, spec)?;
    let kind = kind(diagnostics, &spec.machines, folder);
    let nic = spec.nic.or(kind.as_ref().and_then(|kind| kind.nic));
    let named =
        Named { name: &asked.network, path: "whatif.network", sites: &asked.sites, path_of_sites: "whatif.sites", nic };
    let profile = find_profile(diagnostics, &named, folder);
    let (Some(profile), Some(kind), true) = (profile, kind, diagnostics.list.len() == before) else { return None };
    let machines = profile.sites.len() as u32 * asked.machines_per_site;
    let factors = factors(asked, &mf, &data, &kind, machines);
    check_factors(diagnostics, asked, factors);
    if diagnostics.list.len() > before {
        return None;
    }
    let mut expanded = Spec {
        whatif: None,
        figure: spec.figure.clone().or(Some(FIGURE.into())),
        workload: Workload::Mf(mf),
        similitude: Scale::Factors { sigma_bytes: factors.sigma_bytes, sigma_work: factors.sigma_work },
        data: Some(SpecData::Mf(data)),
        profile: Some(asked.network.clone()),
        sites: asked.sites.clone(),
        machines_per_site: Some(PerSite::Each(asked.machines_per_site)),
        target: Target { machines_per_site: Some(PerSite::Each(machines)), ..Target::default() },
        panels: panels(asked.uncertainty.bandwidth),
        ..spec.clone()
    };
    if let Some(Length::Steps(steps)) = assumptions::length(asked) {
        expanded.goal = Goal::Clocks(steps.simulated);
    }
    if spec.link.model.is_none() && spec.link.chunk.is_none() {
        expanded.link.model = Some(LinkModel::Auto);
    }
    expanded.prices.spread = asked.uncertainty.prices;
    if expanded.cells.is_empty() {
        expanded.cells = cells(asked, &profile, machines);
    }
    let varied = assumptions::varied(asked);
    expanded.panels.extend(varied.iter().map(|varied| varied_panel(varied, factors, &expanded.cells)));
    Some(expanded)
}

fn check(diagnostics: &mut Diagnostics, spec: &Spec, asked: &WhatIf) {
    if !spec.panels.is_empty() {
        diagnostics
            .add("panels", "with `whatif` the panels are the network as it is given, slower and faster: expected none");
    }
    if spec.similitude != Scale::None {
        diagnostics.add("similitude", "follows from `whatif`: expected none");
    }
    if spec.profile.is_some() || !spec.sites.is_empty() || spec.machines_per_site.is_some() {
        diagnostics
            .add("whatif", "sets `network`, `sites` and `machines-per-site` itself: expected none of them outside it");
    }
    if let Some(given) = &spec.given_data {
        let message = "what stands for your data is generated, and scaled to your model: expected none with `whatif`";
        diagnostics.add(GIVEN, format!("{}: {message}", given.display()));
    }
    if asked.raw_data.is_some_and(|raw_data| raw_data.as_bytes() == 0) {
        diagnostics.add("whatif.raw-data", "0 B: expected at least one byte");
    }
    if asked.model.as_bytes() < 4 {
        diagnostics.add("whatif.model", format!("{}: expected at least a parameter of 4 B", asked.model));
    }
    match (asked.updates_per_second, asked.work) {
        (Some(rate), None) => diagnostics.number("whatif.updates-per-second", rate, 1e-6..=1e6),
        (None, Some(work)) => diagnostics.positive("whatif.work", work, 1e15),
        _ => diagnostics.add(
            "whatif",
            "how long a machine computes: expected either `updates-per-second` or `work` (with `machines`)",
        ),
    }
    check_length(diagnostics, spec, asked);
    diagnostics.within("whatif.machines-per-site", asked.machines_per_site, 1..=64);
    diagnostics.within("whatif.uncertainty.bandwidth", asked.uncertainty.bandwidth, 0.0..=0.9);
    diagnostics.within("whatif.uncertainty.prices", asked.uncertainty.prices, 0.0..=1.0);
}

fn check_length(diagnostics: &mut Diagnostics, spec: &Spec, asked: &WhatIf) {
    let is_of_length = asked.steps.is_some() || asked.epochs.is_some();
    if is_of_length && spec.goal != Goal::Target {
        diagnostics.add("goal", "follows from `whatif.steps` and `whatif.epochs`: expected none with one of them");
    }
    match (asked.steps, asked.epochs, asked.steps_per_epoch) {
        (Some(_), Some(_), _) => {
            diagnostics.add("whatif", "the length of the training: expected either `steps` or `epochs`, not both");
        }
        (Some(steps), None, _) => {
            diagnostics.within("whatif.steps", steps, 1..=MAX_STEPS);
            if asked.steps_per_epoch.is_some() {
                diagnostics.add("whatif.steps-per-epoch", "is for `epochs`: expected none with `steps`");
            }
        }
        (None, Some(_), None) => diagnostics.add(
            "whatif.epochs",
            "the steps of a pass over your data are not known: expected `steps-per-epoch`, the model updates that a machine makes in a pass",
        ),
        (None, Some(epochs), Some(per_epoch)) => {
            diagnostics.positive("whatif.epochs", epochs, 1e6);
            diagnostics.within("whatif.steps-per-epoch", per_epoch, 1..=MAX_STEPS);
            if assumptions::length(asked).is_none() {
                let message = format!("{epochs} of {per_epoch} steps: expected 1 to {MAX_STEPS} steps in all");
                diagnostics.add("whatif.epochs", message);
            }
        }
        (None, None, Some(_)) => {
            diagnostics.add("whatif.steps-per-epoch", "is for `epochs`: expected `epochs` with it");
        }
        (None, None, None) => {}
    }
}

/// The problem that stands for the user's.
fn learnt(diagnostics: &mut Diagnostics, spec: &Spec) -> Option<(Mf, Generated)> {
    let Workload::Mf(mf) = spec.workload else {
        diagnostics.add("workload", "what stands for your model is `mf`: expected that, or none");
        return None;
    };
    match &spec.data {
        None => Some((mf, Generated { scale: Some(SCALE), ..Generated::default() })),
        Some(SpecData::Mf(config)) if config.check().is_empty() => Some((mf, *config)),
        Some(SpecData::Mf(config)) => {
            for error in config.check() {
                diagnostics.add(format!("data.generated.{}", error.field), error.says);
            }
            None
        }
        Some(_) => {
            diagnostics.add("data", "what stands for your data is generated: expected `generated`, or none");
            None
        }
    }
}

fn kind(diagnostics: &mut Diagnostics, asked: &Machines, folder: &Path) -> Option<MachineKind> {
    match asked {
        Machines::Inline(kind) => Some((**kind).clone()),
        Machines::Named(name) => match machines::find(name, folder) {
            Ok(kind) => Some(kind),
            Err(error) => {
                diagnostics.add("machines", error.to_string());
                None
            }
        },
    }
}

/// The factors by which bytes and work are charged.
fn factors(asked: &WhatIf, mf: &Mf, data: &Generated, kind: &MachineKind, machines: u32) -> Similitude {
    let shape = data.shape();
    let rank = f64::from(mf.rank);
    let model_bytes = f64::from(shape.items) * rank * 4.0;
    let learnt = shape.ratings as f64 * (1.0 - data.held_out);
    // The work of a machine in a clock, in updates at rank 1.
    let steps = learnt / f64::from(machines) / f64::from(mf.clocks_per_pass) * rank;
    let wanted = match (asked.updates_per_second, asked.work) {
        (Some(rate), _) => kind.mf.updates_per_second * f64::from(kind.mf.rank) / rate,
        (None, Some(work)) => work * WORK_RANK,
        (None, None) => steps,
    };
    Similitude { sigma_bytes: asked.model.as_bytes() as f64 / model_bytes, sigma_work: wanted / steps }
}

/// The most that a question may be larger than the problem that stands for it.
fn check_factors(diagnostics: &mut Diagnostics, asked: &WhatIf, factors: Similitude) {
    let mut check = |path: &str, found: String, factor: f64| {
        if !(factor > 0.0 && factor <= MAX_FACTOR) {
            let message = format!("{found}: {factor:.3e} times the generated problem that stands for it");
            diagnostics.add(path, format!("{message}: expected more than 0 and at most {MAX_FACTOR} times"));
        }
    };
    check("whatif.model", asked.model.to_string(), factors.sigma_bytes);
    let (path, found) = work(asked);
    check(path, found, factors.sigma_work);
}

/// The field that sets a machine's compute time, and its value.
fn work(asked: &WhatIf) -> (&'static str, String) {
    match (asked.updates_per_second, asked.work) {
        (Some(rate), _) => ("whatif.updates-per-second", rate.to_string()),
        (None, work) => ("whatif.work", work.unwrap_or_default().to_string()),
    }
}

/// Diagnostics of the spec that a question became, in the words of the question: whoever asked has written no panels, no factors
/// and perhaps no cells.
pub(super) fn in_its_words(mut diagnostics: Diagnostics, written: &Spec) -> Diagnostics {
    let Some(asked) = &written.whatif else { return diagnostics };
    for diagnostic in &mut diagnostics.list {
        let path = diagnostic.path.split_once("].").filter(|(panel, _)| panel.starts_with("panels["));
        let path = path.map_or(diagnostic.path.clone(), |(_, path)| path.to_owned());
        let cell = path.strip_prefix("cells[").and_then(|rest| rest.split_once("]."));
        let (is_made, field) = match cell {
            Some((_, field)) => (written.cells.is_empty(), field),
            None => (true, &*path),
        };
        let asked_for = match field {
            "similitude.factors.sigma-bytes" => "whatif.model",
            "similitude.factors.sigma-work" => work(asked).0,
            "bandwidth-times" => "whatif.uncertainty.bandwidth",
            "goal.clocks" => "whatif.steps",
            "rtt-times" => "whatif.sensitivity",
            "sites" => "whatif.sites",
            "profile" => "whatif.network",
            "machines-per-site" => "whatif.machines-per-site",
            "system.centralized.raw-data" => "whatif.raw-data",
            _ if cell.is_some() && is_made => "whatif",
            _ => continue,
        };
        if is_made && !diagnostic.path.starts_with("whatif") {
            diagnostic.path = asked_for.into();
            if asked_for == "whatif" {
                diagnostic.message = format!("{path}, which it makes: {}", diagnostic.message);
            }
        }
    }
    // What is wrong in every panel, or with all cells alike, is one problem of the question.
    let mut seen = BTreeSet::new();
    let is_of_all = |path: &str| path.starts_with("whatif.");
    diagnostics.list.retain(|diagnostic| {
        let words = if is_of_all(&diagnostic.path) { "" } else { &*diagnostic.message };
        seen.insert((diagnostic.path.clone(), words.to_owned()))
    });
    diagnostics
}

/// The network as given first: the figure takes it for the answer, and the others for its range.
fn panels(bandwidth: f64) -> Vec<PanelFields> {
    let panel =
        |name: String, times: Option<f64>| PanelFields { name, bandwidth_times: times, ..PanelFields::default() };
    let ranges = assumptions::ranges(bandwidth).into_iter();
    let ranges = ranges.map(|varied| panel(varied.panel, Some(varied.times)));
    [panel("as given".into(), None)].into_iter().chain(ranges).collect()
}

/// The question with one input changed, for the cells on its network.
fn varied_panel(varied: &Varied, given: Similitude, cells: &[Cell]) -> PanelFields {
    let Varied { panel, input, times } = varied;
    let mut fields = PanelFields { name: panel.clone(), ..PanelFields::default() };
    let factors = |sigma_bytes, sigma_work| Some(Scale::Factors { sigma_bytes, sigma_work });
    let Similitude { sigma_bytes, sigma_work } = given;
    match input {
        Input::Bandwidth => fields.bandwidth_times = Some(*times),
        Input::RoundTrips => fields.rtt_times = Some(*times),
        Input::ComputeSpeed => fields.similitude = factors(sigma_bytes, sigma_work / times),
        Input::Model => fields.similitude = factors(sigma_bytes * times, sigma_work),
    }
    let on_network: Vec<Cell> = cells.iter().filter(|cell| cell.profile.is_none()).cloned().collect();
    fields.cells = (!on_network.is_empty()).then_some(on_network);
    fields
}

/// The systems that are asked about when the spec names none.
fn cells(asked: &WhatIf, profile: &Profile, machines: u32) -> Vec<Cell> {
    let inside = Inside::BSP;
    let mut cells = vec![
        Cell::of("Baseline", System::Global(inside)),
        Cell::of(
            "Gaia",
            System::Gaia(Gaia {
                inside,
                significance: Significance { schedule: ThresholdSchedule::Constant, ..Significance::default() },
                selective_barrier: SelectiveBarrier::default(),
                mirror_clock: MirrorClock::default(),
                overlay: Ways::default(),
                relay: Relay::default(),
                goal: UserGoal::default(),
            }),
        ),
    ];
    if let Some(raw_data) = asked.raw_data {
        let central = Centralized { inside, site: AUTO.into(), raw_data: Some(raw_data) };
        cells.push(Cell::of("Centralized", System::Centralized(central)));
    }
    // What it would be in one place, if the data were there: with the interfaces of the first site's machines.
    cells.push(Cell {
        profile: Some("lan".into()),
        machines_per_site: Some(PerSite::Each(machines)),
        nic: Some(profile.sites[0].nic.outbound),
        ..Cell::of("LAN", System::Global(inside))
    });
    cells
}
