//! Systems with a parameter server in every site: a sync model among the workers of a site, and a model between the sites.

use serde::{Deserialize, Serialize};

use super::between::Between;
use super::between::model::BetweenSites;
use super::rule::Rule;
use super::{Apply, CacheState, Communication, Hold, Inside, ReadState, SyncModel};

/// A parameter server in every site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sites {
    /// The model among the workers of a site.
    pub inside: Inside,
    /// The model between the sites.
    pub between: Between,
}

impl Sites {
    /// The two as one model.
    pub fn model(&self) -> Box<dyn SyncModel> {
        Box::new(SitesModel { inside: self.inside.model(), between: self.between.model() })
    }
}

struct SitesModel {
    inside: Box<dyn SyncModel>,
    between: Box<dyn BetweenSites>,
}

impl SyncModel for SitesModel {
    fn apply(&self) -> Apply {
        self.inside.apply()
    }

    fn rule(&self) -> Rule {
        self.inside.rule()
    }

    fn may_read(&self, read: &ReadState) -> Result<(), Hold> {
        self.inside.may_read(read)?;
        self.between.may_read(read)
    }

    fn cache_serves(&self, cache: &CacheState) -> bool {
        self.between.cache_serves(cache) && self.inside.cache_serves(cache)
    }

    fn pushes(&self) -> bool {
        self.inside.pushes()
    }

    fn exchanges_after(&self, clock: u32) -> bool {
        self.inside.exchanges_after(clock)
    }

    fn communication(&self) -> Communication {
        self.inside.communication()
    }

    fn between(&self) -> Option<&dyn BetweenSites> {
        Some(&*self.between)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::between::Significant;

    #[test]
    fn reads_wait_for_workers_then_sites_then_rows() {
        let model = Sites { inside: Inside::BSP, between: Between::Significant(Significant::default()) }.model();
        let read = |data_clock, mirror, barred| {
            let mirror_clock = Some(mirror);
            model.may_read(&ReadState { clock: 5, data_clock, mirror_clock, merged_clock: 0, barred })
        };
        assert_eq!(read(4, 9, false), Err(Hold::Staleness));
        assert_eq!(read(5, 3, false), Err(Hold::MirrorClock));
        assert_eq!(read(5, 4, true), Err(Hold::BarredRow));
        assert_eq!(read(5, 4, false), Ok(()));
    }
}
