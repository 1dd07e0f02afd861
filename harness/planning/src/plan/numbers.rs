//! Dimensionless numbers: the properties in which a small problem agrees with the large one that it stands for, and those in which it differs.
//!
//! Similitude charges a small problem the paper's bytes and work, so that a clock takes the paper's time. What is learnt in a
//! clock, and so which updates are significant and how many clocks it takes, depends on numbers that no factor mends: how many
//! data there are for each parameter, how much of the model a worker touches. [`numbers`] has those that are known before a
//! run, of a plan and of the problem it stands for; [`differs`] marks those that are apart by more than
//! [`TOLERANCE`]. The number of clocks to the target is known only after its run.

use record::numbers::significant;

use super::whole::{Experiment, Plan, Planned};
use crate::workload::kind::Number;

/// Numbers are alike up to this share of the larger problem's.
pub const TOLERANCE: f64 = 0.1;
/// Whether the two problems are apart in a number by more than [`TOLERANCE`].
pub fn differs(number: &Number) -> bool {
    (number.here / number.there - 1.0).abs() > TOLERANCE
}

/// The numbers of a plan that stands for a larger problem, with those of that problem. Empty for other plans.
pub fn numbers(plan: &Plan) -> Vec<Number> {
    if plan.stands_for.is_some() { plan.problem().numbers() } else { Vec::new() }
}

/// The numbers of an experiment's panels, next to those of the problems that they stand for. Panels with equal numbers are grouped, and a
/// warning follows where numbers differ. Empty when no panel stands for a larger problem.
pub fn numbers_text(experiment: &Experiment) -> String {
    let mut groups: Vec<(String, Vec<Number>, Vec<&str>)> = Vec::new();
    let seed = experiment.plans.first().map(|planned| planned.plan.seed);
    let first = |planned: &&Planned| Some(planned.plan.seed) == seed;
    for planned in experiment.plans.iter().filter(first) {
        let (Some(large), numbers) = (&planned.plan.stands_for, numbers(&planned.plan)) else { continue };
        // Cells of a panel that differ from it, in their machines or clocks, are not distinguished.
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
    let width = numbers.iter().map(|number| number.description.len()).max().unwrap_or(0);
    let mut text = format!("\n{:<width$}  {:>9}  {:>9}\n", format!("stands for {large}{of}"), "here", "paper");
    for number in numbers {
        let [here, there] = [number.here, number.there].map(|value| significant(value, 3));
        let mark = if differs(number) { "  differs" } else { "" };
        text += &format!("{:<width$}  {here:>9}  {there:>9}{mark}\n", number.description);
    }
    let differ = numbers.iter().filter(|number| differs(number)).count();
    if differ > 0 {
        let (verb, percent) = (if differ == 1 { "differs" } else { "differ" }, TOLERANCE * 100.0);
        text += &format!(
            "warning: {differ} of these numbers {verb} by more than {percent} % from those of {large}; \
             docs/reproduction.md describes what each of them decides\n"
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
        numbers.iter().filter(|number| differs(number)).map(|number| number.description).collect()
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
    fn what_stands_for_nothing_has_no_numbers_and_panels_of_equal_ones_are_listed_once() {
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
