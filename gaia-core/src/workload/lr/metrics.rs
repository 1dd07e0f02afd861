//! How well weights predict examples: mean log loss, accuracy, area under the ROC curve.
//!
//! The area (AUC) is no sum over workers: it is taken of one copy of the weights on all examples.

use datasets::sparse::{Examples, Label};

use super::block::Block;
use super::kernel::{log_loss, log_odds};
use crate::simd::Isa;

/// The judgement of some examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Number of examples that were judged.
    pub examples: u64,
    /// Mean of their log losses, in nats: ln(2) where nothing is known.
    pub log_loss: f64,
    /// Share of examples whose label is the likelier one: that with log odds above 0 is positive.
    pub accuracy: f64,
    /// Probability that a positive example has higher log odds than a negative one, where equal ones count a half. `None` means that
    /// the examples are all of one class.
    pub auc: Option<f64>,
}

/// Examples in the form in which weights are judged on them, made once for all clocks of a run.
#[derive(Clone, Debug)]
pub struct JudgedExamples<'a> {
    block: Block,
    labels: &'a [Label],
}

impl<'a> JudgedExamples<'a> {
    /// `None` means that there is no example.
    ///
    /// # Panics
    /// When a feature is not below `features`.
    pub fn new(examples: &'a Examples, features: u32) -> Option<Self> {
        let intercept = features as usize;
        let block = || Block::new(examples.iter(), intercept + 1, intercept, 1, |feature| feature as usize);
        (!examples.is_empty()).then(|| JudgedExamples { block: block(), labels: examples.labels() })
    }

    /// Judges `weights`: one weight per feature, then the intercept, then anything (rows are padded).
    ///
    /// # Panics
    /// When there are fewer weights than features and one.
    pub fn evaluate(&self, isa: Isa, weights: &[f32]) -> Metrics {
        let odds = log_odds(isa, &self.block, &weights[..self.block.weights()]);
        judge(&odds, self.labels)
    }
}

/// Judges log odds of examples with these labels; there is at least one.
pub fn judge(odds: &[f32], labels: &[Label]) -> Metrics {
    assert_eq!(odds.len(), labels.len(), "log odds for every label");
    let count = odds.len() as f64;
    let pairs = || odds.iter().zip(labels);
    let losses: f64 = pairs().map(|(&z, label)| log_loss(f64::from(z), label.target())).sum();
    let right = pairs().filter(|&(&z, &label)| (z > 0.0) == (label == Label::Positive)).count();
    Metrics {
        examples: odds.len() as u64,
        log_loss: losses / count,
        accuracy: right as f64 / count,
        auc: auc(odds, labels),
    }
}

/// The area under the ROC curve, by the sum of the positive examples' ranks (Mann and Whitney 1947); equal scores share the mean of
/// their ranks. `None` means that there is one class only.
pub fn auc(scores: &[f32], labels: &[Label]) -> Option<f64> {
    assert_eq!(scores.len(), labels.len(), "a score for every label");
    // -0 and 0 are one score.
    let mut sorted: Vec<(f32, Label)> = scores.iter().map(|score| score + 0.0).zip(labels.iter().copied()).collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut twice_ranks, mut positives) = (0u64, 0u128, 0u64);
    for tied in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let positive = tied.iter().filter(|(_, label)| *label == Label::Positive).count() as u64;
        // Twice the mean of the ranks below + 1 to below + tied.
        let twice_rank = 2 * below + tied.len() as u64 + 1;
        twice_ranks += u128::from(twice_rank) * u128::from(positive);
        (below, positives) = (below + tied.len() as u64, positives + positive);
    }
    let (positives, negatives) = (u128::from(positives), u128::from(below - positives));
    let won_twice = twice_ranks - positives * (positives + 1);
    (positives > 0 && negatives > 0).then(|| won_twice as f64 / (2 * positives * negatives) as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_area_is_the_share_of_pairs_in_order(
            pairs in prop::collection::vec((-5i8..5, any::<bool>()), 0..60),
        ) {
            let class = |is_positive| if is_positive { Label::Positive } else { Label::Negative };
            let (scores, labels): (Vec<f32>, Vec<Label>) =
                pairs.iter().map(|&(score, is_positive)| (f32::from(score), class(is_positive))).unzip();
            let of = |wanted: bool| pairs.iter().filter(move |pair| pair.1 == wanted).map(|pair| pair.0);
            let (mut won, mut all) = (0.0, 0.0);
            for positive in of(true) {
                for negative in of(false) {
                    all += 1.0;
                    won += match positive.cmp(&negative) {
                        std::cmp::Ordering::Greater => 1.0,
                        std::cmp::Ordering::Equal => 0.5,
                        std::cmp::Ordering::Less => 0.0,
                    };
                }
            }
            prop_assert_eq!(auc(&scores, &labels), (all > 0.0).then_some(won / all));
        }
    }

    #[test]
    fn what_knows_nothing_is_judged_so() {
        let labels = [Label::Positive, Label::Negative, Label::Negative, Label::Positive];
        let nothing = judge(&[0.0, -0.0, 0.0, -0.0], &labels);
        assert_eq!((nothing.accuracy, nothing.auc, nothing.examples), (0.5, Some(0.5), 4));
        assert!((nothing.log_loss - std::f64::consts::LN_2).abs() < 1e-15);
        let all = judge(&[2.0, -1.0, -3.0, 1.0], &labels);
        assert_eq!((all.accuracy, all.auc), (1.0, Some(1.0)));
        assert_eq!(judge(&[1.0], &labels[..1]).auc, None);
    }
}
