//! Topic modelling in one thread, for `ci/compare-tomotopy.sh`. Corpora are files in UCI's form. Usage:
//! * `lda_train write DOCUMENTS WORDS TOKENS FILE`: writes a generated corpus, without the words that do not occur: other
//!   engines count those that they see, and the mass of the prior, words times beta, must be the same.
//! * `lda_train train FILE TOPICS PASSES SEED STRETCHES`: trains one worker that has all documents, and prints a line of JSON
//!   per pass: CPU seconds of the passes so far (not of reading, ordering or judging) and the log likelihood per token. A pass
//!   takes the documents in STRETCHES stretches, and the tokens of a stretch word by word: with 1 the order is the sampler's own,
//!   with as many as there are documents it is that of documents.
//! * `lda_train judge FILE TOPICS STATE`: prints the log likelihood per token of the state in a file of three little-endian
//!   4-byte numbers per token: document, word, topic. The tokens must be those of the corpus.
//!
//! alpha and beta are 0.1.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use datasets::bow::Corpus;
use datasets::bow::config::Generated;
use datasets::bow::generate::generate;
use datasets::bow::load::load;
use datasets::bow::partition::{Split, partition};
use gaia_core::simd::Isa;
use gaia_core::workload::lda::config::Lda;
use gaia_core::workload::lda::likelihood::{LogGamma, of_topic, of_word};
use gaia_core::workload::lda::worker::{LdaWorker, WholeCorpus};
use gaia_core::workload::traits::Workload;
use rustix::time::{ClockId, clock_gettime};

/// Of the generated corpus.
const SEED: u64 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["write", documents, words, tokens, file] => {
            let shape = Generated {
                documents: Some(documents.parse()?),
                words: Some(words.parse()?),
                tokens: Some(tokens.parse()?),
                ..Generated::default()
            };
            write(&generate(&shape, SEED), file.as_ref())
        }
        ["train", file, topics, passes, seed, stretches] => {
            let config = Lda { topics: topics.parse()?, clocks_per_pass: stretches.parse()?, ..Lda::default() };
            train(&load(file.as_ref())?, config, passes.parse()?, seed.parse()?)
        }
        ["judge", file, topics, state] => judge(&load(file.as_ref())?, topics.parse()?, state.as_ref()),
        _ => {
            Err("expected `write DOCUMENTS WORDS TOKENS FILE`, `train FILE TOPICS PASSES SEED STRETCHES` or `judge FILE TOPICS STATE`"
                .into())
        }
    }
}

fn write(corpus: &Corpus, file: &Path) -> Result<(), Box<dyn Error>> {
    let mut occurs = vec![false; corpus.words as usize];
    corpus.iter().flatten().for_each(|entry| occurs[entry.word as usize] = true);
    // From 1, among those that occur.
    let numbers: Vec<u32> = occurs
        .iter()
        .scan(0, |last, &occurs| {
            *last += u32::from(occurs);
            Some(*last)
        })
        .collect();
    let mut out = std::io::BufWriter::new(std::fs::File::create(file)?);
    writeln!(out, "{}\n{}\n{}", corpus.documents(), numbers.last().unwrap_or(&0), corpus.pairs())?;
    for (document, entries) in corpus.iter().enumerate() {
        for entry in entries {
            writeln!(out, "{} {} {}", document + 1, numbers[entry.word as usize], entry.count)?;
        }
    }
    Ok(out.flush()?)
}

fn train(corpus: &Corpus, config: Lda, passes: u32, seed: u64) -> Result<(), Box<dyn Error>> {
    let isa = Isa::detect();
    let parts = partition(corpus, &[1], Split::Even);
    let whole = Arc::new(WholeCorpus::of(corpus, &parts, &config, seed)?);
    let worker = LdaWorker::new(corpus, &parts[0], whole, config, seed, isa);
    let mut state = worker.initial_state();
    let mut view = vec![0.0; corpus.words as usize * config.topics as usize];
    worker.add_counts(&state, &mut view);
    let mut seconds = 0.0;
    for pass in 0..passes {
        let start = cpu_seconds();
        for clock in pass * config.clocks_per_pass..(pass + 1) * config.clocks_per_pass {
            worker.compute(clock, &mut state, &mut view);
        }
        seconds += cpu_seconds() - start;
        let per_token = -worker.evaluate(&state, &view).objective / corpus.tokens as f64;
        println!(
            "{{\"isa\": \"{isa}\", \"pass\": {}, \"cpu_seconds\": {seconds:.9}, \"log_likelihood\": {per_token:.9}}}",
            pass + 1
        );
    }
    Ok(())
}

fn judge(corpus: &Corpus, topics: u32, state: &Path) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(state)?;
    let (numbers, []) = bytes.as_chunks::<4>() else { return Err("the state is no rows of numbers".into()) };
    let (tokens, []) = numbers.as_chunks::<3>() else { return Err("the state is no rows of three numbers".into()) };
    let (alpha, beta, width) = (0.1, 0.1, topics as usize);
    let mut words = vec![0.0f32; corpus.words as usize * width];
    let mut documents = vec![0.0f32; corpus.documents() as usize * width];
    let mut seen: Vec<(u32, u32)> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let [document, word, topic] = token.map(u32::from_le_bytes);
        if document >= corpus.documents() || word >= corpus.words || topic >= topics {
            return Err(format!("token {document} {word} {topic} is out of range").into());
        }
        words[word as usize * width + topic as usize] += 1.0;
        documents[document as usize * width + topic as usize] += 1.0;
        seen.push((document, word));
    }
    seen.sort_unstable();
    let with_document =
        corpus.iter().enumerate().flat_map(|(document, entries)| entries.iter().map(move |e| (document, e)));
    let expected = with_document
        .flat_map(|(document, entry)| std::iter::repeat_n((document as u32, entry.word), entry.count as usize));
    if !expected.eq(seen) {
        return Err("the tokens of the state are not those of the corpus".into());
    }
    let (in_topic, in_document) = (LogGamma::new(beta), LogGamma::new(alpha));
    let of_length = LogGamma::new(alpha * f64::from(topics));
    let of_words: f64 = words.chunks_exact(width).map(|row| of_word(row, &in_topic)).sum();
    let total = |topic: usize| words.iter().skip(topic).step_by(width).map(|&count| f64::from(count)).sum();
    let of_topics: f64 = (0..width).map(|topic| of_topic(total(topic), beta, corpus.words)).sum();
    let of_document =
        |row: &[f32]| of_word(row, &in_document) - of_length.above(row.iter().map(|&count| f64::from(count)).sum());
    let of_documents: f64 = documents.chunks_exact(width).map(of_document).sum();
    println!("{:.9}", (of_words + of_topics + of_documents) / corpus.tokens as f64);
    Ok(())
}

/// Seconds that this thread has been on a processor.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
