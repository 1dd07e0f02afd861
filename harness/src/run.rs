//! `experiments run`: runs specs one after another, and reports on each.

use std::process::ExitCode;
use std::time::Duration;

use emulator::real::clock::Dilation;
use gaia_core::simd::Isa;
use paper::report;
use planning::plan::Registries;
use record::failure::Failure;
use record::say;
use running::{Host, Options, Progress, RunSpecError};
use thiserror::Error;

use crate::cli::{IsaChoice, Launcher, RunArgs};
use crate::commands::experiments;
use crate::evidence::{check_junit, evidence};

pub use running::{Who, node, read_checkpoint};

/// Instructions that this processor does not have.
#[derive(Debug, Error)]
#[error("this processor has no {asked}: the strongest that it has is {has}")]
struct NoIsa {
    asked: &'static str,
    has: &'static str,
}

/// Runs every spec and writes its report, whatever cells fail.
///
/// # Errors
/// [`Failure::Input`] for specs and options that cannot be run, [`Failure::Run`] for cells that failed.
pub fn command(args: &RunArgs, registries: Registries<'_>) -> Result<ExitCode, Failure> {
    check_junit(args.junit.as_deref())?;
    let options = Options {
        jobs: args.jobs,
        isa: isa(args.isa).map_err(Failure::run)?,
        checkpoint_every: Duration::from_secs_f64(args.checkpoint_every),
        memory: args.memory,
        replays: !args.no_replay,
        progress: if args.quiet { Progress::Hidden } else { Progress::Shown },
    };
    let mut host = Host::new(&options).map_err(Failure::run)?;
    if args.launcher == Some(Launcher::Simulated) && args.dilation != Dilation::NONE {
        return Err(Failure::input(
            "--dilation: simulated runs have no wall clock: expected `--launcher local` with it",
        ));
    }
    let mut experiments = experiments(&args.specs, &args.changes(), registries)?;
    running::prepare(&mut host, &mut experiments, &args.specs, args.device, &args.out)?;
    let (mut failed, mut figures, mut shown) = (Vec::new(), Vec::new(), Ok(()));
    for experiment in &mut experiments {
        let (errors, report) =
            running::run(&host, experiment, &args.out, |folder| report::report(folder).map_err(Failure::run))?;
        failed.extend(errors);
        figures.push(report.evidence());
        if !args.quiet {
            // Returned when all is done: results are not worth less because they cannot be shown.
            shown = shown.and(say::out(&report.to_string()));
        }
    }
    let judged = evidence(args.strict, args.junit.as_deref(), &args.out, &figures);
    if failed.len() > 1 {
        return Err(Failure::run(RunSpecError::Several(failed)));
    }
    if let Some(error) = failed.pop() {
        return Err(Failure::run(error));
    }
    shown.map_err(Failure::run)?;
    judged
}

fn isa(choice: IsaChoice) -> Result<Isa, NoIsa> {
    let asked = match choice {
        IsaChoice::Auto => return Ok(Isa::detect()),
        IsaChoice::Avx512 => Isa::Avx512,
        IsaChoice::Avx2 => Isa::Avx2,
        IsaChoice::Scalar => Isa::Scalar,
    };
    if asked.is_supported() {
        return Ok(asked);
    }
    Err(NoIsa { asked: asked.name(), has: Isa::detect().name() })
}
