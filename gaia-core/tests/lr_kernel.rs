//! Logistic regression's kernels: every instruction set bit by bit, steps against finite differences of the objective.

use datasets::sparse::{Entry, Label};
use gaia_core::simd::Isa;
use gaia_core::workload::lr::block::Block;
use gaia_core::workload::lr::kernel::{Step, log_odds, objective, sgd};
use proptest::prelude::*;

const FEATURES: usize = 90;

type Examples = Vec<(Label, Vec<Entry>)>;

fn block(examples: &Examples, clocks_per_pass: u32) -> Block {
    let borrowed = examples.iter().map(|(label, entries)| (*label, &entries[..]));
    Block::new(borrowed, FEATURES + 1, FEATURES, clocks_per_pass, |feature| feature as usize)
}

fn examples() -> impl Strategy<Value = Examples> {
    let value = (-3.0f32..3.0).prop_filter("not 0", |value| *value != 0.0);
    let entries = prop::collection::btree_map(0..FEATURES as u32, value, 0..50);
    let class = |is_positive| if is_positive { Label::Positive } else { Label::Negative };
    let example = (any::<bool>(), entries).prop_map(move |(is_positive, entries)| {
        (class(is_positive), entries.into_iter().map(|(feature, value)| Entry { feature, value }).collect())
    });
    prop::collection::vec(example, 0..30)
}

fn start() -> Vec<f32> {
    (0..=FEATURES).map(|k| ((k * 37 % 19) as f32 - 9.0) / 10.0).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Weights after two passes, log odds and the objective.
fn learn(isa: Isa, block: &Block, clocks: u32, step: &Step) -> (Vec<u32>, Vec<u32>, [u64; 2]) {
    let mut weights = start();
    (0..clocks).chain(0..clocks).for_each(|clock| sgd(isa, block, clock, step, &mut weights));
    let found = objective(isa, block, step, &weights);
    let odds = log_odds(isa, block, &weights);
    (bits(&weights), bits(&odds), [found.log_loss, found.regularisation].map(f64::to_bits))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn learning_has_the_same_bits_on_every_instruction_set(
        examples in examples(), clocks in 1u32..4, learning_rate in 0.0f32..1.0, l2 in 0.0f32..0.1,
        l1 in prop_oneof![Just(0.0f32), 0.0f32..0.1],
    ) {
        let (block, step) = (block(&examples, clocks), Step { learning_rate, l2, l1 });
        let expected = learn(Isa::Scalar, &block, clocks, &step);
        for isa in [Isa::Avx2, Isa::Avx512].into_iter().filter(|isa| isa.is_supported()) {
            prop_assert_eq!(&learn(isa, &block, clocks, &step), &expected, "{}", isa);
        }
    }

    #[test]
    fn a_step_follows_the_slope_of_the_objective(examples in examples(), l2 in 0.0f32..0.5) {
        // A tiny step on one example moves every weight by the rate times the objective's finite difference there.
        let rate = 1e-3f32;
        for example in examples.into_iter().take(2) {
            let block = block(&vec![example], 1);
            let step = Step { learning_rate: rate, l2, l1: 0.0 };
            let (before, mut after) = (start(), start());
            sgd(Isa::detect(), &block, 0, &step, &mut after);
            for k in 0..=FEATURES {
                let at = |moved: f32| {
                    let mut weights = before.clone();
                    weights[k] += moved;
                    objective(Isa::detect(), &block, &step, &weights).total()
                };
                let slope = (at(0.01) - at(-0.01)) / 0.02;
                let stepped = f64::from(before[k] - after[k]) / f64::from(rate);
                prop_assert!((slope - stepped).abs() < 3e-3 * (1.0 + slope.abs()), "{k}: {slope}, {stepped}");
            }
        }
    }
}

#[test]
fn l1_ends_at_weights_of_exactly_zero() {
    let entry = |feature, value| Entry { feature, value };
    let examples: Examples = (0..400u32)
        .map(|n| {
            let label = if n % 2 == 0 { Label::Positive } else { Label::Negative };
            // Feature 0 determines the label; feature 1 is independent of it, and its slope stays below l1.
            let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
            (label, vec![entry(0, sign), entry(1, if n % 4 < 2 { 0.1 } else { -0.1 })])
        })
        .collect();
    let block = block(&examples, 1);
    let mut weights = vec![0.0; FEATURES + 1];
    (0..5).for_each(|_| sgd(Isa::detect(), &block, 0, &Step { learning_rate: 0.01, l2: 0.0, l1: 0.2 }, &mut weights));
    assert!(weights[0] > 0.5 && weights[1] == 0.0, "{:?}", &weights[..2]);
}
