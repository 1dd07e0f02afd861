//! Dimensionless numbers: what a small problem has in common with the large one that it stands for, and what not.
//!
//! Similitude charges a small problem the paper's bytes and work, so that a clock takes the paper's time. What is learnt in a
//! clock, and so which updates are significant and how many clocks it takes, depends on numbers that no factor mends: how many
//! data there are for each parameter, how much of the model a worker touches. [`numbers`] has those that are known before a
//! run, of a plan and of the problem it stands for; [`Number::differs`] marks those that are apart by more than
//! [`TOLERANCE`]. How many clocks the target takes is known after it has run.

use record::numbers::significant;
use std::sync::OnceLock;

use datasets::bow;
use datasets::bow::config::{NYTIMES_DOCUMENTS, NYTIMES_TOKENS, NYTIMES_WORDS};
use datasets::ratings;
use datasets::ratings::config::{NETFLIX_ITEMS, NETFLIX_RATINGS, NETFLIX_USERS};
use gaia_core::workload::ic::config::Ic;

use super::images::{GOOGLENET_PARAMETERS, ILSVRC12_IMAGES, PAPER_BATCH};
use super::resolve::{NETFLIX_RANK, NYTIMES_TOPICS};
use super::{Data, Experiment, Plan, Planned};
use crate::spec::{Split, Workload};

/// Numbers are alike up to this share of the larger problem's.
pub const TOLERANCE: f64 = 0.1;
/// Machines in the paper (section 5.1). What a clock is, it does not say: taken as a pass over a worker's data.
const PAPER_MACHINES: u32 = 22;

/// A number without a unit, of two problems.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// What it counts.
    pub says: &'static str,
    /// In the plan's problem.
    pub here: f64,
    /// In the problem that it stands for.
    pub there: f64,
}

impl Number {
    /// Whether the two are apart by more than [`TOLERANCE`].
    pub fn differs(&self) -> bool {
        (self.here / self.there - 1.0).abs() > TOLERANCE
    }
}

/// The numbers of a plan that stands for a larger problem, beside that one's; none for other plans.
pub fn numbers(plan: &Plan) -> Vec<Number> {
    if plan.stands_for.is_none() {
        return Vec::new();
    }
    match &plan.workload {
        Workload::Mf(mf) => of_ratings(plan, mf.rank),
        Workload::Lda(lda) => of_documents(plan, lda.topics),
        Workload::Ic(ic) => of_images(plan, ic),
    }
}

/// `number("tokens per word", 970.0, 970.0)`.
fn number(says: &'static str, here: f64, there: f64) -> Number {
    Number { says, here, there }
}

fn of_ratings(plan: &Plan, rank: u32) -> Vec<Number> {
    let size = plan.data.size();
    let [users, items, rank] = [size.owners, size.rows, rank].map(f64::from);
    let there = [NETFLIX_USERS, NETFLIX_ITEMS, NETFLIX_RANK].map(f64::from);
    let (here, there) =
        ([users, items, rank, size.work as f64], [there[0], there[1], there[2], NETFLIX_RATINGS as f64]);
    let of = |says, what: fn([f64; 4]) -> f64| number(says, what(here), what(there));
    let mut numbers = Vec::new();
    if let (Data::Generated { config }, Split::Even) = (&plan.data, plan.split) {
        let share =
            ratings::generate::touched_share(config, plan.seed, plan.machine_count(), plan.workload.clocks_per_pass());
        numbers.push(number("share of the items that a worker touches in a clock", share, netflix_touched()));
    }
    numbers.extend([
        of("ratings per parameter of an item", |[_, items, rank, ratings]| ratings / items / rank),
        of("ratings per parameter of a user", |[users, _, rank, ratings]| ratings / users / rank),
        of("ratings per item", |[_, items, _, ratings]| ratings / items),
        of("ratings per user", |[users, _, _, ratings]| ratings / users),
        of("users per item", |[users, items, ..]| users / items),
        of("share of user-item pairs with a rating", |[users, items, _, ratings]| ratings / users / items),
        of("parameters per item or user", |[_, _, rank, _]| rank),
    ]);
    let work = [size.work as f64 * rank, there[3] * there[2]];
    numbers.push(bytes_to_work(plan, [items * rank, there[1] * there[2]], work));
    numbers
}

fn of_documents(plan: &Plan, topics: u32) -> Vec<Number> {
    let size = plan.data.size();
    let here = [size.owners, size.rows, topics].map(f64::from);
    let there = [NYTIMES_DOCUMENTS, NYTIMES_WORDS, NYTIMES_TOPICS].map(f64::from);
    let here = [here[0], here[1], here[2], size.work as f64];
    let there = [there[0], there[1], there[2], NYTIMES_TOKENS as f64];
    let of = |says, what: fn([f64; 4]) -> f64| number(says, what(here), what(there));
    let mut numbers = Vec::new();
    if let (Data::GeneratedCorpus { config }, Split::Even) = (&plan.data, plan.split) {
        let share =
            bow::generate::touched_share(config, plan.seed, plan.machine_count(), plan.workload.clocks_per_pass());
        numbers.push(number("share of the words that a worker touches in a clock", share, nytimes_touched()));
    }
    numbers.extend([
        of("tokens per parameter", |[_, words, topics, tokens]| tokens / words / topics),
        of("tokens per word", |[_, words, _, tokens]| tokens / words),
        of("tokens per document", |[documents, _, _, tokens]| tokens / documents),
        of("topics", |[_, _, topics, _]| topics),
        of("documents per topic", |[documents, _, topics, _]| documents / topics),
        of("documents per word", |[documents, words, ..]| documents / words),
    ]);
    let parameters = |[_, words, topics, _]: [f64; 4]| words * topics;
    let work = |[_, _, topics, tokens]: [f64; 4]| tokens * topics;
    numbers.push(bytes_to_work(plan, [here, there].map(parameters), [here, there].map(work)));
    numbers
}

fn of_images(plan: &Plan, ic: &Ic) -> Vec<Number> {
    let Ok(network) = plan.data.network(ic) else { return Vec::new() };
    let (images, machines) = (plan.data.size().work as f64, f64::from(plan.machine_count()));
    let there = [ILSVRC12_IMAGES, PAPER_BATCH, PAPER_MACHINES].map(f64::from);
    let parameters = [network.floats() as f64, GOOGLENET_PARAMETERS as f64];
    vec![
        number("images per step and machine", f64::from(ic.batch), there[1]),
        number("steps per pass", images / machines / f64::from(ic.batch), there[0] / there[2] / there[1]),
        number("images per parameter", images / parameters[0], there[0] / parameters[1]),
    ]
}

/// As links and machines are charged. The factors of similitude are made of these quotients, so the two are equal; a plan with
/// factors by hand stands for nothing and has no numbers.
fn bytes_to_work(plan: &Plan, parameters: [f64; 2], work: [f64; 2]) -> Number {
    let charged = plan.similitude.sigma_bytes / plan.similitude.sigma_work;
    let here = parameters[0] * charged / work[0];
    number("charged bytes per unit of work, over the paper's", here / (parameters[1] / work[1]), 1.0)
}

/// Of the paper's ratings, as the generator has them at full size.
fn netflix_touched() -> f64 {
    static SHARE: OnceLock<f64> = OnceLock::new();
    let config = ratings::config::Generated { held_out: 0.0, ..ratings::config::Generated::at_scale(1.0) };
    *SHARE.get_or_init(|| ratings::generate::touched_share(&config, 1, PAPER_MACHINES, 1))
}

/// Of the paper's documents.
fn nytimes_touched() -> f64 {
    static SHARE: OnceLock<f64> = OnceLock::new();
    let config = bow::config::Generated::at_scale(1.0);
    *SHARE.get_or_init(|| bow::generate::touched_share(&config, 1, PAPER_MACHINES, 1))
}

/// The numbers of an experiment's panels beside those of the problems that they stand for, panels of equal numbers together,
/// with a warning below where some differ; empty when nothing stands for anything.
pub fn numbers_text(experiment: &Experiment) -> String {
    let mut groups: Vec<(String, Vec<Number>, Vec<&str>)> = Vec::new();
    let seed = experiment.plans.first().map(|planned| planned.plan.seed);
    let first = |planned: &&Planned| Some(planned.plan.seed) == seed;
    for planned in experiment.plans.iter().filter(first) {
        let (Some(large), numbers) = (&planned.plan.stands_for, numbers(&planned.plan)) else { continue };
        // Cells of a panel that differ from it, in their machines or clocks, are not told apart.
        if groups.iter().any(|(.., panels)| panels.contains(&&*planned.panel)) {
            continue;
        }
        match groups.iter_mut().find(|(of, known, _)| of == large && *known == numbers) {
            Some((.., panels)) => panels.push(&planned.panel),
            None => groups.push((large.clone(), numbers, vec![&planned.panel])),
        }
    }
    groups.iter().map(|(large, numbers, panels)| group_text(large, numbers, panels)).collect()
}

fn group_text(large: &str, numbers: &[Number], panels: &[&str]) -> String {
    let panels: Vec<&str> = panels.iter().copied().filter(|panel| !panel.is_empty()).collect();
    let of = if panels.is_empty() { String::new() } else { format!(", {}", panels.join("; ")) };
    let width = numbers.iter().map(|number| number.says.len()).max().unwrap_or(0);
    let mut text = format!("\n{:<width$}  {:>9}  {:>9}\n", format!("stands for {large}{of}"), "here", "paper");
    for number in numbers {
        let [here, there] = [number.here, number.there].map(|value| significant(value, 3));
        let mark = if number.differs() { "  differs" } else { "" };
        text += &format!("{:<width$}  {here:>9}  {there:>9}{mark}\n", number.says);
    }
    let differ = numbers.iter().filter(|number| number.differs()).count();
    if differ > 0 {
        let (verb, percent) = (if differ == 1 { "differs" } else { "differ" }, TOLERANCE * 100.0);
        text += &format!(
            "warning: {differ} of these numbers {verb} by more than {percent} % from those of {large}; \
             docs/reproduction.md says what each of them decides\n"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::Registries;
    use crate::spec::{Changes, Source};

    fn experiment(text: &str) -> Experiment {
        let source =
            Source { name: "a".into(), file: "a.yaml".into(), folder: Path::new("").into(), text: text.into() };
        let spec = source.spec(&Changes::default()).unwrap();
        Experiment::resolve(&source, &spec, Registries::default()).unwrap()
    }

    const CELLS: &str = "\
cells:
  - name: Baseline
    profile: va-ca
    system: { global: { bsp: {} } }
";

    fn of(text: &str) -> Vec<Number> {
        numbers(&experiment(&format!("{text}{CELLS}")).plans[0].plan)
    }

    fn differing(numbers: &[Number]) -> Vec<&str> {
        numbers.iter().filter(|number| number.differs()).map(|number| number.says).collect()
    }

    #[test]
    fn what_scaling_keeps_and_what_it_does_not() {
        // A tenth of the users and items with a fifth of the rank and twice the density: as many ratings for each parameter.
        let mf = of("workload: { mf: { rank: 100 } }\n\
                     data: { generated: { scale: 0.1, density-times: 2, held-out: 0 } }\nsimilitude: netflix\n");
        let lost = [
            "ratings per item",
            "ratings per user",
            "share of user-item pairs with a rating",
            "parameters per item or user",
        ];
        assert_eq!(differing(&mf), lost);
        assert!((mf[1].here / mf[1].there - 1.0).abs() < 1e-3, "{:?}", mf[1]);
        assert!((0.93..0.99).contains(&mf[0].here) && mf[0].there > 0.99, "{:?}", mf[0]);
        let tm = of("workload: { lda: { topics: 500 } }\n\
                     data: { generated-corpus: { scale: 0.02, zipf: 1.2 } }\nsimilitude: nytimes\n");
        assert_eq!(differing(&tm), ["documents per topic"]);
        let few = of("workload: { lda: { topics: 100 } }\n\
                      data: { generated-corpus: { scale: 0.02 } }\nsimilitude: nytimes\n");
        let lost = [
            "share of the words that a worker touches in a clock",
            "tokens per parameter",
            "topics",
            "documents per topic",
        ];
        assert_eq!(differing(&few), lost);
    }

    #[test]
    fn what_stands_for_nothing_has_no_numbers_and_panels_of_equal_ones_are_told_once() {
        let own = "workload: { mf: { rank: 8 } }\ndata: { generated: { scale: 0.01 } }\n";
        assert_eq!(of(own), []);
        assert_eq!(numbers_text(&experiment(&format!("{own}{CELLS}"))), "");
        let panels = "\
similitude: netflix
panels:
  - name: one
    machines: e5-2698
  - name: two
    machines: xeon-2vcpu
  - name: three
    workload: { mf: { rank: 16 } }
";
        let text = numbers_text(&experiment(&format!("{own}{CELLS}{panels}")));
        assert_eq!(text.matches("stands for netflix").count(), 2, "{text}");
        assert!(text.contains("stands for netflix, one; two") && text.contains("warning: "), "{text}");
    }
}
