//! Who waited for whom: what clocks record of it, the pictures of it, and `experiments trace`.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{errors, experiments, place};
use harness::results::store;
use harness::results::{CellEntry, ClockRow};

const SPEC: (&str, &str) = ("two.yaml", include_str!("common/two-cells.yaml"));
/// More machines and clocks, so that machines wait for one another.
const MORE: [&str; 4] = ["--set", "machines-per-site=2", "--set", "goal.clocks=6"];

fn ran(folder: &Path) -> (PathBuf, Vec<CellEntry>) {
    let output = experiments(folder, &[["run", "two.yaml", "--quiet"].as_slice(), &MORE].concat());
    assert!(output.status.success(), "{}", errors(&output));
    let results = folder.join("results/two");
    let cells = store::read_cells(&results).expect("it ran").cells;
    (results, cells)
}

/// Seconds of a clock that are neither computing nor encoding.
fn waited(row: &ClockRow) -> f64 {
    row.parts.sum() - row.parts.compute - row.parts.encode
}

#[test]
fn every_wait_names_its_machine_and_its_part_of_the_clock() {
    let folder = place(&[SPEC]);
    let (results, cells) = ran(folder.path());
    for entry in &cells {
        let clocks = store::read_clocks(&store::cell_folder(&results, &entry.plan)).expect("whole");
        assert_eq!(clocks.len(), 4 * 6, "{}", entry.cell);
        let mut links = 0;
        for row in &clocks {
            assert!((row.ended - row.started - row.parts.sum()).abs() < 1e-9, "{row:?}");
            assert_eq!(row.blocked.is_some(), waited(row) > 0.0, "{row:?}");
            let Some(blocked) = row.blocked else { continue };
            assert!(row.parts.part(blocked.part) > 0.0 && blocked.on < 4, "{row:?}");
            let Some(link) = blocked.link else { continue };
            assert!(link.from != link.to && [link.from, link.to].contains(&blocked.on), "{row:?}");
            links += 1;
        }
        assert!(links > 0, "{}: the links of a WAN are waited for", entry.cell);
    }
}

#[test]
fn the_report_has_the_bottleneck_and_the_waits() {
    let folder = place(&[SPEC]);
    let (results, _) = ran(folder.path());
    let page = fs::read_to_string(results.join("report.html")).expect("it is there");
    for name in ["links", "timeline"] {
        assert!(page.contains(&format!("<section id=\"{name}\">")), "{name}");
        let svg = fs::read_to_string(results.join(format!("{name}.svg"))).expect("it is there");
        assert!(page.contains(&svg) && svg.contains("<title>"), "{name}");
    }
    assert!(page.contains("The busiest link of Baseline is "), "the bottleneck in a sentence");
    assert!(page.contains("<li>Gaia: ") && page.contains("of the time of all clocks is computing"));
    let hashes = fs::read_to_string(results.join("hashes.json")).expect("it is there");
    assert!(hashes.contains("links.svg") && hashes.contains("timeline.svg"), "{hashes}");
}

#[test]
fn a_trace_is_written_where_it_was_asked_for() {
    let folder = place(&[SPEC]);
    let (_, cells) = ran(folder.path());
    let trace = |words: &[&str]| experiments(folder.path(), &[&["trace", "results/two"], words].concat());
    let output = trace(&["Gaia"]);
    assert!(output.status.success(), "{}", errors(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("wrote two-Gaia-1.trace.json\n  Gaia (seed 1): 4 machines, 24 clocks of "), "{text}");
    let bytes = fs::read(folder.path().join("two-Gaia-1.trace.json")).expect("it is there");
    let read: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(read["otherData"]["plan"], cells[1].plan);
    let refused = |words: &[&str], says: &str| {
        let output = trace(words);
        assert_eq!((output.status.code(), errors(&output).contains(says)), (Some(2), true), "{}", errors(&output));
    };
    refused(&["Gaia"], "--force to replace it");
    refused(&["Gaja"], "did you mean `Gaia`?");
    refused(&["Gaia", "--seed", "9"], "expected one of 1");
    refused(&["Gaia", "--out", "none/gaia.json"], "there is no folder none");
    assert!(trace(&["Gaia", "--force"]).status.success());
    assert_eq!(fs::read(folder.path().join("two-Gaia-1.trace.json")).expect("it is there"), bytes);
}
