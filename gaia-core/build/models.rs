//! The list of the models in a folder, as the call of a macro: one entry `module::Type` per file, where `Type` is the file's name
//! in the form of a type, `LocalSteps` for `local_steps`.
//!
//! The `mod` lines stay in the folder's `mod.rs`, because rustfmt and editors follow only those that they can see. A file without its
//! line, or without its type, is an error that contains what to add. The text is searched and not parsed: `pub struct Name` in a comment
//! counts, and the compiler then reports what is missing.

/// The call of `macro_name!` with the models of `folder`, in the order of `files`: pairs of a name without ending, and a text.
///
/// # Errors
/// One message per file that cannot be listed.
pub(crate) fn call(macro_name: &str, folder: &str, files: &[(String, String)]) -> Result<String, Vec<String>> {
    let declared = files.iter().find(|(name, _)| name == "mod").map_or("", |(_, text)| text);
    let models = || files.iter().filter(|(name, _)| name != "mod");
    let problems: Vec<String> = models().filter_map(|(name, text)| problem(folder, name, text, declared)).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let entries: String = models().map(|(name, _)| format!("    {name}::{},\n", camel_case(name))).collect();
    Ok(format!("{macro_name}! {{\n{entries}}}\n"))
}

fn problem(folder: &str, name: &str, text: &str, declared: &str) -> Option<String> {
    let is_name = name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if !is_name {
        return Some(format!(
            "{folder}/{name}.rs: expected a file name of a-z, 0-9 and `_`, from which the type follows"
        ));
    }
    let line = format!("mod {name};");
    if !declared.lines().any(|it| it.trim_start_matches("pub ") == line) {
        return Some(format!("{folder}/mod.rs: expected the line `{line}`, because the folder has {name}.rs"));
    }
    let model = camel_case(name);
    let is_type = |kind: &&str| {
        let declaration = format!("pub {kind} {model}");
        let mut behind = text.split(&declaration).skip(1);
        behind.any(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_'))
    };
    let has_type = ["struct", "enum"].iter().any(is_type);
    (!has_type).then(|| format!("{folder}/{name}.rs: expected `pub struct {model}`, the settings of the model"))
}

/// The name of a file as that of its type: `local_steps` as `LocalSteps`.
fn camel_case(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}
