//! `experiments calibrate`: its file is a machine kind that specs can name, and is not overwritten by accident.

use std::path::Path;
use std::process::{Command, Output};

use harness::machines;

const SPEC: &str = "
goal: { clocks: 1 }
workload: { mf: { rank: 4 } }
data: { generated: { users: 60, items: 20, ratings: 600 } }
machines: made/here.yaml
cells:
  - { name: BSP, profile: va-ca, machines-per-site: 1, system: { global: { bsp: {} } } }
";

fn experiments(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_experiments")).current_dir(folder).args(words).output().expect("the binary runs")
}

/// As little work as can be measured.
fn calibrate(folder: &Path, more: &[&str]) -> Output {
    let words =
        ["calibrate", "made/here.yaml", "--rank", "8", "--topics", "8", "--repetitions", "2", "--seconds", "0.001"];
    experiments(folder, &[&words, more].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_calibrated_kind_is_named_by_a_spec_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::create_dir(path.join("made")).unwrap();
    let made = calibrate(path, &["--cores", "3"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(text(&made.stdout).contains("M rating updates/s at rank 8"), "{}", text(&made.stdout));

    let kind = machines::find("made/here.yaml", path).unwrap();
    assert_eq!((kind.name.as_str(), kind.mf.rank, kind.lda.topics), ("here", 8, 8));
    assert!(kind.fitted.is_empty());
    for words in ["measured on ", " by `experiments calibrate`: medians of 2 repetitions", "times 3 cores", "decode "] {
        assert!(kind.source.contains(words), "{words}: {}", kind.source);
    }
    let images = if cfg!(feature = "torch") {
        "ic: cifar10-quick in batches of 64 on cpu, times 3 cores"
    } else {
        "needs libtorch"
    };
    assert!(kind.source.contains(images), "{}", kind.source);
    assert!(kind.ic.images_per_second > 0.0 && kind.ic.billion_multiplications > 0.0);
    let server = kind.server;
    let rates = [
        kind.mf.updates_per_second,
        kind.lda.tokens_per_second,
        server.apply_gb_per_second,
        server.filter_gb_per_second,
        server.encode_gb_per_second,
        server.decode_gb_per_second,
    ];
    assert!(rates.iter().all(|rate| rate.is_finite() && *rate > 0.0), "{rates:?}");

    std::fs::write(path.join("mine.yaml"), SPEC).unwrap();
    let run = experiments(path, &["run", "mine.yaml", "--quiet"]);
    assert!(run.status.success(), "{}", text(&run.stderr));

    let before = std::fs::read(path.join("made/here.yaml")).unwrap();
    let again = calibrate(path, &[]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("made/here.yaml is there already"), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("--force"));
    assert_eq!(std::fs::read(path.join("made/here.yaml")).unwrap(), before);
    assert!(calibrate(path, &["--cores", "1", "--force"]).status.success());
    assert!(machines::find("made/here.yaml", path).unwrap().source.contains("times 1 core,"));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let failed = calibrate(folder.path(), &[]);
    assert_eq!(failed.status.code(), Some(2));
    assert!(text(&failed.stderr).contains("there is no folder made"), "{}", text(&failed.stderr));
}
