//! Centralized: learning is a LAN's to the bit, later by the time that raw data take to their site; bytes and costs hold them.

mod common;
mod set_common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{errors, experiments};
use harness::results::{CellIndex, ClockRow, Sample, Summary, TrafficRow, store};
use set_common::refused;

/// Three sites; South is near to both others, and its machines are five.
const SITES: &str = "\
name: three
title: three sites
source: by hand
date: 2026
sites: [{ name: North, machines: 3 }, { name: South, machines: 5 }, { name: West, machines: 4 }]
rtt-inside: 0.5 ms
nic: { in: 1 Gbit/s, out: 1 Gbit/s }
bandwidth:
  rows:
    North: { South: 80 Mbit/s, West: 20 Mbit/s }
    South: { North: 50 Mbit/s, West: 20 Mbit/s }
    West: { North: 20 Mbit/s, South: 40 Mbit/s }
rtt: { uniform: 100 ms }
";

/// The one site alone.
const ALONE: &str = "\
name: alone
title: one site
source: by hand
date: 2026
sites: [{ name: South, machines: 12 }]
rtt-inside: 0.5 ms
nic: { in: 1 Gbit/s, out: 1 Gbit/s }
";

/// Twelve machines hold 10 MB each.
const SPEC: &str = "
title: moving data first
workload:
  mf: { rank: 8 }
data:
  generated: { users: 600, items: 120, ratings: 8000 }
similitude: netflix
goal: { clocks: 6 }
prices: { price-as: { North: us-east-1, South: eu-west-1, West: ap-south-1 } }
cells:
  - name: Centralized
    profile: three.yaml
    system: { centralized: { inside: { ssp: { slack: 1 } }, site: south, raw-data: 120 MB } }
  - name: LAN
    profile: alone.yaml
    system: { global: { ssp: { slack: 1 } } }
";

fn place() -> tempfile::TempDir {
    common::place(&[("three.yaml", SITES), ("alone.yaml", ALONE), ("small.yaml", SPEC)])
}

struct Cell {
    summary: Summary,
    samples: Vec<Sample>,
    clocks: Vec<ClockRow>,
    traffic: Vec<TrafficRow>,
}

fn cell(folder: &Path, name: &str) -> Cell {
    let results = folder.join("results/small");
    let index: CellIndex = store::read_cells(&results).expect("it ran");
    let entry = index.cells.iter().find(|entry| entry.cell == name).expect("it ran");
    let path: PathBuf = store::cell_folder(&results, &entry.plan);
    let (clocks, traffic) = (store::read_clocks(&path).expect("whole"), store::read_traffic(&path).expect("whole"));
    let whole = store::read_cell(&results, entry).expect("whole");
    Cell { summary: whole.summary, samples: whole.samples, clocks, traffic }
}

#[test]
fn learning_is_a_lans_and_later_by_the_transfer() {
    let folder = place();
    let ran = experiments(folder.path(), &["run", "small.yaml"]);
    assert!(ran.status.success(), "{}", errors(&ran));
    let (central, lan) = (cell(folder.path(), "Centralized"), cell(folder.path(), "LAN"));

    let raw: Vec<&TrafficRow> = central.traffic.iter().filter(|row| &*row.class == "raw").collect();
    let moved: u64 = raw.iter().map(|row| row.bytes).sum();
    assert!((69_000_000..71_000_000).contains(&moved), "users have different numbers of ratings: {moved}");
    // The slowest are West's machines: 10 MB at 40 Mbit/s are 2 s, and half of 100 ms.
    let shift = central.samples[0].seconds - lan.samples[0].seconds;
    assert!((shift - 2.05).abs() < 0.02, "{shift}");
    assert_eq!(central.samples.len(), lan.samples.len());
    for (ours, theirs) in central.samples.iter().zip(&lan.samples) {
        assert_eq!(ours.objective.to_bits(), theirs.objective.to_bits());
        assert_eq!(ours.objective_one_copy.to_bits(), theirs.objective_one_copy.to_bits());
        assert!((ours.seconds - theirs.seconds - shift).abs() < 1e-9, "{} {}", ours.seconds, theirs.seconds);
        assert_eq!((ours.wan_bytes, theirs.wan_bytes), (moved, 0));
    }
    for (ours, theirs) in central.clocks.iter().zip(&lan.clocks) {
        assert_eq!((ours.parts, ours.machine, ours.site), (theirs.parts, theirs.machine, 1));
        assert!((ours.started - theirs.started - shift).abs() < 1e-9);
    }
    assert_ne!(central.summary.digest, lan.summary.digest, "the transfer is part of the run");

    assert_eq!(raw.len(), 7);
    assert!(raw.iter().all(|row| &*row.to_site == "South" && &*row.from_site != "South"));
    let rest: Vec<&TrafficRow> = central.traffic.iter().filter(|row| &*row.class != "raw").collect();
    assert_eq!(rest, lan.traffic.iter().collect::<Vec<_>>());
}

#[test]
fn raw_data_and_the_machines_that_move_them_are_paid() {
    let folder = place();
    let ran = experiments(folder.path(), &["run", "small.yaml"]);
    assert!(ran.status.success(), "{}", errors(&ran));
    let (central, lan) = (cell(folder.path(), "Centralized"), cell(folder.path(), "LAN"));
    let usage = &central.summary.usage;
    let sent = |site: &str| {
        let rows = central.traffic.iter().filter(|row| &*row.from_site == site && &*row.to_site != site);
        rows.map(|row| row.bytes).sum::<u64>()
    };
    let bytes: Vec<(&str, u64)> = usage.traffic.iter().map(|pair| (pair.from.as_str(), pair.bytes)).collect();
    assert_eq!(bytes, [("North", sent("North")), ("West", sent("West"))]);

    // North: three machines that send 10 MB at 80 Mbit/s; South: five that receive until the last is there.
    let seconds = |site: usize| usage.sites[site].network_hours * 3600.0;
    let (north, west) = (3.0 * 1.05, 4.0 * 2.05);
    assert!((seconds(0) - north).abs() < 0.06 && (seconds(2) - west).abs() < 0.1, "{usage:?}");
    let waiting = lan.summary.usage.sites[0].network_hours * 3600.0;
    assert!((seconds(1) - waiting - 5.0 * 2.05).abs() < 0.15, "{usage:?}");
    assert_eq!((usage.sites[0].compute_hours, usage.sites[2].compute_hours), (0.0, 0.0));
    assert!((usage.sites[1].compute_hours / lan.summary.usage.sites[0].compute_hours - 1.0).abs() < 1e-9);

    let costs = fs::read_to_string(folder.path().join("results/small/costs.json")).expect("it is there");
    let costs: serde_json::Value = serde_json::from_str(&costs).expect("JSON");
    let communication = costs["cells"][0]["cost"]["communication"].as_f64().expect("a number");
    let expected = sent("North") as f64 / 1e9 * 0.02 + sent("West") as f64 / 1e9 * 0.086;
    assert!((communication - expected).abs() < 1e-12, "{communication} {expected}");
}

#[test]
fn the_best_site_has_all_data_first_and_is_shown_in_plans() {
    let folder = place();
    let plan = |set: &str| {
        let planned = experiments(folder.path(), &["plan", "small.yaml", "--set", set]);
        assert!(planned.status.success(), "{}", errors(&planned));
        String::from_utf8_lossy(&planned.stdout).into_owned()
    };
    let auto = plan("cells.Centralized.system.centralized.site=auto");
    assert!(auto.contains("Centralized in South, 120 MB of raw data, SSP (slack 1)"), "{auto}");
    let netflix = plan("cells.Centralized.system.centralized={ inside: { bsp: {} } }");
    assert!(netflix.contains("Centralized in South, 2.068 GB of raw data, BSP"), "{netflix}");
    // Two sites that are equally far: Virginia's machines are cheaper than California's.
    let even = plan("cells.Centralized={ name: C, profile: va-ca, system: { centralized: { inside: { bsp: {} } } } }");
    assert!(even.contains("Centralized in Virginia"), "{even}");
}

#[test]
fn mistakes_about_centralized_are_reported() {
    let folder = place();
    let reported = |sets: &[&str]| format!("{}\n{}", sets.join(" "), refused(folder.path(), "small.yaml", sets));
    let messages = [
        reported(&["cells.Centralized.system.centralized.site=Sauth"]),
        reported(&["cells.Centralized.system.centralized.sites=South"]),
        reported(&["cells.Centralized.system.centralized.raw-data=0 B"]),
        reported(&["cells.Centralized.system.centralized.inside.ssp.slack=5000"]),
        reported(&[
            "cells.Centralized.system.centralized={ inside: { bsp: {} } }",
            "similitude.factors={ sigma-bytes: 2, sigma-work: 2 }",
        ]),
        reported(&[
            "cells.Centralized.system.centralized={ inside: { bsp: {} } }",
            "split.skewed={ by: sizes, skew: 0.5 }",
        ]),
        reported(&["launcher={ local: { dilation: 1 } }"]),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}
