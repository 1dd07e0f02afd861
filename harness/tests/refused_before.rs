//! Settings that `run` cannot carry out are refused by `plan` with the path of the field; an error that only a run can show ends its cell.

mod common;
mod set_common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{errors, experiments};
use set_common::refused;

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
    common::place(&[files, &[("spec.yaml", spec)]].concat())
}

fn planned(folder: &Path, arguments: &[&str]) {
    let output = experiments(folder, &[&["plan"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", errors(&output));
}

#[test]
fn plan_refuses_what_run_refuses() {
    let folder = place(SPEC, &[("net.yaml", NETWORK)]);
    let slowest = NETWORK.replace("10 Mbit/s", "1 bit/s");
    fs::write(folder.path().join("slowest.yaml"), slowest).expect("writable");
    let reported = |sets: &[&str]| format!("# {}\n{}", sets.join(" "), refused(folder.path(), "spec.yaml", sets));
    let messages = [
        reported(&["link.depth=0 B"]),
        reported(&["nic=2000000000 Gbit/s"]),
        reported(&["cells.0.nic=2000000000 Gbit/s"]),
        reported(&["goal=target", "nic=2000000000 Gbit/s"]),
        reported(&[
            "profile=net.yaml",
            "bandwidth-times=1000",
            "cells.0.nic=1 bit/s",
            "similitude={factors: {sigma-bytes: 1e6, sigma-work: 1}}",
        ]),
        reported(&["profile=slowest.yaml", "similitude={factors: {sigma-bytes: 1e6, sigma-work: 1}}"]),
        reported(&["cells.0.system={centralized: {inside: {bsp: {}}, raw-data: 18446744073709551615 B}}"]),
        reported(&["convergence.passes=4000000000", "workload.mf.clocks-per-pass=10"]),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn values_that_fit_their_type_and_not_a_run_are_refused() {
    let kind = |rate: &str| KIND.replace("RATE", rate);
    let network = |from: &str, to: &str| NETWORK.replace(from, to);
    let files = [
        ("slow.yaml", kind("1e-300")),
        ("years.yaml", kind("1e-6")),
        ("rtt.yaml", network("10 ms", "300000000 min")),
        ("jitter.yaml", network("rtt:", "jitter: 18446744073709551615 ns\nrtt:")),
        ("inside.yaml", network("rtt:", "rtt-inside: 2 s\nrtt:").replace("2 s", "61 min")),
        ("fast.yaml", network("10 Mbit/s", "1000000001 Gbit/s")),
        ("uplink.yaml", network("{name: B}", "{name: B, uplink: {in: 900000000 Gbit/s, out: 1 Gbit/s}}")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let folder = place(SPEC, &files);
    let reported = |sets: &[&str]| format!("# {}\n{}", sets.join(" "), refused(folder.path(), "spec.yaml", sets));
    let messages = [
        reported(&["machines=slow.yaml"]),
        reported(&["machines=years.yaml", "similitude={factors: {sigma-bytes: 1, sigma-work: 1000}}"]),
        reported(&["profile=rtt.yaml"]),
        reported(&["profile=jitter.yaml"]),
        reported(&["profile=inside.yaml"]),
        reported(&["profile=fast.yaml"]),
        reported(&["profile=uplink.yaml", "bandwidth-times=2"]),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn a_panic_is_its_cells_error_and_the_others_go_on() {
    // A clock of most of a year is allowed, and a thousand of them are more than a run can count.
    let spec = format!(
        "{}  - name: Slow\n    system: {{ global: {{ bsp: {{}} }} }}\n    machines: slow.yaml\n  - name: Gaia\n    system: {{ gaia: {{ inside: {{ bsp: {{}} }} }} }}\n",
        SPEC.replace("clocks: 2", "clocks: 1000")
    );
    let spec = format!("similitude: {{ factors: {{ sigma-bytes: 1, sigma-work: 100 }} }}{spec}");
    let folder = place(&spec, &[("slow.yaml", &KIND.replace("RATE", "3e-6"))]);
    planned(folder.path(), &["spec.yaml"]);
    let ran = experiments(folder.path(), &["run", "spec.yaml", "--jobs", "1"]);
    let reported = errors(&ran);
    assert_eq!(ran.status.code(), Some(1), "{reported}");
    assert!(reported.contains("error: run cell spec Slow with seed 1"), "{reported}");
    assert!(reported.contains("less than 584 years (emulator/src/time.rs:"), "{reported}");
    assert!(!reported.contains("panicked at"), "{reported}");
    let results = folder.path().join("results/spec");
    let index = harness::results::store::read_cells(&results).expect("the index is there");
    let is_whole = |cell: &str| {
        let entry = index.cells.iter().find(|entry| entry.cell == cell).expect("it is one of the cells");
        harness::results::store::read_cell(&results, entry).is_ok()
    };
    assert_eq!(["Baseline", "Slow", "Gaia"].map(is_whole), [true, false, true]);
    assert!(results.join("report.html").is_file());
}

#[test]
fn a_group_without_sites_is_refused_before_hubs_are_looked_for() {
    let system = "{ gaia: { inside: { bsp: {} }, overlay: { groups: { sites: [[Virginia, California], []] } } } }";
    let folder = place(&SPEC.replace("{ global: { bsp: {} } }", system), &[]);
    let reported = refused(folder.path(), "spec.yaml", &[]);
    let expected = "cells[0].system.gaia.overlay.groups.sites[1]: empty: expected at least one site";
    assert!(reported.contains(expected), "{reported}");
    let twice =
        refused(folder.path(), "spec.yaml", &["cells.0.system.gaia.overlay.groups.sites=[[Virginia], [Virginia]]"]);
    assert!(
        twice.contains("`Virginia` is in a group already") && twice.contains("`California` is in no group"),
        "{twice}"
    );
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
    let reported = refused(folder.path(), "spec.yaml", &[]);
    assert!(
        reported.contains("network cards is not stated") && reported.contains("or `nic` of the spec"),
        "{reported}"
    );
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

#[test]
fn options_that_change_nothing_are_refused() {
    let folder = place(SPEC, &[]);
    for (arguments, expected) in [
        (&["--device", "cpu"][..], "--device: none of these specs trains a network"),
        (&["--launcher", "simulated", "--dilation", "4"], "--dilation: simulated runs have no wall clock"),
    ] {
        let output = experiments(folder.path(), &[&["run", "spec.yaml"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&output).contains(expected), "{}", errors(&output));
        assert!(!folder.path().join("results").exists(), "nothing was run");
    }
}

#[test]
fn data_that_no_panel_learns_from_are_refused() {
    let spec = "
profile: va-ca
cells: [{ name: Gaia, system: { gaia: { inside: { bsp: {} } } } }]
panels:
  - { name: TM, workload: { lda: { topics: 4 } } }
  - { name: IC, workload: { ic: {} } }
";
    let ratings = "userId,movieId,rating,timestamp\n1,2,4,0\n2,2,3,0\n";
    let folder = place(spec, &[("ratings.csv", ratings)]);
    let output = experiments(folder.path(), &["plan", "spec.yaml", "--data", "ratings.csv"]);
    assert_eq!(output.status.code(), Some(2));
    let reported = errors(&output);
    assert!(
        reported.contains("ratings.csv: found ratings, which no panel learns from: expected bags of words or images"),
        "{reported}"
    );
}

/// Every `.json` below a folder.
fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    entries.iter().map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

#[test]
fn plan_underestimates_what_memory_cannot_hold_is_refused_before_it_begins() {
    let place = place(SPEC, &[]);
    let folder = place.path();
    for command in
        [&["plan", "spec.yaml", "--memory", "1 MB"][..], &["run", "spec.yaml", "--quiet", "--memory", "1 MB"]]
    {
        let output = experiments(folder, command);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {}", errors(&output));
        let reported = errors(&output);
        for part in ["1 of the cells need more memory than the 1 MB", "spec Baseline: about ", "data.generated.scale"] {
            assert!(reported.contains(part), "{command:?}: {reported}");
        }
        assert_eq!(files_below(&folder.join("results")), 0, "nothing has begun");
        // The table stays: it has the needs of all cells.
        let shown = String::from_utf8_lossy(&output.stdout).contains("Baseline");
        assert_eq!(shown, command[0] == "plan");
    }
}

#[test]
fn what_is_done_is_drawn_again_in_any_memory() {
    let place = place(SPEC, &[]);
    for memory in ["1 GB", "1 MB"] {
        let output = experiments(place.path(), &["run", "spec.yaml", "--quiet", "--memory", memory]);
        assert_eq!(output.status.code(), Some(0), "{memory}: {}", errors(&output));
    }
}

#[test]
fn plan_underestimates_the_papers_size_is_reported_in_the_memory_that_it_takes() {
    let place = place(SPEC, &[]);
    let full =
        ["--set", "data={generated: {scale: 1}}", "--set", "workload.mf.rank=500", "--set", "machines-per-site=11"];
    let refused = experiments(place.path(), &[&["plan", "spec.yaml", "--memory", "4 GB"], &full[..]].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", errors(&refused));
    let reported = errors(&refused);
    let needed =
        reported.split_once("spec Baseline: about ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok());
    assert!(needed.is_some_and(|gigabytes| (4.0..16.0).contains(&gigabytes)), "{reported}");
    let fits = experiments(place.path(), &[&["plan", "spec.yaml", "--memory", "64 GB"], &full[..]].concat());
    assert_eq!(fits.status.code(), Some(0), "{}", errors(&fits));
}

#[test]
fn cells_wait_for_the_memory_that_others_have() {
    let cells = "  - { name: B, system: { global: { bsp: {} } }, encoding: packed }\n  - { name: C, system: { global: { ssp: { slack: 1 } } } }\n";
    let place = place(&format!("{SPEC}{cells}"), &[]);
    // One of them fits, and a quarter more; two do not.
    let (mut low, mut high) = (1_u64, 1 << 34);
    while high - low > 1_000 {
        let middle = u64::midpoint(low, high);
        let output = experiments(place.path(), &["plan", "spec.yaml", "--memory", &format!("{middle} B")]);
        if output.status.success() { high = middle } else { low = middle }
    }
    let memory = format!("{high} B");
    let output = experiments(place.path(), &["run", "spec.yaml", "--quiet", "--jobs", "3", "--memory", &memory]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let whole = fs::read_dir(place.path().join("results/spec")).expect("a folder").flatten();
    assert_eq!(whole.filter(|entry| entry.path().join("summary.json").is_file()).count(), 3);
}
