//! Where the best choice becomes another one as an input changes: by steps of 2 % of its factor, then by bisection to 0.1 %.

use record::numbers::{fixed, significant};
use record::results::whatif::{Asked, Input, bytes_text, rate_text};

use super::{By, Choice, Effect, Linear, best};

/// The factors between which inputs are looked at that enter linearly.
const LINEAR_RANGE: (f64, f64) = (1e-3, 1e3);
/// A step of the search, as a factor.
const STEP: f64 = 1.02;
/// The error of a flip's factor.
const ERROR: f64 = 1e-3;

/// A factor of an input at which the best choice changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Flip {
    pub(crate) effect: Effect,
    /// The factor of the input; below it, if it is less than 1, or above it another choice is best.
    pub(crate) times: f64,
    /// The choice that is best beyond it, in words.
    pub(crate) then: String,
}

/// The nearest flips on either side of the inputs as they were given.
pub(crate) fn flips(choices: &[Choice], by: By) -> Vec<Flip> {
    let looked_at = Effect::ALL.into_iter().filter(|effect| {
        let is_about_all = matches!(effect, Effect::Recorded(Linear::RawData));
        let mut depends = choices.iter().map(|choice| choice.depends_on(*effect));
        if is_about_all { depends.any(|it| it) } else { depends.all(|it| it) }
    });
    let both = |effect: Effect| {
        let (low, high) = range(choices, effect);
        [low, high].into_iter().filter_map(move |end| flip(choices, by, effect, end))
    };
    looked_at.flat_map(both).collect()
}

fn range(choices: &[Choice], effect: Effect) -> (f64, f64) {
    match effect {
        Effect::Recorded(Linear::Steps) => {
            let least = choices.iter().map(Choice::least_steps).fold(0.0, f64::max);
            (least.min(1.0), LINEAR_RANGE.1)
        }
        Effect::Recorded(_) => LINEAR_RANGE,
        Effect::Simulated(input) => {
            let ranges = choices.iter().map(|choice| choice.range(input));
            ranges.fold((0.0, f64::INFINITY), |(low, high), (from, to)| (low.max(from), high.min(to)))
        }
    }
}

/// The number of the best choice at a factor of the input.
fn best_at(choices: &[Choice], by: By, effect: Effect, times: f64) -> Option<usize> {
    let numbers: Option<Vec<f64>> = choices.iter().map(|choice| choice.at(effect, times)?.by(by)).collect();
    let numbers = numbers?;
    (0..numbers.len()).min_by(|a, b| numbers[*a].total_cmp(&numbers[*b]))
}

/// The nearest flip on the way to the factor `end`.
fn flip(choices: &[Choice], by: By, effect: Effect, end: f64) -> Option<Flip> {
    let given = best_at(choices, by, effect, 1.0)?;
    let step = if end < 1.0 { 1.0 / STEP } else { STEP };
    let is_beyond = |times: f64| if end < 1.0 { times <= end } else { times >= end };
    let mut near = 1.0;
    loop {
        let next = if is_beyond(near * step) { end } else { near * step };
        let then = best_at(choices, by, effect, next)?;
        if then != given {
            let (mut near, mut far) = (near, next);
            while (far / near - 1.0).abs() > ERROR {
                let middle = (near * far).sqrt();
                if best_at(choices, by, effect, middle)? == given { near = middle } else { far = middle }
            }
            let then = best_at(choices, by, effect, far)?;
            return Some(Flip { effect, times: far, then: choices[then].words.clone() });
        }
        if is_beyond(next) {
            return None;
        }
        near = next;
    }
}

impl Flip {
    /// The flip as a clause: `below 31 Mbit/s from Tokyo to Ireland (0.48 times all bandwidths) Gaia across sites is cheapest`.
    pub(crate) fn in_words(&self, asked: &Asked, by: By) -> String {
        let side = if self.times < 1.0 { "below" } else { "above" };
        let factor = significant(self.times, 2);
        let place = match (self.effect, asked.assumptions.slowest_link()) {
            (Effect::Simulated(Input::Bandwidth), Some(link)) => {
                let rate = rate_text((link.bits_per_second as f64 * self.times).round() as u64);
                format!("{rate} from {} to {}, the slowest link ({factor} times all bandwidths)", link.from, link.to)
            }
            (Effect::Simulated(Input::Model), _) => {
                bytes_text((asked.assumptions.model_bytes as f64 * self.times) as u64)
            }
            (Effect::Recorded(Linear::RawData), _) => {
                let bytes = asked.assumptions.raw_data_bytes.unwrap_or_default() as f64 * self.times;
                format!("{} of raw data", bytes_text(bytes as u64))
            }
            (Effect::Recorded(Linear::Steps), _) => {
                format!("{} steps", fixed(asked.steps().unwrap_or_default() as f64 * self.times, 0))
            }
            (effect, _) => format!("{factor} times the {}", effect.name()),
        };
        format!("{side} {place}, {} is {}", self.then, by.word())
    }
}

impl By {
    /// What the best is.
    pub(crate) fn word(self) -> &'static str {
        match self {
            By::Cost => "cheapest",
            By::Time => "fastest",
        }
    }
}

/// What to do, in a sentence, and where that flips. Empty without choices.
pub(crate) fn recommendation(asked: &Asked, choices: &[Choice]) -> Vec<String> {
    let said = |choice: &Choice| {
        let time = time_text(choice.outcome.seconds);
        choice.outcome.usd.map_or_else(|| time.clone(), |usd| format!("{} USD, {time}", significant(usd, 4)))
    };
    let mut lines = Vec::new();
    let (cheapest, fastest) = (best(choices, By::Cost), best(choices, By::Time));
    match (cheapest, fastest) {
        (Some(cheapest), Some(fastest)) if cheapest.name == fastest.name => {
            let others = choices.iter().filter(|choice| choice.name != cheapest.name);
            let others: Vec<String> = others.map(|choice| format!("{}: {}", choice.words, said(choice))).collect();
            let beside = if others.is_empty() { String::new() } else { format!("; {}", others.join("; ")) };
            lines.push(format!("Cheapest and fastest is {}: {}{beside}.", cheapest.words, said(cheapest)));
        }
        (Some(cheapest), Some(fastest)) => {
            lines.push(format!(
                "Cheapest is {}: {}. Fastest is {}: {}.",
                cheapest.words,
                said(cheapest),
                fastest.words,
                said(fastest)
            ));
        }
        (None, Some(fastest)) => {
            lines.push(format!("Fastest is {}: {}. There are no prices.", fastest.words, said(fastest)));
        }
        (_, None) => return lines,
    }
    for by in [By::Cost, By::Time] {
        let found: Vec<String> = flips(choices, by).iter().map(|flip| flip.in_words(asked, by)).collect();
        if !found.is_empty() {
            lines.push(format!("That flips: {}.", found.join("; ")));
        }
    }
    if lines.len() == 1 && choices.len() > 1 {
        lines.push("That does not flip within the inputs that were looked at.".into());
    }
    lines
}

/// `38 min`, `4.2 days`: two significant digits or more.
fn time_text(seconds: f64) -> String {
    let units = [(86_400.0, "days"), (3_600.0, "h"), (60.0, "min")];
    let (size, unit) = units.into_iter().find(|(size, _)| seconds >= 2.0 * size).unwrap_or((1.0, "s"));
    format!("{} {unit}", significant(seconds / size, 3))
}

#[cfg(test)]
mod tests {
    use super::super::testing::choice;
    use super::*;

    #[test]
    fn a_flip_is_where_two_lines_cross() {
        // Moving data is cheaper up to 2.5 times the data: 6 + 4 x against 16.
        let choices = [choice("Gaia", 300.0, 16.0), choice("Centralized", 900.0, 10.0).moving(400.0, 4.0)];
        let found = flips(&choices, By::Cost);
        let of = |effect| found.iter().find(|flip: &&Flip| flip.effect == effect);
        let raw = of(Effect::Recorded(Linear::RawData)).unwrap();
        assert!((raw.times / 2.5 - 1.0).abs() < 2e-3 && raw.then == "Gaia across sites", "{raw:?}");
        // All costs are of traffic: its price changes nothing.
        assert_eq!(of(Effect::Recorded(Linear::EgressPrices)), None);
        // Moving takes 400 of 900 s: without it, 500 s, more than Gaia takes.
        assert!(flips(&choices, By::Time).is_empty());
    }

    #[test]
    fn a_flip_of_bandwidth_lies_between_runs() {
        let runs = |seconds: f64| [0.25, 4.0].map(|times| (times, 100.0 + seconds / times, 1.0));
        let baseline = choice("Baseline", 160.0, 1.0).varied(Input::Bandwidth, &runs(60.0));
        let central =
            choice("Centralized", 140.0, 1.0).varied(Input::Bandwidth, &[(0.25, 140.0, 1.0), (4.0, 140.0, 1.0)]);
        let found = flips(&[baseline, central], By::Time);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((found[0].times / 1.5 - 1.0).abs() < 2e-3 && found[0].then == "Baseline across sites", "{found:?}");
    }

    #[test]
    fn times_are_in_a_unit_that_reads_well() {
        assert_eq!([90.0, 150.0, 9_000.0, 200_000.0].map(time_text), ["90.0 s", "2.50 min", "2.50 h", "2.31 days"]);
    }
}
