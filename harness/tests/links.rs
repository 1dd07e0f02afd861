//! `link.model`: that what `auto` chooses takes the times of chunks of 16 KiB, and mistakes.

mod common;
mod set_common;

use std::fs;
use std::path::Path;

use common::{errors, experiments};
use harness::results::{CellIndex, store};
use set_common::{refused, with_sets};

const SPEC: &str = "
workload: { mf: { rank: 8 } }
data: { generated: { users: 600, items: 150, ratings: 9000 } }
similitude: { factors: { sigma-bytes: 1, sigma-work: 1 } }
goal: { clocks: 3 }
profile: ec2-all
sites: [us-east-1, Ireland, ap-northeast-1]
machines-per-site: 2
encoding: dense
cells:
  - { name: Baseline, system: { global: { bsp: {} } } }
  - { name: SSP, system: { global: { ssp: { slack: 1 } } } }
  - { name: Gaia, system: { gaia: { inside: { bsp: {} } } } }
  - { name: Centralized, system: { centralized: { inside: { bsp: {} }, raw-data: 100 MB } } }
  - { name: LAN, profile: lan, machines-per-site: 6, system: { global: { bsp: {} } } }
";

/// Seconds of every cell, and whether its links were a fluid.
fn run(folder: &Path, sets: &[&str]) -> Vec<(String, f64, bool)> {
    let ran = with_sets(folder, &["run", "small.yaml"], sets);
    assert!(ran.status.success(), "{}", errors(&ran));
    let results = folder.join("results/small");
    let index: CellIndex = store::read_cells(&results).expect("it ran");
    let cell = |entry| {
        let cell = store::read_cell(&results, entry).expect("whole");
        let is_fluid = cell.manifest.resolved["links"] == "fluid";
        (entry.cell.clone(), cell.summary.seconds, is_fluid)
    };
    index.cells.iter().map(cell).collect()
}

#[test]
fn the_choice_takes_the_times_of_chunks() {
    let folder = common::place(&[("small.yaml", SPEC)]);
    let mut shares = Vec::new();
    // Models of 0.5 MB to 1.4 GB.
    for size in ["100", "1000", "60000", "300000"] {
        let scale = format!("similitude.factors.sigma-bytes={size}");
        let [chosen, chunks] =
            ["auto", "chunks"].map(|model| run(folder.path(), &[&scale, &format!("link.model={model}")]));
        for ((cell, seconds, _), (_, expected, is_fluid)) in chosen.iter().zip(&chunks) {
            let error = (seconds / expected - 1.0).abs();
            assert!(error <= 0.0025 && !is_fluid, "sigma {size}, {cell}: {seconds} s, {expected} s in chunks");
        }
        shares.push(chosen.iter().filter(|(_, _, is_fluid)| *is_fluid).count());
    }
    assert!(shares[0] == 0 && shares[3] == 5 && shares.is_sorted(), "the larger, the more are fluid: {shares:?} of 5");
}

#[test]
fn large_chunks_take_the_times_of_small_ones() {
    let folder = common::place(&[("small.yaml", SPEC)]);
    let sets = ["similitude.factors.sigma-bytes=200000", "link.depth=1 MiB"];
    let [chosen, chunks] = ["auto", "chunks"].map(|model| {
        let model = format!("link.model={model}");
        run(folder.path(), &[&sets[..], &[&model]].concat())
    });
    for ((cell, seconds, is_fluid), (_, expected, _)) in chosen.iter().zip(&chunks) {
        let error = (seconds / expected - 1.0).abs();
        assert!(error <= 0.0025, "{cell}: {seconds} s, {expected} s in chunks of 16 KiB");
        assert!(cell != "Baseline" || !is_fluid, "deep buckets have chunks");
    }
}

#[test]
fn fluid_links_give_the_same_bytes_for_any_number_of_jobs() {
    let folder = common::place(&[("small.yaml", SPEC)]);
    let digests = |jobs: &str, out: &str| {
        let arguments = ["run", "small.yaml", "--jobs", jobs, "--out", out, "--set", "link.model=fluid"];
        let ran = experiments(folder.path(), &arguments);
        assert!(ran.status.success(), "{}", errors(&ran));
        let results = folder.path().join(out).join("small");
        let index: CellIndex = store::read_cells(&results).expect("it ran");
        let hashes = |entry: &harness::results::CellEntry| {
            fs::read_to_string(store::cell_folder(&results, &entry.plan).join("hashes.json")).expect("whole")
        };
        index.cells.iter().map(hashes).collect::<Vec<String>>()
    };
    assert_eq!(digests("1", "one"), digests("4", "four"));
}

#[test]
fn mistakes_are_reported_with_their_place() {
    let folder = common::place(&[("small.yaml", SPEC)]);
    let reported = |sets: &[&str]| format!("{}\n{}", sets.join(" "), refused(folder.path(), "small.yaml", sets));
    let messages = [
        reported(&["link.model=fluide"]),
        reported(&["link.model=auto", "link.chunk=1 MiB"]),
        reported(&["link.model=fluid", "link.chunk=32 MiB"]),
        reported(&["link.model=fluid", "cells.SSP.launcher.local.dilation=1"]),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}
