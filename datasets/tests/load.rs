//! Loading ratings: every format gives the same, every mistake is named with its place.

mod common;

use std::fs;

use common::{complaint, folder, gz, real};
use datasets::ratings::held_out::HeldOut;
use datasets::ratings::load::{Loaded, load};

const ALL: HeldOut = HeldOut { share: 0.0, seed: 0 };
const SOME: HeldOut = HeldOut { share: 0.2, seed: 9 };

const CSV: &str = "userId,movieId,rating,timestamp\n7,10,4.0,964982703\n7,300,1.0,964981247\n42,10,5.0,964982224\n1488844,20,3.0,964983815\n1488844,300,2.0,964982931\n";
const TAB: &str = "42\t10\t5\t881250949\n7\t300\t1\t891717742\n1488844\t300\t2\t878887116\n7\t10\t4\t880606923\n1488844\t20\t3\t886397596\n";
const INTER: &str = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n42\t10\t5\t881250949\n7\t300\t1.0\t891717742.0\n1488844\t300\t2\t878887116\n7\t10\t4\t880606923\n1488844\t20\t3\t8.86397596e8\n";
const DAT: &str = "7::300::1::978300760\n7::10::4::978302109\n42::10::5::978301968\n1488844::20::3::978300275\n1488844::300::2::978824291\n";
const NETFLIX_10: &str = "10:\n42,5,2005-09-06\n7,4,2005-05-13\n";
const NETFLIX_20: &str = "20:\n1488844,3,2005-10-19\n";
const NETFLIX_300: &str = "300:\n1488844,2,2004-05-03\n7,1,2005-11-17\n";

fn triples(loaded: &Loaded) -> Vec<(u32, u32, f32)> {
    let train = loaded.ratings.train.iter();
    train.map(|r| (loaded.ids.users[r.user as usize], loaded.ids.items[r.item as usize], r.value)).collect()
}

fn same_but_the_name(a: &Loaded, b: &Loaded) -> bool {
    (a.ratings.hash, &a.ratings.train, &a.ratings.held_out, &a.ids)
        == (b.ratings.hash, &b.ratings.train, &b.ratings.held_out, &b.ids)
}

#[test]
fn every_format_plain_and_compressed_loads_to_the_same() {
    let movies: [(&str, &str); 3] =
        [("mv_0000010.txt", NETFLIX_10), ("mv_0000020.txt", NETFLIX_20), ("mv_0000300.txt", NETFLIX_300)];
    let combined = format!("{NETFLIX_10}{NETFLIX_300}");
    let headed: &str = format!("user_id\titem_id\trating\ttimestamp\n{TAB}").leak();
    let sets: Vec<Vec<(String, &str)>> = vec![
        vec![("ratings.csv".into(), CSV)],
        vec![("u.data".into(), TAB)],
        vec![("ratings.dat".into(), DAT)],
        vec![("combined_data_1.txt".into(), &combined), ("combined_data_2.txt".into(), NETFLIX_20)],
        movies.iter().map(|(name, text)| (format!("training_set/{name}"), *text)).collect(),
        movies.iter().map(|(name, text)| (name.to_string(), *text)).collect(),
        vec![("ml-25m/ratings.csv".into(), CSV)],
        vec![("my-own-name.txt".into(), DAT)],
        vec![
            ("ml-own/ml-own.inter".into(), INTER),
            ("ml-own/ml-own.item".into(), "item_id:token\tname:token_seq\n10\tToy\n"),
        ],
        vec![("u.data".into(), headed)],
        vec![("any.tsv".into(), headed.replace("user_id", "userId").replace("item_id", "movieId").leak())],
    ];
    let expected = [(7, 10, 4.0), (7, 300, 1.0), (42, 10, 5.0), (1488844, 20, 3.0), (1488844, 300, 2.0)];
    for set in sets {
        for compressed in [false, true] {
            let form = |(name, text): &(String, &str)| {
                if compressed { (format!("{name}.gz"), gz(text)) } else { (name.clone(), text.as_bytes().to_vec()) }
            };
            let files: Vec<(String, Vec<u8>)> = set.iter().map(form).collect();
            let files: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (name.as_str(), &content[..])).collect();
            let folder = folder(&files);
            let loaded = load(folder.path(), ALL).unwrap();
            assert_eq!(triples(&loaded), expected, "{set:?}");
            assert_eq!((loaded.ratings.users, loaded.ratings.items), (3, 3));
            assert!(loaded.ratings.held_out.is_empty());
        }
    }
}

#[test]
fn a_file_is_recognised_whatever_its_name_and_line_ends() {
    let windows = format!("\u{feff}{}", CSV.replace('\n', "\r\n"));
    let no_last_end = TAB.trim_end();
    let folder = folder(&[
        ("a", windows.as_bytes()),
        ("b", no_last_end.as_bytes()),
        ("ratings.csv", DAT.as_bytes()),
        ("c", &gz(NETFLIX_10)),
    ]);
    let from = |name: &str| load(&folder.path().join(name), ALL).unwrap();
    assert_eq!(triples(&from("a")), triples(&from("b")));
    assert_eq!(triples(&from("a")), triples(&from("ratings.csv")));
    assert!(from("ratings.csv").ratings.name.starts_with("MovieLens 1M"));
    assert_eq!(triples(&from("c")), [(7, 10, 4.0), (42, 10, 5.0)]);
}

#[test]
fn a_folder_of_movielens_ignores_the_other_tables() {
    let others: [(&str, &[u8]); 3] = [
        ("links.csv", b"movieId,imdbId,tmdbId\n1,0114709,862\n"),
        ("movies.csv", b"movieId,title,genres\n1,Toy Story (1995),Adventure\n"),
        ("tags.csv", b"userId,movieId,tag,timestamp\n2,60756,funny,1445714994\n"),
    ];
    let mut files = others.to_vec();
    files.push(("ratings.csv", CSV.as_bytes()));
    assert_eq!(load(folder(&files).path(), ALL).unwrap().ratings.train.len(), 5);
    assert!(load(folder(&others).path(), ALL).unwrap_err().to_string().contains("found no ratings"));
}

#[test]
fn half_stars_stay_and_long_ids_too() {
    let folder = folder(&[("x", b"4294967295::1::0.5::1\n3::4294967295::3.5::2\n1::2::5::3\n")]);
    let loaded = load(&folder.path().join("x"), ALL).unwrap();
    assert_eq!(triples(&loaded), [(1, 2, 5.0), (3, u32::MAX, 3.5), (u32::MAX, 1, 0.5)]);
}

#[test]
fn ids_from_0_load_to_the_same_as_ids_from_1() {
    let set = |first: u32| {
        let line = |(user, item): (u32, u32)| (user + first, item + first, 1 + (user * item) % 5);
        let all: Vec<_> = (0..4).flat_map(|user| (0..6).map(move |item| (user, item))).map(line).collect();
        let text = |form: fn(&(u32, u32, u32)) -> String| all.iter().map(form).collect::<String>();
        folder(&[
            (
                "ratings.csv",
                CSV.lines().next().unwrap().to_owned() + "\n" + &text(|(u, i, v)| format!("{u},{i},{v},9\n")),
            ),
            ("u.data", text(|(u, i, v)| format!("{u}\t{i}\t{v}\t9\n"))),
            // As Spark's sample_movielens_ratings.txt.
            ("sample.txt", text(|(u, i, v)| format!("{u}::{i}::{v}::1424380312\n"))),
            ("combined_data_1.txt", text(|(u, i, v)| format!("{u}:\n{i},{v},2005-09-06\n"))),
        ])
    };
    let (from_0, from_1) = (set(0), set(1));
    for name in ["ratings.csv", "u.data", "sample.txt", "combined_data_1.txt"] {
        let [zero, one] = [&from_0, &from_1].map(|set| load(&set.path().join(name), SOME).unwrap());
        assert_eq!((zero.ids.users[0], one.ids.users[0]), (0, 1), "{name}");
        assert_eq!((&zero.ratings, zero.ratings.hash), (&one.ratings, one.ratings.hash), "{name}");
    }
}

#[test]
fn a_file_longer_than_the_buffer_loads_whole() {
    let mut text = String::new();
    for user in 1..=700 {
        for item in 1..=60 {
            text.push_str(&format!("{user}\t{item}\t{}\t88125{user}\n", 1 + (user * item) % 5));
        }
    }
    let folder = folder(&[("u.data", text.as_bytes()), ("u.gz", &gz(&text))]);
    let loaded = load(&folder.path().join("u.data"), SOME).unwrap();
    assert_eq!(loaded.ratings.train.len() + loaded.ratings.held_out.len(), 42_000);
    let share = loaded.ratings.held_out.len() as f64 / 42_000.0;
    assert!((share - 0.2).abs() < 0.01, "{share}");
    assert!(loaded.ratings.train.iter().all(|r| r.value == (1 + ((r.user + 1) * (r.item + 1)) % 5) as f32));
    assert!(same_but_the_name(&loaded, &load(&folder.path().join("u.gz"), SOME).unwrap()));
}

#[test]
fn bytes_behind_the_end_of_gzip_are_passed_over_as_gzip_does() {
    let behind = |bytes: &[u8]| [&gz(CSV)[..], bytes].concat();
    let set = folder(&[("zeros.gz", behind(&[0; 10_240])), ("signature.gz", behind(b"-----BEGIN SIGNATURE"))]);
    for name in ["zeros.gz", "signature.gz"] {
        assert_eq!(load(&set.path().join(name), ALL).unwrap().ratings.train.len(), 5, "{name}");
    }
}

#[test]
fn every_bad_file_is_named_with_its_place() {
    let cut_gzip = {
        let lines: String =
            (1..20_000).map(|n| format!("{n}\t{}\t3\t88125{}\n", n * 7 % 1000 + 1, n * n % 9973)).collect();
        let whole = gz(&lines);
        whole[..whole.len() - 1000].to_vec()
    };
    let long = [b"1::2::3::4\n1::3::".to_vec(), vec![b'5'; 10_000]].concat();
    let with = |line: &str| format!("{CSV}{line}\n").into_bytes();
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("columns-missing.csv", with("8,10,4.0")),
        ("columns-too-many.csv", with("8,10,4.0,964982703,hello")),
        ("no-number-user.csv", with("me,10,4.0,964982703")),
        ("no-number-item.csv", with("8,10.5,4.0,964982703")),
        ("no-number-rating.csv", with("8,10,good,964982703")),
        ("no-number-time.csv", with("8,10,4.0,yesterday")),
        ("rating-too-high.csv", with("8,10,5.5,964982703")),
        ("rating-nan.csv", with("8,10,NaN,964982703")),
        ("id-beyond-digits.csv", with("18446744073709551616,10,4.0,964982703")),
        ("id-too-large.csv", with("4294967296,10,4.0,964982703")),
        ("id-negative.csv", with("-3,10,4.0,964982703")),
        ("duplicate.csv", with("42,10,3.0,964982703")),
        ("empty.csv", vec![]),
        ("blank.csv", b"\n\r\n\n".to_vec()),
        ("header-only.csv", b"userId,movieId,rating,timestamp\n".to_vec()),
        ("header-missing.csv", b"1,1,4.0,964982703\n".to_vec()),
        ("header-other.csv", b"userId,movieId,stars,timestamp\n1,1,4.0,964982703\n".to_vec()),
        ("header-tags.csv", b"userId,movieId,tag,timestamp\n2,60756,funny,1445714994\n".to_vec()),
        ("movies.csv", b"movieId,title,genres\n1,Toy Story (1995),Adventure\n".to_vec()),
        ("spaces.data", b"196 242 3 881250949\n".to_vec()),
        ("columns.data", b"196\t242\t3\t881250949\n186\t302\t3\n".to_vec()),
        ("rating-half.data", b"196\t242\t0.5\t881250949\n".to_vec()),
        ("columns.dat", b"1::1193::5::978300760\n1:661::3::978302109\n".to_vec()),
        ("line-too-long.dat", long),
        ("cut-off.gz", cut_gzip),
        ("not-gzip.gz", b"\x1f\x8b\x08\x00garbage".to_vec()),
        ("no-movie-line.txt", b"1488844,3,2005-09-06\n".to_vec()),
        ("three-numbers.csv", b"1,133,2.5\n".to_vec()),
        ("header-no-rating.data", b"user_id\titem_id\ttimestamp\trating\n1\t1\t3\t1\n".to_vec()),
        ("header-twice.data", b"user\titem\trating\ttimestamp\nuser\titem\trating\ttimestamp\n".to_vec()),
        ("no-ratings.inter", b"user_id:token\titem_id:token\ttimestamp:float\n1\t1\t3\n".to_vec()),
        ("time.inter", b"user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t1\t3\tnan\n".to_vec()),
        ("movie-only.txt", b"1:\n2:\n".to_vec()),
        ("stars-six.txt", b"1:\n1488844,6,2005-09-06\n".to_vec()),
        ("stars-half.txt", b"1:\n1488844,3.5,2005-09-06\n".to_vec()),
        ("date.txt", b"1:\n1488844,3,06.09.2005\n".to_vec()),
        ("movie-twice.txt", b"1:\n5,3,2005-09-06\n2:\n5,3,2005-09-06\n1:\n5,4,2005-09-07\n".to_vec()),
        ("binary.bin", (0..=255).collect()),
        ("archive.zip", b"PK\x03\x04\x14\x00\x00\x00".to_vec()),
        ("not-utf8.csv", b"userId,movieId,rating,timestamp\n1,\xff\xfe,4.0,964982703\n".to_vec()),
        ("prose.txt", b"Call me Ishmael.\n".to_vec()),
    ];
    let files: Vec<(&str, &[u8])> = bad.iter().map(|(name, content)| (*name, content.as_slice())).collect();
    let folder = folder(&files);
    let complaints: Vec<String> =
        bad.iter().map(|(name, _)| complaint(load(&folder.path().join(name), SOME), folder.path())).collect();
    // The point up to which a cut-off stream is read depends on the inflater that is built in.
    let complaints =
        complaints.join("\n").replace("after line 19804", "after line N").replace("after line 19805", "after line N");
    insta::assert_snapshot!("bad_files", complaints);
}

#[test]
fn every_bad_folder_is_named_with_what_was_looked_for() {
    let whole = folder(&[
        ("bow/docword.kos.txt.gz", &gz("3430\n6906\n353160\n1 61 2\n")[..]),
        ("bow/vocab.kos.txt", b"aarp\nabandon\n"),
        ("many/a", b"a"),
        ("many/b", b"b"),
        ("many/c", b"c"),
        ("many/d", b"d"),
        ("many/e", b"e"),
        ("many/f", b"f"),
        ("many/g", b"g"),
        ("many/h", b"h"),
        ("many/i", b"i"),
        ("many/sub/j", b"j"),
        ("two-formats/ratings.csv", CSV.as_bytes()),
        ("two-formats/u.data", TAB.as_bytes()),
        ("two-sets/ml-1m/ratings.dat", DAT.as_bytes()),
        ("two-sets/ml-100k/u.data", TAB.as_bytes()),
        ("two-inter/ml-100k.train.inter", INTER.as_bytes()),
        ("two-inter/ml-100k.test.inter", INTER.as_bytes()),
        ("two-netflix/mv_0000010.txt", NETFLIX_10.as_bytes()),
        ("two-netflix/combined_data_1.txt", NETFLIX_20.as_bytes()),
        ("two-unnamed/a.txt", DAT.as_bytes()),
        ("two-unnamed/b.txt", TAB.as_bytes()),
        ("broken-among-movies/mv_0000001.txt", NETFLIX_10.as_bytes()),
        ("broken-among-movies/mv_0000002.txt", b"2:\n1,2,3,4\n"),
        ("twice-in-two-files/mv_0000001.txt", b"1:\n5,3,2005-09-06\n"),
        ("twice-in-two-files/mv_0000002.txt", b"1:\n5,3,2005-09-06\n"),
        ("one-is-empty/combined_data_1.txt", NETFLIX_10.as_bytes()),
        ("one-is-empty/combined_data_2.txt", b""),
        ("movielens/ratings.csv", CSV.as_bytes()),
        ("a-folder-called/ratings.csv/x", b""),
    ]);
    fs::create_dir(whole.path().join("empty")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("unreadable", whole.path().join("unreadable")).unwrap();
    let names = [
        "bow",
        "many",
        "two-formats",
        "two-sets",
        "two-inter",
        "two-netflix",
        "two-unnamed",
        "broken-among-movies",
        "twice-in-two-files",
        "one-is-empty",
        "a-folder-called",
        "empty",
        "movielans",
        "movielens/rating.csv",
        "elsewhere/entirely",
        "unreadable",
    ];
    let complaints: Vec<String> =
        names.iter().map(|name| complaint(load(&whole.path().join(name), SOME), whole.path())).collect();
    insta::assert_snapshot!("bad_folders", complaints.join("\n"));
}

#[test]
fn movielens_latest_small_loads_with_the_numbers_of_its_readme() {
    let Some(folder) = real("movielens") else { return };
    let loaded = load(&folder, HeldOut { share: 0.05, seed: 1 }).unwrap();
    let ratings = &loaded.ratings;
    assert_eq!((ratings.users, ratings.items), (610, 9_724));
    assert_eq!(ratings.train.len() + ratings.held_out.len(), 100_836);
    assert_eq!((loaded.ids.users[609], loaded.ids.items[9_723]), (610, 193_609));
    let sum: f64 = ratings.train.iter().chain(&ratings.held_out).map(|r| f64::from(r.value)).sum();
    assert!((sum / 100_836.0 - 3.50156).abs() < 1e-5);
    // A third of the films have one rating, which is never held out.
    assert!((4_000..5_100).contains(&ratings.held_out.len()), "{}", ratings.held_out.len());
}

#[test]
fn the_bag_of_words_is_not_taken_for_ratings() {
    let Some(folder) = real("bow") else { return };
    let message = load(&folder, ALL).unwrap_err().to_string();
    assert!(message.contains("found no ratings; looked for") && message.contains("vocab.kos.txt"), "{message}");
}
