//! Sparse examples: LIBSVM files, alone and with a held-out part, and bodies of their cache.

use std::fs;

use datasets::sparse::Examples;
use datasets::sparse::cache::{MAGIC, VERSION, read_cache, write_cache};
use datasets::sparse::held_out::HeldOut;
use datasets::sparse::load::{Ids, load_unsplit};

use super::{choose, file};

/// The form of an input.
#[derive(Clone, Copy)]
enum Form {
    /// One file, whose indexes count from 0 or 1.
    Text(Ids),
    /// Two files, the second one held out, separated by a byte 0.
    WithHeldOut,
    /// The body of a cache. It gets the header that it must have, so that the decoder sees it.
    CacheBody,
}

/// What loads must be in range, equal after a round trip through the cache, and complete after a split.
pub(super) fn run(data: &[u8]) {
    const FORMS: [Form; 5] = [
        Form::Text(Ids::Detect),
        Form::Text(Ids::FromZero),
        Form::Text(Ids::FromOne),
        Form::WithHeldOut,
        Form::CacheBody,
    ];
    let Some((form, content)) = choose(data, &FORMS) else { return };
    let (path, ids) = match form {
        Form::Text(ids) => (file("examples", "a", content), ids),
        Form::WithHeldOut => {
            let mut parts = content.splitn(2, |&byte| byte == 0);
            let mut next = || parts.next().unwrap_or_default();
            let path = file("examples", "of-two/b", next());
            fs::write(path.with_file_name("b.t"), next()).expect("a folder to write in");
            (path, Ids::Detect)
        }
        Form::CacheBody => {
            let length = (content.len() as u64).to_le_bytes();
            let header = [MAGIC.as_bytes(), &VERSION.to_le_bytes(), &length, blake3::hash(content).as_bytes()].concat();
            (file("examples", "a.examples", &[&header[..], content].concat()), Ids::Detect)
        }
    };
    let Ok(unsplit) = load_unsplit(&path, ids) else { return };
    let cache = path.parent().expect("it is in a folder").with_extension("cache");
    write_cache(&unsplit, &cache).expect("a folder to write in");
    assert_eq!(read_cache(&cache).expect("what was written"), unsplit);
    let all = unsplit.train.len() + unsplit.held_out.as_ref().map_or(0, Examples::len);
    let split = unsplit.split(HeldOut { share: 0.3, seed: 1 });
    assert_eq!(split.train.len() + split.held_out.len(), all);
    for (_, entries) in split.train.iter().chain(split.held_out.iter()) {
        assert!(entries.is_sorted_by(|a, b| a.feature < b.feature));
        assert!(
            entries.iter().all(|entry| entry.feature < split.features && entry.value.is_finite() && entry.value != 0.0)
        );
    }
}
