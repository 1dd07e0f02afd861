//! The binary from a spec to its files: what it leaves, what it reuses, how it fails.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::errors;
use harness::results::manifest::CellEntry;
use harness::results::store;

/// Three cells of four machines that end within a second.
const SPEC: &str = "
title: a small run
figure: fig13
workload:
  mf: { rank: 8 }
data:
  generated: { users: 400, items: 120, ratings: 8000 }
similitude: netflix
target: { profile: lan, machines-per-site: 4 }
cells:
  - name: Baseline
    profile: va-ca
    machines-per-site: 2
    system: { global: { ssp: { slack: 1 } } }
  - name: Gaia
    profile: va-ca
    machines-per-site: 2
    system: { gaia: { inside: { ssp: { slack: 1 } } } }
  - name: LAN
    profile: lan
    machines-per-site: 4
    system: { global: { ssp: { slack: 1 } } }
";

/// Topic modelling on four machines.
const LDA: &str = "
title: a small run of topic modelling
figure: fig16
workload:
  lda: { topics: 8 }
data:
  generated-corpus: { documents: 120, words: 150, tokens: 12000, topics: 6 }
similitude: nytimes
convergence: { passes: 3 }
target: { profile: lan, machines-per-site: 4 }
cells:
  - name: Baseline
    profile: va-ca
    machines-per-site: 2
    system: { global: { ssp: { slack: 1 } } }
  - name: Gaia
    profile: va-ca
    machines-per-site: 2
    system: { gaia: { inside: { ssp: { slack: 1 } } } }
  - name: BSP packed
    profile: va-ca
    machines-per-site: 2
    encoding: packed
    system: { global: { bsp: {} } }
";

/// A folder with a spec in it, and the binary run there.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(spec: &str) -> Self {
        Place { folder: common::place(&[("small.yaml", spec)]) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        common::experiments(self.folder.path(), &[&["run", "small.yaml"], arguments].concat())
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

/// Every file below `folder` but what differs by nature, with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("host.json") {
                let name = path.strip_prefix(folder).expect("below it").display().to_string();
                found.push((name, fs::read(&path).expect("readable")));
            }
        }
    }
    found.sort();
    found
}

/// The summaries of the specs below, under the names of their cells as `cell`.
fn summaries(folder: &Path) -> Vec<serde_json::Value> {
    let mut all = Vec::new();
    for (name, bytes) in files(folder).into_iter().filter(|(name, _)| name.ends_with("cells.json")) {
        let index: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        for entry in index["cells"].as_array().expect("a list") {
            let plan = entry["plan"].as_str().expect("text");
            let file = folder.join(&name).with_file_name(plan).join("summary.json");
            let Ok(bytes) = fs::read(file) else { continue };
            let mut summary: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            summary["cell"] = entry["cell"].clone();
            all.push(summary);
        }
    }
    all
}

#[test]
fn a_run_leaves_its_files_and_is_reused() {
    let place = Place::new(SPEC);
    let first = place.run(&["--jobs", "2"]);
    assert_eq!(code(&first), 0, "{}", errors(&first));
    let left = files(&place.path("results"));
    for name in ["table.csv", "runs.csv", "figure.svg", "figure.png", "claims.json", "report.html", "cells.json"] {
        assert!(left.iter().any(|(file, bytes)| file == &format!("small/{name}") && !bytes.is_empty()), "{name}");
    }
    for name in ["manifest.json", "samples.parquet", "clocks.parquet", "traffic.parquet", "summary.json"] {
        assert_eq!(left.iter().filter(|(file, _)| file.ends_with(name)).count(), 4, "{name} of four cells");
    }
    assert!(!left.iter().any(|(file, _)| file.ends_with(".bin") || file.ends_with(".part") || file.ends_with(".lock")));

    let again = place.run(&["--jobs", "1"]);
    assert_eq!(code(&again), 0);
    assert_eq!(errors(&again).matches("done before, reused").count(), 4, "{}", errors(&again));
    assert_eq!(files(&place.path("results")), left);

    let single = place.run(&["--jobs", "1", "--out", "single", "--isa", "scalar", "--quiet"]);
    assert_eq!((code(&single), errors(&single)), (0, String::new()));
    assert_eq!(files(&place.path("single")), left);
}

#[test]
fn a_broken_or_unfinished_cell_is_run_again_to_the_same_files() {
    let place = Place::new(SPEC);
    assert_eq!(code(&place.run(&["--quiet"])), 0);
    let left = files(&place.path("results"));
    let of = |name: &str| {
        let (file, _) = left.iter().find(|(file, _)| file.ends_with(name)).expect("it was left");
        place.path("results").join(file)
    };
    let truncated = fs::read(of("samples.parquet")).expect("readable");
    fs::write(of("samples.parquet"), &truncated[..truncated.len() / 2]).expect("writable");
    let unfinished = of("summary.json");
    fs::remove_file(&unfinished).expect("there");
    fs::write(unfinished.with_file_name("checkpoint.bin"), b"no checkpoint at all").expect("writable");
    let again = place.run(&[]);
    assert_eq!(code(&again), 0);
    assert!(errors(&again).contains("its checkpoint cannot be used"), "{}", errors(&again));
    assert_eq!(files(&place.path("results")), left);
}

#[test]
fn bsp_learns_the_same_on_every_network_and_a_replay_leaves_the_same_files() {
    let spec = format!("{}encoding: dense\n", SPEC.replace("{ ssp: { slack: 1 } }", "{ bsp: {} }"));
    let place = Place::new(&spec);
    for (folder, more, cells) in [("learned", &["--no-replay"][..], 0), ("replayed", &[], 2)] {
        assert_eq!(code(&place.run(&[&["--quiet", "--out", folder], more].concat())), 0);
        assert_eq!(replayed(&place.path(folder)), cells, "Baseline and LAN, if any");
    }
    assert_eq!(files(&place.path("learned")), files(&place.path("replayed")));
    let objective = |cell: &str| {
        let all = summaries(&place.path("learned"));
        let summary = all.iter().find(|summary| summary["cell"] == cell).expect("the cell was run").clone();
        (summary["last_objective"].clone(), summary["clocks"].clone())
    };
    assert_eq!(objective("Baseline"), objective("Target"));
    assert_eq!(objective("LAN"), objective("Target"));
}

#[test]
fn what_a_killed_cell_has_learned_is_replayed_after_it_has_gone_on() {
    // So many clocks that the first cell is far from its end when it has written a checkpoint.
    let spec = SPEC.replace("target: { profile: lan, machines-per-site: 4 }", "goal: { clocks: 200 }");
    let place = Place::new(&format!("{}encoding: dense\n", spec.replace("{ ssp: { slack: 1 } }", "{ bsp: {} }")));
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiments"));
    let arguments = "run small.yaml --out killed --jobs 1 --quiet --checkpoint-every 0 --log info";
    command.current_dir(place.folder.path()).args(arguments.split(' ')).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("the binary starts");
    let events = BufReader::new(process.stderr.take().expect("it is piped"));
    let written = events.lines().map_while(Result::ok).find(|line| line.contains("checkpoint written"));
    process.kill().expect("it runs");
    process.wait().expect("it was killed");
    assert!(written.is_some_and(|line| line.contains("Baseline")), "the first cell writes the first checkpoint");

    let again = place.run(&["--out", "killed", "--jobs", "1"]);
    assert_eq!(code(&again), 0, "{}", errors(&again));
    assert!(errors(&again).contains("Baseline: goes on from clock"), "{}", errors(&again));
    assert_eq!(replayed(&place.path("killed")), 1, "LAN");
    assert_eq!(code(&place.run(&["--quiet", "--out", "learned", "--no-replay"])), 0);
    assert_eq!(files(&place.path("killed")), files(&place.path("learned")));
}

/// The number of cells in a folder of results that were replayed.
fn replayed(folder: &Path) -> usize {
    let cells = fs::read_dir(folder.join("small")).expect("a folder");
    let hosts = cells.filter_map(|cell| fs::read_to_string(cell.expect("an entry").path().join("host.json")).ok());
    hosts.filter(|host| host.contains("\"replayed\": true")).count()
}

/// A metric at the end of a run.
fn metric(summary: &serde_json::Value, name: &str) -> Option<f64> {
    let metrics = summary["metrics"].as_array().expect("a list");
    metrics.iter().find(|metric| metric["name"] == name)?["value"].as_f64()
}

#[test]
fn topics_are_learnt_the_same_with_any_threads_and_instructions() {
    let place = Place::new(LDA);
    let first = place.run(&["--jobs", "2", "--quiet"]);
    assert_eq!((code(&first), errors(&first)), (0, String::new()));
    let left = files(&place.path("results"));
    for summary in summaries(&place.path("results")) {
        let topics = summary["model"]["rows"].as_array().expect("a list");
        let tokens: f64 = topics.iter().map(|topic| topic[0].as_f64().expect("a number")).sum();
        assert_eq!((topics.len(), metric(&summary, "negative_counts")), (8, Some(0.0)), "{}", summary["cell"]);
        assert!(metric(&summary, "log_likelihood_per_token").is_some_and(|nats| nats < 0.0), "{}", summary["cell"]);
        // Under BSP nothing is pending when a clock is over: every token is in one topic.
        let is_bsp = summary["cell"] == "Target" || summary["cell"] == "BSP packed";
        assert!(!is_bsp || tokens == 12_000.0, "{}: {tokens} tokens", summary["cell"]);
        assert!(topics.iter().all(|topic| topic[1].as_str().is_some_and(|words| words.contains(' '))));
        assert_ne!(summary["outcome"], "clock-cap", "{}", summary["cell"]);
    }
    let single = place.run(&["--jobs", "1", "--out", "single", "--isa", "scalar", "--quiet"]);
    assert_eq!((code(&single), errors(&single)), (0, String::new()));
    assert_eq!(files(&place.path("single")), left);
}

#[test]
fn another_seed_is_another_run() {
    let place = Place::new(SPEC);
    let digests = |seed: &str| {
        assert_eq!(code(&place.run(&["--quiet", "--seed", seed, "--out", seed])), 0);
        let digest = |summary: serde_json::Value| summary["digest"].as_str().expect("text").to_owned();
        summaries(&place.path(seed)).into_iter().map(digest).collect::<Vec<_>>()
    };
    let (one, two) = (digests("1"), digests("2"));
    assert!(one.iter().all(|digest| !two.contains(digest)));
}

#[test]
fn a_claim_that_fails_is_distinguished_only_under_strict() {
    // Over a network as fast as the LAN, Baseline cannot be 2.7 times as slow.
    let spec = SPEC.replace("profile: va-ca\n    machines-per-site: 2", "profile: lan\n    machines-per-site: 4");
    let place = Place::new(&spec.replace("users: 400, items: 120, ratings: 8000", "scale: 0.01"));
    assert_eq!(code(&place.run(&["--quiet"])), 0);
    assert_eq!(code(&place.run(&["--quiet", "--strict"])), 3);
}

#[test]
fn mistakes_and_failures_have_a_place_and_a_cause() {
    let place = Place::new(SPEC);
    fs::write(place.path("file"), b"").expect("writable");
    fs::create_dir(place.path("empty")).expect("writable");
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--data", "nowhere.csv"], 2, "nowhere.csv"),
        (&["--data", "empty"], 2, "empty"),
        (&["--out", "file/below"], 1, "file"),
        (&["--set", "workload.mf.learning-rate=1e9"], 1, "diverged"),
        (&["--set", "cells.Gaia.profile=va-cb"], 2, "va-ca"),
    ];
    for (arguments, expected, word) in cases {
        let output = place.run(arguments);
        assert_eq!(code(&output), expected, "{arguments:?}: {}", errors(&output));
        assert!(errors(&output).contains(word), "{arguments:?}: {}", errors(&output));
    }
    assert!(summaries(&place.path("results")).iter().all(|summary| summary["cell"] == "Target"));
}

/// One cell of three machines, simulated and real, that must leave the same objectives to the bit and the same bytes.
const TWICE: &str = "
goal: { clocks: 3 }
LEARNT
cells:
  - name: simulated
    profile: lan
    machines-per-site: 3
    system: { global: { bsp: {} } }
  - name: real
    profile: lan
    machines-per-site: 3
    system: { global: { bsp: {} } }
    launcher: { local: { dilation: 0.25 } }
";

#[test]
fn processes_learn_what_the_simulation_learns() {
    const FACTORS: &str = "workload: { mf: { rank: 8 } }\ndata: { generated: { users: 300, items: 60, ratings: 4000 } }\nsimilitude: netflix";
    const LOGISTIC: &str =
        "workload: { lr: {} }\ndata: { generated-examples: { examples: 900, features: 300, nonzeros: 9 } }";
    for learnt in [FACTORS, LOGISTIC] {
        learn_twice(learnt);
    }
}

fn learn_twice(learnt: &str) {
    let place = Place::new(&TWICE.replace("LEARNT", learnt));
    let ran = place.run(&[]);
    assert_eq!(code(&ran), 0, "{}", errors(&ran));
    let results = place.path("results/small");
    let index = store::read_cells(&results).expect("it has results");
    let read = |entry: &CellEntry| {
        let folder = store::cell_folder(&results, &entry.plan);
        let cell = store::read_cell(&results, entry).expect("it is whole");
        (cell, store::read_traffic(&folder).expect("it is whole"), folder)
    };
    let cells: Vec<_> = index.cells.iter().map(read).collect();
    let [(simulated, simulated_traffic, _), (real, real_traffic, folder)] = cells.as_slice() else {
        panic!("two cells: {}", cells.len())
    };
    let objectives = |cell: &harness::results::CellResult| -> Vec<[u64; 2]> {
        cell.samples.iter().map(|sample| [sample.objective, sample.objective_one_copy].map(f64::to_bits)).collect()
    };
    assert_eq!(objectives(real), objectives(simulated));
    assert_eq!(real.summary.metrics, simulated.summary.metrics);
    assert_eq!(real.samples.len(), 4, "before the first clock, and after each of three");
    assert_eq!(real_traffic, simulated_traffic);
    assert!(folder.join("conformance.json").is_file() && !folder.join("assignment.json").exists());
}

/// Two panels that share their cells; the second learns from documents.
const PANELS: &str = "
title: two workloads
figure: convergence
similitude: netflix
profile: va-ca
machines-per-site: 2
target: { profile: lan, machines-per-site: 4 }
cells:
  - name: Baseline
    system: { global: { bsp: {} } }
  - name: LAN
    profile: lan
    machines-per-site: 4
    system: { global: { bsp: {} } }
panels:
  - name: MF
    workload: { mf: { rank: 8 } }
    data: { generated: { users: 400, items: 120, ratings: 8000 } }
  - name: TM
    workload: { lda: { topics: 8 } }
    data: { generated-corpus: { documents: 120, words: 150, tokens: 12000, topics: 6 } }
    similitude: nytimes
    convergence: { passes: 3 }
";

#[test]
fn panels_have_each_their_target_and_cells_of_other_specs_are_taken_over() {
    let place = Place::new(PANELS);
    let first = place.run(&[]);
    assert_eq!(code(&first), 0, "{}", errors(&first));
    assert!(errors(&first).contains("small TM Baseline") && errors(&first).contains("[6 of 6]"), "{}", errors(&first));
    let left = summaries(&place.path("results"));
    let targets: Vec<_> = left.iter().filter(|summary| summary["cell"] == "Target").collect();
    assert_eq!((left.len(), targets.len()), (6, 2));
    for (panel, target) in left.chunks(3).zip(targets) {
        assert!(panel[1..].iter().all(|cell| cell["target"] == target["last_objective"]));
    }

    // The same matrix factorisation under other names, in a spec without panels.
    let (head, panels) = PANELS.split_once("panels:").expect("it has panels");
    let mf = panels.split_once("  - name: TM").expect("it has a second").0;
    let alone: String = mf.lines().skip(2).map(|line| format!("{}\n", line.trim())).collect();
    fs::write(place.path("alone.yaml"), head.replace("name: Baseline", "name: IterStore") + &alone).expect("writable");
    let binary = || Command::new(env!("CARGO_BIN_EXE_experiments"));
    let second = binary().current_dir(place.folder.path()).args(["run", "alone.yaml"]).output().expect("it starts");
    assert_eq!(code(&second), 0, "{}", errors(&second));
    assert_eq!(errors(&second).matches("done before for small, reused").count(), 3, "{}", errors(&second));
    let fresh = binary()
        .current_dir(place.folder.path())
        .args(["run", "alone.yaml", "--out", "fresh"])
        .output()
        .expect("it starts");
    assert_eq!(code(&fresh), 0);
    assert_eq!(files(&place.path("fresh/alone")), files(&place.path("results/alone")), "taken over or run: the same");
}

#[test]
fn a_cell_that_fails_stops_only_what_hangs_on_it() {
    let place = Place::new(PANELS);
    // Of one panel the target diverges: its cells cannot be run. The other is run, and drawn.
    let run = place.run(&["--set", "panels.MF.workload.mf.learning-rate=1e9"]);
    assert_eq!(code(&run), 1, "{}", errors(&run));
    assert!(errors(&run).contains("MF") && errors(&run).contains("diverged"), "{}", errors(&run));
    let done: Vec<_> = summaries(&place.path("results")).iter().map(|summary| summary["cell"].clone()).collect();
    assert_eq!(done, ["Target", "Target", "Baseline", "LAN"]);
    assert!(place.path("results/small/figure.svg").is_file());
}

#[test]
fn data_of_the_command_line_go_to_the_panels_that_learn_from_them() {
    let place = Place::new(PANELS);
    let mut ratings = String::from("userId,movieId,rating,timestamp\n");
    for user in 1..=60 {
        (1..=20).for_each(|item| ratings.push_str(&format!("{user},{item},{}.5,0\n", (user * item) % 5)));
    }
    fs::write(place.path("ratings.csv"), ratings).expect("writable");
    let run = place.run(&["--quiet", "--data", "ratings.csv"]);
    assert_eq!(code(&run), 0, "{}", errors(&run));
    let data = |(_, bytes): (String, Vec<u8>)| {
        let manifest: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        manifest["resolved"]["data"].as_object().expect("a form").keys().next().expect("one").clone()
    };
    let manifests = files(&place.path("results")).into_iter().filter(|(name, _)| name.ends_with("manifest.json"));
    let mut data: Vec<String> = manifests.map(data).collect();
    data.sort();
    assert_eq!(data, ["file", "file", "file", "generated-corpus", "generated-corpus", "generated-corpus"]);
}

#[cfg(not(feature = "torch"))]
#[test]
fn without_libtorch_networks_are_left_out_beside_others_and_reported_once() {
    let images = "
  - name: IC
    profile: va-ca
    workload: { ic: { batch: 4 } }
    data: { generated-images: { train: 80, test: 40 } }
    similitude: ilsvrc12
";
    let place = Place::new(&format!("{}{}", PANELS.trim_end(), images));
    let run = place.run(&[]);
    assert_eq!(code(&run), 0, "{}", errors(&run));
    let reported = "libtorch and this binary was built without it: `IC` of small; get them with `bash ci/setup-torch.sh`, then \
                `cargo run --release --features torch --bin experiments -- run small.yaml`";
    assert_eq!(errors(&run).matches(reported).count(), 1, "{}", errors(&run));
    assert!(errors(&run).contains("[6 of 6]"), "{}", errors(&run));
    assert_eq!(summaries(&place.path("results")).len(), 6);

    // Alone they are what was asked for.
    let (head, _) = PANELS.split_once("panels:").expect("it has panels");
    fs::write(place.path("small.yaml"), format!("{head}panels:{images}")).expect("writable");
    let run = place.run(&[]);
    assert_eq!(code(&run), 2, "{}", errors(&run));
    assert!(errors(&run).contains("the workload `ic` needs libtorch"), "{}", errors(&run));
}
