//! Gaia: BSP or SSP inside a site, Approximate Synchronous Parallel between sites (paper sections 3.2 and 4.3).
//!
//! * Significance filter: what leaves a site is the accumulated update of a parameter, once it exceeds the threshold.
//! * Soft threshold (where the user wants speed most): while links are idle, less significant updates go too.
//! * Selective barrier: rows are not read before what is announced of them, and needed for the clock of the read, is there.
//! * Mirror clock: a site whose clock is more than DS ahead of the slowest other site's answers no reads. The clock of a
//!   site at a server is that of the slowest of its workers.
//!
//! A worker reads only what the server has answered for this very clock: a cached copy knows nothing of barred rows.

use super::config::{Gaia, MirrorClock, Schedule, SelectiveBarrier, UserGoal};
use super::rule::Rule;
use super::{Apply, BestEffort, CacheState, Hold, Outgoing, Progress, ReadState, SyncModel};

pub(super) struct GaiaModel {
    settings: Gaia,
    inside: Box<dyn SyncModel>,
}

impl GaiaModel {
    pub(super) fn new(settings: Gaia) -> Self {
        GaiaModel { inside: settings.inside.model(), settings }
    }
}

impl SyncModel for GaiaModel {
    fn apply(&self) -> Apply {
        self.inside.apply()
    }

    fn rule(&self) -> Rule {
        self.inside.rule()
    }

    fn may_read(&self, read: &ReadState) -> Result<(), Hold> {
        self.inside.may_read(read)?;
        if let (MirrorClock::Bounded { staleness }, Some(mirror)) = (self.settings.mirror_clock, read.mirror_clock)
            && read.data_clock > mirror.saturating_add(staleness)
        {
            return Err(Hold::MirrorClock);
        }
        if read.barred { Err(Hold::BarredRow) } else { Ok(()) }
    }

    fn cache_serves(&self, cache: &CacheState) -> bool {
        cache.asked_for >= cache.clock && self.inside.cache_serves(cache)
    }

    fn outgoing(&self, progress: &Progress) -> Outgoing {
        let significance = &self.settings.significance;
        let factor = match significance.schedule {
            Schedule::Constant => 1.0,
            Schedule::SqrtClocks => 1.0 / f64::from(progress.clock.max(1)).sqrt(),
            Schedule::SqrtPasses => 1.0 / f64::from((progress.clock / progress.clocks_per_pass).max(1)).sqrt(),
            Schedule::LearningRate => progress.learning_rate_factor,
        };
        Outgoing::Significant { threshold: (significance.threshold * factor) as f32 }
    }

    fn best_effort(&self) -> Option<BestEffort> {
        match self.settings.goal {
            UserGoal::Cheapest {} => None,
            UserGoal::Fastest { soft, seconds } => Some(BestEffort { of_threshold: soft, seconds }),
        }
    }

    fn barrier_backlog_seconds(&self) -> Option<f64> {
        match self.settings.selective_barrier {
            SelectiveBarrier::Off {} => None,
            SelectiveBarrier::Backlog { seconds } => Some(seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::config::{Inside, Relay, Significance, Ways};

    fn model(schedule: Schedule) -> GaiaModel {
        GaiaModel::new(Gaia {
            inside: Inside::BSP,
            significance: Significance { threshold: 0.01, schedule },
            selective_barrier: SelectiveBarrier::default(),
            mirror_clock: MirrorClock::Bounded { staleness: 1 },
            overlay: Ways::default(),
            relay: Relay::default(),
            goal: UserGoal::default(),
        })
    }

    #[test]
    fn the_threshold_follows_its_schedule() {
        let progress = Progress { clock: 40, clocks_per_pass: 10, learning_rate_factor: 0.25 };
        let threshold = |schedule| match model(schedule).outgoing(&progress) {
            Outgoing::Significant { threshold } => threshold,
            Outgoing::Nothing => panic!("Gaia sends"),
        };
        assert_eq!(threshold(Schedule::Constant), 0.01);
        assert_eq!(threshold(Schedule::SqrtClocks), (0.01 / 40f64.sqrt()) as f32);
        assert_eq!(threshold(Schedule::SqrtPasses), 0.005);
        assert_eq!(threshold(Schedule::LearningRate), 0.0025);
    }

    #[test]
    fn reads_wait_for_workers_then_sites_then_rows() {
        let model = model(Schedule::Constant);
        let read = |data_clock, mirror, barred| {
            model.may_read(&ReadState { clock: 5, data_clock, mirror_clock: Some(mirror), barred })
        };
        assert_eq!(read(4, 9, false), Err(Hold::Staleness));
        assert_eq!(read(5, 3, false), Err(Hold::MirrorClock));
        assert_eq!(read(5, 4, true), Err(Hold::BarredRow));
        assert_eq!(read(5, 4, false), Ok(()));
    }
}
