//! Runs every target over its corpus, on any Rust: `corpora FOLDER`, the folder of the corpora. Ends with a panic at the first input
//! that a target cannot stand, and names it.

use std::fs;
use std::path::Path;
use std::time::Instant;

fn main() {
    let corpora = std::env::args().nth(1).expect("usage: corpora FOLDER");
    let mut inputs = 0;
    for (name, run) in fuzz::TARGETS {
        let begun = Instant::now();
        let folder = Path::new(&corpora).join(name);
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{}: no inputs", folder.display());
        for file in &files {
            let data = fs::read(file).expect("a readable file");
            let outcome = std::panic::catch_unwind(|| run(&data));
            assert!(outcome.is_ok(), "{name} cannot stand {}", file.display());
        }
        inputs += files.len();
        println!("{name}: {} inputs, {:.1} s", files.len(), begun.elapsed().as_secs_f64());
    }
    println!("{inputs} inputs of {} targets", fuzz::TARGETS.len());
}
