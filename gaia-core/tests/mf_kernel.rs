//! The kernels against a plain f64 loop, and every instruction set against scalar code, bit by bit.

use datasets::ratings::Rating;
use gaia_core::kernel::{add_assign, delta, significant};
use gaia_core::simd::Isa;
use gaia_core::workload::mf::block::Block;
use gaia_core::workload::mf::init::{Factor, initial_rows};
use gaia_core::workload::mf::kernel::{AdaGrad, Step, Sums, objective, sgd, squared_error};
use gaia_core::workload::mf::rows::Rows;
use proptest::prelude::*;

/// The stronger instruction sets that this processor has.
fn vector_isas() -> impl Iterator<Item = Isa> {
    [Isa::Avx2, Isa::Avx512].into_iter().filter(|isa| isa.is_supported())
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[derive(Clone, Debug)]
struct Problem {
    users: usize,
    items: usize,
    rank: u32,
    clocks_per_pass: u32,
    ratings: Vec<Rating>,
    step: Step,
}

fn problem() -> impl Strategy<Value = Problem> {
    let shape = (1usize..40, 1usize..30, prop_oneof![1u32..70, 100u32..140, Just(500)], 1u32..5);
    let adagrad = (0.001f32..0.2, prop_oneof![Just(Sums::Entries), Just(Sums::Rows)])
        .prop_map(|(rate, sums)| AdaGrad { rate, sums });
    let step = (0.0f32..0.1, 0.0f32..0.2, prop::option::of(adagrad));
    (shape, step).prop_flat_map(|((users, items, rank, clocks_per_pass), (learning_rate, lambda, adagrad))| {
        let rating = (0..users as u32, 0..items as u32, 0.5f32..5.0);
        let rating = rating.prop_map(|(user, item, value)| Rating { user, item, value });
        prop::collection::vec(rating, 0..200).prop_map(move |ratings| Problem {
            users,
            items,
            rank,
            clocks_per_pass,
            ratings,
            step: Step { learning_rate, lambda, adagrad },
        })
    })
}

/// The sums of squares that the step needs.
fn no_squares(step: &Step, users: usize, rank: u32) -> Rows {
    step.adagrad.map_or(Sums::Entries, |adagrad| adagrad.sums).zeros(users, rank)
}

/// Every rule for L at this rate.
fn rules(rate: f32) -> [Option<AdaGrad>; 3] {
    [None, Some(AdaGrad { rate, sums: Sums::Entries }), Some(AdaGrad { rate, sums: Sums::Rows })]
}

/// L, the sums of squares and R after two passes, the objective of it, and the squared error.
fn learn(isa: Isa, problem: &Problem) -> (Vec<u32>, Vec<u32>, Vec<u32>, [u64; 3]) {
    let &Problem { users, items, rank, clocks_per_pass, step, .. } = problem;
    let block = Block::new(&problem.ratings, users, items, rank, clocks_per_pass, 3.0);
    let mut l = Rows::from_packed(&initial_rows(5, Factor::Users, 0..users as u32, rank), rank);
    let mut r = Rows::from_packed(&initial_rows(5, Factor::Items, 0..items as u32, rank), rank);
    let mut squares = no_squares(&step, users, rank);
    for clock in (0..clocks_per_pass).chain(0..clocks_per_pass) {
        sgd(isa, &block, clock, &step, &mut l, Some(&mut squares), &mut r);
    }
    let found = objective(isa, &block, &l, &r, step.lambda);
    let held_out = squared_error(isa, &block, &l, &r);
    let numbers = [found.squared_error, found.regularisation, held_out].map(f64::to_bits);
    (bits(&l.to_packed()), bits(&squares.to_packed()), bits(&r.to_packed()), numbers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn learning_has_the_same_bits_on_every_instruction_set(problem in problem()) {
        let expected = learn(Isa::Scalar, &problem);
        for isa in vector_isas() {
            prop_assert_eq!(&learn(isa, &problem), &expected, "{}", isa);
        }
    }

    #[test]
    fn flat_kernels_do_what_they_say(
        pairs in prop::collection::vec((prop_oneof![Just(0.0f32), -1.0f32..1.0], prop_oneof![Just(0.0f32), -9.0f32..9.0]), 0..100),
        threshold in prop_oneof![Just(0.0f32), 0.0f32..0.5],
    ) {
        let (updates, values): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let is_sent = |k: &usize| updates[*k].abs() > threshold * values[*k].abs();
        let sent: Vec<usize> = (0..updates.len()).filter(is_sent).collect();
        for isa in vector_isas().chain([Isa::Scalar]) {
            let mut kept = updates.clone();
            let (mut indexes, mut amounts) = (vec![77], vec![7.0]);
            significant(isa, &mut kept, &values, threshold, &mut indexes, &mut amounts);
            prop_assert_eq!(&indexes[1..], sent.iter().map(|&k| k as u32).collect::<Vec<_>>());
            prop_assert_eq!(&amounts[1..], sent.iter().map(|&k| updates[k]).collect::<Vec<_>>());
            let rest: Vec<f32> = (0..updates.len()).map(|k| if sent.contains(&k) { 0.0 } else { updates[k] }).collect();
            prop_assert_eq!(kept, rest);

            let mut difference = values.clone();
            delta(isa, &updates, &mut difference);
            let expected: Vec<f32> = updates.iter().zip(&values).map(|(a, b)| a - b).collect();
            prop_assert_eq!(bits(&difference), bits(&expected));

            let mut sum = updates.clone();
            add_assign(isa, &mut sum, &values);
            let expected: Vec<f32> = updates.iter().zip(&values).map(|(a, b)| a + b).collect();
            prop_assert_eq!(bits(&sum), bits(&expected));
        }
    }
}

/// The definitions in f64, one rating after another, for a problem in which the order of work is known: one user.
fn reference(problem: &Problem, order: &[Rating]) -> (Vec<f64>, Vec<f64>) {
    let Problem { items, rank, step, .. } = problem;
    let wide = |packed: Vec<f32>| packed.into_iter().map(f64::from).collect::<Vec<f64>>();
    let mut l = wide(initial_rows(5, Factor::Users, 0..1, *rank));
    let mut r = wide(initial_rows(5, Factor::Items, 0..*items as u32, *rank));
    let mut squares = vec![0.0; l.len()];
    let (rate, lambda) = (f64::from(step.learning_rate), f64::from(step.lambda));
    for rating in order {
        let row = &mut r[rating.item as usize * *rank as usize..][..*rank as usize];
        let error = f64::from(rating.value) - 3.0 - l.iter().zip(&*row).map(|(a, b)| a * b).sum::<f64>();
        let gradients: Vec<f64> = l.iter().zip(&*row).map(|(l, r)| error * r - lambda * l).collect();
        for (squares, gradient) in squares.iter_mut().zip(&gradients) {
            *squares += match step.adagrad {
                Some(AdaGrad { sums: Sums::Rows, .. }) => {
                    gradients.iter().map(|gradient| gradient * gradient).sum::<f64>() / f64::from(*rank)
                }
                _ => gradient * gradient,
            };
        }
        for (((l, r), squares), gradient) in l.iter_mut().zip(row).zip(&squares).zip(&gradients) {
            let old_l = *l;
            *l += match step.adagrad {
                Some(AdaGrad { rate, .. }) => f64::from(rate) * gradient / squares.sqrt(),
                None => rate * gradient,
            };
            *r += rate * (error * old_l - lambda * *r);
        }
    }
    (l, r)
}

#[test]
fn steps_follow_their_definition() {
    for rank in [1, 16, 33, 100, 300] {
        for adagrad in rules(0.05) {
            // One clock per rating makes the order of work that of the items.
            let ratings: Vec<_> = (0..9).map(|item| Rating { user: 0, item, value: 1.0 + (item % 5) as f32 }).collect();
            let step = Step { learning_rate: 0.05, lambda: 0.1, adagrad };
            let problem = Problem { users: 1, items: 9, rank, clocks_per_pass: 9, ratings, step };
            let block = Block::new(&problem.ratings, 1, 9, rank, 9, 3.0);
            let mut l = Rows::from_packed(&initial_rows(5, Factor::Users, 0..1, rank), rank);
            let mut r = Rows::from_packed(&initial_rows(5, Factor::Items, 0..9, rank), rank);
            let mut squares = no_squares(&step, 1, rank);
            for clock in 0..9 {
                sgd(Isa::detect(), &block, clock, &step, &mut l, Some(&mut squares), &mut r);
            }
            let (expected_l, expected_r) = reference(&problem, &problem.ratings);
            let found = l.to_packed().into_iter().chain(r.to_packed());
            for (found, expected) in found.zip(expected_l.into_iter().chain(expected_r)) {
                // AdaGrad's steps, at most 0.05 each, are right to 7e-4.
                assert!(
                    (f64::from(found) - expected).abs() < if adagrad.is_some() { 5e-4 } else { 1e-5 },
                    "rank {rank}: {found}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn the_objective_follows_its_definition() {
    let (users, items, rank) = (30, 20, 50);
    let ratings: Vec<_> =
        (0..200).map(|k| Rating { user: k * 7 % users, item: k * 13 % items, value: (k % 5) as f32 }).collect();
    let block = Block::new(&ratings, users as usize, items as usize, rank, 3, 0.0);
    let l = Rows::from_packed(&initial_rows(1, Factor::Users, 0..users, rank), rank);
    let r = Rows::from_packed(&initial_rows(1, Factor::Items, 0..items, rank), rank);
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let (mut squared_error, mut lengths) = (0.0, 0.0);
    for rating in &ratings {
        let (l, r) = (l.row(rating.user as usize), r.row(rating.item as usize));
        squared_error += (f64::from(rating.value) - product(l, r)).powi(2);
        lengths += product(l, l) + product(r, r);
    }
    let found = objective(Isa::detect(), &block, &l, &r, 0.5);
    assert!((found.squared_error / squared_error - 1.0).abs() < 1e-6);
    assert!((found.regularisation / (0.5 * lengths) - 1.0).abs() < 1e-6);
}

#[test]
fn a_planted_model_is_found() {
    let (users, items, rank) = (300, 200, 8);
    let sign = |x: u32| {
        if x.wrapping_mul(0x9e37_79b9) >> 31 == 0 { 1.0 } else { -1.0 }
    };
    let known = (0..users * items).filter(|k: &u32| k.wrapping_mul(0x85eb_ca6b) >> 30 == 0);
    let ratings: Vec<_> = known
        .map(|k| (k / items, k % items))
        .map(|(user, item)| Rating { user, item, value: 3.0 + sign(user + 1) * sign(item + 7) })
        .collect();
    let block = Block::new(&ratings, users as usize, items as usize, rank, 1, 3.0);
    for (adagrad, learning_rate) in rules(0.1).map(|adagrad| (adagrad, 0.05)) {
        let mut l = Rows::from_packed(&initial_rows(1, Factor::Users, 0..users, rank), rank);
        let mut r = Rows::from_packed(&initial_rows(1, Factor::Items, 0..items, rank), rank);
        let step = Step { learning_rate, lambda: 0.001, adagrad };
        let mut squares = no_squares(&step, users as usize, rank);
        for _ in 0..40 {
            sgd(Isa::detect(), &block, 0, &step, &mut l, Some(&mut squares), &mut r);
        }
        let rmse = (squared_error(Isa::detect(), &block, &l, &r) / block.len() as f64).sqrt();
        assert!(rmse < 0.05, "adagrad {adagrad:?}: root mean squared error {rmse}");
    }
}

#[test]
fn a_row_without_a_gradient_stays() {
    // Predicted exactly, and nothing pulls on it: sums by row stay 0, and no division by them shows.
    let (rank, ratings) = (20, [Rating { user: 0, item: 0, value: 0.0 }]);
    let block = Block::new(&ratings, 1, 1, rank, 1, 0.0);
    let adagrad = Some(AdaGrad { rate: 0.1, sums: Sums::Rows });
    let step = Step { learning_rate: 0.1, lambda: 0.0, adagrad };
    let (mut l, mut r) = (Rows::zeros(1, rank), Rows::from_packed(&[0.5; 20], rank));
    let mut squares = no_squares(&step, 1, rank);
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_supported()) {
        sgd(isa, &block, 0, &step, &mut l, Some(&mut squares), &mut r);
        assert_eq!((l.to_packed(), squares.to_packed(), r.to_packed()), (vec![0.0; 20], vec![0.0], vec![0.5; 20]));
    }
}
