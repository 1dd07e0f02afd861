//! One clock's computation: what was read is copied in, the workload learns, its changes are taken.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::kernel;
use crate::layout::Segment;
use crate::server::store::gather;
use crate::simd::Isa;
use crate::spare::Spare;
use crate::wire::Payload;
use crate::workload::traits::{Evaluation, Workload};

/// The computation of one clock, with all that it reads.
pub struct ClockTask<W: Workload> {
    pub(super) workload: Arc<W>,
    pub(super) isa: Isa,
    pub(super) clock: u32,
    pub(super) state: W::State,
    /// The worker's rows; without any floats where every shard has sent all of them anew.
    pub(super) view: Vec<f32>,
    /// The floats of all rows.
    pub(super) floats: usize,
    pub(super) spare: Arc<Spare>,
    /// Whether the rows are needed after the computation.
    pub(super) keeps_view: bool,
    pub(super) shards: Vec<Arc<[Arc<[Segment]>]>>,
    /// The data that bring the view up to date, one entry per shard: `Some` where the shard has sent anything new.
    pub(super) pulled: Vec<Option<Pulled>>,
    pub(super) last: bool,
    pub(super) evaluate: bool,
    pub(super) record_state: bool,
}

/// A shard's answer, and own changes that it lacks; each by stage.
pub(super) struct Pulled {
    pub(super) rows: Vec<Payload>,
    pub(super) own: Vec<Vec<Payload>>,
}

/// The outcome of a clock's computation: the learned state, and its changes.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClockDone<S> {
    pub(super) state: S,
    /// The worker's rows; no floats where they are not needed again.
    pub(super) view: Vec<f32>,
    pub(super) changes: Vec<Vec<Payload>>,
    pub(super) evaluation: Option<Evaluation>,
    pub(super) state_before: Option<Arc<S>>,
}

impl<W: Workload> ClockTask<W> {
    /// Evaluates what was read, if it is time to, then learns (unless the run is over), and takes the difference.
    pub(crate) fn run(mut self) -> ClockDone<W::State> {
        if self.view.len() != self.floats {
            debug_assert!(self.view.is_empty() && self.pulled.iter().all(Option::is_some), "rows that are sent anew");
            self.view = self.spare.take(self.floats);
        }
        for (stages, pulled) in self.shards.iter().zip(&self.pulled) {
            pulled.iter().for_each(|pulled| pulled.copy_into(&mut self.view, stages, self.isa));
        }
        self.pulled = Vec::new();
        let evaluation = self.evaluate.then(|| self.workload.evaluate(&self.state, &self.view));
        let state_before = self.record_state.then(|| Arc::new(self.state.clone()));
        let mut changes = Vec::new();
        if !self.last {
            // Taken out before, in the arrays of the messages: the view is changed in its place.
            let of_stage = |stage: &Arc<[Segment]>| gather(&self.view, stage);
            let mut before: Vec<Vec<Arc<[f32]>>> =
                self.shards.iter().map(|stages| stages.iter().map(of_stage).collect()).collect();
            self.workload.compute(self.clock, &mut self.state, &mut self.view);
            for (stages, before) in self.shards.iter().zip(&mut before) {
                stages.iter().zip(before).for_each(|(stage, before)| change(self.isa, stage, &self.view, before));
            }
            changes = before.into_iter().map(|stages| stages.into_iter().map(Payload::Dense).collect()).collect();
        }
        if !self.keeps_view {
            self.spare.give(std::mem::take(&mut self.view));
        }
        ClockDone { state: self.state, view: self.view, changes, evaluation, state_before }
    }
}

impl Pulled {
    fn copy_into(&self, view: &mut [f32], stages: &[Arc<[Segment]>], isa: Isa) {
        for (stage, segments) in stages.iter().enumerate() {
            let Payload::Dense(values) = &self.rows[stage] else { unreachable!("rows are dense") };
            for &Segment { first, second, len } in segments.iter() {
                view[first..first + len].copy_from_slice(&values[second..second + len]);
            }
            for own in &self.own {
                let Payload::Dense(change) = &own[stage] else { unreachable!("own changes are dense") };
                for &Segment { first, second, len } in segments.iter() {
                    kernel::add_assign(isa, &mut view[first..first + len], &change[second..second + len]);
                }
            }
        }
    }
}

/// Turns the values of these floats `before` into their changes.
fn change(isa: Isa, segments: &[Segment], after: &[f32], before: &mut Arc<[f32]>) {
    let values = Arc::get_mut(before).expect("nobody else has it yet");
    for &Segment { first, second, len } in segments {
        kernel::delta(isa, &after[first..first + len], &mut values[second..second + len]);
    }
}

pub(super) fn floats(segments: &[Segment]) -> usize {
    segments.iter().map(|segment| segment.len).sum()
}
