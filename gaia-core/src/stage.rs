//! The times at which the layer groups of a clock are computed and sent: the overlap of transfers with computation (GeePS, section 3.2).
//!
//! A workload's rows may form stages, in the order in which a clock needs them. Each has a share of the clock's forward and
//! backward work. Forward, stage `l` begins when stage `l - 1` is done and its own rows are there. Backward goes from the last
//! stage to the first, and a stage's changes are written and sent when it is done. With one stage nothing overlaps: all rows,
//! then the work, then all changes.

use emulator::time::{Duration, Instant};

use crate::layout::Stage;

/// The modelled times of a clock, once all its rows are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StagePlan {
    /// The time at which each stage's changes go out, the last stage first. The clock ends with the last of them.
    pub(crate) pushes: Vec<Instant>,
    /// Time in which the machine had to wait for the rows of each stage; zero for the first.
    pub(crate) stalls: Vec<Duration>,
}

impl StagePlan {
    /// `ready`: when each stage's rows were there, the first stage first, not falling. `compute`: the whole clock's work.
    /// `encode`: the time of writing each stage's changes.
    pub(crate) fn new(stages: &[Stage], ready: &[Instant], compute: Duration, encode: &[Duration]) -> Self {
        let work = shares(stages, compute);
        let (forward, backward) = work.split_at(stages.len());
        let mut at = ready[0];
        let mut stalls = Vec::with_capacity(stages.len());
        for (&ready, &span) in ready.iter().zip(forward) {
            stalls.push(ready.saturating_since(at));
            at = at.max(ready) + span;
        }
        let backward = backward.iter().zip(encode.iter().rev());
        let pushes = backward.map(|(&span, &encode)| {
            at = at + span + encode;
            at
        });
        StagePlan { pushes: pushes.collect(), stalls }
    }
}

/// `whole` by the stages' weights: forward in their order, then backward from the last; together exactly `whole`.
fn shares(stages: &[Stage], whole: Duration) -> Vec<Duration> {
    let forward = stages.iter().map(|stage| stage.forward);
    let weights: Vec<u64> = forward.chain(stages.iter().rev().map(|stage| stage.backward)).collect();
    let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    let mut sum = 0;
    let mut before = 0;
    weights
        .iter()
        .map(|&weight| {
            sum += u128::from(weight);
            let until = (u128::from(whole.as_nanos()) * sum / total.max(1)) as u64;
            Duration::from_nanos(until - std::mem::replace(&mut before, until))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages() -> Vec<Stage> {
        vec![Stage { until: 3, forward: 1, backward: 2 }, Stage { until: 5, forward: 3, backward: 4 }]
    }

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    fn span(nanos: u64) -> Duration {
        Duration::from_nanos(nanos)
    }

    #[test]
    fn one_stage_is_rows_work_changes() {
        let one = [Stage { until: 5, forward: 1, backward: 2 }];
        let plan = StagePlan::new(&one, &[at(7)], span(100), &[span(10)]);
        assert_eq!(plan, StagePlan { pushes: vec![at(117)], stalls: vec![Duration::ZERO] });
    }

    #[test]
    fn work_begins_with_the_first_rows_and_sends_before_the_end() {
        let plan = StagePlan::new(&stages(), &[at(10), at(15)], span(100), &[span(1), span(2)]);
        // Forward 10 and 30 from 10 on; backward 40 and 20, with the last stage's changes written first.
        assert_eq!(
            plan,
            StagePlan { pushes: vec![at(10 + 40 + 40 + 2), at(10 + 100 + 3)], stalls: vec![Duration::ZERO; 2] }
        );
    }

    #[test]
    fn late_rows_stall_and_the_parts_add_up() {
        let plan = StagePlan::new(&stages(), &[at(10), at(60)], span(101), &[span(1), span(2)]);
        assert_eq!(plan.stalls, [Duration::ZERO, span(40)]);
        assert_eq!(*plan.pushes.last().expect("two"), at(10) + span(101) + span(3) + span(40));
    }
}
