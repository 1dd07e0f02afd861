//! Every reader of outside input stands what fuzzing found: the targets of ci/fuzz over their corpora, one thread each. They are compiled
//! here, from what stands for the other tests already; as a crate of its own workspace ci/fuzz would build the testbed a second time.

use std::fs;
use std::panic;
use std::path::Path;
use std::thread;

#[path = "../../ci/fuzz/src/lib.rs"]
pub mod fuzz;

/// Runs a target over its corpus; `None` when it has none, else the inputs that it panicked at.
fn broken(name: &str, run: fn(&[u8])) -> Option<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/fuzz/corpora").join(name);
    let files: Vec<_> = fs::read_dir(folder).ok()?.map(|entry| entry.expect("a readable folder").path()).collect();
    let stands = |data: Vec<u8>| panic::catch_unwind(|| run(&data)).is_ok();
    let broken = files.iter().filter(|file| !stands(fs::read(file).expect("a readable file")));
    (!files.is_empty()).then(|| broken.map(|file| file.display().to_string()).collect())
}

#[test]
fn every_target_stands_every_input_of_its_corpus() {
    let all = fuzz::TARGETS.map(|(name, run)| (name, thread::spawn(move || broken(name, run))));
    for (name, target) in all {
        let broken = target.join().expect("panics of a target are caught");
        assert_eq!(broken, Some(Vec::new()), "{name}");
    }
}

#[test]
fn every_corpus_has_a_target() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/fuzz/corpora");
    for corpus in fs::read_dir(corpora).expect("the corpora") {
        let corpus = corpus.expect("a readable folder").file_name();
        assert!(fuzz::TARGETS.iter().any(|(name, _)| corpus == **name), "{} has no target", corpus.display());
    }
}

#[test]
fn an_input_that_a_target_cannot_stand_is_named() {
    let found = broken("iperf", |_| panic!("it cannot")).expect("the corpus of iperf has inputs");
    assert!(found.len() > 1 && found[0].contains("corpora/iperf"), "{found:?}");
    assert_eq!(broken("no such corpus", |_| ()), None);
}
