//! Plans as a table for people: what would run, on what, and what it will ask of this host.

use std::collections::BTreeMap;

use gaia_core::sync::config::{Bosen, Budget, Encodings, GaiaAsync, Inside, Sites, System};

use super::estimate::{Estimate, estimate};
use super::whole::{Experiment, Links, Plan, Planned, Role};
use crate::calibrate::probe::Probe;
use record::aligned::{Side, aligned};
use record::results::AxisValue;
use record::results::sweep::value_text;

/// The training system in words: `IterStore-style, SSP (slack 1)`.
pub fn system_in_words(system: &System) -> String {
    match system {
        System::Global(inside) => format!("IterStore-style, {}", inside.in_words()),
        System::Bosen(Bosen { slack, budget, parts, .. }) => {
            let inside = if *slack == 0 { Inside::BSP } else { Inside::ssp(*slack) };
            let budget = match budget {
                Budget::Nic => "a budget of the network interface".into(),
                Budget::Rate(rate) => format!("{rate} a machine"),
            };
            format!("Bösen-style, {}, {budget}, clocks in {parts} parts", inside.in_words())
        }
        System::Centralized(central) => {
            let moved = central.raw_data.map_or_else(String::new, |bytes| format!(", {bytes} of raw data"));
            format!("Centralized in {}{moved}, {}", central.site, central.inside.in_words())
        }
        System::GaiaAsync(GaiaAsync { inside, significance, overlay, relay }) => {
            let (inside, threshold) = (inside.in_words(), significance.in_words());
            format!("Gaia_Async, {inside} inside, {threshold}{}", overlay.in_words(*relay))
        }
        System::Gaia(gaia) => in_every_site("Gaia", &gaia.into()),
        System::Hierarchical(sites) => in_every_site("Hierarchical", sites),
    }
}

fn in_every_site(name: &str, sites: &Sites) -> String {
    format!("{name}, {} inside, {}", sites.inside.in_words(), sites.between.in_words())
}

/// The plans as aligned columns, with a line of sums below.
pub fn table(experiment: &Experiment, probe: &mut Probe) -> String {
    let head = ["cell", "seed", "network", "machines", "system", "encoding", "clock", "time", "memory", "plan"];
    let mut rows = vec![head.map(str::to_string)];
    let (mut seconds, mut peak) = (Some(0.0), 0.0_f64);
    for planned in &experiment.plans {
        let estimate = estimate(&planned.plan, probe);
        seconds = seconds.zip(estimate.seconds()).map(|(sum, seconds)| sum + seconds);
        peak = peak.max(estimate.memory.alone());
        rows.push(row(planned, &estimate));
    }
    let mut text = aligned(&[Side::Left], &rows);
    text.push_str(&format!(
        "{} plans; about {} on one core of this host, {} when cells run one at a time\n",
        experiment.plans.len(),
        or_unknown(seconds, span),
        bytes(peak)
    ));
    text
}

/// A line per panel whose target cell has another number of machines than all other cells: its objective is reached on other hardware.
pub fn target_text(experiment: &Experiment) -> String {
    let panels = experiment.plans.chunk_by(|a, b| a.panel == b.panel && a.plan.seed == b.plan.seed);
    let line = |panel: &[Planned]| {
        let target = panel.iter().find(|planned| planned.plan.role == Role::SetsTarget)?.plan.machine_count();
        let cells = panel.iter().filter(|planned| planned.plan.role != Role::SetsTarget);
        let counts: Vec<u32> = cells.map(|planned| planned.plan.machine_count()).collect();
        let of_cells = counts.first().filter(|_| counts.iter().all(|count| *count != target))?;
        let of = if panel[0].panel.is_empty() { String::new() } else { format!(" of {}", panel[0].panel) };
        Some(format!(
            "the target{of} is set on {target} machines, cells run on {of_cells}: `target: {{ machines-per-site: {of_cells} }}` sets it on as many\n"
        ))
    };
    // Seeds say the same.
    let mut lines: Vec<String> = panels.filter_map(line).collect();
    lines.dedup();
    lines.concat()
}

/// A line per axis of the spec's sweeps, with its values; empty without a sweep.
pub fn axes_text(experiment: &Experiment) -> String {
    let mut axes: Vec<(&str, Vec<String>)> = Vec::new();
    for AxisValue { axis, value } in
        experiment.plans.iter().filter_map(|plan| plan.swept.as_ref()).flat_map(|swept| &swept.axes)
    {
        let number = axes.iter().position(|(known, _)| known == axis).unwrap_or_else(|| {
            axes.push((axis, Vec::new()));
            axes.len() - 1
        });
        let text = value_text(value);
        if !axes[number].1.contains(&text) {
            axes[number].1.push(text);
        }
    }
    axes.iter().map(|(axis, values)| format!("axis {axis}: {}\n", values.join(", "))).collect()
}

/// The sum over several specs, whose equal cells run once.
pub fn shared(experiments: &[Experiment], probe: &mut Probe) -> String {
    let plans = || experiments.iter().flat_map(|experiment| &experiment.plans);
    let once: BTreeMap<String, Option<f64>> =
        plans().map(|planned| (planned.plan.hash(), estimate(&planned.plan, probe).seconds())).collect();
    let seconds = or_unknown(once.values().copied().sum(), span);
    format!("all together: {} plans, {} of them different; about {seconds} on one core\n", plans().count(), once.len())
}

fn row(planned: &Planned, estimate: &Estimate) -> [String; 10] {
    let plan = &planned.plan;
    [
        cell_in_words(planned),
        plan.seed.to_string(),
        plan.profile.name.clone(),
        format!("{} x {}", per_site(&plan.machines_per_site), plan.machines.name),
        system_in_words(&plan.system),
        encoding_in_words(plan),
        or_unknown(estimate.clock_seconds, clock),
        or_unknown(estimate.seconds(), span),
        bytes(estimate.memory.alone()),
        plan.hash(),
    ]
}

fn or_unknown(seconds: Option<f64>, shown: impl Fn(f64) -> String) -> String {
    seconds.map_or_else(|| "?".to_owned(), shown)
}

/// Seconds of one clock: `206 ms`, `1.5 s`.
fn clock(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.0} ms", seconds * 1e3) } else { format!("{seconds:.1} s") }
}

/// One word, or that inside sites and that between them; a global server has no servers in between.
fn encoding_in_words(plan: &Plan) -> String {
    let Encodings { inside, between } = plan.encoding;
    if inside == between || plan.system.sites().is_none() {
        return inside.name().into();
    }
    format!("{} inside, {} between", inside.name(), between.name())
}

/// The name of the cell, with its launcher if it is not simulated, and its links if they are fluid.
fn cell_in_words(planned: &Planned) -> String {
    let Plan { launch, links, .. } = planned.plan;
    let launch = (!launch.is_simulated()).then(|| format!(" [{launch}]"));
    let links = (links == Links::Fluid).then_some(" [fluid links]");
    format!("{}{}{}", planned.name(), launch.unwrap_or_default(), links.unwrap_or_default())
}

/// `11 sites of 2`, or `2+3+1`.
fn per_site(numbers: &[u32]) -> String {
    match numbers {
        [one] => one.to_string(),
        [first, rest @ ..] if rest.iter().all(|number| number == first) => format!("{}*{first}", numbers.len()),
        _ => numbers.iter().map(u32::to_string).collect::<Vec<_>>().join("+"),
    }
}

fn span(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "1 s".into(),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

pub(super) fn bytes(bytes: f64) -> String {
    if bytes < 1e9 { format!("{:.0} MB", bytes / 1e6) } else { format!("{:.1} GB", bytes / 1e9) }
}
