//! What reads bytes that others wrote, one function a target. Each must end in reasonable time and memory with a value or an error,
//! whatever the bytes are; what can be written again must be read as the same.

mod examples;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use datasets::images::load::Options;
use datasets::ratings::held_out::HeldOut;
use datasets::{bow, images, ratings};
use emulator::node::Codec;
use emulator::profile::Profile;
use emulator::real::frame::{Frame, FrameReader, Reassembler};
use gaia_core::codec::MessageCodec;
use gaia_core::sync::config::{Encoding, Encodings};
use harness::figures::{self, Figure};
use harness::plan::{Experiment, Plan, Registries};
use harness::results::store;
use harness::spec::{Changes, Source};
use harness::{claims, machines, prices};
use tempfile::TempDir;

/// A target: its name, which is its corpus' folder too, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 14] = [
    ("messages", messages),
    ("frames", frames),
    ("specs", specs),
    ("plans", plans),
    ("profiles", profiles),
    ("iperf", iperf),
    ("machine_kinds", machine_kinds),
    ("price_lists", price_lists),
    ("ratings", of_ratings),
    ("bags", of_bags),
    ("images", of_images),
    ("examples", examples::run),
    ("checkpoints", checkpoints),
    ("results", results),
];

/// Of one process, for inputs that are files.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder to write in"));

/// The first byte chooses one of `choices`; the rest is the input.
fn choose<'a, T: Copy>(data: &'a [u8], choices: &[T]) -> Option<(T, &'a [u8])> {
    let (&first, rest) = data.split_first()?;
    Some((choices[usize::from(first) % choices.len()], rest))
}

/// A file of this name with this content, in a folder where nothing else is: that of the target and the name. It stays open from one
/// input to the next, and is written over.
fn file(target: &str, name: &str, content: &[u8]) -> PathBuf {
    static OPEN: Mutex<BTreeMap<PathBuf, File>> = Mutex::new(BTreeMap::new());
    let path = FOLDER.path().join(target).join(name.replace('/', "-")).join(name);
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let file = open.entry(path.clone()).or_insert_with(|| {
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder to write in");
        File::create(&path).expect("a folder to write in")
    });
    file.rewind().and_then(|()| file.write_all(content)).expect("a file to write to");
    file.set_len(content.len() as u64).expect("a file to write to");
    path
}

fn messages(data: &[u8]) {
    let Some((inside, rest)) = choose(data, &Encoding::ALL) else { return };
    let Some((between, bytes)) = choose(rest, &Encoding::ALL) else { return };
    let codec = MessageCodec { encodings: Encodings { inside, between }, floats: 1 << 16, rows: 1 << 12 };
    let Ok(message) = codec.decode(bytes) else { return };
    let mut again = Vec::new();
    codec.encode(&message, &mut again);
    let counted = message.header_bytes() + message.data_bytes(&codec.encodings);
    assert!(again.len() as u64 >= counted, "{} bytes, {counted} counted", again.len());
    codec.decode(&again).expect("what was read and written is read again");
}

fn frames(data: &[u8]) {
    let (mut reader, mut reassembler) = (FrameReader::default(), Reassembler::new(1 << 20));
    for piece in data.chunks(1500) {
        reader.space()[..piece.len()].copy_from_slice(piece);
        reader.filled(piece.len());
        loop {
            match reader.next_frame() {
                Ok(Some(Frame::Open(open))) if reassembler.open(open).is_err() => return,
                Ok(Some(Frame::Body { stream, bytes })) if reassembler.body(stream, bytes).is_err() => return,
                Ok(Some(Frame::Whole { stream, arrives_at })) if reassembler.whole(stream, arrives_at).is_err() => {
                    return;
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
    let _ = reader.end();
}

fn specs(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let folder = FOLDER.path().join("nothing");
    let source = Source { name: "fuzzed".into(), file: "fuzzed.yaml".into(), folder, text: text.into() };
    let Ok(spec) = source.spec(&Changes::default()) else { return };
    let (figures, claims) = (Figure::names(), figures::claim_names());
    let claims: Vec<&str> = claims.iter().map(String::as_str).collect();
    let registries = Registries { figures: &figures, claims: &claims, columns: Some(Figure::columns) };
    if let Ok(experiment) = Experiment::resolve(&source, &spec, registries) {
        for planned in &experiment.plans {
            let json = serde_json::to_vec(&planned.plan).expect("a plan is plain data");
            let again: Plan = serde_json::from_slice(&json).expect("what was written");
            assert_eq!(again.hash(), planned.plan.hash());
            let needed = harness::plan::memory(&planned.plan).alone();
            assert!(needed.is_finite() && needed > 0.0, "{needed} bytes");
        }
    }
}

fn plans(data: &[u8]) {
    let Ok(plan) = serde_json::from_slice::<Plan>(data) else { return };
    let json = serde_json::to_vec(&plan).expect("a plan is plain data");
    let again: Plan = serde_json::from_slice(&json).expect("what was written");
    assert_eq!(again.hash(), plan.hash());
}

fn profiles(data: &[u8]) {
    let Some((name, content)) = choose(data, &["net.yaml", "net.csv", "net.tsv"]) else { return };
    if let Ok(profile) = Profile::read(&file("profiles", name, content)) {
        profile.check().expect("what is read is sound");
    }
}

fn iperf(data: &[u8]) {
    // One report for both directions.
    const NETWORK: &str = "sites: [{name: A}, {name: B}]\nnic: {in: 1 Gbit/s, out: 1 Gbit/s}\n\
                           bandwidth: {iperf: {folder: runs}}\nrtt: {iperf: {folder: runs}}\n";
    static PROFILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let report = file("iperf", "runs/A..B.json", &[]);
        fs::hard_link(&report, report.with_file_name("B..A.json")).expect("a folder to write in");
        let folder = report.parent().and_then(Path::parent).expect("it is in two folders");
        let profile = folder.join("net.yaml");
        fs::write(&profile, NETWORK).expect("a folder to write in");
        profile
    });
    let profile = &*PROFILE;
    file("iperf", "runs/A..B.json", data);
    if let Ok(profile) = Profile::read(profile) {
        profile.check().expect("what is read is sound");
    }
}

fn machine_kinds(data: &[u8]) {
    let path = file("machine_kinds", "kind.yaml", data);
    let _ = machines::find("kind.yaml", path.parent().expect("it is in a folder"));
}

fn price_lists(data: &[u8]) {
    let path = file("price_lists", "prices.yaml", data);
    let _ = prices::find("prices.yaml", path.parent().expect("it is in a folder"));
}

fn of_ratings(data: &[u8]) {
    const NAMES: [&str; 6] = ["ratings.csv", "u.data", "ratings.dat", "combined_data_1.txt", "a.txt", "a.ratings"];
    let Some((name, content)) = choose(data, &NAMES) else { return };
    let path = file("ratings", name, content);
    if let Ok(loaded) = ratings::load::load(&path, HeldOut { share: 0.1, seed: 1 }) {
        let all = loaded.ratings.train.iter().chain(&loaded.ratings.held_out);
        all.for_each(|rating| assert!(rating.user < loaded.ratings.users && rating.item < loaded.ratings.items));
    }
}

fn of_bags(data: &[u8]) {
    let Some((name, content)) = choose(data, &["docword.a.txt", "a.txt", "a.bags"]) else { return };
    if let Ok(corpus) = bow::load::load(&file("bags", name, content)) {
        corpus.iter().flatten().for_each(|entry| assert!(entry.word < corpus.words));
    }
}

fn of_images(data: &[u8]) {
    const NAMES: [&str; 7] = [
        "train-images-idx3-ubyte",
        "data_batch_1.bin",
        "train.bin",
        "a.images",
        "a.tar",
        "a.tgz",
        "set/train/cat/a.jpg",
    ];
    let Some((name, content)) = choose(data, &NAMES) else { return };
    let path = file("images", name, content);
    let is_of_set = |folder: &&Path| folder.ends_with("set");
    let path = path.ancestors().find(is_of_set).map_or(path.clone(), Path::to_owned);
    let options = Options { side: 8, skip_limit: 1, memory_bytes: 1 << 20 };
    let _ = images::load::load(&path, &options);
}

fn checkpoints(data: &[u8]) {
    // With the hash that a checkpoint must have, so that what is behind it is read too.
    let body = [&b"gaiackp4"[..], data].concat();
    let whole = [&body[..], blake3::hash(&body).as_bytes()].concat();
    let path = file("checkpoints", "checkpoint.bin", &whole);
    let _ = harness::run::read_checkpoint(path.parent().expect("it is in a folder"), "0");
}

fn results(data: &[u8]) {
    const NAMES: [&str; 7] = [
        "cells.json",
        "summary.json",
        "manifest.json",
        "claims.json",
        "clocks.parquet",
        "traffic.parquet",
        "samples.parquet",
    ];
    let Some((name, content)) = choose(data, &NAMES) else { return };
    let path = file("results", name, content);
    let folder = path.parent().expect("it is in a folder");
    let _ = store::read_cells(folder);
    let _ = store::check_whole(folder, "0");
    let _ = store::read_samples(folder);
    let _ = store::read_clocks(folder);
    let _ = store::read_traffic(folder);
    let _ = claims::below(folder);
}
