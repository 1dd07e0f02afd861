//! The cache of examples: what is written is read, and a body that breaks its layout is refused. `caches.rs` has the laws of all kinds.

use std::fs;
use std::path::Path;

use datasets::sparse::cache::{MAGIC, VERSION, read_cache, write_cache};
use datasets::sparse::held_out::HeldOut;
use datasets::sparse::load::{Ids, Options, load, load_unsplit};
use datasets::sparse::{Entry, Examples, Label, Unsplit};
use proptest::prelude::*;
use tempfile::TempDir;

const TRAIN: &str = "+1 1:1 3:1\n-1 2:0.5\n+1 3:1 7:-2\n-1\n+1 4:1\n-1 1:1 5:1\n-1 6:1\n+1 2:1\n";
const HELD_OUT: &str = "+1 2:1\n-1 9:1\n";

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    files.iter().for_each(|(name, content)| fs::write(folder.path().join(name), content).unwrap());
    folder
}

fn examples() -> impl Strategy<Value = Examples> {
    let value = prop_oneof![Just(1.0f32), prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL];
    let example = (any::<bool>(), prop::collection::btree_map(0u32..5_000, value, 0..20));
    prop::collection::vec(example, 0..40).prop_map(|list| {
        let mut examples = Examples::default();
        for (is_positive, values) in list {
            let label = if is_positive { Label::Positive } else { Label::Negative };
            examples.push(label, values.into_iter().map(|(feature, value)| Entry { feature, value }));
        }
        examples
    })
}

fn unsplit() -> impl Strategy<Value = Unsplit> {
    (examples(), prop::option::of(examples()), ".{0,20}").prop_map(|(train, held_out, name)| Unsplit {
        name,
        features: 5_000,
        train,
        held_out,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(data in unsplit()) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("cache");
        write_cache(&data, &file).unwrap();
        prop_assert_eq!(read_cache(&file).unwrap(), data);
    }
}

#[test]
fn a_cache_loads_as_the_files_it_was_made_from() {
    let alone = [("a", TRAIN)];
    let with_held_out = [("a", TRAIN), ("a.t", HELD_OUT)];
    for files in [&alone[..], &with_held_out[..]] {
        let source = folder(files);
        let cached = TempDir::new().unwrap();
        write_cache(&load_unsplit(source.path(), Ids::Detect).unwrap(), &cached.path().join("any-name")).unwrap();
        for seed in 0..5 {
            let options = Options { ids: Ids::Detect, held_out: HeldOut { share: 0.4, seed } };
            let data = load(source.path(), &options).unwrap();
            assert_eq!(load(&cached.path().join("any-name"), &options).unwrap(), data);
            assert_eq!(load(cached.path(), &options).unwrap(), data);
        }
    }
}

#[test]
fn binary_features_take_less_than_three_bytes_per_value() {
    let mut train = Examples::default();
    for example in 0..100u32 {
        let entries = (0..40).map(|at| Entry { feature: example + at * 90, value: 1.0 });
        train.push(Label::Positive, entries);
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cache");
    let data = Unsplit { name: "binary".into(), features: 5_000, train, held_out: None };
    write_cache(&data, &file).unwrap();
    assert!(fs::metadata(&file).unwrap().len() < 3 * 4_000);
}

/// The bytes of a small cache, and its content.
fn small(file: &Path) -> (Vec<u8>, Unsplit) {
    let source = folder(&[("a", TRAIN), ("a.t", HELD_OUT)]);
    let data = load_unsplit(source.path(), Ids::Detect).unwrap();
    write_cache(&data, file).unwrap();
    (fs::read(file).unwrap(), data)
}

/// A cache of any body, with the header that it must have.
fn with_header(body: &[u8]) -> Vec<u8> {
    let mut bytes = [MAGIC.as_bytes(), &VERSION.to_le_bytes(), &(body.len() as u64).to_le_bytes()].concat();
    bytes.extend_from_slice(blake3::hash(body).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

const HEADER_BYTES: usize = 52;

#[test]
fn a_body_that_was_changed_under_a_right_header_is_refused_or_has_the_same_examples() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cache");
    let (whole, data) = small(&file);
    let body = &whole[HEADER_BYTES..];
    assert_eq!(with_header(body), whole);
    let mut refused = 0;
    for at in 0..body.len() {
        for bit in 0..8 {
            let mut flipped = body.to_vec();
            flipped[at] ^= 1 << bit;
            fs::write(&file, with_header(&flipped)).unwrap();
            match read_cache(&file) {
                Ok(read) => assert_eq!(Unsplit { name: data.name.clone(), ..read }, data, "byte {at}, bit {bit}"),
                Err(_) => refused += 1,
            }
        }
        fs::write(&file, with_header(&body[..at])).unwrap();
        assert!(read_cache(&file).is_err(), "cut to {at}");
    }
    assert!(refused > 7 * (body.len() - data.name.len()), "{refused} of {}", 8 * body.len());
}

#[test]
fn hostile_bodies_are_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cache");
    // No name, 10 features, one value in the list: 1.0.
    let head = [&[0, 10, 1][..], &1.0f32.to_le_bytes()].concat();
    let refused = |name: &str, rest: &[u8]| {
        fs::write(&file, with_header(&[&head[..], rest, &[0; 32]].concat())).unwrap();
        let error = read_cache(&file).unwrap_err().to_string();
        assert!(error.contains("a body that cannot be read"), "{name}: {error}");
    };
    refused("no part", &[0]);
    refused("three parts", &[3, 0, 0, 0]);
    refused("more examples than bytes", &[1, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    refused("more entries than bytes", &[1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    refused("a feature out of range", &[1, 1, 2, 10, 0]);
    refused("the same feature twice", &[1, 1, 4, 3, 0, 0, 0]);
    refused("features that overflow", &[1, 1, 4, 3, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    refused("a value that is not in the list", &[1, 1, 2, 3, 1]);
    refused("a number that never ends", &[0xff; 11]);
    refused("more after the hash", &[1, 1, 2, 3, 0, 7]);
    for (name, value) in [("NaN", f32::NAN), ("infinite", f32::INFINITY), ("zero", 0.0), ("minus zero", -0.0)] {
        let body = [&[0, 10, 1][..], &value.to_le_bytes(), &[1, 1, 2, 3, 0], &[0; 32]].concat();
        fs::write(&file, with_header(&body)).unwrap();
        let error = read_cache(&file).unwrap_err().to_string();
        assert!(error.contains("a body that cannot be read"), "{name}: {error}");
    }
    // A model has a weight per feature: one value does not make a data set of two million.
    let body = [&[0, 0x80, 0x89, 0x7a, 0, 1, 1, 2, 3], &1.0f32.to_le_bytes()[..], &[0; 32]].concat();
    fs::write(&file, with_header(&body)).unwrap();
    let error = read_cache(&file).unwrap_err().to_string();
    assert!(error.contains("a body that cannot be read"), "{error}");
}
