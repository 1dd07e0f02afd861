//! Topic modelling of bags of words.

mod estimate;
mod numbers;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use datasets::bow::config::{Generated, NYTIMES_TOKENS, NYTIMES_WORDS};
use datasets::bow::load::{EXPECTED, LoadError, load};
use datasets::bow::partition::{self, Partition, partition};
use datasets::bow::{self, Corpus};
use datasets::field::FieldError;
use datasets::text::TextError;
use emulator::time::Duration;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::workload::lda::config::Lda;
use gaia_core::workload::lda::likelihood;
use gaia_core::workload::lda::top_words::{TopWord, top_words};
use gaia_core::workload::lda::worker::{LdaWorker, WholeCorpus};
use rayon::prelude::*;
use record::failure::Failure;
use record::results::{Better, Measured, ModelTable};
use serde::{Deserialize, Serialize};

use self::numbers::NYTIMES_TOPICS;
use super::kind::{DataRef, Dealt, Judge, Metric, Number, Posed, Size, WorkloadKind};
use super::out_of_bounds;
use super::split::{Skew, SkewBy, Skews, Split};

/// UCI's docword.nytimes.txt, unpacked: 69,679,427 lines of a document's and a word's number and a count, 14.55 bytes each
/// (5.63, 4.89 and 1.03 digits). It is known as "1 GB".
const NYTIMES_BYTES: u64 = 1_014_000_000;
/// Words that a topic is shown by.
const TOP_WORDS: usize = 10;

/// The settings that a cell may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Change {
    /// In place of the spec's.
    pub clocks_per_pass: Option<u32>,
}

/// Documents that were read from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct File {
    /// BLAKE3 of the counts as they were read, in hexadecimal.
    pub hash: String,
    /// The number of documents.
    pub documents: u32,
    /// Words of the vocabulary.
    pub words: u32,
    /// The number of occurrences of words.
    pub tokens: u64,
}

fn parts(set: &Corpus, dealt: &Dealt<'_>) -> Vec<Partition> {
    partition(set, dealt.machines_per_site, Lda::deal(dealt.split).expect("a plan's split was checked"))
}

impl WorkloadKind for Lda {
    type Change = Change;
    type Generated = Generated;
    type File = File;
    type Set = Corpus;
    type Deal = partition::Split;
    type LoadError = LoadError;
    type Learner = LdaWorker;

    const NAME: &'static str = "lda";
    const TITLE: &'static str = "topic modelling";
    const ABOUT: &'static str = "topic modelling by collapsed Gibbs sampling, of bags of words";
    const DATA: &'static str = "bags of words";
    const OWNERS: &'static str = "documents";
    const GENERATED: &'static str = "generated-corpus";
    const FORMATS: &'static [(&'static str, &'static str)] = &[
        (
            "generated-corpus",
            "bags of words of the NYTimes corpus' shape at any scale (`data: { generated-corpus: { scale: 0.02 } }`)",
        ),
        ("UCI bag of words", "`docword.*.txt`, with the spellings in `vocab.*.txt` next to it"),
    ];
    const ENDING: &'static str = "bags";
    const SEEDED: bool = false;
    const METRICS: &'static [Metric] =
        &[Metric { name: "log_likelihood_per_token", unit: "nats per token", better: Better::Higher }];
    const RATES: &'static [&'static str] = &["lda.tokens-per-second"];
    const SMALLER: [&'static str; 2] = [
        "a smaller `data.generated-corpus.scale` or `workload.lda.topics`",
        "fewer documents or a smaller `workload.lda.topics`",
    ];
    /// A share of a count is no count: the sampler would draw from fractions of tokens, and the likelihood be that of none.
    const ADDED_ONLY: Option<&'static str> = Some("whole numbers of tokens");
    const PAPER_BYTES: u64 = NYTIMES_BYTES;

    fn check(&self) -> Vec<FieldError> {
        let errors = Lda::check(self);
        errors.iter().map(|error| out_of_bounds(error.field, error.found, error.expected)).collect()
    }

    fn changed(self, change: Change) -> Self {
        Lda { clocks_per_pass: change.clocks_per_pass.unwrap_or(self.clocks_per_pass), ..self }
    }

    fn clocks_mut(&mut self) -> &mut u32 {
        &mut self.clocks_per_pass
    }

    fn deal(split: Split) -> Result<partition::Split, Vec<FieldError>> {
        use partition::SkewBy as By;
        let known = &[Skew { asked: SkewBy::Topics, own: By::Topics }, Skew { asked: SkewBy::Sizes, own: By::Sizes }];
        Skews { known, workload: Self::NAME, data: "documents" }.terms(split)
    }

    fn at_scale(scale: Option<f64>) -> Result<Generated, &'static str> {
        Ok(scale.map_or_else(Generated::default, Generated::at_scale))
    }

    fn load(path: &Path, _: u64) -> Result<Corpus, LoadError> {
        load(path)
    }

    fn is_other(error: &LoadError) -> bool {
        // Too many files for bags of words may be images.
        use LoadError::{NothingFound, Text, Unknown};
        matches!(error, Unknown { .. } | NothingFound { .. } | Text(TextError::TooMany { .. }))
    }

    fn formats() -> String {
        EXPECTED.to_owned()
    }

    fn described(set: &Corpus, hash: String) -> File {
        File { hash, documents: set.documents(), words: set.words, tokens: set.tokens }
    }

    fn in_numbers(set: &Corpus) -> String {
        let spelled = if set.vocabulary.is_empty() { "without spellings" } else { "with spellings" };
        format!("{} documents, {} words ({spelled}), {} tokens", set.documents(), set.words, set.tokens)
    }

    fn write(set: &Corpus, _: Option<&Path>, out: &Path) -> Result<(), Failure> {
        bow::cache::write_cache(set, out).map_err(Failure::run)
    }

    fn size(data: DataRef<'_, Self>) -> Size {
        let (owners, rows, work) = match data {
            DataRef::Generated(config) => {
                let shape = config.shape();
                (shape.documents, shape.words, shape.tokens)
            }
            DataRef::File(file) => (file.documents, file.words, file.tokens),
        };
        Size { owners, rows, work, held_out: 0 }
    }

    fn parameters(&self, data: DataRef<'_, Self>) -> f64 {
        f64::from(Self::size(data).rows) * f64::from(self.topics)
    }

    fn has_paper_shape(data: DataRef<'_, Self>, _: bool) -> bool {
        matches!(data, DataRef::Generated(config) if config.has_nytimes_shape())
    }

    fn raw_bytes(_: &Generated, size: Size) -> u64 {
        super::proportional(NYTIMES_BYTES, size.work, NYTIMES_TOKENS)
    }

    /// The paper's bytes in the parameter server, and its tokens times its topics in a pass, over ours.
    fn similitude(&self, data: DataRef<'_, Self>) -> Option<Similitude> {
        let size = Self::size(data);
        let bytes = |words: u32, topics: u32| f64::from(words) * f64::from(topics) * 4.0;
        let work = |tokens: u64, topics: u32| tokens as f64 * f64::from(topics);
        Some(Similitude {
            sigma_bytes: bytes(NYTIMES_WORDS, NYTIMES_TOPICS) / bytes(size.rows, self.topics),
            sigma_work: work(NYTIMES_TOKENS, NYTIMES_TOPICS) / work(size.work, self.topics),
        })
    }

    fn numbers(&self, posed: &Posed<'_, Self>) -> Vec<Number> {
        numbers::numbers(self, posed)
    }

    fn check_rates(kind: &MachineKind, within: &mut dyn FnMut(&str, f64, f64, f64)) {
        within("lda.topics", f64::from(kind.lda.topics), 2.0, 4096.0);
        within("lda.tokens-per-second", kind.lda.tokens_per_second, super::MIN_RATE, 1e12);
    }

    fn clock(&self, posed: &Posed<'_, Self>, kind: &MachineKind) -> Option<(&'static str, Duration)> {
        let units = super::units_of_clock(Self::size(posed.data), posed.machines, self.clocks_per_pass);
        Some(("lda.tokens-per-second", kind.lda(&posed.similitude, units, self.topics)))
    }

    fn held(set: &Corpus, dealt: &Dealt<'_>) -> Vec<u64> {
        let tokens: Vec<u64> =
            set.iter().map(|entries| entries.iter().map(|entry| u64::from(entry.count)).sum()).collect();
        let of = |part: &Partition| part.documents.iter().map(|&document| tokens[document as usize]).sum();
        parts(set, dealt).iter().map(of).collect()
    }

    fn learners(self, set: &Corpus, dealt: &Dealt<'_>) -> Result<Vec<Arc<LdaWorker>>, Box<dyn Error + Send + Sync>> {
        let parts = parts(set, dealt);
        let whole = Arc::new(WholeCorpus::of(set, &parts, &self, dealt.seed)?);
        let worker = |part| Arc::new(LdaWorker::new(set, part, whole.clone(), self, dealt.seed, dealt.isa));
        Ok(parts.par_iter().map(worker).collect())
    }

    fn winnable(&self, set: &Corpus) -> Option<f64> {
        Some(likelihood::winnable(set.tokens, self.topics))
    }

    fn judge<'a>(&'a self, set: &'a Corpus) -> Judge<'a> {
        Box::new(|seen| vec![-seen.workers.objective / set.tokens as f64])
    }

    fn facts(&self, set: &Corpus, clamped: u64) -> Vec<Measured> {
        let parameters = u64::from(set.words) * u64::from(self.topics);
        let fact = |name: &str, unit: &str, value: f64| Measured {
            name: name.into(),
            unit: unit.into(),
            better: Better::Neither,
            value: Some(value),
        };
        vec![
            fact("tokens", "", set.tokens as f64),
            fact("tokens_per_parameter", "", set.tokens as f64 / parameters as f64),
            fact("negative_counts", "", clamped as f64),
        ]
    }

    fn model(&self, set: &Corpus, copy: &[f32]) -> Option<ModelTable> {
        let spelling = |top: &TopWord| match set.vocabulary.get(top.word as usize) {
            Some(spelling) => spelling.clone(),
            None => format!("#{}", top.word),
        };
        let mut tokens = vec![0.0; self.topics as usize];
        for row in copy.chunks_exact(self.topics as usize) {
            tokens.iter_mut().zip(row).for_each(|(sum, &count)| *sum += f64::from(count));
        }
        let words = top_words(copy, self.topics, TOP_WORDS);
        let words = words.iter().map(|top| top.iter().map(spelling).collect::<Vec<_>>().join(" "));
        let mut topics: Vec<(f64, String)> = tokens.into_iter().zip(words).collect();
        topics.sort_by(|a, b| b.0.total_cmp(&a.0));
        Some(ModelTable {
            rows_are: "topics".into(),
            note: "By tokens, in the first site's copy at the end; the words with most tokens of a topic, the first most. A word \
                   without a spelling is shown by its number."
                .into(),
            columns: vec!["tokens".into(), "words".into()],
            rows: topics.into_iter().map(|(tokens, words)| vec![tokens.into(), words.into()]).collect(),
        })
    }
}
