//! Total Asynchronous Parallel: nobody waits for anybody. A read is answered at once, with whatever the server has, and a
//! worker computes from the last answer that it got while the next one is on its way (the paper's section 2.2; what Hogwild!
//! and Project Adam do among machines).
//!
//! Nothing bounds how stale a row may be, so that nothing is promised about convergence: where links are slower than the
//! workers, updates wait on them without limit.

use serde::{Deserialize, Serialize};

use crate::sync::inside::SyncModelInside;
use crate::sync::{Apply, CacheState, Hold, ReadState, SyncModel};

/// Total Asynchronous Parallel: nobody waits for anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tap {}

impl SyncModel for Tap {
    fn apply(&self) -> Apply {
        Apply::OnArrival
    }

    fn may_read(&self, _: &ReadState) -> Result<(), Hold> {
        Ok(())
    }

    fn cache_serves(&self, _: &CacheState) -> bool {
        true
    }
}

impl SyncModelInside for Tap {
    const ABOUT: &'static str = "nobody waits for anybody";
    const EXAMPLE: Self = Tap {};

    fn in_words(&self) -> String {
        "TAP".into()
    }
}
