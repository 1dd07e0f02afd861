//! The list of sync models that the build script writes, and its errors.

#[path = "../build/models.rs"]
mod models;

use gaia_core::sync::config::{Between, Inside};

/// The call of `list!` for files with these names and texts.
fn call(files: &[(&str, &str)]) -> Result<String, Vec<String>> {
    let files: Vec<(String, String)> = files.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
    models::call("list", "models", &files)
}

#[test]
fn every_file_but_the_declarations_is_an_entry() {
    let files = [
        ("bsp", "/// Bulk.\npub struct Bsp {}\n"),
        ("local_steps", "pub enum LocalSteps {\n"),
        ("mod", "//! Models.\n\nmod bsp;\npub mod local_steps;\n"),
    ];
    assert_eq!(call(&files).unwrap(), "list! {\n    bsp::Bsp,\n    local_steps::LocalSteps,\n}\n");
    assert_eq!(call(&[("mod", "")]).unwrap(), "list! {\n}\n");
}

#[test]
fn an_error_contains_what_to_add() {
    let declared = ("mod", "mod tap;\n// mod other;\n");
    let errors = |name: &str, text: &str| call(&[declared, (name, text)]).unwrap_err();
    assert_eq!(
        errors("other", "pub struct Other;"),
        ["models/mod.rs: expected the line `mod other;`, because the folder has other.rs"]
    );
    for text in ["struct Tap;", "pub struct TapSettings {}", "pub struct Tape;", ""] {
        assert_eq!(
            errors("tap", text),
            ["models/tap.rs: expected `pub struct Tap`, the settings of the model"],
            "{text}"
        );
    }
    for name in ["my-model", "Tap", "_tap", "2nd"] {
        assert_eq!(errors(name, "").len(), 1, "{name}");
        assert!(errors(name, "")[0].contains("expected a file name of a-z"), "{name}");
    }
    assert_eq!(call(&[("a", ""), ("b", ""), ("mod", "")]).unwrap_err().len(), 2, "each is reported");
}

#[test]
fn the_lists_are_in_alphabetical_order() {
    let names: [Vec<String>; 2] = [
        Inside::all().into_iter().map(|model| model.name).collect(),
        Between::all().into_iter().map(|model| model.name).collect(),
    ];
    assert!(names.iter().all(|names| names.len() >= 2 && names.is_sorted()), "{names:?}");
}
