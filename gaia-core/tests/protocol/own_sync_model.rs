//! The worked example of docs/your-own-sync-model.md: Total Asynchronous Parallel, one file and one line.

use std::fs;
use std::path::Path;

use crate::common::{Case, Counting, Mixing, run};
use gaia_core::sync::config::{Inside, System, Tap};

const TAP: Inside = Inside::Tap(Tap {});

/// Virtual seconds until all workers are done, over links of this rate in Mbit/s, and the greatest lead of a worker over another.
fn seconds_and_lead(inside: Inside, wan_mbit_per_s: u64) -> (f64, u32) {
    let case = Case { wan_mbit_per_s, clocks: 60, ..Case::new(3, 2, System::Global(inside)) };
    let mut driver = case.driver(2, Mixing::new);
    let mut lead = 0;
    run(&mut driver, |driver| {
        let clocks = || driver.nodes().iter().map(|node| node.worker().clock());
        lead = lead.max(clocks().max().unwrap_or(0) - clocks().min().unwrap_or(0));
    });
    (driver.now().as_secs_f64(), lead)
}

#[test]
fn nobody_waits_for_the_slowest() {
    let ((tap, tap_lead), (ssp, ssp_lead)) = (seconds_and_lead(TAP, 3), seconds_and_lead(Inside::ssp(1), 3));
    assert!(tap < ssp, "TAP {tap} s, SSP {ssp} s");
    assert!(tap_lead > 2 && ssp_lead <= 2, "clocks apart: TAP {tap_lead}, SSP {ssp_lead}");
}

#[test]
fn no_update_is_lost() {
    let mut driver =
        Case { wan_mbit_per_s: 3, ..Case::new(3, 2, System::Global(TAP)) }.driver(2, |id| Counting::new(id, 6));
    run(&mut driver, |_| ());
    for machine in driver.nodes() {
        let values = &machine.shard().store().expect("nothing is under way").values;
        assert!(values.iter().all(|&value| value == 4.0 + 6.0), "each of six clocks adds one to every value");
    }
}

#[test]
fn the_document_shows_the_file_and_the_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(root.join(path)).expect("it is there");
    let document = read("docs/your-own-sync-model.md");
    assert!(
        document.contains(&format!("```rust\n{}```", read("gaia-core/src/sync/models/tap.rs"))),
        "the file, word for word"
    );
    let line = "mod tap;\n";
    assert!(document.contains(&format!("```rust\n{line}```")), "`{line}` in the document");
    assert!(read("gaia-core/src/sync/models/mod.rs").contains(line), "`{line}` in the code");
}
