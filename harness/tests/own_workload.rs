//! The worked example of docs/your-own-workload.md: sparse logistic regression, three folders and a line in each list.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every source file of a folder, one after another.
fn sources(folder: &str) -> String {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join(folder)).expect(folder).map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let sources = files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    sources.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn the_document_shows_the_code_and_the_lines() {
    let document = read("docs/your-own-workload.md");
    let folders = ["datasets/src/sparse", "gaia-core/src/workload/lr", "harness/planning/src/workload/lr"];
    let lists = [
        "datasets/src/lib.rs",
        "gaia-core/src/workload/mod.rs",
        "gaia-core/src/rates.rs",
        "harness/planning/src/workload/mod.rs",
        "harness/planning/src/workload/list.rs",
    ];
    let code: Vec<String> = folders.map(sources).into_iter().chain(lists.map(read)).collect();
    let pieces: Vec<&str> = document.split("```rust\n").skip(1).filter_map(|piece| piece.split("```").next()).collect();
    assert!(pieces.len() >= 8, "{} pieces", pieces.len());
    for piece in pieces {
        assert!(code.iter().any(|file| file.contains(piece)), "not in the code:\n{piece}");
    }
    for path in folders.iter().map(|folder| format!("{folder}/")).chain(lists.map(str::to_owned)) {
        assert!(document.contains(&format!("`{path}`")), "{path} in the document");
    }
    for name in document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.starts_with("harness/") || word.starts_with("gaia-core/"))
    {
        assert!(root().join(name).exists(), "{name}");
    }
}

#[test]
fn the_document_names_every_method_without_a_default() {
    let document = read("docs/your-own-workload.md");
    for (file, name) in [("kind.rs", "WorkloadKind"), ("estimated.rs", "Estimated")] {
        let code = read(&format!("harness/planning/src/workload/{file}"));
        let start = code.find(&format!("pub trait {name}")).expect("the trait");
        let end = start + code[start..].find("\n}\n").expect("its end");
        // Declarations that end with a semicolon have no body.
        let methods = code[start..end].split("\n    fn ").skip(1);
        let missing: Vec<&str> = methods
            .filter(|method| method.find(';').unwrap_or(usize::MAX) < method.find(" {\n").unwrap_or(usize::MAX))
            .filter_map(|method| method.split(['(', '<']).next())
            .filter(|name| !document.contains(&format!("`{name}`")))
            .collect();
        assert_eq!(missing, [] as [&str; 0], "{name}");
    }
}
