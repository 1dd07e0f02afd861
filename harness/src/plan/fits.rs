//! Whether this host can hold what is to run.

use std::fmt;

use thiserror::Error;

use super::estimate::memory;
use super::show::bytes;
use super::{Data, Experiment, Plan, Planned};
use crate::spec::Workload;

/// Cells are named up to so many.
const NAMED: usize = 5;

/// Cells that need more memory than there is.
#[derive(Clone, Debug, Error, PartialEq)]
pub(crate) struct TooLarge {
    /// The cells, and what each needs, in bytes.
    cells: Vec<(String, f64)>,
    /// What there is.
    limit: u64,
    /// What would make them smaller.
    hint: &'static str,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = bytes(self.limit as f64);
        write!(f, "{} of the cells need more memory than the {limit} that there are:", self.cells.len())?;
        for (cell, needed) in self.cells.iter().take(NAMED) {
            write!(f, "\n  {cell}: about {}", bytes(*needed))?;
        }
        if self.cells.len() > NAMED {
            f.write_str("\n  ...")?;
        }
        write!(f, "\nexpected {}, or a host with more (--memory SIZE: as if there were so much)", self.hint)
    }
}

/// Refuses what needs more than `limit` bytes while it runs alone.
///
/// # Errors
/// [`TooLarge`], with every such cell.
pub(crate) fn check(experiments: &[Experiment], limit: u64) -> Result<(), TooLarge> {
    let all = || experiments.iter().flat_map(|experiment| experiment.plans.iter().map(move |plan| (experiment, plan)));
    let needed = |planned: &Planned| memory(&planned.plan).alone();
    let name = |(experiment, planned): (&Experiment, &Planned)| format!("{} {}", experiment.name, planned.name());
    let too_large = || all().filter(|(_, planned)| needed(planned) > limit as f64);
    let mut cells: Vec<(String, f64)> = too_large().map(|it| (name(it), needed(it.1))).collect();
    // Of several seeds one.
    cells.dedup_by(|a, b| a.0 == b.0);
    match too_large().next() {
        Some((_, first)) => Err(TooLarge { cells, limit, hint: hint(&first.plan) }),
        None => Ok(()),
    }
}

fn hint(plan: &Plan) -> &'static str {
    match (&plan.data, &plan.workload) {
        (Data::Generated { .. } | Data::GeneratedCorpus { .. }, Workload::Mf(_)) => {
            "a smaller `data.generated.scale` or `workload.mf.rank`"
        }
        (Data::Generated { .. } | Data::GeneratedCorpus { .. }, Workload::Lda(_)) => {
            "a smaller `data.generated-corpus.scale` or `workload.lda.topics`"
        }
        (_, Workload::Mf(_)) => "fewer ratings or a smaller `workload.mf.rank`",
        (_, Workload::Lda(_)) => "fewer documents or a smaller `workload.lda.topics`",
        (_, Workload::Ic(_)) => "a smaller `workload.ic.network` or fewer machines",
    }
}
