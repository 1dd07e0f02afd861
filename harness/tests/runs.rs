//! The binary from a spec to its files: what it leaves, what it reuses, how it fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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

/// A folder with a spec in it, and the binary run there.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(spec: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("small.yaml"), spec).expect("writable");
        Place { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_experiments"));
        command.current_dir(self.folder.path()).env_remove("GAIA_ISA").args(["run", "small.yaml"]).args(arguments);
        command.output().expect("the binary starts")
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
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

fn summaries(folder: &Path) -> Vec<serde_json::Value> {
    let all = files(folder).into_iter().filter(|(name, _)| name.ends_with("summary.json"));
    all.map(|(_, bytes)| serde_json::from_slice(&bytes).expect("JSON")).collect()
}

#[test]
fn a_run_leaves_its_files_and_is_reused() {
    let place = Place::new(SPEC);
    let first = place.run(&["--jobs", "2"]);
    assert_eq!(code(&first), 0, "{}", errors(&first));
    let left = files(&place.path("results"));
    for name in ["table.csv", "figure.svg", "figure.png", "claims.json", "report.html", "cells.json"] {
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
fn bsp_learns_the_same_on_every_network() {
    let spec = SPEC.replace("{ ssp: { slack: 1 } }", "{ bsp: {} }");
    let place = Place::new(&spec);
    assert_eq!(code(&place.run(&["--quiet"])), 0);
    let objective = |cell: &str| {
        let all = summaries(&place.path("results"));
        let summary = all.iter().find(|summary| summary["cell"] == cell).expect("the cell was run").clone();
        (summary["last_objective"].clone(), summary["clocks"].clone())
    };
    assert_eq!(objective("Baseline"), objective("Target"));
    assert_eq!(objective("LAN"), objective("Target"));
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
fn a_claim_that_fails_is_told_apart_only_under_strict() {
    // Over a network as fast as the LAN, Baseline cannot be 2.7 times as slow.
    let spec = SPEC.replace("profile: va-ca\n    machines-per-site: 2", "profile: lan\n    machines-per-site: 4");
    let place = Place::new(&spec.replace("users: 400, items: 120, ratings: 8000", "scale: 0.01"));
    assert_eq!(code(&place.run(&["--quiet"])), 0);
    assert_eq!(code(&place.run(&["--quiet", "--strict"])), 3);
}

#[test]
fn mistakes_and_failures_say_what_and_where() {
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
