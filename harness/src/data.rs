//! `experiments data`: what data sets there are, and making, checking and converting files of them.

use std::path::{Path, PathBuf};

use planning::plan::{DataSet, Kind, read_any};
use record::aligned::{Side, aligned};
use record::failure::Failure;
use record::place::{self, Existing};

use crate::cli::DataCommand;
use crate::entry::Entry;

/// The seed of the held-out part where no run's seed is given.
const SEED: u64 = 1;

/// Does a data command and gives what to show.
pub fn command(command: &DataCommand) -> Result<String, Failure> {
    match command {
        DataCommand::List => Ok(list()),
        DataCommand::Import { path, out, force } => import(path, out.as_deref(), Existing::forced(*force)),
        DataCommand::Generate { what, scale, seed, out, force } => {
            let default = PathBuf::from(format!("generated.{}", what.about().ending));
            generate(*what, *scale, *seed, out.as_ref().unwrap_or(&default), Existing::forced(*force))
        }
        DataCommand::Verify { path } => verify(path),
    }
}

/// Names and descriptions of what can be learnt from: what can be generated, then formats.
pub(crate) fn known() -> Vec<Entry> {
    let formats = || Kind::ALL.iter().flat_map(|kind| kind.about().formats.iter().map(move |entry| (kind, entry)));
    let (generated, read): (Vec<_>, Vec<_>) = formats().partition(|(kind, (name, _))| *name == kind.about().generated);
    let entries = generated.into_iter().chain(read).map(|(_, (name, about))| Entry::new(*name, *about));
    entries.chain([Entry::new("cache", "what `experiments data import` and `generate` write")]).collect()
}

fn list() -> String {
    let rows: Vec<[String; 2]> = known().into_iter().map(|Entry { name, about }| [name, about]).collect();
    let mut text = aligned(&[Side::Left], &rows);
    text.push_str("Formats are recognised by content, in a file or a folder; text and idx may be gzipped (.gz), images in .tar, .tar.gz or .tar.xz.\n");
    text
}

fn import(path: &Path, out: Option<&Path>, existing: Existing) -> Result<String, Failure> {
    let free = |out: &Path| place::check(out, existing, Some(path)).map_err(Failure::input);
    // Before minutes of reading, not after.
    out.map_or(Ok(()), free)?;
    let data = read_any(path, SEED).map_err(Failure::input)?;
    data.may_write().map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
    let out = out.map_or_else(|| default_out(path, data.kind().about().ending), Path::to_path_buf);
    free(&out)?;
    data.write(Some(path), &out)?;
    Ok(written(&data, &out))
}

/// The name of the file or folder, with another ending, where the command runs.
fn default_out(path: &Path, ending: &str) -> PathBuf {
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let name = whole.file_name().map_or_else(|| "imported".into(), |name| name.to_string_lossy().into_owned());
    let stem = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("imported");
    PathBuf::from(format!("{stem}.{ending}"))
}

fn generate(kind: Kind, scale: Option<f64>, seed: u64, out: &Path, existing: Existing) -> Result<String, Failure> {
    let source = kind.at_scale(scale).map_err(|wrong| Failure::input(format!("--{wrong}")))?;
    place::check(out, existing, None).map_err(Failure::input)?;
    let data = source.generate(seed).expect("the settings of generated data");
    data.write(None, out)?;
    Ok(written(&data, out))
}

fn verify(path: &Path) -> Result<String, Failure> {
    let data = read_any(path, SEED).map_err(Failure::input)?;
    data.verify().map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
    Ok(format!("{}: whole\n{}", path.display(), numbers(&data)))
}

fn written(data: &DataSet, out: &Path) -> String {
    format!("wrote {}\n{}", out.display(), numbers(data))
}

fn numbers(data: &DataSet) -> String {
    let hash = blake3::Hash::from_bytes(*data.hash()).to_hex();
    format!("  {}\n  {}\n  hash {hash}\n", data.name(), data.in_numbers())
}
