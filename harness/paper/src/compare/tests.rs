//! Comparisons of folders as runs and the reference leave them.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::report;
use record::results::testing::{self, cell, write_whole};
use record::results::{CellResult, store};

fn cells(gaia: f64) -> Vec<CellResult> {
    vec![
        cell("Target").seconds(250.0).sets_target().done(),
        cell("Baseline").seconds(812.0).done(),
        cell("Gaia").seconds(gaia).wan_bytes_per_clock(1e8).done(),
        cell("LAN").seconds(301.0).wan_bytes_per_clock(0.0).done(),
    ]
}

/// Writes the results of a spec, with its report.
fn write(folder: &Path, cells: &[CellResult]) {
    fs::create_dir_all(folder).unwrap();
    store::write_cells(folder, &testing::index(cells)).unwrap();
    cells.iter().for_each(|cell| drop(write_whole(folder, cell)));
    report::report(folder).unwrap();
}

fn two(gaia: f64) -> tempfile::TempDir {
    let out = tempfile::tempdir().unwrap();
    write(&out.path().join("a/fig13"), &cells(385.0));
    write(&out.path().join("b/fig13"), &cells(gaia));
    out
}

fn compared(out: &Path, options: &Options) -> Comparison {
    compare(&out.join("a"), &out.join("b"), options).unwrap()
}

#[test]
fn equal_results_are_equal() {
    let out = two(385.0);
    let found = compared(out.path(), &Options::default());
    assert!(!found.changed() && !found.worse());
    assert!(found.to_string().ends_with("\n1 figure compared: 1 equal within what is printed, 0 changed\n"), "{found}");
    let text = found.to_string();
    assert!(text.contains("fig13: equal (4 digests equal; ") && !text.contains(" 0 values compared"), "{found}");
    // The same two by themselves.
    let one = compare(&out.path().join("a/fig13"), &out.path().join("b/fig13"), &Options::default()).unwrap();
    assert_eq!(one.figures, found.figures);
}

#[test]
fn a_change_of_one_percent_in_one_time_says_what_moved() {
    let out = two(385.0 * 1.01);
    let found = compared(out.path(), &Options::default());
    assert!(found.changed() && found.worse());
    let [figure] = &found.figures[..] else { panic!("one figure") };
    assert!(figure.numbers.iter().all(|change| change.row == "Gaia"), "{found}");
    let seconds = figure.numbers.iter().find(|change| change.column == "seconds_to_target").unwrap();
    assert!((seconds.share.unwrap() - 0.01).abs() < 1e-12 && seconds.direction == Some(Direction::Worse));
    let line = found.to_string().lines().find(|line| line.contains("seconds to target")).unwrap().to_owned();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words, ["Gaia", "seconds", "to", "target", "385", "388.9", "+1.0", "%", "worse"]);
    let tolerated = Options { tolerance: Tolerance::Share(0.02), ..Options::default() };
    assert!(!compared(out.path(), &tolerated).changed());
}

#[test]
fn verdicts_that_changed_are_named() {
    let out = two(2000.0);
    let found = compared(out.path(), &Options { tolerance: Tolerance::Share(1.0), ..Options::default() });
    let [figure] = &found.figures[..] else { panic!("one figure") };
    assert!(figure.numbers.is_empty(), "{found}");
    let ids: Vec<&str> = figure.claims.iter().map(|change| change.id.as_str()).collect();
    assert_eq!(ids, ["fig13.gaia-speedup", "fig13.gaia-over-lan"]);
    assert!(found.worse());
    let back = compare(&out.path().join("b"), &out.path().join("a"), &Options::default()).unwrap();
    assert!(back.changed() && !back.worse(), "{back}");
}

#[test]
fn a_damaged_or_missing_cell_is_no_equality() {
    for missing in [false, true] {
        let out = two(385.0);
        let all = cells(385.0);
        let gaia = store::cell_folder(&out.path().join("b/fig13"), &all[2].summary.plan);
        if missing {
            fs::remove_dir_all(&gaia).unwrap();
        } else {
            fs::write(gaia.join(store::file::SAMPLES), b"PAR1").unwrap();
        }
        let found = compared(out.path(), &Options::default());
        assert!(found.changed() && found.worse(), "{found}");
        assert!(found.to_string().contains("Gaia (seed 1): missing in B: "), "{found}");
    }
}

#[test]
fn the_same_plan_with_another_digest_is_not_reproduced_within_any_tolerance() {
    let out = two(385.0);
    let mut other = cells(385.0);
    other[1].summary.digest = "another".into();
    write(&out.path().join("b/fig13"), &other);
    let found = compared(out.path(), &Options { tolerance: Tolerance::Share(1.0), ..Options::default() });
    assert!(
        found.worse() && found.to_string().contains("Baseline (seed 1): another digest with the same plan"),
        "{found}"
    );
}

#[test]
fn cells_and_figures_of_one_side_are_changes_unless_common() {
    let out = two(385.0);
    write(&out.path().join("b/fig14"), &cells(385.0));
    write(&out.path().join("a/fig13"), &cells(385.0)[..3]);
    let found = compared(out.path(), &Options::default());
    assert!(found.changed() && !found.worse(), "{found}");
    let text = found.to_string();
    assert!(text.contains("cells only in B: LAN (seed 1)") && text.contains("fig14: only in B"), "{text}");
    let back = compare(&out.path().join("b"), &out.path().join("a"), &Options::default()).unwrap();
    assert!(back.worse(), "what is gone is worse");
    let common = Options { common: true, ..Options::default() };
    let found = compared(out.path(), &common);
    // Without LAN two claims cannot be judged: their verdicts are others.
    assert_eq!(found.figures[0].numbers, []);
    assert!(
        found.only_b.is_empty()
            && found.figures[0].claims.iter().all(|change| change.direction == Some(Direction::Better))
    );
}

#[test]
fn what_is_left_out_is_not_compared() {
    let out = two(2000.0);
    let pattern = |text: &str| text.parse::<Pattern>().unwrap();
    let leave_out = vec![pattern("fig13.gaia*")];
    let options = Options { leave_out, tolerance: Tolerance::Share(1.0), ..Options::default() };
    assert!(!compared(out.path(), &options).changed());
    let nothing = Options { leave_out: vec![pattern("fig*")], common: true, ..Options::default() };
    let error = compare(&out.path().join("a"), &out.path().join("b"), &nothing).unwrap_err();
    assert!(matches!(error, CompareError::NoneInBoth { .. }));
}

#[test]
fn folders_without_results_and_of_two_kinds_are_refused() {
    let out = two(385.0);
    let path = |name: &str| out.path().join(name);
    fs::create_dir(path("empty")).unwrap();
    let error = |a: &str, b: &str| compare(&path(a), &path(b), &Options::default()).unwrap_err().to_string();
    assert!(error("a", "empty").contains("empty: found no figure in it"), "{}", error("a", "empty"));
    let kinds = error("a/fig13", "b");
    assert!(
        kinds.contains("one figure and a folder of figures")
            && kinds.contains("such as ")
            && kinds.ends_with("b/fig13"),
        "{kinds}"
    );
    assert!(error("a", "none").contains("none"));
    fs::remove_file(path("b/fig13").join(report::file::TABLE)).unwrap();
    assert!(error("a", "b").contains("`experiments report "), "{}", error("a", "b"));
    fs::write(path("b/fig13").join(report::file::TABLE), "cell\nGaia\n").unwrap();
    assert!(error("a", "b").contains("`experiments report` makes it again"), "{}", error("a", "b"));
}

/// A copy of a figure of the reference, with this replacement in its table.
fn copied(figure: &str, from: &str, to: &str) -> (PathBuf, tempfile::TempDir) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference").join(figure);
    let copy = tempfile::tempdir().unwrap();
    for name in ["manifests.json", report::file::TABLE, crate::claims::FILE] {
        fs::copy(kept.join(name), copy.path().join(name)).unwrap();
    }
    let table = copy.path().join(report::file::TABLE);
    let text = fs::read_to_string(&table).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(table, text.replacen(from, to, 1)).unwrap();
    (kept, copy)
}

#[test]
fn one_number_of_the_reference_changed_by_one_percent_is_found() {
    // Gaia's bytes a clock, 0.3042 GB.
    let (kept, copy) = copied("fig13", ",0.30423999648679245,", ",0.30728239645166037,");
    let found = compare(&kept, copy.path(), &Options::default()).unwrap();
    let [change] = &found.figures[0].numbers[..] else { panic!("one number: {found}") };
    assert_eq!((change.row.as_str(), change.column.as_str()), ("Gaia", "wan_gb_per_clock"));
    assert!(found.to_string().contains("0.3042  0.3073  +1.0 %  worse"), "{found}");
    assert_eq!(found.figures[0].cells.as_ref().unwrap().equal, 25);
    let exact = compare(&kept, &kept, &Options { tolerance: Tolerance::EXACT, ..Options::default() }).unwrap();
    assert!(!exact.changed());
}

#[test]
fn the_reference_is_equal_to_itself() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
    let found =
        compare(&reference, &reference, &Options { tolerance: Tolerance::EXACT, ..Options::default() }).unwrap();
    assert!(!found.changed() && found.figures.len() > 60, "{found}");
    let json: serde_json::Value = serde_json::from_str(&found.to_json()).unwrap();
    assert_eq!((&json["schema"], &json["tolerance"]), (&1.into(), &0.0.into()));
    assert_eq!(json["figures"].as_array().unwrap().len(), found.figures.len());
}
