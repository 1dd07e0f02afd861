//! `fit`: constants that were hidden in simulated numbers are found again, and what the numbers do not determine is named.

mod common;

use std::fs;
use std::path::Path;

use common::{errors, experiments};
use serde_json::Value;
use tempfile::TempDir;

/// A cluster of three cells; its rates are set by each test.
const CLUSTER: &str = "
title: a made-up cluster
workload: { mf: { rank: 16 } }
data: { generated: { users: 60, items: 20, ratings: 400 } }
similitude: { factors: { sigma-bytes: 20000, sigma-work: 400000 } }
system: { global: { bsp: {} } }
goal: { clocks: 3 }
cells:
  - { name: LAN, profile: lan, machines-per-site: 4 }
  - { name: LAN of 8, profile: lan, machines-per-site: 8 }
  - { name: WAN, profile: va-ca, machines-per-site: 2, machines: c4-4xlarge }
";

/// The hidden constants: a LAN of 2 Gbit/s, 12 million updates per second, machines that are 3 times slower at the WAN.
const HIDDEN: [&str; 4] = [
    "cells.LAN.nic=2 Gbit/s",
    "cells.LAN of 8.nic=2 Gbit/s",
    "machines.mf.updates-per-second=12e6",
    "cells.WAN.machines.mf.updates-per-second=4e6",
];
const TRUTH: [(&str, f64); 3] = [("lan", 2.0), ("mf", 12e6), ("slowdown", 3.0)];

/// The section `fit` without measurements; the start is far from the hidden constants.
const UNKNOWNS: &str = "
  model-error: 1 %
  evaluate: MODE
  unknowns:
    - { name: lan, low: 0.5, high: 20, start: 10, unit: Gbit/s }
    - { name: mf, low: 2e+6, high: 100e+6, start: 50e+6 }
    - { name: slowdown, low: 1, high: 12 }
  fields:
    - { set: cells.LAN.nic, to: lan }
    - { set: cells.LAN of 8.nic, to: lan }
    - { set: machines.mf.updates-per-second, to: mf }
    - { set: cells.WAN.machines.mf.updates-per-second, to: mf / slowdown }
  measurements:
";

const SURFACE: &str = "{ surface: { points: 4 } }";

/// A folder with the cluster, its hidden constants run.
fn measured() -> TempDir {
    let folder = common::place(&[("hidden.yaml", CLUSTER)]);
    let sets: Vec<&str> = HIDDEN.iter().flat_map(|set| ["--set", set]).collect();
    let ran = experiments(folder.path(), &[&["run", "hidden.yaml", "-q"], &sets[..]].concat());
    assert!(ran.status.success(), "{}", errors(&ran));
    folder
}

/// A number of the hidden cluster's table.
fn number(folder: &Path, cell: &str, column: &str) -> f64 {
    let table = fs::read_to_string(folder.join("results/hidden/table.csv")).expect("it ran");
    let mut lines = table.lines();
    let columns: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let position = columns.iter().position(|name| *name == column).expect("the column is there");
    let line = lines.find(|line| line.starts_with(&format!("{cell},"))).expect("the row is there");
    // Systems in words have commas in quotes: count from the end.
    let values: Vec<&str> = line.split(',').collect();
    values[values.len() - (columns.len() - position)].parse().expect("a number")
}

fn entry(name: &str, value: f64, of: &str, more: &str) -> String {
    format!("    - {{ name: {name}, value: {value}, error: 1 %, of: {of}{more} }}\n")
}

/// Six numbers: the seconds of each cell, two ratios, one of them not used.
fn measurements(folder: &Path) -> String {
    let seconds = |cell: &str| number(folder, cell, "seconds_per_clock");
    let of = |cell: &str| format!("{{ cell: {cell}, column: seconds_per_clock }}");
    [
        entry("lan", seconds("LAN"), &of("LAN"), ", group: lan, claims: [fig13.gaia-speedup]"),
        entry("lan of 8", seconds("LAN of 8"), &of("LAN of 8"), ", group: lan"),
        entry("wan", seconds("WAN"), &of("WAN"), ", group: wan"),
        entry(
            "ratio",
            seconds("WAN") / seconds("LAN"),
            &of("WAN"),
            &format!(", over: {}, within: [0.1, 100]", of("LAN")),
        ),
        entry("unused", 2.0 * seconds("LAN"), &of("LAN"), ", use: false"),
    ]
    .concat()
}

fn spec(mode: &str, measurements: &str) -> String {
    format!("{CLUSTER}fit:{}{measurements}", UNKNOWNS.replace("MODE", mode))
}

fn fit(folder: &Path, name: &str, spec: &str, more: &[&str]) -> String {
    let file = format!("{name}.yaml");
    fs::write(folder.join(&file), spec).expect("writable");
    let ran = experiments(folder, &[&["fit", &file, "-q"], more].concat());
    assert!(ran.status.success(), "{}", errors(&ran));
    String::from_utf8(ran.stdout).expect("text")
}

fn result(folder: &Path, name: &str) -> Value {
    let text = fs::read_to_string(folder.join(format!("results/{name}/fit.json"))).expect("it was written");
    serde_json::from_str(&text).expect("JSON")
}

fn values(result: &Value) -> Vec<(String, f64)> {
    let unknowns = result["unknowns"].as_array().expect("a list");
    unknowns.iter().map(|own| (own["name"].as_str().unwrap().into(), own["value"].as_f64().unwrap())).collect()
}

fn assert_found(result: &Value) {
    for ((name, found), (expected_name, expected)) in values(result).into_iter().zip(TRUTH) {
        assert_eq!(name, expected_name);
        assert!((found / expected - 1.0).abs() < 0.02, "{name}: {found}, hidden was {expected}");
    }
}

#[test]
fn hidden_constants_are_found_by_a_surface() {
    let folder = measured();
    let (path, numbers) = (folder.path(), measurements(folder.path()));
    let summary = fit(path, "surface", &spec(SURFACE, &numbers), &[]);
    let by_surface = result(path, "surface");
    assert_found(&by_surface);
    assert_eq!(by_surface["claims"], serde_json::json!(["fig13.gaia-speedup"]));
    let residuals = by_surface["residuals"].as_array().unwrap();
    let unused = residuals.iter().find(|own| own["name"] == "unused").unwrap();
    assert!((unused["ratio"].as_f64().unwrap() - 0.5).abs() < 0.01, "twice of what it is was given: {unused}");
    assert_eq!(by_surface["leave_one_out"].as_array().unwrap().len(), 2, "two groups");
    for unknown in by_surface["unknowns"].as_array().unwrap() {
        let (low, high) = (unknown["interval_95"]["low"].as_f64(), unknown["interval_95"]["high"].as_f64());
        let value = unknown["value"].as_f64().unwrap();
        assert!(low.unwrap() < value && value < high.unwrap(), "{unknown}");
    }
    assert!(summary.contains("slowdown") && summary.contains("not used"), "{summary}");
    for file in ["residuals.csv", "profiles.csv", "figure.svg", "figure.png", "report.html"] {
        assert!(path.join("results/surface").join(file).is_file(), "{file}");
    }
}

/// By simulation, three unknowns take hundreds of cells: here two are to be found.
#[test]
fn hidden_constants_are_found_by_simulating_every_evaluation() {
    let folder = measured();
    let (path, numbers) = (folder.path(), measurements(folder.path()));
    let text = spec("{ runs: {} }", &numbers).replace(", to: mf / slowdown }", ", to: mf / 3 }");
    let text = text.replace("    - { name: slowdown, low: 1, high: 12 }\n", "");
    fit(path, "runs", &text, &[]);
    let found = result(path, "runs");
    assert_found(&found);
    assert_eq!(found["leave_one_out"], serde_json::json!([]), "only with --leave-out");
}

#[test]
fn a_second_call_simulates_nothing_and_threads_change_no_byte() {
    let folder = measured();
    let (path, spec) = (folder.path(), spec(SURFACE, &measurements(folder.path())));
    let first = fit(path, "again", &spec, &["--jobs", "1"]);
    let read = |out: &str, file: &str| fs::read(path.join(out).join("again").join(file)).expect("it was written");
    let bytes = read("results", "fit.json");
    assert!(!first.contains("\n0 cells simulated"), "{first}");
    let second = fit(path, "again", &spec, &["--jobs", "1"]);
    assert!(second.contains("\n0 cells simulated"), "{second}");
    fit(path, "again", &spec, &["--jobs", "3", "--out", "other"]);
    assert!(bytes == read("results", "fit.json") && bytes == read("other", "fit.json"));
    for file in ["report.html", "figure.svg", "profiles.csv"] {
        assert!(read("results", file) == read("other", file), "{file}");
    }
}

#[test]
fn what_cannot_be_told_apart_is_named_with_the_combination_that_is_determined() {
    let folder = measured();
    let (path, seconds) = (folder.path(), number(folder.path(), "WAN", "seconds_per_clock"));
    let wan = entry("wan", seconds, "{ cell: WAN, column: seconds_per_clock }", "");
    let summary = fit(path, "quotient", &spec(SURFACE, &wan), &[]);
    assert!(
        summary
            .contains("`mf` and `slowdown` cannot be told apart: near the optimum, only mf / slowdown is determined"),
        "{summary}"
    );
    assert!(summary.contains("`lan` is not determined"), "{summary}");
    let lan = entry("lan", number(path, "LAN", "seconds_per_clock"), "{ cell: LAN, column: seconds_per_clock }", "");
    let summary = fit(path, "sum", &spec(SURFACE, &lan), &[]);
    assert!(summary.contains("`lan` and `mf` cannot be told apart: near the optimum, only"), "{summary}");
    let minima = result(path, "sum")["other_minima"].clone();
    assert_eq!(minima, serde_json::json!([]), "a valley is one minimum");
}

#[test]
fn mistakes_are_reported_together_with_their_paths() {
    let of = "{ cell: LAN, column: seconds_per_clock }";
    let good = entry("lan", 1.0, of, "");
    let cases = [
        (
            "to: mf / slowdown",
            "to: mf / slowdwon",
            "fit.fields[3].to: there is no unknown `slowdwon`; did you mean `slowdown`?",
        ),
        ("low: 1, high: 12", "low: 12, high: 1", "fit.unknowns[2].high: 1: expected more than `low`, 12"),
        (
            "to: mf / slowdown",
            "to: mf / lan",
            "fit.fields[3].to: `mf / lan` is in 1 / (Gbit/s): expected the unit of one unknown",
        ),
        ("to: mf / slowdown", "to: mf", "fit.unknowns[2]: `slowdown` is in no expression of fit.fields"),
        ("cell: LAN,", "cell: LNA,", "fit.measurements[0].of.cell: there is no cell `LNA`; did you mean `LAN`?"),
        ("cell: LAN,", "panel: MF, cell: LAN,", "fit.measurements[0].of.panel: `MF`: the spec has no panels"),
        ("column: seconds_per_clock", "column: seconds_per_clok", "did you mean `seconds_per_clock`?"),
        ("column: seconds_per_clock", "column: speedup", "of.column: `speedup` depends on another cell"),
        ("set: cells.LAN.nic", "set: cells.LAN.nci", "fit.fields[0]: `cells.LAN.nci` = 10000000000 bit/s: "),
        ("set: cells.LAN.nic", "set: cells.LNA.nic", "has no entry `LNA`; did you mean `LAN`?"),
        ("value: 1,", "value: -1,", "fit.measurements[0].value: -1: expected more than 0"),
        (
            "low: 1, high: 12",
            "low: 3, high: 3.0000001",
            "fit.unknowns[2].high: 3.0000001: expected more than `low`, 3, by at least 2 %",
        ),
        (
            "of: { cell: LAN, column: seconds_per_clock }",
            "of: { cell: LAN, column: seconds_per_clock }, claims: [fig13.gaia-speedpu]",
            "fit.measurements[0].claims[0]: unknown claim `fig13.gaia-speedpu`; did you mean `fig13.gaia-speedup`?",
        ),
        ("points: 4", "points: 1", "fit.evaluate.surface.points: 1: expected 2 to 100"),
        ("to: mf / slowdown", "to: mf + slowdown", "expected unknowns and numbers with `*` and `/` between them"),
        ("  fields:", "  feilds:", "did you mean `fields`?"),
    ];
    for (from, to, expected) in cases {
        let text = spec(SURFACE, &good);
        assert!(text.contains(from), "{from}");
        let folder = common::place(&[("wrong.yaml", &text.replacen(from, to, 1))]);
        let ran = experiments(folder.path(), &["fit", "wrong.yaml"]);
        let found = errors(&ran);
        assert!(found.contains(expected), "{to}: {found}");
        assert_eq!(ran.status.code(), Some(2), "{found}");
    }
    let exact = spec(SURFACE, &good).replace("model-error: 1 %", "model-error: 0 %");
    let folder = common::place(&[("exact.yaml", &exact.replace("error: 1 %,", "error: 1e-198 %,"))]);
    let found = errors(&experiments(folder.path(), &["fit", "exact.yaml"]));
    assert!(found.contains("fit.measurements[0].error: 1e-200 of the value, and fit.model-error is 0e0"), "{found}");
    let both = spec(SURFACE, &good).replace("cell: LAN,", "cell: LNA,").replace("/ slowdown", "/ slow");
    let folder = common::place(&[("wrong.yaml", &both), ("none.yaml", CLUSTER)]);
    let found = errors(&experiments(folder.path(), &["plan", "wrong.yaml"]));
    assert!(found.contains("measurements[0].of.cell") && found.contains("fields[3].to"), "{found}");
    let none = experiments(folder.path(), &["fit", "none.yaml"]);
    assert!(errors(&none).contains("none.yaml: found no section `fit`"), "{}", errors(&none));
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn a_ratio_over_zero_is_an_error_and_not_a_fit() {
    let over = ", over: { cell: LAN, column: barrier_seconds_per_clock }";
    let ratio = entry("ratio", 1.0, "{ cell: WAN, column: seconds_per_clock }", over);
    let folder = common::place(&[("zero.yaml", &spec(SURFACE, &ratio))]);
    let ran = experiments(folder.path(), &["fit", "zero.yaml", "-q"]);
    assert!(errors(&ran).contains("the measurement `ratio` is inf in the model"), "{}", errors(&ran));
    assert_eq!(ran.status.code(), Some(1));
    assert!(!folder.path().join("results/zero/fit.json").exists());
}

#[test]
fn the_example_finds_what_its_numbers_were_simulated_with() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/examples/fit-cluster.yaml");
    let folder = common::place(&[]);
    fit(folder.path(), "fit-cluster", &fs::read_to_string(example).expect("it is there"), &[]);
    let found = result(folder.path(), "fit-cluster");
    assert_found(&found);
    assert_eq!(found["statements"], serde_json::json!([]), "every unknown is determined");
    assert_eq!(found["leave_one_out"].as_array().unwrap().len(), 3);
}

/// A cell without machines of its own takes those of the spec with what is set there.
#[test]
fn the_order_of_fields_does_not_matter() {
    let folder = measured();
    let path = folder.path();
    let of_spec = "    - { set: machines.mf.updates-per-second, to: mf }\n";
    let of_cell = "    - { set: cells.LAN of 8.machines.server.apply-gb-per-second, to: mf / 1000000 }\n";
    let fields = |from: &str, to: &str| spec(SURFACE, &measurements(path)).replace(from, to);
    let residuals = |name: &str, text: &str| {
        fit(path, name, text, &[]);
        result(path, name)["residuals"].clone()
    };
    let first = residuals("first", &fields(of_spec, &format!("{of_spec}{of_cell}")));
    assert_eq!(first, residuals("last", &fields(of_spec, &format!("{of_cell}{of_spec}"))));
}

#[test]
fn the_results_of_run_are_not_replaced() {
    let folder = measured();
    let text = spec(SURFACE, &measurements(folder.path()));
    fs::write(folder.path().join("hidden.yaml"), text).expect("writable");
    let ran = experiments(folder.path(), &["fit", "hidden.yaml"]);
    assert!(errors(&ran).contains("holds the results of `experiments run hidden"), "{}", errors(&ran));
    assert_eq!(ran.status.code(), Some(2));
}

#[test]
fn the_results_of_a_fit_are_not_replaced_and_not_mixed_with_a_variants() {
    let folder = measured();
    let (path, text) = (folder.path(), spec(SURFACE, &measurements(folder.path())));
    fit(path, "mine", &text, &[]);
    let page = || fs::read(path.join("results/mine/report.html")).expect("it was written");
    let before = page();
    let ran = experiments(path, &["run", "mine.yaml"]);
    assert!(errors(&ran).contains("results/mine holds the results of a fit of that name"), "{}", errors(&ran));
    assert_eq!(ran.status.code(), Some(2));
    assert!(page() == before && !path.join("results/mine/cells.json").exists());
    fs::create_dir(path.join("variants")).expect("writable");
    // A fit of the same name in another file, which later takes the place of the first.
    fs::copy(path.join("mine.yaml"), path.join("variants/mine.yaml")).expect("writable");
    let ran = experiments(path, &["fit", "variants/mine.yaml", "-q"]);
    let found = errors(&ran);
    assert!(
        found.contains("results/mine holds the results of the fit of that name of ") && page() == before,
        "{found}"
    );
    assert_eq!(ran.status.code(), Some(2));
    // A variant of the same name, in a folder of its own.
    fs::write(path.join("variants/mine.yaml"), "variant-of: [../hidden.yaml]\nseeds: [1]\n").expect("writable");
    let ran = experiments(path, &["run", "variants/mine.yaml", "-q"]);
    assert!(errors(&ran).contains("results/mine holds the results of a fit of that name"), "{}", errors(&ran));
    let ran = experiments(path, &["run", "variants/mine.yaml", "-q", "--out", "other"]);
    assert!(ran.status.success(), "{}", errors(&ran));
    let ran = experiments(path, &["fit", "mine.yaml", "-q", "--out", "other"]);
    assert!(errors(&ran).contains("other/mine holds the results of a variant of that name"), "{}", errors(&ran));
    assert_eq!(ran.status.code(), Some(2));
}
