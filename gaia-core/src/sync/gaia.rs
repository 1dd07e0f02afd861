//! Gaia and `Gaia_Async` (paper sections 3 and 4) as specs spell them: a parameter server in every site, and significant updates between them.
//!
//! Both are [`Sites`] with [`Significant`]; which settings they write down is all that they differ in.

use serde::{Deserialize, Serialize};

use super::Inside;
use super::between::{Between, MirrorClock, Relay, SelectiveBarrier, Significance, Significant, UserGoal, Ways};
use super::sites::Sites;

/// Gaia's settings (paper sections 3 and 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gaia {
    /// The model among the workers of a site.
    pub inside: Inside,
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

/// The settings of `Gaia_Async`: those of Gaia that it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GaiaAsync {
    /// The model among the workers of a site.
    pub inside: Inside,
    /// The threshold above which an update is significant, and its schedule.
    #[serde(default)]
    pub significance: Significance,
    /// The ways that updates take between sites.
    #[serde(default, skip_serializing_if = "Ways::are_direct")]
    pub overlay: Ways,
    /// The treatment of other sites' updates in hubs.
    #[serde(default, skip_serializing_if = "Relay::is_default")]
    pub relay: Relay,
}

impl Gaia {
    /// Gaia with these models.
    pub fn new(inside: Inside, significant: Significant) -> Self {
        let Significant { significance, selective_barrier, mirror_clock, overlay, relay, goal } = significant;
        Gaia { inside, significance, selective_barrier, mirror_clock, overlay, relay, goal }
    }
}

impl From<&Gaia> for Sites {
    fn from(gaia: &Gaia) -> Sites {
        let Gaia { inside, significance, selective_barrier, mirror_clock, overlay, relay, goal } = gaia.clone();
        let significant = Significant { significance, selective_barrier, mirror_clock, overlay, relay, goal };
        Sites { inside, between: Between::Significant(significant) }
    }
}

impl From<&GaiaAsync> for Sites {
    fn from(gaia: &GaiaAsync) -> Sites {
        let GaiaAsync { inside, significance, overlay, relay } = gaia.clone();
        let (selective_barrier, mirror_clock) = (SelectiveBarrier::Off {}, MirrorClock::Off {});
        let goal = UserGoal::default();
        let significant = Significant { significance, selective_barrier, mirror_clock, overlay, relay, goal };
        Sites { inside, between: Between::Significant(significant) }
    }
}
