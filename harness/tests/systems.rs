//! Every form of training system in one spec, from YAML to its results.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use gaia_core::sync::config::Inside;
use harness::results::manifest::CellEntry;
use harness::results::{Summary, store};

/// Name and form of every system; all run seven clocks.
const SYSTEMS: &[(&str, &str)] = &[
    ("BSP", "global: { bsp: {} }"),
    ("SSP", "global: { ssp: { slack: 1 } }"),
    ("every clock", "global: { local-steps: { every: 1 } }"),
    ("every three clocks", "global: { local-steps: { every: 3 } }"),
    ("Gaia", "gaia: { inside: { bsp: {} } }"),
    ("hubs", "gaia: { inside: { bsp: {} }, overlay: { groups: { sites: [[us-east-1], [California]] } } }"),
    ("computed", "gaia: { inside: { bsp: {} }, overlay: { computed: { groups: 2, hubs: multi } } }"),
    ("Bösen, BSP", "bosen: { slack: 0, budget: 1 Gbit/s }"),
    ("Bösen, BSP, one part", "bosen: { slack: 0, budget: 1 Gbit/s, parts: 1 }"),
    ("Bösen, SSP", "bosen: { slack: 1, budget: 200 Mbit/s, parts: 2, message: 64 KiB }"),
    ("Gaia, fastest", "gaia: { inside: { bsp: {} }, goal: { fastest: {} } }"),
    (
        "added up every clock",
        "hierarchical: { inside: { bsp: {} }, between: { rounds: { every: 1, rule: { add: {} } } } }",
    ),
    (
        "averages",
        "hierarchical: { inside: { local-steps: { every: 2, rule: { average: {} } } }, between: { rounds: { every: 4, rule: { average: {} } } } }",
    ),
    ("Gaia_Async", "gaia-async: { inside: { bsp: {} }, significance: { threshold: 0.02 } }"),
];

const FACTORS: &str = "
workload:
  mf: { rank: 8 }
data:
  generated: { users: 400, items: 120, ratings: 8000 }
similitude: netflix
";

const LOGISTIC: &str = "
workload:
  lr: { weights-per-row: 8 }
data:
  generated-examples: { examples: 1500, features: 400, nonzeros: 10, held-out: 0.2 }
";

/// The summary of every cell by name, of a run in a folder of its own. `learnt`: the workload and its data.
fn summaries(learnt: &str) -> BTreeMap<String, Summary> {
    let folder = tempfile::tempdir().expect("a folder");
    let cell = |name: &str, system: &str| {
        format!("  - {{ name: \"{name}\", profile: va-ca, machines-per-site: 2, system: {{ {system} }} }}\n")
    };
    let mut cells: String = SYSTEMS.iter().map(|(name, system)| cell(name, system)).collect();
    // Whatever is on the list of sync models runs, without a word here.
    for model in Inside::all() {
        let settings = serde_json::to_string(&model.example).expect("it has a form");
        cells.push_str(&cell(&model.name, &format!("global: {settings}")));
    }
    fs::write(folder.path().join("all.yaml"), format!("{learnt}goal: {{ clocks: 7 }}\ncells:\n{cells}"))
        .expect("writable");
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiments"));
    let ran = command.current_dir(folder.path()).args(["run", "all.yaml"]).output().expect("the binary starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let results = folder.path().join("results/all");
    let index = store::read_cells(&results).expect("it has results");
    let read = |entry: &CellEntry| store::read_cell(&results, entry).expect("it is whole");
    index.cells.iter().map(read).map(|cell| (cell.cell, cell.summary)).collect()
}

#[test]
fn every_system_runs_from_its_spec() {
    let summaries = summaries(FACTORS);
    assert_eq!(summaries.len(), SYSTEMS.len() + Inside::all().len());
    let (averages, added) = (&summaries["averages"], &summaries["added up every clock"]);
    assert!(averages.wan_bytes_per_clock < 0.4 * added.wan_bytes_per_clock, "one exchange in seven clocks, not seven");
    for (name, summary) in &summaries {
        assert_eq!(summary.clocks, 7, "{name}");
        assert!(summary.last_objective < summary.first_objective, "{name} learns");
    }
    let (bsp, every_clock, rounds) = (&summaries["BSP"], &summaries["every clock"], &summaries["every three clocks"]);
    assert_eq!(every_clock.digest, bsp.digest);
    let bosen = &summaries["Bösen, BSP, one part"];
    assert_eq!(bosen.last_objective.to_bits(), bsp.last_objective.to_bits(), "in one part it is BSP");
    // Two groups of one site each: the hubs are all there is.
    assert_eq!(summaries["hubs"].digest, summaries["Gaia"].digest);
    assert_eq!(summaries["computed"].digest, summaries["Gaia"].digest);
    assert_eq!(every_clock.last_objective.to_bits(), bsp.last_objective.to_bits());
    assert!(rounds.wan_bytes_per_clock < 0.6 * bsp.wan_bytes_per_clock);
}

#[test]
fn every_system_learns_logistic_regression_and_names_its_metrics() {
    let summaries = summaries(LOGISTIC);
    assert_eq!(summaries.len(), SYSTEMS.len() + Inside::all().len());
    for (name, summary) in &summaries {
        let [loss, accuracy, auc] = ["held_out_log_loss", "held_out_accuracy", "held_out_auc"]
            .map(|metric| summary.metric(metric).unwrap_or_else(|| panic!("{name} has no {metric}")));
        assert!(summary.last_objective < summary.first_objective && summary.clocks == 7, "{name} learns");
        // Before the first clock the loss is ln 2, and the area a half.
        assert!(loss < std::f64::consts::LN_2 && accuracy > 0.5 && auc > 0.6, "{name}: {loss}, {accuracy}, {auc}");
        assert_eq!(summary.metric("held_out_rmse"), None);
    }
}

#[test]
fn sync_models_are_named_after_their_files_as_specs_name_them() {
    for model in Inside::all() {
        let form = serde_json::to_value(model.example).expect("it has a form");
        let names: Vec<&String> = form.as_object().expect("a name and settings").keys().collect();
        assert_eq!(names, [&model.name]);
        assert_eq!(model.example.name(), model.name);
        assert_eq!(serde_json::from_value::<Inside>(form).expect("it reads back"), model.example);
    }
}
