//! The copy of a shard's rows that a worker keeps.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::task::Pulled;
use crate::message::Rows;
use crate::wire::Payload;

/// The rows of one shard that a worker has.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Cache {
    /// The stages of the answer that is coming in.
    pub(super) coming: Vec<Rows>,
    /// The last answer, by stage; the payloads go with the task that copies them into the view.
    pub(super) rows: Option<Vec<Rows>>,
    pub(super) copied: bool,
    /// The clock of the request under way.
    pub(super) asked: Option<u32>,
    /// Own changes that an answer may not include, by clock and stage.
    pub(super) own: VecDeque<(u32, Vec<Payload>)>,
}

impl Cache {
    /// Takes in the next of an answer's `stages` parts. Returns whether it is whole now.
    pub(super) fn take_in(&mut self, rows: Rows, stages: usize) -> bool {
        self.coming.push(rows);
        if self.coming.len() < stages {
            return false;
        }
        let rows = std::mem::take(&mut self.coming);
        self.asked = None;
        self.own.retain(|&(clock, _)| clock >= rows[0].includes);
        self.rows = Some(rows);
        self.copied = false;
        true
    }

    /// The last answer, unless the view has it already, and own changes that it lacks. Copying is the task's.
    pub(super) fn pull(&mut self) -> Option<Pulled> {
        if self.copied {
            return None;
        }
        self.copied = true;
        let answer = self.rows.as_mut().expect("a cache that serves holds an answer");
        let take = |rows: &mut Rows| std::mem::replace(&mut rows.payload, Payload::Dense(Arc::from([])));
        let rows = answer.iter_mut().map(take).collect();
        Some(Pulled { rows, own: self.own.iter().map(|(_, stages)| stages.clone()).collect() })
    }
}
