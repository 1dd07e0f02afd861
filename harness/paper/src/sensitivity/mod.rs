//! How the answer to a what-if question depends on its inputs: what to do, where that flips, and how much each input matters.
//!
//! [`Choice`] is one way to train: across sites, or in one after moving the data. Its time and cost at a factor of an input are computed
//! from its run ([`Effect::Recorded`]: prices, raw data and steps enter linearly into recorded hours and bytes), or from runs
//! with that input changed ([`Effect::Simulated`], between which times and costs are taken to be linear in the inverse factor, exact for a
//! transfer at a rate). Nothing is extrapolated beyond the runs.

mod flips;

use gaia_core::sync::config::System;
use record::results::CellResult;
use record::results::whatif::{Asked, Input};

use crate::figures::training::{Parts, Training, moves_raw_data};
use crate::plans;

pub(crate) use self::flips::recommendation;

/// What an answer is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// USD of the whole.
    Cost,
    /// Seconds of the whole.
    Time,
}

/// An input of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Known from runs with the input changed.
    Simulated(Input),
    /// Known from what was recorded.
    Recorded(Linear),
}

/// An input that enters linearly into time and cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linear {
    /// The prices of traffic.
    EgressPrices,
    /// The prices of machines.
    MachinePrices,
    /// The bytes of raw data.
    RawData,
    /// The steps of a training of given length.
    Steps,
}

/// Time and cost of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) seconds: f64,
    /// `None` without prices.
    pub(crate) usd: Option<f64>,
}

/// A run of a choice with an input changed.
struct Variation {
    input: Input,
    times: f64,
    outcome: Outcome,
}

/// One way to train.
pub(crate) struct Choice {
    /// The cell's name.
    pub(crate) name: String,
    /// In words: `Gaia across sites`.
    pub(crate) words: String,
    pub(crate) outcome: Outcome,
    parts: Option<Parts>,
    /// What moving the raw data takes; nothing for others.
    moving: Outcome,
    /// What the steps take that a training of given length can have more of or less.
    steps: Outcome,
    /// The simulated steps as a share of all: fewer are not known.
    simulated_share: f64,
    variations: Vec<Variation>,
}

impl Effect {
    /// The inputs, in the order of tables.
    pub(crate) const ALL: [Effect; 8] = [
        Effect::Simulated(Input::Bandwidth),
        Effect::Simulated(Input::RoundTrips),
        Effect::Simulated(Input::ComputeSpeed),
        Effect::Simulated(Input::Model),
        Effect::Recorded(Linear::EgressPrices),
        Effect::Recorded(Linear::MachinePrices),
        Effect::Recorded(Linear::RawData),
        Effect::Recorded(Linear::Steps),
    ];

    /// The input in words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Effect::Simulated(input) => input.name(),
            Effect::Recorded(Linear::EgressPrices) => "prices of traffic",
            Effect::Recorded(Linear::MachinePrices) => "prices of machines",
            Effect::Recorded(Linear::RawData) => "raw data",
            Effect::Recorded(Linear::Steps) => "steps",
        }
    }
}

impl Outcome {
    /// The number that is judged.
    pub(crate) fn by(&self, by: By) -> Option<f64> {
        match by {
            By::Cost => self.usd,
            By::Time => Some(self.seconds),
        }
    }

    fn plus(&self, other: &Outcome, times: f64) -> Outcome {
        let usd = self.usd.map(|usd| usd + other.usd.unwrap_or(0.0) * times);
        Outcome { seconds: self.seconds + other.seconds * times, usd }
    }
}

impl Choice {
    /// The ways to train among `given`, the cells of the question as it was asked; with those of `varied`, whose inputs are changed. Cells that
    /// did not reach what they were to reach, and those on another network (LAN), are none. The first seed counts.
    pub(crate) fn all(asked: &Asked, given: &[CellResult], varied: &[CellResult]) -> Vec<Choice> {
        let Some(first) = given.first() else { return Vec::new() };
        let is_choice = |run: &&CellResult| {
            let plan = plans::of(run);
            run.panel == first.panel
                && run.summary.seed == first.summary.seed
                && (run.summary.seconds_to_target.is_some() || run.training_steps.is_some())
                && plan.is_some_and(|plan| plan.profile.name == asked.assumptions.network.name)
        };
        let others = || given.iter().chain(varied);
        given.iter().filter(is_choice).filter_map(|run| Choice::of(asked, run, others())).collect()
    }

    fn of<'a>(asked: &Asked, run: &CellResult, others: impl Iterator<Item = &'a CellResult>) -> Option<Choice> {
        let training = Training::of(run)?;
        let outcome = outcome(&training);
        let same = |other: &&CellResult| other.cell == run.cell && other.summary.seed == run.summary.seed;
        let variation = |other: &CellResult| {
            let varied = asked.varied.iter().chain(&asked.ranges).find(|varied| varied.panel == other.panel)?;
            let outcome = self::outcome(&Training::of(other)?);
            Some(Variation { input: varied.input, times: varied.times, outcome })
        };
        let per_step = training.steady.usd_per_step.map(|parts| parts.total());
        let steps = run.training_steps.map_or(0.0, |steps| steps as f64);
        Some(Choice {
            name: run.cell.clone(),
            words: words(run),
            outcome,
            parts: training.cost,
            moving: moving(run, &training),
            steps: Outcome { seconds: steps * training.steady.seconds_per_step, usd: per_step.map(|usd| usd * steps) },
            simulated_share: if steps > 0.0 { f64::from(run.summary.clocks) / steps } else { 1.0 },
            variations: others.filter(same).filter_map(variation).collect(),
        })
    }

    /// Time and cost with the input at `times` its value. `None` means that no run shows it.
    pub(crate) fn at(&self, effect: Effect, times: f64) -> Option<Outcome> {
        let Outcome { seconds, usd } = self.outcome;
        let more = times - 1.0;
        match effect {
            Effect::Simulated(input) => self.between(input, times),
            Effect::Recorded(Linear::EgressPrices) => {
                Some(Outcome { seconds, usd: Some(usd? + self.parts?.communication * more) })
            }
            Effect::Recorded(Linear::MachinePrices) => {
                let parts = self.parts?;
                Some(Outcome { seconds, usd: Some(usd? + (parts.machine_compute + parts.machine_network) * more) })
            }
            Effect::Recorded(Linear::RawData) => Some(self.outcome.plus(&self.moving, more)),
            Effect::Recorded(Linear::Steps) if times < self.simulated_share => None,
            Effect::Recorded(Linear::Steps) => Some(self.outcome.plus(&self.steps, more)),
        }
    }

    /// Whether it takes another time or cost at all when the input changes.
    pub(crate) fn depends_on(&self, effect: Effect) -> bool {
        match effect {
            Effect::Simulated(input) => self.variations.iter().any(|of| of.input == input),
            Effect::Recorded(Linear::RawData) => self.moving.seconds > 0.0,
            Effect::Recorded(Linear::Steps) => self.steps.seconds > 0.0,
            Effect::Recorded(_) => self.parts.is_some(),
        }
    }

    /// The least factor of the number of steps that is known.
    pub(crate) fn least_steps(&self) -> f64 {
        self.simulated_share
    }

    /// The least and the greatest factor of an input that runs show.
    pub(crate) fn range(&self, input: Input) -> (f64, f64) {
        let times = self.variations.iter().filter(|of| of.input == input).map(|of| of.times);
        times.fold((1.0, 1.0), |(low, high), times| (low.min(times), high.max(times)))
    }

    /// Between the two runs on either side, linear in the inverse of the factor.
    fn between(&self, input: Input, times: f64) -> Option<Outcome> {
        let given = Variation { input, times: 1.0, outcome: self.outcome };
        let mut known: Vec<&Variation> = self.variations.iter().filter(|of| of.input == input).collect();
        known.push(&given);
        known.sort_by(|a, b| a.times.total_cmp(&b.times));
        if let Some(exact) = known.iter().find(|of| of.times == times) {
            return Some(exact.outcome);
        }
        let pair = known.windows(2).find(|pair| (pair[0].times..=pair[1].times).contains(&times))?;
        let (low, high) = (pair[0], pair[1]);
        let share = (1.0 / low.times - 1.0 / times) / (1.0 / low.times - 1.0 / high.times);
        let mix = |low: f64, high: f64| low + (high - low) * share;
        let usd = low.outcome.usd.zip(high.outcome.usd).map(|(low, high)| mix(low, high));
        Some(Outcome { seconds: mix(low.outcome.seconds, high.outcome.seconds), usd })
    }
}

/// The best of `choices`; `None` where one has no such number.
pub(crate) fn best(choices: &[Choice], by: By) -> Option<&Choice> {
    let known: Option<Vec<(f64, &Choice)>> =
        choices.iter().map(|choice| Some((choice.outcome.by(by)?, choice))).collect();
    known?.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, choice)| choice)
}

fn outcome(training: &Training) -> Outcome {
    Outcome { seconds: training.seconds, usd: training.cost.map(|cost| cost.total()) }
}

/// What moving the raw data takes, to one step: until the read of the first step is answered.
fn moving(run: &CellResult, training: &Training) -> Outcome {
    if !moves_raw_data(run) {
        return Outcome { seconds: 0.0, usd: None };
    }
    let seconds = run.samples.first().map_or(0.0, |first| first.seconds);
    let machines = training.steady.usd_per_step.map(|step| {
        let learning = step.total() / training.steady.seconds_per_step * (training.seconds - seconds);
        training.cost.map_or(0.0, |cost| cost.total() - learning).max(0.0)
    });
    Outcome { seconds, usd: machines }
}

/// A choice in words.
fn words(run: &CellResult) -> String {
    match plans::of(run).map(|plan| plan.system) {
        Some(System::Centralized(central)) => format!("moving the data to {}", central.site),
        _ => format!("{} across sites", run.cell),
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A choice with this outcome, all of its cost for traffic.
    pub(crate) fn choice(name: &str, seconds: f64, usd: f64) -> Choice {
        let nothing = Outcome { seconds: 0.0, usd: None };
        Choice {
            name: name.into(),
            words: format!("{name} across sites"),
            outcome: Outcome { seconds, usd: Some(usd) },
            parts: Some(Parts { machine_compute: 0.0, machine_network: 0.0, communication: usd }),
            moving: nothing,
            steps: nothing,
            simulated_share: 1.0,
            variations: Vec::new(),
        }
    }

    impl Choice {
        /// With runs at these factors of an input.
        pub(crate) fn varied(mut self, input: Input, of: &[(f64, f64, f64)]) -> Choice {
            let variation = |&(times, seconds, usd): &(f64, f64, f64)| Variation {
                input,
                times,
                outcome: Outcome { seconds, usd: Some(usd) },
            };
            self.variations.extend(of.iter().map(variation));
            self
        }

        /// After moving data.
        pub(crate) fn moving(self, seconds: f64, usd: f64) -> Choice {
            Choice { moving: Outcome { seconds, usd: Some(usd) }, ..self }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::choice;
    use super::*;

    #[test]
    fn between_runs_a_transfer_at_a_rate_is_exact() {
        // 100 s of computing and 60 s of a transfer.
        let seconds = |times: f64| 100.0 + 60.0 / times;
        let runs: Vec<(f64, f64, f64)> = [0.5, 2.0].map(|times| (times, seconds(times), 1.0)).into();
        let gaia = choice("Gaia", seconds(1.0), 1.0).varied(Input::Bandwidth, &runs);
        for times in [0.5, 0.6, 0.9, 1.0, 1.3, 2.0] {
            let found = gaia.at(Effect::Simulated(Input::Bandwidth), times).unwrap().seconds;
            assert!((found - seconds(times)).abs() < 1e-9, "{times}: {found}");
        }
        assert_eq!(gaia.at(Effect::Simulated(Input::Bandwidth), 0.4), None, "nothing is extrapolated");
        assert_eq!(gaia.at(Effect::Simulated(Input::Model), 2.0), None);
    }

    #[test]
    fn prices_and_raw_data_enter_linearly() {
        let central = choice("Centralized", 1000.0, 10.0).moving(400.0, 4.0);
        let at = |linear, times| central.at(Effect::Recorded(linear), times).unwrap();
        assert_eq!(at(Linear::EgressPrices, 2.0), Outcome { seconds: 1000.0, usd: Some(20.0) });
        assert_eq!(at(Linear::MachinePrices, 2.0), Outcome { seconds: 1000.0, usd: Some(10.0) });
        assert_eq!(at(Linear::RawData, 3.0), Outcome { seconds: 1800.0, usd: Some(18.0) });
    }

    #[test]
    fn the_best_depends_on_what_is_judged() {
        let choices = [choice("Baseline", 900.0, 5.0), choice("Gaia", 300.0, 7.0)];
        assert_eq!(best(&choices, By::Cost).unwrap().name, "Baseline");
        assert_eq!(best(&choices, By::Time).unwrap().name, "Gaia");
        assert!(best(&[], By::Time).is_none());
    }
}
