//! What `run` cannot do, `plan` refuses with the path of the field; what only a run can show ends the cell that shows it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SPEC: &str = "
workload: { mf: { rank: 4 } }
data: { generated: { users: 40, items: 10, ratings: 200 } }
goal: { clocks: 2 }
profile: va-ca
machines-per-site: 1
cells:
  - name: Baseline
    system: { global: { bsp: {} } }
";

const NETWORK: &str = "
sites: [{name: A}, {name: B}]
nic: {in: 1 Gbit/s, out: 1 Gbit/s}
bandwidth: {uniform: 10 Mbit/s}
rtt: {uniform: 10 ms}
";

const KIND: &str = "
name: slow
source: by hand
mf: { rank: 500, updates-per-second: RATE }
server: { apply-gb-per-second: 4, filter-gb-per-second: 8, encode-gb-per-second: 6, decode-gb-per-second: 6 }
jitter: 0
";

/// A folder with these files, and `spec.yaml`.
fn place(spec: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files.iter().chain(&[("spec.yaml", spec)]) {
        fs::write(folder.path().join(name), text).expect("writable");
    }
    folder
}

fn experiments(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiments"));
    command.current_dir(folder).env_remove("GAIA_ISA").args(arguments).output().expect("the binary starts")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What `plan` says, which refuses.
fn refused(folder: &Path, sets: &[&str]) -> String {
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let output = experiments(folder, &[&["plan", "spec.yaml"], &sets[..]].concat());
    assert_eq!(output.status.code(), Some(2), "{sets:?}: {}", errors(&output));
    errors(&output)
}

fn planned(folder: &Path, arguments: &[&str]) {
    let output = experiments(folder, &[&["plan"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", errors(&output));
}

#[test]
fn a_byte_order_mark_is_no_part_of_what_a_user_writes() {
    let prices = "
name: mine
source: by hand
date: 2026-01-01
instance: cpu
machines: { rows: { r1: { cpu: 1.0 }, r2: { cpu: 1.0 } } }
traffic: { uniform: 0.1 }
";
    let marked = |text: &str| format!("\u{feff}{text}");
    let network =
        marked(&NETWORK.replace("{name: A}", "{name: A, region: r1}").replace("{name: B}", "{name: B, region: r2}"));
    let spec = marked(&SPEC.replace("profile: va-ca", "profile: net.yaml\nmachines: kind.yaml\nprices: prices.yaml"));
    let (kind, prices) = (marked(&KIND.replace("RATE", "1e6")), marked(prices));
    let folder = place(&spec, &[("net.yaml", &network), ("kind.yaml", &kind), ("prices.yaml", &prices)]);
    planned(folder.path(), &["spec.yaml"]);
    planned(folder.path(), &["spec.yaml", "--set", "seeds=[1, 2]"]);
}

#[test]
fn a_matrix_without_a_diagonal_takes_the_specs_network_cards() {
    let table = "# unit: Mbit/s\n,A,B\nA,0,10\nB,20,-\n";
    let folder = place(&SPEC.replace("va-ca", "net.CSV"), &[("net.CSV", table)]);
    let told = refused(folder.path(), &[]);
    assert!(told.contains("network cards is not stated") && told.contains("or `nic` of the spec"), "{told}");
    for nic in ["nic=1 Gbit/s", "cells.Baseline.nic=1 Gbit/s"] {
        planned(folder.path(), &["spec.yaml", "--set", nic]);
    }
    let question = "whatif: { network: net.CSV, model: 4 MB, updates-per-second: 1 }\nnic: 1 Gbit/s\n";
    fs::write(folder.path().join("question.yaml"), question).expect("writable");
    planned(folder.path(), &["question.yaml"]);
}

#[test]
fn specs_come_from_pipes_too() {
    let folder = place(SPEC, &[]);
    let piped = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_experiments"));
        let command = command.current_dir(folder.path()).args(["plan", name]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        child.stdin.take().expect("a pipe").write_all(SPEC.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{name}: {}", errors(&output));
        String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(piped("-"), "stdin");
    assert_eq!(piped("/dev/stdin"), "stdin");
    assert_eq!(piped("/dev/fd/0"), "piped");
    let nothing = experiments(folder.path(), &["plan", "/dev/null"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(errors(&nothing).contains("cells: empty: expected at least one"), "{}", errors(&nothing));
}
