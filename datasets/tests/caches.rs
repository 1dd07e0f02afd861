//! The laws of all kinds of caches: damage is noticed, named, and reported the same by the loader.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use datasets::{bow, images, ratings, sparse};
use tempfile::TempDir;

/// A kind of cache, with a small content.
struct Kind {
    magic: &'static str,
    /// Writes the content to a file, or returns the error.
    write: fn(&Path) -> Result<(), String>,
    /// The error of the cache's reader. `None` means that it reads the file.
    read: fn(&Path) -> Option<String>,
    /// The error of the loader of this kind of data. `None` means that it reads the file.
    load: fn(&Path) -> Option<String>,
}

const KINDS: [Kind; 4] = [
    Kind {
        magic: "GAIARTNG",
        write: |file| {
            let small = ratings::config::Generated {
                users: Some(20),
                items: Some(10),
                ratings: Some(60),
                ..Default::default()
            };
            let ids = ratings::load::Ids::dense(20, 10);
            ratings::cache::write_cache(&ratings::generate::generate(&small, 3), &ids, file).map_err(text)
        },
        read: |file| ratings::cache::read_cache(file).err().map(text),
        load: |file| {
            let held_out = ratings::held_out::HeldOut { share: 0.1, seed: 1 };
            ratings::load::load(file, held_out).err().map(text)
        },
    },
    Kind {
        magic: bow::cache::MAGIC,
        write: |file| {
            let entry = |word, count| bow::Entry { word, count };
            let documents = [vec![entry(0, 2), entry(2, 1)], vec![entry(1, 7)], vec![]];
            let words = ["alpha", "beta", "gamma", "delta"].map(str::to_owned).to_vec();
            bow::cache::write_cache(&bow::Corpus::new("small".into(), 4, words, documents), file).map_err(text)
        },
        read: |file| bow::cache::read_cache(file).err().map(text),
        load: |file| bow::load::load(file).err().map(text),
    },
    Kind {
        magic: sparse::cache::MAGIC,
        write: |file| {
            let mut train = sparse::Examples::default();
            for feature in 0..8 {
                let label = if feature % 3 == 0 { sparse::Label::Positive } else { sparse::Label::Negative };
                train.push(label, [sparse::Entry { feature, value: 0.5 }]);
            }
            let held_out = Some(train.clone());
            let data = sparse::Unsplit { name: "small".into(), features: 8, train, held_out };
            sparse::cache::write_cache(&data, file).map_err(text)
        },
        read: |file| sparse::cache::read_cache(file).err().map(text),
        load: |file| sparse::load::load(file, &sparse::load::Options::default()).err().map(text),
    },
    Kind {
        magic: images::cache::MAGIC,
        write: |file| {
            let small = images::config::Generated {
                classes: 2,
                channels: 1,
                height: 4,
                width: 4,
                train: 6,
                test: 2,
                difficulty: 0.5,
            };
            images::cache::write_cache(&images::generate::generate(&small, 3), file).map_err(text)
        },
        read: |file| images::cache::read_cache(file).err().map(text),
        load: |file| images::load::load(file, &images::load::Options::default()).err().map(text),
    },
];

fn text(error: impl Display) -> String {
    error.to_string()
}

/// The cache of `kind` in `folder`, and its bytes.
fn written(kind: &Kind, folder: &TempDir) -> (std::path::PathBuf, Vec<u8>) {
    let file = folder.path().join("cache");
    (kind.write)(&file).unwrap();
    let bytes = fs::read(&file).unwrap();
    (file, bytes)
}

#[test]
fn a_cache_is_written_as_one_file_and_replaced_by_the_same_bytes() {
    for kind in &KINDS {
        let folder = TempDir::new().unwrap();
        let (file, bytes) = written(kind, &folder);
        assert_eq!(written(kind, &folder).1, bytes);
        assert_eq!(((kind.read)(&file), (kind.load)(&file)), (None, None), "{}", kind.magic);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{}", kind.magic);
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    for kind in &KINDS {
        let folder = TempDir::new().unwrap();
        let (file, whole) = written(kind, &folder);
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            fs::write(&file, &flipped).unwrap();
            assert!((kind.read)(&file).is_some(), "{}, byte {at}", kind.magic);
            fs::write(&file, &whole[..at]).unwrap();
            assert!((kind.read)(&file).is_some(), "{}, cut to {at}", kind.magic);
        }
    }
}

#[test]
fn damage_is_named_the_same_by_cache_and_loader() {
    let mut complaints = Vec::new();
    for kind in &KINDS {
        let folder = TempDir::new().unwrap();
        let (file, whole) = written(kind, &folder);
        let plain = |message: String| message.replace(&format!("{}/", folder.path().display()), "");
        let complaint = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            let by_cache = (kind.read)(&file).expect("it is damaged");
            if bytes.starts_with(kind.magic.as_bytes()) {
                assert_eq!((kind.load)(&file).as_ref(), Some(&by_cache));
            }
            plain(by_cache)
        };
        let with = |at: usize, byte: u8| [&whole[..at], &[byte], &whole[at + 1..]].concat();
        let last = whole.len() - 1;
        complaints.extend([
            complaint(b"PARQUET!"),
            complaint(&with(8, 9)),
            complaint(&whole[..20]),
            complaint(&whole[..last]),
            complaint(&[&whole[..], b"more"].concat()),
            complaint(&with(last, !whole[last])).split("hash").next().expect("a first part").to_owned(),
            plain((kind.write)(&folder.path().join("no-such-folder/cache")).unwrap_err()),
        ]);
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        complaints.push(plain((kind.write)(&file).unwrap_err()));
    }
    insta::assert_snapshot!("bad_caches", complaints.join("\n"));
}
