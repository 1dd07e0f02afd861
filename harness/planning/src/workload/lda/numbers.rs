//! Dimensionless numbers of topic modelling, compared with those of NYTimes with 500 topics.

use std::sync::OnceLock;

use datasets::bow::config::{Generated, NYTIMES_DOCUMENTS, NYTIMES_TOKENS, NYTIMES_WORDS};
use datasets::bow::generate::touched_share;
use gaia_core::workload::lda::config::Lda;

use crate::workload::kind::{DataRef, Number, Posed, WorkloadKind};
use crate::workload::split::Split;
use crate::workload::{PAPER_MACHINES, bytes_to_work};

/// The paper's topics for NYTimes (section 5.2).
pub(super) const NYTIMES_TOPICS: u32 = 500;

/// The size of a problem, in each of its dimensions.
#[derive(Clone, Copy)]
struct Dimensions {
    documents: f64,
    words: f64,
    topics: f64,
    tokens: f64,
}

impl Dimensions {
    fn parameters(self) -> f64 {
        self.words * self.topics
    }

    fn work(self) -> f64 {
        self.tokens * self.topics
    }
}

pub(super) fn numbers(lda: &Lda, posed: &Posed<'_, Lda>) -> Vec<Number> {
    let size = Lda::size(posed.data);
    let [documents, words, topics] = [size.owners, size.rows, lda.topics].map(f64::from);
    let here = Dimensions { documents, words, topics, tokens: size.work as f64 };
    let [documents, words, topics] = [NYTIMES_DOCUMENTS, NYTIMES_WORDS, NYTIMES_TOPICS].map(f64::from);
    let there = Dimensions { documents, words, topics, tokens: NYTIMES_TOKENS as f64 };
    let of = |description, what: fn(Dimensions) -> f64| Number { description, here: what(here), there: what(there) };
    let mut numbers = Vec::new();
    if let (DataRef::Generated(config), Split::Even) = (posed.data, posed.split) {
        let here = touched_share(config, posed.seed, posed.machines, lda.clocks_per_pass);
        let description = "share of the words that a worker touches in a clock";
        numbers.push(Number { description, here, there: nytimes_touched() });
    }
    numbers.extend([
        of("tokens per parameter", |it| it.tokens / it.words / it.topics),
        of("tokens per word", |it| it.tokens / it.words),
        of("tokens per document", |it| it.tokens / it.documents),
        of("topics", |it| it.topics),
        of("documents per topic", |it| it.documents / it.topics),
        of("documents per word", |it| it.documents / it.words),
    ]);
    numbers.push(bytes_to_work(posed.similitude, here.parameters() / here.work(), there.parameters() / there.work()));
    numbers
}

/// Of the paper's documents.
fn nytimes_touched() -> f64 {
    static SHARE: OnceLock<f64> = OnceLock::new();
    *SHARE.get_or_init(|| touched_share(&Generated::at_scale(1.0), 1, PAPER_MACHINES, 1))
}
