//! The course of learning, which cells share that differ only in their network and the speed of their machines.
//!
//! Where all workers read one model, and exactly the updates of the clocks before ([`Setting::evaluates_one_copy`]), what they learn
//! depends on no link and on no machine: it has the same bits after every clock (gaia-core's invariant "BSP sums in the workers' order").
//! The first such cell of a command records what its workers measured. A later one *replays* it: machines, messages and links run as
//! ever, and every result has the same bytes, but the floats in the messages are not computed.
//!
//! A message's length must not depend on its floats for that: only cells whose machines send dense rows replay. A course is in memory
//! alone: a checkpoint has what its cell's workers have measured, and a replayed cell writes none; when that is killed, it begins again.
//!
//! [`Setting::evaluates_one_copy`]: gaia_core::setting::Setting::evaluates_one_copy

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use emulator::time::Duration;
use gaia_core::layout::Layout;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::sync::config::{Encoding, System};
use gaia_core::workload::traits::{Evaluation, Workload};
use planning::plan::Plan;
use planning::workload::split::Split;
use record::results::{MetricValues, Sample};

use super::goal::Goal;

/// Courses that a command keeps at most.
const MOST_KEPT: usize = 6;
/// Floats of the copies of a model that a course keeps at most, but always the last: cells end at one of its last clocks.
const MOST_FLOATS: usize = 16 << 20;

/// The courses of a command's cells.
#[derive(Debug, Default)]
pub(super) struct Courses {
    /// By what they depend on; the one that was used last is the last.
    kept: Mutex<VecDeque<(String, Arc<Course>)>>,
}

/// What all workers measured after each clock, from the first on.
#[derive(Debug, Default)]
pub(super) struct Course {
    clocks: Vec<Clock>,
    /// The model after some of the last clocks.
    copies: VecDeque<(u32, Vec<f32>)>,
}

#[derive(Debug)]
struct Clock {
    evaluations: Vec<Evaluation>,
    objective: f64,
    metrics: MetricValues,
}

/// All that the course of a plan's learning depends on, as text; `None` means that it depends on its network, or runs in real time.
pub(super) fn key(plan: &Plan) -> Option<String> {
    let placed = plan.placed();
    let System::Global(inside) = &placed.system else { return None };
    if !inside.model().is_synchronous() || !plan.launch.is_simulated() {
        return None;
    }
    let learning = (&placed.workload, &placed.data, placed.seed, placed.split, inside, &placed.sources);
    // An even split knows machines, and no sites.
    let machines = if placed.split == Split::Even { vec![placed.machine_count()] } else { placed.machines_per_site };
    Some(serde_json::to_string(&(learning, machines)).expect("plans have text keys and finite numbers"))
}

/// Whether messages of the plan have lengths that do not depend on what is learned.
pub(super) fn has_fixed_lengths(plan: &Plan) -> bool {
    plan.encoding.inside == Encoding::Dense
}

impl Courses {
    /// The course of this key.
    pub(super) fn find(&self, key: &str) -> Option<Arc<Course>> {
        let mut kept = self.kept.lock().expect("no holder panics");
        let found = kept.iter().position(|(known, _)| known == key)?;
        let entry = kept.remove(found)?;
        let course = entry.1.clone();
        kept.push_back(entry);
        Some(course)
    }

    /// Keeps a course, unless a longer one of the key is here.
    pub(super) fn keep(&self, key: String, course: Course) {
        let known = self.find(&key).map_or(0, |known| known.clocks.len());
        if course.clocks.len() <= known {
            return;
        }
        let mut kept = self.kept.lock().expect("no holder panics");
        kept.retain(|(other, _)| *other != key);
        kept.push_back((key, Arc::new(course)));
        if kept.len() > MOST_KEPT {
            kept.pop_front();
        }
    }
}

impl Course {
    /// The course up to a checkpoint, from what each worker measured by clock and the samples of the same clocks; `None` where they
    /// are not of the same, because nobody wanted a course then. Models before the checkpoint are gone: cells that end there learn.
    pub(super) fn up_to(measured: &[Vec<Evaluation>], samples: &[Sample]) -> Option<Course> {
        let clocks = measured.iter().zip(samples).map(|(evaluations, sample)| Clock::of(evaluations.clone(), sample));
        (measured.len() == samples.len()).then(|| Course { clocks: clocks.collect(), copies: VecDeque::new() })
    }

    /// Records the next clock: what each worker measured, its sample, and the model.
    pub(super) fn push(&mut self, evaluations: Vec<Evaluation>, sample: &Sample, copy: &[f32]) {
        self.copies.push_back((self.clocks.len() as u32, copy.to_vec()));
        self.clocks.push(Clock::of(evaluations, sample));
        while self.copies.len() > 1 && self.copies.len() * copy.len() > MOST_FLOATS {
            self.copies.pop_front();
        }
    }

    /// The clock at which a cell of this course ends; `None` where the course does not reach it, or has no copy of its model any more.
    pub(super) fn end(&self, goal: &Goal, max_clocks: u32) -> Option<u32> {
        let objectives: Vec<f64> = self.clocks.iter().map(|clock| clock.objective).collect();
        let ended = |clocks: usize| goal.end(&objectives[..clocks], max_clocks).map(|end| end.clock);
        let clock = (1..=objectives.len()).find_map(ended)?;
        self.copies.iter().any(|(of, _)| *of == clock).then_some(clock)
    }

    /// The values of the metrics after a clock.
    pub(super) fn metrics(&self, clock: u32) -> MetricValues {
        self.clocks[clock as usize].metrics.clone()
    }

    /// The model after a clock at which a cell [ends](Course::end).
    pub(super) fn copy(&self, clock: u32) -> &[f32] {
        let (_, copy) = self.copies.iter().find(|(of, _)| *of == clock).expect("the course has a copy of its end");
        copy
    }
}

impl Clock {
    fn of(evaluations: Vec<Evaluation>, sample: &Sample) -> Clock {
        Clock { evaluations, objective: sample.objective, metrics: sample.metrics.clone() }
    }
}

/// A learner whose measurements are those of a course. Its rows are never looked at.
#[derive(Debug)]
pub(super) struct Replayed<W> {
    pub(super) learner: Arc<W>,
    pub(super) worker: usize,
    pub(super) course: Arc<Course>,
}

impl<W: Workload> Workload for Replayed<W> {
    /// The clocks that are done.
    type State = u32;

    fn layout(&self) -> Layout {
        self.learner.layout()
    }

    fn declared_rows(&self) -> &[u32] {
        self.learner.declared_rows()
    }

    fn initial_row(&self, _: u32, values: &mut [f32]) {
        values.fill(0.0);
    }

    fn initial_state(&self) -> u32 {
        0
    }

    fn compute(&self, _: u32, done: &mut u32, _: &mut [f32]) {
        *done += 1;
    }

    fn evaluates(&self, clock: u32) -> bool {
        self.learner.evaluates(clock)
    }

    fn evaluate(&self, done: &u32, _: &[f32]) -> Evaluation {
        self.course.clocks[*done as usize].evaluations[self.worker]
    }

    fn duration(&self, clock: u32, kind: &MachineKind, similitude: &Similitude) -> Duration {
        self.learner.duration(clock, kind, similitude)
    }

    fn clocks_per_pass(&self) -> u32 {
        self.learner.clocks_per_pass()
    }

    fn learning_rate_factor(&self, clock: u32) -> f64 {
        self.learner.learning_rate_factor(clock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(objectives: &[f64], floats: usize) -> Course {
        let mut course = Course::default();
        for &objective in objectives {
            course.push(vec![Evaluation::default()], &sample(objective), &vec![objective as f32; floats]);
        }
        course
    }

    fn sample(objective: f64) -> Sample {
        Sample {
            clock: 0,
            seconds: 0.0,
            objective,
            objective_one_copy: objective,
            metrics: MetricValues::default(),
            wan_bytes: 0,
            wan_bytes_actual: 0,
        }
    }

    #[test]
    fn a_course_goes_on_after_a_checkpoint() {
        let measured = vec![vec![Evaluation::default()]; 2];
        assert!(Course::up_to(&measured, &[sample(9.0)]).is_none(), "there was no course at first");
        let mut course = Course::up_to(&measured, &[9.0, 5.0].map(sample)).expect("all clocks are there");
        course.push(vec![Evaluation::default()], &sample(4.0), &[4.0]);
        assert_eq!(course.end(&Goal::Reach(4.0), 100), Some(2));
        assert_eq!(course.copy(2), [4.0]);
        assert_eq!(course.end(&Goal::Reach(5.0), 100), None, "its model is gone");
    }

    #[test]
    fn a_course_ends_where_the_goal_is_met_if_its_model_is_kept() {
        let all = course(&[9.0, 5.0, 4.0, 4.5], 1);
        assert_eq!(all.end(&Goal::Reach(5.0), 100), Some(1));
        assert_eq!(all.copy(1), [5.0]);
        assert_eq!(all.end(&Goal::Reach(3.0), 100), None, "it is not known how it goes on");
        assert_eq!(all.end(&Goal::Reach(3.0), 3), Some(3), "given up");
        assert_eq!(all.end(&Goal::DoClocks, 2), Some(2));
        let long = course(&[9.0, 5.0, 4.0], MOST_FLOATS / 2);
        assert_eq!((long.end(&Goal::Reach(9.0), 9), long.end(&Goal::Reach(5.0), 9)), (None, Some(1)));
        let large = course(&[9.0, 5.0], MOST_FLOATS + 1);
        assert_eq!(large.copies.len(), 1, "the last is always kept");
    }

    #[test]
    fn the_longest_of_the_courses_used_last_are_kept() {
        let courses = Courses::default();
        let clocks = |key: &str| courses.find(key).map(|course| course.clocks.len());
        courses.keep("first".into(), course(&[3.0, 2.0], 1));
        courses.keep("first".into(), course(&[3.0], 1));
        assert_eq!(clocks("first"), Some(2));
        for number in 1..MOST_KEPT {
            courses.keep(number.to_string(), course(&[1.0], 1));
        }
        assert_eq!(clocks("first"), Some(2));
        courses.keep("one more".into(), course(&[1.0], 1));
        assert_eq!((clocks("first"), clocks("1"), clocks("one more")), (Some(2), None, Some(1)));
    }
}
