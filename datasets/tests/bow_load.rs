//! Loading and caching corpora: every form gives the same, every mistake is named with its place.

mod common;

use std::fs;

use common::{complaint, folder, gz, real};
use datasets::bow::cache::{read_cache, write_cache};
use datasets::bow::load::load;
use datasets::bow::{Corpus, Entry};
use proptest::prelude::*;
use tempfile::TempDir;

const DOCWORD: &str = "3\n4\n5\n1 1 2\n1 3 1\n2 2 7\n2 3 1\n3 4 1\n";
const VOCAB: &str = "alpha\nbeta\ngamma\ndelta\n";

#[test]
fn every_form_loads_to_the_same() {
    let spaced = DOCWORD.replace('\n', " \r\n");
    let shuffled = "3\n4\n5\n3 4 1\n1 3 1\n2 2 7\n1 1 2\n2 3 1";
    let (docword_gz, vocab_gz) = (gz(DOCWORD), gz(VOCAB));
    let sets: [&[(&str, &[u8])]; 7] = [
        &[("docword.toy.txt", DOCWORD.as_bytes()), ("vocab.toy.txt", VOCAB.as_bytes())],
        &[("docword.toy.txt.gz", &docword_gz), ("vocab.toy.txt.gz", &vocab_gz)],
        &[("docword.toy.txt", shuffled.as_bytes()), ("vocab.toy.txt", VOCAB.trim_end().as_bytes())],
        &[("docword.toy.txt", spaced.as_bytes()), ("vocab.toy.txt", VOCAB.replace('\n', "\r\n").leak().as_bytes())],
        &[("toy/docword.toy.txt", DOCWORD.as_bytes()), ("toy/vocab.toy.txt", VOCAB.as_bytes())],
        &[("any-name", DOCWORD.as_bytes()), ("vocab.txt", VOCAB.as_bytes()), ("readme", b"3 documents")],
        &[
            ("docword.toy.txt", DOCWORD.as_bytes()),
            ("docword.toy.txt.gz", &docword_gz),
            ("vocab.toy.txt", VOCAB.as_bytes()),
        ],
    ];
    for set in sets {
        let corpus = load(folder(set).path()).unwrap();
        let documents: Vec<Vec<(u32, u32)>> =
            corpus.iter().map(|entries| entries.iter().map(|entry| (entry.word, entry.count)).collect()).collect();
        assert_eq!(documents, [vec![(0, 2), (2, 1)], vec![(1, 7), (2, 1)], vec![(3, 1)]], "{}", set[0].0);
        assert_eq!((corpus.words, corpus.tokens, corpus.documents(), corpus.pairs()), (4, 12, 3, 5));
        assert_eq!(corpus.vocabulary, ["alpha", "beta", "gamma", "delta"]);
    }
}

#[test]
fn spellings_are_those_of_the_same_name() {
    let second = "1\n1\n1\n1 1 1\n";
    let files: [(&str, &[u8]); 3] = [
        ("docword.a.txt", DOCWORD.as_bytes()),
        ("docword.b.txt", second.as_bytes()),
        ("vocab.a.txt", VOCAB.as_bytes()),
    ];
    let folder = folder(&files);
    assert_eq!(load(&folder.path().join("docword.a.txt")).unwrap().vocabulary.len(), 4);
    assert_eq!(load(&folder.path().join("docword.b.txt")).unwrap().vocabulary, [""; 0]);
}

#[test]
fn documents_without_words_are_kept() {
    let folder = folder(&[("docword.txt", b"4\n1\n1\n2 1 5\n")]);
    let corpus = load(folder.path()).unwrap();
    assert_eq!(corpus.iter().map(<[Entry]>::len).collect::<Vec<_>>(), [0, 1, 0, 0]);
}

#[test]
fn every_malformed_corpus_is_named_with_its_place() {
    let whole = gz((0..2000).map(|n| format!("1 {} 1\n", n + 1)).fold("1\n2000\n2000\n".to_owned(), |a, b| a + &b));
    let with = |line: &str, instead: &str| DOCWORD.replace(line, instead).into_bytes();
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("docword.empty.txt", vec![]),
        ("docword.header-short.txt", b"3\n4\n".to_vec()),
        ("docword.header-word.txt", b"three\n4\n5\n".to_vec()),
        ("docword.header-zero.txt", b"0\n4\n5\n".to_vec()),
        ("docword.header-huge.txt", b"3\n400000000000\n5\n".to_vec()),
        ("docword.header-missing.txt", b"1 1 2\n1 3 1\n".to_vec()),
        ("docword.pairs-missing.txt", with("3 4 1\n", "")),
        ("docword.pairs-left.txt", with("3 4 1\n", "3 4 1\n3 2 1\n")),
        ("docword.document-zero.txt", with("1 3 1", "0 3 1")),
        ("docword.document-beyond.txt", with("3 4 1", "4 4 1")),
        ("docword.word-zero.txt", with("1 3 1", "1 0 1")),
        ("docword.word-beyond.txt", with("1 3 1", "1 5 1")),
        ("docword.count-zero.txt", with("1 3 1", "1 3 0")),
        ("docword.count-negative.txt", with("1 3 1", "1 3 -1")),
        ("docword.count-fraction.txt", with("1 3 1", "1 3 1.5")),
        ("docword.count-huge.txt", with("1 3 1", "1 3 4294967296")),
        ("docword.columns.txt", with("1 3 1", "1 3")),
        ("docword.tabs.txt", with("1 3 1", "1\t3\t1")),
        ("docword.duplicate.txt", with("2 2 7", "1 1 7")),
        ("docword.cut-off.txt.gz", whole[..whole.len() - 20].to_vec()),
        ("docword.not-gzip.txt.gz", b"\x1f\x8b\x08\x00garbage".to_vec()),
        ("docword.doubtful-documents.txt", b"100000000\n4\n1\n1 1 2\n".to_vec()),
        ("docword.doubtful-words.txt", b"3\n100000000\n1\n1 1 2\n".to_vec()),
        ("docword.too-frequent.txt", b"2\n3\n3\n1 3 16777216\n2 3 1\n1 1 5\n".to_vec()),
        ("ratings.csv", b"userId,movieId,rating,timestamp\n1,1,4.0,964982703\n".to_vec()),
        ("prose.txt", b"Call me Ishmael.\n".to_vec()),
    ];
    let files: Vec<(&str, &[u8])> = bad.iter().map(|(name, content)| (*name, content.as_slice())).collect();
    let folder = folder(&files);
    let complaints: Vec<String> =
        bad.iter().map(|(name, _)| complaint(load(&folder.path().join(name)), folder.path())).collect();
    // The point up to which a cut-off stream is read depends on the inflater that is built in.
    let complaints =
        complaints.join("\n").replace("after line 1999", "after line N").replace("after line 2000", "after line N");
    insta::assert_snapshot!("bad_corpora", complaints);
}

#[test]
fn a_word_that_is_counted_as_often_as_can_be_loads_and_no_more_even_from_a_cache() {
    let most = folder(&[("docword.txt", "2\n2\n3\n1 2 16777215\n2 2 1\n2 1 16777216\n")]);
    assert_eq!(load(most.path()).unwrap().tokens, 1 << 25);
    let entry = |word| Entry { word, count: (1 << 24) + u32::from(word == 1) };
    let corpus = Corpus::new("too much".into(), 2, vec!["few".into(), "many".into()], [[entry(0), entry(1)]]);
    let file = most.path().join("docword.txt");
    write_cache(&corpus, &file).unwrap();
    assert_eq!(
        complaint(load(&file), most.path()),
        "docword.txt: found word 2 (`many`) 16777217 times, expected at most 16777216, up to which counts are exact in 4-byte floats"
    );
}

#[test]
fn a_cache_of_more_words_than_a_text_may_have_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cache");
    // Enough tokens that the words are counted.
    let entry = Entry { word: 0, count: 1 << 24 };
    let write = |words| {
        let corpus = Corpus::new(String::new(), words, Vec::new(), [[entry], [Entry { word: 1, ..entry }]]);
        write_cache(&corpus, &file).unwrap();
    };
    write(1_000_000);
    assert_eq!(load(&file).unwrap().words, 1_000_000);
    write(u32::MAX);
    assert!(fs::metadata(&file).unwrap().len() < 120);
    let says = complaint(load(&file), folder.path());
    assert!(
        says.starts_with("cache: the cache of bags of words is damaged: found a body that cannot be read"),
        "{says}"
    );
}

#[test]
fn words_that_are_spelled_are_believed() {
    let (words, spellings) = (1_000_001, "word\n".repeat(1_000_001));
    let docword = format!("1\n{words}\n1\n1 1 2\n");
    let set = folder(&[("docword.a.txt", &docword), ("docword.b.txt", &docword), ("vocab.a.txt", &spellings)]);
    assert_eq!(load(&set.path().join("docword.a.txt")).unwrap().words, words);
    assert!(load(&set.path().join("docword.b.txt")).unwrap_err().to_string().contains("expected at most 1000000;"));
}

#[test]
fn every_bad_folder_is_named_with_what_is_wrong() {
    let whole = folder(&[
        ("short/docword.a.txt", DOCWORD.as_bytes()),
        ("short/vocab.a.txt", b"alpha\nbeta\ngamma\n"),
        ("long/docword.a.txt", DOCWORD.as_bytes()),
        ("long/vocab.a.txt", b"alpha\nbeta\ngamma\ndelta\nepsilon\n"),
        ("gap/docword.a.txt", DOCWORD.as_bytes()),
        ("gap/vocab.a.txt", b"alpha\n\ngamma\ndelta\n"),
        ("blank/docword.a.txt", DOCWORD.as_bytes()),
        ("blank/vocab.a.txt", b"alpha\n \ngamma\ndelta\n"),
        ("latin-1/docword.a.txt", DOCWORD.as_bytes()),
        ("latin-1/vocab.a.txt", b"alpha\nb\xe9ta\ngamma\ndelta\n"),
        ("two/docword.a.txt", DOCWORD.as_bytes()),
        ("two/docword.b.txt", DOCWORD.as_bytes()),
        ("only-vocab/vocab.a.txt", VOCAB.as_bytes()),
        ("movielens/ratings.csv", b"userId,movieId,rating,timestamp\n1,1,4.0,964982703\n"),
    ]);
    fs::create_dir(whole.path().join("empty")).unwrap();
    let names = [
        "short",
        "long",
        "gap",
        "blank",
        "latin-1",
        "two",
        "only-vocab",
        "movielens",
        "empty",
        "shart",
        "two/docword.c.txt",
    ];
    let complaints: Vec<String> =
        names.iter().map(|name| complaint(load(&whole.path().join(name)), whole.path())).collect();
    insta::assert_snapshot!("bad_corpus_folders", complaints.join("\n"));
}

fn corpus() -> impl Strategy<Value = Corpus> {
    let document = prop::collection::btree_map(0u32..300, 1u32..400, 0..20);
    (prop::collection::vec(document, 0..20), any::<bool>(), ".{0,20}").prop_map(|(documents, spelled, name)| {
        let spellings = if spelled { (0..300).map(|word| format!("w{word}")).collect() } else { Vec::new() };
        let documents =
            documents.into_iter().map(|entries| entries.into_iter().map(|(word, count)| Entry { word, count }));
        Corpus::new(name, 300, spellings, documents)
    })
}

proptest! {
    #[test]
    fn what_is_cached_is_read(corpus in corpus()) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("cache");
        write_cache(&corpus, &file).unwrap();
        prop_assert_eq!(&read_cache(&file).unwrap(), &corpus);
        prop_assert_eq!(&load(folder.path()).unwrap(), &corpus);
    }
}

#[test]
fn kos_loads_with_the_numbers_of_its_page() {
    let Some(folder) = real("bow") else { return };
    let corpus = load(&folder).unwrap();
    assert_eq!((corpus.documents(), corpus.words, corpus.pairs(), corpus.tokens), (3_430, 6_906, 353_160, 467_714));
    let cache = TempDir::new().unwrap();
    let file = cache.path().join("kos");
    write_cache(&corpus, &file).unwrap();
    assert!(fs::metadata(&file).unwrap().len() < 3 * 353_160);
    assert_eq!(read_cache(&file).unwrap(), corpus);
}

#[test]
fn movielens_is_not_taken_for_a_corpus() {
    let Some(folder) = real("movielens") else { return };
    let message = load(&folder).unwrap_err().to_string();
    assert!(message.contains("found no bag of words") && message.contains("ratings.csv"), "{message}");
}
