//! The cache of ratings: what is written is read. `caches.rs` has the laws of all kinds.

use std::fs;

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
fn a_cache_takes_less_than_three_bytes_per_rating() {
    let (ratings, ids) = small();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cache");
    write_cache(&ratings, &ids, &file).unwrap();
    assert!(fs::metadata(&file).unwrap().len() < 3 * 4_000);
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
