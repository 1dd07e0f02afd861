//! `experiments fit`: fits constants of the model to measured numbers, and prints a summary.

use std::time::Duration;

use fit::{Job, LeaveOut};
use gaia_core::simd::Isa;
use record::failure::Failure;
use running::{Options, Progress};

use crate::cli::FitArgs;

/// Wall time between two checkpoints of a cell: those of a fit are short.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);

/// Makes the fit, writes its files, and gives the text to print.
///
/// # Errors
/// [`Failure::Input`] for a spec that cannot be fitted, [`Failure::Run`] for cells and files that failed.
pub fn command(args: &FitArgs) -> Result<String, Failure> {
    let job = Job {
        spec: args.spec.clone(),
        changes: args.changes.changes(),
        out: args.out.clone(),
        options: Options {
            jobs: args.jobs,
            isa: Isa::detect(),
            checkpoint_every: CHECKPOINT_EVERY,
            memory: args.memory,
            replays: true,
            progress: if args.quiet { Progress::Hidden } else { Progress::Counted },
        },
        device: args.device,
        leave_out: if args.leave_out { LeaveOut::Always } else { LeaveOut::IfCheap },
    };
    Ok(fit::fit(&job)?.summary())
}
