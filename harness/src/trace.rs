//! `experiments trace`: writes a run as a trace for Perfetto.

use std::path::{Path, PathBuf};

use paper::trace::{self, Found, TraceError};
use record::failure::Failure;
use record::place::{self, Existing};

use crate::cli::TraceArgs;

/// Writes the trace that `args` ask for, and returns what to show.
///
/// # Errors
/// [`Failure::Input`] when there is no such run, or the file may not be written there; [`Failure::Run`] when writing it fails.
pub fn command(args: &TraceArgs) -> Result<String, Failure> {
    let found = trace::find(&args.dir, &args.cell, args.seed).map_err(Failure::input)?;
    let out = args.out.clone().unwrap_or_else(|| default_out(&found));
    place::check(&out, Existing::forced(args.force), Some(&found.folder)).map_err(Failure::input)?;
    let counts = trace::write(&found, &out).map_err(|error| match error {
        TraceError::Write(error) => Failure::run(error),
        other => Failure::input(other),
    })?;
    let (name, seed, out) = (found.entry.name(), found.entry.seed, out.display());
    let trace::Counts { machines, clocks, parts, arrows } = counts;
    Ok(format!(
        "wrote {out}\n  {name} (seed {seed}): {machines} machines, {clocks} clocks of {parts} parts, {arrows} arrows\n  open it in \
         ui.perfetto.dev\n"
    ))
}

/// `fig13-Gaia-1.trace.json`, where the command runs.
fn default_out(Found { spec, entry, .. }: &Found) -> PathBuf {
    let name = format!("{spec}-{}-{}", entry.name(), entry.seed);
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    Path::new(&format!("{name}.trace.json")).to_owned()
}
