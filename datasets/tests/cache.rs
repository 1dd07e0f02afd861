//! The cache of ratings: what is written is read, and damage is noticed.

use std::fs;
use std::path::Path;

use datasets::ratings::cache::{read_cache, write_cache};
use datasets::ratings::config::Generated;
use datasets::ratings::generate::generate;
use datasets::ratings::held_out::HeldOut;
use datasets::ratings::load::{Ids, Loaded, load};
use datasets::ratings::{Rating, Ratings};
use proptest::prelude::*;
use tempfile::TempDir;

fn small() -> (Ratings, Ids) {
    let config = Generated { users: Some(300), items: Some(100), ratings: Some(4_000), ..Generated::default() };
    let ratings = generate(&config, 3);
    let ids = Ids { users: (0..300).map(|n| n * 7 + 1).collect(), items: (0..100).map(|n| n * n + 5).collect() };
    (ratings, ids)
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        cells in prop::collection::btree_map((0u32..40, 0u32..500), (any::<f32>(), any::<bool>()), 0..400),
        name in ".{0,20}",
    ) {
        let list = |held: bool| cells.iter().filter(|(_, (_, h))| *h == held).map(|(&(user, item), &(value, _))| {
            Rating { user, item, value: if value.is_nan() { 0.0 } else { value } }
        }).collect::<Vec<_>>();
        let ratings = Ratings::new(name, 40, 500, list(false), list(true));
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("cache");
        let ids = Ids::dense(40, 500);
        write_cache(&ratings, &ids, &file).unwrap();
        prop_assert_eq!(read_cache(&file).unwrap(), Loaded { ratings, ids });
    }
}

#[test]
fn a_cache_takes_less_than_three_bytes_a_rating_and_leaves_nothing_beside_it() {
    let (ratings, ids) = small();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cache");
    write_cache(&ratings, &ids, &file).unwrap();
    write_cache(&ratings, &ids, &file).unwrap();
    assert!(fs::metadata(&file).unwrap().len() < 3 * 4_000);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_cache_loads_as_the_files_it_was_made_from() {
    let folder = TempDir::new().unwrap();
    let text: String = (1..2_000u32).map(|n| format!("{}::{}::{}::1\n", n % 97 + 1, n, n % 5 + 1)).collect();
    let (source, cache) = (folder.path().join("ratings.dat"), folder.path().join("cache"));
    fs::write(&source, text).unwrap();
    let first = load(&source, HeldOut { share: 0.3, seed: 1 }).unwrap();
    write_cache(&first.ratings, &first.ids, &cache).unwrap();
    for held_out in [HeldOut { share: 0.3, seed: 1 }, HeldOut { share: 0.1, seed: 2 }] {
        assert_eq!(load(&cache, held_out).unwrap(), load(&source, held_out).unwrap());
    }
    let alone = TempDir::new().unwrap();
    fs::rename(&cache, alone.path().join("any-name")).unwrap();
    assert_eq!(load(alone.path(), HeldOut { share: 0.3, seed: 1 }).unwrap(), first);
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let config = Generated { users: Some(20), items: Some(10), ratings: Some(60), ..Generated::default() };
    let (ratings, ids) = (generate(&config, 3), Ids::dense(20, 10));
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cache");
    write_cache(&ratings, &ids, &file).unwrap();
    let whole = fs::read(&file).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&file, &flipped).unwrap();
        assert!(read_cache(&file).is_err(), "byte {at}");
        fs::write(&file, &whole[..at]).unwrap();
        assert!(read_cache(&file).is_err(), "cut to {at}");
    }
}

#[test]
fn what_is_wrong_with_a_cache_is_said() {
    let (ratings, ids) = small();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cache");
    write_cache(&ratings, &ids, &file).unwrap();
    let whole = fs::read(&file).unwrap();
    let says = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        let by_load = load(&file, HeldOut { share: 0.1, seed: 1 }).unwrap_err().to_string();
        let by_cache = read_cache(&file).unwrap_err().to_string();
        if bytes.starts_with(b"GAIARTNG") {
            assert_eq!(by_load, by_cache);
        }
        by_cache.replace(&format!("{}/", folder.path().display()), "")
    };
    let with = |at: usize, byte: u8| [&whole[..at], &[byte], &whole[at + 1..]].concat();
    let complaints = [
        says(b"PARQUET!"),
        says(&with(8, 9)),
        says(&whole[..20]),
        says(&whole[..whole.len() - 1]),
        says(&[&whole[..], b"more"].concat()),
        says(&with(whole.len() - 100, 0xee)).split("hash").next().unwrap().to_owned(),
        write_cache(&ratings, &ids, Path::new("no-such-folder/cache"))
            .unwrap_err()
            .to_string()
            .split(" at ")
            .next()
            .unwrap()
            .to_owned(),
    ];
    insta::assert_snapshot!("bad_caches", complaints.join("\n"));
}
