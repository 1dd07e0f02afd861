//! One clock's computation: what was read is copied in, the workload learns, its changes are taken.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::kernel;
use crate::layout::Segment;
use crate::simd::Isa;
use crate::wire::Payload;
use crate::workload::traits::{Evaluation, Workload};

/// The computation of one clock, with all that it reads.
pub struct ClockTask<W: Workload> {
    pub(super) workload: Arc<W>,
    pub(super) isa: Isa,
    pub(super) clock: u32,
    pub(super) state: W::State,
    pub(super) view: Vec<f32>,
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
    pub(super) view: Vec<f32>,
    pub(super) changes: Vec<Vec<Payload>>,
    pub(super) evaluation: Option<Evaluation>,
    pub(super) state_before: Option<Arc<S>>,
}

impl<W: Workload> ClockTask<W> {
    /// Evaluates what was read, if it is time to, then learns (unless the run is over), and takes the difference.
    pub(crate) fn run(mut self) -> ClockDone<W::State> {
        for (stages, pulled) in self.shards.iter().zip(&self.pulled) {
            pulled.iter().for_each(|pulled| pulled.copy_into(&mut self.view, stages, self.isa));
        }
        self.pulled = Vec::new();
        let evaluation = self.evaluate.then(|| self.workload.evaluate(&self.state, &self.view));
        let state_before = self.record_state.then(|| Arc::new(self.state.clone()));
        let mut changes = Vec::new();
        if !self.last {
            let before = self.view.clone();
            self.workload.compute(self.clock, &mut self.state, &mut self.view);
            let change = |stage: &Arc<[Segment]>| change(self.isa, stage, &self.view, &before);
            changes = self.shards.iter().map(|stages| stages.iter().map(change).collect()).collect();
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

/// The changes in these floats.
fn change(isa: Isa, segments: &[Segment], after: &[f32], before: &[f32]) -> Payload {
    let mut change: Arc<[f32]> = std::iter::repeat_n(0.0, floats(segments)).collect();
    let values = Arc::get_mut(&mut change).expect("nobody else has it yet");
    for &Segment { first, second, len } in segments {
        let range = first..first + len;
        kernel::delta(isa, &after[range.clone()], &before[range], &mut values[second..second + len]);
    }
    Payload::Dense(change)
}

pub(super) fn floats(segments: &[Segment]) -> usize {
    segments.iter().map(|segment| segment.len).sum()
}
