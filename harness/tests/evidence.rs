//! Numbers that cannot lie: targets that are none, files that were changed, verdicts without evidence.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::errors;

/// Two cells that end within a second.
const SPEC: &str = include_str!("common/two-cells.yaml");

/// The same with a target that is reached.
fn with_target() -> String {
    SPEC.replace("goal: { clocks: 2 }", "target: { machines-per-site: 2 }")
}

/// Steps that are too long, but finite.
const RATES: &str = "
workload: { mf: { rank: 4, learning-rate: 20 } }
data: { generated: { users: 200, items: 100, ratings: 3000 } }
profile: va-ca
machines-per-site: 2
target: { machines-per-site: 4 }
cap: { clocks: 300 }
cells:
  - name: Baseline
    system: { global: { bsp: {} } }
  - name: Gaia
    system: { gaia: { inside: { bsp: {} } } }
";

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

    fn experiments(&self, arguments: &[&str]) -> Output {
        common::experiments(self.folder.path(), arguments)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.experiments(&[&["run", "small.yaml"], arguments].concat())
    }

    /// The files of this name of all cells, by path.
    fn of_cells(&self, name: &str) -> Vec<PathBuf> {
        let folders = fs::read_dir(self.path("results/small")).expect("it has run");
        let files = folders.map(|folder| folder.expect("an entry").path().join(name));
        let mut files: Vec<PathBuf> = files.filter(|file| file.is_file()).collect();
        files.sort();
        files
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("readable")
}

#[test]
fn target_not_converged_is_an_error_and_nothing_runs_for_it() {
    let place = Place::new(RATES);
    for (rate, why) in [("20", "it was given up at clock 300"), ("15", "further than it fell in the end")] {
        let set = format!("workload.mf.learning-rate={rate}");
        for again in [false, true] {
            let ran = place.run(&["--set", &set]);
            assert_eq!(code(&ran), 1, "{rate}, {again}: {}", errors(&ran));
            let reported = errors(&ran);
            assert!(
                reported.contains("Target with seed 1 sets no target: ") && reported.contains(why),
                "{rate}: {reported}"
            );
            assert!(!reported.contains("Gaia: begins"), "{rate}: {reported}");
        }
        let page = text(&place.path("results/small/report.html"));
        assert!(page.contains("Target (seed 1) is no target: ") && page.contains(why), "{rate}");
        let claims = text(&place.path("results/small/claims.json"));
        assert!(!claims.contains("\"holds\""), "{rate}: {claims}");
        assert!(text(&place.path("results/small/table.csv")).contains("no target ("), "{rate}");
    }
    let ran = place.run(&["--set", "workload.mf.learning-rate=8"]);
    assert_eq!(code(&ran), 0, "{}", errors(&ran));
}

#[test]
fn target_not_converged_no_target_is_reported_where_there_is_none() {
    let place = Place::new(SPEC);
    let ran = place.run(&[]);
    assert_eq!(code(&ran), 0, "{}", errors(&ran));
    assert_eq!(text(&place.path("results/small/claims.json")), "[]\n");
    for file in place.of_cells("summary.json") {
        assert!(text(&file).contains("\"seconds_to_target\": null"), "{}", file.display());
    }
}

#[test]
fn summary_unchecked_a_changed_digit_is_run_again() {
    let place = Place::new(SPEC);
    assert_eq!(code(&place.run(&["--quiet"])), 0);
    let table = text(&place.path("results/small/table.csv"));
    for name in ["summary.json", "manifest.json", "hashes.json"] {
        let files = place.of_cells(name);
        assert_eq!(files.len(), 2, "{name}");
        let whole = text(&files[0]);
        fs::write(&files[0], whole.replacen('2', "1", 1)).expect("writable");
        let again = place.run(&[]);
        assert_eq!(errors(&again).matches("done before, reused").count(), 1, "{name}: {}", errors(&again));
        assert!(errors(&again).contains(&format!("{name} was truncated or changed")), "{name}: {}", errors(&again));
        assert_eq!((text(&files[0]), text(&place.path("results/small/table.csv"))), (whole, table.clone()), "{name}");
    }
    // As versions before left it.
    fs::remove_file(&place.of_cells("hashes.json")[0]).expect("there");
    let report = place.experiments(&["report"]);
    assert!(String::from_utf8_lossy(&report.stdout).contains("has no hashes.json"), "{report:?}");
    assert!(errors(&place.run(&[])).contains("has no hashes.json"));
}

#[test]
fn summary_unchecked_changed_claims_and_cells_are_reported() {
    let place = Place::new(&with_target());
    assert_eq!(code(&place.run(&["--quiet"])), 0);
    for (name, command) in [("claims.json", "claims"), ("cells.json", "report")] {
        let file = place.path("results/small").join(name);
        let whole = text(&file);
        fs::write(&file, whole.replacen('s', "S", 1)).expect("writable");
        let reported = place.experiments(&[command]);
        assert_eq!(code(&reported), 2, "{name}: {}", errors(&reported));
        assert!(errors(&reported).contains(&format!("{name} was truncated or changed")), "{}", errors(&reported));
        fs::write(&file, whole).expect("writable");
        assert_eq!(code(&place.experiments(&[command])), 0, "{name}");
    }
}

#[test]
fn strict_nothing_measured_is_no_success() {
    let place = Place::new(&with_target());
    fs::create_dir(place.path("results")).expect("writable");
    let strict = |command: &str, expected: i32, why: &str| {
        let reported = place.experiments(&[command, "--strict"]);
        assert_eq!(code(&reported), expected, "{command}: {}", errors(&reported));
        assert!(errors(&reported).contains(why), "{command}: {}", errors(&reported));
    };
    strict("claims", 3, "strict: no claims.json in results");
    strict("report", 2, "run a spec first");
    assert_eq!(code(&place.run(&["--quiet", "--strict"])), 0);
    strict("claims", 0, "");
    strict("report", 0, "");
    let samples = place.of_cells("samples.parquet");
    fs::remove_file(&samples[1]).expect("there");
    for command in ["claims", "report"] {
        strict(command, 3, "samples.parquet is missing or cannot be read");
        assert_eq!(code(&place.experiments(&[command])), 0, "{command} without --strict");
    }
    // No claim can be made of clocks alone.
    let place = Place::new(SPEC);
    let ran = place.run(&["--strict"]);
    assert_eq!(code(&ran), 3, "{}", errors(&ran));
    assert!(errors(&ran).contains("strict: small: nothing is claimed, so nothing was shown"), "{}", errors(&ran));
}

#[test]
fn claims_with_a_page_have_variants_as_columns() {
    let place = Place::new(&with_target());
    assert_eq!(code(&place.run(&["--quiet"])), 0);
    let other = place.path("results/other");
    fs::create_dir_all(other.join("small")).expect("writable");
    fs::copy(place.path("results/small/claims.json"), other.join("small/claims.json")).expect("writable");
    fs::write(other.join("variant.json"), r#"{"schema": 1, "name": "other", "title": "Another"}"#).expect("writable");
    let shown = place.experiments(&["claims", "--page", "pages/all"]);
    assert_eq!(code(&shown), 0, "{}", errors(&shown));
    let output = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(output.contains("totals") && output.contains("figures") && output.contains("other"), "{output}");
    assert!(output.ends_with("\npages/all/claims.html\n"), "{output}");
    for name in
        ["claims.html", "claims.csv", "residuals.csv", "forest.svg", "forest.png", "residuals.svg", "residuals.png"]
    {
        assert!(place.path("pages/all").join(name).is_file(), "{name}");
    }
    fs::write(place.path("in-the-way"), "").expect("writable");
    let refused = place.experiments(&["claims", "--page", "in-the-way"]);
    assert!(code(&refused) != 0 && errors(&refused).contains("in-the-way"), "{}", errors(&refused));
}

/// The binary with its streams as a shell has them: `{}` stands for it.
#[cfg(target_os = "linux")]
fn shell(place: &Place, line: &str) -> Output {
    let line = line.replace("{}", env!("CARGO_BIN_EXE_experiments"));
    let mut command = Command::new("bash");
    command.current_dir(place.folder.path()).args(["-c", &format!("set -o pipefail; {line}")]);
    command.output().expect("a shell")
}

#[cfg(target_os = "linux")]
#[test]
fn panic_output_a_closed_or_full_stream_is_no_crash() {
    let place = Place::new(SPEC);
    assert_eq!(code(&place.run(&["--quiet"])), 0);
    let commands =
        ["list", "--help", "plan small.yaml", "report", "claims", "data list", "run small.yaml", "run --help"];
    for command in commands {
        let closed = shell(&place, &format!("{{}} {command} | true"));
        assert!(code(&closed) == 0 && !errors(&closed).contains("panicked"), "{command}: {}", errors(&closed));
        let full = shell(&place, &format!("{{}} {command} >/dev/full"));
        assert_eq!(code(&full), 1, "{command}: {}", errors(&full));
        let reported = "error: cannot write to the standard output: No space left on device";
        assert!(errors(&full).contains(reported), "{command}: {}", errors(&full));
    }
    // A mistake is an exit code even where it cannot be reported.
    assert_eq!(code(&shell(&place, "{} rum 2>/dev/full")), 2);
    assert_eq!(code(&shell(&place, "{} plan none.yaml 2>/dev/full")), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn panic_output_a_run_does_not_die_of_its_progress() {
    let place = Place::new(&with_target());
    for (out, line) in [
        ("a", "{} run small.yaml --out a 2>/dev/full"),
        ("b", "{} run small.yaml --out b 2>&1 | head -1"),
        ("c", "{} run small.yaml --out c 2>&1 | true"),
    ] {
        let ran = shell(&place, line);
        assert_eq!(code(&ran), 0, "{line}: {}", errors(&ran));
        assert!(place.path(out).join("small/report.html").is_file(), "{line}");
    }
}

const RATINGS: &str = "userId,movieId,rating,timestamp\n1,10,4.0,0\n1,11,3.5,0\n2,10,1.0,0\n";

#[cfg(unix)]
#[test]
fn out_replaces_anything_only_what_it_may_and_was_asked_to() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    let place = Place::new(SPEC);
    let csv = place.path("ratings.csv");
    fs::write(&csv, RATINGS).expect("writable");
    fs::write(place.path("theirs"), "theirs").expect("writable");
    symlink("theirs", place.path("link")).expect("writable");
    fs::create_dir(place.path("folder")).expect("writable");
    let made = Command::new("mkfifo").arg(place.path("pipe")).status().expect("mkfifo");
    assert!(made.success());
    let import = ["data", "import", "ratings.csv", "--out"];
    let generate = ["data", "generate", "--scale", "0.001", "--out"];
    let calibrate = ["calibrate", "--rank", "8", "--topics", "8", "--repetitions", "1", "--seconds", "0"];
    for command in [&import[..], &generate, &calibrate] {
        for (file, why) in [
            ("theirs", "is there already: give another file, or --force"),
            ("link", "is a link"),
            ("pipe", "is a named pipe"),
            ("folder", "is a folder"),
            ("none/file", "there is no folder none"),
        ] {
            let reported = place.experiments(&[command, &[file]].concat());
            assert!(
                code(&reported) == 2 && errors(&reported).contains(why),
                "{command:?} {file}: {}",
                errors(&reported)
            );
            let reported = place.experiments(&[command, &[file, "--force"]].concat());
            assert_eq!(
                code(&reported),
                if file == "theirs" { 0 } else { 2 },
                "{command:?} {file}: {}",
                errors(&reported)
            );
        }
        assert_ne!(fs::read(place.path("theirs")).expect("there"), b"theirs", "{command:?}: replaced when asked");
        fs::write(place.path("theirs"), "theirs").expect("writable");
    }
    let onto = place.experiments(&[&import[..], &["ratings.csv", "--force"]].concat());
    assert!(code(&onto) == 2 && errors(&onto).contains("is what is read"), "{}", errors(&onto));
    assert_eq!(text(&csv), RATINGS);
    let kind = |name: &str| fs::symlink_metadata(place.path(name)).expect("there").file_type();
    assert!(kind("link").is_symlink() && kind("pipe").is_fifo() && kind("folder").is_dir());

    // By default names too; and with the mode of any other file.
    assert_eq!(code(&place.experiments(&import[..3])), 0);
    let again = place.experiments(&import[..3]);
    assert!(code(&again) == 2 && errors(&again).contains("ratings.ratings is there already"), "{}", errors(&again));
    fs::write(place.path("any"), "").expect("writable");
    let mode = |name: &str| fs::metadata(place.path(name)).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode("ratings.ratings"), mode("any"));
}

#[cfg(unix)]
#[test]
fn out_replaces_anything_a_report_writes_through_no_link() {
    let place = Place::new(SPEC);
    assert_eq!(code(&place.run(&["--quiet"])), 0);
    fs::write(place.path("theirs"), "theirs").expect("writable");
    for name in ["table.csv", ".lock"] {
        let file = place.path("results/small").join(name);
        let _ = fs::remove_file(&file);
        std::os::unix::fs::symlink(place.path("theirs"), &file).expect("writable");
        let reported = place.experiments(&["report"]);
        assert!(code(&reported) == 2 && errors(&reported).contains("a link is there"), "{name}: {}", errors(&reported));
        assert_eq!(text(&place.path("theirs")), "theirs", "{name}");
        fs::remove_file(&file).expect("there");
    }
}

#[test]
fn same_name_specs_do_not_replace_each_other() {
    let place = Place::new(SPEC);
    for (folder, rank) in [("a", "rank: 4"), ("b", "rank: 8")] {
        fs::create_dir(place.path(folder)).expect("writable");
        fs::write(place.path(folder).join("exp.yaml"), SPEC.replace("rank: 4", rank)).expect("writable");
    }
    for command in ["run", "plan"] {
        let both = place.experiments(&[command, "a/exp.yaml", "b/exp.yaml"]);
        assert_eq!(code(&both), 2, "{command}: {}", errors(&both));
        let reported = errors(&both);
        assert!(
            reported.contains("two specs or variants are named `exp`")
                && reported.contains("a/exp.yaml and ")
                && !reported.contains("begins")
        );
    }
    assert!(!place.path("results").exists(), "nothing was run");

    // The same one twice is one; then again: no message.
    let twice = place.experiments(&["run", "a/exp.yaml", "a/exp.yaml"]);
    assert!(code(&twice) == 0 && errors(&twice).contains("[2 of 2]"), "{}", errors(&twice));
    let again = place.experiments(&["run", "a/exp.yaml", "--quiet"]);
    assert_eq!((code(&again), errors(&again)), (0, String::new()));

    let table = || text(&place.path("results/exp/table.csv"));
    let before = table();
    let other = place.experiments(&["run", "b/exp.yaml"]);
    assert_eq!(code(&other), 2, "{}", errors(&other));
    assert!(errors(&other).contains("holds the results of another spec of that name, "), "{}", errors(&other));
    assert_eq!(table(), before);
    assert_eq!(code(&place.experiments(&["run", "b/exp.yaml", "--out", "other", "--quiet"])), 0);

    // Other cells of the same spec replace them with a warning, quiet or not; more cells replace nothing.
    let more = place.experiments(&["run", "a/exp.yaml", "--quiet", "--set", "seeds=[1, 2]"]);
    assert_eq!((code(&more), errors(&more)), (0, String::new()));
    let set = place.experiments(&["run", "a/exp.yaml", "--quiet", "--set", "workload.mf.rank=2"]);
    assert_eq!(code(&set), 0, "{}", errors(&set));
    assert!(
        errors(&set).contains("exp: 4 of the 4 cells that results/exp shows are not among these"),
        "{}",
        errors(&set)
    );
    // It has moved.
    fs::rename(place.path("a"), place.path("c")).expect("writable");
    let moved = place.experiments(&["run", "c/exp.yaml", "--quiet"]);
    assert!(code(&moved) == 0 && errors(&moved).contains("2 of the 2 cells"), "{}", errors(&moved));
}

#[test]
fn minor_control_characters_in_names_are_refused_and_never_sent() {
    for (part, by, path) in [
        ("name: Gaia", "name: \"G\\e[31m\"", "cells[1].name"),
        ("title: two cells", "title: \"a\\0b\"", "title"),
        ("goal:", "panels: [{ name: \"a\\x7Fb\" }]\ngoal:", "panels[0].name"),
    ] {
        let reported = Place::new(&SPEC.replacen(part, by, 1)).run(&[]);
        assert_eq!(code(&reported), 2, "{path}: {}", errors(&reported));
        let message = format!("{path}: found the control character \\u{{");
        assert!(
            errors(&reported).contains(&message) && !errors(&reported).contains('\x1b'),
            "{path}: {}",
            errors(&reported)
        );
    }
}
