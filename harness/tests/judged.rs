//! Results that are judged: assertions of specs, `--strict` with expected failures, JUnit reports, `compare`.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use common::errors;

/// Two cells that reach their target within a second, and an assertion that holds and one that does not.
const SPEC: &str = "
title: judged
workload: { mf: { rank: 4 } }
data: { generated: { users: 40, items: 10, ratings: 200 } }
target: { machines-per-site: 2 }
profile: va-ca
machines-per-site: 1
assert:
  - { name: bytes, that: \"Gaia.wan_gb_per_clock <= 'Baseline, slow'.wan_gb_per_clock\", says: Gaia sends no more }
  - { name: instant, that: Gaia.seconds_to_target < 0.001 }
cells:
  - name: Baseline, slow
    system: { global: { bsp: {} } }
  - name: Gaia
    system: { gaia: { inside: { bsp: {} } } }
";

const EXPECTED: &str = "expected: [{ claim: judged.assert.instant, because: light has a speed }]\n";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(spec: &str) -> Self {
        Place { folder: common::place(&[("judged.yaml", spec)]) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn experiments(&self, arguments: &[&str]) -> Output {
        common::experiments(self.folder.path(), arguments)
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("readable")
}

/// The samples of the cells in a spec's folder, in order.
fn samples(folder: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(folder).expect("it has run");
    let mut files: Vec<PathBuf> =
        folders.map(|folder| folder.expect("an entry").path().join("samples.parquet")).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files
}

#[test]
fn assertions_are_judged_and_shown_with_the_claims() {
    let place = Place::new(SPEC);
    let ran = place.experiments(&["run", "judged.yaml", "--strict", "--junit", "judged.xml"]);
    assert_eq!(code(&ran), 3, "{}", errors(&ran));
    assert!(errors(&ran).contains("strict: judged: the assertion judged.assert.instant fails\n"), "{}", errors(&ran));
    assert!(!errors(&ran).contains("judged.assert.bytes"), "{}", errors(&ran));
    let claims: serde_json::Value =
        serde_json::from_str(&text(&place.path("results/judged/claims.json"))).expect("JSON");
    let named = |id: &str| claims.as_array().unwrap().iter().find(|claim| claim["id"] == id).cloned().expect(id);
    let (bytes, instant) = (named("judged.assert.bytes"), named("judged.assert.instant"));
    assert_eq!((&bytes["verdict"], &bytes["source"]), (&"holds".into(), &"assert".into()));
    assert_eq!(bytes["expected"], serde_json::json!({ "at-most": 1.0 }));
    assert_eq!((&instant["verdict"], &instant["expected"]), (&"fails".into(), &serde_json::json!({ "below": 0.001 })));
    let says = "Gaia sends no more (Gaia.wan_gb_per_clock &lt;= ";
    assert!(text(&place.path("results/judged/report.html")).contains(says));
    assert!(out(&place.experiments(&["claims"])).contains("judged.assert.instant"));
    let xml = text(&place.path("judged.xml"));
    assert!(xml.contains("<testcase name=\"judged.assert.bytes\" classname=\"judged\"/>"), "{xml}");
    assert!(xml.contains("failures=\"1\" errors=\"0\""), "{xml}");
}

#[test]
fn expected_failures_are_no_failures_as_long_as_they_fail() {
    let place = Place::new(&format!("{SPEC}{EXPECTED}"));
    let ran = place.experiments(&["run", "judged.yaml", "--strict"]);
    assert_eq!(code(&ran), 0, "{}", errors(&ran));
    assert!(
        out(&ran).contains("fails, expected") && out(&ran).contains("[expected to fail: light has a speed]"),
        "{}",
        out(&ran)
    );
    for command in ["report", "claims"] {
        assert_eq!(code(&place.experiments(&[command, "--strict", "--junit", "it.xml"])), 0, "{command}");
        assert!(text(&place.path("it.xml")).contains("message=\"expected to fail: light has a speed\""), "{command}");
    }
    // The same cells, with a bound that holds.
    let now = format!("{SPEC}{EXPECTED}").replace("< 0.001", "< 1e9");
    fs::write(place.path("judged.yaml"), now).expect("writable");
    let ran = place.experiments(&["run", "judged.yaml", "--strict"]);
    assert_eq!(code(&ran), 3, "{}", errors(&ran));
    let line =
        "strict: judged: the assertion judged.assert.instant holds, and the spec expects it to fail: light has a speed";
    assert!(errors(&ran).contains(line), "{}", errors(&ran));
}

#[test]
fn a_damaged_missing_or_unmeasured_cell_is_no_success() {
    let place = Place::new(&format!("{SPEC}{EXPECTED}"));
    assert_eq!(code(&place.experiments(&["run", "judged.yaml", "--quiet"])), 0);
    let results = place.path("results/judged");
    let samples = samples(&results);
    assert_eq!(samples.len(), 3);
    for (position, file) in samples.iter().enumerate() {
        let whole = fs::read(file).expect("readable");
        fs::write(file, &whole[..whole.len() / 2]).expect("writable");
        let cell = file.parent().expect("in a cell").to_owned();
        for missing in [false, true] {
            if missing {
                fs::rename(&cell, place.path("away")).expect("writable");
            }
            for command in ["report", "claims"] {
                let judged = place.experiments(&[command, "--strict", "--junit", "it.xml"]);
                assert_eq!(code(&judged), 3, "{command} {position} {missing}: {}", errors(&judged));
                assert!(errors(&judged).contains(" is missing: "), "{command}: {}", errors(&judged));
                assert!(!text(&place.path("it.xml")).contains("errors=\"0\""), "{command}");
            }
        }
        fs::rename(place.path("away"), &cell).expect("writable");
        fs::write(file, whole).expect("writable");
        assert_eq!(code(&place.experiments(&["report", "--strict"])), 0, "as it was");
    }
    // A number that no cell has: these runs have no price of an own region.
    let unmeasured = SPEC.replace("Gaia.seconds_to_target < 0.001", "Gaia.test_accuracy_percent > 1");
    fs::write(place.path("judged.yaml"), unmeasured).expect("writable");
    let ran = place.experiments(&["run", "judged.yaml", "--strict"]);
    assert_eq!(code(&ran), 3, "{}", errors(&ran));
    let line = "the assertion judged.assert.instant was not measured: Gaia.test_accuracy_percent > 1 [nothing measured: Gaia has no number";
    assert!(errors(&ran).contains(line), "{}", errors(&ran));
}

#[test]
fn compare_says_with_its_exit_code_whether_anything_changed() {
    let place = Place::new(SPEC);
    for (folder, threshold) in [("a", "0.01"), ("b", "0.01"), ("c", "0.2")] {
        let set = format!("cells.Gaia.system.gaia.significance.threshold={threshold}");
        let ran = place.experiments(&["run", "judged.yaml", "--quiet", "--out", folder, "--set", &set]);
        assert_eq!(code(&ran), 0, "{}", errors(&ran));
    }
    let same = place.experiments(&["compare", "a", "b", "--tolerance", "0%"]);
    assert_eq!(code(&same), 0, "{}", out(&same));
    let changed = place.experiments(&["compare", "a", "c"]);
    assert_eq!(code(&changed), 3, "{}", out(&changed));
    assert!(out(&changed).contains("judged: changed (2 digests equal, 1 other;"), "{}", out(&changed));
    assert!(out(&changed).lines().any(|line| line.trim_start().starts_with("Gaia  ")), "{}", out(&changed));
    let json = place.experiments(&["compare", "a/judged", "c/judged", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out(&json)).expect("JSON");
    assert_eq!(json["figures"][0]["changed"], true);
    assert!(json["figures"][0]["numbers"].as_array().unwrap().iter().all(|change| change["row"] == "Gaia"), "{json}");
    for arguments in [["compare", "a", "nowhere"], ["compare", "a/judged", "b"]] {
        let refused = place.experiments(&arguments);
        assert_eq!(code(&refused), 2, "{}", errors(&refused));
        assert!(errors(&refused).contains("compare "), "{}", errors(&refused));
    }
}

#[test]
fn a_junit_report_goes_where_a_file_may_be() {
    let place = Place::new(SPEC);
    fs::create_dir(place.path("folder")).expect("writable");
    for (file, why) in [("folder", "--junit: folder is a folder"), ("none/it.xml", "there is no folder none")] {
        let refused = place.experiments(&["run", "judged.yaml", "--junit", file]);
        assert_eq!(code(&refused), 2, "{}", errors(&refused));
        assert!(errors(&refused).contains(why), "{}", errors(&refused));
        assert!(!place.path("results").exists(), "nothing has run");
    }
}
