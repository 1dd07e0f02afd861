//! `whatif`: from a question to time and dollars, and back from what was simulated to what was asked.

mod common;
mod set_common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{errors, experiments};
use harness::results::{CellIndex, store};
use set_common::{refused, with_sets};

const SPEC: &str = "
title: a question
whatif:
  network: ec2-all
  sites: [us-east-1, Ireland, ap-northeast-1]
  machines-per-site: 2
  model: 40 MB
  updates-per-second: 4
  raw-data: 1 GB
workload:
  mf: { rank: 8 }
data:
  generated: { users: 600, items: 150, ratings: 9000 }
convergence: { passes: 4 }
";

fn place(spec: &str) -> tempfile::TempDir {
    common::place(&[("small.yaml", spec)])
}

/// The table of a run.
fn run(folder: &Path, sets: &[&str]) -> String {
    fs::read_to_string(run_into(folder, sets).join("table.csv")).expect("it is there")
}

/// The folder of a run: that of the page with which its output ends.
fn run_into(folder: &Path, sets: &[&str]) -> PathBuf {
    let ran = with_sets(folder, &["run", "small.yaml"], sets);
    assert!(ran.status.success(), "{}", errors(&ran));
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let page = text.lines().rev().find(|line| line.ends_with("report.html")).expect("the page is named");
    folder.join(page.trim()).parent().expect("it is in a folder").to_owned()
}

/// A number of the table.
fn number(table: &str, cell: &str, column: &str) -> f64 {
    let mut lines = table.lines();
    let columns: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let position = columns.iter().position(|name| *name == column).expect("the column is there");
    let line = lines.find(|line| line.starts_with(&format!("{cell},"))).expect("the row is there");
    // Systems in words have commas in quotes: count from the end.
    let values: Vec<&str> = line.split(',').collect();
    values[values.len() - (columns.len() - position)].parse().expect("a number")
}

#[test]
fn a_question_is_answered_with_ranges() {
    let folder = place(SPEC);
    let table = run(folder.path(), &[]);
    for cell in ["Baseline", "Gaia", "Centralized", "LAN"] {
        let [seconds, low, high] =
            ["seconds", "seconds_low", "seconds_high"].map(|column| number(&table, cell, column));
        assert!(low <= seconds && seconds <= high && low > 0.0, "{cell}: {low} {seconds} {high}");
        let [usd, low, high] =
            ["usd_total", "usd_total_low", "usd_total_high"].map(|column| number(&table, cell, column));
        assert!(low <= 0.91 * usd && usd * 1.09 <= high, "{cell}: a tenth of prices at least: {low} {usd} {high}");
        let parts = ["usd_machine_compute", "usd_machine_network", "usd_communication"];
        let sum: f64 = parts.iter().map(|part| number(&table, cell, part)).sum();
        assert!((sum / usd - 1.0).abs() < 1e-9, "{cell}");
    }
    // A LAN does not feel the network between sites.
    assert_eq!(number(&table, "LAN", "seconds_low"), number(&table, "LAN", "seconds_high"));
    assert!(number(&table, "Baseline", "seconds_low") < number(&table, "Baseline", "seconds_high"));
    assert!(number(&table, "LAN", "seconds") < number(&table, "Baseline", "seconds"));
    assert_eq!(number(&table, "LAN", "wan_gb"), 0.0);
}

#[test]
fn what_is_simulated_is_what_was_asked() {
    let folder = place(SPEC);
    run(folder.path(), &[]);
    let results = folder.path().join("results/small");
    let index: CellIndex = store::read_cells(&results).expect("it ran");
    let entry = index.cells.iter().find(|entry| entry.cell == "Baseline").expect("it ran");
    let clocks = store::read_clocks(&store::cell_folder(&results, &entry.plan)).expect("whole");
    let mean = clocks.iter().map(|row| row.parts.compute).sum::<f64>() / clocks.len() as f64;
    assert!((mean / 0.25 - 1.0).abs() < 0.02, "four updates a second: {mean}");
    let cell = store::read_cell(&results, entry).expect("whole");
    // Every machine reads the model and sends its changes once per clock, over and from the shards of others.
    let scale = &cell.manifest.similitude;
    assert!((scale.sigma_bytes * 150.0 * 8.0 * 4.0 / 40e6 - 1.0).abs() < 1e-9, "{scale:?}");

    let second = run_into(folder.path(), &["whatif.model=80 MB", "whatif.uncertainty.bandwidth=0"]);
    let double = fs::read_to_string(second.join("table.csv")).expect("it is there");
    let index: CellIndex = store::read_cells(&second).expect("it ran");
    assert!(index.cells.iter().all(|entry| entry.panel == "as given"), "nothing else is run without uncertainty");
    let bytes = cell.summary.wan_bytes as f64 / 1e9;
    let ratio = number(&double, "Baseline", "wan_gb") / bytes;
    assert!((ratio - 2.0).abs() < 0.02, "twice the model, twice the bytes: {ratio}");
}

#[test]
fn a_training_of_a_given_length_has_the_time_and_the_cost_of_the_whole() {
    let folder = place(SPEC);
    let of = |sets: &[&str]| run(folder.path(), &[&["whatif.uncertainty.bandwidth=0"], sets].concat());
    let [short, long] = ["whatif.steps=20", "whatif.steps=2000"].map(|steps| of(&[steps]));
    let epochs = of(&["whatif.epochs=4", "whatif.steps-per-epoch=500"]);
    for cell in ["Baseline", "Gaia", "Centralized", "LAN"] {
        assert_eq!(number(&short, cell, "steps"), 20.0);
        assert_eq!(number(&long, cell, "steps"), 2000.0);
        assert_eq!(number(&epochs, cell, "seconds"), number(&long, cell, "seconds"));
        let per_step = number(&long, cell, "seconds_per_step");
        assert!(per_step >= 0.25, "a machine computes for a quarter of a second: {per_step}");
        let month = number(&long, cell, "usd_per_hour") * 730.0;
        assert!((number(&long, cell, "usd_per_month") / month - 1.0).abs() < 1e-9);
        // An hour has 3600 seconds of steps.
        let hour = number(&long, cell, "usd_per_1000_steps") * 3.6 / per_step;
        assert!((number(&long, cell, "usd_per_hour") / hour - 1.0).abs() < 1e-9);
        let steady = |of: &str, step: &str| number(&long, cell, of) / (2000.0 * number(&long, cell, step));
        let usd = number(&long, cell, "usd_total") / (2.0 * number(&long, cell, "usd_per_1000_steps"));
        // Centralized moves raw data first; the first steps of Gaia send more than the later ones.
        let most = if cell == "Centralized" { 1.6 } else { 1.1 };
        for share in [steady("seconds", "seconds_per_step"), usd] {
            assert!((0.99..most).contains(&share), "{cell}: {share}");
        }
    }
    let plan = experiments(folder.path(), &["plan", "small.yaml", "--set", "whatif.steps=2000"]);
    let text = String::from_utf8_lossy(&plan.stdout).into_owned();
    for said in [
        "2,000 steps; the first 100 are simulated",
        "Virginia to Ireland: 64 Mbit/s",
        "not of your model",
        "1 GB in all",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let page = fs::read_to_string(folder.path().join("results/small/report.html")).expect("written");
    assert!(page.contains("What the answer rests on") && page.contains("Tokyo"), "the page says so, too");
    assert!(page.contains("<title>40 MB between Virginia, Ireland and Tokyo</title>"), "the title is the question");
    assert!(page.contains("Every data byte is charged as") && !page.contains("Nothing is scaled"));
}

#[test]
fn a_second_question_is_answered_beside_the_first() {
    let folder = place(SPEC);
    let [few, many] = ["whatif.steps=10", "whatif.steps=1000"];
    let ask = |set: &str| run_into(folder.path(), &[set, "whatif.uncertainty.bandwidth=0"]);
    let (first, second) = (ask(few), ask(many));
    assert_eq!(first, folder.path().join("results/small"));
    assert!(second.display().to_string().contains("results/small-"), "{}", second.display());
    // Each finds its own again, whatever was asked in between.
    assert_eq!((ask(few), ask(many)), (first.clone(), second.clone()));
    let tables = [&first, &second].map(|folder| fs::read_to_string(folder.join("table.csv")).expect("it is there"));
    assert_eq!([number(&tables[0], "Gaia", "steps"), number(&tables[1], "Gaia", "steps")], [10.0, 1000.0]);
}

#[test]
fn the_recommendation_says_where_it_flips_and_how_much_inputs_matter() {
    let folder = place(SPEC);
    let sets = ["whatif.steps=400", "whatif.sensitivity=simulated"];
    let answered = run_into(folder.path(), &sets);
    let csv = fs::read_to_string(answered.join("sensitivity.csv")).expect("it is there");
    let seconds = |cell: &str, input: &str, times: &str| -> f64 {
        let is_it = |line: &&str| line.starts_with(&format!("{cell},{input},")) && line.contains(&format!(",{times},"));
        let line = csv.lines().find(is_it).unwrap_or_else(|| panic!("{cell}, {input}, {times}: {csv}"));
        line.split(',').nth(4).and_then(|number| number.parse().ok()).expect("a number")
    };
    let given = number(&fs::read_to_string(answered.join("table.csv")).expect("there"), "Baseline", "seconds");
    for (input, faster) in
        [("bandwidth", "2.0"), ("round trips", "0.5"), ("compute speed", "2.0"), ("model size", "0.5")]
    {
        let slower = if faster == "2.0" { "0.5" } else { "2.0" };
        let [fast, slow] = [faster, slower].map(|times| seconds("Baseline", input, times));
        assert!(fast < given && given < slow, "{input}: {fast} {given} {slow}");
    }
    let more = seconds("Centralized", "raw data", "2.0") - seconds("Centralized", "raw data", "0.5");
    assert!(more > 0.0 && seconds("Gaia", "raw data", "2.0") == seconds("Gaia", "raw data", "0.5"));
    // The figure is about the question as it was asked: the table has its cells only.
    let page = fs::read_to_string(answered.join("report.html")).expect("written");
    assert!(page.contains("What to do") && page.contains("of raw data"), "it flips with the raw data");
    assert!(!page.contains("bandwidth x 4"), "runs with other inputs are not in its tables");
    assert!(fs::read_to_string(answered.join("tornado.svg")).expect("drawn").contains("when doubled"));
}

/// A run of three clocks that waits for nothing but a network without delays: `shaping`, and uplinks as tight as the rest.
fn network_bound(shaping: &str) -> tempfile::TempDir {
    let folder = place(
        "
workload: { mf: { rank: 4 } }
data: { generated: { users: 200, items: 60, ratings: 2000 } }
similitude: { factors: { sigma-bytes: 4000, sigma-work: 0.000001 } }
goal: { clocks: 3 }
profile: net.yaml
bandwidth-times: 1
cells:
  - { name: Baseline, system: { global: { bsp: {} } } }
  - { name: Gaia, system: { gaia: { inside: { bsp: {} } } } }
",
    );
    let network = format!(
        "
sites: [{{name: A, uplink: {{in: 90 Mbit/s, out: 40 Mbit/s}}}}, {{name: B}}]
machines-per-site: 2
shaping: {shaping}
nic: {{in: 1000 Gbit/s, out: 1000 Gbit/s}}
bandwidth: {{uniform: 50 Mbit/s}}
rtt: {{uniform: 0 ms}}
rtt-inside: 0 ms
"
    );
    fs::write(folder.path().join("net.yaml"), network).expect("writable");
    folder
}

#[test]
fn every_limit_between_sites_scales_in_a_run() {
    for shaping in ["machine-to-site", "machine-pair", "site-pair"] {
        let folder = network_bound(shaping);
        let seconds = |set: &str| {
            run(folder.path(), &[set]);
            let results = folder.path().join("results/small");
            let index = store::read_cells(&results).expect("it ran");
            let seconds = |entry| store::read_cell(&results, entry).expect("whole").summary.seconds;
            index.cells.iter().map(seconds).collect::<Vec<f64>>()
        };
        let [given, four] = ["bandwidth-times=1", "bandwidth-times=4"].map(seconds);
        for (cell, (given, four)) in ["Baseline", "Gaia"].into_iter().zip(given.into_iter().zip(four)) {
            assert!((given / four / 4.0 - 1.0).abs() < 0.03, "{shaping}, {cell}: {given} and {four} s");
        }
    }
}

#[test]
fn uncertainty_reaches_uplinks() {
    let folder = place(SPEC);
    let network = "
sites:
  - {name: A, uplink: {in: 20 Mbit/s, out: 20 Mbit/s}}
  - {name: B, uplink: {in: 20 Mbit/s, out: 20 Mbit/s}}
nic: {in: 10 Gbit/s, out: 10 Gbit/s}
bandwidth: {uniform: 10 Gbit/s}
rtt: {uniform: 5 ms}
";
    fs::write(folder.path().join("net.yaml"), network).expect("writable");
    let sets = ["whatif.network=net.yaml", "whatif.sites=[]", "whatif.uncertainty.bandwidth=0.5"];
    let table = run(folder.path(), &sets);
    let [seconds, low, high] =
        ["seconds", "seconds_low", "seconds_high"].map(|column| number(&table, "Baseline", column));
    assert!(low < 0.8 * seconds && seconds < 0.8 * high, "{low} {seconds} {high}");
}

#[test]
fn a_folder_of_iperf_reports_is_a_network() {
    let folder = place(SPEC);
    let runs = folder.path().join("runs");
    fs::create_dir(&runs).expect("writable");
    let report = |rate: u64| {
        format!(
            r#"{{"start": {{"test_start": {{"protocol": "TCP", "num_streams": 1, "duration": 10}}}},
                "end": {{"streams": [{{"sender": {{"min_rtt": 80000}}}}], "sum_received": {{"seconds": 10, "bits_per_second": {rate}}}}}}}"#
        )
    };
    fs::write(runs.join("us-east-1..eu-west-1.json"), report(90_000_000)).expect("writable");
    let sets = ["whatif.network=runs/", "whatif.sites=[]", "nic=1 Gbit/s", "whatif.steps=10"];
    let lacks = refused(folder.path(), "small.yaml", &sets);
    assert!(lacks.contains("whatif.network: ") && lacks.contains("no report eu-west-1..us-east-1.json"), "{lacks}");
    fs::write(runs.join("eu-west-1..us-east-1.json"), report(40_000_000)).expect("writable");
    let plan = with_sets(folder.path(), &["plan", "small.yaml"], &sets);
    let text = String::from_utf8_lossy(&plan.stdout).into_owned();
    for said in
        ["eu-west-1 to us-east-1: 40 Mbit/s, round trip 80 ms", "reports of iperf3", "the least that the senders"]
    {
        assert!(text.contains(said), "{said}: {text}{}", errors(&plan));
    }
}

#[test]
fn mistakes_in_questions_are_reported() {
    let folder = place(SPEC);
    fs::create_dir(folder.path().join("folder")).expect("writable");
    let reported = |sets: &[&str]| format!("{}\n{}", sets.join(" "), refused(folder.path(), "small.yaml", sets));
    let messages = [
        reported(&["whatif.network=ec2-al"]),
        reported(&["whatif.sites=[us-east-1, Irland]"]),
        reported(&["whatif.model=2 B", "whatif.machines-per-site=0"]),
        reported(&["whatif.work=1000"]),
        reported(&["whatif.updates-per-second=0"]),
        reported(&["whatif.uncertainty.bandwidth=1.5", "whatif.uncertainty.prices=2"]),
        reported(&["whatif.modell=1 GB"]),
        reported(&["similitude=netflix", "workload.lda={}"]),
        reported(&["sites=[us-east-1]"]),
        reported(&["whatif.network=folder/"]),
        reported(&["whatif.model=18446744073709551615 B"]),
        reported(&["whatif.raw-data=0 B"]),
        reported(&["whatif.raw-data=18446744073709551615 B"]),
        reported(&["whatif.updates-per-second=1e-300"]),
        reported(&["whatif.updates-per-second=null", "whatif.work=1e15"]),
        reported(&["machines=missing.yaml"]),
        reported(&["workload=null"]),
        reported(&["whatif.steps=0"]),
        reported(&["whatif.steps=10", "whatif.epochs=2"]),
        reported(&["whatif.epochs=2"]),
        reported(&["whatif.epochs=0.1", "whatif.steps-per-epoch=2"]),
        reported(&["whatif.steps-per-epoch=2"]),
        reported(&["whatif.steps=10", "goal={clocks: 3}"]),
        reported(&["whatif.sensitivity=simulate"]),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn data_of_the_command_line_are_refused_as_those_of_the_spec_are() {
    let folder = place(SPEC);
    fs::write(folder.path().join("ratings.csv"), "userId,movieId,rating,timestamp\n1,2,4,0\n2,2,3,0\n")
        .expect("writable");
    let reported = |arguments: &[&str]| {
        let output = experiments(folder.path(), &[&["plan", "small.yaml"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        errors(&output)
    };
    let given = reported(&["--data", "ratings.csv"]);
    assert!(given.contains("\n  --data: ") && given.contains("expected none with `whatif`"), "{given}");
    let written = reported(&["--set", "data={file: ratings.csv}"]);
    assert!(written.contains("\n  data: what stands for your data is generated"), "{written}");
}
