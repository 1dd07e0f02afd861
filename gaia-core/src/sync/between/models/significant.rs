//! Significant updates: Approximate Synchronous Parallel between sites (paper sections 3.2 and 4.3).
//!
//! * Significance filter: what leaves a site is the accumulated update of a parameter, once it exceeds the threshold.
//! * Soft threshold (where the user wants speed most): while links are idle, less significant updates go too.
//! * Selective barrier: rows are not read before what is announced of them, and needed for the clock of the read, is there.
//! * Mirror clock: a site whose clock is more than DS ahead of the slowest other site's answers no reads. The clock of a
//!   site at a server is that of the slowest of its workers.
//!
//! A worker reads only what the server has answered for this very clock: a cached copy knows nothing of barred rows.

use serde::{Deserialize, Serialize};

use crate::sync::Inside;
use crate::sync::between::model::{BestEffort, BetweenSites, Outgoing};
use crate::sync::between::settings::SyncModelBetween;
use crate::sync::between::ways::{Relay, Ways};
use crate::sync::inside::Barred;
use crate::sync::problem::{InvalidSetting, MAX_CLOCKS};
use crate::sync::state::{CacheState, Hold, Progress, ReadState};

/// Updates go to the other sites once they are significant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Significant {
    /// The threshold above which an update is significant, and its schedule.
    #[serde(default)]
    pub significance: Significance,
    /// The condition under which the indexes of updates go ahead of their values.
    #[serde(default)]
    pub selective_barrier: SelectiveBarrier,
    /// The limit on the lead of a site over the slowest.
    #[serde(default)]
    pub mirror_clock: MirrorClock,
    /// The ways that updates take between sites.
    #[serde(default, skip_serializing_if = "Ways::are_direct")]
    pub overlay: Ways,
    /// The treatment of other sites' updates in hubs.
    #[serde(default, skip_serializing_if = "Relay::is_default")]
    pub relay: Relay,
    /// The goal of the user: little traffic, or little time.
    #[serde(default, skip_serializing_if = "UserGoal::is_default")]
    pub goal: UserGoal,
}

/// An accumulated update is significant when |accumulated / current value| exceeds the threshold (paper section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Significance {
    /// The threshold at the start: 0.01 is the paper's 1 %. 0 makes every update significant.
    pub threshold: f64,
    /// The schedule by which it falls from there.
    pub schedule: ThresholdSchedule,
}

/// The schedule of the significance threshold v over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThresholdSchedule {
    /// The same v in all clocks.
    Constant,
    /// v / sqrt(t), t in clocks, from 1 (paper section 3.2).
    SqrtClocks,
    /// v / sqrt(t), t in passes over the data, from 1.
    SqrtPasses,
    /// v times the learning rate over its first value, as the author's public code has it.
    LearningRate,
}

/// The selective barrier (paper section 4.3, Figure 6a).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SelectiveBarrier {
    /// Rows are never barred.
    Off {},
    /// Rows are barred if the backlog on a link exceeds what it drains in `seconds`.
    Backlog {
        /// Seconds of the link's rate.
        seconds: f64,
    },
}

/// The mirror clock (paper section 4.3, Figure 6b).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum MirrorClock {
    /// Sites may run apart without limit.
    Off {},
    /// A site more than `staleness` clocks ahead of the slowest waits (DS in the paper).
    Bounded {
        /// DS, in clocks: 0 to 1000.
        staleness: u32,
    },
}

/// The user's main goal: little traffic, or little time (paper section 4.2: a soft threshold below the hard one).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum UserGoal {
    /// Only what exceeds the threshold is sent.
    Cheapest {},
    /// While links are idle, what exceeds a lower, soft threshold is sent too.
    Fastest {
        /// The soft threshold, as a share of the threshold of the moment.
        #[serde(default = "tenth")]
        soft: f64,
        /// The longest that a message of such updates may occupy the slowest of its links, in seconds.
        #[serde(default = "tenth")]
        seconds: f64,
    },
}

fn tenth() -> f64 {
    0.1
}

impl Significance {
    /// The threshold and its schedule, in a few words.
    pub fn in_words(&self) -> String {
        let schedule = match self.schedule {
            ThresholdSchedule::Constant => "",
            ThresholdSchedule::SqrtClocks => "/sqrt(clocks)",
            ThresholdSchedule::SqrtPasses => "/sqrt(passes)",
            ThresholdSchedule::LearningRate => " by learning rate",
        };
        format!("{}{schedule}", self.threshold)
    }
}

impl UserGoal {
    /// Whether it is the default, which plans leave out.
    pub fn is_default(&self) -> bool {
        *self == UserGoal::default()
    }
}

impl Default for UserGoal {
    fn default() -> Self {
        UserGoal::Cheapest {}
    }
}

impl Default for Significance {
    fn default() -> Self {
        Significance { threshold: 0.01, schedule: ThresholdSchedule::SqrtClocks }
    }
}

impl Default for SelectiveBarrier {
    fn default() -> Self {
        SelectiveBarrier::Backlog { seconds: 1.0 }
    }
}

impl Default for MirrorClock {
    fn default() -> Self {
        MirrorClock::Bounded { staleness: 1 }
    }
}

impl BetweenSites for Significant {
    fn may_read(&self, read: &ReadState) -> Result<(), Hold> {
        if let (MirrorClock::Bounded { staleness }, Some(mirror)) = (self.mirror_clock, read.mirror_clock)
            && read.data_clock > mirror.saturating_add(staleness)
        {
            return Err(Hold::MirrorClock);
        }
        if read.barred { Err(Hold::BarredRow) } else { Ok(()) }
    }

    fn cache_serves(&self, cache: &CacheState) -> bool {
        cache.asked_for >= cache.clock
    }

    fn outgoing(&self, progress: &Progress) -> Outgoing {
        let significance = &self.significance;
        let factor = match significance.schedule {
            ThresholdSchedule::Constant => 1.0,
            ThresholdSchedule::SqrtClocks => 1.0 / f64::from(progress.clock.max(1)).sqrt(),
            ThresholdSchedule::SqrtPasses => 1.0 / f64::from((progress.clock / progress.clocks_per_pass).max(1)).sqrt(),
            ThresholdSchedule::LearningRate => progress.learning_rate_factor,
        };
        Outgoing::Significant { threshold: (significance.threshold * factor) as f32 }
    }

    fn best_effort(&self) -> Option<BestEffort> {
        match self.goal {
            UserGoal::Cheapest {} => None,
            UserGoal::Fastest { soft, seconds } => Some(BestEffort { of_threshold: soft, seconds }),
        }
    }

    fn barrier_backlog_seconds(&self) -> Option<f64> {
        match self.selective_barrier {
            SelectiveBarrier::Off {} => None,
            SelectiveBarrier::Backlog { seconds } => Some(seconds),
        }
    }

    fn ways(&self) -> Ways {
        self.overlay.clone()
    }

    fn relay(&self) -> Relay {
        self.relay
    }
}

impl SyncModelBetween for Significant {
    const ABOUT: &'static str = "updates go to the other sites once they are significant (Gaia)";

    fn example() -> Self {
        Significant::default()
    }

    fn in_words(&self) -> String {
        let barrier = match self.selective_barrier {
            SelectiveBarrier::Off {} => "no selective barrier".into(),
            SelectiveBarrier::Backlog { seconds } => format!("barrier over {seconds} s"),
        };
        let mirror = match self.mirror_clock {
            MirrorClock::Off {} => "no mirror clock".into(),
            MirrorClock::Bounded { staleness } => format!("mirror clock {staleness}"),
        };
        let soft = match self.goal {
            UserGoal::Cheapest {} => String::new(),
            UserGoal::Fastest { soft, .. } => format!(", soft {soft} of it"),
        };
        format!("{}{soft}, {barrier}, {mirror}{}", self.significance.in_words(), self.overlay.in_words(self.relay))
    }

    fn check(&self, inside: &Inside) -> Vec<InvalidSetting> {
        let mut problems = Vec::new();
        if let Some(barred) = inside.bars_from_sites() {
            let (found, expected) = match barred {
                Barred::Setting(found, expected) => (found, expected.to_owned()),
                Barred::Model(why) => (why, format!("{} among the workers of a site", able())),
            };
            problems.push(InvalidSetting::new(&format!("inside.{}", inside.name()), found, expected));
        }
        problems.extend(InvalidSetting::outside("significance.threshold", self.significance.threshold, 0.0..=10.0));
        if let UserGoal::Fastest { soft, seconds } = self.goal {
            problems.extend(InvalidSetting::outside("goal.fastest.soft", soft, 0.0..=1.0));
            problems.extend(InvalidSetting::not_positive("goal.fastest.seconds", seconds, MOST_SECONDS));
        }
        if let SelectiveBarrier::Backlog { seconds } = self.selective_barrier {
            problems.extend(InvalidSetting::not_positive("selective-barrier.backlog.seconds", seconds, MOST_SECONDS));
        }
        if let MirrorClock::Bounded { staleness } = self.mirror_clock {
            problems.extend(InvalidSetting::outside("mirror-clock.bounded.staleness", staleness, 0..=MAX_CLOCKS));
        }
        problems
    }
}

/// The most seconds of a link's rate that a setting may name.
const MOST_SECONDS: f64 = 3600.0;

/// The models that can keep the workers of such a site together: `bsp` or `ssp`, in backquotes.
fn able() -> String {
    let all = Inside::all().into_iter();
    let able = all.filter(|model| !matches!(model.example.bars_from_sites(), Some(Barred::Model(_))));
    able.map(|model| format!("`{}`", model.name)).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(schedule: ThresholdSchedule) -> Significant {
        Significant { significance: Significance { threshold: 0.01, schedule }, ..Significant::default() }
    }

    #[test]
    fn the_threshold_follows_its_schedule() {
        let progress = Progress { clock: 40, clocks_per_pass: 10, learning_rate_factor: 0.25 };
        let threshold = |schedule| match model(schedule).outgoing(&progress) {
            Outgoing::Significant { threshold } => threshold,
            Outgoing::Nothing => panic!("it sends"),
        };
        assert_eq!(threshold(ThresholdSchedule::Constant), 0.01);
        assert_eq!(threshold(ThresholdSchedule::SqrtClocks), (0.01 / 40f64.sqrt()) as f32);
        assert_eq!(threshold(ThresholdSchedule::SqrtPasses), 0.005);
        assert_eq!(threshold(ThresholdSchedule::LearningRate), 0.0025);
    }
}
