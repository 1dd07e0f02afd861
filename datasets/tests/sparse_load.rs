//! Loading LIBSVM files: every form gives the same, every mistake is named with its place.

mod common;

use std::fmt::Write;

use common::{complaint, folder, gz, real};
use datasets::sparse::held_out::HeldOut;
use datasets::sparse::load::{Ids, Options, load};
use datasets::sparse::{Entry, Examples, Label, Sparse};
use proptest::prelude::*;

const FILE: &str = "+1 1:0.5 3:-2\n-1 2:1e-3\n-1\n+1 1:4 4:1\n";

/// Nothing held out: what is read stands in the order of the file.
fn all(ids: Ids) -> Options {
    Options { ids, held_out: HeldOut { share: 0.0, seed: 1 } }
}

fn loaded(content: &[u8]) -> Sparse {
    load(&folder(&[("file", content)]).path().join("file"), &all(Ids::Detect)).unwrap()
}

/// Of each example its label (0 or 1) and its entries.
fn content(examples: &Examples) -> Vec<(f64, Vec<(u32, f32)>)> {
    let entries = |entries: &[Entry]| entries.iter().map(|entry| (entry.feature, entry.value)).collect();
    examples.iter().map(|(label, of)| (label.target(), entries(of))).collect()
}

#[test]
fn every_form_loads_to_the_same() {
    let expected = loaded(FILE.as_bytes());
    let rows =
        [(1.0, vec![(0, 0.5), (2, -2.0)]), (0.0, vec![(1, 1e-3)]), (0.0, vec![]), (1.0, vec![(0, 4.0), (3, 1.0)])];
    assert_eq!((content(&expected.train), expected.features), (rows.to_vec(), 4));
    assert!(expected.held_out.is_empty());
    let forms: [&[u8]; 7] = [
        FILE.trim_end().as_bytes(),
        &gz(FILE),
        FILE.replace('\n', "\r\n").leak().as_bytes(),
        FILE.replace(' ', "\t ").replace('\n', " \n").leak().as_bytes(),
        FILE.replace('\n', " # a comment: 9:9\n\n  \n# another\n").leak().as_bytes(),
        format!("\u{feff}{FILE}").leak().as_bytes(),
        b"1.0 0:.5 1:0 2:-2.0\n0 1:0.001\n0e0 1:-0\n1 0:4 3:+1\n",
    ];
    for form in forms {
        assert_eq!(loaded(form), expected, "{}", String::from_utf8_lossy(form));
    }
}

#[test]
fn the_larger_label_is_the_positive_one() {
    let targets = |labels: [&str; 3]| {
        let file = labels.map(|label| format!("{label} 1:1\n")).concat();
        content(&loaded(file.as_bytes()).train).into_iter().map(|(target, _)| target).collect::<Vec<_>>()
    };
    for labels in [["0", "1", "0"], ["-1", "+1", "-1"], ["1", "2", "1"], ["1", "2.0", "+1"]] {
        assert_eq!(targets(labels), [0.0, 1.0, 0.0], "{labels:?}");
    }
}

#[test]
fn indexes_count_from_0_or_1_as_detected_or_said() {
    let of = |ids, content: &str| {
        let data = load(&folder(&[("f", content)]).path().join("f"), &all(ids)).unwrap();
        let first = data.train.entries(0)[0].feature;
        (first, data.features)
    };
    assert_eq!(of(Ids::Detect, "1 1:1 5:1\n0 2:1\n"), (0, 5));
    assert_eq!(of(Ids::Detect, "1 1:1 5:1\n0 0:1\n"), (1, 6));
    // An index of a value that is 0 counts too.
    assert_eq!(of(Ids::Detect, "1 1:1 5:1\n0 0:0\n"), (1, 6));
    assert_eq!(of(Ids::FromZero, "1 1:1 5:1\n0 2:1\n"), (1, 6));
    assert_eq!(of(Ids::FromOne, "1 1:1 5:1\n0 2:1\n"), (0, 5));
}

#[test]
fn a_held_out_file_is_that_of_the_same_name() {
    let test = "-1 5:1\n+1\n";
    for name in ["toy.t", "toy.t.gz"] {
        let test_bytes = if name.ends_with("gz") { gz(test) } else { test.into() };
        let set = folder(&[("toy", FILE.as_bytes()), (name, &test_bytes), ("README", b"a note"), ("sub/x", b"1 1:1")]);
        for path in [set.path().to_owned(), set.path().join("toy")] {
            let data = load(&path, &Options::default()).unwrap();
            assert_eq!((data.train.len(), data.features), (4, 5), "{name}");
            assert_eq!(content(&data.held_out), [(0.0, vec![(4, 1.0)]), (1.0, vec![])]);
        }
    }
}

#[test]
fn a_share_is_held_out_and_the_same_one_every_time() {
    let file: String = (0..400).map(|n| format!("{} {}:1\n", n % 2, n + 1)).collect();
    let set = folder(&[("f.gz", gz(file))]);
    let of =
        |seed| load(set.path(), &Options { held_out: HeldOut { share: 0.25, seed }, ..Options::default() }).unwrap();
    let data = of(1);
    assert_eq!(data.train.len() + data.held_out.len(), 400);
    assert!((60..140).contains(&data.held_out.len()), "{}", data.held_out.len());
    assert_eq!(data, of(1));
    assert_ne!(data.hash, of(2).hash);
}

#[test]
fn a_line_may_be_long_and_cross_buffers() {
    let mut long = "1".to_owned();
    (1..60_000).for_each(|index| write!(long, " {index}:1.5").unwrap());
    let data = loaded(format!("0 1:1\n{long}\n0 2:1\n{long}\n").as_bytes());
    assert_eq!((data.train.len(), data.train.nonzeros()), (4, 2 * 59_999 + 2));
}

#[test]
fn every_malformed_file_is_named_with_its_place() {
    let whole = gz((0..3000).map(|n| format!("{} {}:1\n", n % 2, n + 1)).collect::<String>());
    let after = |line: &str| format!("1 1:1\n\n0 2:1\n{line}\n").into_bytes();
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("empty", vec![]),
        ("comments", b"# nothing\n\n".to_vec()),
        ("one-class", b"1 1:1\n1 2:1\n".to_vec()),
        ("label-word", after("yes 1:1")),
        ("label-missing", after("1:1 2:1")),
        ("label-3", after("3 1:1")),
        ("label-half", after("0.5 1:1")),
        ("label-nan", after("nan 1:1")),
        ("labels-several", after("0,1 1:1")),
        ("label-other-pair", after("-1 1:1")),
        ("label-third", b"-1 1:1\n1 1:1\n2 1:1\n".to_vec()),
        ("no-colon", after("1 1")),
        ("no-index", after("1 :1")),
        ("no-value", after("1 1:")),
        ("index-negative", after("1 -1:1")),
        ("index-plus", after("1 +1:1")),
        ("index-word", after("1 one:1")),
        ("index-2^32", after("1 4294967296:1")),
        ("index-long", after(&format!("1 {}:1", "9".repeat(99)))),
        ("index-4-billion", after("1 4000000000:1")),
        ("index-twice", after("1 2:1 2:3")),
        ("index-descending", after("1 2:1 1:3")),
        ("value-nan", after("1 1:NaN")),
        ("value-inf", after("1 1:-inf")),
        ("value-too-large", after("1 1:1e39")),
        ("value-word", after("1 1:x")),
        ("value-comma", after("1 1:0,5")),
        ("value-hex", after("1 1:0x10")),
        ("value-long", after(&format!("1 1:0.{}", "1".repeat(99)))),
        ("value-two-colons", after("1 1:2:3")),
        ("qid", after("1 qid:3 1:1")),
        ("not-text", after("1 \u{0}\u{1}:1")),
        ("line-long", after(&format!("1 1:{}", " ".repeat(1 << 21)))),
        ("cut-off.gz", whole[..whole.len() - 20].to_vec()),
        ("not-gzip.gz", b"\x1f\x8b\x08\x00garbage".to_vec()),
        ("ratings.csv", b"userId,movieId,rating,timestamp\n1,1,4.0,964982703\n".to_vec()),
    ];
    let files: Vec<(&str, &[u8])> = bad.iter().map(|(name, content)| (*name, content.as_slice())).collect();
    let set = folder(&files);
    let of = |name: &str| complaint(load(&set.path().join(name), &Options::default()), set.path());
    // The point up to which a cut-off stream is read depends on the inflater that is built in.
    let says = |name: &str| {
        let says = of(name);
        let Some((before, after)) = says.split_once("after line ").filter(|_| name == "cut-off.gz") else {
            return says;
        };
        format!("{before}after line N{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
    };
    insta::assert_snapshot!("bad_examples", bad.iter().map(|(name, _)| says(name)).collect::<Vec<_>>().join("\n"));
    let zero = folder(&[("from-0", "1 1:1\n0 0:1\n")]);
    let from_one = load(&zero.path().join("from-0"), &all(Ids::FromOne));
    insta::assert_snapshot!(
        complaint(from_one, zero.path()),
        @"from-0:2: found index `0` in `0:1`, expected a whole number from 1 to 4294967294"
    );
}

#[test]
fn every_bad_folder_is_named_with_what_is_wrong() {
    let set = folder(&[("none/", ""), ("two/a", FILE), ("two/b", FILE), ("labels/a", FILE), ("labels/a.t", "2 1:1\n")]);
    let names = ["none", "two", "labels", "tow", "labels/b"];
    let says = names.map(|name| complaint(load(&set.path().join(name), &Options::default()), set.path()));
    insta::assert_snapshot!("bad_example_folders", says.join("\n"));
}

fn sparse() -> impl Strategy<Value = Vec<(bool, Vec<(u32, f32)>)>> {
    let value = prop_oneof![-1e3f32..1e3, any::<f32>()].prop_filter("finite, not 0", |x| x.is_finite() && *x != 0.0);
    let example = (any::<bool>(), prop::collection::btree_map(0u32..5_000, value, 0..20));
    let example = example.prop_map(|(label, entries)| (label, entries.into_iter().collect()));
    prop::collection::vec(example, 0..30)
}

proptest! {
    #[test]
    fn what_is_written_is_read(examples in sparse()) {
        // Both labels and index 0 occur, so that both can be detected.
        let mut expected = Examples::default();
        let class = |is_positive| if is_positive { Label::Positive } else { Label::Negative };
        let all_examples = [(true, vec![(0, 1.0)]), (false, vec![])].into_iter().chain(examples);
        let mut file = String::new();
        for (is_positive, entries) in all_examples {
            write!(file, "{}", if is_positive { 1 } else { -1 }).unwrap();
            entries.iter().for_each(|(feature, value)| write!(file, " {feature}:{value:e}").unwrap());
            file.push('\n');
            let entries = entries.into_iter().map(|(feature, value)| Entry { feature, value });
            expected.push(class(is_positive), entries);
        }
        let data = loaded(file.as_bytes());
        prop_assert_eq!(&data.train, &expected);
        prop_assert_eq!(&loaded(&gz(&file)), &data);
        let largest = expected.iter().flat_map(|(_, entries)| entries).map(|entry| entry.feature).max();
        prop_assert_eq!(data.features, largest.unwrap() + 1);
    }
}

#[test]
fn a9a_loads_with_the_numbers_of_its_page() {
    let Some(file) = real("libsvm/a9a") else { return };
    let data = load(&file, &all(Ids::Detect)).unwrap();
    assert_eq!((data.train.len(), data.features), (32_561, 123));
}
